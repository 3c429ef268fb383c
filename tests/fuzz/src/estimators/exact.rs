//! Closed forms and quadratures, and what chooses between them and samples.

use std::fmt::Debug;

use perturb::oracle::Location;
use perturb::{
    ClosedForm, Exact, Gumbel, How, Laplace, Logistic, Method, Noise, Normal, Perturbed, Real, Shape,
    method::Cost,
    quantity::{Maximizer, Value, Vjp},
};

use super::layer::Case;
use super::picks::{with_cube, with_ranking, with_simplex, with_top_k};
use crate::check::{Given, Numbers, check, same_bits};
use crate::input::Input;

/// Exact expectations of the oracles that have them.
pub fn exact(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let input = &mut input;
    let dim = input.size(1, 6);
    match input.any::<u8>() % 20 {
        18 => with_simplex::<f32>(dim, input, |case, input| chosen(case, Gumbel, input)),
        19 => with_ranking::<f64>(dim, input, |case, input| chosen(case, Normal, input)),
        0 => with_simplex::<f64>(dim, input, |case, input| all(case, Gumbel, input)),
        1 => with_simplex::<f64>(dim, input, |case, input| all(case, Normal, input)),
        2 => with_simplex::<f64>(dim, input, |case, input| all(case, Laplace, input)),
        3 => with_simplex::<f64>(dim, input, |case, input| all(case, Logistic, input)),
        4 => with_simplex::<f32>(dim, input, |case, input| all(case, Gumbel, input)),
        5 => with_simplex::<f32>(dim, input, |case, input| all(case, Normal, input)),
        6 => with_top_k::<f64>(dim, input, |case, input| all(case, Normal, input)),
        7 => with_top_k::<f64>(dim, input, |case, input| all(case, Laplace, input)),
        8 => with_top_k::<f32>(dim, input, |case, input| all(case, Gumbel, input)),
        9 => with_cube::<f64>(dim, input, |case, input| all(case, Gumbel, input)),
        10 => with_cube::<f64>(dim, input, |case, input| all(case, Laplace, input)),
        11 => with_cube::<f64>(dim, input, |case, input| all(case, Logistic, input)),
        12 => with_cube::<f32>(dim, input, |case, input| all(case, Normal, input)),
        13 => with_ranking::<f64>(dim, input, |case, input| all(case, Gumbel, input)),
        14 => with_ranking::<f64>(dim, input, |case, input| all(case, Normal, input)),
        15 => with_ranking::<f64>(dim, input, |case, input| all(case, Laplace, input)),
        16 => with_ranking::<f64>(dim, input, |case, input| all(case, Logistic, input)),
        _ => with_ranking::<f32>(dim, input, |case, input| all(case, Normal, input)),
    }
}

fn all<O, N, T>(case: Case<'_, O, T>, noise: N, input: &mut Input<'_>)
where
    O: ClosedForm<T, N>,
    N: Noise<T>,
    T: Real + Numbers,
{
    let dim = case.oracle.shape().dim();
    let epsilon: T = input.positive();
    let Ok(layer) = Perturbed::new(case.oracle, noise, epsilon) else { return };
    let what = input.any::<u8>();
    let (theta, u): (Vec<T>, Vec<T>) = (input.vector(dim), input.vector(dim));
    // There is no closed form for references that are not equally spaced.
    let given = Given::scores(layer.oracle(), &theta).positive(epsilon).and(true, case.total);
    let has_form = layer.oracle().samples_of_equal_cost(layer.noise(), Cost::Value).is_some();
    let given = given.and(true, has_form);
    let with_u = Given::vectors(dim, &[&u]);
    let with_u = given.and(with_u != Given::Unfit, with_u == Given::Ordinary);
    match what % 64 {
        0 => duals(&layer, &theta, &u, given, with_u),
        1..8 => memory(&layer, Exact, &theta, &u, given, with_u),
        what => moments(&layer, what % 6, &theta, &u, given, with_u),
    }
}

/// What is exact or sampled as run time, or cost, has it.
fn chosen<O, N, T>(case: Case<'_, O, T>, noise: N, input: &mut Input<'_>)
where
    O: ClosedForm<T, N>,
    N: Noise<T>,
    T: Real + Numbers,
{
    let dim = case.oracle.shape().dim();
    let epsilon: T = input.positive();
    let Ok(layer) = Perturbed::new(case.oracle, noise, epsilon) else { return };
    let (exact, how) = (input.any::<bool>(), input.monte_carlo());
    let (theta, u): (Vec<T>, Vec<T>) = (input.vector(dim), input.vector(dim));
    let given = Given::scores(layer.oracle(), &theta).and(exact || how.samples > 0, false);
    let with_u = given.and(Given::vectors(dim, &[&u]) != Given::Unfit, false);
    let expectation = if exact { How::Exact } else { How::MonteCarlo(how) };
    memory(&layer, expectation, &theta, &u, given, with_u);
    if how.samples > 0 {
        let given = Given::scores(layer.oracle(), &theta).and(true, false);
        let cheapest = layer.maximizer(&theta, How::Cheapest(how)).map(|y| y.as_ref().to_vec());
        check("the cheapest maximizer", given, cheapest);
        check("the cheapest value", given, layer.value(&theta, How::Cheapest(how)));
    }
}

