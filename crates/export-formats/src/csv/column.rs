//! A column being filled: values of its kind, widened where a cell is not one.

use export_core::marrow::array::{
    Array, BooleanArray, BytesArray, DecimalArray, NullArray, PrimitiveArray, TimestampArray,
};
use export_core::marrow::datatypes::{DataType, TimeUnit};
use export_core::text::write_scalar;

use super::bits::Bits;
use super::infer::NullRule;
use super::kind::Kind;
use super::parse;
use super::split::Cell;
use super::values::{Values, end_of};

/// A column whose kind fits all cells so far, of this batch and of earlier ones.
#[derive(Debug)]
pub(super) struct Column {
    kind: Kind,
    validity: Bits,
    /// Whether `validity` has a null.
    has_null: bool,
    values: Values,
    /// All integers' magnitudes, ored, over all batches: less than 2^53 if and only if each of them is.
    magnitudes: u64,
    scratch: Vec<u8>,
}

/// A widening: the cell it happened at, counted from the first of the cells given, and the kinds before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Widened {
    pub(super) at: usize,
    pub(super) from: Kind,
    pub(super) to: Kind,
}

impl Column {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            validity: Bits::default(),
            has_null: false,
            values: Values::empty(kind),
            magnitudes: 0,
            scratch: Vec::new(),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Bytes of the values so far.
    pub(super) fn memory_bytes(&self) -> usize {
        let values = match &self.values {
            Values::Null => 0,
            Values::Bool(bits) => bits.len() / 8,
            Values::Int(values) | Values::Timestamp(values) => values.len() * 8,
            Values::UInt(values) => values.len() * 8,
            Values::Float(values) => values.len() * 8,
            Values::Decimal(values) => values.len() * 16,
            Values::Date(values) => values.len() * 4,
            Values::Text { offsets, data } => offsets.len() * 4 + data.len(),
        };
        values + self.validity.len() / 8
    }

