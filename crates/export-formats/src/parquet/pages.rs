//! Pages, looked at before the library makes room for what their headers announce.

use std::io::{BufRead, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use export_core::{Error, ErrorKind, Limits, Result};
use parquet::basic::Type;
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::SerializedPageReader;

use super::fault;
use super::input::CountedFile;
use super::shape::PAGE_HEADER;
use super::thrift::Thrift;

const INDEX_PAGE: i64 = 1;
const DICTIONARY_PAGE: i64 = 2;
/// Entries of a dictionary that are longer than this are not taken for granted.
const LONG_BYTES: u64 = 512;
/// Bytes that each value of a list stands for, where it is repeated without end.
const VALUE_BYTES: u64 = 8;

/// The column chunks of a file, and what was found out about the pages that were read of them.
pub(super) struct Pages {
    metadata: Arc<ParquetMetaData>,
    limits: Limits,
    /// In the order of the file.
    spans: Vec<Span>,
    state: Mutex<State>,
}

/// A column of a row group.
struct Span {
    start: u64,
    end: u64,
    group: usize,
    column: usize,
}

#[derive(Default)]
struct State {
    /// Where the data of the page whose header was read last begins, for each span: the library asks for it there.
    data_at: Vec<u64>,
    /// Values in lists so far, for each span.
    values: Vec<u64>,
    /// Bytes of an entry, on average, where a dictionary has long ones, for each span.
    entry_bytes: Vec<u64>,
    /// Rows of a batch.
    batch_rows: usize,
    /// Why the last page was refused.
    refused: Option<Error>,
    /// What longest value a dictionary has, where a batch could be nothing else.
    longest: Option<u64>,
}

/// What a page header says.
#[derive(Debug, Default, PartialEq, Eq)]
struct PageHeader {
    kind: i64,
    decoded_bytes: u64,
    stored_bytes: u64,
    values: u64,
    /// Its own length.
    bytes: u64,
}

impl PageHeader {
    /// `PageHeader` of parquet.thrift.
    fn read(head: &[u8]) -> Result<Self> {
        let mut header = Self::default();
        Thrift::new(head).check(&PAGE_HEADER)?;
        let mut thrift = Thrift::new(head);
        let most = |number: Option<i64>| u64::try_from(number.unwrap_or(0)).unwrap_or(u64::MAX);
        thrift.each_field(|thrift, field| {
            match field.id {
                1 => header.kind = thrift.number_in(field)?.unwrap_or(-1),
                2 => header.decoded_bytes = most(thrift.number_in(field)?),
                3 => header.stored_bytes = most(thrift.number_in(field)?),
                // Of a data page, of a dictionary, of a data page of version 2.
                5 | 7 | 8 => thrift.struct_in(field, |thrift, field| {
                    if field.id != 1 {
                        return Ok(false);
                    }
                    header.values = most(thrift.number_in(field)?);
                    Ok(true)
                })?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        header.bytes = (head.len() - thrift.left()) as u64;
        Ok(header)
    }
}

impl Pages {
    pub(super) fn new(metadata: &Arc<ParquetMetaData>, limits: &Limits, batch_rows: usize) -> Self {
        let mut spans = Vec::new();
        for (group, row_group) in metadata.row_groups().iter().enumerate() {
            for (column, chunk) in row_group.columns().iter().enumerate() {
                // The library's own range of them panics where offsets are negative.
                let offset = chunk
                    .dictionary_page_offset()
                    .unwrap_or_else(|| chunk.data_page_offset());
                let start = u64::try_from(offset).unwrap_or(0);
                let bytes = u64::try_from(chunk.compressed_size()).unwrap_or(0);
                let end = start.saturating_add(bytes);
                spans.push(Span {
                    start,
                    end,
                    group,
                    column,
                });
            }
        }
        spans.sort_by_key(|span| span.start);
        let state = State {
            data_at: vec![0; spans.len()],
            values: vec![0; spans.len()],
            entry_bytes: vec![0; spans.len()],
            batch_rows,
            ..State::default()
        };
        Self {
            metadata: Arc::clone(metadata),
            limits: limits.clone(),
            spans,
            state: Mutex::new(state),
        }
    }

    /// Batches have so many rows from now on.
    pub(super) fn set_batch_rows(&self, rows: usize) {
        let mut state = self.state();
        state.batch_rows = rows;
        // What was counted is counted again.
        state.values.fill(0);
        state.data_at.fill(0);
    }

    /// The error of the page that was refused last, which the library has made a text of.
    pub(super) fn take_refused(&self) -> Option<Error> {
        self.state().refused.take()
    }

    /// Rows that a batch may have, where the one that was asked for could be nothing but the longest value of a dictionary.
    pub(super) fn take_fewer_rows(&self) -> Option<usize> {
        let mut state = self.state();
        let longest = state.longest.take()?;
        // Memory is taken in steps, and the library holds two of them.
        let rows = self.limits.ratio_floor_bytes / 4 / longest.max(1);
        let rows = usize::try_from(rows).unwrap_or(usize::MAX).max(1);
        (rows < state.batch_rows).then_some(rows)
    }

    /// Looks at what `reader` is about to give from `start` of the file on. Fails where it is the header of a page that
    /// announces more than the limits allow.
    pub(super) fn check(
        &self,
        file: &CountedFile,
        start: u64,
        reader: &mut impl BufRead,
    ) -> Result<()> {
        let Some((at, span)) = self.span(start) else {
            return Ok(());
        };
        if self.state().data_at.get(at) == Some(&start) {
            return Ok(());
        }
        let checked = self
            .header(file, start, reader)
            .and_then(|header| self.check_page(file, (at, span), start, &header));
        if let Err(error) = checked {
            let error = error.at_offset(start);
            let told = Error::new(error.kind(), error.message());
            self.state().refused = Some(error);
            return Err(told);
        }
        Ok(())
    }

    fn header(
        &self,
        file: &CountedFile,
        start: u64,
        reader: &mut impl BufRead,
    ) -> Result<PageHeader> {
        let short = match PageHeader::read(reader.fill_buf()?) {
            Err(error) if error.kind() == ErrorKind::Truncated => error,
            done => return done,
        };
        // Statistics with long values.
        let mut head = Vec::new();
        let most = self.limits.metadata_bytes;
        file.plain_from(start)?.take(most).read_to_end(&mut head)?;
        match PageHeader::read(&head) {
            Err(error) if error.kind() == ErrorKind::Truncated && head.len() as u64 >= most => {
                Limits::check("bytes of a page's header", most.saturating_add(1), most)?;
                Err(short)
            }
            done => done,
        }
    }

    fn check_page(
        &self,
        file: &CountedFile,
        (at, span): (usize, &Span),
        start: u64,
        header: &PageHeader,
    ) -> Result<()> {
        let limits = &self.limits;
        let decoded = header.decoded_bytes;
        Limits::check("bytes of a page", decoded, limits.chunk_decoded_bytes)?;
        Limits::check("memory of a page", decoded, limits.memory_bytes)?;
        limits.check_ratio("bytes of a page", decoded, header.stored_bytes)?;
        let left = file.size_bytes().saturating_sub(start);
        if header.stored_bytes > left {
            return Err(Error::truncated("the file ends within a page"));
        }
        if header.kind == INDEX_PAGE {
            // After a look at its header the library takes what is in it for the next one.
            return Err(Error::unsupported("there is an index page"));
        }
        let data_at = start.saturating_add(header.bytes);
        let mut state = self.state();
        if let Some(known) = state.data_at.get_mut(at) {
            // Where there is no data, the next header is.
            *known = if header.stored_bytes > 0 { data_at } else { 0 };
        }
        let Some(chunk) = self.chunk(span) else {
            return Ok(());
        };
        if header.kind == DICTIONARY_PAGE {
            // Each entry takes a byte at least.
            Limits::check("entries of a dictionary", header.values, decoded)?;
            let batch_rows = state.batch_rows as u64;
            drop(state);
            let is_long = decoded.saturating_mul(batch_rows) > limits.ratio_floor_bytes;
            if chunk.column_type() == Type::BYTE_ARRAY && is_long {
                let longest = longest_entry(file, chunk)?;
                Limits::check("bytes of a value", longest, limits.value_bytes)?;
                let mut state = self.state();
                let average = decoded / header.values.max(1);
                if let Some(known) = state.entry_bytes.get_mut(at) {
                    *known = if longest > LONG_BYTES { average } else { 0 };
                }
                if longest.saturating_mul(batch_rows) > limits.ratio_floor_bytes.max(longest) {
                    state.longest = Some(longest);
                    return Err(Error::limit(
                        "a batch of the longest value would be too large",
                    ));
                }
            }
            return Ok(());
        }
        let is_repeated = chunk.column_descr().max_rep_level() > 0;
        let entry_bytes = state.entry_bytes.get(at).copied().unwrap_or(0);
        let expanded = header.values.saturating_mul(entry_bytes);
        let so_far = data_at.saturating_add(header.stored_bytes) - span.start;
        limits.check_ratio("values of a page", expanded, so_far)?;
        let values = match state.values.get_mut(at).filter(|_| is_repeated) {
            Some(values) => {
                *values = values.saturating_add(header.values);
                values.saturating_mul(VALUE_BYTES)
            }
            None => header.values,
        };
        let stored = match is_repeated {
            true => so_far,
            false => header.stored_bytes,
        };
        limits.check_ratio("values of a page", values, stored)
    }

    /// The column chunk that byte `at` of the file belongs to, and its place among them.
    fn span(&self, at: u64) -> Option<(usize, &Span)> {
        let place = self
            .spans
            .partition_point(|span| span.start <= at)
            .checked_sub(1)?;
        let span = self.spans.get(place).filter(|span| at < span.end)?;
        Some((place, span))
    }

    fn chunk(&self, span: &Span) -> Option<&ColumnChunkMetaData> {
        let group = self.metadata.row_groups().get(span.group)?;
        group.columns().get(span.column)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of the longest entry of a dictionary of text or binary values.
fn longest_entry(file: &CountedFile, chunk: &ColumnChunkMetaData) -> Result<u64> {
    let file = Arc::new(file.unchecked()?);
    let mut pages = SerializedPageReader::new(file, chunk, 0, None).map_err(fault::in_reading)?;
    let page = pages.get_next_page().map_err(fault::in_reading)?;
    let Some(Page::DictionaryPage { buf, .. }) = page else {
        return Ok(0);
    };
    let (mut rest, mut longest) = (&*buf, 0);
    while let Some((length, tail)) = rest.split_first_chunk() {
        let length = u32::from_le_bytes(*length);
        longest = longest.max(u64::from(length));
        rest = tail.get(length as usize..).unwrap_or_default();
    }
    Ok(longest.min(buf.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_in_any_order() {
        // type 0, uncompressed 100, compressed 50, data page header {values 7, ...}.
        let usual = [
            0x15, 0, 0x15, 200, 1, 0x15, 100, 0x2C, 0x15, 14, 0x15, 0, 0, 0,
        ];
        let header = PageHeader::read(&usual).unwrap();
        let due = PageHeader {
            kind: 0,
            decoded_bytes: 100,
            stored_bytes: 50,
            values: 7,
            bytes: 14,
        };
        assert_eq!(header, due);
        // The sizes after the rest, and once more: the last one counts, as it does for the library.
        let odd = [
            0x5C, 0x15, 14, 0, 0x05, 4, 200, 1, 0x05, 6, 100, 0x05, 4, 2, 0,
        ];
        assert_eq!(PageHeader::read(&odd).unwrap().decoded_bytes, 1);
        assert!(PageHeader::read(&usual[..5]).is_err());
    }
}
