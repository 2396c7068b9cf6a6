//! What every [`Codec`] promises.

use super::damage::{damaged, rubbish};
use super::promise;
use super::random::Random;
use crate::{Codec, Result};

fn inputs(random: &mut Random) -> Vec<Vec<u8>> {
    let text: String = (0..900)
        .map(|line| format!("line {} of a text\n", line % 37))
        .collect();
    let numbers = (0_u32..3_000).flat_map(|v| (v * 3).to_le_bytes()).collect();
    let noise = (0..9_000).map(|_| random.bits().to_le_bytes()[0]).collect();
    vec![
        Vec::new(),
        vec![7],
        vec![0; 100_000],
        text.into_bytes(),
        numbers,
        noise,
    ]
}

/// Round trips to the byte, appends, is deterministic, gives exactly the asked length or fails, and survives rubbish.
pub fn codec(codec: &dyn Codec) -> Result<()> {
    let name = codec.name();
    let named = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    promise(named, || {
        format!("the codec's name {name:?} is not lower-case letters")
    })?;
    let mut random = Random::new(codec.id().0.into());
    for input in inputs(&mut random) {
        let mut stored = b"before".to_vec();
        codec.compress(&input, &mut stored)?;
        let mut again = Vec::new();
        codec.compress(&input, &mut again)?;
        let kept = stored.strip_prefix(b"before") == Some(again.as_slice());
        promise(kept, || {
            format!(
                "{name}: compressing {} bytes twice gave different bytes, or did not append",
                input.len()
            )
        })?;
        round_trip(codec, &input, &again)?;
        hostile(codec, &input, &again, &mut random)?;
    }
    Ok(())
}

fn round_trip(codec: &dyn Codec, input: &[u8], stored: &[u8]) -> Result<()> {
    let (name, len) = (codec.name(), input.len());
    let mut decoded = b"before".to_vec();
    codec.decompress(stored, len, &mut decoded)?;
    let same = decoded.strip_prefix(b"before") == Some(input);
    promise(same, || {
        format!("{name}: {len} bytes did not come back, or were not appended")
    })?;
    for wrong in [len.checked_sub(1), len.checked_add(1), Some(0)]
        .into_iter()
        .flatten()
    {
        let refused = wrong == len || codec.decompress(stored, wrong, &mut Vec::new()).is_err();
        promise(refused, || {
            format!("{name}: {len} bytes were taken for {wrong}")
        })?;
    }
    Ok(())
}

fn hostile(codec: &dyn Codec, input: &[u8], stored: &[u8], random: &mut Random) -> Result<()> {
    let mut all = damaged(stored, 40, random);
    all.extend(rubbish(random));
    for bytes in all {
        let mut decoded = Vec::new();
        let exact = match codec.decompress(&bytes, input.len(), &mut decoded) {
            Ok(()) => decoded.len() == input.len(),
            Err(_) => true,
        };
        promise(exact, || {
            format!(
                "{}: damaged bytes gave {} bytes for {}",
                codec.name(),
                decoded.len(),
                input.len()
            )
        })?;
    }
    Ok(())
}
