//! What the noises know of themselves, against finite differences and numerical integration.

use perturb::{
    Gumbel, Laplace, Logistic, Noise, Normal, Real,
    noise::{Law, SmoothNoise},
};
use perturb_tests::score;
use perturb_tests::statistics::{integrate, slope};

/// Multiples of 1/2, so that the kinks of shifted Laplace densities fall on nodes.
fn points() -> impl Iterator<Item = f64> {
    (-16..=16).map(|i| 0.5 * f64::from(i))
}

/// ∫ over [−60, 60]; the panels are 1/200 long. The densities are below 10⁻²⁵ outside.
fn expect(f: impl Fn(f64) -> f64) -> f64 {
    integrate(-60.0, 60.0, 24_000, f)
}

#[track_caller]
fn assert_close(got: f64, want: f64, tolerance: f64, what: &str, at: f64) {
    assert!((got - want).abs() <= tolerance * want.abs().max(1.0), "{what} at {at}: {got}, not {want}");
}

fn laws<N: Law<f64>>(noise: N) {
    let name = noise.name();
    assert_close(expect(|z| noise.density(z)), 1.0, 1e-11, name, 0.0);
    assert_close(expect(|z| z * noise.density(z)), noise.mean(), 1e-11, name, 0.0);
    let normalizer = noise.density(0.3) / (-noise.nu(0.3)).exp();
    for t in points() {
        assert_close(noise.density(t), normalizer * (-noise.nu(t)).exp(), 1e-14, name, t);
        let below = integrate(-60.0, t, ((t + 60.0) * 200.0) as usize, |z| noise.density(z));
        assert_close(noise.cdf(t), below, 1e-10, &format!("{name} cdf"), t);
        let hinge = expect(|z| (t + z).max(0.0) * noise.density(z));
        assert_close(noise.hinge(t), hinge, 1e-10, &format!("{name} hinge"), t);
        let density = expect(|z| noise.density(z) * noise.density(z + t));
        assert_close(noise.difference_density(t), density, 1e-10, &format!("{name} difference density"), t);
        let cdf = expect(|z| noise.density(z) * noise.cdf(z + t));
        assert_close(noise.difference_cdf(t), cdf, 1e-10, &format!("{name} difference cdf"), t);
        let hinge = expect(|z| noise.density(z) * noise.hinge(t - z));
        assert_close(noise.difference_hinge(t), hinge, 1e-10, &format!("{name} difference hinge"), t);
    }
}

#[test]
fn laws_match_numerical_integrals() {
    laws(Gumbel);
    laws(Normal);
    laws(Logistic);
    laws(Laplace);
}

/// Derivatives of each other, off the kinks.
fn derivatives<N: Law<f64>>(noise: N) {
    let h = 1e-3;
    for t in points().map(|t| t + 0.17) {
        let name = noise.name();
        assert_close(score(&noise, t), slope(t, h, |t| noise.nu(t)), 1e-8, &format!("{name} score"), t);
        assert_close(noise.density(t), slope(t, h, |t| noise.cdf(t)), 1e-9, &format!("{name} density"), t);
        let tail = 1.0 - noise.cdf(-t);
        assert_close(tail, slope(t, h, |t| noise.hinge(t)), 1e-9, &format!("{name} hinge"), t);
        let density = slope(t, h, |t| noise.difference_cdf(t));
        assert_close(noise.difference_density(t), density, 1e-9, &format!("{name} difference density"), t);
        let cdf = slope(t, h, |t| noise.difference_hinge(t));
        assert_close(noise.difference_cdf(t), cdf, 1e-9, &format!("{name} difference cdf"), t);
    }
}

#[test]
fn derivatives_match_finite_differences() {
    derivatives(Gumbel);
    derivatives(Normal);
    derivatives(Logistic);
    derivatives(Laplace);
}

#[test]
fn curvatures_match_finite_differences() {
    fn check<N: SmoothNoise<f64>>(noise: N) {
        for t in points() {
            let want = slope(t, 1e-3, |t| score(&noise, t));
            assert_close(noise.curvature(t), want, 1e-8, noise.name(), t);
        }
    }
    check(Gumbel);
    check(Normal);
    check(Logistic);
}

/// Near and far from 0, where series and asymptotic forms change over, both sides agree.
#[test]
fn difference_laws_are_smooth_across_their_seams() {
    fn check<N: Law<f64>>(noise: N, seams: &[f64]) {
        for &seam in seams {
            for (below, above) in [
                (noise.difference_density(seam - 1e-13), noise.difference_density(seam + 1e-13)),
                (noise.difference_cdf(seam - 1e-13), noise.difference_cdf(seam + 1e-13)),
                (noise.difference_hinge(seam - 1e-13), noise.difference_hinge(seam + 1e-13)),
                (noise.hinge(seam - 1e-13), noise.hinge(seam + 1e-13)),
            ] {
                assert_close(below, above, 2e-13, noise.name(), seam);
            }
        }
    }
    check(Logistic, &[-1.0, 0.0, 1.0]);
    check(Gumbel, &[2f64.ln(), 6.7, 0.0]);
    check(Laplace, &[0.0]);
}

/// f32 gives the rounded f64 results: within 10⁻⁶·max(1, |x|), some sixteen units in the last place.
#[test]
fn single_precision_follows_double_precision() {
    fn check<N: Law<f32> + Law<f64>>(noise: N) {
        for i in -480..=480 {
            let t = f64::from(i) / 32.0;
            let s = t as f32;
            for (what, single, double) in [
                ("density", noise.density(s), noise.density(t)),
                ("cdf", noise.cdf(s), noise.cdf(t)),
                ("hinge", noise.hinge(s), noise.hinge(t)),
                ("difference density", noise.difference_density(s), noise.difference_density(t)),
                ("difference cdf", noise.difference_cdf(s), noise.difference_cdf(t)),
                ("difference hinge", noise.difference_hinge(s), noise.difference_hinge(t)),
            ] {
                assert_close(
                    f64::from(single),
                    double,
                    1e-6,
                    &format!("{} {what}", Noise::<f64>::name(&noise)),
                    t,
                );
            }
        }
    }
    check(Gumbel);
    check(Normal);
    check(Logistic);
    check(Laplace);
}

/// Z leaves the support with a probability of the order of EPSILON².
#[test]
fn supports_hold_all_but_epsilon_squared() {
    fn check<T: Real, N: Law<T>>(noise: N, below: fn(f64) -> f64, above: fn(f64) -> f64) {
        let (low, high) = noise.support();
        let limit = 2.0 * T::EPSILON.to_f64() * T::EPSILON.to_f64();
        assert!(
            below(low.to_f64()) <= limit && above(high.to_f64()) <= limit,
            "{} in {}",
            noise.name(),
            T::NAME
        );
    }
    fn all<T: Real>() {
        // Mills: the normal tail is below φ(z)/|z|.
        check::<T, _>(Normal, |z| (-0.5 * z * z).exp() / -z, |z| (-0.5 * z * z).exp() / z);
        check::<T, _>(Gumbel, |z| (-(-z).exp()).exp(), |z| (-z).exp());
        check::<T, _>(Logistic, f64::exp, |z| (-z).exp());
        check::<T, _>(Laplace, |z| 0.5 * z.exp(), |z| 0.5 * (-z).exp());
    }
    all::<f32>();
    all::<f64>();
}
