//! One segment in memory: a writer that fills it, and a lock for whoever reads what was committed.
//!
//! Who may touch what:
//!
//! - the count is an atomic; only the [`Writer`] stores it, with release, and whoever loads it does so with acquire;
//! - rows beyond the count belong to the [`Writer`], of which there is one;
//! - rows below it and the prefix are read by whoever holds the [lock](Segment::lock), and by nobody else; they change only when
//!   the writer, with that lock held, lowers the count or starts anew;
//! - the header, save for the count, is read and written under the lock.

use std::ptr::NonNull;
use std::sync::PoisonError;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::layout::{
    COUNT_OFFSET, Count, DISCARDS_OFFSET, FileId, HEADER_BYTES, SEAL_OFFSETS, SEGMENT_CHECK_OFFSET,
    Seal, SegmentHeader,
};
use crate::region::Region;
use crate::sync::{Arc, AtomicU64, Mutex, MutexGuard, Ordering, fence};

/// So much is hashed before whoever waits for the lock gets a turn.
const HASHED_AT_ONCE: usize = 1 << 20;

/// A segment, shared by its writer and whoever seals it.
pub(crate) struct Segment {
    region: Region,
    /// Where it is in the file.
    offset: u64,
    use_of: Mutex<Use>,
}

/// What a segment is used for, and what of it was sealed.
#[derive(Default)]
struct Use {
    /// 0 while it is free.
    generation: u64,
    /// Bytes between header and rows.
    prefix_bytes: usize,
    /// Of prefix and rows so far hashed.
    hash: Xxh3,
    hashed_bytes: usize,
    /// Of this use.
    seals: u64,
    sealed: Count,
    discards: u64,
}

impl Segment {
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Length, header and all.
    pub(crate) fn bytes(&self) -> u64 {
        self.region.bytes() as u64
    }

    fn lock(&self) -> Locked<'_> {
        Locked {
            region: &self.region,
            // Nothing panics while it holds the lock, so a poisoned state is still a whole one.
            now: self.use_of.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Seals what was committed of the use `generation`, unless that is over or there is nothing new. Says how many bytes of
    /// rows were new.
    pub(crate) fn seal(&self, generation: u64, file_id: &FileId) -> u64 {
        loop {
            let mut locked = self.lock();
            if locked.now.generation != generation {
                return 0;
            }
            let count = locked.count();
            if count == locked.now.sealed {
                return 0;
            }
            if locked.hash_some(count) {
                let new = count.bytes().saturating_sub(locked.now.sealed.bytes());
                locked.put_seal(count, file_id);
                return new;
            }
        }
    }

    /// Hands what was written to the file.
    pub(crate) fn flush(&self) -> export_core::Result<()> {
        self.region.flush()
    }
}

/// A segment that nobody but the holder of this reads below its count, or starts anew.
struct Locked<'a> {
    region: &'a Region,
    now: MutexGuard<'a, Use>,
}

