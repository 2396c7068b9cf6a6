//! Chunks to batches: blocks are decoded, nodes rebuilt to arrays, and everything that Arrow promises is checked.

mod flat_gap;
mod leaf;
mod rules;

use std::sync::Arc;

use export_core::marrow::array::{
    Array, BooleanArray, DecimalArray, DictionaryArray, FixedSizeListArray, ListArray, MapArray,
    NullArray, PrimitiveArray, RunEndEncodedArray, StructArray, TimeArray, TimestampArray,
    UnionArray,
};
use export_core::marrow::datatypes::{
    DataType, Field, FieldMeta, IntervalUnit, MapMeta, RunEndEncodedMeta, UnionMode,
};
use export_core::{
    Batch, ChunkDecoder, ColumnDirectory, EncodedChunk, Error, Limits, Result, Role, Schema, array,
};
use half::vec::HalfBitsVecExt;

use crate::defect::{Defect, wide};
use crate::encoding::Encoding;
use crate::encoding::cursor::bounded;
use crate::nodes::{Budget, Nodes, wrong};
use crate::word::Word;
use leaf::to_offsets;
use rules::{check_keys, check_union};

/// Decodes chunks. It has no options: blocks say how they were made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Decoder(());

impl Decoder {
    /// A decoder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl ChunkDecoder for Decoder {
    fn decode(&self, schema: &Arc<Schema>, chunk: &EncodedChunk, limits: &Limits) -> Result<Batch> {
        let directory = &chunk.directory;
        Limits::check("rows of a chunk", directory.rows, limits.chunk_rows)?;
        let rows = bounded("rows of a chunk", directory.rows, usize::MAX)?;
        let columns = wide(directory.columns.len());
        Limits::check("columns of a chunk", columns, limits.columns.into())?;
        if directory.columns.len() != schema.fields.len() {
            let what = "columns of the chunk";
            return Err(
                Defect::mismatch(what, schema.fields.len(), directory.columns.len()).into(),
            );
        }
        let mut budget = Budget::new(limits, chunk.bytes.len());
        let mut scratch = Vec::new();
        let mut arrays = Vec::with_capacity(schema.fields.len());
        for (field, column) in schema.fields.iter().zip(&directory.columns) {
            let array = column_array(
                field,
                column,
                rows,
                chunk,
                limits,
                &mut budget,
                &mut scratch,
            );
            arrays.push(array.map_err(|error| error.in_column(&field.name))?);
        }
        Batch::new(Arc::clone(schema), rows, arrays)
    }
}

fn column_array(
    field: &Field,
    column: &ColumnDirectory,
    rows: usize,
    chunk: &EncodedChunk,
    limits: &Limits,
    budget: &mut Budget,
    scratch: &mut Vec<u8>,
) -> Result<Array> {
    let nodes = Nodes::new(&column.blocks, &chunk.bytes, budget, scratch)?;
    let mut builder = Builder {
        nodes,
        next: 0,
        depth: limits.depth,
    };
    let array = builder.array(&field.data_type, rows, 0)?;
    builder.nodes.finish()?;
    Ok(array)
}

/// Rebuilds one column's type tree in pre-order.
struct Builder<'a> {
    nodes: Nodes<'a>,
    next: u32,
    depth: u32,
}

fn meta(field: &Field) -> FieldMeta {
    FieldMeta {
        name: field.name.clone(),
        nullable: field.nullable,
        metadata: field.metadata.clone(),
    }
}

