//! Keys in files, and the encryption and seals that are made from them.
//!
//! A [`Key`] is 32 random bytes. It implements [`Secret`](export_core::Secret), through which the container encrypts frames
//! (XChaCha20-Poly1305, with a nonce that is made from what is encrypted) and seals files (keyed BLAKE3). What is derived from
//! what, to the byte, is in docs/format/v1.md, "Keys". Nothing is invented here but the order in which well-kept crates
//! are called.
//!
//! ```
//! use export_core::{FileId, Secret};
//! use export_crypt::Key;
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("lab.key");
//! let key = Key::generate()?;
//! key.save(&path)?;
//! assert_eq!(Key::read(&path)?.id(), key.id());
//!
//! let cipher = key.cipher(FileId([7; 16]));
//! let mut sealed = Vec::new();
//! cipher.encrypt(b"frame 3", b"what is in it", &mut sealed)?;
//! assert_eq!(cipher.decrypt(b"frame 3", sealed.clone()).as_deref(), Some(&b"what is in it"[..]));
//! assert_eq!(cipher.decrypt(b"frame 4", sealed), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aead;
mod hash;
mod key;
mod text;

pub use key::Key;
