//! Journals.

use export_journal::layout::{FILE_HEADER_BYTES, HEADER_BYTES, SEGMENT_HEADER_BYTES, SIGNATURE};
use xxhash_rust::xxh3::xxh3_64;

use crate::limits;

/// As it is, and with checksums made right.
pub(crate) fn read(bytes: &[u8]) {
    check(bytes);
    check(&sealed(bytes));
}

/// Read on another machine, and on the one that wrote it, where more is believed.
fn check(bytes: &[u8]) {
    if let Ok(recovered) = export_journal::read_bytes(bytes, &limits(), None) {
        for run in recovered.lanes.iter().flat_map(|lane| &lane.runs) {
            assert_eq!(run.sealed_rows, run.rows, "only what is sealed is believed");
        }
        let again = export_journal::read_bytes(bytes, &limits(), recovered.boot_id);
        assert!(again.is_ok(), "{again:?}");
    }
}

/// The checksums of the file's header and of the headers of segments, their prefixes' and seals' too.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let file = seal_file(&mut bytes);
    if let Some(file) = file {
        for at in (HEADER_BYTES..bytes.len()).step_by(HEADER_BYTES) {
            seal_segment(bytes.get_mut(at..).unwrap_or_default(), &file);
        }
    }
    bytes
}

fn seal_file(bytes: &mut [u8]) -> Option<[u8; 16]> {
    let header: &mut [u8; FILE_HEADER_BYTES] = bytes.first_chunk_mut()?;
    *header.first_chunk_mut()? = SIGNATURE;
    seal_end(header, &[])?;
    header.get(16..)?.first_chunk().copied()
}

/// Segments that look like one; free ones have no checksum.
fn seal_segment(segment: &mut [u8], file: &[u8; 16]) -> Option<()> {
    let header: [u8; SEGMENT_HEADER_BYTES] = *segment.first_chunk()?;
    if !header.starts_with(&export_journal::layout::SEGMENT_SIGNATURE) || header.ends_with(&[0; 8])
    {
        return None;
    }
    let length = |at: usize| {
        let bytes = header.get(at..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    let prefix = length(36)?
        .checked_add(length(40)?)?
        .checked_add(HEADER_BYTES)?;
    let checksum = xxh3_64(segment.get(HEADER_BYTES..prefix).unwrap_or_default());
    *segment.get_mut(64..)?.first_chunk_mut()? = checksum.to_le_bytes();
    seal_end(segment.first_chunk_mut::<SEGMENT_HEADER_BYTES>()?, file)
}

/// The last eight bytes of a header are the checksum of what belongs to it and of those before.
fn seal_end(header: &mut [u8], with: &[u8]) -> Option<()> {
    let (checked, checksum) = header.split_last_chunk_mut::<8>()?;
    *checksum = xxh3_64(&[with, checked].concat()).to_le_bytes();
    Some(())
}
