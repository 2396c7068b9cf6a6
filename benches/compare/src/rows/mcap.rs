//! MCAP: a message a row, in postcard, in chunks that it compresses with Zstandard at its default level, with checksums.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Cursor;

use ::mcap::records::MessageHeader;
use ::mcap::{Compression, MessageStream, WriteOptions};
use anyhow::{Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::contender::Contender;

pub(super) struct Mcap<'a, T> {
    rows: &'a [T],
    file: Vec<u8>,
}

impl<'a, T: DeserializeOwned> Mcap<'a, T> {
    pub(super) fn new(rows: &'a [T]) -> Self {
        Self {
            rows,
            file: Vec::new(),
        }
    }

    fn decoded(&self) -> Result<impl Iterator<Item = Result<T>>> {
        let messages = MessageStream::new(&self.file)?;
        Ok(messages.map(|message| Ok(postcard::from_bytes(&message?.data)?)))
    }
}

impl<T: Serialize + DeserializeOwned + PartialEq> Contender for Mcap<'_, T> {
    fn name(&self) -> String {
        String::from("mcap zstd, postcard rows")
    }

    fn write(&mut self) -> Result<usize> {
        let options = WriteOptions::new()
            .compression(Some(Compression::Zstd))
            .compression_threads(0);
        let mut writer = options.create(Cursor::new(Vec::new()))?;
        let channel_id = writer.add_channel(0, "rows", "postcard", &BTreeMap::new())?;
        let mut bytes = Vec::new();
        for (number, row) in (0..).zip(self.rows) {
            bytes.clear();
            postcard::to_io(row, &mut bytes)?;
            let header = MessageHeader {
                channel_id,
                sequence: number,
                log_time: number.into(),
                publish_time: number.into(),
            };
            writer.write_to_known_channel(&header, &bytes)?;
        }
        writer.finish()?;
        self.file = writer.into_inner().into_inner();
        Ok(self.file.len())
    }

    fn read(&self) -> Result<()> {
        for row in self.decoded()? {
            black_box(row?);
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let mut written = self.rows.iter();
        for row in self.decoded()? {
            if written.next() != Some(&row?) {
                bail!("other rows came back");
            }
        }
        match written.next() {
            None => Ok(()),
            Some(_) => bail!("rows are missing"),
        }
    }
}
