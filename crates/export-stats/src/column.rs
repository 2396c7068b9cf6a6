//! What one column holds.

use std::cmp::Ordering;

use export_core::marrow::array::Array;
use export_core::marrow::datatypes::Field;
use export_core::schema::TEXT_STYLE_KEY;
use export_core::text::write_scalar;
use export_core::value::{Value, compare, value};
use export_core::{Result, array};

use crate::distinct::Sketch;
use crate::{Distinct, Moments};

/// What one column holds, over all batches so far.
#[derive(Debug, Clone)]
pub struct ColumnStatistics {
    field: Field,
    rows: u64,
    nulls: u64,
    nans: u64,
    /// Arrays of one slot, so that values keep their type.
    min: Option<Array>,
    max: Option<Array>,
    numbers: Moments,
    lengths: Lengths,
    sketch: Sketch,
}

/// Lengths of texts in characters, of binary values in bytes, of lists and maps in elements.
#[derive(Debug, Clone, Copy, Default)]
struct Lengths {
    least: Option<u64>,
    most: Option<u64>,
    moments: Moments,
}

impl Lengths {
    fn add(&mut self, length: usize) {
        let length = length as u64;
        self.least = Some(self.least.map_or(length, |least| least.min(length)));
        self.most = self.most.max(Some(length));
        self.moments.add(length as f64);
    }
}

impl ColumnStatistics {
    /// What one array of a field's type holds.
    pub fn of(field: Field, column: &Array) -> Result<Self> {
        let mut statistics = Self::new(field);
        statistics.add(column)?;
        Ok(statistics)
    }

    pub(crate) fn new(field: Field) -> Self {
        Self {
            field,
            rows: 0,
            nulls: 0,
            nans: 0,
            min: None,
            max: None,
            numbers: Moments::default(),
            lengths: Lengths::default(),
            sketch: Sketch::default(),
        }
    }

    pub(crate) fn add(&mut self, column: &Array) -> Result<()> {
        let rows = array::len(column);
        self.rows += rows as u64;
        let mut key = Vec::new();
        let (mut least, mut most) = (None, None);
        for row in 0..rows {
            let value = value(column, row);
            if matches!(value, Value::Null) {
                self.nulls += 1;
                continue;
            }
            key.clear();
            array::write_key(column, row, &mut key);
            self.sketch.add(&key);
            self.measure(&value);
            if is_better(&value, least.as_ref(), Ordering::Less) {
                least = Some((row, value));
            }
            if is_better(&value, most.as_ref(), Ordering::Greater) {
                most = Some((row, value));
            }
        }
        keep(&mut self.min, column, least, Ordering::Less)?;
        keep(&mut self.max, column, most, Ordering::Greater)
    }

    fn measure(&mut self, value: &Value<'_>) {
        match *value {
            Value::Text(text) => self.lengths.add(text.chars().count()),
            Value::Bytes(bytes) => self.lengths.add(bytes.len()),
            Value::List(_, start, end) | Value::Map(_, _, start, end) => {
                self.lengths.add(end.saturating_sub(start));
            }
            _ => {}
        }
        match number(value) {
            Some(number) if number.is_nan() => self.nans += 1,
            Some(number) if number.is_finite() => self.numbers.add(number),
            _ => {}
        }
    }

    /// The column's field.
    #[must_use]
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// Rows, nulls included.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows without a value.
    #[must_use]
    pub fn nulls(&self) -> u64 {
        self.nulls
    }

    /// Values that are NaN.
    #[must_use]
    pub fn nans(&self) -> u64 {
        self.nans
    }

