//! Frames of encrypted containers that somebody without the key has made, moved or changed, their checksums made right.

use export_container::{FileHeader, FileOptions, FrameHeader, FrameWriter, layout};
use export_core::{ErrorKind, FileId, Keys};
use proptest::prelude::*;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::common::{Random, chunk, encrypted, frames, key, options, read_all, schema, write};
use crate::damage::check_subset;
use crate::secrecy::{chunk_frames, header, open, verified, written};

/// Makes the checksums of the frame at `at` right, whatever is in it: what somebody without the key can do.
fn mend(bytes: &mut [u8], at: usize, mut header: FrameHeader) {
    let payload = &bytes[at + 64..at + 64 + header.payload_bytes as usize];
    let place = [&header.file.0[..], &header.sequence.to_le_bytes()].concat();
    header.directory_checksum = xxh3_64_with_seed(payload, xxh3_64(&place));
    bytes[at..at + 64].copy_from_slice(&header.to_bytes());
}

/// Every change that somebody without the key can make to one frame, its checksums made right.
#[test]
fn forged_frames_are_refused() {
    let written = written(39, 6, 100, false);
    for (number, &at) in chunk_frames(&written).iter().enumerate() {
        let original = header(&written.bytes, at);
        let others: Vec<usize> = (0..6).filter(|&other| other != number).collect();
        let mut forged = Vec::new();
        for byte in [
            at + 72,
            at + 100,
            at + 64 + original.payload_bytes as usize - 1,
        ] {
            let mut bytes = written.bytes.clone();
            bytes[byte] ^= 1;
            mend(&mut bytes, at, original);
            forged.push(bytes);
        }
        for change in [
            FrameHeader {
                rows: original.rows + 1,
                ..original
            },
            FrameHeader {
                stream: Some(export_core::StreamId(1 - original.stream.unwrap().0)),
                ..original
            },
            FrameHeader {
                sequence: original.sequence + 1000,
                ..original
            },
        ] {
            let mut bytes = written.bytes.clone();
            mend(&mut bytes, at, change);
            forged.push(bytes);
        }
        for bytes in forged {
            let container = open(&bytes).unwrap();
            assert_eq!(check_subset(&container, &written), others);
            assert!(
                container
                    .findings()
                    .iter()
                    .any(|f| f.text.contains("authentication"))
            );
            let report = verified(&bytes, encrypted().keys()).unwrap();
            assert!(!report.is_intact());
        }
        // The name of the key is no secret, either: another one is no key that is missing, once others opened.
        let mut bytes = written.bytes.clone();
        bytes[at + 64] ^= 1;
        mend(&mut bytes, at, original);
        assert_eq!(check_subset(&open(&bytes).unwrap(), &written), others);
    }
}

#[test]
fn chunks_that_change_places_are_refused() {
    // Chunks of one length, so that they fit each other's places.
    let mut random = Random(40);
    let mut writer = FrameWriter::protected(&options(), &encrypted());
    let stream = writer.add_stream("events", &schema(1)).unwrap();
    let mut one = chunk(1, 5, 0, &mut random);
    one.directory.columns[0].blocks.clear();
    one.directory.columns[0].summary = Default::default();
    writer.chunk(stream, &one).unwrap();
    writer.chunk(stream, &one).unwrap();
    let bytes = writer.output();
    let places: Vec<usize> = frames(bytes)
        .into_iter()
        .filter(|&at| header(bytes, at).kind == 2)
        .collect();
    let [a, b] = places[..] else {
        panic!("{places:?}")
    };
    let mut swapped = bytes.to_vec();
    let length = header(bytes, a).payload_bytes as usize;
    assert_eq!(length, header(bytes, b).payload_bytes as usize);
    swapped[a + 64..a + 64 + length].copy_from_slice(&bytes[b + 64..b + 64 + length]);
    swapped[b + 64..b + 64 + length].copy_from_slice(&bytes[a + 64..a + 64 + length]);
    mend(&mut swapped, a, header(bytes, a));
    mend(&mut swapped, b, header(bytes, b));
    assert_eq!(read_all(&open(&swapped).unwrap()).len(), 0);
    // Nor does a frame of another file of the same key pass.
    let mut other = FrameWriter::protected(
        &FileOptions {
            file: FileId([3; 16]),
            ..options()
        },
        &encrypted(),
    );
    let stream = other.add_stream("events", &schema(1)).unwrap();
    other.chunk(stream, &one).unwrap();
    let mut replayed = bytes.to_vec();
    replayed[a + 64..a + 64 + length].copy_from_slice(&other.output()[a + 64..a + 64 + length]);
    mend(&mut replayed, a, header(bytes, a));
    assert_eq!(read_all(&open(&replayed).unwrap()).len(), 1);
}

