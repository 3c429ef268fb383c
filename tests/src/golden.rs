//! Golden values: a fixed list of computations and the digests of their results' bits.
//!
//! A host test and the firmware of `targets/` run the same list, so equal tables are equal bits on both. A
//! change of a digest is a *Value-breaking* entry of the CHANGELOG. Stack: a few kilobytes; no allocator.

use core::fmt::Write;

use perturb_core::estimator::{Jacobian, JacobianByCurvature, Jvp, Maximizer, MaximizerByScore, Value, Vjp};
use perturb_core::{
    Affine, Assignment, ClosedForm, Const, DagPath, Error, Exact, Graph, GridPath, Gumbel, Hypercube,
    Knapsack, Laplace, Law, Logistic, MonteCarlo, Multiplicative, Neighbours, Normal, Oracle, Perturbed,
    Ranking, Real, Rect, Seed, ShortestPath, Simplex, SmoothNoise, SpanningTree, TopK,
};

pub use crate::golden_table::GOLDEN;

/// Sample counts: one draw, a partial block, and one block of 64 with a part of the next.
const SAMPLES: [u32; 3] = [1, 3, 70];
/// Five classes, as in the reference vectors.
const CLASSES: [f64; 5] = [-0.6, 1.9, -0.2, 1.1, -1.0];
/// Nine labels, two pairs of them tied.
const LABELS: [f64; 9] = [-0.8, 0.6, 1.2, -1.0, -0.7, 0.6, 1.1, -1.0, 0.4];
/// Nine directions for products with the Jacobian.
const DIRECTION: [f64; 9] = [0.3, -1.7, 0.9, 0.1, 2.2, -0.4, -0.6, 1.3, -0.2];

/// FNV-1a, 64 bits, over the little-endian IEEE bits of every number; f32 is widened to f64, which is exact.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

impl Digest {
    /// The digest of nothing.
    pub const fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
    /// Appends numbers.
    pub fn add<T: Real>(&mut self, numbers: &[T]) {
        for x in numbers {
            for byte in x.to_f64().to_bits().to_le_bytes() {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
            }
        }
    }
    /// The digest of all that was added.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

/// Receives the name of a case and the digest of its result, or the error that it met.
pub type Report<'a> = &'a mut dyn FnMut(&str, Result<u64, Error>);

/// Runs every case, in the order of [`GOLDEN`].
pub fn run(report: Report<'_>) {
    for_real::<f32>(report);
    for_real::<f64>(report);
}

/// Digests what a layer gives at θ with a vertex and a point inside C as targets.
type Compute<O, N, T> = fn(&Perturbed<O, N, T>, &[T], &[T], &[T]) -> Result<u64, Error>;

fn for_real<T: Real>(report: Report<'_>) {
    for_noise::<T, _>(Gumbel, report);
    for_noise::<T, _>(Normal, report);
    for_noise::<T, _>(Logistic, report);
    for_noise::<T, _>(Laplace, report);
    for_smooth_noise::<T, _>(Gumbel, report);
    for_smooth_noise::<T, _>(Normal, report);
    for_smooth_noise::<T, _>(Logistic, report);
    combinatorial::<T, _>(Gumbel, report);
    combinatorial::<T, _>(Normal, report);
    tell::<T>(report, "ranking", "gumbel", "by sorting", sorted::<T>());
    tell::<T>(report, "ranking", "normal", "variance reduced", reduced::<T, _>(Normal));
    tell::<T>(report, "ranking", "gumbel", "variance reduced", reduced::<T, _>(Gumbel));
    tell::<T>(report, "ranking", "laplace", "variance reduced", reduced::<T, _>(Laplace));
    tell::<T>(report, "ranking", "logistic", "variance reduced", reduced::<T, _>(Logistic));
    tell::<T>(report, "simplex", "normal", "multiplicative", multiplied::<T>());
    tell::<T>(report, "affine", "normal", "50 steps", trained::<T>());
}

fn for_noise<T: Real, N: Law<T>>(noise: N, report: Report<'_>) {
    tell::<T>(report, "noise", N::NAME, "draws", Ok(draws::<T, N>(noise)));
    // Vertices and points inside C as targets.
    let mut one = [T::ZERO; 5];
    one[3] = T::ONE;
    let inside = reals([0.1, 0.4, 0.2, 0.25, 0.05]);
    for_oracle(Simplex::new(Const::<5>), noise, &reals(CLASSES), &one, &inside, report);
    let two = reals([0.0, 1.0, 0.0, 1.0, 0.0]);
    let inside = reals([0.2, 0.8, 0.4, 0.5, 0.1]);
    for_oracle(TopK::new(Const::<5>, 2), noise, &reals(CLASSES), &two, &inside, report);
    let (vertex, inside) = (reals([1.0, -1.0, 1.0]), reals([0.2, -0.7, 0.4]));
    for_oracle(Hypercube::sign(Const::<3>), noise, &reals([0.3, -0.7, 1.1]), &vertex, &inside, report);
    let ranks = reals([3.0, 7.0, 8.0, 2.0, 4.0, 6.0, 9.0, 1.0, 5.0]);
    let inside = reals([4.0, 6.0, 6.5, 4.0, 4.5, 5.5, 6.5, 3.0, 5.0]);
    for_oracle(Ranking::ascending(Const::<9>), noise, &reals(LABELS), &ranks, &inside, report);
}

/// Oracles without closed forms, nine entries each.
fn combinatorial<T: Real, N: Law<T>>(noise: N, report: Report<'_>) {
    /// A graph of five nodes in topological order, with parallel edges.
    const EDGES: [(u32, u32); 9] = [(0, 1), (0, 2), (0, 1), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4), (1, 4)];
    let graph = || Graph::new(Const::<5>, Const::<9>, &EDGES);
    let costs = reals(LABELS.map(|label| label - 1.5));
    for_sampled(GridPath::new(Rect::<3, 3>, Neighbours::Eight), noise, &costs, report);
    for_sampled(graph().and_then(|graph| ShortestPath::new(graph, 0, 4)), noise, &costs, report);
    let scores = reals(LABELS);
    for_sampled(graph().and_then(|graph| DagPath::new(graph, 0, 4)), noise, &scores, report);
    for_sampled(graph().and_then(SpanningTree::new), noise, &scores, report);
    for_sampled(Assignment::new(Rect::<3, 3>), noise, &scores, report);
    let weights = [3, 5, 2, 4, 1, 6, 3, 2, 5];
    for_sampled(Knapsack::new(Const::<9>, Const::<13>, &weights, 12), noise, &scores, report);
}

