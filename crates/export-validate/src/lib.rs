//! Rules on data, and reports on what breaks them.
//!
//! Owns: checks of values against rules, and the report on a file's integrity, as text and as data.
//! Needs: batches in order; every check keeps at most a value and a count a column.
//! Never: parses a format, changes data, or decides what happens after a finding.
//!
//! ```
//! use std::sync::Arc;
//! use export_core::marrow::array::{Array, PrimitiveArray};
//! use export_core::marrow::datatypes::{DataType, Field};
//! use export_core::{Batch, Check, Schema};
//! use export_validate::{IntegrityReport, Monotone, Order, run};
//!
//! let step = Field { name: "step".into(), data_type: DataType::UInt32, ..Field::default() };
//! let schema = Arc::new(Schema::new(vec![step])?);
//! let values = Array::UInt32(PrimitiveArray { validity: None, values: vec![1, 2, 2] });
//! let batch = Batch::new(schema, 3, vec![values])?;
//!
//! let mut rules: Vec<Box<dyn Check>> = vec![Box::new(Monotone::new("step", Order::Rising))];
//! let report = IntegrityReport::new("run.xk", run([Ok(batch)], &mut rules)?);
//! assert_eq!(
//!     report.to_string(),
//!     "damage   monotone  column step, row 3  1 value is not greater than the one before\n\
//!      run.xk: damaged\n"
//! );
//! # Ok::<(), export_core::Error>(())
//! ```

mod conforms;
mod monotone;
mod not_null;
mod report;
mod row_count;
#[cfg(feature = "serde")]
mod serialize;

use export_core::{Batch, Check, Finding, Position, Result, Severity};

pub use conforms::Conforms;
pub use monotone::{Monotone, Order};
pub use not_null::NotNull;
pub use report::{IntegrityReport, Verdict};
pub use row_count::RowCount;

/// Shows the batches of one stream, in order, to all checks, and returns what they find.
pub fn run(
    batches: impl IntoIterator<Item = Result<Batch>>,
    checks: &mut [Box<dyn Check>],
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut first_row = 0;
    for batch in batches {
        let batch = batch?;
        for check in checks.iter_mut() {
            check.check(first_row, &batch, &mut findings)?;
        }
        first_row += batch.rows() as u64;
    }
    for check in checks {
        check.finish(&mut findings)?;
    }
    Ok(findings)
}

/// A broken rule in a column, at the first row (from 0) where it is.
fn damage(check: &str, column: &str, row: Option<u64>, text: String) -> Finding {
    Finding {
        severity: Severity::Damage,
        check: check.to_owned(),
        position: Position {
            column: Some(column.to_owned()),
            row: row.map(|row| row.saturating_add(1)),
            ..Position::default()
        },
        text,
    }
}

/// `1 value is`, `2 values are`.
fn values_are(count: u64) -> String {
    if count == 1 {
        "1 value is".to_owned()
    } else {
        format!("{count} values are")
    }
}
