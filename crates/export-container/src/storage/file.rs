//! Storage in a file.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use export_core::{Error, Result, Storage};

use super::reserve::Reserve;

/// A container in a file. Reads and writes do not share a position, so threads can use one together.
#[derive(Debug)]
pub struct FileStorage {
    file: File,
    reserve: Option<Reserve>,
}

impl FileStorage {
    /// Storage in an open file.
    #[must_use]
    pub fn new(file: File) -> Self {
        Self {
            file,
            reserve: None,
        }
    }

    /// Storage in an open file that will grow and be synced many times: where the system can (on Linux), space for it is set
    /// aside in large pieces, so that a sync need not look for any. What was not used is given back when this is dropped; after
    /// a crash it stays with the file.
    #[must_use]
    pub fn growing(file: File) -> Self {
        Self {
            file,
            reserve: Some(Reserve::default()),
        }
    }

    /// Opens a file for reading.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| in_file(error, path))?;
        if file
            .metadata()
            .map_err(|error| in_file(error, path))?
            .is_dir()
        {
            return Err(in_file(io::ErrorKind::IsADirectory.into(), path));
        }
        Ok(Self::new(file))
    }

    /// Opens a file for reading and appending.
    pub fn open_writable(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = OpenOptions::new().read(true).write(true).open(path);
        file.map(Self::new).map_err(|error| in_file(error, path))
    }
}

impl Drop for FileStorage {
    fn drop(&mut self) {
        if let Some(reserve) = &self.reserve {
            reserve.give_back(&self.file);
        }
    }
}

fn in_file(error: io::Error, path: &Path) -> Error {
    let found = error.kind() != io::ErrorKind::NotFound;
    let error = if found {
        Error::from(error)
    } else {
        Error::not_found(error)
    };
    error.in_file(path.display().to_string())
}

impl Storage for FileStorage {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match read_some(&self.file, offset.saturating_add(done as u64), rest) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(done)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        if let Some(reserve) = &self.reserve {
            reserve.before(&self.file, offset.saturating_add(bytes.len() as u64));
        }
        let mut done = 0;
        while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
            match write_some(&self.file, offset.saturating_add(done as u64), rest) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn size_bytes(&self) -> Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn resize(&self, size_bytes: u64) -> Result<()> {
        Ok(self.file.set_len(size_bytes)?)
    }

    fn sync(&self) -> Result<()> {
        Ok(self.file.sync_all()?)
    }
}

#[cfg(unix)]
fn read_some(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(unix)]
fn write_some(file: &File, offset: u64, bytes: &[u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_some(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    // Moves the file's position, which nothing here relies on.
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(windows)]
fn write_some(file: &File, offset: u64, bytes: &[u8]) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, offset)
}

#[cfg(not(any(unix, windows)))]
fn read_some(_: &File, _: u64, _: &mut [u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(any(unix, windows)))]
fn write_some(_: &File, _: u64, _: &[u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}
