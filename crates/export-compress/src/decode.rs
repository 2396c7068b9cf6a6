//! Chunks to batches: blocks are decoded, nodes rebuilt to arrays, and everything that Arrow promises is checked.

use std::sync::Arc;

use export_core::marrow::array::{
    Array, BooleanArray, BytesArray, BytesViewArray, DecimalArray, DictionaryArray,
    FixedSizeBinaryArray, FixedSizeListArray, ListArray, MapArray, NullArray, PrimitiveArray,
    RunEndEncodedArray, StructArray, TimeArray, TimestampArray, UnionArray,
};
use export_core::marrow::datatypes::{
    DataType, Field, FieldMeta, IntervalUnit, MapMeta, RunEndEncodedMeta, UnionMode,
};
use export_core::{
    Batch, ChunkDecoder, ColumnDirectory, EncodedChunk, Error, Limits, Result, Role, Schema, array,
};
use half::vec::HalfBitsVecExt;

use crate::defect::{Defect, wide};
use crate::encoding::cursor::bounded;
use crate::nodes::{Budget, Nodes, is_valid, wrong};
use crate::text;
use crate::word::Word;

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
        let mut budget = Budget::new(limits);
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
            T::Null => Array::Null(NullArray { len: slots }),
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
            T::FixedSizeBinary(n) => self.fixed_binary(node, *n, slots)?,
            T::Struct(fields) => {
                let validity = self.nodes.validity(node, slots)?;
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

    fn field(&mut self, field: &Field, slots: usize, depth: u32) -> Result<(FieldMeta, Array)> {
        let array = self.array(&field.data_type, slots, depth);
        Ok((
            meta(field),
            array.map_err(|error| error.in_column(&field.name))?,
        ))
    }

    /// Validity and fixed-width values, looked up by codes if there are any.
    fn numbers<W: Word>(&mut self, node: u16, slots: usize) -> Result<(Option<Vec<u8>>, Vec<W>)> {
        let validity = self.nodes.validity(node, slots)?;
        let coded = self.nodes.has_codes(node);
        let block = self.nodes.need(node, Role::Values)?;
        if !coded {
            return Ok((validity, self.nodes.words(block, slots)?));
        }
        let entries = entry_count(block.values, slots).map_err(|defect| wrong(node, defect))?;
        let entries: Vec<W> = self.nodes.words(block, entries)?;
        let codes = self.codes(node, slots, entries.len())?;
        self.nodes
            .budget
            .spend(slots, W::BYTES)
            .map_err(|defect| wrong(node, defect))?;
        let values = codes
            .iter()
            .filter_map(|&code| entries.get(code as usize).copied());
        Ok((validity, values.collect()))
    }

    /// Codes, found to be below `entries`.
    fn codes(&mut self, node: u16, slots: usize, entries: usize) -> Result<Vec<u32>> {
        let block = self.nodes.need(node, Role::Codes)?;
        let codes: Vec<u32> = self.nodes.words(block, slots)?;
        match codes.iter().copied().max() {
            Some(code) if code as usize >= entries => Err(wrong(
                node,
                Defect::Range {
                    what: "code",
                    found: code.into(),
                },
            )),
            _ => Ok(codes),
        }
    }

    /// Strings as where each ends, and data; looked up by codes if there are any.
    fn strings<L: Word>(
        &mut self,
        node: u16,
        slots: usize,
        is_text: bool,
    ) -> Result<(Vec<usize>, Vec<u8>)> {
        let coded = self.nodes.has_codes(node);
        let block = self.nodes.need(node, Role::Lengths)?;
        let count = match coded {
            true => entry_count(block.values, slots).map_err(|defect| wrong(node, defect))?,
            false => slots,
        };
        let ends = self.ends::<L>(node, block, count)?;
        let size = ends.last().copied().unwrap_or(0);
        let block = self.nodes.need(node, Role::Data)?;
        let data = self.nodes.data(block, size)?;
        if is_text {
            text::check(&data, &ends).map_err(|defect| wrong(node, defect))?;
        }
        if !coded {
            return Ok((ends, data));
        }
        let codes = self.codes(node, slots, count)?;
        self.look_up(&codes, &ends, &data)
            .map_err(|defect| wrong(node, defect))
    }

    fn look_up(
        &mut self,
        codes: &[u32],
        ends: &[usize],
        data: &[u8],
    ) -> Result<(Vec<usize>, Vec<u8>), Defect> {
        let entry = |code: u32| data.get(*ends.get(code as usize)?..*ends.get(code as usize + 1)?);
        self.nodes
            .budget
            .spend(codes.len() + 1, size_of::<usize>())?;
        let mut slot_ends = Vec::with_capacity(codes.len() + 1);
        let mut size = 0usize;
        slot_ends.push(0);
        for &code in codes {
            size = size.saturating_add(entry(code).map_or(0, <[u8]>::len));
            slot_ends.push(size);
        }
        self.nodes.budget.spend(size, 1)?;
        let mut slot_data = Vec::with_capacity(size);
        for &code in codes {
            slot_data.extend_from_slice(entry(code).unwrap_or_default());
        }
        Ok((slot_ends, slot_data))
    }

    /// Lengths summed up: 0, then where every slot ends.
    fn ends<L: Word>(
        &mut self,
        node: u16,
        block: &export_core::Block,
        count: usize,
    ) -> Result<Vec<usize>> {
        let lengths: Vec<L> = self.nodes.words(block, count)?;
        let sum = || {
            self.nodes
                .budget
                .spend(count.saturating_add(1), size_of::<usize>())?;
            let mut ends = Vec::with_capacity(count.saturating_add(1));
            let mut end = 0usize;
            ends.push(0);
            for length in lengths {
                let found = length.low();
                let sum = usize::try_from(found)
                    .ok()
                    .and_then(|length| end.checked_add(length));
                // An offset is an i64 at most.
                end = sum
                    .filter(|&end| i64::try_from(end).is_ok())
                    .ok_or(Defect::Range {
                        what: "length",
                        found,
                    })?;
                ends.push(end);
            }
            Ok(ends)
        };
        sum().map_err(|defect| wrong(node, defect))
    }

    fn bytes<L: Word, O: TryFrom<usize>>(
        &mut self,
        node: u16,
        slots: usize,
        is_text: bool,
    ) -> Result<BytesArray<O>> {
        let validity = self.nodes.validity(node, slots)?;
        let (ends, data) = self.strings::<L>(node, slots, is_text)?;
        let offsets = to_offsets(ends).map_err(|defect| wrong(node, defect))?;
        Ok(BytesArray {
            validity,
            offsets,
            data,
        })
    }

    fn views(&mut self, node: u16, slots: usize, is_text: bool) -> Result<BytesViewArray> {
        let validity = self.nodes.validity(node, slots)?;
        let (ends, data) = self.strings::<u32>(node, slots, is_text)?;
        self.nodes
            .budget
            .spend(slots, 16)
            .map_err(|defect| wrong(node, defect))?;
        let slots = ends.iter().zip(ends.iter().skip(1));
        let views = slots.map(|(&start, &end)| {
            let view = data
                .get(start..end)
                .and_then(|string| crate::view::view(string, start));
            view.ok_or(Defect::Range {
                what: "end of a string",
                found: wide(end),
            })
        });
        let views = views
            .collect::<Result<_, _>>()
            .map_err(|defect| wrong(node, defect))?;
        Ok(BytesViewArray {
            validity,
            data: views,
            buffers: vec![data],
        })
    }

    fn fixed_binary(&mut self, node: u16, n: i32, slots: usize) -> Result<Array> {
        let validity = self.nodes.validity(node, slots)?;
        let width = usize::try_from(n)
            .map_err(|_| wrong(node, Defect::Rule("values have a negative size")))?;
        let coded = self.nodes.has_codes(node);
        let block = self.nodes.need(node, Role::Values)?;
        if !coded {
            let data = self.nodes.fixed(block, width, slots)?;
            return Ok(Array::FixedSizeBinary(FixedSizeBinaryArray {
                n,
                validity,
                data,
            }));
        }
        let count = entry_count(block.values, slots).map_err(|defect| wrong(node, defect))?;
        let entries = self.nodes.fixed(block, width, count)?;
        let codes = self.codes(node, slots, count)?;
        self.nodes
            .budget
            .spend(slots, width)
            .map_err(|defect| wrong(node, defect))?;
        let mut data = Vec::with_capacity(slots.saturating_mul(width));
        for code in codes {
            let start = code as usize * width;
            data.extend_from_slice(entries.get(start..start + width).unwrap_or_default());
        }
        Ok(Array::FixedSizeBinary(FixedSizeBinaryArray {
            n,
            validity,
            data,
        }))
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
        let ends = self.ends::<L>(node, block, slots)?;
        let count = ends.last().copied().unwrap_or(0);
        let offsets = to_offsets(ends).map_err(|defect| wrong(node, defect))?;
        let elements = Box::new(self.array(&field.data_type, count, depth)?);
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

/// A dictionary has no more entries than slots.
fn entry_count(stored: u64, slots: usize) -> Result<usize, Defect> {
    bounded("number of entries", stored, slots)
}

fn to_offsets<O: TryFrom<usize>>(ends: Vec<usize>) -> Result<Vec<O>, Defect> {
    let last = ends.last().copied().unwrap_or(0);
    let offsets = ends.into_iter().map(O::try_from).collect::<Result<_, _>>();
    offsets.map_err(|_| Defect::Range {
        what: "end of the values",
        found: wide(last),
    })
}

/// Fails where the key of a slot that has a value is not below `entries`.
fn check_keys(keys: &Array, entries: usize) -> Result<(), Defect> {
    macro_rules! check {
        ($array:expr) => {{
            let validity = $array.validity.as_deref();
            let mut slots = $array.values.iter().enumerate();
            slots.all(|(slot, &key)| {
                usize::try_from(key).is_ok_and(|key| key < entries) || !is_valid(validity, slot)
            })
        }};
    }
    let in_range = match keys {
        Array::Int8(a) => check!(a),
        Array::Int16(a) => check!(a),
        Array::Int32(a) => check!(a),
        Array::Int64(a) => check!(a),
        Array::UInt8(a) => check!(a),
        Array::UInt16(a) => check!(a),
        Array::UInt32(a) => check!(a),
        Array::UInt64(a) => check!(a),
        _ => return Err(Defect::Rule("the keys of a dictionary are not integers")),
    };
    match in_range {
        true => Ok(()),
        false => Err(Defect::Rule(
            "a key is not among the entries of its dictionary",
        )),
    }
}

/// Fails where a type id is unknown or an offset is not in its child.
fn check_union(
    fields: &[(i8, Field)],
    lengths: &[usize],
    types: &[i8],
    offsets: Option<&[i32]>,
) -> Result<(), Defect> {
    let mut length_of = [None; 256];
    for ((id, _), length) in fields.iter().zip(lengths) {
        if let Some(slot) = length_of.get_mut(usize::from(id.cast_unsigned())) {
            *slot = Some(*length);
        }
    }
    let length = |id: i8| {
        length_of
            .get(usize::from(id.cast_unsigned()))
            .copied()
            .flatten()
    };
    if types.iter().any(|&id| length(id).is_none()) {
        return Err(Defect::Rule("a union has no such type id"));
    }
    let Some(offsets) = offsets else {
        return Ok(());
    };
    let inside = |(&id, &offset): (&i8, &i32)| {
        usize::try_from(offset).is_ok_and(|offset| length(id).is_some_and(|len| offset < len))
    };
    match types.iter().zip(offsets).all(inside) {
        true => Ok(()),
        false => Err(Defect::Rule("an offset of a union is outside of its child")),
    }
}
