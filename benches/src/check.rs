//! Assertions before a measurement.

use perturb::{Noise, Real, Seed};

/// Asserts that `found` is `want` up to `tolerance` times the largest of `want`.
pub fn close<T: Real>(name: &str, found: &[T], want: &[f64], tolerance: f64) {
    assert_eq!(found.len(), want.len(), "{name}");
    let size = want.iter().fold(0.0f64, |size, want| size.max(want.abs()));
    for (index, (found, want)) in found.iter().zip(want).enumerate() {
        let error = (found.to_f64() - want).abs();
        assert!(error <= tolerance * size, "{name}: entry {index} is {found}, expected {want}");
    }
}

/// Asserts that draws follow the law of `noise`: as many as expected lie below its quartiles, within 5 standard errors.
pub fn follows<N: Noise<T>, T: Real>(noise: N) {
    const COUNT: usize = 4096;
    let mut z = vec![T::ZERO; COUNT];
    noise.fill(&mut Seed(5).stream(0), &mut z);
    for p in [0.25, 0.5, 0.75] {
        let quartile = noise.quantile(T::from_f64(p));
        let below = z.iter().filter(|&&z| z < quartile).count() as f64 / COUNT as f64;
        let error = (p * (1.0 - p) / COUNT as f64).sqrt();
        assert!((below - p).abs() < 5.0 * error, "{}: a share of {below} below quantile {p}", noise.name());
    }
}
