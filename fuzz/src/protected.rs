//! Encrypted and sealed containers.
//!
//! With a real key, every changed byte would end at its authentication, as it should. [`Open`] is a key that authenticates
//! nothing, so that what an owner of the key could have written is read, too.

use std::sync::Arc;

use export_container::{
    Container, Depth, FileOptions, MemoryStorage, Writer, repair, verify, verify_seals,
};
use export_core::{
    Access, Cancel, Cipher, FileId, KeyId, Keys, Mac, Progress, Protection, Result, Secret,
};

use crate::limits;
use crate::sealed::sealed;

/// Bytes that encryption adds, as many as that of a real key.
const OVERHEAD: usize = 40;

/// A key that keeps nothing secret.
#[derive(Debug, Clone, Copy)]
pub struct Open;

impl Open {
    /// A container that is encrypted and sealed with it.
    #[must_use]
    pub fn protection() -> Protection {
        Protection {
            encrypt: Some(Arc::new(Self)),
            seal: Some(Arc::new(Self)),
        }
    }
}

impl Secret for Open {
    fn id(&self) -> KeyId {
        KeyId(*b"open key")
    }
    fn cipher(&self, _file: FileId) -> Box<dyn Cipher> {
        Box::new(*self)
    }
    fn mac(&self, _file: FileId) -> Box<dyn Mac> {
        Box::new(*self)
    }
}

impl Cipher for Open {
    fn overhead(&self) -> usize {
        OVERHEAD
    }
    fn encrypt(&self, _context: &[u8], plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.extend([0; OVERHEAD]);
        out.extend(plain);
        Ok(())
    }
    fn decrypt(&self, _context: &[u8], sealed: Vec<u8>) -> Option<Vec<u8>> {
        sealed.get(OVERHEAD..).map(<[u8]>::to_vec)
    }
}

impl Mac for Open {
    fn update(&mut self, _bytes: &[u8]) {}
    fn tag(&self) -> [u8; 32] {
        [0; 32]
    }
    fn fork(&self) -> Box<dyn Mac> {
        Box::new(*self)
    }
}

/// As it is, and with checksums made right; with the key and without.
pub(crate) fn read(bytes: &[u8]) {
    for bytes in [bytes, &sealed(bytes)] {
        for keys in [Keys::default(), Open::protection().keys()] {
            read_with(
                bytes,
                &Access {
                    limits: limits(),
                    keys,
                },
            );
        }
    }
}

fn read_with(bytes: &[u8], access: &Access) {
    let storage = || Arc::new(MemoryStorage::new(bytes.to_vec()));
    let (progress, cancel) = (Progress::new(), Cancel::new());
    for container in [
        Container::open(storage(), access),
        Container::recover(storage(), access),
    ]
    .into_iter()
    .flatten()
    {
        for chunk in container.chunks() {
            drop(container.read_chunk(chunk, None));
        }
    }
    drop(verify(
        storage(),
        Depth::Checksums,
        access,
        &progress,
        &cancel,
    ));
    drop(verify_seals(storage(), access, &progress, &cancel));
    let options = FileOptions {
        file: FileId([0x5a; 16]),
        created_ns: 1,
    };
    if let Ok(mut writer) = Writer::new(Vec::new(), &options) {
        drop(repair(storage(), &mut writer, access, &progress, &cancel));
    }
}
