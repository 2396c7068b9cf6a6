//! A field of every type that marrow has arrays for.

use marrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit, UnionMode};

/// Fields of every type, all nullable, named after what they hold; nested ones up to four levels deep.
#[must_use]
pub fn fields() -> Vec<Field> {
    let mut fields = flat();
    fields.extend(nested());
    fields
}

fn field(name: &str, data_type: DataType) -> Field {
    Field {
        name: name.into(),
        data_type,
        nullable: true,
        ..Field::default()
    }
}

fn strict(name: &str, data_type: DataType) -> Field {
    Field {
        nullable: false,
        ..field(name, data_type)
    }
}

fn flat() -> Vec<Field> {
    use DataType as T;
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    let zone = |zone: &str| Some(String::from(zone));
    [
        ("null", T::Null),
        ("boolean", T::Boolean),
        ("int8", T::Int8),
        ("int16", T::Int16),
        ("int32", T::Int32),
        ("int64", T::Int64),
        ("uint8", T::UInt8),
        ("uint16", T::UInt16),
        ("uint32", T::UInt32),
        ("uint64", T::UInt64),
        ("float16", T::Float16),
        ("float32", T::Float32),
        ("float64", T::Float64),
        ("utf8", T::Utf8),
        ("large_utf8", T::LargeUtf8),
        ("utf8_view", T::Utf8View),
        ("binary", T::Binary),
        ("large_binary", T::LargeBinary),
        ("binary_view", T::BinaryView),
        ("fixed_binary_1", T::FixedSizeBinary(1)),
        ("fixed_binary_16", T::FixedSizeBinary(16)),
        ("decimal_5_2", T::Decimal128(5, 2)),
        ("decimal_20_0", T::Decimal128(20, 0)),
        ("decimal_38_10", T::Decimal128(38, 10)),
        ("decimal_10_minus_3", T::Decimal128(10, -3)),
        ("date32", T::Date32),
        ("date64", T::Date64),
        ("time32_s", T::Time32(Second)),
        ("time32_ms", T::Time32(Millisecond)),
        ("time64_us", T::Time64(Microsecond)),
        ("time64_ns", T::Time64(Nanosecond)),
        ("timestamp_s", T::Timestamp(Second, None)),
        ("timestamp_ms_utc", T::Timestamp(Millisecond, zone("UTC"))),
        (
            "timestamp_us_paris",
            T::Timestamp(Microsecond, zone("Europe/Paris")),
        ),
        (
            "timestamp_ns_offset",
            T::Timestamp(Nanosecond, zone("+05:30")),
        ),
        ("duration_s", T::Duration(Second)),
        ("duration_ms", T::Duration(Millisecond)),
        ("duration_us", T::Duration(Microsecond)),
        ("duration_ns", T::Duration(Nanosecond)),
        ("interval_months", T::Interval(IntervalUnit::YearMonth)),
        ("interval_days", T::Interval(IntervalUnit::DayTime)),
        ("interval_nanos", T::Interval(IntervalUnit::MonthDayNano)),
    ]
    .into_iter()
    .map(|(name, data_type)| field(name, data_type))
    .collect()
}

fn dictionary(keys: DataType, values: DataType) -> DataType {
    DataType::Dictionary(Box::new(keys), Box::new(values))
}

fn list(element: Field) -> DataType {
    DataType::List(Box::new(element))
}

fn map(keys: DataType, values: Field) -> DataType {
    let entries = DataType::Struct(vec![strict("keys", keys), values]);
    DataType::Map(Box::new(strict("entries", entries)), false)
}

fn runs(ends: DataType, values: DataType) -> DataType {
    let (ends, values) = (strict("run_ends", ends), field("values", values));
    DataType::RunEndEncoded(Box::new(ends), Box::new(values))
}

fn nested() -> Vec<Field> {
    use DataType as T;
    let point = || {
        T::Struct(vec![
            strict("x", T::Float64),
            field("y", T::Float64),
            field("label", T::Utf8),
        ])
    };
    let variants = || vec![(0, field("number", T::Int64)), (5, field("text", T::Utf8))];
    let deep = list(field(
        "item",
        T::Struct(vec![
            field(
                "tags",
                map(T::Utf8, field("values", list(field("item", T::Int16)))),
            ),
            field("kind", dictionary(T::UInt8, T::Utf8)),
            strict("at", T::UInt64),
        ]),
    ));
    let level = |inner: Field| T::Struct(vec![inner]);
    [
        ("dictionary_int8_utf8", dictionary(T::Int8, T::Utf8)),
        ("dictionary_uint32_utf8", dictionary(T::UInt32, T::Utf8)),
        ("dictionary_int64_int32", dictionary(T::Int64, T::Int32)),
        ("list_of_int32", list(field("item", T::Int32))),
        ("list_of_strict_utf8", list(strict("element", T::Utf8))),
        (
            "large_list_of_float64",
            T::LargeList(Box::new(field("item", T::Float64))),
        ),
        (
            "fixed_list_of_int8",
            T::FixedSizeList(Box::new(field("item", T::Int8)), 3),
        ),
        (
            "list_of_lists",
            list(field("item", list(field("item", T::Boolean)))),
        ),
        ("struct_point", point()),
        ("struct_of_nothing", T::Struct(Vec::new())),
        ("list_of_structs", list(field("item", point()))),
        ("map_of_utf8", map(T::Utf8, field("values", T::Int64))),
        ("map_of_int32", map(T::Int32, field("values", T::Utf8))),
        ("runs_of_utf8", runs(T::Int32, T::Utf8)),
        ("runs_of_int64", runs(T::Int16, T::Int64)),
        ("union_sparse", T::Union(variants(), UnionMode::Sparse)),
        ("union_dense", T::Union(variants(), UnionMode::Dense)),
        ("deep_list", deep),
        (
            "deep_struct",
            level(field(
                "a",
                level(field("b", level(field("c", level(field("d", T::UInt32)))))),
            )),
        ),
        (
            "deep_fixed_list",
            T::FixedSizeList(Box::new(field("item", list(field("item", point())))), 2),
        ),
    ]
    .into_iter()
    .map(|(name, data_type)| field(name, data_type))
    .collect()
}
