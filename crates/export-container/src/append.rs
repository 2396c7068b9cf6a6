//! Going on with a container that is there already.

use std::collections::BTreeMap;
use std::sync::Arc;

use export_core::{
    Access, Error, ErrorKind, Limits, Protection, Result, Schema, Storage, StreamId,
};

use crate::container::Container;
use crate::envelope::Encryption;
use crate::frame::FrameHeader;
use crate::frame_writer::{FrameWriter, OpenStream};
use crate::gap::Gap;
use crate::layout::{ALIGNMENT, FRAME_HEADER_BYTES, Kind, SEAL_FRAME_BYTES, aligned};
#[cfg(feature = "parity")]
use crate::parity::Collected;
use crate::repair::ends;
use crate::repetition::Repetition;
use crate::seal::{Seal, Sealing};
use crate::text::StreamText;

/// Older index entries that are listed again rather than left to a link of the chain: reading a link costs a request.
const FEW_ENTRIES: u64 = 64;
/// How much of what no seal speaks for is read at a time.
const FIND_BYTES: u64 = 1 << 20;
/// Versions of a schema beyond which a chunk that speaks of one is not believed.
const MOST_VERSIONS: u64 = 1 << 16;

/// A writer that goes on after the last byte of `storage`. Its first output is the padding up to there.
pub(crate) fn resume(
    storage: Arc<dyn Storage>,
    limits: &Limits,
    protection: &Protection,
) -> Result<FrameWriter> {
    let access = Access {
        limits: limits.clone(),
        keys: protection.keys(),
    };
    let mut container = Container::open(storage, access)?;
    let lost_to = lost_to(&mut container);
    let mut writer = go_on(container, protection)?;
    for (stream, end) in lost_to {
        writer.skip_rows(stream, end);
    }
    Ok(writer)
}

/// Up to which row of each stream there were chunks, where some are damaged: their rows keep their numbers, so that they are missed.
/// Not so those of half a frame, of which nobody was told that it is there.
fn lost_to(container: &mut Container) -> BTreeMap<StreamId, u64> {
    let torn = container.torn;
    match (gap(container), torn) {
        (Some(gap), _) => container.catalogue.pass_over(gap),
        (None, Some(damaged)) => drop(container.catalogue.take_torn(&damaged)),
        (None, None) => {}
    }
    match container.catalogue.damaged.last() {
        Some(_) => ends(&container.catalogue).0,
        None => BTreeMap::new(),
    }
}

/// [`resume`] of a container that is open.
pub(crate) fn go_on(container: Container, protection: &Protection) -> Result<FrameWriter> {
    let encryption = encryption(&container, protection)?;
    let sealing = sealing(&container, protection)?;
    after(container, encryption, sealing)
}

/// [`go_on`] for who only looks: no seal speaks for what follows, so none is needed.
pub(crate) fn go_on_unsealed(container: Container) -> Result<FrameWriter> {
    let encryption = encryption(&container, &Protection::default())?;
    after(container, encryption, None)
}

fn after(
    mut container: Container,
    encryption: Option<Encryption>,
    mut sealing: Option<Sealing>,
) -> Result<FrameWriter> {
    if let Some(torn) = container.torn {
        // Its number stays its own, should its header ever be found.
        container.catalogue.take_torn(&torn);
    }
    let torn_end = container
        .torn
        .and_then(|torn| container.rest.checked_add(torn.frame_bytes()));
    Limits::check(
        "sequence of the last frame",
        container.catalogue.next_sequence,
        i64::MAX as u64,
    )?;
    let size = container.size_bytes();
    // A frame that starts where a torn one would have ended would make a whole one of it for who does not read it.
    let offset = aligned(size).and_then(|offset| match Some(offset) == torn_end {
        true => offset.checked_add(ALIGNMENT),
        false => Some(offset),
    });
    let offset = offset.ok_or_else(|| Error::limit("the file is too long to be appended to"))?;
    let padding = usize::try_from(offset - size).map_err(Error::limit)?;
    if let Some(sealing) = sealing.as_mut().filter(|_| padding > 0) {
        sealing.take(&vec![0; padding]);
    }
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
        encryption,
        sealing,
        #[cfg(feature = "parity")]
        parity: container.parity().map(Collected::new),
        schema_bytes: 0,
        out: vec![0; padding],
    };
    if let Some(gap) = gap(&container) {
        writer.put_gap(gap)?;
    }
    take_entries(&container, &mut writer);
    pass_over_lost_schemas(&container, &mut writer)?;
    Ok(writer)
}

