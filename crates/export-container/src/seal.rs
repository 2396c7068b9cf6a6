//! Seals: frames that say, to who has the key, that everything before them is as it was written (v1.md, "Seal").

use std::fmt;

use export_core::{FileId, KeyId, Mac, Secret};

use crate::cursor::Cursor;
use crate::fault::Fault;
use crate::frame::{FrameHeader, directory_checksum};
use crate::layout::{Kind, SEAL_FRAME_BYTES, SEAL_PAYLOAD_BYTES, pad};

/// Most bytes between two seals of a recording, about.
const SEALED_BYTES: u64 = 1 << 20;
/// Most frames between two seals of a recording.
const SEALED_FRAMES: u64 = 16;

/// [`SEAL_PAYLOAD_BYTES`], as a header has it.
const DIRECTORY_BYTES: u32 = 104;
const _: () = assert!(DIRECTORY_BYTES as usize == SEAL_PAYLOAD_BYTES);
/// First byte of what is hashed for the bytes before a seal.
const BEFORE: u8 = 1;
/// First byte of what is hashed for the bytes after one.
const AFTER: u8 = 2;

/// What a seal frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seal {
    pub(crate) key: KeyId,
    /// Its place among the file's seals, counted from 0.
    pub(crate) number: u64,
    /// File offset from which it covers; up to its own frame.
    pub(crate) start: u64,
    /// How many bytes from `start` on were there when the writer came.
    pub(crate) adopted: u64,
    /// How many bytes right after its frame it covers, too.
    pub(crate) after: u64,
    pub(crate) tag: [u8; 32],
    /// Of the bytes after; zeros where there are none.
    pub(crate) after_tag: [u8; 32],
}

impl Seal {
    pub(crate) fn to_payload(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SEAL_PAYLOAD_BYTES);
        out.extend(self.key.0);
        [self.number, self.start, self.adopted, self.after]
            .iter()
            .for_each(|field| out.extend(field.to_le_bytes()));
        out.extend(self.tag);
        out.extend(self.after_tag);
        out
    }

    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor::new("seal", payload);
        let seal = Self {
            key: KeyId(cursor.array()?),
            number: cursor.u64()?,
            start: cursor.u64()?,
            adopted: cursor.u64()?,
            after: cursor.u64()?,
            tag: cursor.array()?,
            after_tag: cursor.array()?,
        };
        cursor.end()?;
        Ok(seal)
    }

    /// The whole frame, padding included: everything in it follows from the seal and its place.
    pub(crate) fn to_frame(self, file: FileId, sequence: u64) -> Vec<u8> {
        let payload = self.to_payload();
        let header = FrameHeader {
            file,
            sequence,
            payload_bytes: payload.len() as u64,
            stream: None,
            rows: 0,
            directory_bytes: DIRECTORY_BYTES,
            kind: Kind::Seal.number(),
            flags: 0,
            directory_checksum: directory_checksum(file, sequence, &payload),
        };
        let mut frame = header.to_bytes().to_vec();
        frame.extend(payload);
        pad(&mut frame);
        frame
    }

    /// Starts to hash what comes before a seal, after one with the tag `previous` (zeros for the first).
    pub(crate) fn before(fresh: &dyn Mac, previous: &[u8; 32]) -> Box<dyn Mac> {
        let mut mac = fresh.fork();
        mac.update(&[BEFORE]);
        mac.update(previous);
        mac
    }

    /// The tag of a seal at `offset`, where `mac` has taken in the bytes before it.
    pub(crate) fn tag_at(&self, mut mac: Box<dyn Mac>, offset: u64, sequence: u64) -> [u8; 32] {
        mac.update(&self.key.0);
        let fields = [
            self.number,
            self.start,
            self.adopted,
            self.after,
            offset,
            sequence,
        ];
        fields
            .iter()
            .for_each(|field| mac.update(&field.to_le_bytes()));
        mac.tag()
    }

    /// Starts to hash what comes after a seal.
    pub(crate) fn after(fresh: &dyn Mac, tag: &[u8; 32]) -> Box<dyn Mac> {
        let mut mac = fresh.fork();
        mac.update(&[AFTER]);
        mac.update(tag);
        mac
    }

    /// Where what it covers ends, if it is at `offset`.
    pub(crate) fn end(&self, offset: u64) -> u64 {
        offset
            .saturating_add(SEAL_FRAME_BYTES as u64)
            .saturating_add(self.after)
    }
}

