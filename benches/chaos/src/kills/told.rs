//! What a child tells of its rows while it lives: a file that its parent reads when it does no more.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::PUSHERS;

/// Bytes a thread.
const PLACE: u64 = 16;

/// The file of one stage.
pub(super) struct Told(PathBuf);

/// What was told of one thread's rows.
pub(super) struct Word {
    /// Rows whose push returned.
    pub(super) pushed: u64,
    /// Rows that a sync acknowledged.
    pub(super) acknowledged: u64,
}

impl Told {
    fn path(directory: &Path, stage: u64) -> PathBuf {
        directory.join(format!("told {stage}"))
    }

    pub(super) fn create(directory: &Path, stage: u64) -> Result<Self> {
        let path = Self::path(directory, stage);
        File::create_new(&path)?.set_len(PUSHERS * PLACE)?;
        Ok(Self(path))
    }

    pub(super) fn of(&self, thread: u64) -> Result<Word> {
        let bytes = std::fs::read(&self.0)?;
        let word = |at: u64| {
            let bytes = bytes.get(usize::try_from(at).ok()?..)?.first_chunk()?;
            Some(u64::from_le_bytes(*bytes))
        };
        let pushed = word(thread * PLACE);
        let both = pushed.zip(word(thread * PLACE + 8));
        let (pushed, acknowledged) = both.context("the told file is too short")?;
        Ok(Word {
            pushed,
            acknowledged,
        })
    }
}

/// The child's end of it, for one thread.
pub(super) struct Teller {
    file: File,
    at: u64,
}

impl Teller {
    pub(super) fn open(directory: &Path, stage: u64, thread: u64) -> Result<Self> {
        let file = File::options()
            .write(true)
            .open(Told::path(directory, stage))?;
        Ok(Self {
            file,
            at: thread * PLACE,
        })
    }

    pub(super) fn pushed(&mut self, rows: u64) -> Result<()> {
        self.write(self.at, rows)
    }

    pub(super) fn acknowledged(&mut self, rows: u64) -> Result<()> {
        self.write(self.at + 8, rows)
    }

    fn write(&mut self, at: u64, rows: u64) -> Result<()> {
        // What was written is the system's: it stays when this process ends.
        self.file.seek(SeekFrom::Start(at))?;
        Ok(self.file.write_all(&rows.to_le_bytes())?)
    }
}
