//! Order, bounds and errors, for each shape and any number of threads.
#![expect(clippy::panic, reason = "a worker's panic is under test")]

mod shapes;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use export_core::{Error, ErrorKind, Result};
use export_parallel::{Bounds, Budget};
use proptest::prelude::*;
use shapes::{
    Consume, Item, SHAPES, Shape, THREADS, Work, accept, bounds, delay, doubled, doubling, light,
    run, without_deadlock,
};

fn for_each(test: impl Fn(Shape, usize) + Send + 'static) {
    without_deadlock(move || {
        for shape in SHAPES {
            for threads in THREADS {
                test(shape, threads);
            }
        }
    });
}

#[test]
fn outputs_come_in_order_whatever_the_delays() {
    for_each(|shape, threads| {
        let bounds = bounds(threads, 1 << 20);
        let (consumed, end) = run(shape, &bounds, light(200), &doubling(), &accept());
        end.unwrap();
        assert_eq!(consumed, doubled(200), "{shape:?} with {threads} threads");
        assert_eq!(bounds.budget.in_use(), 0);
    });
}

#[test]
fn no_items_are_no_outputs() {
    for_each(|shape, threads| {
        let (consumed, end) = run(
            shape,
            &bounds(threads, 1),
            Vec::new(),
            &doubling(),
            &accept(),
        );
        assert!(end.is_ok() && consumed.is_empty());
    });
}

#[test]
fn items_between_work_and_consumer_never_weigh_more_than_the_budget() {
    for_each(|shape, threads| {
        // An iterator's output is no longer counted once it was handed out.
        if shape == Shape::Ahead {
            return;
        }
        let bounds = bounds(threads, 100);
        let held = Arc::new(AtomicUsize::new(0));
        let work: Work = {
            let held = Arc::clone(&held);
            Arc::new(move |(n, weight)| {
                let before = held.fetch_add(weight, Ordering::SeqCst);
                assert!(before + weight <= 100, "{before} + {weight} bytes");
                delay(n, 200);
                Ok(weight as u64)
            })
        };
        let consume: Consume = Arc::new(move |weight| {
            held.fetch_sub(usize::try_from(weight).unwrap(), Ordering::SeqCst);
            Ok(())
        });
        let items = (0..150)
            .map(|n: usize| Ok((n as u64, 1 + (n * 29) % 70)))
            .collect();
        let (consumed, end) = run(shape, &bounds, items, &work, &consume);
        end.unwrap();
        assert_eq!(consumed.len(), 150);
        assert!(bounds.budget.peak() <= 100 && bounds.budget.peak() > 0);
        assert_eq!(bounds.budget.in_use(), 0);
    });
}

#[test]
fn an_item_heavier_than_the_budget_passes_alone() {
    for_each(|shape, threads| {
        let bounds = bounds(threads, 10);
        let weight = |n: u64| if n.is_multiple_of(7) { 1000 } else { 4 };
        let items = (0..50).map(|n| Ok((n, weight(n)))).collect();
        let (consumed, end) = run(shape, &bounds, items, &doubling(), &accept());
        end.unwrap();
        assert_eq!(consumed, doubled(50));
        assert_eq!(
            bounds.budget.peak(),
            1000,
            "nothing else was held beside it"
        );
    });
}

/// Where an item can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Input,
    Work,
    Panic,
    Consumer,
}

const FAULTS: [Fault; 4] = [Fault::Input, Fault::Work, Fault::Panic, Fault::Consumer];

fn faulty(fault: Fault, at: u64, count: u64) -> (Vec<Result<Item>>, Work, Consume) {
    let input = |n| match fault {
        Fault::Input if n >= at => Err(Error::data("bad input").at_row(n)),
        _ => Ok((n, 1)),
    };
    let items = (0..count).map(input).collect();
    let work: Work = Arc::new(move |(n, _)| {
        // Later items are sooner done, and fail as well.
        delay(n, if n <= at { 400 } else { 10 });
        match fault {
            Fault::Work if n >= at => Err(Error::data("bad work").at_row(n)),
            Fault::Panic if n >= at => panic!("item {n} is cursed"),
            _ => Ok(2 * n),
        }
    });
    let consume: Consume = Arc::new(move |output| match fault {
        Fault::Consumer if output >= 2 * at => Err(Error::data("full").at_row(output / 2)),
        _ => Ok(()),
    });
    (items, work, consume)
}

