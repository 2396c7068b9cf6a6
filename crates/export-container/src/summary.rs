//! Summaries of columns, in chunk directories and index entries alike (v1.md, "Summaries").

use export_core::{Bound, Summary};

use crate::cursor::Cursor;
use crate::fault::Fault;

const NO_BOUND: u8 = 0;
const INT: u8 = 1;
const FLOAT: u8 = 2;
const BYTES: u8 = 3;
const HAS_NAN: u8 = 1 << 4;
/// Shortest stored summary, in bytes.
pub(crate) const SHORTEST_BYTES: usize = 5;

/// Whether a summary can be stored.
pub(crate) fn is_storable(summary: &Summary, rows: u64) -> bool {
    let storable = |bound: &Bound| match bound {
        Bound::Int(_) => true,
        Bound::Float(value) => !value.is_nan(),
        Bound::Bytes(bytes) => bytes.len() <= Bound::MAX_BYTES,
    };
    summary.nulls <= rows && summary.min.iter().chain(&summary.max).all(storable)
}

/// Appends `summary`, which is storable.
pub(crate) fn put(summary: &Summary, out: &mut Vec<u8>) {
    let nan = if summary.has_nan { HAS_NAN } else { 0 };
    out.push(tag(summary.min.as_ref()) | tag(summary.max.as_ref()) << 2 | nan);
    // Not more than the rows of a chunk, of which there are fewer than 2^32.
    out.extend(
        u32::try_from(summary.nulls)
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    );
    summary
        .min
        .iter()
        .chain(&summary.max)
        .for_each(|bound| put_bound(bound, out));
}

/// Reads a summary of a column of `rows` rows.
pub(crate) fn take(cursor: &mut Cursor<'_>, rows: u64) -> Result<Summary, Fault> {
    let flags = cursor.u8()?;
    if flags & !0x1F != 0 {
        return Err(cursor.out_of_range("summary flags", flags.into()));
    }
    let nulls = u64::from(cursor.u32()?);
    if nulls > rows {
        return Err(cursor.out_of_range("nulls", nulls));
    }
    Ok(Summary {
        nulls,
        has_nan: flags & HAS_NAN != 0,
        min: take_bound(cursor, flags & 3)?,
        max: take_bound(cursor, flags >> 2 & 3)?,
    })
}

fn tag(bound: Option<&Bound>) -> u8 {
    match bound {
        None => NO_BOUND,
        Some(Bound::Int(_)) => INT,
        Some(Bound::Float(_)) => FLOAT,
        Some(Bound::Bytes(_)) => BYTES,
    }
}

fn put_bound(bound: &Bound, out: &mut Vec<u8>) {
    let mut put_short = |bytes: &[u8]| {
        // At most 32 bytes of text or 16 of an integer.
        out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
        out.extend(bytes);
    };
    match bound {
        Bound::Int(value) => {
            let bytes = value.to_le_bytes();
            put_short(bytes.get(..int_bytes(*value)).unwrap_or(&bytes));
        }
        Bound::Float(value) => out.extend(value.to_bits().to_le_bytes()),
        Bound::Bytes(bytes) => put_short(bytes),
    }
}

/// Fewest bytes that hold `value` in two's complement.
fn int_bytes(value: i128) -> usize {
    let sign_bits = if value < 0 {
        value.leading_ones()
    } else {
        value.leading_zeros()
    };
    (129 - sign_bits).div_ceil(8) as usize
}

fn take_bound(cursor: &mut Cursor<'_>, tag: u8) -> Result<Option<Bound>, Fault> {
    Ok(Some(match tag {
        NO_BOUND => return Ok(None),
        INT => {
            let length = cursor.u8()?;
            if !(1..=16).contains(&length) {
                return Err(cursor.out_of_range("length of a bound", length.into()));
            }
            let stored = cursor.slice(length.into())?;
            let negative = stored.last().is_some_and(|&byte| byte >= 0x80);
            let mut bytes = [if negative { 0xFF } else { 0 }; 16];
            bytes
                .iter_mut()
                .zip(stored)
                .for_each(|(to, &from)| *to = from);
            Bound::Int(i128::from_le_bytes(bytes))
        }
        FLOAT => {
            let value = f64::from_bits(cursor.u64()?);
            if value.is_nan() {
                return Err(cursor.out_of_range("bits of a bound", value.to_bits()));
            }
            Bound::Float(value)
        }
        _ => {
            let length = cursor.u8()?;
            if usize::from(length) > Bound::MAX_BYTES {
                return Err(cursor.out_of_range("length of a bound", length.into()));
            }
            Bound::Bytes(cursor.slice(length.into())?.to_vec())
        }
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bound() -> impl Strategy<Value = Option<Bound>> {
        prop_oneof![
            Just(None),
            any::<i128>().prop_map(|v| Some(Bound::Int(v))),
            any::<i8>().prop_map(|v| Some(Bound::Int(v.into()))),
            any::<f64>()
                .prop_filter("no NaN", |v| !v.is_nan())
                .prop_map(|v| Some(Bound::Float(v))),
            prop::collection::vec(any::<u8>(), 0..=32).prop_map(|v| Some(Bound::Bytes(v))),
        ]
    }

    proptest! {
        #[test]
        fn summaries_come_back(nulls in 0..=u32::MAX, has_nan: bool, min in bound(), max in bound()) {
            let summary = Summary { nulls: nulls.into(), has_nan, min, max };
            let mut bytes = Vec::new();
            put(&summary, &mut bytes);
            let mut cursor = Cursor::new("test", &bytes);
            prop_assert_eq!(take(&mut cursor, u32::MAX.into()), Ok(summary));
            prop_assert_eq!(cursor.end(), Ok(()));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = take(&mut Cursor::new("test", &bytes), 7);
        }
    }

    #[test]
    fn integers_take_the_fewest_bytes() {
        for (value, bytes) in [
            (0, 1),
            (-1, 1),
            (127, 1),
            (128, 2),
            (-128, 1),
            (-129, 2),
            (i128::MAX, 16),
            (i128::MIN, 16),
        ] {
            assert_eq!(int_bytes(value), bytes, "{value}");
        }
    }
}
