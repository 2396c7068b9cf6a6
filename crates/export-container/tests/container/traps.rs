//! Files made to mislead: frames within frames, numbers that jump, indexes that lie.

use std::sync::Arc;

use export_container::layout::NO_STREAM;
use export_container::{
    Container, Depth, FileOptions, FrameHeader, FrameWriter, MemoryStorage, Report, Writer, verify,
};
use export_core::{
    Block, CodecId, EncodedChunk, EncodingId, ErrorKind, FileId, Limits, Progress, Role, Storage,
    StreamId,
};
use export_core::{Cancel, ChunkDirectory, ColumnDirectory, Summary};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::common::{
    Random, chunk, frames, open, options, read_all, same, schema, storage, write, write_as,
};
use crate::exact::{kept, repaired};

pub(crate) fn verified(bytes: &[u8]) -> Report {
    verify(
        storage(bytes),
        Depth::Checksums,
        Limits::default(),
        &Progress::new(),
        &Cancel::new(),
    )
    .unwrap()
}

/// A frame with right checksums, whatever it says.
pub(crate) fn frame(
    file: FileId,
    sequence: u64,
    kind: u16,
    stream: u32,
    payload: &[u8],
) -> Vec<u8> {
    let mut place = file.0.to_vec();
    place.extend(sequence.to_le_bytes());
    let header = FrameHeader {
        file,
        sequence,
        payload_bytes: payload.len() as u64,
        stream: Some(StreamId(stream)).filter(|id| id.0 != NO_STREAM),
        rows: 0,
        directory_bytes: payload.len() as u32,
        kind,
        flags: 0,
        directory_checksum: xxh3_64_with_seed(payload, xxh3_64(&place)),
    };
    let mut bytes = header.to_bytes().to_vec();
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(64), 0);
    bytes
}

/// A chunk of one column whose only block is `stored`, as it is.
fn holding(stored: &[u8]) -> EncodedChunk {
    let block = Block {
        node: 0,
        role: Role::Values,
        encoding: EncodingId(0),
        codec: CodecId(0),
        parameters: Vec::new(),
        values: 1,
        offset: 0,
        stored_bytes: stored.len() as u64,
        encoded_bytes: stored.len() as u64,
        checksum: xxh3_64(stored),
    };
    let column = ColumnDirectory {
        summary: Summary::default(),
        blocks: vec![block],
    };
    EncodedChunk {
        directory: ChunkDirectory {
            rows: 1,
            columns: vec![column],
        },
        bytes: stored.to_vec(),
    }
}

/// A container that was recorded in a column of another, or of itself as far as it was written, stays what it is: bytes of a
/// block.
#[test]
fn containers_in_columns_are_not_taken_for_frames() {
    let outer = options().file;
    for (round, inner) in [FileId([3; 16]), outer].into_iter().enumerate() {
        let nested = write_as(inner, 77, 6, 200, true);
        let mut writer = FrameWriter::new(&options());
        let stream = writer.add_stream("events", &schema(1)).unwrap();
        let mut written = Vec::new();
        for at in 0..6 {
            // At an offset that is a multiple of 64, and at one that is not.
            let mut stored = vec![7; at * 13];
            let so_far = writer.output();
            stored.extend(if inner == outer {
                so_far
            } else {
                &nested.bytes
            });
            let chunk = holding(&stored);
            writer.chunk(stream, &chunk).unwrap();
            written.push(chunk);
        }
        writer.finish().unwrap();
        let bytes = writer.output().to_vec();
        let check = |bytes: &[u8], least: usize, what: &str| {
            let container = Container::recover(storage(bytes), Limits::default()).unwrap();
            let read = read_all(&container);
            let ours: Vec<_> = read
                .iter()
                .filter(|(_, number, chunk)| {
                    written
                        .get(*number as usize)
                        .is_some_and(|original| same(chunk, original))
                })
                .collect();
            assert!(ours.len() >= least, "{what}: {} of {least}", ours.len());
            if inner != outer {
                assert_eq!(read.len(), ours.len(), "{what}");
            }
        };
        check(&bytes, 6, "whole");
        assert_eq!(verified(&bytes).findings, [], "round {round}");
        let starts = frames(&bytes);
        for (at, &start) in starts.iter().enumerate() {
            // A header is gone: the walk searches through the bytes of the frame.
            let mut broken = bytes.clone();
            broken[start] ^= 1;
            check(&broken, 5, &format!("round {round}, frame {at}"));
            let cut = &bytes[..start + 70];
            let whole = starts[..at]
                .iter()
                .filter(|&&start| FrameHeader::parse(&bytes[start..start + 64]).unwrap().kind == 2);
            check(
                cut,
                whole.count(),
                &format!("round {round}, cut in frame {at}"),
            );
        }
    }
}

