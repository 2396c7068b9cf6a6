//! The first error of a pipeline, kept until somebody asks.

use std::sync::PoisonError;

use export_core::{Error, ErrorKind, Result};

use crate::sync::{Mutex, MutexGuard};

/// The first error that happened, if any.
#[derive(Debug, Default)]
pub(crate) struct Failure(Mutex<Option<First>>);

#[derive(Debug)]
struct First {
    /// Until it was reported.
    original: Option<Error>,
    kind: ErrorKind,
    text: String,
}

impl Failure {
    /// Keeps `error`, unless there was one before.
    pub(crate) fn set(&self, error: Error) {
        self.first().get_or_insert_with(|| First {
            kind: error.kind(),
            text: error.to_string(),
            original: Some(error),
        });
    }

    pub(crate) fn is_set(&self) -> bool {
        self.first().is_some()
    }

    /// Reports the error: itself at first, its kind and text whenever asked again.
    pub(crate) fn check(&self) -> Result<()> {
        match &mut *self.first() {
            None => Ok(()),
            Some(first) => Err(first.original.take().unwrap_or_else(|| {
                Error::new(
                    first.kind,
                    format!("stopped by an earlier error: {}", first.text),
                )
            })),
        }
    }

    fn first(&self) -> MutexGuard<'_, Option<First>> {
        // Nothing panics while it holds the lock, so a poisoned state is still a whole one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_reported_whole_and_then_by_its_text() {
        let failure = Failure::default();
        assert!(failure.check().is_ok() && !failure.is_set());
        failure.set(Error::data("bad row").at_row(7));
        failure.set(Error::usage("later"));
        assert!(failure.is_set());
        let first = failure.check().unwrap_err();
        assert_eq!(
            (first.kind(), first.position().row),
            (ErrorKind::Data, Some(7))
        );
        let again = failure.check().unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Data);
        assert!(again.to_string().contains("bad row (row 7)"), "{again}");
    }
}
