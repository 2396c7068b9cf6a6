//! The workloads are what they were: a figure of today compares with one of last year.

use export_benches::{Workload, fingerprint};
use export_core::{Limits, array};

/// Fingerprints of the tables of 2,000 rows with seed 1.
const FINGERPRINTS: [(&str, u64); 7] = [
    ("D1", 11_705_590_255_002_629_096),
    ("D2", 3_988_190_751_383_312_289),
    ("D3 events", 8_685_034_370_793_419_837),
    ("D3 lists", 8_272_596_235_054_228_896),
    ("D4", 17_102_151_581_650_992_924),
    ("D5", 16_071_923_576_616_134_383),
    ("D6", 14_066_068_066_648_276_434),
];

#[test]
fn tables_are_the_same_on_every_machine() {
    let found: Vec<(&str, u64)> = Workload::ALL
        .into_iter()
        .flat_map(|workload| workload.tables(2_000, 1).unwrap())
        .map(|table| (table.name, fingerprint(&table.batches).unwrap()))
        .collect();
    assert_eq!(found, FINGERPRINTS);
}

#[test]
fn another_seed_makes_other_rows_of_the_same_shape() {
    for workload in [
        Workload::HeapEvents,
        Workload::Signals,
        Workload::Spikes,
        Workload::Logs,
    ] {
        let (a, b) = (
            workload.tables(500, 1).unwrap(),
            workload.tables(500, 2).unwrap(),
        );
        for (a, b) in a.iter().zip(&b) {
            assert_ne!(
                fingerprint(&a.batches).unwrap(),
                fingerprint(&b.batches).unwrap()
            );
            assert_eq!(a.batches[0].schema(), b.batches[0].schema());
        }
    }
}

#[test]
fn rows_are_as_asked_and_arrays_are_valid() {
    for workload in Workload::ALL {
        for rows in [0, 1, 3_000] {
            for table in workload.tables(rows, 3).unwrap() {
                if table.name != "D3 events" {
                    assert_eq!(table.rows(), rows, "{}", table.name);
                }
                for column in table.batches.iter().flat_map(|batch| batch.columns()) {
                    array::validate(column, &Limits::default()).unwrap();
                }
            }
        }
    }
}

#[test]
fn batches_are_of_the_size_that_sources_yield() {
    for workload in Workload::ALL {
        for table in workload.tables(40_000, 1).unwrap() {
            if let [first, _, ..] = table.batches.as_slice() {
                let bytes = first.memory_bytes();
                assert!(
                    (3 << 20..5 << 20).contains(&bytes),
                    "{}: {bytes}",
                    table.name
                );
            }
        }
    }
}

#[test]
fn rows_of_structs_are_those_of_the_tables() {
    use export_benches::rows;
    use export_core::record::RecordBuilder;
    use export_core::value::{Value, value};

    let last = |workload: Workload, column| {
        let table = workload.tables(1_000, 5).unwrap().remove(0);
        let batch = &table.batches[0];
        match value(&batch.columns()[column], 999) {
            Value::UInt(number) => number.to_string(),
            Value::Text(text) => text.to_owned(),
            other => panic!("{other:?}"),
        }
    };
    let (d1, d5) = (rows::d1(1_000, 5), rows::d5(1_000, 5));
    assert_eq!((d1.len(), d5.len()), (1_000, 1_000));
    assert_eq!(last(Workload::HeapEvents, 0), d1[999].timestamp.to_string());
    assert_eq!(last(Workload::HeapEvents, 3), d1[999].address.to_string());
    assert_eq!(last(Workload::Logs, 3), d5[999].message);
    assert_eq!(last(Workload::Logs, 4), d5[999].request_id);

    let mut derived = RecordBuilder::<rows::D1Row>::new();
    d1.iter().try_for_each(|row| derived.push(row)).unwrap();
    let table = Workload::HeapEvents.tables(1_000, 5).unwrap().remove(0);
    let derived = derived.take_batch().unwrap();
    assert_eq!(derived.schema(), table.batches[0].schema());
    assert!(derived.same_rows(&table.batches[0]));
}
