//! Arrays of nothing and of nulls.

use marrow::array::{
    Array, BooleanArray, BytesArray, BytesViewArray, DecimalArray, DictionaryArray,
    FixedSizeBinaryArray, FixedSizeListArray, ListArray, MapArray, NullArray, PrimitiveArray,
    RunEndEncodedArray, StructArray, TimeArray, TimestampArray, UnionArray,
};
use marrow::datatypes::{
    DataType, Field, FieldMeta, IntervalUnit, MapMeta, RunEndEncodedMeta, UnionMode,
};
use marrow::types::{DayTimeInterval, MonthDayNanoInterval};
use marrow::view::View;

use super::{bits, extend, len};
use crate::{Error, Result};

/// An array of no slots. Fails on types that marrow has no array for.
pub fn empty(data_type: &DataType) -> Result<Array> {
    use DataType as T;
    Ok(match data_type {
        T::Null => Array::Null(NullArray { len: 0 }),
        T::Boolean => Array::Boolean(BooleanArray {
            len: 0,
            validity: None,
            values: Vec::new(),
        }),
        T::Int8 => Array::Int8(primitive()),
        T::Int16 => Array::Int16(primitive()),
        T::Int32 => Array::Int32(primitive()),
        T::Int64 => Array::Int64(primitive()),
        T::UInt8 => Array::UInt8(primitive()),
        T::UInt16 => Array::UInt16(primitive()),
        T::UInt32 => Array::UInt32(primitive()),
        T::UInt64 => Array::UInt64(primitive()),
        T::Float16 => Array::Float16(primitive()),
        T::Float32 => Array::Float32(primitive()),
        T::Float64 => Array::Float64(primitive()),
        T::Date32 => Array::Date32(primitive()),
        T::Date64 => Array::Date64(primitive()),
        T::Interval(IntervalUnit::YearMonth) => Array::YearMonthInterval(primitive()),
        T::Interval(IntervalUnit::DayTime) => Array::DayTimeInterval(primitive()),
        T::Interval(IntervalUnit::MonthDayNano) => Array::MonthDayNanoInterval(primitive()),
        T::Time32(unit) => Array::Time32(TimeArray {
            unit: *unit,
            validity: None,
            values: Vec::new(),
        }),
        T::Time64(unit) => Array::Time64(TimeArray {
            unit: *unit,
            validity: None,
            values: Vec::new(),
        }),
        T::Duration(unit) => Array::Duration(TimeArray {
            unit: *unit,
            validity: None,
            values: Vec::new(),
        }),
        T::Timestamp(unit, timezone) => Array::Timestamp(TimestampArray {
            unit: *unit,
            timezone: timezone.clone(),
            validity: None,
            values: Vec::new(),
        }),
        T::Decimal128(precision, scale) => Array::Decimal128(DecimalArray {
            precision: *precision,
            scale: *scale,
            validity: None,
            values: Vec::new(),
        }),
        T::Utf8 => Array::Utf8(bytes()),
        T::LargeUtf8 => Array::LargeUtf8(bytes()),
        T::Utf8View => Array::Utf8View(views()),
        T::Binary => Array::Binary(bytes()),
        T::LargeBinary => Array::LargeBinary(bytes()),
        T::BinaryView => Array::BinaryView(views()),
        T::FixedSizeBinary(n) => Array::FixedSizeBinary(FixedSizeBinaryArray {
            n: *n,
            validity: None,
            data: Vec::new(),
        }),
        T::Struct(_)
        | T::List(_)
        | T::LargeList(_)
        | T::FixedSizeList(_, _)
        | T::Dictionary(_, _)
        | T::RunEndEncoded(_, _)
        | T::Map(_, _)
        | T::Union(_, _) => empty_nested(data_type)?,
        _ => return Err(Error::unsupported(format!("arrays of type {data_type:?}"))),
    })
}

