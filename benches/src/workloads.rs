//! The workloads D1 to D6.

pub(crate) mod d1;
mod d2;
mod d3;
mod d4;
pub(crate) mod d5;
mod d6;

use export_core::{Batch, Result};

/// A kind of data that people export, of known shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Workload {
    /// D1: allocations and what became of them.
    HeapEvents,
    /// D2: membrane voltages of neurons, sampled at every step.
    Signals,
    /// D3: the spikes of neurons, as events and as a list for each step.
    Spikes,
    /// D4: TPC-H's lineitem.
    LineItem,
    /// D5: log lines.
    Logs,
    /// D6: flights that left New York City in 2013, a real table.
    Flights,
}

/// One table of a workload.
#[derive(Debug, Clone)]
pub struct Table {
    /// Name of the table, such as `D3 lists`.
    pub name: &'static str,
    /// Its rows, in batches as a source would yield them.
    pub batches: Vec<Batch>,
}

impl Table {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.batches.iter().map(Batch::rows).sum()
    }

    /// Bytes of all buffers.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.batches.iter().map(Batch::memory_bytes).sum()
    }
}

impl Workload {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::HeapEvents,
        Self::Signals,
        Self::Spikes,
        Self::LineItem,
        Self::Logs,
        Self::Flights,
    ];

    /// Its short name, `D1` to `D6`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::HeapEvents => "D1",
            Self::Signals => "D2",
            Self::Spikes => "D3",
            Self::LineItem => "D4",
            Self::Logs => "D5",
            Self::Flights => "D6",
        }
    }

    /// Rows of the full workload; of D3, steps.
    #[must_use]
    pub fn full_rows(self) -> usize {
        match self {
            Self::HeapEvents => 5_000_000,
            Self::Signals | Self::Spikes => 200_000,
            Self::LineItem | Self::Logs => 1_000_000,
            Self::Flights => 336_776,
        }
    }

    /// The tables of this workload, `rows` rows long: one, but two for D3, where rows are steps. D4 and D6 don't depend on
    /// the seed and are only as long as their sources.
    ///
    /// D6 is read from a file: the whole table where it lies beside the repository, otherwise the excerpt of examples/data.
    pub fn tables(self, rows: usize, seed: u64) -> Result<Vec<Table>> {
        match self {
            Self::HeapEvents => Ok(vec![Table {
                name: "D1",
                batches: d1::batches(rows, seed)?,
            }]),
            Self::Signals => Ok(vec![Table {
                name: "D2",
                batches: d2::batches(rows, seed)?,
            }]),
            Self::Spikes => {
                let spikes = d3::Spikes::new(rows, seed)?;
                Ok(vec![
                    Table {
                        name: "D3 events",
                        batches: spikes.events()?,
                    },
                    Table {
                        name: "D3 lists",
                        batches: spikes.lists()?,
                    },
                ])
            }
            Self::LineItem => Ok(vec![Table {
                name: "D4",
                batches: d4::batches(rows)?,
            }]),
            Self::Logs => Ok(vec![Table {
                name: "D5",
                batches: d5::batches(rows, seed)?,
            }]),
            Self::Flights => Ok(vec![Table {
                name: "D6",
                batches: d6::batches(rows)?,
            }]),
        }
    }
}
