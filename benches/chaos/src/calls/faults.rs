//! Which calls can fail, and how.

use std::collections::BTreeMap;

use crate::traced::Fault;

/// What a fault asks of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It fails with an error that says what and where, or can do without.
    Fails,
    /// It tries again.
    Passes,
    /// It fails as above, or is aborted by its allocator.
    Memory,
    /// It fails with an error that says what; no file is involved.
    NoFile,
}

/// Errors that calls end in: of files, then of everything else.
const ERRORS: [(&[&str], &[&str], Meaning); 14] = [
    (
        &["write", "pwrite64", "writev", "pwritev"],
        &["ENOSPC", "EIO", "EDQUOT", "EINTR", "EAGAIN"],
        Meaning::Fails,
    ),
    (
        &["read", "pread64"],
        &["EIO", "EINTR", "EAGAIN"],
        Meaning::Fails,
    ),
    (
        &["fsync", "fdatasync", "sync_file_range", "msync"],
        &["EIO", "ENOSPC", "EDQUOT", "EINTR"],
        Meaning::Fails,
    ),
    (
        &["openat", "open", "creat"],
        &["EIO", "ENOSPC", "EDQUOT", "EMFILE", "EACCES", "EINTR"],
        Meaning::Fails,
    ),
    (
        &["rename", "renameat", "renameat2", "link", "linkat"],
        &["EIO", "ENOSPC", "EDQUOT", "EACCES"],
        Meaning::Fails,
    ),
    (&["renameat2"], &["ENOSYS", "EINVAL"], Meaning::Fails),
    (&["unlink", "unlinkat"], &["EIO"], Meaning::Fails),
    (
        &["ftruncate", "fallocate", "flock"],
        &["ENOSPC", "EIO", "EINTR", "EOPNOTSUPP", "ENOLCK"],
        Meaning::Fails,
    ),
    (
        &[
            "statx",
            "fstat",
            "newfstatat",
            "lstat",
            "lseek",
            "readlink",
            "fcntl",
            "mkdir",
        ],
        &["EIO", "EACCES"],
        Meaning::Fails,
    ),
    (
        &["close", "ioctl", "madvise", "munmap"],
        &["EIO", "EINTR"],
        Meaning::Passes,
    ),
    (
        &["mmap", "mremap", "mprotect"],
        &["ENOMEM"],
        Meaning::Memory,
    ),
    (
        &[
            "clone3",
            "clone",
            "socketpair",
            "pipe2",
            "memfd_create",
            "getcwd",
        ],
        &["EAGAIN", "EMFILE"],
        Meaning::NoFile,
    ),
    (&["getrandom"], &["EINTR"], Meaning::NoFile),
    (&["poll", "recvfrom"], &["EINTR"], Meaning::NoFile),
];

/// Calls that programs try again where they are interrupted once: those that wait.
const INTERRUPTED: [&str; 14] = [
    "close",
    "fallocate",
    "fdatasync",
    "flock",
    "fsync",
    "ftruncate",
    "getrandom",
    "openat",
    "poll",
    "pread64",
    "pwrite64",
    "read",
    "recvfrom",
    "write",
];

/// All faults of a program with these numbers of calls.
pub(super) fn faults(numbers: &BTreeMap<String, (u64, u64)>) -> Vec<(Fault, Meaning)> {
    let mut faults = Vec::new();
    for (calls, errors, meaning) in ERRORS {
        for call in calls {
            let Some(&(first, last)) = numbers.get(*call) else {
                continue;
            };
            for (number, error) in (first..=last).flat_map(|n| errors.iter().map(move |e| (n, *e)))
            {
                for for_good in [false, true] {
                    let is_transient = error == "EINTR" && INTERRUPTED.contains(call);
                    if error == "EINTR" && (for_good || !is_transient) {
                        // No system does that.
                        continue;
                    }
                    let meaning = if is_transient {
                        Meaning::Passes
                    } else {
                        meaning
                    };
                    let fault = Fault {
                        call: (*call).to_owned(),
                        number,
                        error,
                        for_good,
                    };
                    faults.push((fault, meaning));
                }
            }
        }
    }
    faults
}

/// How the system calls an error.
pub(super) fn text(error: &str) -> &'static str {
    match error {
        "ENOSPC" => "No space left on device",
        "EIO" => "Input/output error",
        "EDQUOT" => "Disk quota exceeded",
        "EINTR" => "Interrupted system call",
        "EAGAIN" => "Resource temporarily unavailable",
        "EMFILE" => "Too many open files",
        "EACCES" => "Permission denied",
        "EOPNOTSUPP" => "Operation not supported",
        "ENOLCK" => "No locks available",
        "ENOSYS" => "Function not implemented",
        "EINVAL" => "Invalid argument",
        "ENOMEM" => "Cannot allocate memory",
        "EFBIG" => "File too large",
        _ => "",
    }
}
