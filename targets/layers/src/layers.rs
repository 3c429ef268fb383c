//! Layers whose cost the report states, each one firmware of its own.
//!
//! A program names one in a constant, so that nothing of the others is linked.

use core::hint::black_box;

use perturb_board::clock::Clock;
use perturb_board::stack;
use perturb_core::{
    AffineMut, AffineRef, Assignment, Const, DagPath, Error, Flow, Graph, GridPath, GroupTopK, Gumbel,
    Hypercube, Knapsack, MonteCarlo, Noise, Normal, Oracle, Perturbed, Ranking, Rect, Seed, Shape, SharedMut,
    SharedRef, ShortestPath, Simplex, Single, SpanningTree, TopK, Tour, UpTo,
    model_file::{ModelBytes, checksum},
    oracle::Neighbours,
};

/// Ticks of the clock for one kind of call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticks {
    /// For all calls at the ordinary scores.
    pub(crate) sum: u32,
    /// For the shortest call.
    pub(crate) least: u32,
    /// For the longest.
    pub(crate) most: u32,
    /// For the longest at scores so large that they are centred.
    pub(crate) large: u32,
}

/// What a layer costs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// Of gradients: [`RUNS`] at the ordinary scores.
    pub(crate) gradient: Ticks,
    /// Of decisions: one at the ordinary scores.
    pub(crate) decision: Ticks,
    /// The deepest stack of one of them, in bytes.
    pub(crate) stack: u32,
    /// The same, counted from the start of the program: inputs, oracle and result included.
    pub(crate) stack_in_all: u32,
}

impl Default for Ticks {
    fn default() -> Self {
        Self { sum: 0, least: u32::MAX, most: 0, large: 0 }
    }
}

impl Ticks {
    fn add(&mut self, ticks: u32, input: u32) {
        if input == 0 {
            self.sum = self.sum.wrapping_add(ticks);
        }
        if input == LARGE {
            self.large = self.large.max(ticks);
        } else {
            self.least = self.least.min(ticks);
            self.most = self.most.max(ticks);
        }
    }
}

