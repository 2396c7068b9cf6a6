//! Chunks that lie: directories and bytes of every type, damaged in thousands of ways, with allocations counted.

#![allow(
    clippy::cast_possible_truncation,
    reason = "random numbers, cut on purpose"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::{batch, columns};
use export_compress::{Compression, Decoder, Encoder, Encoding, Fixed, Options};
use export_core::marrow::array::{Array, ListArray, NullArray};
use export_core::marrow::datatypes::{DataType, Field, FieldMeta};
use export_core::{
    Batch, ChunkDecoder, ChunkEncoder, CodecId, EncodedChunk, EncodingId, ErrorKind, Limits, Role,
    Schema, array,
};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// The counters are the process's: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

#[expect(unsafe_code, reason = "counting allocations takes an allocator")]
// SAFETY: every call is handed to the system's allocator unchanged; only sizes are noted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller's promise is the one asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is the one asked for.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that a call held at most, above what was there before.
fn peak_of<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = call();
    (result, PEAK.load(Ordering::Relaxed).saturating_sub(before))
}

/// A small generator, so that failures repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) ^ self.0.rotate_left(13)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn number(&mut self) -> u64 {
        match self.below(6) {
            0 => 0,
            1 => u64::MAX,
            2 => 1 << self.below(64),
            3 => self.next() % 300,
            4 => 16 << 20,
            _ => self.next(),
        }
    }
}

fn damage(chunk: &mut EncodedChunk, random: &mut Random) {
    let blocks = &mut chunk.directory.columns[0].blocks;
    let count = blocks.len();
    if count > 0 {
        let block = &mut blocks[random.below(count)];
        match random.below(12) {
            0 => block.values = random.number(),
            1 => block.encoded_bytes = random.number(),
            2 => block.stored_bytes = random.number(),
            3 => block.offset = random.number(),
            4 => block.encoding = EncodingId(random.below(18) as u16),
            5 => block.codec = CodecId(random.below(6) as u16),
            6 => block.node = random.below(6) as u16,
            7 => block.role = Role::from_number(random.below(7) as u8).unwrap(),
            8 => {
                let length = random.below(20);
                block.parameters = (0..length).map(|_| random.next() as u8).collect();
            }
            9 => {
                let at = random.below(block.parameters.len());
                if let Some(byte) = block.parameters.get_mut(at) {
                    *byte = random.next() as u8;
                }
            }
            10 => {
                let other = random.below(count);
                blocks.swap(other, 0);
            }
            _ => {
                let lost = random.below(count);
                blocks.remove(lost);
            }
        }
    }
    match random.below(4) {
        0 => chunk.directory.rows = random.number(),
        1 if !chunk.bytes.is_empty() => {
            let at = random.below(chunk.bytes.len());
            chunk.bytes[at] = random.next() as u8;
        }
        2 => {
            let length = random.below(chunk.bytes.len() + 1);
            chunk.bytes.truncate(length);
        }
        _ => {}
    }
}

fn decode(batch: &Batch, chunk: &EncodedChunk, limits: &Limits) -> Option<ErrorKind> {
    let schema = Arc::clone(batch.schema());
    match Decoder::new().decode(&schema, chunk, limits) {
        Err(error) => Some(error.kind()),
        Ok(back) => {
            array::validate(&back.columns()[0], limits).unwrap();
            None
        }
    }
}

#[test]
fn damaged_chunks_are_refused_or_valid_and_cheap() {
    let _alone = ALONE.lock().unwrap();
    let mut limits = Limits::default();
    limits.chunk_decoded_bytes = 1 << 20;
    limits.chunk_rows = 1 << 20;
    let mut random = Random(1);
    let mut worst = 0;
    let mut all = vec![Options::default()];
    for (encoding, codec) in Encoding::ALL
        .into_iter()
        .zip(Compression::ALL.into_iter().cycle())
    {
        for dictionary in [false, true] {
            let (encoding, codec, dictionary) = (Some(encoding), Some(codec), Some(dictionary));
            all.push(Options {
                fixed: Fixed {
                    encoding,
                    codec,
                    dictionary,
                },
                ..Options::default()
            });
        }
    }
    // Contexts that threads keep are not the chunk's.
    for codec in Compression::ALL {
        let options = Options {
            fixed: Fixed {
                codec: Some(codec),
                ..Fixed::default()
            },
            ..Options::default()
        };
        let batch = batch(60, columns(60));
        let chunk = Encoder::new(options).unwrap().encode(&batch).unwrap();
        assert_eq!(decode(&batch, &chunk, &Limits::default()), None);
    }
    for options in all {
        let encoder = Encoder::new(options).unwrap();
        for column in columns(60) {
            let batch = batch(60, vec![column]);
            let chunk = encoder.encode(&batch).unwrap();
            for _ in 0..80 {
                let mut damaged = chunk.clone();
                for _ in 0..=random.below(2) {
                    damage(&mut damaged, &mut random);
                }
                let (kind, peak) = peak_of(|| decode(&batch, &damaged, &limits));
                worst = worst.max(peak);
                assert!(peak < 16 << 20, "{peak} bytes for {damaged:?}");
                assert!(
                    matches!(
                        kind,
                        None | Some(ErrorKind::Corrupt | ErrorKind::Unsupported | ErrorKind::Limit)
                    ),
                    "{kind:?}"
                );
            }
        }
    }
    println!("largest peak: {worst} bytes");
}

