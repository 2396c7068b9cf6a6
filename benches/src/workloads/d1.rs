//! D1, heap events: a program that allocates and frees, as an allocator hook sees it.

use export_core::marrow::array::Array;
use export_core::{Batch, Result};

use crate::columns::{Columns, batches as in_batches, full, sparse};
use crate::random::{Random, Zipf};
use crate::rows::D1Row;

/// Sizes in bytes, the most common first.
const SIZES: [u64; 28] = [
    32, 64, 24, 48, 16, 128, 96, 8, 256, 40, 80, 512, 56, 1_024, 72, 112, 4_096, 160, 192, 2_048,
    320, 8_192, 384, 640, 16_384, 100, 65_536, 1_048_576,
];
const STACKS: usize = 5_000;
const THREADS: u64 = 8;
const ROW_BYTES: usize = 42;

const ALLOCATED: u8 = 0;
const FREED: u8 = 1;
const REALLOCATED: u8 = 2;

pub(crate) fn rows(rows: usize, seed: u64) -> Vec<D1Row> {
    let mut heap = Heap::new(seed);
    (0..rows).map(|_| heap.event()).collect()
}

pub(super) fn batches(rows: usize, seed: u64) -> Result<Vec<Batch>> {
    let mut heap = Heap::new(seed);
    in_batches(rows, ROW_BYTES, |rows| {
        columns((0..rows).map(|_| heap.event()).collect())
    })
}

fn columns(events: Vec<D1Row>) -> Result<Batch> {
    let rows = events.len();
    macro_rules! column {
        ($type:ident, $field:ident) => {
            Array::$type(full(events.iter().map(|event| event.$field).collect()))
        };
    }
    Columns::default()
        .with("timestamp", column!(UInt64, timestamp))
        .with("thread", column!(UInt32, thread))
        .with("kind", column!(UInt8, kind))
        .with("address", column!(UInt64, address))
        .with("size", column!(UInt64, size))
        .with("stack", column!(UInt32, stack))
        .with_nullable(
            "lifetime",
            Array::UInt64(sparse(events.iter().map(|event| event.lifetime).collect())),
        )
        .batch(rows)
}

struct Allocation {
    address: u64,
    class: usize,
    stack: u32,
    born: u64,
}

struct Heap {
    random: Random,
    sizes: Zipf,
    stacks: Zipf,
    now: u64,
    thread: u32,
    next_address: u64,
    live: Vec<Allocation>,
    /// Addresses to use again, for each of [`SIZES`].
    free: Vec<Vec<u64>>,
}

impl Heap {
    fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            sizes: Zipf::new(SIZES.len()),
            stacks: Zipf::new(STACKS),
            now: 1_700_000_000_000_000_000,
            thread: 0,
            next_address: 0x7f3a_4000_0000,
            live: Vec::new(),
            free: vec![Vec::new(); SIZES.len()],
        }
    }

    fn event(&mut self) -> D1Row {
        self.now += self.random.between(50, 500);
        // A thread goes on for some twenty events.
        if self.random.chance(0.05) {
            self.thread = u32::try_from(self.random.below(THREADS)).unwrap_or(0);
        }
        let dice = self.random.unit();
        if dice < 0.52 {
            return self.allocate(ALLOCATED);
        }
        let Some(dead) = self.take_live() else {
            return self.allocate(ALLOCATED);
        };
        if let Some(free) = self.free.get_mut(dead.class) {
            free.push(dead.address);
        }
        if dice > 0.98 {
            return self.allocate(REALLOCATED);
        }
        D1Row {
            timestamp: self.now,
            thread: self.thread,
            kind: FREED,
            address: dead.address,
            size: size_of_class(dead.class),
            stack: dead.stack,
            lifetime: Some(self.now - dead.born),
        }
    }

    fn allocate(&mut self, kind: u8) -> D1Row {
        let class = self.sizes.pick(&mut self.random);
        let size = size_of_class(class);
        let reused = self.free.get_mut(class).and_then(Vec::pop);
        let address = reused.unwrap_or_else(|| {
            let fresh = self.next_address;
            self.next_address += size.next_multiple_of(16);
            fresh
        });
        let stack = u32::try_from(self.stacks.pick(&mut self.random)).unwrap_or(0);
        self.live.push(Allocation {
            address,
            class,
            stack,
            born: self.now,
        });
        let (timestamp, thread) = (self.now, self.thread);
        D1Row {
            timestamp,
            thread,
            kind,
            address,
            size,
            stack,
            lifetime: None,
        }
    }

    /// Most of what dies is young.
    fn take_live(&mut self) -> Option<Allocation> {
        let len = self.live.len();
        let age = if self.random.chance(0.8) {
            self.random.index(len.min(64))
        } else {
            self.random.index(len)
        };
        let at = len.checked_sub(age + 1)?;
        Some(self.live.swap_remove(at))
    }
}

fn size_of_class(class: usize) -> u64 {
    SIZES.get(class).copied().unwrap_or(16)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    #[test]
    fn it_is_a_heap() {
        let mut heap = Heap::new(1);
        let mut live = HashMap::new();
        let (mut last, mut frees, mut switches, mut thread) = (0, 0, 0, 0);
        for _ in 0..50_000 {
            let event = heap.event();
            assert!(last == 0 || (50..=500).contains(&(event.timestamp - last)));
            last = event.timestamp;
            switches += u32::from(event.thread != thread);
            thread = event.thread;
            assert!(event.address.is_multiple_of(16) && event.thread < 8 && event.stack < 5_000);
            if event.kind == FREED {
                let born = live.remove(&event.address).expect("it was allocated");
                assert_eq!(event.lifetime, Some(event.timestamp - born));
                frees += 1;
            } else {
                assert_eq!(event.lifetime, None);
                live.insert(event.address, event.timestamp);
            }
        }
        assert!((20_000..25_000).contains(&frees), "{frees} frees");
        assert!(
            (1_500..3_000).contains(&switches),
            "{switches} switches of thread"
        );
    }

    #[test]
    fn addresses_are_used_again() {
        let mut heap = Heap::new(2);
        let allocated: Vec<u64> = (0..20_000)
            .map(|_| heap.event())
            .filter(|event| event.kind == ALLOCATED)
            .map(|event| event.address)
            .collect();
        let distinct: HashSet<u64> = allocated.iter().copied().collect();
        assert!(
            distinct.len() < allocated.len() / 2,
            "{} of {}",
            distinct.len(),
            allocated.len()
        );
    }
}
