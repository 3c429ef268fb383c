//! Distributions and moments of the noises: n = 10⁶ draws each, seed beside each test.

use perturb::{
    Gumbel, Laplace, Logistic, Noise, Normal, Real, Seed,
    noise::{Law, SmoothNoise},
};
use perturb_tests::statistics::{Mean, Z, kolmogorov_smirnov};
use perturb_tests::{draw, score};
use statrs::distribution::{self, ContinuousCDF};

const N: usize = 1_000_000;
/// The Kolmogorov–Smirnov distance exceeds 2.470/√n with probability α = 10⁻⁵: √(ln(2/α)/2) = 2.470.
const CRITICAL: f64 = 2.470;

/// Independent distribution functions: statrs where it has them.
fn gumbel(z: f64) -> f64 {
    distribution::Gumbel::new(0.0, 1.0).unwrap().cdf(z)
}
fn normal(z: f64) -> f64 {
    distribution::Normal::new(0.0, 1.0).unwrap().cdf(z)
}
fn laplace(z: f64) -> f64 {
    distribution::Laplace::new(0.0, 1.0).unwrap().cdf(z)
}
fn logistic(z: f64) -> f64 {
    0.5 * (1.0 + (0.5 * z).tanh())
}

/// `N` draws from one stream, in vectors of 5: an odd length, so that the normal's last half pair is seen.
fn from_one_stream<T: Real>(noise: impl Noise<T>, seed: Seed) -> Vec<f64> {
    let mut rng = seed.stream(0);
    let mut z = [T::ZERO; 5];
    let mut draws = Vec::with_capacity(N);
    while draws.len() < N {
        noise.fill(&mut rng, &mut z);
        draws.extend(z.iter().map(|z| z.to_f64()));
    }
    draws
}

#[track_caller]
fn assert_distribution<T: Real>(name: &str, mut draws: Vec<f64>, cdf: fn(f64) -> f64) {
    let distance = kolmogorov_smirnov(&mut draws, cdf) * (draws.len() as f64).sqrt();
    assert!(distance < CRITICAL, "{name} in {}: √n·distance = {distance}", T::NAME);
}

#[test]
fn draws_of_one_stream_follow_the_law() {
    fn both<T: Real>() {
        assert_distribution::<T>("gumbel", from_one_stream::<T>(Gumbel, Seed(50)), gumbel);
        assert_distribution::<T>("normal", from_one_stream::<T>(Normal, Seed(51)), normal);
        assert_distribution::<T>("logistic", from_one_stream::<T>(Logistic, Seed(52)), logistic);
        assert_distribution::<T>("laplace", from_one_stream::<T>(Laplace, Seed(53)), laplace);
    }
    both::<f32>();
    both::<f64>();
}

/// E\[Z\], Var Z, E\[∇ν\] = 0, E\[∇ν²\] = `fisher_information`, and M_μ = √(d·E\[∇ν²\]).
fn moments<T: Real, L: Law<T>>(noise: L, variance: f64, seed: Seed) {
    let draws = from_one_stream::<T>(noise, seed);
    let name = format!("{} in {}", noise.name(), T::NAME);
    let of = |f: &dyn Fn(f64) -> f64| Mean::of(draws.iter().map(|&z| f(z)));
    let mean = noise.mean().to_f64();
    let information = noise.fisher_information().to_f64();
    let score = |z: f64| score(&noise, T::from_f64(z)).to_f64();
    of(&|z| z).assert_near(mean, 0.0, 0.0, format_args!("mean of {name}"));
    of(&|z| (z - mean) * (z - mean)).assert_near(variance, 0.0, 0.0, format_args!("variance of {name}"));
    of(&score).assert_near(0.0, 0.0, 0.0, format_args!("score of {name}"));
    of(&|z| score(z) * score(z)).assert_near(information, 0.0, 0.0, format_args!("information of {name}"));
    for dim in [1, 7] {
        let got = noise.m_mu(dim).to_f64();
        let want = (dim as f64 * information).sqrt();
        assert!((got - want).abs() <= 2.0 * T::EPSILON.to_f64() * want, "M_μ of {name}: {got} {want}");
    }
}

/// E\[∇²ν\] = E\[∇ν²\].
fn curvature<T: Real, L: Law<T> + SmoothNoise<T>>(noise: L, seed: Seed) {
    let draws = from_one_stream::<T>(noise, seed);
    let mean = Mean::of(draws.iter().map(|&z| noise.curvature(T::from_f64(z)).to_f64()));
    let want = noise.fisher_information().to_f64();
    mean.assert_near(
        want,
        0.0,
        T::EPSILON.to_f64(),
        format_args!("curvature of {} in {}", noise.name(), T::NAME),
    );
}

#[test]
fn moments_are_the_stated_ones() {
    use std::f64::consts::PI;
    fn all<T: Real>() {
        moments::<T, _>(Gumbel, PI * PI / 6.0, Seed(54));
        moments::<T, _>(Normal, 1.0, Seed(55));
        moments::<T, _>(Logistic, PI * PI / 3.0, Seed(56));
        moments::<T, _>(Laplace, 2.0, Seed(57));
        curvature::<T, _>(Gumbel, Seed(58));
        curvature::<T, _>(Normal, Seed(59));
        curvature::<T, _>(Logistic, Seed(60));
    }
    all::<f32>();
    all::<f64>();
}

