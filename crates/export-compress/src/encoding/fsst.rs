//! Encoding 10: strings as codes of one byte, each for one to eight bytes that are frequent in this block.
//!
//! Boncz, Neumann, Leis: FSST: Fast Random Access String Compression, VLDB 2020. The table is found by `fsst-rs`; reading
//! takes no library.

use super::cursor::Cursor;
use crate::defect::Defect;

/// The code before a byte that stands for itself.
const ESCAPE: u8 = 255;
/// Longest symbol.
const SYMBOL: usize = 8;
/// The table is found on samples of so many bytes.
#[cfg(feature = "fsst")]
const PIECE: usize = 512;
/// Parts that are encoded side by side, since each code waits for the one before.
#[cfg(feature = "fsst")]
const LANES: usize = fsst::Compressor::DEFAULT_BULK_LANES;

/// Symbols that suit some text, and with it what is like it.
#[cfg(feature = "fsst")]
pub(crate) struct Symbols(fsst::Compressor);

#[cfg(feature = "fsst")]
impl Symbols {
    /// Finding symbols takes a millisecond or so, however short the text.
    pub(crate) fn of(data: &[u8]) -> Option<Self> {
        let pieces: Vec<&[u8]> = data.chunks(PIECE).collect();
        Some(Self(fsst::Compressor::train(&pieces)))
    }

    /// The symbol table, then codes.
    pub(crate) fn encode(&self, data: &[u8]) -> Vec<u8> {
        let compressor = &self.0;
        let symbols = compressor.symbol_table().iter();
        let table = symbols.zip(compressor.symbol_lengths());
        let mut bytes = Vec::with_capacity(data.len() * 2 + 3000);
        bytes.push(u8::try_from(compressor.n_symbols()).unwrap_or(ESCAPE));
        bytes.extend(compressor.symbol_lengths());
        for (symbol, length) in table {
            let symbol = symbol.to_u64().to_le_bytes();
            bytes.extend(symbol.iter().take(usize::from(*length)));
        }
        let parts: Vec<&[u8]> = data.chunks(data.len().div_ceil(LANES).max(1)).collect();
        compressor.compress_bulk_into::<LANES>(&parts, &mut bytes, &mut Vec::with_capacity(LANES));
        bytes
    }
}

/// Where there is no library to find symbols, there are none.
#[cfg(not(feature = "fsst"))]
pub(crate) enum Symbols {}

#[cfg(not(feature = "fsst"))]
impl Symbols {
    pub(crate) fn of(_: &[u8]) -> Option<Self> {
        None
    }

    pub(crate) fn encode(&self, _: &[u8]) -> Vec<u8> {
        match *self {}
    }
}

impl std::fmt::Debug for Symbols {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Symbols")
    }
}

/// Exactly `count` bytes.
pub(crate) fn decode(parameters: &[u8], bytes: &[u8], count: usize) -> Result<Vec<u8>, Defect> {
    Cursor::new("fsst parameters", parameters).finish()?;
    let mut cursor = Cursor::new("fsst symbols", bytes);
    let table = read_table(&mut cursor)?;
    let mut codes = cursor.rest().iter();
    // Symbols are copied whole, and what is over is overwritten by the next one.
    let mut output = vec![0; count.saturating_add(SYMBOL)];
    let mut end = 0;
    while let Some(&code) = codes.next() {
        let (mut symbol, mut length) = table.get(usize::from(code)).copied().unwrap_or_default();
        if length == 0 {
            if code != ESCAPE {
                return Err(Defect::Range {
                    what: "code of a symbol",
                    found: code.into(),
                });
            }
            let byte = codes
                .next()
                .ok_or(Defect::Rule("nothing follows an escape"))?;
            (symbol, length) = ([*byte, 0, 0, 0, 0, 0, 0, 0], 1);
        }
        let room = output.get_mut(end..end + SYMBOL);
        let room = room.ok_or(Defect::Rule("codes stand for more bytes than are due"))?;
        room.copy_from_slice(&symbol);
        end += usize::from(length);
    }
    if end != count {
        return Err(Defect::mismatch("bytes of all codes", count, end));
    }
    output.truncate(count);
    Ok(output)
}

/// What every code stands for, and how long that is: 0 where it stands for nothing.
fn read_table(cursor: &mut Cursor<'_>) -> Result<[([u8; SYMBOL], u8); 256], Defect> {
    let mut table = [([0; SYMBOL], 0); 256];
    let symbols = usize::from(cursor.word::<u8>()?);
    let lengths = cursor.take(symbols)?;
    for ((symbol, length), &stored) in table.iter_mut().zip(lengths) {
        *length = stored;
        let room = symbol.get_mut(..usize::from(stored));
        match room.filter(|room| !room.is_empty()) {
            Some(room) => room.copy_from_slice(cursor.take(room.len())?),
            None => {
                return Err(Defect::Range {
                    what: "length of a symbol",
                    found: stored.into(),
                });
            }
        }
    }
    Ok(table)
}

#[cfg(all(test, feature = "fsst"))]
mod tests {
    use super::*;
    use crate::encoding::testing::{damaged, texts};

    #[test]
    fn exact() {
        for strings in texts() {
            let data = strings.concat();
            let bytes = Symbols::of(&data).unwrap().encode(&data);
            assert_eq!(decode(&[], &bytes, data.len()).unwrap(), data);
            assert!(decode(&[], &bytes, data.len() + 1).is_err());
            assert!(data.is_empty() || decode(&[], &bytes, data.len() - 1).is_err());
        }
        let frequent = b"/usr/share/doc/".repeat(1000);
        assert!(Symbols::of(&frequent).unwrap().encode(&frequent).len() < frequent.len() / 6);
    }

    #[test]
    fn safe() {
        for strings in texts() {
            let some: Vec<u8> = strings.concat().into_iter().take(200).collect();
            for (parameters, bytes) in damaged(&[], &Symbols::of(&some).unwrap().encode(&some)) {
                for count in [some.len(), 0, 1, 5000] {
                    if let Ok(back) = decode(&parameters, &bytes, count) {
                        assert_eq!(back.len(), count);
                    }
                }
            }
        }
    }

    #[test]
    fn symbols_and_escapes() {
        let bytes = [2, 3, 1, b'a', b'b', b'c', b'd', 0, 1, 255, 0, 0];
        assert_eq!(decode(&[], &bytes, 8).unwrap(), b"abcd\0abc");
        for damaged in [
            &bytes[..9],
            &[0, 0],
            &[1, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[1, 0],
        ] {
            assert!(decode(&[], damaged, 8).is_err());
        }
    }
}
