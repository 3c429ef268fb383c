//! What every perturbed layer promises, whatever its oracle and noise.

use std::fmt::Debug;

use perturb::oracle::Location;
use perturb::quantity::{
    EpsilonDerivative, EpsilonLossDerivative, Jacobian, JacobianByCurvature, Maximizer, MaximizerByScore,
    Value, VjpJacobian, VjpJacobianProduct,
};
use perturb::{
    AnyOracle, Gumbel, Laplace, Logistic, MonteCarlo, Noise, Normal, Oracle, Perturbed, Real, Seed, Shape,
    Single, noise::SmoothNoise,
};
use perturb_lanes::{Width, limit};

use crate::check::{Given, Numbers, check, same_bits};
use crate::input::Input;

/// An oracle, and which vectors are its vertices.
pub(super) struct Case<'a, O, T> {
    pub(super) oracle: O,
    pub(super) is_vertex: &'a dyn Fn(&[T]) -> bool,
    /// Whether it solves every problem.
    pub(super) total: bool,
}

/// A layer with the vectors that it is given.
struct Trial<'a, O, N, T> {
    layer: Perturbed<O, N, T>,
    is_vertex: &'a dyn Fn(&[T]) -> bool,
    theta: Vec<T>,
    u: Vec<T>,
    how: MonteCarlo,
    dim: usize,
    /// Of θ alone, and with the samples; with u besides.
    given: Given,
    sampled: Given,
    with_u: Given,
}

/// A layer with everything taken from `input`, if its temperature is one.
fn trial<'a, O: Oracle<T>, N: Noise<T>, T: Real>(
    case: Case<'a, O, T>,
    noise: N,
    input: &mut Input<'_>,
) -> Option<Trial<'a, O, N, T>> {
    let dim = case.oracle.shape().dim();
    let epsilon: T = input.positive();
    let fits = epsilon > T::ZERO && epsilon.is_finite();
    let layer = Perturbed::new(case.oracle, noise, epsilon);
    assert_eq!(layer.is_ok(), fits, "temperature {epsilon}");
    let (how, theta, u) = (input.monte_carlo(), input.vector(dim), input.vector(dim));
    let (layer, total) = (layer.ok()?, case.total);
    let given = Given::scores(layer.oracle(), &theta).positive(epsilon).and(true, total);
    let sampled = given.and(how.samples > 0, true);
    let with_u = sampled.and(true, Given::vectors(dim, &[&u]) == Given::Ordinary);
    let with_u = with_u.and(Given::vectors(dim, &[&u]) != Given::Unfit, true);
    Some(Trial { layer, is_vertex: case.is_vertex, theta, u, how, dim, given, sampled, with_u })
}