impl Builder<'_> {
    /// The next node, of `slots` slots, and its children.
    fn array(&mut self, data_type: &DataType, slots: usize, depth: u32) -> Result<Array> {
        use DataType as T;
        Limits::check("nesting of a type", depth.into(), self.depth.into())?;
        array::check_type(data_type)?;
        let node = u16::try_from(self.next)
            .map_err(|_| Error::unsupported("a column has more than 65,536 nested types"))?;
        self.next += 1;
        let depth = depth + 1;
        macro_rules! primitive {
            ($variant:ident, $word:ty) => {{
                let (validity, values) = self.numbers::<$word>(node, slots)?;
                let values = bytemuck::allocation::cast_vec(values);
                Array::$variant(PrimitiveArray { validity, values })
            }};
        }
        macro_rules! time {
            ($variant:ident, $word:ty, $unit:expr) => {{
                let (validity, values) = self.numbers::<$word>(node, slots)?;
                let values = bytemuck::allocation::cast_vec(values);
                Array::$variant(TimeArray {
                    unit: *$unit,
                    validity,
                    values,
                })
            }};
        }
        macro_rules! interval {
            ($variant:ident, $word:ty) => {{
                let (validity, values) = self.numbers::<$word>(node, slots)?;
                let values = bytemuck::pod_collect_to_vec(&values);
                Array::$variant(PrimitiveArray { validity, values })
            }};
        }
        Ok(match data_type {
            T::Null => {
                self.without_blocks(node, slots, depth)?;
                Array::Null(NullArray { len: slots })
            }
            T::Boolean => {
                let validity = self.nodes.validity(node, slots)?;
                let block = self.nodes.need(node, Role::Values)?;
                let values = self.nodes.bits(block, slots)?;
                Array::Boolean(BooleanArray {
                    len: slots,
                    validity,
                    values,
                })
            }
            T::Int8 => primitive!(Int8, u8),
            T::Int16 => primitive!(Int16, u16),
            T::Int32 => primitive!(Int32, u32),
            T::Int64 => primitive!(Int64, u64),
            T::UInt8 => primitive!(UInt8, u8),
            T::UInt16 => primitive!(UInt16, u16),
            T::UInt32 => primitive!(UInt32, u32),
            T::UInt64 => primitive!(UInt64, u64),
            T::Float16 => {
                let (validity, values) = self.numbers::<u16>(node, slots)?;
                Array::Float16(PrimitiveArray {
                    validity,
                    values: values.reinterpret_into(),
                })
            }
            T::Float32 => primitive!(Float32, u32),
            T::Float64 => primitive!(Float64, u64),
            T::Date32 => primitive!(Date32, u32),
            T::Date64 => primitive!(Date64, u64),
            T::Time32(unit) => time!(Time32, u32, unit),
            T::Time64(unit) => time!(Time64, u64, unit),
            T::Duration(unit) => time!(Duration, u64, unit),
            T::Timestamp(unit, timezone) => {
                let (validity, values) = self.numbers::<u64>(node, slots)?;
                let values = bytemuck::allocation::cast_vec(values);
                let (unit, timezone) = (*unit, timezone.clone());
                Array::Timestamp(TimestampArray {
                    unit,
                    timezone,
                    validity,
                    values,
                })
            }
            T::Interval(IntervalUnit::YearMonth) => primitive!(YearMonthInterval, u32),
            T::Interval(IntervalUnit::DayTime) => interval!(DayTimeInterval, u64),
            T::Interval(IntervalUnit::MonthDayNano) => interval!(MonthDayNanoInterval, u128),
            T::Decimal128(precision, scale) => {
                let (validity, values) = self.numbers::<u128>(node, slots)?;
                let values = bytemuck::allocation::cast_vec(values);
                let (precision, scale) = (*precision, *scale);
                Array::Decimal128(DecimalArray {
                    precision,
                    scale,
                    validity,
                    values,
                })
            }
            T::Utf8 => Array::Utf8(self.bytes::<u32, i32>(node, slots, true)?),
            T::LargeUtf8 => Array::LargeUtf8(self.bytes::<u64, i64>(node, slots, true)?),
            T::Binary => Array::Binary(self.bytes::<u32, i32>(node, slots, false)?),
            T::LargeBinary => Array::LargeBinary(self.bytes::<u64, i64>(node, slots, false)?),
            T::Utf8View => Array::Utf8View(self.views(node, slots, true)?),
            T::BinaryView => Array::BinaryView(self.views(node, slots, false)?),
            T::FixedSizeBinary(n) => {
                if *n == 0 {
                    self.without_blocks(node, slots, depth)?;
                }
                self.fixed_binary(node, *n, slots)?
            }
            T::Struct(fields) => {
                let validity = self.nodes.validity(node, slots)?;
                if fields.is_empty() {
                    self.without_blocks(node, slots, depth)?;
                }
                let fields = fields.iter().map(|field| self.field(field, slots, depth));
                let fields = fields.collect::<Result<_>>()?;
                Array::Struct(StructArray {
                    len: slots,
                    validity,
                    fields,
                })
            }
            T::List(field) => Array::List(self.list::<u32, i32>(node, field, slots, depth)?),
            T::LargeList(field) => {
                Array::LargeList(self.list::<u64, i64>(node, field, slots, depth)?)
            }
            T::FixedSizeList(field, n) => {
                let validity = self.nodes.validity(node, slots)?;
                let size = usize::try_from(*n).ok().and_then(|n| n.checked_mul(slots));
                let count = size.ok_or_else(|| {
                    wrong(
                        node,
                        Defect::Rule("elements of a fixed-size list cannot be counted"),
                    )
                })?;
                let elements = Box::new(self.array(&field.data_type, count, depth)?);
                let meta = meta(field);
                Array::FixedSizeList(FixedSizeListArray {
                    len: slots,
                    n: *n,
                    validity,
                    meta,
                    elements,
                })
            }
            T::Map(entries, sorted) => self.map(node, entries, *sorted, slots, depth)?,
            T::Dictionary(keys, values) => {
                let entries = self.child_lengths(node, 1)?.first().copied().unwrap_or(0);
                let keys = self.array(keys, slots, depth)?;
                check_keys(&keys, entries).map_err(|defect| wrong(node, defect))?;
                let values = self.array(values, entries, depth)?;
                Array::Dictionary(DictionaryArray {
                    keys: Box::new(keys),
                    values: Box::new(values),
                })
            }
            T::RunEndEncoded(ends, values) => self.runs(node, ends, values, slots, depth)?,
            T::Union(fields, mode) => self.union(node, fields, *mode, slots, depth)?,
            other => {
                return Err(Error::unsupported(format!(
                    "type {other:?} has no encoding yet"
                )));
            }
        })
    }

    /// Slots that no block stands behind: those of a parent's children are not bounded by its rows, so they count as if each
    /// took some bytes.
    fn without_blocks(&mut self, node: u16, slots: usize, depth: u32) -> Result<()> {
        const SLOT_BYTES: usize = 16;
        let slots = if depth == 0 { 0 } else { slots };
        let spent = self.nodes.budget.spend(slots, SLOT_BYTES);
        spent.map_err(|defect| wrong(node, defect))
    }

    fn field(&mut self, field: &Field, slots: usize, depth: u32) -> Result<(FieldMeta, Array)> {
        let array = self.array(&field.data_type, slots, depth);
        Ok((
            meta(field),
            array.map_err(|error| error.in_column(&field.name))?,
        ))
    }

    fn list<L: Word, O: TryFrom<usize>>(
        &mut self,
        node: u16,
        field: &Field,
        slots: usize,
        depth: u32,
    ) -> Result<ListArray<O>> {
        let validity = self.nodes.validity(node, slots)?;
        let block = self.nodes.need(node, Role::Lengths)?;
        let (ends, elements) = if block.encoding == Encoding::FlatGap.id() {
            self.flat_list(block, &field.data_type, slots, depth)?
        } else {
            let ends = self.ends::<L>(node, block, slots)?;
            let count = ends.last().copied().unwrap_or(0);
            (ends, self.array(&field.data_type, count, depth)?)
        };
        let offsets = to_offsets(ends).map_err(|defect| wrong(node, defect))?;
        let elements = Box::new(elements);
        Ok(ListArray {
            validity,
            offsets,
            meta: meta(field),
            elements,
        })
    }

    fn map(
        &mut self,
        node: u16,
        entries: &Field,
        sorted: bool,
        slots: usize,
        depth: u32,
    ) -> Result<Array> {
        let (keys, values) = match &entries.data_type {
            DataType::Struct(fields) => match fields.as_slice() {
                [keys, values] => (keys, values),
                _ => return Err(Error::schema("a map's entries are not a key and a value")),
            },
            _ => return Err(Error::schema("a map's entries are not a struct")),
        };
        let validity = self.nodes.validity(node, slots)?;
        let block = self.nodes.need(node, Role::Lengths)?;
        let ends = self.ends::<u32>(node, block, slots)?;
        let count = ends.last().copied().unwrap_or(0);
        let offsets = to_offsets(ends).map_err(|defect| wrong(node, defect))?;
        let (keys_meta, keys) = self.field(keys, count, depth)?;
        if array::null_count(&keys) > 0 {
            return Err(wrong(node, Defect::Rule("a key of a map is null")));
        }
        let (values_meta, values) = self.field(values, count, depth)?;
        let entries_name = entries.name.clone();
        let meta = MapMeta {
            entries_name,
            sorted,
            keys: keys_meta,
            values: values_meta,
        };
        Ok(Array::Map(MapArray {
            validity,
            offsets,
            meta,
            keys: Box::new(keys),
            values: Box::new(values),
        }))
    }

    /// Lengths of children that the parent's slots do not give.
    fn child_lengths(&mut self, node: u16, count: usize) -> Result<Vec<usize>> {
        let block = self.nodes.need(node, Role::Lengths)?;
        let lengths: Vec<u64> = self.nodes.words(block, count)?;
        let lengths = lengths
            .into_iter()
            .map(|length| bounded("length of a child", length, usize::MAX));
        lengths
            .collect::<Result<_, _>>()
            .map_err(|defect| wrong(node, defect))
    }

    fn runs(
        &mut self,
        node: u16,
        ends: &Field,
        values: &Field,
        slots: usize,
        depth: u32,
    ) -> Result<Array> {
        let runs = self.child_lengths(node, 1)?.first().copied().unwrap_or(0);
        let run_ends = self.array(&ends.data_type, runs, depth)?;
        let cut = crate::runs::cut(&run_ends, &(0..slots));
        // Uncut: the last run ends with the array.
        if cut.is_none_or(|(cut, range)| range.len() != runs || cut != run_ends) {
            let defect = Defect::Rule("run ends do not rise, or do not cover the array");
            return Err(wrong(node, defect));
        }
        let meta = RunEndEncodedMeta {
            run_ends_name: ends.name.clone(),
            values: meta(values),
        };
        let values = Box::new(self.array(&values.data_type, runs, depth)?);
        Ok(Array::RunEndEncoded(RunEndEncodedArray {
            meta,
            run_ends: Box::new(run_ends),
            values,
        }))
    }

    fn union(
        &mut self,
        node: u16,
        fields: &[(i8, Field)],
        mode: UnionMode,
        slots: usize,
        depth: u32,
    ) -> Result<Array> {
        let dense = mode == UnionMode::Dense;
        let lengths = match dense {
            true => self.child_lengths(node, fields.len())?,
            false => vec![slots; fields.len()],
        };
        let block = self.nodes.need(node, Role::TypeIds)?;
        let types: Vec<i8> = bytemuck::allocation::cast_vec(self.nodes.words::<u8>(block, slots)?);
        let offsets: Option<Vec<i32>> = match dense {
            true => {
                let block = self.nodes.need(node, Role::Offsets)?;
                Some(bytemuck::allocation::cast_vec(
                    self.nodes.words::<u32>(block, slots)?,
                ))
            }
            false => None,
        };
        check_union(fields, &lengths, &types, offsets.as_deref())
            .map_err(|defect| wrong(node, defect))?;
        let mut children = Vec::with_capacity(fields.len());
        for ((id, field), length) in fields.iter().zip(lengths) {
            let (meta, array) = self.field(field, length, depth)?;
            children.push((*id, meta, array));
        }
        Ok(Array::Union(UnionArray {
            types,
            offsets,
            fields: children,
        }))
    }
}
