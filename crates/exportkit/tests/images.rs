//! Images of derived rows: what they say is what a batch holds, and bytes that are none do no harm.

#![cfg(all(feature = "derive", feature = "jiff", feature = "chrono"))]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "functions that tests share are not seen as tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use export_core::build::BatchBuilder;
use export_core::image::{self, RowImage};
use export_core::record::RecordBuilder;
use export_core::{Limits, Schema, array};
use exportkit::Record;
use proptest::prelude::*;

#[derive(Debug, Clone, Copy, Record)]
enum Light {
    DarkRed,
    Green,
}

#[derive(Debug, Clone, Record)]
struct Flat {
    near: Option<u8>,
    far: i16,
}

#[derive(Debug, Clone, Record)]
struct Inner {
    many: Vec<Vec<u16>>,
    kind: Light,
    #[record(flatten)]
    flat: Flat,
}

#[derive(Debug, Clone, Record)]
struct Unit;

#[derive(Debug, Clone, Record)]
struct Empty {}

#[derive(Debug, Clone, Record)]
enum Event {
    Start,
    Level(i32),
    Note(Option<String>),
    Pair(u8, String),
    Move { x: f64, to: Option<Inner> },
    Light(Light),
    Again(Box<Inside>),
    Nothing(()),
}

#[derive(Debug, Clone, Record)]
enum Inside {
    Out,
    In(Option<u16>),
}

#[derive(Debug, Clone, Record)]
struct Everything {
    numbers: (bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, i128),
    text: String,
    #[record(bytes)]
    bytes: Vec<u8>,
    maybe: (
        Option<u32>,
        Option<Option<bool>>,
        Option<String>,
        Option<i128>,
    ),
    #[record(flatten)]
    flat: Flat,
    inner: Inner,
    optional: Option<Inner>,
    list: Vec<f32>,
    structs: Vec<Option<Inner>>,
    grid: [[Option<f32>; 2]; 3],
    long: Option<[u8; 20]>,
    set: BTreeSet<String>,
    map: BTreeMap<i32, Option<String>>,
    lights: (Light, Option<Light>, Vec<Option<Light>>),
    event: Event,
    events: Vec<Option<Event>>,
    nothing: (Unit, (), Option<Unit>, Empty, Vec<Empty>),
    times: Times,
}

#[derive(Debug, Clone, Record)]
struct Times {
    length: Option<Duration>,
    instant: jiff::Timestamp,
    civil: (
        jiff::civil::DateTime,
        Option<jiff::civil::Date>,
        jiff::civil::Time,
    ),
    delta: Vec<chrono::TimeDelta>,
}

fn light() -> impl Strategy<Value = Light> {
    prop_oneof![Just(Light::DarkRed), Just(Light::Green)]
}

fn inner() -> impl Strategy<Value = Inner> {
    let many = prop::collection::vec(prop::collection::vec(any::<u16>(), 0..3), 0..3);
    (many, light(), any::<(Option<u8>, i16)>()).prop_map(|(many, kind, (near, far))| Inner {
        many,
        kind,
        flat: Flat { near, far },
    })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Start),
        any::<i32>().prop_map(Event::Level),
        any::<Option<String>>().prop_map(Event::Note),
        any::<(u8, String)>().prop_map(|(a, b)| Event::Pair(a, b)),
        (any::<f64>(), prop::option::of(inner())).prop_map(|(x, to)| Event::Move { x, to }),
        light().prop_map(Event::Light),
        Just(Event::Again(Box::new(Inside::Out))),
        any::<Option<u16>>().prop_map(|v| Event::Again(Box::new(Inside::In(v)))),
        Just(Event::Nothing(())),
    ]
}

fn times() -> impl Strategy<Value = Times> {
    any::<(Option<u32>, i32, Option<u16>, Vec<i64>)>().prop_map(|(length, ns, days, delta)| {
        let instant = jiff::Timestamp::from_nanosecond(i128::from(ns) << 31).unwrap();
        let civil = instant.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let day = |days: u16| jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(days);
        Times {
            length: length.map(|ns| Duration::from_nanos(ns.into())),
            instant,
            civil: (civil, days.map(day), civil.time()),
            delta: delta
                .into_iter()
                .map(chrono::TimeDelta::nanoseconds)
                .collect(),
        }
    })
}

prop_compose! {
    fn everything()(
        numbers: (bool, i8, i16, i32, i64, u8, u16, u32, u64, f32),
        (double, wide) in (any::<f64>(), any::<i64>()),
        (text, bytes) in any::<(String, Vec<u8>)>(),
        maybe: (Option<u32>, Option<Option<bool>>, Option<String>, Option<i64>),
        (inner, optional) in (inner(), prop::option::of(inner())),
        structs in prop::collection::vec(prop::option::of(inner()), 0..3),
        (list, grid, long) in any::<(Vec<f32>, [[Option<f32>; 2]; 3], Option<[u8; 20]>)>(),
        (set, map) in any::<(BTreeSet<String>, BTreeMap<i32, Option<String>>)>(),
        lights in (light(), prop::option::of(light()), prop::collection::vec(prop::option::of(light()), 0..3)),
        event in event(),
        events in prop::collection::vec(prop::option::of(event()), 0..3),
        (some, empties) in (any::<bool>(), 0..3_usize),
        times in times(),
    ) -> Everything {
        let (a, b, c, d, e, f, g, h, i, j) = numbers;
        Everything {
            numbers: (a, b, c, d, e, f, g, h, i, j, double, i128::from(wide) << 40),
            text,
            bytes,
            maybe: (maybe.0, maybe.1, maybe.2, maybe.3.map(i128::from)),
            flat: inner.flat.clone(),
            inner,
            optional,
            list,
            structs,
            grid,
            long,
            set,
            map,
            lights,
            event,
            events,
            nothing: (Unit, (), some.then_some(Unit), Empty {}, vec![Empty {}; empties]),
            times,
        }
    }
}

