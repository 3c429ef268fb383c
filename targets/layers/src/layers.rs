//! Layers whose cost the report states, each one firmware of its own.
//!
//! A program names one in a constant, so that nothing of the others is linked.

use core::hint::black_box;

use perturb_board::clock::Clock;
use perturb_board::stack;
use perturb_core::{
    AffineMut, Assignment, Const, DagPath, Error, Flow, Graph, GridPath, GroupTopK, Gumbel, Hypercube,
    Knapsack, MonteCarlo, Noise, Normal, Oracle, Perturbed, Ranking, Rect, Seed, Shape, ShortestPath,
    Simplex, Single, SpanningTree, TopK, Tour, oracle::Neighbours,
};

/// What one gradient costs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// Ticks of the clock for [`RUNS`] gradients.
    pub(crate) ticks: u32,
    /// The deepest stack of one of them, in bytes.
    pub(crate) stack: u32,
    /// The same, counted from the start of the program: inputs, oracle and result included.
    pub(crate) stack_in_all: u32,
}

/// How many gradients are measured.
pub(crate) const RUNS: u32 = 16;

/// Measures a layer.
pub(crate) type Measure = fn(&Clock) -> Result<Cost, Error>;

/// A layer by name.
#[derive(Clone, Copy)]
pub(crate) struct Layer {
    /// Oracle and size.
    pub(crate) name: &'static str,
    /// Builds and measures it.
    pub(crate) measure: Measure,
}

/// The layers of the report, in its order; the runner asks for each by its name.
const LAYERS: [Layer; 23] = [
    Layer { name: "none", measure: |_| Ok(Cost::default()) },
    Layer { name: "argmax-10", measure: |clock| gradient(clock, Simplex::new(Const::<10>), Gumbel) },
    Layer { name: "argmax-100", measure: |clock| gradient(clock, Simplex::new(Const::<100>), Gumbel) },
    Layer { name: "top-3-of-10", measure: |clock| gradient(clock, TopK::new(Const::<10>, 3), Gumbel) },
    Layer { name: "top-10-of-100", measure: |clock| gradient(clock, TopK::new(Const::<100>, 10), Gumbel) },
    Layer { name: "group-top-4-of-10", measure: |clock| gradient(clock, group_top_k(), Gumbel) },
    Layer { name: "hypercube-10", measure: |clock| gradient(clock, Hypercube::binary(Const::<10>), Normal) },
    Layer { name: "ranking-10", measure: |clock| gradient(clock, Ranking::ascending(Const::<10>), Normal) },
    Layer { name: "ranking-100", measure: |clock| gradient(clock, Ranking::ascending(Const::<100>), Normal) },
    Layer { name: "ranking-learner-8x16", measure: learner },
    Layer { name: "ranking-10-vjp-64", measure: estimate },
    Layer { name: "grid-path-6x6", measure: |clock| gradient(clock, grid(Rect::<6, 6>), Normal) },
    Layer { name: "grid-path-12x12", measure: |clock| gradient(clock, grid(Rect::<12, 12>), Normal) },
    Layer { name: "dag-path-20", measure: |clock| gradient(clock, dag_path(), Normal) },
    Layer { name: "shortest-path-20", measure: |clock| gradient(clock, shortest_path(), Normal) },
    Layer { name: "spanning-tree-20", measure: |clock| gradient(clock, spanning_tree(), Normal) },
    Layer { name: "flow-20", measure: |clock| gradient(clock, flow(), Normal) },
    Layer { name: "assignment-5x5", measure: |clock| gradient(clock, Assignment::new(Rect::<5, 5>), Normal) },
    Layer {
        name: "assignment-10x10",
        measure: |clock| gradient(clock, Assignment::new(Rect::<10, 10>), Normal),
    },
    Layer { name: "knapsack-10", measure: |clock| gradient(clock, knapsack(), Normal) },
    Layer { name: "tour-8", measure: |clock| gradient(clock, Tour::new(Const::<8>, Const::<28>, 5), Normal) },
    Layer {
        name: "tour-12",
        measure: |clock| gradient(clock, Tour::new(Const::<12>, Const::<66>, 5), Normal),
    },
    Layer { name: "grid-path-16x16", measure: |clock| gradient(clock, grid(Rect::<16, 16>), Normal) },
];

/// The layer of that name, by value: a firmware that asks for one in a constant links that one alone.
///
/// # Panics
/// When compiled, if there is none.
pub(crate) const fn layer(name: &str) -> Layer {
    let mut i = 0;
    while i < LAYERS.len() {
        if equal(LAYERS[i].name, name) {
            return LAYERS[i];
        }
        i += 1;
    }
    panic!("no layer of that name")
}

const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// 20 nodes, each with edges to the next two.
const EDGES: [(u32, u32); 37] = {
    let mut edges = [(0, 0); 37];
    let mut i = 0;
    while i < edges.len() {
        let tail = i as u32 / 2;
        edges[i] = (tail, tail + 1 + i as u32 % 2);
        i += 1;
    }
    edges
};

