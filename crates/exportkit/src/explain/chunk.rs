//! One chunk of a file or of any source, explained.

use export_compress::Options as EncodeOptions;
use export_container::Stream;
use export_core::{Error, Result, Source};

use super::{ColumnExplanation, explain, explain_stored};
use crate::recording::Recording;
use crate::xk::{Gather, View, damaged};

/// What to explain.
#[derive(Debug, Clone, Default)]
pub struct ExplainOptions {
    /// Names of the streams wanted; all where `None`.
    pub streams: Option<Vec<String>>,
    /// Names of the columns wanted; all where `None`.
    pub columns: Option<Vec<String>>,
    /// Number (from 0) of the chunk within its stream.
    pub chunk: u64,
    /// What the choice aims for, and what is fixed.
    pub encode: EncodeOptions,
}

/// Why the columns of one chunk are encoded as they are.
#[derive(Debug, Clone)]
pub struct ChunkExplanation {
    /// Name of its stream.
    pub stream: String,
    /// Its number (from 0) within the stream.
    pub chunk: u64,
    /// Its rows.
    pub rows: u64,
    /// One entry a column.
    pub columns: Vec<ColumnExplanation>,
}

impl Recording {
    /// Explains one chunk of every wanted stream that has so many: what its blocks are, and what the choice would now make
    /// of its values. Reads and decodes that chunk alone. Fails where no stream has it.
    pub fn explain(&self, options: &ExplainOptions) -> Result<Vec<ChunkExplanation>> {
        let streams = match &options.streams {
            None => self.container.streams().iter().collect(),
            Some(names) => names
                .iter()
                .map(|name| self.stream(name))
                .collect::<Result<Vec<_>>>()?,
        };
        let most = streams
            .iter()
            .map(|stream| stream.chunks.len() as u64)
            .max();
        let explained = streams
            .into_iter()
            .filter_map(|stream| self.explain_chunk(stream, options).transpose());
        let explained = explained.collect::<Result<Vec<_>>>();
        let explained = explained.map_err(|error| error.in_file(&self.name))?;
        match most {
            Some(most) if explained.is_empty() && options.chunk > 0 => {
                Err(no_chunk(options.chunk, most).in_file(&self.name))
            }
            _ => Ok(explained),
        }
    }

    fn explain_chunk(
        &self,
        stream: &Stream,
        options: &ExplainOptions,
    ) -> Result<Option<ChunkExplanation>> {
        let number = usize::try_from(options.chunk).unwrap_or(usize::MAX);
        let Some(chunk) = stream.chunks.get(number) else {
            return Ok(None);
        };
        let view = View::new(stream, options.columns.as_deref())?;
        let batch = view
            .read(&self.container, chunk, &self.limits)
            .map_err(damaged)?;
        let directory = self.container.read_directory(chunk)?;
        let written = stream.schema_of(chunk)?;
        let columns = explain_stored(&batch, &options.encode, &|name| {
            let column = directory.columns.get(written.index_of(name)?)?;
            Some(&column.blocks)
        });
        Ok(Some(ChunkExplanation {
            stream: stream.name.clone(),
            chunk: options.chunk,
            rows: chunk.rows,
            columns: columns.map_err(|error| error.in_stream(&stream.name))?,
        }))
    }
}

/// Explains how the chunk `chunk` (from 0) of the first stream of `source` would be written. Reads no further.
pub fn explain_source(
    source: &mut dyn Source,
    chunk: u64,
    encode: &EncodeOptions,
) -> Result<ChunkExplanation> {
    let mut gather = Gather::default();
    let mut stream = None;
    let mut chunks = Vec::new();
    let mut before = 0;
    while let Some(item) = source.next_batch()? {
        if *stream.get_or_insert_with(|| item.stream.clone()) != item.stream {
            continue;
        }
        gather.add(item.batch, |batch| {
            chunks.push(batch);
            Ok(())
        })?;
        if before + chunks.len() as u64 > chunk {
            break;
        }
        before += chunks.drain(..).len() as u64;
    }
    chunks.extend(gather.take()?);
    let end = before + chunks.len() as u64;
    let at = chunk
        .checked_sub(before)
        .and_then(|at| usize::try_from(at).ok());
    let Some(batch) = at.and_then(|at| chunks.get(at)) else {
        return Err(no_chunk(chunk, end));
    };
    let stream = stream.map(|name| name.to_string()).unwrap_or_default();
    let columns = explain(batch, encode).map_err(|error| error.in_stream(&stream))?;
    Ok(ChunkExplanation {
        stream,
        chunk,
        rows: batch.rows() as u64,
        columns,
    })
}

fn no_chunk(chunk: u64, chunks: u64) -> Error {
    let error = Error::not_found(format!("there is no chunk {chunk}"));
    match chunks.checked_sub(1) {
        None => error.with_hint("there are no rows"),
        Some(last) => error.with_hint(format!("chunks are numbered 0 to {last}")),
    }
}
