//! A stream's rows on their way into the journal.

use export_container::schema_to_text;
use export_core::build::BatchBuilder;
use export_core::image::RowImage;
use export_core::{ErrorKind, Result};
use export_journal::{Lane, Mark, Room};

/// Of no shape that a builder has.
const NO_SHAPE: u64 = u64::MAX;

/// Where the rows of a stream outlive the process until they are in a chunk.
pub(super) struct RowLane {
    lane: Lane,
    /// Shape of the rows of the lane's last run, or [`NO_SHAPE`] where the next row needs another.
    shape: u64,
    /// Where the rows begin that were not handed on.
    mark: Mark,
    /// Number of the stream's first row in the file that the journal belongs to, modulo 2⁶⁴.
    base: u64,
}

impl RowLane {
    pub(super) fn new(lane: Lane, base: u64) -> Self {
        Self {
            base,
            mark: lane.mark(),
            lane,
            shape: NO_SHAPE,
        }
    }

    /// Adds the last row of `rows`, which `write` puts into its place, and before which the stream had as many rows as `rows_before`
    /// tells. False where there is no room for it.
    #[inline]
    pub(super) fn add_last<B: BatchBuilder>(
        &mut self,
        rows: &mut B,
        write: impl FnOnce(&mut B, &mut RowImage<'_>),
        rows_before: impl FnOnce() -> u64,
    ) -> Result<bool> {
        let mut image = RowImage::new(self.lane.space());
        write(rows, &mut image);
        match image.written() {
            Some(bytes) if rows.image_shape() == self.shape && self.lane.commit(bytes).is_ok() => {
                Ok(true)
            }
            _ => self.add_elsewhere(rows, self.base.wrapping_add(rows_before())),
        }
    }

    /// Adds the last row to a new run, or to a new segment.
    #[cold]
    #[inline(never)]
    fn add_elsewhere<B: BatchBuilder>(&mut self, rows: &mut B, number: u64) -> Result<bool> {
        let added = self.try_elsewhere(rows, number);
        match added {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.shape = NO_SHAPE;
                Ok(false)
            }
            // A row that is too long for it, or a disk that is full: what is true of the journal may not be of the file.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Limit | ErrorKind::Io | ErrorKind::Unsupported
                ) =>
            {
                self.shape = NO_SHAPE;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn try_elsewhere<B: BatchBuilder>(&mut self, rows: &mut B, number: u64) -> Result<bool> {
        loop {
            let mut image = RowImage::new(self.lane.space());
            rows.image_last(&mut image);
            let (written, needed) = (image.written(), image.needed());
            let room = match written {
                _ if rows.image_shape() != self.shape => {
                    let about = schema_to_text(&*rows.image_schema()?)?;
                    let room = self.lane.begin(&about, number)?;
                    self.shape = rows.image_shape();
                    room
                }
                Some(bytes) => return self.lane.commit(bytes).map(|()| true),
                None => self.lane.grow(needed)?,
            };
            if room == Room::Full {
                return Ok(false);
            }
        }
    }

    /// All rows so far were handed on.
    pub(super) fn handed_on(&mut self) {
        self.mark = self.lane.mark();
    }

    /// The rows that were not handed on never will be.
    pub(super) fn discard(&mut self) -> Result<()> {
        self.shape = NO_SHAPE;
        self.lane.discard_soon(&self.mark)
    }
}
