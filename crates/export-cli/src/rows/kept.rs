//! Some rows of each stream, kept in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use exportkit::{Batch, Result, StreamBatch, widen};

/// Some rows of each stream, in the order in which the streams came up.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    streams: Vec<KeptStream>,
}

/// Rows of one stream, first to last.
#[derive(Debug)]
struct KeptStream {
    name: Arc<str>,
    batches: VecDeque<Batch>,
    rows: usize,
}

impl Kept {
    fn stream(&mut self, name: &Arc<str>) -> &mut KeptStream {
        let at = self.streams.iter().position(|stream| stream.name == *name);
        let at = at.unwrap_or_else(|| {
            self.streams.push(KeptStream {
                name: Arc::clone(name),
                batches: VecDeque::new(),
                rows: 0,
            });
            self.streams.len() - 1
        });
        #[expect(
            clippy::indexing_slicing,
            reason = "the position was found or made just above"
        )]
        &mut self.streams[at]
    }

    /// Keeps a batch.
    pub(crate) fn keep(&mut self, batch: StreamBatch) {
        let stream = self.stream(&batch.stream);
        stream.rows += batch.batch.rows();
        stream.batches.push_back(batch.batch);
    }

    /// Keeps the first rows of a batch, as long as the stream has fewer than `most`.
    pub(crate) fn keep_first(&mut self, batch: &StreamBatch, most: usize) -> Result<()> {
        let missing = most.saturating_sub(self.stream(&batch.stream).rows);
        let rows = batch.batch.slice(0, missing.min(batch.batch.rows()))?;
        self.keep(StreamBatch {
            stream: Arc::clone(&batch.stream),
            batch: rows,
        });
        Ok(())
    }

    /// Keeps a batch, and of the stream's rows no more than the last `most`.
    pub(crate) fn keep_last(&mut self, batch: StreamBatch, most: usize) -> Result<()> {
        let name = Arc::clone(&batch.stream);
        self.keep(batch);
        let stream = self.stream(&name);
        while stream.batches.len() > 1
            && let Some(first) = stream.batches.front()
            && stream.rows.saturating_sub(first.rows()) >= most
        {
            stream.rows -= first.rows();
            stream.batches.pop_front();
        }
        let surplus = stream.rows.saturating_sub(most);
        if let Some(first) = stream.batches.front_mut().filter(|_| surplus > 0) {
            *first = first.slice(surplus, first.rows().saturating_sub(surplus))?;
            stream.rows -= surplus;
        }
        Ok(())
    }

    /// Whether each stream seen has `rows` rows; false where none was seen.
    pub(crate) fn all_have(&self, rows: usize) -> bool {
        !self.streams.is_empty() && self.streams.iter().all(|stream| stream.rows >= rows)
    }

    /// One batch a stream, under the widest of the schemas its rows came with.
    pub(crate) fn into_batches(self) -> impl Iterator<Item = Result<StreamBatch>> {
        self.streams.into_iter().filter_map(|stream| {
            let widest = Arc::clone(stream.batches.back()?.schema());
            let widened = stream
                .batches
                .iter()
                .map(|batch| widen::cast_batch(batch, &widest));
            let all = widened
                .collect::<Result<Vec<_>>>()
                .and_then(|batches| Batch::concat(&batches));
            Some(all.map(|batch| StreamBatch {
                stream: stream.name,
                batch,
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::{numbers, stream_batch};

    fn kept(kept: Kept) -> Vec<i64> {
        kept.into_batches()
            .flat_map(|batch| numbers(&batch.unwrap().batch))
            .collect()
    }

    #[test]
    fn first_and_last_rows_over_batches() {
        for most in 0..9 {
            let (mut first, mut last) = (Kept::default(), Kept::default());
            for rows in [0..2, 2..2, 2..5, 5..7] {
                let batch = stream_batch("s", rows);
                first.keep_first(&batch, most).unwrap();
                last.keep_last(batch, most).unwrap();
            }
            let count = i64::try_from(most.min(7)).unwrap();
            assert_eq!(kept(first), (0..count).collect::<Vec<_>>());
            assert_eq!(kept(last), (7 - count..7).collect::<Vec<_>>());
        }
    }

    #[test]
    fn streams_are_kept_apart() {
        let mut first = Kept::default();
        assert!(!first.all_have(0));
        first.keep_first(&stream_batch("a", 0..3), 2).unwrap();
        first.keep_first(&stream_batch("b", 5..6), 2).unwrap();
        assert!(first.all_have(1) && !first.all_have(2));
        assert_eq!(kept(first), [0, 1, 5]);
    }
}
