//! Storage whose reads are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use export_core::{Error, Keys, Limits, Result, Storage, memory};

use crate::envelope::Opener;
use crate::frame::FrameHeader;
use crate::layout::FRAME_HEADER_BYTES;
use crate::scan::{Scanner, Step};

/// How often and how much of a container was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reads {
    /// Read requests.
    pub requests: u64,
    /// Bytes they returned.
    pub bytes: u64,
}

/// Bytes for which memory is taken without asking how long the storage is.
const UNASKED_BYTES: u64 = 1 << 20;

/// Storage that is only read, and how much.
pub(crate) struct Counted {
    storage: Arc<dyn Storage>,
    opener: Arc<Opener>,
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Counted {
    pub(crate) fn new(storage: Arc<dyn Storage>, keys: Keys) -> Self {
        Self {
            storage,
            opener: Arc::new(Opener::new(keys)),
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// Other storage of the same file, opened with the same keys.
    pub(crate) fn beside(&self, storage: Arc<dyn Storage>) -> Self {
        Self {
            storage,
            opener: Arc::clone(&self.opener),
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// What opens encrypted payloads.
    pub(crate) fn opener(&self) -> &Opener {
        &self.opener
    }

    pub(crate) fn size_bytes(&self) -> Result<u64> {
        self.storage.size_bytes()
    }

    pub(crate) fn reads(&self) -> Reads {
        Reads {
            requests: self.requests.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    /// Fills `buffer` from `offset` as far as the storage goes. Returns how far.
    pub(crate) fn read_into(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let count = self
            .storage
            .read_at(offset, buffer)
            .map_err(|error| error.at_offset(offset))?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }

    /// How many of `bytes` bytes from `offset` there are, where that is worth asking for.
    pub(crate) fn at_most(&self, offset: u64, bytes: u64) -> Result<u64> {
        if bytes <= UNASKED_BYTES {
            return Ok(bytes);
        }
        Ok(bytes.min(self.size_bytes()?.saturating_sub(offset)))
    }

    /// Up to `bytes` bytes from `offset`; fewer only at the end. No memory is taken for what is not there.
    pub(crate) fn read(&self, offset: u64, bytes: u64) -> Result<Vec<u8>> {
        let bytes = self.at_most(offset, bytes)?;
        let length = usize::try_from(bytes).map_err(Error::limit)?;
        let mut buffer = memory::zeros(length)?;
        let count = self.read_into(offset, &mut buffer)?;
        buffer.truncate(count);
        Ok(buffer)
    }

    /// The whole payload of a frame, verified, and decrypted where it is encrypted. An error of kind corrupt or unsupported is
    /// about the frame alone.
    pub(crate) fn payload(
        &self,
        offset: u64,
        header: &FrameHeader,
        limits: &Limits,
    ) -> Result<Vec<u8>> {
        let stored = self.stored(offset, header, limits)?;
        if !header.is_encrypted() || header.known_kind().is_none() {
            return Ok(stored);
        }
        let opened = self.opener.open(header, stored);
        opened.map_err(|error| error.at_offset(offset))
    }

    /// The whole payload of a frame as it is stored, verified.
    pub(crate) fn stored(
        &self,
        offset: u64,
        header: &FrameHeader,
        limits: &Limits,
    ) -> Result<Vec<u8>> {
        let at = |error: Error| error.at_offset(offset);
        header
            .check_limit(limits)
            .map_err(|fault| at(fault.into()))?;
        let start = offset.saturating_add(FRAME_HEADER_BYTES as u64);
        let payload = self.read(start, header.payload_bytes)?;
        header
            .check_payload(&payload, limits)
            .map_err(|fault| at(fault.into()))?;
        Ok(payload)
    }

    /// Lets `scanner` look until it has found something.
    pub(crate) fn scan(&self, scanner: &mut Scanner) -> Result<Step> {
        loop {
            let found = match scanner.step()? {
                Step::Read { offset, bytes } => scanner.supply(&self.read(offset, bytes)?),
                found => Some(found),
            };
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }
}
