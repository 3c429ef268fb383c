//! Every estimator of every layer against exact expectations.

use perturb::quantity::{
    EpsilonDerivative, EpsilonLossDerivative, FenchelYoungTerm, Jacobian, JacobianByCurvature, Jvp,
    Maximizer, MaximizerByScore, Value, Vjp, VjpJacobian, VjpJacobianProduct,
};
use perturb::{
    Gumbel, Laplace, Logistic, Normal, Oracle, Perturbed, Real, Seed,
    noise::{Law, SmoothNoise},
};
use rayon::prelude::*;

use crate::{Size, Source};

pub mod cases;
mod judge;
mod observe;
mod others;
pub mod reduction;
mod shares;

pub use judge::{ALPHA, Comparison, Count, TRUSTED, Verdict, binomial, judge, judge_among, student};
pub use observe::{Setting, VARIANTS, Want, observe, replicate, rounded};

use cases::{Case, Cases, Make};
use perturb::{AnyOracle, Noise};
use reduction::Expected;

/// A layer with its scores, and what its estimates should be.
#[derive(Debug)]
pub struct Known<T: Real, N> {
    /// The layer.
    pub layer: Perturbed<AnyOracle<T>, N, T>,
    /// θ.
    pub theta: Vec<T>,
    /// A cotangent.
    pub u: Vec<T>,
    /// A tangent.
    pub v: Vec<T>,
    /// A vertex.
    pub target: Vec<T>,
    /// Exact expectations.
    pub expected: Expected,
    bounds: Bounds,
}

/// The largest numbers that terms are made of.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    radius: f64,
    binary: bool,
    /// |z| of an entry, |∇ν| and ∇²ν: uniform values of 23 and 52 bits have ends.
    noise: [f64; 3],
}

fn noise_bounds<T: Real, N: Law<T>>(noise: N) -> [f64; 3] {
    // −ln of the least uniform value: 2⁻²⁴ and 2⁻⁵³.
    let most = if T::NAME == "f32" { 16.7 } else { 36.8 };
    match noise.name() {
        "gumbel" => [most, most + 1.0, most + 1.0],
        "normal" => [(2.0 * most).sqrt(), (2.0 * most).sqrt(), 1.0],
        "logistic" => [most, 1.0, 0.5],
        _ => [most, 1.0, 0.0],
    }
}

impl<T: Real, N: Law<T> + Law<f64>> Known<T, N> {
    /// An instance of a case.
    ///
    /// # Panics
    /// If the layer is refused.
    pub fn new(make: Make<T>, noise: N, smooth: bool, source: &mut Source) -> Self {
        let epsilon = 2f64.powf(source.between(-2.0, 2.0));
        let epsilon = T::from_f64(epsilon).to_f64();
        let Case { oracle, theta, reduction, radius, binary } = make(source, epsilon);
        let scaled: Vec<f64> = theta.iter().map(|theta| epsilon * theta).collect();
        let (theta, wide) = rounded::<T>(&scaled);
        let mut direction = || -> Vec<f64> { wide.iter().map(|_| source.between(-2.0, 2.0)).collect() };
        let ((u, wide_u), (v, _)) = (rounded::<T>(&direction()), rounded::<T>(&direction()));
        let expected = reduction.expect(noise, &wide, epsilon, &wide_u, smooth);
        let layer = Perturbed::new(oracle, noise, T::from_f64(epsilon)).expect("a layer");
        // The decision of other noise: any vertex.
        let target = layer.sample(&theta, Seed(source.whole(0, 1 << 30) as u64), 0).expect("a decision");
        let bounds = Bounds { radius, binary, noise: noise_bounds::<T, N>(noise) };
        Self { layer, theta, u, v, target, expected, bounds }
    }

    /// ‖x‖₁.
    fn sum(x: &[T]) -> f64 {
        x.iter().map(|x| x.to_f64().abs()).sum()
    }

