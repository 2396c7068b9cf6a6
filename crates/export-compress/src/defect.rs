//! What is wrong with stored bytes, and where inside a chunk.

use std::error::Error as StdError;
use std::fmt;

use export_core::{Error, ErrorKind, Role};

/// Why bytes do not decode.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Defect {
    #[error("{what} ends early: {needed} bytes are due where {left} are left")]
    Short {
        what: &'static str,
        needed: usize,
        left: usize,
    },
    #[error("{what}: {found} where {due} is due")]
    Mismatch {
        what: &'static str,
        due: u64,
        found: u64,
    },
    #[error("{what} is out of range: {found}")]
    Range { what: &'static str, found: u64 },
    #[error("{0}")]
    Rule(&'static str),
    #[error("{codec}: {cause}")]
    Codec {
        codec: &'static str,
        cause: Box<dyn StdError + Send + Sync>,
    },
    #[error("{what} {id} is not known to this version")]
    Unknown { what: &'static str, id: u64 },
    #[error("{what} is not in this build: feature `{feature}` is off")]
    Absent {
        what: &'static str,
        feature: &'static str,
    },
    #[error("{what} does not apply to {to}")]
    Inapplicable {
        what: &'static str,
        to: &'static str,
    },
    #[error("there is no memory for {0} bytes more")]
    Memory(u64),
    #[error("{what}: {asked} bytes are over what is left of the limit, {left}")]
    Limit {
        what: &'static str,
        asked: u64,
        left: u64,
    },
}

impl Defect {
    pub(crate) fn mismatch(what: &'static str, due: usize, found: usize) -> Self {
        Self::Mismatch {
            what,
            due: wide(due),
            found: wide(found),
        }
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Unknown { .. } | Self::Absent { .. } => ErrorKind::Unsupported,
            Self::Limit { .. } => ErrorKind::Limit,
            Self::Memory(_) => ErrorKind::Memory,
            _ => ErrorKind::Corrupt,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Absent { feature, .. } => {
                format!("build with the feature `{feature}` of export-compress")
            }
            Self::Unknown { .. } => String::from("a newer version of exportkit may read it"),
            Self::Memory(_) => String::from("give it more memory, or fewer threads"),
            Self::Limit { .. } => String::from("raise the limit only if you trust the input"),
            _ => return None,
        })
    }
}

impl From<Defect> for Error {
    fn from(defect: Defect) -> Self {
        let (kind, hint) = (defect.kind(), defect.hint());
        with_hint(Error::new(kind, defect), hint)
    }
}

fn with_hint(error: Error, hint: Option<String>) -> Error {
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// A defect and the node or block it is in.
#[derive(Debug)]
pub(crate) struct Placed {
    node: u16,
    role: Option<Role>,
    defect: Defect,
}

impl Placed {
    pub(crate) fn block(node: u16, role: Role) -> impl FnOnce(Defect) -> Self {
        move |defect| Self {
            node,
            role: Some(role),
            defect,
        }
    }

    pub(crate) fn node(node: u16) -> impl FnOnce(Defect) -> Self {
        move |defect| Self {
            node,
            role: None,
            defect,
        }
    }
}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(role) = self.role {
            write!(f, "{} of ", role_name(role))?;
        }
        write!(f, "node {}: {}", self.node, self.defect)
    }
}

impl StdError for Placed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.defect)
    }
}

impl From<Placed> for Error {
    fn from(placed: Placed) -> Self {
        let (kind, hint) = (placed.defect.kind(), placed.defect.hint());
        with_hint(Error::new(kind, placed), hint)
    }
}

/// The word for a role in messages and reports.
#[must_use]
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Validity => "validity",
        Role::Values => "values",
        Role::Lengths => "lengths",
        Role::Data => "data",
        Role::Codes => "codes",
        Role::TypeIds => "type ids",
        Role::Offsets => "offsets",
        _ => "block",
    }
}

/// `usize` is at most 64 bits wide on every target there is.
pub(crate) fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
