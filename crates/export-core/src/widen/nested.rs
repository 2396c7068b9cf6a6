//! Arrays of any type under a wider field.

use marrow::array::{
    Array, DictionaryArray, FixedSizeListArray, ListArray, MapArray, RunEndEncodedArray,
    StructArray,
};
use marrow::datatypes::{DataType, Field, MapMeta, RunEndEncodedMeta};

use super::{json, scalar};
use crate::array::{self, field_meta};
use crate::schema::is_json;
use crate::{Error, Result};

/// The values of `array` under `to`, which holds those of `from`.
pub(super) fn field(array: &Array, from: &Field, to: &Field) -> Result<Array> {
    let widened = if is_json(to) {
        json::json(array, from, to)
    } else {
        values(array, from, to)
    };
    widened.map_err(|e| e.in_column(&to.name))
}

fn values(array: &Array, from: &Field, to: &Field) -> Result<Array> {
    use DataType as T;
    Ok(match (array, &from.data_type, &to.data_type) {
        (Array::Null(a), _, data_type) => array::nulls(data_type, a.len)?,
        (Array::Dictionary(a), T::Dictionary(_, narrow), T::Dictionary(keys, wide)) => {
            let narrow = Field {
                data_type: (**narrow).clone(),
                ..from.clone()
            };
            let wide = Field {
                data_type: (**wide).clone(),
                nullable: true,
                ..to.clone()
            };
            Array::Dictionary(DictionaryArray {
                keys: Box::new(scalar::scalar(&a.keys, from, keys)?),
                values: Box::new(values(&a.values, &narrow, &wide)?),
            })
        }
        (Array::RunEndEncoded(a), T::RunEndEncoded(_, narrow), T::RunEndEncoded(ends, wide)) => {
            Array::RunEndEncoded(RunEndEncodedArray {
                meta: RunEndEncodedMeta {
                    run_ends_name: ends.name.clone(),
                    values: field_meta(wide),
                },
                run_ends: Box::new(scalar::scalar(&a.run_ends, from, &ends.data_type)?),
                values: Box::new(field(&a.values, narrow, wide)?),
            })
        }
        (Array::Dictionary(_), T::Dictionary(_, narrow), _) => {
            let narrow = Field {
                data_type: (**narrow).clone(),
                ..from.clone()
            };
            values(&array::resolve(array)?, &narrow, to)?
        }
        (Array::RunEndEncoded(_), T::RunEndEncoded(_, narrow), _) => {
            values(&array::resolve(array)?, narrow, to)?
        }
        (Array::Struct(a), T::Struct(narrow), T::Struct(wide)) => structs(a, narrow, wide)?,
        (Array::Map(a), T::Map(narrow, _), T::Map(wide, sorted)) => map(a, narrow, wide, *sorted)?,
        (Array::Union(_), _, T::Union(_, _)) => array.clone(),
        (_, T::List(e) | T::LargeList(e) | T::FixedSizeList(e, _), wide) => list(array, e, wide)?,
        (_, _, wide) => scalar::scalar(array, from, wide)?,
    })
}

fn structs(array: &StructArray, from: &[Field], to: &[Field]) -> Result<Array> {
    let fields = to.iter().enumerate().map(|(at, wide)| {
        // Where names are not unique, the fields are the same.
        let same = from.get(at).is_some_and(|narrow| narrow.name == wide.name);
        let place = if same {
            Some(at)
        } else {
            from.iter().position(|f| f.name == wide.name)
        };
        let known = place.and_then(|at| Some((array.fields.get(at)?, from.get(at)?)));
        let child = match known {
            Some(((_, child), narrow)) => field(child, narrow, wide)?,
            None => array::nulls(&wide.data_type, array.len)?,
        };
        Ok((field_meta(wide), child))
    });
    let fields = fields.collect::<Result<_>>()?;
    Ok(Array::Struct(StructArray {
        len: array.len,
        validity: array.validity.clone(),
        fields,
    }))
}

fn map(array: &MapArray, from: &Field, to: &Field, sorted: bool) -> Result<Array> {
    let (DataType::Struct(narrow), DataType::Struct(wide)) = (&from.data_type, &to.data_type)
    else {
        return Err(Error::schema("a map's entries are not a struct"));
    };
    let ([narrow_key, narrow_value], [wide_key, wide_value]) = (narrow.as_slice(), wide.as_slice())
    else {
        return Err(Error::schema("a map's entries are not a key and a value"));
    };
    Ok(Array::Map(MapArray {
        validity: array.validity.clone(),
        offsets: array.offsets.clone(),
        meta: MapMeta {
            entries_name: to.name.clone(),
            sorted,
            keys: field_meta(wide_key),
            values: field_meta(wide_value),
        },
        keys: Box::new(field(&array.keys, narrow_key, wide_key)?),
        values: Box::new(field(&array.values, narrow_value, wide_value)?),
    }))
}

fn list(array: &Array, from: &Field, to: &DataType) -> Result<Array> {
    let refused = || Error::schema(format!("{:?} does not widen to {to:?}", array.data_type()));
    let (elements, offsets) = match array {
        Array::List(a) => (&a.elements, a.offsets.iter().map(|&o| o.into()).collect()),
        Array::LargeList(a) => (&a.elements, a.offsets.clone()),
        Array::FixedSizeList(a) => {
            let len = i64::try_from(a.len).map_err(|_| refused())?;
            let offsets = (0..=len).map(|row| row.checked_mul(a.n.into()).ok_or_else(refused));
            (&a.elements, offsets.collect::<Result<Vec<i64>>>()?)
        }
        _ => return Err(refused()),
    };
    let validity = array::validity(array).map(<[u8]>::to_vec);
    let element = |wide: &Field| field(elements, from, wide).map(Box::new);
    Ok(match to {
        DataType::List(wide) => Array::List(ListArray {
            validity,
            offsets: offsets
                .iter()
                .map(|&o| i32::try_from(o).map_err(|_| Error::limit("lists of over 2^31 elements")))
                .collect::<Result<_>>()?,
            meta: field_meta(wide),
            elements: element(wide)?,
        }),
        DataType::LargeList(wide) => Array::LargeList(ListArray {
            validity,
            offsets,
            meta: field_meta(wide),
            elements: element(wide)?,
        }),
        DataType::FixedSizeList(wide, n) => Array::FixedSizeList(FixedSizeListArray {
            len: array::len(array),
            n: *n,
            validity,
            meta: field_meta(wide),
            elements: element(wide)?,
        }),
        _ => return Err(refused()),
    })
}
