//! Columns apart: numbers by pco at level 8, text and validity by Zstandard at level 1.
//!
//! No schema, no checksums, no index: what a format would add to it is not there.

use std::hint::black_box;

use ::pco::data_types::Number;
use ::pco::standalone::{simple_compress, simple_decompress};
use ::pco::{ChunkConfig, DEFAULT_MAX_PAGE_N};
use anyhow::{Context, Result, bail};
use export_benches::Table;
use exportkit::Batch;
use exportkit::marrow::array::{
    Array, BytesArray, DecimalArray, ListArray, PrimitiveArray, TimestampArray,
};
use exportkit::marrow::datatypes::{DataType, Field, FieldMeta};

use super::same;
use crate::contender::Contender;

pub(super) struct Pco {
    /// As many rows as pco likes to see at once.
    chunks: Vec<Batch>,
    files: Vec<Blocks>,
}

type Blocks = Vec<Vec<u8>>;

impl Pco {
    pub(super) fn new(table: &Table) -> Result<Self> {
        let most = table.batches.first().map_or(1, Batch::rows).max(1);
        let group = (DEFAULT_MAX_PAGE_N / most).max(1);
        let groups = table.batches.chunks(group);
        Ok(Self {
            chunks: groups.map(Batch::concat).collect::<Result<_, _>>()?,
            files: Vec::new(),
        })
    }

    fn decoded(&self) -> impl Iterator<Item = Result<Batch>> {
        self.chunks.iter().zip(&self.files).map(|(chunk, blocks)| {
            let mut blocks = blocks.iter().map(Vec::as_slice);
            let fields = &chunk.schema().fields;
            let columns = fields
                .iter()
                .map(|field| read_array(field, chunk.rows(), &mut blocks))
                .collect::<Result<_>>()?;
            Ok(Batch::new(chunk.schema().clone(), chunk.rows(), columns)?)
        })
    }
}

impl Contender for Pco {
    fn name(&self) -> String {
        String::from("pco 8 and zstd1 by column")
    }

    fn write(&mut self) -> Result<usize> {
        self.files.clear();
        for chunk in &self.chunks {
            let mut blocks = Blocks::new();
            for column in chunk.columns() {
                write_array(column, &mut blocks)?;
            }
            self.files.push(blocks);
        }
        Ok(self.files.iter().flatten().map(Vec::len).sum())
    }

    fn read(&self) -> Result<()> {
        for batch in self.decoded() {
            black_box(batch?);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        for (read, written) in self.decoded().zip(&self.chunks) {
            same(&read?, written)?;
        }
        Ok(())
    }
}

fn write_array(array: &Array, blocks: &mut Blocks) -> Result<()> {
    match array {
        Array::UInt8(a) => write_numbers(&a.values, a.validity.as_deref(), blocks),
        Array::UInt16(a) => write_numbers(&a.values, a.validity.as_deref(), blocks),
        Array::UInt32(a) => write_numbers(&a.values, a.validity.as_deref(), blocks),
        Array::UInt64(a) => write_numbers(&a.values, a.validity.as_deref(), blocks),
        Array::Int32(a) | Array::Date32(a) => {
            write_numbers(&a.values, a.validity.as_deref(), blocks)
        }
        Array::Int64(a) => write_numbers(&a.values, a.validity.as_deref(), blocks),
        Array::Float32(a) => write_numbers(&a.values, a.validity.as_deref(), blocks),
        Array::Float64(a) => write_numbers(&a.values, a.validity.as_deref(), blocks),
        Array::Timestamp(a) => write_numbers(&a.values, a.validity.as_deref(), blocks),
        Array::Decimal128(a) => {
            let narrow = a.values.iter().map(|&value| i64::try_from(value));
            let narrow = narrow.collect::<Result<Vec<_>, _>>()?;
            write_numbers(&narrow, a.validity.as_deref(), blocks)
        }
        Array::Utf8(a) => {
            write_numbers(&lengths(&a.offsets)?, a.validity.as_deref(), blocks)?;
            blocks.push(zstd::bulk::compress(&a.data, 1)?);
            Ok(())
        }
        Array::List(a) => {
            write_numbers(&lengths(&a.offsets)?, a.validity.as_deref(), blocks)?;
            write_array(&a.elements, blocks)
        }
        other => bail!("no workload has {:?}", other.data_type()),
    }
}

/// Validity, then the values that there are.
fn write_numbers<T: Number>(
    values: &[T],
    validity: Option<&[u8]>,
    blocks: &mut Blocks,
) -> Result<()> {
    let config = ChunkConfig::default()
        .with_compression_level(8)
        .with_enable_8_bit(true);
    match validity {
        None => {
            blocks.push(Vec::new());
            blocks.push(simple_compress(values, &config)?);
        }
        Some(bits) => {
            blocks.push(zstd::bulk::compress(bits, 1)?);
            let valid = values.iter().zip(bools(bits)).filter(|(_, valid)| *valid);
            let dense: Vec<T> = valid.map(|(value, _)| *value).collect();
            blocks.push(simple_compress(&dense, &config)?);
        }
    }
    Ok(())
}

fn lengths(offsets: &[i32]) -> Result<Vec<u32>> {
    let pairs = offsets.iter().zip(offsets.iter().skip(1));
    Ok(pairs
        .map(|(start, end)| u32::try_from(end - start))
        .collect::<Result<_, _>>()?)
}

fn bools(bits: &[u8]) -> impl Iterator<Item = bool> {
    bits.iter()
        .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1))
}

