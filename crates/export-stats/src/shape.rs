//! How the values of a column follow one another, and what text is made of: what makes one encoding better than another.

use std::cmp::Ordering;

use export_core::array;
use export_core::marrow::array::Array;
use export_core::value::{Value, compare, value};

/// How the values of one array follow one another. Slots without a value are passed over, as encodings do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    values: u64,
    /// Values greater than the one before them.
    rising: u64,
    /// Runs of equal values.
    runs: u64,
    /// Characters of texts, and the digits among them.
    characters: u64,
    digits: u64,
}

impl Shape {
    /// The shape of all slots of `column`.
    #[must_use]
    pub fn of(column: &Array) -> Self {
        let mut shape = Self::default();
        let mut last = None;
        let (mut keys, mut other) = (Vec::new(), Vec::new());
        for row in 0..array::len(column) {
            let value = value(column, row);
            if matches!(value, Value::Null) {
                continue;
            }
            if let Value::Text(text) = value {
                shape.read(text);
            }
            shape.values += 1;
            let order = last.map(|(before, earlier)| {
                compare(&value, &earlier).unwrap_or_else(|| {
                    // Without an order, as lists and NaNs are: the same to the bit, or not.
                    keys.clear();
                    other.clear();
                    array::write_key(column, before, &mut keys);
                    array::write_key(column, row, &mut other);
                    if keys == other {
                        Ordering::Equal
                    } else {
                        Ordering::Less
                    }
                })
            });
            shape.rising += u64::from(order == Some(Ordering::Greater));
            shape.runs += u64::from(order != Some(Ordering::Equal));
            last = Some((row, value));
        }
        shape
    }

    fn read(&mut self, text: &str) {
        for character in text.chars() {
            self.characters += 1;
            self.digits += u64::from(character.is_ascii_digit());
        }
    }

    /// Values that there are.
    #[must_use]
    pub fn values(&self) -> u64 {
        self.values
    }

    /// The share, from 0 to 1, of values greater than the one before them; `None` for fewer than two values.
    #[must_use]
    pub fn rising(&self) -> Option<f64> {
        share(self.rising, self.values.saturating_sub(1))
    }

    /// The mean length of runs of equal values; `None` where there is no value.
    #[must_use]
    pub fn mean_run(&self) -> Option<f64> {
        share(self.values, self.runs)
    }

    /// The share, from 0 to 1, of digits among the characters of texts; `None` where there are none.
    #[must_use]
    pub fn digits(&self) -> Option<f64> {
        share(self.digits, self.characters)
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use export_core::marrow::array::{BytesArray, PrimitiveArray};

    use super::*;

    #[test]
    fn order_and_runs() {
        let values = vec![1, 1, 9, 1, 2, 2];
        let validity = Some(vec![0b11_1011]);
        let shape = Shape::of(&Array::Int32(PrimitiveArray { validity, values }));
        assert_eq!(shape.values(), 5);
        assert_eq!(shape.rising(), Some(0.25));
        assert_eq!(shape.mean_run(), Some(2.5));
        assert_eq!(shape.digits(), None);
    }

    #[test]
    fn what_has_no_order() {
        let values = vec![f64::NAN, f64::NAN, 1.0, f64::NAN];
        let validity = None;
        let shape = Shape::of(&Array::Float64(PrimitiveArray { validity, values }));
        assert_eq!(
            (shape.rising(), shape.mean_run()),
            (Some(0.0), Some(4.0 / 3.0))
        );
    }

    #[test]
    fn digits_of_text() {
        let text = BytesArray {
            validity: None,
            offsets: vec![0, 2, 5],
            data: "a1é2".into(),
        };
        let shape = Shape::of(&Array::Utf8(text));
        assert_eq!(shape.digits(), Some(0.5));
    }
}
