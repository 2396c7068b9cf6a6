//! Arrays of any type in any shape.

use marrow::array::{
    Array, BooleanArray, BytesArray, BytesViewArray, DecimalArray, FixedSizeBinaryArray, NullArray,
    PrimitiveArray, TimeArray, TimestampArray,
};
use marrow::datatypes::{DataType, Field, IntervalUnit};
use marrow::types::{DayTimeInterval, MonthDayNanoInterval};

use super::batches::Shape;
use super::random::Random;
use super::scalars::{
    FLOAT16, FLOAT32, FLOAT64, binaries, float16, float32, float64, integers, texts, units_per_day,
    validity, within,
};
use crate::array::{bits, push_view};
use crate::{Error, Result};

/// What arrays are made with.
pub(super) struct Maker<'a> {
    pub(super) nullable: bool,
    pub(super) shape: Shape,
    pub(super) rows: usize,
    pub(super) random: &'a mut Random,
}

/// An array of `rows` slots.
pub(super) fn array(
    data_type: &DataType,
    nullable: bool,
    shape: Shape,
    rows: usize,
    random: &mut Random,
) -> Result<Array> {
    Maker {
        nullable,
        shape,
        rows,
        random,
    }
    .array(data_type)
}

macro_rules! primitive {
    ($self:ident, $type:ty) => {{
        let extremes = [
            <$type>::MIN,
            <$type>::MAX,
            0,
            1,
            <$type>::MAX - 1,
            <$type>::MAX / 2 + 1,
        ];
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the low bits are what is wanted"
        )]
        let values = $self.integers(&extremes, |bits| bits as $type);
        PrimitiveArray {
            validity: $self.validity(),
            values,
        }
    }};
}

