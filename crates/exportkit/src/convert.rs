//! Any format to any format.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use export_compress::{Fixed, NamedColumns, Options as EncodeOptions};
use export_core::{
    Error, ExportMetadata, FileId, Format, Note, Progress, Protection, Result, Sink, Source,
    StreamBatch, WriteOptions,
};

use crate::input::{OpenOptions, Opened, Place, open_source};
use crate::output::{Counted, Exit, Output};
use crate::pressure::Watch;
use crate::repair::Parity;
use crate::wait::StandardOutput;
use crate::xk::{Xk, XkOptions};
use crate::{clock, formats};

/// How to convert.
#[derive(Debug, Clone, Default)]
pub struct ConvertOptions {
    /// How to read the input. Its cancel flag and progress counters serve the whole conversion.
    pub open: OpenOptions,
    /// Name of the output's format; by the ending of its name where `None`.
    pub to: Option<String>,
    /// Whether an existing output is replaced.
    pub overwrite: bool,
    /// How the chunks of an `.xk` output are encoded. A column that it names must be there, and its encoding apply to the
    /// column's type; for any other format nothing can be fixed.
    pub encode: EncodeOptions,
    /// Threads that encode besides the one that reads, and threads that decode, that one among them, unless
    /// [`ReadOptions::threads`](export_core::ReadOptions::threads) says otherwise; one a core where `None`. The bytes are the
    /// same for any number.
    pub threads: Option<usize>,
    /// Bytes of memory that the process may have in all; as many as the system lets it where `None`: its control group, the
    /// limit of its address space, what the machine has left. Where that is little, fewer threads work and then chunks are
    /// smaller, and a note says so.
    pub memory_bytes: Option<u64>,
    /// Options of the output's format, such as `csv.delimiter`.
    pub extra: BTreeMap<String, String>,
    /// How an `.xk` output is encrypted and sealed. No other format can be.
    pub protection: Protection,
    /// File id of an `.xk` output; random where `None`.
    pub file_id: Option<FileId>,
    /// Time of creation to record, in ns since 1970 UTC; now where `None`.
    pub created_ns: Option<i64>,
    /// Parity of an `.xk` output: the share of its bytes that can be damaged, and be restored by [`repair`](crate::repair()).
    /// None where `None`; for any other format there is none.
    pub parity: Option<Parity>,
}

impl ConvertOptions {
    /// How to read, threads included.
    fn reading(&self) -> OpenOptions {
        let mut open = self.open.clone();
        let threads = open.read.threads.or(self.threads);
        // Who asks for a batch decodes, too.
        let others = threads.unwrap_or_else(default_threads).saturating_sub(1);
        let means = Watch::new(others, self.memory_bytes).means();
        open.read.threads = Some(means.threads + 1);
        open.read.batch_bytes = open.read.batch_bytes.min(means.chunk_bytes());
        open
    }
}

/// What a conversion did. `Display` is the one line the command line tool ends with.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// Rows written.
    pub rows: u64,
    /// Streams written.
    pub streams: usize,
    /// Bytes read, as stored.
    pub bytes_in: u64,
    /// Bytes written, as stored.
    pub bytes_out: u64,
    /// Wall-clock time.
    pub elapsed: Duration,
    /// Most memory the process has held, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// Name of the input's format.
    pub from: &'static str,
    /// Name of the output's format.
    pub to: &'static str,
    /// What was done otherwise than one might expect.
    pub notes: Vec<Note>,
}

impl Conversion {
    /// Whether values were lost, each loss being one of the notes.
    #[must_use]
    pub fn has_loss(&self) -> bool {
        self.notes.iter().any(|note| note.loss)
    }
}

