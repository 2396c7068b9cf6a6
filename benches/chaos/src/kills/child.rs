//! The process that is killed.

use std::io::Write;
use std::path::Path;
use std::thread;

use anyhow::{Result, bail};
use export_benches::Random;
use exportkit::Recorder;

use super::PUSHERS;
use super::case::{Case, End, RECORDING, Row, by_serde, number, stream};
use super::told::Teller;

/// Records until it is killed, or ends itself.
pub(super) fn record(directory: &Path, case: &Case, stage: u64) -> Result<()> {
    let path = directory.join(RECORDING);
    let recorder = if stage == 0 {
        let recorder = Recorder::create_with(&path, case.options())?;
        ready()?;
        recorder
    } else {
        // Killed while it completes what the one before left, too.
        ready()?;
        Recorder::append_with(&path, case.options())?
    };
    let mut pushers = Vec::new();
    for thread in 0..PUSHERS {
        let mut pusher = Pusher {
            seed: case.seed,
            thread,
            stage,
            random: Random::new(case.seed ^ thread << 48 ^ stage << 40),
            teller: Teller::open(directory, stage, thread)?,
        };
        let (name, options) = (stream(thread), Case::new(case.seed));
        let started = if by_serde(thread) {
            let mut rows = recorder.stream::<Row>(&name)?;
            thread::spawn(move || {
                pusher.push_all(&options, |row| match row {
                    Some(row) => rows.push(row),
                    None => rows.sync(),
                })
            })
        } else {
            let mut rows = recorder.records::<Row>(&name)?;
            thread::spawn(move || {
                pusher.push_all(&options, |row| match row {
                    Some(row) => rows.push(row),
                    None => rows.sync(),
                })
            })
        };
        pushers.push(started);
    }
    // The first one ends first, if any does.
    if let Some(pusher) = pushers.into_iter().next() {
        match pusher.join() {
            Ok(Err(error)) => bail!("a push failed: {error:#}"),
            Ok(Ok(never)) => match never {},
            Err(_) => std::process::exit(101),
        }
    }
    Ok(())
}

fn ready() -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(b"ready\n")?;
    Ok(out.flush()?)
}

/// One that pushes for ever.
enum Never {}

struct Pusher {
    seed: u64,
    thread: u64,
    stage: u64,
    random: Random,
    teller: Teller,
}

impl Pusher {
    /// Pushes rows by `act`, and syncs by it where it gives none.
    fn push_all(
        &mut self,
        case: &Case,
        mut act: impl FnMut(Option<&Row>) -> exportkit::Result<()>,
    ) -> Result<Never> {
        let mut pushed = 0;
        loop {
            if self.thread == 0 && pushed == case.last {
                match case.end {
                    End::Kill => {}
                    End::Abort => std::process::abort(),
                    #[expect(clippy::panic, reason = "what a panic leaves is to be seen")]
                    End::Panic => panic!("as the case wants"),
                }
            }
            act(Some(&Row::new(
                self.seed,
                self.thread,
                number(self.stage, pushed),
            )))?;
            pushed += 1;
            self.teller.pushed(pushed)?;
            // Some never sync, so that their rows live in memory for long.
            if self.thread.is_multiple_of(2) && self.random.below(case.pushes_a_sync) == 0 {
                act(None)?;
                self.teller.acknowledged(pushed)?;
            }
            if pushed.is_multiple_of(case.burst) {
                thread::sleep(case.pause);
            }
        }
    }
}
