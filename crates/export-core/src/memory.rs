//! Memory of the size of the data: where there is none, that is an error, not the end of the process.

use crate::{Error, ErrorKind, Result};

/// Less than this is not worth asking for: what fails then would fail anywhere.
const LEAST_BYTES: usize = 1 << 20;

/// This many zeros. Fails with [`ErrorKind::Memory`] where there is no room for them.
///
/// ```
/// use export_core::{ErrorKind, memory};
///
/// assert_eq!(memory::zeros(3)?, [0, 0, 0]);
/// assert_eq!(memory::zeros(1 << 60).unwrap_err().kind(), ErrorKind::Memory);
/// # Ok::<(), export_core::Error>(())
/// ```
pub fn zeros(count: usize) -> Result<Vec<u8>> {
    bytemuck::allocation::try_zeroed_vec(count).map_err(|()| missing(count))
}

/// Makes room for `more` values. Fails with [`ErrorKind::Memory`] where there is none, and changes nothing then.
pub fn reserve<T>(values: &mut Vec<T>, more: usize) -> Result<()> {
    let asked = more.saturating_mul(size_of::<T>());
    values.try_reserve(more).map_err(|_| missing(asked))
}

/// [`reserve`], and not more than that, for what will not grow again.
pub fn reserve_exact<T>(values: &mut Vec<T>, more: usize) -> Result<()> {
    let asked = more.saturating_mul(size_of::<T>());
    values.try_reserve_exact(more).map_err(|_| missing(asked))
}

/// Fails with [`ErrorKind::Memory`] where `bytes` bytes are not to be had at this moment. For those who are about to allocate
/// them in ways that cannot fail.
pub fn expect_room(bytes: usize) -> Result<()> {
    if bytes < LEAST_BYTES {
        return Ok(());
    }
    reserve(&mut Vec::<u8>::new(), bytes)
}

fn missing(bytes: usize) -> Error {
    Error::new(
        ErrorKind::Memory,
        format!("there is no memory for {bytes} bytes more"),
    )
    .with_hint("give it more memory, or fewer threads")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_an_error() {
        let mut values = vec![1_u64];
        for error in [
            zeros(usize::MAX).unwrap_err(),
            reserve(&mut values, usize::MAX / 2).unwrap_err(),
            reserve_exact(&mut values, usize::MAX / 2).unwrap_err(),
            expect_room(usize::MAX / 2).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Memory);
        }
        assert_eq!(values, [1]);
    }
}
