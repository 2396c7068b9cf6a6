//! A new container from all that is intact in another.

mod losses;

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use export_core::{
    Access, Cancel, EncodedChunk, Error, FileId, Finding, Progress, Result, Storage, StreamId,
};

use crate::container::Container;
use crate::fault::finding_of;
use crate::findings::Findings;
use crate::index::ChunkRef;
use crate::layout::FRAME_HEADER_BYTES;
use crate::parity::{ParityReport, Restorer, note_all};
use crate::scan::Scanner;
use crate::sequences::Sequences;
use crate::stream::Stream;
use crate::writer::Writer;
pub(crate) use losses::ends;
use losses::note_losses;

/// Rows that were written once and could not be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostRows {
    /// Their stream.
    pub stream: String,
    /// The first one's number, from 0.
    pub first_row: u64,
    /// How many follow one another.
    pub rows: u64,
}

/// What a repair copied, and exactly what it could not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LossReport {
    /// Chunks that were copied.
    pub chunks: u64,
    /// Rows that were copied.
    pub rows: u64,
    /// Bytes of the damaged file that belong to no intact frame, in order.
    pub lost_bytes: Vec<Range<u64>>,
    /// Numbers of frames that are damaged or gone, in order.
    pub lost_frames: Vec<RangeInclusive<u64>>,
    /// Rows that are known to be lost, by stream.
    pub lost_rows: Vec<LostRows>,
    /// Whether frames are gone of which nothing tells whether they held rows: those after the last intact index.
    pub unknown_loss: bool,
    /// Whether the file ended with its index. Where not, a cut between two frames leaves no trace.
    pub was_finished: bool,
    /// Whether the file was begun sealed.
    pub was_sealed: bool,
    /// Frames of kinds that this release does not know. They are not copied.
    pub skipped_frames: u64,
    /// Another file of which frames lie among those of this one, as where two were joined. They are not copied.
    pub foreign_file: Option<FileId>,
    /// What was found damaged, and may have been restored. Where that is very much, the last one says how many more there were.
    pub findings: Vec<Finding>,
    /// What was restored from parity, where the container has any. Nothing of it counts as lost.
    pub parity: Option<ParityReport>,
}

impl LossReport {
    /// Whether every row that was written is in the new container.
    #[must_use]
    pub fn is_lossless(&self) -> bool {
        self.lost_rows.is_empty() && !self.unknown_loss
    }
}

/// Copies all intact chunks of the container in `storage` to `writer`, a new container, and finishes it. `storage` is only
/// read. Chunks keep their order, streams their names and schemas; rows are numbered anew where some are lost.
/// An encrypted container needs its key; whether the copy is encrypted is up to `writer`.
pub fn repair<W: Write>(
    storage: Arc<dyn Storage>,
    writer: &mut Writer<W>,
    access: impl Into<Access>,
    progress: &Progress,
    cancel: &Cancel,
) -> Result<LossReport> {
    let access = access.into();
    let limits = &access.limits;
    let size = storage.size_bytes()?;
    let mut parity = None;
    let mut restored = Sequences::default();
    let mut restorer = None;
    let mut foreign_file = None;
    let container = Container::recover_then(
        Arc::clone(&storage),
        &access,
        Scanner::thorough,
        |container| {
            let end = container.end();
            let (source, catalogue) = (&container.source, &mut container.catalogue);
            if let Some(torn) = container.torn {
                catalogue.take_rest(source, container.rest, &torn, limits)?;
            }
            if container.rest < size {
                catalogue.find_rest(container.rest, size);
            }
            let file = container.file.file;
            foreign_file = catalogue.note_foreign(source, file, end, cancel)?;
            let mut from = Restorer::new(storage, catalogue, file, size, limits)?;
            parity = note_all(&mut from, catalogue, |catalogue, header, frame| {
                cancel.check()?;
                let taken = catalogue.take_restored(source, header, frame, limits)?;
                if taken {
                    restored.insert(header.sequence);
                }
                Ok(taken)
            })?;
            restorer = Some(from);
            Ok(())
        },
    )?;
    #[cfg(feature = "parity")]
    if writer.frames().parity().is_none() {
        writer.set_parity(container.parity())?;
    }
    let mut copy = Copy::new(&container, writer)?;
    let mut rescue = Rescue {
        restorer,
        restored,
        parity,
    };
    let mut report = LossReport::default();
    let mut findings = container.catalogue.findings.clone();
    let mut lost = container.catalogue.damaged.clone();
    let mut kept: BTreeMap<StreamId, Vec<&ChunkRef>> = BTreeMap::new();
    for chunk in container.chunks() {
        cancel.check()?;
        if rescue.copy(&mut copy, &container, chunk, &mut findings)? {
            report.chunks += 1;
            report.rows += chunk.rows;
            progress.add_rows(chunk.rows);
            kept.entry(chunk.stream).or_default().push(chunk);
        } else {
            lost.insert(chunk.sequence);
            if !rescue.restored.contains(chunk.sequence) {
                let end = chunk
                    .offset
                    .saturating_add(chunk.payload_bytes)
                    .saturating_add(FRAME_HEADER_BYTES as u64);
                report.lost_bytes.push(chunk.offset..end);
            }
        }
        progress.add_bytes_in(chunk.payload_bytes);
    }
    report.findings = findings.into_vec();
    copy.finish(&container, &report)?;
    note_losses(&container, &kept, &lost, &rescue.restored, &mut report);
    report.parity = rescue.parity;
    report.foreign_file = foreign_file;
    report.was_sealed = container.file().is_sealed();
    Ok(report)
}

