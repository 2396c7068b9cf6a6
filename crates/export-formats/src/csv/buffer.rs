//! A window on the input that holds at least one whole record, and knows how far it is UTF-8.

use std::io::Read;

use export_core::Result;

use super::split::MAX_BUFFER_BYTES;

/// Bytes asked of the input at a time.
const READ_BYTES: usize = 256 << 10;

/// The bytes from the first that is not yet consumed.
pub(super) struct Window {
    input: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    /// Consumed bytes at the front of `bytes`.
    start: usize,
    /// Offset in the file of `bytes`' first.
    base: u64,
    /// `bytes` are UTF-8 up to here.
    utf8_to: usize,
    at_end: bool,
}

impl Window {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            input,
            bytes: Vec::new(),
            start: 0,
            base: 0,
            utf8_to: 0,
            at_end: false,
        }
    }

    /// The whole buffer; what was consumed since the last [`Window::fill`] comes first.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the first byte that is not consumed stands in [`Window::bytes`].
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Whether nothing follows the buffer.
    pub(super) fn at_end(&self) -> bool {
        self.at_end
    }

    /// The offset in the file of a position in [`Window::bytes`].
    pub(super) fn offset_of(&self, at: usize) -> u64 {
        self.base + at as u64
    }

    /// Consumes the bytes before `to`, a position in [`Window::bytes`]. They stay in place until the next fill.
    pub(super) fn consume(&mut self, to: usize) {
        self.start = to.min(self.bytes.len());
    }

    /// Drops what is consumed and reads until at least `at_least` bytes are there, or the end.
    pub(super) fn fill(&mut self, at_least: usize) -> Result<()> {
        self.bytes.drain(..self.start);
        self.base += self.start as u64;
        self.utf8_to = self.utf8_to.saturating_sub(self.start);
        self.start = 0;
        while !self.at_end && self.bytes.len() < at_least.min(MAX_BUFFER_BYTES) {
            let want = (at_least - self.bytes.len()).max(READ_BYTES);
            let had = self.bytes.len();
            (&mut self.input)
                .take(want as u64)
                .read_to_end(&mut self.bytes)?;
            self.at_end = self.bytes.len() < had + want;
        }
        self.check_utf8(self.utf8_to);
        Ok(())
    }

    /// Moves `utf8_to` to the first byte from `from` on that is not UTF-8.
    pub(super) fn check_utf8(&mut self, from: usize) {
        let tail = self.bytes.get(from..).unwrap_or_default();
        self.utf8_to = from + std::str::from_utf8(tail).map_or_else(|e| e.valid_up_to(), str::len);
    }

    /// Bytes of [`Window::bytes`] known to be UTF-8.
    pub(super) fn utf8_to(&self) -> usize {
        self.utf8_to
    }
}
