//! Reboots, torn pages and hostile bytes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

mod common;

use common::{REBOOTED, create, numbers, only, push, small};
use export_core::{ErrorKind, Limits};
use export_journal::{BootId, Cause, Options, Recovered, Room, read, read_bytes};
use proptest::prelude::*;

const PAGE: usize = 4096;

fn read_now(bytes: &[u8]) -> Recovered {
    read_bytes(bytes, &Limits::default(), BootId::now()).unwrap()
}

fn read_rebooted(bytes: &[u8]) -> Recovered {
    read_bytes(bytes, &Limits::default(), Some(REBOOTED)).unwrap()
}

/// What becomes of a journal.
#[derive(Debug, Clone, Copy, Default)]
struct Life {
    /// Rows before this one have been and gone, so that there are old bytes everywhere.
    first: u64,
    /// Rows before this one are sealed.
    sealed: u64,
    /// So many of them are taken back.
    taken: u64,
    /// So many come after that.
    more: u64,
    /// Whether another seal is about to be made of those.
    again: bool,
}

impl Life {
    fn new(sealed: u64, more: u64) -> Self {
        Self {
            sealed,
            more,
            ..Self::default()
        }
    }

    /// The journal's file when it was last durable, and at the end.
    fn files(self) -> (Vec<u8>, Vec<u8>) {
        let directory = tempfile::tempdir().unwrap();
        let journal = create(directory.path(), &small(8));
        let path = directory.path().join("run.xk.journal");
        let mut lane = journal.lane("lane");
        assert_eq!(lane.begin(b"about the rows", 0).unwrap(), Room::Ready);
        for n in 0..self.first {
            while !push(&mut lane, n) {
                journal.seal().unwrap();
                journal.release(lane.id(), n);
            }
        }
        journal.release(lane.id(), self.first);
        let begun = lane.begin(b"about the rows", self.first).unwrap();
        assert_eq!(begun, Room::Ready);
        let kept = self.sealed - self.taken;
        assert!((self.first..kept).all(|n| push(&mut lane, n)));
        let mark = lane.mark();
        assert!((kept..self.sealed).all(|n| push(&mut lane, n)));
        journal.seal().unwrap();
        if self.taken > 0 {
            lane.discard(&mark).unwrap();
        }
        let before = std::fs::read(&path).unwrap();
        assert!((kept..kept + self.more).all(|n| push(&mut lane, n)));
        if self.again {
            // It never returns.
            journal.seal().unwrap();
        }
        (before, std::fs::read(&path).unwrap())
    }
}

#[test]
fn after_a_reboot_what_was_sealed_is_there_and_the_rest_is_counted() {
    let (_, after) = Life::new(300, 400).files();
    let now = read_now(&after);
    assert!(now.same_boot && now.losses.is_empty());
    assert_eq!(only(&now), (0..700).collect::<Vec<_>>());
    let rebooted = read_rebooted(&after);
    assert!(!rebooted.same_boot);
    assert_eq!(only(&rebooted), (0..300).collect::<Vec<_>>());
    assert!(
        rebooted
            .losses
            .iter()
            .all(|loss| loss.cause == Cause::Unsealed)
    );
    let lost: u64 = rebooted.losses.iter().filter_map(|loss| loss.rows).sum();
    assert_eq!(lost, 400);
    assert_eq!(rebooted.losses[0].first_row, Some(300));
    // Somebody who knows better may say so.
    let told = read_bytes(&after, &Limits::default(), rebooted.boot_id).unwrap();
    assert_eq!(only(&told).len(), 700);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Sectors written since the last seal are on the disk, or as they were.
    #[test]
    fn torn_pages_never_harm_what_was_sealed(
        first in prop::sample::select(vec![0_u64, 10, 5_000]),
        rows in 1_u64..400,
        taken in 0_u64..200,
        more in 1_u64..300,
        again in any::<bool>(),
        written in prop::collection::vec(any::<bool>(), 50..150),
    ) {
        let taken = taken.min(rows);
        let life = Life { first, sealed: first + rows, taken, more, again };
        let (mut before, after) = life.files();
        before.resize(after.len(), 0);
        let mut torn = after.clone();
        for (at, written) in (PAGE..after.len()).step_by(512).zip(written.iter().cycle()) {
            if !written {
                torn[at..at + 512].copy_from_slice(&before[at..at + 512]);
            }
        }
        let recovered = read_rebooted(&torn);
        let kept = first + rows - taken;
        let found = only(&recovered);
        // Of those that came later, some may be there where another seal was begun, and none otherwise.
        let end = if again { kept + more } else { kept };
        prop_assert!(found.starts_with(&(first..kept).collect::<Vec<_>>()), "{:?}", recovered.losses);
        prop_assert!(found.iter().all(|&n| n < end));
        if written.iter().all(|&written| written) {
            prop_assert_eq!(found.len() as u64, end - first);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..20_000), keep in 0_usize..9000) {
        let (_, mut after) = Life::new(20, 20).files();
        let end = after.len().min(keep + bytes.len());
        if keep < end {
            let length = end - keep;
            after[keep..end].copy_from_slice(&bytes[..length]);
        }
        drop(read_bytes(&bytes, &Limits::default(), BootId::now()));
        drop(read_bytes(&after, &Limits::default(), BootId::now()));
    }
}