/// Converts `input` to `output`, each in any format. An output file appears whole or not at all.
///
/// ```
/// use exportkit::{ConvertOptions, Place, convert};
///
/// # let dir = tempfile::tempdir()?;
/// # let input = dir.path().join("points.csv");
/// # let output = dir.path().join("points.xk");
/// std::fs::write(&input, "x,y\n1,2.5\n3,4.5\n")?;
/// let done = convert(&Place::from(&*input), &Place::from(&*output), &ConvertOptions::default())?;
/// assert_eq!((done.rows, done.from, done.to), (2, "csv", "xk"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn convert(input: &Place, output: &Place, options: &ConvertOptions) -> Result<Conversion> {
    let start = Instant::now();
    refuse_same_file(input, output)?;
    let target = Target::create(output, options)?;
    let Opened {
        mut source,
        format,
        size_bytes,
        ..
    } = open_source(input, &options.reading())?;
    let name = input.to_string();
    let origin = Origin {
        file_name: file_name(input),
        // Files with one stream, whose columns the first rows show.
        has_all_columns: matches!(format, "csv" | "tsv" | "parquet"),
    };
    let done = target.fill(&mut *source, origin, options, &|error| error.in_file(&name))?;
    Ok(Conversion {
        from: format,
        bytes_in: size_bytes.unwrap_or(done.bytes_in),
        elapsed: start.elapsed(),
        ..done
    })
}

/// Writes all batches of `source` to `output`, in any format. An output file appears whole or not at all.
///
/// `options.open` serves for its cancel flag and progress counters only.
pub fn export(
    source: &mut dyn Source,
    output: &Place,
    options: &ConvertOptions,
) -> Result<Conversion> {
    let start = Instant::now();
    let target = Target::create(output, options)?;
    let done = target.fill(source, Origin::default(), options, &|error| error)?;
    Ok(Conversion {
        elapsed: start.elapsed(),
        ..done
    })
}

/// Writes an `.xk` container to anything that takes bytes: memory, a pipe, a socket. Nothing is published or made durable.
///
/// Of the options those of an `.xk` output count. With 0 threads everything is done on the caller's.
///
/// ```
/// let mut sink = exportkit::container_sink(Box::new(std::io::sink()), &Default::default())?;
/// let batch = exportkit::Batch::empty(Default::default())?;
/// sink.write(exportkit::StreamBatch { stream: "nothing".into(), batch })?;
/// assert_eq!(sink.finish(&Default::default())?.rows, 0);
/// # Ok::<(), exportkit::Error>(())
/// ```
pub fn container_sink(
    output: Box<dyn Write + Send>,
    options: &ConvertOptions,
) -> Result<Box<dyn Sink>> {
    make_sink(&Xk, output, "output", options)
}

/// What is known of where rows come from.
#[derive(Debug, Default)]
struct Origin {
    /// The name of the file alone.
    file_name: Option<String>,
    /// Whether the first batch shows all columns that there will be.
    has_all_columns: bool,
}

/// An output that nothing was written to so far.
struct Target<'a> {
    place: &'a Place,
    format: &'static dyn Format,
    /// The file to publish, where it is one.
    file: Option<Output>,
    /// The ends of the way out, from which the last bytes are taken once the format's sink is done.
    exit: Exit,
}

impl<'a> Target<'a> {
    fn create(place: &'a Place, options: &ConvertOptions) -> Result<Self> {
        let format = output_format(place, options)?;
        refuse_fixed(format, &options.encode)?;
        refuse_protected(format, &options.protection)?;
        refuse_parity(format, options.parity)?;
        let (file, writer): (_, Box<dyn Write + Send>) = match place {
            Place::Standard => {
                let output = StandardOutput::new(&options.open.read.cancel);
                // What sinks write in small pieces does not go through the standard library's line by line.
                (None, Box::new(BufWriter::with_capacity(64 << 10, output)))
            }
            Place::Path(path) => {
                let file = Output::create(path, options.overwrite)?;
                let writer = file.writer()?;
                (Some(file), writer)
            }
        };
        let progress = options.open.read.progress.clone();
        let exit = Exit::new(
            place,
            Counted {
                inner: writer,
                progress,
            },
        )?;
        Ok(Self {
            place,
            format,
            file,
            exit,
        })
    }