impl Maker<'_> {
    pub(super) fn validity(&mut self) -> Option<Vec<u8>> {
        validity(self.nullable, self.shape, self.rows, self.random)
    }

    pub(super) fn integers<T: Copy>(
        &mut self,
        extremes: &[T],
        from_bits: impl Fn(u128) -> T,
    ) -> Vec<T> {
        integers(self.shape, self.rows, self.random, extremes, from_bits)
    }

    /// Numbers from 0 to below `bound`.
    fn times(&mut self, bound: i64) -> Vec<i64> {
        self.integers(&[0, bound - 1, bound / 2], |bits| {
            i64::try_from(within(bits, bound.into()).abs()).unwrap_or(0)
        })
    }

    pub(super) fn child(&mut self, field: &Field, rows: usize) -> Result<Array> {
        array(
            &field.data_type,
            field.nullable,
            self.shape,
            rows,
            self.random,
        )
    }

    pub(super) fn array(&mut self, data_type: &DataType) -> Result<Array> {
        use DataType as T;
        Ok(match data_type {
            T::Null => Array::Null(NullArray { len: self.rows }),
            T::Boolean => self.booleans(),
            T::Int8 => Array::Int8(primitive!(self, i8)),
            T::Int16 => Array::Int16(primitive!(self, i16)),
            T::Int32 => Array::Int32(primitive!(self, i32)),
            T::Int64 => Array::Int64(primitive!(self, i64)),
            T::UInt8 => Array::UInt8(primitive!(self, u8)),
            T::UInt16 => Array::UInt16(primitive!(self, u16)),
            T::UInt32 => Array::UInt32(primitive!(self, u32)),
            T::UInt64 => Array::UInt64(primitive!(self, u64)),
            T::Float16 => {
                let values = self.integers(&FLOAT16.map(half::f16::from_bits), float16);
                Array::Float16(PrimitiveArray {
                    validity: self.validity(),
                    values,
                })
            }
            T::Float32 => {
                let values = self.integers(&FLOAT32.map(f32::from_bits), float32);
                Array::Float32(PrimitiveArray {
                    validity: self.validity(),
                    values,
                })
            }
            T::Float64 => {
                let values = self.integers(&FLOAT64.map(f64::from_bits), float64);
                Array::Float64(PrimitiveArray {
                    validity: self.validity(),
                    values,
                })
            }
            T::Decimal128(precision, scale) => self.decimals(*precision, *scale),
            T::Utf8 => Array::Utf8(self.texts()?),
            T::LargeUtf8 => Array::LargeUtf8(self.texts()?),
            T::Binary => Array::Binary(self.binaries()?),
            T::LargeBinary => Array::LargeBinary(self.binaries()?),
            T::Utf8View => {
                let texts = texts(self.shape, self.rows, self.random);
                Array::Utf8View(self.views(texts.iter().map(String::as_bytes))?)
            }
            T::BinaryView => {
                let binaries = binaries(self.shape, self.rows, self.random, None);
                Array::BinaryView(self.views(binaries.iter().map(Vec::as_slice))?)
            }
            T::FixedSizeBinary(n) => {
                let len = usize::try_from(*n).unwrap_or(0);
                let data = binaries(self.shape, self.rows, self.random, Some(len)).concat();
                Array::FixedSizeBinary(FixedSizeBinaryArray {
                    n: *n,
                    validity: self.validity(),
                    data,
                })
            }
            _ => return self.temporal(data_type),
        })
    }

    fn temporal(&mut self, data_type: &DataType) -> Result<Array> {
        use DataType as T;
        Ok(match data_type {
            T::Date32 => Array::Date32(primitive!(self, i32)),
            T::Date64 => {
                let day_ms = 86_400_000;
                let last = i64::MAX / day_ms;
                let days = self.integers(&[0, last, -last, 19_000], |bits| {
                    i64::try_from(within(bits, 40_000)).unwrap_or(0)
                });
                let values = days.into_iter().map(|day| day * day_ms).collect();
                Array::Date64(PrimitiveArray {
                    validity: self.validity(),
                    values,
                })
            }
            T::Time32(unit) => {
                let times = self.times(units_per_day(*unit));
                let values = times
                    .iter()
                    .map(|&v| i32::try_from(v).unwrap_or(0))
                    .collect();
                Array::Time32(TimeArray {
                    unit: *unit,
                    validity: self.validity(),
                    values,
                })
            }
            T::Time64(unit) => {
                let values = self.times(units_per_day(*unit));
                Array::Time64(TimeArray {
                    unit: *unit,
                    validity: self.validity(),
                    values,
                })
            }
            T::Timestamp(unit, timezone) => {
                let PrimitiveArray { validity, values } = primitive!(self, i64);
                let timezone = timezone.clone();
                Array::Timestamp(TimestampArray {
                    unit: *unit,
                    timezone,
                    validity,
                    values,
                })
            }
            T::Duration(unit) => {
                let PrimitiveArray { validity, values } = primitive!(self, i64);
                Array::Duration(TimeArray {
                    unit: *unit,
                    validity,
                    values,
                })
            }
            T::Interval(IntervalUnit::YearMonth) => Array::YearMonthInterval(primitive!(self, i32)),
            T::Interval(IntervalUnit::DayTime) => {
                let PrimitiveArray {
                    validity,
                    values: days,
                } = primitive!(self, i32);
                let pair = |(days, milliseconds)| DayTimeInterval { days, milliseconds };
                let values = days
                    .iter()
                    .copied()
                    .zip(days.iter().rev().copied())
                    .map(pair)
                    .collect();
                Array::DayTimeInterval(PrimitiveArray { validity, values })
            }
            T::Interval(IntervalUnit::MonthDayNano) => {
                let PrimitiveArray {
                    validity,
                    values: days,
                } = primitive!(self, i32);
                let nanos = primitive!(self, i64).values;
                let values = days
                    .iter()
                    .zip(days.iter().rev())
                    .zip(nanos)
                    .map(|((&months, &days), nanoseconds)| MonthDayNanoInterval {
                        months,
                        days,
                        nanoseconds,
                    })
                    .collect();
                Array::MonthDayNanoInterval(PrimitiveArray { validity, values })
            }
            _ => return self.nested(data_type),
        })
    }

    fn booleans(&mut self) -> Array {
        let numbers = self.integers(&[0_u8, 1], |bits| u8::from(bits % 2 == 1));
        let mut values = Vec::new();
        for (row, number) in numbers.iter().enumerate() {
            bits::push(&mut values, row, *number == 1);
        }
        Array::Boolean(BooleanArray {
            len: self.rows,
            validity: self.validity(),
            values,
        })
    }

    fn decimals(&mut self, precision: u8, scale: i8) -> Array {
        let bound = 10_i128.checked_pow(precision.into()).unwrap_or(i128::MAX);
        let values = self.integers(&[0, bound - 1, 1 - bound, 1, -1], |bits| {
            within(bits, bound)
        });
        Array::Decimal128(DecimalArray {
            precision,
            scale,
            validity: self.validity(),
            values,
        })
    }

    fn texts<O: TryFrom<usize>>(&mut self) -> Result<BytesArray<O>> {
        let texts = texts(self.shape, self.rows, self.random);
        self.bytes(texts.iter().map(String::as_bytes))
    }

    fn binaries<O: TryFrom<usize>>(&mut self) -> Result<BytesArray<O>> {
        let binaries = binaries(self.shape, self.rows, self.random, None);
        self.bytes(binaries.iter().map(Vec::as_slice))
    }

    fn bytes<'b, O: TryFrom<usize>>(
        &mut self,
        values: impl Iterator<Item = &'b [u8]>,
    ) -> Result<BytesArray<O>> {
        let mut data = Vec::new();
        let mut offsets = vec![offset(0)?];
        for value in values {
            data.extend_from_slice(value);
            offsets.push(offset(data.len())?);
        }
        Ok(BytesArray {
            validity: self.validity(),
            offsets,
            data,
        })
    }

    fn views<'b>(&mut self, values: impl Iterator<Item = &'b [u8]>) -> Result<BytesViewArray> {
        let validity = self.validity();
        let mut array = BytesViewArray {
            validity,
            data: Vec::new(),
            buffers: Vec::new(),
        };
        for value in values {
            push_view(&mut array, value)?;
        }
        Ok(array)
    }
}

pub(super) fn offset<O: TryFrom<usize>>(position: usize) -> Result<O> {
    O::try_from(position).map_err(|_| Error::limit("too many children"))
}
