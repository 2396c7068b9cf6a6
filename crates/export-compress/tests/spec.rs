//! docs/format/encodings.md and the code say the same.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]
#![allow(clippy::cast_possible_truncation, reason = "the numbers are small")]

use std::path::Path;

use export_compress::{Compression, Encoder, Encoding, Fixed, Options, role_name};
use export_core::marrow::array::{Array, PrimitiveArray};
use export_core::marrow::datatypes::{DataType, Field};
use export_core::{Batch, ChunkEncoder, Codec, Role, Schema};

fn spec() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/format/encodings.md");
    std::fs::read_to_string(path).unwrap()
}

/// The rows of the table under `heading`, cell by cell, without its header.
fn table(spec: &str, heading: &str) -> Vec<Vec<String>> {
    let lines = spec.lines().skip_while(|line| *line != heading).skip(1);
    let lines = lines.skip_while(|line| !line.starts_with('|'));
    let rows = lines.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        row.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    })
    .collect()
}

#[test]
fn encodings_codecs_and_roles() {
    let spec = spec();
    let ids = |heading| -> Vec<(String, String)> {
        table(&spec, heading)
            .into_iter()
            .map(|row| (row[0].clone(), row[1].clone()))
            .collect()
    };
    let encodings = Encoding::ALL.map(|e| (e.id().to_string(), e.name().to_owned()));
    assert_eq!(ids("## Encodings"), encodings);
    let codecs = Compression::ALL.map(|c| (c.id().to_string(), c.name().to_owned()));
    assert_eq!(ids("## Codecs"), codecs);
    let roles: Vec<(String, String)> = (0..=u8::MAX)
        .filter_map(Role::from_number)
        .map(|role| (role_name(role).to_owned(), (role as u8).to_string()))
        .collect();
    assert_eq!(ids("## Roles"), roles);
}

#[test]
fn the_example_of_a_miniblock() {
    let values = Array::UInt32(PrimitiveArray {
        validity: None,
        values: vec![7, 9, 8],
    });
    let field = Field {
        name: "a".into(),
        data_type: DataType::UInt32,
        ..Field::default()
    };
    let batch = Batch::new(Schema::new(vec![field]).unwrap().into(), 3, vec![values]).unwrap();
    let fixed = Fixed {
        encoding: Some(Encoding::BitPacked),
        codec: Some(Compression::None),
        dictionary: Some(false),
    };
    let encoder = Encoder::new(Options {
        fixed,
        ..Options::default()
    })
    .unwrap();
    let chunk = encoder.encode(&batch).unwrap();
    let hex: Vec<String> = chunk
        .bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let example = spec()
        .lines()
        .find(|line| line.starts_with("Example, 32-bit words"))
        .unwrap()
        .to_owned();
    let quoted = example.split('`').nth(1).unwrap().replace(" ·", "");
    assert_eq!(quoted, hex.join(" "));
    assert_eq!(chunk.directory.columns[0].blocks[0].parameters, [0]);
}
