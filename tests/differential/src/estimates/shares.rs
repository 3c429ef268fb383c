//! How often each decision is made, by the exact binomial law: with oracles as their own types, which race where they can,
//! and down to decisions that hardly ever happen.

use perturb::quantity::Maximizer;
use perturb::{
    Dyn, Gumbel, Hypercube, Laplace, Logistic, MonteCarlo, Noise, Normal, Oracle, Perturbed, Real, Seed,
    Simplex, TopK, noise::Law,
};

use super::judge::{Comparison, Count};
use super::observe::rounded;
use super::reduction::Base;
use super::{Job, samples};
use crate::{Size, Source};

/// Instances of each oracle, noise and type.
const INSTANCES: usize = 4;

pub(super) fn jobs(size: Size, jobs: &mut Vec<Job>) {
    noises::<f32>(size, jobs);
    noises::<f64>(size, jobs);
}

fn noises<T: Real>(size: Size, jobs: &mut Vec<Job>) {
    instances::<T, _>(Gumbel, size, jobs);
    instances::<T, _>(Normal, size, jobs);
    instances::<T, _>(Logistic, size, jobs);
    instances::<T, _>(Laplace, size, jobs);
}

fn instances<T: Real, N: Law<T> + Law<f64>>(noise: N, size: Size, jobs: &mut Vec<Job>) {
    for _ in 0..INSTANCES.div_ceil(size.thinned.max(1)) {
        jobs.push(Box::new(move |number, size| instance::<T, N>(noise, number, size)));
    }
}

fn instance<T: Real, N: Law<T> + Law<f64>>(noise: N, number: usize, size: Size) -> Vec<Comparison> {
    let seed = Seed(size.seed).fold(number as u64);
    let source = &mut Source::new(seed, 0);
    let d = source.whole(2, 12);
    // From equal chances to one in millions.
    let reach = source.pick(&[0.0, 1.0, 4.0, 9.0]);
    let scores: Vec<f64> = (0..d).map(|_| source.between(-reach, reach)).collect();
    let (theta, wide) = rounded::<T>(&scores);
    let k = source.whole(1, d - 1);
    let many = samples::<T>(size);
    let mut all = Vec::new();
    let mut compare = |name: &str, samples: u32, base: Base, found: &dyn Fn(MonteCarlo) -> Vec<f64>| {
        let how = MonteCarlo::new(samples, seed.fold(name.len() as u64));
        let (_, want, _) = base.expect(noise, &wide, 1.0);
        for (entry, (found, exact)) in found(how).into_iter().zip(want).enumerate() {
            all.push(Comparison {
                what: format!(
                    "share of {name} (d = {d}), {} in {} [{entry}]",
                    Noise::<f64>::name(&noise),
                    T::NAME
                ),
                groups: ["share", "baseline", Noise::<f64>::name(&noise), T::NAME],
                estimate: 2 * number,
                found,
                exact,
                error: 0.0,
                units: f64::from(how.samples),
                skewness: 0.0,
                range: 1.0,
                rounding: 0.0,
                count: Some(Count {
                    ones: (found * f64::from(how.samples)).round() as u64,
                    of: how.samples.into(),
                }),
            });
        }
    };
    let theta = &theta;
    compare("simplex", many, Base::Simplex, &|how| sampled(Simplex::new(Dyn(d)).unwrap(), noise, theta, how));
    compare("top-k", many, Base::TopK(k), &|how| sampled(TopK::new(Dyn(d), k).unwrap(), noise, theta, how));
    compare("hypercube", many, Base::Binary, &|how| {
        sampled(Hypercube::binary(Dyn(d)).unwrap(), noise, theta, how)
    });
    // One sample after the other, and counted.
    compare("the outcomes", many.min(1 << 14), Base::Simplex, &|how| {
        let layer = Perturbed::new(Simplex::new(Dyn(d)).unwrap(), noise, T::ONE).unwrap();
        let mut shares = vec![0.0; d];
        for (y, share) in &layer.distribution::<12>(theta, how.samples, how.seed).unwrap() {
            shares[y.iter().position(|&y| y == T::ONE).expect("a class")] = share.to_f64();
        }
        shares
    });
    all
}

fn sampled<T: Real, N: Law<T>, O: Oracle<T>>(oracle: O, noise: N, theta: &[T], how: MonteCarlo) -> Vec<f64> {
    let layer = Perturbed::new(oracle, noise, T::ONE).unwrap();
    let y = layer.compute(theta, &Maximizer, how).unwrap();
    perturb_tests::widened(y.as_ref())
}
