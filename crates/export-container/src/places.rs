//! Where frames are, according to the frames themselves.

use export_core::{ErrorKind, FileId, Limits, Result};

use crate::counted::Counted;
use crate::layout::FILE_HEADER_BYTES;
use crate::scan::{Scanner, Step};

/// The places of all frames of a file that a walk finds, some of them found more than once.
#[derive(Debug, Default)]
pub(crate) struct Places(Vec<(u64, u64)>);

impl Places {
    /// Walks the file from frame to frame, and once more for frames that lie within damaged ones.
    pub(crate) fn find(source: &Counted, file: FileId, size: u64, limits: &Limits) -> Result<Self> {
        let mut places = Vec::new();
        let scanner = Scanner::new(file, FILE_HEADER_BYTES as u64, size, limits);
        walk(source, scanner, &mut places, limits)?;
        let scanner = Scanner::thorough(file, FILE_HEADER_BYTES as u64, size, limits);
        match walk(source, scanner, &mut places, limits) {
            // More than is worth it: what was found first will do.
            Err(error) if error.kind() != ErrorKind::Limit => return Err(error),
            _ => {}
        }
        places.sort_unstable();
        places.dedup();
        Ok(Self(places))
    }

    /// Where frames of this number start, in the order of the file.
    pub(crate) fn of(&self, sequence: u64) -> impl Iterator<Item = u64> {
        let from = self.0.partition_point(|&(number, _)| number < sequence);
        let rest = self.0.get(from..).unwrap_or_default();
        rest.iter()
            .take_while(move |&&(number, _)| number == sequence)
            .map(|&(_, offset)| offset)
    }
}

fn walk(
    source: &Counted,
    mut scanner: Scanner,
    places: &mut Vec<(u64, u64)>,
    limits: &Limits,
) -> Result<()> {
    let most = limits.frames.saturating_add(places.len() as u64);
    loop {
        match source.scan(&mut scanner)? {
            Step::Frame { offset, header } => {
                places.push((header.sequence, offset));
                Limits::check("frames", places.len() as u64, most)?;
            }
            Step::End { .. } => return Ok(()),
            Step::Read { .. } | Step::Lost { .. } => {}
        }
    }
}
