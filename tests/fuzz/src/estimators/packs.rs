//! Packings, tours, and solvers of the caller's own.

use perturb::{BlackBox, Dyn, Knapsack, Normal, Real, Tour};

use super::layer::{Case, any_noise, sampled};
use super::picks::marks;
use crate::input::Input;

/// Sampled estimates of packings, tours and black boxes.
pub fn packs(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let input = &mut input;
    match input.any::<u8>() % 7 {
        0 => with_knapsack::<f32>(input, |case, input| case.show(|case| any_noise(case, input))),
        1 => with_knapsack::<f64>(input, |case, input| case.show(|case| any_noise(case, input))),
        2 => with_tour::<f32>(input, |case, input| case.show(|case| any_noise(case, input))),
        3 => with_tour::<f64>(input, |case, input| case.show(|case| any_noise(case, input))),
        4 => careless(input),
        5 => failing(input),
        _ => offset(input),
    }
}

/// Shows packings.
pub(super) fn with_knapsack<T: Real>(
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, Knapsack<Dyn, Dyn>, T>, &mut Input<'_>),
) {
    let items = input.size(0, 10);
    let wild = input.any::<u8>() > 240;
    let weight = |input: &mut Input<'_>| if wild { input.any() } else { u32::from(input.any::<u8>() % 12) };
    let weights: Vec<u32> = (0..items).map(|_| weight(input)).collect();
    let capacity = weight(input);
    let table = Dyn(input.size(0, 40));
    let Ok(oracle) = Knapsack::new(Dyn(items), table, &weights, capacity) else { return };
    let is_vertex = |y: &[T]| {
        let packed = weights.iter().zip(y).filter(|&(_, &y)| y == T::ONE);
        let load: u64 = packed.map(|(&weight, _)| u64::from(weight)).sum();
        y.iter().all(|&y| y == T::ZERO || y == T::ONE) && load <= u64::from(capacity)
    };
    show(Case { oracle, is_vertex: &is_vertex, total: true }, input);
}

/// Shows tours.
pub(super) fn with_tour<T: Real>(
    input: &mut Input<'_>,
    show: impl FnOnce(Case<'_, Tour<Dyn, Dyn>, T>, &mut Input<'_>),
) {
    let cities = input.size(0, 7);
    let entries = cities * cities.saturating_sub(1) / 2;
    let slip = usize::from(input.any::<u8>() == 255);
    let Ok(oracle) = Tour::new(Dyn(cities), Dyn(entries + slip), input.size(0, 4)) else {
        assert!(cities < 3 || slip > 0);
        return;
    };
    let is_vertex = |y: &[T]| {
        let mut reached = vec![0usize];
        let mut next = 0;
        while let Some(&city) = reached.get(next) {
            next += 1;
            let neighbours =
                (0..cities).filter(|&other| other != city && y[oracle.edge(city, other)] == T::ONE);
            let neighbours: Vec<usize> = neighbours.collect();
            if neighbours.len() != 2 {
                return false;
            }
            for other in neighbours {
                if !reached.contains(&other) {
                    reached.push(other);
                }
            }
        }
        marks(y, cities) && reached.len() == cities
    };
    show(Case { oracle, is_vertex: &is_vertex, total: true }, input);
}

/// The entry with the largest score.
fn largest<T: Real>(theta: &[T], y: &mut [T]) {
    let mut best = 0;
    for (i, x) in theta.iter().enumerate() {
        if *x > theta[best] {
            best = i;
        }
    }
    y.fill(T::ZERO);
    y[best] = T::ONE;
}

/// A solver that answers with the scores themselves: with vectors that are no vertices, and not always finite.
fn careless(input: &mut Input<'_>) {
    let dim = input.size(1, 8);
    let solver = |theta: &[f32], y: &mut [f32]| y.copy_from_slice(theta);
    let Ok(oracle) = BlackBox::new(Dyn(dim), solver) else { return };
    Case { oracle, is_vertex: &|_| true, total: false }.show(|case| any_noise(case, input));
}

/// A minimising solver that has no solution where a cost is large.
fn failing(input: &mut Input<'_>) {
    let dim = input.size(1, 8);
    let solver = |costs: &[f64], y: &mut [f64]| {
        if costs.iter().any(|&cost| cost > 15.0) {
            return Err("a cost is above 15");
        }
        let scores: Vec<f64> = costs.iter().map(|cost| -cost).collect();
        largest(&scores, y);
        Ok(())
    };
    let Ok(oracle) = BlackBox::fallible(Dyn(dim), solver).map(BlackBox::minimizing) else { return };
    Case { oracle, is_vertex: &|y| marks(y, 1), total: false }.show(|case| any_noise(case, input));
}

/// A solver with an offset, of any size.
fn offset(input: &mut Input<'_>) {
    let dim = input.size(1, 8);
    let h: f32 = input.wild();
    let Ok(oracle) = BlackBox::new(Dyn(dim), largest::<f32>) else { return };
    let oracle = oracle.with_offset(move |y: &[f32]| if y.first() == Some(&1.0) { h } else { 0.0 });
    sampled(Case { oracle, is_vertex: &|y| marks(y, 1), total: false }, Normal, input);
}
