//! Damaged frames from the parity of their group.

use std::sync::Arc;

use export_core::{FileId, Keys, Limits, Result, Severity, Storage};

use super::descriptor::Descriptor;
use super::group::{Group, groups};
use super::shards::Shards;
use super::{LostGroup, ParityReport, Work, code};
use crate::catalogue::Catalogue;
use crate::counted::Counted;
use crate::frame::FrameHeader;
use crate::layout::{ALIGNMENT, FRAME_HEADER_BYTES, Kind};
use crate::places::Places;

/// How often over a file is read to restore what is in it, before it is taken for a trap.
const READ_OVER: u64 = 16;
/// What may be read of a file however short it is.
const READ_ANYWAY: u64 = 256 << 20;
/// How often over a file is read to learn of its groups, and what may be read anyway: an intact group is learnt of from one of
/// its parity frames, and a damaged one from those that are left.
const LEARN_OVER: u64 = 2;
const LEARN_ANYWAY: u64 = 16 << 20;
/// What solving the equations of a group counts as, on top of its bytes.
const SOLVING_BYTES: u64 = 1 << 20;

const TOO_MUCH_WORK: &str = "restoring it would take more work than a file of this length is worth";

/// Restores frames of one container. Holds the bytes of one group at a time.
pub(crate) struct Restorer {
    source: Counted,
    file: FileId,
    size: u64,
    limits: Limits,
    groups: Vec<Group>,
    places: Option<Places>,
    /// Whether parity frames were passed over, as reading them all would have been too much.
    has_passed_over: bool,
    work: Work,
    last: Option<(usize, Outcome)>,
}

/// A frame as it was written, without padding; or why it cannot be restored.
pub(crate) type Restored = Result<(FrameHeader, Vec<u8>), String>;

/// What became of a group.
enum Outcome {
    Whole {
        bytes: Vec<u8>,
        descriptor: Descriptor,
        /// Bytes of recovery shards that were not needed.
        spare_bytes: u64,
    },
    Lost(String),
}

