//! Noises: samples are finite, quantiles and distribution functions keep their ranges.

use perturb::{
    Gumbel, Laplace, Logistic, Normal, Real, Seed,
    noise::{Law, SmoothNoise},
};
use perturb_tests::{draw, score};

use crate::check::Numbers;
use crate::input::Input;

/// Samples and functions of every noise.
pub fn noises(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let input = &mut input;
    match input.any::<u8>() % 8 {
        0 => of::<_, f32>(Gumbel, input),
        1 => of::<_, f64>(Gumbel, input),
        2 => of::<_, f32>(Normal, input),
        3 => of::<_, f64>(Normal, input),
        4 => of::<_, f32>(Laplace, input),
        5 => of::<_, f64>(Laplace, input),
        6 => of::<_, f32>(Logistic, input),
        _ => of::<_, f64>(Logistic, input),
    }
    match input.any::<u8>() % 3 {
        0 => curvature::<_, f32>(Gumbel, input),
        1 => curvature::<_, f64>(Normal, input),
        _ => curvature::<_, f32>(Logistic, input),
    }
}

fn of<N: Law<T>, T: Real + Numbers>(noise: N, input: &mut Input<'_>) {
    let mut z = vec![T::ZERO; input.size(0, 40)];
    let seed = Seed(input.any()).fold(input.any());
    noise.fill(&mut seed.stream(input.any()), &mut z);
    let (least, most) = noise.support();
    for &z in &z {
        assert!(z.is_finite() && least <= z && z <= most, "a sample of {z} outside {least} to {most}");
        let functions =
            [noise.nu(z), score(&noise, z), noise.density(z), noise.cdf(z), noise.mirror(z), noise.hinge(z)];
        assert!(functions.are_finite(), "{functions:?} at {z}");
    }
    let p: T = input.wild();
    if p > T::ZERO && p < T::ONE {
        assert!(!noise.quantile(p).to_f64().is_nan(), "the quantile of {p}");
    }
    let z: T = input.wild();
    // Beyond, a hinge may leave the range of the type, as closed forms then say.
    if z.abs().to_f64() <= if T::NAME == "f32" { 1e38 } else { 1e307 } {
        let probability = |x: T| (0.0..=1.0).contains(&x.to_f64());
        assert!(probability(noise.cdf(z)), "{} below {z}", noise.cdf(z));
        assert!(probability(noise.difference_cdf(z)), "{} differ by less than {z}", noise.difference_cdf(z));
        for (what, x) in [
            ("density", noise.density(z)),
            ("density of differences", noise.difference_density(z)),
            ("hinge", noise.hinge(z)),
            ("hinge of differences", noise.difference_hinge(z)),
        ] {
            assert!(x.is_finite() && x >= T::ZERO, "the {what} at {z} is {x}");
        }
    }
    assert!([noise.mean(), noise.fisher_information(), noise.m_mu(input.size(0, 20))].are_finite());
}

fn curvature<N: SmoothNoise<T> + Law<T>, T: Real + Numbers>(noise: N, input: &mut Input<'_>) {
    let z = draw(&noise, &mut Seed(input.any()).stream(0));
    assert!(noise.curvature(z).is_finite(), "the curvature at {z}");
}
