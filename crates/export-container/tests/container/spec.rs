//! docs/format/v1.md and registry.md against the code.

use export_container::layout::{self, Kind};
use export_container::{FileOptions, FrameWriter};
use export_core::marrow::datatypes::{DataType, Field};
use export_core::{
    Block, Bound, ChunkDirectory, CodecId, ColumnDirectory, EncodedChunk, EncodingId, FileId, Role,
    Schema, Summary,
};
use xxhash_rust::xxh3::xxh3_64;

const SPEC: &str = include_str!("../../../../docs/format/v1.md");
const REGISTRY: &str = include_str!("../../../../docs/format/registry.md");
const ENCODINGS: &str = include_str!("../../../../docs/format/encodings.md");

/// The rows of the tables of a section, as cells.
fn rows<'a>(document: &'a str, section: &str) -> Vec<Vec<&'a str>> {
    let start = document
        .find(&format!("\n{section}\n"))
        .unwrap_or_else(|| panic!("no section {section}"));
    let body = &document[start + section.len() + 2..];
    let body = &body[..body.find("\n#").unwrap_or(body.len())];
    let lines = body
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("|--"));
    lines
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// Number and name of each row that has a single number.
fn numbered(document: &str, section: &str) -> Vec<(u16, String)> {
    let rows = rows(document, section);
    rows.iter()
        .filter_map(|row| Some((row[0].parse().ok()?, row[1].to_owned())))
        .collect()
}

#[test]
fn constants_are_those_of_the_code() {
    let signature: Vec<String> = layout::SIGNATURE
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let release = layout::FIRST_RELEASE.map(|part| part.to_string()).join(".");
    let code = [
        ("SIGNATURE", signature.join(" ")),
        ("MAJOR", layout::MAJOR.to_string()),
        ("MINOR", layout::MINOR.to_string()),
        ("FIRST_RELEASE", release),
        ("ALIGNMENT", layout::ALIGNMENT.to_string()),
        ("FILE_HEADER_BYTES", layout::FILE_HEADER_BYTES.to_string()),
        ("FRAME_HEADER_BYTES", layout::FRAME_HEADER_BYTES.to_string()),
        ("TAIL_PAYLOAD_BYTES", layout::TAIL_PAYLOAD_BYTES.to_string()),
        ("TAIL_FRAME_BYTES", layout::TAIL_FRAME_BYTES.to_string()),
        (
            "DIRECTORY_HEAD_BYTES",
            layout::DIRECTORY_HEAD_BYTES.to_string(),
        ),
        ("BLOCK_ENTRY_BYTES", layout::BLOCK_ENTRY_BYTES.to_string()),
        ("INDEX_HEAD_BYTES", layout::INDEX_HEAD_BYTES.to_string()),
        ("INDEX_ENTRY_BYTES", layout::INDEX_ENTRY_BYTES.to_string()),
        ("PARITY_HEAD_BYTES", layout::PARITY_HEAD_BYTES.to_string()),
        (
            "PARITY_GROUP_FRAMES",
            layout::PARITY_GROUP_FRAMES.to_string(),
        ),
        ("PARITY_SHARDS", layout::PARITY_SHARDS.to_string()),
        ("SEAL_PAYLOAD_BYTES", layout::SEAL_PAYLOAD_BYTES.to_string()),
        ("SEAL_FRAME_BYTES", layout::SEAL_FRAME_BYTES.to_string()),
        ("KEY_ID_BYTES", layout::KEY_ID_BYTES.to_string()),
        ("NONCE_BYTES", layout::NONCE_BYTES.to_string()),
        ("AUTH_TAG_BYTES", layout::AUTH_TAG_BYTES.to_string()),
        ("CONTEXT_BYTES", layout::CONTEXT_BYTES.to_string()),
        (
            "ENVELOPE_HEAD_BYTES",
            layout::ENVELOPE_HEAD_BYTES.to_string(),
        ),
        ("NO_STREAM", layout::NO_STREAM.to_string()),
        ("FRAME_CRITICAL", layout::FRAME_CRITICAL.to_string()),
        ("FRAME_ENCRYPTED", layout::FRAME_ENCRYPTED.to_string()),
        ("FILE_ENCRYPTED", layout::FILE_ENCRYPTED.to_string()),
        ("FILE_SEALED", layout::FILE_SEALED.to_string()),
        (
            "FILE_FLAGS_CRITICAL",
            layout::FILE_FLAGS_CRITICAL.to_string(),
        ),
        ("PRIVATE_KINDS", layout::PRIVATE_KINDS.to_string()),
        ("TYPE_DEPTH", layout::TYPE_DEPTH.to_string()),
    ];
    let written: Vec<(String, String)> = rows(SPEC, "## Constants")[1..]
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), row[1].to_owned()))
        .collect();
    let code: Vec<(String, String)> = code
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    assert_eq!(written, code);
}

