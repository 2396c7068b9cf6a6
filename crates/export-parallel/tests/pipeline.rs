//! What only the push side has: state, calls, back-pressure, dropping.

mod shapes;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use export_core::{Error, ErrorKind};
use export_parallel::{Ahead, Pipeline};
use shapes::{THREADS, bounds, delay, without_deadlock};

#[test]
fn the_state_comes_back_and_calls_see_everything_pushed_before() {
    without_deadlock(|| {
        for threads in THREADS {
            let mut pipeline = Pipeline::new(
                bounds(threads, 1 << 10),
                |n: u64| {
                    delay(n, 200);
                    Ok(n)
                },
                Vec::new(),
                |all, n| {
                    all.push(n);
                    Ok(())
                },
            )
            .unwrap();
            for n in 0..40 {
                pipeline.push(n, 1).unwrap();
                if n % 10 == 9 {
                    assert_eq!(
                        pipeline.call(|all| Ok(all.clone())).unwrap(),
                        (0..=n).collect::<Vec<_>>()
                    );
                }
            }
            let error = pipeline
                .call(|_| Err::<(), _>(Error::data("sync failed")))
                .unwrap_err();
            assert_eq!(error.message(), "sync failed");
            pipeline.push(40, 1).unwrap();
            assert_eq!(pipeline.finish().unwrap(), (0..41).collect::<Vec<_>>());
        }
    });
}

#[test]
fn after_an_error_everything_reports_it() {
    without_deadlock(|| {
        for threads in THREADS {
            let work = |n: u64| {
                if n == 3 {
                    Err(Error::data("no").at_row(3))
                } else {
                    Ok(n)
                }
            };
            let mut pipeline = Pipeline::new(bounds(threads, 2), work, (), |(), _| Ok(())).unwrap();
            let error = (0..1000).find_map(|n| pipeline.push(n, 1).err()).unwrap();
            assert_eq!(
                (error.kind(), error.position().row),
                (ErrorKind::Data, Some(3))
            );
            assert_eq!(pipeline.push(0, 1).unwrap_err().kind(), ErrorKind::Data);
            assert_eq!(
                pipeline.call(|()| Ok(())).unwrap_err().kind(),
                ErrorKind::Data
            );
            let last = pipeline.finish().unwrap_err();
            assert!(last.message().contains("no (row 3)"), "{last}");
        }
    });
}

#[test]
fn a_panic_of_consumer_or_call_is_an_error() {
    std::panic::set_hook(Box::new(|_| ()));
    without_deadlock(|| {
        for threads in THREADS {
            let consume = |(): &mut (), n: u64| {
                if n == 2 {
                    panic!("disk on fire")
                } else {
                    Ok(())
                }
            };
            let mut pipeline = Pipeline::new(bounds(threads, 9), Ok, (), consume).unwrap();
            let pushed = (0..5).try_for_each(|n| pipeline.push(n, 1));
            let error = pipeline.finish().and(pushed).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WorkerPanicked);
            assert!(error.message().contains("disk on fire"), "{error}");

            let mut pipeline =
                Pipeline::new(bounds(threads, 9), Ok, (), |(), _: u64| Ok(())).unwrap();
            let error = pipeline.call::<()>(|()| panic!("in call")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WorkerPanicked);
            assert_eq!(
                pipeline.push(1, 1).unwrap_err().kind(),
                ErrorKind::WorkerPanicked
            );
            assert!(pipeline.finish().is_err());
        }
    });
}

#[test]
fn dropped_without_finish_everything_pushed_is_consumed() {
    without_deadlock(|| {
        for threads in THREADS {
            let consumed = Arc::new(Mutex::new(Vec::new()));
            let all = Arc::clone(&consumed);
            let bounds = bounds(threads, 8);
            let work = |n: u64| {
                delay(n, 300);
                Ok(n)
            };
            let mut pipeline = Pipeline::new(bounds.clone(), work, (), move |(), n| {
                all.lock().unwrap().push(n);
                Ok(())
            })
            .unwrap();
            (0..30).for_each(|n| pipeline.push(n, 1).unwrap());
            drop(pipeline);
            assert_eq!(*consumed.lock().unwrap(), (0..30).collect::<Vec<_>>());
            assert_eq!(bounds.budget.in_use(), 0);
        }
    });
}