#[test]
fn bombs_cost_nothing() {
    let _alone = ALONE.lock().unwrap();
    // 16 Mi rows in no bytes, 1,000 columns: 64 GiB if believed.
    let rows = 16 << 20;
    let values = export_core::marrow::array::PrimitiveArray {
        validity: None,
        values: vec![7u32; 10],
    };
    let one = batch(10, vec![export_core::marrow::array::Array::UInt32(values)]);
    let mut chunk = Encoder::default().encode(&one).unwrap();
    chunk.directory.rows = rows;
    chunk.directory.columns[0].blocks[0].values = rows;
    let column = chunk.directory.columns[0].clone();
    chunk.directory.columns = vec![column; 1000];
    let fields = (0..1000).map(|at| {
        let mut field = one.schema().fields[0].clone();
        field.name = at.to_string();
        field
    });
    let schema = Arc::new(export_core::Schema::new(fields.collect()).unwrap());
    let mut limits = Limits::default();
    limits.chunk_decoded_bytes = 8 << 20;
    let (result, peak) = peak_of(|| Decoder::new().decode(&schema, &chunk, &limits));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Limit);
    assert!(peak < 1 << 20, "{peak}");
}

#[test]
fn unknown_ids_are_named() {
    let values = export_core::marrow::array::PrimitiveArray {
        validity: None,
        values: vec![7u32; 10],
    };
    let one = batch(10, vec![export_core::marrow::array::Array::UInt32(values)]);
    let chunk = Encoder::default().encode(&one).unwrap();
    let mut unknown = chunk.clone();
    unknown.directory.columns[0].blocks[0].encoding = EncodingId(0x8123);
    let error = Decoder::new()
        .decode(one.schema(), &unknown, &Limits::default())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("33059"), "{error}");
    assert_eq!(error.position().column.as_deref(), Some("c0"));
    assert_eq!(error.position().block, Some(0));
    let mut unknown = chunk;
    unknown.directory.columns[0].blocks[0].codec = CodecId(99);
    let error = Decoder::new()
        .decode(one.schema(), &unknown, &Limits::default())
        .unwrap_err();
    assert!(error.kind() == ErrorKind::Unsupported && error.to_string().contains("codec 99"));
}

#[test]
fn elements_without_bytes_are_counted() {
    let _alone = ALONE.lock().unwrap();
    // One list of a thousand million nulls, which take no block: only their number is stored.
    let element = Field {
        name: "element".into(),
        data_type: DataType::Null,
        nullable: true,
        ..Field::default()
    };
    let field = Field {
        name: "list".into(),
        data_type: DataType::List(Box::new(element.clone())),
        ..Field::default()
    };
    let list = Array::List(ListArray {
        validity: None,
        offsets: vec![0, 2],
        meta: FieldMeta {
            name: element.name.clone(),
            nullable: true,
            metadata: Default::default(),
        },
        elements: Box::new(Array::Null(NullArray { len: 2 })),
    });
    let schema = Arc::new(Schema::new(vec![field]).unwrap());
    let batch = Batch::new(Arc::clone(&schema), 1, vec![list]).unwrap();
    let mut chunk = Encoder::new(Options::default())
        .unwrap()
        .encode(&batch)
        .unwrap();
    let lengths = &mut chunk.directory.columns[0].blocks[0];
    assert_eq!(lengths.encoding, Encoding::Constant.id());
    lengths.parameters = (1_u32 << 30).to_le_bytes().to_vec();
    let error = Decoder::new()
        .decode(&schema, &chunk, &Limits::default())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
}
