//! What seals and encryption cost while a file is written, read and verified, beside the same file without.
//!
//! ```sh
//! cargo bench -p export-benches --bench protection -- --quick
//! ```

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use export_benches::clock::{median, timed};
use export_benches::measured::{Figure, Figures};
use export_benches::memory::Memory;
use export_benches::{QUICK, Table, Workload};
use export_container::{MemoryStorage, verify_seals};
use exportkit::{
    Access, BatchOptions, Cancel, ConvertOptions, FileId, Key, Limits, Progress, Protection,
    Secret, StreamBatch, container_sink, open_storage,
};

/// What seals and encryption cost while a file is written, read and verified
#[derive(Parser)]
struct Arguments {
    /// A twentieth of the rows
    #[arg(long)]
    quick: bool,
    /// Timed runs of each, in turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// One way to write a file, and how long everything took so far.
struct Way {
    name: &'static str,
    protection: Protection,
    write: Vec<Duration>,
    read: Vec<Duration>,
    read_column: Vec<Duration>,
    verify_seals: Vec<Duration>,
    stored_bytes: usize,
}

impl Way {
    fn new(
        name: &'static str,
        encrypt: Option<&Arc<dyn Secret>>,
        seal: Option<&Arc<dyn Secret>>,
    ) -> Self {
        Self {
            name,
            protection: Protection {
                encrypt: encrypt.cloned(),
                seal: seal.cloned(),
            },
            write: Vec::new(),
            read: Vec::new(),
            read_column: Vec::new(),
            verify_seals: Vec::new(),
            stored_bytes: 0,
        }
    }

    fn run(&mut self, table: &Table) -> Result<()> {
        let (time, file) = timed(|| write(table, &self.protection));
        self.write.push(time);
        let file = file?;
        self.stored_bytes = file.len();
        let storage = Arc::new(MemoryStorage::new(file));
        let access = Access {
            limits: Limits::default(),
            keys: self.protection.keys(),
        };
        let (time, rows) = timed(|| read(&storage, &access, None));
        self.read.push(time);
        ensure!(rows? == table.rows(), "{}: not all was read", table.name);
        let first = table.batches.first().context("a table without rows")?;
        let field = first.schema().fields.first().context("no column")?;
        let columns = vec![field.name.clone()];
        let (time, rows) = timed(|| read(&storage, &access, Some(columns)));
        self.read_column.push(time);
        ensure!(rows? == table.rows(), "{}: not all was read", table.name);
        if self.protection.seal.is_some() {
            let (progress, cancel) = (Progress::new(), Cancel::new());
            let (time, report) = timed(|| verify_seals(storage, &access, &progress, &cancel));
            self.verify_seals.push(time);
            ensure!(report?.is_intact(), "{}: a seal is wrong", table.name);
        }
        Ok(())
    }

    /// What was measured of it, as MB of the table a second, and beside what `plain` took.
    fn print(&self, table: &Table, plain: &Self, figures: &mut Figures) -> Result<()> {
        let mut add = |what, value, unit| {
            figures.figure(&Figure {
                target: "",
                subject: format!("{}, {}", table.name, self.name),
                what,
                value,
                unit,
            })
        };
        let megabytes = table.memory_bytes() as f64 / 1e6;
        add(
            "stored × none",
            self.stored_bytes as f64 / plain.stored_bytes as f64,
            "×",
        )?;
        let timed = [
            (
                "written",
                "time of writing × none",
                &self.write,
                &plain.write,
            ),
            ("read", "time of reading × none", &self.read, &plain.read),
        ];
        for (speed, ratio, times, plain) in timed {
            add(speed, megabytes / seconds(times), "MB/s")?;
            add(ratio, seconds(times) / seconds(plain), "×")?;
        }
        let (column, plain_column) = (seconds(&self.read_column), seconds(&plain.read_column));
        add(
            "time of reading one column × none",
            column / plain_column,
            "×",
        )?;
        if !self.verify_seals.is_empty() {
            let stored = self.stored_bytes as f64 / 1e6;
            let verify = seconds(&self.verify_seals);
            add("seals verified, of stored bytes", stored / verify, "MB/s")?;
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut figures = Figures::new("protection")?;
    for workload in [Workload::HeapEvents, Workload::Signals, Workload::Logs] {
        let shorter = if arguments.quick { QUICK } else { 1 };
        for table in workload.tables(workload.full_rows() / shorter, 1)? {
            compare(&table, &arguments, &mut figures)?;
        }
    }
    Ok(())
}

fn compare(table: &Table, arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    let key: Arc<dyn Secret> = Arc::new(Key::from_bytes([7; 32]));
    let mut plain = Way::new("none", None, None);
    let mut others = [
        Way::new("sealed", None, Some(&key)),
        Way::new("encrypted", Some(&key), None),
        Way::new("both", Some(&key), Some(&key)),
    ];
    for _ in 0..arguments.runs {
        plain.run(table)?;
        others.iter_mut().try_for_each(|way| way.run(table))?;
    }
    plain.print(table, &plain, figures)?;
    others
        .iter()
        .try_for_each(|way| way.print(table, &plain, figures))
}

fn seconds(times: &[Duration]) -> f64 {
    median(times.to_vec())
        .unwrap_or_default()
        .as_secs_f64()
        .max(1e-9)
}

fn write(table: &Table, protection: &Protection) -> Result<Vec<u8>> {
    let options = ConvertOptions {
        threads: Some(0),
        file_id: Some(FileId([7; 16])),
        created_ns: Some(0),
        protection: protection.clone(),
        ..ConvertOptions::default()
    };
    let memory = Memory::default();
    let mut sink = container_sink(Box::new(memory.clone()), &options)?;
    for batch in &table.batches {
        sink.write(StreamBatch {
            stream: "rows".into(),
            batch: batch.clone(),
        })?;
    }
    sink.finish(&Default::default())?;
    Ok(memory.take())
}

/// How many rows there are.
fn read(
    storage: &Arc<MemoryStorage>,
    access: &Access,
    columns: Option<Vec<String>>,
) -> Result<usize> {
    let options = BatchOptions {
        columns,
        threads: Some(1),
        ..BatchOptions::default()
    };
    let storage = Arc::clone(storage);
    let mut rows = 0;
    for batch in open_storage(storage, "memory", access)?.batches_with("rows", &options)? {
        rows += batch?.rows();
    }
    Ok(rows)
}