    /// The estimators of first formulas, in the order of their names.
    pub fn first(&self) -> impl perturb::Quantity<T, N, perturb::Dyn> + '_ {
        let (u, v, target) = (&self.u[..], &self.v[..], &self.target[..]);
        let offset = self.layer.oracle().offset(target);
        (
            (Value, Maximizer, MaximizerByScore),
            (Jacobian, Vjp { cotangent: u }, Jvp { tangent: v }),
            (FenchelYoungTerm { target, offset }, EpsilonDerivative, EpsilonLossDerivative { target }),
        )
    }

    /// What they should be.
    pub fn first_wants(&self) -> Vec<Want> {
        let (d, expected, Bounds { radius, binary, noise: [z, score, _] }) =
            (self.theta.len(), &self.expected, self.bounds);
        let epsilon = self.layer.epsilon().to_f64();
        // Twice the largest value: d entries of at most |θ| + ε|z|, an offset of at most ε.
        let value = 2.0 * radius * (Self::sum(&self.theta) + epsilon * (z * d as f64 + 1.0));
        let slope = 4.0 * radius * score / epsilon;
        let wide = |x: &[T]| perturb_tests::widened(x);
        let (u, v, target) = (wide(&self.u), wide(&self.v), wide(&self.target));
        let dot = perturb_tests::vertices::dot;
        let mean = perturb::Noise::<f64>::mean(self.layer.noise());
        let at_target = mean * target.iter().sum::<f64>();
        let offset = self.layer.oracle().offset(&self.target).to_f64();
        let loss = expected.value - dot(&target, &wide(&self.theta)) - epsilon * at_target - offset;
        let mut wants = Vec::new();
        let mut want =
            |estimator: &'static str, range: f64, share: bool, exact: &mut dyn Iterator<Item = f64>| {
                wants.extend(exact.map(|exact| Want { estimator, exact, range, share }));
            };
        let y = || expected.y.iter().copied();
        let one = |x: f64| std::iter::once(x);
        let row = |i: usize| &expected.jacobian[i * d..][..d];
        want("value", value, false, &mut one(expected.value));
        want("maximizer", 2.0 * radius, binary, &mut y());
        want("maximizer by score", 2.0 * value * score / epsilon + 2.0 * radius, false, &mut y());
        want("jacobian", slope, false, &mut expected.jacobian.iter().copied());
        want("vjp", slope * Self::sum(&self.u), false, &mut (0..d).map(|i| dot(row(i), &u)));
        want("jvp", slope * Self::sum(&self.v), false, &mut (0..d).map(|i| dot(row(i), &v)));
        want("fenchel-young loss", 2.0 * value, false, &mut one(loss));
        want(
            "fenchel-young gradient",
            2.0 * radius,
            false,
            &mut y().zip(&target).map(|(y, target)| y - target),
        );
        want("epsilon derivative", 2.0 * radius * z * d as f64, false, &mut one(expected.by_epsilon));
        want(
            "epsilon loss derivative",
            4.0 * radius * z * d as f64,
            false,
            &mut one(expected.by_epsilon - at_target),
        );
        wants
    }

    /// What the second formulas should be.
    pub fn second_wants(&self) -> Vec<Want> {
        let (d, expected, Bounds { radius, noise: [z, score, curvature], .. }) =
            (self.theta.len(), &self.expected, self.bounds);
        let epsilon = self.layer.epsilon().to_f64();
        let value = 2.0 * radius * (Self::sum(&self.theta) + epsilon * (z * d as f64 + 1.0));
        let weight = (score * score + curvature) / (epsilon * epsilon);
        let v = perturb_tests::widened(&self.v);
        let product = |i: usize| perturb_tests::vertices::dot(&expected.second[i * d..][..d], &v);
        let along = 4.0 * radius * weight * Self::sum(&self.u);
        let mut wants = Vec::new();
        let mut want = |estimator: &'static str, range: f64, exact: &mut dyn Iterator<Item = f64>| {
            wants.extend(exact.map(|exact| Want { estimator, exact, range, share: false }));
        };
        want("jacobian by curvature", 2.0 * value * weight, &mut expected.jacobian.iter().copied());
        want("jacobian of the vjp", along, &mut expected.second.iter().copied());
        want("its product", along * Self::sum(&self.v), &mut (0..d).map(product));
        wants
    }
}

/// A noise of the catalogue; what only smooth ones have is there or not.
trait Listed: Law<f32> + Law<f64> + Default {
    const SMOOTH: bool;
    fn second<T: Real>(known: &Known<T, Self>, setting: &Setting) -> Vec<Comparison>
    where
        Self: Law<T>,
    {
        let _ = (known, setting);
        Vec::new()
    }
}

