//! Promises 9 to 12: skipping, alignment, versions, limits, determinism; schemas that widen.

use export_container::{
    Container, Depth, FileHeader, FrameHeader, FrameWriter, Writer, layout, repair, verify,
};
use export_core::marrow::datatypes::DataType;
use export_core::{Cancel, ErrorKind, FileId, Limits, Progress, Result, Schema, StreamId};
use proptest::prelude::*;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::common::{Random, chunk, field, open, options, read_all, same, schema, storage, write};

fn try_open(bytes: &[u8]) -> Result<Container> {
    Container::open(storage(bytes), Limits::default())
}

/// A file with a frame of a private kind before its only chunk.
fn with_private_frame(critical: bool, finish: bool) -> Vec<u8> {
    let mut writer = FrameWriter::new(&options());
    let stream = writer.add_stream("events", &schema(3)).unwrap();
    writer.private_frame(0x8001, critical, b"ours").unwrap();
    writer
        .chunk(stream, &chunk(3, 5, 100, &mut Random(1)))
        .unwrap();
    if finish {
        writer.finish().unwrap();
    }
    writer.output().to_vec()
}

#[test]
fn unknown_frames_are_skipped_or_refused() {
    let container = open(&with_private_frame(false, false));
    assert_eq!(
        (container.chunks().len(), container.findings().len()),
        (1, 0)
    );
    let error = try_open(&with_private_frame(true, false)).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.message().contains("0x8001"), "{error}");
    assert!(error.hint().is_some());
    let mut writer = FrameWriter::new(&options());
    assert_eq!(
        writer.private_frame(7, false, b"").unwrap_err().kind(),
        ErrorKind::Usage
    );
}

#[test]
fn a_flag_of_a_later_version_makes_a_frame_unknown() {
    let written = write(1, 1, 10, false);
    let at = written.frames[0];
    let mut bytes = written.bytes.clone();
    let header = FrameHeader::parse(&bytes[at..at + 64]).unwrap();
    bytes[at..at + 64].copy_from_slice(&FrameHeader { flags: 5, ..header }.to_bytes());
    assert_eq!(
        try_open(&bytes).err().unwrap().kind(),
        ErrorKind::Unsupported
    );
}

#[test]
fn a_later_major_version_is_refused_by_name() {
    let later = FileHeader {
        major: 2,
        minor: 1,
        release: [3, 4, 5],
        ..FileHeader::new(FileId([1; 16]), 0)
    };
    let mut bytes = later.to_bytes().to_vec();
    bytes.extend([0xAA; 1000]);
    let error = try_open(&bytes).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Version);
    assert!(error.message().contains("2.1"), "{error}");
    assert!(error.hint().unwrap().contains("3.4.5"), "{error:?}");

    let flagged = FileHeader {
        flags: 1,
        ..FileHeader::new(FileId([1; 16]), 0)
    };
    assert_eq!(
        try_open(&flagged.to_bytes()).err().unwrap().kind(),
        ErrorKind::Unsupported
    );
    let harmless = FileHeader {
        flags: 1 << 17,
        minor: 7,
        ..FileHeader::new(FileId([1; 16]), 0)
    };
    assert!(try_open(&harmless.to_bytes()).is_ok());
}

#[test]
fn what_is_no_container_is_said_to_be_none() {
    let kind = |bytes: &[u8]| try_open(bytes).err().unwrap().kind();
    assert_eq!(kind(b""), ErrorKind::Truncated);
    assert_eq!(kind(&layout::SIGNATURE), ErrorKind::Truncated);
    assert_eq!(kind(b"a,b\n1,2\n"), ErrorKind::Unsupported);
    assert_eq!(kind(&[0; 5000]), ErrorKind::Unsupported);
    let text_mode = write(1, 2, 10, true)
        .bytes
        .iter()
        .copied()
        .filter(|&b| b != b'\r')
        .collect::<Vec<_>>();
    // Most frames survive the removal of a byte elsewhere.
    assert!(try_open(&text_mode[..60]).is_err());
}

#[test]
fn one_column_of_many_reads_about_its_share() {
    let mut random = Random(3);
    let mut writer = FrameWriter::new(&options());
    let stream = writer.add_stream("wide", &schema(100)).unwrap();
    for _ in 0..20 {
        writer
            .chunk(stream, &chunk(100, 1000, 20_000, &mut random))
            .unwrap();
    }
    writer.finish().unwrap();
    let container = open(writer.output());
    let opening = container.reads();
    assert!(opening.requests <= 2, "{opening:?}");
    for chunk in container.chunks() {
        container.read_chunk(chunk, Some(&[42])).unwrap();
    }
    let read = container.reads().bytes - opening.bytes;
    let column: u64 = container
        .chunks()
        .iter()
        .map(|chunk| chunk.columns[42].stored_bytes)
        .sum();
    let directories: u64 = container
        .chunks()
        .iter()
        .map(|c| u64::from(c.directory_bytes) + 64)
        .sum();
    assert_eq!(read, column + directories);
    assert!(read < writer.output().len() as u64 / 35);
    assert_eq!(container.reads().requests - opening.requests, 40);
}

