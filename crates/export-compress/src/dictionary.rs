//! Dictionaries: every distinct value once, in order of appearance, and a code a slot.

use xxhash_rust::xxh3::xxh3_64;

use crate::word::Word;

/// Codes, and the entries they stand for.
pub(crate) struct Dictionary<V> {
    pub(crate) codes: Vec<u32>,
    pub(crate) entries: Vec<V>,
}

/// Entries tried before a dictionary that grows with every other slot is given up, unless any size is welcome.
const PATIENCE: usize = 1024;
/// Longest search for a place. Reached only where somebody chose values that collide: then there is no dictionary.
const LONGEST_PROBE: usize = 256;
const EMPTY: u32 = u32::MAX;

/// What is looked up: equal keys are equal values.
trait Key: Copy {
    fn hash(self) -> u64;
    fn same(self, other: Self) -> bool;
}

/// An open-addressing table of entry numbers.
struct Table {
    places: Vec<u32>,
}

impl Table {
    fn new() -> Self {
        Self {
            places: vec![EMPTY; 2048],
        }
    }

    /// The place of `key`, and the number of its entry if it has one.
    #[inline(always)]
    fn probe<K: Key>(&self, key: K, entries: &[K]) -> Option<(usize, u32)> {
        let mask = self.places.len() - 1;
        let start = usize::try_from(key.hash() >> 32).unwrap_or(0);
        for step in 0..LONGEST_PROBE {
            let place = (start + step) & mask;
            let entry = *self.places.get(place)?;
            let is_same = |entry: &K| entry.same(key);
            if entry == EMPTY || entries.get(entry as usize).is_some_and(is_same) {
                return Some((place, entry));
            }
        }
        None
    }

    /// Makes room for one more entry.
    #[inline]
    fn reserve<K: Key>(&mut self, entries: &[K]) -> Option<()> {
        if entries.len() * 2 < self.places.len() {
            return Some(());
        }
        // What is looked up all over the table had better stay near the processor.
        let growth = if self.places.len() < 1 << 14 { 4 } else { 2 };
        self.places = vec![EMPTY; self.places.len() * growth];
        for (entry, key) in (0u32..).zip(entries) {
            let (place, _) = self.probe(*key, &[])?;
            *self.places.get_mut(place)? = entry;
        }
        Some(())
    }
}

/// The dictionary of the slots that `keys` has, `None` where a slot is null; that slot's code is the one of the slot before.
/// `None` where there are more than `most` distinct values, or none at all.
fn build<K: Key>(
    keys: impl ExactSizeIterator<Item = Option<K>>,
    most: usize,
) -> Option<Dictionary<K>> {
    let mut table = Table::new();
    let mut entries: Vec<K> = Vec::new();
    let count = keys.len();
    let mut codes = Vec::with_capacity(count);
    let mut last = 0;
    for (slot, key) in keys.enumerate() {
        if let Some(key) = key {
            let (place, entry) = table.probe(key, &entries)?;
            last = entry;
            if entry == EMPTY {
                last = u32::try_from(entries.len()).ok()?;
                *table.places.get_mut(place)? = last;
                entries.push(key);
                let grows = most < count && entries.len() > slot / 2 + PATIENCE;
                if grows || entries.len() > most {
                    return None;
                }
                table.reserve(&entries)?;
            }
        }
        codes.push(last);
    }
    (!entries.is_empty()).then_some(Dictionary { codes, entries })
}

impl<W: Word> Key for W {
    #[inline]
    fn hash(self) -> u64 {
        let mixed = self.low() ^ self.high().rotate_left(29);
        mix(mixed ^ 0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93)
    }

    #[inline]
    fn same(self, other: Self) -> bool {
        self == other
    }
}

#[inline]
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product.low() ^ product.high()
}

/// The dictionary of words; null slots hold something that may as well be an entry.
pub(crate) fn of_words<W: Word>(values: &[W], most: usize) -> Option<Dictionary<W>> {
    build(values.iter().copied().map(Some), most)
}

