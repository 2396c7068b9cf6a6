//! One number that says whether a workload is still the same.

use export_core::marrow::array::Array;
use export_core::{Batch, Error, Result};
use xxhash_rust::xxh3::Xxh3;

/// XXH3-64 over names and buffers of all columns, little-endian. Fails on types that no workload has.
///
/// It sees how rows are cut into batches.
pub fn fingerprint(batches: &[Batch]) -> Result<u64> {
    let mut hash = Xxh3::new();
    for batch in batches {
        for (field, column) in batch.schema().fields.iter().zip(batch.columns()) {
            hash.update(field.name.as_bytes());
            add(&mut hash, column).map_err(|error| error.in_column(&field.name))?;
        }
    }
    Ok(hash.digest())
}

macro_rules! add_numbers {
    ($hash:expr, $array:expr) => {{
        add_bitmap($hash, $array.validity.as_deref());
        for value in &$array.values {
            $hash.update(&value.to_le_bytes());
        }
    }};
}

fn add(hash: &mut Xxh3, array: &Array) -> Result<()> {
    match array {
        Array::UInt8(a) => add_numbers!(hash, a),
        Array::UInt16(a) => add_numbers!(hash, a),
        Array::UInt32(a) => add_numbers!(hash, a),
        Array::UInt64(a) => add_numbers!(hash, a),
        Array::Int32(a) | Array::Date32(a) => add_numbers!(hash, a),
        Array::Int64(a) => add_numbers!(hash, a),
        Array::Float32(a) => add_numbers!(hash, a),
        Array::Float64(a) => add_numbers!(hash, a),
        Array::Timestamp(a) => add_numbers!(hash, a),
        Array::Decimal128(a) => add_numbers!(hash, a),
        Array::Utf8(a) => {
            add_bitmap(hash, a.validity.as_deref());
            add_offsets(hash, &a.offsets);
            hash.update(&a.data);
        }
        Array::List(a) => {
            add_bitmap(hash, a.validity.as_deref());
            add_offsets(hash, &a.offsets);
            add(hash, &a.elements)?;
        }
        _ => {
            return Err(Error::unsupported(format!(
                "no workload has {:?}",
                array.data_type()
            )));
        }
    }
    Ok(())
}

fn add_bitmap(hash: &mut Xxh3, validity: Option<&[u8]>) {
    hash.update(&[u8::from(validity.is_some())]);
    hash.update(validity.unwrap_or_default());
}

fn add_offsets(hash: &mut Xxh3, offsets: &[i32]) {
    for offset in offsets {
        hash.update(&offset.to_le_bytes());
    }
}
