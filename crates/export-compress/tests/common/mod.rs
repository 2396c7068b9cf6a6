//! Columns of every type, and of many shapes.

#![allow(clippy::cast_possible_truncation, reason = "the numbers are small")]
#![allow(dead_code, reason = "each test file uses some of it")]

use std::sync::Arc;

use export_core::marrow::array::*;
use export_core::marrow::datatypes::*;
use export_core::marrow::types::{DayTimeInterval, MonthDayNanoInterval};
use export_core::{Batch, Schema};
use half::f16;

/// A batch of these columns, named by position, nullable.
pub(crate) fn batch(rows: usize, columns: Vec<Array>) -> Batch {
    let fields = columns.iter().enumerate().map(|(at, column)| Field {
        name: format!("c{at}"),
        data_type: column.data_type(),
        nullable: true,
        ..Field::default()
    });
    Batch::new(
        Arc::new(Schema::new(fields.collect()).unwrap()),
        rows,
        columns,
    )
    .unwrap()
}

/// Every third slot null.
pub(crate) fn some_nulls(rows: usize) -> Option<Vec<u8>> {
    bitmap(rows, |slot| slot % 3 != 1)
}

pub(crate) fn bitmap(rows: usize, value: impl Fn(usize) -> bool) -> Option<Vec<u8>> {
    let mut bytes = vec![0; rows.div_ceil(8)];
    (0..rows)
        .filter(|slot| value(*slot))
        .for_each(|slot| bytes[slot / 8] |= 1 << (slot % 8));
    Some(bytes)
}

pub(crate) fn ints<T: TryFrom<i64>>(rows: usize, validity: Option<Vec<u8>>) -> PrimitiveArray<T> {
    let values = (0..rows as i64)
        .map(|i| T::try_from(i * 7 % 101).ok().unwrap())
        .collect();
    PrimitiveArray { validity, values }
}

pub(crate) fn strings(rows: usize, distinct: usize) -> Vec<String> {
    (0..rows)
        .map(|i| {
            format!(
                "{}-é{}",
                "x".repeat(i * i % distinct % 17),
                i * i % distinct
            )
        })
        .collect()
}

pub(crate) fn bytes_array<O: TryFrom<usize>>(
    strings: &[String],
    validity: Option<Vec<u8>>,
) -> BytesArray<O> {
    let mut data = Vec::new();
    let mut offsets = vec![O::try_from(0).ok().unwrap()];
    for string in strings {
        data.extend_from_slice(string.as_bytes());
        offsets.push(O::try_from(data.len()).ok().unwrap());
    }
    BytesArray {
        validity,
        offsets,
        data,
    }
}

pub(crate) fn views(strings: &[String], validity: Option<Vec<u8>>) -> BytesViewArray {
    let (mut data, mut buffers) = (Vec::new(), vec![Vec::new(), Vec::new()]);
    for (slot, string) in strings.iter().enumerate() {
        let bytes = string.as_bytes();
        let mut raw = [0u8; 16];
        raw[..4].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        if bytes.len() <= 12 {
            raw[4..4 + bytes.len()].copy_from_slice(bytes);
        } else {
            let buffer = slot % 2;
            raw[4..8].copy_from_slice(&bytes[..4]);
            raw[8..12].copy_from_slice(&(buffer as u32).to_le_bytes());
            raw[12..].copy_from_slice(&(buffers[buffer].len() as u32).to_le_bytes());
            buffers[buffer].extend_from_slice(bytes);
        }
        data.push(u128::from_le_bytes(raw));
    }
    BytesViewArray {
        validity,
        data,
        buffers,
    }
}

pub(crate) fn meta(name: &str) -> FieldMeta {
    FieldMeta {
        name: name.into(),
        nullable: true,
        ..FieldMeta::default()
    }
}

/// Lists whose offsets do not start at 0 and whose elements do not end with them.
pub(crate) fn list<O: TryFrom<usize>>(rows: usize, validity: Option<Vec<u8>>) -> ListArray<O> {
    let mut end = 5;
    let mut offsets = vec![O::try_from(end).ok().unwrap()];
    for slot in 0..rows {
        end += slot % 4;
        offsets.push(O::try_from(end).ok().unwrap());
    }
    let elements = Box::new(Array::Int32(ints(end + 3, some_nulls(end + 3))));
    ListArray {
        validity,
        offsets,
        meta: meta("item"),
        elements,
    }
}

