//! Files made to keep a reader busy: much ado for few bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use export_container::layout::NO_STREAM;
use export_container::{Container, Depth, FrameHeader, MemoryStorage, Writer, verify};
use export_core::{Cancel, ErrorKind, Limits, Progress, Result, Severity, Storage};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::common::{frames, options, storage, write_as};
use crate::exact::repaired;
use crate::traps::{frame, verified};

/// Storage that counts what is read of it.
struct Metered {
    inner: MemoryStorage,
    bytes: AtomicU64,
    requests: AtomicU64,
}

impl Metered {
    fn new(bytes: &[u8]) -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStorage::new(bytes.to_vec()),
            bytes: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        })
    }
}

impl Storage for Metered {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let count = self.inner.read_at(offset, buffer)?;
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        Ok(count)
    }

    fn write_at(&self, _: u64, _: &[u8]) -> Result<()> {
        panic!("a reader writes")
    }

    fn size_bytes(&self) -> Result<u64> {
        self.inner.size_bytes()
    }

    fn resize(&self, _: u64) -> Result<()> {
        panic!("a reader resizes")
    }

    fn sync(&self) -> Result<()> {
        panic!("a reader syncs")
    }
}

/// Headers of chunks that are longer than the file, with directories over half of it.
fn torn_chunks(count: u64) -> Vec<u8> {
    let file = options().file;
    let mut bytes = write_as(file, 1, 0, 0, false).bytes[..64].to_vec();
    for at in 0..count {
        let header = FrameHeader {
            payload_bytes: count * 128,
            directory_bytes: (count * 32) as u32,
            ..FrameHeader::parse(&frame(file, at, 2, 0, &[])).unwrap()
        };
        bytes.extend(header.to_bytes());
    }
    bytes
}

/// A header of a parity frame that is longer than the file, and what its group's descriptor starts with.
fn torn_parity_frame(sequence: u64, payload_bytes: u64, descriptor: &[u8]) -> Vec<u8> {
    let file = options().file;
    let header = FrameHeader {
        payload_bytes,
        ..FrameHeader::parse(&frame(file, sequence, 7, NO_STREAM, &[])).unwrap()
    };
    let mut bytes = header.to_bytes().to_vec();
    bytes.extend(descriptor);
    bytes.resize(bytes.len().next_multiple_of(64), 0);
    bytes
}

/// What a descriptor says after its checksum.
fn descriptor(first: u64, frames: u32, shard_bytes: u32, shards: [u32; 2]) -> Vec<u8> {
    let mut bytes = first.to_le_bytes().to_vec();
    bytes.extend(64_u64.to_le_bytes());
    let counts = [frames, shard_bytes, shards[0], shards[1]];
    bytes.extend(counts.iter().flat_map(|count| count.to_le_bytes()));
    bytes.extend([1, 0, 10, 0, 0, 0, 0, 0]);
    bytes
}

/// Parity frames with descriptors as long as they can be, each of all that follows.
fn torn_parity(count: u64) -> Vec<u8> {
    let mut bytes = write_as(options().file, 1, 0, 0, false).bytes[..64].to_vec();
    for at in 0..count {
        let mut said = vec![0; 8];
        said.extend(descriptor(at, 1 << 16, 64, [1 << 15; 2]));
        bytes.extend(torn_parity_frame(at, 255 << 20, &said));
    }
    bytes
}

/// Groups with intact descriptors, each of one frame that is as long as the file.
fn groups_of_the_same(count: u64) -> Vec<u8> {
    let file = options().file;
    let length = 64 + count as u32 * 192;
    let mut bytes = write_as(file, 1, 0, 0, false).bytes[..64].to_vec();
    for at in 0..count {
        let first = at * 2;
        let mut covered = descriptor(first, 1, length, [1; 2]);
        covered.extend((length / 64).to_le_bytes());
        covered.extend([0; 16]);
        let mut place = file.0.to_vec();
        place.extend(first.to_le_bytes());
        let mut said = xxh3_64_with_seed(&covered, xxh3_64(&place))
            .to_le_bytes()
            .to_vec();
        said.extend(covered);
        bytes.extend(torn_parity_frame(first + 1, 128 + u64::from(length), &said));
    }
    assert_eq!(bytes.len(), length as usize);
    bytes
}

