//! What the process tells its caller.

use std::process::ExitCode;

/// The table of exit codes as every `--help` shows it.
pub(crate) const HELP: &str = "\
Exit codes:
    0  done
    1  failed, or the answer is no (verify: damaged)
    2  wrong usage
    3  done, with loss that was reported
  130  interrupted (Ctrl-C; 143 by SIGTERM)";

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked, or the answer is yes.
    Done,
    /// It failed, or the answer is no.
    No,
    /// It was asked for something that makes no sense.
    Usage,
    /// It did what was asked, but not all of the data is there; what is missing was reported.
    Loss,
    /// A signal stopped it.
    Signal(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::No => Self::from(1),
            Exit::Usage => Self::from(2),
            Exit::Loss => Self::from(3),
            Exit::Signal(number) => Self::from(128_u8.saturating_add(number)),
        }
    }
}
