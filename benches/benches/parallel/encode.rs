//! Ways to hand chunks to workers and to get them back in order.

use std::sync::Arc;
use std::thread;

use crossbeam::channel::{Receiver, Sender, bounded};
use crossbeam::deque::{Injector, Steal, Stealer, Worker};
use export_compress::{Encoder, Options, Preset};
use export_core::{Batch, Cancel, ChunkEncoder, EncodedChunk, Error, Result};
use export_parallel::{Bounds, Budget, Pipeline};

use crate::compare;

/// Chunks between input and consumer, for each worker: as in the pipeline.
const IN_FLIGHT: usize = 4;
const BUDGET_BYTES: usize = 64 << 20;

/// The batches with the encoder and what it knows of each one's stream.
struct Chunks {
    encoder: Encoder,
    batches: Vec<Batch>,
    known: Vec<(usize, <Encoder as ChunkEncoder>::Choices)>,
}

impl Chunks {
    fn new(batches: &[Batch]) -> Result<Self> {
        let encoder = Encoder::new(Options::new(Preset::Balanced))?;
        let mut known: Vec<(usize, _)> = Vec::new();
        for (at, batch) in batches.iter().enumerate() {
            let same = |(other, _): &(usize, _)| {
                let first = batches.get(*other).map(Batch::schema);
                first == Some(batch.schema())
            };
            if !known.iter().any(same) {
                let (_, choices) = encoder.encode_with(batch, &Default::default())?;
                known.push((at, choices));
            }
        }
        Ok(Self {
            encoder,
            batches: batches.to_vec(),
            known,
        })
    }

    fn encode(&self, at: usize) -> Result<EncodedChunk> {
        let missing = || Error::usage("there is no such chunk");
        let batch = self.batches.get(at).ok_or_else(missing)?;
        let same = |(other, _): &&(usize, _)| {
            let first = self.batches.get(*other).map(Batch::schema);
            first == Some(batch.schema())
        };
        let (_, choices) = self.known.iter().find(same).ok_or_else(missing)?;
        Ok(self.encoder.encode_with(batch, choices)?.0)
    }

    fn len(&self) -> usize {
        self.batches.len()
    }
}

/// What all ways must come to: the lengths of the chunks, in order.
#[derive(Default, PartialEq, Debug)]
struct Lengths(Vec<usize>);

impl Lengths {
    fn take(&mut self, chunk: &EncodedChunk) {
        self.0.push(chunk.bytes.len());
    }
}

pub(crate) fn measure(workload: &str, batches: &[Batch], runs: u32) -> Result<Vec<String>> {
    let chunks = Arc::new(Chunks::new(batches)?);
    let expected = plain(&chunks)?;
    let check = |found: Result<Lengths>| match found? == expected {
        true => Ok(()),
        false => Err(Error::corrupt("other chunks, or in another order")),
    };
    let by_pipeline = |threads| check(pipeline(&chunks, threads));
    let by_turns = |threads| check(turns(&chunks, threads));
    let by_stealing = |threads| check(stealing(&chunks, threads));
    compare(
        "encode",
        workload,
        runs,
        &[
            ("loop", 1, &|| check(plain(&chunks))),
            ("pipeline", 1, &|| by_pipeline(1)),
            ("pipeline", 2, &|| by_pipeline(2)),
            ("turns", 1, &|| by_turns(1)),
            ("turns", 2, &|| by_turns(2)),
            ("stealing", 1, &|| by_stealing(1)),
            ("stealing", 2, &|| by_stealing(2)),
        ],
    )
}

fn plain(chunks: &Chunks) -> Result<Lengths> {
    let mut lengths = Lengths::default();
    for at in 0..chunks.len() {
        lengths.take(&chunks.encode(at)?);
    }
    Ok(lengths)
}

/// The library's: all workers take from one channel.
fn pipeline(chunks: &Arc<Chunks>, threads: usize) -> Result<Lengths> {
    let bounds = Bounds {
        threads,
        budget: Budget::new(BUDGET_BYTES),
        cancel: Cancel::new(),
    };
    let encoding = Arc::clone(chunks);
    let work = move |at: usize| encoding.encode(at);
    let take = |lengths: &mut Lengths, chunk: EncodedChunk| {
        lengths.take(&chunk);
        Ok(())
    };
    let mut pipeline = Pipeline::new(bounds, work, Lengths::default(), take)?;
    for (at, batch) in chunks.batches.iter().enumerate() {
        pipeline.push(at, batch.memory_bytes())?;
    }
    pipeline.finish()
}

/// Each worker has a channel of its own and gets every `threads`-th chunk.
fn turns(chunks: &Chunks, threads: usize) -> Result<Lengths> {
    thread::scope(|scope| {
        let outputs: Vec<Receiver<Result<EncodedChunk>>> = (0..threads)
            .map(|worker| {
                let (sender, receiver) = bounded(IN_FLIGHT);
                scope.spawn(move || {
                    for at in (worker..chunks.len()).step_by(threads) {
                        if sender.send(chunks.encode(at)).is_err() {
                            return;
                        }
                    }
                });
                receiver
            })
            .collect();
        let mut lengths = Lengths::default();
        for output in outputs.iter().cycle().take(chunks.len()) {
            lengths.take(&output.recv().map_err(Error::worker_panicked)??);
        }
        Ok(lengths)
    })
}

/// A chunk's number and where its answer goes.
type Job = (usize, Sender<Result<EncodedChunk>>);

/// Each worker has a deque of its own, which it fills from a common one, and steals from the others where that is empty.
fn stealing(chunks: &Chunks, threads: usize) -> Result<Lengths> {
    let common = Injector::<Job>::new();
    let own: Vec<Worker<Job>> = (0..threads).map(|_| Worker::new_fifo()).collect();
    let stealers: Vec<Stealer<Job>> = own.iter().map(Worker::stealer).collect();
    // A token for each chunk, so that workers sleep where there is nothing to do.
    let (tokens, waiting) = bounded::<()>(IN_FLIGHT * (threads + 1));
    let (common, stealers) = (&common, &stealers);
    thread::scope(|scope| {
        for own in own {
            let waiting = waiting.clone();
            scope.spawn(move || {
                for () in &waiting {
                    let (at, answer) = find(&own, common, stealers);
                    // Nobody listens once an error has ended it.
                    drop(answer.send(chunks.encode(at)));
                }
            });
        }
        drop(waiting);
        let mut lengths = Lengths::default();
        let mut answers = std::collections::VecDeque::new();
        let mut next = 0;
        while next < chunks.len() || !answers.is_empty() {
            while next < chunks.len() && answers.len() < IN_FLIGHT * (threads + 1) {
                let (answer, receiver) = bounded(1);
                common.push((next, answer));
                answers.push_back(receiver);
                next += 1;
                // Somebody waits for tokens for as long as there are chunks.
                _ = tokens.send(());
            }
            let oldest: Option<Receiver<Result<EncodedChunk>>> = answers.pop_front();
            if let Some(oldest) = oldest {
                lengths.take(&oldest.recv().map_err(Error::worker_panicked)??);
            }
        }
        drop(tokens);
        Ok(lengths)
    })
}

/// A job that is surely there: who looks for it has its token.
fn find(own: &Worker<Job>, common: &Injector<Job>, stealers: &[Stealer<Job>]) -> Job {
    loop {
        let found = own.pop().map(Steal::Success).unwrap_or_else(|| {
            common
                .steal_batch_and_pop(own)
                .or_else(|| stealers.iter().map(Stealer::steal).collect())
        });
        if let Steal::Success(job) = found {
            return job;
        }
        thread::yield_now();
    }
}
