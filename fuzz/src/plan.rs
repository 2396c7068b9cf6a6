//! Types and directories of chunks as bytes: what an input begins with where the decoder needs more than the bytes it decodes.
//!
//! Every bytes are a plan, and every plan has bytes, so that inputs can be made of real chunks and rows. Ready-made generators
//! (`arbitrary`) go one way only.

use export_core::marrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit, UnionMode};
use export_core::{Block, ChunkDirectory, CodecId, ColumnDirectory, EncodingId, Role};

/// Deepest types of a plan.
const DEPTH: u8 = 5;
/// Most children of a struct or a union, and most columns.
const CHILDREN: u8 = 6;

/// Bytes, taken from the front. After their end there are zeros.
#[derive(Debug)]
pub struct Plan<'a>(pub &'a [u8]);

impl<'a> Plan<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                *first
            }
            [] => 0,
        }
    }

    /// The next two bytes, little-endian.
    pub fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// The next four bytes, little-endian.
    pub fn word(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// The next bytes, as many as there are of `count`.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Columns of any types.
    pub fn fields(&mut self) -> Vec<Field> {
        let count = self.byte() % (CHILDREN + 1);
        self.children(count, DEPTH)
    }

    fn children(&mut self, count: u8, depth: u8) -> Vec<Field> {
        (0..count).map(|at| self.field(at, depth)).collect()
    }

    fn field(&mut self, at: u8, depth: u8) -> Field {
        let tag = self.byte();
        Field {
            name: format!("f{at}"),
            nullable: tag & 0x80 != 0,
            data_type: self.data_type(tag & 0x7f, depth),
            metadata: Default::default(),
        }
    }

    fn data_type(&mut self, tag: u8, depth: u8) -> DataType {
        use DataType as T;
        let simple = simple();
        if let Some(found) = simple.get(usize::from(tag)) {
            return found.clone();
        }
        let Some(depth) = depth.checked_sub(1) else {
            return T::Null;
        };
        let child = |plan: &mut Self| Box::new(plan.field(0, depth));
        match tag {
            LIST => T::List(child(self)),
            LARGE_LIST => T::LargeList(child(self)),
            FIXED_LIST => {
                let size = i32::from(self.byte());
                T::FixedSizeList(child(self), size)
            }
            STRUCT => {
                let count = self.byte() % (CHILDREN + 1);
                T::Struct(self.children(count, depth))
            }
            MAP => {
                let entries = self.children(2, depth);
                T::Map(Box::new(entries_of(entries)), false)
            }
            DICTIONARY => {
                let (keys, values) = (child(self).data_type, child(self).data_type);
                T::Dictionary(Box::new(keys), Box::new(values))
            }
            RUNS => T::RunEndEncoded(child(self), child(self)),
            UNION | DENSE_UNION => {
                let count = self.byte() % (CHILDREN + 1);
                let fields = (0..).zip(self.children(count, depth)).collect();
                let mode = match tag {
                    UNION => UnionMode::Sparse,
                    _ => UnionMode::Dense,
                };
                T::Union(fields, mode)
            }
            FIXED_BINARY => T::FixedSizeBinary(i32::from(self.byte())),
            DECIMAL => {
                let [precision, scale] = [self.byte(), self.byte()];
                T::Decimal128(precision, i8::from_le_bytes([scale]))
            }
            ZONED => T::Timestamp(unit(self.byte()), Some("UTC".to_owned())),
            _ => T::Null,
        }
    }

    /// The directory of a chunk of `columns` columns. Blocks follow one another, as those of a container.
    pub fn directory(&mut self, columns: usize) -> ChunkDirectory {
        let rows = u64::from(self.short());
        let mut offset = 0_u64;
        let columns = (0..columns).map(|_| {
            let count = self.byte() % 32;
            let blocks = (0..count).map(|_| self.block(&mut offset)).collect();
            ColumnDirectory {
                blocks,
                ..ColumnDirectory::default()
            }
        });
        let columns = columns.collect();
        ChunkDirectory { rows, columns }
    }

    fn block(&mut self, offset: &mut u64) -> Block {
        let node = u16::from(self.byte());
        let role = Role::from_number(self.byte()).unwrap_or(Role::Values);
        let (encoding, codec) = (EncodingId(self.short()), CodecId(self.short()));
        let count = usize::from(self.byte());
        let parameters = self.bytes(count).to_vec();
        let [values, stored_bytes, encoded_bytes] =
            [self.word(), self.word(), self.word()].map(u64::from);
        let at = *offset;
        *offset = at.saturating_add(stored_bytes).next_multiple_of(64);
        Block {
            node,
            role,
            encoding,
            codec,
            parameters,
            values,
            offset: at,
            stored_bytes,
            encoded_bytes,
            checksum: 0,
        }
    }
}