#[test]
fn where_there_is_room_nobody_waits_and_a_call_can_be_waited_for_later() {
    without_deadlock(|| {
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let consume = move |seen: &mut Vec<u64>, n: u64| {
            if n == 0 {
                gate.lock().unwrap().recv().unwrap();
            }
            seen.push(n);
            Ok(())
        };
        let mut pipeline = Pipeline::new(bounds(1, 4), Ok, Vec::new(), consume).unwrap();
        let mut pushed = 0;
        while pipeline.has_room(1, 1) {
            pipeline.push(pushed, 1).unwrap();
            pushed += 1;
        }
        assert_eq!(pushed, 4, "the budget is of so many");
        assert!(!pipeline.has_room(1, 1) && !pipeline.has_room(100, 0));
        let seen = pipeline.start_call(|seen| Ok(seen.len())).unwrap();
        open.send(()).unwrap();
        assert_eq!(seen.wait().unwrap(), 4);
        assert!(pipeline.has_room(1, 4));
        assert_eq!(pipeline.finish().unwrap(), [0, 1, 2, 3]);
    });
}

#[test]
fn a_slow_consumer_holds_the_producer_back() {
    without_deadlock(|| {
        for threads in [1, 2] {
            let (open, gate) = mpsc::channel::<()>();
            let pushed = Arc::new(AtomicUsize::new(0));
            let bounds = bounds(threads, 3);
            let budget = bounds.budget.clone();
            let mut pipeline = Pipeline::new(bounds, Ok, (), move |(), _: u64| {
                gate.recv().unwrap();
                Ok(())
            })
            .unwrap();
            let count = Arc::clone(&pushed);
            let producer = thread::spawn(move || {
                for n in 0..10 {
                    pipeline.push(n, 1).unwrap();
                    count.fetch_add(1, Ordering::SeqCst);
                }
                pipeline.finish().unwrap();
            });
            while pushed.load(Ordering::SeqCst) < 3 {
                thread::yield_now();
            }
            thread::sleep(Duration::from_millis(50));
            assert_eq!((pushed.load(Ordering::SeqCst), budget.in_use()), (3, 3));
            (0..10).for_each(|_| open.send(()).unwrap());
            producer.join().unwrap();
            assert_eq!((budget.in_use(), budget.peak()), (0, 3));
        }
    });
}

#[test]
fn a_producer_blocked_on_memory_wakes_on_failure_and_on_cancel() {
    without_deadlock(|| {
        for cancels in [false, true] {
            let bounds = bounds(1, 10);
            // Held by somebody else, who never lets go.
            let elsewhere = bounds.budget.try_acquire(9).unwrap();
            let (go, gate) = mpsc::channel::<()>();
            let gate = Mutex::new(gate);
            let cancel = bounds.cancel.clone();
            let work = move |_: u64| {
                gate.lock().unwrap().recv().unwrap();
                if cancels {
                    cancel.cancel();
                    return Ok(0);
                }
                Err(Error::data("no"))
            };
            let mut pipeline = Pipeline::new(bounds, work, (), |(), _: u64| Ok(())).unwrap();
            pipeline.push(0, 1).unwrap();
            let waker = thread::spawn(move || {
                thread::sleep(Duration::from_millis(50));
                go.send(()).unwrap();
            });
            let error = pipeline.push(1, 5).unwrap_err();
            let expected = if cancels {
                ErrorKind::Cancelled
            } else {
                ErrorKind::Data
            };
            assert_eq!(error.kind(), expected);
            waker.join().unwrap();
            drop((pipeline, elsewhere));
        }
    });
}

#[test]
fn an_iterator_reads_no_further_than_its_bounds_and_may_be_dropped_early() {
    without_deadlock(|| {
        for threads in THREADS {
            let read = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&read);
            let input = (0_u64..).map(move |n| {
                count.fetch_add(1, Ordering::SeqCst);
                Ok(n)
            });
            let bounds = bounds(threads, 5);
            let mut ahead = Ahead::new(bounds.clone(), input, |_| 1, Ok).unwrap();
            assert_eq!(
                read.load(Ordering::SeqCst),
                0,
                "nothing is read before it is asked for"
            );
            for n in 0..20 {
                assert_eq!(ahead.next().unwrap().unwrap(), n);
                let most = usize::try_from(n).unwrap() + 7;
                assert!(read.load(Ordering::SeqCst) <= most);
            }
            drop(ahead);
            assert_eq!(bounds.budget.in_use(), 0);
        }
    });
}
