//! Reed–Solomon frames, from which damaged frames are restored (v1.md, "Parity").

mod code;
#[cfg(feature = "parity")]
mod collect;
mod descriptor;
mod group;
mod restore;
mod shards;
mod work;

use std::fmt;
use std::str::FromStr;

use export_core::{Error, Result};

#[cfg(feature = "parity")]
pub(crate) use collect::Collected;
pub(crate) use descriptor::Descriptor;
pub(crate) use restore::{Restorer, note_all};
pub(crate) use work::Work;

/// How much parity a container carries: its bytes, as a share of the bytes that they protect.
///
/// While a container with parity is written, the frames of the group that is not full are in memory: 16 MiB, or as many more as
/// make the share as long as the longest of them, but not over 64 MiB and one frame. Parity is written once a group is full
/// and when the file is finished; what a crash leaves behind after the last full group has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Parity(u8);

impl Parity {
    /// Parity of `percent` of what it protects, 1 to 50. About as much can be damaged, wherever it lies, and be restored.
    ///
    /// ```
    /// use export_container::Parity;
    ///
    /// assert_eq!(Parity::percent(10)?.to_string(), "10%");
    /// assert_eq!("10%".parse::<Parity>()?, Parity::percent(10)?);
    /// assert!(Parity::percent(51).is_err());
    /// # Ok::<(), export_core::Error>(())
    /// ```
    pub fn percent(percent: u8) -> Result<Self> {
        if (1..=50).contains(&percent) {
            return Ok(Self(percent));
        }
        Err(
            Error::usage(format!("parity of {percent}% cannot be written"))
                .with_hint("give a whole number from 1% to 50%"),
        )
    }

    /// The share in percent.
    #[must_use]
    pub fn as_percent(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Parity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl FromStr for Parity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = text.strip_suffix('%').unwrap_or(text).trim_end();
        let percent = number.parse().map_err(|_| {
            Error::usage(format!("{text:?} is no share"))
                .with_hint("give a whole number from 1% to 50%")
        })?;
        Self::percent(percent)
    }
}

/// What the parity of a container says of its damage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParityReport {
    /// The share that was written last.
    pub share: Option<Parity>,
    /// Groups of frames with parity.
    pub groups: u64,
    /// Frames in them.
    pub frames: u64,
    /// Intact frames in none: index and tail aside, those that were written after the last group was full, and not finished.
    pub unprotected_frames: u64,
    /// Frames of groups that are damaged or gone.
    pub damaged_frames: u64,
    /// Those of them that could be restored, byte for byte.
    pub restored_frames: u64,
    /// Bytes of these.
    pub restored_bytes: u64,
    /// Rows in these.
    pub restored_rows: u64,
    /// Groups of which frames are lost.
    pub lost: Vec<LostGroup>,
    /// Fewest bytes that any group could lose now, on top of what it has lost, and still be restored.
    pub spare_bytes: u64,
}

impl ParityReport {
    /// Whether every damaged frame of every group could be restored.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.restored_frames == self.damaged_frames
    }
}

/// A group of frames of which not all can be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostGroup {
    /// Number of its first frame.
    pub first_frame: u64,
    /// Number of its last frame.
    pub last_frame: u64,
    /// Frames that stay lost.
    pub lost_frames: u64,
    /// Why.
    pub reason: String,
}
