//! The narrowest type that holds two.

use std::collections::{HashMap, HashSet};

use marrow::datatypes::{DataType, Field, IntervalUnit};

use super::number::{self, Integer};
use crate::schema::{EXTENSION_NAME_KEY, JSON_EXTENSION, is_json};

/// Field metadata key of an extension type's parameters.
const EXTENSION_METADATA_KEY: &str = "ARROW:extension:metadata";

pub(super) fn fields(a: &Field, b: &Field) -> Option<Field> {
    let nullable = |field: &Field| field.nullable || field.data_type == DataType::Null;
    let mut joined = Field {
        name: a.name.clone(),
        data_type: DataType::Null,
        nullable: nullable(a) || nullable(b),
        metadata: metadata(a, b),
    };
    if is_json(a) || is_json(b) {
        let large = [a, b]
            .iter()
            .any(|f| is_json(f) && f.data_type == DataType::LargeUtf8);
        joined.data_type = if large {
            DataType::LargeUtf8
        } else {
            DataType::Utf8
        };
        joined
            .metadata
            .insert(EXTENSION_NAME_KEY.into(), JSON_EXTENSION.into());
    } else {
        joined.data_type = types(&a.data_type, &b.data_type)?;
    }
    Some(joined)
}

/// The keys of both, those of `a` first. An extension type is only what both are.
fn metadata(a: &Field, b: &Field) -> HashMap<String, String> {
    if b.data_type == DataType::Null {
        return a.metadata.clone();
    }
    if a.data_type == DataType::Null {
        return b.metadata.clone();
    }
    let mut metadata = b.metadata.clone();
    metadata.extend(a.metadata.clone());
    let keys = [EXTENSION_NAME_KEY, EXTENSION_METADATA_KEY];
    if keys
        .iter()
        .any(|key| a.metadata.get(*key) != b.metadata.get(*key))
    {
        keys.iter().for_each(|key| drop(metadata.remove(*key)));
    }
    metadata
}

pub(super) fn types(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType as T;
    if a == b {
        return Some(a.clone());
    }
    if let Some(number) = number::join(a, b) {
        return Some(number);
    }
    Some(match (a, b) {
        (T::Null, other) | (other, T::Null) => other.clone(),
        (T::Date32, T::Date64) | (T::Date64, T::Date32) => T::Date64,
        (T::Time32(a), T::Time32(b)) => T::Time32(*a.max(b)),
        (T::Time32(a) | T::Time64(a), T::Time32(b) | T::Time64(b)) => T::Time64(*a.max(b)),
        (T::Duration(a), T::Duration(b)) => T::Duration(*a.max(b)),
        (T::Timestamp(a, a_zone), T::Timestamp(b, b_zone)) if a_zone == b_zone => {
            T::Timestamp(*a.max(b), a_zone.clone())
        }
        (T::Interval(_), T::Interval(_)) => T::Interval(IntervalUnit::MonthDayNano),
        (T::Dictionary(a_keys, a), T::Dictionary(b_keys, b)) => {
            T::Dictionary(Box::new(keys(a_keys, b_keys)?), Box::new(types(a, b)?))
        }
        (T::Dictionary(_, values), other) | (other, T::Dictionary(_, values)) => {
            types(values, other)?
        }
        (T::RunEndEncoded(a_ends, a), T::RunEndEncoded(b_ends, b)) => {
            let data_type = keys(&a_ends.data_type, &b_ends.data_type)?;
            let ends = Field {
                data_type,
                ..(**a_ends).clone()
            };
            T::RunEndEncoded(Box::new(ends), Box::new(fields(a, b)?))
        }
        (T::RunEndEncoded(_, values), other) | (other, T::RunEndEncoded(_, values)) => {
            types(&values.data_type, other)?
        }
        (T::Struct(a), T::Struct(b)) => T::Struct(structs(a, b)?),
        (T::Map(a, a_sorted), T::Map(b, b_sorted)) => T::Map(
            Box::new(Field {
                data_type: entries(a, b)?,
                ..(**a).clone()
            }),
            *a_sorted && *b_sorted,
        ),
        _ => return bytes(a, b).or_else(|| lists(a, b)),
    })
}

/// Text with text, binary with binary, the narrowest first.
fn bytes(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType as T;
    const TEXT: [DataType; 3] = [T::Utf8, T::Utf8View, T::LargeUtf8];
    const BINARY: [DataType; 3] = [T::Binary, T::BinaryView, T::LargeBinary];
    let variable = |data_type: &DataType| match data_type {
        T::FixedSizeBinary(_) => T::Binary,
        other => other.clone(),
    };
    let (a, b) = (variable(a), variable(b));
    [TEXT, BINARY].into_iter().find_map(|kinds| {
        let rank = |wanted: &DataType| kinds.iter().position(|kind| kind == wanted);
        let rank = rank(&a)?.max(rank(&b)?);
        kinds.get(rank).cloned()
    })
}

fn lists(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType as T;
    let element = |data_type: &'_ DataType| match data_type {
        T::List(element) | T::LargeList(element) | T::FixedSizeList(element, _) => {
            Some(element.clone())
        }
        _ => None,
    };
    let element = Box::new(fields(&*element(a)?, &*element(b)?)?);
    Some(match (a, b) {
        (T::FixedSizeList(_, a), T::FixedSizeList(_, b)) if a == b => T::FixedSizeList(element, *a),
        (T::LargeList(_), _) | (_, T::LargeList(_)) => T::LargeList(element),
        _ => T::List(element),
    })
}

/// The integer type that holds the keys or run ends of both.
fn keys(a: &DataType, b: &DataType) -> Option<DataType> {
    let (a, b) = (Integer::of(a)?, Integer::of(b)?);
    // Keys are never negative, so that the widest will do; an unsigned type has a bit more.
    Some(
        [a, b]
            .into_iter()
            .max_by_key(|keys| (keys.bits, !keys.signed))?
            .data_type(),
    )
}

/// All fields by name; those that only one has may be null.
fn structs(a: &[Field], b: &[Field]) -> Option<Vec<Field>> {
    if has_duplicates(a) || has_duplicates(b) {
        return None;
    }
    let find = |all: &[Field], name: &str| all.iter().find(|f| f.name == name).cloned();
    let alone = |field: &Field| Field {
        nullable: true,
        ..field.clone()
    };
    let shared = a.iter().map(|field| match find(b, &field.name) {
        Some(other) => fields(field, &other),
        None => Some(alone(field)),
    });
    let added = b
        .iter()
        .filter(|field| find(a, &field.name).is_none())
        .map(|f| Some(alone(f)));
    shared.chain(added).collect()
}

pub(super) fn has_duplicates(fields: &[Field]) -> bool {
    let mut names = HashSet::new();
    !fields.iter().all(|field| names.insert(field.name.as_str()))
}

/// The entries of two maps.
fn entries(a: &Field, b: &Field) -> Option<DataType> {
    let (DataType::Struct(a), DataType::Struct(b)) = (&a.data_type, &b.data_type) else {
        return None;
    };
    // Keys and values are told by their places, not by their names.
    match (a.as_slice(), b.as_slice()) {
        ([a_key, a_value], [b_key, b_value]) => Some(DataType::Struct(vec![
            fields(a_key, b_key)?,
            fields(a_value, b_value)?,
        ])),
        _ => None,
    }
}
