//! The directory of a chunk: what its columns are and where their blocks lie (v1.md, "Chunk").

use export_core::{Block, CodecId, ColumnDirectory, EncodingId, Limits, Role};

use crate::cursor::Cursor;
use crate::fault::{Fault, within};
use crate::frame::FrameHeader;
use crate::layout::{BLOCK_ENTRY_BYTES, aligned};
use crate::summary;

const NAME: &str = "chunk directory";
const SHORTEST_COLUMN_BYTES: usize = summary::SHORTEST_BYTES + 2;

/// The directory of a chunk. Block offsets are not stored: each block starts at the next multiple of 64 after the one before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Directory {
    /// First row's number in its stream, from 0.
    pub(crate) first_row: u64,
    /// The chunk's number in its stream, from 0.
    pub(crate) number: u64,
    /// Which of the stream's schemas it was written with, from 0.
    pub(crate) schema_version: u32,
    /// One entry a column of that schema.
    pub(crate) columns: Vec<ColumnDirectory>,
}

impl Directory {
    /// Appends the directory as stored. Counts fit their fields: the writer has checked them.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.first_row.to_le_bytes());
        out.extend(self.number.to_le_bytes());
        out.extend(self.schema_version.to_le_bytes());
        out.extend(
            u32::try_from(self.columns.len())
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        );
        for column in &self.columns {
            summary::put(&column.summary, out);
            out.extend(
                u16::try_from(column.blocks.len())
                    .unwrap_or(u16::MAX)
                    .to_le_bytes(),
            );
            column.blocks.iter().for_each(|block| put_block(block, out));
        }
    }

    /// The directory in `bytes`, whose checksum was verified. Fails where it does not fit its frame's `header`.
    pub(crate) fn parse(
        bytes: &[u8],
        header: &FrameHeader,
        limits: &Limits,
    ) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(NAME, bytes);
        let rows = u64::from(header.rows);
        within("rows of a chunk", rows, limits.chunk_rows)?;
        let (first_row, number) = (cursor.u64()?, cursor.u64()?);
        let schema_version = cursor.u32()?;
        let column_count = cursor.u32()?;
        if first_row.checked_add(rows).is_none() {
            return Err(cursor.out_of_range("first row", first_row));
        }
        within("columns", column_count.into(), limits.columns.into())?;
        let mut columns =
            Vec::with_capacity(cursor.capacity(column_count.into(), SHORTEST_COLUMN_BYTES));
        let mut end = 0;
        for _ in 0..column_count {
            columns.push(take_column(&mut cursor, rows, &mut end)?);
        }
        cursor.end()?;
        if header.blocks_start().checked_add(end) != Some(header.payload_bytes) {
            return Err(Fault::Range {
                structure: NAME,
                field: "length of all blocks",
                found: end,
            });
        }
        Ok(Self {
            first_row,
            number,
            schema_version,
            columns,
        })
    }

    /// Bytes that each column's blocks take, padding included.
    pub(crate) fn extents(&self) -> impl Iterator<Item = u64> {
        self.columns.iter().map(extent)
    }
}

/// Bytes that the blocks of a column take, padding included.
pub(crate) fn extent(column: &ColumnDirectory) -> u64 {
    column
        .blocks
        .iter()
        .filter_map(|block| aligned(block.stored_bytes))
        .fold(0, u64::saturating_add)
}

fn put_block(block: &Block, out: &mut Vec<u8>) {
    out.extend(block.node.to_le_bytes());
    out.push(block.role as u8);
    out.push(u8::try_from(block.parameters.len()).unwrap_or(u8::MAX));
    out.extend(block.encoding.0.to_le_bytes());
    out.extend(block.codec.0.to_le_bytes());
    out.extend(block.values.to_le_bytes());
    out.extend(block.stored_bytes.to_le_bytes());
    out.extend(block.encoded_bytes.to_le_bytes());
    out.extend(block.checksum.to_le_bytes());
    out.extend(&block.parameters);
}

/// Reads a column whose first block starts at the next aligned offset after `end`, and moves `end` after its last.
fn take_column(
    cursor: &mut Cursor<'_>,
    rows: u64,
    end: &mut u64,
) -> Result<ColumnDirectory, Fault> {
    let summary = summary::take(cursor, rows)?;
    let block_count = cursor.u16()?;
    let mut blocks = Vec::with_capacity(cursor.capacity(block_count.into(), BLOCK_ENTRY_BYTES));
    for _ in 0..block_count {
        let block = take_block(cursor, *end)?;
        if block.stored_bytes > 0 {
            *end = block
                .offset
                .checked_add(block.stored_bytes)
                .filter(|&end| end <= i64::MAX as u64)
                .ok_or_else(|| cursor.out_of_range("stored length", block.stored_bytes))?;
        }
        blocks.push(block);
    }
    Ok(ColumnDirectory { summary, blocks })
}

fn take_block(cursor: &mut Cursor<'_>, end: u64) -> Result<Block, Fault> {
    let node = cursor.u16()?;
    let role = cursor.u8()?;
    let role = Role::from_number(role).ok_or_else(|| cursor.unknown("role", role.into()))?;
    let parameter_bytes = cursor.u8()?;
    let encoding = EncodingId(cursor.u16()?);
    let codec = CodecId(cursor.u16()?);
    let values = cursor.u64()?;
    let stored_bytes = cursor.u64()?;
    let encoded_bytes = cursor.u64()?;
    let checksum = cursor.u64()?;
    Ok(Block {
        node,
        role,
        encoding,
        codec,
        parameters: cursor.slice(parameter_bytes.into())?.to_vec(),
        values,
        offset: aligned(end).ok_or_else(|| cursor.out_of_range("stored length", end))?,
        stored_bytes,
        encoded_bytes,
        checksum,
    })
}
