//! How a column takes a value that is not of its type: by widening, or as JSON text where no type holds both.

use marrow::datatypes::DataType;

use super::column::{Column, Data};
use super::leaf::Decimals;
use super::push::pow10;
use super::scalar::{Scalar, Width};
use crate::{Error, Result};

/// Integers up to this are exact in an `f64`, and so are all below.
const EXACT_IN_FLOAT: u128 = 1 << 53;

/// What becomes of a column whose type does not take a value.
enum Wider {
    Type(DataType),
    Json,
}

impl Column {
    /// Adds a scalar that is not of the column's type.
    #[inline(never)]
    pub(super) fn push_mixed(&mut self, scalar: &Scalar<'_>) -> Result<()> {
        if self.try_push(scalar)? {
            return Ok(());
        }
        if let Data::Null(nulls) = &self.data {
            let count = nulls.0;
            self.data = scalar.data();
            self.fill_nulls(count);
        } else {
            match self.wider(scalar) {
                Wider::Type(data_type) => self.recast(data_type)?,
                Wider::Json => self.become_json(scalar.kind())?,
            }
        }
        if self.try_push(scalar)? {
            return Ok(());
        }
        Err(Error::schema(format!(
            "{} do not fit {}",
            scalar.kind(),
            self.data.kind()
        )))
    }