/// The images of `rows`, and the schema that was known before the first of them.
fn images<T: Record>(builder: &mut RecordBuilder<T>, rows: &[T]) -> (Arc<Schema>, Vec<Vec<u8>>) {
    let (schema, shape) = (builder.image_schema().unwrap(), builder.image_shape());
    let images = rows.iter().map(|row| {
        builder.push(row).unwrap();
        let mut bytes = vec![0; 1 << 20];
        let mut image = RowImage::new(&mut bytes);
        builder.image_last(&mut image);
        let written = image.written().unwrap();
        assert_eq!(image.needed(), written);
        // From the row itself, the image is the same.
        let mut direct = vec![0; written + 100];
        for room in [written.saturating_sub(1), written, written + 100] {
            let mut image = RowImage::new(&mut direct[..room]);
            builder.image_of(row, &mut image);
            assert_eq!(image.needed(), written);
            assert_eq!(image.written(), (room >= written).then_some(written));
        }
        assert_eq!(direct[..written], bytes[..written]);
        assert_eq!(builder.image_shape(), shape);
        // Where there is no room, the answer is the same.
        for room in [0, written / 2, written.saturating_sub(1)] {
            let mut image = RowImage::new(&mut bytes[written..written + room]);
            builder.image_last(&mut image);
            assert_eq!((image.written(), image.needed()), (None, written));
        }
        bytes.truncate(written);
        bytes
    });
    let images = images.collect();
    assert_eq!(builder.image_schema().unwrap(), schema);
    (schema, images)
}

#[track_caller]
fn same<T: Record>(rows: &[T]) {
    let mut builder = RecordBuilder::<T>::new();
    let (schema, images) = images(&mut builder, rows);
    let batch = builder.take_batch().unwrap();
    assert_eq!(*batch.schema(), schema);
    let limits = Limits::default();
    let back = image::read(&schema, &images.concat(), &limits).unwrap();
    assert!(back.same_rows(&batch), "{back:?}\n{batch:?}");
    for column in back.columns() {
        array::validate(column, &limits).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn images_of_derived_rows_are_their_batch(
        rows in prop::collection::vec(everything(), 0..5),
        events in prop::collection::vec(event(), 0..8),
        maybe in prop::collection::vec(prop::option::of(inner()), 0..8),
        lists in prop::collection::vec(prop::collection::vec(event(), 0..3), 0..4),
        lights in prop::collection::vec(light(), 0..8),
    ) {
        same(&rows);
        same(&events);
        same(&maybe);
        same(&lists);
        same(&lights);
    }
}

#[test]
fn rows_that_are_no_structs_have_images() {
    same(&[1_i32, -2]);
    same(&[(), ()]);
    same(&[Empty {}, Empty {}]);
    same(&[[1.5_f32, f32::NAN], [-0.0, 0.0]]);
    same(&[[7_u8; 20]]);
    same(&[Some(String::from("x")), None]);
    same(&[vec![1_u8], vec![]]);
}

/// Rows that have something of everything.
fn telling() -> Vec<Everything> {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop::collection::vec(everything(), 3);
    let mut rows = strategy.new_tree(&mut runner).unwrap().current();
    for row in &mut rows {
        row.text.truncate(row.text.floor_char_boundary(12));
        row.bytes.truncate(12);
        row.list.truncate(4);
        row.set = ["a".to_owned()].into();
        row.map = [(1, None), (2, Some("b".to_owned()))].into();
        row.times.delta.truncate(2);
    }
    rows
}

/// Reads hostile bytes: whatever they are, in little memory; an error names a row.
#[track_caller]
fn withstand(schema: &Arc<Schema>, bytes: &[u8]) {
    let mut result = None;
    let spent = measure(|| result = Some(image::read(schema, bytes, &Limits::default())));
    // What columns are made of costs about as much again before the first row.
    let bound = 200_000 + 300 * bytes.len() as u64;
    assert!(spent.bytes_max < bound, "{} bytes", spent.bytes_max);
    match result.unwrap() {
        Ok(batch) => {
            for column in batch.columns() {
                array::validate(column, &Limits::default()).unwrap();
            }
        }
        Err(error) => {
            // A count that is less than it was makes more rows of the rest.
            let row = error.position().row.unwrap();
            assert!(row >= 1 && row <= bytes.len() as u64, "{error}");
        }
    }
}

#[test]
fn flipped_and_cut_images_do_no_harm() {
    let mut builder = RecordBuilder::<Everything>::new();
    let (schema, images) = images(&mut builder, &telling());
    let bytes = images.concat();
    let ends: Vec<usize> = images
        .iter()
        .scan(0, |end, image| {
            *end += image.len();
            Some(*end)
        })
        .collect();
    for cut in 0..bytes.len() {
        let read = image::read(&schema, &bytes[..cut], &Limits::default());
        let whole = ends.iter().filter(|&&end| end <= cut).count();
        if cut == 0 || ends.contains(&cut) {
            assert_eq!(read.unwrap().rows(), whole);
        } else {
            let error = read.unwrap_err();
            assert_eq!(error.position().row, Some(whole as u64 + 1), "{error}");
        }
    }
    let mut bytes = images[0].clone();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        withstand(&schema, &bytes);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    for at in 0..bytes.len() {
        let kept = std::mem::replace(&mut bytes[at], 0xff);
        withstand(&schema, &bytes);
        bytes[at] = kept;
    }
}
