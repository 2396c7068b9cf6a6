//! CPU time, which other work on the machine disturbs less than it does a wall clock.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time that this process has used so far, in all of its threads.
#[must_use]
pub fn cpu_time() -> Duration {
    time_of(ClockId::ProcessCPUTime)
}

fn time_of(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// Runs `work` and returns the CPU time it took, with what it made.
pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = cpu_time();
    let made = work();
    (cpu_time().saturating_sub(start), made)
}

/// Runs `work` and returns the CPU time it took of this thread, with what it made.
pub fn thread_time<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = time_of(ClockId::ThreadCPUTime);
    let made = work();
    (time_of(ClockId::ThreadCPUTime).saturating_sub(start), made)
}

/// The value in the middle; of two, the lesser.
#[must_use]
pub fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort_unstable();
    let middle = times.len().checked_sub(1)? / 2;
    times.get(middle).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let ms = Duration::from_millis;
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![ms(3), ms(1), ms(2)]), Some(ms(2)));
        assert_eq!(median(vec![ms(9), ms(1)]), Some(ms(1)));
    }
}
