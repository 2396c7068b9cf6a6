//! The rows that files are made of: one table for each kind of stream, such that every encoding finds what it is for.

use std::collections::BTreeMap;
use std::sync::Arc;

use export_benches::Random;
use export_core::build::RowBuilder;
use export_core::marrow::array::{Array, PrimitiveArray, TimestampArray};
use export_core::marrow::datatypes::{Field, TimeUnit};
use export_core::{Batch, Result, Schema, rows};
use serde::Serialize;

/// What the streams of a file hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Integers of all widths, and times.
    Integers,
    /// Floats: measured, typed, hardly changing.
    Floats,
    /// Text: words, log lines, ids.
    Text,
    /// Lists, structs, maps of them.
    Nested,
    /// Several streams in turns, written in two sessions: the file has a chain of indexes.
    Mixed,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Integers,
        Self::Floats,
        Self::Text,
        Self::Nested,
        Self::Mixed,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Integers => "integers",
            Self::Floats => "floats",
            Self::Text => "text",
            Self::Nested => "nested",
            Self::Mixed => "mixed",
        }
    }

    /// Name of the stream that chunk number `chunk` of a file belongs to, and its rows.
    pub(crate) fn batch(
        self,
        chunk: u64,
        count: usize,
        seed: u64,
    ) -> Result<(&'static str, Batch)> {
        let mut random = Random::new(seed ^ chunk.wrapping_mul(0x9E37_79B9));
        let first = chunk * count as u64;
        Ok(match self {
            Self::Integers => ("clocks", integers(first, count, &mut random)?),
            Self::Floats => (
                "levels",
                built(count, |at| Levels::new(first + at, &mut random))?,
            ),
            Self::Text => (
                "log",
                built(count, |at| Line::new(first + at, &mut random))?,
            ),
            Self::Nested => (
                "steps",
                built(count, |at| Step::new(first + at, &mut random))?,
            ),
            Self::Mixed => match chunk % 3 {
                0 => ("clocks", integers(first, count, &mut random)?),
                1 => (
                    "log",
                    built(count, |at| Line::new(first + at, &mut random))?,
                ),
                _ => (
                    "steps",
                    built(count, |at| Step::new(first + at, &mut random))?,
                ),
            },
        })
    }
}

/// Rows of one type.
fn built<T: Serialize>(count: usize, mut row: impl FnMut(u64) -> T) -> Result<Batch> {
    let mut builder = RowBuilder::new();
    for at in 0..count as u64 {
        rows::push(&mut builder, &row(at))?;
    }
    builder.take_batch()
}

fn integers(first: u64, count: usize, random: &mut Random) -> Result<Batch> {
    let rows = first..first + count as u64;
    let mut validity = vec![0_u8; count.div_ceil(8)];
    for (at, byte) in validity.iter_mut().enumerate() {
        *byte = if at % 3 == 1 { 0b0101_1101 } else { 0xFF };
    }
    let columns = vec![
        (
            "time",
            Array::Timestamp(TimestampArray {
                unit: TimeUnit::Nanosecond,
                timezone: Some("UTC".into()),
                validity: None,
                values: rows
                    .clone()
                    .map(|row| 1_700_000_000_000_000_000 + row.cast_signed() * 50_000)
                    .map(|time| time + random.below(300).cast_signed())
                    .collect(),
            }),
        ),
        (
            "thread",
            Array::UInt8(PrimitiveArray {
                validity: None,
                values: rows
                    .clone()
                    .map(|row| u8::from(row / 40 % 3 == 1) * 4)
                    .collect(),
            }),
        ),
        (
            "size",
            Array::UInt32(PrimitiveArray {
                validity: None,
                values: rows
                    .clone()
                    .map(|_| 16_u32 << random.below(3) | u32::from(random.chance(0.02)) << 30)
                    .collect(),
            }),
        ),
        (
            "charge",
            Array::Int64(PrimitiveArray {
                validity: Some(validity),
                values: rows
                    .map(|_| match random.below(40) {
                        0 => i64::MIN,
                        1 => i64::MAX,
                        small => small.cast_signed() - 20,
                    })
                    .collect(),
            }),
        ),
        (
            "version",
            Array::Int16(PrimitiveArray {
                validity: None,
                values: vec![-3; count],
            }),
        ),
    ];
    let fields = columns.iter().map(|(name, column)| Field {
        name: (*name).into(),
        data_type: column.data_type(),
        nullable: *name == "charge",
        ..Field::default()
    });
    let schema = Arc::new(Schema::new(fields.collect())?);
    Batch::new(
        schema,
        count,
        columns.into_iter().map(|(_, column)| column).collect(),
    )
}