impl Locked<'_> {
    fn count(&self) -> Count {
        Count::from_word(self.region.count().load(Ordering::Acquire))
    }

    /// Writes into the header.
    fn put(&mut self, at: usize, bytes: &[u8]) {
        let end = at + bytes.len();
        assert!(end <= HEADER_BYTES && (end <= COUNT_OFFSET || at >= COUNT_OFFSET + 8));
        #[expect(unsafe_code, reason = "writes to mapped memory")]
        // SAFETY: inside of the region, not the count, and the header is the lock's.
        unsafe {
            let place = self.region.base().add(at);
            place.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
        }
    }

    /// Prefix and rows that `count` counts, which is no more than was committed.
    fn committed(&self, count: Count) -> &[u8] {
        let bytes = self.now.prefix_bytes + count_bytes(count);
        assert!(bytes <= self.region.bytes() - HEADER_BYTES);
        #[expect(unsafe_code, reason = "reads mapped memory")]
        // SAFETY: inside of the region. The writer put these bytes there before it stored the count, which was loaded with
        // acquire; it changes them only with the lock held, which is held here for as long as the slice lives.
        unsafe {
            NonNull::slice_from_raw_parts(self.region.base().add(HEADER_BYTES), bytes).as_ref()
        }
    }

    /// Brings the hash closer to `count`; true once it is there.
    fn hash_some(&mut self, count: Count) -> bool {
        let mut hash = std::mem::take(&mut self.now.hash);
        let committed = self.committed(count);
        let from = self.now.hashed_bytes;
        let to = committed.len().min(from.saturating_add(HASHED_AT_ONCE));
        let done = to == committed.len();
        hash.update(committed.get(from..to).unwrap_or_default());
        self.now.hash = hash;
        self.now.hashed_bytes = to;
        done
    }

    /// Puts a seal over what was hashed, which is all that `count` counts, into the slot that does not hold the last one.
    fn put_seal(&mut self, count: Count, file_id: &FileId) {
        self.put_seal_number(self.now.seals + 1, count, file_id);
    }

    /// Puts a seal over some of the rows of the last one into the slot of that, which may not be durable: the one before it is. Where
    /// the last one is, the disk has it or this, which covers nothing that was not durable.
    fn replace_seal(&mut self, count: Count, file_id: &FileId) {
        self.put_seal_number(self.now.seals + 2, count, file_id);
    }

    fn put_seal_number(&mut self, number: u64, count: Count, file_id: &FileId) {
        self.now.seals = number;
        self.now.sealed = count;
        let seal = Seal {
            generation: self.now.generation,
            number: self.now.seals,
            count,
            rows_check: self.now.hash.digest(),
        };
        let [even, odd] = SEAL_OFFSETS;
        let slot = if seal.number.is_multiple_of(2) {
            even
        } else {
            odd
        };
        self.put(slot, &seal.to_bytes(file_id));
    }

    /// Says that the segment is free: a process that is killed right after this leaves nothing to recover in it.
    fn retire(&mut self) {
        self.region.count().store(0, Ordering::Release);
        fence(Ordering::SeqCst);
        self.put(SEGMENT_CHECK_OFFSET, &[0; 8]);
        fence(Ordering::SeqCst);
        *self.now = Use::default();
    }
}

fn count_bytes(count: Count) -> usize {
    usize::try_from(count.bytes()).unwrap_or(usize::MAX)
}

/// The one that fills a segment. It goes from the pool to a lane and back.
pub(crate) struct Writer {
    segment: Arc<Segment>,
    /// The first byte that is free.
    free: NonNull<u8>,
    /// The segment's.
    word: NonNull<AtomicU64>,
    /// As last stored.
    count: u64,
    /// Bytes that are free.
    room: usize,
}

#[expect(unsafe_code, reason = "holds addresses inside of its segment")]
// SAFETY: the addresses are those of the segment's region, which it keeps alive and which any thread may use.
unsafe impl Send for Writer {}
#[expect(unsafe_code, reason = "holds addresses inside of its segment")]
// SAFETY: through a shared reference nothing is read but the writer's own fields.
unsafe impl Sync for Writer {}

impl Writer {
    /// The writer of a segment that is free: memory at `offset` of the file.
    pub(crate) fn new(region: Region, offset: u64) -> Self {
        let segment = Arc::new(Segment {
            region,
            offset,
            use_of: Mutex::new(Use::default()),
        });
        Self {
            free: segment.region.base(),
            word: NonNull::from(segment.region.count()),
            count: 0,
            room: 0,
            segment,
        }
    }

