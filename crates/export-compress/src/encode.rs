//! Batches to chunks: columns are flattened to nodes, nodes to blocks.

mod flat_gap;
mod leaf;
mod nulls;
mod readable;
mod strings;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use export_core::marrow::array::{
    Array, DictionaryArray, ListArray, RunEndEncodedArray, UnionArray,
};
use export_core::marrow::datatypes::DataType;
use export_core::{
    Batch, ChunkDirectory, ChunkEncoder, Codec, ColumnDirectory, EncodedChunk, Error, Limits,
    Result, Role, Summary, array, memory,
};
use half::slice::HalfFloatSliceExt;

use crate::bits;
use crate::block::BlockWriter;
use crate::choice::{Choices, ColumnChoices};
use crate::codec::{Codecs, Compression, Fallback};
use crate::defect::wide;
use crate::encoding::Encoding;
use crate::options::{Fixed, Options, Policy};
use crate::summary::summarise;
use crate::word::{Kind, Word};
use strings::lengths_of;

/// Encodes batches by its options.
///
/// ```
/// use std::sync::Arc;
/// use export_compress::{Decoder, Encoder, Options, Preset};
/// use export_core::marrow::array::{Array, PrimitiveArray};
/// use export_core::marrow::datatypes::{DataType, Field};
/// use export_core::{Batch, ChunkDecoder, ChunkEncoder, Limits, Schema};
///
/// let step = Field { name: "step".into(), data_type: DataType::UInt32, ..Field::default() };
/// let schema = Arc::new(Schema::new(vec![step])?);
/// let values = Array::UInt32(PrimitiveArray { validity: None, values: (0..10_000).collect() });
/// let batch = Batch::new(Arc::clone(&schema), 10_000, vec![values])?;
///
/// let chunk = Encoder::new(Options::new(Preset::Balanced))?.encode(&batch)?;
/// assert!(chunk.bytes.len() < 200);
/// assert!(Decoder::new().decode(&schema, &chunk, &Limits::default())?.same_rows(&batch));
/// # Ok::<(), export_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Encoder {
    options: Options,
    codecs: Codecs,
}

impl Encoder {
    /// An encoder. Fails where the options fix something that this build cannot write.
    pub fn new(options: Options) -> Result<Self> {
        options.check()?;
        Ok(Self {
            options,
            codecs: Codecs::default(),
        })
    }

    /// Has `codec` compress what the codec of its number was chosen for. Its bytes must be what that one reads.
    ///
    /// Where a codec fails (this one, or one of this crate that gets no memory, say), the block has a simpler one, at last
    /// none, and [`Encoder::fallbacks`] says so.
    #[must_use]
    pub fn with_codec(mut self, codec: Arc<dyn Codec>) -> Self {
        self.codecs.replace(codec);
        self
    }

    /// The blocks so far that are not as they were to be, those of clones of this encoder included.
    #[must_use]
    pub fn fallbacks(&self) -> Vec<Fallback> {
        self.codecs.fallbacks()
    }
}

impl ChunkEncoder for Encoder {
    type Choices = Choices;

    fn encode_with(&self, batch: &Batch, known: &Choices) -> Result<(EncodedChunk, Choices)> {
        // What it takes at most, but for what few encodings take beside.
        memory::expect_room(batch.memory_bytes())?;
        let (columns, bytes, chosen) = self.columns(batch, known, None)?;
        let memory = batch.memory_bytes();
        let doubtful = readable::is_doubtful(&DataType::Null, memory, bytes.len());
        let (columns, bytes) =
            match doubtful && !readable::is_readable(batch, 0, &columns, (&bytes, 0))? {
                false => (columns, bytes),
                true => {
                    let (columns, bytes, _) = self.columns(batch, known, Some(PLAIN))?;
                    if !readable::is_readable(batch, 0, &columns, (&bytes, 0))? {
                        return Err(readable::too_large());
                    }
                    (columns, bytes)
                }
            };
        let directory = ChunkDirectory {
            rows: wide(batch.rows()),
            columns,
        };
        Ok((EncodedChunk { directory, bytes }, chosen))
    }
}

/// Values as they are.
const PLAIN: Fixed = Fixed {
    encoding: Some(Encoding::Plain),
    codec: Some(Compression::None),
    dictionary: Some(false),
};

type Columns = (Vec<ColumnDirectory>, Vec<u8>, Choices);

