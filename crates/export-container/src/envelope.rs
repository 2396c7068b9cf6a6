//! Encrypted payloads (v1.md, "Encrypted frames").

use std::fmt;
use std::sync::{Arc, OnceLock};

use export_core::{Cipher, Error, FileId, KeyId, Keys, Result, Secret};

use crate::cursor::Cursor;
use crate::fault::Fault;
use crate::frame::FrameHeader;
use crate::layout::{CONTEXT_BYTES, ENVELOPE_HEAD_BYTES, KEY_ID_BYTES, NO_STREAM};

/// What binds a payload to its frame: whoever moves it to another place, stream or file makes it unreadable.
fn context(header: &FrameHeader) -> [u8; CONTEXT_BYTES] {
    let mut fields = Vec::with_capacity(CONTEXT_BYTES);
    fields.extend(header.file.0);
    fields.extend(header.sequence.to_le_bytes());
    let stream = header.stream.map_or(NO_STREAM, |stream| stream.0);
    fields.extend(stream.to_le_bytes());
    fields.extend(header.rows.to_le_bytes());
    fields.extend(header.kind.to_le_bytes());
    fields.extend(header.flags.to_le_bytes());
    let mut bytes = [0; CONTEXT_BYTES];
    bytes.copy_from_slice(&fields);
    bytes
}

/// What a writer encrypts with.
#[derive(Clone)]
pub(crate) struct Encryption {
    key: KeyId,
    cipher: Arc<dyn Cipher>,
}

impl Encryption {
    pub(crate) fn new(secret: &dyn Secret, file: FileId) -> Self {
        Self {
            key: secret.id(),
            cipher: secret.cipher(file).into(),
        }
    }

    /// Length of the payload that `plain_bytes` become.
    pub(crate) fn stored_bytes(&self, plain_bytes: usize) -> usize {
        plain_bytes
            .saturating_add(KEY_ID_BYTES)
            .saturating_add(self.cipher.overhead())
    }

    /// Appends the payload of the frame with this `header`.
    pub(crate) fn put(&self, header: &FrameHeader, plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.extend(self.key.0);
        self.cipher.encrypt(&context(header), plain, out)
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encryption({})", self.key)
    }
}

/// What a reader opens encrypted payloads with.
pub(crate) struct Opener {
    keys: Keys,
    /// What has opened a payload of the file.
    opened: OnceLock<Opened>,
}

struct Opened {
    key: KeyId,
    file: FileId,
    cipher: Box<dyn Cipher>,
}

impl Opener {
    pub(crate) fn new(keys: Keys) -> Self {
        Self {
            keys,
            opened: OnceLock::new(),
        }
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The key that the file is encrypted with, once it has opened a payload.
    pub(crate) fn opened(&self) -> Option<KeyId> {
        self.opened.get().map(|opened| opened.key)
    }

    /// What is in the payload of a frame, whose checksum was verified. A key that is missing is an error of the file, unless
    /// others of its payloads were opened: then it is one of the frame.
    pub(crate) fn open(&self, header: &FrameHeader, mut stored: Vec<u8>) -> Result<Vec<u8>> {
        let id = stored
            .first_chunk::<KEY_ID_BYTES>()
            .map(|id| KeyId(*id))
            .ok_or(Fault::Short("encrypted payload"))?;
        stored.drain(..KEY_ID_BYTES);
        let known = self.opened.get();
        if known.is_some_and(|known| known.key != id) {
            let text = "the frame is encrypted with another key than the others of its file";
            return Err(Error::corrupt(text));
        }
        if let Some(known) = known.filter(|known| known.file == header.file) {
            return decrypted(&*known.cipher, header, stored);
        }
        let secret = self.keys.need(id, "the file is encrypted")?;
        let cipher = secret.cipher(header.file);
        let plain = decrypted(&*cipher, header, stored)?;
        // Where another thread was quicker, it has set the same.
        let _ = self.opened.set(Opened {
            key: id,
            file: header.file,
            cipher,
        });
        Ok(plain)
    }
}

fn decrypted(cipher: &dyn Cipher, header: &FrameHeader, stored: Vec<u8>) -> Result<Vec<u8>> {
    let text =
        "the frame's checksum matches, its authentication does not: somebody changed or moved it";
    cipher
        .decrypt(&context(header), stored)
        .ok_or_else(|| Error::corrupt(text))
}

/// The payload of a chunk taken out of its envelope, and the header that it would have without one.
pub(crate) fn inner_chunk(
    header: &FrameHeader,
    mut plain: Vec<u8>,
) -> Result<(FrameHeader, Vec<u8>), Fault> {
    let mut cursor = Cursor::new("encrypted chunk", &plain);
    let directory_bytes = cursor.u32()?;
    let payload_bytes = cursor.rest().len() as u64;
    if u64::from(directory_bytes) > payload_bytes {
        return Err(cursor.out_of_range("directory length", directory_bytes.into()));
    }
    plain.drain(..ENVELOPE_HEAD_BYTES);
    let inner = FrameHeader {
        payload_bytes,
        directory_bytes,
        ..*header
    };
    Ok((inner, plain))
}
