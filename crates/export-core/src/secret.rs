//! Secrets that files are protected with, as the container knows them: something that makes ciphers and running hashes.
//!
//! What they are made of is known to whoever implements [`Secret`]; this crate has no cryptography.

use std::fmt;
use std::sync::Arc;

use crate::{Error, ErrorKind, FileId, Limits, Result};

/// Tells a key from others, and nothing of the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A key. Each file gets ciphers and hashes of its own, so that nothing of one file passes in another.
///
/// `Debug` must not show the key.
pub trait Secret: Send + Sync + fmt::Debug {
    /// What tells it from other keys.
    fn id(&self) -> KeyId;

    /// What encrypts the frames of `file`.
    fn cipher(&self, file: FileId) -> Box<dyn Cipher>;

    /// What seals `file`, as a hash of nothing yet.
    fn mac(&self, file: FileId) -> Box<dyn Mac>;
}

/// Authenticated encryption of frames of one file.
pub trait Cipher: Send + Sync {
    /// Bytes that encryption adds.
    fn overhead(&self) -> usize;

    /// Appends `plain`, encrypted and bound to `context`, to `out`. The same input gives the same output, and any other a
    /// wholly different one: there is no counter that could be used twice.
    fn encrypt(&self, context: &[u8], plain: &[u8], out: &mut Vec<u8>) -> Result<()>;

    /// What [`Cipher::encrypt`] was given, or `None` where `sealed` was not made by it with this key, file and `context`.
    fn decrypt(&self, context: &[u8], sealed: Vec<u8>) -> Option<Vec<u8>>;
}

/// A running hash that only holders of the key can compute.
pub trait Mac: Send + Sync {
    /// Takes in the next bytes.
    fn update(&mut self, bytes: &[u8]);

    /// The hash of all that was taken in so far.
    fn tag(&self) -> [u8; 32];

    /// One that has taken in the same bytes.
    fn fork(&self) -> Box<dyn Mac>;
}

/// The keys that a reader holds.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<Arc<dyn Secret>>);

impl Keys {
    /// Adds a key.
    pub fn add(&mut self, key: Arc<dyn Secret>) {
        self.0.push(key);
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key that goes by `id`.
    #[must_use]
    pub fn get(&self, id: KeyId) -> Option<&Arc<dyn Secret>> {
        self.0.iter().find(|key| key.id() == id)
    }

    /// The key that goes by `id`, or the error that it is missing; `what` says what it is needed for, as in
    /// "the file is encrypted".
    pub fn need(&self, id: KeyId, what: &str) -> Result<&Arc<dyn Secret>> {
        let wrong = match *self.0.as_slice() {
            [] => format!("{what}, and no key was given"),
            [ref key] => format!("{what} with key {id}, not with the one given, {}", key.id()),
            _ => format!("{what} with key {id}, which is none of those given"),
        };
        self.get(id).ok_or_else(|| {
            Error::new(ErrorKind::Key, wrong)
                .with_hint(format!("give the file of key {id} with --key"))
        })
    }
}

impl From<Arc<dyn Secret>> for Keys {
    fn from(key: Arc<dyn Secret>) -> Self {
        Self(vec![key])
    }
}

impl FromIterator<Arc<dyn Secret>> for Keys {
    fn from_iter<I: IntoIterator<Item = Arc<dyn Secret>>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

/// How a file that is written is protected. Not at all by default.
#[derive(Debug, Clone, Default)]
pub struct Protection {
    /// Nobody reads names, schemas and values without this key.
    pub encrypt: Option<Arc<dyn Secret>>,
    /// Nobody without this key changes the file unnoticed by who has it.
    pub seal: Option<Arc<dyn Secret>>,
}

impl Protection {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.encrypt.is_none() && self.seal.is_none()
    }

    /// The keys, for reading what was written.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.encrypt.iter().chain(&self.seal).cloned().collect()
    }
}

/// What reading a file may cost, and the keys it may need. Made from [`Limits`] where there are no keys.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Bounds on what the file may cost.
    pub limits: Limits,
    /// Keys of encrypted or sealed files.
    pub keys: Keys,
}

impl From<&Limits> for Access {
    fn from(limits: &Limits) -> Self {
        limits.clone().into()
    }
}

impl From<Limits> for Access {
    fn from(limits: Limits) -> Self {
        Self {
            limits,
            keys: Keys::default(),
        }
    }
}

impl From<&Access> for Access {
    fn from(access: &Access) -> Self {
        access.clone()
    }
}
