//! Text that never ends, never closes or never repeats itself, as it is and compressed.

use std::io::Write;

use anyhow::Result;
use export_formats::compressed::{Compression, Compressor};

use super::Bomb;

/// Bytes that the compressed ones become.
const MANY: usize = 256 << 20;

pub(super) fn bombs() -> Result<Vec<Bomb>> {
    let mut bombs = vec![
        ndjson(
            "arrays a million deep",
            format!("{}\n", "[".repeat(1_000_000)),
        ),
        ndjson("objects a million deep", r#"{"a":"#.repeat(1_000_000)),
        ndjson(
            "arrays of 600 levels, again and again",
            "[".repeat(600) + &"]".repeat(600) + "\n",
        ),
        ndjson("a million keys in a row", row_of_keys(0..1_000_000)),
        ndjson(
            "ever new keys",
            (0..20_000).map(|n| row_of_keys(n..n + 1)).collect(),
        ),
        ndjson("ever new keys without a value", {
            let row = |n| format!("{{\"k{n}\":null}}\n");
            (0..70_000).map(row).collect()
        }),
        ndjson(
            "a number of a million digits",
            format!("{{\"a\":{}}}\n", "9".repeat(1_000_000)),
        ),
        ndjson(
            "an exponent of a million",
            String::from("{\"a\":1e999999}\n"),
        )
        .read_as_it_is(),
        csv(
            "a million columns",
            format!("{}\n{}\n", names(), ",".repeat(999_999)),
        ),
        csv(
            "a million cells in the second row",
            format!("a,b\n{}\n", ",".repeat(1_000_000)),
        ),
        csv(
            "a quote that never closes",
            format!("a,b\n1,\"{}", "x\n".repeat(16 << 20)),
        ),
        csv("a header that never ends", "x".repeat(20 << 20)),
    ];
    let mut filled = csv(
        "60,000 columns of rows with one cell",
        format!("{}\n{}", ",".repeat(60_000), "x\n".repeat(200_000)),
    );
    filled.fill = true;
    bombs.push(filled);
    for kind in [
        Compression::Gzip,
        Compression::Zstd,
        Compression::Lz4,
        Compression::Brotli,
    ] {
        for (name, ending, byte) in [
            ("empty lines", "ndjson", b'\n'),
            ("a line without end", "ndjson", b' '),
            ("a cell without end", "csv", b'x'),
        ] {
            let packed = compressed(kind, &vec![byte; MANY])?;
            let ending = match kind {
                Compression::Gzip => [ending, "gz"].join("."),
                Compression::Zstd => [ending, "zst"].join("."),
                Compression::Lz4 => [ending, "lz4"].join("."),
                Compression::Brotli => [ending, "br"].join("."),
            };
            let mut bomb = Bomb::new(format!("{}: {name}", kind.name()), "", packed);
            bomb.ending = ending.leak();
            // LZ4 makes 255 bytes of one at most: empty lines are read, as they are.
            bomb.is_read = kind == Compression::Lz4 && byte == b'\n';
            bombs.push(bomb);
        }
    }
    bombs.extend(windows());
    let members = compressed(Compression::Gzip, b"")?.repeat(50_000);
    bombs.push(Bomb::new("gzip: 50,000 empty members", "csv.gz", members));
    Ok(bombs)
}

fn ndjson(name: &str, text: String) -> Bomb {
    Bomb::new(format!("ndjson: {name}"), "ndjson", text.into_bytes())
}

fn csv(name: &str, text: String) -> Bomb {
    Bomb::new(format!("csv: {name}"), "csv", text.into_bytes())
}

fn row_of_keys(keys: std::ops::Range<u32>) -> String {
    let pairs: Vec<String> = keys.map(|key| format!("\"k{key}\":1")).collect();
    format!("{{{}}}\n", pairs.join(","))
}

fn names() -> String {
    let names: Vec<String> = (0..1_000_000).map(|n| format!("c{n}")).collect();
    names.join(",")
}

fn compressed(kind: Compression, bytes: &[u8]) -> Result<Vec<u8>> {
    let memory = export_benches::memory::Memory::default();
    let mut compressor = Compressor::new(kind, memory.clone())?;
    compressor.write_all(bytes)?;
    compressor.finish()?;
    Ok(memory.take())
}

/// Frames whose window is larger than all that follows.
fn windows() -> Vec<Bomb> {
    // Magic, a descriptor without content size, and a window of 2^31 and of 2^41 bytes; then a raw block without bytes.
    let zstd = |window: u8| vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, window, 1, 0, 0];
    // Brotli's large window extension, with 30 bits.
    let brotli = vec![0x11, 0x1E, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    vec![
        Bomb::new("zstd: a window of 2 GiB", "csv.zst", zstd(21 << 3)),
        Bomb::new("zstd: a window of 2 TiB", "csv.zst", zstd(31 << 3)),
        Bomb::new("brotli: a window of a gigabyte", "csv.br", brotli),
    ]
}
