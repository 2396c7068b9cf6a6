//! Reading a container.

use std::sync::Arc;

use export_core::{
    Access, Error, ErrorKind, ExportMetadata, FileId, Finding, KeyId, Limits, Result, Secret,
    Storage, StreamId,
};

use crate::catalogue::{Catalogue, Lost};
use crate::counted::{Counted, Reads};
use crate::frame::FrameHeader;
use crate::header::FileHeader;
use crate::index::ChunkRef;
use crate::layout::{FILE_HEADER_BYTES, FRAME_HEADER_BYTES, KEY_ID_BYTES, Kind};
use crate::open::{End, Scan, Walked, identify, read_index, walk};
use crate::parity::Parity;
use crate::read::Relocated;
use crate::scan::{Scanner, Step};
use crate::stream::Stream;

/// A container that is read. Shared between threads by reference.
pub struct Container {
    pub(crate) source: Counted,
    pub(crate) limits: Limits,
    pub(crate) file: FileHeader,
    pub(crate) catalogue: Catalogue,
    pub(crate) scanner: Scanner,
    pub(crate) relocated: Relocated,
    indexed: bool,
    size: u64,
    /// Where bytes start that are no whole frame.
    pub(crate) rest: u64,
    /// The header they start with, where that is intact.
    pub(crate) torn: Option<FrameHeader>,
}

impl Container {
    /// Opens a container: through its index where it was finished and the index is intact, else by finding its frames.
    ///
    /// Damage is no error as long as any frame is there; see [`Container::findings`]. Fails where the storage holds no
    /// container, one of a later version, one that is over the limits, or one that is encrypted with a key that is not there.
    pub fn open(storage: Arc<dyn Storage>, access: impl Into<Access>) -> Result<Self> {
        let Access { limits, keys } = &access.into();
        let source = Counted::new(storage, keys.clone());
        let size = source.size_bytes()?;
        let end = End::read(&source, size)?;
        match read_index(&source, &end, size, limits)? {
            Some(catalogue) => Self::new(source, catalogue, size, limits),
            None => Self::by_frames(source, &end, size, limits, Scanner::new, |_| Ok(())),
        }
    }

    /// Opens a container by finding its frames, whether or not there is an index.
    pub fn recover(storage: Arc<dyn Storage>, access: impl Into<Access>) -> Result<Self> {
        Self::recover_then(storage, &access.into(), Scanner::new, |_| Ok(()))
    }

