//! Arrays that break every rule.

use marrow::array::{Array, BytesArray, ListArray};
use marrow::datatypes::DataType;

use super::super::random::Random;
use crate::conformance::batches;
use crate::schema::{EXTENSION_NAME_KEY, JSON_EXTENSION};
use crate::value::{compare, value};
use crate::{Limits, array, widen};

/// Damages one buffer of an array, or of one of its children.
fn break_array(array: &mut Array, random: &mut Random) {
    let into_child = random.once_in(2);
    macro_rules! buffer {
        ($buffer:expr) => {
            break_buffer(&mut $buffer, random)
        };
    }
    match array {
        Array::Boolean(a) if into_child => a.len = random.below(400),
        Array::Boolean(a) => buffer!(a.values),
        Array::Int8(a) => buffer!(a.values),
        Array::Int16(a) => buffer!(a.values),
        Array::Int32(a) => buffer!(a.values),
        Array::Int64(a) => buffer!(a.values),
        Array::UInt8(a) => buffer!(a.values),
        Array::UInt32(a) => buffer!(a.values),
        Array::Utf8(a) | Array::Binary(a) => break_bytes(a, random),
        Array::LargeUtf8(a) | Array::LargeBinary(a) => break_bytes(a, random),
        Array::Utf8View(a) | Array::BinaryView(a) if into_child => {
            a.buffers
                .iter_mut()
                .for_each(|buffer| break_buffer(buffer, random));
        }
        Array::Utf8View(a) | Array::BinaryView(a) => buffer!(a.data),
        Array::FixedSizeBinary(a) if into_child => {
            a.n = i32::from(random.bits().to_le_bytes()[0]) - 9
        }
        Array::FixedSizeBinary(a) => buffer!(a.data),
        Array::Struct(a) if into_child && !a.fields.is_empty() => {
            let at = random.below(a.fields.len());
            break_array(&mut a.fields[at].1, random);
        }
        Array::Struct(a) => a.len = random.below(400),
        Array::List(a) if into_child => break_array(&mut a.elements, random),
        Array::List(a) => break_offsets(a, random),
        Array::LargeList(a) if into_child => break_array(&mut a.elements, random),
        Array::LargeList(a) => break_offsets(a, random),
        Array::FixedSizeList(a) if into_child => break_array(&mut a.elements, random),
        Array::FixedSizeList(a) if random.once_in(2) => a.n = [-1, 0, 9, i32::MAX][random.below(4)],
        Array::FixedSizeList(a) => a.len = random.below(400),
        Array::Map(a) if into_child => break_array(&mut a.keys, random),
        Array::Map(a) if random.once_in(2) => break_array(&mut a.values, random),
        Array::Map(a) => buffer!(a.offsets),
        Array::Dictionary(a) if into_child => break_array(&mut a.values, random),
        Array::Dictionary(a) => break_array(&mut a.keys, random),
        Array::RunEndEncoded(a) if into_child => break_array(&mut a.values, random),
        Array::RunEndEncoded(a) => break_array(&mut a.run_ends, random),
        Array::Union(a) => match (&mut a.offsets, random.below(3)) {
            (Some(offsets), 0) => buffer!(*offsets),
            (_, 1) => buffer!(a.types),
            _ => a
                .fields
                .iter_mut()
                .for_each(|(_, _, child)| break_array(child, random)),
        },
        _ => {}
    }
}

fn break_buffer<T: Copy + bytemuck::Pod>(buffer: &mut Vec<T>, random: &mut Random) {
    if buffer.is_empty() {
        return;
    }
    let at = random.below(buffer.len());
    match random.below(5) {
        0 => buffer.truncate(at),
        1 => buffer[at] = buffer[random.below(buffer.len())],
        2 => bytemuck::bytes_of_mut(&mut buffer[at]).fill(0xFF),
        3 => buffer.extend_from_within(at..),
        _ => {
            let size = size_of::<T>();
            bytemuck::bytes_of_mut(&mut buffer[at])[random.below(size)] ^= 1 << random.below(8);
        }
    }
}

fn break_bytes<O: Copy + bytemuck::Pod>(array: &mut BytesArray<O>, random: &mut Random) {
    match random.below(3) {
        0 => break_buffer(&mut array.data, random),
        1 => array.validity = Some(vec![0xAA; random.below(4)]),
        _ => break_buffer(&mut array.offsets, random),
    }
}

fn break_offsets<O: Copy + bytemuck::Pod>(array: &mut ListArray<O>, random: &mut Random) {
    match random.below(3) {
        0 => array.validity = Some(vec![0xAA; random.below(4)]),
        _ => break_buffer(&mut array.offsets, random),
    }
}

#[test]
fn broken_arrays_never_panic() {
    let mut random = Random::new(9);
    let mut refused = 0;
    for batch in batches(9)
        .unwrap()
        .into_iter()
        .filter(|batch| batch.rows() > 0)
    {
        let Some((field, whole)) = batch.schema().fields.iter().zip(batch.columns()).next() else {
            continue;
        };
        let mut json = field.clone();
        (json.data_type, json.nullable) = (DataType::Utf8, true);
        json.metadata
            .insert(EXTENSION_NAME_KEY.into(), JSON_EXTENSION.into());
        for _ in 0..20 {
            let mut array = whole.clone();
            break_array(&mut array, &mut random);
            let valid = array::validate(&array, &Limits::default()).is_ok();
            refused += usize::from(!valid);
            // A valid array's length may have become anything; a run's may be 2^60.
            let rows = array::len(&array).min(500);
            let _ = (array::null_count(&array), array::memory_bytes(&array));
            let copy = array::slice(&array, 0, rows);
            if let (true, Ok(copy)) = (valid, &copy) {
                array::validate(copy, &Limits::default()).unwrap();
            }
            if rows < 500 {
                let _ = array::same(&array, whole);
                let _ = array::concat(&[whole, &array, whole]);
                let _ = array::resolve(&array);
                let _ = widen::cast(&array, field, &json);
                let _ = widen::cast(&array, field, field);
            }
            let _ = array::take(&array, &(0..rows).rev().collect::<Vec<_>>());
            let mut key = Vec::new();
            for row in 0..rows + 3 {
                array::write_key(&array, row, &mut key);
                let _ = compare(&value(&array, row), &value(whole, row));
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
}
