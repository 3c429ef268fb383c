//! Sampled estimates of every oracle.

use core::fmt;

use perturb_core::loss::{composed, imle_gradient, partial_label};
use perturb_core::quantity::{
    EpsilonDerivative, EpsilonLossDerivative, FenchelYoungTerm, Jacobian, JacobianByCurvature, Jvp,
    Maximizer, MaximizerByScore, Value, Vjp, VjpJacobian, VjpJacobianProduct,
};
use perturb_core::{
    AnyNoise, Const, Error, Gumbel, Laplace, Logistic, MonteCarlo, Noise, Normal, Oracle, Perturbed, Ranking,
    Real, Seed, Shape, SpanningTree, noise::SmoothNoise, oracle::EdgeLabel,
};

use super::closed::law;
use super::{DIRECTION, Digest, Report, SAMPLES, refusable, tell};
use crate::layers::{self, LABELS, Visitor, reals};

/// The noises. Those that are smooth have second formulas as well.
pub trait Tested<T: Real>: Noise<T> {
    /// The digest of its distribution.
    fn law(&self) -> u64;
    /// The formulas that weight curvatures by values, and the second derivatives.
    fn curved<O: Oracle<T>>(_: &Perturbed<O, Self, T>, _: &[T]) -> Option<[Result<u64, Error>; 2]> {
        None
    }
}
impl<T: Real> Tested<T> for Gumbel {
    fn law(&self) -> u64 {
        law::<T, _>(self)
    }
    fn curved<O: Oracle<T>>(layer: &Perturbed<O, Self, T>, theta: &[T]) -> Option<[Result<u64, Error>; 2]> {
        Some([by_scores(layer, theta), second_derivatives(layer, theta)])
    }
}
impl<T: Real> Tested<T> for Normal {
    fn law(&self) -> u64 {
        law::<T, _>(self)
    }
    fn curved<O: Oracle<T>>(layer: &Perturbed<O, Self, T>, theta: &[T]) -> Option<[Result<u64, Error>; 2]> {
        Some([by_scores(layer, theta), second_derivatives(layer, theta)])
    }
}
impl<T: Real> Tested<T> for Logistic {
    fn law(&self) -> u64 {
        law::<T, _>(self)
    }
    fn curved<O: Oracle<T>>(layer: &Perturbed<O, Self, T>, theta: &[T]) -> Option<[Result<u64, Error>; 2]> {
        Some([by_scores(layer, theta), second_derivatives(layer, theta)])
    }
}
impl<T: Real> Tested<T> for Laplace {
    fn law(&self) -> u64 {
        law::<T, _>(self)
    }
}
impl<T: Real> Tested<T> for AnyNoise {
    fn law(&self) -> u64 {
        match self {
            Self::Gumbel => law::<T, _>(&Gumbel),
            Self::Laplace => law::<T, _>(&Laplace),
            Self::Logistic => law::<T, _>(&Logistic),
            Self::Normal => law::<T, _>(&Normal),
            _ => unreachable!("{self:?} has no digest"),
        }
    }
    fn curved<O: Oracle<T>>(layer: &Perturbed<O, Self, T>, theta: &[T]) -> Option<[Result<u64, Error>; 2]> {
        SmoothNoise::<T>::check_smooth(layer.noise()).ok()?;
        Some([by_scores(layer, theta), second_derivatives(layer, theta)])
    }
}

/// Reports sampled estimates of every oracle that it is shown, under one noise.
pub struct Estimates<'a, N> {
    /// The noise.
    pub noise: N,
    /// Receives the digests.
    pub report: Report<'a>,
}

impl<N> fmt::Debug for Estimates<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Estimates").finish_non_exhaustive()
    }
}

impl<T: Real, N: Tested<T>> Visitor<T> for Estimates<'_, N> {
    // Kept apart, as the estimates are: inlined into one another, their stack frames would add up.
    #[inline(never)]
    fn visit<O: Oracle<T> + Sync>(&mut self, name: &str, oracle: Result<O, Error>, theta: &[T]) {
        let layer = oracle.and_then(|oracle| Perturbed::new(oracle, self.noise, T::HALF));
        let mut case = |what, digest| tell::<T>(self.report, name, self.noise.name(), what, digest);
        let layer = match &layer {
            Ok(layer) => layer,
            Err(error) => return case("sampled", Err(*error)),
        };
        case("sampled", sampled(layer, theta));
        case("by values", by_values(layer, theta));
        case("sampled fenchel-young", fenchel_young(layer, theta));
        case("variance reduced", reduced(layer, theta));
        case("i-mle", implicit(layer, theta));
        case("composed", squared(layer, theta));
        if let Some([first, second]) = N::curved(layer, theta) {
            case("second formulas", first);
            case("second derivatives", second);
        }
    }
}

