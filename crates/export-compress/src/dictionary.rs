//! Dictionaries: every distinct value once, in order of appearance, and a code a slot.

use xxhash_rust::xxh3::xxh3_64;

use crate::word::Word;

/// Codes, and for every entry the slot it first appeared in.
pub(crate) struct Dictionary {
    pub(crate) codes: Vec<u32>,
    pub(crate) firsts: Vec<usize>,
}

/// Entries tried before a dictionary that grows with every other slot is given up, unless any size is welcome.
const PATIENCE: usize = 1024;
/// Longest search for a place. Reached only where somebody chose values that collide: then there is no dictionary.
const LONGEST_PROBE: usize = 256;
const EMPTY: u32 = u32::MAX;

/// An open-addressing table of entry numbers.
struct Table {
    places: Vec<u32>,
    entries: usize,
}

impl Table {
    fn new() -> Self {
        Self {
            places: vec![EMPTY; 2048],
            entries: 0,
        }
    }

    /// The entry of `hash` that `is_same` accepts, or the number of a new one. `hash_of` is asked when the table grows.
    fn find_or_add(
        &mut self,
        hash: u64,
        is_same: impl Fn(u32) -> bool,
        hash_of: impl Fn(u32) -> u64,
    ) -> Option<(u32, bool)> {
        if self.entries * 2 >= self.places.len() {
            self.grow(hash_of)?;
        }
        let (place, found) = self.probe(hash, is_same)?;
        if found != EMPTY {
            return Some((found, false));
        }
        let entry = u32::try_from(self.entries).ok()?;
        *self.places.get_mut(place)? = entry;
        self.entries += 1;
        Some((entry, true))
    }

    fn probe(&self, hash: u64, is_same: impl Fn(u32) -> bool) -> Option<(usize, u32)> {
        let mask = self.places.len() - 1;
        let start = usize::try_from(hash >> 32).unwrap_or(0);
        for step in 0..LONGEST_PROBE {
            let place = (start + step) & mask;
            let entry = *self.places.get(place)?;
            if entry == EMPTY || is_same(entry) {
                return Some((place, entry));
            }
        }
        None
    }

    fn grow(&mut self, hash_of: impl Fn(u32) -> u64) -> Option<()> {
        self.places = vec![EMPTY; self.places.len() * 4];
        for entry in 0..u32::try_from(self.entries).ok()? {
            let (place, _) = self.probe(hash_of(entry), |_| false)?;
            *self.places.get_mut(place)? = entry;
        }
        Some(())
    }
}

/// The dictionary of `count` slots, of which `value` gives the value, or `None` where the slot is null. `None` where there
/// are more than `most` distinct values, or none at all. A null slot's code is that of the slot before.
fn build<V: Copy>(
    count: usize,
    most: usize,
    value: impl Fn(usize) -> Option<V>,
    hash: impl Fn(V) -> u64,
    same: impl Fn(V, V) -> bool,
) -> Option<Dictionary> {
    let mut table = Table::new();
    let mut firsts: Vec<usize> = Vec::new();
    let mut codes = Vec::with_capacity(count);
    let mut last = 0;
    for slot in 0..count {
        if let Some(v) = value(slot) {
            let entry_value = |entry: u32| value(*firsts.get(entry as usize)?);
            let (entry, new) = table.find_or_add(
                hash(v),
                |entry| entry_value(entry).is_some_and(|other| same(v, other)),
                |entry| entry_value(entry).map_or(0, &hash),
            )?;
            if new {
                firsts.push(slot);
                let grows = most < count && firsts.len() > slot / 2 + PATIENCE;
                if grows || firsts.len() > most {
                    return None;
                }
            }
            last = entry;
        }
        codes.push(last);
    }
    (!firsts.is_empty()).then_some(Dictionary { codes, firsts })
}

/// The dictionary of words; null slots hold something that may as well be an entry.
pub(crate) fn of_words<W: Word>(values: &[W], most: usize) -> Option<Dictionary> {
    let hash = |value: W| {
        let mixed = value.low() ^ value.high().rotate_left(29);
        let product = u128::from(mixed ^ 0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93;
        product.low() ^ product.high()
    };
    build(
        values.len(),
        most,
        |slot| values.get(slot).copied(),
        hash,
        |a, b| a == b,
    )
}

/// The dictionary of byte strings.
pub(crate) fn of_bytes<'a>(
    count: usize,
    most: usize,
    value: impl Fn(usize) -> Option<&'a [u8]>,
) -> Option<Dictionary> {
    build(count, most, value, xxh3_64, |a, b| a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_back_to_values() {
        let values: Vec<u64> = (0..50_000u64).map(|i| i * i % 6007).collect();
        let dictionary = of_words(&values, values.len()).unwrap();
        for (value, code) in values.iter().zip(&dictionary.codes) {
            assert_eq!(*value, values[dictionary.firsts[*code as usize]]);
        }
        let distinct: std::collections::BTreeSet<_> = values.iter().collect();
        assert_eq!(dictionary.firsts.len(), distinct.len());
        assert!(of_words(&values, distinct.len() - 1).is_none());
        let few: Vec<u32> = (0..50_000).map(|i| i / 7 % 1000).collect();
        assert_eq!(of_words(&few, 1000).unwrap().firsts.len(), 1000);
    }

    #[test]
    fn nulls_repeat_the_code_before() {
        let words = [None, Some("a"), None, Some("b"), None, Some("a")];
        let dictionary = of_bytes(6, 6, |i| words[i].map(str::as_bytes)).unwrap();
        assert_eq!(
            (dictionary.codes, dictionary.firsts),
            (vec![0, 0, 0, 1, 1, 0], vec![1, 3])
        );
        assert!(of_bytes(6, 6, |_| None).is_none());
    }
}
