//! Every oracle against its naive specification.

use std::panic::{AssertUnwindSafe, catch_unwind};

use perturb::{Oracle, Real, Seed};
use perturb_lanes::{Width, limit};
use perturb_tests::solve::solve;
use perturb_tests::vertices::{self, Each, Tie};
use rayon::prelude::*;

use crate::{Size, Source};

mod boxes;
mod graphs;
mod lanes;
mod packs;
mod paths;
mod picks;
mod trees;

/// A check of one instance; a panic is a failure.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Oracle, and specification where there are several.
    pub name: &'static str,
    /// Whether an instance takes long, by the specification.
    pub dear: bool,
    /// In f32 and in f64.
    pub run: [fn(&mut Source); 2],
}

/// What the instances of a check gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The check's name, with the width of vectors if that is fixed.
    pub name: String,
    /// How many instances, of both types together.
    pub instances: u64,
    /// How many failed.
    pub failed: u64,
    /// What the first failure says.
    pub first: Option<String>,
}

const fn cheap(name: &'static str, run: [fn(&mut Source); 2]) -> Check {
    Check { name, dear: false, run }
}
const fn dear(name: &'static str, run: [fn(&mut Source); 2]) -> Check {
    Check { name, dear: true, run }
}

/// Every oracle's solve.
pub const CATALOGUE: &[Check] = &[
    cheap("simplex", [picks::simplex::<f32>, picks::simplex::<f64>]),
    cheap("top-k", [picks::top_k::<f32>, picks::top_k::<f64>]),
    cheap("hypercube", [picks::hypercube::<f32>, picks::hypercube::<f64>]),
    cheap("ranking", [picks::ranking::<f32>, picks::ranking::<f64>]),
    cheap("picks of many, any scores", [picks::many::<f32>, picks::many::<f64>]),
    cheap("group top-k", [picks::group_top_k::<f32>, picks::group_top_k::<f64>]),
    cheap("group top-k of many", [picks::many_groups::<f32>, picks::many_groups::<f64>]),
    cheap("dag path", [graphs::dag_path::<f32>, graphs::dag_path::<f64>]),
    cheap("dag path, relaxation", [graphs::long_dag_path::<f32>, graphs::long_dag_path::<f64>]),
    cheap("shortest path", [graphs::shortest_path::<f32>, graphs::shortest_path::<f64>]),
    cheap(
        "shortest path, relaxation",
        [graphs::long_shortest_path::<f32>, graphs::long_shortest_path::<f64>],
    ),
    cheap("shortest path, strict", [graphs::strict_path::<f32>, graphs::strict_path::<f64>]),
    cheap("grid path", [paths::grid::<f32>, paths::grid::<f64>]),
    cheap("grid path, relaxation", [paths::large_grid::<f32>, paths::large_grid::<f64>]),
    cheap("assignment", [paths::assignment::<f32>, paths::assignment::<f64>]),
    dear("assignment, subsets", [paths::large_assignment::<f32>, paths::large_assignment::<f64>]),
    cheap("assignment, warm", [paths::warm_assignment::<f32>, paths::warm_assignment::<f64>]),
    dear("spanning tree, labels", [trees::tree::<f32>, trees::tree::<f64>]),
    cheap("spanning tree, greedy", [trees::large_tree::<f32>, trees::large_tree::<f64>]),
    cheap("knapsack", [packs::knapsack::<f32>, packs::knapsack::<f64>]),
    dear("knapsack, table", [packs::large_knapsack::<f32>, packs::large_knapsack::<f64>]),
    dear("flow", [packs::flow::<f32>, packs::flow::<f64>]),
    dear("tour", [packs::tour::<f32>, packs::tour::<f64>]),
    cheap("black box", [boxes::black_box::<f32>, boxes::black_box::<f64>]),
    cheap("losses of oracles", [boxes::losses::<f32>, boxes::losses::<f64>]),
];

/// Every oracle that solves samples side by side, against itself.
pub const LANES: &[Check] = &[
    cheap("simplex in lanes", [lanes::simplex::<f32>, lanes::simplex::<f64>]),
    cheap("top-k in lanes", [lanes::top_k::<f32>, lanes::top_k::<f64>]),
    cheap("hypercube in lanes", [lanes::hypercube::<f32>, lanes::hypercube::<f64>]),
    cheap("ranking in lanes", [lanes::ranking::<f32>, lanes::ranking::<f64>]),
    cheap("grid path in lanes", [lanes::grid_path::<f32>, lanes::grid_path::<f64>]),
    cheap("assignment in lanes", [lanes::assignment::<f32>, lanes::assignment::<f64>]),
];

/// Runs the whole catalogue. Widths are of the whole process: nothing else may run.
#[must_use]
pub fn run_all(size: Size, tell: &mut dyn FnMut(&Outcome)) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut keep = |outcome: Outcome| {
        tell(&outcome);
        outcomes.push(outcome);
    };
    for check in CATALOGUE {
        keep(run(check, size.instances, Seed(size.seed)));
    }
    for width in Width::ALL {
        limit(width);
        // Narrower ones than the processor has, and its own once.
        if perturb_lanes::width() == width {
            for check in LANES {
                // An instance is sixteen problems.
                let mut outcome = run(check, size.instances.div_ceil(16), Seed(size.seed));
                outcome.name = format!("{}, {}", outcome.name, width.name());
                keep(outcome);
            }
        }
    }
    limit(Width::Avx512);
    outcomes
}

/// Runs one check on so many instances, a tenth of them if it is dear, in both types.
#[must_use]
pub fn run(check: &Check, instances: u64, seed: Seed) -> Outcome {
    let instances = if check.dear { instances.div_ceil(10) } else { instances };
    let named = check.name.bytes().fold(seed, |seed, byte| seed.fold(u64::from(byte)));
    let one = |number: u64| {
        let (seed, run) = (named.fold(number % 2), check.run[(number % 2) as usize]);
        let done = catch_unwind(AssertUnwindSafe(|| run(&mut Source::new(seed, number / 2))));
        done.err().map(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
            format!("instance {number} of seed {}: {text}", seed.0)
        })
    };
    let (failed, first) = (0..instances)
        .into_par_iter()
        .filter_map(one)
        .fold(|| (0, None), |(failed, first), text| (failed + 1, first.or(Some(text))))
        .reduce(|| (0, None), |a, b| (a.0 + b.0, a.1.or(b.1)));
    Outcome { name: check.name.to_owned(), instances, failed, first }
}

/// The oracle finds the best of `vertices`, ties broken as `tie` says, with its exact value.
#[track_caller]
pub fn finds<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64], tie: Tie, vertices: impl Fn(Each<'_>)) {
    let (y, value) = solve::<T, O>(oracle, theta);
    let (want, most) = vertices::best(vertices, theta, tie);
    assert!(y == want[..y.len()] && value == most, "{}: {y:?} for {theta:?}", oracle.properties().name);
}

/// The oracle finds one of `vertices`, and none is better.
#[track_caller]
fn finds_one<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64], vertices: impl Fn(Each<'_>)) -> Vec<f64> {
    let (y, value) = solve::<T, O>(oracle, theta);
    let (mut most, mut known) = (f64::NEG_INFINITY, false);
    vertices(&mut |vertex| {
        most = most.max(vertices::dot(vertex, theta));
        known |= vertex == y;
    });
    assert!(known, "{}: {y:?} is no vertex, for {theta:?}", oracle.properties().name);
    assert_eq!(value, most, "{}: {y:?} for {theta:?}", oracle.properties().name);
    y
}
