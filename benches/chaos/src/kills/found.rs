//! What is in a recording, beside what was told of it.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use exportkit::Recording;

use super::PUSHERS;
use super::case::{Case, Row, by_serde, number, stream};
use super::told::Told;

/// What was found, all threads and stages together.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) rows: u64,
    pub(super) pushed: u64,
    pub(super) acknowledged: u64,
}

/// Reads the recording, and fails where a row is missing, wrong, twice or out of order.
pub(super) fn found(path: &Path, case: &Case, told: &[Told]) -> Result<Found> {
    let recording = exportkit::open(path)?;
    let mut all = Found::default();
    for thread in 0..PUSHERS {
        let rows = rows(&recording, thread)?;
        let in_stream = || stream(thread);
        let mut rows = rows.iter().peekable();
        for (stage, told) in (0..).zip(told) {
            let told = told.of(thread)?;
            let mut there = 0;
            while let Some(row) = rows.next_if(|row| row.n == number(stage, there)) {
                let expected = Row::new(case.seed, thread, row.n);
                ensure!(
                    *row == expected,
                    "{}: {row:?} was {expected:?}",
                    in_stream()
                );
                there += 1;
            }
            let least = if case.journalled {
                told.pushed
            } else {
                told.acknowledged
            };
            ensure!(
                told.acknowledged <= there,
                "{}: {} rows of stage {stage} were acknowledged, {there} are there",
                in_stream(),
                told.acknowledged
            );
            ensure!(
                least <= there,
                "{}: the push of {least} rows of stage {stage} returned, {there} are there",
                in_stream()
            );
            ensure!(
                there <= told.pushed + 1,
                "{}: {} rows of stage {stage} were pushed, {there} are there",
                in_stream(),
                told.pushed
            );
            all.rows += there;
            all.pushed += told.pushed;
            all.acknowledged += told.acknowledged;
        }
        let next = rows.next().map(|row| row.n);
        ensure!(
            next.is_none(),
            "{}: row {next:?} is out of place",
            in_stream()
        );
    }
    Ok(all)
}

fn rows(recording: &Recording, thread: u64) -> Result<Vec<Row>> {
    let name = stream(thread);
    if !recording
        .streams()
        .iter()
        .any(|stream| *stream.name == *name)
    {
        return Ok(Vec::new());
    }
    let rows = if by_serde(thread) {
        recording
            .read::<Row>(&name)?
            .collect::<Result<Vec<Row>, _>>()
    } else {
        recording.read_records::<Row>(&name)?.collect()
    };
    rows.context(name)
}