#[test]
fn a_number_at_the_end_of_all_numbers_is_no_place_to_go_on_from() {
    let file = options().file;
    let mut bytes = write_as(file, 4, 3, 50, false).bytes;
    let good = read_all(&open(&bytes)).len();
    bytes.extend(frame(file, u64::MAX, 4, NO_STREAM, b"{}"));
    assert_eq!(read_all(&open(&bytes)).len(), good);
    let report = verified(&bytes);
    assert!(report.findings.len() < 10, "{:?}", report.findings);
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new(bytes.clone()));
    let error = Writer::append(storage, &Limits::default()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Limit);
    let (mended, report) = repaired(&bytes, 1);
    assert!(report.unknown_loss);
    assert_eq!(read_all(&open(&mended)).len(), good);
}

#[test]
fn the_header_of_another_file_does_not_hide_the_frames() {
    let written = write(5, 9, 80, true);
    let other = write_as(FileId([8; 16]), 5, 2, 10, true);
    for finished in [true, false] {
        let end = if finished {
            written.bytes.len()
        } else {
            written.frames[8]
        };
        let mut bytes = written.bytes[..end].to_vec();
        bytes[..64].copy_from_slice(&other.bytes[..64]);
        let report = verified(&bytes);
        let chunks = read_all(&open(&bytes)).len();
        assert!(chunks > 0);
        assert_eq!(report.chunks, chunks as u64);
        assert!(report.findings[0].text.contains("of another file"));
        let (mended, _) = repaired(&bytes, 1);
        assert_eq!(kept(&mended, &written, "foreign header").len(), chunks);
    }
}

/// An index with right checksums that says of a chunk what is not so: the chunk is not returned under a false name.
#[test]
fn an_index_that_lies_is_found_out() {
    let written = write(6, 9, 80, true);
    let honest = open(&written.bytes);
    let index = *written
        .frames
        .iter()
        .find(|&&at| written.bytes[at + 44] == 5)
        .unwrap();
    let header = FrameHeader::parse(&written.bytes[index..index + 64]).unwrap();
    let payload = index + 64..index + 64 + header.payload_bytes as usize;
    let first = honest.chunks()[0].offset.to_le_bytes();
    let entry = memchr::memmem::find(&written.bytes[payload.clone()], &first).unwrap();
    // First row, number, rows, version: any of them by one.
    for field in [24, 32, 44, 52] {
        let mut bytes = written.bytes.clone();
        bytes[payload.start + entry + field] ^= 1;
        let sealed = frame(
            header.file,
            header.sequence,
            5,
            NO_STREAM,
            &bytes[payload.clone()],
        );
        bytes[index..index + sealed.len()].copy_from_slice(&sealed);
        let container = open(&bytes);
        assert!(container.is_indexed());
        let lied = container.chunks()[0];
        let error = container.read_chunk(lied, None).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "field {field}");
        assert!(!verified(&bytes).is_intact(), "field {field}");
        let (mended, report) = repaired(&bytes, 1);
        assert_eq!(report.chunks, 9, "field {field}");
        assert_eq!(kept(&mended, &written, "index").len(), 9, "field {field}");
    }
}

/// Two frames with one number: the first counts, whatever stream the second is of.
#[test]
fn a_number_is_used_once() {
    let written = write(7, 6, 80, false);
    let container = open(&written.bytes);
    let chunks = container.chunks();
    let (a, b) = (chunks[0], chunks[2]);
    assert_ne!(a.stream, b.stream);
    let at = b.offset as usize;
    let mut header = FrameHeader::parse(&written.bytes[at..at + 64]).unwrap();
    let mut copy = written.bytes[at..at + header.frame_bytes() as usize].to_vec();
    header.sequence = a.sequence;
    let mut place = header.file.0.to_vec();
    place.extend(header.sequence.to_le_bytes());
    header.directory_checksum = xxh3_64_with_seed(
        &copy[64..64 + header.directory_bytes as usize],
        xxh3_64(&place),
    );
    copy[..64].copy_from_slice(&header.to_bytes());
    let mut bytes = written.bytes.clone();
    bytes.extend(copy);
    assert_eq!(open(&bytes).chunks().len(), 6);
    assert_eq!(repaired(&bytes, 1).1.chunks, 6);
    assert!(!verified(&bytes).is_intact());
}

/// A damaged copy of an intact frame takes nothing away from it, whichever comes first.
#[test]
fn a_damaged_copy_does_no_harm() {
    let written = write(8, 6, 300, true);
    let container = open(&written.bytes);
    let chunk = container.chunks()[1];
    let at = chunk.offset as usize;
    let length = FrameHeader::parse(&written.bytes[at..at + 64])
        .unwrap()
        .frame_bytes() as usize;
    for hit in (0..length).step_by(16) {
        for before in [true, false] {
            let mut copy = written.bytes[at..at + length].to_vec();
            copy[hit] ^= 0x40;
            let place = if before { at } else { at + length };
            let mut bytes = written.bytes.clone();
            bytes.splice(place..place, copy);
            let what = format!("byte {hit}, before: {before}");
            assert!(!verified(&bytes).findings.is_empty(), "{what}");
            assert_eq!(verified(&bytes).chunks, 6, "{what}");
            let (mended, report) = repaired(&bytes, 1);
            assert!(report.is_lossless(), "{what}: {report:?}");
            assert_eq!(report.lost_frames, [], "{what}");
            assert_eq!(kept(&mended, &written, &what).len(), 6, "{what}");
        }
    }
}

