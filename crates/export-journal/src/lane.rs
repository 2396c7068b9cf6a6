//! Rows of one writer.

use std::fmt;

use export_core::{Error, Result};

use crate::journal::{LaneId, Shared, not_durable};
use crate::layout::{Count, HEADER_BYTES, SegmentHeader};
use crate::pool::{Part, Pool};
use crate::segment::{Segment, Writer};
use crate::sync::Arc;

/// Whether there is room for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "without room nothing can be committed"]
pub enum Room {
    /// There is as much as was asked for.
    Ready,
    /// The journal is as large as it may be, and nothing of it is free: [`crate::Journal::release`] what is in the main
    /// file, then ask again. The lane is as it was.
    Full,
}

/// A lane: rows of one writer, in order. Can be sent to the thread that makes them.
///
/// A lane that is dropped leaves its rows in the journal until they are released.
pub struct Lane {
    shared: Arc<Shared>,
    number: u32,
    run: Option<Run>,
    /// Number of the first row of the segment that is being filled.
    first_row: u64,
    /// Of that segment's use, or of the last one.
    generation: u64,
    /// `None` before the first run, and where the next segment is yet to be had.
    writer: Option<Writer>,
    /// How often rows were taken back, and to which row the last time.
    discards: u64,
    discarded_to: u64,
    /// Rows were taken back that a seal on the disk may still cover: other rows in their place would break it.
    is_over: bool,
}

/// Rows that one text is about.
#[derive(Debug, Clone)]
struct Run {
    about: Arc<[u8]>,
    /// Generation of its first segment.
    id: u64,
}

/// What becomes of the segment whose last rows are taken back.
#[derive(Clone, Copy)]
enum Cut {
    /// It is filled further once its seals are durable, as they are so far or not.
    GoOn { is_durable: bool },
    /// It is left, whether its seals so far are durable or not.
    Leave { is_durable: bool },
}

/// A place between two rows of a lane.
#[derive(Debug, Clone)]
pub struct Mark {
    /// Of the segment's use. Where the lane has no segment, of the last one that it had: those before stay whole.
    generation: u64,
    count: Count,
    row: u64,
    run: Option<Run>,
    discards: u64,
}

impl Mark {
    /// Number of the row after it.
    #[must_use]
    pub fn row(&self) -> u64 {
        self.row
    }
}

impl Lane {
    pub(crate) fn new(shared: &Arc<Shared>, number: u32) -> Self {
        Self {
            shared: Arc::clone(shared),
            number,
            run: None,
            first_row: 0,
            generation: 0,
            writer: None,
            discards: 0,
            discarded_to: 0,
            is_over: false,
        }
    }

    /// Which lane this is.
    #[must_use]
    pub fn id(&self) -> LaneId {
        LaneId(self.number)
    }

    /// Starts a run of rows that `about` describes, the first of which has number `first_row`. It is kept in the lane and with
    /// each segment, so it may be long, and comes back with the rows whichever of them are left.
    ///
    /// Fails where the run would begin before the last one ended, and where there is an error of the disk.
    pub fn begin(&mut self, about: &[u8], first_row: u64) -> Result<Room> {
        if first_row < self.rows() {
            let rows = self.rows();
            return Err(Error::usage(format!(
                "a run begins with row {first_row}, before the {rows} rows that are there"
            )));
        }
        let run = Run {
            about: Arc::from(about),
            id: 0,
        };
        self.next_segment(run, first_row, 1)
    }

    /// Bytes of the segment that are free. A row is put at their start and then [committed](Lane::commit).
    #[inline]
    pub fn space(&mut self) -> &mut [u8] {
        match &mut self.writer {
            Some(writer) => writer.space(),
            None => &mut [],
        }
    }

    /// Commits the first `bytes` of the [space](Lane::space) as a row: from here on it outlives the process.
    ///
    /// Fails where there is not so much space, and for a row of no bytes, which nobody could tell from none.
    #[inline]
    pub fn commit(&mut self, bytes: usize) -> Result<()> {
        if self.writer.as_mut().is_some_and(|w| w.commit(bytes)) {
            Ok(())
        } else {
            Err(self.refused(bytes))
        }
    }