    /// Adds a scalar if the column takes it as it is.
    fn try_push(&mut self, scalar: &Scalar<'_>) -> Result<bool> {
        match (&mut self.data, *scalar) {
            (Data::Json(json), _) => json.push(scalar)?,
            (data, Scalar::Int(width, value)) => return Ok(push_int(data, width, value)),
            (Data::Decimal(values), Scalar::Wide(value)) => return Ok(values.try_push(value, 0)),
            (
                Data::Decimal(values),
                Scalar::Decimal {
                    unscaled, scale, ..
                },
            ) => {
                return Ok(values.try_push(unscaled, scale));
            }
            (Data::Bool(values), Scalar::Bool(value)) => values.push(value),
            (Data::Float32(values), Scalar::Float32(value)) => values.push(value),
            (Data::Float64(values), Scalar::Float32(value)) => values.push(f64::from(value)),
            (Data::Float64(values), Scalar::Float64(value)) => values.push(value),
            (Data::Text(values), Scalar::Text(value) | Scalar::Name(value)) => {
                values.inner.push(value.as_bytes())?;
            }
            (Data::Binary(values), Scalar::Bytes(value)) => values.inner.push(value)?,
            (Data::Names(values), Scalar::Name(name)) => {
                values.push(name)?;
            }
            // A variant without data among variants with data.
            (Data::Struct(fields), Scalar::Name(name)) => {
                fields.begin();
                fields.field(name)?.push_bool(true)?;
                fields.end();
            }
            (Data::Temporal(values), Scalar::Temporal(kind, value)) if values.kind == *kind => {
                values.inner.push(value);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The type for the column's values and `scalar`, which the column does not take.
    fn wider(&self, scalar: &Scalar<'_>) -> Wider {
        let wider = match (&self.data, *scalar) {
            (Data::Names(_), Scalar::Text(_)) => Some(DataType::Utf8),
            (Data::Float32(_), Scalar::Float64(_)) => Some(DataType::Float64),
            (Data::Float32(_), Scalar::Int(_, value)) => {
                is_exact_float(value).then_some(DataType::Float64)
            }
            (Data::Decimal(values), _) => scalar_digits(scalar).and_then(|(precision, scale)| {
                join_decimals((values.precision, values.scale), (precision, scale))
            }),
            (data, _) => Width::of(data).and_then(|width| self.wider_integers(width, scalar)),
        };
        wider.map_or(Wider::Json, Wider::Type)
    }

    fn wider_integers(&self, column: Width, scalar: &Scalar<'_>) -> Option<DataType> {
        let here = integer_facts(&self.data);
        match *scalar {
            Scalar::Int(width, value) => {
                if let Some(joined) = column.join(width) {
                    return Some(joined.data_type());
                }
                let negative = here.negative || self.taken.negative || value < 0;
                Some(match i64::try_from(value) {
                    Ok(_) if column.is_signed() => DataType::Int64,
                    _ if negative => DataType::Decimal128(20, 0),
                    _ => DataType::UInt64,
                })
            }
            Scalar::Wide(_) => Some(DataType::Decimal128(38, 0)),
            Scalar::Decimal {
                precision, scale, ..
            } => join_decimals((20, 0), (precision, scale)),
            Scalar::Float32(_) | Scalar::Float64(_) => {
                let exact = !here.beyond_float && !self.taken.beyond_float;
                exact.then_some(DataType::Float64)
            }
            _ => None,
        }
    }
}

fn is_exact_float(value: i128) -> bool {
    value.unsigned_abs() <= EXACT_IN_FLOAT
}

/// Precision and scale that hold a number.
fn scalar_digits(scalar: &Scalar<'_>) -> Option<(u8, i8)> {
    match *scalar {
        Scalar::Int(..) => Some((20, 0)),
        Scalar::Wide(_) => Some((38, 0)),
        Scalar::Decimal {
            precision, scale, ..
        } => Some((precision, scale)),
        _ => None,
    }
}

fn join_decimals(a: (u8, i8), b: (u8, i8)) -> Option<DataType> {
    let whole = |(precision, scale): (u8, i8)| i16::from(precision) - i16::from(scale);
    let scale = a.1.max(b.1);
    let precision = u8::try_from(whole(a).max(whole(b)) + i16::from(scale)).ok()?;
    (precision <= 38).then_some(DataType::Decimal128(precision, scale))
}

impl Decimals {
    /// Adds `value · 10^-scale` if it has no more digits than this column, before and after the point.
    fn try_push(&mut self, value: i128, scale: i8) -> bool {
        let Ok(shift) = u8::try_from(i16::from(self.scale) - i16::from(scale)) else {
            return false;
        };
        let factor = i128::try_from(pow10(shift)).ok().filter(|_| shift <= 38);
        let Some(rescaled) = factor.and_then(|factor| value.checked_mul(factor)) else {
            return false;
        };
        let fits = rescaled.unsigned_abs() < pow10(self.precision);
        if fits {
            self.inner.push(rescaled);
        }
        fits
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "integers up to 2^53 are exact in an f64"
)]
fn push_int(data: &mut Data, width: Width, value: i128) -> bool {
    macro_rules! push_where_kept {
        ($($variant:ident),*) => {
            match data {
                $(Data::$variant(values) if Width::$variant.keeps(width) => match value.try_into() {
                    Ok(value) => values.push(value),
                    Err(_) => return false,
                },)*
                Data::Float64(values) if is_exact_float(value) => values.push(value as f64),
                Data::Decimal(values) => return values.try_push(value, 0),
                _ => return false,
            }
        };
    }
    push_where_kept!(Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64);
    true
}

/// What later widening must know of integers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct IntegerFacts {
    pub(super) negative: bool,
    pub(super) beyond_float: bool,
}

/// The facts of a column's values; null slots are zero.
pub(super) fn integer_facts(data: &Data) -> IntegerFacts {
    match data {
        Data::Int8(v) => IntegerFacts {
            negative: v.values.iter().any(|v| *v < 0),
            beyond_float: false,
        },
        Data::Int16(v) => IntegerFacts {
            negative: v.values.iter().any(|v| *v < 0),
            beyond_float: false,
        },
        Data::Int32(v) => IntegerFacts {
            negative: v.values.iter().any(|v| *v < 0),
            beyond_float: false,
        },
        Data::Int64(v) => IntegerFacts {
            negative: v.values.iter().any(|v| *v < 0),
            beyond_float: v.values.iter().any(|v| v.unsigned_abs() > 1 << 53),
        },
        Data::UInt64(v) => IntegerFacts {
            negative: false,
            beyond_float: v.values.iter().any(|v| *v > 1 << 53),
        },
        _ => IntegerFacts::default(),
    }
}
