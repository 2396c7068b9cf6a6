//! R1, R2, R3 and R10: files that are cut, flipped, overwritten, and repaired.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, bail};
use export_benches::Random;

use crate::Arguments;
use crate::injury::Injury;
use crate::outcome::{Outcome, Size};
use crate::patient::Patient;
use crate::reading::{self, Care, Verdict};
use crate::repaired;
use crate::sample::{self, Length, Sample, samples};

/// One case in so many reads and decodes every chunk, also those that nothing can have changed.
const THOROUGH: usize = 61;

/// Which injuries of a kind a file gets.
#[derive(Debug, Clone, Copy)]
enum Share {
    All,
    Random(u64),
}

/// Kinds of injury.
#[derive(Debug, Clone, Copy)]
enum Hurt {
    Cut,
    Flip,
    Sectors,
}

impl Hurt {
    /// How many there are for a file; sectors have no end.
    fn count(self, sample: &Sample) -> usize {
        match self {
            Self::Cut => sample.bytes.len(),
            Self::Flip => sample.bytes.len() * 8,
            Self::Sectors => usize::MAX,
        }
    }

    fn injury(self, number: usize) -> Injury {
        match self {
            Self::Cut => Injury::Cut(number),
            Self::Flip => Injury::Flip(number),
            Self::Sectors => Injury::Sectors(number as u64),
        }
    }
}

/// How files of a length are hurt in a row.
#[derive(Debug, Clone, Copy)]
struct Plan {
    length: Length,
    hurt: Hurt,
    share: Share,
    /// Only one file a kind of stream.
    few: bool,
}

const fn plan(length: Length, hurt: Hurt, share: Share) -> Plan {
    Plan {
        length,
        hurt,
        share,
        few: false,
    }
}

const fn few(plan: Plan) -> Plan {
    Plan { few: true, ..plan }
}

/// R1.
pub(crate) fn cuts(arguments: &Arguments) -> Result<Vec<Outcome>> {
    use Hurt::Cut;
    use Length::{Long, Short};
    use Share::{All, Random};
    let plans = match arguments.size {
        Size::Quick => vec![plan(Short, Cut, Random(300)), plan(Long, Cut, Random(50))],
        Size::Ci => vec![plan(Short, Cut, Random(300)), plan(Long, Cut, Random(50))],
        Size::Full => vec![
            plan(Short, Cut, All),
            few(plan(Long, Cut, All)),
            plan(Long, Cut, Random(1_000)),
        ],
    };
    run(arguments, "cut at a byte", &plans, Check::Reading)
}

/// R2.
pub(crate) fn flips(arguments: &Arguments) -> Result<Vec<Outcome>> {
    use Hurt::Flip;
    use Length::{Long, Short};
    use Share::{All, Random};
    let plans = match arguments.size {
        Size::Quick => vec![
            plan(Short, Flip, Random(2_000)),
            plan(Long, Flip, Random(100)),
        ],
        Size::Ci => vec![
            plan(Short, Flip, Random(2_000)),
            plan(Long, Flip, Random(100)),
        ],
        Size::Full => vec![
            plan(Short, Flip, All),
            few(plan(Long, Flip, All)),
            plan(Long, Flip, Random(5_000)),
        ],
    };
    run(arguments, "a bit flipped", &plans, Check::Reading)
}

/// R3.
pub(crate) fn sectors(arguments: &Arguments) -> Result<Vec<Outcome>> {
    use Hurt::Sectors;
    use Length::{Long, Short};
    use Share::Random;
    let plans = match arguments.size {
        Size::Quick => vec![
            plan(Short, Sectors, Random(40)),
            plan(Long, Sectors, Random(20)),
        ],
        Size::Ci => vec![
            plan(Short, Sectors, Random(40)),
            plan(Long, Sectors, Random(20)),
        ],
        Size::Full => vec![
            plan(Short, Sectors, Random(200)),
            plan(Long, Sectors, Random(300)),
        ],
    };
    let injected = "sectors zeroed, swapped, doubled, stale; frames dropped, doubled, swapped";
    run(arguments, injected, &plans, Check::Reading)
}

/// R10.
pub(crate) fn repairs(arguments: &Arguments) -> Result<Vec<Outcome>> {
    use Hurt::{Cut, Flip, Sectors};
    use Length::{Long, Short};
    use Share::{All, Random};
    let plans = match arguments.size {
        Size::Quick => vec![
            plan(Short, Cut, Random(300)),
            plan(Short, Flip, Random(1_000)),
            plan(Short, Sectors, Random(20)),
            plan(Long, Sectors, Random(10)),
        ],
        Size::Ci => vec![
            plan(Short, Cut, Random(100)),
            plan(Short, Flip, Random(300)),
            plan(Short, Sectors, Random(20)),
            plan(Long, Cut, Random(10)),
            plan(Long, Flip, Random(20)),
            plan(Long, Sectors, Random(20)),
        ],
        Size::Full => vec![
            plan(Short, Cut, All),
            plan(Short, Flip, All),
            plan(Short, Sectors, Random(200)),
            plan(Long, Cut, Random(100)),
            plan(Long, Flip, Random(300)),
            plan(Long, Sectors, Random(300)),
        ],
    };
    run(arguments, "repair of all that", &plans, Check::Repair)
}

