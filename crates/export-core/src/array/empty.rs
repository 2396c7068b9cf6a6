//! Arrays of no slots.

use marrow::array::{
    Array, BooleanArray, BytesArray, BytesViewArray, DecimalArray, DictionaryArray,
    FixedSizeBinaryArray, FixedSizeListArray, ListArray, MapArray, NullArray, PrimitiveArray,
    RunEndEncodedArray, StructArray, TimeArray, TimestampArray, UnionArray,
};
use marrow::datatypes::{
    DataType, Field, FieldMeta, IntervalUnit, MapMeta, RunEndEncodedMeta, UnionMode,
};
use marrow::view::View;

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
                .map(|f| Ok((field_meta(f), child(f)?)))
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
            meta: field_meta(field),
            elements: Box::new(child(field)?),
        }),
        T::Dictionary(keys, values) => Array::Dictionary(DictionaryArray {
            keys: Box::new(empty(keys)?),
            values: Box::new(empty(values)?),
        }),
        T::RunEndEncoded(ends, values) => Array::RunEndEncoded(RunEndEncodedArray {
            meta: RunEndEncodedMeta {
                run_ends_name: ends.name.clone(),
                values: field_meta(values),
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
                .map(|(id, field)| Ok((*id, field_meta(field), child(field)?)))
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
        meta: field_meta(field),
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
            keys: field_meta(keys),
            values: field_meta(values),
        },
        keys: Box::new(child(keys)?),
        values: Box::new(child(values)?),
    })
}

fn child(field: &Field) -> Result<Array> {
    empty(&field.data_type).map_err(|e| e.in_column(&field.name))
}

pub(crate) fn field_meta(field: &Field) -> FieldMeta {
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