    #[cold]
    fn refused(&self, bytes: usize) -> Error {
        let room = self.writer.as_ref().map_or(0, Writer::room);
        Error::usage(format!(
            "a row of {bytes} bytes was committed where {room} are free"
        ))
    }

    /// Goes on in the next segment, unless there are `at_least` bytes of space already.
    ///
    /// Fails before the first [`Lane::begin`], with a row larger than the journal may be, and where the disk is full
    /// or has another error. The lane is then as it was.
    pub fn grow(&mut self, at_least: usize) -> Result<Room> {
        let Some(run) = self.run.clone() else {
            return Err(Error::usage("rows of a lane come after the start of a run"));
        };
        let at_least = at_least.max(1);
        if self.writer.as_ref().is_some_and(|w| w.room() >= at_least) {
            return Ok(Room::Ready);
        }
        self.next_segment(run, self.rows(), at_least)
    }

    /// Number of the next row.
    #[inline]
    #[must_use]
    pub fn rows(&self) -> u64 {
        let rows = self.writer.as_ref().map_or(0, |w| w.count().rows());
        self.first_row.saturating_add(rows)
    }

    /// The place after the last row, for [`Lane::discard`].
    #[must_use]
    pub fn mark(&self) -> Mark {
        let writer = self.writer.as_ref();
        Mark {
            generation: self.generation,
            count: writer.map(Writer::count).unwrap_or_default(),
            row: self.rows(),
            run: self.run.clone(),
            discards: self.discards,
        }
    }

    /// Takes back all rows since `mark`: the next row has the number that the first of them had, and is in the run of that time.
    ///
    /// Where some of them were [sealed](crate::Journal::seal) this waits for the disk, so that a power loss does not bring
    /// them back. A process killed in the midst of this leaves a part of them, from the first one on.
    ///
    /// A mark that lies behind one to which rows were taken back is void; this fails where it notices, and where `mark` is of
    /// later rows than there are. It fails as well where the disk does, or did; then rows are taken back as far as a crash of the process is
    /// concerned, what is left of those that were sealed stays sealed, and the lane takes no more rows.
    pub fn discard(&mut self, mark: &Mark) -> Result<()> {
        self.take_back_to(mark)?;
        let shared = Arc::clone(&self.shared);
        let done = shared.change_sealed(|has_failed| {
            let is_durable = !has_failed;
            let touched = self.cut(&mut shared.pool(), mark, Cut::GoOn { is_durable });
            touched.iter().try_for_each(|segment| segment.flush())?;
            Ok(!touched.is_empty())
        });
        self.is_over |= done.is_err();
        if let Some(writer) = self.writer.as_mut().filter(|_| self.is_over) {
            writer.close();
        }
        done
    }

    /// [`Lane::discard`] that does not wait for the disk: a power loss before the next [seal](crate::Journal::seal) may bring back rows
    /// that were sealed. What is free of their segment stays unused, so that they are what they were until then.
    pub fn discard_soon(&mut self, mark: &Mark) -> Result<()> {
        self.take_back_to(mark)?;
        let shared = Arc::clone(&self.shared);
        shared.change_soon(|is_durable| {
            let mut pool = shared.pool();
            let is_durable = is_durable && !pool.is_taking_back();
            let touched = self.cut(&mut pool, mark, Cut::Leave { is_durable });
            pool.add_taken_back(touched);
            pool.tidy(self.number);
        });
        Ok(())
    }

    /// Fails where rows cannot be taken back to `mark`.
    fn take_back_to(&mut self, mark: &Mark) -> Result<()> {
        let rows = self.rows();
        let is_void = mark.discards != self.discards && mark.row > self.discarded_to;
        if mark.row > rows || is_void {
            return Err(Error::usage(format!(
                "rows cannot be taken back to row {}, of {rows}: they are not those that were marked",
                mark.row
            )));
        }
        self.discards += 1;
        self.discarded_to = mark.row;
        Ok(())
    }