#[test]
fn a_normal_file_opens_with_one_read() {
    let container = open(&write(4, 100, 300, true).bytes);
    assert_eq!(container.reads().requests, 1);
    assert!(container.reads().bytes <= 64 << 10);
}

#[test]
fn ten_thousand_chunks_open_through_two_reads() {
    let mut random = Random(5);
    let chunk = chunk(7, 1000, 30, &mut random);
    let mut writer = FrameWriter::new(&options());
    let stream = writer.add_stream("events", &schema(7)).unwrap();
    for _ in 0..10_000 {
        writer.chunk(stream, &chunk).unwrap();
    }
    writer.finish().unwrap();
    let storage = storage(writer.output());
    let container = Container::open(storage.clone(), Limits::default()).unwrap();
    let times = (0..9).map(|_| {
        let start = std::time::Instant::now();
        Container::open(storage.clone(), Limits::default()).unwrap();
        start.elapsed()
    });
    let fastest = times.min().unwrap();
    assert_eq!(container.chunks().len(), 10_000);
    assert!(container.reads().requests <= 2);
    eprintln!(
        "10,000 chunks of 7 columns open in {fastest:?}, index {} bytes",
        container.reads().bytes
    );
}

#[test]
fn frames_and_blocks_are_aligned() {
    let written = write(6, 30, 300, true);
    assert_eq!(written.bytes.len() % 64, 0);
    for &at in &written.frames {
        assert_eq!(at % 64, 0);
    }
    let container = open(&written.bytes);
    for (reference, (_, _, read)) in container.chunks().iter().zip(read_all(&container)) {
        let blocks_start = reference.offset as usize
            + 64
            + (reference.directory_bytes as usize).next_multiple_of(64);
        for block in read
            .directory
            .columns
            .iter()
            .flat_map(|column| &column.blocks)
        {
            assert_eq!(block.offset % 64, 0);
            let (from, to, bytes) = (
                blocks_start + block.offset as usize,
                block.offset as usize,
                block.stored_bytes as usize,
            );
            if bytes > 0 {
                assert_eq!(
                    written.bytes[from..from + bytes],
                    read.bytes[to..to + bytes]
                );
            }
        }
    }
}

#[test]
fn streams_widen_and_chunks_keep_their_schemas() {
    let mut random = Random(7);
    let narrow = Schema::new(vec![field("a", DataType::Int32)]).unwrap();
    let wide = Schema::new(vec![
        field("a", DataType::Int64),
        field("b", DataType::Utf8),
    ])
    .unwrap();
    let mut writer = FrameWriter::new(&options());
    let stream = writer.add_stream("events", &narrow).unwrap();
    let first = chunk(1, 5, 100, &mut random);
    writer.chunk(stream, &first).unwrap();
    writer.widen_stream(stream, &wide).unwrap();
    writer.widen_stream(stream, &wide).unwrap();
    assert_eq!(
        writer.chunk(stream, &first).unwrap_err().kind(),
        ErrorKind::Schema
    );
    writer
        .chunk(stream, &chunk(2, 5, 100, &mut random))
        .unwrap();

    let gone = Schema::new(vec![field("b", DataType::Utf8)]).unwrap();
    let narrower = Schema::new(vec![
        field("a", DataType::Boolean),
        field("b", DataType::Utf8),
    ])
    .unwrap();
    let mut required = wide.clone();
    required.fields.push(export_core::marrow::datatypes::Field {
        nullable: false,
        ..field("c", DataType::Int8)
    });
    for schema in [gone, narrower, required] {
        assert_eq!(
            writer.widen_stream(stream, &schema).unwrap_err().kind(),
            ErrorKind::Schema
        );
    }
    let unfinished = open(writer.output());
    writer.finish().unwrap();
    for container in [unfinished, open(writer.output())] {
        let stream = container.stream("events").unwrap();
        assert_eq!(**stream.schema(), wide);
        let versions: Vec<_> = stream
            .chunks
            .iter()
            .map(|chunk| stream.schema_of(chunk).unwrap().as_ref().clone())
            .collect();
        assert_eq!(versions, [narrow.clone(), wide.clone()]);
        assert_eq!(stream.chunks[1].first_row, 5);
    }
}