/// Padding that goes missing moves what follows; all of it is still found.
#[test]
fn missing_padding_loses_nothing() {
    let written = write(9, 8, 100, true);
    for (at, &start) in written.frames.iter().enumerate() {
        let header = FrameHeader::parse(&written.bytes[start..start + 64]).unwrap();
        let end = start + 64 + header.payload_bytes as usize;
        let padding = end.next_multiple_of(64) - end;
        for missing in [1, padding / 2, padding] {
            if missing == 0 || missing > padding {
                continue;
            }
            let mut bytes = written.bytes.clone();
            bytes.drain(end..end + missing);
            let what = format!("frame {at}, {missing} bytes");
            assert!(!verified(&bytes).findings.is_empty(), "{what}");
            let (mended, report) = repaired(&bytes, 1);
            assert_eq!(report.lost_frames, [], "{what}: {report:?}");
            assert_eq!(kept(&mended, &written, &what).len(), 8, "{what}");
        }
    }
}

/// A long chunk that ends the file without its padding is whole.
#[test]
fn a_long_last_chunk_needs_no_padding() {
    let mut writer = FrameWriter::new(&options());
    let stream = writer.add_stream("events", &schema(1)).unwrap();
    let long = holding(&Random(1).bytes((2 << 20) + 1));
    writer.chunk(stream, &long).unwrap();
    let bytes = writer.output();
    let start = frames(bytes)[1];
    let header = FrameHeader::parse(&bytes[start..start + 64]).unwrap();
    let end = start + 64 + header.payload_bytes as usize;
    assert!(end < bytes.len());
    for cut in [end, end + 1, bytes.len()] {
        let read = read_all(&open(&bytes[..cut]));
        assert!(read.len() == 1 && same(&read[0].2, &long), "cut at {cut}");
    }
    assert_eq!(read_all(&open(&bytes[..end - 1])).len(), 0);
}

/// Going on after a damaged middle: the damage stays what it is, and nothing new is put in its place.
#[test]
fn an_append_after_damage_keeps_both_apart() {
    let written = write(10, 12, 200, true);
    let container = open(&written.bytes);
    let chunks = container.chunks();
    for finished in [true, false] {
        for hit in [
            chunks[4].offset,
            chunks[4].offset + 80,
            chunks[4].offset + 200,
        ] {
            let end = if finished {
                written.bytes.len()
            } else {
                written.frames[written.frames.len() - 2]
            };
            let mut bytes = written.bytes[..end].to_vec();
            bytes[hit as usize] ^= 8;
            let storage = Arc::new(MemoryStorage::new(bytes.clone()));
            let shared = Arc::clone(&storage) as Arc<dyn Storage>;
            let mut writer = Writer::append(shared, &Limits::default()).unwrap();
            let stream = writer.frames().stream("events").unwrap();
            let first = writer.frames().rows(stream).unwrap();
            let new = chunk(3, 7, 100, &mut Random(3));
            writer.chunk(stream, &new).unwrap();
            writer.finish().unwrap();
            let after = storage.to_vec();
            assert_eq!(after[..end], bytes);
            let what = format!("finished: {finished}, hit at {hit}");
            let container = open(&after);
            let last = *container.chunks().last().unwrap();
            assert_eq!(last.first_row, first, "{what}");
            assert!(
                same(&container.read_chunk(last, None).unwrap(), &new),
                "{what}"
            );
            let (_, report) = repaired(&after, 1);
            assert_eq!(report.chunks, 12, "{what}");
            let lost: u64 = report.lost_rows.iter().map(|lost| lost.rows).sum();
            assert_eq!(lost, written.chunks[4].1.directory.rows, "{what}");
            assert!(!report.unknown_loss, "{what}");
        }
    }
}

#[test]
fn streams_that_contradict_each_other() {
    let file = options().file;
    let written = write_as(file, 11, 4, 60, false);
    let text = |name: &str, kind: &str| {
        format!(
            r#"{{"stream":"{name}","file":{{"major":1,"minor":0,"flags":0,"created_ns":1,"release":[0,1,0]}},"versions":[{{"fields":[{{"name":"c0","type":"{kind}","nullable":true}}]}}]}}"#
        )
    };
    let next = written.frames.len() as u64;
    for (stream, name) in [(0, "other"), (0, "events"), (7, "events")] {
        let mut bytes = written.bytes.clone();
        bytes.extend(frame(file, next, 1, stream, text(name, "utf8").as_bytes()));
        let container = open(&bytes);
        assert_eq!(read_all(&container).len(), 4, "{stream} {name}");
        assert_eq!(container.stream("events").unwrap().id.0, 0);
        let (mended, report) = repaired(&bytes, 1);
        assert_eq!(report.chunks, 4, "{stream} {name}");
        assert_eq!(verified(&mended).findings, [], "{stream} {name}");
        if stream == 0 {
            assert!(!verified(&bytes).is_intact(), "{stream} {name}");
        }
    }
    let options = FileOptions {
        file,
        created_ns: 1,
    };
    assert_eq!(FrameWriter::new(&options).file().file, file);
}
