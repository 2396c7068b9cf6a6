//! docs/format/journal.md and the code state the same numbers.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

use export_journal::layout::{
    COPY_OFFSET, COUNT_OFFSET, DISCARDS_OFFSET, EXTENT_BYTES, EXTENT_OFFSET, FILE_HEADER_BYTES,
    HEADER_BYTES, LEAST_SEGMENT_BYTES, MOST_CAPACITY_BYTES, SEAL_BYTES, SEAL_OFFSETS,
    SEGMENT_HEADER_BYTES, SEGMENT_SIGNATURE, SIGNATURE, VERSION,
};

#[test]
fn the_text_has_the_numbers_of_the_code() {
    let hex = |bytes: [u8; 8]| bytes.map(|byte| format!("{byte:02X}")).join(" ");
    let [even, odd] = SEAL_OFFSETS;
    let expected = [
        ("SIGNATURE", hex(SIGNATURE)),
        ("SEGMENT_SIGNATURE", hex(SEGMENT_SIGNATURE)),
        ("VERSION", VERSION.to_string()),
        ("HEADER_BYTES", HEADER_BYTES.to_string()),
        ("COPY_OFFSET", COPY_OFFSET.to_string()),
        ("EXTENT_OFFSET", EXTENT_OFFSET.to_string()),
        ("COUNT_OFFSET", COUNT_OFFSET.to_string()),
        ("DISCARDS_OFFSET", DISCARDS_OFFSET.to_string()),
        ("SEAL_OFFSETS", format!("{even}, {odd}")),
        ("FILE_HEADER_BYTES", FILE_HEADER_BYTES.to_string()),
        ("EXTENT_BYTES", EXTENT_BYTES.to_string()),
        ("SEGMENT_HEADER_BYTES", SEGMENT_HEADER_BYTES.to_string()),
        ("SEAL_BYTES", SEAL_BYTES.to_string()),
        ("LEAST_SEGMENT_BYTES", LEAST_SEGMENT_BYTES.to_string()),
        ("MOST_CAPACITY_BYTES", MOST_CAPACITY_BYTES.to_string()),
    ];
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/format/journal.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, text) = text.split_once("## Constants").unwrap();
    let (text, _) = text.split_once("\n## ").unwrap();
    let rows: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| `")?
                .strip_suffix(" |")?
                .split_once("` | ")
        })
        .collect();
    for (name, value) in &expected {
        assert!(rows.contains(&(name, value)), "{name} is {value}");
    }
    assert_eq!(rows.len(), expected.len());
}
