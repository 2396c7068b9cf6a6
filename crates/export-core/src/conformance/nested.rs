//! Arrays of nested types.

use marrow::array::{
    Array, DictionaryArray, FixedSizeListArray, ListArray, MapArray, PrimitiveArray,
    RunEndEncodedArray, StructArray, UnionArray,
};
use marrow::datatypes::{DataType, Field, MapMeta, RunEndEncodedMeta, UnionMode};

use super::batches::Shape;
use super::column::{Maker, array, offset};
use super::scalars::within;
use crate::array::{empty, field_meta};
use crate::{Error, Result};

impl Maker<'_> {
    pub(super) fn nested(&mut self, data_type: &DataType) -> Result<Array> {
        use DataType as T;
        Ok(match data_type {
            T::Struct(fields) => {
                let validity = self.validity();
                let child = |field: &Field| Ok((field_meta(field), self.child(field, self.rows)?));
                let fields = fields.iter().map(child).collect::<Result<_>>()?;
                Array::Struct(StructArray {
                    len: self.rows,
                    validity,
                    fields,
                })
            }
            T::List(field) => Array::List(self.list(field)?),
            T::LargeList(field) => Array::LargeList(self.list(field)?),
            T::FixedSizeList(field, n) => {
                let elements = self.rows * usize::try_from(*n).unwrap_or(0);
                Array::FixedSizeList(FixedSizeListArray {
                    len: self.rows,
                    n: *n,
                    validity: self.validity(),
                    meta: field_meta(field),
                    elements: Box::new(self.child(field, elements)?),
                })
            }
            T::Map(entries, sorted) => self.map(entries, *sorted)?,
            T::Dictionary(keys, values) => self.dictionary(keys, values)?,
            T::RunEndEncoded(ends, values) => self.runs(ends, values)?,
            T::Union(variants, mode) => self.union(variants, *mode)?,
            _ => return empty(data_type),
        })
    }

    /// Offsets of slots that span 0 to 3 children, null slots not excepted.
    fn offsets<O: TryFrom<usize>>(&mut self) -> Result<(Vec<O>, usize)> {
        let mut end = 0;
        let mut offsets = vec![offset(0)?];
        for _ in 0..self.rows {
            end += self.random.below(4);
            offsets.push(offset(end)?);
        }
        Ok((offsets, end))
    }

    fn list<O: TryFrom<usize>>(&mut self, field: &Field) -> Result<ListArray<O>> {
        let (offsets, elements) = self.offsets()?;
        Ok(ListArray {
            validity: self.validity(),
            offsets,
            meta: field_meta(field),
            elements: Box::new(self.child(field, elements)?),
        })
    }

    fn map(&mut self, entries: &Field, sorted: bool) -> Result<Array> {
        let DataType::Struct(fields) = &entries.data_type else {
            return empty(&DataType::Map(Box::new(entries.clone()), sorted));
        };
        let [key, value] = fields.as_slice() else {
            return empty(&DataType::Map(Box::new(entries.clone()), sorted));
        };
        let (offsets, count) = self.offsets()?;
        // Rising keys are never equal within one map.
        let mut keys = Maker {
            nullable: false,
            shape: Shape::Rising,
            rows: count,
            random: self.random,
        };
        let keys = match key.data_type {
            DataType::Int32 => Array::Int32(PrimitiveArray {
                validity: None,
                values: (0..).take(count).collect(),
            }),
            _ => keys.array(&key.data_type)?,
        };
        Ok(Array::Map(MapArray {
            validity: self.validity(),
            offsets,
            meta: MapMeta {
                entries_name: entries.name.clone(),
                sorted,
                keys: field_meta(key),
                values: field_meta(value),
            },
            keys: Box::new(keys),
            values: Box::new(self.child(value, count)?),
        }))
    }

    fn dictionary(&mut self, keys: &DataType, values: &DataType) -> Result<Array> {
        let entries = if self.rows == 0 {
            0
        } else {
            1 + self.random.below(20)
        };
        // Nulls may be among the entries, too, but that is rare.
        let nulls = self.nullable && self.shape == Shape::Extreme;
        let shape = if nulls { Shape::Extreme } else { Shape::Full };
        let values = array(values, nulls, shape, entries, self.random)?;
        let bound = i128::try_from(entries).unwrap_or(1).max(1);
        let picks = self.integers(&[0, bound - 1], |bits| within(bits, bound).abs());
        let validity = self.validity();
        macro_rules! keys {
            ($($variant:ident)*) => {
                match keys {
                    $(DataType::$variant => Array::$variant(PrimitiveArray {
                        validity,
                        values: picks.iter().map(|&v| v.try_into().unwrap_or(0)).collect(),
                    }),)*
                    _ => return Err(Error::schema("the keys of a dictionary are not integers")),
                }
            };
        }
        let keys = keys!(Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64);
        Ok(Array::Dictionary(DictionaryArray {
            keys: Box::new(keys),
            values: Box::new(values),
        }))
    }

    fn runs(&mut self, ends: &Field, values: &Field) -> Result<Array> {
        let mut all = Vec::new();
        let mut end = 0;
        while end < self.rows {
            end = (end + 1 + self.random.below(9)).min(self.rows);
            all.push(end);
        }
        macro_rules! ends {
            ($($variant:ident)*) => {
                match ends.data_type {
                    $(DataType::$variant => Array::$variant(PrimitiveArray {
                        validity: None,
                        values: all.iter().map(|&v| offset(v)).collect::<Result<_>>()?,
                    }),)*
                    _ => return Err(Error::schema("run ends are not integers")),
                }
            };
        }
        let run_ends = ends!(Int16 Int32 Int64);
        Ok(Array::RunEndEncoded(RunEndEncodedArray {
            meta: RunEndEncodedMeta {
                run_ends_name: ends.name.clone(),
                values: field_meta(values),
            },
            run_ends: Box::new(run_ends),
            values: Box::new(self.child(values, all.len())?),
        }))
    }

    fn union(&mut self, variants: &[(i8, Field)], mode: UnionMode) -> Result<Array> {
        let picks: Vec<usize> = (0..self.rows)
            .map(|_| self.random.below(variants.len()))
            .collect();
        let types = picks
            .iter()
            .filter_map(|&at| variants.get(at).map(|(id, _)| *id))
            .collect();
        let mut lengths = vec![0_usize; variants.len()];
        let mut offsets = Vec::new();
        for &at in &picks {
            if let Some(length) = lengths.get_mut(at) {
                offsets.push(offset(*length)?);
                *length += 1;
            }
        }
        let dense = mode == UnionMode::Dense;
        let mut fields = Vec::new();
        for ((id, field), length) in variants.iter().zip(lengths) {
            let rows = if dense { length } else { self.rows };
            fields.push((*id, field_meta(field), self.child(field, rows)?));
        }
        Ok(Array::Union(UnionArray {
            types,
            offsets: dense.then_some(offsets),
            fields,
        }))
    }
}
