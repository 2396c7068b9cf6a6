//! What a `push` costs the thread that records: derived rows and, beside them, the same rows by serde.
//!
//! ```sh
//! cargo bench -p export-benches --bench push -- --quick
//! ```
//!
//! `builder` pushes into columns that are thrown away a chunk at a time; `recorder` pushes into a stream whose chunks another
//! thread encodes and writes to a file, with the journal that is usual and without; `read` only looks at the rows, which are out of the cache in all of these; `warm`
//! pushes the same thousand again and again, as a program has the row it has just made. Time is the pushing thread's own CPU
//! time; where it would wait for the encoder it takes none. `image` writes each row that was pushed into memory as well, as a
//! journal does. `paced` pushes a row every 275 ns or so, as fast as the allocations of D1 come, so that the encoder is not the
//! bottleneck, and takes the wall-clock time of every push; what reading the clock takes is measured and subtracted.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use clap::Parser;
use export_benches::clock::{median, thread_time};
use export_benches::measured;
use export_benches::rows::{self, D1Row, D5Row};
use export_core::build::{BatchBuilder, RowBuilder};
use export_core::image::RowImage;
use export_core::record::{Record, RecordBuilder};
use export_core::{Error, Result};
use exportkit::{Durability, RecordOptions, Recorder};
use serde::Serialize;

/// As large as a recorder's.
const CHUNK_BYTES: usize = 4 << 20;
/// Between two looks at the size, where there is no recorder.
const ROWS_BETWEEN_LOOKS: usize = 256;
/// So many rows stay in the cache.
const WARM_ROWS: usize = 1_000;
/// Between two rows of D1.
const GAP: Duration = Duration::from_nanos(275);

