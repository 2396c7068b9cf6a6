//! The one line of a key file: `exportkit-key-1:BASE64:CHECK`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::key::KEY_BYTES;

const START: &str = "exportkit-key-1:";
const CHECK: &str = "exportkit key 1: check of a key file";
const CHECK_BYTES: usize = 4;

/// The line, with its end.
pub(crate) fn of_key(key: &[u8; KEY_BYTES]) -> Zeroizing<String> {
    // Room for all of it: a string that grows leaves copies behind.
    let mut line = Zeroizing::new(String::with_capacity(128));
    line.push_str(START);
    STANDARD.encode_string(key, &mut line);
    line.push(':');
    STANDARD.encode_string(check(key), &mut line);
    line.push('\n');
    line
}

/// The key in a line, or `None` where it is not one that [`of_key`] makes. The end of the line may be missing.
pub(crate) fn to_key(line: &[u8]) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let line = str::from_utf8(line).ok()?.trim_ascii_end();
    let (coded, check_coded) = line.strip_prefix(START)?.split_once(':')?;
    // Decoding wants room for whole groups of three bytes.
    let mut bytes = Zeroizing::new([0; KEY_BYTES + 1]);
    let count = STANDARD.decode_slice(coded, &mut *bytes).ok()?;
    let key: &[u8; KEY_BYTES] = bytes.get(..count)?.try_into().ok()?;
    let found = STANDARD.decode(check_coded).ok()?;
    (found == check(key)).then(|| Zeroizing::new(*key))
}

/// Tells a key that was typed or copied wrong.
fn check(key: &[u8; KEY_BYTES]) -> [u8; CHECK_BYTES] {
    let [a, b, c, d, ..] = blake3::derive_key(CHECK, key);
    [a, b, c, d]
}
