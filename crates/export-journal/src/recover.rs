//! Reading a journal that its process left behind.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use export_core::{Error, Limits, Result};

use crate::boot::BootId;
use crate::recovered::Recovered;
use crate::scan::scan;

/// Reads the journal at `path`, which stays as it is. Nothing is mapped; memory taken is that of the rows found.
///
/// All rows whose commit returned are there if the machine has been up ever since; if not, those that were sealed. What is
/// missing is reported, see [`Recovered::losses`]. A journal that is still written may be read as well: rows
/// that are released meanwhile are left out.
///
/// Rows in all are bounded by [`Limits::memory_bytes`], what a run is about by [`Limits::metadata_bytes`].
///
/// A link is followed. Fails where the file is no journal ([`export_core::ErrorKind::Corrupt`]), which nothing but a regular file of
/// at most 4 GiB is, or a later version's
/// ([`export_core::ErrorKind::Version`]), and with [`export_core::ErrorKind::Truncated`] where its writer did not come to
/// finish its first page, so that there cannot be a row.
pub fn read(path: impl AsRef<Path>, limits: &Limits) -> Result<Recovered> {
    read_at_boot(path, limits, BootId::now())
}

/// [`read`] where `now` says which start of the machine this is. With [`Recovered::boot_id`] itself, unsealed rows of a journal
/// that was copied from a machine which is still up are believed.
pub fn read_at_boot(
    path: impl AsRef<Path>,
    limits: &Limits,
    now: Option<BootId>,
) -> Result<Recovered> {
    let path = path.as_ref();
    let read = || scan(OpenFile(open(path)?), limits, now);
    read().map_err(|error: Error| error.in_file(path.display().to_string()))
}

/// Opens a regular file. Anything else that has the name may never be opened, or never end.
fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        // Nobody may ever write to the other end of a pipe. Of a regular file, it says nothing.
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(Error::corrupt("no journal: it is not a regular file"));
    }
    Ok(file)
}

/// [`read_at_boot`] of bytes in memory.
pub fn read_bytes(bytes: &[u8], limits: &Limits, now: Option<BootId>) -> Result<Recovered> {
    scan(bytes, limits, now)
}

/// Bytes of a journal.
pub(crate) trait Source {
    fn size_bytes(&mut self) -> Result<u64>;

    /// Fills as much of `buffer` as there is from `offset` on, and says how much that is.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize>;
}

impl Source for &[u8] {
    fn size_bytes(&mut self) -> Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|at| self.get(at..));
        let some = rest.unwrap_or_default();
        let bytes = some.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..bytes), some.get(..bytes)) {
            to.copy_from_slice(from);
        }
        Ok(bytes)
    }
}

struct OpenFile(File);

impl Source for OpenFile {
    fn size_bytes(&mut self) -> Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.0.seek(SeekFrom::Start(offset))?;
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..)
            && !rest.is_empty()
        {
            match self.0.read(rest) {
                Ok(0) => break,
                Ok(bytes) => done += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(done)
    }
}
