//! The footer, looked at before the library reads it: it makes room for as much as is announced, and goes down a schema as
//! deep as that is.

use export_core::{Error, Limits, Result};
use parquet::file::reader::ChunkReader;

use super::fault;
use super::input::CountedFile;
use super::shape::FILE_META_DATA;
use super::thrift::Thrift;

/// Length of the footer's length and of the signature, at the end.
const TAIL_BYTES: u64 = 8;
/// Memory that the library takes for a column of a row group, at about most.
const CHUNK_BYTES: u64 = 1 << 10;
/// Parquet's levels for one of ours: a list is a group of a group.
const LEVELS: u32 = 2;
/// Levels that the library, which calls itself for each, has room for on any stack.
const MOST_LEVELS: u32 = 512;

/// Fails where the footer of `file` announces more than `limits` allow. What is no footer is for the library to tell.
pub(super) fn check(file: &CountedFile, limits: &Limits) -> Result<()> {
    let size = file.size_bytes();
    let Some(tail_at) = size.checked_sub(TAIL_BYTES) else {
        return Ok(());
    };
    let tail = file.get_bytes(tail_at, 4).map_err(fault::in_reading)?;
    let length = tail
        .iter()
        .rev()
        .fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    Limits::check("bytes of the footer", length, limits.index_bytes)?;
    let Some(start) = tail_at.checked_sub(length) else {
        return Ok(());
    };
    let length = usize::try_from(length).map_err(Error::limit)?;
    let bytes = file.get_bytes(start, length).map_err(fault::in_reading)?;
    let mut thrift = Thrift::new(&bytes);
    // First what it announces: that is told with its limit.
    check_metadata(&bytes, limits)
        .and_then(|()| thrift.check(&FILE_META_DATA))
        .map_err(|error| error.at_offset(start))
}

/// `FileMetaData` of parquet.thrift.
fn check_metadata(bytes: &[u8], limits: &Limits) -> Result<()> {
    let mut chunks = 0_u64;
    let mut key_bytes = 0_u64;
    Thrift::new(bytes).each_field(|thrift, field| {
        match field.id {
            2 => {
                // Each of our columns is a group of it at most, beside itself.
                let most = u64::from(limits.columns)
                    .saturating_mul(2)
                    .saturating_add(1);
                let mut levels = Levels::new(limits, most);
                thrift.each_struct(field, most, "columns", |thrift| levels.take(thrift))?;
            }
            4 => thrift.each_struct(field, limits.frames, "row groups", |thrift| {
                thrift.each_field(|thrift, field| {
                    if field.id != 1 {
                        return Ok(false);
                    }
                    let most = u64::from(limits.columns);
                    thrift.each_struct(field, most, "columns of a row group", |thrift| {
                        chunks += 1;
                        let memory = chunks.saturating_mul(CHUNK_BYTES);
                        Limits::check("memory of the footer", memory, limits.memory_bytes)?;
                        thrift.each_field(|_, _| Ok(false))
                    })?;
                    Ok(true)
                })
            })?,
            5 => thrift.each_struct(
                field,
                limits.keys.into(),
                "keys of the metadata",
                |thrift| {
                    thrift.each_field(|thrift, field| {
                        key_bytes = key_bytes.saturating_add(thrift.length_in(field)?);
                        Limits::check("bytes of metadata", key_bytes, limits.metadata_bytes)?;
                        Ok(true)
                    })
                },
            )?,
            _ => return Ok(false),
        }
        Ok(true)
    })
}

/// How deep a walk down the schema, which is a list in pre-order, has come.
struct Levels {
    /// Children that are still to come, of each group that is open.
    open: Vec<u64>,
    /// Deepest nesting.
    most: u64,
    /// Most fields there may be.
    fields: u64,
}

impl Levels {
    fn new(limits: &Limits, fields: u64) -> Self {
        let most = limits.depth.saturating_mul(LEVELS).saturating_add(1);
        Self {
            open: Vec::new(),
            most: most.min(MOST_LEVELS).into(),
            fields,
        }
    }

    /// `SchemaElement` of parquet.thrift.
    fn take(&mut self, thrift: &mut Thrift<'_>) -> Result<()> {
        while self.open.last() == Some(&0) {
            self.open.pop();
        }
        if let Some(left) = self.open.last_mut() {
            *left -= 1;
        }
        thrift.each_field(|thrift, field| {
            if field.id != 5 {
                return Ok(false);
            }
            let children = thrift.number_in(field)?.unwrap_or(0);
            let children = u64::try_from(children).unwrap_or(0);
            Limits::check("columns", children, self.fields)?;
            self.open.push(children);
            Ok(true)
        })?;
        Limits::check("nesting of the schema", self.open.len() as u64, self.most)
    }
}
