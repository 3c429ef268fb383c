#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

use core::sync::atomic::{AtomicU8, Ordering};

/// A computation. `run` and all that it calls must be `#[inline(always)]` or small, else they are compiled for the
/// baseline.
pub trait Kernel {
    /// What it computes.
    type Output;
    /// Computes it.
    fn run(self) -> Self::Output;
}

/// What vectors are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Width {
    /// No lanes: callers do one thing after the other.
    Scalar,
    /// What every processor of the target has: SSE2 on x86-64, NEON on `AArch64`, SIMD on WebAssembly compiled with it.
    Baseline,
    /// AVX2, on x86-64.
    Avx2,
    /// AVX-512 F, BW, CD, DQ and VL, on x86-64.
    Avx512,
}

impl Width {
    /// All, ascending.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Baseline, Self::Avx2, Self::Avx512];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Baseline => "baseline",
            Self::Avx2 => "AVX2",
            Self::Avx512 => "AVX-512",
        }
    }
}

/// Whether the target has vectors: not microcontrollers, nor WebAssembly that is compiled without SIMD, where lanes cost memory and
/// code and gain nothing.
pub const POSSIBLE: bool =
    cfg!(not(any(target_os = "none", all(target_family = "wasm", not(target_feature = "simd128")))));

/// The greatest width that [`limit`] allows, as its place in [`Width::ALL`].
static LIMIT: AtomicU8 = AtomicU8::new(Width::Avx512 as u8);

/// Uses no more than `most` from now on, in the whole process: to measure what lanes bring, and to test that they change
/// nothing.
pub fn limit(most: Width) {
    LIMIT.store(most as u8, Ordering::Relaxed);
}

/// The width in use: the widest that this processor and [`limit`] allow.
#[inline]
pub fn width() -> Width {
    let limit = LIMIT.load(Ordering::Relaxed);
    if limit == Width::Scalar as u8 {
        return Width::Scalar;
    }
    let has = widest();
    if limit >= has as u8 {
        has
    } else if limit == Width::Avx2 as u8 {
        Width::Avx2
    } else {
        Width::Baseline
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Kernel, Width};

    cpufeatures::new!(avx2, "avx2");
    // What AVX-512 builds on is asked for as well: a hypervisor may hide one and not the other.
    cpufeatures::new!(avx512, "avx2", "fma", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl");

    #[inline]
    pub(crate) fn widest() -> Width {
        if avx512::get() {
            Width::Avx512
        } else if avx2::get() {
            Width::Avx2
        } else {
            Width::Baseline
        }
    }

    #[target_feature(enable = "avx2")]
    pub(crate) fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }

    #[target_feature(enable = "avx2,avx512f,avx512bw,avx512cd,avx512dq,avx512vl")]
    pub(crate) fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn widest() -> Width {
    x86::widest()
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn widest() -> Width {
    if POSSIBLE { Width::Baseline } else { Width::Scalar }
}

/// Runs `kernel` with vectors of [`width`].
#[inline]
#[allow(unsafe_code, reason = "functions of a wider processor have no safe call")]
pub fn run<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    match width() {
        // SAFETY: `width` is never more than the processor has.
        Width::Avx512 => return unsafe { x86::run_avx512(kernel) },
        // SAFETY: as above.
        Width::Avx2 => return unsafe { x86::run_avx2(kernel) },
        Width::Baseline | Width::Scalar => {}
    }
    kernel.run()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Floats([f32; 64]);

    impl Kernel for Floats {
        type Output = [f32; 64];
        #[inline(always)]
        fn run(self) -> [f32; 64] {
            self.0.map(|x| x * x + 0.1)
        }
    }

    #[test]
    fn widths_agree_and_limits_hold() {
        let mut input = [0.37; 64];
        for (x, i) in input.iter_mut().zip(0u8..) {
            *x *= f32::from(i);
        }
        let want = Floats(input).run().map(f32::to_bits);
        let has = width();
        for most in Width::ALL {
            limit(most);
            assert_eq!(width(), most.min(has));
            assert_eq!(run(Floats(input)).map(f32::to_bits), want);
        }
        limit(Width::Avx512);
        assert_eq!(width(), has);
    }
}
