//! What is left of values once their bins are known: a stream of bits, lowest first.

use crate::defect::Defect;

/// Most bits of one value, so that they and those of a byte begun fit 64.
pub(super) const MOST_BITS: u32 = 56;

/// Bits on their way into bytes.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    /// Whole bytes written; those after them are not yet.
    position: usize,
    pending: u64,
    pending_bits: u32,
}

impl Writer {
    /// Room for `count` more values.
    pub(super) fn reserve(&mut self, count: usize) {
        let most = self.position + (count + 2) * 8;
        if self.bytes.len() < most {
            self.bytes.resize(most, 0);
        }
    }

    /// Appends the lowest `width` bits of `value`, at most [`MOST_BITS`]; the others are zero. There is room.
    #[inline]
    pub(super) fn push(&mut self, value: u64, width: u32) {
        self.pending |= value << self.pending_bits;
        self.pending_bits += width;
        if let Some(room) = self
            .bytes
            .get_mut(self.position..)
            .and_then(<[u8]>::first_chunk_mut)
        {
            *room = self.pending.to_le_bytes();
        }
        self.position += (self.pending_bits / 8) as usize;
        self.pending >>= self.pending_bits & 56;
        self.pending_bits &= 7;
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes
            .truncate(self.position + usize::from(self.pending_bits > 0));
        self.bytes
    }
}

/// Bits on their way out.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    /// Bits taken, which may become more than there are.
    taken: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, taken: 0 }
    }

    /// The next `width` bits, at most [`MOST_BITS`]; zeros after the last one.
    #[inline]
    pub(super) fn take(&mut self, width: u32) -> u64 {
        let rest = self.bytes.get(self.taken / 8..).unwrap_or_default();
        let bits = match rest.first_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => last_bits(rest),
        };
        let bits = bits >> (self.taken % 8);
        self.taken += width as usize;
        bits & !(u64::MAX << width)
    }

    /// Fails where bytes are left or lacking.
    pub(super) fn finish(self) -> Result<(), Defect> {
        match self.taken.div_ceil(8) {
            taken if taken == self.bytes.len() => Ok(()),
            taken => Err(Defect::mismatch(
                "bytes of low bits",
                taken,
                self.bytes.len(),
            )),
        }
    }
}

#[cold]
fn last_bits(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}
