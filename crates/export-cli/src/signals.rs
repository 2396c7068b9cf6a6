//! Ctrl-C and its like: the first asks the work to stop and clean up, the second ends the process at once.

use std::sync::atomic::{AtomicI32, Ordering};

use exportkit::Cancel;

/// SIGINT, on every system that has it.
const INTERRUPT: u8 = 2;

/// Number of the first signal received, 0 before.
static RECEIVED: AtomicI32 = AtomicI32::new(0);

/// The signal that stopped the work; an interrupt where none is known.
pub(crate) fn received() -> u8 {
    match u8::try_from(RECEIVED.load(Ordering::Relaxed)) {
        Ok(number) if number != 0 => number,
        _ => INTERRUPT,
    }
}

/// Raises `cancel` at the first SIGINT or SIGTERM. SIGXFSZ is taken so that a file size limit is an error of the write, which
/// is reported, instead of the process's death.
#[cfg(unix)]
pub(crate) fn watch(cancel: Cancel) -> std::io::Result<()> {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::iterator::Signals;

    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::Builder::new()
        .name(String::from("signals"))
        .spawn(move || {
            for signal in signals.forever() {
                if RECEIVED.swap(signal, Ordering::Relaxed) != 0 {
                    signal_hook::low_level::exit(128 + signal);
                }
                cancel.cancel();
            }
        })?;
    Ok(())
}

/// Nothing is watched here: an interrupt ends the process.
#[cfg(not(unix))]
pub(crate) fn watch(_cancel: Cancel) -> std::io::Result<()> {
    Ok(())
}
