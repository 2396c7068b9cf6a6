//! What can be wrong with bytes, before it is known where they are.

use export_core::{Error, ErrorKind, Finding, Limits, Severity};

/// What is wrong with a structure of the format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// It ends before what it announces.
    #[error("the {0} ends too early")]
    Short(&'static str),
    /// It goes on after what it announces.
    #[error("the {0} has bytes left over")]
    Excess(&'static str),
    /// Its bytes are not those that were written.
    #[error("the checksum of the {0} does not match")]
    Checksum(&'static str),
    /// A number in it is outside of its range.
    #[error("{field} of the {structure} is {found}, which is out of range")]
    Range {
        /// What holds the number.
        structure: &'static str,
        /// Which number.
        field: &'static str,
        /// The number.
        found: u64,
    },
    /// A number in it is of a later version of the format.
    #[error("{field} {found} of the {structure} is not known to this release")]
    Unknown {
        /// What holds the number.
        structure: &'static str,
        /// Which number.
        field: &'static str,
        /// The number.
        found: u64,
    },
    /// A length in it is over a limit of the reader.
    #[error("{what}: {asked} is over the limit of {allowed}")]
    Limit {
        /// Which limit.
        what: &'static str,
        /// What was asked for.
        asked: u64,
        /// What is allowed.
        allowed: u64,
    },
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let kind = match fault {
            Fault::Unknown { .. } => ErrorKind::Unsupported,
            Fault::Limit { .. } => ErrorKind::Limit,
            Fault::Short(_) | Fault::Excess(_) | Fault::Checksum(_) | Fault::Range { .. } => {
                ErrorKind::Corrupt
            }
        };
        let error = Self::new(kind, fault);
        match kind {
            ErrorKind::Limit => error.with_hint(Limits::HINT),
            ErrorKind::Unsupported => {
                error.with_hint("read the file with a later release of exportkit")
            }
            _ => error,
        }
    }
}

/// Fails where `asked` is more than `allowed`.
pub(crate) fn within(what: &'static str, asked: u64, allowed: u64) -> Result<(), Fault> {
    if asked > allowed {
        Err(Fault::Limit {
            what,
            asked,
            allowed,
        })
    } else {
        Ok(())
    }
}

/// The error of a file that uses what only later releases know.
pub(crate) fn needs_later(what: String, [major, minor, patch]: [u16; 3]) -> Error {
    let hint = if [major, minor, patch] > crate::layout::FIRST_RELEASE {
        format!("exportkit {major}.{minor}.{patch} and later read it")
    } else {
        "read it with the release of exportkit, or the program, that wrote it".to_owned()
    };
    Error::unsupported(format!("{what}, which this release does not know")).with_hint(hint)
}

/// An error about one frame as a finding; any other error stays one.
pub(crate) fn finding_of(error: Error, offset: u64) -> Result<Finding, Error> {
    let severity = match error.kind() {
        ErrorKind::Corrupt | ErrorKind::Truncated | ErrorKind::Schema => Severity::Damage,
        ErrorKind::Unsupported => Severity::Warning,
        // A failed read or write is not about the frame.
        _ => return Err(error),
    };
    let error = error.at_offset(offset);
    let check = if severity == Severity::Warning {
        "version"
    } else {
        "checksum"
    };
    Ok(Finding {
        severity,
        check: check.into(),
        position: error.position().clone(),
        text: error.message(),
    })
}
