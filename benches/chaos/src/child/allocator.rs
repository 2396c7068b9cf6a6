//! An allocator that fails when it is told to.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// The system's allocator, until it is armed.
#[derive(Debug)]
pub(crate) struct Failing {
    /// Allocations since it was armed.
    count: AtomicU64,
    /// The allocation that fails.
    fails: AtomicU64,
    for_good: AtomicBool,
    /// Smaller ones are neither counted nor fail.
    least: AtomicUsize,
    armed: AtomicBool,
}

impl Failing {
    pub(crate) const fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            fails: AtomicU64::new(u64::MAX),
            for_good: AtomicBool::new(false),
            least: AtomicUsize::new(0),
            armed: AtomicBool::new(false),
        }
    }

    /// Counts allocations of `least` bytes and more from now on. Number `fails` fails, and all after it where it is
    /// `for_good`.
    pub(crate) fn arm(&self, fails: Option<u64>, for_good: bool, least: usize) {
        self.fails
            .store(fails.unwrap_or(u64::MAX), Ordering::SeqCst);
        self.for_good.store(for_good, Ordering::SeqCst);
        self.least.store(least, Ordering::SeqCst);
        self.armed.store(true, Ordering::SeqCst);
    }

    /// Fails no more. Returns how many were counted.
    pub(crate) fn disarm(&self) -> u64 {
        self.armed.store(false, Ordering::SeqCst);
        self.count.load(Ordering::SeqCst)
    }

    fn refuses(&self, bytes: usize) -> bool {
        if !self.armed.load(Ordering::Relaxed) || bytes < self.least.load(Ordering::Relaxed) {
            return false;
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let fails = self.fails.load(Ordering::Relaxed);
        number == fails || number > fails && self.for_good.load(Ordering::Relaxed)
    }
}

#[expect(unsafe_code, reason = "an allocator is unsafe to be")]
// SAFETY: every call is passed to the system's allocator as it came, or fails by returning null, as an allocator may.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.refuses(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the same promises to us.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if self.refuses(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the same promises to us.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if self.refuses(new_size) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the same promises to us; every block is the system's.
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the same promises to us; every block is the system's.
        unsafe { System.dealloc(block, layout) }
    }
}
