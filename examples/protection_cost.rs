//! What seals and encryption cost: writes and reads the same rows with each, on one thread and in memory, and prints the
//! processor's time.
//!
//! `cargo run --release -p exportkit --no-default-features --features crypt,derive --example protection_cost`
#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a program that measures; its numbers are small"
)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use export_container::MemoryStorage;
use exportkit::{
    Access, Batch, BatchOptions, Cancel, ConvertOptions, Key, Limits, Progress, Protection, Record,
    Result, Secret, StreamBatch, container_sink, open_storage, record::RecordBuilder,
};
use rustix::time::{ClockId, clock_gettime};

const BATCHES: u64 = 40;
const ROWS: u64 = 100_000;
const ROUNDS: usize = 7;

/// Random enough that the file is not all zeros, regular enough to compress as such rows do.
#[derive(Record)]
struct Step {
    at_ns: u64,
    voltage: f64,
    neuron: u32,
    spikes: u16,
    state: &'static str,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() -> Result<()> {
    let key: Arc<dyn Secret> = Arc::new(Key::generate()?);
    let (encrypt, seal) = (Some(Arc::clone(&key)), Some(key));
    let ways = [
        ("none", Protection::default()),
        (
            "sealed",
            Protection {
                encrypt: None,
                seal: seal.clone(),
            },
        ),
        (
            "encrypted",
            Protection {
                encrypt: encrypt.clone(),
                seal: None,
            },
        ),
        ("both", Protection { encrypt, seal }),
    ];
    let batches = batches()?;
    let raw_bytes: usize = batches.iter().map(Batch::memory_bytes).sum();
    let mut best = [[Duration::MAX; 4]; 4];
    let mut stored_bytes = [0; 4];
    for _ in 0..ROUNDS {
        for (at, (_, protection)) in ways.iter().enumerate() {
            let (bytes, write) = timed(|| written(&batches, protection))?;
            stored_bytes[at] = bytes.len();
            let storage = Arc::new(MemoryStorage::new(bytes));
            let access = Access {
                limits: Limits::default(),
                keys: protection.keys(),
            };
            let (rows, read) = timed(|| rows_in(&storage, &access, None))?;
            assert_eq!(rows, BATCHES * ROWS);
            let column = [String::from("voltage")];
            let (rows, one) = timed(|| rows_in(&storage, &access, Some(&column)))?;
            assert_eq!(rows, BATCHES * ROWS);
            let (_, check) = timed(|| {
                let storage = Arc::clone(&storage);
                let report = export_container::verify_seals(
                    storage,
                    &access,
                    &Progress::new(),
                    &Cancel::new(),
                );
                // Without a key there is nothing to look at.
                Ok(report.is_ok_and(|report| report.is_intact()))
            })?;
            for (best, now) in best[at].iter_mut().zip([write, read, one, check]) {
                *best = now.min(*best);
            }
        }
    }
    println!(
        "{} rows, {:.1} MiB in memory",
        BATCHES * ROWS,
        mib(raw_bytes)
    );
    println!(
        "| | MiB | write | read | read one column | verify the seals |\n|---|---|---|---|---|---|"
    );
    for (at, (name, protection)) in ways.iter().enumerate() {
        let [write, read, one, check] =
            best[at].map(|time| format!("{:.0} ms", time.as_secs_f64() * 1e3));
        let check = if protection.seal.is_some() {
            check
        } else {
            String::from("–")
        };
        println!(
            "| {name} | {:.2} | {write} | {read} | {one} | {check} |",
            mib(stored_bytes[at])
        );
    }
    Ok(())
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let start = now();
    let done = work()?;
    Ok((done, now() - start))
}

fn batches() -> Result<Vec<Batch>> {
    let states = ["resting", "rising", "falling", "refractory"];
    let batch = |number: u64| {
        let mut builder = RecordBuilder::<Step>::new();
        for row in number * ROWS..(number + 1) * ROWS {
            let noise = row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
            builder.push(&Step {
                at_ns: row * 1_000 + noise % 300,
                voltage: -65.0 + (noise as f64) * 1e-6 + (row % 100) as f64 / 7.0,
                neuron: (noise % 5_000) as u32,
                spikes: (noise % 17) as u16,
                state: states[(noise % 4) as usize],
            })?;
        }
        export_core::build::BatchBuilder::take_batch(&mut builder)
    };
    (0..BATCHES).map(batch).collect()
}

fn written(batches: &[Batch], protection: &Protection) -> Result<Vec<u8>> {
    let out = Shared::default();
    let options = ConvertOptions {
        protection: protection.clone(),
        threads: Some(0),
        ..ConvertOptions::default()
    };
    let mut sink = container_sink(Box::new(out.clone()), &options)?;
    for batch in batches {
        let stream = Arc::from("steps");
        sink.write(StreamBatch {
            stream,
            batch: batch.clone(),
        })?;
    }
    sink.finish(&Default::default())?;
    let bytes = std::mem::take(&mut *out.0.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(bytes)
}

fn rows_in(
    storage: &Arc<MemoryStorage>,
    access: &Access,
    columns: Option<&[String]>,
) -> Result<u64> {
    let options = BatchOptions {
        columns: columns.map(<[String]>::to_vec),
        threads: Some(1),
        ..BatchOptions::default()
    };
    let storage = Arc::clone(storage);
    let mut rows = 0;
    for batch in open_storage(storage, "memory", access)?.batches_with("steps", &options)? {
        rows += batch?.rows() as u64;
    }
    Ok(rows)
}
