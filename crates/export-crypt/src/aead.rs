//! Encryption of frames: XChaCha20-Poly1305 with nonces that are made from what is encrypted.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use export_core::{Cipher, Error, Result};
use zeroize::{Zeroize, Zeroizing};

use crate::key::KEY_BYTES;

/// Length of a nonce, in bytes.
const NONCE_BYTES: usize = 24;
/// Length of an authentication tag, in bytes.
const TAG_BYTES: usize = 16;

/// Encrypts the frames of one file. What it makes is nonce, ciphertext, tag.
pub(crate) struct FrameCipher {
    cipher: XChaCha20Poly1305,
    nonces: Zeroizing<[u8; KEY_BYTES]>,
}

impl FrameCipher {
    pub(crate) fn new(key: &[u8; KEY_BYTES], nonces: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(key.into()),
            nonces,
        }
    }

    /// Two frames share a nonce only where they are the same: there is nothing to count, so nothing a torn append could
    /// count twice.
    fn nonce(&self, context: &[u8], plain: &[u8]) -> [u8; NONCE_BYTES] {
        let mut hash = blake3::Hasher::new_keyed(&self.nonces);
        hash.update(&(context.len() as u64).to_le_bytes());
        hash.update(context);
        hash.update(plain);
        let mut nonce = [0; NONCE_BYTES];
        hash.finalize_xof().fill(&mut nonce);
        // It holds the key.
        hash.zeroize();
        nonce
    }
}

impl Cipher for FrameCipher {
    fn overhead(&self) -> usize {
        NONCE_BYTES + TAG_BYTES
    }

    fn encrypt(&self, context: &[u8], plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let nonce = self.nonce(context, plain);
        out.reserve(plain.len() + self.overhead());
        out.extend(nonce);
        let start = out.len();
        out.extend(plain);
        let text = out.get_mut(start..).unwrap_or_default();
        let tag = self
            .cipher
            .encrypt_inout_detached(&XNonce::from(nonce), context, text.into());
        out.extend(tag.map_err(|_| Error::limit("too long to be encrypted"))?);
        Ok(())
    }

    fn decrypt(&self, context: &[u8], mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_first_chunk_mut::<NONCE_BYTES>()?;
        let (text, tag) = text.split_last_chunk_mut::<TAG_BYTES>()?;
        let (nonce, tag) = (XNonce::from(*nonce), Tag::from(*tag));
        self.cipher
            .decrypt_inout_detached(&nonce, context, text.into(), &tag)
            .ok()?;
        sealed.truncate(sealed.len() - TAG_BYTES);
        sealed.drain(..NONCE_BYTES);
        Some(sealed)
    }
}
