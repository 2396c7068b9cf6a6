//! Whether a type holds all values of another.

use marrow::datatypes::{DataType, Field};

use super::join;
use super::number::Integer;
use crate::schema::is_json;

pub(super) fn field(from: &Field, to: &Field) -> bool {
    let nulls = from.nullable || from.data_type == DataType::Null;
    if nulls && !to.nullable {
        return false;
    }
    if is_json(to) {
        return is_text(&to.data_type);
    }
    // JSON documents mean something else where they are not marked as such.
    !is_json(from) && types(&from.data_type, &to.data_type)
}

pub(super) fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// Whether text tells the values of a type apart and from those of no other.
fn is_scalar(data_type: &DataType) -> bool {
    use DataType as T;
    Integer::of(data_type).is_some()
        || matches!(
            data_type,
            T::Boolean
                | T::Float16
                | T::Float32
                | T::Float64
                | T::Decimal128(_, _)
                | T::Date32
                | T::Date64
                | T::Time32(_)
                | T::Time64(_)
                | T::Timestamp(_, _)
                | T::Duration(_)
                | T::Interval(_)
        )
}

fn types(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    match (from, to) {
        (T::Null, _) => true,
        (T::Dictionary(from_keys, from), T::Dictionary(to_keys, to)) => {
            keys(from_keys, to_keys) && types(from, to)
        }
        (T::RunEndEncoded(from_ends, from), T::RunEndEncoded(to_ends, to)) => {
            keys(&from_ends.data_type, &to_ends.data_type) && field(from, to)
        }
        (T::Dictionary(_, values), _) => types(values, to),
        (T::RunEndEncoded(_, values), _) => types(&values.data_type, to),
        (T::Struct(from), T::Struct(to)) => structs(from, to),
        (T::Map(from, from_sorted), T::Map(to, to_sorted)) => {
            (*from_sorted || !*to_sorted) && entries(from, to)
        }
        (T::List(from), T::List(to) | T::LargeList(to))
        | (T::LargeList(from), T::LargeList(to))
        | (T::FixedSizeList(from, _), T::List(to) | T::LargeList(to)) => field(from, to),
        (T::FixedSizeList(from, n), T::FixedSizeList(to, m)) => n == m && field(from, to),
        (scalar, text) if is_scalar(scalar) && is_text(text) => true,
        (from, to) if signed_to_unsigned(from, to) => true,
        (from, to) => join::types(to, from).is_some_and(|joined| joined == *to),
    }
}

/// Where no value is negative; the values have to show it.
fn signed_to_unsigned(from: &DataType, to: &DataType) -> bool {
    match (Integer::of(from), Integer::of(to)) {
        (Some(from), Some(to)) => from.signed && !to.signed && to.bits >= from.bits,
        _ => false,
    }
}

fn keys(from: &DataType, to: &DataType) -> bool {
    match (Integer::of(from), Integer::of(to)) {
        // An unsigned key may have one bit more than the signed type of its width.
        (Some(from), Some(to)) => {
            from == to || to.bits > from.bits || (from.signed && to.bits == from.bits)
        }
        _ => false,
    }
}

fn structs(from: &[Field], to: &[Field]) -> bool {
    if join::has_duplicates(from) || join::has_duplicates(to) {
        return from == to;
    }
    let find = |all: &[Field], name: &str| all.iter().position(|field| field.name == name);
    from.iter().all(|narrow| {
        find(to, &narrow.name)
            .and_then(|at| to.get(at))
            .is_some_and(|wide| field(narrow, wide))
    }) && to
        .iter()
        .all(|wide| wide.nullable || find(from, &wide.name).is_some())
}

fn entries(from: &Field, to: &Field) -> bool {
    let (DataType::Struct(from), DataType::Struct(to)) = (&from.data_type, &to.data_type) else {
        return false;
    };
    match (from.as_slice(), to.as_slice()) {
        ([from_key, from_value], [to_key, to_value]) => {
            field(from_key, to_key) && field(from_value, to_value)
        }
        _ => false,
    }
}
