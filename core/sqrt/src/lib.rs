#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]

/// √x, correctly rounded.
#[inline(always)]
pub fn sqrt(x: f32) -> f32 {
    hardware(x)
}

/// √x of `f64`, correctly rounded: in integers on every Cortex-M.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[allow(unsafe_code, reason = "the instruction has no safe name")]
#[inline(always)]
pub fn sqrt_f64(x: f64) -> f64 {
    use core::arch::x86_64::{_mm_cvtsd_f64, _mm_set_sd, _mm_setzero_pd, _mm_sqrt_sd};
    // SAFETY: the target has SSE2.
    unsafe { _mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(x))) }
}

/// √x of `f64`, correctly rounded: in integers on every Cortex-M.
#[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
#[inline]
pub fn sqrt_f64(x: f64) -> f64 {
    libm::sqrt(x)
}

/// Of the Arm targets without an operating system, those with floats in registers have an FPU. Registers of that class
/// are not stable as operands, so the number travels through a core register.
#[cfg(all(target_arch = "arm", target_abi = "eabihf", target_os = "none"))]
#[allow(unsafe_code, reason = "the instruction has no safe name")]
#[inline]
fn hardware(x: f32) -> f32 {
    let mut bits = x.to_bits();
    // SAFETY: reads and writes the named registers and the FPU's status alone. The reset state of FPSCR rounds to nearest.
    unsafe {
        core::arch::asm!(
            "vmov s0, {bits}",
            "vsqrt.f32 s0, s0",
            "vmov {bits}, s0",
            bits = inout(reg) bits,
            out("s0") _,
            options(pure, nomem, nostack)
        );
    }
    f32::from_bits(bits)
}

/// What the compiler can put into vectors, unlike a call.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[allow(unsafe_code, reason = "the instruction has no safe name")]
#[inline(always)]
fn hardware(x: f32) -> f32 {
    use core::arch::x86_64::{_mm_cvtss_f32, _mm_set_ss, _mm_sqrt_ss};
    // SAFETY: the target has SSE.
    unsafe { _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))) }
}

#[cfg(not(any(
    all(target_arch = "x86_64", target_feature = "sse2"),
    all(target_arch = "arm", target_abi = "eabihf", target_os = "none")
)))]
#[inline]
fn hardware(x: f32) -> f32 {
    libm::sqrtf(x)
}
