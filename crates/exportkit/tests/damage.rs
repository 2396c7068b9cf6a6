//! R1 and R2 of the reliability scoreboard on small files: one for each codec and encoding, cut at every byte and with every
//! bit flipped. The short version of `cargo xtask chaos`, with overflow checks. Prints its table, past the test harness, which
//! would keep it to itself.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "it is a test")]

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use export_compress::{Compression, Decoder, Encoder, Encoding, Fixed, Options};
use export_container::{Container, FileOptions, MemoryStorage, Writer};
use export_core::marrow::array::{Array, BytesArray, PrimitiveArray};
use export_core::marrow::datatypes::{DataType, Field};
use export_core::{
    Batch, Cancel, ChunkDecoder, ChunkEncoder, Codec, FileId, Limits, Progress, Schema, Storage,
};
use exportkit::{Depth, verify_storage};

/// `println!` that the harness does not capture.
macro_rules! say {
    ($($words:tt)*) => { writeln!(std::io::stdout(), $($words)*).unwrap() };
}

/// Rows of each chunk.
const ROWS: usize = 48;
const CHUNKS: usize = 3;

#[derive(Debug, Default, Clone, Copy)]
struct Score {
    cases: usize,
    detected: usize,
    harmless: usize,
    silent: usize,
    panics: usize,
    /// Cases in which more than one chunk was not returned, or one that the damage does not touch.
    spread: usize,
}

struct Sample {
    name: String,
    bytes: Vec<u8>,
    batches: Vec<Batch>,
    /// First byte and end of each chunk's frame.
    frames: Vec<(u64, u64)>,
}

fn batch(chunk: usize) -> Batch {
    let first = chunk * ROWS;
    let time = (first..first + ROWS).map(|row| 1_700_000_000_000 + (row * row % 977) as u64 * 50);
    let level = (first..first + ROWS).map(|row| (row % 7) as f64 / 4.0);
    let names = ["heap", "stack", "", "mapped file"];
    let mut text = BytesArray {
        validity: None,
        offsets: vec![0],
        data: Vec::new(),
    };
    let mut validity = vec![0_u8; ROWS.div_ceil(8)];
    for row in 0..ROWS {
        if row % 5 != 2 {
            validity[row / 8] |= 1 << (row % 8);
            text.data
                .extend_from_slice(names[(row * 7 + chunk) % 4].as_bytes());
        }
        text.offsets.push(i32::try_from(text.data.len()).unwrap());
    }
    text.validity = Some(validity);
    let field = |name: &str, data_type, nullable| Field {
        name: name.into(),
        data_type,
        nullable,
        ..Field::default()
    };
    let schema = Schema::new(vec![
        field("time", DataType::UInt64, false),
        field("level", DataType::Float64, false),
        field("kind", DataType::Utf8, true),
    ]);
    let columns = vec![
        Array::UInt64(PrimitiveArray {
            validity: None,
            values: time.collect(),
        }),
        Array::Float64(PrimitiveArray {
            validity: None,
            values: level.collect(),
        }),
        Array::Utf8(text),
    ];
    Batch::new(Arc::new(schema.unwrap()), ROWS, columns).unwrap()
}

fn sample(name: String, fixed: Fixed) -> Sample {
    let encoder = Encoder::new(Options {
        fixed,
        ..Options::default()
    })
    .unwrap();
    let file = FileOptions {
        file: FileId([7; 16]),
        created_ns: 1,
    };
    let mut writer = Writer::new(Vec::new(), &file).unwrap();
    let batches: Vec<_> = (0..CHUNKS).map(batch).collect();
    let stream = writer.add_stream("events", batches[0].schema()).unwrap();
    for batch in &batches {
        writer
            .chunk(stream, &encoder.encode(batch).unwrap())
            .unwrap();
    }
    writer.finish().unwrap();
    let bytes = writer.into_inner();
    let container = Container::open(storage(&bytes), Limits::default()).unwrap();
    let frames = container
        .chunks()
        .into_iter()
        .map(|c| (c.offset, c.offset + 64 + c.payload_bytes));
    Sample {
        name,
        frames: frames.collect(),
        batches,
        bytes,
    }
}

fn samples() -> Vec<Sample> {
    let codecs = Compression::ALL
        .into_iter()
        .filter(|codec| codec.is_available());
    let mut samples = Vec::new();
    for codec in codecs {
        for encoding in Encoding::ALL
            .into_iter()
            .filter(|encoding| encoding.is_available())
        {
            let fixed = Fixed {
                encoding: Some(encoding),
                codec: Some(codec),
                dictionary: Some(false),
            };
            samples.push(sample(
                format!("{} + {}", encoding.name(), codec.name()),
                fixed,
            ));
        }
        let fixed = Fixed {
            encoding: None,
            codec: Some(codec),
            dictionary: Some(true),
        };
        samples.push(sample(format!("dictionary + {}", codec.name()), fixed));
    }
    samples
}

fn storage(bytes: &[u8]) -> Arc<dyn Storage> {
    Arc::new(MemoryStorage::new(bytes.to_vec()))
}