#[test]
fn fields_follow_one_another_and_fill_their_structures() {
    let structures: [(&str, &[usize]); 8] = [
        ("## File header", &[layout::FILE_HEADER_BYTES]),
        ("## Frames", &[layout::FRAME_HEADER_BYTES]),
        (
            "## Chunk",
            &[layout::DIRECTORY_HEAD_BYTES, layout::BLOCK_ENTRY_BYTES],
        ),
        ("### Summaries", &[5]),
        (
            "## Index",
            &[layout::INDEX_HEAD_BYTES, layout::INDEX_ENTRY_BYTES],
        ),
        ("## Tail", &[layout::TAIL_PAYLOAD_BYTES]),
        ("## Parity", &[layout::PARITY_HEAD_BYTES]),
        ("## Seal", &[layout::SEAL_PAYLOAD_BYTES]),
    ];
    for (section, lengths) in structures {
        let mut ends = Vec::new();
        for row in rows(SPEC, section) {
            match row[..] {
                ["offset", "width", ..] => ends.push(0),
                [offset, width, ..] => {
                    let end = ends.last_mut().unwrap();
                    assert_eq!(offset.parse(), Ok(*end), "{section}: {row:?}");
                    *end += width.parse::<usize>().unwrap_or(0);
                }
                _ => panic!("{section}: {row:?}"),
            }
        }
        assert_eq!(ends, lengths, "{section}");
    }
}

#[test]
fn the_registry_lists_what_the_code_knows() {
    let kinds = rows(REGISTRY, "## Frame kinds");
    for kind in Kind::ALL {
        let row = kinds
            .iter()
            .find(|row| row[0] == kind.number().to_string())
            .unwrap();
        assert_eq!(
            (row[1], row[2]),
            (kind.name(), if kind.is_critical() { "yes" } else { "no" })
        );
    }
    for (number, name) in numbered(REGISTRY, "## Roles of blocks") {
        let role = Role::from_number(number as u8).unwrap();
        assert_eq!(format!("{role:?}").to_lowercase(), name.replace(' ', ""));
    }
    assert_eq!(Role::from_number(7), None);
    for section in ["## Encodings", "## Codecs"] {
        assert_eq!(
            numbered(REGISTRY, section),
            numbered(ENCODINGS, section),
            "{section}"
        );
    }
}

/// The file of the spec's last section.
fn example() -> Vec<u8> {
    let options = FileOptions {
        file: FileId(std::array::from_fn(|at| at as u8)),
        created_ns: 1,
    };
    let mut writer = FrameWriter::new(&options);
    let field = Field {
        name: "a".into(),
        data_type: DataType::Int8,
        ..Field::default()
    };
    let stream = writer
        .add_stream("s", &Schema::new(vec![field]).unwrap())
        .unwrap();
    let stored = vec![1, 2, 3];
    let block = Block {
        node: 0,
        role: Role::Values,
        encoding: EncodingId(0),
        codec: CodecId(0),
        parameters: vec![],
        values: 3,
        offset: 0,
        stored_bytes: 3,
        encoded_bytes: 3,
        checksum: xxh3_64(&stored),
    };
    let (min, max) = (Some(Bound::Int(1)), Some(Bound::Int(3)));
    let summary = Summary {
        nulls: 0,
        has_nan: false,
        min,
        max,
    };
    let columns = vec![ColumnDirectory {
        summary,
        blocks: vec![block],
    }];
    let directory = ChunkDirectory { rows: 3, columns };
    writer
        .chunk(
            stream,
            &EncodedChunk {
                directory,
                bytes: stored,
            },
        )
        .unwrap();
    writer.finish().unwrap();
    writer.output().to_vec()
}

fn dump(bytes: &[u8]) -> String {
    let starts = crate::common::frames(bytes);
    let mut lines = Vec::new();
    for (at, row) in bytes.chunks(16).enumerate() {
        let offset = at * 16;
        if offset == 0 {
            lines.push("file header".to_owned());
        } else if starts.contains(&offset) {
            let header = export_container::FrameHeader::parse(&bytes[offset..offset + 64]).unwrap();
            let kind = header.known_kind().unwrap().name();
            lines.push(format!(
                "frame {}: {kind}, {} bytes of payload",
                header.sequence, header.payload_bytes
            ));
        }
        let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown = |&byte: &u8| {
            if (0x20..0x7F).contains(&byte) {
                char::from(byte)
            } else {
                '.'
            }
        };
        let text: String = row.iter().map(shown).collect();
        lines.push(
            format!("{offset:04x}  {}  {text}", hex.join(" "))
                .trim_end()
                .to_owned(),
        );
    }
    lines.join("\n")
}

#[test]
fn the_worked_example_is_a_file_of_the_code() {
    let section = SPEC.split("## A complete file").nth(1).unwrap();
    let written = section.split("```").nth(1).unwrap().trim();
    let bytes = example();
    assert!(
        written == dump(&bytes),
        "the file is now\n{}\n",
        dump(&bytes)
    );
    assert_eq!(crate::common::open(&bytes).streams()[0].rows(), 3);
}
