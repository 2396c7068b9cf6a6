//! Unsigned words: what fixed-width values are to an encoding.

use std::fmt::Debug;

use crate::encoding::lanes::Lanes;

#[cfg(target_endian = "big")]
compile_error!("blocks are little-endian and used in place; this crate has no big-endian port yet");

/// What the bits of a word mean. Encodings are exact whatever it says; it only helps them to be small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An unsigned integer, or bits without an order.
    Unsigned,
    /// A two's complement integer.
    Signed,
    /// An IEEE 754 float.
    Float,
}

/// An unsigned integer of 8 to 128 bits.
pub(crate) trait Word: bytemuck::Pod + Eq + Ord + Debug + Send + Sync + Lanes {
    const BYTES: usize;
    const BITS: u32;
    const ZERO: Self;
    /// The top bit alone. Added (wrapping), it turns the order of signed words into that of unsigned ones.
    const SIGN: Self;

    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    /// The word with only bit `at` set; zero where it has no such bit.
    fn bit(at: u32) -> Self;
    /// Number of bits up to the highest one set.
    fn bit_length(self) -> u32;
    /// The lowest 64 bits.
    fn low(self) -> u64;
    /// The 64 bits above those.
    fn high(self) -> u64;
    /// The word of these halves, cut to its width.
    fn join(low: u64, high: u64) -> Self;
    /// The word stored in `bytes`, which are as long as it is.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;

    fn append_to(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(bytemuck::bytes_of(&self));
    }
}

macro_rules! narrow_words {
    ($($word:ty),*) => {$(
        impl Word for $word {
            const BYTES: usize = size_of::<Self>();
            const BITS: u32 = Self::BITS;
            const ZERO: Self = 0;
            const SIGN: Self = 1 << (Self::BITS - 1);

            #[inline]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline]
            fn bit(at: u32) -> Self {
                Self::checked_shl(1, at).unwrap_or(0)
            }
            #[inline]
            fn bit_length(self) -> u32 {
                Self::BITS - self.leading_zeros()
            }
            #[inline]
            fn low(self) -> u64 {
                u64::from(self)
            }
            #[inline]
            fn high(self) -> u64 {
                0
            }
            #[inline]
            #[allow(clippy::cast_possible_truncation, reason = "keeping the low bits is what it is for")]
            fn join(low: u64, _: u64) -> Self {
                low as Self
            }
            #[inline]
            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_le_bytes)
            }
        }
    )*};
}

narrow_words!(u8, u16, u32, u64);

impl Word for u128 {
    const BYTES: usize = 16;
    const BITS: u32 = 128;
    const ZERO: Self = 0;
    const SIGN: Self = 1 << 127;

    #[inline]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    #[inline]
    fn minus(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }
    #[inline]
    fn bit(at: u32) -> Self {
        Self::checked_shl(1, at).unwrap_or(0)
    }
    #[inline]
    fn bit_length(self) -> u32 {
        Self::BITS - self.leading_zeros()
    }
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "keeping the low bits is what it is for"
    )]
    fn low(self) -> u64 {
        self as u64
    }
    #[inline]
    fn high(self) -> u64 {
        (self >> 64) as u64
    }
    #[inline]
    fn join(low: u64, high: u64) -> Self {
        u128::from(low) | (u128::from(high) << 64)
    }
    #[inline]
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_le_bytes)
    }
}
