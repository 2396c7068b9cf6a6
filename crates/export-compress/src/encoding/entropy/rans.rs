//! Range asymmetric numeral systems (Duda, 2013; interleaved as by Giesen, 2014): tokens of known frequency in as many
//! bits as those are worth. Eight states take turns, so that a processor works on eight tokens at once.

use super::bins::{Bin, MOST_BINS};
use crate::defect::{Defect, wide};

/// Logarithm of what frequencies add up to.
const PRECISION: u32 = 12;
/// What frequencies add up to.
pub(super) const TOTAL: u32 = 1 << PRECISION;
/// The least state, and what each starts with in the writer.
const LEAST: u32 = 1 << 16;
/// Number of states: token `i` is state `i % 8`'s.
pub(super) const STATES: usize = 8;
/// Fraction bits of a reciprocal: enough to be exact for states below `frequency << 20`.
const RECIPROCAL: u32 = 44;

/// What the writer needs to know of a token.
#[derive(Clone, Copy, Default)]
struct Symbol {
    /// ⌈2⁴⁴ / frequency⌉
    reciprocal: u64,
    frequency: u32,
    start: u32,
}

/// Final states, and the words that a reader takes in their order.
pub(super) struct Coded {
    pub(super) states: [u32; STATES],
    pub(super) words: Vec<u16>,
}

/// Codes `tokens`, each the number of one of `bins`.
#[expect(
    clippy::indexing_slicing,
    reason = "lanes are below the arrays' constant lengths"
)]
pub(super) fn encode(tokens: &[u16], bins: &[Bin]) -> Coded {
    let mut symbols = [Symbol::default(); MOST_BINS];
    let mut start = 0;
    for (symbol, bin) in symbols.iter_mut().zip(bins) {
        let frequency = u32::from(bin.frequency.max(1));
        *symbol = Symbol {
            reciprocal: (1_u64 << RECIPROCAL).div_ceil(frequency.into()),
            frequency,
            start,
        };
        start += frequency;
    }
    let mut states = [u64::from(LEAST); STATES];
    // A token makes a word at most.
    let mut words = vec![0; tokens.len() + STATES];
    let mut used = 0;
    let (groups, rest) = tokens.as_chunks::<STATES>();
    if let Some(room) = words.first_chunk_mut() {
        for (token, state) in rest.iter().zip(&mut states).rev() {
            used += encode_one(&symbols, *token, state, room, used);
        }
    }
    for group in groups.iter().rev() {
        if let Some(room) = words.get_mut(used..).and_then(<[u16]>::first_chunk_mut) {
            let mut made = 0;
            for lane in (0..STATES).rev() {
                made += encode_one(&symbols, group[lane], &mut states[lane], room, made);
            }
            used += made;
        }
    }
    words.truncate(used);
    words.reverse();
    Coded {
        states: states.map(|state| u32::try_from(state).unwrap_or(LEAST)),
        words,
    }
}

/// Codes one token; returns whether that made a word.
#[inline(always)]
#[expect(
    clippy::indexing_slicing,
    reason = "remainders keep both indices below the arrays' constant lengths"
)]
fn encode_one(
    symbols: &[Symbol; MOST_BINS],
    token: u16,
    state: &mut u64,
    words: &mut [u16; STATES],
    used: usize,
) -> usize {
    let symbol = &symbols[usize::from(token) % MOST_BINS];
    let [low, next, ..] = state.to_le_bytes();
    words[used % STATES] = u16::from_le_bytes([low, next]);
    let frequency = u64::from(symbol.frequency);
    let full = *state >> 20 >= frequency;
    // Without a branch, which nothing could predict.
    let changed = (*state ^ *state >> 16) & 0_u64.wrapping_sub(u64::from(full));
    let x = *state ^ changed;
    let quotient = (x * symbol.reciprocal) >> RECIPROCAL;
    *state = x + u64::from(symbol.start) + quotient * (u64::from(TOTAL) - frequency);
    usize::from(full)
}

/// A token and the width of its bin, as the reader hands them on.
#[derive(Clone, Copy)]
pub(super) struct Token(u32);

impl Token {
    pub(super) const NONE: Self = Self(0);

    /// Number of its bin.
    #[inline]
    pub(super) fn bin(self) -> usize {
        (self.0 & 0xFFFF) as usize
    }

    /// Width of its bin, in bits.
    #[inline]
    pub(super) fn width(self) -> u32 {
        self.0 >> 16
    }
}

