//! Contenders that are given structs.

mod bitcode;
mod mcap;
mod ours;
mod serde_arrow;
mod serialised;

use anyhow::Result;
use exportkit::{FromRecord, Record};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use self::bitcode::{D1, D5};
use crate::contender::Contender;

/// Rows that row formats write at once, and compress together: as many of D1 as one of our chunks holds.
const CHUNK_ROWS: usize = 100_000;

/// All of them, for rows `T` whose twin with bitcode's own traits is `B`.
pub(crate) fn contenders<'a, T, B>(rows: &'a [T]) -> Result<Vec<Box<dyn Contender + 'a>>>
where
    T: Record + FromRecord + Serialize + DeserializeOwned + PartialEq + 'a,
    B: bitcode::Twin<T> + 'a,
{
    use serialised::{Bincode, JsonLines, MessagePack, Postcard, Serialised};
    let mut contenders: Vec<Box<dyn Contender + 'a>> = vec![
        Box::new(bitcode::Bitcode::<B>::new(rows)),
        Box::new(Serialised::<T, Bincode>::new(rows, true)),
        Box::new(Serialised::<T, MessagePack>::new(rows, true)),
        Box::new(Serialised::<T, Postcard>::new(rows, true)),
        Box::new(Serialised::<T, JsonLines>::new(rows, false)),
        Box::new(Serialised::<T, JsonLines>::new(rows, true)),
        Box::new(mcap::Mcap::new(rows)),
        Box::new(serde_arrow::SerdeArrow::new(rows)?),
    ];
    contenders.extend(ours::contenders(rows));
    Ok(contenders)
}
