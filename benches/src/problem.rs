//! Oracles with scores, and a naive solver of the same problem.

use perturb::{
    Assignment, BlackBox, DagPath, Dyn, DynRect, Flow, Graph, GridPath, GroupTopK, Hypercube, Knapsack,
    Oracle, Ranking, ShortestPath, Simplex, SpanningTree, TopK, Tour, oracle::Neighbours,
};

use crate::{cells_around, costs, grid_edges, naive, normals, pairs};

/// A solver in the form of [`Oracle::solve`]: writes y*(θ), returns its score.
pub trait Naive: Fn(&[f32], &mut [f32]) -> f32 {}
impl<F: Fn(&[f32], &mut [f32]) -> f32> Naive for F {}

/// One problem.
#[derive(Clone, Debug)]
pub struct Problem<O, F> {
    /// The oracle to be measured.
    pub oracle: O,
    /// Its scores.
    pub theta: Vec<f32>,
    /// The naive solver.
    pub naive: F,
    /// How far the two values may differ, as a share: by rounding, or as approximations do.
    tolerance: f32,
}

impl<O: Oracle<f32>, F: Naive> Problem<O, F> {
    fn new(oracle: O, theta: Vec<f32>, naive: F) -> Self {
        Self { oracle, theta, naive, tolerance: 1e-4 }
    }

    /// Asserts that both solvers find the same value, and that the oracle's decision has it.
    #[must_use]
    pub fn checked(self, name: &str) -> Self {
        let mut y = vec![0.0; self.theta.len()];
        let want = (self.naive)(&self.theta, &mut y);
        let found = self.oracle.solve(&self.theta, &mut y, &mut self.oracle.work()).unwrap();
        let scored: f32 = self.theta.iter().zip(&y).map(|(theta, y)| theta * y).sum();
        // An empty packing has the value 0.
        let size = want.abs().max(1e-3);
        assert!((found - scored).abs() <= 1e-4 * size, "{name}: {found} for a decision worth {scored}");
        assert!((found - want).abs() <= self.tolerance * size, "{name}: {found}, naively {want}");
        self
    }
}

/// Pick one.
pub fn simplex(dim: usize) -> Problem<Simplex<Dyn>, impl Naive> {
    Problem::new(Simplex::new(Dyn(dim)).expect("d > 0"), normals(dim), naive::simplex)
}

/// The same, as a closure that is itself the naive solver.
pub fn black_box(dim: usize) -> Problem<impl Oracle<f32>, impl Naive> {
    let solver = |theta: &[f32], y: &mut [f32]| {
        naive::simplex(theta, y);
    };
    Problem::new(BlackBox::new(Dyn(dim), solver).expect("d > 0"), normals(dim), naive::simplex)
}

/// Pick `k`.
pub fn top_k(dim: usize, k: usize) -> Problem<TopK<Dyn>, impl Naive> {
    let oracle = TopK::new(Dyn(dim), k).expect("0 < k <= d");
    Problem::new(oracle, normals(dim), move |theta: &[f32], y: &mut [f32]| naive::top_k(k, theta, y))
}

/// Pick one of each of `count` groups.
pub fn one_of_each(dim: usize, count: usize) -> Problem<GroupTopK<Dyn, Dyn>, impl Naive> {
    let groups: Vec<u32> = (0..dim).map(|i| (i % count) as u32).collect();
    let oracle = GroupTopK::one_of_each(Dyn(dim), Dyn(count), &groups).expect("no empty group");
    Problem::new(oracle, normals(dim), move |theta: &[f32], y: &mut [f32]| {
        naive::one_of_each(&groups, theta, y)
    })
}

/// Yes or no.
pub fn hypercube(dim: usize) -> Problem<Hypercube<f32, Dyn>, impl Naive> {
    Problem::new(Hypercube::binary(Dyn(dim)).expect("d > 0"), normals(dim), naive::hypercube)
}

/// Rank.
pub fn ranking(dim: usize) -> Problem<Ranking<f32, Dyn>, impl Naive> {
    Problem::new(Ranking::ascending(Dyn(dim)).expect("d > 0"), normals(dim), naive::ranking)
}

/// Cross a square of cells.
pub fn grid_path(side: usize, neighbours: Neighbours) -> Problem<GridPath<f32, DynRect>, impl Naive> {
    let oracle = GridPath::new(DynRect { rows: side, columns: side }, neighbours).expect("a grid");
    let steps = match neighbours {
        Neighbours::Four => grid_edges(side, true),
        Neighbours::Eight => cells_around(side, |down, right| (down, right) != (0, 0)),
    };
    Problem::new(oracle, costs(side * side), move |theta: &[f32], y: &mut [f32]| {
        naive::cell_path(&steps, theta, y)
    })
}

