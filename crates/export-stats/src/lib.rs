//! What columns hold and what runs take.
//!
//! Owns: summaries of columns over any number of batches, the estimate of how many values are distinct, how values follow one
//! another, and run statistics.
//! Needs memory for one value and a sketch of at most 32 KiB a column, however many rows there are.
//! Never: reads files, keeps rows, or judges what it counts.
//!
//! ```
//! use std::sync::Arc;
//! use export_core::marrow::array::{Array, PrimitiveArray};
//! use export_core::marrow::datatypes::{DataType, Field};
//! use export_core::{Batch, Schema};
//! use export_stats::StreamStatistics;
//!
//! let step = Field { name: "step".into(), data_type: DataType::UInt32, ..Field::default() };
//! let schema = Arc::new(Schema::new(vec![step])?);
//! let values = Array::UInt32(PrimitiveArray { validity: None, values: vec![4, 2, 4] });
//!
//! let mut statistics = StreamStatistics::new(Arc::clone(&schema));
//! statistics.add(&Batch::new(schema, 3, vec![values])?)?;
//!
//! let step = &statistics.columns()[0];
//! assert_eq!(step.min_text().as_deref(), Some("2"));
//! assert_eq!((step.distinct().count, step.distinct().is_exact), (2, true));
//! # Ok::<(), export_core::Error>(())
//! ```

mod column;
mod distinct;
mod moments;
mod run;
mod shape;
mod stream;

pub use column::ColumnStatistics;
pub use distinct::Distinct;
pub use moments::Moments;
pub use run::{RunSummary, peak_memory_bytes};
pub use shape::Shape;
pub use stream::StreamStatistics;