    pub(crate) fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    pub(crate) fn count(&self) -> Count {
        Count::from_word(self.count)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn room(&self) -> usize {
        self.room
    }

    /// Bytes that no committed row has.
    #[inline]
    pub(crate) fn space(&mut self) -> &mut [u8] {
        #[expect(unsafe_code, reason = "writes to mapped memory")]
        // SAFETY: `room` bytes from here on are inside of the region and beyond the count, so they are this writer's, which
        // is borrowed for as long as the slice lives.
        unsafe {
            NonNull::slice_from_raw_parts(self.free, self.room).as_mut()
        }
    }

    /// Commits the first `bytes` of the space as a row. False, and nothing is done, where there are none or not so many.
    #[inline]
    pub(crate) fn commit(&mut self, bytes: usize) -> bool {
        // None at all becomes more than any segment has.
        if bytes.wrapping_sub(1) >= self.room {
            return false;
        }
        self.room -= bytes;
        // No more than the segment has, which fits 32 bits; rows are no more than bytes.
        self.count += Count::ROW + bytes as u64;
        #[expect(unsafe_code, reason = "addresses in mapped memory")]
        // SAFETY: so many bytes were free; the word is in the segment's region, which the segment keeps.
        let word = unsafe {
            self.free = self.free.add(bytes);
            self.word.as_ref()
        };
        word.store(self.count, Ordering::Release);
        true
    }

    /// Starts a use of the segment as `header` says; the prefix is `name` and `about`. `header` learns where the segment is
    /// and what the prefix is.
    pub(crate) fn start(
        &mut self,
        mut header: SegmentHeader,
        name: &[u8],
        about: &[u8],
        file_id: &FileId,
    ) {
        let segment = Arc::clone(&self.segment);
        let mut locked = segment.lock();
        locked.retire();
        let prefix_bytes = name.len() + about.len();
        let body_bytes = locked.region.bytes() - HEADER_BYTES;
        assert!(prefix_bytes <= body_bytes);
        #[expect(unsafe_code, reason = "writes to mapped memory")]
        // SAFETY: inside of the region. The count is 0 and the lock is held, so nobody reads here; the writer is borrowed, so
        // nobody has its space.
        let prefix = unsafe {
            let body = locked.region.base().add(HEADER_BYTES);
            self.free = body.add(prefix_bytes);
            NonNull::slice_from_raw_parts(body, prefix_bytes).as_mut()
        };
        let (name_place, about_place) = prefix.split_at_mut(name.len());
        name_place.copy_from_slice(name);
        about_place.copy_from_slice(about);
        header.offset = segment.offset;
        header.bytes = segment.bytes();
        header.prefix_check = xxh3_64(prefix);
        self.count = 0;
        self.room = body_bytes - prefix_bytes;
        locked.now.generation = header.generation;
        locked.now.prefix_bytes = prefix_bytes;
        let bytes = header.to_bytes(file_id);
        let (fields, check) = bytes.split_at(SEGMENT_CHECK_OFFSET);
        locked.put(0, fields);
        fence(Ordering::SeqCst);
        locked.put(SEGMENT_CHECK_OFFSET, check);
    }

    /// Takes back the rows beyond `count`, which must have been this use's count at some time. True where a later seal covered
    /// them: then a new one is in its place, which must be durable before their bytes are used again.
    /// That takes the slot of the last seal but one where the last one is durable (`is_durable`).
    pub(crate) fn take_back(&mut self, count: Count, file_id: &FileId, is_durable: bool) -> bool {
        let segment = Arc::clone(&self.segment);
        let mut locked = segment.lock();
        assert!(count.bytes() <= self.count().bytes() && count.rows() <= self.count().rows());
        let was_sealed = locked.now.sealed.bytes() > count.bytes();
        if locked.now.hashed_bytes > locked.now.prefix_bytes + count_bytes(count) {
            locked.now.hash = Xxh3::default();
            locked.now.hashed_bytes = 0;
        }
        if was_sealed {
            while !locked.hash_some(count) {}
            match is_durable {
                true => locked.put_seal(count, file_id),
                false => locked.replace_seal(count, file_id),
            }
        }
        locked.now.discards += 1;
        let discards = locked.now.discards.to_le_bytes();
        locked.put(DISCARDS_OFFSET, &discards);
        fence(Ordering::SeqCst);
        let bytes = count_bytes(self.count()) - count_bytes(count);
        #[expect(unsafe_code, reason = "addresses in mapped memory")]
        // SAFETY: so many bytes come before, all of them rows of this use.
        unsafe {
            self.free = self.free.sub(bytes);
        }
        self.room += bytes;
        self.count = count.word();
        locked.region.count().store(self.count, Ordering::Release);
        was_sealed
    }

    /// Takes no more rows, so that no byte is used again.
    pub(crate) fn close(&mut self) {
        self.room = 0;
    }

    /// Frees the segment. True where a seal covered some of its rows.
    pub(crate) fn retire(&mut self) -> bool {
        let segment = Arc::clone(&self.segment);
        let mut locked = segment.lock();
        let was_sealed = locked.now.seals > 0;
        locked.retire();
        self.count = 0;
        self.room = 0;
        was_sealed
    }
}
