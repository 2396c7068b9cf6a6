//! The clock counts work, not time. The only test of its process, all of whose threads the clock sees.

use std::thread;
use std::time::Duration;

use export_benches::clock::timed;

#[test]
fn sleeping_takes_no_cpu_time_and_working_does() {
    let (slept, ()) = timed(|| thread::sleep(Duration::from_millis(100)));
    let work = || (0..100_000_000_u64).fold(0, |a, n| std::hint::black_box(a ^ n));
    let (worked, _) = timed(work);
    let (elsewhere, _) = timed(|| thread::scope(|scope| scope.spawn(work).join().is_ok()));
    assert!(slept < worked / 2, "{slept:?} asleep, {worked:?} at work");
    assert!(
        slept < elsewhere / 2,
        "{slept:?} asleep, {elsewhere:?} at work on another thread"
    );
}
