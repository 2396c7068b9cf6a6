//! What several threads bring to encoding and to reading, and what handing work to them costs.
//!
//! ```sh
//! cargo bench -p export-benches --bench parallel -- --quick
//! ```
//!
//! `encode`: chunks of each workload, with choices that are known, in a plain loop and on workers that get them in several ways;
//! whichever way, the chunks come back in order. `mixed` is D1 and D4 by turns, as two streams of a recording are. `read`: the
//! batches of a file that the page cache holds. Wall-clock time is the least of alternating runs, because other work on the machine
//! only adds to it; CPU time is their median. Both are beside those of the loop, or of one thread. `machine` is two threads
//! that share nothing: no way can bring more than they do.

mod encode;
mod read;

use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use export_benches::Workload;
use export_benches::clock::{median, timed};
use export_core::{Batch, Result};

/// What several threads bring, and what they cost
#[derive(Parser)]
struct Arguments {
    /// Rows of D1; a fifth of them of D4
    #[arg(long, default_value_t = 5_000_000)]
    rows: usize,
    /// A fifth of the rows
    #[arg(long)]
    quick: bool,
    /// Timed runs of each way, which alternate
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Measure only these: machine, encode, read
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    only: Vec<String>,
    /// Write the figures here as well
    #[arg(long, value_name = "PATH")]
    csv: Option<PathBuf>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
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

const HEAD: &str = "part,workload,way,threads,wall_ms,cpu_ms,speedup,cpu_ratio";

fn run(arguments: &Arguments) -> Result<()> {
    let rows = arguments.rows / if arguments.quick { 5 } else { 1 };
    let d1 = batches(Workload::HeapEvents, rows)?;
    let d4 = batches(Workload::LineItem, rows / 5)?;
    let mixed = d1.iter().zip(&d4).flat_map(|(a, b)| [a.clone(), b.clone()]);
    let mixed: Vec<Batch> = mixed.collect();
    let wanted =
        |part: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == part);
    let mut table = vec![HEAD.to_owned()];
    if wanted("machine") {
        let one_by_one = || {
            count();
            count();
            Ok(())
        };
        let together = || {
            thread::scope(|scope| drop([(); 2].map(|()| scope.spawn(count))));
            Ok(())
        };
        let ways: [Way<'_>; 2] = [("loop", 1, &one_by_one), ("threads", 2, &together)];
        table.extend(compare("machine", "count", arguments.runs, &ways)?);
    }
    if wanted("encode") {
        for (name, batches) in [("D1", &d1), ("D4", &d4), ("mixed", &mixed)] {
            table.extend(encode::measure(name, batches, arguments.runs)?);
        }
    }
    for (name, batches) in [("D1", &d1), ("D4", &d4)] {
        if wanted("read") {
            table.extend(read::measure(name, batches, arguments.runs)?);
        }
    }
    for line in &table {
        let cells = line.split(',').map(|cell| format!("{cell:>14}"));
        println!("{}", cells.collect::<String>());
    }
    if let Some(path) = &arguments.csv {
        std::fs::write(path, table.join("\n") + "\n")?;
    }
    Ok(())
}

fn batches(workload: Workload, rows: usize) -> Result<Vec<Batch>> {
    let tables = workload.tables(rows, 1)?;
    Ok(tables.into_iter().flat_map(|table| table.batches).collect())
}

/// Work that needs nothing but a processor, for about 50 ms.
fn count() {
    let mut sum = 0_u64;
    for n in 0..50_000_000_u64 {
        sum = black_box(sum.wrapping_add(n));
    }
}

/// A way to do the same work: its name, how many threads do it, and itself.
type Way<'a> = (&'static str, usize, &'a dyn Fn() -> Result<()>);

/// Times the ways by turns; the figures of each are beside those of the first.
fn compare(part: &str, workload: &str, runs: u32, ways: &[Way<'_>]) -> Result<Vec<String>> {
    let mut times = vec![(Vec::new(), Vec::new()); ways.len()];
    for _ in 0..runs {
        for ((_, _, way), (walls, cpus)) in ways.iter().zip(&mut times) {
            let start = Instant::now();
            let (cpu, done) = timed(way);
            walls.push(start.elapsed());
            cpus.push(cpu);
            done?;
        }
    }
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let figures: Vec<(f64, f64)> = times
        .into_iter()
        .map(|(walls, cpus)| {
            let wall = walls.into_iter().min().unwrap_or_default();
            (ms(wall), ms(median(cpus).unwrap_or_default()))
        })
        .collect();
    let Some(&(first_wall, first_cpu)) = figures.first() else {
        return Ok(Vec::new());
    };
    let lines = ways
        .iter()
        .zip(&figures)
        .map(|((way, threads, _), (wall, cpu))| {
            let (speedup, ratio) = (first_wall / wall, cpu / first_cpu);
            format!("{part},{workload},{way},{threads},{wall:.1},{cpu:.1},{speedup:.3},{ratio:.3}")
        });
    Ok(lines.collect())
}
