//! The losses of the neighbouring literature.

use perturb::loss::{
    LossAndGradient, Projection, SparseMap, SpoPlus, composed, imle_gradient, interpolation_gradient,
    partial_label,
};
use perturb::oracle::Location;
use perturb::{
    Error, Gumbel, MonteCarlo, Noise, Normal, Oracle, Perturbed, Real, Shape, SpanningTree, oracle::EdgeLabel,
};

use super::graphs::{with_assignment, with_flow, with_tree};
use super::layer::Case;
use super::packs::{with_knapsack, with_tour};
use super::paths::{graph, with_grid};
use super::picks::{with_ranking, with_simplex};
use crate::check::{Given, Numbers, check};
use crate::input::Input;

/// Losses and gradients.
pub fn losses(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let input = &mut input;
    let dim = input.size(1, 10);
    match input.any::<u8>() % 11 {
        0 => with_ranking::<f32>(dim, input, |case, input| case.show(|case| all(case, Normal, input))),
        1 => with_ranking::<f64>(dim, input, |case, input| case.show(|case| all(case, Gumbel, input))),
        2 => with_simplex::<f32>(dim, input, |case, input| case.show(|case| all(case, Normal, input))),
        3 => with_simplex::<f64>(dim, input, |case, input| case.show(|case| all(case, Gumbel, input))),
        4 => with_knapsack::<f64>(input, |case, input| case.show(|case| all(case, Gumbel, input))),
        5 => with_grid::<f32>(input, |case, input| case.show(|case| all(case, Normal, input))),
        6 => with_assignment::<f32>(input, |case, input| case.show(|case| all(case, Normal, input))),
        7 => with_flow::<f64>(input, |case, input| case.show(|case| all(case, Gumbel, input))),
        8 => with_tour::<f32>(input, |case, input| case.show(|case| all(case, Normal, input))),
        9 => with_tree::<f64>(input, |case, input| case.show(|case| all(case, Gumbel, input))),
        _ => partial(input),
    }
}

/// Loss and gradient as plain numbers.
fn plain<T: Real, A: AsRef<[T]>>(found: LossAndGradient<T, A>) -> (T, Vec<T>) {
    let LossAndGradient { loss, gradient } = found;
    (loss, gradient.as_ref().to_vec())
}

fn all<O, N, T>(case: Case<'_, O, T>, noise: N, input: &mut Input<'_>)
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real + Numbers,
{
    let dim = case.oracle.shape().dim();
    let oracle = case.oracle;
    let what = input.any::<u8>();
    let lambda: T = input.positive();
    let (theta, u): (Vec<T>, Vec<T>) = (input.vector(dim), input.vector(dim));
    // Searches that need costs from 0 on may refuse others by name.
    let everywhere = oracle.properties().greatest_score.is_infinite();
    let given = Given::vectors(dim, &[&theta, &u]).and(true, case.total && everywhere);
    // Scores of −∞ are for those that need neither differences nor means of scores.
    let allowed = Given::scores(&oracle, &theta).and(Given::vectors(dim, &[&u]) != Given::Unfit, false);
    let free = if given == Given::Unfit { allowed } else { given };
    match what % 6 {
        0 => spo_plus(&oracle, &theta, &u, given),
        1 => {
            let gradient = interpolation_gradient(&oracle, &theta, &u, lambda);
            check("the interpolation", free.positive(lambda), gradient.map(|x| x.as_ref().to_vec()));
        }
        2 => {
            let projection = input.one_of(&[Projection::None, Projection::Mean, Projection::Standardize]);
            let alone = Given::vectors(dim, &[&theta]).and(true, everywhere);
            let projected = projection.project(&oracle, &theta).map(|x| x.as_ref().to_vec());
            check("a projection", alone, projected);
            let gradient = projection.gradient(&oracle, &theta, &u).map(|x| x.as_ref().to_vec());
            check("the gradient of a projection", given, gradient);
        }
        3 => sparse_map(&oracle, &theta, &u, lambda, given, input),
        _ => {
            let epsilon: T = input.positive();
            let Ok(layer) = Perturbed::new(oracle, noise, epsilon) else { return };
            let how = input.monte_carlo();
            let given = free.positive(epsilon).and(how.samples > 0, true);
            if what % 6 == 4 {
                let gradient = imle_gradient(&layer, &theta, &u, lambda, how);
                check(
                    "implicit maximum likelihood",
                    given.positive(lambda),
                    gradient.map(|x| x.as_ref().to_vec()),
                );
            } else {
                of_a_decision(&layer, &theta, &u, how, given);
            }
        }
    }
}