/// The second formulas.
fn smooth<T: Real, N: Law<T> + SmoothNoise<T> + Law<f64>>(
    known: &Known<T, N>,
    setting: &Setting,
) -> Vec<Comparison> {
    let (u, v) = (&known.u[..], &known.v[..]);
    let products = VjpJacobianProduct { cotangent: u, tangent: v };
    let estimators = (JacobianByCurvature, VjpJacobian { cotangent: u }, products);
    observe(&known.layer, &known.theta, &estimators, &known.second_wants(), setting)
}

impl Listed for Gumbel {
    const SMOOTH: bool = true;
    fn second<T: Real>(known: &Known<T, Self>, setting: &Setting) -> Vec<Comparison> {
        smooth(known, setting)
    }
}
impl Listed for Normal {
    const SMOOTH: bool = true;
    fn second<T: Real>(known: &Known<T, Self>, setting: &Setting) -> Vec<Comparison> {
        smooth(known, setting)
    }
}
impl Listed for Logistic {
    const SMOOTH: bool = true;
    fn second<T: Real>(known: &Known<T, Self>, setting: &Setting) -> Vec<Comparison> {
        smooth(known, setting)
    }
}
impl Listed for Laplace {
    const SMOOTH: bool = false;
}

/// One estimate to make: its comparisons, for its setting.
type Job = Box<dyn Fn(usize, Size) -> Vec<Comparison> + Send + Sync>;

/// All estimators of one layer under one variant.
fn layer<T: Real, N: Listed + Law<T>>(case: usize, variant: usize) -> Job {
    Box::new(move |number, size| {
        let (name, _, make) = Cases::<T>::ALL[case];
        let seed = Seed(size.seed).fold(number as u64);
        let known = Known::<T, N>::new(make, N::default(), N::SMOOTH, &mut Source::new(seed, 0));
        let name = format!(
            "{name} (d = {}), {} in {}",
            known.theta.len(),
            Noise::<f64>::name(known.layer.noise()),
            T::NAME
        );
        let setting =
            Setting { name, number: 2 * number, variant, samples: samples::<T>(size), seed: seed.fold(1) };
        let mut found = observe(&known.layer, &known.theta, &known.first(), &known.first_wants(), &setting);
        // Other noise: groups must not share any.
        let setting = Setting { number: 2 * number + 1, seed: seed.fold(2), ..setting };
        found.extend(N::second(&known, &setting));
        found
    })
}

/// Sums in f32 round: no more than 2¹⁷ samples.
fn samples<T: Real>(size: Size) -> u32 {
    if T::NAME == "f32" { size.samples.min(1 << 17) } else { size.samples }
}

/// The layers of one noise in one type.
fn layers<T: Real, N: Listed + Law<T>>(size: Size, jobs: &mut Vec<Job>) {
    let normal = Noise::<f64>::name(&N::default()) == "normal";
    let turn = jobs.len();
    for (case, (_, normal_only, _)) in Cases::<T>::ALL.iter().enumerate() {
        for variant in 0..VARIANTS.len() {
            if (normal || !normal_only) && (case + variant + turn).is_multiple_of(size.thinned.max(1)) {
                jobs.push(layer::<T, N>(case, variant));
            }
        }
    }
}

/// Every estimate of the catalogue beside its exact value; `tell` learns how many there are, and of each that it is done.
pub fn run_all(size: Size, tell: &(dyn Fn(usize) + Sync)) -> Vec<Comparison> {
    let mut jobs = Vec::new();
    layers::<f32, Gumbel>(size, &mut jobs);
    layers::<f64, Gumbel>(size, &mut jobs);
    layers::<f32, Normal>(size, &mut jobs);
    layers::<f64, Normal>(size, &mut jobs);
    layers::<f32, Logistic>(size, &mut jobs);
    layers::<f64, Logistic>(size, &mut jobs);
    layers::<f32, Laplace>(size, &mut jobs);
    layers::<f64, Laplace>(size, &mut jobs);
    shares::jobs(size, &mut jobs);
    others::jobs(size, &mut jobs);
    let all = jobs.len();
    let each = jobs.par_iter().enumerate().map(|(number, job)| {
        let found = job(number, size);
        tell(all);
        found
    });
    each.flatten_iter().collect()
}
