//! Compressed files: round trips, early ends at every byte, damage at every bit, bombs.
#![cfg(feature = "compressed")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{self, Cursor, Read, Write};

use export_core::{Error, ErrorKind, Limits};
use export_formats::compressed::{Compression, Compressor, wrap_reader, wrap_reader_within};

const KINDS: [Compression; 4] = [
    Compression::Gzip,
    Compression::Zstd,
    Compression::Lz4,
    Compression::Brotli,
];

fn text(lines: u64) -> Vec<u8> {
    (0..lines)
        .flat_map(|n| format!("{n},{}\n", n * n % 7919).into_bytes())
        .collect()
}

fn compress(kind: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(kind, Vec::new()).unwrap();
    compressor.write_all(bytes).unwrap();
    compressor.finish().unwrap()
}

fn decompress(kind: Compression, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let mut reader = wrap_reader(kind, Box::new(Cursor::new(bytes.to_vec())))?;
    reader.read_to_end(&mut out)?;
    Ok(out)
}

#[test]
fn round_trips() {
    for kind in KINDS {
        for bytes in [Vec::new(), b"a".to_vec(), text(100_000)] {
            let packed = compress(kind, &bytes);
            assert_eq!(packed, compress(kind, &bytes));
            assert_eq!(decompress(kind, &packed).unwrap(), bytes, "{kind:?}");
            assert!(Compression::detect(&packed).is_none_or(|found| found == kind));
        }
        let name = format!("a.csv.{}", kind.extension());
        assert_eq!(Compression::from_path(name.as_ref()), Some(kind));
    }
}

#[test]
fn members_and_frames_follow_one_another() {
    for kind in [Compression::Gzip, Compression::Zstd, Compression::Lz4] {
        let mut packed = compress(kind, b"one,");
        packed.extend(compress(kind, b""));
        packed.extend(compress(kind, b"two"));
        assert_eq!(decompress(kind, &packed).unwrap(), b"one,two", "{kind:?}");
    }
}

#[test]
fn an_early_end_is_said() {
    for kind in KINDS {
        // More than one lz4 block.
        let bytes = text(60_000);
        let packed = compress(kind, &bytes);
        let step = (packed.len() / 500).max(1);
        for cut in (1..packed.len())
            .step_by(step)
            .chain(packed.len() - 20..packed.len())
        {
            let error = decompress(kind, &packed[..cut]).unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Truncated,
                "{kind:?} at {cut}: {error}"
            );
            assert!(error.position().offset.is_some());
        }
    }
}

#[test]
fn damage_is_said() {
    for kind in [Compression::Gzip, Compression::Zstd, Compression::Lz4] {
        let bytes = text(100);
        let packed = compress(kind, &bytes);
        let mut found = 0;
        for bit in 0..packed.len() * 8 {
            let mut damaged = packed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            match decompress(kind, &damaged) {
                // Parts of headers that do not bear on the data: times, names, hints on sizes.
                Ok(read) => assert_eq!(read, bytes, "{kind:?}: bit {bit} went unseen"),
                Err(_) => found += 1,
            }
        }
        assert!(
            found > packed.len() * 7,
            "{kind:?}: {found} of {} bits",
            packed.len() * 8
        );
    }
}

#[test]
fn what_follows_is_not_ignored() {
    for kind in KINDS {
        let mut packed = compress(kind, b"data");
        packed.extend(b"garbage that is no member or frame");
        assert!(decompress(kind, &packed).is_err(), "{kind:?}");
    }
}

#[test]
fn bombs_are_refused_and_stream_where_the_limit_is_raised() {
    const SIZE: u64 = 64 << 20;
    for kind in KINDS {
        let mut compressor = Compressor::new(kind, Vec::new()).unwrap();
        io::copy(&mut io::repeat(0).take(SIZE), &mut compressor).unwrap();
        let packed = compressor.finish().unwrap();
        let read = |limits: &Limits| {
            let input = Box::new(Cursor::new(packed.clone()));
            let mut reader = wrap_reader_within(kind, input, limits).map_err(io::Error::other)?;
            io::copy(&mut reader, &mut io::sink())
        };
        let kind_of = |result: io::Result<u64>| Error::from(result.unwrap_err()).kind();
        let mut limits = Limits::default();
        // LZ4 makes 255 bytes of one at most.
        if kind != Compression::Lz4 {
            assert_eq!(kind_of(read(&limits)), ErrorKind::Limit, "{kind:?}");
        }
        limits.ratio = 100_000_000;
        assert_eq!(read(&limits).unwrap(), SIZE, "{kind:?}");
        limits.decoded_bytes = SIZE - 1;
        assert_eq!(kind_of(read(&limits)), ErrorKind::Limit, "{kind:?}");
        limits.window_bytes = 1 << 10;
        assert_eq!(kind_of(read(&limits)), ErrorKind::Limit, "{kind:?}");
    }
}

#[test]
fn a_large_window_is_refused() {
    // A frame whose header asks for a window of 2^31 bytes.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00];
    assert_eq!(
        decompress(Compression::Zstd, &frame).unwrap_err().kind(),
        ErrorKind::Limit
    );
    assert_eq!(
        decompress(Compression::Brotli, &[0x11, 30, 0])
            .unwrap_err()
            .kind(),
        ErrorKind::Limit
    );
}

struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(taken)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said_at_the_latest_at_the_end() {
    for kind in KINDS {
        for room in [0, 1, 5, 30] {
            let bytes = text(1000);
            let mut compressor = Compressor::new(kind, Full(room)).unwrap();
            let error = match compressor
                .write_all(&bytes)
                .and_then(|()| compressor.flush())
            {
                Err(error) => error.into(),
                Ok(()) => compressor.finish().map(|_| ()).unwrap_err(),
            };
            let kind_of_io = error.io_error().unwrap().kind();
            assert_eq!(
                kind_of_io,
                io::ErrorKind::StorageFull,
                "{kind:?} with room for {room}"
            );
        }
    }
}
