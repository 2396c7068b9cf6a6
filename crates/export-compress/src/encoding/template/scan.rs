//! Where the fields of each string are, and which strings have one shape.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Option<Self> {
        let (start, end) = (u32::try_from(start).ok()?, u32::try_from(end).ok()?);
        Some(Self { start, end })
    }

    pub(super) fn of(self, data: &[u8]) -> &[u8] {
        data.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Between runs.
    Delimiter,
    /// A letter, or a byte outside of ASCII.
    Letter,
    Digit,
}

static CLASSES: [Class; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn classes() -> [Class; 256] {
    let mut classes = [Class::Delimiter; 256];
    let mut byte = u8::MIN;
    loop {
        classes[byte as usize] = match byte {
            b'0'..=b'9' => Class::Digit,
            b'A'..=b'Z' | b'a'..=b'z' | 0x80.. => Class::Letter,
            _ => Class::Delimiter,
        };
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    classes
}

pub(super) fn class(byte: u8) -> Class {
    CLASSES
        .get(usize::from(byte))
        .copied()
        .unwrap_or(Class::Delimiter)
}

/// Strings that are equal but for their runs with digits.
pub(super) struct Shape {
    /// The first of them.
    pub(super) line: Span,
    /// Its fields, by number.
    fields: (usize, usize),
    /// How many there are.
    pub(super) lines: usize,
}

/// The fields of all strings.
pub(super) struct Scan<'d> {
    pub(super) data: &'d [u8],
    fields: Vec<Span>,
    /// Where each string's fields start, by number.
    starts: Vec<usize>,
    pub(super) shapes: Vec<Shape>,
    /// The shape of each string.
    pub(super) shape_of: Vec<u32>,
}

/// Shapes that are found before strings are given up of which every other one has a shape of its own.
const PATIENCE: usize = 512;

impl<'d> Scan<'d> {
    /// `None` where the strings are too different for templates, or too many.
    pub(super) fn new(data: &'d [u8], ends: &[usize]) -> Option<Self> {
        let mut scan = Self {
            data,
            fields: Vec::with_capacity(data.len() / 8),
            starts: vec![0],
            shapes: Vec::new(),
            shape_of: Vec::with_capacity(ends.len()),
        };
        let mut known = Known::default();
        for (&start, &end) in ends.iter().zip(ends.iter().skip(1)) {
            let line = Span::new(start, end)?;
            let first = scan.fields.len();
            let hash = find_fields(line.of(data), line.start, &mut scan.fields);
            let fields = (first, scan.fields.len());
            scan.starts.push(fields.1);
            let shape = known.find_or_add(hash)?;
            if shape as usize == scan.shapes.len() {
                let lines = 0;
                scan.shapes.push(Shape {
                    line,
                    fields,
                    lines,
                });
            }
            // Two shapes of one hash: once in 2^40 blocks or so, and these strings do without templates.
            let known = scan.shapes.get_mut(shape as usize)?;
            known.lines += 1;
            if !same_literals(
                data,
                &scan.fields,
                (line, fields),
                (known.line, known.fields),
            ) {
                return None;
            }
            scan.shape_of.push(shape);
            if scan.shapes.len() > scan.shape_of.len() / 2 + PATIENCE {
                return None;
            }
        }
        Some(scan)
    }

    /// The fields of string `at`.
    pub(super) fn fields_of(&self, at: usize) -> &[Span] {
        let range = self.starts.get(at).zip(self.starts.get(at + 1));
        range
            .and_then(|(&start, &end)| self.fields.get(start..end))
            .unwrap_or_default()
    }

    /// The fields of a shape's first string.
    pub(super) fn fields_of_shape(&self, shape: &Shape) -> &[Span] {
        self.fields
            .get(shape.fields.0..shape.fields.1)
            .unwrap_or_default()
    }
}

/// The numbers of shapes by their hashes.
#[derive(Default)]
struct Known {
    all: HashMap<u64, u32>,
    /// Those met last, in front of the map: few shapes have most of the strings.
    recent: Vec<(u64, u32)>,
}

impl Known {
    const RECENT: usize = 1 << 8;

    /// The number of the shape, which is the next one where it is new.
    fn find_or_add(&mut self, hash: u64) -> Option<u32> {
        if self.recent.is_empty() {
            self.recent.resize(Self::RECENT, (0, u32::MAX));
        }
        let place = usize::try_from(hash % Self::RECENT as u64).unwrap_or(0);
        let recent = self.recent.get_mut(place)?;
        if *recent == (hash, recent.1) && recent.1 != u32::MAX {
            return Some(recent.1);
        }
        let next = u32::try_from(self.all.len()).ok()?;
        *recent = (hash, *self.all.entry(hash).or_insert(next));
        Some(recent.1)
    }
}

/// Appends the runs of `line` that have a digit, and returns a hash of what is between them. `line` is at `base`.
fn find_fields(line: &[u8], base: u32, fields: &mut Vec<Span>) -> u64 {
    let place = |at: usize| base.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
    let (mut hash, mut literal, mut run, mut at) = (0, 0, 0, 0);
    while let Some(&byte) = line.get(at) {
        let class = class(byte);
        if class != Class::Digit {
            at += 1;
            if class == Class::Delimiter {
                run = at;
            }
            continue;
        }
        let rest = line.get(at..).unwrap_or_default().iter();
        at += rest
            .take_while(|byte| self::class(**byte) != Class::Delimiter)
            .count();
        hash = xxh3_64_with_seed(line.get(literal..run).unwrap_or_default(), hash);
        fields.push(Span {
            start: place(run),
            end: place(at),
        });
        literal = at;
    }
    xxh3_64_with_seed(line.get(literal..).unwrap_or_default(), hash ^ 1)
}

/// Whether two strings are equal but for their fields.
fn same_literals(
    data: &[u8],
    all: &[Span],
    (a, a_fields): (Span, (usize, usize)),
    (b, b_fields): (Span, (usize, usize)),
) -> bool {
    let fields = |(start, end): (usize, usize)| all.get(start..end).unwrap_or_default();
    let (a_fields, b_fields) = (fields(a_fields), fields(b_fields));
    let same = |(a, a_end): (u32, u32), (b, b_end): (u32, u32)| {
        let literal = |start, end| Span { start, end }.of(data);
        a_end - a == b_end - b && literal(a, a_end) == literal(b, b_end)
    };
    let (mut a_start, mut b_start) = (a.start, b.start);
    for (a, b) in a_fields.iter().zip(b_fields) {
        if !same((a_start, a.start), (b_start, b.start)) {
            return false;
        }
        (a_start, b_start) = (a.end, b.end);
    }
    a_fields.len() == b_fields.len() && same((a_start, a.end), (b_start, b.end))
}

/// What is before, between and after the fields of a string.
pub(super) fn literals(line: Span, fields: &[Span]) -> impl Iterator<Item = Span> {
    let starts = std::iter::once(line.start).chain(fields.iter().map(|field| field.end));
    let ends = fields
        .iter()
        .map(|field| field.start)
        .chain(std::iter::once(line.end));
    starts.zip(ends).map(|(start, end)| Span { start, end })
}

/// All runs of a string, those without a digit, too.
pub(super) fn runs(data: &[u8], line: Span) -> Vec<Span> {
    let mut runs: Vec<Span> = Vec::new();
    for (&byte, at) in line.of(data).iter().zip(line.start..) {
        if class(byte) != Class::Delimiter {
            match runs.last_mut().filter(|run| run.end == at) {
                Some(run) => run.end = at + 1,
                None => runs.push(Span {
                    start: at,
                    end: at + 1,
                }),
            }
        }
    }
    runs
}
