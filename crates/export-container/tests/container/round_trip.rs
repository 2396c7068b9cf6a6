//! What is written comes back: whole, in part, through the index or without it.

use crate::common::{open, options, read_all, same, schema, storage, write};
use export_container::{Container, FrameWriter};
use export_core::{ErrorKind, Limits};

#[test]
fn what_is_written_comes_back_with_and_without_index() {
    for finish in [false, true] {
        let written = write(1, 40, 300, finish);
        let opened = open(&written.bytes);
        let recovered = Container::recover(storage(&written.bytes), Limits::default()).unwrap();
        assert_eq!(opened.is_indexed(), finish);
        assert_eq!(opened.chunks(), recovered.chunks());
        for container in [opened, recovered] {
            assert_eq!(container.findings(), []);
            assert_eq!(container.metadata(), Some(&crate::common::metadata()));
            assert_eq!(container.file().created_ns, options().created_ns);
            let names: Vec<_> = container
                .streams()
                .iter()
                .map(|stream| stream.name.as_str())
                .collect();
            assert_eq!(names, ["events", "states"]);
            assert_eq!(**container.streams()[0].schema(), schema(3));
            let read = read_all(&container);
            assert_eq!(read.len(), written.chunks.len());
            for ((stream, _, chunk), (expected_stream, expected)) in
                read.iter().zip(&written.chunks)
            {
                assert_eq!(stream, expected_stream);
                assert!(same(chunk, expected));
            }
        }
    }
}

#[test]
fn some_columns_come_back_alone_and_in_any_order() {
    let written = write(2, 6, 2_000, true);
    let container = open(&written.bytes);
    for chunk in &container.streams()[0].chunks {
        let whole = container.read_chunk(chunk, None).unwrap();
        for wanted in [
            vec![0],
            vec![1],
            vec![2],
            vec![2, 0],
            vec![0, 1, 2],
            vec![],
            vec![1, 1],
        ] {
            let part = container.read_chunk(chunk, Some(&wanted)).unwrap();
            assert_eq!(part.directory.columns.len(), wanted.len());
            for (column, &at) in part.directory.columns.iter().zip(&wanted) {
                for (block, original) in column
                    .blocks
                    .iter()
                    .zip(&whole.directory.columns[at].blocks)
                {
                    let (from, to) = (original.offset as usize, block.offset as usize);
                    let bytes = block.stored_bytes as usize;
                    assert_eq!(to % 64, 0);
                    assert_eq!(part.bytes[to..to + bytes], whole.bytes[from..from + bytes]);
                }
            }
        }
        let error = container.read_chunk(chunk, Some(&[3])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
    }
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    assert_eq!(write(3, 30, 500, true).bytes, write(3, 30, 500, true).bytes);
}

#[test]
fn a_container_of_nothing_opens() {
    let mut writer = FrameWriter::new(&options());
    assert_eq!(open(writer.output()).streams().len(), 0);
    writer.finish().unwrap();
    let container = open(writer.output());
    assert!(container.is_indexed());
    assert_eq!(container.streams().len(), 0);
}