/// However frames and their numbers are laid out, work stays in proportion to the file.
#[test]
fn no_layout_of_frames_makes_reading_slow() {
    let file = options().file;
    let start = write_as(file, 1, 0, 0, false).bytes;
    let header = start[..64].to_vec();
    let chunk_frame = {
        let written = write_as(file, 1, 1, 40, false);
        let at = written.frames[2];
        written.bytes[at..written.frames[3]].to_vec()
    };
    let renumbered = |number: u64, mut frame: Vec<u8>| {
        let mut header = FrameHeader::parse(&frame[..64]).unwrap();
        header.sequence = number;
        let mut place = file.0.to_vec();
        place.extend(number.to_le_bytes());
        let directory = 64..64 + header.directory_bytes as usize;
        header.directory_checksum = xxh3_64_with_seed(&frame[directory], xxh3_64(&place));
        frame[..64].copy_from_slice(&header.to_bytes());
        frame
    };
    let count = 20_000_u64;
    let mut files: Vec<(&str, Vec<u8>)> = Vec::new();
    let each = |number: &dyn Fn(u64) -> u64| {
        let mut bytes = start.clone();
        for at in 0..count {
            bytes.extend(renumbered(number(at), chunk_frame.clone()));
        }
        bytes
    };
    files.push(("falling numbers", each(&|at| 10 + count - at)));
    files.push((
        "falling numbers with gaps",
        each(&|at| 10 + (count - at) * 2),
    ));
    files.push(("jumping numbers", each(&|at| 10 + at * 1_000_000_007)));
    files.push((
        "numbers up to the last",
        each(&|at| u64::MAX - count + 1 + at),
    ));
    files.push(("one number", each(&|_| 10)));
    // Each header claims all that follows it.
    let mut claims = header.clone();
    for at in 0..count {
        let header = FrameHeader {
            payload_bytes: (count - at - 1) * 64,
            directory_bytes: 0,
            ..FrameHeader::parse(&frame(file, at, 40_000, NO_STREAM, &[])).unwrap()
        };
        claims.extend(header.to_bytes());
    }
    files.push(("nested claims", claims));
    // Nothing but the marker, and headers of nothing.
    let mut markers = header.clone();
    (0..count * 4).for_each(|_| markers.extend(file.0));
    files.push(("markers", markers));
    let mut torn = header;
    for at in 0..count {
        torn.extend(frame(file, at * 3, 2, 0, &[]));
    }
    files.push(("chunks of nothing", torn));
    files.push(("torn chunks", torn_chunks(count)));
    files.push(("torn parity", torn_parity(count / 2)));
    files.push(("groups of the same bytes", groups_of_the_same(count / 4)));
    for (name, bytes) in files {
        let allowed = bytes.len() as u64 * 20 + (256 << 20);
        for what in ["open", "verify", "repair"] {
            let metered = Metered::new(&bytes);
            let storage = Arc::clone(&metered) as Arc<dyn Storage>;
            let limits = Limits::default();
            let (progress, cancel) = (Progress::new(), Cancel::new());
            let findings = match what {
                "open" => Container::open(storage, &limits).map(|c| c.findings().len()),
                "verify" => verify(storage, Depth::Checksums, &limits, &progress, &cancel)
                    .map(|report| report.findings.len()),
                _ => {
                    let mut writer = Writer::new(Vec::new(), &options()).unwrap();
                    export_container::repair(storage, &mut writer, &limits, &progress, &cancel)
                        .map(|report| report.findings.len())
                }
            };
            let read = metered.bytes.load(Ordering::Relaxed);
            let requests = metered.requests.load(Ordering::Relaxed);
            assert!(read <= allowed, "{what}, {name}: {read} of {allowed}");
            assert!(
                requests <= count * 20,
                "{what}, {name}: {requests} requests"
            );
            match findings {
                Ok(findings) => {
                    let most = 10_001;
                    assert!(findings <= most, "{what}, {name}: {findings} findings");
                }
                Err(error) => assert!(
                    matches!(error.kind(), ErrorKind::Limit | ErrorKind::Corrupt),
                    "{what}, {name}: {error}"
                ),
            }
        }
    }
}

/// A header of a frame that is not whole is a frame to the limit of frames.
#[test]
fn torn_headers_are_frames_to_the_limit() {
    let bytes = torn_chunks(200);
    let mut limits = Limits::default();
    assert_eq!(verified(&bytes).frames, 0);
    limits.frames = 100;
    let open = Container::recover(storage(&bytes), &limits).err().unwrap();
    assert_eq!(open.kind(), ErrorKind::Limit);
    let (progress, cancel) = (Progress::new(), Cancel::new());
    let verify = verify(storage(&bytes), Depth::Quick, &limits, &progress, &cancel);
    assert_eq!(verify.unwrap_err().kind(), ErrorKind::Limit);
}

/// Each of more damaged frames than are listed is counted, and what a repair says is lost stays exact.
#[test]
fn damage_that_is_not_listed_is_counted() {
    let file = options().file;
    let mut bytes = write_as(file, 1, 0, 0, false).bytes;
    let first = frames(&bytes).len() as u64;
    let count = 12_000;
    for at in 0..count {
        bytes.extend(frame(file, first + at, 2, 0, &[]));
    }
    let report = verified(&bytes);
    assert_eq!(report.findings.len(), 10_001);
    let last = report.findings.last().unwrap();
    assert_eq!(last.severity, Severity::Damage);
    let listed = report
        .findings
        .iter()
        .filter(|finding| finding.position.offset.is_some());
    let more = format!("{} more", count as usize - listed.count());
    assert!(!report.is_intact());
    let (_, report) = repaired(&bytes, 1);
    assert_eq!(report.lost_frames, [first..=first + count - 1]);
    assert_eq!(report.findings.len(), 10_001);
    assert!(last.text.starts_with(&more), "{} or {more}", last.text);
    let mut limits = Limits::default();
    limits.memory_bytes = 1 << 20;
    let error = Container::recover(storage(&bytes), &limits).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Limit);
}

/// A trap of parity frames is not taken for what they say, and said to be one.
#[test]
fn parity_frames_in_one_another_are_passed_over() {
    let passed_over = |bytes: &[u8]| {
        let report = verified(bytes);
        let texts = report.findings.iter().map(|finding| &finding.text);
        let passed_over = texts.filter(|text| text.contains("some were passed over"));
        (passed_over.count(), report.parity.map_or(0, |p| p.groups))
    };
    assert_eq!(passed_over(&torn_parity(1000)), (1, 0));
    assert_eq!(passed_over(&groups_of_the_same(1000)), (0, 1000));
}