impl Encoder {
    /// All columns, as the options have it or as is `fixed`.
    fn columns(&self, batch: &Batch, known: &Choices, fixed: Option<Fixed>) -> Result<Columns> {
        let mut writer = BlockWriter::new(batch.memory_bytes() / 4, self.codecs.clone());
        let mut columns = Vec::with_capacity(batch.columns().len());
        let mut chosen = Choices::default();
        let fields = batch.schema().fields.iter().zip(batch.columns());
        for (index, (field, column)) in fields.enumerate() {
            let mut policy = self.options.policy(&field.name);
            policy.fixed = fixed.unwrap_or(policy.fixed);
            let known = known.columns.get(index).filter(|_| fixed.is_none());
            writer.begin(&field.name, known, like(batch, index, &chosen));
            let start = writer.end();
            let (mut one, choices) = self.column(&mut writer, batch, index, policy)?;
            let memory = array::memory_bytes(column);
            let stored = writer.end().saturating_sub(start);
            let doubtful = fixed.is_none()
                && readable::is_doubtful(&field.data_type, memory, stored)
                && !readable::is_readable(
                    batch,
                    index,
                    std::slice::from_ref(&one),
                    (writer.bytes(), start),
                )?;
            if doubtful {
                let why = "a reader would take it for a bomb";
                self.codecs
                    .remember(&field.name, "its encoding", "plain values", why.into());
                writer.rewind(start);
                writer.begin(&field.name, None, None);
                policy.fixed = PLAIN;
                (one, _) = self.column(&mut writer, batch, index, policy)?;
            }
            chosen.columns.push(choices);
            columns.push(one);
        }
        Ok((columns, writer.into_bytes(), chosen))
    }

    fn column(
        &self,
        writer: &mut BlockWriter<'_>,
        batch: &Batch,
        index: usize,
        policy: Policy,
    ) -> Result<(ColumnDirectory, ColumnChoices)> {
        let (Some(field), Some(column)) =
            (batch.schema().fields.get(index), batch.columns().get(index))
        else {
            return Err(broken("there is no such column"));
        };
        let mut flattener = Flattener {
            writer,
            policy,
            nodes: 0,
            bounds: None,
        };
        flattener
            .array(column, 0..batch.rows(), 0)
            .map_err(|error| error.in_column(&field.name))?;
        let summary = summarise(column, flattener.bounds.take());
        let (blocks, choices) = writer.take();
        Ok((ColumnDirectory { summary, blocks }, choices))
    }
}

/// Tables with more columns than this mostly have many of a kind: what is best for one is tried first on the next.
const WIDE: usize = 32;

/// What was chosen for the last column before this one of the same type, in wide tables.
fn like<'c>(batch: &Batch, index: usize, chosen: &'c Choices) -> Option<&'c ColumnChoices> {
    let fields = &batch.schema().fields;
    if fields.len() <= WIDE {
        return None;
    }
    let data_type = &fields.get(index)?.data_type;
    let before = fields.iter().zip(&chosen.columns).rev();
    let mut alike =
        before.filter(|(field, choices)| field.data_type == *data_type && !choices.is_empty());
    alike.next().map(|(_, choices)| choices)
}

/// Walks one column's type tree in pre-order.
struct Flattener<'w, 'c> {
    writer: &'w mut BlockWriter<'c>,
    policy: Policy,
    nodes: u32,
    /// Bounds of node 0, where they fell out of its dictionary.
    bounds: Option<Summary>,
}

/// An array that breaks Arrow's rules.
fn broken(what: &str) -> Error {
    Error::data(format!("the array is broken: {what}"))
}

fn part<T>(values: &[T], range: Range<usize>) -> Result<&[T]> {
    values
        .get(range)
        .ok_or_else(|| broken("a buffer is shorter than the array"))
}

