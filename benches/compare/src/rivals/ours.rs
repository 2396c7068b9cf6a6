//! exportkit, as its guide has it: rows are pushed and flushed, and read on past what is damaged.

use std::fs;
use std::path::Path;

use anyhow::Result;
use exportkit::{RecordStream, Recorder};

use super::table::{Row, Seen};
use super::{Chunks, Rival};

pub(super) struct Ours;

impl Rival for Ours {
    fn create(&self, path: &Path) -> Result<Box<dyn Chunks>> {
        let _ = fs::remove_file(path);
        let recorder = Recorder::create(path)?;
        let stream = recorder.stream("rows")?;
        Ok(Box::new(File { recorder, stream }))
    }

    fn read(&self, path: &Path, seen: &mut Seen<'_>) -> Result<()> {
        let file = exportkit::open(path)?;
        let mut failed = None;
        for row in file.read::<Row>("rows")? {
            match row {
                Ok(row) => seen.take(&row),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let info = file.info();
        if let Some(finding) = info.findings.first() {
            anyhow::bail!("{finding:?}");
        }
        if let Some(note) = info.unfinished {
            anyhow::bail!("{}", note.text);
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

struct File {
    recorder: Recorder,
    stream: RecordStream<Row>,
}

impl Chunks for File {
    fn chunk(&mut self, rows: &[Row]) -> Result<()> {
        rows.iter().try_for_each(|row| self.stream.push(row))?;
        Ok(self.stream.flush()?)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.stream.finish()?;
        self.recorder.finish()?;
        Ok(())
    }
}
