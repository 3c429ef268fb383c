//! Scores that are perturbed by factors.

use perturb::{Multiplicative, Oracle, Real, Shape};

use super::layer::Case;
use super::packs::with_knapsack;
use super::paths::{with_edges, with_grid};
use super::picks::{with_cube, with_ranking, with_simplex};
use crate::check::{Given, Numbers, check};
use crate::input::Input;

/// Estimates with multiplicative noise.
pub fn multiplicative(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let input = &mut input;
    let dim = input.size(1, 10);
    match input.any::<u8>() % 6 {
        0 => with_simplex::<f32>(dim, input, |case, input| case.show(|case| all(case, input))),
        1 => with_ranking::<f64>(dim, input, |case, input| case.show(|case| all(case, input))),
        2 => with_grid::<f32>(input, |case, input| case.show(|case| all(case, input))),
        3 => with_edges::<f64>(input, |case, input| case.show(|case| all(case, input))),
        4 => with_cube::<f64>(dim, input, |case, input| case.show(|case| all(case, input))),
        _ => with_knapsack::<f32>(input, |case, input| case.show(|case| all(case, input))),
    }
}

fn all<O: Oracle<T>, T: Real + Numbers>(case: Case<'_, O, T>, input: &mut Input<'_>) {
    let dim = case.oracle.shape().dim();
    let epsilon: T = input.positive();
    let layer = Multiplicative::new(case.oracle, epsilon);
    if !(epsilon > T::ZERO && epsilon.is_finite()) {
        layer.err().expect("no temperature");
        return;
    }
    let Ok(layer) = layer else { return };
    let (how, theta, u): (_, Vec<T>, Vec<T>) = (input.monte_carlo(), input.vector(dim), input.vector(dim));
    // Factors of a temperature above 1 may leave the range of f32.
    let usual = case.total && (0.01..=1.0).contains(&epsilon.to_f64());
    let given = Given::scores(layer.oracle(), &theta).and(true, usual);
    let sampled = given.and(how.samples > 0, true);
    let with_u = Given::vectors(dim, &[&u]);
    let with_u = sampled.and(with_u != Given::Unfit, with_u == Given::Ordinary);
    let drawn = layer.sample(&theta, how.seed, u64::from(input.any::<u32>())).map(|y| y.as_ref().to_vec());
    if let Some(y) = check("a sample", given, drawn) {
        assert!((case.is_vertex)(&y), "a sample is no vertex: {y:?} at {theta:?}");
    }
    match input.any::<u8>() % 4 {
        0 => {
            let value = layer.value_and_gradient(&theta, how).map(|(value, y)| (value, y.as_ref().to_vec()));
            check("value and gradient", sampled, value);
        }
        1 => {
            check("the maximizer", sampled, layer.maximizer(&theta, how).map(|y| y.as_ref().to_vec()));
        }
        2 => {
            check("the Jacobian", sampled, layer.jacobian(&theta, how).map(|x| x.as_ref().to_vec()));
            check("a product", with_u, layer.vjp(&theta, &u, how).map(|x| x.as_ref().to_vec()));
        }
        _ => {
            let loss = layer.fenchel_young(&theta, &u, how);
            let loss = loss.map(|found| (found.loss, found.gradient.as_ref().to_vec()));
            if let Some((loss, _)) = check("the loss", with_u, loss) {
                assert!(loss >= T::ZERO, "a loss of {loss}");
            }
        }
    }
}