impl<O, T: Real> Case<'_, O, T>
where
    O: Oracle<T, Work: 'static> + Clone + Send + Sync + 'static,
{
    /// Shows the case with its oracle behind a pointer: what is tested for all of them is compiled once.
    pub(super) fn show(&self, show: impl FnOnce(Case<'_, AnyOracle<T>, T>)) {
        let oracle = AnyOracle::custom(self.oracle.clone());
        show(Case { oracle, is_vertex: self.is_vertex, total: self.total });
    }
}

/// Sampled estimates of one layer, with any noise.
pub(super) fn any_noise<T: Real + Numbers>(case: Case<'_, AnyOracle<T>, T>, input: &mut Input<'_>) {
    match input.any::<u8>() % 5 {
        0 => sampled(case, Gumbel, input),
        1 => sampled(case, Normal, input),
        2 => sampled(case, Laplace, input),
        3 => sampled(case, Logistic, input),
        _ => smooth(case, Normal, input),
    }
}

/// Sampled estimates of one layer.
pub(super) fn sampled<O, N, T>(case: Case<'_, O, T>, noise: N, input: &mut Input<'_>)
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real + Numbers,
{
    let what = input.any::<u8>() % 8;
    let Some(trial) = trial(case, noise, input) else { return };
    match what {
        0 => trial.decisions(input),
        1 => trial.first_moments(),
        2 => trial.derivatives(),
        3 => trial.fenchel_young(),
        4 => trial.with_errors(),
        5 => trial.duals(),
        6 => trial.lanes(),
        _ => trial.by_score(),
    }
}

/// Estimators that take a smooth noise.
fn smooth<O, N, T>(case: Case<'_, O, T>, noise: N, input: &mut Input<'_>)
where
    O: Oracle<T>,
    N: SmoothNoise<T>,
    T: Real + Numbers,
{
    let Some(Trial { layer, theta, u, how, sampled, with_u, .. }) = trial(case, noise, input) else { return };
    let by_curvature = layer.compute(&theta, &JacobianByCurvature, how);
    check("the Jacobian by curvature", sampled, by_curvature.map(|x| x.as_ref().to_vec()));
    let second = layer.compute(&theta, &VjpJacobian { cotangent: &u }, how);
    check("the derivative of a product", with_u, second.map(|x| x.as_ref().to_vec()));
    let second = layer.compute(&theta, &VjpJacobianProduct { cotangent: &u, tangent: &theta }, how);
    check("the derivative of a product along θ", with_u, second.map(|x| x.as_ref().to_vec()));
}

impl<O, N, T> Trial<'_, O, N, T>
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real + Numbers,
{
    fn vertex(&self, what: &str, y: &[T]) {
        let forbids = self.layer.oracle().properties().forbids;
        let marked = |(&x, &y): (&T, &T)| forbids && x == T::NEG_INFINITY && y != T::ZERO;
        let allowed = !self.theta.iter().zip(y).any(marked);
        assert!(allowed && (self.is_vertex)(y), "{what} is no vertex: {y:?} at {:?}", self.theta);
    }

    /// Single decisions are vertices.
    fn decisions(self, input: &mut Input<'_>) {
        let Self { layer, theta, how, given, .. } = &self;
        let decided = layer.decide(theta).map(|(value, y)| (value, y.as_ref().to_vec()));
        if let Some((_, y)) = check("a decision", *given, decided) {
            self.vertex("a decision", &y);
        }
        let index = u64::from(input.any::<u32>());
        let drawn = layer.sample(theta, how.seed, index).map(|y| y.as_ref().to_vec());
        if let Some(y) = check("a sample", *given, drawn) {
            self.vertex("a sample", &y);
        }
        let outcomes = layer.distribution::<4>(theta, how.samples, how.seed);
        if let Ok(outcomes) = outcomes {
            assert!(self.sampled != Given::Unfit);
            let shares: f64 = outcomes.iter().map(|(_, share)| share.to_f64()).sum();
            assert!((shares - 1.0).abs() < 1e-5, "shares {shares}");
            for (y, _) in &outcomes {
                self.vertex("an outcome", y.as_ref());
            }
        }
    }

    /// F_ε and y_ε.
    fn first_moments(self) {
        let Self { layer, theta, how, sampled, .. } = &self;
        let value = check("the value", *sampled, layer.value(theta, *how));
        let both = layer.value_and_maximizer(theta, *how).map(|(value, y)| (value, y.as_ref().to_vec()));
        let both = check("value and maximizer", *sampled, both);
        let alone =
            check("the maximizer", *sampled, layer.maximizer(theta, *how).map(|y| y.as_ref().to_vec()));
        if let (Some(value), Some((other, y)), Some(alone)) = (value, both, alone) {
            assert!(same_bits(&[value], &[other]) && same_bits(&y, &alone));
        }
    }

    /// J and its products.
    fn derivatives(self) {
        let Self { layer, theta, u, how, sampled, with_u, .. } = &self;
        check("the Jacobian", *sampled, layer.jacobian(theta, *how).map(|x| x.as_ref().to_vec()));
        check("a product", *with_u, layer.vjp(theta, u, *how).map(|x| x.as_ref().to_vec()));
        check("a product from the right", *with_u, layer.jvp(theta, u, *how).map(|x| x.as_ref().to_vec()));
    }

    /// The loss of a decision and of any target; its gradient is y_ε − y.
    fn fenchel_young(self) {
        let Self { layer, theta, u, how, sampled, with_u, .. } = &self;
        let with_u = &with_u.and(true, layer.oracle().locate(u, None) != Location::Outside);
        let gradient = layer.fenchel_young_gradient(theta, u, *how).map(|x| x.as_ref().to_vec());
        let gradient = check("the gradient", *with_u, gradient);
        if let (Some(gradient), Ok(y)) = (gradient, layer.maximizer(theta, *how)) {
            let difference: Vec<T> = y.as_ref().iter().zip(u).map(|(&y, &target)| y - target).collect();
            assert!(same_bits(&gradient, &difference), "{gradient:?} is not y_ε − y, {difference:?}");
        }
        if how.samples == 1 {
            let one = layer.fenchel_young_gradient(theta, u, Single(how.seed)).map(|x| x.as_ref().to_vec());
            check("the gradient of one sample", *with_u, one);
        }
        let Ok((_, target)) = layer.decide(u) else { return };
        // It may have an entry that θ forbids.
        let sampled = &sampled.and(true, T::all_finite(theta));
        let loss = layer.fenchel_young(theta, target.as_ref(), *how);
        let loss = loss.map(|found| (found.loss, found.gradient.as_ref().to_vec()));
        if let Some((loss, _)) = check("the loss of a vertex", *sampled, loss) {
            assert!(loss >= T::ZERO, "a loss of {loss}");
        }
    }

    /// Means with their standard errors.
    fn with_errors(self) {
        let Self { layer, theta, u, how, sampled, with_u, .. } = &self;
        let enough = how.samples >= 2 * how.unit();
        let estimators = (Value, Maximizer, EpsilonDerivative);
        let found = layer.compute_with_error(theta, &estimators, *how).map(|found| {
            let flat =
                |(value, y, slope): (T, perturb::oracle::Array<O, T>, T)| (value, y.as_ref().to_vec(), slope);
            (flat(found.mean), flat(found.standard_error))
        });
        check("means and errors", sampled.and(enough, true), found);
        let loss = EpsilonLossDerivative { target: u };
        check("the derivative of a loss", *with_u, layer.compute(theta, &loss, *how));
        let jacobian = layer.compute_with_error(theta, &Jacobian, *how);
        let jacobian =
            jacobian.map(|found| (found.mean.as_ref().to_vec(), found.standard_error.as_ref().to_vec()));
        check("the Jacobian and its errors", sampled.and(enough, true), jacobian);
    }

    /// Ω, the inverse, and losses of points that may lie anywhere: expensive, with few samples.
    fn duals(self) {
        let Self { layer, theta, u, how, with_u, dim, .. } = &self;
        let how = MonteCarlo { samples: how.samples % 3, ..*how };
        let with_u = with_u.and(how.samples > 0, false);
        if *dim > 6 {
            return;
        }
        // A point of the hull, mostly.
        let inside: Vec<T> = layer
            .maximizer(theta, MonteCarlo::plain(2, Seed(1)))
            .map_or_else(|_| u.clone(), |y| y.as_ref().to_vec());
        let given = Given::vectors(*dim, &[&inside]).and(how.samples > 0, false);
        check("Ω", given, layer.omega(&inside, how));
        let inverse = layer.inverse_maximizer(&inside, how);
        check("the inverse", given, inverse.map(|found| (found.theta.as_ref().to_vec(), found.residual)));
        let loss = layer.fenchel_young(theta, u, how);
        let loss = loss.map(|found| (found.loss, found.gradient.as_ref().to_vec()));
        if let Some((loss, _)) = check("the loss of a point", with_u, loss) {
            assert!(loss >= T::ZERO, "a loss of {loss}");
        }
    }

    /// Samples side by side have the bits of one after the other.
    fn lanes(self) {
        let Self { layer, theta, u, how, .. } = &self;
        let all = || {
            (
                layer.maximizer(theta, *how).map(|x| x.as_ref().to_vec()),
                layer.value_and_maximizer(theta, *how).map(|(value, y)| (value, y.as_ref().to_vec())),
                layer.vjp(theta, u, *how).map(|x| x.as_ref().to_vec()),
            )
        };
        limit(Width::Scalar);
        let one_by_one = all();
        limit(Width::Avx512);
        let side_by_side = all();
        agree("the maximizer", &one_by_one.0, &side_by_side.0, |x, y| same_bits(x, y));
        agree("the value", &one_by_one.1, &side_by_side.1, |x, y| {
            same_bits(&[x.0], &[y.0]) && same_bits(&x.1, &y.1)
        });
        agree("a product", &one_by_one.2, &side_by_side.2, |x, y| same_bits(x, y));
    }

    /// The maximizer by F and the scores of the noise.
    fn by_score(self) {
        let Self { layer, theta, how, sampled, .. } = &self;
        let estimated = layer.compute(theta, &MaximizerByScore, *how).map(|x| x.as_ref().to_vec());
        check("the maximizer by scores", *sampled, estimated);
    }
}

/// Both are the same result, or the same refusal.
fn agree<R: Debug, E: Debug + PartialEq>(
    what: &str,
    a: &Result<R, E>,
    b: &Result<R, E>,
    same: impl Fn(&R, &R) -> bool,
) {
    let agree = match (a, b) {
        (Ok(a), Ok(b)) => same(a, b),
        (Err(a), Err(b)) => a == b,
        _ => false,
    };
    assert!(agree, "{what} depends on vectors: {a:?} one by one, {b:?} side by side");
}