    fn fill(
        self,
        source: &mut dyn Source,
        origin: Origin,
        options: &ConvertOptions,
        in_input: &dyn Fn(Error) -> Error,
    ) -> Result<Conversion> {
        let (cancel, progress) = (&options.open.read.cancel, &options.open.read.progress);
        let name = self.place.to_string();
        let in_output = |error: Error| error.in_file(&name);
        let mut notes = Vec::new();
        let mut sink =
            make_sink(self.format, self.exit.writer(), &name, options).map_err(in_output)?;
        let mut settled;
        let source = if source.may_widen() && !sink.accepts_widening() {
            settled = settle(source, self.place, options, &mut notes, in_input)?;
            &mut *settled
        } else {
            source
        };
        let mut streams = BTreeSet::<Arc<str>>::new();
        let mut named = NamedColumns::new(&options.encode);
        while let Some(batch) = source.next_batch().map_err(in_input)? {
            cancel.check()?;
            refuse_no_columns(self.format, &batch).map_err(in_output)?;
            progress.add_rows(batch.batch.rows() as u64);
            if !named.is_empty() {
                named.see(batch.batch.schema());
                if origin.has_all_columns {
                    named.check_names().map_err(in_input)?;
                }
            }
            if !streams.contains(&batch.stream) {
                streams.insert(Arc::clone(&batch.stream));
            }
            sink.write(batch).map_err(in_output)?;
        }
        named.check().map_err(in_input)?;
        notes.extend(source.notes());
        let metadata = export_metadata(origin.file_name, options, source.metadata());
        let summary = sink.finish(&metadata).map_err(in_output)?;
        notes.extend(summary.notes);
        self.exit.finish().map_err(in_output)?;
        cancel.check()?;
        if let Some(file) = self.file {
            file.publish()?;
        }
        Ok(Conversion {
            rows: summary.rows,
            streams: streams.len(),
            bytes_in: progress.bytes_in(),
            bytes_out: progress.bytes_out(),
            elapsed: Duration::ZERO,
            peak_memory_bytes: export_stats::peak_memory_bytes(),
            from: "rows",
            to: self.format.name(),
            notes,
        })
    }
}

pub(crate) fn refuse_same_file(input: &Place, output: &Place) -> Result<()> {
    let (Place::Path(from), Place::Path(to)) = (input, output) else {
        return Ok(());
    };
    let (Ok(from), Ok(resolved)) = (from.canonicalize(), to.canonicalize()) else {
        return Ok(());
    };
    if from == resolved && from.is_file() {
        return Err(Error::usage("the input and the output are the same file")
            .in_file(to.display().to_string())
            .with_hint("give the output another name"));
    }
    Ok(())
}

/// Fails where encodings or codecs are fixed for a format that has none of ours.
fn refuse_fixed(format: &dyn Format, encode: &EncodeOptions) -> Result<()> {
    let is_free = encode.fixed == Fixed::default() && encode.columns.is_empty();
    if is_free || format.name() == Xk.name() {
        return Ok(());
    }
    let text = format!("encodings and codecs cannot be fixed for {}", format.name());
    Err(Error::usage(text).with_hint("they are choices of .xk files: leave them out"))
}

/// Fails where protection is asked of a format that has none.
fn refuse_protected(format: &dyn Format, protection: &Protection) -> Result<()> {
    if protection.is_none() || format.name() == Xk.name() {
        return Ok(());
    }
    let text = format!("{} can be neither encrypted nor sealed", format.name());
    Err(Error::usage(text).with_hint("only .xk files can: leave the key out, or convert to xk"))
}

/// Fails where parity is asked of a format that has none, or of a build that makes none.
fn refuse_parity(format: &dyn Format, parity: Option<Parity>) -> Result<()> {
    if parity.is_none() || (format.name() == Xk.name() && cfg!(feature = "parity")) {
        return Ok(());
    }
    if format.name() == Xk.name() {
        return Err(Error::unsupported(
            "this build of exportkit writes no parity",
        ));
    }
    let text = format!("{} has no parity", format.name());
    Err(Error::usage(text).with_hint("parity is of .xk files: leave it out"))
}

/// Fails where rows without a single column would leave no trace: only rows of JSON, and our own format, can be empty.
fn refuse_no_columns(format: &dyn Format, item: &StreamBatch) -> Result<()> {
    let held = matches!(format.name(), "xk" | "ndjson");
    if held || item.batch.rows() == 0 || !item.batch.columns().is_empty() {
        return Ok(());
    }
    let text = format!("{} cannot hold rows without columns", format.name());
    Err(Error::unsupported(text)
        .in_stream(&*item.stream)
        .with_hint("convert to xk or ndjson, or leave the stream out"))
}

