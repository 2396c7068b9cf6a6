//! What Parquet's structures are made of, for a walk that sees in them what the library sees.
//!
//! The library reads a field that it knows as what it should be, whatever kind the file says it is of. A walk that went by the kinds
//! would come to see other fields than the library does, and what is hidden from it could announce anything. So where the two
//! differ, the file is refused. From <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>.

use Shape::{Bool, Byte, Bytes, Double, List, Number, Struct};

/// What a field holds.
pub(super) enum Shape {
    /// `i8`.
    Byte,
    /// `i16`, `i32`, `i64` and enumerations: their bytes do not tell which.
    Number,
    Bool,
    Double,
    /// Text, or binary.
    Bytes,
    /// Fields by their ids. Others are passed over by their kind, by the library as well.
    Struct(&'static [(i16, Shape)]),
    List(&'static Shape),
}

const EMPTY: Shape = Struct(&[]);

const STATISTICS: Shape = Struct(&[
    (1, Bytes),
    (2, Bytes),
    (3, Number),
    (4, Number),
    (5, Bytes),
    (6, Bytes),
    (7, Bool),
    (8, Bool),
]);

const TIME_UNIT: Shape = Struct(&[(1, EMPTY), (2, EMPTY), (3, EMPTY)]);
const TIME: Shape = Struct(&[(1, Bool), (2, TIME_UNIT)]);

const LOGICAL_TYPE: Shape = Struct(&[
    (1, EMPTY),
    (2, EMPTY),
    (3, EMPTY),
    (4, EMPTY),
    (5, Struct(&[(1, Number), (2, Number)])),
    (6, EMPTY),
    (7, TIME),
    (8, TIME),
    (10, Struct(&[(1, Byte), (2, Bool)])),
    (11, EMPTY),
    (12, EMPTY),
    (13, EMPTY),
    (14, EMPTY),
    (15, EMPTY),
    (16, Struct(&[(1, Byte)])),
    (17, Struct(&[(1, Bytes)])),
    (18, Struct(&[(1, Bytes), (2, Number)])),
]);

const SCHEMA_ELEMENT: Shape = Struct(&[
    (1, Number),
    (2, Number),
    (3, Number),
    (4, Bytes),
    (5, Number),
    (6, Number),
    (7, Number),
    (8, Number),
    (9, Number),
    (10, LOGICAL_TYPE),
]);

const KEY_VALUE: Shape = Struct(&[(1, Bytes), (2, Bytes)]);
const ENCODING_STATS: Shape = Struct(&[(1, Number), (2, Number), (3, Number)]);
const SORTING_COLUMN: Shape = Struct(&[(1, Number), (2, Bool), (3, Bool)]);
const COLUMN_ORDER: Shape = Struct(&[(1, EMPTY)]);

const SIZE_STATISTICS: Shape = Struct(&[(1, Number), (2, List(&Number)), (3, List(&Number))]);

const BOUNDING_BOX: Shape = Struct(&[
    (1, Double),
    (2, Double),
    (3, Double),
    (4, Double),
    (5, Double),
    (6, Double),
    (7, Double),
    (8, Double),
]);

const COLUMN_META_DATA: Shape = Struct(&[
    (1, Number),
    (2, List(&Number)),
    (3, List(&Bytes)),
    (4, Number),
    (5, Number),
    (6, Number),
    (7, Number),
    (8, List(&KEY_VALUE)),
    (9, Number),
    (10, Number),
    (11, Number),
    (12, STATISTICS),
    (13, List(&ENCODING_STATS)),
    (14, Number),
    (15, Number),
    (16, SIZE_STATISTICS),
    (17, Struct(&[(1, BOUNDING_BOX), (2, List(&Number))])),
]);

const COLUMN_KEY: Shape = Struct(&[(1, List(&Bytes)), (2, Bytes)]);

const COLUMN_CHUNK: Shape = Struct(&[
    (1, Bytes),
    (2, Number),
    (3, COLUMN_META_DATA),
    (4, Number),
    (5, Number),
    (6, Number),
    (7, Number),
    (8, Struct(&[(1, EMPTY), (2, COLUMN_KEY)])),
    (9, Bytes),
]);

const ROW_GROUP: Shape = Struct(&[
    (1, List(&COLUMN_CHUNK)),
    (2, Number),
    (3, Number),
    (4, List(&SORTING_COLUMN)),
    (5, Number),
    (6, Number),
    (7, Number),
]);

const CIPHER: Shape = Struct(&[(1, Bytes), (2, Bytes), (3, Bool)]);

/// `FileMetaData`.
pub(super) const FILE_META_DATA: Shape = Struct(&[
    (1, Number),
    (2, List(&SCHEMA_ELEMENT)),
    (3, Number),
    (4, List(&ROW_GROUP)),
    (5, List(&KEY_VALUE)),
    (6, Bytes),
    (7, List(&COLUMN_ORDER)),
    (8, Struct(&[(1, CIPHER), (2, CIPHER)])),
    (9, Bytes),
]);

/// `PageHeader`.
pub(super) const PAGE_HEADER: Shape = Struct(&[
    (1, Number),
    (2, Number),
    (3, Number),
    (4, Number),
    (
        5,
        Struct(&[
            (1, Number),
            (2, Number),
            (3, Number),
            (4, Number),
            (5, STATISTICS),
        ]),
    ),
    (6, EMPTY),
    (7, Struct(&[(1, Number), (2, Number), (3, Bool)])),
    (
        8,
        Struct(&[
            (1, Number),
            (2, Number),
            (3, Number),
            (4, Number),
            (5, Number),
            (6, Number),
            (7, Bool),
            (8, STATISTICS),
        ]),
    ),
]);
