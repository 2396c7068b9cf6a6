//! Inputs to begin with, for every target, out of what the workspace has: goldens, chunks of every encoding and codec, batches
//! of every type in every format, rows.
//!
//! ```sh
//! cargo run -p export-fuzz --example seed
//! ```
//!
//! The same code makes the same inputs. Those that are there stay: what was found by fuzzing is kept beside them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use export_compress::{Compression, Encoder, Encoding, Fixed, Options, Preset};
use export_container::{FileOptions, FrameHeader, Parity, Writer};
use export_core::build::{BatchBuilder, RowBuilder};
use export_core::image::RowImage;
use export_core::marrow::datatypes::{DataType, Field};
use export_core::record::RecordBuilder;
use export_core::{
    Batch, ChunkEncoder, Codec, EncodedChunk, ExportMetadata, FileId, Format, Protection, Schema,
    StreamBatch, WriteOptions, conformance,
};
use export_formats::compressed;
use export_fuzz::Open;
use export_fuzz::plan::{directory_to_bytes, fields_to_bytes};
use export_journal::{Journal, Room};

/// Larger ones are left out.
const INPUT_BYTES: usize = 24 << 10;

fn main() -> Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut corpus = Corpus {
        home: home.join("corpus"),
        added: 0,
        kept: 0,
        bytes: 0,
    };
    containers(&mut corpus, home)?;
    chunks(&mut corpus)?;
    foreign(&mut corpus)?;
    guarded(&mut corpus)?;
    images(&mut corpus)?;
    journals(&mut corpus)?;
    let Corpus {
        added, kept, bytes, ..
    } = corpus;
    println!("seed: {added} added, {kept} were there, {bytes} bytes");
    Ok(())
}

struct Corpus {
    home: PathBuf,
    added: usize,
    kept: usize,
    bytes: usize,
}

impl Corpus {
    fn add(&mut self, target: &str, name: &str, bytes: &[u8]) -> Result<()> {
        if bytes.len() > INPUT_BYTES {
            return Ok(());
        }
        let directory = self.home.join(target);
        fs::create_dir_all(&directory)?;
        let path = directory.join(format!("seed-{name}"));
        self.bytes += bytes.len();
        if path.exists() {
            self.kept += 1;
            return Ok(());
        }
        self.added += 1;
        fs::write(&path, bytes).with_context(|| path.display().to_string())
    }
}

/// Goldens that are small, and what is in them.
fn containers(corpus: &mut Corpus, home: &Path) -> Result<()> {
    let goldens = home.join("../crates/export-container/tests/golden/v1");
    let mut paths = fs::read_dir(&goldens)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    paths.sort();
    for path in paths {
        let bytes = fs::read(&path)?;
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for target in ["scan", "open", "sealed", "verify", "repair"] {
            corpus.add(target, &name, &bytes)?;
        }
        if bytes.len() > INPUT_BYTES {
            continue;
        }
        corpus.add(
            "header",
            &format!("{name}-file"),
            bytes.get(..64).unwrap_or_default(),
        )?;
        for (at, frame) in frames(&bytes).into_iter().enumerate() {
            corpus.add(
                "header",
                &format!("{name}-frame-{at}"),
                frame.get(..64).unwrap_or_default(),
            )?;
            let header = FrameHeader::parse(&frame).context("a golden's frame has a header")?;
            // Streams and metadata.
            if [1, 4].contains(&header.kind) {
                let payload = usize::try_from(header.payload_bytes)?;
                let payload = frame.get(64..).and_then(|rest| rest.get(..payload));
                corpus.add(
                    "schema",
                    &format!("{name}-{at}"),
                    payload.unwrap_or_default(),
                )?;
            }
        }
    }
    types(corpus)
}

/// The frames of a container that is not damaged.
fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut at = 64;
    while let Some(header) = bytes.get(at..).and_then(FrameHeader::parse) {
        let end = at + usize::try_from(header.frame_bytes()).unwrap_or(usize::MAX);
        frames.push(
            bytes
                .get(at..end.min(bytes.len()))
                .unwrap_or_default()
                .to_vec(),
        );
        at = end;
    }
    frames
}

fn file(number: u8) -> FileOptions {
    FileOptions {
        file: FileId([number; 16]),
        created_ns: 0,
    }
}