    /// The least value; `None` where there is none but nulls and NaNs, and for types without an order.
    #[must_use]
    pub fn min(&self) -> Option<Value<'_>> {
        self.min.as_ref().map(|array| value(array, 0))
    }

    /// The greatest value, as [`ColumnStatistics::min`].
    #[must_use]
    pub fn max(&self) -> Option<Value<'_>> {
        self.max.as_ref().map(|array| value(array, 0))
    }

    /// [`ColumnStatistics::min`] as the text formats spell it.
    #[must_use]
    pub fn min_text(&self) -> Option<String> {
        self.min().map(|value| self.text(&value))
    }

    /// [`ColumnStatistics::max`] as the text formats spell it.
    #[must_use]
    pub fn max_text(&self) -> Option<String> {
        self.max().map(|value| self.text(&value))
    }

    /// Bits that hold the distance from the least to the greatest of integers, dates, times and decimals.
    #[must_use]
    pub fn range_bits(&self) -> Option<u32> {
        let [least, most] = [self.min()?, self.max()?].map(|value| integer(&value));
        let distance = most?.wrapping_sub(least?).cast_unsigned();
        Some(u128::BITS - distance.leading_zeros())
    }

    fn text(&self, value: &Value<'_>) -> String {
        let style = self.field.metadata.get(TEXT_STYLE_KEY).map(String::as_str);
        let mut text = Vec::new();
        write_scalar(value, style, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Mean and spread of the finite numbers; `None` where there are none.
    #[must_use]
    pub fn numbers(&self) -> Option<Moments> {
        (self.numbers.count() > 0).then_some(self.numbers)
    }

    /// Lengths, least and most: of texts in characters, of binary values in bytes, of lists and maps in elements. `None` for
    /// other types.
    #[must_use]
    pub fn lengths(&self) -> Option<(u64, u64)> {
        self.lengths.least.zip(self.lengths.most)
    }

    /// The mean of the lengths.
    #[must_use]
    pub fn mean_length(&self) -> Option<f64> {
        self.lengths.moments.mean()
    }

    /// How many distinct values there are, nulls left out.
    #[must_use]
    pub fn distinct(&self) -> Distinct {
        self.sketch.distinct()
    }
}

/// A number as a float: near enough for means.
fn number(value: &Value<'_>) -> Option<f64> {
    match *value {
        Value::Int(v) => Some(v as f64),
        Value::UInt(v) => Some(v as f64),
        Value::Float32(v) => Some(v.into()),
        Value::Float64(v) => Some(v),
        Value::Decimal { unscaled, scale } => {
            Some(unscaled as f64 * 10_f64.powi(-i32::from(scale)))
        }
        _ => None,
    }
}

/// What is stored as an integer, as that.
fn integer(value: &Value<'_>) -> Option<i128> {
    match *value {
        Value::Int(v)
        | Value::Date64(v)
        | Value::Time(v, _)
        | Value::Timestamp(v, _, _)
        | Value::Duration(v, _) => Some(v.into()),
        Value::UInt(v) => Some(v.into()),
        Value::Date32(v) => Some(v.into()),
        Value::Decimal { unscaled, .. } => Some(unscaled),
        _ => None,
    }
}

/// Whether a value comes before (or after) the best so far. One that has no order is never better.
fn is_better(value: &Value<'_>, best: Option<&(usize, Value<'_>)>, order: Ordering) -> bool {
    match best {
        Some((_, best)) => compare(value, best) == Some(order),
        None => compare(value, value).is_some(),
    }
}

fn keep(
    kept: &mut Option<Array>,
    column: &Array,
    best: Option<(usize, Value<'_>)>,
    order: Ordering,
) -> Result<()> {
    let Some((row, best)) = best else {
        return Ok(());
    };
    let better = match kept {
        Some(kept) => compare(&best, &value(kept, 0)) == Some(order),
        None => true,
    };
    if better {
        // A slot of a dictionary alone, without all of its entries.
        let plain = match column {
            Array::Dictionary(_) | Array::RunEndEncoded(_) => {
                array::resolve(&array::slice(column, row, 1)?)?
            }
            _ => array::slice(column, row, 1)?,
        };
        *kept = Some(plain);
    }
    Ok(())
}
