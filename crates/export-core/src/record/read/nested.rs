//! Options, lists, maps, structs and enums out of columns.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::rc::Rc;
use std::sync::Arc;

use marrow::array::Array;

use super::{ColumnRef, FieldsRef, FromRecord, FromRecordAs, Selection, collect};
use crate::record::fields::MAX_TUPLE;
use crate::value::Value;
use crate::{Error, Result};

/// Values where there are some.
fn optional<T>(
    column: ColumnRef<'_>,
    rows: &Selection,
    read: impl FnOnce(ColumnRef<'_>, &Selection) -> Result<Vec<T>>,
) -> Result<Vec<Option<T>>> {
    let nulls: Vec<bool> = rows.iter().map(|row| column.is_null(row)).collect();
    let some = rows.filter(|at| nulls.get(at) == Some(&false));
    let mut values = read(column, &some)?.into_iter();
    Ok(nulls
        .into_iter()
        .map(|is_null| if is_null { None } else { values.next() })
        .collect())
}

impl<T: FromRecord> FromRecord for Option<T> {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        optional(column, rows, T::read)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T, W: FromRecordAs<T>> FromRecordAs<Option<T>> for Option<W> {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Option<T>>> {
        optional(column, rows, W::read)
    }

    fn absent() -> Option<Option<T>> {
        Some(None)
    }
}

impl FromRecord for () {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        column.values(rows, "nothing", |value| {
            matches!(value, Value::Null).then_some(())
        })
    }

    fn absent() -> Option<Self> {
        Some(())
    }
}

impl<T> FromRecord for std::marker::PhantomData<T> {
    fn read(_: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        Ok(vec![Self; rows.len()])
    }

    fn absent() -> Option<Self> {
        Some(Self)
    }
}

macro_rules! pointers {
    ($($pointer:ident)*) => {
        $(impl<T: FromRecord> FromRecord for $pointer<T> {
            fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
                Ok(T::read(column, rows)?.into_iter().map(Self::new).collect())
            }

            fn absent() -> Option<Self> {
                T::absent().map(Self::new)
            }

            fn read_rows(fields: FieldsRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
                Ok(T::read_rows(fields, rows)?.into_iter().map(Self::new).collect())
            }
        })*
    };
}

pointers! { Box Rc Arc }

impl<'a> ColumnRef<'a> {
    /// The column of the elements of lists or the like in this one.
    fn elements(&self, array: &'a Array) -> Self {
        let metadata = match self.array {
            Array::List(a) => &a.meta.metadata,
            Array::LargeList(a) => &a.meta.metadata,
            Array::FixedSizeList(a) => &a.meta.metadata,
            _ => self.metadata,
        };
        Self {
            array,
            metadata,
            has_rows: false,
        }
    }

    /// The fields of structs. Fails where one is null.
    pub fn fields(self, rows: &Selection) -> Result<FieldsRef<'a>> {
        let what = "a struct";
        let Array::Struct(array) = self.array else {
            // What is no struct says so of its first value.
            self.values(rows, what, |_| None::<()>)?;
            return Err(Error::schema("the column does not hold structs"));
        };
        if array.validity.is_some() {
            self.values(rows, what, |value| {
                (!matches!(value, Value::Null)).then_some(())
            })?;
        }
        Ok(FieldsRef::of_struct(array, self.has_rows))
    }
}

/// Lists: the elements of all, and of each list how many they are.
fn lists<T: FromRecord>(column: ColumnRef<'_>, rows: &Selection) -> Result<(Vec<T>, Vec<usize>)> {
    let (mut all, mut elements) = (Selection::default(), None);
    let lengths = column.values(rows, "a list", |value| match value {
        Value::List(array, start, end) => {
            elements = Some(array);
            all.push(start..end);
            Some(end - start)
        }
        _ => None,
    })?;
    let values = match elements {
        Some(elements) if !all.is_empty() => T::read(column.elements(elements), &all)?,
        _ => Vec::new(),
    };
    Ok((values, lengths))
}

macro_rules! collections {
    ($(<$t:ident $(: $b:ident $(+ $c:ident)?)? $(, $s:ident: $($sb:ident)+)?> $collection:ty;)*) => {
        $(impl<$t: FromRecord $(+ $b $(+ $c)?)? $(, $s: $($sb +)+)?> FromRecord for $collection {
            fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
                let (values, lengths) = lists::<$t>(column, rows)?;
                let mut values = values.into_iter();
                Ok(lengths
                    .into_iter()
                    .map(|length| values.by_ref().take(length).collect())
                    .collect())
            }
        })*
    };
}

