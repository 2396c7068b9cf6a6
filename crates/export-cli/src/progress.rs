//! How far the work is, on standard error.

use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use exportkit::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::When;
use crate::console::Console;
use crate::units;

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);
/// How often a line is printed where there is no terminal.
const LINE: Duration = Duration::from_secs(1);

/// A view of a [`Progress`] that keeps itself up to date until it is dropped.
#[derive(Debug)]
pub(crate) struct View {
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl View {
    /// Shows `progress`: as a bar on a terminal, as a line a second elsewhere.
    pub(crate) fn start(console: &Console, when: When, progress: &Progress) -> Self {
        let terminal = io::stderr().is_terminal();
        let shown = match when {
            When::Always => true,
            When::Auto => terminal && !console.quiet,
            When::Never => false,
        };
        if !shown {
            return Self { thread: None };
        }
        let (stop, stopped) = channel();
        let progress = progress.clone();
        let watch = move || {
            if terminal {
                bar(&progress, &stopped)
            } else {
                lines(&progress, &stopped)
            }
        };
        // Work goes on without a view where no thread can be had.
        let thread = std::thread::Builder::new()
            .name(String::from("progress"))
            .spawn(watch);
        Self {
            thread: thread.ok().map(|thread| (stop, thread)),
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            _ = thread.join();
        }
    }
}

/// Waits until the next turn. False once the view is dropped.
fn next_turn(stopped: &Receiver<()>, wait: Duration) -> bool {
    stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout)
}

fn bar(progress: &Progress, stopped: &Receiver<()>) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style(UNKNOWN_LENGTH));
    let mut total = 0;
    while next_turn(stopped, TICK) {
        if total == 0 && progress.total_bytes_in() > 0 {
            total = progress.total_bytes_in();
            bar.set_style(style(KNOWN_LENGTH));
            bar.set_length(total);
        }
        // An input that is read twice, or grows, is not more than all of it.
        let done = if total > 0 {
            progress.bytes_in().min(total)
        } else {
            progress.bytes_in()
        };
        bar.set_position(done);
        bar.set_message(units::count(progress.rows(), "row"));
        bar.tick();
    }
    bar.finish_and_clear();
}

const KNOWN_LENGTH: &str = "{bar:24} {percent:>3} %  {decimal_bytes} of {decimal_total_bytes}  \
                            {decimal_bytes_per_sec}  {msg}  {eta} left";
const UNKNOWN_LENGTH: &str = "{spinner} {decimal_bytes}  {decimal_bytes_per_sec}  {msg}  {elapsed}";

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn lines(progress: &Progress, stopped: &Receiver<()>) {
    let start = Instant::now();
    while next_turn(stopped, LINE) {
        let (done, total) = (progress.bytes_in(), progress.total_bytes_in());
        let whole = if total > 0 {
            format!(" of {}", units::bytes(total))
        } else {
            String::new()
        };
        let millis = u64::try_from(start.elapsed().as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        let rate = units::bytes(done.saturating_mul(1000) / millis);
        let rows = units::count(progress.rows(), "row");
        eprintln!("{}{whole}  {rate}/s  {rows}", units::bytes(done));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_well_formed() {
        for template in [KNOWN_LENGTH, UNKNOWN_LENGTH] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
