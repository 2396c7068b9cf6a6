//! What a writer is given: whether it can be stored, and how it will lie in the file.

use export_core::{
    Block, ChunkDirectory, ColumnDirectory, EncodedChunk, Error, Limits, Result, Schema, widen,
};

use crate::directory::Directory;
use crate::fault::Fault;
use crate::frame::block_range;
use crate::summary;

/// Fails where a value of `narrow` could be lost in `wide`.
pub(crate) fn check_widening(narrow: &Schema, wide: &Schema) -> Result<()> {
    for from in &narrow.fields {
        match wide.fields.iter().find(|field| field.name == from.name) {
            Some(to) if to == from || widen::widens(from, to) => {}
            Some(to) => {
                let text = format!(
                    "{:?} cannot become {:?} without loss",
                    from.data_type, to.data_type
                );
                return Err(Error::schema(text).in_column(&from.name));
            }
            None => return Err(Error::schema("the column is gone").in_column(&from.name)),
        }
    }
    let mut added = wide
        .fields
        .iter()
        .filter(|field| narrow.index_of(&field.name).is_none());
    match added.find(|field| !field.nullable) {
        None => Ok(()),
        Some(field) => {
            let error = Error::schema(
                "a column that is added must be nullable: earlier rows have no value",
            );
            Err(error.in_column(&field.name))
        }
    }
}

/// Fails where a chunk cannot be stored or read back under the default limits.
pub(crate) fn check_chunk(chunk: &EncodedChunk, columns: usize) -> Result<()> {
    let EncodedChunk {
        directory: ChunkDirectory {
            rows,
            columns: directories,
        },
        bytes,
    } = chunk;
    let limits = Limits::default();
    Limits::check("rows of a chunk", *rows, limits.chunk_rows)?;
    if directories.len() != columns {
        let text = format!(
            "the chunk has {} columns where the stream has {columns}",
            directories.len()
        );
        return Err(Error::schema(text));
    }
    for column in directories {
        if !summary::is_storable(&column.summary, *rows) {
            return Err(Error::usage(
                "a summary has more nulls than rows, a NaN or a long bound",
            ));
        }
        u16::try_from(column.blocks.len()).map_err(Error::limit)?;
        for block in &column.blocks {
            u8::try_from(block.parameters.len()).map_err(Error::limit)?;
            let range = block_range(block.offset, block.stored_bytes);
            if range.and_then(|range| bytes.get(range)).is_none() {
                return Err(Fault::Short("chunk").into());
            }
        }
    }
    Ok(())
}

/// The columns with their blocks where they will lie, and the end of the last block.
pub(crate) fn place_blocks(directory: &ChunkDirectory) -> (Vec<ColumnDirectory>, u64) {
    let mut end = 0_u64;
    let columns = directory.columns.iter().map(|column| {
        let blocks = column.blocks.iter().map(|block| {
            let offset = end.next_multiple_of(crate::layout::ALIGNMENT);
            if block.stored_bytes > 0 {
                end = offset + block.stored_bytes;
            }
            Block {
                offset,
                ..block.clone()
            }
        });
        ColumnDirectory {
            summary: column.summary.clone(),
            blocks: blocks.collect(),
        }
    });
    (columns.collect(), end)
}

/// Appends the blocks of `chunk` where `directory` says, counted from `start` of the output.
pub(crate) fn put_blocks(
    chunk: &EncodedChunk,
    directory: &Directory,
    start: usize,
    out: &mut Vec<u8>,
) {
    let from = chunk
        .directory
        .columns
        .iter()
        .flat_map(|column| &column.blocks);
    let to = directory.columns.iter().flat_map(|column| &column.blocks);
    for (from, to) in from.zip(to) {
        let stored =
            block_range(from.offset, from.stored_bytes).and_then(|range| chunk.bytes.get(range));
        let offset = usize::try_from(to.offset).unwrap_or(usize::MAX);
        if let Some(stored) = stored.filter(|stored| !stored.is_empty()) {
            out.resize(start.saturating_add(offset), 0);
            out.extend(stored);
        }
    }
}
