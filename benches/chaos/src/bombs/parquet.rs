//! Parquet files of a few bytes: footers that announce the world, pages that become it.

use super::Bomb;
use super::thrift::{I32, STRUCT, Struct};

const BYTE_ARRAY: i64 = 6;
const INT64: i64 = 2;
const SNAPPY: i64 = 1;
const PLAIN: i64 = 0;
const RLE: i64 = 3;
const DICTIONARY: i64 = 8;
/// Repetition of a field.
const REQUIRED: i64 = 0;
const OPTIONAL: i64 = 1;
const REPEATED: i64 = 2;

pub(super) fn bombs() -> Vec<Bomb> {
    let mut bombs = footers();
    bombs.extend(pages());
    bombs
}

fn bomb(name: &str, bytes: Vec<u8>) -> Bomb {
    Bomb::new(format!("parquet: {name}"), "parquet", bytes)
}

/// A file of these pages with this footer.
fn file(pages: &[u8], footer: Struct) -> Vec<u8> {
    let footer = footer.done();
    let length = u32::try_from(footer.len()).unwrap_or(u32::MAX);
    [b"PAR1", pages, &footer, &length.to_le_bytes(), b"PAR1"].concat()
}

fn root(children: i64) -> Struct {
    Struct::default().text(4, "schema").i32(5, children)
}

fn leaf(kind: i64, repetition: i64) -> Struct {
    Struct::default()
        .i32(1, kind)
        .i32(3, repetition)
        .text(4, "c")
}

/// Version and schema of a footer.
fn footer(schema: Vec<Struct>) -> Struct {
    Struct::default().i32(1, 1).structures(2, schema)
}

fn flat() -> Struct {
    footer(vec![root(1), leaf(INT64, REQUIRED)])
}

fn footers() -> Vec<Bomb> {
    let said = |id: u8| flat().i64(3, 1).list(id, STRUCT, 0x7FFF_FFFF, &[]);
    let group = || {
        let group = Struct::default().i32(3, REQUIRED).text(4, "g");
        group.i32(5, 1)
    };
    let mut deep: Vec<Struct> = vec![root(1)];
    deep.extend((0..100_000).map(|_| group()));
    deep.push(leaf(INT64, REQUIRED));
    let mut wide = vec![root(400_000)];
    wide.extend((0..400_000).map(|_| leaf(INT64, REQUIRED)));
    let mut long = file(&[], flat());
    let at = long.len() - 8;
    if let Some(length) = long.get_mut(at..at + 4) {
        length.copy_from_slice(&0x3FFF_FFFF_u32.to_le_bytes());
    }
    let pair = || Struct::default().text(1, "").text(2, "");
    let column = || Struct::default().i64(2, 4);
    let columns = |count: usize| {
        Struct::default()
            .structures(1, (0..count).map(|_| column()).collect())
            .i64(2, 1)
            .i64(3, 1)
    };
    vec![
        bomb("a schema of 2^31 fields", {
            let footer = Struct::default().i32(1, 1);
            file(&[], footer.list(2, STRUCT, 0x7FFF_FFFF, &[]))
        }),
        bomb("2^31 row groups", file(&[], said(4))),
        bomb("2^31 keys", file(&[], said(5))),
        bomb("2^31 truths in a field that nobody knows", {
            file(
                &[],
                flat()
                    .i64(3, 1)
                    .structures(4, vec![])
                    .list(15, 1, 0x7FFF_FFFF, &[]),
            )
        }),
        bomb("a schema of 2^31 children", {
            file(&[], footer(vec![root(0x7FFF_FFFF), leaf(INT64, REQUIRED)]))
        }),
        bomb(
            "groups a hundred thousand deep",
            file(&[], footer(deep).i64(3, 0).structures(4, vec![])),
        ),
        bomb(
            "400,000 columns",
            file(&[], footer(wide).i64(3, 0).structures(4, vec![])),
        ),
        bomb("a footer of a gigabyte that is not there", long),
        bomb("a text of 2^40 bytes in the footer", {
            file(
                &[],
                flat().i64(3, 1).structures(4, vec![]).said_text(6, 1 << 40),
            )
        }),
        bomb("a million keys", {
            let pairs = (0..1_000_000).map(|_| pair()).collect();
            file(
                &[],
                flat().i64(3, 0).structures(4, vec![]).structures(5, pairs),
            )
        }),
        bomb("a row group of a million columns", {
            file(
                &[],
                flat().i64(3, 1).structures(4, vec![columns(1_000_000)]),
            )
        }),
    ]
}

/// A page: its header, and what is stored of it.
fn page(header: Struct, stored: &[u8]) -> Vec<u8> {
    [header.done(), stored.to_vec()].concat()
}

fn page_head(kind: i64, decoded: i64, stored: usize) -> Struct {
    let stored = i64::try_from(stored).unwrap_or(i64::MAX);
    Struct::default()
        .i32(1, kind)
        .i32(2, decoded)
        .i32(3, stored)
}