/// A stream of every type: its schema.
fn types(corpus: &mut Corpus) -> Result<()> {
    let mut writer = Writer::new(Vec::new(), &file(1))?;
    let schema = Schema::new(conformance::fields())?;
    corpus.add(
        "schema",
        "text",
        &export_container::schema_to_text(&schema)?,
    )?;
    writer.add_stream("types", &schema)?;
    for frame in frames(&writer.into_inner()) {
        let header = FrameHeader::parse(&frame).context("a frame has a header")?;
        let payload = frame.get(64..64 + usize::try_from(header.payload_bytes)?);
        corpus.add("schema", "types", payload.unwrap_or_default())?;
    }
    Ok(())
}

/// As much of a batch as makes a small input.
fn few(batch: &Batch) -> Result<Batch> {
    Ok(batch.slice(0, batch.rows().min(40))?)
}

/// A chunk as an input of `decode`, and in a container of its own.
fn chunk(corpus: &mut Corpus, name: &str, schema: &Schema, chunk: &EncodedChunk) -> Result<()> {
    let plan = [
        fields_to_bytes(&schema.fields),
        directory_to_bytes(&chunk.directory),
        chunk.bytes.clone(),
    ];
    corpus.add("decode", name, &plan.concat())?;
    let mut writer = Writer::new(Vec::new(), &file(2))?;
    let stream = writer.add_stream("s", schema)?;
    writer.chunk(stream, chunk)?;
    writer.finish()?;
    corpus.add("sealed", name, &writer.into_inner())
}

/// Containers with parity, and with what keeps them from others.
fn guarded(corpus: &mut Corpus) -> Result<()> {
    let fields = conformance::fields();
    let field = fields.get(1).context("a field")?;
    let batches = conformance::batches_of(std::slice::from_ref(field), 7)?;
    let batch = few(batches.get(4).context("a batch")?)?;
    let encoded = Encoder::new(Options::default())?.encode(&batch)?;
    let write = |mut writer: Writer<Vec<u8>>| -> Result<Vec<u8>> {
        let stream = writer.add_stream("s", batch.schema())?;
        writer.chunk(stream, &encoded)?;
        writer.metadata(&ExportMetadata::default())?;
        writer.chunk(stream, &encoded)?;
        writer.finish()?;
        Ok(writer.into_inner())
    };
    let mut writer = Writer::new(Vec::new(), &file(3))?;
    writer.set_parity(Some(Parity::percent(20)?))?;
    let parity = write(writer)?;
    for target in ["sealed", "verify", "repair"] {
        corpus.add(target, "parity", &parity)?;
    }
    let both = Open::protection();
    let sealed = Protection {
        encrypt: None,
        ..both.clone()
    };
    let encrypted = Protection {
        seal: None,
        ..both.clone()
    };
    for (name, protection) in [("both", both), ("sealed", sealed), ("encrypted", encrypted)] {
        let writer = Writer::protected(Vec::new(), &file(4), &protection)?;
        corpus.add("protected", name, &write(writer)?)?;
    }
    Ok(())
}

/// Every encoding and codec on what it is for, and every type.
fn chunks(corpus: &mut Corpus) -> Result<()> {
    let fields: Vec<Field> = conformance::fields();
    let wanted = [DataType::Int64, DataType::Float64, DataType::Utf8];
    for data_type in wanted {
        let field = fields.iter().find(|field| field.data_type == data_type);
        let field = field.context("a field of that type")?;
        // Values that rise slowly: most encodings apply to those.
        let batches = conformance::batches_of(std::slice::from_ref(field), 7)?;
        let batch = few(batches.get(6).context("a batch of rising values")?)?;
        let encodings = Encoding::ALL.into_iter().map(|encoding| Fixed {
            encoding: Some(encoding),
            codec: Some(Compression::None),
            ..Fixed::default()
        });
        let codecs = Compression::ALL.into_iter().map(|codec| Fixed {
            encoding: Some(Encoding::Plain),
            codec: Some(codec),
            ..Fixed::default()
        });
        for fixed in encodings.chain(codecs) {
            let options = Options {
                fixed,
                ..Options::default()
            };
            let encoded = Encoder::new(options)?.encode(&batch)?;
            let of = |what: &str| format!("{data_type:?}-{what}").to_lowercase();
            let name = match (fixed.encoding, fixed.codec) {
                (Some(encoding), Some(Compression::None)) => of(encoding.name()),
                (_, Some(codec)) => of(codec.name()),
                _ => of("any"),
            };
            chunk(corpus, &name, batch.schema(), &encoded)?;
        }
    }
    let encoder = Encoder::new(Options::new(Preset::MemoryEfficient))?;
    for (at, field) in fields.iter().enumerate() {
        let batches = conformance::batches_of(std::slice::from_ref(field), 3)?;
        let batch = few(batches.get(5).context("a batch of few values")?)?;
        chunk(
            corpus,
            &format!("type-{at}"),
            batch.schema(),
            &encoder.encode(&batch)?,
        )?;
    }
    Ok(())
}

