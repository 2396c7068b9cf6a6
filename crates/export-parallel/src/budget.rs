//! Memory, counted in bytes.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::Duration;

use export_core::{Cancel, Result};

use crate::sync::{Arc, Condvar, Mutex, MutexGuard};

/// How long a blocked [`Budget::acquire`] sleeps before it looks at its cancel flag again. The flag can be raised from a
/// signal handler and therefore wakes nobody.
const CANCEL_LATENCY: Duration = Duration::from_millis(20);

/// Bytes that may be held at a time, by whoever shares the budget. Clones share it.
///
/// Requests are served in order of arrival. One that is larger than the whole budget waits until nothing else is held and
/// then passes alone: it is late, but never stuck.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Debug, Default)]
struct State {
    capacity: usize,
    in_use: usize,
    peak: usize,
    permits: usize,
    /// Tickets of blocked requests, first come first.
    waiting: VecDeque<u64>,
    next_ticket: u64,
}

impl State {
    fn fits(&self, bytes: usize) -> bool {
        self.in_use == 0
            || self
                .in_use
                .checked_add(bytes)
                .is_some_and(|sum| sum <= self.capacity)
    }

    fn hold(&mut self, bytes: usize) {
        self.in_use = self.in_use.saturating_add(bytes);
        self.peak = self.peak.max(self.in_use);
        self.permits += 1;
    }
}

