//! Each suite passes something that keeps its promises and catches something that does not.

mod hostile;
mod shelf;

use std::sync::Mutex;

use super::{
    batches, batches_of, check, chunk_coder, codec, fields, format, sink, source, storage,
};
use crate::{
    Batch, Check, Codec, CodecId, Error, Finding, Format, Limits, Position, ReadOptions, Result,
    Severity, Storage, array, widen,
};
use shelf::{Fault, Shelf};

fn broken(result: Result<()>, promise: &str) {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(promise), "{error}");
}

#[test]
fn batches_are_valid_and_deterministic() {
    let all = batches(3).unwrap();
    assert!(all.len() > 500, "{}", all.len());
    for (batch, again) in all.iter().zip(batches(3).unwrap()) {
        assert!(batch.same_rows(&again));
        for (column, field) in batch.columns().iter().zip(&batch.schema().fields) {
            array::validate(column, &Limits::default()).unwrap();
            assert!(array::has_type(column, &field.data_type));
        }
    }
}

#[test]
fn every_operation_works_on_every_type() {
    for batch in batches(4).unwrap() {
        let rows = batch.rows();
        let parts = [0, rows / 3, rows / 2, rows];
        let cut: Vec<Batch> = parts
            .windows(2)
            .map(|p| batch.slice(p[0], p[1] - p[0]).unwrap())
            .collect();
        assert!(
            Batch::concat(&cut).unwrap().same_rows(&batch),
            "{:?}",
            batch.schema()
        );
        let backwards: Vec<usize> = (0..rows).rev().collect();
        for (column, field) in batch.columns().iter().zip(&batch.schema().fields) {
            let name = &field.name;
            let twice = array::take(&array::take(column, &backwards).unwrap(), &backwards);
            assert!(array::same(&twice.unwrap(), column), "{name}");
            assert!(
                array::same(&array::from_view(&column.as_view()).unwrap(), column),
                "{name}"
            );
            assert!(
                array::same(&widen::cast(column, field, field).unwrap(), column),
                "{name}"
            );
            assert!(widen::join(field, field).as_ref() == Some(field), "{name}");
            let plain = array::resolve(column).unwrap();
            assert_eq!(
                array::null_count(&plain),
                array::null_count(column),
                "{name}"
            );
            let mut keys = [Vec::new(), Vec::new()];
            for row in 0..rows {
                array::write_key(column, row, &mut keys[0]);
                array::write_key(&plain, row, &mut keys[1]);
            }
            assert_eq!(keys[0], keys[1], "{name}");
        }
    }
}

#[test]
fn a_changed_value_is_not_the_same() {
    for field in fields() {
        let all = batches_of(std::slice::from_ref(&field), 5).unwrap();
        let batch = all.iter().rfind(|batch| batch.rows() > 50).unwrap();
        let column = &batch.columns()[0];
        let mut distinct = std::collections::BTreeMap::new();
        for row in 0..batch.rows() {
            let mut key = Vec::new();
            array::write_key(column, row, &mut key);
            distinct.entry(key).or_insert(row);
        }
        let rows: Vec<usize> = distinct.into_values().collect();
        for pair in rows.windows(2) {
            let one = array::slice(column, pair[0], 1).unwrap();
            let other = array::slice(column, pair[1], 1).unwrap();
            assert!(!array::same(&one, &other), "{}: rows {pair:?}", field.name);
        }
    }
}

/// Copies.
struct Copying {
    trusting: bool,
}

impl Codec for Copying {
    fn id(&self) -> CodecId {
        CodecId(0)
    }
    fn name(&self) -> &'static str {
        "copy"
    }
    fn compress(&self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        output.extend_from_slice(input);
        Ok(())
    }
    fn decompress(&self, input: &[u8], decoded_bytes: usize, output: &mut Vec<u8>) -> Result<()> {
        if input.len() != decoded_bytes && !self.trusting {
            return Err(Error::corrupt("another length"));
        }
        output.extend_from_slice(input);
        Ok(())
    }
}

#[test]
fn codecs() {
    codec(&Copying { trusting: false }).unwrap();
    broken(codec(&Copying { trusting: true }), "were taken for");
}

struct Memory {
    bytes: Mutex<Vec<u8>>,
    filler: u8,
}