#[test]
fn frames_in_the_clear_are_refused_among_encrypted_ones() {
    let written = written(41, 5, 80, false);
    let plain = write(77, 3, 80, false);
    let mut bytes = written.bytes.clone();
    for (sequence, &at) in (written.frames.len() as u64..).zip(&plain.frames) {
        let mut original = header(&plain.bytes, at);
        let start = bytes.len();
        bytes.extend(&plain.bytes[at..at + original.frame_bytes() as usize]);
        original.sequence = sequence;
        let directory = &bytes[start + 64..start + 64 + original.directory_bytes as usize];
        let place = [&original.file.0[..], &original.sequence.to_le_bytes()].concat();
        original.directory_checksum = xxh3_64_with_seed(directory, xxh3_64(&place));
        bytes[start..start + 64].copy_from_slice(&original.to_bytes());
    }
    let container = open(&bytes).unwrap();
    assert_eq!(check_subset(&container, &written).len(), 5);
    assert!(
        container
            .findings()
            .iter()
            .any(|found| found.text.contains("not encrypted"))
    );

    // The file header can be changed, but it is repeated where only the key gets.
    let mut header = FileHeader::new(options().file, options().created_ns + 1);
    header.flags = layout::FILE_ENCRYPTED;
    let mut bytes = written.bytes.clone();
    bytes[..64].copy_from_slice(&header.to_bytes());
    let container = open(&bytes).unwrap();
    assert!(
        container
            .findings()
            .iter()
            .any(|found| found.check == "facts")
    );
    header.flags = 0;
    bytes[..64].copy_from_slice(&header.to_bytes());
    let container = open(&bytes).unwrap();
    assert_eq!(read_all(&container).len(), 0);
    assert!(!container.findings().is_empty());
}

/// Payloads that hold the key's tag, but make no sense.
#[test]
fn hostile_envelopes_are_refused() {
    let written = written(43, 3, 80, false);
    let at = chunk_frames(&written)[1];
    let original = header(&written.bytes, at);
    let end = at + original.frame_bytes() as usize;
    let replaced = |payload: &[u8]| {
        let mut bytes = written.bytes[..at].to_vec();
        let header = FrameHeader {
            payload_bytes: payload.len() as u64,
            directory_bytes: payload.len() as u32,
            ..original
        };
        bytes.extend([0; 64]);
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(64), 0);
        mend(&mut bytes, at, header);
        bytes.extend(&written.bytes[end..]);
        bytes
    };
    let id = key(1).id().0;
    for length in 0..60 {
        let mut payload = id.to_vec();
        payload.resize(length, 7);
        payload.truncate(length);
        let container = open(&replaced(&payload)).unwrap();
        assert_eq!(check_subset(&container, &written), [0, 2], "{length}");
    }
    // What encrypted payloads are bound to, by the words of the spec.
    let context = [
        &original.file.0[..],
        &original.sequence.to_le_bytes(),
        &original.stream.unwrap().0.to_le_bytes(),
        &original.rows.to_le_bytes(),
        &original.kind.to_le_bytes(),
        &original.flags.to_le_bytes(),
    ]
    .concat();
    let cipher = key(1).cipher(options().file);
    let stored = &written.bytes[at + 72..at + 64 + original.payload_bytes as usize];
    let plain = cipher.decrypt(&context, stored.to_vec()).unwrap();
    let directory_bytes = u32::from_le_bytes(plain[..4].try_into().unwrap());
    assert!((directory_bytes as usize) < plain.len());
    let mut hostile: Vec<Vec<u8>> = (0..plain.len())
        .step_by(7)
        .map(|cut| plain[..cut].to_vec())
        .collect();
    for length in [0, 1, 23, directory_bytes + 1, u32::MAX] {
        hostile.push([&length.to_le_bytes()[..], &plain[4..]].concat());
    }
    for columns in [u32::MAX, 1 << 20] {
        let mut plain = plain.clone();
        plain[24..28].copy_from_slice(&columns.to_le_bytes());
        hostile.push(plain);
    }
    for plain in hostile {
        let mut payload = id.to_vec();
        cipher.encrypt(&context, &plain, &mut payload).unwrap();
        let bytes = replaced(&payload);
        match open(&bytes) {
            Ok(container) => assert_eq!(check_subset(&container, &written), [0, 2]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Limit),
        }
        let _ = verified(&bytes, encrypted().keys());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_payload_is_opened_or_refused(payload in prop::collection::vec(any::<u8>(), 0..200), named: bool, kind in 0_u16..12) {
        let mut bytes = FrameWriter::protected(&options(), &encrypted()).output().to_vec();
        let mut payload = payload;
        if named {
            payload.splice(..payload.len().min(8), key(1).id().0);
        }
        let header = FrameHeader {
            file: options().file, sequence: 0, payload_bytes: payload.len() as u64, stream: None, rows: 0,
            directory_bytes: payload.len() as u32, kind, flags: 2, directory_checksum: 0,
        };
        bytes.extend([0; 64]);
        bytes.extend(&payload);
        bytes.resize(bytes.len().next_multiple_of(64), 0);
        mend(&mut bytes, 64, header);
        if let Ok(container) = open(&bytes) {
            prop_assert_eq!(container.chunks().len(), 0);
        }
        let _ = verified(&bytes, encrypted().keys());
        let _ = verified(&bytes, Keys::default());
    }
}
