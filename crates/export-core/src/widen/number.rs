//! Numeric types.

use marrow::datatypes::DataType;

/// Digits of the largest 128-bit decimal.
const MAX_PRECISION: u8 = 38;

/// An integer type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Integer {
    pub(super) signed: bool,
    pub(super) bits: u8,
}

impl Integer {
    pub(super) fn of(data_type: &DataType) -> Option<Self> {
        let (signed, bits) = match data_type {
            DataType::Int8 => (true, 8),
            DataType::Int16 => (true, 16),
            DataType::Int32 => (true, 32),
            DataType::Int64 => (true, 64),
            DataType::UInt8 => (false, 8),
            DataType::UInt16 => (false, 16),
            DataType::UInt32 => (false, 32),
            DataType::UInt64 => (false, 64),
            _ => return None,
        };
        Some(Self { signed, bits })
    }

    pub(super) fn data_type(self) -> DataType {
        match (self.signed, self.bits) {
            (true, 8) => DataType::Int8,
            (true, 16) => DataType::Int16,
            (true, 32) => DataType::Int32,
            (true, _) => DataType::Int64,
            (false, 8) => DataType::UInt8,
            (false, 16) => DataType::UInt16,
            (false, 32) => DataType::UInt32,
            (false, _) => DataType::UInt64,
        }
    }

    /// Digits of its largest value.
    fn digits(self) -> u8 {
        match (self.signed, self.bits) {
            (_, 8) => 3,
            (_, 16) => 5,
            (_, 32) => 10,
            (true, _) => 19,
            (false, _) => 20,
        }
    }
}

/// Bits of a float type.
fn float(data_type: &DataType) -> Option<u8> {
    match data_type {
        DataType::Float16 => Some(16),
        DataType::Float32 => Some(32),
        DataType::Float64 => Some(64),
        _ => None,
    }
}

fn float_type(bits: u8) -> DataType {
    match bits {
        16 => DataType::Float16,
        32 => DataType::Float32,
        _ => DataType::Float64,
    }
}

/// Digits before and after the point of a decimal or integer type.
fn decimal(data_type: &DataType) -> Option<(i16, i16)> {
    match data_type {
        DataType::Decimal128(precision, scale) => {
            Some((i16::from(*precision) - i16::from(*scale), i16::from(*scale)))
        }
        other => Integer::of(other).map(|integer| (integer.digits().into(), 0)),
    }
}

/// The narrowest numeric type that holds the values of two others.
pub(super) fn join(a: &DataType, b: &DataType) -> Option<DataType> {
    if let (Some(a), Some(b)) = (Integer::of(a), Integer::of(b)) {
        return Some(integers(a, b));
    }
    match (float(a), float(b)) {
        (Some(a), Some(b)) => return Some(float_type(a.max(b))),
        (Some(float), None) => return Some(with_float(Integer::of(b)?, float)),
        (None, Some(float)) => return Some(with_float(Integer::of(a)?, float)),
        (None, None) => {}
    }
    let ((a_before, a_after), (b_before, b_after)) = (decimal(a)?, decimal(b)?);
    let (before, after) = (a_before.max(b_before), a_after.max(b_after));
    let precision = u8::try_from(before + after)
        .ok()
        .filter(|&p| p <= MAX_PRECISION)?;
    Some(DataType::Decimal128(precision, i8::try_from(after).ok()?))
}

fn integers(a: Integer, b: Integer) -> DataType {
    if a.signed == b.signed {
        return Integer {
            signed: a.signed,
            bits: a.bits.max(b.bits),
        }
        .data_type();
    }
    let (signed, unsigned) = if a.signed { (a, b) } else { (b, a) };
    match unsigned.bits {
        64 => DataType::Decimal128(20, 0),
        bits => Integer {
            signed: true,
            bits: signed.bits.max(bits * 2),
        }
        .data_type(),
    }
}

/// Floats hold all integers up to 2^11, 2^24 and 2^53.
fn with_float(integer: Integer, float: u8) -> DataType {
    let needed = match integer.bits {
        8 => 16,
        16 => 32,
        _ => 64,
    };
    float_type(float.max(needed))
}