#[derive(Serialize)]
struct Levels {
    voltage: f32,
    price: f64,
    odd: f64,
    gain: Option<f64>,
    unit: f64,
}

impl Levels {
    fn new(row: u64, random: &mut Random) -> Self {
        let odd = match row % 17 {
            0 => f64::from_bits(0x7FF8_0000_0000_1234),
            1 => -0.0,
            2 => f64::INFINITY,
            _ => random.normal() * 1e-9,
        };
        Self {
            #[expect(clippy::cast_possible_truncation, reason = "any float will do")]
            voltage: (-65.0 + random.normal()) as f32,
            price: (random.below(20_000) as f64) / 100.0,
            odd,
            gain: (row % 5 != 3).then_some((row / 30) as f64),
            unit: 1.0,
        }
    }
}

#[derive(Serialize)]
struct Line {
    at: String,
    level: &'static str,
    message: String,
    request: String,
    user: Option<String>,
    host: &'static str,
}

impl Line {
    fn new(row: u64, random: &mut Random) -> Self {
        let level = ["debug", "info", "warn", ""].get(random.index(4));
        let words = ["read", "wrote", "dropped"].get(random.index(3));
        Self {
            at: format!(
                "2026-11-30T10:{:02}:{:02}.{:03}",
                row / 60 % 60,
                row % 60,
                row % 1000
            ),
            level: level.copied().unwrap_or_default(),
            message: format!(
                "{} {} bytes of segment {} in {}.{} ms",
                words.copied().unwrap_or_default(),
                random.below(100_000),
                random.below(9),
                random.below(30),
                random.below(10)
            ),
            request: format!("{:016x}", random.bits()),
            user: (row % 3 != 2).then(|| format!("Zoë {}", random.below(20))),
            host: "node-7",
        }
    }
}

#[derive(Serialize)]
struct Step {
    step: u32,
    spikes: Vec<u16>,
    place: Place,
    labels: BTreeMap<String, i64>,
    pairs: Vec<(u8, Option<f32>)>,
}

#[derive(Serialize)]
struct Place {
    x: f64,
    path: Vec<String>,
    kind: Option<Shape>,
}

#[derive(Serialize)]
enum Shape {
    Round,
    Flat,
}

impl Step {
    fn new(row: u64, random: &mut Random) -> Self {
        let mut spikes: Vec<u16> = (0..random.below(5))
            .map(|_| u16::try_from(random.below(1000)).unwrap_or(0))
            .collect();
        spikes.sort_unstable();
        Self {
            step: u32::try_from(row).unwrap_or(0),
            spikes,
            place: Place {
                x: (random.below(1000) as f64) / 8.0,
                path: (0..row % 3).map(|part| format!("cell-{part}")).collect(),
                kind: match row % 4 {
                    0 => None,
                    1 => Some(Shape::Flat),
                    _ => Some(Shape::Round),
                },
            },
            labels: (0..row % 3)
                .map(|key| (format!("k{key}"), random.below(1 << 40).cast_signed()))
                .collect(),
            pairs: (0..row % 2)
                .map(|_| (7, (row % 4 == 1).then_some(0.5)))
                .collect(),
        }
    }
}
