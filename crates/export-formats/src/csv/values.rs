//! The values of a column, by kind.

use export_core::value::Value;

use super::bits::Bits;
use super::kind::Kind;

#[derive(Debug)]
pub(super) enum Values {
    Null,
    Bool(Bits),
    Int(Vec<i64>),
    UInt(Vec<u64>),
    Float(Vec<f64>),
    Decimal(Vec<i128>),
    Date(Vec<i32>),
    Timestamp(Vec<i64>),
    Text { offsets: Vec<i32>, data: Vec<u8> },
}

impl Values {
    pub(super) fn empty(kind: Kind) -> Self {
        match kind {
            Kind::Null => Self::Null,
            Kind::Bool => Self::Bool(Bits::default()),
            Kind::Int => Self::Int(Vec::new()),
            Kind::UInt => Self::UInt(Vec::new()),
            Kind::Float { .. } => Self::Float(Vec::new()),
            Kind::Decimal { .. } => Self::Decimal(Vec::new()),
            Kind::Date => Self::Date(Vec::new()),
            Kind::Timestamp { .. } => Self::Timestamp(Vec::new()),
            Kind::Text => Self::Text {
                offsets: vec![0],
                data: Vec::new(),
            },
        }
    }
}

impl Values {
    /// Grows to `rows` values, new ones being zero or empty.
    pub(super) fn resize(&mut self, rows: usize) {
        match self {
            Self::Null => {}
            Self::Bool(bits) => (bits.len()..rows).for_each(|_| bits.push(false)),
            Self::Int(values) | Self::Timestamp(values) => values.resize(rows, 0),
            Self::UInt(values) => values.resize(rows, 0),
            Self::Float(values) => values.resize(rows, 0.0),
            Self::Decimal(values) => values.resize(rows, 0),
            Self::Date(values) => values.resize(rows, 0),
            Self::Text { offsets, data } => offsets.resize(rows + 1, end_of(data)),
        }
    }

    /// The value of a row that has one.
    pub(super) fn value(&self, row: usize, kind: Kind) -> Value<'_> {
        let value = match (self, kind) {
            (Self::Bool(bits), _) => Some(Value::Bool(bits.get(row))),
            (Self::Int(values), _) => values.get(row).map(|&v| Value::Int(v)),
            (Self::UInt(values), _) => values.get(row).map(|&v| Value::UInt(v)),
            (Self::Float(values), _) => values.get(row).map(|&v| Value::Float64(v)),
            (Self::Date(values), _) => values.get(row).map(|&v| Value::Date32(v)),
            (Self::Decimal(values), Kind::Decimal { scale, .. }) => {
                values.get(row).map(|&unscaled| Value::Decimal {
                    unscaled,
                    scale: scale.cast_signed(),
                })
            }
            (Self::Timestamp(values), Kind::Timestamp { unit, style }) => {
                let zone = (!style.suffix.is_empty()).then_some("UTC");
                values.get(row).map(|&v| Value::Timestamp(v, unit, zone))
            }
            _ => None,
        };
        value.unwrap_or(Value::Null)
    }
}

/// The offset at which the next text starts. Batches are bounded far below 2 GiB.
#[inline]
pub(super) fn end_of(data: &[u8]) -> i32 {
    i32::try_from(data.len()).unwrap_or(i32::MAX)
}
