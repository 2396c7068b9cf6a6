//! Images of rows against the batches of the same rows, and hostile bytes.

#[cfg(feature = "serde")]
mod dynamic;

use std::sync::Arc;

use marrow::datatypes::{DataType, Field};

use super::{RowImage, read};
use crate::build::{BatchBuilder, RowBuilder};
use crate::record::RecordBuilder;
use crate::{ErrorKind, Limits, Result, Schema};

/// The last row's image.
pub(super) fn image(rows: &mut impl BatchBuilder) -> Vec<u8> {
    let mut none = [];
    let mut asked = RowImage::new(&mut none);
    rows.image_last(&mut asked);
    let (needed, written) = (asked.needed(), asked.written());
    assert_eq!(written, (needed == 0).then_some(0));
    // One byte too few, and exactly enough.
    for space in [needed.saturating_sub(1), needed] {
        let mut bytes = vec![0xaa; space];
        let mut image = RowImage::new(&mut bytes);
        rows.image_last(&mut image);
        assert_eq!(image.needed(), needed);
        if space == needed {
            assert_eq!(image.written(), Some(needed));
            return bytes;
        }
        assert_eq!(image.written(), None);
    }
    unreachable!("the second space is enough")
}

#[test]
fn a_row_is_laid_out_as_documented() -> Result<()> {
    type Row = (u16, Option<i32>, String, Vec<Option<bool>>, (bool, f64));
    let mut rows = RecordBuilder::<Row>::new();
    let row: Row = (
        0x0102,
        None,
        "né".into(),
        vec![Some(true), None],
        (false, 1.0),
    );
    rows.push(&row)?;
    let expected = [
        &[0x02, 0x01][..],
        &[0, 0, 0, 0, 0],
        &[3, 0, 0, 0, b'n', 0xc3, 0xa9],
        &[2, 0, 0, 0, 1, 1, 0, 0],
        &[0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
    ];
    assert_eq!(image(&mut rows), expected.concat());
    Ok(())
}

#[test]
fn rows_of_no_fields_are_rows() -> Result<()> {
    let mut rows = RowBuilder::new();
    let mut bytes = Vec::new();
    for _ in 0..3 {
        rows.end_row();
        bytes.extend(image(&mut rows));
    }
    let batch = read(&rows.image_schema()?, &bytes, &Limits::default())?;
    assert_eq!((batch.rows(), batch.columns().len()), (3, 0));
    let wrong = read(&rows.image_schema()?, &[0, 2], &Limits::default()).unwrap_err();
    assert_eq!(
        (wrong.kind(), wrong.position().row),
        (ErrorKind::Corrupt, Some(2))
    );
    Ok(())
}

#[test]
fn nothing_is_written_before_the_first_row() -> Result<()> {
    assert!(image(&mut RowBuilder::new()).is_empty());
    let mut rows = RecordBuilder::<(u8,)>::new();
    assert!(image(&mut rows).is_empty());
    rows.push(&(1_u8,))?;
    rows.take_batch()?;
    assert!(image(&mut rows).is_empty());
    assert_eq!(
        read(&rows.image_schema()?, &[], &Limits::default())?.rows(),
        0
    );
    Ok(())
}

#[test]
fn the_shape_changes_with_the_schema_and_not_without() -> Result<()> {
    let mut rows = RowBuilder::new();
    let mut last = (rows.image_shape(), rows.image_schema()?);
    let mut changes = Vec::new();
    let mut push = |row: &dyn Fn(&mut RowBuilder) -> Result<()>| -> Result<()> {
        row(&mut rows)?;
        rows.end_row();
        image(&mut rows);
        let now = (rows.image_shape(), rows.image_schema()?);
        assert_eq!(now.0 != last.0, now.1 != last.1, "{now:?}");
        changes.push(now.0 != last.0);
        last = now;
        Ok(())
    };
    push(&|rows| rows.field("a")?.push_i32(1))?;
    push(&|rows| rows.field("a")?.push_i32(2))?;
    push(&|rows| rows.field("a")?.push_i64(3))?;
    push(&|rows| rows.field("a")?.push_null())?;
    push(&|_| Ok(()))?;
    push(&|rows| rows.field("b")?.push_str("b"))?;
    push(&|_| Ok(()))?;
    push(&|rows| rows.field("a")?.push_str("text"))?;
    push(&|rows| rows.field("c")?.push_decimal(1, 5, 2))?;
    push(&|rows| rows.field("c")?.push_decimal(1_000_000, 9, 2))?;
    push(&|rows| rows.field("c")?.push_decimal(1_000_000, 9, 2))?;
    let expected = [
        true, false, true, true, false, true, false, true, true, true, false,
    ];
    assert_eq!(changes, expected);
    Ok(())
}

fn of(data_type: DataType, nullable: bool) -> Arc<Schema> {
    Arc::new(Schema {
        fields: vec![Field {
            name: "a".into(),
            data_type,
            nullable,
            ..Field::default()
        }],
        ..Schema::default()
    })
}

#[test]
fn limits_are_looked_at_before_anything_is_taken() {
    let struct_of = |fields| DataType::Struct(fields);
    let wide = (0..1_000).map(|at| Field {
        name: at.to_string(),
        data_type: DataType::Decimal128(38, 0),
        nullable: true,
        ..Field::default()
    });
    let few = Limits {
        chunk_decoded_bytes: 1 << 20,
        chunk_rows: 100,
        columns: 1_001,
        depth: 3,
        value_bytes: 10,
        ..Limits::default()
    };
    let kind = |schema: &Arc<Schema>, bytes: &[u8]| read(schema, bytes, &few).unwrap_err().kind();
    let wide = of(struct_of(wide.collect()), true);
    assert_eq!(kind(&wide, &[0; 99]), ErrorKind::Limit);
    assert_eq!(
        kind(&of(DataType::Boolean, false), &[0; 101]),
        ErrorKind::Limit
    );
    let text = [&[11, 0, 0, 0][..], &[b'x'; 11]].concat();
    assert_eq!(kind(&of(DataType::Utf8, false), &text), ErrorKind::Limit);
    // Billions of elements that take no bytes.
    let nothing = of(struct_of(Vec::new()), false).fields.clone();
    let many = of(DataType::List(Box::new(nothing[0].clone())), false);
    assert_eq!(kind(&many, &[0xff; 4]), ErrorKind::Limit);
    let mut deep = DataType::Int8;
    for _ in 0..3 {
        deep = struct_of(of(deep, false).fields.clone());
    }
    assert_eq!(kind(&of(deep, false), &[]), ErrorKind::Limit);
    let few = Limits {
        columns: 1_000,
        ..Limits::default()
    };
    assert_eq!(read(&wide, &[], &few).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn what_no_builder_makes_is_refused() {
    let refused = |schema: &Arc<Schema>, bytes: &[u8]| {
        let error = read(schema, bytes, &Limits::default()).unwrap_err();
        assert!(error.position().column.is_some(), "{error}");
        error.kind()
    };
    for data_type in [
        DataType::LargeUtf8,
        DataType::FixedSizeBinary(0),
        DataType::Decimal128(39, 0),
        DataType::Time64(marrow::datatypes::TimeUnit::Second),
    ] {
        assert_eq!(refused(&of(data_type, false), &[]), ErrorKind::Unsupported);
    }
    let digits = 1_000_i128.to_le_bytes();
    assert_eq!(
        refused(&of(DataType::Decimal128(3, 0), false), &digits),
        ErrorKind::Corrupt
    );
    assert_eq!(
        refused(&of(DataType::Boolean, true), &[2, 0]),
        ErrorKind::Corrupt
    );
    assert_eq!(
        refused(&of(DataType::Utf8, false), &[1, 0, 0, 0, 0xff]),
        ErrorKind::Corrupt
    );
    assert_eq!(
        refused(&of(DataType::Int32, true), &[0, 0]),
        ErrorKind::Truncated
    );
    let entries = DataType::Struct(vec![
        of(DataType::Utf8, true).fields[0].clone(),
        of(DataType::Null, false).fields[0].clone(),
    ]);
    let map = DataType::Map(Box::new(of(entries, false).fields[0].clone()), false);
    assert_eq!(
        refused(&of(map, false), &[1, 0, 0, 0, 0]),
        ErrorKind::Corrupt
    );
}
