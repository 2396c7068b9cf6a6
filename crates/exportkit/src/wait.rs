//! Inputs and outputs that may keep one waiting: pipes and terminals.

use std::fs::File;
use std::io::{self, Read, Write};

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
        use rustix::event::{PollFd, PollFlags, poll};
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
        loop {
            self.wait()?;
            match self.file.read(buffer) {
                // Set not to block, and somebody else took what there was.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }
}

/// Standard output. Where it is a pipe that is set not to block, its reader is waited for all the same, until cancelled.
#[derive(Debug, Clone)]
pub struct StandardOutput {
    cancel: Cancel,
}

impl StandardOutput {
    /// Standard output, which nobody waits for once `cancel` is raised.
    #[must_use]
    pub fn new(cancel: &Cancel) -> Self {
        Self {
            cancel: cancel.clone(),
        }
    }

    /// Tries until there was room. What the standard library's buffer has taken it does not take twice.
    fn patiently<T>(
        &self,
        mut act: impl FnMut(&mut io::StdoutLock<'static>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut refusals = 0;
        loop {
            let mut output = io::stdout().lock();
            match act(&mut output) {
                Err(error)
                    if error.kind() == io::ErrorKind::WouldBlock && refusals < MOST_REFUSALS =>
                {
                    self.cancel.check().map_err(io::Error::other)?;
                    if wait_for_room(&output)? {
                        // Somebody else may have taken it.
                        refusals += 1;
                        std::thread::sleep(A_LITTLE);
                    }
                }
                done => return done,
            }
        }
    }
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(|output| output.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.patiently(Write::flush)
    }
}

/// How often output may be refused for which there is room.
const MOST_REFUSALS: u32 = 1_000;
/// How long is waited after each time.
const A_LITTLE: std::time::Duration = std::time::Duration::from_millis(1);

/// Waits until there is room in `output`, or a step of time is over. Whether there is room.
#[cfg(unix)]
fn wait_for_room(output: &io::StdoutLock<'_>) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, poll};
    match poll(&mut [PollFd::new(output, PollFlags::OUT)], Some(&STEP)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Elsewhere, time passes.
#[cfg(not(unix))]
fn wait_for_room(_: &io::StdoutLock<'_>) -> io::Result<bool> {
    std::thread::sleep(std::time::Duration::from_millis(5));
    Ok(false)
}

/// So long is waited before a look at the cancel flag.
#[cfg(unix)]
const STEP: rustix::event::Timespec = rustix::event::Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

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
