//! Bitmaps that grow bit by bit.

/// Bits, least significant first; those past the end are 0.
#[derive(Debug, Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    len: usize,
}

impl Bits {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn push(&mut self, bit: bool) {
        let at = self.len % 8;
        match self.bytes.last_mut() {
            Some(last) if at != 0 => *last |= u8::from(bit) << at,
            _ => self.bytes.push(u8::from(bit)),
        }
        self.len += 1;
    }

    pub(super) fn get(&self, at: usize) -> bool {
        self.bytes
            .get(at / 8)
            .is_some_and(|byte| byte >> (at % 8) & 1 == 1)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
