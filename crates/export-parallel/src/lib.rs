//! Work spread over threads, with its order, its memory and its failures kept.
//!
//! Owns the bounded, ordered, cancellable pipeline and the memory [`Budget`]. Never knows what flows through it, and never
//! lets the number of threads show in a result: outputs come in the order of their inputs, and the first error in that order
//! is the one reported.
//!
//! Three shapes of the same thing: [`ordered_map`] runs to the end of an input, [`Ahead`] is asked for one output after the
//! other, and items are pushed into a [`Pipeline`].
//!
//! ```
//! use export_core::Cancel;
//! use export_parallel::{Bounds, Budget, ordered_map};
//!
//! let bounds = Bounds { threads: 2, budget: Budget::new(64 << 20), cancel: Cancel::new() };
//! let texts = ["one", "three", "eleven"].into_iter().map(Ok);
//! let mut lengths = Vec::new();
//! ordered_map(&bounds, texts, |text| text.len(), |text| Ok(text.len()), |length| {
//!     lengths.push(length);
//!     Ok(())
//! })?;
//! assert_eq!(lengths, [3, 5, 6]);
//! # Ok::<(), export_core::Error>(())
//! ```

mod ahead;
mod bounds;
mod budget;
mod failure;
mod flight;
mod headroom;
mod ordered;
mod pipeline;
mod sync;
mod work;

pub use ahead::Ahead;
pub use bounds::Bounds;
pub use budget::{Budget, Permit};
pub use headroom::{Bound, Headroom};
pub use ordered::ordered_map;
pub use pipeline::{Answer, Pipeline};