#[test]
fn schemas_of_every_type_come_back() {
    let schema = Schema::new(export_core::conformance::fields()).unwrap();
    let mut writer = FrameWriter::new(&options());
    writer.add_stream("all", &schema).unwrap();
    assert_eq!(**open(writer.output()).streams()[0].schema(), schema);
    writer.finish().unwrap();
    assert_eq!(**open(writer.output()).streams()[0].schema(), schema);
}

#[test]
fn a_chunk_that_contradicts_itself_is_not_written() {
    let mut writer = FrameWriter::new(&options());
    let stream = writer.add_stream("events", &schema(3)).unwrap();
    let good = chunk(3, 5, 100, &mut Random(8));
    let before = writer.output().to_vec();
    let mut outside = good.clone();
    outside.directory.columns[1]
        .blocks
        .last_mut()
        .unwrap()
        .stored_bytes += 1_000_000;
    let mut nulls = good.clone();
    nulls.directory.columns[0].summary.nulls = 6;
    let mut fewer = good.clone();
    fewer.directory.columns.pop();
    let mut more = good.clone();
    more.directory.rows = 1 << 40;
    for bad in [outside, nulls, fewer, more] {
        assert!(writer.chunk(stream, &bad).is_err());
    }
    assert!(writer.chunk(StreamId(9), &good).is_err());
    assert!(writer.add_stream("events", &schema(1)).is_err());
    assert_eq!(writer.output(), before);
    writer.chunk(stream, &good).unwrap();
    assert!(same(&read_all(&open(writer.output()))[0].2, &good));
}

#[test]
fn limits_are_kept() {
    let written = write(9, 10, 2000, true);
    let tight: [fn(&mut Limits); 6] = [
        |limits| limits.frame_bytes = 100,
        |limits| limits.chunk_rows = 0,
        |limits| limits.columns = 2,
        |limits| limits.streams = 1,
        |limits| limits.index_bytes = 500,
        |limits| limits.metadata_bytes = 50,
    ];
    for set in tight {
        let mut limits = Limits::default();
        set(&mut limits);
        let result = Container::open(storage(&written.bytes), &limits).and_then(|container| {
            container
                .chunks()
                .iter()
                .try_for_each(|chunk| container.read_chunk(chunk, None).map(drop))
        });
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Limit, "{limits:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_open_or_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..3000), headed: bool) {
        if headed {
            let header = FileHeader::new(options().file, 0).to_bytes();
            bytes.splice(..0, header);
        }
        let _ = try_open(&bytes);
    }

    /// Numbers that are checksummed but absurd, in every field of every frame header.
    #[test]
    fn hostile_numbers_are_refused_or_passed_over(
        frame in 0_usize..12, payload: u64, directory: u32, rows: u32, stream: u32, kind in 0_u16..9,
        sequence: u64, which in 0_u8..64,
    ) {
        let written = write(10, 6, 200, true);
        let at = written.frames[frame % written.frames.len()];
        let mut bytes = written.bytes.clone();
        let mut header = FrameHeader::parse(&bytes[at..at + 64]).unwrap();
        if which & 1 != 0 { header.payload_bytes = payload >> (which % 61) }
        if which & 2 != 0 { header.directory_bytes = directory >> (which % 29) }
        if which & 4 != 0 { header.rows = rows }
        if which & 8 != 0 { header.stream = Some(StreamId(stream)) }
        if which & 16 != 0 { header.kind = kind }
        if which & 32 != 0 { header.sequence = sequence }
        if let Some(directory) = bytes.get(at + 64..at + 64 + header.directory_bytes as usize) {
            let place = [&header.file.0[..], &header.sequence.to_le_bytes()].concat();
            header.directory_checksum = xxh3_64_with_seed(directory, xxh3_64(&place));
        }
        bytes[at..at + 64].copy_from_slice(&header.to_bytes());
        let limits = Limits::default();
        for container in [try_open(&bytes), Container::recover(storage(&bytes), &limits)].into_iter().flatten() {
            read_all(&container);
        }
        let (progress, cancel) = (Progress::new(), Cancel::new());
        let _ = verify(storage(&bytes), Depth::Checksums, &limits, &progress, &cancel);
        let mut writer = Writer::new(Vec::new(), &options()).unwrap();
        let _ = repair(storage(&bytes), &mut writer, &limits, &progress, &cancel);
        let _ = Writer::append(storage(&bytes), &limits).map(|mut writer| writer.finish());
    }
}