/// Cross a square along edges to the right and down, scores of any sign.
pub fn dag_path(side: usize) -> Problem<DagPath<Dyn, Dyn>, impl Naive> {
    let (nodes, edges) = (side * side, grid_edges(side, false));
    let graph = Graph::new(Dyn(nodes), Dyn(edges.len()), &edges).expect("a graph");
    let oracle = DagPath::new(graph, 0, nodes as u32 - 1).expect("a path");
    Problem::new(oracle, normals(edges.len()), move |theta: &[f32], y: &mut [f32]| {
        naive::edge_path(nodes, &edges, theta, y)
    })
}

/// Cross a square along edges in both directions.
pub fn shortest_path(side: usize) -> Problem<ShortestPath<f32, Dyn, Dyn>, impl Naive> {
    let (nodes, edges) = (side * side, grid_edges(side, true));
    let graph = Graph::new(Dyn(nodes), Dyn(edges.len()), &edges).expect("a graph");
    let oracle = ShortestPath::new(graph, 0, nodes as u32 - 1).expect("a path");
    Problem::new(oracle, costs(edges.len()), move |theta: &[f32], y: &mut [f32]| {
        naive::edge_path(nodes, &edges, theta, y)
    })
}

/// Send one unit across a square along edges to the right and down.
pub fn flow(side: usize) -> Problem<Flow<Dyn, Dyn>, impl Naive> {
    let (nodes, edges) = (side * side, grid_edges(side, false));
    let graph = Graph::new(Dyn(nodes), Dyn(edges.len()), &edges).expect("a graph");
    let oracle = Flow::new(graph, 0, nodes as u32 - 1, 1).expect("a path");
    Problem::new(oracle, costs(edges.len()), move |theta: &[f32], y: &mut [f32]| {
        naive::edge_path(nodes, &edges, theta, y)
    })
}

/// Match n rows with n columns.
pub fn assignment(n: usize) -> Problem<Assignment<DynRect>, impl Naive> {
    let oracle = Assignment::new(DynRect { rows: n, columns: n }).expect("a square");
    Problem::new(oracle, normals(n * n), move |theta: &[f32], y: &mut [f32]| naive::assignment(n, theta, y))
}

/// Span a complete graph.
pub fn spanning_tree(nodes: usize) -> Problem<SpanningTree<Dyn, Dyn>, impl Naive> {
    let edges = pairs(nodes);
    let graph = Graph::new(Dyn(nodes), Dyn(edges.len()), &edges).expect("a graph");
    let oracle = SpanningTree::new(graph).expect("a connected graph");
    Problem::new(oracle, normals(edges.len()), move |theta: &[f32], y: &mut [f32]| {
        naive::spanning_tree(nodes, theta, y)
    })
}

/// Pack items of weights 3, 5 and 7: those of the experiment on energy prices.
pub fn light_knapsack(items: usize, capacity: u32) -> Problem<Knapsack<Dyn, Dyn>, impl Naive> {
    let weights = (0..items).map(|i| [3, 5, 7, 5][i * i % 11 % 4]).collect();
    knapsack(weights, capacity)
}

/// Pack items of weights to 1000.
pub fn heavy_knapsack(items: usize, capacity: u32) -> Problem<Knapsack<Dyn, Dyn>, impl Naive> {
    let weights = (0..items as u32).map(|i| 1 + i * 7919 % 1000).collect();
    knapsack(weights, capacity)
}

fn knapsack(weights: Vec<u32>, capacity: u32) -> Problem<Knapsack<Dyn, Dyn>, impl Naive> {
    let items = weights.len();
    let table = Dyn(capacity as usize + 1);
    let oracle = Knapsack::new(Dyn(items), table, &weights, capacity).expect("valid weights");
    let theta = normals::<f32>(items).iter().map(|z| 10.0 + 3.0 * z).collect();
    Problem::new(oracle, theta, move |theta: &[f32], y: &mut [f32]| {
        naive::knapsack(&weights, capacity as usize, theta, y)
    })
}

/// Visit cities in the plane. Both solvers approximate.
pub fn tour(cities: usize) -> Problem<Tour<Dyn, Dyn>, impl Naive> {
    let points: Vec<f32> = normals(2 * cities);
    let distance = |(i, j): (u32, u32)| {
        let (i, j) = (2 * i as usize, 2 * j as usize);
        -(points[i] - points[j]).hypot(points[i + 1] - points[j + 1])
    };
    let theta: Vec<f32> = pairs(cities).into_iter().map(distance).collect();
    let oracle = Tour::new(Dyn(cities), Dyn(theta.len()), 100).expect("all pairs");
    let naive = move |theta: &[f32], y: &mut [f32]| naive::tour(cities, theta, y);
    Problem { tolerance: 0.1, ..Problem::new(oracle, theta, naive) }
}
