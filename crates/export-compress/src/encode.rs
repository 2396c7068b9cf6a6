//! Batches to chunks: columns are flattened to nodes, nodes to blocks.

use std::borrow::Cow;
use std::ops::Range;

use export_core::marrow::array::{
    Array, BytesArray, BytesViewArray, DictionaryArray, ListArray, RunEndEncodedArray, UnionArray,
};
use export_core::{
    Batch, ChunkDirectory, ChunkEncoder, ColumnDirectory, EncodedChunk, Error, Limits, Result,
    Role, array,
};
use half::slice::HalfFloatSliceExt;

use crate::bits;
use crate::block::BlockWriter;
use crate::choice::{self, Plan, Tariff, float, plan_words};
use crate::defect::wide;
use crate::dictionary::{self, Dictionary};
use crate::options::{Options, Policy};
use crate::summary::summarise;
use crate::word::{Kind, Word};

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
}

impl Encoder {
    /// An encoder. Fails where the options fix something that this build cannot write.
    pub fn new(options: Options) -> Result<Self> {
        options.check()?;
        Ok(Self { options })
    }
}

impl ChunkEncoder for Encoder {
    fn encode(&self, batch: &Batch) -> Result<EncodedChunk> {
        let mut writer = BlockWriter::new(batch.memory_bytes() / 4);
        let mut columns = Vec::with_capacity(batch.columns().len());
        for (field, column) in batch.schema().fields.iter().zip(batch.columns()) {
            let policy = self.options.policy(&field.name);
            let mut flattener = Flattener {
                writer: &mut writer,
                policy,
                nodes: 0,
            };
            flattener
                .array(column, 0..batch.rows(), 0)
                .map_err(|error| error.in_column(&field.name))?;
            columns.push(ColumnDirectory {
                summary: summarise(column),
                blocks: writer.take_blocks(),
            });
        }
        let directory = ChunkDirectory {
            rows: wide(batch.rows()),
            columns,
        };
        Ok(EncodedChunk {
            directory,
            bytes: writer.into_bytes(),
        })
    }
}

/// Walks one column's type tree in pre-order.
struct Flattener<'w> {
    writer: &'w mut BlockWriter,
    policy: Policy,
    nodes: u32,
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