/// Types that are one tag. Their order is that of inputs: new ones come last.
fn simple() -> Vec<DataType> {
    use DataType as T;
    let mut all = vec![
        T::Null,
        T::Boolean,
        T::Int8,
        T::Int16,
        T::Int32,
        T::Int64,
        T::UInt8,
        T::UInt16,
        T::UInt32,
        T::UInt64,
        T::Float16,
        T::Float32,
        T::Float64,
        T::Utf8,
        T::LargeUtf8,
        T::Utf8View,
        T::Binary,
        T::LargeBinary,
        T::BinaryView,
        T::Date32,
        T::Date64,
        T::Interval(IntervalUnit::YearMonth),
        T::Interval(IntervalUnit::DayTime),
        T::Interval(IntervalUnit::MonthDayNano),
    ];
    for unit in (0..4).map(unit) {
        all.extend([
            T::Time32(unit),
            T::Time64(unit),
            T::Duration(unit),
            T::Timestamp(unit, None),
        ]);
    }
    all
}

const LIST: u8 = 64;
const LARGE_LIST: u8 = 65;
const FIXED_LIST: u8 = 66;
const STRUCT: u8 = 67;
const MAP: u8 = 68;
const DICTIONARY: u8 = 69;
const RUNS: u8 = 70;
const UNION: u8 = 71;
const DENSE_UNION: u8 = 72;
const FIXED_BINARY: u8 = 73;
const DECIMAL: u8 = 74;
const ZONED: u8 = 75;

fn unit(byte: u8) -> TimeUnit {
    match byte % 4 {
        0 => TimeUnit::Second,
        1 => TimeUnit::Millisecond,
        2 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

fn unit_byte(unit: TimeUnit) -> u8 {
    (0..4).find(|&byte| self::unit(byte) == unit).unwrap_or(0)
}

fn entries_of(fields: Vec<Field>) -> Field {
    Field {
        name: "entries".into(),
        data_type: DataType::Struct(fields),
        ..Field::default()
    }
}

/// The bytes of a plan with these columns; names, metadata and what plans do not have are left out.
#[must_use]
pub fn fields_to_bytes(fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    put_children(fields, &mut out);
    out
}

fn put_children(fields: &[Field], out: &mut Vec<u8>) {
    out.push(u8::try_from(fields.len()).unwrap_or(u8::MAX));
    fields.iter().for_each(|field| put_field(field, out));
}

fn put_field(field: &Field, out: &mut Vec<u8>) {
    let at = out.len();
    put_type(&field.data_type, out);
    if let Some(tag) = out.get_mut(at) {
        *tag |= u8::from(field.nullable) << 7;
    }
}

fn put_type(data_type: &DataType, out: &mut Vec<u8>) {
    use DataType as T;
    let of = |data_type: &DataType| Field {
        data_type: data_type.clone(),
        ..Field::default()
    };
    if let Some(tag) = simple().iter().position(|simple| simple == data_type) {
        out.push(u8::try_from(tag).unwrap_or(0));
        return;
    }
    match data_type {
        T::List(element) => {
            out.push(LIST);
            put_field(element, out);
        }
        T::LargeList(element) => {
            out.push(LARGE_LIST);
            put_field(element, out);
        }
        T::FixedSizeList(element, size) => {
            out.extend([FIXED_LIST, u8::try_from(*size).unwrap_or(u8::MAX)]);
            put_field(element, out);
        }
        T::Struct(fields) => {
            out.push(STRUCT);
            put_children(fields, out);
        }
        T::Map(entries, _) => {
            out.push(MAP);
            if let T::Struct(fields) = &entries.data_type {
                fields.iter().for_each(|field| put_field(field, out));
            }
        }
        T::Dictionary(keys, values) => {
            out.push(DICTIONARY);
            put_field(&of(keys), out);
            put_field(&of(values), out);
        }
        T::RunEndEncoded(ends, values) => {
            out.push(RUNS);
            put_field(ends, out);
            put_field(values, out);
        }
        T::Union(variants, mode) => {
            out.push(match mode {
                UnionMode::Sparse => UNION,
                UnionMode::Dense => DENSE_UNION,
            });
            let fields: Vec<Field> = variants.iter().map(|(_, field)| field.clone()).collect();
            put_children(&fields, out);
        }
        T::FixedSizeBinary(size) => {
            out.extend([FIXED_BINARY, u8::try_from(*size).unwrap_or(u8::MAX)])
        }
        T::Decimal128(precision, scale) => {
            out.extend([DECIMAL, *precision]);
            out.extend(scale.to_le_bytes());
        }
        T::Timestamp(unit, Some(_)) => out.extend([ZONED, unit_byte(*unit)]),
        _ => out.push(0),
    }
}

/// The bytes of a plan with this directory.
#[must_use]
pub fn directory_to_bytes(directory: &ChunkDirectory) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(
        u16::try_from(directory.rows)
            .unwrap_or(u16::MAX)
            .to_le_bytes(),
    );
    for column in &directory.columns {
        out.push(u8::try_from(column.blocks.len()).unwrap_or(u8::MAX));
        for block in &column.blocks {
            out.push(u8::try_from(block.node).unwrap_or(u8::MAX));
            out.push(block.role as u8);
            out.extend(block.encoding.0.to_le_bytes());
            out.extend(block.codec.0.to_le_bytes());
            out.push(u8::try_from(block.parameters.len()).unwrap_or(u8::MAX));
            out.extend(&block.parameters);
            for count in [block.values, block.stored_bytes, block.encoded_bytes] {
                out.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
            }
        }
    }
    out
}
