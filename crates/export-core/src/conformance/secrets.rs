//! What every [`Secret`] promises.

use super::damage::damaged;
use super::promise;
use super::random::Random;
use crate::{Cipher, Secret};
use crate::{FileId, Result};

const FILES: [FileId; 2] = [FileId([1; 16]), FileId([2; 16])];
const LENGTHS: [usize; 6] = [0, 1, 16, 63, 1_000, 5_000];

/// Encryption comes back, tells of any change, and differs by key, file and context; hashes do not depend on how bytes
/// are split, and differ by key and file. `make` gives another key each time.
pub fn secret(make: impl Fn() -> Box<dyn Secret>) -> Result<()> {
    let (one, other) = (make(), make());
    promise(one.id() != other.id(), || {
        "two keys go by the same id".into()
    })?;
    let mut random = Random::new(17);
    for length in LENGTHS {
        let plain: Vec<u8> = (0..length)
            .map(|_| random.bits().to_le_bytes()[0])
            .collect();
        encryption(&*one, &*other, &plain, &mut random)?;
        hashing(&*one, &*other, &plain)?;
    }
    Ok(())
}

fn encrypted(cipher: &dyn Cipher, context: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let mut out = b"before".to_vec();
    cipher.encrypt(context, plain, &mut out)?;
    let sealed = out.strip_prefix(b"before").map(<[u8]>::to_vec);
    promise(sealed.is_some(), || "encryption does not append".into())?;
    Ok(sealed.unwrap_or_default())
}

fn encryption(
    one: &dyn Secret,
    other: &dyn Secret,
    plain: &[u8],
    random: &mut Random,
) -> Result<()> {
    let (context, length) = (b"context".as_slice(), plain.len());
    let [cipher, elsewhere] = FILES.map(|file| one.cipher(file));
    let sealed = encrypted(&*cipher, context, plain)?;
    promise(sealed.len() == length + cipher.overhead(), || {
        format!(
            "encryption of {length} bytes does not add {} bytes",
            cipher.overhead()
        )
    })?;
    promise(encrypted(&*cipher, context, plain)? == sealed, || {
        format!("encrypting {length} bytes twice gave different bytes")
    })?;
    promise(
        cipher.decrypt(context, sealed.clone()).as_deref() == Some(plain),
        || format!("{length} encrypted bytes did not come back"),
    )?;
    let foreign = other.cipher(FileId([1; 16]));
    let none = [
        (
            "in another file",
            elsewhere.decrypt(context, sealed.clone()),
        ),
        ("with another key", foreign.decrypt(context, sealed.clone())),
        (
            "in another context",
            cipher.decrypt(b"contexT", sealed.clone()),
        ),
        (
            "cut",
            cipher.decrypt(context, sealed.get(1..).unwrap_or_default().to_vec()),
        ),
    ];
    for (how, found) in none {
        promise(found.is_none(), || {
            format!("{length} encrypted bytes were read {how}")
        })?;
    }
    for changed in damaged(&sealed, 8, random) {
        promise(
            changed == sealed || cipher.decrypt(context, changed).is_none(),
            || format!("{length} encrypted bytes were changed, and read"),
        )?;
    }
    Ok(())
}

fn hashing(one: &dyn Secret, other: &dyn Secret, bytes: &[u8]) -> Result<()> {
    let length = bytes.len();
    let [mut whole, mut elsewhere] = FILES.map(|file| one.mac(file));
    whole.update(bytes);
    elsewhere.update(bytes);
    let mut foreign = other.mac(FileId([1; 16]));
    foreign.update(bytes);
    promise(
        whole.tag() != elsewhere.tag() && whole.tag() != foreign.tag(),
        || format!("a hash of {length} bytes is that of another key or file"),
    )?;
    let (first, rest) = bytes.split_at(length / 3);
    let mut parts = one.mac(FileId([1; 16]));
    parts.update(first);
    let between = parts.fork();
    parts.update(rest);
    promise(parts.tag() == whole.tag(), || {
        format!("a hash of {length} bytes depends on how they are split")
    })?;
    promise(rest.is_empty() || between.tag() != whole.tag(), || {
        format!("a fork of a hash of {length} bytes goes on with what it was forked from")
    })
}