fn for_sampled<T: Real, N: Law<T>, O: Oracle<T>>(
    oracle: Result<O, Error>,
    noise: N,
    theta: &[T],
    report: Report<'_>,
) {
    let digest = oracle
        .and_then(|oracle| Perturbed::new(oracle, noise, T::HALF))
        .and_then(|layer| sampled(&layer, theta));
    tell::<T>(report, O::NAME, N::NAME, "sampled", digest);
}

fn for_oracle<T: Real, N: Law<T>, O: ClosedForm<T, N>>(
    oracle: Result<O, Error>,
    noise: N,
    theta: &[T],
    vertex: &[T],
    inside: &[T],
    report: Report<'_>,
) {
    let layer = oracle.and_then(|oracle| Perturbed::new(oracle, noise, T::HALF));
    let mut case = |what, compute: Compute<O, N, T>| {
        let digest = layer.as_ref().map_err(|&e| e).and_then(|layer| compute(layer, theta, vertex, inside));
        tell::<T>(report, O::NAME, N::NAME, what, digest);
    };
    case("exact", |layer, theta, _, _| exact(layer, theta));
    case("sampled", |layer, theta, _, _| sampled(layer, theta));
    case("fenchel-young", fenchel_young);
}

fn for_smooth_noise<T: Real, N: Law<T> + SmoothNoise<T>>(noise: N, report: Report<'_>) {
    let digest = Ranking::ascending(Const::<9>)
        .and_then(|oracle| Perturbed::new(oracle, noise, T::HALF))
        .and_then(|layer| by_scores(&layer, &reals(LABELS)));
    tell::<T>(report, "ranking", N::NAME, "second formulas", digest);
}

/// Value, maximizer, Jacobian, both products.
fn exact<T: Real, N: Law<T>, O: ClosedForm<T, N>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    let u = reals(DIRECTION);
    let u = u.get(..theta.len()).unwrap_or(&u);
    let (value, y) = layer.value_and_maximizer(theta, Exact)?;
    digest.add(&[value]);
    digest.add(y.as_ref());
    digest.add(layer.jacobian(theta, Exact)?.as_ref());
    digest.add(layer.vjp(theta, u, Exact)?.as_ref());
    Ok(digest.get())
}

/// The first formulas in one pass, with the baseline and plain.
fn sampled<T: Real, N: Law<T>, O: Oracle<T>>(layer: &Perturbed<O, N, T>, theta: &[T]) -> Result<u64, Error> {
    let mut digest = Digest::new();
    let u = reals(DIRECTION);
    let u = u.get(..theta.len()).unwrap_or(&u);
    for samples in SAMPLES {
        for how in [MonteCarlo::new(samples, Seed(42)), MonteCarlo::plain(samples, Seed(42).fold(1))] {
            let listeners = (Value, Maximizer, (Jacobian, Vjp { cotangent: u }, Jvp { tangent: u }));
            let (value, y, (jacobian, vjp, jvp)) = layer.estimate(theta, &listeners, how)?;
            digest.add(&[value]);
            for part in [y.as_ref(), jacobian.as_ref(), vjp.as_ref(), jvp.as_ref()] {
                digest.add(part);
            }
        }
    }
    Ok(digest.get())
}

