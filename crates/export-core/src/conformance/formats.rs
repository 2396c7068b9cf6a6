//! What every [`Format`] promises.

use std::fs::File;
use std::io::{Cursor, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::damage::{damaged, rubbish};
use super::flows::read;
use super::promise;
use super::random::Random;
use crate::{
    Batch, Confidence, ExportMetadata, Format, Input, ReadOptions, Result, StreamBatch,
    WriteOptions,
};

/// Reads back what it wrote, knows its own files, refuses options it does not know, and survives damage.
///
/// `kept` says what reading gives of a batch that was written; `None` where the format cannot hold the batch. Fields are
/// compared by name, type and nullability.
pub fn format(format: &dyn Format, kept: impl Fn(&Batch) -> Option<Batch>) -> Result<()> {
    names(format)?;
    let mut random = Random::new(0xF02);
    let mut written = 0;
    for batch in super::batches(2)? {
        let Some(expected) = kept(&batch) else {
            continue;
        };
        let bytes = write(format, &batch)?;
        round_trip(format, &expected, &bytes).map_err(|e| {
            match expected.schema().fields.as_slice() {
                [field] => e.in_stream(format!("{} rows of {}", batch.rows(), field.name)),
                _ => e,
            }
        })?;
        written += 1;
        if written % 7 == 0 {
            hostile(format, damaged(&bytes, 6, &mut random));
        }
    }
    promise(written > 0, || {
        "the format holds none of the batches".into()
    })?;
    hostile(format, rubbish(&mut random));
    options(format)
}

fn names(format: &dyn Format) -> Result<()> {
    let plain = |name: &str| {
        let dots = name.starts_with('.') || name.ends_with('.');
        let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        !name.is_empty() && !dots && name.chars().all(small)
    };
    promise(plain(format.name()), || {
        format!("{:?} is no name for a format", format.name())
    })?;
    let extensions = format.extensions();
    promise(
        !extensions.is_empty() && extensions.iter().all(|e| plain(e)),
        || format!("{extensions:?} are no endings of file names"),
    )?;
    promise(format.sniff(b"") != Confidence::Yes, || {
        "an empty file is taken for its own".into()
    })
}

/// Bytes that a sink writes and the suite reads.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn write(format: &dyn Format, batch: &Batch) -> Result<Vec<u8>> {
    let output = Shared::default();
    let mut sink = format.create(Box::new(output.clone()), &WriteOptions::default())?;
    let half = batch.rows() / 2;
    for part in [
        batch.slice(0, half)?,
        batch.slice(half, batch.rows() - half)?,
    ] {
        sink.write(StreamBatch {
            stream: "rows".into(),
            batch: part,
        })?;
    }
    let summary = sink.finish(&ExportMetadata::default())?;
    promise(
        usize::try_from(summary.rows).is_ok_and(|rows| rows == batch.rows()),
        || format!("{} rows were counted of {}", summary.rows, batch.rows()),
    )?;
    Ok(std::mem::take(
        &mut output.0.lock().unwrap_or_else(PoisonError::into_inner),
    ))
}

fn round_trip(format: &dyn Format, expected: &Batch, bytes: &[u8]) -> Result<()> {
    promise(
        expected.rows() == 0 || format.sniff(bytes) != Confidence::No,
        || "the format does not know its own file".into(),
    )?;
    let options = ReadOptions::default();
    let mut inputs = vec![Input::Stream(Box::new(Cursor::new(bytes.to_vec())))];
    if format.reads_anywhere() {
        inputs.push(Input::File(file(bytes)?));
    }
    for input in inputs {
        let streams = read(&mut *format.open(input, &options)?, &options)?;
        promise(streams.len() == 1, || {
            format!("{} streams were read", streams.len())
        })?;
        for found in streams.values() {
            same(expected, found)?;
        }
    }
    Ok(())
}

fn same(expected: &Batch, found: &Batch) -> Result<()> {
    let (wanted, read) = (&expected.schema().fields, &found.schema().fields);
    promise(wanted.len() == read.len(), || {
        format!("{} columns were read of {}", read.len(), wanted.len())
    })?;
    for (wanted, read) in wanted.iter().zip(read) {
        let field =
            |f: &crate::marrow::datatypes::Field| (f.name.clone(), f.data_type.clone(), f.nullable);
        promise(field(wanted) == field(read), || {
            format!("{wanted:?} was read as {read:?}")
        })?;
    }
    promise(expected.rows() == found.rows(), || {
        format!("{} rows were read of {}", found.rows(), expected.rows())
    })?;
    let columns = expected.columns().iter().zip(found.columns()).zip(wanted);
    for ((wanted, read), field) in columns {
        promise(crate::array::same(wanted, read), || {
            format!(
                "the values of {} changed: {wanted:?} was read as {read:?}",
                field.name
            )
        })?;
    }
    Ok(())
}

/// Damaged files may be read in part or refused; the source must end and not panic.
fn hostile(format: &dyn Format, files: Vec<Vec<u8>>) {
    let options = ReadOptions::default();
    for bytes in files {
        format.sniff(&bytes);
        if let Ok(mut source) = format.open(Input::Stream(Box::new(Cursor::new(bytes))), &options) {
            drop(read(&mut *source, &options));
        }
    }
}

fn options(format: &dyn Format) -> Result<()> {
    let unknown = (
        format!("{}.no-such-option", format.name()),
        String::from("1"),
    );
    let options = ReadOptions {
        extra: [unknown.clone()].into(),
        ..ReadOptions::default()
    };
    let input = Input::Stream(Box::new(Cursor::new(Vec::new())));
    promise(format.open(input, &options).is_err(), || {
        "an unknown option was read with".into()
    })?;
    let options = WriteOptions {
        extra: [unknown].into(),
        ..WriteOptions::default()
    };
    promise(
        format
            .create(Box::new(Shared::default()), &options)
            .is_err(),
        || "an unknown option was written with".into(),
    )
}

/// An open file of these bytes, without a name that would be left behind.
fn file(bytes: &[u8]) -> Result<File> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let (pid, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(format!("export-core-conformance-{pid}-{count}"));
    std::fs::write(&path, bytes)?;
    let file = File::open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}
