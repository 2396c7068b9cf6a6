//! What a user chooses of how chunks are encoded.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use export_core::{Error, Result};

use crate::codec::Compression;
use crate::encoding::Encoding;

/// A named set of choices: how many bytes a nanosecond is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Preset {
    /// Least time: bit-packing and LZ4 where they save much.
    HighPerformance,
    /// Small and fast: everything but what costs tens of nanoseconds a value, unless it saves a lot.
    #[default]
    Balanced,
    /// Least memory while writing, smallest file: every encoding is weighed, on larger samples, and Zstandard tries hard.
    MemoryEfficient,
}

impl Preset {
    /// Every preset, fastest first.
    pub const ALL: [Self; 3] = [Self::HighPerformance, Self::Balanced, Self::MemoryEfficient];

    /// Its name in options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HighPerformance => "high-performance",
            Self::Balanced => "balanced",
            Self::MemoryEfficient => "memory-efficient",
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.name() == text)
            .ok_or_else(|| {
                Error::usage(format!("{text:?} is no preset"))
                    .with_hint("known are high-performance, balanced and memory-efficient")
            })
    }
}

/// What is not left to the choice by sampling. The default leaves all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The encoding of every block that it applies to; plain for the others.
    pub encoding: Option<Encoding>,
    /// The codec of every block, even where it saves nothing.
    pub codec: Option<Compression>,
    /// Whether values are replaced by codes into a dictionary of the chunk, where there are values at all.
    pub dictionary: Option<bool>,
}

/// How chunks are encoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// What the choice by sampling aims for.
    pub preset: Preset,
    /// What is fixed for every column that `columns` does not name.
    pub fixed: Fixed,
    /// What is fixed for single top-level columns, by name.
    pub columns: BTreeMap<String, Fixed>,
}

impl Options {
    /// Options of a preset, nothing fixed.
    #[must_use]
    pub fn new(preset: Preset) -> Self {
        Self {
            preset,
            ..Self::default()
        }
    }

    /// Fails where something is fixed that this build cannot write.
    pub fn check(&self) -> Result<()> {
        for fixed in self.columns.values().chain([&self.fixed]) {
            let encoding = fixed
                .encoding
                .filter(|e| !e.is_available())
                .map(Encoding::name);
            let codec = fixed
                .codec
                .filter(|c| !c.is_available())
                .map(|c| c.to_string());
            if let Some(name) = codec.or(encoding.map(str::to_owned)) {
                return Err(
                    Error::unsupported(format!("this build cannot write {name}"))
                        .with_hint("build export-compress with the feature of that name"),
                );
            }
        }
        Ok(())
    }

    pub(crate) fn policy(&self, column: &str) -> Policy {
        Policy {
            preset: self.preset,
            fixed: *self.columns.get(column).unwrap_or(&self.fixed),
        }
    }
}

/// The options of one column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) preset: Preset,
    pub(crate) fixed: Fixed,
}
