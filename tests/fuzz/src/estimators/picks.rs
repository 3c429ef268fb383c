//! Picks and rankings: simplex, top-k, group-limited top-k, hypercube, ranking.

use perturb::{Dyn, Error, GroupTopK, Gumbel, Hypercube, Ranking, Real, Simplex, TopK};

use super::layer::{Case, any_noise, sampled};
use crate::check::Given;
use crate::input::Input;

/// Sampled estimates of oracles that pick and rank.
pub fn picks(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let input = &mut input;
    let dim = input.size(0, 20);
    match input.any::<u8>() % 12 {
        0 => with_simplex::<f32>(dim, input, |case, input| case.show(|case| any_noise(case, input))),
        1 => with_simplex::<f64>(dim, input, |case, input| case.show(|case| any_noise(case, input))),
        2 => with_top_k::<f32>(dim, input, |case, input| case.show(|case| any_noise(case, input))),
        3 => with_top_k::<f64>(dim, input, |case, input| case.show(|case| any_noise(case, input))),
        4 => with_cube::<f32>(dim, input, |case, input| case.show(|case| any_noise(case, input))),
        5 => with_cube::<f64>(dim, input, |case, input| case.show(|case| any_noise(case, input))),
        6 => with_ranking::<f32>(dim, input, |case, input| case.show(|case| any_noise(case, input))),
        7 => with_ranking::<f64>(dim, input, |case, input| case.show(|case| any_noise(case, input))),
        8 => with_groups::<f32>(dim, input, |case, input| case.show(|case| any_noise(case, input))),
        9 => with_groups::<f64>(dim, input, |case, input| case.show(|case| any_noise(case, input))),
        // Races, which only the simplex itself has.
        10 => with_simplex::<f32>(dim, input, |case, input| sampled(case, Gumbel, input)),
        _ => with_simplex::<f64>(dim, input, |case, input| sampled(case, Gumbel, input)),
    }
}

/// Whether `y` marks `k` entries.
pub(super) fn marks<T: Real>(y: &[T], k: usize) -> bool {
    y.iter().all(|&y| y == T::ZERO || y == T::ONE) && y.iter().filter(|&&y| y == T::ONE).count() == k
}

/// Shows the simplex.
pub(super) fn with_simplex<T: Real>(
    dim: usize,
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, Simplex<Dyn>, T>, &mut Input<'_>),
) {
    match Simplex::new(Dyn(dim)) {
        Ok(oracle) => show(Case { oracle, is_vertex: &|y| marks(y, 1), total: true }, input),
        Err(_) => assert_eq!(dim, 0),
    }
}

/// Shows picks of k.
pub(super) fn with_top_k<T: Real>(
    dim: usize,
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, TopK<Dyn>, T>, &mut Input<'_>),
) {
    let k = input.size(0, dim + 1);
    match TopK::new(Dyn(dim), k) {
        Ok(oracle) => show(Case { oracle, is_vertex: &|y| marks(y, k), total: true }, input),
        Err(_) => assert!(k == 0 || k > dim),
    }
}

/// Shows a hypercube.
pub(super) fn with_cube<T: Real>(
    dim: usize,
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, Hypercube<T, Dyn>, T>, &mut Input<'_>),
) {
    let signs = input.any::<bool>();
    let low = if signs { -T::ONE } else { T::ZERO };
    let oracle = if signs { Hypercube::sign(Dyn(dim)) } else { Hypercube::binary(Dyn(dim)) };
    match oracle {
        Ok(oracle) => {
            let is_vertex = |y: &[T]| y.iter().all(|&y| y == low || y == T::ONE);
            show(Case { oracle, is_vertex: &is_vertex, total: true }, input);
        }
        Err(_) => assert_eq!(dim, 0),
    }
}

/// Shows a ranking by (1, …, d), its reverse, or any reference.
pub(super) fn with_ranking<T: Real>(
    dim: usize,
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, Ranking<T, Dyn>, T>, &mut Input<'_>),
) {
    let (oracle, given) = match input.any::<u8>() % 4 {
        0 => (Ranking::descending(Dyn(dim)), Given::Ordinary),
        1 => {
            let reference = input.vector::<T>(dim);
            let given = Given::vectors(dim, &[&reference]);
            (Ranking::new(Dyn(dim), &reference), given)
        }
        _ => (Ranking::ascending(Dyn(dim)), Given::Ordinary),
    };
    let given = given.and(dim > 0, true);
    match oracle {
        Ok(oracle) => {
            assert!(given != Given::Unfit);
            let mut reference = oracle.reference().to_vec();
            reference.sort_by_key(|x| x.order());
            let is_vertex = |y: &[T]| {
                let mut y = y.to_vec();
                y.sort_by_key(|x| x.order());
                y == reference
            };
            show(Case { oracle, is_vertex: &is_vertex, total: given == Given::Ordinary }, input);
        }
        Err(Error::NotDistinct { .. }) => {}
        Err(error) => assert!(given == Given::Unfit, "{error}"),
    }
}

/// Shows picks of k with limits.
pub(super) fn with_groups<T: Real>(
    dim: usize,
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, GroupTopK<Dyn, Dyn>, T>, &mut Input<'_>),
) {
    let count = input.size(0, 5);
    let k = input.size(0, dim + 1);
    let groups: Vec<u32> =
        (0..dim).map(|_| u32::from(input.any::<u8>()) % (count as u32 + 1).max(1)).collect();
    let groups: Vec<u32> = if input.any::<u8>() < 250 && count > 0 {
        groups.into_iter().map(|group| group % count as u32).collect()
    } else {
        groups
    };
    let limits: Vec<u32> = (0..count).map(|_| u32::from(input.any::<u8>() % 6)).collect();
    let Ok(oracle) = GroupTopK::new(Dyn(dim), Dyn(count), &groups, &limits, k) else { return };
    let is_vertex = |y: &[T]| {
        let load = |group: u32| groups.iter().zip(y).filter(|&(&of, &y)| of == group && y == T::ONE).count();
        marks(y, k) && limits.iter().zip(0..).all(|(&limit, group)| load(group) <= limit as usize)
    };
    show(Case { oracle, is_vertex: &is_vertex, total: true }, input);
}