/// Which of the sample's chunks come back as they were written; an error where anything else comes back.
fn returned(sample: &Sample, storage: Arc<dyn Storage>) -> Result<[bool; CHUNKS], String> {
    let limits = Limits::default();
    let mut back = [false; CHUNKS];
    let Ok(container) = Container::open(storage, &limits) else {
        return Ok(back);
    };
    for stream in container.streams() {
        for chunk in &stream.chunks {
            let Ok(schema) = stream.schema_of(chunk) else {
                continue;
            };
            let Ok(encoded) = container.read_chunk(chunk, None) else {
                continue;
            };
            let Ok(batch) = Decoder::new().decode(schema, &encoded, &limits) else {
                continue;
            };
            let at = usize::try_from(chunk.first_row).unwrap() / ROWS;
            let same = sample.batches.get(at).is_some_and(|original| {
                stream.name == "events"
                    && original.schema().fields == schema.fields
                    && original.same_rows(&batch)
            });
            if !same || back[at] {
                return Err(format!("chunk {at} comes back otherwise, or twice"));
            }
            back[at] = true;
        }
    }
    Ok(back)
}

/// Whether looking at every byte finds anything wrong.
fn is_detected(storage: Arc<dyn Storage>) -> bool {
    let (limits, progress, cancel) = (Limits::default(), Progress::new(), Cancel::new());
    match verify_storage(storage, Depth::Checksums, &limits, &progress, &cancel) {
        Ok(found) => !found.findings.is_empty(),
        Err(_) => true,
    }
}

fn judge(sample: &Sample, bytes: &[u8], expected: [bool; CHUNKS], score: &mut Score) {
    score.cases += 1;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        (
            is_detected(storage(bytes)),
            returned(sample, storage(bytes)),
        )
    }));
    match outcome {
        Err(_) => score.panics += 1,
        Ok((_, Err(_))) => score.silent += 1,
        Ok((detected, Ok(back))) => {
            let all = back == [true; CHUNKS];
            match (detected, all) {
                (true, _) => score.detected += 1,
                (false, true) => score.harmless += 1,
                (false, false) => score.silent += 1,
            }
            let missing = expected
                .iter()
                .zip(&back)
                .any(|(&expected, &back)| expected && !back);
            score.spread += usize::from(missing);
        }
    }
}

/// R2: every bit flipped. Only the chunk whose frame the bit is in may be missing.
fn flips(sample: &Sample) -> Score {
    let mut score = Score::default();
    let mut bytes = sample.bytes.clone();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let at = (bit / 8) as u64;
        let untouched = |at_chunk: usize| {
            let (start, end) = sample.frames[at_chunk];
            at < start || at >= end
        };
        judge(sample, &bytes, std::array::from_fn(untouched), &mut score);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    score
}

/// R1: cut at every byte. Every chunk whose frame is whole must be there.
fn cuts(sample: &Sample) -> Score {
    let mut score = Score::default();
    for length in 0..sample.bytes.len() {
        let whole = |chunk: usize| sample.frames[chunk].1 <= length as u64;
        judge(
            sample,
            &sample.bytes[..length],
            std::array::from_fn(whole),
            &mut score,
        );
    }
    score
}

#[test]
fn no_cut_and_no_flip_is_silent() {
    let samples = samples();
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut scores = thread::scope(|scope| {
        let work = || {
            let mut scores = Vec::new();
            while let Some(sample) = samples.get(next.fetch_add(1, Ordering::Relaxed)) {
                scores.push((
                    sample.name.clone(),
                    sample.bytes.len(),
                    cuts(sample),
                    flips(sample),
                ));
            }
            scores
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect::<Vec<_>>()
    });
    scores.sort_by(|a, b| a.0.cmp(&b.0));
    say!(
        "{:28} {:>6}  {:>6} {:>6} {:>6} {:>6}  {:>7} {:>8} {:>8} {:>6} {:>6} {:>6}",
        "file",
        "bytes",
        "cuts",
        "lost",
        "silent",
        "panics",
        "flips",
        "detected",
        "harmless",
        "silent",
        "panics",
        "spread"
    );
    let mut total = Score::default();
    for (name, bytes, cut, flip) in &scores {
        say!(
            "{name:28} {bytes:6}  {:6} {:6} {:6} {:6}  {:7} {:8} {:8} {:6} {:6} {:6}",
            cut.cases,
            cut.spread,
            cut.silent,
            cut.panics,
            flip.cases,
            flip.detected,
            flip.harmless,
            flip.silent,
            flip.panics,
            flip.spread
        );
        for score in [cut, flip] {
            total.cases += score.cases;
            total.detected += score.detected;
            total.harmless += score.harmless;
            total.silent += score.silent;
            total.panics += score.panics;
            total.spread += score.spread;
        }
    }
    say!("in all: {total:?}");
    if let Some(peak) = export_stats::peak_memory_bytes() {
        say!("peak memory {:.1} MB", peak as f64 / 1e6);
    }
    assert_eq!((total.silent, total.panics, total.spread), (0, 0, 0));
}
