//! Values as numbers, where they are exact.

use crate::build::number::{Number, classify};
use crate::text::write_scalar;
use crate::value::Value;

/// Integers up to this are exact in an `f64`, and so are all below.
const EXACT_IN_FLOAT: u128 = 1 << 53;

/// From here on, and below its negative, no float is an `i128`.
const END_OF_I128: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;

/// The integer that a value is. Times are none: their counts mean nothing without the unit.
pub(super) fn integer(value: Value<'_>) -> Option<i128> {
    match value {
        Value::Int(v) => Some(v.into()),
        Value::UInt(v) => Some(v.into()),
        Value::Decimal { unscaled, scale } => whole(unscaled, scale),
        Value::Float64(v) => whole_float(v),
        Value::Float32(v) => whole_float(widened(v)),
        _ => None,
    }
}

/// The integer that a float is. The zero with a sign is none: an integer would lose it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only of whole floats in range"
)]
fn whole_float(v: f64) -> Option<i128> {
    let is_whole = v.fract() == 0.0 && (-END_OF_I128..END_OF_I128).contains(&v);
    let is_signed_zero = v == 0.0 && v.is_sign_negative();
    (is_whole && !is_signed_zero).then_some(v as i128)
}

/// The integer that a decimal is.
fn whole(unscaled: i128, scale: i8) -> Option<i128> {
    let power = 10_i128.checked_pow(u32::from(scale.unsigned_abs()))?;
    if scale <= 0 {
        return unscaled.checked_mul(power);
    }
    (unscaled % power == 0).then_some(unscaled / power)
}

/// The float that a value is.
#[expect(
    clippy::cast_precision_loss,
    reason = "only of integers that are exact"
)]
pub(super) fn float(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Float64(v) => Some(v),
        // Bits of NaNs are kept.
        Value::Float32(v) => Some(widened(v)),
        Value::Int(_) | Value::UInt(_) => integer(value)
            .filter(|v| v.unsigned_abs() <= EXACT_IN_FLOAT)
            .map(|v| v as f64),
        Value::Decimal { .. } => {
            let mut text = Vec::new();
            write_scalar(&value, None, &mut text);
            match classify(&text) {
                Some(Number::Float(v)) => Some(v),
                Some(Number::Int(v)) if u128::from(v.unsigned_abs()) <= EXACT_IN_FLOAT => {
                    Some(v as f64)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn widened(v: f32) -> f64 {
    v.into()
}

/// The narrow float that a value is.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only what comes back the same is taken"
)]
pub(super) fn narrow_float(value: Value<'_>) -> Option<f32> {
    if let Value::Float32(v) = value {
        return Some(v);
    }
    let wide = float(value)?;
    let narrow = wide as f32;
    // Out of text, 0.1 is the `f64` next to 0.1; the `f32` next to it was written.
    let is_same = widened(narrow).to_bits() == wide.to_bits()
        || wide.is_nan()
        || narrow.to_string().parse() == Ok(wide);
    is_same.then_some(narrow)
}
