//! Inputs that may keep one waiting: pipes and terminals.

use std::fs::File;
use std::io::{self, Read};

use export_core::Cancel;

/// A pipe or terminal whose bytes are waited for in steps, so that a cancelled wait ends.
pub(crate) struct Waiting {
    file: File,
    cancel: Cancel,
}

impl Waiting {
    pub(crate) fn new(file: File, cancel: Cancel) -> Self {
        Self { file, cancel }
    }

    /// Standard input, without the standard library's buffer: what lies in there is nothing one could wait for.
    #[cfg(unix)]
    pub(crate) fn stdin(cancel: Cancel) -> io::Result<Self> {
        use std::os::fd::AsFd;
        let file = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self::new(File::from(file), cancel))
    }

    /// As on Unix.
    #[cfg(windows)]
    pub(crate) fn stdin(cancel: Cancel) -> io::Result<Self> {
        use std::os::windows::io::AsHandle;
        let file = io::stdin().as_handle().try_clone_to_owned()?;
        Ok(Self::new(File::from(file), cancel))
    }

    /// Waits until there is something to read, or the end.
    #[cfg(unix)]
    fn wait(&self) -> io::Result<()> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        const STEP: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        loop {
            self.cancel.check().map_err(io::Error::other)?;
            match poll(&mut [PollFd::new(&self.file, PollFlags::IN)], Some(&STEP)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Elsewhere, the wait ends when the bytes come.
    #[cfg(not(unix))]
    fn wait(&self) -> io::Result<()> {
        self.cancel.check().map_err(io::Error::other)
    }
}

impl Read for Waiting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wait()?;
        self.file.read(buffer)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::thread;
    use std::time::Duration;

    use export_core::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_wait_is_cancelled() {
        let (reader, mut writer) = io::pipe().unwrap();
        let cancel = Cancel::new();
        let mut waiting = Waiting::new(File::from(OwnedFd::from(reader)), cancel.clone());
        writer.write_all(b"abc").unwrap();
        let mut buffer = [0; 8];
        assert_eq!(waiting.read(&mut buffer).unwrap(), 3);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(50));
                cancel.cancel();
            });
            let error = Error::from(waiting.read(&mut buffer).unwrap_err());
            assert_eq!(error.kind(), ErrorKind::Cancelled);
        });
        drop(writer);
    }
}
