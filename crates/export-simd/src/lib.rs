//! Plain loops, compiled for the widest vectors that the processor turns out to have.
//!
//! Programs are compiled for processors of twenty years ago unless their users say otherwise; what newer ones can do has to be
//! asked for while running, and calling code compiled for them is `unsafe`. This crate exists to hold that one `unsafe`.
//!
//! ```
//! let values: Vec<u32> = (0..1000).collect();
//! let most = export_simd::widest(
//!     #[inline(always)]
//!     || values.iter().fold(0, |most, &value| if value > most { value } else { most }),
//! );
//! assert_eq!(most, 999);
//! ```

/// Calls `work`, which is compiled several times: for every processor, and for those with AVX2 and AVX-512. It gives the same
/// result in all of them.
///
/// Only what is inlined into `work` is compiled with it: mark the closure, and the functions it calls, `#[inline(always)]`.
/// Asking for the processor's features takes a few nanoseconds, so a call should do the work of some hundreds.
#[inline]
pub fn widest<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        if x86::has_avx512() {
            #[expect(
                unsafe_code,
                reason = "calls what is compiled for features that not every processor has"
            )]
            // SAFETY: the processor has the features that `with_avx512` is compiled for.
            return unsafe { x86::with_avx512(work) };
        }
        if x86::has_avx2() {
            #[expect(
                unsafe_code,
                reason = "calls what is compiled for features that not every processor has"
            )]
            // SAFETY: the processor has the features that `with_avx2` is compiled for.
            return unsafe { x86::with_avx2(work) };
        }
    }
    work()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::is_x86_feature_detected as has;

    /// The features of [`with_avx2`].
    #[inline]
    pub(super) fn has_avx2() -> bool {
        has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt")
    }

    /// The features of [`with_avx512`].
    #[inline]
    pub(super) fn has_avx512() -> bool {
        has_avx2() && has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl")
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
        work()
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512dq,avx512vl")]
    pub(super) fn with_avx512<R>(work: impl FnOnce() -> R) -> R {
        work()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_everywhere() {
        let values: Vec<u64> = (0..1000).map(|i: u64| i.wrapping_mul(i) ^ 77).collect();
        let sum = |values: &[u64]| {
            values
                .iter()
                .fold(0u64, |sum, value| sum.wrapping_add(*value))
        };
        let wide = widest(
            #[inline(always)]
            || sum(&values),
        );
        assert_eq!(wide, sum(&values));
        #[cfg(target_arch = "x86_64")]
        if x86::has_avx2() {
            #[expect(unsafe_code, reason = "the features are there")]
            // SAFETY: the features were asked for.
            let narrow = unsafe { x86::with_avx2(|| sum(&values)) };
            assert_eq!(narrow, wide);
        }
    }
}
