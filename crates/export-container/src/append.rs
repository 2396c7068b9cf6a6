//! Going on with a container that is there already.

use std::sync::Arc;

use export_core::{Error, Limits, Result, Schema, Storage};

use crate::container::Container;
use crate::frame_writer::{FrameWriter, OpenStream};
use crate::layout::aligned;
#[cfg(feature = "parity")]
use crate::parity::Collected;
use crate::repetition::Repetition;
use crate::text::StreamText;

/// Older index entries that are listed again rather than left to a link of the chain: reading a link costs a request.
const FEW_ENTRIES: u64 = 64;
/// Versions of a schema beyond which a chunk that speaks of one is not believed.
const MOST_VERSIONS: u64 = 1 << 16;

/// A writer that goes on after the last byte of `storage`. Its first output is the padding up to there.
pub(crate) fn resume(storage: Arc<dyn Storage>, limits: &Limits) -> Result<FrameWriter> {
    go_on(Container::open(storage, limits)?)
}

/// [`resume`] of a container that is open.
pub(crate) fn go_on(mut container: Container) -> Result<FrameWriter> {
    if let Some(torn) = container.torn {
        // Its number stays its own, should its header ever be found.
        container.catalogue.take_torn(&torn);
    }
    Limits::check(
        "sequence of the last frame",
        container.catalogue.next_sequence,
        i64::MAX as u64,
    )?;
    let size = container.size_bytes();
    let offset =
        aligned(size).ok_or_else(|| Error::limit("the file is too long to be appended to"))?;
    let padding = usize::try_from(offset - size).map_err(Error::limit)?;
    let mut writer = FrameWriter {
        file: container.file,
        sequence: container.catalogue.next_sequence,
        offset,
        streams: container
            .streams()
            .iter()
            .map(|stream| {
                let versions = stream
                    .schemas
                    .iter()
                    .map(|schema| (**schema).clone())
                    .collect();
                let text = StreamText {
                    file: container.file,
                    name: stream.name.clone(),
                    versions,
                    parity: container.parity(),
                };
                let last = stream.chunks.last();
                let open = OpenStream {
                    json: text.to_json()?,
                    text,
                    rows: last.map_or(0, |chunk| chunk.end_row()),
                    chunks: last.map_or(0, |chunk| chunk.number.saturating_add(1)),
                    chunks_since: None,
                };
                Ok((stream.id, open))
            })
            .collect::<Result<_>>()?,
        next_stream: container.catalogue.next_stream,
        metadata: container
            .metadata()
            .map(crate::text::metadata_to_json)
            .transpose()?,
        entries: Vec::new(),
        entry_count: 0,
        previous: None,
        indexed: container.is_indexed(),
        repetition: Repetition::default(),
        #[cfg(feature = "parity")]
        parity: container.parity().map(Collected::new),
        schema_bytes: 0,
        out: vec![0; padding],
    };
    take_entries(&container, &mut writer);
    pass_over_lost_schemas(&container, &mut writer)?;
    Ok(writer)
}

/// Makes a writer leave those versions of a schema alone that chunks have, but whose stream frames are lost: a version that
/// was given anew would make other rows of them.
fn pass_over_lost_schemas(container: &Container, writer: &mut FrameWriter) -> Result<()> {
    for stream in container.streams() {
        let of_chunks = stream.chunks.iter().map(|chunk| chunk.schema_version);
        let versions = of_chunks.max().map_or(0, |last| u64::from(last) + 1);
        let lost = versions.saturating_sub(stream.schemas.len() as u64);
        let Some(mut open) = writer.streams.get(&stream.id).filter(|_| lost > 0).cloned() else {
            continue;
        };
        Limits::check("versions of a schema", versions, MOST_VERSIONS)?;
        let last = open.text.versions.last().cloned().unwrap_or_default();
        for _ in 0..lost {
            open.text.versions.push(Schema::default());
        }
        open.text.versions.push(last);
        open.json = open.text.to_json()?;
        open.chunks_since = Some(0);
        writer.put_stream(stream.id, open)?;
    }
    Ok(())
}

/// Makes the writer list again what its index will not find in the chain: all that no index lists, and short links.
fn take_entries(container: &Container, writer: &mut FrameWriter) {
    let mut links = container.catalogue.links.clone();
    let mut listed_after = None;
    let mut count = 1;
    while let Some((link, entries)) = links.pop() {
        if entries > count * 2 && entries > FEW_ENTRIES {
            listed_after = Some(link.sequence);
            writer.previous = Some(link);
            break;
        }
        count += entries;
    }
    for chunk in container.chunks() {
        if listed_after.is_none_or(|sequence| chunk.sequence > sequence) {
            chunk.put(&mut writer.entries);
            writer.entry_count += 1;
        }
    }
}