    /// Takes back rows since `mark`, the newest first. Returns the segments in which some of them were sealed.
    fn cut(&mut self, pool: &mut Pool, mark: &Mark, how: Cut) -> Vec<Arc<Segment>> {
        let mut touched = Vec::new();
        while let Some(mut part) = pool.last_part(self.number) {
            let Some(mut writer) = part.full.take().or_else(|| self.writer.take()) else {
                break;
            };
            if part.generation > mark.generation {
                if pool.free(writer) {
                    touched.push(part.segment);
                }
                continue;
            }
            self.first_row = part.first_row;
            if part.generation == mark.generation {
                let (Cut::GoOn { is_durable } | Cut::Leave { is_durable }) = how;
                if writer.take_back(mark.count, &self.shared.file_id, is_durable) {
                    touched.push(Arc::clone(&part.segment));
                }
                match how {
                    Cut::GoOn { .. } => self.writer = Some(writer),
                    Cut::Leave { .. } => part.full = Some(writer),
                }
            } else {
                // What was marked is the end of this one.
                part.full = Some(writer);
            }
            pool.put_part(self.number, part);
            break;
        }
        if self.writer.is_none() {
            self.first_row = mark.row;
        }
        self.generation = match how {
            Cut::GoOn { .. } => mark.generation,
            // Later than the segment that was left, all of whose rows stay from here on.
            Cut::Leave { .. } => pool.next_generation(),
        };
        self.run.clone_from(&mark.run);
        touched
    }

    /// Goes on with `run` in another segment, and leaves the one before to the pool.
    fn next_segment(&mut self, run: Run, first_row: u64, at_least: usize) -> Result<Room> {
        if self.is_over {
            return Err(not_durable());
        }
        let shared = Arc::clone(&self.shared);
        let mut pool = shared.pool();
        // As much for rows as for what they are about, at least: or long texts would be written again and again.
        let prefix = pool.name(self.number).len().saturating_add(run.about.len());
        let body = prefix.saturating_add(at_least.max(prefix));
        let needed = (body as u64).saturating_add(HEADER_BYTES as u64);
        if !pool.can_have(needed) {
            let most = pool.usage().capacity_bytes;
            let text = format!(
                "a row of {at_least} bytes, with {prefix} about it, does not fit a journal of {most} bytes"
            );
            return Err(Error::limit(text).with_hint("give the journal a larger capacity"));
        }
        // One without rows is of no use but to be started again, or to become part of a larger one.
        let is_empty = self.writer.as_ref().is_some_and(Writer::is_empty);
        if let Some(empty) = self.writer.take_if(|_| is_empty) {
            pool.last_part(self.number);
            pool.free(empty);
        }
        let Some(writer) = pool.take(&*shared.backing, needed)? else {
            return Ok(Room::Full);
        };
        self.leave(&mut pool);
        self.start(&mut pool, writer, run, first_row);
        pool.tidy(self.number);
        Ok(Room::Ready)
    }

    /// Gives the segment that was being filled back to the pool, with its rows.
    fn leave(&mut self, pool: &mut Pool) {
        if let Some(writer) = self.writer.take()
            && let Some(mut part) = pool.last_part(self.number)
        {
            part.full = Some(writer);
            pool.put_part(self.number, part);
        }
    }

    fn start(&mut self, pool: &mut Pool, mut writer: Writer, mut run: Run, first_row: u64) {
        let generation = pool.next_generation();
        if run.id == 0 {
            run.id = generation;
        }
        let name = pool.name(self.number);
        let header = SegmentHeader {
            generation,
            offset: 0,
            bytes: 0,
            lane: self.number,
            name_bytes: short(name.len()),
            about_bytes: short(run.about.len()),
            run: run.id,
            first_row,
            prefix_check: 0,
        };
        writer.start(header, name.as_bytes(), &run.about, &self.shared.file_id);
        let part = Part {
            segment: Arc::clone(writer.segment()),
            generation,
            first_row,
            full: None,
        };
        pool.put_part(self.number, part);
        self.run = Some(run);
        self.first_row = first_row;
        self.generation = generation;
        self.writer = Some(writer);
    }
}

/// Lengths inside of a segment, which has less than 4 GiB.
fn short(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Drop for Lane {
    fn drop(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut pool = shared.pool();
        self.leave(&mut pool);
        pool.close(self.number);
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("number", &self.number)
            .field("rows", &self.rows())
            .finish_non_exhaustive()
    }
}
