//! What happens where a codec will not write: the block gets a simpler one, and it is remembered that it did.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use export_core::{Codec, CodecId, Note};

use super::Compression;

/// Blocks that were not written as they should have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// Name of their top-level column.
    pub column: String,
    /// What they should have had, such as `zstd`.
    pub instead_of: &'static str,
    /// What they have.
    pub with: &'static str,
    /// Why, as the first of them tells.
    pub why: String,
    /// How many there are.
    pub blocks: u64,
}

impl From<Fallback> for Note {
    fn from(fallback: Fallback) -> Self {
        let Fallback {
            column,
            instead_of,
            with,
            why,
            blocks,
        } = fallback;
        let blocks = match blocks {
            1 => String::from("a block was"),
            blocks => format!("{blocks} blocks were"),
        };
        Self {
            stream: None,
            column: Some(column),
            text: format!("{blocks} written with {with} instead of {instead_of}: {why}"),
            loss: false,
        }
    }
}

/// Column, what failed, and what stood in for it.
type Key = (String, &'static str, &'static str);

/// The codecs of an encoder: those of this crate, and others that stand in for some of them. Clones share what they remember.
#[derive(Clone, Default)]
pub(crate) struct Codecs {
    others: Vec<Arc<dyn Codec>>,
    fallbacks: Arc<Mutex<BTreeMap<Key, (u64, String)>>>,
}

impl Codecs {
    /// Has `codec` write what is to be compressed with the codec of its number.
    pub(crate) fn replace(&mut self, codec: Arc<dyn Codec>) {
        self.others.retain(|other| other.id() != codec.id());
        self.others.push(codec);
    }

    /// Appends `input` to `output`, compressed with `wanted` or, where that fails, with the next simpler codec that does not.
    /// Returns the one it was.
    pub(crate) fn compress(
        &self,
        column: &str,
        wanted: Compression,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Compression {
        let (codec, why) = self.compress_silently(wanted, input, output);
        if let Some(why) = why {
            self.remember(column, wanted.name(), codec.name(), why);
        }
        codec
    }

    /// [`Codecs::compress`] of a block that was counted already. Returns why it is another codec, too, where it is.
    pub(crate) fn compress_silently(
        &self,
        wanted: Compression,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> (Compression, Option<String>) {
        let start = output.len();
        let mut codec = wanted;
        let mut why = None;
        while codec != Compression::None {
            match self.try_compress(codec, input, output) {
                Ok(()) => break,
                Err(error) => {
                    output.truncate(start);
                    why.get_or_insert(error);
                    codec = simpler(codec);
                }
            }
        }
        if codec == Compression::None {
            output.extend_from_slice(input);
        }
        (codec, why)
    }

    fn try_compress(
        &self,
        codec: Compression,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), String> {
        let id: CodecId = codec.id();
        match self.others.iter().find(|other| other.id() == id) {
            Some(other) => other.compress(input, output).map_err(|e| e.to_string()),
            None => codec.squeeze(input, output).map_err(|e| e.to_string()),
        }
    }

    /// Counts a block of a column that has something else than it should have.
    pub(crate) fn remember(
        &self,
        column: &str,
        instead_of: &'static str,
        with: &'static str,
        why: String,
    ) {
        let mut fallbacks = self.lock();
        let entry = fallbacks.entry((column.to_owned(), instead_of, with));
        let (blocks, first) = entry.or_insert((0, why.clone()));
        *blocks += 1;
        // Threads finish in any order; the report does not depend on it.
        if why < *first {
            *first = why;
        }
    }

    /// What was remembered, by column.
    pub(crate) fn fallbacks(&self) -> Vec<Fallback> {
        let fallbacks = self.lock();
        let told = fallbacks.iter();
        told.map(|((column, instead_of, with), (blocks, why))| Fallback {
            column: column.clone(),
            instead_of,
            with,
            why: why.clone(),
            blocks: *blocks,
        })
        .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, (u64, String)>> {
        // Nothing panics while it holds the lock.
        self.fallbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Codecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.others.iter().map(|codec| codec.name());
        f.debug_list().entries(names).finish()
    }
}

/// What is tried where a codec fails: the one that takes least memory, then none.
fn simpler(codec: Compression) -> Compression {
    match codec {
        Compression::None | Compression::Lz4 => Compression::None,
        _ if Compression::Lz4.is_available() => Compression::Lz4,
        _ => Compression::None,
    }
}
