//! Row groups to batches.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use export_core::{
    Batch, Error, ErrorKind, Input, Limits, ReadOptions, Result, Schema, Source, StreamBatch,
    Tally, array,
};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ProjectionMask};
use parquet::file::metadata::ParquetMetaData;

use super::decimals;
use super::fault::{self, guarded};
use super::footer;
use super::input::CountedFile;
use super::int96::{self, Seconds};
use super::pages::Pages;
use super::{seconds, zones};
use crate::arrow;

/// The rows of a Parquet file as batches.
pub(super) struct ParquetSource {
    file: CountedFile,
    loaded: ArrowReaderMetadata,
    pages: Arc<Pages>,
    /// Positions in the file of the columns read, in its order.
    roots: Vec<usize>,
    reader: ParquetRecordBatchReader,
    int96: Option<Seconds>,
    /// Positions of the columns read that are in seconds, of which the file holds milliseconds.
    in_seconds: Vec<usize>,
    /// The schema of the columns read, in the file's order.
    schema: Arc<Schema>,
    /// Positions of the columns wanted among those read, in the order wanted.
    order: Vec<usize>,
    metadata: BTreeMap<String, String>,
    stream: Arc<str>,
    options: ReadOptions,
    tally: Tally,
    rows: u64,
    yielded: bool,
    ended: bool,
}

impl ParquetSource {
    pub(super) fn open(input: Input, options: &ReadOptions) -> Result<Self> {
        let file = CountedFile::new(input, &options.progress)?;
        check_ends(&file)?;
        footer::check(&file, &options.limits)?;
        guarded(ErrorKind::Corrupt, || Self::open_file(file, options))
    }

    fn open_file(file: CountedFile, options: &ReadOptions) -> Result<Self> {
        let loaded = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
        let loaded = decimals::widened(loaded.map_err(fault::in_reading)?)?;
        let told = zones::told(loaded.metadata());
        let loaded = zones::restored(loaded, told.as_ref());
        check_limits(loaded.metadata(), &options.limits)?;
        let names: Vec<&str> = loaded
            .schema()
            .fields()
            .iter()
            .map(|f| f.name().as_str())
            .collect();
        let wanted = wanted(&names, options.columns.as_deref())?;
        let mut roots = wanted.clone();
        roots.sort_unstable();
        roots.dedup();
        let order = wanted
            .iter()
            .filter_map(|at| roots.binary_search(at).ok())
            .collect();

        let batch_rows = batch_rows(loaded.metadata(), options);
        let pages = Arc::new(Pages::new(loaded.metadata(), &options.limits, batch_rows));
        let file = file.with_pages(Arc::clone(&pages));
        let candidates = seconds::candidates(loaded.schema(), told.as_ref(), &roots);
        let whole = seconds::whole(&file, &loaded, candidates, batch_rows, &options.cancel)?;
        let in_seconds: Vec<usize> = whole
            .iter()
            .filter_map(|at| roots.binary_search(at).ok())
            .collect();

        let metadata = key_values(loaded.metadata());
        let projected = loaded.schema().project(&roots).map_err(Error::schema)?;
        let projected = seconds::schema(&projected, &in_seconds);
        let mut schema = arrow::schema(&projected)?;
        schema.metadata.retain(|key, _| !metadata.contains_key(key));
        check_schema(&schema, &options.limits)?;

        let (reader, int96) = readers(&file, &loaded, &roots, (0, batch_rows))?;
        Ok(Self {
            file,
            loaded,
            pages,
            roots,
            reader,
            int96,
            in_seconds,
            schema: Arc::new(schema),
            order,
            metadata,
            stream: options.name.as_str().into(),
            options: options.clone(),
            tally: Tally::new(&options.limits),
            rows: 0,
            yielded: false,
            ended: false,
        })
    }

    fn read_batch(&mut self) -> Result<Option<StreamBatch>> {
        self.options.cancel.check()?;
        let batch = match self.next_record_batch()? {
            Some(batch) => {
                if let Some(seconds) = &mut self.int96 {
                    seconds.check(&batch, self.rows)?;
                }
                let batch = seconds::batch(batch, &self.in_seconds)?;
                arrow::batch_of(&batch, Arc::clone(&self.schema))?
            }
            None => {
                self.check_complete()?;
                if self.yielded {
                    return Ok(None);
                }
                Batch::empty(Arc::clone(&self.schema))?
            }
        };
        self.yielded = true;
        self.tally.take(&batch)?;
        check_values(&batch, &self.options.limits)?;
        self.rows += batch.rows() as u64;
        let batch = if self.order.iter().copied().eq(0..self.schema.fields.len()) {
            batch
        } else {
            batch.project(&self.order)?
        };
        Ok(Some(StreamBatch {
            stream: Arc::clone(&self.stream),
            batch,
        }))
    }
}

impl ParquetSource {
    /// Fails where pages had fewer rows than the footer says: the library takes their end for that of the file.
    fn check_complete(&self) -> Result<()> {
        let groups = self.loaded.metadata().row_groups().iter();
        let due = groups
            .map(|group| u64::try_from(group.num_rows()).unwrap_or(0))
            .fold(0, u64::saturating_add);
        if self.rows >= due {
            return Ok(());
        }
        let text = format!(
            "the file says that it has {due} rows, and has {}",
            self.rows
        );
        Err(Error::corrupt(text))
    }

    /// The next batch, of fewer rows from now on where a dictionary has values too long for so many.
    fn next_record_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let error = match self.reader.next().transpose() {
                Ok(batch) => return Ok(batch),
                Err(error) => error,
            };
            if let Some(rows) = self.pages.take_fewer_rows() {
                self.pages.take_refused();
                self.pages.set_batch_rows(rows);
                let range = (self.rows, rows);
                (self.reader, self.int96) = readers(&self.file, &self.loaded, &self.roots, range)?;
                continue;
            }
            let refused = self.pages.take_refused();
            return Err(refused.unwrap_or_else(|| fault::in_decoding(error)));
        }
    }
}

