//! A walk over Thrift's compact protocol, to see what a file announces before the library makes room for it.
//!
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>

use export_core::{Error, Result};

use super::shape::Shape;

/// Deepest nesting of structs and lists; the library itself skips no deeper.
const MAX_DEPTH: u32 = 64;

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

/// What is left of some bytes.
pub(super) struct Thrift<'a> {
    rest: &'a [u8],
    depth: u32,
}

/// A field of a struct.
pub(super) struct Field {
    pub(super) id: i16,
    kind: u8,
}

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            depth: 0,
        }
    }

    /// Bytes that were not walked over.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// Walks over a struct. `visit` may read a field, and says whether it did; what it leaves is passed over.
    pub(super) fn each_field(
        &mut self,
        mut visit: impl FnMut(&mut Self, &Field) -> Result<bool>,
    ) -> Result<()> {
        self.enter()?;
        let mut last = 0_i16;
        loop {
            let head = self.byte()?;
            let kind = head & 15;
            if kind == 0 {
                break;
            }
            let id = match head >> 4 {
                0 => i16::try_from(self.number()?).map_err(|_| broken())?,
                delta => last.checked_add(delta.into()).ok_or_else(broken)?,
            };
            last = id;
            let field = Field { id, kind };
            if !visit(self, &field)? {
                self.skip(kind, false)?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Walks over a structure, and fails where it is not of that shape.
    pub(super) fn check(&mut self, shape: &Shape) -> Result<()> {
        self.shaped(STRUCT, shape, false)
    }

    fn shaped(&mut self, kind: u8, shape: &Shape, in_list: bool) -> Result<()> {
        match (shape, kind) {
            (Shape::Byte, 3)
            | (Shape::Number, 4..=6)
            | (Shape::Bool, TRUE | FALSE)
            | (Shape::Double, 7)
            | (Shape::Bytes, BINARY) => self.skip(kind, in_list),
            (Shape::Struct(fields), STRUCT) => self.each_field(|thrift, field| {
                let known = fields.iter().find(|(id, _)| *id == field.id);
                let Some((_, shape)) = known else {
                    return Ok(false);
                };
                thrift.shaped(field.kind, shape, false).map(|()| true)
            }),
            (Shape::List(element), LIST | SET) => {
                self.enter()?;
                let (kind, count) = self.list()?;
                for _ in 0..count {
                    self.shaped(kind, element, true)?;
                }
                self.depth -= 1;
                Ok(())
            }
            _ => Err(Error::corrupt(
                "a field is of another kind than Parquet gives it",
            )),
        }
    }

    /// Walks over a list whose length is at most `most`. Elements are structs, or passed over.
    pub(super) fn each_struct(
        &mut self,
        field: &Field,
        most: u64,
        what: &str,
        mut visit: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<()> {
        if field.kind != LIST && field.kind != SET {
            return self.skip(field.kind, false);
        }
        self.enter()?;
        let (kind, count) = self.list()?;
        export_core::Limits::check(what, count, most)?;
        for _ in 0..count {
            if kind == STRUCT {
                visit(self)?;
            } else {
                self.skip(kind, true)?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// The number in a field, where it is one.
    pub(super) fn number_in(&mut self, field: &Field) -> Result<Option<i64>> {
        match field.kind {
            4..=6 => self.number().map(Some),
            kind => self.skip(kind, false).map(|()| None),
        }
    }

    /// A struct in a field, walked over by `visit`.
    pub(super) fn struct_in(
        &mut self,
        field: &Field,
        visit: impl FnMut(&mut Self, &Field) -> Result<bool>,
    ) -> Result<()> {
        match field.kind {
            STRUCT => self.each_field(visit),
            kind => self.skip(kind, false),
        }
    }

    /// The length of a text or binary value, which is passed over.
    pub(super) fn length_in(&mut self, field: &Field) -> Result<u64> {
        let before = self.rest.len();
        self.skip(field.kind, false)?;
        Ok((before - self.rest.len()) as u64)
    }

    fn skip(&mut self, kind: u8, in_list: bool) -> Result<()> {
        match kind {
            // A field that is true or false has no more than its kind.
            TRUE | FALSE if !in_list => {}
            TRUE | FALSE | 3 => drop(self.byte()?),
            4..=6 => drop(self.varint()?),
            7 => drop(self.take(8)?),
            13 => drop(self.take(16)?),
            BINARY => {
                let length = self.varint()?;
                self.take(length)?;
            }
            LIST | SET => {
                self.enter()?;
                let (kind, count) = self.list()?;
                refuse_truths(count, kind)?;
                for _ in 0..count {
                    self.skip(kind, true)?;
                }
                self.depth -= 1;
            }
            MAP => {
                self.enter()?;
                let count = self.counted()?;
                if count > 0 {
                    let kinds = self.byte()?;
                    refuse_truths(count, kinds >> 4)?;
                    refuse_truths(count, kinds & 15)?;
                    for _ in 0..count {
                        self.skip(kinds >> 4, true)?;
                        self.skip(kinds & 15, true)?;
                    }
                }
                self.depth -= 1;
            }
            STRUCT => self.each_field(|_, _| Ok(false))?,
            _ => return Err(broken()),
        }
        Ok(())
    }

    /// The kind of a list's elements, and how many there are: no more than there are bytes, as each takes one at least.
    fn list(&mut self) -> Result<(u8, u64)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.counted()?,
            count => self.bounded(count.into())?,
        };
        Ok((head & 15, count))
    }

    fn counted(&mut self) -> Result<u64> {
        let count = self.varint()?;
        self.bounded(count)
    }

    fn bounded(&self, count: u64) -> Result<u64> {
        if count <= self.rest.len() as u64 {
            return Ok(count);
        }
        Err(Error::corrupt(format!(
            "a list of {count} elements is announced where {} bytes are left",
            self.rest.len()
        )))
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        export_core::Limits::check("nesting of the footer", self.depth.into(), MAX_DEPTH.into())
    }

    fn number(&mut self) -> Result<i64> {
        let value = self.varint()?;
        let half = i64::try_from(value >> 1).map_err(|_| broken())?;
        Ok(if value & 1 == 0 { half } else { !half })
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 127) << shift;
            if byte & 128 == 0 {
                return Ok(value);
            }
        }
        Err(broken())
    }

    fn byte(&mut self) -> Result<u8> {
        let (first, rest) = self.rest.split_first().ok_or_else(ends)?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8]> {
        let count = usize::try_from(count).map_err(|_| ends())?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(ends)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Fails where elements that are passed over are true or false: the library takes them to have no bytes, so that a few bytes
/// announce as many of them as they like, and what follows is something else to it.
fn refuse_truths(count: u64, kind: u8) -> Result<()> {
    if count > 0 && matches!(kind, TRUE | FALSE) {
        return Err(Error::corrupt(
            "a list of truth values, which no part of Parquet's has, is there",
        ));
    }
    Ok(())
}

fn ends() -> Error {
    Error::truncated("the Thrift structure ends early")
}

fn broken() -> Error {
    Error::corrupt("this is no Thrift structure")
}

#[cfg(test)]
mod tests {
    use export_core::ErrorKind;

    use super::*;

    fn walk(bytes: &[u8]) -> Result<Vec<(i16, Option<i64>)>> {
        let mut seen = Vec::new();
        Thrift::new(bytes).each_field(|thrift, field| {
            seen.push((field.id, thrift.number_in(field)?));
            Ok(true)
        })?;
        Ok(seen)
    }

    #[test]
    fn fields_and_numbers() {
        // 1: i32 = 2; 3: i64 = -1; 4: true; 5: binary "ab"; 20 (long form): list of two i32.
        let bytes = [
            0x15, 4, 0x26, 1, 0x11, 0x18, 2, b'a', b'b', 0x09, 40, 0x25, 2, 4, 0,
        ];
        let due = [
            (1, Some(2)),
            (3, Some(-1)),
            (4, None),
            (5, None),
            (20, None),
        ];
        assert_eq!(walk(&bytes).unwrap(), due);
        for cut in 0..bytes.len() {
            assert!(walk(&bytes[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn what_the_library_would_see_otherwise_is_refused() {
        let shape = Shape::Struct(&[(1, Shape::Number), (2, Shape::List(&Shape::Number))]);
        let check = |bytes: &[u8]| Thrift::new(bytes).check(&shape);
        // 1: i32 = 2; 2: list of two i32; 5: binary, which it does not know.
        check(&[0x15, 4, 0x19, 0x25, 2, 4, 0x38, 1, b'a', 0]).unwrap();
        check(&[0x29, 0x00, 0]).unwrap();
        for wrong in [
            // A number that is a text; a list that is a number, or of texts, or of truths.
            &[0x18, 1, b'a', 0][..],
            &[0x25, 2, 0],
            &[0x29, 0x18, 1, b'a', 0],
            &[0x29, 0x12, 1, 0],
            // Truths in what it does not know: lists, lists in lists, maps.
            &[0x59, 0x11, 1, 0],
            &[0x59, 0x19, 0x22, 1, 1, 0],
            &[0x5B, 1, 0x21, 1, 1, 0],
        ] {
            let error = check(wrong).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{wrong:?}: {error}");
        }
    }

    #[test]
    fn what_is_announced_must_be_there() {
        let many = [0x19, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0, 0];
        assert_eq!(walk(&many).unwrap_err().kind(), ErrorKind::Corrupt);
        let booleans = [0x19, 0xF1, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0, 0];
        assert_eq!(walk(&booleans).unwrap_err().kind(), ErrorKind::Corrupt);
        let deep = [0x1C; 100_000];
        assert_eq!(walk(&deep).unwrap_err().kind(), ErrorKind::Limit);
    }
}
