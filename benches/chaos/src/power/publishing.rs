//! Real programs on a directory that loses power: outputs appear whole or not at all, recordings keep what was acknowledged.

use std::path::Path;

use anyhow::{Context, Result};
use export_benches::Random;

use super::directory::History;
use crate::calls::subjects;
use crate::cases::{some_of, try_all};
use crate::outcome::Outcome;
use crate::subject::Subject;

/// Cuts the power at each call of each program that touches its directory, `seeds` times.
pub(super) fn cut_each(home: &Path, seeds: u64, most: usize, outcome: Outcome) -> Result<Outcome> {
    let mut outcome = outcome;
    let subjects = subjects(home)?;
    let mut histories = Vec::new();
    // With threads of its own it is not told in which order calls took effect.
    for subject in subjects
        .iter()
        .filter(|subject| !subject.name.contains("threads"))
    {
        let directory = tempfile::tempdir_in(home)?;
        let place = directory.path().canonicalize()?;
        let (_, calls) = subject.trace(&place)?;
        histories.push((subject, History::new(&place, &calls, &subject.inputs)?));
    }
    let mut cases = Vec::new();
    for (subject, history) in &histories {
        outcome.count("calls of programs", history.len() as u64);
        let deeds = 0..=history.len();
        cases
            .extend(deeds.flat_map(|at| (0..seeds).map(move |seed| (*subject, history, at, seed))));
    }
    let chosen = some_of(&cases, most, 0);
    let name = |(subject, _, at, seed): &&(&Subject, &History, usize, u64)| {
        format!(
            "{}, cut at call {at} of its directory, seed {seed}",
            subject.name
        )
    };
    Ok(try_all(
        &chosen,
        outcome,
        name,
        |(subject, history, at, seed)| cut(subject, history, *at, *seed).map(Some),
    ))
}

fn cut(subject: &Subject, history: &History, at: usize, seed: u64) -> Result<&'static str> {
    let mut random = Random::new(seed ^ (at as u64).rotate_left(32));
    let found = history.cut(at)?.after_power_loss(&mut random)?;
    for (name, bytes) in subject
        .inputs
        .iter()
        .filter(|(name, _)| *name != subject.output)
    {
        let kept = found.files.get(*name) == Some(bytes);
        kept.then_some(())
            .with_context(|| format!("{name} was changed"))?;
    }
    let output = found.files.get(subject.output).map(Vec::as_slice);
    subject.judge_found(output, &found.said, at >= history.len())?;
    Ok("programs cut")
}
