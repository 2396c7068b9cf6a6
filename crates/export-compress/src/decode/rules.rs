//! What Arrow promises of dictionaries and unions.

use export_core::marrow::array::Array;
use export_core::marrow::datatypes::Field;

use crate::defect::Defect;
use crate::nodes::is_valid;

/// Fails where the key of a slot that has a value is not below `entries`.
pub(super) fn check_keys(keys: &Array, entries: usize) -> Result<(), Defect> {
    macro_rules! check {
        ($array:expr) => {{
            let validity = $array.validity.as_deref();
            let mut slots = $array.values.iter().enumerate();
            slots.all(|(slot, &key)| {
                usize::try_from(key).is_ok_and(|key| key < entries) || !is_valid(validity, slot)
            })
        }};
    }
    let in_range = match keys {
        Array::Int8(a) => check!(a),
        Array::Int16(a) => check!(a),
        Array::Int32(a) => check!(a),
        Array::Int64(a) => check!(a),
        Array::UInt8(a) => check!(a),
        Array::UInt16(a) => check!(a),
        Array::UInt32(a) => check!(a),
        Array::UInt64(a) => check!(a),
        _ => return Err(Defect::Rule("the keys of a dictionary are not integers")),
    };
    match in_range {
        true => Ok(()),
        false => Err(Defect::Rule(
            "a key is not among the entries of its dictionary",
        )),
    }
}

/// Fails where a type id is unknown or an offset is not in its child.
pub(super) fn check_union(
    fields: &[(i8, Field)],
    lengths: &[usize],
    types: &[i8],
    offsets: Option<&[i32]>,
) -> Result<(), Defect> {
    let mut length_of = [None; 256];
    for ((id, _), length) in fields.iter().zip(lengths) {
        if let Some(slot) = length_of.get_mut(usize::from(id.cast_unsigned())) {
            *slot = Some(*length);
        }
    }
    let length = |id: i8| {
        length_of
            .get(usize::from(id.cast_unsigned()))
            .copied()
            .flatten()
    };
    if types.iter().any(|&id| length(id).is_none()) {
        return Err(Defect::Rule("a union has no such type id"));
    }
    let Some(offsets) = offsets else {
        return Ok(());
    };
    let inside = |(&id, &offset): (&i8, &i32)| {
        usize::try_from(offset).is_ok_and(|offset| length(id).is_some_and(|len| offset < len))
    };
    match types.iter().zip(offsets).all(inside) {
        true => Ok(()),
        false => Err(Defect::Rule("an offset of a union is outside of its child")),
    }
}