/// How many gradients are measured at the ordinary scores.
pub(crate) const RUNS: u32 = 16;
/// How many at the others, each.
const SEEDS: u32 = 4;
/// The number of the equal scores.
const EQUAL: u32 = 1;
/// The last of the scores: number 0 are the ordinary ones, and the others are hard for one layer or another.
const LARGE: u32 = 16;

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
const LAYERS: [Layer; 25] = [
    Layer { name: "none", measure: nothing },
    Layer { name: "argmax-10", measure: |clock| gradient(clock, Simplex::new(Const::<10>), Gumbel) },
    Layer { name: "argmax-100", measure: |clock| gradient(clock, Simplex::new(Const::<100>), Gumbel) },
    Layer { name: "top-3-of-10", measure: |clock| gradient(clock, TopK::new(Const::<10>, 3), Gumbel) },
    Layer { name: "top-10-of-100", measure: |clock| gradient(clock, TopK::new(Const::<100>, 10), Gumbel) },
    Layer { name: "group-top-4-of-10", measure: |clock| gradient(clock, group_top_k(), Gumbel) },
    Layer { name: "hypercube-10", measure: |clock| gradient(clock, Hypercube::binary(Const::<10>), Normal) },
    Layer { name: "ranking-10", measure: |clock| gradient(clock, Ranking::ascending(Const::<10>), Normal) },
    Layer { name: "ranking-100", measure: |clock| gradient(clock, Ranking::ascending(Const::<100>), Normal) },
    Layer { name: "ranking-learner-8x16", measure: learner },
    Layer { name: "ranking-reader-8x16", measure: reader },
    Layer { name: "choice-learner-4x6", measure: chooser },
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
    // The smallest board has no memory for the search for a centre.
    Layer {
        name: "grid-path-16x16",
        measure: |clock| gradient_up_to(LARGE - 1, clock, grid(Rect::<16, 16>), Normal),
    },
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

/// Scores below −1, costs of paths above 1. Number 0 are the ordinary ones, down to −2; then equal ones, ascending, descending,
/// alternating, random, random of random sizes, and large ones, which are centred. ε = 1/2.
fn scores(input: u32, theta: &mut [f32]) {
    for (i, theta) in (0..).zip(theta) {
        let random = (i + 256 * input).wrapping_mul(2_654_435_761) >> 24;
        let place = match input {
            0 => i * 37 % 101,
            EQUAL => 0,
            2 => i,
            3 => 256 - i,
            4 => i % 2,
            5..10 => random,
            10..16 => (random % 16) << (random / 32),
            _ => (i * 37 % 101) << 19,
        };
        *theta = -1.0 - place as f32 / 101.0;
    }
}

/// The instruments alone, whose flash every layer has.
#[inline(never)]
fn nothing(clock: &Clock) -> Result<Cost, Error> {
    let (mut cost, mut theta) = (Cost::default(), [0.0; 10]);
    for input in 0..=LARGE {
        scores(input, &mut theta);
        let (ticks, ()) = clock.ticks(|| _ = black_box(&theta));
        cost.decision.add(ticks, input);
        measure(clock, input, &mut cost, |seed| Ok(black_box(seed)))?;
    }
    black_box(cost);
    Ok(Cost::default())
}

fn gradient<O: Oracle<f32>, N: Noise<f32>>(
    clock: &Clock,
    oracle: Result<O, Error>,
    noise: N,
) -> Result<Cost, Error> {
    gradient_up_to(LARGE, clock, oracle, noise)
}

/// A decision, and gradients of the Fenchel–Young loss with one sample, at each of the scores.
#[inline(never)]
fn gradient_up_to<O: Oracle<f32>, N: Noise<f32>>(
    last: u32,
    clock: &Clock,
    oracle: Result<O, Error>,
    noise: N,
) -> Result<Cost, Error> {
    let layer = Perturbed::new(oracle?, noise, black_box(0.5))?;
    // Values, not costs: else nothing is packed.
    let sign = if layer.oracle().properties().name == "knapsack" { -1.0 } else { 1.0 };
    let mut cost = Cost::default();
    let mut theta = layer.oracle().shape().array(0.0);
    for input in 0..=last {
        scores(input, theta.as_mut());
        theta.as_mut().iter_mut().for_each(|theta| *theta *= sign);
        let (ticks, decided) = clock.ticks(|| layer.decide(theta.as_ref()));
        let (_, target) = decided?;
        cost.decision.add(ticks, input);
        measure(clock, input, &mut cost, |seed| {
            layer.fenchel_young_gradient(theta.as_ref(), target.as_ref(), Single(seed))
        })?;
    }
    Ok(cost)
}

/// The robot's weights.
const TRAINED: &[u8] = include_bytes!("../../robot/robot.perturb");

/// The robot's layer: the model file loaded, scores, a decision, and steps of training.
#[inline(never)]
fn learner(clock: &Clock) -> Result<Cost, Error> {
    let layer = Perturbed::new(Ranking::ascending(Const::<8>)?, Normal, 0.5)?;
    let (mut weights, mut bias) = ([0.0; 16 * 8], [0.0; 8]);
    let (mut cost, mut x) = (Cost::default(), [0.0; 16]);
    for input in 0..=LARGE {
        AffineMut::new(&mut weights, &mut bias)?.load(&layer, black_box(TRAINED))?;
        if input == EQUAL {
            weights.fill(0.0);
            bias.fill(0.0);
        }
        scores(input, &mut x);
        let (ticks, decided) = clock.ticks(|| AffineRef::new(&weights, &bias)?.decide(&layer, &x));
        let target = decided?;
        cost.decision.add(ticks, input);
        // Sizes that the compiler knows.
        measure(clock, input, &mut cost, |seed| {
            AffineMut::new(&mut weights, &mut bias)?.step(&layer, &x, &target, 0.01, seed)
        })?;
    }
    Ok(cost)
}

/// The robot's layer that does not learn: its file where it lies, and decisions.
#[inline(never)]
fn reader(clock: &Clock) -> Result<Cost, Error> {
    let layer = Perturbed::new(Ranking::ascending(Const::<8>)?, Normal, 0.5)?;
    let file = ModelBytes::parse(black_box(TRAINED))?;
    let (mut cost, mut x) = (Cost::default(), [0.0; 16]);
    for input in 0..=LARGE {
        scores(input, &mut x);
        let (ticks, decided) = clock.ticks(|| file.decide(&layer, &x));
        decided?;
        cost.decision.add(ticks, input);
        cost.deepest(stack::depth(|| _ = black_box(&file.decide(&layer, &x))))?;
    }
    read_equal(clock, &layer, &mut cost)?;
    Ok(cost)
}

/// The same with weights of 0: scores are equal, whatever x is.
#[inline(never)]
fn read_equal(
    clock: &Clock,
    layer: &Perturbed<Ranking<f32, Const<8>>, Normal, f32>,
    cost: &mut Cost,
) -> Result<(), Error> {
    let mut file = [0; 36 + 4 * (16 + 1) * 8];
    if let (Some((content, end)), Some(header)) = (file.split_last_chunk_mut(), TRAINED.first_chunk::<28>()) {
        if let Some(start) = content.first_chunk_mut() {
            *start = *header;
        }
        *end = checksum(content).to_le_bytes();
    }
    let file = ModelBytes::parse(black_box(&file))?;
    let (ticks, decided) = clock.ticks(|| file.decide(layer, black_box(&[0.0; 16])));
    decided?;
    cost.decision.add(ticks, EQUAL);
    Ok(())
}

/// The travel guide's layer: six weights that up to four options share, loaded, decisions, and steps of training.
#[inline(never)]
fn chooser(clock: &Clock) -> Result<Cost, Error> {
    let trained = include_bytes!("../../chooser/chooser.perturb");
    let layer = Perturbed::new(Simplex::new(UpTo::<4>::new(black_box(4))?)?, Gumbel, 1.0)?;
    let (mut cost, mut weights, mut options) = (Cost::default(), [0.0; 6], [0.0; 4 * 6]);
    for input in 0..=LARGE {
        SharedMut::new(&mut weights)?.load(&layer, black_box(trained))?;
        if input == EQUAL {
            weights.fill(0.0);
        }
        scores(input, &mut options);
        let (ticks, decided) = clock.ticks(|| SharedRef::new(&weights)?.decide(&layer, &options));
        let target = decided?;
        cost.decision.add(ticks, input);
        measure(clock, input, &mut cost, |seed| {
            SharedMut::new(&mut weights)?.step(&layer, &options, target.as_ref(), 0.01, seed)
        })?;
    }
    Ok(cost)
}

/// Jᵀu of a ranking of 10 from 64 samples, however they are drawn.
#[inline(never)]
fn estimate(clock: &Clock) -> Result<Cost, Error> {
    let layer = Perturbed::new(Ranking::ascending(Const::<10>)?, Normal, black_box(0.5))?;
    let (mut cost, mut theta, mut u) = (Cost::default(), [0.0; 10], [0.0; 10]);
    scores(0, &mut u);
    u.reverse();
    for input in 0..=LARGE {
        scores(input, &mut theta);
        measure(clock, input, &mut cost, |seed| layer.vjp(&theta, &u, black_box(MonteCarlo::new(64, seed))))?;
    }
    Ok(cost)
}

impl Cost {
    fn deepest(&mut self, depth: stack::Depth) -> Result<(), Error> {
        if depth.overflown {
            return Err(Error::Capacity { quantity: "bytes of stack", capacity: depth.in_all as usize });
        }
        self.stack = self.stack.max(depth.here);
        self.stack_in_all = self.stack_in_all.max(depth.in_all);
        Ok(())
    }
}

fn measure<R>(
    clock: &Clock,
    input: u32,
    cost: &mut Cost,
    mut work: impl FnMut(Seed) -> Result<R, Error>,
) -> Result<(), Error> {
    for run in 0..if input == 0 { RUNS } else { SEEDS } {
        let seed = Seed(1).fold(u64::from(black_box(run)));
        let (ticks, result) = clock.ticks(|| work(seed));
        // Scores so large that no centre helps are refused, and the refusal is measured.
        match black_box(&result) {
            Err(Error::Overflow { .. }) if input == LARGE => {}
            Err(error) => return Err(*error),
            Ok(_) => {}
        }
        cost.gradient.add(ticks, input);
        cost.deepest(stack::depth(|| _ = black_box(&work(seed))))?;
    }
    Ok(())
}
