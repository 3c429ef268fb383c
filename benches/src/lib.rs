//! What the benches and the programs `workloads`, `compare`, `curves` and `instructions` share: problems with a naive solver
//! beside each oracle, the workloads that other implementations are compared on, timing, and the records that are printed.
//! How to run them: `README.md`.
#![allow(clippy::missing_panics_doc, reason = "a panic is how an assertion fails")]

use perturb::{Noise, Normal, Real, Seed};

pub mod agreement;
pub mod arguments;
pub mod call;
pub mod check;
pub mod data;
pub mod layer;
pub mod machine;
pub mod markdown;
pub mod naive;
pub mod plain;
pub mod problem;
pub mod record;
pub mod step;
pub mod timing;
pub mod workload;

/// Why a program cannot go on, as its user reads it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Standard normal scores, always the same.
pub fn normals<T: Real>(count: usize) -> Vec<T> {
    let mut z = vec![T::ZERO; count];
    Normal.fill(&mut Seed(1).stream(0), &mut z);
    z
}

/// Scores of things that cost at least 1.
pub fn costs(count: usize) -> Vec<f32> {
    normals::<f32>(count).iter().map(|z| -1.0 - z.abs()).collect()
}

/// All pairs i < j in the order (0, 1), (0, 2), (1, 2), …: entry j(j − 1)/2 + i.
pub fn pairs(nodes: usize) -> Vec<(u32, u32)> {
    (0..nodes as u32).flat_map(|j| (0..j).map(move |i| (i, j))).collect()
}

/// Where the edge between `a` and `b` stands among [`pairs`].
pub fn pair(a: usize, b: usize) -> usize {
    a.max(b) * (a.max(b) - 1) / 2 + a.min(b)
}

/// The edges of a square of cells by their tails: to the right and down, and with `back` to the left and up.
pub fn grid_edges(side: usize, back: bool) -> Vec<(u32, u32)> {
    cells_around(side, |down, right| match (down, right) {
        (0, 1) | (1, 0) => true,
        (0, -1) | (-1, 0) => back,
        _ => false,
    })
}

/// Steps between the cells of a square, by the cell they leave: those that `allowed` likes, by rows down and columns to
/// the right.
pub fn cells_around(side: usize, allowed: impl Fn(i8, i8) -> bool) -> Vec<(u32, u32)> {
    let mut steps = Vec::new();
    let inside = |x: usize, by: i8| x.checked_add_signed(isize::from(by)).filter(|&x| x < side);
    for cell in 0..side * side {
        for (down, right) in (-1..=1).flat_map(|down| (-1..=1).map(move |right| (down, right))) {
            let there = inside(cell / side, down).zip(inside(cell % side, right));
            if let Some((row, column)) = there.filter(|_| allowed(down, right)) {
                steps.push((cell as u32, (row * side + column) as u32));
            }
        }
    }
    steps
}