type Nodes = Const<20>;
type Edges = Const<37>;

fn graph() -> Result<Graph<Nodes, Edges>, Error> {
    Graph::new(Const, Const, &EDGES)
}

fn group_top_k() -> Result<GroupTopK<Const<10>, Const<3>>, Error> {
    GroupTopK::new(Const, Const, &[0, 1, 2, 0, 1, 2, 0, 1, 2, 0], &[2, 2, 1], 4)
}

fn grid<const R: usize, const C: usize>(plane: Rect<R, C>) -> Result<GridPath<f32, Rect<R, C>>, Error> {
    GridPath::new(plane, Neighbours::Eight)
}

fn dag_path() -> Result<DagPath<Nodes, Edges>, Error> {
    DagPath::new(graph()?, 0, 19)
}

fn shortest_path() -> Result<ShortestPath<f32, Nodes, Edges>, Error> {
    ShortestPath::new(graph()?, 0, 19)
}

fn spanning_tree() -> Result<SpanningTree<Nodes, Edges>, Error> {
    SpanningTree::new(graph()?)
}

fn flow() -> Result<Flow<Nodes, Edges>, Error> {
    Flow::new(graph()?, 0, 19, 2)
}

fn knapsack() -> Result<Knapsack<Const<10>, Const<25>>, Error> {
    Knapsack::new(Const, Const, &[3, 5, 2, 4, 1, 6, 3, 2, 5, 4], 24)
}

/// Scores between −2 and −1, costs of paths between 1 and 2; ε = 1/2.
fn scores(theta: &mut [f32]) {
    for (i, theta) in theta.iter_mut().enumerate() {
        *theta = -1.0 - (i * 37 % 101) as f32 / 101.0;
    }
}

/// A decision, and gradients of the Fenchel–Young loss with one sample.
#[inline(never)]
fn gradient<O: Oracle<f32>, N: Noise<f32>>(
    clock: &Clock,
    oracle: Result<O, Error>,
    noise: N,
) -> Result<Cost, Error> {
    let layer = Perturbed::new(oracle?, noise, black_box(0.5))?;
    let mut theta = layer.oracle().shape().array(0.0);
    scores(theta.as_mut());
    if layer.oracle().properties().name == "knapsack" {
        // Values, not costs: else nothing is packed.
        theta.as_mut().iter_mut().for_each(|theta| *theta = -*theta);
    }
    let (_, target) = layer.decide(theta.as_ref())?;
    measure(clock, |seed| layer.fenchel_young_gradient(theta.as_ref(), target.as_ref(), Single(seed)))
}

/// The robot's weights.
const TRAINED: &[u8] = include_bytes!("../../robot/robot.perturb");

/// The robot's layer: the model file loaded, scores, a decision, and steps of training.
#[inline(never)]
fn learner(clock: &Clock) -> Result<Cost, Error> {
    let layer = Perturbed::new(Ranking::ascending(Const::<8>)?, Normal, 0.5)?;
    let (mut weights, mut bias) = ([0.0; 16 * 8], [0.0; 8]);
    let mut model = AffineMut::new(&mut weights, &mut bias)?;
    model.load(&layer, black_box(TRAINED))?;
    let (mut x, mut theta) = ([0.0; 16], [0.0; 8]);
    scores(&mut x);
    model.as_ref().scores(&x, &mut theta)?;
    let (_, target) = layer.decide(&theta)?;
    measure(clock, |seed| AffineMut::new(&mut weights, &mut bias)?.step(&layer, &x, &target, 0.01, seed))
}

/// Jᵀu of a ranking of 10 from 64 samples, however they are drawn.
#[inline(never)]
fn estimate(clock: &Clock) -> Result<Cost, Error> {
    let layer = Perturbed::new(Ranking::ascending(Const::<10>)?, Normal, black_box(0.5))?;
    let (mut theta, mut u) = ([0.0; 10], [0.0; 10]);
    scores(&mut theta);
    scores(&mut u);
    u.reverse();
    measure(clock, |seed| layer.vjp(&theta, &u, black_box(MonteCarlo::new(64, seed))))
}

fn measure<R>(clock: &Clock, mut work: impl FnMut(Seed) -> Result<R, Error>) -> Result<Cost, Error> {
    let mut cost = Cost::default();
    for run in 0..RUNS {
        let seed = Seed(1).fold(u64::from(black_box(run)));
        let (ticks, result) = clock.ticks(|| work(seed));
        if let Err(error) = black_box(&result) {
            return Err(*error);
        }
        cost.ticks = cost.ticks.wrapping_add(ticks);
    }
    for run in 0..RUNS {
        let seed = Seed(1).fold(u64::from(black_box(run)));
        let depth = stack::depth(|| _ = black_box(&work(seed)));
        if depth.overflown {
            return Err(Error::Capacity { quantity: "bytes of stack", capacity: depth.in_all as usize });
        }
        cost.stack = cost.stack.max(depth.here);
        cost.stack_in_all = cost.stack_in_all.max(depth.in_all);
    }
    Ok(cost)
}