impl Restorer {
    /// Learns of the groups from the parity frames that a walk of the container in `storage` came across.
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        catalogue: &Catalogue,
        file: FileId,
        size: u64,
        limits: &Limits,
    ) -> Result<Self> {
        let source = Counted::new(storage, Keys::default());
        let mut learning = Work::new(size.saturating_mul(LEARN_OVER).saturating_add(LEARN_ANYWAY));
        let groups = groups(&source, &catalogue.parity_frames, limits, &mut learning)?;
        Ok(Self {
            source,
            file,
            size,
            limits: limits.clone(),
            groups,
            places: None,
            has_passed_over: learning.is_spent(),
            work: Work::new(size.saturating_mul(READ_OVER).saturating_add(READ_ANYWAY)),
            last: None,
        })
    }

    /// Bytes that were read.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.source.reads().bytes
    }

    /// The group of a frame.
    fn group_of(&self, sequence: u64) -> Option<usize> {
        let at = self
            .groups
            .partition_point(|group| group.first_part <= sequence);
        let group = self.groups.get(at)?;
        (group.first <= sequence).then_some(at)
    }

    /// A frame as it was written, without padding; nothing where it has no group, or why it cannot be restored.
    pub(crate) fn frame(&mut self, sequence: u64) -> Result<Option<Restored>> {
        let Some(at) = self.group_of(sequence) else {
            return Ok(None);
        };
        if self.last.as_ref().is_none_or(|(last, _)| *last != at) {
            self.last = None;
            let outcome = self.restore(at)?;
            self.last = Some((at, outcome));
        }
        let (bytes, descriptor) = match &self.last {
            Some((
                _,
                Outcome::Whole {
                    bytes, descriptor, ..
                },
            )) => (bytes, descriptor),
            Some((_, Outcome::Lost(reason))) => return Ok(Some(Err(reason.clone()))),
            None => return Ok(None),
        };
        let frame = frame_in(bytes, descriptor, sequence, self.file);
        let intact = frame.and_then(|(header, frame)| {
            let payload = frame.get(FRAME_HEADER_BYTES..)?;
            header.check_payload(payload, &self.limits).ok()?;
            Some((header, frame.to_vec()))
        });
        Ok(Some(intact.ok_or_else(|| {
            "its parity is of something that is no frame".to_owned()
        })))
    }

    fn restore(&mut self, at: usize) -> Result<Outcome> {
        let lost = |reason: &str| Ok(Outcome::Lost(reason.to_owned()));
        if self.work.is_spent() {
            return lost(TOO_MUCH_WORK);
        }
        let Some(group) = self.groups.get(at).cloned() else {
            return lost("there is no such group");
        };
        let Some(descriptor) = self.descriptor(&group)? else {
            return lost("no parity frame says what was in it");
        };
        let bytes = descriptor.group_bytes();
        // As many shards as the group has must be somewhere in the file for it to be restored, so no memory is taken for more.
        let needed = bytes.saturating_sub(descriptor.shard_bytes);
        if needed.max(descriptor.shard_bytes) > self.size {
            return lost("it is longer than the file");
        }
        if self.places.is_none() {
            self.places = Some(Places::find(
                &self.source,
                self.file,
                self.size,
                &self.limits,
            )?);
        }
        let Some(places) = &self.places else {
            return lost("its frames were not looked for");
        };
        let mut shards = Shards::new(&self.source, &descriptor, &group, &mut self.work)?;
        shards.find(places)?;
        let missing = shards.missing();
        let (recovery, intact) = shards.recovery(missing)?;
        let (mut bytes, good) = shards.into_parts();
        if self.work.is_spent() && missing > intact {
            return lost(TOO_MUCH_WORK);
        }
        if missing > intact {
            return Ok(Outcome::Lost(format!(
                "{missing} of its {} shards are damaged, and {intact} of {} parity shards are left",
                descriptor.data_shards,
                descriptor.recovery_shards(),
            )));
        }
        let spare_bytes = ((intact - missing) as u64).saturating_mul(descriptor.shard_bytes);
        if missing > 0 {
            let solving = SOLVING_BYTES.saturating_add(bytes.len() as u64);
            if self.work.take(solving).is_err() {
                return lost(TOO_MUCH_WORK);
            }
            let shard_bytes = usize::try_from(descriptor.shard_bytes).unwrap_or(usize::MAX);
            let count = descriptor.recovery_shards();
            if let Err(error) = code::decode(&mut bytes, &good, shard_bytes, &recovery, count) {
                return Ok(Outcome::Lost(error.message()));
            }
            if !Shards::are_all(&bytes, &descriptor) {
                return lost("what its parity gives is not what was written");
            }
        }
        Ok(Outcome::Whole {
            bytes,
            descriptor,
            spare_bytes,
        })
    }

    fn descriptor(&mut self, group: &Group) -> Result<Option<Descriptor>> {
        for (offset, header) in &group.parts {
            let (source, work) = (&self.source, &mut self.work);
            match Descriptor::read(source, *offset, header, &self.limits, work)? {
                Ok(descriptor) if descriptor.first == group.first => return Ok(Some(descriptor)),
                _ => {}
            }
        }
        Ok(None)
    }
}

/// Header and bytes of a frame in those of its group.
fn frame_in<'a>(
    bytes: &'a [u8],
    descriptor: &Descriptor,
    sequence: u64,
    file: FileId,
) -> Option<(FrameHeader, &'a [u8])> {
    let at = usize::try_from(sequence.checked_sub(descriptor.first)?).ok()?;
    let before = descriptor.lengths.get(..at)?.iter();
    let start: u64 = before.map(|&units| u64::from(units) * ALIGNMENT).sum();
    let length = u64::from(*descriptor.lengths.get(at)?) * ALIGNMENT;
    let rest = bytes.get(usize::try_from(start).ok()?..)?;
    let header = FrameHeader::parse(rest).filter(|header| {
        header.file == file && header.sequence == sequence && header.frame_bytes() == length
    })?;
    let frame = rest.get(..usize::try_from(header.whole_bytes()).ok()?)?;
    Some((header, frame))
}

