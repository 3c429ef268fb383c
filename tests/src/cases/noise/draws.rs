//! Draws: their first bits, what `sample` is, and their moments.

use crate::{draw, score};
use perturb_core::{
    Gumbel, Laplace, Logistic, Noise, Normal, Real, Seed,
    noise::{Law, SmoothNoise},
};

use crate::cases::{close, rounding};

/// Draws of one stream, and standard errors their means may be off: 6.8·10⁻⁶ two-sided for one comparison.
const N: u32 = 4000;
const Z: f64 = 4.5;

/// The first three draws of stream 0 of seed 42, as a vector of three.
fn first<T: Real>(noise: impl Noise<T>) -> [T; 3] {
    let mut z = [T::ZERO; 3];
    noise.fill(&mut Seed(42).stream(0), &mut z);
    z
}

pub(crate) fn single_precision_bits() {
    let found = [first(Gumbel), first(Normal), first(Logistic), first(Laplace)].map(|z| z.map(f32::to_bits));
    let golden = [
        [0x3ECC_3DA1, 0xBD5C_F395, 0xBF20_2612],
        [0x3E47_F585, 0x3F92_2A54, 0xBFA2_5BFE],
        [0x3D37_0B10, 0xBF20_AD62, 0xBFD9_D57D],
        [0xBF2B_CA1B, 0x3FEF_4642, 0x3E94_6667],
    ];
    assert_eq!(found, golden, "{found:#010X?}");
}

pub(crate) fn double_precision_bits() {
    let found = [first(Gumbel), first(Normal), first(Logistic), first(Laplace)].map(|z| z.map(f64::to_bits));
    let golden = [
        [0xBFAB_9E72_BD8C_1DA1, 0x3FF4_C657_ADB7_6E98, 0x3FE7_D1F9_F2AB_4440],
        [0xBFEE_7FC8_52FA_5408, 0xBFF1_8B86_C04E_EF7F, 0x3FEC_1A39_95EB_0D1B],
        [0xBFE4_15AC_367F_49CE, 0x3FF2_8A9B_CBF7_8176, 0x3FDF_D6C4_C496_FC92],
        [0xBFF0_E305_00D5_7EF6, 0x3FD2_8CCC_AC20_40EB, 0xBFFA_0A37_626A_9C14],
    ];
    assert_eq!(found, golden, "{found:#018X?}");
}

/// `sample` is the first draw of `fill`, and a longer vector starts with the shorter one's pairs.
pub(crate) fn sample_is_the_first_draw<T: Real>() {
    fn check<T: Real>(noise: impl Noise<T>) {
        let mut z = [T::ZERO; 6];
        noise.fill(&mut Seed(42).stream(7), &mut z);
        assert_eq!(draw(&noise, &mut Seed(42).stream(7)), z[0]);
        let mut pair = [T::ZERO; 2];
        noise.fill(&mut Seed(42).stream(7), &mut pair);
        assert_eq!(pair, z[..2]);
    }
    check::<T>(Gumbel);
    check::<T>(Normal);
    check::<T>(Logistic);
    check::<T>(Laplace);
}

/// The mean of f(Z) within Z standard errors of `want`.
#[track_caller]
fn assert_mean<T: Real, L: Noise<T>>(noise: L, seed: u64, want: f64, what: &str, f: impl Fn(T) -> f64) {
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut rng = Seed(seed).stream(0);
    for _ in 0..N {
        let x = f(draw(&noise, &mut rng));
        sum += x;
        squares += x * x;
    }
    let n = f64::from(N);
    let mean = sum / n;
    let error = Real::sqrt((squares / n - mean * mean) / (n - 1.0));
    assert!((mean - want).abs() <= Z * error, "{what} of {}: {mean} for {want}", noise.name());
}

/// E\[Z\], Var Z, E\[∇ν\] = 0 and E\[∇ν²\].
fn moments<T: Real, L: Law<T>>(noise: L, variance: f64, seed: u64) {
    let mean = noise.mean().to_f64();
    assert_mean(noise, seed, mean, "mean", T::to_f64);
    assert_mean(noise, seed, variance, "variance", |z: T| (z.to_f64() - mean) * (z.to_f64() - mean));
    assert_mean(noise, seed, 0.0, "score", |z| score(&noise, z).to_f64());
    if noise.name() != "laplace" {
        let information = noise.fisher_information().to_f64();
        assert_mean(noise, seed, information, "information", |z| {
            score(&noise, z).to_f64() * score(&noise, z).to_f64()
        });
    }
}

pub(crate) fn gumbel_moments<T: Real>() {
    use core::f64::consts::PI;
    moments::<T, _>(Gumbel, PI * PI / 6.0, 330);
    assert_mean(Gumbel, 331, 1.0, "curvature", |z: T| Gumbel.curvature(z).to_f64());
}
pub(crate) fn normal_moments<T: Real>() {
    moments::<T, _>(Normal, 1.0, 332);
}
pub(crate) fn logistic_moments<T: Real>() {
    use core::f64::consts::PI;
    moments::<T, _>(Logistic, PI * PI / 3.0, 333);
    assert_mean(Logistic, 334, 1.0 / 3.0, "curvature", |z: T| Logistic.curvature(z).to_f64());
}
pub(crate) fn laplace_moments<T: Real>() {
    moments::<T, _>(Laplace, 2.0, 335);
}

/// Quantiles invert the distribution function, and mirrors swap the tails.
pub(crate) fn quantiles<T: Real>() {
    fn check<T: Real, L: Law<T>>(noise: L) {
        for i in 1..100 {
            let p = T::from_usize(i) / T::from_usize(100);
            let z = noise.quantile(p);
            close(noise.cdf(z), p.to_f64(), rounding::<T>(64.0), noise.name());
            close(noise.cdf(noise.mirror(z)), 1.0 - p.to_f64(), rounding::<T>(64.0), noise.name());
        }
    }
    check::<T, _>(Gumbel);
    check::<T, _>(Normal);
    check::<T, _>(Logistic);
    check::<T, _>(Laplace);
}