pub(crate) fn picks<T: Real, N: Tested<T>>(noise: N, report: Report<'_>) {
    layers::picks::<T>(&mut Estimates { noise, report });
}

/// Groups and rounds, and rankings of more entries than are counted.
pub(crate) fn groups<T: Real, N: Tested<T>>(noise: N, report: Report<'_>) {
    layers::groups::<T>(&mut Estimates { noise, report });
    tell::<T>(report, "ranking", noise.name(), "by sorting", sorted(noise));
}

pub(crate) fn paths<T: Real, N: Tested<T>>(noise: N, report: Report<'_>) {
    layers::paths::<T>(&mut Estimates { noise, report });
}

/// Trees and matchings, and trees that are known in part.
pub(crate) fn graphs<T: Real, N: Tested<T>>(noise: N, report: Report<'_>) {
    layers::graphs::<T>(&mut Estimates { noise, report });
    tell::<T>(report, "spanning tree", noise.name(), "partial label", labelled(noise));
}

pub(crate) fn packs<T: Real, N: Tested<T>>(noise: N, report: Report<'_>) {
    layers::packs::<T>(&mut Estimates { noise, report });
}

/// The first formulas in one pass, with the baseline and plain.
#[inline(never)]
fn sampled<T: Real, N: Noise<T>, O: Oracle<T>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    let u = &reals(DIRECTION)[..theta.len()];
    for samples in SAMPLES {
        for how in [MonteCarlo::new(samples, Seed(42)), MonteCarlo::plain(samples, Seed(42).fold(1))] {
            let listeners = (Value, Maximizer, (Jacobian, Vjp { cotangent: u }, Jvp { tangent: u }));
            let (value, y, (jacobian, vjp, jvp)) = layer.compute(theta, &listeners, how)?;
            digest.add(&[value]);
            for part in [y.as_ref(), jacobian.as_ref(), vjp.as_ref(), jvp.as_ref()] {
                digest.add(part);
            }
        }
    }
    Ok(digest.get())
}

/// A vertex far from the best one.
fn far<T: Real, N: Noise<T>, O: Oracle<T>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<<O::Shape as Shape>::Array<T>, Error> {
    let mut negated = layer.oracle().shape().array(T::ZERO);
    for (negated, &theta) in negated.as_mut().iter_mut().zip(theta) {
        *negated = -theta;
    }
    Ok(layer.decide(negated.as_ref())?.1)
}

/// What needs values but no scores of the noise, and the maximizer by values.
#[inline(never)]
fn by_values<T: Real, N: Noise<T>, O: Oracle<T>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    let target = far(layer, theta)?;
    let target = target.as_ref();
    let term = FenchelYoungTerm { target, offset: layer.oracle().offset(target) };
    for samples in SAMPLES {
        for how in [MonteCarlo::new(samples, Seed(50)), MonteCarlo::plain(samples, Seed(51))] {
            let slopes = (EpsilonDerivative, EpsilonLossDerivative { target });
            let (y, (loss, gradient), slopes) =
                layer.compute(theta, &(MaximizerByScore, term, slopes), how)?;
            digest.add(y.as_ref());
            digest.add(&[loss]);
            digest.add(gradient.as_ref());
            digest.add(&[slopes.0, slopes.1]);
        }
    }
    Ok(digest.get())
}

/// Loss and gradient at a vertex; inside C, where Ω is found by the dual; and with one sample.
#[inline(never)]
fn fenchel_young<T: Real, N: Noise<T>, O: Oracle<T>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    let vertex = far(layer, theta)?;
    let vertex = vertex.as_ref();
    let inside = layer.maximizer(theta, MonteCarlo::new(5, Seed(52)))?;
    let at_vertex = layer.fenchel_young(theta, vertex, MonteCarlo::new(70, Seed(53)));
    let within = layer.fenchel_young(theta, inside.as_ref(), MonteCarlo::new(3, Seed(54)));
    for found in [at_vertex, within] {
        match found {
            Ok(found) => {
                digest.add(&[found.loss]);
                digest.add(found.gradient.as_ref());
            }
            // Under floored costs a search is no maximiser of positive scores, and the dual may take a point inside for
            // one outside, or find no end: the same points on every machine.
            Err(Error::OutsideHull { .. } | Error::NotConverged { .. }) => digest.add(&[T::INFINITY]),
            Err(error) => return Err(error),
        }
    }
    digest.add(layer.fenchel_young_gradient(theta, vertex, MonteCarlo::new(1, Seed(55)))?.as_ref());
    Ok(digest.get())
}