/// The format to write, by option or by the name's ending, seen through `.gz` and the like.
fn output_format(output: &Place, options: &ConvertOptions) -> Result<&'static dyn Format> {
    if let Some(name) = &options.to {
        return formats::named(name);
    }
    let known = match output {
        Place::Standard => None,
        Place::Path(path) => formats::by_name(path),
    };
    known.ok_or_else(|| {
        let names: Vec<_> = formats::all().iter().map(|format| format.name()).collect();
        Error::usage("cannot tell the output's format from its name")
            .in_file(output.to_string())
            .with_hint(format!(
                "name it with --to; formats are {}",
                names.join(", ")
            ))
    })
}

fn make_sink(
    format: &'static dyn Format,
    writer: Box<dyn Write + Send>,
    name: &str,
    options: &ConvertOptions,
) -> Result<Box<dyn Sink>> {
    let write = WriteOptions {
        name: name.to_owned(),
        threads: options.threads.unwrap_or_else(default_threads),
        cancel: options.open.read.cancel.clone(),
        extra: options.extra.clone(),
    };
    if format.name() == Xk.name() {
        let xk = XkOptions {
            encode: options.encode.clone(),
            file_id: options.file_id,
            created_ns: options.created_ns,
            protection: options.protection.clone(),
            memory_bytes: options.memory_bytes,
            parity: options.parity,
        };
        return xk.create(writer, &write);
    }
    format.create(writer, &write)
}

/// Threads worth starting besides the caller's: one a core.
pub(crate) fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Reads a source whose schema may still widen to its end, into a container without a name, and gives that back as a
/// source whose schema is final.
fn settle(
    source: &mut dyn Source,
    output: &Place,
    options: &ConvertOptions,
    notes: &mut Vec<Note>,
    in_input: &dyn Fn(Error) -> Error,
) -> Result<Box<dyn Source>> {
    let directory = match output {
        Place::Path(path) if path.is_file() || !path.exists() => {
            crate::output::directory_of(path).to_owned()
        }
        _ => std::env::temp_dir(),
    };
    let in_file = |error: Error| error.in_file(format!("{} (temporary)", directory.display()));
    let file = tempfile::tempfile_in(&directory).map_err(|error| in_file(error.into()))?;
    let write = WriteOptions {
        threads: options.threads.unwrap_or_else(default_threads),
        cancel: options.open.read.cancel.clone(),
        ..WriteOptions::default()
    };
    let xk = XkOptions {
        memory_bytes: options.memory_bytes,
        ..XkOptions::fastest()
    };
    let mut sink = xk.create(Box::new(file.try_clone()?), &write)?;
    while let Some(batch) = source.next_batch().map_err(in_input)? {
        options.open.read.cancel.check()?;
        sink.write(batch).map_err(in_file)?;
    }
    notes.extend(source.notes());
    let metadata = ExportMetadata {
        entries: source.metadata(),
        ..ExportMetadata::default()
    };
    sink.finish(&metadata).map_err(in_file)?;
    // The bytes were counted when they came in.
    let read = export_core::ReadOptions {
        progress: Progress::new(),
        ..options.reading().read
    };
    Xk.open(export_core::Input::File(file), &read)
}

fn export_metadata(
    source: Option<String>,
    options: &ConvertOptions,
    entries: BTreeMap<String, String>,
) -> ExportMetadata {
    ExportMetadata {
        tool: crate::TOOL.to_owned(),
        created_ns: options.created_ns.unwrap_or_else(clock::now_ns),
        source,
        entries,
        ..ExportMetadata::default()
    }
}

/// The name of an input's file alone: where on this machine it lay is nobody's business.
fn file_name(input: &Place) -> Option<String> {
    match input {
        Place::Standard => None,
        Place::Path(path) => path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned()),
    }
}

impl fmt::Display for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        export_stats::RunSummary {
            rows: self.rows,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            elapsed: self.elapsed,
            peak_memory_bytes: self.peak_memory_bytes,
        }
        .fmt(f)
    }
}
