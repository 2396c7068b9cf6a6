//! Rows under keys, and what is read of them.

use std::path::Path;
use std::sync::Arc;

use exportkit::{
    Access, Cancel, Depth, Error, Key, Keys, Limits, Progress, Secret, Verification, open_with,
    verify,
};

pub(crate) fn key(number: u8) -> Arc<dyn Secret> {
    Arc::new(Key::from_bytes([number; 32]))
}

pub(crate) fn access(keys: Keys) -> Access {
    Access {
        limits: Limits::default(),
        keys,
    }
}

pub(crate) fn checked(path: &Path, keys: Keys) -> Result<Verification, Error> {
    let (progress, cancel) = (Progress::new(), Cancel::new());
    verify(path, Depth::Deep, access(keys), &progress, &cancel)
}

pub(crate) type Row = (u64, String, Option<f64>);

pub(crate) fn rows(count: u64) -> Vec<Row> {
    (0..count)
        .map(|n| {
            (
                n * 3,
                format!("row {n}"),
                (n % 3 > 0).then_some(n as f64 / 8.0),
            )
        })
        .collect()
}

pub(crate) fn read(path: &Path, keys: Keys) -> Result<Vec<Row>, Error> {
    open_with(path, access(keys))?.read("rows")?.collect()
}