/// Estimates that leave one out, mirror their noise, or draw quasi-random points, with their standard errors.
#[inline(never)]
fn reduced<T: Real, N: Noise<T>, O: Oracle<T>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    let u = &reals(DIRECTION)[..theta.len()];
    let how = MonteCarlo::new(150, Seed(47));
    for how in [how.leave_one_out(), how.antithetic(), how.quasi_random()] {
        let listeners = (Maximizer, MaximizerByScore, Vjp { cotangent: u });
        let found = layer.compute_with_error(theta, &listeners, how)?;
        for (a, b, c) in [found.mean, found.standard_error] {
            digest.add(a.as_ref());
            digest.add(b.as_ref());
            digest.add(c.as_ref());
        }
    }
    Ok(digest.get())
}

/// I-MLE's gradient, with one sample and with several.
#[inline(never)]
fn implicit<T: Real, N: Noise<T>, O: Oracle<T>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    let g = &reals(DIRECTION)[..theta.len()];
    for samples in [1, 70] {
        let how = MonteCarlo::new(samples, Seed(56));
        if let Some(gradient) = refusable(imle_gradient(layer, theta, g, T::from_f64(0.8), how))? {
            digest.add(gradient.as_ref());
        }
    }
    Ok(digest.get())
}

/// Half the squared distance of the maximizer to a vertex.
#[inline(never)]
fn squared<T: Real, N: Noise<T>, O: Oracle<T>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    let target = far(layer, theta)?;
    let (forward, backward) = (MonteCarlo::new(70, Seed(57)), MonteCarlo::new(70, Seed(58)));
    let found = composed(layer, theta, forward, backward, |y, gradient| {
        let mut loss = T::ZERO;
        for ((g, &y), &target) in gradient.iter_mut().zip(y).zip(target.as_ref()) {
            *g = y - target;
            loss += T::HALF * *g * *g;
        }
        loss
    })?;
    digest.add(&[found.loss]);
    digest.add(found.gradient.as_ref());
    Ok(digest.get())
}

/// The formulas that weight scores by values.
#[inline(never)]
fn by_scores<T: Real, N: SmoothNoise<T>, O: Oracle<T>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    for samples in SAMPLES {
        let how = MonteCarlo::new(samples, Seed(43));
        let (y, jacobian) = layer.compute(theta, &(MaximizerByScore, JacobianByCurvature), how)?;
        digest.add(y.as_ref());
        digest.add(jacobian.as_ref());
    }
    Ok(digest.get())
}

/// The derivative of the vector–Jacobian product, and its product with a vector.
#[inline(never)]
fn second_derivatives<T: Real, N: SmoothNoise<T>, O: Oracle<T>>(
    layer: &Perturbed<O, N, T>,
    theta: &[T],
) -> Result<u64, Error> {
    let mut digest = Digest::new();
    let cotangent = &reals(DIRECTION)[..theta.len()];
    for samples in SAMPLES {
        let how = MonteCarlo::new(samples, Seed(59));
        let product = VjpJacobianProduct { cotangent, tangent: theta };
        let (matrix, product) = layer.compute(theta, &(VjpJacobian { cotangent }, product), how)?;
        digest.add(matrix.as_ref());
        digest.add(product.as_ref());
    }
    Ok(digest.get())
}

/// A ranking of more entries than are counted, with ties.
#[inline(never)]
fn sorted<T: Real, N: Noise<T>>(noise: N) -> Result<u64, Error> {
    let mut theta = [T::ZERO; 20];
    for (i, theta) in theta.iter_mut().enumerate() {
        *theta = T::from_usize(i * 7 % 13) - T::from_usize(6);
    }
    let layer = Perturbed::new(Ranking::descending(Const::<20>)?, noise, T::HALF)?;
    let mut digest = Digest::new();
    let (value, y) = layer.decide(&theta)?;
    digest.add(&[value]);
    digest.add(&y);
    digest.add(&layer.maximizer(&theta, MonteCarlo::new(70, Seed(46)))?);
    Ok(digest.get())
}

/// A tree of which one edge is known, and one that is not in it.
#[inline(never)]
fn labelled<T: Real, N: Noise<T>>(noise: N) -> Result<u64, Error> {
    let tree = SpanningTree::new(layers::graph()?)?;
    let mut labels = [EdgeLabel::Free; 9];
    (labels[3], labels[7]) = (EdgeLabel::In, EdgeLabel::Out);
    let agreeing = tree.constrained(&labels)?;
    let layer = Perturbed::new(tree, noise, T::HALF)?;
    let mut digest = Digest::new();
    for samples in SAMPLES {
        let found = partial_label(&layer, &agreeing, &reals(LABELS), MonteCarlo::new(samples, Seed(60)))?;
        digest.add(&[found.loss]);
        digest.add(&found.gradient);
    }
    Ok(digest.get())
}