/// Values, derivatives and losses, one of them for each input: a quadrature takes long.
fn moments<O, N, T>(layer: &Perturbed<O, N, T>, what: u8, theta: &[T], u: &[T], given: Given, with_u: Given)
where
    O: ClosedForm<T, N>,
    N: Noise<T>,
    T: Real + Numbers,
{
    match what {
        0 => {
            let both = layer.value_and_maximizer(theta, Exact).map(|(value, y)| (value, y.as_ref().to_vec()));
            check("value and maximizer", given, both);
        }
        1 => {
            check("the Jacobian", given, layer.jacobian(theta, Exact).map(|x| x.as_ref().to_vec()));
        }
        2 => {
            check("a product", with_u, layer.vjp(theta, u, Exact).map(|x| x.as_ref().to_vec()));
        }
        3 => {
            let product = layer.jvp(theta, u, Exact).map(|x| x.as_ref().to_vec());
            check("a product from the right", with_u, product);
        }
        4 => {
            let gradient = layer.fenchel_young_gradient(theta, u, Exact).map(|x| x.as_ref().to_vec());
            let with_u = with_u.and(true, layer.oracle().locate(u, None) != Location::Outside);
            let Some(gradient) = check("the gradient", with_u, gradient) else { return };
            let y = layer.maximizer(theta, Exact).expect("its difference is there");
            let difference: Vec<T> = y.as_ref().iter().zip(u).map(|(&y, &target)| y - target).collect();
            assert!(same_bits(&gradient, &difference), "{gradient:?} is not y_ε − y, {difference:?}");
        }
        _ => {
            let Ok((_, target)) = layer.decide(u) else { return };
            let loss = layer.fenchel_young(theta, target.as_ref(), Exact);
            let loss = loss.map(|found| (found.loss, found.gradient.as_ref().to_vec()));
            if let Some((loss, _)) = check("the loss of a vertex", given, loss) {
                assert!(loss >= T::ZERO, "a loss of {loss}");
            }
        }
    }
}

/// Results in the caller's memory have the bits of those without.
fn memory<O, N, T, H>(layer: &Perturbed<O, N, T>, how: H, theta: &[T], u: &[T], given: Given, with_u: Given)
where
    O: ClosedForm<T, N>,
    N: Noise<T>,
    T: Real + Numbers,
    H: Method<O, N, T> + Debug,
{
    let mut value = T::ZERO;
    let done = layer.compute_into(theta, &Value, how, &mut how.work(layer), &mut value).map(|()| value);
    let value = check("the value", given, done);
    if let (Some(value), Ok(other)) = (value, layer.value(theta, how)) {
        assert!(same_bits(&[value], &[other]));
    }
    let shape = layer.oracle().shape();
    let (mut y, mut product, mut work) = (shape.array(T::ZERO), shape.array(T::ZERO), how.work(layer));
    let done = layer.compute_into(theta, &Maximizer, how, &mut work, &mut y);
    let y = check("the maximizer", given, done.map(|()| y.as_ref().to_vec()));
    if let (Some(y), Ok(other)) = (y, layer.maximizer(theta, how)) {
        assert!(same_bits(&y, other.as_ref()));
    }
    let done = layer.compute_into(theta, &Vjp { cotangent: u }, how, &mut work, &mut product);
    let product = check("a product", with_u, done.map(|()| product.as_ref().to_vec()));
    if let (Some(product), Ok(other)) = (product, layer.vjp(theta, u, how)) {
        assert!(same_bits(&product, other.as_ref()));
    }
}

/// Ω and the inverse at a point of the hull, and the loss of any point.
fn duals<O, N, T>(layer: &Perturbed<O, N, T>, theta: &[T], u: &[T], given: Given, with_u: Given)
where
    O: ClosedForm<T, N>,
    N: Noise<T>,
    T: Real + Numbers,
{
    // Up to tens of thousands of quadratures.
    if theta.len() > 3 {
        return;
    }
    let Ok(inside) = layer.maximizer(theta, Exact) else { return };
    check("Ω", given.and(true, false), layer.omega(inside.as_ref(), Exact));
    let inverse = layer.inverse_maximizer(inside.as_ref(), Exact);
    let inverse = inverse.map(|found| (found.theta.as_ref().to_vec(), found.residual));
    check("the inverse", given.and(true, false), inverse);
    let loss = layer.fenchel_young(theta, u, Exact);
    let loss = loss.map(|found| (found.loss, found.gradient.as_ref().to_vec()));
    if let Some((loss, _)) = check("the loss of a point", with_u.and(true, false), loss) {
        assert!(loss >= T::ZERO, "a loss of {loss}");
    }
}