    /// [`Container::recover`] with a scanner of choice, which knows more than what was found.
    pub(crate) fn recover_then(
        storage: Arc<dyn Storage>,
        access: &Access,
        scan: Scan,
        add: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<Self> {
        let Access { limits, keys } = access;
        let source = Counted::new(storage, keys.clone());
        let size = source.size_bytes()?;
        let end = End::read(&source, size)?;
        Self::by_frames(source, &end, size, limits, scan, add)
    }

    /// The key of an encrypted container in `storage`; `None` where it is not encrypted, or nothing is in it yet. Reads no
    /// further than to its first frame that tells. Fails where the key is not there.
    pub fn key_of(
        storage: Arc<dyn Storage>,
        access: impl Into<Access>,
    ) -> Result<Option<Arc<dyn Secret>>> {
        let Access { limits, keys } = access.into();
        let source = Counted::new(storage, keys);
        let size = source.size_bytes()?;
        let (file, catalogue) = identify(&source, &End::read(&source, size)?, size, &limits)?;
        if catalogue.is_encrypted == Some(false) {
            return Ok(None);
        }
        let mut scanner = Scanner::new(file, FILE_HEADER_BYTES as u64, size, &limits);
        loop {
            let (offset, header) = match source.scan(&mut scanner)? {
                Step::Frame { offset, header } => (offset, header),
                Step::End { .. } => return Ok(None),
                Step::Read { .. } | Step::Lost { .. } => continue,
            };
            if !header.is_encrypted() || !header.known_kind().is_some_and(Kind::is_secret) {
                continue;
            }
            let start = offset.saturating_add(FRAME_HEADER_BYTES as u64);
            let id = source.read(start, KEY_ID_BYTES as u64)?;
            if let Ok(id) = id.try_into() {
                let keys = source.opener().keys();
                let key = keys.need(KeyId(id), "the file is encrypted")?;
                return Ok(Some(Arc::clone(key)));
            }
        }
    }

    fn new(source: Counted, catalogue: Catalogue, size: u64, limits: &Limits) -> Result<Self> {
        let file = catalogue
            .file
            .ok_or_else(|| Error::corrupt("the index does not describe the file"))?;
        file.check_version()?;
        let scanner = Scanner::new(file.file, size, size, limits);
        Ok(Self {
            source,
            limits: limits.clone(),
            file,
            catalogue,
            scanner,
            relocated: Relocated::default(),
            indexed: true,
            size,
            rest: size,
            torn: None,
        })
    }

    fn by_frames(
        source: Counted,
        end: &End,
        size: u64,
        limits: &Limits,
        scan: Scan,
        add: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<Self> {
        if size == 0 {
            return Err(Error::truncated("the file is empty"));
        }
        let mut walked = Walked::over(&source, end, size, limits, scan)?;
        if walked.catalogue.has_gaps() && !walked.scanner.is_thorough() {
            // What is missing may lie within damaged frames.
            match Walked::over(&source, end, size, limits, Scanner::thorough) {
                Ok(closer) => walked = closer,
                Err(error) if error.kind() == ErrorKind::Limit => {}
                Err(error) => return Err(error),
            }
        }
        let Walked {
            file,
            catalogue,
            scanner,
            rest,
            torn,
        } = walked;
        let mut container = Self {
            source,
            limits: limits.clone(),
            file: FileHeader::new(file, 0),
            catalogue,
            scanner,
            relocated: Relocated::default(),
            indexed: false,
            size,
            rest,
            torn,
        };
        add(&mut container)?;
        container.catalogue.note_orphans();
        if let Some(facts) = container.catalogue.file {
            container.file = facts;
        }
        container.file.check_version()?;
        Ok(container)
    }

    /// The facts of the file.
    #[must_use]
    pub fn file(&self) -> &FileHeader {
        &self.file
    }

    /// What makes the file's frames its own.
    #[must_use]
    pub fn file_id(&self) -> FileId {
        self.file.file
    }

    /// The key that the file is encrypted with, where it is and anything was read.
    #[must_use]
    pub fn key_id(&self) -> Option<KeyId> {
        self.source.opener().opened()
    }

    /// Length of the file, in bytes, when it was opened or last refreshed.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size
    }

    /// Whether the file was opened through its index: it was finished, and nothing was written since.
    #[must_use]
    pub fn is_indexed(&self) -> bool {
        self.indexed
    }

    /// The streams, in the order of their numbers.
    #[must_use]
    pub fn streams(&self) -> &[Stream] {
        &self.catalogue.streams
    }

    /// The stream called `name`.
    #[must_use]
    pub fn stream(&self, name: &str) -> Option<&Stream> {
        self.streams().iter().find(|stream| stream.name == name)
    }

    /// The stream with number `id`.
    #[must_use]
    pub fn stream_by_id(&self, id: StreamId) -> Option<&Stream> {
        self.catalogue.stream(id)
    }

    /// All chunks, in the order they were written.
    #[must_use]
    pub fn chunks(&self) -> Vec<&ChunkRef> {
        let mut chunks: Vec<_> = self
            .streams()
            .iter()
            .flat_map(|stream| &stream.chunks)
            .collect();
        chunks.sort_by_key(|chunk| chunk.sequence);
        chunks
    }

    /// What the export says about itself, if it does.
    #[must_use]
    pub fn metadata(&self) -> Option<&ExportMetadata> {
        self.catalogue.metadata.as_ref()
    }

    /// The share of parity that was written last, where parity was; an append goes on with it.
    #[must_use]
    pub fn parity(&self) -> Option<Parity> {
        self.catalogue.parity_share.map(|(_, share)| share)
    }

    /// Damage that was met while opening. [`crate::verify`] looks at everything.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.catalogue.findings
    }

    /// How often and how much was read so far.
    #[must_use]
    pub fn reads(&self) -> Reads {
        self.source.reads()
    }

    /// The bytes at the end that are no whole frame.
    pub(crate) fn end(&self) -> Lost {
        Lost::new(
            self.rest..self.size,
            self.catalogue.last_sequence,
            self.torn,
        )
    }

    /// Bytes at the end that are no whole frame: of one that was being written, or of one that is damaged.
    #[must_use]
    pub fn torn_bytes(&self) -> u64 {
        self.size.saturating_sub(self.rest)
    }

    /// Takes in what was written since the container was opened or last refreshed, reading only that. Returns whether there
    /// is anything new. Fails where the file has become shorter.
    pub fn refresh(&mut self) -> Result<bool> {
        let size = self.source.size_bytes()?;
        if size < self.size {
            return Err(Error::corrupt(format!(
                "the file became shorter: {size} bytes of {}",
                self.size
            ))
            .with_hint("open it anew"));
        }
        if size == self.size {
            return Ok(false);
        }
        let frames = self.catalogue.frames;
        self.scanner.grow(size);
        (self.rest, self.torn) = walk(
            &self.source,
            &mut self.scanner,
            &mut self.catalogue,
            &self.limits,
            |_, _| Ok(()),
        )?;
        self.size = size;
        let new = self.catalogue.frames != frames;
        self.indexed &= !new;
        Ok(new)
    }
}
