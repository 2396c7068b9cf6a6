//! Bytes that are not as they were written.

use super::random::Random;

/// Copies of `bytes`, cut, flipped, zeroed in part or with rubbish at the end; `count` of each.
pub(super) fn damaged(bytes: &[u8], count: usize, random: &mut Random) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    if bytes.is_empty() {
        return all;
    }
    for _ in 0..count {
        let at = random.below(bytes.len());
        all.push(bytes.get(..at).unwrap_or_default().to_vec());

        let mut flipped = bytes.to_vec();
        if let Some(byte) = flipped.get_mut(at) {
            *byte ^= 1 << random.below(8);
        }
        all.push(flipped);

        let mut zeroed = bytes.to_vec();
        let end = at.saturating_add(1 + random.below(64)).min(bytes.len());
        zeroed.get_mut(at..end).unwrap_or_default().fill(0);
        all.push(zeroed);

        let mut longer = bytes.to_vec();
        longer.extend(random.bits().to_le_bytes());
        all.push(longer);
    }
    all
}

/// Bytes of no meaning, of several lengths.
pub(super) fn rubbish(random: &mut Random) -> Vec<Vec<u8>> {
    [0, 1, 7, 64, 300, 5_000]
        .into_iter()
        .map(|len| (0..len).map(|_| random.bits().to_le_bytes()[0]).collect())
        .collect()
}