fn read_array<'a>(
    field: &Field,
    slots: usize,
    blocks: &mut impl Iterator<Item = &'a [u8]>,
) -> Result<Array> {
    macro_rules! primitive {
        ($variant:ident) => {{
            let (validity, values) = read_numbers(slots, blocks)?;
            Array::$variant(PrimitiveArray { validity, values })
        }};
    }
    Ok(match &field.data_type {
        DataType::UInt8 => primitive!(UInt8),
        DataType::UInt16 => primitive!(UInt16),
        DataType::UInt32 => primitive!(UInt32),
        DataType::UInt64 => primitive!(UInt64),
        DataType::Int32 => primitive!(Int32),
        DataType::Int64 => primitive!(Int64),
        DataType::Date32 => primitive!(Date32),
        DataType::Float32 => primitive!(Float32),
        DataType::Float64 => primitive!(Float64),
        DataType::Timestamp(unit, timezone) => {
            let (validity, values) = read_numbers(slots, blocks)?;
            let (unit, timezone) = (*unit, timezone.clone());
            Array::Timestamp(TimestampArray {
                unit,
                timezone,
                validity,
                values,
            })
        }
        DataType::Decimal128(precision, scale) => {
            let (validity, values) = read_numbers::<i64>(slots, blocks)?;
            Array::Decimal128(DecimalArray {
                precision: *precision,
                scale: *scale,
                validity,
                values: values.into_iter().map(i128::from).collect(),
            })
        }
        DataType::Utf8 => {
            let (validity, lengths) = read_numbers::<u32>(slots, blocks)?;
            let offsets = offsets(&lengths)?;
            let bytes = offsets.last().copied().unwrap_or(0);
            let data = blocks.next().context("a block is missing")?;
            Array::Utf8(BytesArray {
                validity,
                data: zstd::bulk::decompress(data, usize::try_from(bytes)?)?,
                offsets,
            })
        }
        DataType::List(item) => {
            let (validity, lengths) = read_numbers::<u32>(slots, blocks)?;
            let offsets = offsets(&lengths)?;
            let elements = usize::try_from(offsets.last().copied().unwrap_or(0))?;
            Array::List(ListArray {
                validity,
                offsets,
                meta: FieldMeta {
                    name: item.name.clone(),
                    nullable: item.nullable,
                    metadata: item.metadata.clone(),
                },
                elements: Box::new(read_array(item, elements, blocks)?),
            })
        }
        other => bail!("no workload has {other:?}"),
    })
}

type Nullable<T> = (Option<Vec<u8>>, Vec<T>);

fn read_numbers<'a, T: Number + Default>(
    slots: usize,
    blocks: &mut impl Iterator<Item = &'a [u8]>,
) -> Result<Nullable<T>> {
    let validity = blocks.next().context("a block is missing")?;
    let values: Vec<T> = simple_decompress(blocks.next().context("a block is missing")?)?;
    if validity.is_empty() {
        return Ok((None, values));
    }
    let bits = zstd::bulk::decompress(validity, slots.div_ceil(8))?;
    let mut dense = values.into_iter();
    let spread = bools(&bits)
        .take(slots)
        .map(|valid| match valid {
            true => dense.next().unwrap_or_default(),
            false => T::default(),
        })
        .collect();
    Ok((Some(bits), spread))
}

fn offsets(lengths: &[u32]) -> Result<Vec<i32>> {
    let mut offsets = Vec::with_capacity(lengths.len() + 1);
    let mut end = 0_i32;
    offsets.push(end);
    for &length in lengths {
        end += i32::try_from(length)?;
        offsets.push(end);
    }
    Ok(offsets)
}
