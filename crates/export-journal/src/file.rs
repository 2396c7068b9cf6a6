//! A journal in a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use export_core::{Error, Result};
use memmap2::MmapOptions;

use crate::backing::Backing;
use crate::boot::BootId;
use crate::journal::{Journal, Options};
use crate::layout::{COPY_OFFSET, EXTENT_OFFSET, Extent, FileHeader, FileId, HEADER_BYTES};
use crate::region::Region;

/// Zeros are written so many bytes at a time, where the file system cannot set space aside.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

impl Journal {
    /// Starts a journal for the recording `file_id` at `path`, where no file may be.
    ///
    /// Nobody else may write to that file, or cut it, while this process has it: a page that is gone ends the process.
    pub fn create(path: impl AsRef<Path>, file_id: [u8; 16], options: &Options) -> Result<Self> {
        let path = path.as_ref();
        let in_file = |error: Error| error.in_file(path.display().to_string());
        options.check().map_err(in_file)?;
        let mut open = OpenOptions::new();
        open.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut open, options.mode);
        let file = open
            .open(path)
            .map_err(|error| in_file(not_opened(error)))?;
        let header = FileHeader {
            pid: std::process::id(),
            file_id,
            boot_id: BootId::now().map_or([0; 16], |id| id.0),
            segment_bytes: options.segment_bytes,
        };
        let started = write_header(&file, header).and_then(|()| sync_directory(path));
        if let Err(error) = started {
            // The error that is told is why it did not start.
            drop(std::fs::remove_file(path));
            return Err(in_file(error));
        }
        let backing = JournalFile {
            file,
            path: path.to_owned(),
            file_id,
        };
        Ok(Self::over(Box::new(backing), file_id, options))
    }
}

fn not_opened(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::AlreadyExists {
        Error::exists("a journal is there already")
            .with_hint("recover what is in it, then take it away")
    } else {
        Error::from(error)
    }
}

fn write_header(mut file: &File, header: FileHeader) -> Result<()> {
    let mut page = vec![0; HEADER_BYTES];
    let bytes = header.to_bytes();
    for at in [0, COPY_OFFSET] {
        if let Some(place) = page.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(&bytes);
        }
    }
    file.write_all(&page)?;
    Ok(())
}

/// Makes the name durable: what was sealed has to be found after a power loss.
fn sync_directory(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        let parent = path.parent().filter(|path| !path.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

struct JournalFile {
    file: File,
    path: PathBuf,
    file_id: FileId,
}

impl JournalFile {
    fn in_file(&self, error: impl Into<Error>) -> Error {
        error.into().in_file(self.path.display().to_string())
    }

    /// Sets space aside from `offset` on.
    fn set_aside(&self, offset: u64, bytes: u64) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{FallocateFlags, fallocate};
            use rustix::io::Errno;
            loop {
                match fallocate(&self.file, FallocateFlags::empty(), offset, bytes) {
                    Ok(()) => return Ok(()),
                    Err(Errno::INTR) => {}
                    Err(Errno::OPNOTSUPP | Errno::NOSYS) => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        self.write_zeros(offset, bytes)
    }

    /// Says in the header how long the file is.
    fn write_extent(&self, bytes: u64) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(EXTENT_OFFSET as u64))?;
        file.write_all(&Extent(bytes).to_bytes(&self.file_id))
    }

    fn write_zeros(&self, offset: u64, bytes: u64) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))?;
        let mut left = bytes;
        while left > 0 {
            let some = usize::try_from(left).unwrap_or(usize::MAX).min(ZEROS.len());
            file.write_all(ZEROS.get(..some).unwrap_or(&ZEROS))?;
            left -= some as u64;
        }
        Ok(())
    }
}

impl Backing for JournalFile {
    fn allocate(&self, offset: u64, bytes: u64) -> Result<()> {
        // The length last: while the machine is up, who finds it finds a file that was as long.
        self.set_aside(offset, bytes)
            .and_then(|()| self.write_extent(offset.saturating_add(bytes)))
            .map_err(|error| self.in_file(error))
    }

    fn map(&self, offset: u64, bytes: u64) -> Result<Region> {
        let length = usize::try_from(bytes)
            .map_err(|_| self.in_file(Error::limit("more than this machine can address")))?;
        let map = MmapOptions::new()
            .offset(offset)
            .len(length)
            .map_raw(&self.file)
            .map_err(|error| self.in_file(error))?;
        // All pages at once cost a fraction of what they cost one by one, when rows come to them. Where the system cannot, they do.
        #[cfg(target_os = "linux")]
        drop(map.advise(memmap2::Advice::PopulateWrite));
        Region::mapped(map)
            .ok_or_else(|| self.in_file(Error::unsupported("memory is mapped at odd addresses")))
    }

    fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| self.in_file(error))
    }

    fn remove(&self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(|error| self.in_file(error))
    }
}