impl Storage for Memory {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let bytes = self.bytes.lock().unwrap();
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|start| bytes.get(start..));
        let rest = rest.unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
    fn write_at(&self, offset: u64, new: &[u8]) -> Result<()> {
        let mut bytes = self.bytes.lock().unwrap();
        let start = usize::try_from(offset).unwrap();
        let end = start.checked_add(new.len()).filter(|&end| end < 1 << 24);
        let end = end.ok_or_else(|| Error::limit("too far"))?;
        let len = bytes.len().max(end);
        bytes.resize(len, self.filler);
        bytes[start..end].copy_from_slice(new);
        Ok(())
    }
    fn size_bytes(&self) -> Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }
    fn resize(&self, size_bytes: u64) -> Result<()> {
        self.bytes
            .lock()
            .unwrap()
            .resize(usize::try_from(size_bytes).unwrap(), self.filler);
        Ok(())
    }
    fn sync(&self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn storages() {
    let memory = |filler| {
        move || -> Box<dyn Storage> {
            Box::new(Memory {
                bytes: Mutex::default(),
                filler,
            })
        }
    };
    storage(memory(0)).unwrap();
    broken(storage(memory(1)), "after a write past the end");
}

#[test]
fn chunk_coders() {
    let good = Shelf::new(Fault::None);
    chunk_coder(&good, &good).unwrap();
    for (fault, promise) in [
        (Fault::Unaligned, "not aligned"),
        (Fault::WrongChecksum, "checksum is wrong"),
        (Fault::LosesSigns, "values of"),
        (Fault::WrongBounds, "beyond its bounds"),
        (Fault::NoLimits, "more rows than the limit"),
    ] {
        let bad = Shelf::new(fault);
        broken(chunk_coder(&bad, &bad), promise);
    }
}

#[test]
fn formats() {
    let exactly = |batch: &Batch| Some(batch.clone());
    format(&Shelf::new(Fault::None), exactly).unwrap();
    for (fault, promise) in [
        (Fault::LosesSigns, "values of"),
        (Fault::LosesRows, "rows were read"),
        (Fault::TakesAnyOption, "unknown option"),
        (Fault::ForgetsItself, "does not know its own file"),
    ] {
        broken(format(&Shelf::new(fault), exactly), promise);
    }
}

#[test]
fn sources_and_sinks() {
    let batch = &batches_of(&fields(), 6).unwrap()[4];
    let run = |fault| {
        let shelf = Shelf::new(fault);
        sink(
            || shelf.create(Box::new(std::io::sink()), &Default::default()),
            batch,
        )?;
        let bytes = shelf.file_of(batch);
        source(|options: &ReadOptions| shelf.open(bytes.input(), options))
    };
    run(Fault::None).unwrap();
    broken(run(Fault::TakesAnySchema), "another schema");
    broken(run(Fault::LargeBatches), "are the most");
    broken(run(Fault::NeverStops), "though it was cancelled");
    broken(run(Fault::AllColumns), "alone are not");
}

struct NotNull {
    by_batch: bool,
}

impl Check for NotNull {
    fn name(&self) -> &str {
        "not-null"
    }
    fn check(&mut self, first_row: u64, batch: &Batch, findings: &mut Vec<Finding>) -> Result<()> {
        for row in 0..batch.rows() {
            let null = batch.columns().iter().any(|column| {
                matches!(crate::value::value(column, row), crate::value::Value::Null)
            });
            if null {
                let first = if self.by_batch { 0 } else { first_row };
                let row = first + row as u64 + 1;
                findings.push(Finding {
                    severity: Severity::Damage,
                    check: "not-null".into(),
                    position: Position {
                        row: Some(row),
                        ..Position::default()
                    },
                    text: "there is no value".into(),
                });
            }
        }
        Ok(())
    }
}

#[test]
fn checks() {
    let all = batches(7).unwrap();
    let batch = all
        .iter()
        .find(|batch| array::null_count(&batch.columns()[0]) == 13)
        .unwrap();
    check(|| Box::new(NotNull { by_batch: false }), batch).unwrap();
    broken(
        check(|| Box::new(NotNull { by_batch: true }), batch),
        "instead of",
    );
}