/// What a writer left at the end that was stopped in the midst of a frame. What can be anything else stays damage.
fn gap(container: &Container) -> Option<Gap> {
    let (mut start, end) = (container.rest, container.size_bytes());
    let whole_bytes = container
        .torn
        .map_or(FRAME_HEADER_BYTES as u64, |torn| torn.whole_bytes());
    let is_cut = start < end && end - start < whole_bytes;
    // Where that was a gap frame, what it was to speak for lies before it.
    let mut torn = container.torn;
    for lost in container.catalogue.lost.iter().rev() {
        let is_gap = torn.is_some_and(|torn| torn.known_kind() == Some(Kind::Gap));
        if !is_gap || lost.bytes.end != start {
            break;
        }
        (start, torn) = (lost.bytes.start, lost.header);
    }
    is_cut.then_some(Gap { start, end })
}

/// What the frames of the container are encrypted with.
fn encryption(container: &Container, protection: &Protection) -> Result<Option<Encryption>> {
    if !container.file.is_encrypted() {
        return match protection.encrypt {
            None => Ok(None),
            Some(_) => Err(Error::usage(
                "the file is not encrypted: what it holds would stay readable",
            )
            .with_hint("convert it to a new file that is encrypted, or leave the key out")),
        };
    }
    let id = container.key_id();
    let known = id.and_then(|id| container.source.opener().keys().get(id));
    match (known, &protection.encrypt) {
        (Some(known), Some(given)) if known.id() != given.id() => Err(Error::new(
            ErrorKind::Key,
            format!(
                "the file is encrypted with key {}, not with {}",
                known.id(),
                given.id()
            ),
        )),
        (Some(secret), _) | (None, Some(secret)) => {
            Ok(Some(Encryption::new(&**secret, container.file.file)))
        }
        (None, None) => Err(Error::new(
            ErrorKind::Key,
            "the file is encrypted, and no key was given",
        )),
    }
}

/// The chain of seals, up to the container's last byte.
fn sealing(container: &Container, protection: &Protection) -> Result<Option<Sealing>> {
    let last = last_seal(container)?;
    let Some(secret) = &protection.seal else {
        return match (container.file.is_sealed(), last) {
            (false, _) => Ok(None),
            (true, last) => {
                let key = last.map_or(String::from("the one it was begun with"), |(_, seal)| {
                    seal.key.to_string()
                });
                let text = "the file is sealed, and no key was given to seal what is added";
                Err(Error::new(ErrorKind::Key, text).with_hint(format!("give its key: {key}")))
            }
        };
    };
    let mut sealing = Sealing::new(&**secret, container.file.file);
    let size = container.size_bytes();
    let mut sealed_to = 0;
    if let Some((offset, seal)) = last {
        if seal.key != secret.id() {
            let text = format!(
                "the file is sealed with key {}, not with {}",
                seal.key,
                secret.id()
            );
            return Err(Error::new(ErrorKind::Key, text));
        }
        sealing.go_on(&seal, offset);
        sealed_to = sealing.start();
        if seal.after > 0 && seal.end(offset) == size && holds_after(container, &sealing, &seal)? {
            sealed_to = size;
        }
    }
    let mut offset = sealing.start();
    while offset < size {
        let bytes = container
            .source
            .read(offset, FIND_BYTES.min(size - offset))?;
        if bytes.is_empty() {
            return Err(Error::truncated("the file became shorter").at_offset(offset));
        }
        sealing.find(&bytes, offset < sealed_to);
        offset += bytes.len() as u64;
    }
    Ok(Some(sealing))
}

/// The last seal and where it is. In a file that was finished it is the frame before the index.
fn last_seal(container: &Container) -> Result<Option<(u64, Seal)>> {
    let link = container.catalogue.links.last();
    let (Some((link, _)), true) = (link, container.is_indexed()) else {
        return Ok(container.catalogue.last_seal);
    };
    let Some(offset) = link.offset.checked_sub(SEAL_FRAME_BYTES as u64) else {
        return Ok(None);
    };
    let frame = container.source.read(offset, SEAL_FRAME_BYTES as u64)?;
    Ok(seal_of(&frame, container).map(|seal| (offset, seal)))
}

fn seal_of(frame: &[u8], container: &Container) -> Option<Seal> {
    let header = FrameHeader::parse(frame)?;
    let is_seal = header.known_kind() == Some(Kind::Seal) && header.file == container.file.file;
    let bytes = usize::try_from(header.payload_bytes).ok()?;
    let payload = frame.get(FRAME_HEADER_BYTES..)?.get(..bytes)?;
    let intact = is_seal && header.check_payload(payload, &container.limits).is_ok();
    intact.then(|| Seal::parse(payload).ok()).flatten()
}

/// Whether index and tail are those that the last seal speaks for.
fn holds_after(container: &Container, sealing: &Sealing, seal: &Seal) -> Result<bool> {
    let mut mac = Seal::after(sealing.fresh(), &seal.tag);
    Limits::check(
        "bytes of the index",
        seal.after,
        container.limits.index_bytes,
    )?;
    mac.update(&container.source.read(sealing.start(), seal.after)?);
    Ok(mac.tag() == seal.after_tag)
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