fn data_head(values: i64, encoding: i64) -> Struct {
    Struct::default()
        .i32(1, values)
        .i32(2, encoding)
        .i32(3, RLE)
        .i32(4, RLE)
}

/// A file of one column with these pages.
fn column(
    field: Struct,
    kind: i64,
    codec: i64,
    rows: i64,
    pages: &[u8],
    first_data: i64,
) -> Vec<u8> {
    let length = i64::try_from(pages.len()).unwrap_or(i64::MAX);
    let mut encodings = Vec::new();
    for encoding in [PLAIN, RLE, DICTIONARY] {
        encodings.push(u8::try_from(encoding * 2).unwrap_or(0));
    }
    let path = [1, b'c'];
    let mut meta = Struct::default()
        .i32(1, kind)
        .list(2, I32, 3, &encodings)
        .list(3, 8, 1, &path)
        .i32(4, codec)
        .i64(5, rows)
        .i64(6, 1 << 20)
        .i64(7, length)
        .i64(9, 4 + first_data);
    if first_data > 0 {
        meta = meta.i64(11, 4);
    }
    let chunk = Struct::default().i64(2, 4).structure(3, meta);
    let group = Struct::default()
        .structures(1, vec![chunk])
        .i64(2, 1 << 20)
        .i64(3, rows);
    let footer = footer(vec![root(1), field])
        .i64(3, rows)
        .structures(4, vec![group]);
    file(pages, footer)
}

fn pages() -> Vec<Bomb> {
    let many = 0x7FFF_FFFF;
    let one = |field: Struct, kind, codec, rows, header: Struct, stored: &[u8]| {
        column(field, kind, codec, rows, &page(header, stored), 0)
    };
    let number = || leaf(INT64, REQUIRED);
    // Runs of so many levels: a length, a run of 2^30 of them, and the level.
    let run = |level: u8| {
        let run = [0x80, 0x80, 0x80, 0x80, 0x08, level];
        [&6_u32.to_le_bytes()[..], &run].concat()
    };
    let lists = [run(1), run(0)].concat();
    let dictionary = {
        let text = vec![b'x'; 4 << 20];
        let entry = [&(4_u32 << 20).to_le_bytes()[..], &text].concat();
        let decoded = i64::try_from(entry.len()).unwrap_or(i64::MAX);
        let entries = Struct::default().i32(1, 1).i32(2, PLAIN);
        let first = page(
            page_head(2, decoded, entry.len()).structure(7, entries),
            &entry,
        );
        // The width of an index, and a run of 2^20 of them.
        let indexes = [1, 0x80, 0x80, 0x80, 0x01, 0];
        let head = page_head(0, 6, 6).structure(5, data_head(1 << 20, DICTIONARY));
        let at = i64::try_from(first.len()).unwrap_or(0);
        let pages = [first, page(head, &indexes)].concat();
        column(
            leaf(BYTE_ARRAY, REQUIRED),
            BYTE_ARRAY,
            0,
            1 << 20,
            &pages,
            at,
        )
    };
    vec![
        bomb("a page that becomes two gigabytes", {
            let head = page_head(0, many, 10).structure(5, data_head(100, PLAIN));
            one(number(), INT64, SNAPPY, 100, head, &[0; 10])
        }),
        bomb("a page that becomes 500 MB", {
            let head = page_head(0, 500_000_000, 10).structure(5, data_head(100, PLAIN));
            one(number(), INT64, SNAPPY, 100, head, &[0; 10])
        }),
        bomb("a page of two gigabytes that is not there", {
            let head = page_head(0, 100, 0x7FFF_FFFF).structure(5, data_head(100, PLAIN));
            one(number(), INT64, 0, 100, head, &[0; 10])
        }),
        bomb("a dictionary of 2^31 entries", {
            let entries = Struct::default().i32(1, many).i32(2, PLAIN);
            let head = page_head(2, 80, 80).structure(7, entries);
            one(number(), INT64, 0, 100, head, &[0; 80])
        }),
        bomb("2^31 nulls in a page of ten bytes", {
            let head = page_head(0, 10, 10).structure(5, data_head(many, PLAIN));
            one(leaf(INT64, OPTIONAL), INT64, 0, many, head, &run(0))
        }),
        bomb("a list of 2^30 nulls in one row", {
            let head = page_head(0, 20, 20).structure(5, data_head(1 << 30, PLAIN));
            one(leaf(INT64, REPEATED), INT64, 0, 1, head, &lists)
        }),
        bomb("statistics of 2^40 bytes in a page's header", {
            let statistics = Struct::default().said_text(1, 1 << 40);
            let data = data_head(100, PLAIN).structure(5, statistics);
            one(
                number(),
                INT64,
                0,
                100,
                page_head(0, 800, 800).structure(5, data),
                &[0; 800],
            )
        }),
        bomb("2^60 rows that no page has", {
            let head = page_head(0, 80, 80).structure(5, data_head(10, PLAIN));
            one(number(), INT64, 0, 1 << 60, head, &[0; 80])
        }),
        bomb("a million times a text of four megabytes", dictionary),
    ]
}