/// Estimates that leave one out, mirror their noise, or draw quasi-random points, with their standard errors.
fn reduced<T: Real, N: Law<T>>(noise: N) -> Result<u64, Error> {
    let layer = Perturbed::new(Ranking::ascending(Const::<9>)?, noise, T::HALF)?;
    let (theta, u) = (reals(LABELS), reals(DIRECTION));
    let mut digest = Digest::new();
    let how = MonteCarlo::new(150, Seed(47));
    for how in [how.leave_one_out(), how.antithetic(), how.quasi_random()] {
        let listeners = (Maximizer, MaximizerByScore, Vjp { cotangent: &u });
        let found = layer.estimate_with_error(&theta, &listeners, how)?;
        for (a, b, c) in [found.mean, found.standard_error] {
            digest.add(&a);
            digest.add(&b);
            digest.add(&c);
        }
    }
    Ok(digest.get())
}

/// Multiplicative noise, one score of them 0.
fn multiplied<T: Real>() -> Result<u64, Error> {
    let layer = Multiplicative::new(Simplex::new(Const::<5>)?, T::HALF)?;
    let theta = reals([1.0, 1.5, 0.0, 0.75, 2.0]);
    let how = MonteCarlo::new(70, Seed(48));
    let mut digest = Digest::new();
    let (value, gradient) = layer.value_and_gradient(&theta, how)?;
    digest.add(&[value]);
    digest.add(&gradient);
    digest.add(layer.jacobian(&theta, how)?.as_ref());
    Ok(digest.get())
}

/// The formulas that weight scores by values.
fn by_scores<T: Real, N: SmoothNoise<T>, O: Oracle<T>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    for samples in SAMPLES {
        let how = MonteCarlo::new(samples, Seed(43));
        let (y, jacobian) = layer.estimate(theta, &(MaximizerByScore, JacobianByCurvature), how)?;
        digest.add(y.as_ref());
        digest.add(jacobian.as_ref());
    }
    Ok(digest.get())
}

/// Loss and gradient at a vertex, exact and sampled, and inside C, where Ω is found by the dual.
fn fenchel_young<T: Real, N: Law<T>, O: ClosedForm<T, N>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
    vertex: &[T],
    inside: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    for found in [
        layer.fenchel_young(theta, vertex, Exact)?,
        layer.fenchel_young(theta, vertex, MonteCarlo::new(70, Seed(44)))?,
        layer.fenchel_young(theta, inside, MonteCarlo::new(3, Seed(44)))?,
    ] {
        digest.add(&[found.loss]);
        digest.add(found.gradient.as_ref());
    }
    digest.add(layer.fenchel_young_gradient(theta, vertex, MonteCarlo::new(1, Seed(45)))?.as_ref());
    Ok(digest.get())
}

/// The first 9 draws of 16 streams.
fn draws<T: Real, N: Law<T>>(noise: N) -> u64 {
    let mut digest = Digest::new();
    let mut z = [T::ZERO; 9];
    for sample in 0..16 {
        noise.fill(&mut Seed(42).stream(sample), &mut z);
        digest.add(&z);
    }
    digest.get()
}

/// A ranking of more entries than are counted, with ties.
fn sorted<T: Real>() -> Result<u64, Error> {
    let mut theta = [T::ZERO; 20];
    for (i, theta) in theta.iter_mut().enumerate() {
        *theta = T::from_usize(i * 7 % 13) - T::from_usize(6);
    }
    let layer = Perturbed::new(Ranking::descending(Const::<20>)?, Gumbel, T::HALF)?;
    let mut digest = Digest::new();
    let (value, y) = layer.decide(&theta)?;
    digest.add(&[value]);
    digest.add(&y);
    digest.add(&layer.maximizer(&theta, MonteCarlo::new(70, Seed(46)))?);
    Ok(digest.get())
}

/// Fifty steps of single-sample training of a ranking of five by three features.
fn trained<T: Real>() -> Result<u64, Error> {
    let layer = Perturbed::new(Ranking::ascending(Const::<5>)?, Normal, T::from_f64(0.1))?;
    let mut model = Affine::<T, 3, 5>::zeros();
    let examples = [
        ([1.0, 0.25, -0.5], [1.0, 2.0, 3.0, 4.0, 5.0]),
        ([-0.3, 1.5, 0.7], [5.0, 3.0, 1.0, 2.0, 4.0]),
        ([0.1, -0.9, 1.1], [2.0, 1.0, 5.0, 4.0, 3.0]),
    ];
    let mut digest = Digest::new();
    for (step, (x, ranks)) in (0..50).zip(examples.into_iter().cycle()) {
        let y = model.step(&layer, &reals(x), &reals(ranks), T::from_f64(0.05), Seed(47).fold(step))?;
        digest.add(&y);
    }
    digest.add(model.weights.as_slice());
    digest.add(model.bias.as_slice());
    Ok(digest.get())
}

fn reals<T: Real, const N: usize>(x: [f64; N]) -> [T; N] {
    x.map(T::from_f64)
}

fn tell<T: Real>(report: Report<'_>, oracle: &str, noise: &str, what: &str, digest: Result<u64, Error>) {
    let mut name = heapless::String::<64>::new();
    // The longest name has 40 bytes; a cut one would fail the comparison.
    let _ = write!(name, "{} {oracle} {noise} {what}", T::NAME);
    report(&name, digest);
}