/// What is done with a hurt file.
#[derive(Debug, Clone, Copy)]
enum Check {
    Reading,
    Repair,
}

impl Check {
    fn judge(self, patient: &Patient<'_>, injury: Injury, care: Care) -> Result<Verdict> {
        let truth = patient.hurt(injury)?;
        let verdict = match self {
            Self::Reading => reading::judge(patient, &truth, care),
            Self::Repair => repaired::judge(patient, injury, &truth),
        };
        patient.heal(injury)?;
        Ok(verdict)
    }
}

fn run(
    arguments: &Arguments,
    injected: &str,
    plans: &[Plan],
    check: Check,
) -> Result<Vec<Outcome>> {
    let mut total = Outcome {
        subject: "exportkit".into(),
        injected: injected.into(),
        ..Outcome::default()
    };
    if let Some(case) = arguments.case {
        return again(arguments, case, check);
    }
    for length in [Length::Short, Length::Long] {
        let plans: Vec<&Plan> = plans.iter().filter(|plan| plan.length == length).collect();
        let samples = samples(length, arguments.size, arguments.file.as_deref())?;
        total.count("files", samples.len() as u64);
        let next = AtomicUsize::new(0);
        let sum = Mutex::new(&mut total);
        let work = || -> Result<()> {
            while let Some(sample) = samples.get(next.fetch_add(1, Ordering::Relaxed)) {
                let first_of_kind = samples
                    .iter()
                    .find(|other| kind_of(other) == kind_of(sample))
                    .is_some_and(|first| first.name == sample.name);
                let mine = plans.iter().filter(|plan| !plan.few || first_of_kind);
                let outcome = cases(arguments, sample, mine.copied(), check)?;
                if let Ok(mut sum) = sum.lock() {
                    sum.add(outcome);
                }
            }
            Ok(())
        };
        let threads = arguments
            .threads
            .unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers
                .into_iter()
                .try_for_each(|worker| worker.join().ok().context("a worker panics")?)
        })?;
    }
    if total.cases == 0 {
        bail!("there is no file of that name");
    }
    if arguments.size == Size::Full && arguments.file.is_none() {
        let missing = sample::missing()?;
        if !missing.is_empty() {
            bail!("no file has {}", missing.join(", "));
        }
    }
    Ok(vec![total])
}

fn kind_of(sample: &Sample) -> &str {
    sample.name.split('/').next().unwrap_or_default()
}

/// All cases of one file.
fn cases<'p>(
    arguments: &Arguments,
    sample: &Sample,
    plans: impl Iterator<Item = &'p Plan>,
    check: Check,
) -> Result<Outcome> {
    let patient = Patient::new(sample);
    let mut outcome = Outcome::default();
    for plan in plans {
        let count = plan.hurt.count(sample);
        let mut random = Random::new(arguments.seed ^ xxh(&sample.name));
        let mut one = |number: usize| -> Result<()> {
            let injury = plan.hurt.injury(number);
            let care = if number.is_multiple_of(THOROUGH) {
                Care::Thorough
            } else {
                Care::Usual
            };
            let verdict = check.judge(&patient, injury, care)?;
            outcome.note(&sample.name, injury, verdict);
            Ok(())
        };
        match plan.share {
            Share::All => (0..count).try_for_each(&mut one)?,
            Share::Random(cases) => {
                (0..cases).try_for_each(|_| one(random.index(count)))?;
            }
        }
    }
    Ok(outcome)
}

/// The seed of a file's random cases: its own, whichever files are run.
fn xxh(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

/// One case again, on the files of that name.
fn again(arguments: &Arguments, injury: Injury, check: Check) -> Result<Vec<Outcome>> {
    let mut outcome = Outcome {
        subject: "exportkit".into(),
        injected: injury.to_string(),
        ..Outcome::default()
    };
    for length in [Length::Short, Length::Long] {
        for sample in samples(length, Size::Full, arguments.file.as_deref())? {
            if let Some(directory) = &arguments.keep {
                keep(sample, injury, directory)?;
            }
            let verdict = check.judge(&Patient::new(sample), injury, Care::Thorough)?;
            eprintln!("{} {injury}: {verdict:?}", sample.name);
            outcome.note(&sample.name, injury, verdict);
        }
    }
    Ok(vec![outcome])
}

/// Leaves a case to be looked at.
fn keep(sample: &Sample, injury: Injury, directory: &Path) -> Result<()> {
    let patient = Patient::new(sample);
    patient.hurt(injury)?;
    fs::write(directory.join("well.xk"), &sample.bytes)?;
    fs::write(directory.join("stale.xk"), &*sample.stale)?;
    fs::write(directory.join("hurt.xk"), patient.bytes())?;
    Ok(())
}

impl Outcome {
    fn note(&mut self, sample: &str, injury: Injury, verdict: Verdict) {
        let counts: BTreeMap<&'static str, u64> = BTreeMap::from([
            ("panics", verdict.panicked.into()),
            ("chunks lost", verdict.lost),
            ("harmless", (!verdict.detected && verdict.lost == 0).into()),
        ]);
        counts
            .into_iter()
            .for_each(|(what, count)| self.count(what, count));
        self.peak("peak bytes", verdict.peak_bytes);
        self.take(
            verdict
                .failure
                .map(|text| format!("--file {sample} --case {injury}: {text}")),
        );
    }
}
