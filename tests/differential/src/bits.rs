//! All ways to one estimate give the same bits: one sample after the other, side by side at every width, rows of a batch,
//! memory of the caller's.

use perturb::quantity::{Maximizer, Value, Vjp};
use perturb::{
    Assignment, BatchExt, Dyn, DynRect, Gumbel, Laplace, Logistic, Method, MonteCarlo, Noise, Normal, Oracle,
    Perturbed, Ranking, Real, Seed, Shape, Simplex, TopK,
    method::{Control, Draws, Variance},
    oracle::Neighbours,
};
use perturb::{GridPath, Hypercube};
use perturb_lanes::{Width, limit};
use perturb_tests::reals;
use rayon::prelude::*;

use crate::Source;
use crate::oracles::Outcome;

/// A layer and its name; the result is a digest of all it gives.
type Layer = (&'static str, fn(&mut Source) -> u64);

/// Noises and types in turn, so that each is in lanes with each kind of decision somewhere.
const LAYERS: &[Layer] = &[
    ("simplex, gumbel f32", |source| simplex::<f32, _>(Gumbel, source)),
    ("simplex, gumbel f64", |source| simplex::<f64, _>(Gumbel, source)),
    ("simplex, normal f32", |source| simplex::<f32, _>(Normal, source)),
    ("top-k, logistic f32", |source| top_k::<f32, _>(Logistic, source)),
    ("top-k, normal f64", |source| top_k::<f64, _>(Normal, source)),
    ("hypercube, laplace f32", |source| hypercube::<f32, _>(Laplace, source)),
    ("ranking, normal f32", |source| ranking::<f32, _>(Normal, source)),
    ("ranking, laplace f64", |source| ranking::<f64, _>(Laplace, source)),
    ("grid path, normal f32", |source| grid_path::<f32, _>(Normal, source)),
    ("grid path, gumbel f64", |source| grid_path::<f64, _>(Gumbel, source)),
    ("assignment, normal f32", |source| assignment::<f32, _>(Normal, source)),
    ("assignment, logistic f64", |source| assignment::<f64, _>(Logistic, source)),
];

/// Runs `instances` of each layer at every width, the first of which is one sample after the other. Widths are of the whole
/// process: nothing else may run.
#[must_use]
pub fn run_all(instances: u64, seed: u64) -> Vec<Outcome> {
    let widths = Width::ALL.into_iter().filter(|&width| {
        limit(width);
        perturb_lanes::width() == width
    });
    let widths: Vec<Width> = widths.collect();
    let digests = |layer: &Layer| -> Vec<u64> {
        let named = layer.0.bytes().fold(Seed(seed), |seed, byte| seed.fold(byte.into()));
        (0..instances).into_par_iter().map(|number| (layer.1)(&mut Source::new(named, number))).collect()
    };
    let outcomes = LAYERS.iter().map(|layer| {
        limit(Width::Scalar);
        let want = digests(layer);
        let mut outcome = Outcome {
            name: format!("bits of {}", layer.0),
            instances: instances * widths.len() as u64,
            failed: 0,
            first: None,
        };
        for &width in &widths {
            limit(width);
            for (number, _) in digests(layer).iter().zip(&want).enumerate().filter(|(_, (a, b))| a != b) {
                outcome.failed += 1;
                outcome.first.get_or_insert_with(|| format!("instance {number} at {}", width.name()));
            }
        }
        outcome
    });
    let outcomes = outcomes.collect();
    limit(Width::Avx512);
    outcomes
}

fn simplex<T: Real, N: Noise<T>>(noise: N, source: &mut Source) -> u64 {
    let d = source.whole(1, 40);
    digest(Simplex::new(Dyn(d)).unwrap(), noise, source)
}
fn top_k<T: Real, N: Noise<T>>(noise: N, source: &mut Source) -> u64 {
    let d = source.whole(1, 40);
    let k = source.whole(1, d);
    digest(TopK::new(Dyn(d), k).unwrap(), noise, source)
}
fn hypercube<T: Real, N: Noise<T>>(noise: N, source: &mut Source) -> u64 {
    let d = source.whole(1, 40);
    digest(Hypercube::sign(Dyn(d)).unwrap(), noise, source)
}
fn ranking<T: Real, N: Noise<T>>(noise: N, source: &mut Source) -> u64 {
    let d = source.whole(1, 40);
    digest(Ranking::ascending(Dyn(d)).unwrap(), noise, source)
}
fn grid_path<T: Real, N: Noise<T>>(noise: N, source: &mut Source) -> u64 {
    let plane = DynRect { rows: source.whole(1, 7), columns: source.whole(1, 7) };
    let neighbours = source.pick(&[Neighbours::Four, Neighbours::Eight]);
    digest(GridPath::new(plane, neighbours).unwrap(), noise, source)
}
fn assignment<T: Real, N: Noise<T>>(noise: N, source: &mut Source) -> u64 {
    let oracle = Assignment::new(DynRect { rows: source.whole(1, 6), columns: source.whole(1, 6) }).unwrap();
    let oracle = if source.unit() < 0.5 { oracle.with_warm_start() } else { oracle };
    digest(oracle, noise, source)
}

/// Asserts that all ways agree at this width, and digests what they give.
fn digest<T: Real, N: Noise<T>, O: Oracle<T> + Sync>(oracle: O, noise: N, source: &mut Source) -> u64 {
    let d = oracle.shape().dim();
    let rows = source.whole(1, 3);
    // Exact scores tie, and at a temperature of 0.001 noise hardly breaks ties: rounding would show.
    let epsilon = T::from_f64(source.pick(&[0.001, 0.3, 2.0, 1e6]));
    let layer = Perturbed::new(oracle, noise, epsilon).unwrap();
    let theta: Vec<T> = reals(&source.exact(rows * d));
    let u: Vec<T> = reals(&source.exact(rows * d));
    let variance = Variance {
        control: source.pick(&[Control::None, Control::Baseline, Control::LeaveOneOut]),
        draws: source.pick(&[Draws::Independent, Draws::Independent, Draws::Antithetic, Draws::QuasiRandom]),
    };
    let samples = source.pick(&[1, 3, 5, 16, 31, 64, 65, 130]);
    let how = MonteCarlo { samples, seed: Seed(source.whole(0, 1 << 30) as u64), variance };

    let batch = layer.batch();
    let y = batch.maximizer(&theta, how).unwrap();
    let products = batch.vjp(&theta, &u, how).unwrap();
    let values = batch.value(&theta, how).unwrap();
    let mut work = how.work(&layer);
    for row in 0..rows {
        let (theta, u, own) = (&theta[row * d..][..d], &u[row * d..][..d], how.row(row as u64));
        let (value, with) = layer.value_and_maximizer(theta, own).unwrap();
        assert_eq!(value, values[row], "value");
        assert_eq!(with.as_ref(), &y[row * d..][..d], "maximizer with the value");
        let alone = layer.maximizer(theta, own).unwrap();
        assert_eq!(alone.as_ref(), with.as_ref(), "maximizer alone");
        let mut sum = layer.oracle().shape().array(T::ONE);
        layer.compute_into(theta, &Vjp { cotangent: u }, own, &mut work, &mut sum).unwrap();
        assert_eq!(sum.as_ref(), &products[row * d..][..d], "product");
        let both = layer.compute(theta, &(Maximizer, (Vjp { cotangent: u }, Value)), own).unwrap();
        assert!(both.0.as_ref() == alone.as_ref() && both.1.0.as_ref() == sum.as_ref(), "one pass");
        if samples >= 2 * own.unit() {
            let found = layer.compute_with_error(theta, &Maximizer, own).unwrap();
            assert_eq!(found.mean.as_ref(), alone.as_ref(), "with standard error");
        }
    }
    let numbers = y.iter().chain(&products).chain(&values);
    numbers.fold(Seed(0), |digest, x| digest.fold(x.to_f64().to_bits())).0
}
