//! bitcode by its own derived traits, which are faster than its serde ones, compressed with Zstandard at level 1.

use std::hint::black_box;

use ::bitcode::{Buffer, Decode, DecodeOwned, Encode};
use anyhow::{Result, bail};
use export_benches::rows::{D1Row, D5Row};

use super::CHUNK_ROWS;
use crate::contender::Contender;

/// What bitcode's derive makes of a row.
pub(crate) trait Twin<T>: Encode + DecodeOwned + PartialEq + for<'a> From<&'a T> {}

/// The twin of [`D1Row`].
#[derive(Encode, Decode, PartialEq)]
pub(crate) struct D1 {
    timestamp: u64,
    thread: u32,
    kind: u8,
    address: u64,
    size: u64,
    stack: u32,
    lifetime: Option<u64>,
}

impl From<&D1Row> for D1 {
    fn from(row: &D1Row) -> Self {
        Self {
            timestamp: row.timestamp,
            thread: row.thread,
            kind: row.kind,
            address: row.address,
            size: row.size,
            stack: row.stack,
            lifetime: row.lifetime,
        }
    }
}

impl Twin<D1Row> for D1 {}

/// The twin of [`D5Row`].
#[derive(Encode, Decode, PartialEq)]
pub(crate) struct D5 {
    timestamp: i64,
    level: String,
    module: String,
    message: String,
    request_id: String,
    latency_ms: f64,
    status: Option<u16>,
    user: Option<String>,
}

impl From<&D5Row> for D5 {
    fn from(row: &D5Row) -> Self {
        Self {
            timestamp: row.timestamp,
            level: row.level.clone(),
            module: row.module.clone(),
            message: row.message.clone(),
            request_id: row.request_id.clone(),
            latency_ms: row.latency_ms,
            status: row.status,
            user: row.user.clone(),
        }
    }
}

impl Twin<D5Row> for D5 {}

pub(super) struct Bitcode<B> {
    chunks: Vec<Vec<B>>,
    /// With the length before compression.
    files: Vec<(usize, Vec<u8>)>,
}

impl<B> Bitcode<B> {
    pub(super) fn new<T>(rows: &[T]) -> Self
    where
        B: Twin<T>,
    {
        let chunk = |rows: &[T]| rows.iter().map(B::from).collect();
        Self {
            chunks: rows.chunks(CHUNK_ROWS).map(chunk).collect(),
            files: Vec::new(),
        }
    }
}

impl<B: Encode + DecodeOwned + PartialEq> Bitcode<B> {
    fn decoded(&self) -> impl Iterator<Item = Result<Vec<B>>> {
        let mut buffer = Buffer::new();
        self.files.iter().map(move |(length, file)| {
            let bytes = zstd::bulk::decompress(file, *length)?;
            Ok(buffer.decode(&bytes)?)
        })
    }
}

impl<B: Encode + DecodeOwned + PartialEq> Contender for Bitcode<B> {
    fn name(&self) -> String {
        String::from("bitcode + zstd1")
    }

    fn write(&mut self) -> Result<usize> {
        self.files.clear();
        let mut buffer = Buffer::new();
        for chunk in &self.chunks {
            let bytes = buffer.encode(chunk);
            self.files
                .push((bytes.len(), zstd::bulk::compress(bytes, 1)?));
        }
        Ok(self.files.iter().map(|(_, file)| file.len()).sum())
    }

    fn read(&self) -> Result<()> {
        for rows in self.decoded() {
            black_box(rows?);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        for (read, written) in self.decoded().zip(&self.chunks) {
            if read? != *written {
                bail!("other rows came back");
            }
        }
        Ok(())
    }
}
