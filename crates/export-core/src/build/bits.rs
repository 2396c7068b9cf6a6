//! Bitmaps that grow bit by bit, least significant bit first.

/// A bitmap. Bits past its length are zero, so that pushing may set without clearing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bits {
    bytes: Vec<u8>,
    len: usize,
}

impl Bits {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, bit: bool) {
        let at = self.len & 7;
        match self.bytes.last_mut() {
            Some(last) if at != 0 => *last |= u8::from(bit) << at,
            _ => self.bytes.push(u8::from(bit)),
        }
        self.len += 1;
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> bool {
        self.bytes
            .get(at / 8)
            .is_some_and(|byte| byte >> (at & 7) & 1 == 1)
    }

    pub(crate) fn extend(&mut self, bit: bool, count: usize) {
        let mut left = count;
        while left > 0 && self.len & 7 != 0 {
            self.push(bit);
            left -= 1;
        }
        self.bytes
            .resize(self.bytes.len() + left / 8, if bit { 0xff } else { 0 });
        self.len += left / 8 * 8;
        for _ in 0..left % 8 {
            self.push(bit);
        }
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        self.bytes.truncate(len.div_ceil(8));
        self.len = len;
        let used = len & 7;
        if let Some(last) = self.bytes.last_mut().filter(|_| used != 0) {
            *last &= (1 << used) - 1;
        }
    }

    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.len = 0;
        std::mem::take(&mut self.bytes)
    }

    /// The first `len` bits of `bytes`; missing ones are zero.
    pub(crate) fn from_bytes(mut bytes: Vec<u8>, len: usize) -> Self {
        bytes.resize(len.div_ceil(8), 0);
        let mut bits = Self {
            len: bytes.len() * 8,
            bytes,
        };
        bits.truncate(len);
        bits
    }
}

/// Which slots have a value. There is no bitmap before the first null: a column without nulls pays one branch a value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Validity(Option<Bits>);

impl Validity {
    #[inline]
    pub(crate) fn push_valid(&mut self) {
        if let Some(bits) = &mut self.0 {
            bits.push(true);
        }
    }

    pub(crate) fn push_valid_many(&mut self, count: usize) {
        if let Some(bits) = &mut self.0 {
            bits.extend(true, count);
        }
    }

    /// Whether slot `at` has a value.
    #[inline]
    pub(crate) fn is_valid(&self, at: usize) -> bool {
        self.0.as_ref().is_none_or(|bits| bits.get(at))
    }

    /// A slot after `len` of them, without a branch on what it is once there was a null.
    #[inline]
    pub(crate) fn push(&mut self, len: usize, is_valid: bool) {
        match &mut self.0 {
            Some(bits) => bits.push(is_valid),
            None if is_valid => {}
            None => self.push_first_null(len),
        }
    }

    #[cold]
    fn push_first_null(&mut self, len: usize) {
        self.push_nulls(len, 1);
    }

    /// `count` nulls after `len` slots.
    pub(crate) fn push_nulls(&mut self, len: usize, count: usize) {
        if count == 0 {
            return;
        }
        let bits = self.0.get_or_insert_with(|| {
            let mut bits = Bits::default();
            bits.extend(true, len);
            bits
        });
        bits.extend(false, count);
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        if let Some(bits) = &mut self.0 {
            bits.truncate(len);
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, Bits::bytes)
    }

    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        self.0.take().map(|mut bits| bits.take())
    }

    pub(crate) fn from_bytes(bytes: Option<Vec<u8>>, len: usize) -> Self {
        Self(bytes.map(|bytes| Bits::from_bytes(bytes, len)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Bits, Validity};

    #[test]
    fn bits_come_back_as_pushed_truncated_and_extended() {
        let mut bits = Bits::default();
        let mut plain: Vec<bool> = Vec::new();
        for step in 0..200_usize {
            match step % 5 {
                0 => {
                    bits.extend(step % 2 == 0, step);
                    plain.extend(std::iter::repeat_n(step % 2 == 0, step));
                }
                1 => {
                    let len = plain.len() * 2 / 3;
                    bits.truncate(len);
                    plain.truncate(len);
                }
                _ => {
                    bits.push(step % 3 == 0);
                    plain.push(step % 3 == 0);
                }
            }
            assert_eq!(bits.len(), plain.len());
        }
        let bytes = bits.take();
        for (at, bit) in plain.iter().enumerate() {
            assert_eq!(bytes[at / 8] >> (at % 8) & 1 == 1, *bit, "bit {at}");
        }
    }

    #[test]
    fn a_bitmap_exists_from_the_first_null_on() {
        let mut validity = Validity::default();
        validity.push_valid();
        assert_eq!(validity.clone().take(), None);
        validity.push_nulls(1, 1);
        validity.push_valid();
        assert_eq!(validity.take(), Some(vec![0b101]));
    }
}