fn empty_nested(data_type: &DataType) -> Result<Array> {
    use DataType as T;
    Ok(match data_type {
        T::Struct(fields) => {
            let fields = fields
                .iter()
                .map(|f| Ok((meta(f), child(f)?)))
                .collect::<Result<_>>()?;
            Array::Struct(StructArray {
                len: 0,
                validity: None,
                fields,
            })
        }
        T::List(field) => Array::List(list(field)?),
        T::LargeList(field) => Array::LargeList(list(field)?),
        T::FixedSizeList(field, n) => Array::FixedSizeList(FixedSizeListArray {
            len: 0,
            n: *n,
            validity: None,
            meta: meta(field),
            elements: Box::new(child(field)?),
        }),
        T::Dictionary(keys, values) => Array::Dictionary(DictionaryArray {
            keys: Box::new(empty(keys)?),
            values: Box::new(empty(values)?),
        }),
        T::RunEndEncoded(ends, values) => Array::RunEndEncoded(RunEndEncodedArray {
            meta: RunEndEncodedMeta {
                run_ends_name: ends.name.clone(),
                values: meta(values),
            },
            run_ends: Box::new(empty(&ends.data_type)?),
            values: Box::new(child(values)?),
        }),
        T::Map(entries, sorted) => Array::Map(map(entries, *sorted)?),
        T::Union(fields, mode) => Array::Union(UnionArray {
            types: Vec::new(),
            offsets: (*mode == UnionMode::Dense).then(Vec::new),
            fields: fields
                .iter()
                .map(|(id, field)| Ok((*id, meta(field), child(field)?)))
                .collect::<Result<_>>()?,
        }),
        _ => return Err(Error::unsupported(format!("arrays of type {data_type:?}"))),
    })
}

fn primitive<T>() -> PrimitiveArray<T> {
    PrimitiveArray {
        validity: None,
        values: Vec::new(),
    }
}

fn bytes<O: Default>() -> BytesArray<O> {
    BytesArray {
        validity: None,
        offsets: vec![O::default()],
        data: Vec::new(),
    }
}

fn views() -> BytesViewArray {
    BytesViewArray {
        validity: None,
        data: Vec::new(),
        buffers: Vec::new(),
    }
}

fn list<O: Default>(field: &Field) -> Result<ListArray<O>> {
    Ok(ListArray {
        validity: None,
        offsets: vec![O::default()],
        meta: meta(field),
        elements: Box::new(child(field)?),
    })
}

fn map(entries: &Field, sorted: bool) -> Result<MapArray> {
    let DataType::Struct(fields) = &entries.data_type else {
        return Err(Error::schema("a map's entries are not a struct"));
    };
    let [keys, values] = fields.as_slice() else {
        return Err(Error::schema("a map's entries are not a key and a value"));
    };
    Ok(MapArray {
        validity: None,
        offsets: vec![0],
        meta: MapMeta {
            entries_name: entries.name.clone(),
            sorted,
            keys: meta(keys),
            values: meta(values),
        },
        keys: Box::new(child(keys)?),
        values: Box::new(child(values)?),
    })
}

fn child(field: &Field) -> Result<Array> {
    empty(&field.data_type).map_err(|e| e.in_column(&field.name))
}

pub(crate) fn meta(field: &Field) -> FieldMeta {
    FieldMeta {
        name: field.name.clone(),
        nullable: field.nullable,
        metadata: field.metadata.clone(),
    }
}

/// An array of no slots of the type of `view`.
pub(super) fn empty_like(view: &View<'_>) -> Result<Array> {
    empty(&view.data_type())
}

/// An array of `len` nulls (a struct's, list's or map's children are empty or null, too).
pub fn nulls(data_type: &DataType, len: usize) -> Result<Array> {
    let mut array = empty(data_type)?;
    append_nulls(&mut array, len)?;
    Ok(array)
}

