//! Formats that write one row after another.

use std::hint::black_box;
use std::io::Write;
use std::marker::PhantomData;

use anyhow::{Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::CHUNK_ROWS;
use crate::contender::Contender;

/// A format of rows by serde.
pub(super) trait RowFormat {
    const NAME: &'static str;

    fn write<T: Serialize>(rows: &[T], bytes: &mut Vec<u8>) -> Result<()>;

    /// All rows of what was written at once.
    fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>>;
}

pub(super) struct Serialised<'a, T, F> {
    rows: &'a [T],
    /// By Zstandard at level 1.
    compressed: bool,
    /// With the length before compression.
    files: Vec<(usize, Vec<u8>)>,
    format: PhantomData<F>,
}

impl<'a, T: DeserializeOwned, F: RowFormat> Serialised<'a, T, F> {
    pub(super) fn new(rows: &'a [T], compressed: bool) -> Self {
        Self {
            rows,
            compressed,
            files: Vec::new(),
            format: PhantomData,
        }
    }

    fn decoded(&self) -> impl Iterator<Item = Result<Vec<T>>> {
        self.files.iter().map(|(length, file)| {
            if self.compressed {
                F::read(&zstd::bulk::decompress(file, *length)?)
            } else {
                F::read(file)
            }
        })
    }
}

impl<T, F> Contender for Serialised<'_, T, F>
where
    T: Serialize + DeserializeOwned + PartialEq,
    F: RowFormat,
{
    fn name(&self) -> String {
        let codec = if self.compressed { " + zstd1" } else { "" };
        format!("{}{codec}", F::NAME)
    }

    fn write(&mut self) -> Result<usize> {
        self.files.clear();
        let mut bytes = Vec::new();
        for rows in self.rows.chunks(CHUNK_ROWS) {
            bytes.clear();
            F::write(rows, &mut bytes)?;
            let length = bytes.len();
            let file = if self.compressed {
                zstd::bulk::compress(&bytes, 1)?
            } else {
                std::mem::take(&mut bytes)
            };
            self.files.push((length, file));
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
        let mut left = self.rows;
        for read in self.decoded() {
            let read = read?;
            match left.split_at_checked(read.len()) {
                Some((written, rest)) if written == read => left = rest,
                _ => bail!("other rows came back"),
            }
        }
        match left {
            [] => Ok(()),
            _ => bail!("rows are missing"),
        }
    }
}

pub(super) struct Bincode;

impl RowFormat for Bincode {
    const NAME: &'static str = "bincode";

    fn write<T: Serialize>(rows: &[T], bytes: &mut Vec<u8>) -> Result<()> {
        for row in rows {
            bincode::serde::encode_into_std_write(row, bytes, bincode::config::standard())?;
        }
        Ok(())
    }

    fn read<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        while !bytes.is_empty() {
            let (row, length) =
                bincode::serde::decode_from_slice(bytes, bincode::config::standard())?;
            rows.push(row);
            bytes = bytes.get(length..).unwrap_or_default();
        }
        Ok(rows)
    }
}

/// Rows without the names of their fields.
pub(super) struct MessagePack;

impl RowFormat for MessagePack {
    const NAME: &'static str = "rmp-serde";

    fn write<T: Serialize>(rows: &[T], bytes: &mut Vec<u8>) -> Result<()> {
        for row in rows {
            rmp_serde::encode::write(bytes, row)?;
        }
        Ok(())
    }

    fn read<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        while !bytes.is_empty() {
            rows.push(rmp_serde::decode::from_read(&mut bytes)?);
        }
        Ok(rows)
    }
}

pub(super) struct Postcard;

impl RowFormat for Postcard {
    const NAME: &'static str = "postcard";

    fn write<T: Serialize>(rows: &[T], bytes: &mut Vec<u8>) -> Result<()> {
        for row in rows {
            postcard::to_io(row, &mut *bytes)?;
        }
        Ok(())
    }

    fn read<T: DeserializeOwned>(mut bytes: &[u8]) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        while !bytes.is_empty() {
            let (row, rest) = postcard::take_from_bytes(bytes)?;
            rows.push(row);
            bytes = rest;
        }
        Ok(rows)
    }
}

pub(super) struct JsonLines;

impl RowFormat for JsonLines {
    const NAME: &'static str = "serde_json lines";

    fn write<T: Serialize>(rows: &[T], bytes: &mut Vec<u8>) -> Result<()> {
        for row in rows {
            serde_json::to_writer(&mut *bytes, row)?;
            bytes.write_all(b"\n")?;
        }
        Ok(())
    }

    fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>> {
        let rows = serde_json::Deserializer::from_slice(bytes).into_iter();
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
