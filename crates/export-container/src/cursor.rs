//! Reading fixed-width little-endian fields off a slice.

use crate::fault::Fault;

/// What is left of a structure's bytes.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    structure: &'static str,
    rest: &'a [u8],
}

macro_rules! integers {
    ($($name:ident: $type:ty),*) => {
        $(pub(crate) fn $name(&mut self) -> Result<$type, Fault> {
            Ok(<$type>::from_le_bytes(self.array()?))
        })*
    };
}

impl<'a> Cursor<'a> {
    /// Reads `bytes`, a `structure` for errors.
    pub(crate) fn new(structure: &'static str, bytes: &'a [u8]) -> Self {
        Self {
            structure,
            rest: bytes,
        }
    }

    integers!(u8: u8, u16: u16, u32: u32, u64: u64, i64: i64);

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (array, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(Fault::Short(self.structure))?;
        self.rest = rest;
        Ok(*array)
    }

    pub(crate) fn slice(&mut self, bytes: usize) -> Result<&'a [u8], Fault> {
        let (slice, rest) = self
            .rest
            .split_at_checked(bytes)
            .ok_or(Fault::Short(self.structure))?;
        self.rest = rest;
        Ok(slice)
    }

    /// Reads `bytes` bytes that must be zero.
    pub(crate) fn zeros(&mut self, bytes: usize) -> Result<(), Fault> {
        match self.slice(bytes)?.iter().find(|&&byte| byte != 0) {
            None => Ok(()),
            Some(&found) => Err(self.out_of_range("reserved byte", found.into())),
        }
    }

    /// How many entries of at least `entry_bytes` each to make room for, where `announced` are.
    pub(crate) fn capacity(&self, announced: u64, entry_bytes: usize) -> usize {
        let possible = self.rest.len() / entry_bytes.max(1);
        usize::try_from(announced).map_or(possible, |announced| announced.min(possible))
    }

    pub(crate) fn out_of_range(&self, field: &'static str, found: u64) -> Fault {
        Fault::Range {
            structure: self.structure,
            field,
            found,
        }
    }

    pub(crate) fn unknown(&self, field: &'static str, found: u64) -> Fault {
        Fault::Unknown {
            structure: self.structure,
            field,
            found,
        }
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Fails where bytes are left.
    pub(crate) fn end(self) -> Result<(), Fault> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Fault::Excess(self.structure))
        }
    }
}