/// A journal of two lanes and several segments, all of it sealed.
fn sealed_journal() -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let journal = create(directory.path(), &small(8));
    let mut lanes = ["one", "two"].map(|name| journal.lane(name));
    for lane in &mut lanes {
        assert_eq!(lane.begin(b"about", 0).unwrap(), Room::Ready);
        assert!((0..25).all(|n| push(lane, n)));
    }
    assert_eq!(lanes[0].begin(b"other", 25).unwrap(), Room::Ready);
    assert!((25..40).all(|n| push(&mut lanes[0], n)));
    journal.seal().unwrap();
    std::fs::read(directory.path().join("run.xk.journal")).unwrap()
}

#[test]
fn every_flipped_bit_is_detected_or_harmless() {
    let mut bytes = sealed_journal();
    let whole = read_now(&bytes);
    let all: Vec<Vec<u64>> = whole.lanes.iter().map(numbers).collect();
    assert_eq!((all[0].len(), all[1].len()), (40, 25));
    for bit in 0..bytes.len() * 8 {
        // Of the free bytes beyond the rows, some will do.
        if bytes[bit / 8] == 0 && bit % 131 != 0 && bit / 8 % PAGE > 2048 {
            continue;
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
        for now in [BootId::now(), Some(REBOOTED)] {
            let recovered = read_bytes(&bytes, &Limits::default(), now).unwrap();
            let is_count = (0..8).contains(&(bit / 8 % 8192).wrapping_sub(PAGE + 512));
            if is_count && now != Some(REBOOTED) {
                // The one number that no checksum is over: whoever knows what rows are sees what is wrong with them.
                continue;
            }
            for lane in &recovered.lanes {
                let found = numbers(lane);
                let expected = &all[lane.number as usize];
                assert!(found.iter().all(|row| expected.contains(row)), "bit {bit}");
                if found.len() < expected.len() {
                    assert!(!recovered.losses.is_empty(), "bit {bit}");
                }
            }
            if recovered.lanes.len() < 2 {
                assert!(!recovered.losses.is_empty(), "bit {bit}");
            }
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn a_damaged_segment_costs_its_own_rows_only() {
    let (_, mut after) = Life::new(700, 0).files();
    // In the first row of the second segment.
    after[PAGE + 8192 + PAGE + 20] ^= 1;
    for recovered in [read_now(&after), read_rebooted(&after)] {
        let found = only(&recovered);
        assert!(found.contains(&0) && found.contains(&699) && found.len() < 700);
        let lost: u64 = recovered.losses.iter().filter_map(|loss| loss.rows).sum();
        assert_eq!(found.len() as u64 + lost, 700);
    }
    // And in its header.
    after[PAGE + 8192 + 20] ^= 1;
    let recovered = read_now(&after);
    let missing = recovered
        .losses
        .iter()
        .find(|loss| loss.cause == Cause::Missing)
        .unwrap();
    assert_eq!(only(&recovered).len() as u64 + missing.rows.unwrap(), 700);
    assert!(
        missing.to_string().contains("missing between others"),
        "{missing}"
    );
}

#[test]
fn a_cut_file_gives_what_is_in_it_and_says_that_it_was_cut() {
    let bytes = sealed_journal();
    let between_segments = (PAGE..bytes.len()).step_by(8192);
    for length in (0..bytes.len()).step_by(97).chain(between_segments) {
        match read_bytes(&bytes[..length], &Limits::default(), BootId::now()) {
            Ok(recovered) => {
                recovered.lanes.iter().for_each(|lane| drop(numbers(lane)));
                let is_told = recovered.losses.iter().any(|loss| loss.cause == Cause::Cut);
                assert!(is_told, "{length}");
            }
            Err(error) if length == 0 => assert_eq!(error.kind(), ErrorKind::Truncated),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Corrupt);
                assert!(length < PAGE);
            }
        }
    }
}

#[test]
fn what_is_no_journal_is_said_to_be_none() {
    let kind = |bytes: &[u8]| {
        read_bytes(bytes, &Limits::default(), None)
            .unwrap_err()
            .kind()
    };
    assert_eq!(kind(b""), ErrorKind::Truncated);
    assert_eq!(kind(&[0; 2 * PAGE]), ErrorKind::Truncated);
    assert_eq!(kind(&[7; 2 * PAGE]), ErrorKind::Corrupt);
    let missing = read("no/such.journal", &Limits::default()).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);
    assert_eq!(missing.position().file.as_deref(), Some("no/such.journal"));
    let mut limits = Limits::default();
    limits.metadata_bytes = 10;
    let (_, after) = Life::new(1, 0).files();
    let error = read_bytes(&after, &limits, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
}

#[test]
fn options_are_checked_and_files_are_not_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.journal");
    for (segment_bytes, capacity_bytes) in [
        (0, 1 << 20),
        (4096, 1 << 20),
        (8193, 1 << 20),
        (8192, 8192),
        (8192, 1 << 33),
    ] {
        let options = Options {
            segment_bytes,
            capacity_bytes,
            ..Options::default()
        };
        let error = export_journal::Journal::create(&path, common::ID, &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(!path.exists());
    }
    let create = || export_journal::Journal::create(&path, common::ID, &Options::default());
    let journal = create().unwrap();
    assert_eq!(create().unwrap_err().kind(), ErrorKind::Exists);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    journal.remove().unwrap();
    assert!(!path.exists());
}

#[cfg(unix)]
#[test]
fn nobody_waits_for_what_is_no_journal() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let journal = create(directory.path(), &small(8));
    let mut lane = journal.lane("lane");
    assert_eq!(lane.begin(b"about", 0).unwrap(), Room::Ready);
    assert!(push(&mut lane, 0));
    let whole = at("run.xk.journal");
    std::os::unix::fs::symlink(&whole, at("link")).unwrap();
    let limits = Limits::default();
    assert_eq!(only(&read(at("link"), &limits).unwrap()), [0]);

    // Nobody ever writes to it.
    let made = std::process::Command::new("mkfifo")
        .arg(at("pipe"))
        .status();
    assert!(made.unwrap().success());
    // With a hole of terabytes after its first segments.
    std::fs::copy(&whole, at("sparse")).unwrap();
    let sparse = std::fs::OpenOptions::new().write(true).open(at("sparse"));
    sparse.unwrap().set_len(1 << 42).unwrap();
    std::fs::create_dir(at("directory")).unwrap();
    for name in ["pipe", "sparse", "directory"] {
        let error = read(at(name), &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}: {error}");
    }
}