/// A writer's chain of seals.
pub(crate) struct Sealing {
    key: KeyId,
    /// A hash of nothing.
    fresh: Box<dyn Mac>,
    /// Of what was written since the last seal.
    running: Box<dyn Mac>,
    number: u64,
    start: u64,
    adopted: u64,
    bytes: u64,
    frames: u64,
    /// Whether anything was written that no seal covers.
    has_news: bool,
}

impl Sealing {
    /// A chain that starts with the file.
    pub(crate) fn new(secret: &dyn Secret, file: FileId) -> Self {
        let fresh = secret.mac(file);
        Self {
            key: secret.id(),
            running: Seal::before(&*fresh, &[0; 32]),
            fresh,
            number: 0,
            start: 0,
            adopted: 0,
            bytes: 0,
            frames: 0,
            has_news: false,
        }
    }

    /// The chain after the seal at `offset`.
    pub(crate) fn go_on(&mut self, last: &Seal, offset: u64) {
        self.running = Seal::before(&*self.fresh, &last.tag);
        self.number = last.number.saturating_add(1);
        self.start = offset.saturating_add(SEAL_FRAME_BYTES as u64);
    }

    /// Where the bytes that are to be taken in next start in the file.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// A hash of nothing.
    pub(crate) fn fresh(&self) -> &dyn Mac {
        &*self.fresh
    }

    /// Takes in bytes that were there before this writer. Those that the last seal speaks for are no news.
    pub(crate) fn find(&mut self, bytes: &[u8], is_sealed: bool) {
        self.running.update(bytes);
        if !is_sealed {
            self.adopted = self.adopted.saturating_add(bytes.len() as u64);
            self.has_news = true;
        }
    }

    /// Takes in bytes of this writer.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        self.running.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        self.frames = self.frames.saturating_add(1);
        self.has_news |= !bytes.is_empty();
    }

    /// Whether it is time for a seal.
    pub(crate) fn is_due(&self) -> bool {
        self.bytes >= SEALED_BYTES || self.frames >= SEALED_FRAMES
    }

    /// Whether anything was written that no seal covers.
    pub(crate) fn has_news(&self) -> bool {
        self.has_news
    }

    /// The seal of all that was taken in, for a frame at `offset`, and the start of the hash of the `after` bytes that
    /// come after it. The chain goes on behind the frame.
    pub(crate) fn seal(&mut self, offset: u64, sequence: u64, after: u64) -> (Seal, Box<dyn Mac>) {
        let mut seal = Seal {
            key: self.key,
            number: self.number,
            start: self.start,
            adopted: self.adopted,
            after,
            tag: [0; 32],
            after_tag: [0; 32],
        };
        seal.tag = seal.tag_at(self.running.fork(), offset, sequence);
        let after_mac = Seal::after(&*self.fresh, &seal.tag);
        self.go_on(&seal, offset);
        self.adopted = 0;
        self.bytes = 0;
        self.frames = 0;
        self.has_news = false;
        (seal, after_mac)
    }

    /// Everything that was taken in since the last seal is covered by it.
    pub(crate) fn is_covered(&mut self) {
        self.has_news = false;
    }
}

impl Clone for Sealing {
    fn clone(&self) -> Self {
        Self {
            fresh: self.fresh.fork(),
            running: self.running.fork(),
            ..*self
        }
    }
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealing")
            .field("key", &self.key)
            .field("number", &self.number)
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}
