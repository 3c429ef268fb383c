#![no_std]
//! √x of `f32`, correctly rounded on every target, and one instruction on a Cortex-M with an FPU.
//!
//! `core` has no square root on stable Rust, and `libm` computes it in integers there: 52 instructions. Since IEEE 754
//! asks for the correctly rounded result, both give the same bits. Apart from `perturb-core` so that that crate can forbid
//! `unsafe`.
//!
//! ```
//! assert_eq!(perturb_sqrt::sqrt(2.0), core::f32::consts::SQRT_2);
//! ```

/// √x, correctly rounded.
#[inline]
pub fn sqrt(x: f32) -> f32 {
    hardware(x)
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

#[cfg(not(all(target_arch = "arm", target_abi = "eabihf", target_os = "none")))]
#[inline]
fn hardware(x: f32) -> f32 {
    libm::sqrtf(x)
}
