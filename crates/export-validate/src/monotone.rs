//! A column whose values rise or fall.

use std::cmp::Ordering;

use export_core::marrow::array::Array;
use export_core::value::{Value, compare, value};
use export_core::{Batch, Check, Finding, Result, array};

use crate::not_null::find;
use crate::{damage, values_are};

const NAME: &str = "monotone";

/// How each value stands to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Greater.
    Rising,
    /// Greater or equal.
    NotFalling,
    /// Less.
    Falling,
    /// Less or equal.
    NotRising,
}

impl Order {
    fn allows(self, ordering: Ordering) -> bool {
        match self {
            Self::Rising => ordering.is_gt(),
            Self::NotFalling => ordering.is_ge(),
            Self::Falling => ordering.is_lt(),
            Self::NotRising => ordering.is_le(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Rising => "greater than",
            Self::NotFalling => "at least",
            Self::Falling => "less than",
            Self::NotRising => "at most",
        }
    }
}

/// A column whose values rise or fall. Nulls are left out; values that cannot be compared with the one before (NaNs, lists)
/// break the rule. Reports how many break it and the first of them.
#[derive(Debug, Clone)]
pub struct Monotone {
    column: String,
    order: Order,
    /// The value before, as an array of one slot.
    last: Option<Array>,
    broken: u64,
    first: u64,
}

impl Monotone {
    /// A check of one column.
    pub fn new(column: impl Into<String>, order: Order) -> Self {
        Self {
            column: column.into(),
            order,
            last: None,
            broken: 0,
            first: 0,
        }
    }
}

impl Check for Monotone {
    fn name(&self) -> &str {
        NAME
    }

    fn check(&mut self, first_row: u64, batch: &Batch, _: &mut Vec<Finding>) -> Result<()> {
        let column = find(batch, &self.column)?;
        let before = self.last.take();
        let mut last = before.as_ref().map(|array| value(array, 0));
        let mut last_row = None;
        for row in 0..batch.rows() {
            let value = value(column, row);
            if matches!(value, Value::Null) {
                continue;
            }
            if let Some(last) = last
                && !compare(&value, &last).is_some_and(|ordering| self.order.allows(ordering))
            {
                if self.broken == 0 {
                    self.first = first_row.saturating_add(row as u64);
                }
                self.broken = self.broken.saturating_add(1);
            }
            (last, last_row) = (Some(value), Some(row));
        }
        self.last = match last_row {
            Some(row) => Some(array::slice(column, row, 1)?),
            None => before,
        };
        Ok(())
    }

    fn finish(&mut self, findings: &mut Vec<Finding>) -> Result<()> {
        if self.broken > 0 {
            let (are, words) = (values_are(self.broken), self.order.words());
            let text = format!("{are} not {words} the one before");
            findings.push(damage(NAME, &self.column, Some(self.first), text));
        }
        Ok(())
    }
}
