//! What every [`Check`] promises.

use super::promise;
use crate::{Batch, Check, Finding, Result};

/// Finds the same however the rows are cut into batches, under one name, and in rows that are there.
pub fn check(make: impl Fn() -> Box<dyn Check>, batch: &Batch) -> Result<()> {
    let whole = run(&mut *make(), batch, batch.rows().max(1))?;
    for rows in [1, 3] {
        let parts = run(&mut *make(), batch, rows)?;
        promise(parts == whole, || {
            format!("batches of {rows} rows lead to {parts:?} instead of {whole:?}")
        })?;
    }
    Ok(())
}

fn run(check: &mut dyn Check, batch: &Batch, rows: usize) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut at = 0;
    loop {
        let count = rows.min(batch.rows() - at);
        let first_row = u64::try_from(at).unwrap_or(u64::MAX);
        check.check(first_row, &batch.slice(at, count)?, &mut findings)?;
        at += count;
        if at == batch.rows() {
            break;
        }
    }
    check.finish(&mut findings)?;
    let name = check.name().to_owned();
    promise(!name.is_empty(), || "the check has no name".into())?;
    let last = u64::try_from(batch.rows()).unwrap_or(u64::MAX);
    for finding in &findings {
        promise(finding.check == name, || {
            format!("{name} reports as {}", finding.check)
        })?;
        let text = !finding.text.is_empty() && !finding.text.ends_with('.');
        promise(text, || format!("{name} says {:?}", finding.text))?;
        let there = finding
            .position
            .row
            .is_none_or(|row| (1..=last).contains(&row));
        promise(there, || {
            format!("{name} names a row that is not there: {finding:?}")
        })?;
    }
    Ok(findings)
}
