//! Containers.

use std::sync::Arc;

use export_compress::Decoder;
use export_container::layout::{FILE_HEADER_BYTES, FRAME_HEADER_BYTES, Kind};
use export_container::{
    Container, Depth, FileHeader, FileOptions, FrameHeader, MemoryStorage, Scanner, Step, Writer,
    check_header, schema_from_text, schema_to_text,
};
use export_core::{Cancel, ChunkDecoder, EncodedChunk, FileId, Limits, Progress, StreamId};

use crate::sealed::{chunk_bytes, sealed};
use crate::{batch, limits};

/// The file whose frames are scanned without a look at its header.
const FILE: FileId = FileId(*b"sixteen bytes id");

fn storage(bytes: &[u8]) -> Arc<MemoryStorage> {
    Arc::new(MemoryStorage::new(bytes.to_vec()))
}

pub(crate) fn header(bytes: &[u8]) {
    drop(check_header(&*storage(bytes)));
    if let Some(header) = FrameHeader::parse(bytes) {
        assert_eq!(
            Some(&header.to_bytes()[..]),
            bytes.get(..FRAME_HEADER_BYTES)
        );
    }
}

/// A scanner that is given what it asks for, as the file of [`FILE`] and as that of the first frame.
pub(crate) fn scan(bytes: &[u8]) {
    let first = bytes.get(FILE_HEADER_BYTES..).and_then(FrameHeader::parse);
    let size = bytes.len() as u64;
    for file in [Some(FILE), first.map(|header| header.file)]
        .into_iter()
        .flatten()
    {
        let mut scanner = Scanner::new(file, 0, size, &limits());
        let mut end = 0;
        loop {
            let found = match scanner.step() {
                Ok(Step::Read {
                    offset,
                    bytes: count,
                }) => {
                    let start = usize::try_from(offset).unwrap_or(usize::MAX);
                    let count = usize::try_from(count).unwrap_or(usize::MAX);
                    let rest = bytes.get(start..).unwrap_or_default();
                    scanner.supply(rest.get(..count).unwrap_or(rest))
                }
                Ok(step) => Some(step),
                Err(_) => break,
            };
            match found {
                None => {}
                Some(Step::Frame { offset, header }) => {
                    assert!(offset >= end, "frames do not overlap");
                    // Padding may be gone: then the next frame starts within it.
                    end = offset.saturating_add(FRAME_HEADER_BYTES as u64 + header.payload_bytes);
                }
                Some(Step::Lost { start, end: to, .. }) => assert!(start <= to && to <= size),
                Some(Step::End { .. } | Step::Read { .. }) => break,
            }
        }
    }
}

pub(crate) fn open(bytes: &[u8]) {
    for container in [
        Container::open(storage(bytes), limits()),
        Container::recover(storage(bytes), limits()),
    ]
    .into_iter()
    .flatten()
    {
        for chunk in container.chunks() {
            drop(container.read_chunk(chunk, None));
        }
    }
}

/// [`open`] with checksums made right, and chunks decoded.
pub(crate) fn open_sealed(bytes: &[u8]) {
    let bytes = sealed(bytes);
    open(&bytes);
    let Ok(container) = Container::recover(storage(&bytes), limits()) else {
        return;
    };
    for chunk in container.chunks() {
        let stream = container.stream_by_id(chunk.stream);
        let schema = stream.and_then(|stream| stream.schema_of(chunk).ok());
        let directory = container.read_directory(chunk);
        if let (Some(schema), Ok(directory), Some(bytes)) =
            (schema, directory, chunk_bytes(&bytes, chunk))
        {
            let chunk = EncodedChunk {
                directory,
                bytes: bytes.to_vec(),
            };
            if let Ok(decoded) = Decoder::new().decode(schema, &chunk, &limits()) {
                batch::check(&decoded);
            }
        }
    }
}

pub(crate) fn verify(bytes: &[u8]) {
    for bytes in [bytes, &sealed(bytes)] {
        for depth in [Depth::Quick, Depth::Checksums] {
            let (progress, cancel) = (Progress::new(), Cancel::new());
            drop(export_container::verify(
                storage(bytes),
                depth,
                limits(),
                &progress,
                &cancel,
            ));
        }
    }
}

fn repaired(bytes: &[u8]) -> Option<(Vec<u8>, export_container::LossReport)> {
    let options = FileOptions {
        file: FileId([0x5a; 16]),
        created_ns: 1,
    };
    let mut writer = Writer::new(Vec::new(), &options).ok()?;
    let (progress, cancel) = (Progress::new(), Cancel::new());
    let report =
        export_container::repair(storage(bytes), &mut writer, limits(), &progress, &cancel);
    Some((writer.into_inner(), report.ok()?))
}

/// What a repair wrote is intact, and another repair finds all of it.
pub(crate) fn repair(bytes: &[u8]) {
    for bytes in [bytes, &sealed(bytes)] {
        let Some((whole, report)) = repaired(bytes) else {
            continue;
        };
        let (progress, cancel) = (Progress::new(), Cancel::new());
        let verified = export_container::verify(
            storage(&whole),
            Depth::Checksums,
            limits(),
            &progress,
            &cancel,
        );
        match verified {
            Ok(verified) => {
                assert!(verified.is_intact(), "{:?}", verified.findings);
                assert_eq!(
                    (verified.chunks, verified.rows),
                    (report.chunks, report.rows)
                );
            }
            Err(error) => assert_eq!(error.kind(), export_core::ErrorKind::Limit, "{error}"),
        }
        if let Some((_, again)) = repaired(&whole) {
            assert!(again.is_lossless(), "{again:?}");
            assert_eq!((again.chunks, again.rows), (report.chunks, report.rows));
        }
    }
}

/// The input is a schema, the payload of a stream frame, and that of a metadata frame.
pub(crate) fn schema(bytes: &[u8]) {
    if let Ok(schema) = schema_from_text(bytes, &limits()) {
        let text = schema_to_text(&schema).unwrap_or_default();
        assert!(schema_from_text(&text, &Limits::default()).is_ok_and(|back| back == schema));
    }
    for (kind, stream) in [(Kind::Stream, Some(StreamId(0))), (Kind::Metadata, None)] {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let frame = FrameHeader {
            file: FILE,
            sequence: 0,
            payload_bytes: length.into(),
            stream,
            rows: 0,
            directory_bytes: length,
            kind: kind.number(),
            flags: u16::from(kind.is_critical()),
            directory_checksum: 0,
        };
        let header = FileHeader::new(FILE, 0).to_bytes();
        let file = [&header[..], &frame.to_bytes(), bytes].concat();
        let Ok(container) = Container::recover(storage(&sealed(&file)), limits()) else {
            continue;
        };
        // What was read can be written.
        let options = FileOptions {
            file: FILE,
            created_ns: 0,
        };
        let Ok(mut writer) = Writer::new(Vec::new(), &options) else {
            continue;
        };
        for stream in container.streams() {
            drop(writer.add_stream(&stream.name, stream.schema()));
        }
        if let Some(metadata) = container.metadata() {
            drop(writer.metadata(metadata));
        }
    }
}