impl Flattener<'_> {
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

    /// Fixed-width values, or a dictionary of them.
    fn numbers<W: Word>(
        &mut self,
        node: u16,
        validity: &Option<Vec<u8>>,
        values: &[W],
        kind: Kind,
        range: Range<usize>,
    ) -> Result<()> {
        let validity = self.validity(node, validity, range)?;
        let values = match validity {
            Some(validity) => Cow::Owned(fill_nulls(values, &validity)),
            None => Cow::Borrowed(values),
        };
        let plan = plan_words(&values, kind, &self.policy);
        if let Some(dictionary) = self.dictionary_of_words(&values, &plan) {
            let entries: Vec<W> = dictionary
                .firsts
                .iter()
                .filter_map(|&slot| values.get(slot).copied())
                .collect();
            let coded = Coded::new(&dictionary, &self.policy);
            let entries_plan = plan_words(&entries, kind, &self.policy);
            if self.policy.fixed.dictionary == Some(true)
                || coded.cost + entries_plan.cost < plan.cost
            {
                self.writer
                    .words((node, Role::Values), &entries, kind, &entries_plan)?;
                return coded.write(self.writer, node, &dictionary);
            }
        }
        self.writer
            .words((node, Role::Values), &values, kind, &plan)
    }

    fn dictionary_of_words<W: Word>(&self, values: &[W], plan: &Plan) -> Option<Dictionary> {
        match self.policy.fixed.dictionary {
            Some(true) => return dictionary::of_words(values, values.len()),
            Some(false) => return None,
            None => {}
        }
        let free = self.policy.fixed.encoding.is_none();
        if !free || W::BYTES < 2 || values.len() < 64 {
            return None;
        }
        let sample = choice::sample(values, 2);
        let few = dictionary::of_words(&sample, sample.len() / 4)?
            .firsts
            .len();
        // Codes of so many entries cost this at the very least, even with some entropy coding behind them.
        let code_bits = float((usize::BITS - few.leading_zeros()) as usize);
        if code_bits / 16.0 * float(values.len()) > plan.cost {
            return None;
        }
        dictionary::of_words(values, values.len() / 4)
    }

    fn bytes<L: Word + TryFrom<usize>, O: Copy + Into<i64>>(
        &mut self,
        node: u16,
        array: &BytesArray<O>,
        range: Range<usize>,
    ) -> Result<()> {
        let validity = self.validity(node, &array.validity, range.clone())?;
        let ends = positions(&array.offsets, range)?;
        let within = ends.first().copied().unwrap_or(0)..ends.last().copied().unwrap_or(0);
        let first = within.start;
        let data = part(&array.data, within)?;
        let ends: Vec<usize> = ends.iter().map(|end| end - first).collect();
        self.strings::<L>(node, validity.as_deref(), &ends, data)
    }

    fn views(&mut self, node: u16, array: &BytesViewArray, range: Range<usize>) -> Result<()> {
        let validity = self.validity(node, &array.validity, range.clone())?;
        let mut data = Vec::new();
        let mut ends = Vec::with_capacity(range.len() + 1);
        ends.push(0);
        for (slot, view) in part(&array.data, range)?.iter().enumerate() {
            if validity
                .as_deref()
                .is_none_or(|validity| bits::get(validity, slot))
            {
                let bytes = crate::view::bytes(view, &array.buffers)
                    .ok_or_else(|| broken("a view points outside of its buffers"))?;
                data.extend_from_slice(bytes);
            }
            ends.push(data.len());
        }
        self.strings::<u32>(node, validity.as_deref(), &ends, &data)
    }

    /// Lengths and data, or a dictionary of them. String `i` is `data[ends[i]..ends[i + 1]]`.
    fn strings<L: Word + TryFrom<usize>>(
        &mut self,
        node: u16,
        validity: Option<&[u8]>,
        ends: &[usize],
        data: &[u8],
    ) -> Result<()> {
        let lengths = differences::<L>(ends)?;
        let plans = (
            plan_words(&lengths, Kind::Unsigned, &self.policy),
            choice::plan_data(data, &self.policy),
        );
        let value = |slot: usize| match validity {
            Some(validity) if !bits::get(validity, slot) => None,
            _ => data.get(*ends.get(slot)?..*ends.get(slot + 1)?),
        };
        if let Some(dictionary) = self.dictionary_of_bytes(lengths.len(), data.len(), value) {
            let entries: Vec<&[u8]> = dictionary
                .firsts
                .iter()
                .filter_map(|&slot| value(slot))
                .collect();
            let entry_data = entries.concat();
            let entry_lengths: Vec<L> = entries
                .iter()
                .map(|entry| to_length(entry.len()))
                .collect::<Result<_>>()?;
            let coded = Coded::new(&dictionary, &self.policy);
            let lengths_plan = plan_words(&entry_lengths, Kind::Unsigned, &self.policy);
            let data_plan = choice::plan_data(&entry_data, &self.policy);
            let cost = coded.cost + lengths_plan.cost + data_plan.cost;
            if self.policy.fixed.dictionary == Some(true) || cost < plans.0.cost + plans.1.cost {
                let place = (node, Role::Lengths);
                self.writer
                    .words(place, &entry_lengths, Kind::Unsigned, &lengths_plan)?;
                self.writer.data(node, &entry_data, &data_plan)?;
                return coded.write(self.writer, node, &dictionary);
            }
        }
        self.writer
            .words((node, Role::Lengths), &lengths, Kind::Unsigned, &plans.0)?;
        self.writer.data(node, data, &plans.1)
    }

    fn dictionary_of_bytes<'a>(
        &self,
        count: usize,
        size_bytes: usize,
        value: impl Fn(usize) -> Option<&'a [u8]>,
    ) -> Option<Dictionary> {
        match self.policy.fixed.dictionary {
            Some(true) => return dictionary::of_bytes(count, count, value),
            Some(false) => return None,
            None => {}
        }
        if self.policy.fixed.encoding.is_some() || count < 64 || size_bytes < count / 2 {
            return None;
        }
        // Every so many slots, so that sorted columns do not look as if they had few values.
        let step = (count / 2048).max(1);
        let sampled = count / step;
        dictionary::of_bytes(sampled, sampled / 4 * 3, |at| value(at * step))?;
        dictionary::of_bytes(count, count / 4, value)
    }

    fn fixed_binary(
        &mut self,
        node: u16,
        validity: &Option<Vec<u8>>,
        data: &[u8],
        n: i32,
        range: Range<usize>,
    ) -> Result<()> {
        let validity = self.validity(node, validity, range.clone())?;
        let width = usize::try_from(n).map_err(|_| broken("values have a negative size"))?;
        let (start, end) = (
            range.start.saturating_mul(width),
            range.end.saturating_mul(width),
        );
        let bytes = part(data, start..end)?;
        let count = range.len();
        let value = |slot: usize| match &validity {
            Some(validity) if !bits::get(validity, slot) => None,
            _ => bytes.get(slot * width..(slot + 1) * width),
        };
        // A code takes two bytes or so.
        let worth_it = width > 2 || self.policy.fixed.dictionary == Some(true) && width > 0;
        let dictionary = worth_it
            .then(|| self.dictionary_of_bytes(count, bytes.len(), value))
            .flatten();
        if let Some(dictionary) = dictionary {
            let entries: Vec<&[u8]> = dictionary
                .firsts
                .iter()
                .filter_map(|&slot| value(slot))
                .collect();
            let shape = (width, entries.len());
            self.writer
                .fixed(node, &entries.concat(), shape, &self.policy)?;
            return Coded::new(&dictionary, &self.policy).write(self.writer, node, &dictionary);
        }
        self.writer.fixed(node, bytes, (width, count), &self.policy)
    }

    fn list<L: Word + TryFrom<usize>, O: Copy + Into<i64>>(
        &mut self,
        node: u16,
        array: &ListArray<O>,
        range: Range<usize>,
        depth: u32,
    ) -> Result<()> {
        self.validity(node, &array.validity, range.clone())?;
        let elements = self.lengths::<L, O>(node, &array.offsets, range)?;
        self.child(&array.elements, elements, depth)
    }

    /// Writes how many elements each slot has, and returns which elements that are.
    fn lengths<L: Word + TryFrom<usize>, O: Copy + Into<i64>>(
        &mut self,
        node: u16,
        offsets: &[O],
        range: Range<usize>,
    ) -> Result<Range<usize>> {
        let ends = positions(offsets, range)?;
        let lengths = differences::<L>(&ends)?;
        self.writer.best_words(
            (node, Role::Lengths),
            &lengths,
            Kind::Unsigned,
            &self.policy,
        )?;
        Ok(ends.first().copied().unwrap_or(0)..ends.last().copied().unwrap_or(0))
    }

    /// Writes the lengths of children that the parent's slots do not give.
    fn child_lengths(&mut self, node: u16, lengths: &[usize]) -> Result<()> {
        let lengths: Vec<u64> = lengths.iter().map(|&length| wide(length)).collect();
        self.writer.best_words(
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
            .best_words((node, Role::TypeIds), types, Kind::Signed, &self.policy)?;
        if let Some(offsets) = offsets {
            let offsets: &[u32] = bytemuck::cast_slice(part(offsets, range.clone())?);
            self.writer
                .best_words((node, Role::Offsets), offsets, Kind::Signed, &self.policy)?;
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

/// The codes of a dictionary and how to write them.
struct Coded {
    plan: Plan,
    /// With the time that looking every slot up has cost.
    cost: f64,
}

impl Coded {
    /// Nanoseconds to look a slot up and to put its entry back.
    const LOOKUP_NS: f64 = 6.0;

    fn new(dictionary: &Dictionary, policy: &Policy) -> Self {
        let plan = plan_words(&dictionary.codes, Kind::Unsigned, policy);
        let lookups = Tariff::of(policy.preset).time(Self::LOOKUP_NS, dictionary.codes.len());
        Self {
            plan,
            cost: plan.cost + lookups,
        }
    }

    fn write(&self, writer: &mut BlockWriter, node: u16, dictionary: &Dictionary) -> Result<()> {
        writer.words(
            (node, Role::Codes),
            &dictionary.codes,
            Kind::Unsigned,
            &self.plan,
        )
    }
}

/// Null slots repeat the value before them (the first ones: the first value), which costs the encodings least.
fn fill_nulls<W: Word>(values: &[W], validity: &[u8]) -> Vec<W> {
    let first = values
        .iter()
        .enumerate()
        .find(|(slot, _)| bits::get(validity, *slot));
    let mut last = first.map_or(W::ZERO, |(_, value)| *value);
    let fill = values.iter().enumerate().map(|(slot, value)| {
        if bits::get(validity, slot) {
            last = *value;
        }
        last
    });
    fill.collect()
}

/// The offsets that bound the slots of `range`, found to rise.
fn positions<O: Copy + Into<i64>>(offsets: &[O], range: Range<usize>) -> Result<Vec<usize>> {
    if range.is_empty() {
        return Ok(vec![0]);
    }
    let mut last = 0;
    let mut positions = Vec::with_capacity(range.len() + 1);
    for &offset in part(offsets, range.start..range.end.saturating_add(1))? {
        match usize::try_from(offset.into()) {
            Ok(offset) if offset >= last => last = offset,
            _ => return Err(broken("offsets fall")),
        }
        positions.push(last);
    }
    Ok(positions)
}

fn differences<L: TryFrom<usize>>(positions: &[usize]) -> Result<Vec<L>> {
    let rest = positions.iter().skip(1);
    positions
        .iter()
        .zip(rest)
        .map(|(start, end)| to_length(end.saturating_sub(*start)))
        .collect()
}

fn to_length<L: TryFrom<usize>>(length: usize) -> Result<L> {
    L::try_from(length).map_err(|_| broken("a value is longer than its offsets can say"))
}
