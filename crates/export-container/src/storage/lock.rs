//! One writer at a time.

use std::fs::{File, TryLockError};
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use export_core::{Error, Result};

/// How long a lock is waited for whose holder has no name: most likely a reader that is asking whether there is one.
const PATIENCE: Duration = Duration::from_millis(100);
const STEP: Duration = Duration::from_millis(5);

/// Takes the lock of the one who writes to `file`, which is given back when the file is closed, by a crash at the latest. Readers
/// need none. Where the file system has no locks, nobody is refused.
///
/// Fails with [`export_core::ErrorKind::Busy`] where somebody else has it, and says who, where the system tells.
pub fn lock(file: &File) -> Result<()> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {
                continue;
            }
            Err(TryLockError::Error(error)) => return without_locks(error),
            Err(TryLockError::WouldBlock) => {}
        }
        let holder = holder(file);
        // This process may be giving it back: a child that it is starting has it until then.
        let may_pass = holder.as_ref().is_none_or(Holder::is_this_process);
        if !may_pass || start.elapsed() >= PATIENCE {
            return Err(busy(holder));
        }
        sleep(STEP);
    }
}

/// Whether somebody has taken the [`lock`] of `file`.
pub fn is_being_written(file: &File) -> Result<bool> {
    loop {
        return match file.try_lock_shared() {
            Ok(()) => unlock(file).map(|()| false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {
                continue;
            }
            Err(TryLockError::Error(error)) => without_locks(error).map(|()| false),
        };
    }
}

fn unlock(file: &File) -> Result<()> {
    loop {
        match file.unlock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return Ok(done?),
        }
    }
}

fn without_locks(error: io::Error) -> Result<()> {
    match error.kind() {
        io::ErrorKind::Unsupported => Ok(()),
        _ => Err(error.into()),
    }
}

/// A process, as far as the system tells.
struct Holder {
    process: u32,
    program: Option<String>,
}

impl Holder {
    fn is_this_process(&self) -> bool {
        self.process == std::process::id()
    }
}

fn busy(holder: Option<Holder>) -> Error {
    let text = match holder {
        Some(holder) if holder.is_this_process() => format!(
            "the file is being written already, by this process ({})",
            holder.process
        ),
        Some(Holder {
            process,
            program: Some(program),
        }) => format!("the file is being written already, by process {process} ({program})"),
        Some(Holder { process, .. }) => {
            format!("the file is being written already, by process {process}")
        }
        None => "the file is being written already, by another process".to_owned(),
    };
    Error::busy(text)
        .with_hint("wait until that has finished, or record to a file of another name; it can be read meanwhile")
}

#[cfg(target_os = "linux")]
fn holder(file: &File) -> Option<Holder> {
    use std::fs::read_to_string;
    use std::os::unix::fs::MetadataExt;

    let metadata = file.metadata().ok()?;
    let locks = read_to_string("/proc/locks").ok()?;
    let process = writer_of(&locks, metadata.dev(), metadata.ino())?;
    let program = read_to_string(format!("/proc/{process}/comm")).ok();
    Some(Holder {
        process,
        program: program.map(|name| name.trim_end().to_owned()),
    })
}

/// Elsewhere the system does not say.
#[cfg(not(target_os = "linux"))]
fn holder(_: &File) -> Option<Holder> {
    None
}

/// The process that holds the lock of a writer on a file, out of the text of `/proc/locks`, whose lines are
/// `1: FLOCK  ADVISORY  WRITE 4711 fe:00:12345 0 EOF`: device in hexadecimal digits, then the file's number.
#[cfg(target_os = "linux")]
fn writer_of(locks: &str, device: u64, file: u64) -> Option<u32> {
    let major = (device >> 8 & 0xFFF) | (device >> 32 & !0xFFF);
    let minor = (device & 0xFF) | (device >> 12 & !0xFF);
    let place = format!("{major:02x}:{minor:02x}:{file}");
    locks.lines().find_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            [_, "FLOCK", _, "WRITE", process, at, ..] if *at == place => {
                process.parse().ok().filter(|&process| process > 0)
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use export_core::ErrorKind;

    use super::*;

    #[test]
    fn the_second_writer_is_told_of_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.xk");
        let first = File::create(&path).unwrap();
        lock(&first).unwrap();
        let second = File::open(&path).unwrap();
        let error = lock(&second).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        #[cfg(target_os = "linux")]
        assert!(error.message().contains("by this process"), "{error}");
        assert!(is_being_written(&second).unwrap());
        drop(first);
        assert!(!is_being_written(&second).unwrap());
        lock(&second).unwrap();
    }

    #[test]
    fn a_reader_that_asks_does_not_keep_a_writer_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.xk");
        let writer = File::create(&path).unwrap();
        let reader = File::open(&path).unwrap();
        reader.try_lock_shared().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                sleep(Duration::from_millis(20));
                reader.unlock().unwrap();
            });
            lock(&writer).unwrap();
        });
        // One that does not let go does.
        drop(writer);
        reader.try_lock_shared().unwrap();
        let error = lock(&File::open(&path).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_locks_of_writers_name_somebody() {
        let locks = "1: POSIX  ADVISORY  WRITE 11 fe:00:7 0 EOF\n\
                     2: FLOCK  ADVISORY  READ  12 fe:00:7 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 13 fe:00:70 0 EOF\n\
                     3: -> FLOCK  ADVISORY  WRITE 14 fe:00:7 0 EOF\n\
                     4: FLOCK  ADVISORY  WRITE 0 fe:00:7 0 EOF\n\
                     5: FLOCK  ADVISORY  WRITE 15 fe:00:7 0 EOF\n";
        assert_eq!(writer_of(locks, 0xFE00, 7), Some(15));
        assert_eq!(writer_of(locks, 0xFE00, 8), None);
    }
}
