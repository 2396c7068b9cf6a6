//! Parity after each group of frames, where there is to be any.

use export_core::Result;
#[cfg(feature = "parity")]
use export_core::{Error, chunk::BLOCK_ALIGNMENT};

use super::FrameWriter;
#[cfg(feature = "parity")]
use crate::frame::FrameHeader;
#[cfg(feature = "parity")]
use crate::layout::Kind;
#[cfg(feature = "parity")]
use crate::parity::Collected;
use crate::parity::Parity;

#[cfg(feature = "parity")]
impl FrameWriter {
    /// From the next frame on, writes parity of this share after each group of frames, or none. A group that was begun is
    /// closed.
    ///
    /// The frames of a group are kept in memory until it is full: 16 MiB, or as many more as it takes until their parity makes
    /// good for the longest of them, but not over 64 MiB and one frame; see [`FrameWriter::parity_memory_bytes`].
    pub fn set_parity(&mut self, parity: Option<Parity>) -> Result<()> {
        if self.parity() == parity {
            return Ok(());
        }
        self.close_group()?;
        self.parity = parity.map(Collected::new);
        for stream in self.streams.values_mut() {
            stream.text.parity = parity;
            stream.json = stream.text.to_json()?;
        }
        Ok(())
    }

    /// The share of parity that is written, where any is.
    #[must_use]
    pub fn parity(&self) -> Option<Parity> {
        self.parity.as_ref().map(|collected| collected.share)
    }

    /// Bytes of memory that hold frames whose parity is still to be written. While it is made, as much again as its own
    /// length, 1 MiB, and for good 9 MiB of tables come on top.
    #[must_use]
    pub fn parity_memory_bytes(&self) -> usize {
        self.parity.as_ref().map_or(0, Collected::memory_bytes)
    }

    /// Takes the frame that starts at `start` of the output, and ends with it, into the group.
    pub(super) fn protect(&mut self, start: usize) -> Result<()> {
        let Some(collected) = &mut self.parity else {
            return Ok(());
        };
        let frame = self.out.get(start..).unwrap_or_default();
        let kind = FrameHeader::parse(frame).and_then(|header| header.known_kind());
        if matches!(kind, Some(Kind::Index | Kind::Tail | Kind::Parity)) {
            return Ok(());
        }
        debug_assert_eq!(frame.len() % BLOCK_ALIGNMENT, 0);
        let before = |number: u64, by: u64| {
            let first = number.checked_sub(by);
            first.ok_or_else(|| Error::limit("the file is too long"))
        };
        let offset = before(self.offset, frame.len() as u64)?;
        collected.take(before(self.sequence, 1)?, offset, frame)
    }

    /// Writes the parity of the group if it is full, before another frame is written: what fails here, as memory can, must
    /// not seem to be the failure of a frame that is written already.
    pub(super) fn close_full_group(&mut self) -> Result<()> {
        match &self.parity {
            Some(collected) if collected.is_full() => self.close_group(),
            _ => Ok(()),
        }
    }

    /// Takes the memory that another frame in the group takes.
    pub(super) fn make_room(&mut self, frame_bytes: usize) -> Result<()> {
        self.parity
            .as_mut()
            .map_or(Ok(()), |collected| collected.reserve(frame_bytes))
    }

    /// Writes the parity of the frames that have none yet.
    pub(super) fn close_group(&mut self) -> Result<()> {
        let Some(collected) = &mut self.parity else {
            return Ok(());
        };
        let payloads = collected.close(self.file.file)?;
        for payload in payloads {
            self.frame(Kind::Parity, None, &payload)?;
        }
        Ok(())
    }
}

#[cfg(not(feature = "parity"))]
impl FrameWriter {
    /// This build writes none.
    pub(crate) fn parity(&self) -> Option<Parity> {
        None
    }

    pub(super) fn protect(&mut self, _start: usize) -> Result<()> {
        Ok(())
    }

    pub(super) fn close_full_group(&mut self) -> Result<()> {
        Ok(())
    }

    pub(super) fn make_room(&mut self, _frame_bytes: usize) -> Result<()> {
        Ok(())
    }

    pub(super) fn close_group(&mut self) -> Result<()> {
        Ok(())
    }
}