/// A string with its first and last eight bytes, which are all of it where it has no more than sixteen.
#[derive(Clone, Copy)]
struct StringKey<'a> {
    bytes: &'a [u8],
    ends: [u64; 2],
}

impl<'a> StringKey<'a> {
    #[inline]
    fn new(bytes: &'a [u8]) -> Self {
        let ends = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => [u64::from_le_bytes(*first), u64::from_le_bytes(*last)],
            _ => [short(bytes), 0],
        };
        Self { bytes, ends }
    }
}

/// Fewer than eight bytes as one number.
#[inline]
fn short(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let halves = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(halves.0) | u64::from(halves.1) << 32;
    }
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl Key for StringKey<'_> {
    #[inline]
    fn hash(self) -> u64 {
        let [first, last] = self.ends;
        let length = self.bytes.len() as u64;
        if self.bytes.len() > 16 {
            return xxh3_64(self.bytes);
        }
        mix(
            first ^ 0x9E37_79B9_7F4A_7C15,
            last.rotate_left(31)
                ^ length.wrapping_mul(0xD6E8_FEB8_6659_FD93)
                ^ 0xA076_1D64_78BD_642F,
        )
    }

    #[inline]
    fn same(self, other: Self) -> bool {
        self.ends == other.ends
            && self.bytes.len() == other.bytes.len()
            && (self.bytes.len() <= 16 || self.bytes == other.bytes)
    }
}

/// The dictionary of byte strings, `None` where a slot is null.
pub(crate) fn of_bytes<'a>(
    strings: impl ExactSizeIterator<Item = Option<&'a [u8]>>,
    most: usize,
) -> Option<Dictionary<&'a [u8]>> {
    let Dictionary { codes, entries } = build(strings.map(|s| s.map(StringKey::new)), most)?;
    let entries = entries.into_iter().map(|key| key.bytes).collect();
    Some(Dictionary { codes, entries })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_back_to_values() {
        let values: Vec<u64> = (0..50_000u64).map(|i| i * i % 6007).collect();
        let dictionary = of_words(&values, values.len()).unwrap();
        for (value, code) in values.iter().zip(&dictionary.codes) {
            assert_eq!(*value, dictionary.entries[*code as usize]);
        }
        let distinct: std::collections::BTreeSet<_> = values.iter().collect();
        assert_eq!(dictionary.entries.len(), distinct.len());
        assert!(of_words(&values, distinct.len() - 1).is_none());
        let few: Vec<u32> = (0..50_000).map(|i| i / 7 % 1000).collect();
        assert_eq!(of_words(&few, 1000).unwrap().entries.len(), 1000);
    }

    #[test]
    fn strings_of_every_length() {
        // Strings that differ in one byte, in length, and in nothing.
        let mut strings: Vec<Vec<u8>> = Vec::new();
        for length in 0..40 {
            strings.push(vec![0; length]);
            strings.push(vec![b'a'; length]);
            for at in 0..length {
                let mut one = vec![b'a'; length];
                one[at] = b'b';
                strings.push(one);
            }
        }
        let twice = strings.iter().chain(&strings).map(|s| Some(&s[..]));
        let all: Vec<_> = twice.collect();
        let dictionary = of_bytes(all.iter().copied(), all.len()).unwrap();
        let distinct: std::collections::BTreeSet<_> = strings.iter().collect();
        assert_eq!(dictionary.entries.len(), distinct.len());
        for (string, code) in all.iter().zip(&dictionary.codes) {
            assert_eq!(string.unwrap(), dictionary.entries[*code as usize]);
        }
    }

    #[test]
    fn nulls_repeat_the_code_before() {
        let words = [None, Some("a"), None, Some("b"), None, Some("a")];
        let strings = words.iter().map(|word| word.map(str::as_bytes));
        let dictionary = of_bytes(strings, 6).unwrap();
        assert_eq!(dictionary.codes, [0, 0, 0, 1, 1, 0]);
        assert_eq!(dictionary.entries, [b"a", b"b"]);
        assert!(of_bytes([None; 6].into_iter(), 6).is_none());
    }
}
