//! Slots without a value: left out where they are many, filled in where they are few.

use crate::bits;
use crate::word::Word;

/// Whether so many of `slots` slots have no value that leaving them out is worth putting the others back in their places.
pub(super) fn are_many(validity: &[u8], slots: usize) -> bool {
    (slots - bits::count_ones(validity).min(slots)) * 16 >= slots
}

/// Whether every slot without a value is zero.
pub(super) fn are_zero<W: Word>(values: &[W], validity: &[u8]) -> bool {
    let mut any = W::ZERO;
    for (eight, &valid) in values.chunks(8).zip(validity) {
        if valid != 0xFF {
            for (slot, &value) in eight.iter().enumerate() {
                let missing = valid >> slot & 1 == 0;
                any = any.max(if missing { value } else { W::ZERO });
            }
        }
    }
    any == W::ZERO
}

/// The slots that have a value.
pub(super) fn compact<W: Word>(values: &[W], validity: &[u8]) -> Vec<W> {
    let count = bits::count_ones(validity).min(values.len());
    // Each is written where the next one belongs, and only one that has a value moves that on.
    let mut present = vec![W::ZERO; count + 8];
    let mut end = 0;
    for (eight, &valid) in values.chunks(8).zip(validity) {
        let Some(room) = present.get_mut(end..end + 8) else {
            break;
        };
        if valid == 0xFF && eight.len() == 8 {
            room.copy_from_slice(eight);
            end += 8;
            continue;
        }
        let mut next = 0;
        for (slot, &value) in eight.iter().enumerate() {
            if let Some(to) = room.get_mut(next) {
                *to = value;
            }
            next += usize::from(valid >> slot & 1);
        }
        end += next;
    }
    present.truncate(count);
    present
}

/// Slots without a value repeat the one before them (the first ones: the first value), which costs the encodings least.
pub(super) fn fill<W: Word>(values: &[W], validity: &[u8]) -> Vec<W> {
    let first = values
        .iter()
        .enumerate()
        .find(|(slot, _)| bits::get(validity, *slot));
    let mut last = first.map_or(W::ZERO, |(_, value)| *value);
    let mut filled = values.to_vec();
    for (eight, &valid) in filled.chunks_mut(8).zip(validity) {
        if valid != 0xFF {
            for (slot, value) in eight.iter_mut().enumerate() {
                last = if valid >> slot & 1 == 1 { *value } else { last };
                *value = last;
            }
        } else if let Some(value) = eight.last() {
            last = *value;
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_out_or_filled_in() {
        for slots in [0usize, 1, 7, 8, 9, 64, 1000] {
            for step in [1, 2, 3, 8, 20] {
                let values: Vec<u32> = (1..).take(slots).collect();
                let mut validity = vec![0; slots.div_ceil(8)];
                let present: Vec<u32> = values.iter().copied().filter(|v| v % step == 0).collect();
                for value in &present {
                    let slot = *value as usize - 1;
                    validity[slot / 8] |= 1 << (slot % 8);
                }
                assert_eq!(compact(&values, &validity), present);
                let filled = fill(&values, &validity);
                for (slot, value) in filled.iter().enumerate() {
                    let before = present.iter().rfind(|v| **v as usize <= slot + 1);
                    let due = before.or(present.first()).copied().unwrap_or(0);
                    assert_eq!(*value, due);
                }
                assert_eq!(are_zero(&values, &validity), step == 1 || slots == 0);
            }
        }
    }
}
