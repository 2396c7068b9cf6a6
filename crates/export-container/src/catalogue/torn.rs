//! Frames that a stop of the writer tore, and whoever went on with the file wrote after.

use std::ops::Range;

use export_core::{Severity, StreamId};

use super::{Catalogue, Lost};
use crate::frame::FrameHeader;
use crate::layout::Kind;

/// A frame of which only the header is intact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Torn {
    sequence: u64,
    /// Its stream, where it is a chunk.
    chunk_of: Option<StreamId>,
    /// Whether it is encrypted: then anybody can have written its header, and only an index can be believed.
    is_encrypted: bool,
}

impl Torn {
    /// The damaged frame that `bytes` start with, if it is one that a stop of the writer can have left: of a chunk, what comes
    /// later tells; of others, that the next frame does not start where this one should end.
    pub(super) fn of(header: &FrameHeader, bytes: &Range<u64>) -> Option<Self> {
        let there = bytes.end.saturating_sub(bytes.start);
        let is_cut_short = there != header.whole_bytes() && there != header.frame_bytes();
        let is_chunk = header.known_kind() == Some(Kind::Chunk);
        (is_chunk || is_cut_short).then_some(Self {
            sequence: header.sequence,
            chunk_of: header.stream.filter(|_| is_chunk),
            is_encrypted: header.is_encrypted(),
        })
    }
}

impl Catalogue {
    /// Makes warnings of what was found of torn frames of which no row is missing: nothing of a file is ever written over, so
    /// half a frame stays where a writer was stopped, and the file goes on after it.
    pub(super) fn pass_over_torn(&mut self) {
        self.merge_covered();
        let mut findings = Vec::new();
        let mut passed_over = Vec::new();
        let between = |a: &Lost, b: &Lost| (a.before, a.after) == (b.before, b.after);
        for lost in self.lost.chunk_by(between) {
            if !all_are_known(lost) {
                continue;
            }
            for lost in lost {
                let may_go = match lost.torn {
                    None => !lost.bytes.is_empty(),
                    Some(torn) => self.goes_on_without(torn),
                };
                if may_go {
                    findings.extend(lost.finding);
                    passed_over.extend(lost.torn.map(|torn| torn.sequence));
                }
            }
        }
        for sequence in passed_over {
            self.passed_over.insert(sequence);
        }
        for at in findings {
            if let Some(finding) = self.findings.get_mut(at)
                && finding.severity == Severity::Damage
            {
                finding.severity = Severity::Warning;
                finding
                    .text
                    .push_str("; the writer was stopped there, and the file goes on without it");
            }
        }
    }

    /// Whether no row of it is missing in what comes after.
    fn goes_on_without(&self, torn: Torn) -> bool {
        let sequence = torn.sequence;
        if self.seen.contains(sequence) {
            return false;
        }
        // An index that was written later and does not list it was written by who went on without it.
        if self.is_covered(sequence) {
            return !self.listed.contains(sequence);
        }
        if torn.is_encrypted {
            return false;
        }
        let Some(id) = torn.chunk_of else {
            return true;
        };
        let chunks = self.stream(id).map(|stream| stream.chunks.as_slice());
        let chunks = chunks.unwrap_or_default();
        let at = chunks.partition_point(|chunk| chunk.sequence < sequence);
        let (before, after) = chunks.split_at(at);
        let end_row = before.last().map_or(0, |chunk| chunk.end_row());
        after.first().is_some_and(|next| next.first_row == end_row)
    }

    /// Whether an intact index speaks for the frame's number.
    fn is_covered(&self, sequence: u64) -> bool {
        let until = self
            .covered
            .partition_point(|range| range.start <= sequence);
        let last = until.checked_sub(1).and_then(|at| self.covered.get(at));
        last.is_some_and(|range| range.contains(&sequence))
    }

    /// Makes ranges of [`Self::is_covered`] that do not lie in one another, in order.
    fn merge_covered(&mut self) {
        self.covered.sort_unstable_by_key(|range| range.start);
        self.covered.dedup_by(|next, range| {
            let joins = next.start <= range.end;
            if joins {
                range.end = range.end.max(next.end);
            }
            joins
        });
    }
}

/// Whether bytes that lie between the same two frames hold all that has a number between theirs, in order.
fn all_are_known(lost: &[Lost]) -> bool {
    let Some(Lost { before, after, .. }) = lost.first() else {
        return false;
    };
    let mut next = before.map_or(Some(0), |before| before.checked_add(1));
    for torn in lost.iter().filter_map(|lost| lost.torn) {
        if next != Some(torn.sequence) {
            return false;
        }
        next = torn.sequence.checked_add(1);
    }
    after.is_some() && next == *after
}
