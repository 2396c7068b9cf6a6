//! The library's errors and panics as errors that say what kind they are.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_schema::ArrowError;
use export_core::{Error, ErrorKind, Result};
use parquet::errors::ParquetError;

/// Runs what reads or writes through the library; a panic becomes an error of this kind.
///
/// The library checks much, but not all, of what a damaged file says. Whatever `work` borrowed is not used again after a
/// panic: sources and sinks end with their first error.
pub(super) fn guarded<T>(kind: ErrorKind, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(Error::new(
            kind,
            format!("the Parquet library gave up: {}", message_of(&*panic)),
        ))
    })
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (_, Some(message)) => message,
        _ => "it does not say why",
    }
}

/// The error of reading a file.
pub(super) fn in_reading(error: ParquetError) -> Error {
    match error {
        ParquetError::External(cause) => external(cause),
        ParquetError::NYI(_) => Error::unsupported(error),
        ParquetError::EOF(_)
        | ParquetError::NeedMoreData(_)
        | ParquetError::NeedMoreDataRange(_) => Error::truncated(error)
            .with_hint("get the file again: its end, which is its index, is not there"),
        _ => Error::corrupt(error),
    }
}

/// The error of decoding a batch.
pub(super) fn in_decoding(error: ArrowError) -> Error {
    match error {
        ArrowError::ExternalError(cause) => external(cause),
        ArrowError::IoError(_, cause) => cause.into(),
        ArrowError::NotYetImplemented(_) => Error::unsupported(error),
        _ => Error::corrupt(error),
    }
}

/// The error of writing a file.
pub(super) fn in_writing(error: ParquetError) -> Error {
    match error {
        ParquetError::External(cause) => external(cause),
        ParquetError::NYI(_) => Error::unsupported(error),
        _ => Error::schema(error),
    }
}

fn external(cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
    match cause.downcast::<std::io::Error>() {
        Ok(error) => (*error).into(),
        Err(cause) => Error::corrupt(cause),
    }
}