/// Bytes that a sink writes, to be had once it is gone.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .map_err(|_| std::io::Error::other("poisoned"))?
            .write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn take(&self) -> Vec<u8> {
        self.0
            .lock()
            .map(|mut bytes| std::mem::take(&mut *bytes))
            .unwrap_or_default()
    }
}

fn written(
    format: &dyn Format,
    batch: &Batch,
    extra: &[(&str, &str)],
) -> export_core::Result<Vec<u8>> {
    let output = Shared::default();
    let options = WriteOptions {
        extra: extra
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..WriteOptions::default()
    };
    let mut sink = format.create(Box::new(output.clone()), &options)?;
    sink.write(StreamBatch {
        stream: "rows".into(),
        batch: batch.clone(),
    })?;
    sink.finish(&ExportMetadata::default())?;
    Ok(output.take())
}

/// Every type in every format that has it, and text that is told apart with care.
fn foreign(corpus: &mut Corpus) -> Result<()> {
    let formats: [(&str, &dyn Format); 3] = [
        ("csv", &export_formats::csv::Csv),
        ("ndjson", &export_formats::ndjson::Ndjson),
        ("parquet", &export_formats::parquet::Parquet),
    ];
    for (at, field) in conformance::fields().iter().enumerate() {
        let batches = conformance::batches_of(std::slice::from_ref(field), 5)?;
        for (kind, index) in [("few", 5), ("extreme", 8)] {
            let batch = batches.get(index).context("a batch")?;
            let batch = batch.slice(0, batch.rows().min(12))?;
            for (target, format) in formats {
                // Not every format has every type.
                if let Ok(bytes) = written(format, &batch, &[]) {
                    corpus.add(target, &format!("type-{at}-{kind}"), &bytes)?;
                }
            }
        }
    }
    let csv = [
        ("quotes", "a,b\n\"x \"\"y\"\"\",\"1\n2\"\r\n,\n"),
        (
            "numbers",
            "a;b;c\n1;-0.5e3;NaN\n18446744073709551615;1e400;inf\n",
        ),
        (
            "times",
            "t\tu\n2026-11-20T01:02:03.000000004Z\t23:59:60\n1677-09-21\t-00:00\n",
        ),
        ("ragged", "a,b\n1\n1,2,3\n\"\n"),
        ("bom", "\u{feff}a,a\n1,2\n"),
    ];
    for (name, text) in csv {
        corpus.add("csv", name, text.as_bytes())?;
    }
    let ndjson = [
        (
            "mixed",
            "{\"a\":1,\"b\":[1,\"x\",{}]}\n{\"a\":\"x\",\"b\":null}\n\n{\"a\":1e400}\n",
        ),
        (
            "numbers",
            "{\"a\":-9223372036854775809}\n{\"a\":0.1000000000000000055511151231257827}\n",
        ),
        (
            "text",
            "{\"\\ud83d\\ude00\":\"\\u0000\\ud800\"}\n[1]\ntrue\n",
        ),
        (
            "deep",
            "{\"a\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}\n",
        ),
    ];
    for (name, text) in ndjson {
        corpus.add("ndjson", name, text.as_bytes())?;
    }
    let text = "step,voltage\n1,-65.0\n2,-64.9\n".repeat(20);
    for kind in [
        compressed::Compression::Gzip,
        compressed::Compression::Zstd,
        compressed::Compression::Lz4,
        compressed::Compression::Brotli,
    ] {
        let output = Shared::default();
        let mut writer = compressed::Compressor::new(kind, output.clone())?;
        writer.write_all(text.as_bytes())?;
        writer.finish()?;
        corpus.add("compressed", kind.name(), &output.take())?;
    }
    Ok(())
}

/// The images of all rows that `push` pushes, one at a time.
fn imaged<B: BatchBuilder>(
    mut rows: B,
    push: impl Fn(&mut B, usize) -> export_core::Result<bool>,
) -> Result<(Arc<Schema>, Vec<u8>)> {
    let mut all = Vec::new();
    let mut at = 0;
    while push(&mut rows, at)? {
        let mut space = vec![0; 4_096];
        let mut image = RowImage::new(&mut space);
        rows.image_last(&mut image);
        let written = image.written().context("a small row")?;
        all.extend(space.get(..written).unwrap_or_default());
        at += 1;
    }
    Ok((rows.image_schema()?, all))
}