/// One number of each of 10⁶ streams: neighbouring streams must be as good as independent.
fn across_streams<T: Real, L: Noise<T>>(noise: L, open: impl Fn(u64) -> perturb::noise::Stream) -> Vec<f64> {
    (0..N as u64).map(|sample| draw(&noise, &mut open(sample)).to_f64()).collect()
}

/// The correlation of neighbours, in standard errors: √n·r.
fn lag_one(draws: &[f64]) -> f64 {
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let variance = draws.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / n;
    let pairs = draws.iter().zip(draws.iter().skip(1));
    pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / (n * variance) * n.sqrt()
}

#[test]
fn first_draws_of_neighbouring_streams_are_independent() {
    fn check<T: Real>(noise: impl Law<T>, cdf: fn(f64) -> f64) {
        let seed = Seed(61);
        for (how, draws) in [
            ("samples", across_streams::<T, _>(noise, |sample| seed.stream(sample))),
            ("rows", across_streams::<T, _>(noise, |row| seed.fold(row).stream(0))),
            ("seeds", across_streams::<T, _>(noise, |seed| Seed(seed).stream(0))),
        ] {
            let r = lag_one(&draws);
            assert!(r.abs() < Z, "{how} in {}: √n·r = {r}", T::NAME);
            assert_distribution::<T>(how, draws, cdf);
        }
    }
    check::<f32>(Gumbel, gumbel);
    check::<f64>(Normal, normal);
    check::<f32>(Laplace, laplace);
    check::<f64>(Logistic, logistic);
}

/// Entries of one vector are uncorrelated: Box–Muller's cosine and sine above all.
#[test]
fn neighbouring_entries_are_uncorrelated() {
    fn check<T: Real>(noise: impl Law<T>) {
        let r = lag_one(&from_one_stream::<T>(noise, Seed(62)));
        assert!(r.abs() < Z, "√n·r = {r}");
        // Magnitudes share a radius if the pairing is wrong.
        let squares: Vec<f64> =
            from_one_stream::<T>(noise, Seed(62)).iter().map(|z| z.abs().sqrt()).collect();
        let r = lag_one(&squares);
        assert!(r.abs() < Z, "√n·r of magnitudes = {r}");
    }
    check::<f32>(Normal);
    check::<f64>(Normal);
    check::<f64>(Gumbel);
    check::<f64>(Logistic);
    check::<f32>(Laplace);
}

/// Quantiles invert the distribution function to the resolution of p: |ΔG| ≤ 8 units of p's or 1 − p's last place, and
/// normal ones agree with an independent implementation.
#[test]
fn quantiles_invert_the_distribution_functions() {
    fn check<N: Law<f64>>(noise: N) {
        for i in 1..4000u32 {
            let p = f64::from(i) / 4000.0;
            for p in [p, p * 1e-4, p * 1e-12] {
                let z = noise.quantile(p);
                let off = (noise.cdf(z) - p).abs();
                // Rounding of z moves G by density·ulp(z).
                let moved = noise.density(z) * z.abs().max(1e-3) * f64::EPSILON;
                assert!(off <= 8.0 * (f64::EPSILON * p + moved), "{} {p}: {off:e}", noise.name());
            }
            let mirrored = noise.cdf(noise.mirror(noise.quantile(p)));
            assert!((mirrored - (1.0 - p)).abs() < 1e-14, "{} mirror {p}: {mirrored}", noise.name());
        }
    }
    check(Gumbel);
    check(Logistic);
    check(Laplace);
    check(Normal);
    let reference = statrs::distribution::Normal::new(0.0, 1.0).unwrap();
    for i in 1..2000u32 {
        use statrs::distribution::ContinuousCDF;
        let p = f64::from(i) / 2000.0;
        let want = reference.inverse_cdf(p);
        assert!((Noise::<f64>::quantile(&Normal, p) - want).abs() < 1e-9 * want.abs().max(1.0), "{p}");
        let single = Noise::<f32>::quantile(&Normal, p as f32);
        let want = Noise::<f64>::quantile(&Normal, f64::from(p as f32));
        assert!(
            (f64::from(single) - want).abs() < 4e-6 * want.abs().max(1.0),
            "{p} in f32: {single} for {want}"
        );
    }
    // The tails of the f32 grid stay finite, and mirrored twice they are where they were.
    for u in [f32::EPSILON / 2.0, 1.0 - f32::EPSILON / 2.0] {
        for z in [Noise::<f32>::quantile(&Gumbel, u), Noise::<f32>::quantile(&Normal, u)] {
            assert!(z.is_finite());
        }
        let z = Noise::<f32>::quantile(&Gumbel, u);
        let twice = Noise::<f32>::mirror(&Gumbel, Noise::<f32>::mirror(&Gumbel, z));
        assert!((twice - z).abs() < 2e-5 * z.abs().max(1.0), "{z} {twice}");
    }
}