impl Budget {
    /// A budget of `capacity` bytes.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let state = State {
            capacity,
            ..State::default()
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            released: Condvar::new(),
        }))
    }

    /// Waits until `bytes` are free and holds them until the permit is dropped.
    ///
    /// Fails with [`export_core::ErrorKind::Cancelled`] within about 20 ms once `cancel` is raised. Whoever holds a permit
    /// and waits here for another on the same thread may wait forever: a pipeline's work and consumer don't acquire from the
    /// pipeline's own budget.
    pub fn acquire(&self, bytes: usize, cancel: &Cancel) -> Result<Permit> {
        self.acquire_while(bytes, || cancel.check())
    }

    /// Holds `bytes` if they are free now and nobody waits for memory.
    #[must_use]
    pub fn try_acquire(&self, bytes: usize) -> Option<Permit> {
        let mut state = self.state();
        let free = state.waiting.is_empty() && state.fits(bytes);
        free.then(|| {
            state.hold(bytes);
            self.permit(bytes)
        })
    }

    /// [`Budget::acquire`] for as long as `go_on` has no objection.
    pub(crate) fn acquire_while(
        &self,
        bytes: usize,
        go_on: impl Fn() -> Result<()>,
    ) -> Result<Permit> {
        go_on()?;
        let mut state = self.state();
        let ticket = state.next_ticket;
        state.next_ticket = ticket.wrapping_add(1);
        state.waiting.push_back(ticket);
        loop {
            let first = state.waiting.front() == Some(&ticket);
            if first && state.fits(bytes) {
                state.hold(bytes);
                self.leave_queue(&mut state, ticket);
                return Ok(self.permit(bytes));
            }
            (state, _) = self
                .0
                .released
                .wait_timeout(state, CANCEL_LATENCY)
                .unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = go_on() {
                self.leave_queue(&mut state, ticket);
                return Err(error);
            }
        }
    }

    /// Bytes that may be held at a time.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.state().capacity
    }

    /// Makes it a budget of `capacity` bytes. What is held over that is not taken back, but nothing more is given until it
    /// has become less.
    pub fn resize(&self, capacity: usize) {
        self.state().capacity = capacity;
        self.0.released.notify_all();
    }

    /// Bytes held now.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.state().in_use
    }

    /// Permits that hold these.
    #[must_use]
    pub fn permits(&self) -> usize {
        self.state().permits
    }

    /// Most bytes ever held at a time.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.state().peak
    }

    fn permit(&self, bytes: usize) -> Permit {
        Permit {
            budget: self.clone(),
            bytes,
        }
    }

    /// Whoever is next in the queue may fit, too.
    fn leave_queue(&self, state: &mut State, ticket: u64) {
        state.waiting.retain(|&other| other != ticket);
        self.0.released.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, so a poisoned state is still a whole one.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to hold some bytes of a [`Budget`]; they are free again when it is dropped.
#[derive(Debug)]
#[must_use = "the bytes are free again as soon as the permit is dropped"]
pub struct Permit {
    budget: Budget,
    bytes: usize,
}

impl Permit {
    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        state.in_use = state.in_use.saturating_sub(self.bytes);
        state.permits -= 1;
        drop(state);
        self.budget.0.released.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use export_core::ErrorKind;

    use super::*;

    #[test]
    fn counts_what_is_held() {
        let budget = Budget::new(100);
        let a = budget.try_acquire(60).unwrap();
        assert!(budget.try_acquire(41).is_none());
        let b = budget.try_acquire(40).unwrap();
        assert_eq!((budget.in_use(), budget.peak(), b.bytes()), (100, 100, 40));
        assert_eq!(budget.permits(), 2);
        drop(a);
        assert_eq!(
            (budget.in_use(), budget.peak(), budget.capacity()),
            (40, 100, 100)
        );
        drop(b);
        assert_eq!(budget.in_use(), 0);
    }

    #[test]
    fn a_request_over_the_budget_passes_alone() {
        let budget = Budget::new(10);
        let heavy = budget.acquire(1000, &Cancel::new()).unwrap();
        assert!(budget.try_acquire(1).is_none());
        drop(heavy);
        let light = budget.try_acquire(1).unwrap();
        assert!(budget.try_acquire(1000).is_none());
        assert!(budget.try_acquire(usize::MAX).is_none());
        drop(light);
    }

    #[test]
    fn a_budget_of_nothing_lets_one_through_at_a_time() {
        let budget = Budget::new(0);
        let one = budget.try_acquire(5).unwrap();
        assert!(budget.try_acquire(5).is_none());
        drop(one);
        assert!(budget.try_acquire(5).is_some());
    }

    #[test]
    fn a_budget_that_shrinks_gives_nothing_until_it_fits() {
        let budget = Budget::new(100);
        let a = budget.try_acquire(60).unwrap();
        let b = budget.try_acquire(30).unwrap();
        budget.resize(50);
        assert!(budget.try_acquire(1).is_none());
        drop(a);
        assert_eq!(budget.try_acquire(20).unwrap().bytes(), 20);
        assert!(budget.try_acquire(21).is_none());
        budget.resize(100);
        assert!(budget.try_acquire(70).is_some());
        drop(b);
    }

    #[test]
    fn light_requests_do_not_overtake_a_heavy_one() {
        let budget = Budget::new(10);
        let light = budget.try_acquire(5).unwrap();
        thread::scope(|scope| {
            let heavy = scope.spawn(|| budget.acquire(10, &Cancel::new()).unwrap().bytes());
            while budget.state().waiting.is_empty() {
                thread::yield_now();
            }
            assert!(budget.try_acquire(1).is_none(), "somebody waits");
            drop(light);
            assert_eq!(heavy.join().unwrap(), 10);
        });
        assert_eq!(budget.in_use(), 0);
    }

    #[test]
    fn a_blocked_request_wakes_on_cancel_and_leaves_the_queue() {
        let budget = Budget::new(10);
        let cancel = Cancel::new();
        let all = budget.try_acquire(10).unwrap();
        thread::scope(|scope| {
            let blocked = scope.spawn(|| budget.acquire(1, &cancel));
            while budget.state().waiting.is_empty() {
                thread::yield_now();
            }
            let start = Instant::now();
            cancel.cancel();
            let error = blocked.join().unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Cancelled);
            assert!(start.elapsed() < Duration::from_secs(5));
        });
        drop(all);
        assert!(budget.try_acquire(10).is_some());
    }

    #[test]
    fn many_threads_never_hold_more_than_the_budget() {
        let budget = Budget::new(100);
        thread::scope(|scope| {
            for seed in 0..4_usize {
                let budget = &budget;
                scope.spawn(move || {
                    for round in 0..500_usize {
                        let bytes = (seed * 37 + round * 13) % 60 + 1;
                        let permit = budget.acquire(bytes, &Cancel::new()).unwrap();
                        assert!(budget.in_use() <= 100);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(budget.in_use(), 0);
        assert!(budget.peak() <= 100);
    }
}
