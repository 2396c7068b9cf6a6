//! D4, lineitem: the largest table of TPC-H, from the start of scale factor 0.5.

use export_core::marrow::array::{Array, DecimalArray};
use export_core::{Batch, Result};
use tpchgen::generators::{LineItem, LineItemGenerator};

use crate::columns::{Columns, Text, batches as in_batches, full};

const SCALE_FACTOR: f64 = 0.5;
/// TPC-H's lineitem has 6,001,215 rows a scale factor; half of that is a little more than this.
const MOST_ROWS: usize = 2_999_671;
const ROW_BYTES: usize = 190;
/// Money and quantities are `decimal(15, 2)`.
const PRECISION: u8 = 15;
const SCALE: i8 = 2;

pub(super) fn batches(rows: usize) -> Result<Vec<Batch>> {
    let mut items = LineItemGenerator::new(SCALE_FACTOR, 1, 1).iter();
    in_batches(rows.min(MOST_ROWS), ROW_BYTES, |rows| {
        columns(&items.by_ref().take(rows).collect::<Vec<_>>())
    })
}

fn columns(items: &[LineItem<'_>]) -> Result<Batch> {
    macro_rules! column {
        ($type:ident, $item:ident => $value:expr) => {
            Array::$type(full(items.iter().map(|$item| $value).collect()))
        };
    }
    macro_rules! decimals {
        ($item:ident => $value:expr) => {
            decimals(items.iter().map(|$item| $value))
        };
    }
    macro_rules! texts {
        ($field:ident) => {
            texts(items.iter().map(|item| item.$field))?
        };
    }
    Columns::default()
        .with("l_orderkey", column!(Int64, item => item.l_orderkey))
        .with("l_partkey", column!(Int64, item => item.l_partkey))
        .with("l_suppkey", column!(Int64, item => item.l_suppkey))
        .with("l_linenumber", column!(Int32, item => item.l_linenumber))
        .with("l_quantity", decimals!(item => item.l_quantity * 100))
        .with(
            "l_extendedprice",
            decimals!(item => item.l_extendedprice.into_inner()),
        )
        .with(
            "l_discount",
            decimals!(item => item.l_discount.into_inner()),
        )
        .with("l_tax", decimals!(item => item.l_tax.into_inner()))
        .with("l_returnflag", texts!(l_returnflag))
        .with("l_linestatus", texts!(l_linestatus))
        .with(
            "l_shipdate",
            column!(Date32, item => item.l_shipdate.to_unix_epoch()),
        )
        .with(
            "l_commitdate",
            column!(Date32, item => item.l_commitdate.to_unix_epoch()),
        )
        .with(
            "l_receiptdate",
            column!(Date32, item => item.l_receiptdate.to_unix_epoch()),
        )
        .with("l_shipinstruct", texts!(l_shipinstruct))
        .with("l_shipmode", texts!(l_shipmode))
        .with("l_comment", texts!(l_comment))
        .batch(items.len())
}

fn decimals(hundredths: impl Iterator<Item = i64>) -> Array {
    let values = hundredths.map(i128::from).collect();
    Array::Decimal128(DecimalArray {
        precision: PRECISION,
        scale: SCALE,
        validity: None,
        values,
    })
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> Result<Array> {
    let mut text = Text::default();
    values.for_each(|value| text.push(value));
    text.array()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_is_that_of_the_specification() {
        let batches = batches(100).unwrap();
        assert_eq!((batches[0].rows(), batches[0].columns().len()), (100, 16));
        // The first line of dbgen's lineitem.tbl is the same at every scale but for part, supplier and what follows from them.
        let first = LineItemGenerator::new(SCALE_FACTOR, 1, 1)
            .iter()
            .next()
            .unwrap();
        let text = first.to_string();
        assert!(text.starts_with("1|") && text.contains("|17|"), "{text}");
        assert!(
            text.contains(
                "|0.04|0.02|N|O|1996-03-13|1996-02-12|1996-03-22|DELIVER IN PERSON|TRUCK|"
            )
        );
    }
}
