//! Every oracle with scores to decide on, so that what holds for all of them is written once.
//!
//! In families, so that a firmware that asks for one links no other.

use perturb_core::{
    Assignment, BlackBox, Const, DagPath, Error, Flow, Graph, GridPath, GroupTopK, Hypercube, Knapsack,
    Oracle, Ranking, Real, Rect, ShortestPath, Simplex, SpanningTree, TopK, Tour, oracle::Neighbours,
};

/// Five classes, as in the reference vectors.
pub const CLASSES: [f64; 5] = [-0.6, 1.9, -0.2, 1.1, -1.0];
/// Nine labels, two pairs of them tied.
pub const LABELS: [f64; 9] = [-0.8, 0.6, 1.2, -1.0, -0.7, 0.6, 1.1, -1.0, 0.4];
/// A graph of five nodes in topological order, with parallel edges.
pub const EDGES: [(u32, u32); 9] = [(0, 1), (0, 2), (0, 1), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4), (1, 4)];

/// Is shown every oracle of a family.
pub trait Visitor<T: Real> {
    /// `name` is the oracle's own, or says how this one differs.
    fn visit<O>(&mut self, name: &str, oracle: Result<O, Error>, theta: &[T])
    where
        O: Oracle<T, Work: 'static> + Clone + Send + Sync + 'static;
}

/// Every oracle.
pub fn all<T: Real>(visitor: &mut impl Visitor<T>) {
    picks(visitor);
    groups(visitor);
    paths(visitor);
    graphs(visitor);
    packs(visitor);
}

/// The oracles with closed forms.
pub fn picks<T: Real>(visitor: &mut impl Visitor<T>) {
    visitor.visit("simplex", Simplex::new(Const::<5>), &reals(CLASSES));
    visitor.visit("top-k", TopK::new(Const::<5>, 2), &reals(CLASSES));
    visitor.visit("hypercube", Hypercube::sign(Const::<3>), &reals([0.3, -0.7, 1.1]));
    visitor.visit("ranking", Ranking::ascending(Const::<9>), &reals(LABELS));
}

/// Variants of picking, and rounds.
pub fn groups<T: Real>(visitor: &mut impl Visitor<T>) {
    let groups = [0, 1, 2, 0, 1, 2, 0, 1, 2];
    let oracle = GroupTopK::new(Const::<9>, Const::<3>, &groups, &[1, 2, 1], 3);
    visitor.visit("group top-k", oracle, &reals(LABELS));
    visitor.visit("binary hypercube", Hypercube::binary(Const::<5>), &reals(CLASSES));
    visitor.visit(
        "uneven ranking",
        Ranking::new(Const::<5>, &reals([0.0, 1.0, 4.0, 9.0, -2.5])),
        &reals(CLASSES),
    );
    let scores = reals([-1.0, -0.4, -1.3, -0.9, -0.5, -1.1, -0.4, -1.6, -0.7, -0.2]);
    visitor.visit("tour", Tour::new(Const::<5>, Const::<10>, 10), &scores);
}

/// Paths.
pub fn paths<T: Real>(visitor: &mut impl Visitor<T>) {
    let costs = reals(LABELS.map(|label| label - 1.5));
    visitor.visit("grid path", GridPath::new(Rect::<3, 3>, Neighbours::Eight), &costs);
    visitor.visit("grid path by four", GridPath::new(Rect::<3, 3>, Neighbours::Four), &costs);
    visitor.visit("shortest path", graph().and_then(|graph| ShortestPath::new(graph, 0, 4)), &costs);
    visitor.visit("dag path", graph().and_then(|graph| DagPath::new(graph, 0, 4)), &reals(LABELS));
}

/// Trees and matchings.
pub fn graphs<T: Real>(visitor: &mut impl Visitor<T>) {
    let scores = reals(LABELS);
    visitor.visit("spanning tree", graph().and_then(SpanningTree::new), &scores);
    visitor.visit("assignment", Assignment::new(Rect::<3, 3>), &scores);
    let warm = Assignment::new(Rect::<3, 3>).map(Assignment::with_warm_start);
    visitor.visit("warm assignment", warm, &scores);
    let wide = reals([-0.8, 0.6, 1.2, -1.0, -0.7, 0.6, 1.1, -1.0]);
    visitor.visit("wide assignment", Assignment::new(Rect::<2, 4>), &wide);
}

/// Packings, flows, and closures.
pub fn packs<T: Real>(visitor: &mut impl Visitor<T>) {
    let scores = reals(LABELS);
    let weights = [3, 5, 2, 4, 1, 6, 3, 2, 5];
    visitor.visit("knapsack", Knapsack::new(Const::<9>, Const::<13>, &weights, 12), &scores);
    visitor.visit("flow", graph().and_then(|graph| Flow::new(graph, 0, 4, 2)), &scores);
    visitor.visit("black box", BlackBox::new(Const::<5>, largest::<T>), &reals(CLASSES));
    let costs = BlackBox::new(Const::<3>, cheapest::<T>).map(BlackBox::minimizing);
    let theta = reals([-0.6, -0.3, -0.9]);
    visitor.visit("offset black box", costs.map(|oracle| oracle.with_offset(service::<T>)), &theta);
}

/// The graph of [`EDGES`].
pub fn graph() -> Result<Graph<Const<5>, Const<9>>, Error> {
    Graph::new(Const, Const, &EDGES)
}

/// Argmax by a loop.
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

/// Which of three facilities to open at these costs, by trying all eight choices.
fn cheapest<T: Real>(costs: &[T], y: &mut [T]) {
    let mut least = T::INFINITY;
    for choice in 0..8u32 {
        let open = [0, 1, 2].map(|i| T::from_usize((choice >> i & 1) as usize));
        let cost = open.iter().zip(costs).map(|(&open, &cost)| open * cost).sum::<T>() - service(&open);
        if cost < least {
            least = cost;
            y.copy_from_slice(&open);
        }
    }
}

/// What two clients gain from the best facility that is open.
fn service<T: Real>(y: &[T]) -> T {
    let reward = |rewards: [f64; 3]| {
        let rewards = rewards.iter().zip(y).map(|(&reward, &open)| T::from_f64(reward) * open);
        rewards.fold(T::ZERO, T::larger)
    };
    reward([1.0, 0.25, 0.0]) + reward([0.0, 0.5, 1.5])
}

/// Numbers of the tested type.
pub fn reals<T: Real, const N: usize>(x: [f64; N]) -> [T; N] {
    x.map(T::from_f64)
}