#[test]
fn the_first_error_in_order_wins_at_every_position() {
    std::panic::set_hook(Box::new(|_| ()));
    for_each(|shape, threads| {
        for fault in FAULTS {
            for at in 0..16 {
                let bounds = bounds(threads, 6);
                let (items, work, consume) = faulty(fault, at, 16);
                let (consumed, end) = run(shape, &bounds, items, &work, &consume);
                let error = end.unwrap_err();
                let case = format!("{shape:?}, {threads} threads, {fault:?} at {at}: {error}");
                assert_eq!(consumed, doubled(at), "{case}");
                if fault == Fault::Panic {
                    assert_eq!(error.kind(), ErrorKind::WorkerPanicked, "{case}");
                    assert!(
                        error.message().contains(&format!("item {at} is cursed")),
                        "{case}"
                    );
                } else {
                    assert_eq!(error.kind(), ErrorKind::Data, "{case}");
                    let row = error.position().row;
                    assert!(row == Some(at) || error.message().contains(&format!("row {at})")));
                }
                assert_eq!(bounds.budget.in_use(), 0, "{case}");
            }
        }
    });
}

#[test]
fn cancelling_at_every_position_stops_with_a_prefix() {
    for_each(|shape, threads| {
        for in_work in [true, false] {
            for at in 0..16 {
                let bounds = bounds(threads, 6);
                let cancel = bounds.cancel.clone();
                let work: Work = Arc::new(move |(n, _)| {
                    if in_work && n == at {
                        cancel.cancel();
                    }
                    Ok(2 * n)
                });
                let cancel = bounds.cancel.clone();
                let consume: Consume = Arc::new(move |output| {
                    if !in_work && output == 2 * at {
                        cancel.cancel();
                    }
                    Ok(())
                });
                let (consumed, end) = run(shape, &bounds, light(16), &work, &consume);
                assert_eq!(consumed, doubled(consumed.len() as u64));
                match end {
                    // It was too late for anything to stop.
                    Ok(()) => assert_eq!((consumed.len(), at), (16, 15)),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
                }
                assert_eq!(bounds.budget.in_use(), 0);
            }
        }
    });
}

#[test]
fn nothing_runs_when_cancelled_before() {
    for_each(|shape, threads| {
        let bounds = bounds(threads, 6);
        bounds.cancel.cancel();
        let work: Work = Arc::new(|_| panic!("it ran"));
        let (consumed, end) = run(shape, &bounds, light(3), &work, &accept());
        assert_eq!(end.unwrap_err().kind(), ErrorKind::Cancelled);
        assert!(consumed.is_empty());
    });
}

#[test]
fn two_pipelines_share_a_budget_and_both_get_through() {
    without_deadlock(|| {
        let budget = Budget::new(10);
        std::thread::scope(|scope| {
            for (shape, threads) in SHAPES.into_iter().zip([0, 1, 2]) {
                let bounds = Bounds {
                    threads,
                    budget: budget.clone(),
                    ..shapes::bounds(0, 0)
                };
                scope.spawn(move || {
                    let weight = |n: u64| if n.is_multiple_of(9) { 25 } else { 3 };
                    let items = (0..60).map(|n| Ok((n, weight(n)))).collect();
                    let (consumed, end) = run(shape, &bounds, items, &doubling(), &accept());
                    end.unwrap();
                    assert_eq!(consumed, doubled(60));
                });
            }
        });
        assert_eq!((budget.in_use(), budget.peak()), (0, 25));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn results_do_not_depend_on_threads_weights_or_budget(
        weights in prop::collection::vec(0_usize..40, 0..60),
        capacity in 0_usize..60,
        threads in 0_usize..5,
        fails in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
    ) {
        let fails: Vec<u64> = fails
            .iter()
            .filter(|_| !weights.is_empty())
            .map(|at| at.index(weights.len()) as u64)
            .collect();
        let first = fails.iter().min().copied();
        let work: Work = Arc::new(move |(n, _)| {
            delay(n, 50);
            if fails.contains(&n) { Err(Error::data("bad").at_row(n)) } else { Ok(2 * n) }
        });
        let heaviest = weights.iter().copied().max().unwrap_or(0);
        for shape in SHAPES {
            let bounds = bounds(threads, capacity);
            let items = weights.iter().zip(0..).map(|(&weight, n)| Ok((n, weight))).collect();
            let (consumed, end) = {
                let (bounds, work) = (bounds.clone(), Arc::clone(&work));
                without_deadlock(move || run(shape, &bounds, items, &work, &accept()))
            };
            prop_assert_eq!(consumed, doubled(first.unwrap_or(weights.len() as u64)));
            prop_assert_eq!(end.is_err(), first.is_some());
            prop_assert!(bounds.budget.peak() <= capacity.max(heaviest));
            prop_assert_eq!(bounds.budget.in_use(), 0);
        }
    }
}
