//! The project's own format as one format among the others.

mod ahead;
mod gather;
mod share;
mod sink;
mod source;
mod view;

use std::io::Write;
use std::sync::Arc;

use export_compress::{Encoder, Options};
use export_container::{FileOptions, FileStorage, Parity, Writer, layout};
use export_core::{
    Cancel, Confidence, FileId, Format, Input, Protection, ReadOptions, Result, Sink, Source,
    Storage, WriteOptions,
};

use crate::clock;
use crate::pressure::Watch;
pub(crate) use ahead::{ReadAhead, Reading, read_ahead};
pub(crate) use gather::{CHUNK_BYTES, Gather};
pub(crate) use sink::{Counts, Encoded, Written, XkSink, describe};
pub(crate) use source::{XkSource, damaged, unfinished};
pub(crate) use view::View;

/// The `.xk` container, with the encodings and codecs of this build.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Xk;

impl Format for Xk {
    fn name(&self) -> &'static str {
        "xk"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["xk"]
    }

    fn sniff(&self, head: &[u8]) -> Confidence {
        if head.starts_with(&layout::SIGNATURE) {
            Confidence::Yes
        } else {
            Confidence::No
        }
    }

    fn reads_anywhere(&self) -> bool {
        true
    }

    fn open(&self, input: Input, options: &ReadOptions) -> Result<Box<dyn Source>> {
        let file = match input {
            Input::File(file) => file,
            Input::Stream(stream) => crate::input::stored(stream)?,
        };
        let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(file));
        Ok(Box::new(XkSource::open(storage, options)?))
    }

    fn create(
        &self,
        output: Box<dyn Write + Send>,
        options: &WriteOptions,
    ) -> Result<Box<dyn Sink>> {
        XkOptions::default().create(output, options)
    }
}

/// What is the container's own to choose.
#[derive(Debug, Clone, Default)]
pub(crate) struct XkOptions {
    pub(crate) encode: Options,
    /// Random where `None`.
    pub(crate) file_id: Option<FileId>,
    /// Now where `None`.
    pub(crate) created_ns: Option<i64>,
    pub(crate) protection: Protection,
    /// Bytes that the process may have in all; whatever the system allows where `None`.
    pub(crate) memory_bytes: Option<u64>,
    /// None where `None`; where a recording goes on, as much as it has.
    pub(crate) parity: Option<Parity>,
}

impl XkOptions {
    /// For files that are read once and thrown away.
    pub(crate) fn fastest() -> Self {
        let encode = Options::new(export_compress::Preset::HighPerformance);
        Self {
            encode,
            ..Self::default()
        }
    }

    pub(crate) fn create(
        &self,
        output: Box<dyn Write + Send>,
        options: &WriteOptions,
    ) -> Result<Box<dyn Sink>> {
        let writer = Writer::protected(output, &self.file()?, &self.protection)?;
        Ok(Box::new(self.sink(
            writer,
            options.threads,
            &options.cancel,
        )?))
    }

    pub(crate) fn file(&self) -> Result<FileOptions> {
        let created_ns = self.created_ns.unwrap_or_else(clock::now_ns);
        match self.file_id {
            Some(file) => Ok(FileOptions { file, created_ns }),
            None => FileOptions::new(created_ns),
        }
    }

    fn sink<W: Write + Send + 'static>(
        &self,
        mut writer: Writer<W>,
        threads: usize,
        cancel: &Cancel,
    ) -> Result<XkSink<W>> {
        protect(&mut writer, self.parity)?;
        let encoder = Encoder::new(self.encode.clone())?;
        XkSink::new(
            writer,
            encoder,
            Watch::new(threads, self.memory_bytes),
            cancel,
        )
    }
}

/// Makes `writer` write parity, where that is asked for.
#[cfg(feature = "parity")]
pub(crate) fn protect<W: Write>(writer: &mut Writer<W>, parity: Option<Parity>) -> Result<()> {
    match parity {
        Some(parity) => writer.set_parity(Some(parity)),
        None => Ok(()),
    }
}

/// As above; this build has none.
#[cfg(not(feature = "parity"))]
pub(crate) fn protect<W: Write>(_: &mut Writer<W>, parity: Option<Parity>) -> Result<()> {
    match parity {
        Some(_) => Err(export_core::Error::unsupported(
            "this build of exportkit writes no parity",
        )),
        None => Ok(()),
    }
}
