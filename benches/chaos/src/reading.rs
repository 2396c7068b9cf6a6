//! What a reader gets out of a hurt file, held against what is true of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use export_compress::Decoder;
use export_container::layout::Kind as FrameKind;
use export_container::{ChunkRef, Container, Stream};
use export_core::{Cancel, ChunkDecoder, EncodedChunk, Limits, Progress, Storage};
use exportkit::{Depth, verify_storage};

use crate::patient::{Patient, Truth};
use crate::sample::{Chunk, Sample};

/// How much memory a case may take besides the file.
const MEMORY_BYTES: u64 = 16_000_000;

/// What came of one case.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// What is wrong with it.
    pub(crate) failure: Option<String>,
    /// Whether looking at every byte finds something.
    pub(crate) detected: bool,
    /// Chunks that did not come back.
    pub(crate) lost: u64,
    pub(crate) peak_bytes: u64,
    pub(crate) panicked: bool,
}

/// Whether chunks that nothing can have changed are read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// A chunk whose frame is untouched and whose entry is that of the intact file is taken as read: what is read for it are the
    /// bytes of that frame, all of them as they were.
    Usual,
    /// Every chunk is read and decoded.
    Thorough,
}

/// Reads and verifies the patient.
pub(crate) fn judge(patient: &Patient<'_>, truth: &Truth, care: Care) -> Verdict {
    let mut verdict = Verdict::default();
    let mut outcome = None;
    let info = allocation_counter::measure(|| {
        outcome = catch_unwind(AssertUnwindSafe(|| {
            let detected = is_detected(patient.storage());
            (detected, returned(patient, truth, care))
        }))
        .ok();
    });
    verdict.peak_bytes = info.bytes_max;
    let Some((detected, back)) = outcome else {
        verdict.panicked = true;
        verdict.failure = Some("panics".into());
        return verdict;
    };
    verdict.detected = detected;
    if truth.is_anothers && detected && patient.is_taken_for_anothers() {
        verdict.lost = patient.sample.chunks.len() as u64;
        return verdict;
    }
    let back = match back {
        Ok(back) => back,
        Err(wrong) => {
            verdict.failure = Some(wrong);
            return verdict;
        }
    };
    verdict.lost = back.iter().filter(|back| !**back).count() as u64;
    verdict.failure = if verdict.lost > 0 && !detected && !truth.was_whole {
        Some(format!(
            "{} chunks are missing, and nothing is found to be wrong",
            verdict.lost
        ))
    } else if verdict.peak_bytes > truth.size as u64 + MEMORY_BYTES {
        Some(format!("takes {} bytes", verdict.peak_bytes))
    } else {
        missing(patient.sample, truth, &back)
    };
    verdict
}

/// The first chunk that is intact and did not come back.
fn missing(sample: &Sample, truth: &Truth, back: &[bool]) -> Option<String> {
    let described = |chunk: &Chunk| {
        let mut frames = sample
            .frames
            .iter()
            .enumerate()
            .filter(|(number, _)| truth.has(*number));
        frames.any(|(_, frame)| match frame.kind() {
            Some(FrameKind::Stream) => frame.header.stream == Some(chunk.reference.stream),
            Some(FrameKind::Index) => frame.header.sequence > chunk.reference.sequence,
            _ => false,
        })
    };
    let mut frames = sample.frames.iter().enumerate();
    let missing = frames.find_map(|(number, frame)| {
        let at = frame.chunk.filter(|_| truth.has(number))?;
        let chunk = sample.chunks.get(at)?;
        (back.get(at) != Some(&true) && described(chunk)).then_some(at)
    })?;
    Some(format!("chunk {missing} is intact and is not returned"))
}

/// Whether looking at every byte finds anything wrong.
fn is_detected(storage: Arc<dyn Storage>) -> bool {
    let (limits, progress, cancel) = (Limits::default(), Progress::new(), Cancel::new());
    verify_storage(storage, Depth::Checksums, &limits, &progress, &cancel)
        .map_or(true, |found| !found.findings.is_empty())
}

/// Which chunks come back as they were written; an error where anything else does, or one comes twice or out of order.
pub(crate) fn returned(
    patient: &Patient<'_>,
    truth: &Truth,
    care: Care,
) -> Result<Vec<bool>, String> {
    let sample = patient.sample;
    let mut back = vec![false; sample.chunks.len()];
    let Ok(container) = Container::open(patient.storage(), Limits::default()) else {
        return Ok(back);
    };
    for stream in container.streams() {
        let known = sample.schemas.get(&stream.name);
        let same_schema = matches!(&*stream.schemas, [schema] if Some(schema) == known);
        let mut last = None;
        for chunk in &stream.chunks {
            if !is_returned(sample, &container, stream, chunk, |at| {
                care == Care::Usual && same_schema && is_untouched(sample, truth, chunk, at)
            })? {
                continue;
            }
            let at = sample.chunk_at(&stream.name, chunk.first_row);
            if at <= last {
                return Err(format!("chunk {at:?} comes after chunk {last:?}"));
            }
            last = at;
            if let Some(back) = at.and_then(|at| back.get_mut(at)) {
                *back = true;
            }
        }
    }
    Ok(back)
}

/// Whether the chunk can be read; an error where its rows are not those that were written.
fn is_returned(
    sample: &Sample,
    container: &Container,
    stream: &Stream,
    chunk: &ChunkRef,
    is_known: impl Fn(usize) -> bool,
) -> Result<bool, String> {
    let at = sample.chunk_at(&stream.name, chunk.first_row);
    if at.is_some_and(is_known) {
        return Ok(true);
    }
    let Ok(schema) = stream.schema_of(chunk) else {
        return Ok(false);
    };
    let Ok(encoded) = container.read_chunk(chunk, None) else {
        return Ok(false);
    };
    let written = at.and_then(|at| sample.chunks.get(at));
    let same_fields = |written: &Chunk| written.batch.schema().fields == schema.fields;
    if written.is_some_and(|written| same_chunk(&encoded, &written.encoded) && same_fields(written))
    {
        return Ok(true);
    }
    let Ok(batch) = Decoder::new().decode(schema, &encoded, &Limits::default()) else {
        return Ok(false);
    };
    match written {
        Some(written) if written.batch.same_rows(&batch) && same_fields(written) => Ok(true),
        Some(_) => Err(format!("chunk {at:?} comes back with other rows")),
        None => Err(format!(
            "rows from {} of {:?}, where no chunk starts, come back",
            chunk.first_row, stream.name
        )),
    }
}

/// Whether both decode to the same rows: they are the same to the byte. Decoding knows nothing but these bytes and the schema.
fn same_chunk(one: &EncodedChunk, other: &EncodedChunk) -> bool {
    one.bytes == other.bytes && one.directory == other.directory
}

fn is_untouched(sample: &Sample, truth: &Truth, chunk: &ChunkRef, at: usize) -> bool {
    let written = sample.chunks.get(at);
    let frame = usize::try_from(chunk.sequence).unwrap_or(usize::MAX);
    truth.is_untouched(frame) && written.is_some_and(|written| written.reference == *chunk)
}
