//! A sample of rows in which each has the same chance, drawn in one pass (Vitter's algorithm R, 1985).

use std::collections::BTreeMap;
use std::sync::Arc;

use exportkit::{Batch, Result, StreamBatch, array};

use super::Kept;

/// At most `size` rows of each stream.
#[derive(Debug)]
pub(crate) struct Reservoir {
    size: usize,
    seed: u64,
    streams: Vec<Stream>,
}

#[derive(Debug)]
struct Stream {
    name: Arc<str>,
    random: Random,
    /// Rows offered so far.
    seen: u64,
    slots: Vec<Slot>,
    /// No rows, under the newest schema.
    empty: Batch,
}

/// A row in the sample.
#[derive(Debug, Clone)]
struct Slot {
    /// Its number in the stream.
    number: u64,
    /// The rows that were drawn from the same batch as it, and its place among them.
    drawn: Arc<Batch>,
    row: usize,
}

impl Reservoir {
    /// An empty sample that will hold `size` rows a stream. The same seed draws the same rows.
    pub(crate) fn new(size: usize, seed: u64) -> Self {
        Self {
            size,
            seed,
            streams: Vec::new(),
        }
    }

    /// Gives each row of a batch its chance.
    pub(crate) fn offer(&mut self, batch: &StreamBatch) -> Result<()> {
        let empty = batch.batch.slice(0, 0)?;
        let known = self
            .streams
            .iter_mut()
            .find(|stream| stream.name == batch.stream);
        if let Some(stream) = known {
            stream.empty = empty;
            return stream.offer(&batch.batch, self.size);
        }
        let name = Arc::clone(&batch.stream);
        let random = Random(self.seed);
        let mut stream = Stream {
            name,
            random,
            seen: 0,
            slots: Vec::new(),
            empty,
        };
        stream.offer(&batch.batch, self.size)?;
        self.streams.push(stream);
        Ok(())
    }

    /// The rows in the sample, in the order in which they came.
    pub(crate) fn into_kept(self) -> Result<Kept> {
        let mut kept = Kept::default();
        for mut stream in self.streams {
            stream.slots.sort_unstable_by_key(|slot| slot.number);
            for slots in stream
                .slots
                .chunk_by(|a, b| Arc::ptr_eq(&a.drawn, &b.drawn))
            {
                let rows: Vec<usize> = slots.iter().map(|slot| slot.row).collect();
                if let Some(slot) = slots.first() {
                    let batch = take(&slot.drawn, &rows)?;
                    kept.keep(StreamBatch {
                        stream: Arc::clone(&stream.name),
                        batch,
                    });
                }
            }
            kept.keep(StreamBatch {
                stream: stream.name,
                batch: stream.empty,
            });
        }
        Ok(kept)
    }
}

impl Stream {
    fn offer(&mut self, batch: &Batch, size: usize) -> Result<()> {
        let first = self.seen;
        // Slot → row of this batch. A later row may push out an earlier one of the same batch.
        let mut drawn = BTreeMap::new();
        for row in 0..batch.rows() {
            let slot = match usize::try_from(self.seen) {
                Ok(seen) if seen < size => seen,
                _ => usize::try_from(self.random.below(self.seen + 1)).unwrap_or(usize::MAX),
            };
            if slot < size {
                drawn.insert(slot, row);
            }
            self.seen += 1;
        }
        let rows: Vec<usize> = drawn.values().copied().collect();
        let batch = Arc::new(take(batch, &rows)?);
        for (row, (slot, source)) in drawn.into_iter().enumerate() {
            let entry = Slot {
                number: first + source as u64,
                drawn: Arc::clone(&batch),
                row,
            };
            // Slots are filled from the first on, and the map is in their order.
            match self.slots.get_mut(slot) {
                Some(place) => *place = entry,
                None => self.slots.push(entry),
            }
        }
        Ok(())
    }
}

fn take(batch: &Batch, rows: &[usize]) -> Result<Batch> {
    let columns = batch
        .columns()
        .iter()
        .map(|column| array::take(column, rows));
    Batch::new(
        Arc::clone(batch.schema()),
        rows.len(),
        columns.collect::<Result<_>>()?,
    )
}

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers on every machine and in every release.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number less than `bound` (Lemire's multiplication; its bias, `bound / 2^64`, is far below what a sample shows).
    fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::{numbers, stream_batch};

    fn sample(size: usize, seed: u64, cuts: &[i64]) -> Vec<i64> {
        let mut reservoir = Reservoir::new(size, seed);
        for cut in cuts.windows(2) {
            reservoir.offer(&stream_batch("s", cut[0]..cut[1])).unwrap();
        }
        let kept = reservoir.into_kept().unwrap();
        kept.into_batches()
            .flat_map(|batch| numbers(&batch.unwrap().batch))
            .collect()
    }

    #[test]
    fn same_seed_same_rows_whatever_the_batches() {
        let whole = sample(20, 7, &[0, 1000]);
        assert_eq!(whole.len(), 20);
        assert!(whole.is_sorted());
        assert_eq!(whole, sample(20, 7, &[0, 3, 3, 21, 400, 1000]));
        assert_ne!(whole, sample(20, 8, &[0, 1000]));
    }

    #[test]
    fn all_rows_where_there_are_few() {
        assert_eq!(sample(5, 0, &[0, 2, 3]), [0, 1, 2]);
        assert!(sample(0, 0, &[0, 3]).is_empty());
        assert!(sample(3, 0, &[0, 0]).is_empty());
    }

    #[test]
    fn every_row_has_about_the_same_chance() {
        let mut counts = [0_u32; 50];
        for seed in 0..4000 {
            for row in sample(5, seed, &[0, 20, 50]) {
                counts[usize::try_from(row).unwrap()] += 1;
            }
        }
        // 400 expected; six standard deviations are about 114.
        assert!(
            counts.iter().all(|count| (286..514).contains(count)),
            "{counts:?}"
        );
    }
}
