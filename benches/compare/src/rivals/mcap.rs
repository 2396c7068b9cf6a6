//! MCAP: a message a row, in chunks with checksums, uncompressed.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufWriter;
use std::path::Path;

use ::mcap::records::MessageHeader;
use ::mcap::{MessageStream, WriteOptions, Writer};
use anyhow::Result;

use super::table::{Row, Seen};
use super::{Chunks, Rival};

pub(super) struct Mcap;

impl Rival for Mcap {
    fn create(&self, path: &Path) -> Result<Box<dyn Chunks>> {
        let options = WriteOptions::new().compression(None);
        let mut writer = options.create(BufWriter::new(fs::File::create(path)?))?;
        let channel = writer.add_channel(0, "rows", "postcard", &BTreeMap::new())?;
        Ok(Box::new(File { writer, channel }))
    }

    fn read(&self, path: &Path, seen: &mut Seen<'_>) -> Result<()> {
        for message in MessageStream::new(&fs::read(path)?)? {
            seen.take(&postcard::from_bytes(&message?.data)?);
        }
        Ok(())
    }
}

struct File {
    writer: Writer<BufWriter<fs::File>>,
    channel: u16,
}

impl Chunks for File {
    fn chunk(&mut self, rows: &[Row]) -> Result<()> {
        for row in rows {
            let header = MessageHeader {
                channel_id: self.channel,
                sequence: u32::try_from(row.row)?,
                log_time: row.row,
                publish_time: row.row,
            };
            self.writer
                .write_to_known_channel(&header, &postcard::to_allocvec(row)?)?;
        }
        // Ends the chunk and flushes the file.
        Ok(self.writer.flush()?)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.writer.finish()?;
        Ok(())
    }
}
