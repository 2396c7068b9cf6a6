//! What every [`Source`] and [`Sink`] promise.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::chunks::renamed;
use super::promise;
use crate::{
    Batch, Cancel, Error, ErrorKind, ExportMetadata, ReadOptions, Result, Schema, Sink, Source,
    StreamBatch, widen,
};

/// Most batches any of the sources under test has; one that goes on for longer has lost its end.
const MOST_BATCHES: usize = 100_000;

/// Yields the same rows whatever the size of batches, under schemas that never narrow; ends for good; stops when asked.
pub fn source(make: impl Fn(&ReadOptions) -> Result<Box<dyn Source>>) -> Result<()> {
    let mut options = ReadOptions::default();
    let whole = read(&mut *make(&options)?, &options)?;
    promise(!whole.is_empty(), || {
        "the source yields no stream, not even an empty one".into()
    })?;
    for rows in [1, 7] {
        options.batch_rows = rows;
        let parts = read(&mut *make(&options)?, &options)?;
        for (name, batch) in &whole {
            let part = parts
                .get(name)
                .ok_or_else(|| Error::data(format!("{name} is gone")))?;
            promise(part.same_rows(batch), || {
                format!("stream {name} has other rows where batches have {rows} at most")
            })?;
        }
    }
    projected(&make, &whole)?;
    cancelled(&make)
}

/// All rows of a source by stream, each stream under its widest schema.
pub(super) fn read(
    source: &mut dyn Source,
    options: &ReadOptions,
) -> Result<BTreeMap<Arc<str>, Batch>> {
    let mut streams: BTreeMap<Arc<str>, Vec<Batch>> = BTreeMap::new();
    let mut count = 0;
    while let Some(StreamBatch { stream, batch }) = next(source)? {
        count += 1;
        promise(count < MOST_BATCHES, || "the source does not end".into())?;
        promise(batch.rows() <= options.batch_rows, || {
            format!(
                "a batch of {} rows, where {} are the most",
                batch.rows(),
                options.batch_rows
            )
        })?;
        let earlier = streams.entry(Arc::clone(&stream)).or_default();
        if let Some(last) = earlier.last() {
            no_narrower(last.schema(), batch.schema(), source.may_widen())
                .map_err(|e| e.in_stream(&*stream))?;
        }
        earlier.push(batch);
    }
    promise(next(source)?.is_none(), || {
        "the source goes on after its end".into()
    })?;
    let widest = |(name, batches): (Arc<str>, Vec<Batch>)| {
        let schema = batches
            .last()
            .map(|batch| Arc::clone(batch.schema()))
            .unwrap_or_default();
        let cast = batches
            .iter()
            .map(|batch| widen::cast_batch(batch, &schema));
        Ok((name, Batch::concat(&cast.collect::<Result<Vec<_>>>()?)?))
    };
    streams.into_iter().map(widest).collect()
}

/// The next batch; after an error the source must be at its end.
fn next(source: &mut dyn Source) -> Result<Option<StreamBatch>> {
    source
        .next_batch()
        .map_err(|error| match source.next_batch() {
            Ok(None) => error,
            _ => Error::data("the source goes on after an error"),
        })
}

fn no_narrower(before: &Schema, after: &Schema, may_widen: bool) -> Result<()> {
    if !may_widen {
        return promise(before == after, || {
            "the schema changed, though the source says that it does not".into()
        });
    }
    for field in &before.fields {
        let wider = after
            .index_of(&field.name)
            .and_then(|at| after.fields.get(at));
        let widened = wider.is_some_and(|wider| widen::widens(field, wider));
        promise(widened, || {
            format!("{field:?} became {wider:?}, which is not wider")
        })?;
    }
    Ok(())
}

fn projected(
    make: &impl Fn(&ReadOptions) -> Result<Box<dyn Source>>,
    whole: &BTreeMap<Arc<str>, Batch>,
) -> Result<()> {
    let mut streams = whole.iter();
    let (Some((name, batch)), None) = (streams.next(), streams.next()) else {
        return Ok(());
    };
    let Some(last) = batch.columns().len().checked_sub(1) else {
        return Ok(());
    };
    let wanted = if last == 0 { vec![0] } else { vec![last, 0] };
    let expected = batch.project(&wanted)?;
    let columns = expected
        .schema()
        .fields
        .iter()
        .map(|field| field.name.clone())
        .collect();
    let options = ReadOptions {
        columns: Some(columns),
        ..ReadOptions::default()
    };
    let found = read(&mut *make(&options)?, &options)?;
    promise(
        found
            .get(name)
            .is_some_and(|found| found.same_rows(&expected)),
        || {
            format!(
                "columns {:?} alone are not what they are among all",
                options.columns
            )
        },
    )
}

fn cancelled(make: &impl Fn(&ReadOptions) -> Result<Box<dyn Source>>) -> Result<()> {
    let cancel = Cancel::new();
    cancel.cancel();
    let options = ReadOptions {
        cancel,
        ..ReadOptions::default()
    };
    let stopped = match make(&options) {
        Ok(mut source) => read(&mut *source, &options).err(),
        Err(error) => Some(error),
    };
    promise(
        stopped.is_some_and(|e| e.kind() == ErrorKind::Cancelled),
        || "the source went on though it was cancelled".into(),
    )
}

/// Takes batches of one schema, counts their rows, and refuses what does not fit.
pub fn sink(make: impl Fn() -> Result<Box<dyn Sink>>, batch: &Batch) -> Result<()> {
    let stream: Arc<str> = "rows".into();
    let next = |batch: Batch| StreamBatch {
        stream: Arc::clone(&stream),
        batch,
    };
    let mut sink = make()?;
    sink.write(next(batch.clone()))?;
    sink.write(next(batch.slice(0, 0)?))?;
    sink.write(next(batch.clone()))?;
    let summary = sink.finish(&ExportMetadata::default())?;
    let rows = batch.rows().saturating_mul(2);
    promise(
        usize::try_from(summary.rows).is_ok_and(|found| found == rows),
        || format!("the sink counts {} rows of {rows}", summary.rows),
    )?;
    let mut sink = make()?;
    sink.write(next(batch.clone()))?;
    let refused = sink.accepts_widening() || batch.columns().is_empty() || {
        sink.write(next(renamed(batch)?)).is_err()
    };
    promise(refused, || {
        "the sink takes a batch of another schema".into()
    })
}
