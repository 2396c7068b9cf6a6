//! What a pipeline does with less where memory is short: first fewer threads, then smaller chunks.
//!
//! How many threads there are does not show in a file. How large its chunks are does: so a note says where that was so.

use export_core::Note;
use export_parallel::Headroom;

use crate::xk::CHUNK_BYTES;

/// Memory that the process has besides its threads: a reader with its batch, what is gathered, the index to come.
const BASE_BYTES: u64 = 16 << 20;
/// Memory of a thread that encodes or decodes: a chunk, what becomes of it, and what its codec takes.
const THREAD_BYTES: u64 = 16 << 20;
/// Most times that chunks are halved: to 256 KiB.
const MOST_HALVINGS: u32 = 4;
/// Chunks between two looks at what is left.
const LOOK_EVERY: u32 = 8;
/// What must be left while the work goes on.
const RESERVE_BYTES: u64 = 12 << 20;

/// What there is to work with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Means {
    /// Threads besides the caller's.
    pub(crate) threads: usize,
    /// How many times chunks are halved.
    pub(crate) halvings: u32,
}

impl Means {
    /// What `left` bytes are enough for, of `threads` threads besides the caller's.
    pub(crate) fn of(left: Option<u64>, threads: usize) -> Self {
        let enough = Self {
            threads,
            halvings: 0,
        };
        let Some(left) = left else { return enough };
        let for_threads = left.saturating_sub(BASE_BYTES) / THREAD_BYTES;
        if let Some(others) = for_threads.checked_sub(1) {
            let others = usize::try_from(others).unwrap_or(usize::MAX);
            return Self {
                threads: threads.min(others),
                halvings: 0,
            };
        }
        let fits = |halvings: &u32| (BASE_BYTES + THREAD_BYTES) >> halvings <= left;
        let halvings = (1..MOST_HALVINGS).find(fits).unwrap_or(MOST_HALVINGS);
        Self {
            threads: 0,
            halvings,
        }
    }

    /// Bytes of a chunk.
    pub(crate) fn chunk_bytes(self) -> usize {
        CHUNK_BYTES >> self.halvings
    }
}

/// Keeps an eye on what is left while chunks are made.
#[derive(Debug)]
pub(crate) struct Watch {
    /// What the process may have in all, where that was given.
    given: Option<u64>,
    wanted_threads: usize,
    means: Means,
    /// What was left when means were cut last.
    tightest: Option<Headroom>,
    /// Chunks since the last look.
    chunks: u32,
}

impl Watch {
    /// Looks at what there is for `threads` threads besides the caller's.
    pub(crate) fn new(threads: usize, given: Option<u64>) -> Self {
        Self::with(threads, given, Headroom::now(given))
    }

    fn with(threads: usize, given: Option<u64>, headroom: Option<Headroom>) -> Self {
        let means = Means::of(headroom.map(|headroom| headroom.bytes), threads);
        let is_enough = means.threads == threads && means.halvings == 0;
        Self {
            given,
            wanted_threads: threads,
            means,
            tightest: headroom.filter(|_| !is_enough),
            chunks: 0,
        }
    }

    /// Does with no fewer than `threads` threads, however little is left.
    pub(crate) fn with_threads_at_least(mut self, threads: usize) -> Self {
        self.means.threads = self.means.threads.max(threads);
        let is_enough = self.means.threads >= self.wanted_threads && self.means.halvings == 0;
        self.tightest = self.tightest.filter(|_| !is_enough);
        self
    }

    pub(crate) fn means(&self) -> Means {
        self.means
    }

    /// Looks again, now and then, as so many more chunks were made. Returns the means where there are fewer now.
    pub(crate) fn look(&mut self, chunks: u32) -> Option<Means> {
        self.chunks = self.chunks.saturating_add(chunks);
        if self.chunks < LOOK_EVERY {
            return None;
        }
        self.chunks = 0;
        self.see(Headroom::now(self.given)?)
    }

    fn see(&mut self, headroom: Headroom) -> Option<Means> {
        let is_short = headroom.bytes < RESERVE_BYTES && self.means.halvings < MOST_HALVINGS;
        if !is_short {
            return None;
        }
        self.means.halvings += 1;
        self.tightest = Some(headroom);
        Some(self.means)
    }

    /// What was done for want of memory, if anything was.
    pub(crate) fn note(&self) -> Option<Note> {
        let headroom = self.tightest?;
        let mut done = Vec::new();
        if self.means.threads < self.wanted_threads {
            let (had, wanted) = (self.means.threads + 1, self.wanted_threads + 1);
            done.push(format!("{had} threads worked instead of {wanted}"));
        }
        if self.means.halvings > 0 {
            done.push(format!(
                "chunks are of {} KiB instead of {}, so the bytes are not those of a run with more memory",
                self.means.chunk_bytes() >> 10,
                CHUNK_BYTES >> 10
            ));
        }
        Some(Note {
            stream: None,
            column: None,
            text: format!(
                "memory was short, {} MiB were left of {}: {}",
                headroom.bytes >> 20,
                headroom.bound.name(),
                done.join("; ")
            ),
            loss: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use export_parallel::Bound;

    use super::*;

    #[test]
    fn threads_go_first_and_then_the_size_of_chunks() {
        let of = |mib: u64| {
            let means = Means::of(Some(mib << 20), 3);
            (means.threads, means.halvings)
        };
        assert_eq!(of(1000), (3, 0));
        assert_eq!(of(80), (3, 0));
        assert_eq!(of(79), (2, 0));
        assert_eq!(of(33), (0, 0));
        assert_eq!(of(31), (0, 1));
        assert_eq!(of(10), (0, 2));
        assert_eq!(of(0), (0, MOST_HALVINGS));
        assert_eq!(Means::of(None, 7).threads, 7);
        assert_eq!(Means::of(Some(0), 7).chunk_bytes(), 256 << 10);
    }

    #[test]
    fn a_watch_says_what_it_did() {
        let headroom = |mib: u64| Headroom {
            bytes: mib << 20,
            bound: Bound::Group,
        };
        let mut watch = Watch::with(1, None, Some(headroom(500)));
        assert_eq!(watch.note(), None);
        assert_eq!(watch.see(headroom(100)), None);
        assert_eq!(watch.see(headroom(1)).unwrap().halvings, 1);
        for _ in 0..10 {
            watch.see(headroom(1));
        }
        assert_eq!(watch.means().halvings, MOST_HALVINGS);
        let note = watch.note().unwrap();
        assert!(note.text.contains("chunks are of 256 KiB"), "{}", note.text);
        assert!(!note.text.contains("threads"), "{}", note.text);
        let watch = Watch::with(1, None, Some(headroom(40))).with_threads_at_least(1);
        assert_eq!((watch.means().threads, watch.note()), (1, None));
        let watch = Watch::with(1, None, Some(headroom(40)));
        assert!(
            watch
                .note()
                .unwrap()
                .text
                .contains("1 threads worked instead of 2")
        );
    }
}
