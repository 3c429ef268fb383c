//! Packing, spanning, grouping, flow and tours: one solve in f32, at the sizes of the experiments and beyond;
//! answers are asserted before they are timed.

use criterion::{Criterion, criterion_group, criterion_main};
use perturb::{Dyn, Flow, Graph, GroupTopK, Knapsack, Noise, Normal, Oracle, Real, Seed, SpanningTree, Tour};

fn scores(dim: usize) -> Vec<f32> {
    let mut theta = vec![0.0f32; dim];
    Normal.fill(&mut Seed(1).stream(0), &mut theta);
    theta
}

/// The value of the plain table, in f64.
fn best_packing(theta: &[f32], weights: &[u32], capacity: u32) -> f64 {
    let mut table = vec![0.0f64; capacity as usize + 1];
    for (&score, &weight) in theta.iter().zip(weights) {
        for c in (weight as usize..table.len()).rev() {
            table[c] = table[c].larger(table[c - weight as usize] + f64::from(score));
        }
    }
    table[capacity as usize]
}

fn pack(criterion: &mut Criterion, name: &str, theta: &[f32], weights: &[u32], capacity: u32) {
    let dim = theta.len();
    let oracle =
        Knapsack::new(Dyn(dim), Dyn(capacity as usize + 1), weights, capacity).expect("valid weights");
    let (mut y, mut work) = (vec![0.0; dim], oracle.work());
    let value = f64::from(oracle.solve(theta, &mut y, &mut work));
    let best = best_packing(theta, weights, capacity);
    assert!((value - best).abs() <= 1e-5 * best, "{name}: {value} {best}");
    criterion.bench_function(&format!("knapsack, {name}, {dim} items, capacity {capacity}"), |bench| {
        bench.iter(|| oracle.solve(theta, &mut y, &mut work));
    });
}

fn knapsack(criterion: &mut Criterion) {
    let prices: Vec<f32> = scores(48).iter().map(|z| 10.0 + 3.0 * z).collect();
    let light: Vec<u32> = (0..48).map(|i| [3, 5, 7, 5][i * i % 11 % 4]).collect();
    for capacity in [60, 120, 180] {
        pack(criterion, "weights 3, 5, 7", &prices, &light, capacity);
    }
    for (dim, capacity) in [(100, 1000), (500, 1000), (500, 10_000)] {
        let theta: Vec<f32> = scores(dim).iter().map(|z| 10.0 + 3.0 * z).collect();
        let heavy: Vec<u32> = (0..dim as u32).map(|i| 1 + i * 7919 % 1000).collect();
        pack(criterion, "weights to 1000", &theta, &heavy, capacity);
    }
}

/// Times a solve whose value must be near `want`.
fn time<O: Oracle<f32>>(criterion: &mut Criterion, name: &str, oracle: &O, theta: &[f32], want: f64) {
    let (mut y, mut work) = (vec![0.0; theta.len()], oracle.work());
    let value = f64::from(oracle.solve(theta, &mut y, &mut work));
    assert!((value - want).abs() <= 1e-4 * want.abs(), "{name}: {value} {want}");
    criterion.bench_function(name, |bench| {
        bench.iter(|| oracle.solve(theta, &mut y, &mut work));
    });
}

/// All pairs i < j in the order (0,1), (0,2), (1,2), …: entry j(j − 1)/2 + i.
fn pairs(nodes: u32) -> Vec<(u32, u32)> {
    (0..nodes).flat_map(|j| (0..j).map(move |i| (i, j))).collect()
}

/// Prim's algorithm on the complete graph.
fn best_tree(nodes: usize, theta: &[f32]) -> f64 {
    let score = |a: usize, b: usize| theta[a.max(b) * (a.max(b) - 1) / 2 + a.min(b)];
    let (mut inside, mut sum) = (vec![0], 0.0);
    while inside.len() < nodes {
        let outside = (0..nodes).filter(|node| !inside.contains(node));
        let edges = outside.flat_map(|b| inside.iter().map(move |&a| (score(a, b), b)));
        let (score, node) = edges.max_by(|a, b| a.0.total_cmp(&b.0)).expect("a node outside");
        sum += f64::from(score);
        inside.push(node);
    }
    sum
}

fn spanning_tree(criterion: &mut Criterion) {
    for nodes in [25, 50, 100] {
        let edges = pairs(nodes);
        let theta = scores(edges.len());
        let graph = Graph::new(Dyn(nodes as usize), Dyn(edges.len()), &edges).expect("a graph");
        let oracle = SpanningTree::new(graph).expect("a connected graph");
        let want = best_tree(nodes as usize, &theta);
        time(criterion, &format!("spanning tree, complete graph, {nodes} nodes"), &oracle, &theta, want);
    }
}

fn group_top_k(criterion: &mut Criterion) {
    for dim in [100u32, 1000] {
        // Ten groups that may give one each are ten argmaxes.
        let groups: Vec<u32> = (0..dim).map(|i| i % 10).collect();
        let theta = scores(dim as usize);
        let best =
            |group: usize| theta.iter().skip(group).step_by(10).fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        let want = (0..10).map(|group| f64::from(best(group))).sum();
        let oracle = GroupTopK::one_of_each(Dyn(dim as usize), Dyn(10), &groups).expect("no empty group");
        time(criterion, &format!("one of each of 10 groups, {dim} entries"), &oracle, &theta, want);
    }
}

fn flow(criterion: &mut Criterion) {
    for side in [12u32, 24] {
        let cells = side * side;
        let right = (0..cells).filter(|cell| cell % side + 1 < side).map(|cell| (cell, cell + 1));
        let down = (0..cells - side).map(|cell| (cell, cell + side));
        let mut edges: Vec<(u32, u32)> = right.chain(down).collect();
        edges.sort_unstable();
        let theta: Vec<f32> = scores(edges.len()).iter().map(|z| -z.abs()).collect();
        // One unit takes the best path.
        let mut best = vec![f64::NEG_INFINITY; cells as usize];
        best[0] = 0.0;
        for (&(tail, head), &score) in edges.iter().zip(&theta) {
            best[head as usize] = best[head as usize].max(best[tail as usize] + f64::from(score));
        }
        let graph = Graph::new(Dyn(cells as usize), Dyn(edges.len()), &edges).expect("a graph");
        let oracle = Flow::new(graph, 0, cells - 1, 1).expect("a path");
        let name = format!("flow of one unit, {side} x {side} grid");
        time(criterion, &name, &oracle, &theta, best[cells as usize - 1]);
    }
}

fn tour(criterion: &mut Criterion) {
    for cities in [20u32, 50, 100] {
        let points: Vec<f32> = scores(2 * cities as usize);
        let distance = |(i, j): (u32, u32)| {
            let (i, j) = (2 * i as usize, 2 * j as usize);
            -(points[i] - points[j]).hypot(points[i + 1] - points[j + 1])
        };
        let theta: Vec<f32> = pairs(cities).into_iter().map(distance).collect();
        let oracle = Tour::new(Dyn(cities as usize), Dyn(theta.len()), 100).expect("all pairs");
        // Longer than the shortest tree, and by far less than nearest insertion's bound of twice the best
        // tour.
        let (mut y, tree) = (vec![0.0; theta.len()], best_tree(cities as usize, &theta));
        let found = f64::from(oracle.solve(&theta, &mut y, &mut oracle.work()));
        assert!(1.5 * tree < found && found < tree, "{found} {tree}");
        time(criterion, &format!("tour, {cities} points in the plane"), &oracle, &theta, found);
    }
}

criterion_group!(benches, knapsack, spanning_tree, group_top_k, flow, tour);
criterion_main!(benches);