/// Lists whose elements never fall, of which some are empty.
pub(crate) fn sorted_lists(rows: usize, validity: Option<Vec<u8>>) -> ListArray<i32> {
    let lists: Vec<Vec<u16>> = (0..rows as u16)
        .map(|slot| (0..slot * 5 % 7).map(|i| slot % 3 + i * i / 2).collect())
        .collect();
    let mut offsets = vec![0];
    for list in &lists {
        offsets.push(offsets.last().unwrap() + list.len() as i32);
    }
    ListArray {
        validity,
        offsets,
        meta: meta("item"),
        elements: Box::new(Array::UInt16(PrimitiveArray {
            validity: None,
            values: lists.concat(),
        })),
    }
}

/// A column of every type.
pub(crate) fn columns(rows: usize) -> Vec<Array> {
    let nulls = || some_nulls(rows);
    let text = strings(rows, 1000);
    let few = strings(rows, 5);
    let floats = (0..rows).map(|i| match i % 50 {
        0 => f64::NAN,
        1 => -0.0,
        2 => f64::from_bits(0x7FF8_0000_1234_0000),
        _ => i as f64 * 0.25,
    });
    let floats: Vec<f64> = floats.collect();
    let mut columns = vec![
        Array::Null(NullArray { len: rows }),
        Array::Boolean(BooleanArray {
            len: rows,
            validity: nulls(),
            values: bitmap(rows, |i| i % 7 < 3).unwrap(),
        }),
        Array::Boolean(BooleanArray {
            len: rows,
            validity: None,
            values: bitmap(rows, |_| true).unwrap(),
        }),
        Array::Int8(ints(rows, nulls())),
        Array::Int16(ints(rows, None)),
        Array::Int32(ints(rows, nulls())),
        Array::Int64(PrimitiveArray {
            validity: nulls(),
            values: (0..rows as i64)
                .map(|i| {
                    if i % 2 == 0 {
                        i64::MIN + i
                    } else {
                        i64::MAX - i
                    }
                })
                .collect(),
        }),
        Array::UInt8(ints(rows, nulls())),
        Array::UInt16(ints(rows, nulls())),
        Array::UInt32(ints(rows, nulls())),
        Array::UInt64(PrimitiveArray {
            validity: None,
            values: (0..rows as u64)
                .map(|i| if i % 9 == 0 { u64::MAX } else { i })
                .collect(),
        }),
        Array::UInt64(PrimitiveArray {
            validity: bitmap(rows, |_| false),
            values: vec![9; rows],
        }),
        Array::Float16(PrimitiveArray {
            validity: nulls(),
            values: floats.iter().map(|f| f16::from_f64(*f)).collect(),
        }),
        Array::Float32(PrimitiveArray {
            validity: None,
            values: floats.iter().map(|f| *f as f32).collect(),
        }),
        Array::Float64(PrimitiveArray {
            validity: nulls(),
            values: floats,
        }),
        Array::Date32(ints(rows, nulls())),
        Array::Date64(ints(rows, None)),
        Array::Time32(TimeArray {
            unit: TimeUnit::Millisecond,
            validity: nulls(),
            values: ints(rows, None).values,
        }),
        Array::Time64(TimeArray {
            unit: TimeUnit::Nanosecond,
            validity: nulls(),
            values: ints(rows, None).values,
        }),
        Array::Timestamp(TimestampArray {
            unit: TimeUnit::Microsecond,
            timezone: Some("Europe/Paris".into()),
            validity: nulls(),
            values: (0..rows as i64)
                .map(|i| 1_700_000_000_000_000 + i * 1_000_003)
                .collect(),
        }),
        Array::Duration(TimeArray {
            unit: TimeUnit::Second,
            validity: None,
            values: ints(rows, None).values,
        }),
        Array::YearMonthInterval(ints(rows, nulls())),
        Array::DayTimeInterval(PrimitiveArray {
            validity: nulls(),
            values: (0..rows as i32)
                .map(|i| DayTimeInterval {
                    days: i,
                    milliseconds: -i,
                })
                .collect(),
        }),
        Array::MonthDayNanoInterval(PrimitiveArray {
            validity: nulls(),
            values: (0..rows as i32)
                .map(|i| MonthDayNanoInterval {
                    months: i % 5,
                    days: -1,
                    nanoseconds: i64::from(i) << 33,
                })
                .collect(),
        }),
        Array::Decimal128(DecimalArray {
            precision: 38,
            scale: 2,
            validity: nulls(),
            values: (0..rows as i128)
                .map(|i| (i - 100) * 10i128.pow((i % 30) as u32))
                .collect(),
        }),
        Array::Utf8(bytes_array(&text, nulls())),
        Array::Utf8(bytes_array(&few, nulls())),
        Array::LargeUtf8(bytes_array(&text, None)),
        Array::Binary(bytes_array(&text, nulls())),
        Array::LargeBinary(bytes_array(&few, nulls())),
        Array::Utf8View(views(&text, nulls())),
        Array::BinaryView(views(&few, None)),
        Array::FixedSizeBinary(FixedSizeBinaryArray {
            n: 3,
            validity: nulls(),
            data: (0..rows * 3).map(|i| (i / 3 % 7) as u8).collect(),
        }),
        Array::FixedSizeBinary(FixedSizeBinaryArray {
            n: 16,
            validity: None,
            data: (0..rows * 16).map(|i| ((i * i) >> 3) as u8).collect(),
        }),
    ];
    columns.extend(nested(rows));
    columns
}