/// Restores the damaged frames of all groups, hands each to `take`, which says whether it is of any use, and reports.
pub(crate) fn note_all(
    restorer: &mut Restorer,
    catalogue: &mut Catalogue,
    mut take: impl FnMut(&mut Catalogue, &FrameHeader, Vec<u8>) -> Result<bool>,
) -> Result<Option<ParityReport>> {
    let share = catalogue.parity_share.map(|(_, share)| share);
    let share = share.or_else(|| restorer.groups.last().map(|group| group.share));
    if restorer.has_passed_over {
        let text = "parity frames lie in one another; some were passed over, as reading them all would take too much work";
        catalogue.find(Severity::Warning, "parity", 0, text);
    }
    if share.is_none() && restorer.groups.is_empty() {
        return Ok(None);
    }
    let mut report = ParityReport {
        share,
        groups: restorer.groups.len() as u64,
        spare_bytes: u64::MAX,
        ..ParityReport::default()
    };
    let seen = catalogue.seen.count_within(0, u64::MAX);
    let mut seen_in_groups = 0_u64;
    for at in 0..restorer.groups.len() {
        let Some(group) = restorer.groups.get(at) else {
            break;
        };
        let (first, end) = (group.first, group.first_part);
        report.frames = report.frames.saturating_add(end - first);
        seen_in_groups += catalogue.seen.count_within(first, end);
        let damaged = group.damaged(catalogue);
        let mut spare = group.intact_bytes(catalogue);
        // What is missing of it holds no rows.
        for part in group.first_part..group.end {
            catalogue.rowless.insert(part);
        }
        for number in damaged {
            match restorer.frame(number)? {
                Some(Ok((header, frame))) => {
                    if take(catalogue, &header, frame)? {
                        report.take(&header, restorer.spare_bytes());
                    } else {
                        report.lose(first..end, "a frame of it is of no use");
                    }
                }
                Some(Err(reason)) => report.lose(first..end, &reason),
                None => {}
            }
            spare = u64::MAX;
        }
        report.spare_bytes = report.spare_bytes.min(spare);
    }
    if report.groups == 0 {
        report.spare_bytes = 0;
    }
    report.unprotected_frames = seen
        .saturating_sub(catalogue.unprotectable)
        .saturating_sub(seen_in_groups);
    Ok(Some(report))
}

impl Restorer {
    /// Bytes that the group of the frame that was last asked for could lose, and be restored all the same.
    pub(crate) fn spare_bytes(&self) -> u64 {
        match &self.last {
            Some((_, Outcome::Whole { spare_bytes, .. })) => *spare_bytes,
            _ => 0,
        }
    }

    /// Numbers of the frames of the group that a frame is of.
    pub(crate) fn range_of(&self, sequence: u64) -> Option<std::ops::Range<u64>> {
        let group = self.groups.get(self.group_of(sequence)?)?;
        Some(group.first..group.first_part)
    }
}

impl ParityReport {
    /// Counts a frame that was damaged and is restored.
    pub(crate) fn take(&mut self, header: &FrameHeader, spare_bytes: u64) {
        self.spare_bytes = self.spare_bytes.min(spare_bytes);
        self.damaged_frames += 1;
        self.restored_frames += 1;
        self.restored_bytes = self.restored_bytes.saturating_add(header.frame_bytes());
        if header.known_kind() == Some(Kind::Chunk) {
            self.restored_rows = self.restored_rows.saturating_add(header.rows.into());
        }
    }

    /// Counts a frame of a group, given by its frames' numbers, that was damaged and stays so.
    pub(crate) fn lose(&mut self, group: std::ops::Range<u64>, reason: &str) {
        self.damaged_frames += 1;
        self.spare_bytes = 0;
        let at = self
            .lost
            .partition_point(|lost| lost.first_frame < group.start);
        match self
            .lost
            .get_mut(at)
            .filter(|lost| lost.first_frame == group.start)
        {
            Some(lost) => lost.lost_frames += 1,
            None => self.lost.insert(
                at,
                LostGroup {
                    first_frame: group.start,
                    last_frame: group.end.saturating_sub(1),
                    lost_frames: 1,
                    reason: reason.to_owned(),
                },
            ),
        }
    }
}
