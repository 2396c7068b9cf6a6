//! Thrift's compact protocol, as far as it takes to write Parquet's structures and lies in them.

/// A struct that is being written.
#[derive(Default)]
pub(super) struct Struct {
    bytes: Vec<u8>,
    last: u8,
}

pub(super) const I32: u8 = 5;
pub(super) const STRUCT: u8 = 12;

impl Struct {
    fn field(&mut self, id: u8, kind: u8) {
        self.bytes.push((id - self.last) << 4 | kind);
        self.last = id;
    }

    pub(super) fn i32(mut self, id: u8, value: i64) -> Self {
        self.field(id, I32);
        number(value, &mut self.bytes);
        self
    }

    pub(super) fn i64(mut self, id: u8, value: i64) -> Self {
        self.field(id, 6);
        number(value, &mut self.bytes);
        self
    }

    pub(super) fn text(mut self, id: u8, text: &str) -> Self {
        self.field(id, 8);
        varint(text.len() as u64, &mut self.bytes);
        self.bytes.extend(text.as_bytes());
        self
    }

    /// A text that is said to be `length` bytes long and is not there.
    pub(super) fn said_text(mut self, id: u8, length: u64) -> Self {
        self.field(id, 8);
        varint(length, &mut self.bytes);
        self
    }

    pub(super) fn structure(mut self, id: u8, inner: Struct) -> Self {
        self.field(id, STRUCT);
        self.bytes.extend(inner.done());
        self
    }

    pub(super) fn structures(self, id: u8, inner: Vec<Struct>) -> Self {
        let count = inner.len() as u64;
        let bytes = inner
            .into_iter()
            .flat_map(Struct::done)
            .collect::<Vec<u8>>();
        self.list(id, STRUCT, count, &bytes)
    }

    /// A list that is said to have `count` elements.
    pub(super) fn list(mut self, id: u8, kind: u8, count: u64, elements: &[u8]) -> Self {
        self.field(id, 9);
        self.bytes.push(0xF0 | kind);
        varint(count, &mut self.bytes);
        self.bytes.extend(elements);
        self
    }

    /// The whole struct.
    pub(super) fn done(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

fn number(value: i64, out: &mut Vec<u8>) {
    varint((value << 1 ^ value >> 63).cast_unsigned(), out);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let low = value.to_le_bytes()[0] & 127;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 128);
    }
}
