//! A key, and the file it is kept in.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use export_core::{Cipher, Error, ErrorKind, FileId, KeyId, Mac, Result, Secret};
use zeroize::Zeroizing;

use crate::aead::FrameCipher;
use crate::hash::FileHash;
use crate::text;

/// Length of a key, in bytes.
pub(crate) const KEY_BYTES: usize = 32;
/// Longest key file that is looked at, in bytes.
const LONGEST_FILE: u64 = 1024;

const ID: &str = "exportkit key 1: id";
const CIPHER: &str = "exportkit key 1: cipher of frames";
const NONCE: &str = "exportkit key 1: nonces of frames";
const SEAL: &str = "exportkit key 1: seals";

/// 32 random bytes that protect files. Wiped from memory when dropped; never shown.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    /// A new key, from the system's randomness.
    pub fn generate() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(&mut *bytes).map_err(|error| Error::from(io::Error::other(error)))?;
        Ok(Self(bytes))
    }

    /// A key of these bytes, which nobody may be able to guess: no password, no hash of one.
    #[must_use]
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a key file. Fails where others than its owner can read or change it.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        read(path).map_err(|error| error.in_file(path.display().to_string()))
    }

    /// Writes the key to a new file that its owner alone can read, and makes it durable. Fails where there is one.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        self.write(path)
            .map_err(|error| error.in_file(path.display().to_string()))
    }

    fn write(&self, path: &Path) -> Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::exists("there is a file of that name already")
                .with_hint(
                    "a key that is overwritten is lost with all it protects: give another name",
                ),
            _ => Error::from(error),
        })?;
        let written = file.write_all(text::of_key(&self.0).as_bytes());
        if let Err(error) = written.and_then(|()| file.sync_all()) {
            // Half a key is none, and would be in the way of the next try.
            drop(std::fs::remove_file(path));
            return Err(error.into());
        }
        // The key must not be lost while the files it protects are not.
        #[cfg(unix)]
        {
            let directory = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(())
    }

    /// A key for one purpose and one file.
    fn derived(&self, purpose: &str, file: FileId) -> Zeroizing<[u8; KEY_BYTES]> {
        let root = Zeroizing::new(blake3::derive_key(purpose, &*self.0));
        Zeroizing::new(*blake3::keyed_hash(&root, &file.0).as_bytes())
    }
}

fn read(path: &Path) -> Result<Key> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            Error::not_found(error).with_hint("make a key with `exportkit keygen`")
        }
        _ => Error::from(error),
    })?;
    refuse_shared(&file)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    file.take(LONGEST_FILE).read_to_end(&mut bytes)?;
    text::to_key(&bytes).map(Key).ok_or_else(|| {
        Error::new(ErrorKind::Key, "this is no key file, or it is damaged")
            .with_hint("a key file is one line, as `exportkit keygen` writes it")
    })
}

/// Fails where others than the owner can read or change an ordinary file.
#[cfg(unix)]
fn refuse_shared(file: &File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata()?;
    let others = metadata.permissions().mode() & 0o077;
    if others == 0 || !metadata.is_file() {
        return Ok(());
    }
    let error = Error::new(
        ErrorKind::Key,
        "others than its owner can get at the key file",
    );
    Err(error.with_hint("chmod 600 it, and make a new key if anybody may have read this one"))
}

#[cfg(not(unix))]
fn refuse_shared(_: &File) -> Result<()> {
    Ok(())
}

impl Secret for Key {
    fn id(&self) -> KeyId {
        let hash = Zeroizing::new(blake3::derive_key(ID, &*self.0));
        let mut id = [0; 8];
        id.iter_mut().zip(*hash).for_each(|(to, from)| *to = from);
        KeyId(id)
    }

    fn cipher(&self, file: FileId) -> Box<dyn Cipher> {
        Box::new(FrameCipher::new(
            &self.derived(CIPHER, file),
            self.derived(NONCE, file),
        ))
    }

    fn mac(&self, file: FileId) -> Box<dyn Mac> {
        Box::new(FileHash::new(&self.derived(SEAL, file)))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id())
    }
}
