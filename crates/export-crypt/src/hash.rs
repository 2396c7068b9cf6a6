//! The keyed hash of a file's bytes.

use export_core::Mac;
use zeroize::Zeroize;

use crate::key::KEY_BYTES;

/// Keyed BLAKE3.
pub(crate) struct FileHash(blake3::Hasher);

impl FileHash {
    pub(crate) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(blake3::Hasher::new_keyed(key))
    }
}

impl Mac for FileHash {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn tag(&self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }

    fn fork(&self) -> Box<dyn Mac> {
        Box::new(Self(self.0.clone()))
    }
}

impl Drop for FileHash {
    fn drop(&mut self) {
        // It holds the key.
        self.0.zeroize();
    }
}