/// Tokens on their way out of states and words.
pub(super) struct Reader<'a> {
    /// For each remainder of a state: frequency (16 bits), remainder less start (16 bits), token (16 bits), width.
    slots: Box<[u64; TOTAL as usize]>,
    states: [u32; STATES],
    words: &'a [u8],
    /// Words taken, which may become more than there are.
    taken: usize,
}

impl<'a> Reader<'a> {
    /// `bins` have frequencies that add up to [`TOTAL`], or there are none and nothing is read.
    pub(super) fn new(
        bins: &[Bin],
        states: [u32; STATES],
        words: &'a [u8],
    ) -> Result<Self, Defect> {
        if let Some(state) = states.iter().find(|state| **state < LEAST) {
            return Err(Defect::Range {
                what: "state of the entropy coder",
                found: (*state).into(),
            });
        }
        let mut slots = Box::new([0; TOTAL as usize]);
        let mut rest = slots.as_mut_slice();
        for (bin, token) in bins.iter().zip(0_u64..) {
            let (own, others) = rest.split_at_mut(rest.len().min(usize::from(bin.frequency)));
            let common = u64::from(bin.frequency) | token << 32 | u64::from(bin.width) << 48;
            for (slot, above) in own.iter_mut().zip(0_u64..) {
                *slot = common | above << 16;
            }
            rest = others;
        }
        Ok(Self {
            slots,
            states,
            words,
            taken: 0,
        })
    }

    /// Fills `tokens`: a multiple of eight, unless they are the last ones.
    #[expect(
        clippy::indexing_slicing,
        reason = "lanes are below the arrays' constant lengths"
    )]
    pub(super) fn read(&mut self, tokens: &mut [Token]) {
        let (groups, rest) = tokens.as_chunks_mut::<STATES>();
        let mut states = self.states;
        for group in groups {
            let words = self.next_words();
            let mut used = 0;
            for lane in 0..STATES {
                used += decode_one(
                    &self.slots,
                    &words,
                    &mut states[lane],
                    &mut group[lane],
                    used,
                );
            }
            self.taken += used;
        }
        let words = self.next_words();
        let mut used = 0;
        for (token, state) in rest.iter_mut().zip(&mut states) {
            used += decode_one(&self.slots, &words, state, token, used);
        }
        self.taken += used;
        self.states = states;
    }

    /// The next words; zeros after the last one.
    #[inline]
    fn next_words(&self) -> [u16; STATES] {
        let rest = self.words.get(self.taken * 2..).unwrap_or_default();
        match rest.first_chunk::<{ 2 * STATES }>() {
            Some(words) => bytemuck::pod_read_unaligned(words),
            None => {
                let mut words = [0; 2 * STATES];
                for (to, from) in words.iter_mut().zip(rest) {
                    *to = *from;
                }
                bytemuck::pod_read_unaligned(&words)
            }
        }
    }

    /// Fails where the states are not those that a writer starts with, or words are left or lacking.
    pub(super) fn finish(self) -> Result<(), Defect> {
        if self.taken * 2 != self.words.len() {
            return Err(Defect::mismatch(
                "words of the entropy coder",
                self.words.len() / 2,
                self.taken,
            ));
        }
        match self.states.iter().find(|state| **state != LEAST) {
            None => Ok(()),
            Some(state) => Err(Defect::Mismatch {
                what: "last state of the entropy coder",
                due: wide(LEAST as usize),
                found: (*state).into(),
            }),
        }
    }
}

/// Takes one token out of a state; returns whether that took a word.
#[inline(always)]
#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "remainders keep both indices below the arrays' constant lengths; fields of a slot are cut out of it"
)]
fn decode_one(
    slots: &[u64; TOTAL as usize],
    words: &[u16; STATES],
    state: &mut u32,
    token: &mut Token,
    used: usize,
) -> usize {
    let slot = slots[(*state % TOTAL) as usize];
    *token = Token((slot >> 32) as u32);
    // Below 2³²: the state is, and its part below TOTAL is no larger than the frequency.
    let frequency = slot as u32 & 0xFFFF;
    let x = frequency * (*state >> PRECISION) + (slot as u32 >> 16);
    let short = x < LEAST;
    // Without a branch, which nothing could predict.
    let mask = 0_u32.wrapping_sub(u32::from(short));
    *state = (x << (16 & mask)) | (u32::from(words[used % STATES]) & mask);
    usize::from(short)
}
