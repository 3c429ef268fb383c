//! What comes without standard errors, by replicates: multiplicative noise, partial labels, implicit maximum likelihood.

use perturb::loss::{imle_gradient, partial_label};
use perturb::{
    Dyn, Graph, Gumbel, Laplace, Logistic, Multiplicative, Noise, Normal, Perturbed, Real, Seed, Simplex,
    SpanningTree, TopK, noise::Law, oracle::EdgeLabel,
};
use perturb_tests::vertices::dot;

use super::judge::Comparison;
use super::observe::{Setting, VARIANTS, Want, replicate, rounded};
use super::reduction::Base;
use super::{Job, samples};
use crate::{Size, Source};

/// Instances of each.
const INSTANCES: usize = 16;

pub(super) fn jobs(size: Size, jobs: &mut Vec<Job>) {
    for instance in 0..INSTANCES.div_ceil(size.thinned.max(1)) {
        jobs.push(Box::new(move |number, size| factors::<f32>(number, instance, size)));
        jobs.push(Box::new(move |number, size| factors::<f64>(number, instance, size)));
        jobs.push(Box::new(move |number, size| labels::<f32, _>(Gumbel, number, instance, size)));
        jobs.push(Box::new(move |number, size| labels::<f64, _>(Normal, number, instance, size)));
        jobs.push(Box::new(move |number, size| labels::<f64, _>(Laplace, number, instance, size)));
        jobs.push(Box::new(move |number, size| implicit::<f32, _>(Normal, number, instance, size)));
        jobs.push(Box::new(move |number, size| implicit::<f64, _>(Gumbel, number, instance, size)));
        jobs.push(Box::new(move |number, size| implicit::<f64, _>(Logistic, number, instance, size)));
    }
}

fn wants(estimator: &'static str, exact: impl IntoIterator<Item = f64>) -> impl Iterator<Item = Want> {
    exact.into_iter().map(move |exact| Want { estimator, exact, range: f64::INFINITY, share: false })
}

fn setting<T: Real>(name: String, number: usize, instance: usize, size: Size) -> Setting {
    let seed = Seed(size.seed).fold(number as u64).fold(1);
    let variant = instance % VARIANTS.len();
    // 256 replicates of whole blocks.
    Setting { name, number: 2 * number, variant, samples: samples::<T>(size).max(1 << 14), seed }
}

/// Top-k of positive scores times log-normal factors: the additive layer at log θ, by which order is the same. Weighted by
/// factor i, noise i is normal about ε, so that the gradient's entry i is the inclusion of i with its logarithm raised by ε².
fn factors<T: Real>(number: usize, instance: usize, size: Size) -> Vec<Comparison> {
    let source = &mut Source::new(Seed(size.seed).fold(number as u64), 0);
    let d = source.whole(1, 5);
    let k = source.whole(1, d);
    let (scores, scores_wide) = rounded::<T>(&(0..d).map(|_| source.between(0.7, 1.6)).collect::<Vec<_>>());
    let (epsilon, u) = (T::from_f64(source.between(0.3, 0.7)), source.between(-1.0, 1.0));
    let cotangent: Vec<T> = (0..d).map(|i| T::from_f64(u * (i as f64 + 0.5).sin())).collect();
    let layer = Multiplicative::new(TopK::new(Dyn(d), k).unwrap(), epsilon).unwrap();
    let target = layer.sample(&scores, Seed(number as u64), 0).unwrap();

    let wide = epsilon.to_f64();
    let logarithms: Vec<f64> = scores_wide.iter().map(|x| x.ln()).collect();
    let (_, y, twin) = Base::TopK(k).expect(Normal, &logarithms, wide);
    let jacobian: Vec<f64> = twin.iter().enumerate().map(|(at, j)| j / scores_wide[at % d]).collect();
    let gradient: Vec<f64> = (0..d)
        .map(|i| {
            let mut raised = logarithms.clone();
            raised[i] += wide * wide;
            Base::TopK(k).expect(Normal, &raised, wide).1[i]
        })
        .collect();
    let value = dot(&gradient, &scores_wide);
    let transposed = |j: usize| -> f64 { (0..d).map(|i| cotangent[i].to_f64() * jacobian[i * d + j]).sum() };
    let target_wide = perturb_tests::widened(&target);
    let mut all: Vec<Want> = wants("multiplicative maximizer", y).collect();
    all.extend(wants("multiplicative value", [value]));
    all.extend(wants("multiplicative gradient", gradient.clone()));
    all.extend(wants("multiplicative jacobian", jacobian.clone()));
    all.extend(wants("multiplicative vjp", (0..d).map(transposed)));
    all.extend(wants("multiplicative loss", [value - dot(&target_wide, &scores_wide)]));
    all.extend(wants("multiplicative loss gradient", gradient.iter().zip(&target_wide).map(|(g, y)| g - y)));
    let setting =
        setting::<T>(format!("top-{k} of {d} times factors in {}", T::NAME), number, instance, size);
    replicate(&setting, &all, "normal", |how| {
        let mut found = layer.maximizer(&scores, how).unwrap();
        let (value, gradient) = layer.value_and_gradient(&scores, how).unwrap();
        found.push(value);
        found.extend(gradient);
        found.extend(layer.jacobian(&scores, how).unwrap());
        found.extend(layer.vjp(&scores, &cotangent, how).unwrap());
        // The loss is cut at 0 replicate by replicate; ⟨gradient, θ⟩ is the loss that is not.
        let loss = layer.fenchel_young(&scores, &target, how).unwrap();
        let uncut = loss.gradient.iter().zip(&scores).fold(T::ZERO, |sum, (&g, &x)| sum + g * x);
        assert_eq!(loss.loss, uncut.larger(T::ZERO));
        found.push(uncut);
        found.extend(loss.gradient);
        found
    })
}