/// What parity gives back.
struct Rescue {
    restorer: Option<Restorer>,
    /// Frames that were restored.
    restored: Sequences,
    parity: Option<ParityReport>,
}

impl Rescue {
    /// Copies a chunk, restored where it is damaged. Returns whether it is in the new container.
    fn copy<W: Write>(
        &mut self,
        copy: &mut Copy<'_, W>,
        container: &Container,
        chunk: &ChunkRef,
        findings: &mut Findings,
    ) -> Result<bool> {
        let known = self.restored.contains(chunk.sequence);
        if !known {
            let Err(error) = copy.chunk(container, chunk, || container.read_chunk(chunk, None))
            else {
                return Ok(true);
            };
            findings.push(finding_of(error, chunk.offset)?);
        }
        let Some(restorer) = &mut self.restorer else {
            return Ok(false);
        };
        let frame = match restorer.frame(chunk.sequence)? {
            None => return Ok(false),
            Some(Ok((header, frame))) => {
                if let Some(parity) = self.parity.as_mut().filter(|_| !known) {
                    parity.take(&header, restorer.spare_bytes());
                    self.restored.insert(chunk.sequence);
                }
                frame
            }
            Some(Err(reason)) => {
                let group = restorer.range_of(chunk.sequence);
                if let (Some(parity), Some(group)) = (&mut self.parity, group) {
                    parity.lose(group, &reason);
                }
                return Ok(false);
            }
        };
        match copy.chunk(container, chunk, || container.read_restored(chunk, frame)) {
            Ok(()) => Ok(true),
            Err(error) => {
                findings.push(finding_of(error, chunk.offset)?);
                Ok(false)
            }
        }
    }
}

/// The streams of the new container.
struct Copy<'a, W> {
    writer: &'a mut Writer<W>,
    /// Number in the new container, and the schema that was last written there.
    streams: BTreeMap<StreamId, (StreamId, usize)>,
}

impl<'a, W: Write> Copy<'a, W> {
    fn new(container: &Container, writer: &'a mut Writer<W>) -> Result<Self> {
        let mut streams = BTreeMap::new();
        for stream in container.streams() {
            let Some(schema) = stream.schemas.first() else {
                continue;
            };
            let name = match writer.frames().stream(&stream.name) {
                None => stream.name.clone(),
                Some(_) => format!("{} ({})", stream.name, stream.id),
            };
            streams.insert(stream.id, (writer.add_stream(&name, schema)?, 0));
        }
        Ok(Self { writer, streams })
    }

    fn chunk(
        &mut self,
        container: &Container,
        chunk: &ChunkRef,
        read: impl FnOnce() -> Result<EncodedChunk>,
    ) -> Result<()> {
        let stream = container
            .stream_by_id(chunk.stream)
            .ok_or_else(|| Error::corrupt("the stream is lost"))?;
        stream.schema_of(chunk)?;
        let encoded = read()?;
        let to = self.widen(stream, chunk.schema_version as usize)?;
        self.writer.chunk(to, &encoded)
    }

    /// Gives the copy of `stream` its schemas up to `version`.
    fn widen(&mut self, stream: &Stream, version: usize) -> Result<StreamId> {
        let (to, written) = self
            .streams
            .get_mut(&stream.id)
            .ok_or_else(|| Error::corrupt("the stream has no schema"))?;
        if version < *written {
            return Err(
                Error::corrupt("the chunk is of an older schema than the one before")
                    .in_stream(&stream.name),
            );
        }
        let wider = stream
            .known_schemas()
            .filter(|(at, _)| *at > *written && *at <= version);
        for (_, schema) in wider {
            self.writer.widen_stream(*to, schema)?;
        }
        *written = version;
        Ok(*to)
    }

    fn finish(mut self, container: &Container, report: &LossReport) -> Result<()> {
        for stream in container.streams() {
            self.widen(stream, stream.schemas.len().saturating_sub(1))?;
        }
        if let Some(metadata) = container.metadata() {
            let mut metadata = metadata.clone();
            if !report.findings.is_empty() {
                metadata.rows = report.rows;
                metadata.chunks = report.chunks;
            }
            self.writer.metadata(&metadata)?;
        }
        self.writer.finish()
    }
}