collections! {
    <T> Vec<T>;
    <T> Box<[T]>;
    <T> Rc<[T]>;
    <T> Arc<[T]>;
    <T> VecDeque<T>;
    <T: Ord> BTreeSet<T>;
    <T: Eq + Hash, S: Default BuildHasher> HashSet<T, S>;
}

/// The next `N` values of each of the iterators, or of the one there is.
fn array_of<T, const N: usize>(mut next: impl FnMut(usize) -> Option<T>) -> Option<[T; N]> {
    let values: Option<Vec<T>> = (0..N).map(&mut next).collect();
    values?.try_into().ok()
}

fn short() -> Error {
    Error::schema("a column has fewer values than rows")
}

impl<T: FromRecord, const N: usize> FromRecord for [T; N] {
    fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        if N <= MAX_TUPLE && matches!(column.array, Array::Struct(_)) {
            return Self::read_rows(column.fields(rows)?, rows);
        }
        let (values, lengths) = lists::<T>(column, rows)?;
        let mut values = values.into_iter();
        let arrays = lengths.into_iter().zip(rows.iter()).map(|(length, row)| {
            if length != N {
                let error = Error::data(format!("holds a list of {length} where {N} are wanted"));
                return Err(column.at(row, error));
            }
            array_of(|_| values.next()).ok_or_else(short)
        });
        arrays.collect()
    }

    fn read_rows(fields: FieldsRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
        if N > MAX_TUPLE {
            let column = fields.named(super::VALUE).ok_or_else(short)?;
            return Self::read(column, rows).map_err(|error| error.in_column(super::VALUE));
        }
        let columns: Result<Vec<_>> = (0..N).map(|at| fields.read_place::<T>(at, rows)).collect();
        let mut columns: Vec<_> = columns?.into_iter().map(Vec::into_iter).collect();
        collect(rows.len(), || array_of(|at| columns.get_mut(at)?.next()))
    }
}

/// Maps: all entries, and of each map how many they are.
fn maps<K: FromRecord, V: FromRecord>(
    column: ColumnRef<'_>,
    rows: &Selection,
) -> Result<(impl Iterator<Item = (K, V)>, Vec<usize>)> {
    let (mut all, mut found) = (Selection::default(), None);
    let lengths = column.values(rows, "a map", |value| match value {
        Value::Map(keys, values, start, end) => {
            found = Some((keys, values));
            all.push(start..end);
            Some(end - start)
        }
        _ => None,
    })?;
    let (keys, values) = match (found, column.array) {
        (Some((keys, values)), Array::Map(map)) if !all.is_empty() => {
            let part = |array, metadata| ColumnRef {
                array,
                metadata,
                has_rows: false,
            };
            let keys = K::read(part(keys, &map.meta.keys.metadata), &all);
            let values = V::read(part(values, &map.meta.values.metadata), &all);
            (
                keys.map_err(|error| error.in_column("key"))?,
                values.map_err(|error| error.in_column("value"))?,
            )
        }
        _ => (Vec::new(), Vec::new()),
    };
    Ok((keys.into_iter().zip(values), lengths))
}

macro_rules! map_types {
    ($(<K: $k:ident $(+ $l:ident)? $(, $s:ident: $($sb:ident)+)?> $map:ty;)*) => {
        $(impl<K: FromRecord + $k $(+ $l)?, V: FromRecord $(, $s: $($sb +)+)?> FromRecord for $map {
            fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
                let (mut entries, lengths) = maps::<K, V>(column, rows)?;
                Ok(lengths
                    .into_iter()
                    .map(|length| entries.by_ref().take(length).collect())
                    .collect())
            }
        })*
    };
}

map_types! {
    <K: Ord> BTreeMap<K, V>;
    <K: Eq + Hash, S: Default BuildHasher> HashMap<K, V, S>;
}

macro_rules! tuples {
    ($(($($t:ident $at:tt),*))*) => {
        $(impl<$($t: FromRecord),*> FromRecord for ($($t,)*) {
            fn read(column: ColumnRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
                Self::read_rows(column.fields(rows)?, rows)
            }

            fn read_rows(fields: FieldsRef<'_>, rows: &Selection) -> Result<Vec<Self>> {
                let mut columns = ($(fields.read_place::<$t>($at, rows)?.into_iter(),)*);
                collect(rows.len(), || Some(($(columns.$at.next()?,)*)))
            }
        })*
    };
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15)
}
