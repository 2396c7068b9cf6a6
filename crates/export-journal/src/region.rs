//! Mapped memory: the bytes of one segment, by address.

use std::ptr::NonNull;

use export_core::Result;
use memmap2::MmapRaw;

use crate::layout::{COUNT_OFFSET, HEADER_BYTES};
use crate::sync::AtomicU64;

/// Memory that begins at a multiple of eight, is at least [`HEADER_BYTES`] long and stays where it is.
pub(crate) struct Region {
    base: NonNull<u8>,
    bytes: usize,
    owner: Owner,
}

/// Who gives the memory back.
enum Owner {
    Map(MmapRaw),
    #[cfg(test)]
    Heap {
        _kept: std::sync::Arc<Heap>,
    },
}

#[expect(unsafe_code, reason = "raw memory has no threads it belongs to")]
// SAFETY: a region is an address and a length; whoever reads or writes there answers for it, see `Segment`.
unsafe impl Send for Region {}
#[expect(unsafe_code, reason = "raw memory has no threads it belongs to")]
// SAFETY: as above; sharing a region shares nothing but the address.
unsafe impl Sync for Region {}

impl Region {
    /// What `map` maps, where that is long enough and begins where it must.
    pub(crate) fn mapped(map: MmapRaw) -> Option<Self> {
        let base = NonNull::new(map.as_mut_ptr())?;
        let bytes = map.len();
        let fits = bytes >= HEADER_BYTES && base.addr().get().is_multiple_of(align_of::<u64>());
        fits.then_some(Self {
            base,
            bytes,
            owner: Owner::Map(map),
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// First byte. Valid for reads and writes of [`Region::bytes`] bytes for as long as the region lives.
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The word at `offset`, which nobody looks at in another way.
    ///
    /// # Safety
    ///
    /// All accesses to these eight bytes while the region lives are through what this returns.
    #[expect(unsafe_code, reason = "an atomic view of mapped memory")]
    unsafe fn word(&self, offset: usize) -> &AtomicU64 {
        assert!(
            offset.is_multiple_of(align_of::<u64>()) && offset + size_of::<u64>() <= self.bytes
        );
        // SAFETY: inside of the region, aligned like its base, and only looked at as an atomic says the caller.
        unsafe { AtomicU64::from_ptr(self.base.add(offset).cast().as_ptr()) }
    }

    /// Rows and bytes committed.
    pub(crate) fn count(&self) -> &AtomicU64 {
        #[expect(unsafe_code, reason = "an atomic view of mapped memory")]
        // SAFETY: `Segment::put` refuses to write here, and no slice that it hands out holds these bytes.
        unsafe {
            self.word(COUNT_OFFSET)
        }
    }

    /// Hands what was written to the file, where writing the file to disk does not do that by itself.
    pub(crate) fn flush(&self) -> Result<()> {
        match &self.owner {
            // Linux has one page cache for both.
            Owner::Map(_) if cfg!(target_os = "linux") => Ok(()),
            Owner::Map(map) => Ok(map.flush()?),
            #[cfg(test)]
            Owner::Heap { .. } => Ok(()),
        }
    }
}

/// Memory in a file's place, for tests, Miri's among them.
#[cfg(test)]
pub(crate) struct Heap {
    base: NonNull<u8>,
    layout: std::alloc::Layout,
}

#[cfg(test)]
#[expect(unsafe_code, reason = "memory of no file")]
mod heap {
    use std::alloc::{Layout, alloc_zeroed, dealloc};
    use std::sync::Arc;

    use super::{HEADER_BYTES, Heap, NonNull, Owner, Region};

    // SAFETY: as for `Region`.
    unsafe impl Send for Heap {}
    // SAFETY: as for `Region`.
    unsafe impl Sync for Heap {}

    impl Heap {
        pub(crate) fn new(bytes: usize) -> Arc<Self> {
            let layout = Layout::from_size_align(bytes.max(1), HEADER_BYTES).unwrap();
            // SAFETY: the layout has a size.
            let base = NonNull::new(unsafe { alloc_zeroed(layout) }).unwrap();
            Arc::new(Self { base, layout })
        }

        pub(crate) fn region(self: &Arc<Self>, offset: usize, bytes: usize) -> Region {
            assert!(bytes >= HEADER_BYTES && offset + bytes <= self.layout.size());
            Region {
                // SAFETY: inside of the allocation.
                base: unsafe { self.base.add(offset) },
                bytes,
                owner: Owner::Heap {
                    _kept: Arc::clone(self),
                },
            }
        }

        pub(crate) fn write(&self, offset: usize, bytes: &[u8]) {
            assert!(offset + bytes.len() <= self.layout.size());
            // SAFETY: inside of the allocation; called before there are regions.
            unsafe {
                let place = self.base.add(offset);
                place.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
            }
        }

        /// What a file would hold. No other thread may run meanwhile.
        pub(crate) fn image(&self) -> Vec<u8> {
            let bytes = NonNull::slice_from_raw_parts(self.base, self.layout.size());
            // SAFETY: the allocation is initialised, and no thread writes to it.
            unsafe { bytes.as_ref() }.to_vec()
        }
    }

    impl Drop for Heap {
        fn drop(&mut self) {
            // SAFETY: allocated in `new` with this layout; regions keep the heap.
            unsafe {
                dealloc(self.base.as_ptr(), self.layout);
            }
        }
    }
}