fn images(corpus: &mut Corpus) -> Result<()> {
    type Numbers = (
        bool,
        i8,
        u16,
        i32,
        u64,
        f32,
        f64,
        i128,
        Option<u8>,
        Option<bool>,
    );
    type Nested = (
        String,
        Option<String>,
        Vec<Option<u16>>,
        Option<Vec<(u8, String)>>,
        std::collections::BTreeMap<String, Option<i64>>,
        (Option<(u8, Option<u8>)>, std::time::Duration),
    );
    let numbers: [Numbers; 2] = [
        (true, -1, 2, -3, 4, 0.5, -0.0, 1 << 100, None, Some(true)),
        (
            false,
            1,
            0,
            i32::MIN,
            u64::MAX,
            f32::NAN,
            1e300,
            -1,
            Some(7),
            None,
        ),
    ];
    let nested: [Nested; 2] = [
        (
            "né".into(),
            None,
            vec![Some(1), None],
            None,
            Default::default(),
            (None, Default::default()),
        ),
        (
            String::new(),
            Some("x".into()),
            vec![],
            Some(vec![(1, "a".into()), (2, String::new())]),
            [("k".to_owned(), None), ("l".to_owned(), Some(-1))].into(),
            (Some((1, None)), std::time::Duration::from_nanos(5)),
        ),
    ];
    let push_all = |name: &str, (schema, rows): (Arc<Schema>, Vec<u8>), corpus: &mut Corpus| {
        let plan = [fields_to_bytes(&schema.fields), rows];
        corpus.add("image", name, &plan.concat())
    };
    let rows = imaged(RecordBuilder::<(Numbers,)>::new(), |rows, at| {
        numbers
            .get(at)
            .map_or(Ok(false), |row| rows.push(&(*row,)).map(|()| true))
    })?;
    push_all("numbers", rows, corpus)?;
    let rows = imaged(RecordBuilder::<Nested>::new(), |rows, at| {
        nested
            .get(at)
            .map_or(Ok(false), |row| rows.push(row).map(|()| true))
    })?;
    push_all("nested", rows, corpus)?;
    let rows = imaged(RowBuilder::new(), |rows, at| {
        if at == 3 {
            return Ok(false);
        }
        rows.field("name")?
            .push_name(["on", "off", "on"].get(at).unwrap_or(&""))?;
        rows.field("bytes")?.push_bytes(&[1, 2, 3])?;
        rows.field("digits")?.push_decimal(-12_345, 7, 2)?;
        rows.end_row();
        Ok(true)
    })?;
    push_all("names", rows, corpus)
}

/// A journal with two lanes, one of them with two runs.
fn journals(corpus: &mut Corpus) -> Result<()> {
    let path = std::env::temp_dir().join(format!("exportkit-seed-{}", std::process::id()));
    let made = journal(&path);
    let bytes = fs::read(&path);
    drop(fs::remove_file(&path));
    made?;
    let mut bytes = bytes?;
    anonymous(&mut bytes).context("a journal has a header")?;
    corpus.add("journal", "two-lanes", &bytes)
}

fn journal(path: &Path) -> Result<()> {
    let options = export_journal::Options {
        segment_bytes: 8_192,
        capacity_bytes: 64 << 10,
        ..export_journal::Options::default()
    };
    let journal = Journal::create(path, [7; 16], &options)?;
    let mut lane = journal.lane("queries");
    anyhow::ensure!(lane.begin(b"about", 0)? == Room::Ready, "there is room");
    for row in [&b"\x06SELECT"[..], b"\x06INSERT", b"\x06DELETE"] {
        let space = lane.space().get_mut(..row.len()).context("there is room")?;
        space.copy_from_slice(row);
        lane.commit(row.len())?;
    }
    journal.seal()?;
    let mut other = journal.lane("others");
    anyhow::ensure!(other.begin(b"", 5)? == Room::Ready, "there is room");
    let space = other.space().first_mut().context("there is room")?;
    *space = 1;
    other.commit(1)?;
    // Lanes that end are released; these stay, as after a crash.
    std::mem::forget((lane, other));
    Ok(())
}

/// Without the process and the start of the machine, which differ from run to run.
fn anonymous(bytes: &mut [u8]) -> Option<()> {
    for copy in [0, 2_048] {
        let header: &mut [u8; 64] = bytes.get_mut(copy..)?.first_chunk_mut()?;
        *header.get_mut(12..)?.first_chunk_mut()? = [1, 0, 0, 0];
        *header.get_mut(32..)?.first_chunk_mut()? = [9; 16];
        let (checked, checksum) = header.split_last_chunk_mut::<8>()?;
        *checksum = xxhash_rust::xxh3::xxh3_64(checked).to_le_bytes();
    }
    Some(())
}
