//! Windows that compressed data asks for: memory that its decoder keeps.

use export_core::Limits;

use super::Compression;

/// What deflate has, and LZ4 beside its blocks.
const SMALL: u64 = 64 << 10;
/// The windows that libzstd can be told to take, as powers of two.
const LOGS: std::ops::RangeInclusive<u32> = 10..=30;

/// The largest window that libzstd may take, as a power of two. It refuses larger ones itself, in any frame of the input.
pub(super) fn log(limits: &Limits) -> u32 {
    let log = limits.window_bytes.checked_ilog2().unwrap_or(0);
    log.clamp(*LOGS.start(), *LOGS.end())
}

/// The window that data which starts with `head` asks for, where that can be seen. `None` for zstd, which sees for itself.
pub(super) fn declared(kind: Compression, head: &[u8]) -> Option<u64> {
    match kind {
        Compression::Gzip => Some(SMALL / 2),
        Compression::Zstd => None,
        Compression::Lz4 => {
            // Block sizes are 4 to 7, for 64 KiB to 4 MiB; linked blocks look back 64 KiB.
            let size = u32::from(head.get(5)? >> 4 & 7).max(4);
            Some(SMALL + (1 << (2 * size + 8)))
        }
        Compression::Brotli => Some(brotli(*head.first()?)),
    }
}

/// RFC 7932, section 9.1; the code that it leaves out starts the "large window" extension, which goes up to 1 GiB.
fn brotli(first: u8) -> u64 {
    let bits = match (first & 1, first >> 1 & 7, first >> 4 & 7) {
        (0, _, _) => 16,
        (_, 0, 0) => 17,
        (_, 0, 1) => return 1 << 30,
        (_, 0, n) => 8 + n,
        (_, n, _) => 17 + n,
    };
    1 << bits
}