/// A tree of parallel edges is a pick of one; edges that are out leave a pick of the others.
fn labels<T: Real, N: Law<T> + Law<f64>>(
    noise: N,
    number: usize,
    instance: usize,
    size: Size,
) -> Vec<Comparison> {
    let source = &mut Source::new(Seed(size.seed).fold(number as u64), 0);
    let d = source.whole(2, 6);
    let out = source.whole(1, d - 1);
    let (theta, wide) = rounded::<T>(&(0..d).map(|_| source.between(-0.6, 0.6)).collect::<Vec<_>>());
    let all_trees = SpanningTree::new(Graph::new(Dyn(2), Dyn(d), &vec![(0, 1); d]).unwrap()).unwrap();
    let labels: Vec<_> = (0..d).map(|i| if i < out { EdgeLabel::Out } else { EdgeLabel::Free }).collect();
    let agreeing = all_trees.constrained(&labels).unwrap();
    let layer = Perturbed::new(all_trees, noise, T::ONE).unwrap();
    let (value, y, _) = Base::Simplex.expect(noise, &wide, 1.0);
    let (agreed, some, _) = Base::Simplex.expect(noise, &wide[out..], 1.0);
    let gradient = y.iter().enumerate().map(|(i, y)| if i < out { *y } else { y - some[i - out] });
    let mut all: Vec<Want> = wants("partial label loss", [value - agreed]).collect();
    all.extend(wants("partial label gradient", gradient));
    let name = format!("{out} of {d} edges out, {} in {}", Noise::<f64>::name(&noise), T::NAME);
    replicate(&setting::<T>(name, number, instance, size), &all, Noise::<f64>::name(&noise), |how| {
        let found = partial_label(&layer, &agreeing, &theta, how).unwrap();
        std::iter::once(found.loss).chain(found.gradient).collect()
    })
}

/// A difference of two maximizers under the same noise.
fn implicit<T: Real, N: Law<T> + Law<f64>>(
    noise: N,
    number: usize,
    instance: usize,
    size: Size,
) -> Vec<Comparison> {
    let source = &mut Source::new(Seed(size.seed).fold(number as u64), 0);
    let d = source.whole(2, 6);
    let mut draw =
        |reach: f64| rounded::<T>(&(0..d).map(|_| source.between(-reach, reach)).collect::<Vec<_>>());
    let ((theta, wide), (cotangent, wide_cotangent)) = (draw(0.6), draw(1.0));
    let lambda = source.between(0.5, 2.0);
    let lambda = T::from_f64(lambda);
    let moved: Vec<f64> =
        wide.iter().zip(&wide_cotangent).map(|(theta, g)| theta - lambda.to_f64() * g).collect();
    let (_, y, _) = Base::Simplex.expect(noise, &wide, 1.0);
    let (_, other, _) = Base::Simplex.expect(noise, &moved, 1.0);
    let exact = y.iter().zip(other).map(|(y, other)| (y - other) / lambda.to_f64());
    let all: Vec<Want> = wants("implicit gradient", exact).collect();
    let layer = Perturbed::new(Simplex::new(Dyn(d)).unwrap(), noise, T::ONE).unwrap();
    let name = format!("implicit likelihood (d = {d}), {} in {}", Noise::<f64>::name(&noise), T::NAME);
    replicate(&setting::<T>(name, number, instance, size), &all, Noise::<f64>::name(&noise), |how| {
        imle_gradient(&layer, &theta, &cotangent, lambda, how).unwrap()
    })
}
