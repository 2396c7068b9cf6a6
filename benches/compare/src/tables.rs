//! Contenders that are given batches.

mod ipc;
mod ours;
mod parquet;
mod pco;
mod tuning;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use export_benches::Table;
use exportkit::{Batch, Preset, arrow};

use crate::contender::Contender;

/// All of them, for one table. The rivals share its record batches.
pub(crate) fn contenders(table: &Table) -> Result<Vec<Box<dyn Contender + '_>>> {
    let given = Arc::new(Given::new(table)?);
    let mut contenders: Vec<Box<dyn Contender + '_>> = vec![
        Box::new(parquet::Parquet::new(&given, parquet::Settings::Default)?),
        Box::new(parquet::Parquet::new(&given, parquet::Settings::Tuned)?),
        Box::new(ipc::Ipc::new(&given, ipc::Codec::Lz4)),
        Box::new(ipc::Ipc::new(&given, ipc::Codec::Zstd)),
        Box::new(pco::Pco::new(table)?),
    ];
    for preset in Preset::ALL {
        contenders.push(Box::new(ours::Ours::new(table, preset)));
    }
    Ok(contenders)
}

/// Writes a table as an uncompressed Arrow IPC file called after it.
pub(crate) fn hand_over(table: &Table, directory: &Path) -> Result<()> {
    let given = Given::new(table)?;
    let path = directory.join(format!("{}.arrow", table.name));
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    let mut writer = arrow_ipc::writer::FileWriter::try_new_buffered(file, &given.schema)?;
    for batch in &given.batches {
        writer.write(batch)?;
    }
    Ok(writer.finish()?)
}

/// A table as those who know Arrow are given it.
pub(crate) struct Given<'a> {
    table: &'a Table,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl<'a> Given<'a> {
    fn new(table: &'a Table) -> Result<Self> {
        let batches = table
            .batches
            .iter()
            .map(|batch| arrow::record_batch(batch.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        let schema = batches.first().context("a table without batches")?.schema();
        Ok(Self {
            table,
            schema,
            batches,
        })
    }

    /// Rows of the first batch, which most have; 1 at least.
    fn batch_rows(&self) -> usize {
        self.batches.first().map_or(1, RecordBatch::num_rows).max(1)
    }

    /// Fails unless these are the rows of the table, in its batches.
    fn compare<E>(&self, read: impl Iterator<Item = Result<RecordBatch, E>>) -> Result<()>
    where
        anyhow::Error: From<E>,
    {
        let mut written = self.table.batches.iter().filter(|batch| batch.rows() > 0);
        for read in read {
            let read = arrow::batch(&read?)?;
            let written = written.next().context("too many rows")?;
            same(&read, written)?;
        }
        match written.next() {
            None => Ok(()),
            Some(_) => bail!("rows are missing"),
        }
    }
}

fn same(read: &Batch, written: &Batch) -> Result<()> {
    // Formats may keep metadata of their own: rows are compared under the schema they were written with.
    let columns = read.columns().to_vec();
    let read = Batch::new(Arc::clone(written.schema()), read.rows(), columns)?;
    if !read.same_rows(written) {
        bail!("other rows came back");
    }
    Ok(())
}
