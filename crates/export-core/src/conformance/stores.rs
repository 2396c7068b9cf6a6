//! What every [`Storage`] promises.

use super::promise;
use crate::{Result, Storage};

/// Reads what was written, at any offset, and fills gaps with zeros; `make` gives an empty storage.
pub fn storage(make: impl Fn() -> Box<dyn Storage>) -> Result<()> {
    let store = make();
    expect(&*store, b"", "an empty storage")?;
    store.write_at(0, b"hello")?;
    expect(&*store, b"hello", "after the first write")?;
    store.write_at(7, b"world")?;
    expect(&*store, b"hello\0\0world", "after a write past the end")?;
    store.write_at(3, b"LOW")?;
    expect(
        &*store,
        b"helLOW\0world",
        "after a write over what was there",
    )?;
    store.resize(4)?;
    expect(&*store, b"helL", "after it was cut")?;
    store.resize(6)?;
    expect(&*store, b"helL\0\0", "after it was grown")?;
    store.sync()?;
    expect(&*store, b"helL\0\0", "after a sync")?;
    ends(&*store)?;
    large(&*make())
}

fn expect(store: &dyn Storage, wanted: &[u8], when: &str) -> Result<()> {
    let size = store.size_bytes()?;
    promise(
        usize::try_from(size).is_ok_and(|size| size == wanted.len()),
        || {
            format!(
                "{when}, the storage has {size} bytes instead of {}",
                wanted.len()
            )
        },
    )?;
    for start in 0..=wanted.len() {
        for len in [0, 1, 3, wanted.len()] {
            let mut buffer = vec![0xEE; len];
            let offset = u64::try_from(start).unwrap_or(u64::MAX);
            let count = store.read_at(offset, &mut buffer)?;
            let rest = wanted.get(start..).unwrap_or_default();
            let rest = rest.get(..len).unwrap_or(rest);
            promise(buffer.get(..count) == Some(rest), || {
                format!("{when}, reading {len} bytes at {start} gave {count} bytes {buffer:?}")
            })?;
        }
    }
    Ok(())
}

/// Offsets that nothing is at.
fn ends(store: &dyn Storage) -> Result<()> {
    let mut buffer = [0; 4];
    for offset in [7, 1 << 40, u64::MAX - 1, u64::MAX] {
        let count = store.read_at(offset, &mut buffer).unwrap_or(0);
        promise(count == 0, || {
            format!("there are {count} bytes at {offset}, past the end")
        })?;
    }
    let refused = store.write_at(u64::MAX - 1, b"beyond").is_err();
    promise(refused, || {
        "a write beyond the last offset was taken".into()
    })
}

fn large(store: &dyn Storage) -> Result<()> {
    let bytes: Vec<u8> = (0..300_000_u32).map(|v| v.to_le_bytes()[1]).collect();
    store.write_at(0, &bytes)?;
    let mut buffer = vec![0; bytes.len() + 1];
    let count = store.read_at(0, &mut buffer)?;
    promise(buffer.get(..count) == Some(bytes.as_slice()), || {
        format!("300000 bytes were written, {count} came back or others")
    })
}
