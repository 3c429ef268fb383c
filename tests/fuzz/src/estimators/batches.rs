//! Batches: each row has the bits, and the refusals, of the layer alone.

use perturb::quantity::{Maximizer, Value};
use perturb::{
    BatchExt, Dyn, Error, Exact, Gumbel, Method, MonteCarlo, Noise, Normal, Oracle, Perturbed, Ranking, Real,
    RowError, Shape, Simplex,
};

use super::layer::Case;
use super::paths::with_grid;
use super::picks::{with_ranking, with_simplex};
use crate::check::{Numbers, same_bits};
use crate::input::Input;

/// A result of a row's scores and target, given the row's index.
type OfRow<'a, T> = &'a dyn Fn(usize, &[T], &[T]) -> Result<Vec<T>, Error>;

/// Batches of one layer, and of a layer for each row.
pub fn batches(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let input = &mut input;
    let dim = input.size(1, 8);
    match input.any::<u8>() % 6 {
        0 => with_simplex::<f32>(dim, input, |case, input| {
            case.show(|case| shared(case, Gumbel, input, |how| how));
        }),
        1 => with_ranking::<f32>(dim, input, |case, input| {
            case.show(|case| shared(case, Gumbel, input, |how| how));
        }),
        2 => with_grid::<f32>(input, |case, input| {
            case.show(|case| shared(case, Gumbel, input, |how| how));
        }),
        3 => with_simplex::<f32>(dim, input, |case, input| shared(case, Gumbel, input, |_| Exact)),
        4 => with_ranking::<f64>(dim, input, |case, input| shared(case, Normal, input, |_| Exact)),
        _ => own(input),
    }
}

/// Rows of one layer.
fn shared<O, N, T, H>(case: Case<'_, O, T>, noise: N, input: &mut Input<'_>, how: impl Fn(MonteCarlo) -> H)
where
    O: Oracle<T> + Sync,
    N: Noise<T>,
    T: Real + Numbers,
    H: Method<O, N, T>,
{
    let Ok(layer) = Perturbed::new(case.oracle, noise, input.positive()) else { return };
    let dim = layer.oracle().shape().dim();
    let rows = input.size(0, 5);
    let sampled = input.monte_carlo();
    let how = how(sampled);
    let first = u64::from(input.any::<u8>());
    let what = input.any::<u8>() % 6;
    let (theta, u): (Vec<T>, Vec<T>) = (input.vector(rows * dim), input.vector(rows * dim));
    let batch = layer.batch().starting_at(first);
    let row = |r: usize| how.reseed(|seed| seed.fold(first + r as u64));
    let each = |f: OfRow<'_, T>| -> Result<Vec<T>, (usize, Error)> {
        let mut all = Vec::new();
        for (r, (theta, u)) in theta.chunks(dim).zip(u.chunks(dim)).enumerate() {
            all.extend(f(r, theta, u).map_err(|error| (r, error))?);
        }
        Ok(all)
    };
    let whole = theta.len() == rows * dim && u.len() == rows * dim;
    let (found, expected) = match what {
        0 => (batch.value(&theta, how), each(&|r, theta, _| Ok(vec![layer.value(theta, row(r))?]))),
        1 => (
            batch.maximizer(&theta, how),
            each(&|r, theta, _| Ok(layer.maximizer(theta, row(r))?.as_ref().to_vec())),
        ),
        2 => (
            batch.jacobian(&theta, how),
            each(&|r, theta, _| Ok(layer.jacobian(theta, row(r))?.as_ref().to_vec())),
        ),
        3 => (
            batch.vjp(&theta, &u, how),
            each(&|r, theta, u| Ok(layer.vjp(theta, u, row(r))?.as_ref().to_vec())),
        ),
        4 => (
            batch.jvp(&theta, &u, how),
            each(&|r, theta, u| Ok(layer.jvp(theta, u, row(r))?.as_ref().to_vec())),
        ),
        _ => (
            batch.fenchel_young_gradient(&theta, &u, how),
            each(&|r, theta, u| Ok(layer.fenchel_young_gradient(theta, u, row(r))?.as_ref().to_vec())),
        ),
    };
    if whole {
        compare(what, &found, &expected);
    } else if what > 2 || theta.len() != rows * dim {
        // Whole rows may be left, or missing, where a row has one entry.
        assert!(found.is_err() || dim == 1 || u.len() == theta.len(), "rows that are not whole");
    }
    if what == 0 {
        let _ = batch.compute_with_error(&theta, |_| (Value, Maximizer), sampled);
        if let Ok((losses, gradients)) = batch.fenchel_young(&theta, &u, how) {
            assert!(
                losses.are_finite() && gradients.are_finite() && losses.iter().all(|&loss| loss >= T::ZERO)
            );
        }
    }
}

fn compare<T: Real>(what: u8, found: &Result<Vec<T>, RowError>, expected: &Result<Vec<T>, (usize, Error)>) {
    match (found, expected) {
        (Ok(found), Ok(expected)) => {
            assert!(same_bits(found, expected), "{what}: {found:?} in a batch, {expected:?} alone");
            assert!(T::all_finite(found), "{found:?}");
        }
        (Err(_), Err(_)) => {}
        _ => panic!("{what}: {found:?} in a batch, {expected:?} alone"),
    }
}

/// A layer for each row.
fn own(input: &mut Input<'_>) {
    let rows = input.size(0, 4);
    let mut layers = Vec::new();
    for _ in 0..rows {
        let (dim, epsilon) = (input.size(1, 6), input.positive::<f32>());
        let layer = Ranking::ascending(Dyn(dim)).and_then(|oracle| Perturbed::new(oracle, Normal, epsilon));
        let Ok(layer) = layer else { return };
        layers.push(layer);
    }
    let total = layers.iter().map(|layer| layer.oracle().reference().len()).sum();
    let (how, theta): (_, Vec<f32>) = (input.monte_carlo(), input.vector(total));
    let found = layers.batch().maximizer(&theta, how);
    let mut expected = Ok(Vec::new());
    let mut rest = theta.as_slice();
    for (r, layer) in layers.iter().enumerate() {
        let (own, others) = rest.split_at(layer.oracle().reference().len().min(rest.len()));
        rest = others;
        expected = expected.and_then(|mut all: Vec<f32>| {
            all.extend(layer.maximizer(own, how.row(r as u64)).map_err(|error| (r, error))?);
            Ok(all)
        });
    }
    if theta.len() == total {
        compare(6, &found, &expected);
    } else {
        found.expect_err("rows that do not fit their layers");
    }
    let simplex = Simplex::new(Dyn(2)).and_then(|oracle| Perturbed::new(oracle, Gumbel, 1.0f32));
    let empty: Vec<Perturbed<Simplex<Dyn>, Gumbel, f32>> = simplex.into_iter().take(0).collect();
    assert_eq!(empty.batch().maximizer(&[], how).as_deref(), Ok(&[][..]));
}