fn spo_plus<O: Oracle<T>, T: Real + Numbers>(oracle: &O, theta: &[T], truth: &[T], given: Given) {
    let dim = oracle.shape().dim();
    let spo = SpoPlus::new(oracle, truth);
    let of_truth = Given::vectors(dim, &[truth]).and(true, given == Given::Ordinary);
    let value = spo.as_ref().map(SpoPlus::value).map_err(|&error| error);
    check("the true value", of_truth, value);
    let Ok(spo) = spo else { return };
    if let Some((loss, _)) = check("SPO+", given, spo.loss(oracle, theta).map(plain)) {
        assert!(loss >= T::ZERO, "a loss of {loss}");
    }
    if let Some(regret) = check("the regret", given, spo.regret(oracle, theta)) {
        assert!(regret >= T::ZERO, "a regret of {regret}");
    }
}

fn sparse_map<O: Oracle<T>, T: Real + Numbers>(
    oracle: &O,
    theta: &[T],
    u: &[T],
    lambda: T,
    given: Given,
    input: &mut Input<'_>,
) {
    let tolerance: T = input.positive();
    let sparse = SparseMap { lambda, tolerance, steps: u32::from(input.any::<u8>() % 64) };
    let given = given.positive(lambda).positive(tolerance);
    let alone =
        Given::vectors(oracle.shape().dim(), &[theta]).and(given != Given::Unfit, given == Given::Ordinary);
    if given != Given::Unfit {
        let found = sparse.maximizer(oracle, theta);
        let found = found.map(|found| (found.y.as_ref().to_vec(), found.value, found.gap));
        if let Some((_, _, gap)) = check("a regularised maximizer", alone, found) {
            assert!(gap >= T::ZERO, "a gap of {gap}");
        }
    }
    let given = given.and(true, oracle.locate(u, Some(&mut oracle.work())) != Location::Outside);
    if let Some((loss, _)) = check("a regularised loss", given, sparse.loss(oracle, theta, u).map(plain)) {
        assert!(loss >= T::ZERO, "a loss of {loss}");
    }
}

/// A squared loss of the expected decision.
fn of_a_decision<O, N, T>(layer: &Perturbed<O, N, T>, theta: &[T], u: &[T], how: MonteCarlo, given: Given)
where
    O: Oracle<T>,
    N: Noise<T>,
    T: Real + Numbers,
{
    if u.len() != layer.oracle().shape().dim() {
        return;
    }
    let squared = |y: &[T], gradient: &mut [T]| {
        let mut loss = T::ZERO;
        for ((g, &y), &u) in gradient.iter_mut().zip(y).zip(u) {
            *g = y - u;
            loss += *g * *g;
        }
        loss
    };
    check("a loss of the decision", given, composed(layer, theta, how, how.row(1), squared).map(plain));
}

/// Partial labels of a spanning tree.
fn partial(input: &mut Input<'_>) {
    let Ok(tree) = graph(input, false).map(SpanningTree::forest) else { return };
    let dim = tree.graph().edges().len();
    let labels: Vec<EdgeLabel> = (0..dim)
        .map(|_| input.one_of(&[EdgeLabel::Free, EdgeLabel::In, EdgeLabel::Out, EdgeLabel::Free]))
        .collect();
    let Ok(agreeing) = tree.constrained(&labels) else { return };
    let epsilon: f32 = input.positive();
    let Ok(layer) = Perturbed::new(tree, Gumbel, epsilon) else { return };
    let (how, theta): (_, Vec<f32>) = (input.monte_carlo(), input.vector(dim));
    let given = Given::scores(layer.oracle(), &theta).positive(epsilon).and(how.samples > 0, true);
    let found: Result<_, Error> = partial_label(&layer, &agreeing, &theta, how).map(plain);
    if let Some((loss, _)) = check("the loss of a partial label", given, found) {
        assert!(loss >= 0.0, "a loss of {loss}");
    }
}