/// What a push costs the thread that records
#[derive(Parser)]
struct Arguments {
    /// Rows of D1; a fifth of them of D5
    #[arg(long, default_value_t = 5_000_000)]
    rows: usize,
    /// A tenth of the rows
    #[arg(long)]
    quick: bool,
    /// Timed runs of each, which alternate
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Measure only what has this in its name, such as "D1 builder"
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "NAME"
    )]
    only: String,
    /// Write the figures here as well
    #[arg(long, value_name = "PATH")]
    csv: Option<PathBuf>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    fn wants(&self, workload: &str, path: &str) -> bool {
        format!("{workload} {path}").contains(&self.only)
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One line of the table.
struct Figures {
    workload: &'static str,
    path: &'static str,
    ns: f64,
    allocations: f64,
    /// Of the paced pushes, in ns.
    percentiles: Option<[u64; 4]>,
}

const HEAD: &str = "workload,path,ns_per_push,allocations_per_row,p50_ns,p99_ns,p999_ns,max_ns";

impl Figures {
    fn line(&self) -> String {
        let percentiles = match self.percentiles {
            Some([p50, p99, p999, max]) => format!("{p50},{p99},{p999},{max}"),
            None => ",,,".to_owned(),
        };
        let Self {
            workload,
            path,
            ns,
            allocations,
            ..
        } = self;
        format!("{workload},{path},{ns:.1},{allocations:.5},{percentiles}")
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let count = arguments.rows / if arguments.quick { 10 } else { 1 };
    let directory = tempfile::tempdir()?;
    let (d1, d5) = (rows::d1(count, 1), rows::d5(count / 5, 1));
    let mut figures = pushed("D1", &d1, look_d1, arguments, directory.path())?;
    figures.extend(pushed("D5", &d5, look_d5, arguments, directory.path())?);
    figures.extend(paced("D1", &d1, arguments, directory.path())?);
    figures.extend(paced("D5", &d5, arguments, directory.path())?);

    let table: Vec<String> = std::iter::once(HEAD.to_owned())
        .chain(figures.iter().map(Figures::line))
        .collect();
    for line in &table {
        println!(
            "{}",
            line.split(',')
                .map(|cell| format!("{cell:>22}"))
                .collect::<String>()
        );
    }
    if let Some(path) = &arguments.csv {
        std::fs::write(path, table.join("\n") + "\n")?;
    }
    tell(&figures)
}

/// What T12 is about, for `cargo xtask bench`.
fn tell(figures: &[Figures]) -> Result<()> {
    let mut told = measured::Figures::new("push")?;
    let mut figure = |subject, what, value, unit| {
        told.figure(&measured::Figure {
            target: "T12",
            subject,
            what,
            value,
            unit,
        })
    };
    for of in figures {
        let subject = || format!("{} {}", of.workload, of.path);
        match of.percentiles {
            None => {
                figure(subject(), "ns a push", of.ns, "ns")?;
                figure(subject(), "allocations a row", of.allocations, "")?;
            }
            Some([p50, p99, p999, _]) => {
                for (what, ns) in [
                    ("p50 of a push", p50),
                    ("p99 of a push", p99),
                    ("p99.9 of a push", p999),
                ] {
                    figure(subject(), what, ns as f64 / 1e3, "µs")?;
                }
            }
        }
    }
    Ok(())
}

/// One way to push all rows.
type Way<'a> = (&'static str, &'a dyn Fn() -> Result<Duration>);

/// Rows one after the other.
fn pushed<T>(
    workload: &'static str,
    rows: &[T],
    look: fn(&T) -> u64,
    arguments: &Arguments,
    directory: &Path,
) -> Result<Vec<Figures>>
where
    T: Record + Serialize,
{
    // As a program has the row it has just made.
    let warm = || rows.iter().take(WARM_ROWS).cycle().take(rows.len());
    let all: [Way<'_>; 16] = [
        ("read", &|| {
            Ok(thread_time(|| {
                std::hint::black_box(rows.iter().map(look).fold(0, u64::wrapping_add))
            })
            .0)
        }),
        ("builder derived", &|| {
            build(
                rows.iter(),
                RecordBuilder::<T>::new(),
                RecordBuilder::push,
                nothing,
            )
        }),
        ("builder derived image", &|| {
            let mut images = Images::new();
            let then = |rows: &mut RecordBuilder<T>, row: &T| images.keep_of(rows, row);
            build(rows.iter(), RecordBuilder::new(), RecordBuilder::push, then)
        }),
        ("builder derived warm", &|| {
            build(
                warm(),
                RecordBuilder::<T>::new(),
                RecordBuilder::push,
                nothing,
            )
        }),
        ("builder derived warm image", &|| {
            let mut images = Images::new();
            let then = |rows: &mut RecordBuilder<T>, row: &T| images.keep_of(rows, row);
            build(warm(), RecordBuilder::new(), RecordBuilder::push, then)
        }),
        ("builder serde", &|| {
            build(
                rows.iter(),
                RowBuilder::new(),
                export_core::rows::push,
                nothing,
            )
        }),
        ("builder serde warm", &|| {
            build(warm(), RowBuilder::new(), export_core::rows::push, nothing)
        }),
        ("builder serde warm image", &|| {
            let mut images = Images::new();
            let then = |rows: &mut RowBuilder, _: &T| images.keep(rows);
            build(warm(), RowBuilder::new(), export_core::rows::push, then)
        }),
        ("recorder derived", &|| {
            derived(directory, FLUSH, rows.iter())
        }),
        ("recorder derived, no journal", &|| {
            derived(directory, NONE, rows.iter())
        }),
        ("recorder derived warm", &|| {
            derived(directory, FLUSH, warm())
        }),
        ("recorder derived warm, no journal", &|| {
            derived(directory, NONE, warm())
        }),
        ("recorder serde", &|| serde(directory, FLUSH, rows.iter())),
        ("recorder serde, no journal", &|| {
            serde(directory, NONE, rows.iter())
        }),
        ("recorder serde warm", &|| serde(directory, FLUSH, warm())),
        ("recorder serde warm, no journal", &|| {
            serde(directory, NONE, warm())
        }),
    ];
    let ways: Vec<Way<'_>> = all
        .into_iter()
        .filter(|(path, _)| arguments.wants(workload, path))
        .collect();
    let mut times = vec![Vec::new(); ways.len()];
    let mut allocations = vec![0; ways.len()];
    for _ in 0..arguments.runs {
        for (((_, way), times), allocations) in ways.iter().zip(&mut times).zip(&mut allocations) {
            let mut result = Ok(Duration::ZERO);
            *allocations = measure(|| result = way()).count_total;
            times.push(result?);
        }
    }
    let per_row = |total: f64| total / rows.len() as f64;
    let figures = ways.iter().zip(times).zip(allocations);
    Ok(figures
        .map(|(((path, _), times), allocations)| Figures {
            workload,
            path,
            ns: per_row(median(times).unwrap_or_default().as_nanos() as f64),
            allocations: per_row(allocations as f64),
            percentiles: None,
        })
        .collect())
}

fn look_d1(row: &D1Row) -> u64 {
    row.timestamp ^ row.lifetime.unwrap_or(1)
}

fn look_d5(row: &D5Row) -> u64 {
    [&row.level, &row.module, &row.message, &row.request_id]
        .into_iter()
        .chain(&row.user)
        .map(|text| text.bytes().next().unwrap_or_default())
        .map(u64::from)
        .sum()
}

/// Pushes all rows, each of which `then` may look at.
fn build<'a, T: 'a, B: BatchBuilder>(
    rows: impl Iterator<Item = &'a T>,
    mut builder: B,
    push: impl Fn(&mut B, &T) -> Result<()>,
    mut then: impl FnMut(&mut B, &T),
) -> Result<Duration> {
    let (time, pushed) = thread_time(|| {
        for (at, row) in rows.enumerate() {
            push(&mut builder, row)?;
            then(&mut builder, row);
            if at % ROWS_BETWEEN_LOOKS == 0 && builder.memory_bytes() >= CHUNK_BYTES {
                std::hint::black_box(builder.take_batch()?);
            }
        }
        Ok::<(), Error>(())
    });
    pushed.map(|()| time)
}

fn nothing<T, B>(_builder: &mut B, _row: &T) {}

/// Where a journal would keep the rows that are in no chunk yet.
struct Images {
    space: Vec<u8>,
    used: usize,
}

impl Images {
    fn new() -> Self {
        Self {
            space: vec![0; CHUNK_BYTES],
            used: 0,
        }
    }

    #[inline]
    fn keep(&mut self, rows: &mut impl BatchBuilder) {
        self.write(|image| rows.image_last(image));
        std::hint::black_box(rows.image_shape());
    }

    #[inline]
    fn keep_of<T: Record>(&mut self, rows: &mut RecordBuilder<T>, row: &T) {
        self.write(|image| rows.image_of(row, image));
    }

    #[inline]
    fn write(&mut self, write: impl FnOnce(&mut RowImage<'_>)) {
        let room = self.space.get_mut(self.used..).unwrap_or_default();
        let mut image = RowImage::new(room);
        write(&mut image);
        match image.written() {
            Some(bytes) => self.used += bytes,
            None => self.used = 0,
        }
    }
}

/// With a journal, as is usual.
const FLUSH: Durability = Durability::Flush;
/// Without.
const NONE: Durability = Durability::None;

fn recorder(directory: &Path, durability: Durability) -> Result<Recorder> {
    let options = RecordOptions {
        overwrite: true,
        durability,
        ..RecordOptions::default()
    };
    Recorder::create_with(directory.join("push.xk"), options)
}

fn derived<'a, T: Record + 'a>(
    directory: &Path,
    durability: Durability,
    mut rows: impl Iterator<Item = &'a T>,
) -> Result<Duration> {
    let mut stream = recorder(directory, durability)?.records::<T>("rows")?;
    let (time, pushed) = thread_time(|| rows.try_for_each(|row| stream.push(row)));
    pushed.and_then(|()| stream.finish()).map(|_| time)
}

fn serde<'a, T: Serialize + 'a>(
    directory: &Path,
    durability: Durability,
    mut rows: impl Iterator<Item = &'a T>,
) -> Result<Duration> {
    let mut stream = recorder(directory, durability)?.stream::<T>("rows")?;
    let (time, pushed) = thread_time(|| rows.try_for_each(|row| stream.push(row)));
    pushed.and_then(|()| stream.finish()).map(|_| time)
}

/// Each push on its own, at the pace of a program.
fn paced<T: Record>(
    workload: &'static str,
    rows: &[T],
    arguments: &Arguments,
    directory: &Path,
) -> Result<Option<Figures>> {
    let path = "paced derived";
    if !arguments.wants(workload, path) {
        return Ok(None);
    }
    let clock = least((0..10_000).map(|_| Instant::now().elapsed()));
    let mut stream = recorder(directory, FLUSH)?.records::<T>("rows")?;
    let mut times = Vec::with_capacity(rows.len());
    let mut next = Instant::now();
    for row in rows {
        while Instant::now() < next {}
        let start = Instant::now();
        stream.push(row)?;
        let took = start.elapsed();
        times.push(took.saturating_sub(clock));
        // After a pause, the rows that it held up come at once.
        next += GAP;
    }
    stream.finish()?;
    let total: Duration = times.iter().sum();
    times.sort_unstable();
    // So many of a thousand are less.
    let at = |part: usize| {
        let at = times.len() * part / 1_000;
        let time = times.get(at.min(times.len().saturating_sub(1)));
        time.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    };
    Ok(Some(Figures {
        workload,
        path,
        ns: total.as_nanos() as f64 / rows.len() as f64,
        allocations: 0.0,
        percentiles: Some([at(500), at(990), at(999), at(1_000)]),
    }))
}

fn least(times: impl Iterator<Item = Duration>) -> Duration {
    times.min().unwrap_or_default()
}
