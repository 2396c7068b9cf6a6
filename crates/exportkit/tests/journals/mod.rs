//! Journals as anybody may put them beside a recording, and what is read of them.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use export_container::schema_to_text;
use export_core::Limits;
use export_core::build::BatchBuilder;
use export_core::image::RowImage;
use export_core::record::{Record, RecordBuilder};
use export_journal::{Journal, Options, Room};
use exportkit::{Cancel, Depth, Progress, Result, Severity, Verification, open, verify};
use serde::{Deserialize, Serialize};

pub(crate) fn journal_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".journal");
    name.into()
}

/// Rows of a lane: its name, what the rows are about, the number of the first and the bytes of each.
pub(crate) struct Rows {
    pub(crate) lane: &'static str,
    pub(crate) about: Vec<u8>,
    pub(crate) first: u64,
    pub(crate) images: Vec<Vec<u8>>,
}

impl Rows {
    pub(crate) fn new<R: Record>(lane: &'static str, first: u64, rows: &[R]) -> Self
    where
        RecordBuilder<R>: BatchBuilder,
    {
        let mut builder = RecordBuilder::<R>::new();
        let mut images = Vec::new();
        for row in rows {
            builder.push(row).unwrap();
            let mut space = [0; 1024];
            let mut image = RowImage::new(&mut space);
            builder.image_last(&mut image);
            let bytes = image.written().unwrap();
            images.push(space[..bytes].to_vec());
        }
        let about = schema_to_text(&builder.image_schema().unwrap()).unwrap();
        Self {
            lane,
            about,
            first,
            images,
        }
    }
}

/// Puts a journal with these rows beside the recording `id` at `path`.
pub(crate) fn put_journal(path: &Path, id: [u8; 16], lanes: &[Rows]) {
    let journal = Journal::create(journal_of(path), id, &Options::default()).unwrap();
    for rows in lanes {
        let mut lane = journal.lane(rows.lane);
        assert_eq!(lane.begin(&rows.about, rows.first).unwrap(), Room::Ready);
        for image in &rows.images {
            if lane.space().len() < image.len() {
                assert_eq!(lane.grow(image.len()).unwrap(), Room::Ready);
            }
            lane.space()[..image.len()].copy_from_slice(image);
            lane.commit(image.len()).unwrap();
        }
    }
}

#[derive(exportkit::Record, Serialize, Deserialize, PartialEq, Debug, Clone)]
pub(crate) struct Row {
    pub(crate) number: u64,
    pub(crate) text: String,
    pub(crate) odd: Option<f64>,
}

pub(crate) fn row(number: u64) -> Row {
    Row {
        number,
        text: "x".repeat(usize::try_from(number % 40).unwrap()),
        odd: (number % 2 == 1).then_some(0.5),
    }
}

pub(crate) fn some_rows(range: std::ops::Range<u64>) -> Vec<Row> {
    range.map(row).collect()
}

pub(crate) fn rows(path: &Path, stream: &str) -> Vec<Row> {
    let rows = open(path).unwrap().read_records(stream).unwrap();
    rows.collect::<Result<_>>().unwrap()
}

pub(crate) fn verified(path: &Path) -> Verification {
    let limits = Limits::default();
    verify(path, Depth::Deep, &limits, &Progress::new(), &Cancel::new()).unwrap()
}

pub(crate) fn entries(path: &Path) -> BTreeMap<String, String> {
    open(path).unwrap().info().metadata.unwrap().entries
}

/// The header of the recording at `path` as a file of its own, and beside it the journal that was set aside: all that can be read of that.
pub(crate) fn header_with(path: &Path, whose: &str) -> PathBuf {
    let rest = path.with_file_name("rest.xk");
    fs::write(&rest, &fs::read(path).unwrap()[..64]).unwrap();
    let mut aside = journal_of(path).into_os_string();
    aside.push(format!(".{whose}"));
    fs::copy(aside, journal_of(&rest)).unwrap();
    let info = open(&rest).unwrap().info();
    let damage = Severity::Damage;
    assert!(
        info.findings
            .iter()
            .all(|finding| finding.severity < damage)
    );
    rest
}