impl Flattener<'_, '_> {
    /// Writes slots `range` of `array` as the next node and its children.
    fn array(&mut self, array: &Array, range: Range<usize>, depth: u32) -> Result<()> {
        Limits::check(
            "nesting of an array",
            depth.into(),
            Limits::default().depth.into(),
        )?;
        let node = u16::try_from(self.nodes)
            .map_err(|_| Error::unsupported("a column has more than 65,536 nested types"))?;
        self.nodes += 1;
        macro_rules! numbers {
            ($array:expr, $word:ty, $kind:ident) => {{
                let values = part(&$array.values, range.clone())?;
                let words: &[$word] = bytemuck::cast_slice(values);
                self.numbers(node, &$array.validity, words, Kind::$kind, range)
            }};
        }
        // Structs of numbers are aligned less than a word of their size.
        macro_rules! intervals {
            ($array:expr, $word:ty) => {{
                let words: Vec<$word> =
                    bytemuck::pod_collect_to_vec(part(&$array.values, range.clone())?);
                self.numbers(node, &$array.validity, &words, Kind::Unsigned, range)
            }};
        }
        match array {
            Array::Null(_) => Ok(()),
            Array::Boolean(a) => {
                self.validity(node, &a.validity, range.clone())?;
                let bits = bits::slice(&a.values, range.clone())
                    .ok_or_else(|| broken("a bitmap is shorter than the array"))?;
                self.writer
                    .bits((node, Role::Values), &bits, range.len(), &self.policy)
            }
            Array::Int8(a) => numbers!(a, u8, Signed),
            Array::Int16(a) => numbers!(a, u16, Signed),
            Array::Int32(a) | Array::Date32(a) | Array::YearMonthInterval(a) => {
                numbers!(a, u32, Signed)
            }
            Array::Int64(a) | Array::Date64(a) => numbers!(a, u64, Signed),
            Array::UInt8(a) => numbers!(a, u8, Unsigned),
            Array::UInt16(a) => numbers!(a, u16, Unsigned),
            Array::UInt32(a) => numbers!(a, u32, Unsigned),
            Array::UInt64(a) => numbers!(a, u64, Unsigned),
            Array::Float16(a) => {
                let words: &[u16] = part(&a.values, range.clone())?.reinterpret_cast();
                self.numbers(node, &a.validity, words, Kind::Float, range)
            }
            Array::Float32(a) => numbers!(a, u32, Float),
            Array::Float64(a) => numbers!(a, u64, Float),
            Array::Time32(a) => numbers!(a, u32, Signed),
            Array::Time64(a) | Array::Duration(a) => numbers!(a, u64, Signed),
            Array::Timestamp(a) => numbers!(a, u64, Signed),
            Array::DayTimeInterval(a) => intervals!(a, u64),
            Array::MonthDayNanoInterval(a) => intervals!(a, u128),
            Array::Decimal128(a) => numbers!(a, u128, Signed),
            Array::Utf8(a) | Array::Binary(a) => self.bytes::<u32, _>(node, a, range),
            Array::LargeUtf8(a) | Array::LargeBinary(a) => self.bytes::<u64, _>(node, a, range),
            Array::Utf8View(a) | Array::BinaryView(a) => self.views(node, a, range),
            Array::FixedSizeBinary(a) => self.fixed_binary(node, &a.validity, &a.data, a.n, range),
            Array::Struct(a) => {
                self.validity(node, &a.validity, range.clone())?;
                for (meta, field) in &a.fields {
                    self.child(field, range.clone(), depth)
                        .map_err(|e| e.in_column(&meta.name))?;
                }
                Ok(())
            }
            Array::List(a) => self.list::<u32, _>(node, a, range, depth),
            Array::LargeList(a) => self.list::<u64, _>(node, a, range, depth),
            Array::FixedSizeList(a) => {
                self.validity(node, &a.validity, range.clone())?;
                let n = usize::try_from(a.n).map_err(|_| broken("a list has a negative size"))?;
                let ends = (range.start.checked_mul(n), range.end.checked_mul(n));
                let (Some(start), Some(end)) = ends else {
                    return Err(broken("a list's elements cannot be counted"));
                };
                self.child(&a.elements, start..end, depth)
            }
            Array::Map(a) => {
                self.validity(node, &a.validity, range.clone())?;
                let entries = self.lengths::<u32, _>(node, &a.offsets, range)?;
                self.child(&a.keys, entries.clone(), depth)?;
                self.child(&a.values, entries, depth)
            }
            Array::Dictionary(a) => self.dictionary(node, a, range, depth),
            Array::RunEndEncoded(a) => self.runs(node, a, range, depth),
            Array::Union(a) => self.union(node, a, range, depth),
            _ => Err(Error::unsupported("this type of array has no encoding yet")),
        }
    }

    fn child(&mut self, array: &Array, range: Range<usize>, depth: u32) -> Result<()> {
        if range.end > array::len(array) {
            return Err(broken("a child has fewer slots than its parent needs"));
        }
        self.array(array, range, depth + 1)
    }