/// Columns of every nested type.
pub(crate) fn nested(rows: usize) -> Vec<Array> {
    let nulls = || some_nulls(rows);
    let inner = StructArray {
        len: rows,
        validity: nulls(),
        fields: vec![
            (meta("a"), Array::List(list(rows, nulls()))),
            (meta("b"), Array::Utf8(bytes_array(&strings(rows, 9), None))),
        ],
    };
    let fixed = ints(rows * 2, some_nulls(rows * 2));
    let ListArray {
        offsets, elements, ..
    } = list::<i32>(rows, None);
    let keys = Array::Int64(ints(export_core::array::len(&elements), None));
    let map = MapArray {
        validity: nulls(),
        offsets,
        meta: MapMeta::default(),
        keys: Box::new(keys),
        values: elements,
    };
    let keys: Vec<u8> = (0..rows)
        .map(|i| (i % 3) as u8 + if i % 3 == 1 { 200 } else { 0 })
        .collect();
    let dictionary = DictionaryArray {
        keys: Box::new(Array::UInt8(PrimitiveArray {
            validity: nulls(),
            values: keys,
        })),
        values: Box::new(Array::Utf8(bytes_array(&strings(3, 7), None))),
    };
    let ends: Vec<i32> = (0..rows as i32)
        .step_by(10)
        .skip(1)
        .chain([rows as i32])
        .collect();
    let ends = if rows == 0 { vec![] } else { ends };
    let runs = RunEndEncodedArray {
        meta: RunEndEncodedMeta::default(),
        values: Box::new(Array::Utf8(bytes_array(
            &strings(ends.len(), 7),
            some_nulls(ends.len()),
        ))),
        run_ends: Box::new(Array::Int32(PrimitiveArray {
            validity: None,
            values: ends,
        })),
    };
    let sparse = UnionArray {
        types: (0..rows).map(|i| if i % 5 == 0 { 3 } else { 4 }).collect(),
        offsets: None,
        fields: vec![
            (4, meta("n"), Array::Int64(ints(rows, nulls()))),
            (
                3,
                meta("s"),
                Array::Utf8(bytes_array(&strings(rows, 11), None)),
            ),
        ],
    };
    let dense = UnionArray {
        types: (0..rows).map(|i| (i % 2) as i8).collect(),
        offsets: Some((0..rows as i32).map(|i| i / 2).collect()),
        fields: vec![
            (
                0,
                meta("n"),
                Array::Float64(PrimitiveArray {
                    validity: None,
                    values: vec![0.5; rows.div_ceil(2)],
                }),
            ),
            (1, meta("nothing"), Array::Null(NullArray { len: rows / 2 })),
        ],
    };
    vec![
        Array::Struct(inner.clone()),
        Array::Struct(StructArray {
            len: rows,
            validity: nulls(),
            fields: vec![],
        }),
        Array::List(list(rows, nulls())),
        Array::LargeList(list(rows, None)),
        Array::List(sorted_lists(rows, nulls())),
        Array::FixedSizeList(FixedSizeListArray {
            len: rows,
            n: 2,
            validity: nulls(),
            meta: meta("item"),
            elements: Box::new(Array::Int16(fixed)),
        }),
        Array::FixedSizeList(FixedSizeListArray {
            len: rows,
            n: 0,
            validity: nulls(),
            meta: meta("item"),
            elements: Box::new(Array::Null(NullArray { len: 0 })),
        }),
        Array::Map(map),
        Array::Dictionary(dictionary),
        Array::RunEndEncoded(runs),
        Array::Union(sparse),
        Array::Union(dense),
    ]
}