    /// Appends cells, widening the column as often as they ask for it.
    pub(super) fn extend<'a>(
        &mut self,
        buffer: &[u8],
        cells: impl Iterator<Item = &'a Cell> + Clone,
        rule: &NullRule,
        widened: &mut Vec<Widened>,
    ) {
        let mut done = 0;
        loop {
            let rest = cells.clone().skip(done);
            let Some((accepted, refused)) = self.append(buffer, rest, rule) else {
                return;
            };
            done += accepted;
            let mut scratch = std::mem::take(&mut self.scratch);
            let from = self.kind;
            let to = self.wider(refused.bytes(buffer, &mut scratch));
            self.scratch = scratch;
            self.become_kind(to);
            widened.push(Widened { at: done, from, to });
        }
    }

    /// Appends cells up to the first that is no value of the column's kind. Returns that, and how many came before it.
    fn append<'a>(
        &mut self,
        buffer: &[u8],
        cells: impl Iterator<Item = &'a Cell>,
        rule: &NullRule,
    ) -> Option<(usize, &'a Cell)> {
        let mut sieve = Sieve {
            buffer,
            rule,
            validity: &mut self.validity,
            has_null: &mut self.has_null,
            scratch: &mut self.scratch,
        };
        match (&mut self.values, self.kind) {
            (Values::Bool(bits), _) => sieve.fill(cells, parse::boolean, |v| bits.push(v)),
            (Values::Int(values), _) => {
                let magnitudes = &mut self.magnitudes;
                sieve.fill(cells, parse::int, |v| {
                    *magnitudes |= v.unsigned_abs();
                    values.push(v);
                })
            }
            (Values::UInt(values), _) => {
                let magnitudes = &mut self.magnitudes;
                sieve.fill(cells, parse::uint, |v| {
                    *magnitudes |= v;
                    values.push(v);
                })
            }
            (Values::Float(values), Kind::Float { point }) => {
                sieve.fill(cells, |cell| parse::float(cell, point), |v| values.push(v))
            }
            (Values::Decimal(values), Kind::Decimal { precision, scale }) => {
                let bound = 10_u128.pow(u32::from(precision));
                let parse =
                    |cell: &[u8]| parse::decimal(cell, scale).filter(|v| v.unsigned_abs() < bound);
                sieve.fill(cells, parse, |v| values.push(v))
            }
            (Values::Date(values), _) => sieve.fill(cells, parse::date, |v| values.push(v)),
            (Values::Timestamp(values), Kind::Timestamp { unit, style }) => sieve.fill(
                cells,
                |cell| parse::timestamp(cell, unit, style),
                |v| values.push(v),
            ),
            (Values::Text { offsets, data }, _) => sieve.fill_text(cells, offsets, data),
            _ => sieve.fill(cells, |_| None, |()| {}),
        }
    }

    /// The narrowest kind that has this cell and all values so far, with their text unchanged.
    fn wider(&self, cell: &[u8]) -> Kind {
        let digits = Kind::Decimal {
            precision: 38,
            scale: 0,
        };
        let plain = Kind::Float { point: false };
        let exact_as_float = self.magnitudes < 1 << 53;
        let candidates: &[Kind] = match self.kind {
            Kind::Null => return Kind::of(cell),
            Kind::Int | Kind::UInt if exact_as_float => &[digits, plain],
            Kind::Int | Kind::UInt => &[digits],
            Kind::Decimal { scale, .. } => &[Kind::Decimal {
                precision: 38,
                scale,
            }],
            _ => &[],
        };
        candidates
            .iter()
            .copied()
            .find(|kind| kind.accepts(cell))
            .unwrap_or(Kind::Text)
    }

    /// Turns this batch's values into those of a wider kind.
    fn become_kind(&mut self, to: Kind) {
        let from = std::mem::replace(&mut self.kind, to);
        let values = std::mem::replace(&mut self.values, Values::empty(to));
        let rows = self.validity.len();
        match (values, &mut self.values) {
            (Values::Int(old), Values::Decimal(new)) => new.extend(old.into_iter().map(i128::from)),
            (Values::UInt(old), Values::Decimal(new)) => {
                new.extend(old.into_iter().map(i128::from))
            }
            #[expect(
                clippy::cast_precision_loss,
                reason = "`wider` saw that all are below 2^53"
            )]
            (Values::Int(old), Values::Float(new)) => new.extend(old.into_iter().map(|v| v as f64)),
            #[expect(
                clippy::cast_precision_loss,
                reason = "`wider` saw that all are below 2^53"
            )]
            (Values::UInt(old), Values::Float(new)) => {
                new.extend(old.into_iter().map(|v| v as f64))
            }
            (Values::Decimal(old), Values::Decimal(new)) => *new = old,
            // No column was ever anything but null before, so the rows have no values to keep.
            (Values::Null, new) => new.resize(rows),
            (old, Values::Text { offsets, data }) => {
                let style = from.style();
                for row in 0..rows {
                    if self.validity.get(row) {
                        write_scalar(&old.value(row, from), style.as_deref(), data);
                    }
                    offsets.push(end_of(data));
                }
            }
            // `wider` gives no other pair.
            (_, new) => new.resize(rows),
        }
    }

    /// Takes the values so far; the column goes on empty.
    pub(super) fn take(&mut self) -> Array {
        let rows = self.validity.len();
        let bits = std::mem::take(&mut self.validity);
        let validity = std::mem::take(&mut self.has_null).then(|| bits.into_bytes());
        match std::mem::replace(&mut self.values, Values::empty(self.kind)) {
            Values::Null => Array::Null(NullArray { len: rows }),
            Values::Bool(bits) => Array::Boolean(BooleanArray {
                len: rows,
                validity,
                values: bits.into_bytes(),
            }),
            Values::Int(values) => Array::Int64(PrimitiveArray { validity, values }),
            Values::UInt(values) => Array::UInt64(PrimitiveArray { validity, values }),
            Values::Float(values) => Array::Float64(PrimitiveArray { validity, values }),
            Values::Date(values) => Array::Date32(PrimitiveArray { validity, values }),
            Values::Text { offsets, data } => Array::Utf8(BytesArray {
                validity,
                offsets,
                data,
            }),
            Values::Decimal(values) => {
                let (precision, scale) = match self.kind {
                    Kind::Decimal { precision, scale } => (precision, scale.cast_signed()),
                    _ => (38, 0),
                };
                Array::Decimal128(DecimalArray {
                    precision,
                    scale,
                    validity,
                    values,
                })
            }
            Values::Timestamp(values) => {
                let (unit, timezone) = match self.kind.data_type() {
                    DataType::Timestamp(unit, zone) => (unit, zone),
                    _ => (TimeUnit::Second, None),
                };
                Array::Timestamp(TimestampArray {
                    unit,
                    timezone,
                    validity,
                    values,
                })
            }
        }
    }
}

/// What stands between cells and values: which have none, and the doubled quotes.
struct Sieve<'a> {
    buffer: &'a [u8],
    rule: &'a NullRule,
    validity: &'a mut Bits,
    has_null: &'a mut bool,
    scratch: &'a mut Vec<u8>,
}

impl Sieve<'_> {
    #[inline]
    fn fill<'c, T: Default>(
        &mut self,
        cells: impl Iterator<Item = &'c Cell>,
        parse: impl Fn(&[u8]) -> Option<T>,
        mut push: impl FnMut(T),
    ) -> Option<(usize, &'c Cell)> {
        for (at, cell) in cells.enumerate() {
            let bytes = cell.bytes(self.buffer, self.scratch);
            if self.rule.is_null(bytes, cell.quoting) {
                push(T::default());
                self.validity.push(false);
                *self.has_null = true;
            } else if let Some(value) = parse(bytes) {
                push(value);
                self.validity.push(true);
            } else {
                return Some((at, cell));
            }
        }
        None
    }

    fn fill_text<'c>(
        &mut self,
        cells: impl Iterator<Item = &'c Cell>,
        offsets: &mut Vec<i32>,
        data: &mut Vec<u8>,
    ) -> Option<(usize, &'c Cell)> {
        for cell in cells {
            let bytes = cell.bytes(self.buffer, self.scratch);
            let null = self.rule.is_null(bytes, cell.quoting);
            if !null {
                data.extend_from_slice(bytes);
            }
            offsets.push(end_of(data));
            self.validity.push(!null);
            *self.has_null |= null;
        }
        None
    }
}