impl Source for ParquetSource {
    fn next_batch(&mut self) -> Result<Option<StreamBatch>> {
        if self.ended {
            return Ok(None);
        }
        let batch = guarded(ErrorKind::Corrupt, || self.read_batch());
        self.ended = !matches!(batch, Ok(Some(_)));
        let (stream, row) = (Arc::clone(&self.stream), self.rows + 1);
        batch.map_err(|error| error.in_stream(&*stream).at_row(row))
    }

    fn metadata(&self) -> BTreeMap<String, String> {
        self.metadata.clone()
    }
}

/// Fails where the file does not start and end like one, so that the usual mishaps are told by their names.
fn check_ends(file: &CountedFile) -> Result<()> {
    use parquet::file::reader::ChunkReader;
    let size = file.size_bytes();
    let at = |start: u64| file.get_bytes(start, 4).map_err(fault::in_reading);
    if size < 12 || at(0)? != super::SIGNATURE {
        return Err(match size {
            0 => Error::data("the input is empty"),
            _ => {
                Error::corrupt("this is no Parquet file: it does not start with PAR1").at_offset(0)
            }
        });
    }
    match &*at(size - 4)? {
        super::SIGNATURE => Ok(()),
        b"PARE" => Err(Error::unsupported("the Parquet file is encrypted")),
        _ => Err(Error::truncated("the Parquet file does not end with PAR1")
            .at_offset(size)
            .with_hint("get the file again: its end, which is its index, is not there")),
    }
}

/// Readers of the columns at `roots`, from a row on and by so many rows: in the types they have and, where that may differ,
/// in seconds.
fn readers(
    file: &CountedFile,
    loaded: &ArrowReaderMetadata,
    roots: &[usize],
    (from, batch_rows): (u64, usize),
) -> Result<(ParquetRecordBatchReader, Option<Seconds>)> {
    let from = usize::try_from(from).map_err(Error::limit)?;
    let int96 = match int96::columns(loaded, roots) {
        columns if columns.is_empty() => None,
        columns => Some(Seconds::open(
            file.uncounted()?,
            loaded,
            &columns,
            (from, batch_rows),
        )?),
    };
    let mask = ProjectionMask::roots(loaded.parquet_schema(), roots.iter().copied());
    let mut builder =
        ParquetRecordBatchReaderBuilder::new_with_metadata(file.again()?, loaded.clone())
            .with_projection(mask)
            .with_batch_size(batch_rows);
    if from > 0 {
        builder = builder.with_offset(from);
    }
    let reader = builder.build().map_err(fault::in_reading)?;
    Ok((reader, int96))
}

/// Fails where a value is longer than may be. Pages and dictionaries were checked before they were decoded.
fn check_values(batch: &Batch, limits: &Limits) -> Result<()> {
    if batch.memory_bytes() as u64 <= limits.value_bytes {
        return Ok(());
    }
    for (field, column) in std::iter::zip(&batch.schema().fields, batch.columns()) {
        let longest = array::longest_value(column) as u64;
        Limits::check("bytes of a value", longest, limits.value_bytes)
            .map_err(|error| error.in_column(&field.name))?;
    }
    Ok(())
}

/// Fails where types nest too deep.
fn check_schema(schema: &Schema, limits: &Limits) -> Result<()> {
    schema.fields.iter().try_for_each(|field| {
        let levels = export_core::schema::nesting(&field.data_type);
        Limits::check("nesting of a type", levels.into(), limits.depth.into())
            .map_err(|error| error.in_column(&field.name))
    })
}

fn check_limits(metadata: &ParquetMetaData, limits: &Limits) -> Result<()> {
    let columns = metadata.file_metadata().schema_descr().num_columns() as u64;
    Limits::check("columns", columns, limits.columns.into())
}

fn key_values(metadata: &ParquetMetaData) -> BTreeMap<String, String> {
    let pairs = metadata
        .file_metadata()
        .key_value_metadata()
        .into_iter()
        .flatten();
    pairs
        .filter(|pair| pair.key != ARROW_SCHEMA_META_KEY)
        .filter_map(|pair| Some((pair.key.clone(), pair.value.clone()?)))
        .collect()
}

fn wanted(names: &[&str], columns: Option<&[String]>) -> Result<Vec<usize>> {
    let Some(columns) = columns else {
        return Ok((0..names.len()).collect());
    };
    let position = |column: &String| {
        names
            .iter()
            .position(|name| name == column)
            .ok_or_else(|| Error::no_such("column", column, names.iter().copied()))
    };
    columns.iter().map(position).collect()
}

/// Rows that make a batch of about the bytes asked for, if rows are as large as the file says.
fn batch_rows(metadata: &ParquetMetaData, options: &ReadOptions) -> usize {
    let total = |of: fn(&parquet::file::metadata::RowGroupMetaData) -> i64| {
        let sum: i64 = metadata
            .row_groups()
            .iter()
            .map(|group| of(group).max(0))
            .sum();
        usize::try_from(sum).unwrap_or(usize::MAX)
    };
    let (rows, bytes) = (
        total(|group| group.num_rows()),
        total(|group| group.total_byte_size()),
    );
    // Pages hold integers in few bits and repeated text but once; columns in memory do not.
    let width = 8 * metadata.file_metadata().schema_descr().num_columns();
    let row_bytes = (bytes / rows.max(1)).max(width).max(1);
    (options.batch_bytes / row_bytes).clamp(1, options.batch_rows.max(1))
}