    /// Writes which slots have a value, unless all have.
    fn validity<'v>(
        &mut self,
        node: u16,
        validity: &'v Option<Vec<u8>>,
        range: Range<usize>,
    ) -> Result<Option<Cow<'v, [u8]>>> {
        let Some(bitmap) = validity else {
            return Ok(None);
        };
        let count = range.len();
        let bitmap = bits::slice(bitmap, range)
            .ok_or_else(|| broken("the validity bitmap is shorter than the array"))?;
        if bits::count_ones(&bitmap) == count {
            return Ok(None);
        }
        self.writer
            .bits((node, Role::Validity), &bitmap, count, &self.policy)?;
        Ok(Some(bitmap))
    }

    fn list<L: Word, O: Copy + PartialOrd + Into<i64>>(
        &mut self,
        node: u16,
        array: &ListArray<O>,
        range: Range<usize>,
        depth: u32,
    ) -> Result<()> {
        self.validity(node, &array.validity, range.clone())?;
        let (within, lengths) = lengths_of::<L, O>(&array.offsets, range)?;
        if self.flat_list(node, &lengths, &array.elements, within.clone(), depth)? {
            return Ok(());
        }
        let place = (node, Role::Lengths);
        self.writer
            .words(place, &lengths, Kind::Unsigned, &self.policy)?;
        self.child(&array.elements, within, depth)
    }

    /// Writes how many elements each slot has, and returns which elements that are.
    fn lengths<L: Word, O: Copy + PartialOrd + Into<i64>>(
        &mut self,
        node: u16,
        offsets: &[O],
        range: Range<usize>,
    ) -> Result<Range<usize>> {
        let (within, lengths) = lengths_of::<L, O>(offsets, range)?;
        self.writer.words(
            (node, Role::Lengths),
            &lengths,
            Kind::Unsigned,
            &self.policy,
        )?;
        Ok(within)
    }

    /// Writes the lengths of children that the parent's slots do not give.
    fn child_lengths(&mut self, node: u16, lengths: &[usize]) -> Result<()> {
        let lengths: Vec<u64> = lengths.iter().map(|&length| wide(length)).collect();
        self.writer.words(
            (node, Role::Lengths),
            &lengths,
            Kind::Unsigned,
            &self.policy,
        )
    }

    fn dictionary(
        &mut self,
        node: u16,
        array: &DictionaryArray,
        range: Range<usize>,
        depth: u32,
    ) -> Result<()> {
        let entries = array::len(&array.values);
        self.child_lengths(node, &[entries])?;
        self.child(&array.keys, range, depth)?;
        self.child(&array.values, 0..entries, depth)
    }

    fn runs(
        &mut self,
        node: u16,
        array: &RunEndEncodedArray,
        range: Range<usize>,
        depth: u32,
    ) -> Result<()> {
        let (ends, runs) = crate::runs::cut(&array.run_ends, &range)
            .ok_or_else(|| broken("run ends do not rise, or do not cover the array"))?;
        self.child_lengths(node, &[runs.len()])?;
        self.child(&ends, 0..runs.len(), depth)?;
        self.child(&array.values, runs, depth)
    }

    fn union(
        &mut self,
        node: u16,
        array: &UnionArray,
        range: Range<usize>,
        depth: u32,
    ) -> Result<()> {
        let offsets = array.offsets.as_ref();
        if offsets.is_some() {
            let lengths: Vec<usize> = array
                .fields
                .iter()
                .map(|(_, _, field)| array::len(field))
                .collect();
            self.child_lengths(node, &lengths)?;
        }
        let types: &[u8] = bytemuck::cast_slice(part(&array.types, range.clone())?);
        self.writer
            .words((node, Role::TypeIds), types, Kind::Signed, &self.policy)?;
        if let Some(offsets) = offsets {
            let offsets: &[u32] = bytemuck::cast_slice(part(offsets, range.clone())?);
            self.writer
                .words((node, Role::Offsets), offsets, Kind::Signed, &self.policy)?;
        }
        for (_, meta, field) in &array.fields {
            let range = if offsets.is_some() {
                0..array::len(field)
            } else {
                range.clone()
            };
            self.child(field, range, depth)
                .map_err(|e| e.in_column(&meta.name))?;
        }
        Ok(())
    }
}