/// Appends `count` nulls.
pub(super) fn append_nulls(to: &mut Array, count: usize) -> Result<()> {
    match to {
        Array::Null(a) => a.len = a.len.saturating_add(count),
        Array::Boolean(a) => {
            null_bits(&mut a.validity, a.len, count);
            bits::append_same(&mut a.values, a.len, false, count);
            a.len = a.len.saturating_add(count);
        }
        Array::Int8(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::Int16(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::Int32(a) | Array::Date32(a) | Array::YearMonthInterval(a) => {
            null_values(&mut a.validity, &mut a.values, 0, count);
        }
        Array::Int64(a) | Array::Date64(a) => {
            null_values(&mut a.validity, &mut a.values, 0, count);
        }
        Array::UInt8(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::UInt16(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::UInt32(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::UInt64(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::Float16(a) => {
            null_values(&mut a.validity, &mut a.values, half::f16::ZERO, count);
        }
        Array::Float32(a) => null_values(&mut a.validity, &mut a.values, 0.0, count),
        Array::Float64(a) => null_values(&mut a.validity, &mut a.values, 0.0, count),
        Array::Time32(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::Time64(a) | Array::Duration(a) => {
            null_values(&mut a.validity, &mut a.values, 0, count);
        }
        Array::Timestamp(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::DayTimeInterval(a) => {
            let zero = DayTimeInterval {
                days: 0,
                milliseconds: 0,
            };
            null_values(&mut a.validity, &mut a.values, zero, count);
        }
        Array::MonthDayNanoInterval(a) => {
            let zero = MonthDayNanoInterval {
                months: 0,
                days: 0,
                nanoseconds: 0,
            };
            null_values(&mut a.validity, &mut a.values, zero, count);
        }
        Array::Decimal128(a) => null_values(&mut a.validity, &mut a.values, 0, count),
        Array::Utf8(a) | Array::Binary(a) => {
            null_spans(&mut a.validity, &mut a.offsets, count);
        }
        Array::LargeUtf8(a) | Array::LargeBinary(a) => {
            null_spans(&mut a.validity, &mut a.offsets, count);
        }
        Array::Utf8View(a) | Array::BinaryView(a) => {
            null_values(&mut a.validity, &mut a.data, 0, count);
        }
        _ => append_nested_nulls(to, count)?,
    }
    Ok(())
}

fn append_nested_nulls(to: &mut Array, count: usize) -> Result<()> {
    let before = len(to);
    match to {
        Array::FixedSizeBinary(a) => {
            let n = usize::try_from(a.n)
                .ok()
                .filter(|&n| n > 0)
                .ok_or_else(|| {
                    Error::unsupported(format!("binary values of the fixed size {}", a.n))
                })?;
            null_bits(&mut a.validity, before, count);
            a.data
                .resize(a.data.len().saturating_add(product(n, count)?), 0);
        }
        Array::Struct(a) => {
            null_bits(&mut a.validity, a.len, count);
            a.len = a.len.saturating_add(count);
            for (_, child) in &mut a.fields {
                append_nulls(child, count)?;
            }
        }
        Array::List(a) => null_spans(&mut a.validity, &mut a.offsets, count),
        Array::LargeList(a) => null_spans(&mut a.validity, &mut a.offsets, count),
        Array::Map(a) => null_spans(&mut a.validity, &mut a.offsets, count),
        Array::FixedSizeList(a) => {
            let n = usize::try_from(a.n).unwrap_or(0);
            null_bits(&mut a.validity, a.len, count);
            a.len = a.len.saturating_add(count);
            append_nulls(&mut a.elements, product(n, count)?)?;
        }
        Array::Dictionary(a) => append_nulls(&mut a.keys, count)?,
        Array::RunEndEncoded(a) if count > 0 => {
            append_nulls(&mut a.values, 1)?;
            extend::push_int(&mut a.run_ends, before.saturating_add(count))?;
        }
        Array::RunEndEncoded(_) => {}
        Array::Union(a) => {
            let sparse = a.offsets.is_none();
            let Some((id, _, first)) = a.fields.first_mut() else {
                return Err(Error::unsupported("a null in a union of no variants"));
            };
            a.types.resize(a.types.len().saturating_add(count), *id);
            if let Some(offsets) = &mut a.offsets {
                let start = len(first);
                append_nulls(first, count)?;
                for at in start..len(first) {
                    offsets.push(i32::try_from(at).map_err(|_| Error::limit("a union's size"))?);
                }
            }
            if sparse {
                for (_, _, child) in &mut a.fields {
                    append_nulls(child, count)?;
                }
            }
        }
        _ => {
            return Err(Error::unsupported(format!(
                "arrays of type {:?}",
                to.data_type()
            )));
        }
    }
    Ok(())
}

fn product(n: usize, count: usize) -> Result<usize> {
    n.checked_mul(count)
        .ok_or_else(|| Error::limit(format!("{count} times {n} bytes or slots")))
}

fn null_bits(validity: &mut Option<Vec<u8>>, len: usize, count: usize) {
    if count == 0 {
        return;
    }
    let validity = validity.get_or_insert_with(|| {
        let mut ones = Vec::new();
        bits::append_same(&mut ones, 0, true, len);
        ones
    });
    bits::append_same(validity, len, false, count);
}

fn null_values<T: Copy>(
    validity: &mut Option<Vec<u8>>,
    values: &mut Vec<T>,
    zero: T,
    count: usize,
) {
    null_bits(validity, values.len(), count);
    values.resize(values.len().saturating_add(count), zero);
}

fn null_spans<O: Copy + Default>(
    validity: &mut Option<Vec<u8>>,
    offsets: &mut Vec<O>,
    count: usize,
) {
    if offsets.is_empty() {
        offsets.push(O::default());
    }
    null_bits(validity, offsets.len().saturating_sub(1), count);
    let last = offsets.last().copied().unwrap_or_default();
    offsets.resize(offsets.len().saturating_add(count), last);
}
