//! Slices of rows to files and back, in one call.

use std::path::Path;
use std::sync::Arc;

use export_core::build::RowBuilder;
use export_core::{Result, Source, StreamBatch};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::convert::{Conversion, ConvertOptions, export};
use crate::input::{OpenOptions, Place, open_source};
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
        begun: false,
    };
    export(&mut source, &Place::from(path.as_ref()), options)
}

/// Reads all rows of the one stream of a file of any format.
///
/// Fails where the file has several streams ([`crate::open`] reads those), and where a row is not a `T`.
pub fn read<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<Vec<T>> {
    let path = path.as_ref();
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
        let read = export_core::rows::read(&batch);
        rows.extend(read.map_err(|error| in_file(error.in_stream(&*stream)))?);
    }
    Ok(rows)
}

struct Rows<I> {
    rows: I,
    builder: RowBuilder,
    begun: bool,
}

impl<'a, T, I> Source for Rows<I>
where
    T: Serialize + 'a,
    I: Iterator<Item = &'a T> + Send,
{
    fn next_batch(&mut self) -> Result<Option<StreamBatch>> {
        for row in self.rows.by_ref() {
            export_core::rows::push(&mut self.builder, row)?;
            if self.builder.memory_bytes() >= CHUNK_BYTES {
                break;
            }
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
        true
    }
}
