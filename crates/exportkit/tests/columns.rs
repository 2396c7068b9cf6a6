//! Which columns derived types and tuples have.

#![cfg(feature = "derive")]

use std::any::TypeId;

use exportkit::{Record, read_records, write, write_records};
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Record)]
enum Light {
    Red,
    Green,
}

#[derive(Record)]
enum Fruit {
    Apple,
    Pear,
}

#[derive(Record)]
struct Lit(Light);

#[derive(Record)]
struct Eaten(Fruit);

fn column<T: Record<Column: 'static>>() -> TypeId {
    TypeId::of::<T::Column>()
}

#[test]
fn enums_do_not_share_columns() {
    assert_ne!(column::<Light>(), column::<Fruit>());
    assert_ne!(column::<Lit>(), column::<Eaten>());
    assert_ne!(column::<(u32, Light)>(), column::<(u32, Fruit)>());
    assert_ne!(column::<[Light; 3]>(), column::<[Fruit; 3]>());
    assert_ne!(
        column::<Vec<Option<Light>>>(),
        column::<Vec<Option<Fruit>>>()
    );
    // What is the same type, or points at it, still goes into one column.
    assert_eq!(column::<Light>(), column::<Lit>());
    assert_eq!(column::<(u32, &Light)>(), column::<(u32, Box<Light>)>());

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("names.xk");
    write_records(&path, &[Eaten(Fruit::Pear), Eaten(Fruit::Apple)]).unwrap();
    assert_eq!(read_records::<String>(&path).unwrap(), ["Pear", "Apple"]);
}

type Thirteen = (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, Option<u8>);
type Sixteen = (
    u8,
    i8,
    u16,
    i16,
    u32,
    i32,
    u64,
    i64,
    f32,
    f64,
    bool,
    char,
    String,
    Light,
    Vec<u8>,
    Option<u8>,
);

fn sixteen(at: u8) -> Sixteen {
    let light = if at == 1 { Light::Red } else { Light::Green };
    let some = (at > 1).then_some(at);
    (
        at,
        -1,
        2,
        -3,
        4,
        -5,
        6,
        -7,
        0.5,
        0.25,
        true,
        'x',
        at.to_string(),
        light,
        vec![at],
        some,
    )
}

#[test]
fn the_longest_tuples_survive() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("13.xk");
    let rows: [Thirteen; 1] = [(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, None)];
    write_records(&path, &rows).unwrap();
    // Tuples so long neither compare nor print.
    let read = read_records::<Thirteen>(&path).unwrap();
    assert_eq!((read[0].0, read[0].11, read[0].12), (1, 12, None));

    let path = directory.path().join("16.xk");
    let rows = [sixteen(1), sixteen(2)];
    write_records(&path, &rows).unwrap();
    let read = read_records::<Sixteen>(&path).unwrap();
    let row = &read[1];
    assert_eq!((row.0, row.7, row.9, row.11), (2, -7, 0.25, 'x'));
    assert_eq!(
        (&*row.12, row.13, &row.14, row.15),
        ("2", Light::Green, &vec![2], Some(2))
    );

    let by_serde = directory.path().join("serde.xk");
    write(&by_serde, &rows).unwrap();
    let batch = |path| {
        let file = exportkit::open(path).unwrap();
        file.batches("rows").unwrap().next().unwrap().unwrap()
    };
    assert_eq!(batch(&path).schema(), batch(&by_serde).schema());
    assert!(batch(&path).same_rows(&batch(&by_serde)));
}
