//! Keys: what is derived from them, and the files they are kept in.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::fs;

use export_core::{ErrorKind, FileId, Secret, conformance};
use export_crypt::Key;
use proptest::prelude::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key of the spec's examples: bytes 0 to 31.
fn example() -> Key {
    Key::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()))
}

fn file() -> FileId {
    FileId(std::array::from_fn(|at| u8::try_from(at).unwrap()))
}

#[test]
fn a_key_is_a_secret_as_the_container_wants_it() {
    let next = Cell::new(0);
    let make = || {
        next.set(next.get() + 1);
        Box::new(Key::from_bytes([next.get(); 32])) as Box<dyn Secret>
    };
    conformance::secret(make).unwrap();
}

/// Computed from v1.md by other implementations of BLAKE3 and XChaCha20-Poly1305.
#[test]
fn known_answers() {
    const SPEC: &str = include_str!("../../../docs/format/v1.md");
    let key = example();
    let mut mac = key.mac(file());
    mac.update(b"sealed");
    let mut text = Vec::new();
    let context: Vec<u8> = (100..136).collect();
    key.cipher(file())
        .encrypt(&context, b"encrypted", &mut text)
        .unwrap();
    let found = [
        ("key id", key.id().to_string()),
        ("tag of `sealed`", hex(&mac.tag())),
        ("nonce ‖ ciphertext ‖ tag of `encrypted`", hex(&text)),
    ];
    for (what, value) in found {
        let line = format!("| {what} | {value} |");
        assert!(SPEC.contains(&line), "v1.md lacks: {line}");
    }
}

#[test]
fn keys_come_back_from_their_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.key");
    let key = Key::generate().unwrap();
    key.save(&path).unwrap();
    assert_eq!(Key::read(&path).unwrap().id(), key.id());
    assert_ne!(Key::generate().unwrap().id(), key.id());
    assert_eq!(key.save(&path).unwrap_err().kind(), ErrorKind::Exists);
    let line = fs::read_to_string(&path).unwrap();
    assert_eq!(line.len(), 16 + 44 + 1 + 8 + 1);
    assert!(!format!("{key:?}").contains(&line[16..60]));

    let missing = Key::read(directory.path().join("b.key")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert!(missing.hint().unwrap().contains("keygen"));
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.key");
    Key::generate().unwrap().save(&path).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for mode in [0o640, 0o604, 0o620, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Key::read(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Key);
        assert!(error.hint().unwrap().contains("chmod 600"));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(Key::read(&path).is_ok());
}

#[test]
fn a_line_that_is_changed_anywhere_is_no_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.key");
    example().save(&path).unwrap();
    let line = fs::read(&path).unwrap();
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Key::read(&path)
    };
    assert!(
        read(&line[..line.len() - 1]).is_ok(),
        "its end may be missing"
    );
    for at in 0..line.len() - 1 {
        let mut changed = line.clone();
        changed[at] ^= 1;
        let error = read(&changed).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Key, "{at}");
        assert!(read(&line[..at]).is_err(), "{at}");
    }
    assert!(read(&[line.clone(), line].concat()).is_err());
    assert!(read(&[0xFF; 5000]).is_err());
}

proptest! {
    #[test]
    fn whatever_is_encrypted_comes_back(
        bytes: [u8; 32], file: [u8; 16], context: Vec<u8>, plain: Vec<u8>, other: Vec<u8>,
    ) {
        let cipher = Key::from_bytes(bytes).cipher(FileId(file));
        let mut sealed = Vec::new();
        cipher.encrypt(&context, &plain, &mut sealed).unwrap();
        prop_assert_eq!(sealed.len(), plain.len() + cipher.overhead());
        prop_assert_eq!(cipher.decrypt(&context, sealed.clone()), Some(plain));
        if other != context {
            prop_assert_eq!(cipher.decrypt(&other, sealed), None);
        }
        prop_assert_eq!(cipher.decrypt(&context, other), None);
    }
}
