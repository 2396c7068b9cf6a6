//! Journals as anybody may put them beside a recording.

use std::path::{Path, PathBuf};

use export_container::schema_to_text;
use export_core::build::BatchBuilder;
use export_core::image::RowImage;
use export_core::record::{Record, RecordBuilder};
use export_journal::{Journal, Options, Room};

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
