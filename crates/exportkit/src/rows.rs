//! Slices of rows to files and back, in one call.

use std::path::Path;
use std::sync::Arc;

use export_core::build::{BatchBuilder, RowBuilder};
use export_core::record::{self, FromRecord, Record, RecordBuilder};
use export_core::{Batch, Result, Source, StreamBatch};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::convert::{Conversion, ConvertOptions, export};
use crate::input::{OpenOptions, Place, open_source};
use crate::pace::next_look;
use crate::xk::CHUNK_BYTES;

/// Name of the stream that [`write`] writes.
const STREAM: &str = "rows";

/// Writes all `rows` to a new file at `path`, which appears whole or not at all. The format is told by the name's ending.
///
/// Fails where the file exists ([`write_with`] can replace it) and where a row cannot be represented.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("points.xk");
/// let rows = vec![(1_u32, 0.5_f64), (2, f64::NAN)];
/// exportkit::write(&path, &rows)?;
/// assert_eq!(exportkit::read::<(u32, f64)>(&path)?[0], rows[0]);
/// # Ok::<(), exportkit::Error>(())
/// ```
pub fn write<'a, T, I>(path: impl AsRef<Path>, rows: I) -> Result<Conversion>
where
    T: Serialize + 'a,
    I: IntoIterator<Item = &'a T, IntoIter: Send>,
{
    write_with(path, rows, &ConvertOptions::default())
}

/// [`write()`] with options: preset, codec, overwriting, threads.
pub fn write_with<'a, T, I>(
    path: impl AsRef<Path>,
    rows: I,
    options: &ConvertOptions,
) -> Result<Conversion>
where
    T: Serialize + 'a,
    I: IntoIterator<Item = &'a T, IntoIter: Send>,
{
    let mut source = Rows {
        rows: rows.into_iter(),
        builder: RowBuilder::new(),
        push: |builder: &mut RowBuilder, row: &'a T| export_core::rows::push(builder, row),
        may_widen: true,
        begun: false,
    };
    export(&mut source, &Place::from(path.as_ref()), options)
}

/// [`write()`] of rows whose type derives `Record`: quicker, and with a schema that is the same whatever the values.
///
/// ```
/// use exportkit::Record;
///
/// #[derive(Record, PartialEq, Debug)]
/// struct Point { x: f64, #[record(unit = "mm")] y: Option<f32> }
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("points.xk");
/// let rows = [Point { x: 0.5, y: None }, Point { x: -0.0, y: Some(1.5) }];
/// exportkit::write_records(&path, &rows)?;
/// assert_eq!(exportkit::read_records::<Point>(&path)?, rows);
/// # Ok::<(), exportkit::Error>(())
/// ```
pub fn write_records<'a, T, I>(path: impl AsRef<Path>, rows: I) -> Result<Conversion>
where
    T: Record + ?Sized + 'a,
    I: IntoIterator<Item = &'a T, IntoIter: Send>,
{
    write_records_with(path, rows, &ConvertOptions::default())
}

/// [`write_records`] with options: preset, codec, overwriting, threads.
pub fn write_records_with<'a, T, I>(
    path: impl AsRef<Path>,
    rows: I,
    options: &ConvertOptions,
) -> Result<Conversion>
where
    T: Record + ?Sized + 'a,
    I: IntoIterator<Item = &'a T, IntoIter: Send>,
{
    let mut source = Rows {
        rows: rows.into_iter(),
        builder: RecordBuilder::<T>::new(),
        push: |builder: &mut RecordBuilder<T>, row: &'a T| builder.push(row),
        may_widen: false,
        begun: false,
    };
    export(&mut source, &Place::from(path.as_ref()), options)
}

/// Reads all rows of the one stream of a file of any format.
///
/// Fails where the file has several streams ([`crate::open`] reads those), and where a row is not a `T`.
pub fn read<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<Vec<T>> {
    read_by(path.as_ref(), export_core::rows::read)
}

/// [`read`] of rows whose type derives `Record`. Fields are matched by name: those the type lacks are left out, those the
/// file lacks are `None`, or their default where they have `#[record(default)]`.
pub fn read_records<T: FromRecord>(path: impl AsRef<Path>) -> Result<Vec<T>> {
    read_by(path.as_ref(), record::read::read)
}

fn read_by<T>(path: &Path, read: fn(&Batch) -> Result<Vec<T>>) -> Result<Vec<T>> {
    let in_file = |error: export_core::Error| error.in_file(path.display().to_string());
    let mut source = open_source(&Place::from(path), &OpenOptions::default())?.source;
    let mut rows = Vec::new();
    let mut first: Option<Arc<str>> = None;
    while let Some(StreamBatch { stream, batch }) = source.next_batch().map_err(in_file)? {
        if *first.get_or_insert_with(|| Arc::clone(&stream)) != stream {
            return Err(in_file(
                export_core::Error::usage("the file has several streams")
                    .with_hint("open it and read the stream you want by its name"),
            ));
        }
        rows.extend(read(&batch).map_err(|error| in_file(error.in_stream(&*stream)))?);
    }
    Ok(rows)
}

/// Rows as batches: `push` adds each to the builder.
struct Rows<I, B, P> {
    rows: I,
    builder: B,
    push: P,
    may_widen: bool,
    begun: bool,
}

impl<I, B, P> Source for Rows<I, B, P>
where
    I: Iterator + Send,
    B: BatchBuilder + Send,
    P: FnMut(&mut B, I::Item) -> Result<()> + Send,
{
    fn next_batch(&mut self) -> Result<Option<StreamBatch>> {
        let mut look = 1;
        for row in self.rows.by_ref() {
            (self.push)(&mut self.builder, row)?;
            let rows = self.builder.rows();
            if rows < look {
                continue;
            }
            let bytes = self.builder.memory_bytes();
            if bytes >= CHUNK_BYTES {
                break;
            }
            look = next_look(rows, bytes);
        }
        if self.builder.rows() == 0 && self.begun {
            return Ok(None);
        }
        self.begun = true;
        let batch = self.builder.take_batch()?;
        Ok(Some(StreamBatch {
            stream: Arc::from(STREAM),
            batch,
        }))
    }

    fn may_widen(&self) -> bool {
        self.may_widen
    }
}
