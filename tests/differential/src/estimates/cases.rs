//! Layers whose expectations are known exactly: every oracle, in instances of random size and scores.

use std::marker::PhantomData;

use perturb::{
    Assignment, BlackBox, DagPath, Dyn, DynRect, Flow, Graph, GridPath, GroupTopK, Hypercube, Knapsack,
    Ranking, Real, ShortestPath, Simplex, SpanningTree, TopK, Tour,
    oracle::{EdgeLabel, Neighbours},
};
use perturb_tests::vertices::tour_edge;
use perturb_tests::widened;

use super::reduction::{Base, Block, Reduction};
use crate::Source;
use perturb::AnyOracle;

/// An oracle, scores for temperature 1, and what is known of them.
#[derive(Debug)]
pub struct Case<T: Real> {
    /// The oracle.
    pub oracle: AnyOracle<T>,
    /// θ/ε.
    pub theta: Vec<f64>,
    /// Exact expectations.
    pub reduction: Reduction,
    /// The largest |`y_i`| of a vertex.
    pub radius: f64,
    /// Whether all vertices are zeros and ones.
    pub binary: bool,
}

/// Makes an instance for a temperature: offsets are in units of θ.
pub type Make<T> = fn(&mut Source, f64) -> Case<T>;

/// The catalogue for one type of numbers.
#[derive(Debug)]
pub struct Cases<T>(PhantomData<T>);

impl<T: Real> Cases<T> {
    /// Names, whether only normal noise will do, and instances.
    pub const ALL: &[(&'static str, bool, Make<T>)] = &[
        ("simplex", false, simplex),
        ("top-k", false, top_k),
        ("hypercube", false, hypercube),
        ("sign hypercube", false, sign),
        ("ranking", false, ranking),
        ("group top-k", false, group_top_k),
        ("dag path", false, dag_path),
        ("dag path of two lengths", true, two_lengths),
        ("shortest path", true, shortest_path),
        ("grid path by four", true, grid_four),
        ("grid path by eight", true, grid_eight),
        ("assignment of one", false, assign_one),
        ("assignment", true, assign_two),
        ("warm assignment", true, assign_warm),
        ("spanning tree", false, tree),
        ("labelled spanning tree", false, labelled_tree),
        ("knapsack with room", false, knapsack),
        ("full knapsack", true, full_knapsack),
        ("flow", false, flow),
        ("tour", true, tour),
        ("black box", false, black_box),
        ("black box of costs with an offset", false, offset),
    ];
}

/// Scores so near to one another that no outcome is rare.
fn near(source: &mut Source, dim: usize) -> Vec<f64> {
    (0..dim).map(|_| source.between(-0.6, 0.6)).collect()
}

/// A cost that normal noise of deviation 1 makes negative less than once in 10⁸⁰ times.
const COST: f64 = 20.0;

fn picks<T: Real>(oracle: AnyOracle<T>, theta: Vec<f64>, base: Base, radius: f64) -> Case<T> {
    let reduction = Reduction::whole(base, theta.len());
    Case { oracle, theta, reduction, radius, binary: !matches!(base, Base::Sign | Base::Ranking(..)) }
}

fn simplex<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let d = source.whole(1, 6);
    picks(AnyOracle::custom(Simplex::new(Dyn(d)).unwrap()), near(source, d), Base::Simplex, 1.0)
}
fn top_k<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let d = source.whole(1, 6);
    let k = source.whole(1, d);
    picks(AnyOracle::custom(TopK::new(Dyn(d), k).unwrap()), near(source, d), Base::TopK(k), 1.0)
}
fn hypercube<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let d = source.whole(1, 5);
    picks(AnyOracle::custom(Hypercube::binary(Dyn(d)).unwrap()), near(source, d), Base::Binary, 1.0)
}
fn sign<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let d = source.whole(1, 5);
    picks(AnyOracle::custom(Hypercube::sign(Dyn(d)).unwrap()), near(source, d), Base::Sign, 1.0)
}
fn ranking<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let d = source.whole(2, 5);
    let (first, step) = source.pick(&[(1.0, 1.0), (-1.0, -1.0), (0.5, 0.25), (0.0, 2.0)]);
    let v: Vec<f64> = (0..d).map(|i| first + step * i as f64).collect();
    let radius = v.iter().fold(0.0, |most, v| f64::max(most, v.abs()));
    let v: Vec<T> = perturb_tests::reals(&v);
    picks(
        AnyOracle::custom(Ranking::new(Dyn(d), &v).unwrap()),
        near(source, d),
        Base::Ranking(first, step),
        radius,
    )
}

/// Entries and the base that decides on them.
type Blocks = Vec<(Base, Vec<usize>)>;

/// Blocks of entries, and entries that are always in.
fn decided<T: Real>(
    oracle: AnyOracle<T>,
    theta: Vec<f64>,
    always: &[usize],
    blocks: &[(Base, Vec<usize>)],
) -> Case<T> {
    let d = theta.len();
    let constant = (0..d).map(|i| f64::from(always.contains(&i))).collect();
    let blocks = blocks.iter().map(|(base, entries)| Block::of_entries(*base, d, entries)).collect();
    Case { oracle, theta, reduction: Reduction { constant, blocks }, radius: 1.0, binary: true }
}

/// One of each of two groups, whose entries are shuffled.
fn group_top_k<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let (a, b) = (source.whole(1, 3), source.whole(1, 3));
    let mut groups: Vec<u32> = (0..a + b).map(|i| u32::from(i >= a)).collect();
    source.shuffle(&mut groups);
    let of = |group| (0..a + b).filter(|&i| groups[i] == group).collect();
    let oracle = GroupTopK::one_of_each(Dyn(a + b), Dyn(2), &groups).unwrap();
    decided(
        AnyOracle::custom(oracle),
        near(source, a + b),
        &[],
        &[(Base::Simplex, of(0)), (Base::Simplex, of(1))],
    )
}

fn graph(nodes: usize, edges: &[(u32, u32)]) -> Graph<Dyn, Dyn> {
    Graph::new(Dyn(nodes), Dyn(edges.len()), edges).unwrap()
}

/// Parallel edges from each of three nodes to the next.
fn stages(source: &mut Source) -> (Vec<(u32, u32)>, Blocks) {
    let (a, b) = (source.whole(1, 3), source.whole(1, 3));
    let edges = (0..a + b).map(|i| if i < a { (0, 1) } else { (1, 2) }).collect();
    (edges, vec![(Base::Simplex, (0..a).collect()), (Base::Simplex, (a..a + b).collect())])
}
fn dag_path<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let (edges, blocks) = stages(source);
    let oracle = DagPath::new(graph(3, &edges), 0, 2).unwrap();
    decided(AnyOracle::custom(oracle), near(source, edges.len()), &[], &blocks)
}
fn costs(source: &mut Source, dim: usize) -> Vec<f64> {
    near(source, dim).into_iter().map(|x| x - COST).collect()
}
fn shortest_path<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let (edges, blocks) = stages(source);
    let oracle = ShortestPath::<T, _, _>::new(graph(3, &edges), 0, 2).unwrap();
    decided(AnyOracle::custom(oracle), costs(source, edges.len()), &[], &blocks)
}

/// Two vertices a and b, which only normal noise decides in closed form: b + p(a − b).
fn two<T: Real>(oracle: AnyOracle<T>, theta: Vec<f64>, a: &[f64], b: &[f64]) -> Case<T> {
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let wider = difference.iter().map(|x| x * x).sum::<f64>().sqrt();
    let block = Block { base: Base::Binary, columns: vec![difference], offset: vec![], wider };
    let reduction = Reduction { constant: b.to_vec(), blocks: vec![block] };
    Case { oracle, theta, reduction, radius: 1.0, binary: true }
}
/// Two edges, or one.
fn two_lengths<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let oracle = DagPath::new(graph(3, &[(0, 1), (0, 2), (1, 2)]), 0, 2).unwrap();
    two(AnyOracle::custom(oracle), near(source, 3), &[1.0, 0.0, 1.0], &[0.0, 1.0, 0.0])
}
fn assign_two<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let oracle = Assignment::new(DynRect { rows: 2, columns: 2 }).unwrap();
    two(AnyOracle::custom(oracle), near(source, 4), &[1.0, 0.0, 0.0, 1.0], &[0.0, 1.0, 1.0, 0.0])
}
fn assign_warm<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let oracle = Assignment::new(DynRect { rows: 2, columns: 2 }).unwrap().with_warm_start();
    two(AnyOracle::custom(oracle), near(source, 4), &[1.0, 0.0, 0.0, 1.0], &[0.0, 1.0, 1.0, 0.0])
}
/// One row, or one column.
fn assign_one<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let d = source.whole(1, 6);
    let plane = source.pick(&[DynRect { rows: 1, columns: d }, DynRect { rows: d, columns: 1 }]);
    picks(AnyOracle::custom(Assignment::new(plane).unwrap()), near(source, d), Base::Simplex, 1.0)
}

/// Between opposite corners of four cells, by one of the other two.
fn grid_four<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let oracle = GridPath::<T, _>::new(DynRect { rows: 2, columns: 2 }, Neighbours::Four).unwrap();
    decided(AnyOracle::custom(oracle), costs(source, 4), &[0, 3], &[(Base::Simplex, vec![1, 2])])
}
/// From the left to the right of three columns, by one cell of the middle column: others cost one cell more.
fn grid_eight<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let plane = DynRect { rows: 3, columns: 3 };
    let oracle = GridPath::<T, _>::between(plane, Neighbours::Eight, (1, 0), (1, 2)).unwrap();
    decided(AnyOracle::custom(oracle), costs(source, 9), &[3, 5], &[(Base::Simplex, vec![1, 4, 7])])
}

/// A bundle of parallel edges, of which one stays, and a triangle, of which two do.
fn tree<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let bundle = source.whole(1, 3);
    let mut edges = vec![(0, 1); bundle];
    edges.extend([(1, 2), (2, 3), (3, 1)]);
    let oracle = SpanningTree::new(graph(4, &edges)).unwrap();
    let blocks = [(Base::Simplex, (0..bundle).collect()), (Base::TopK(2), (bundle..bundle + 3).collect())];
    decided(AnyOracle::custom(oracle), near(source, edges.len()), &[], &blocks)
}
/// The same with one edge of the triangle in and one of the bundle out.
fn labelled_tree<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let bundle = source.whole(2, 4);
    let mut edges = vec![(0, 1); bundle];
    edges.extend([(1, 2), (2, 3), (3, 1)]);
    let mut labels = vec![EdgeLabel::Free; bundle + 3];
    (labels[0], labels[bundle]) = (EdgeLabel::Out, EdgeLabel::In);
    let oracle = SpanningTree::new(graph(4, &edges)).unwrap().constrained(&labels).unwrap();
    let blocks = [(Base::Simplex, (1..bundle).collect()), (Base::Simplex, vec![bundle + 1, bundle + 2])];
    decided(AnyOracle::custom(oracle), near(source, edges.len()), &[bundle], &blocks)
}

/// Room for all.
fn knapsack<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let d = source.whole(1, 5);
    let weights: Vec<u32> = (0..d).map(|_| source.whole(0, 9) as u32).collect();
    let oracle = Knapsack::new(Dyn(d), Dyn(46), &weights, 45).unwrap();
    picks(AnyOracle::custom(oracle), near(source, d), Base::Binary, 1.0)
}
/// Items worth packing, of one weight, and room for some.
fn full_knapsack<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let d = source.whole(1, 5);
    let k = source.whole(1, d);
    let oracle = Knapsack::new(Dyn(d), Dyn(6), &vec![7; d], 7 * k as u32 + 3).unwrap();
    let theta = near(source, d).into_iter().map(|x| x + COST).collect();
    picks(AnyOracle::custom(oracle), theta, Base::TopK(k), 1.0)
}
/// Some units over parallel edges.
fn flow<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let d = source.whole(1, 5);
    let k = source.whole(1, d);
    let oracle = Flow::new(graph(2, &vec![(0, 1); d]), 0, 1, k).unwrap();
    picks(AnyOracle::custom(oracle), near(source, d), Base::TopK(k), 1.0)
}
/// Four cities: a tour leaves out two edges that share no city, and all tours are tried by exchanging two edges.
fn tour<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let oracle = Tour::new(Dyn(4), Dyn(6), 100).unwrap();
    let pair = |[a, b, c, d]: [usize; 4]| {
        let mut column = vec![0.0; 6];
        (column[tour_edge(a, b)], column[tour_edge(c, d)]) = (1.0, 1.0);
        column
    };
    let columns = [[0, 1, 2, 3], [0, 2, 1, 3], [0, 3, 1, 2]].map(pair).to_vec();
    let block = Block { base: Base::TopK(2), columns, offset: vec![], wider: 2f64.sqrt() };
    let reduction = Reduction { constant: vec![0.0; 6], blocks: vec![block] };
    Case { oracle: AnyOracle::custom(oracle), theta: near(source, 6), reduction, radius: 1.0, binary: true }
}

/// Argmax by a loop.
fn largest<T: Real>(theta: &[T], y: &mut [T]) {
    let best = theta.iter().fold(T::NEG_INFINITY, |most, &x| most.larger(x));
    let place = theta.iter().position(|&x| x == best).unwrap_or(0);
    y.fill(T::ZERO);
    y[place] = T::ONE;
}
fn black_box<T: Real>(source: &mut Source, _: f64) -> Case<T> {
    let d = source.whole(1, 6);
    let oracle = BlackBox::new(Dyn(d), largest::<T>).unwrap();
    picks(AnyOracle::custom(oracle), near(source, d), Base::Simplex, 1.0)
}
/// Argmin of costs less what each class gains beside its score.
fn offset<T: Real>(source: &mut Source, epsilon: f64) -> Case<T> {
    let d = source.whole(1, 6);
    let gains: Vec<T> = (0..d).map(|_| T::from_f64(epsilon * source.between(-0.6, 0.6))).collect();
    let offset = widened(&gains);
    let own = gains.clone();
    let solver = move |costs: &[T], y: &mut [T]| {
        let scores: Vec<T> = costs.iter().zip(&own).map(|(&cost, &gain)| gain - cost).collect();
        largest(&scores, y);
    };
    let gain = move |y: &[T]| y.iter().zip(&gains).fold(T::ZERO, |sum, (&y, &gain)| sum + y * gain);
    let oracle = BlackBox::new(Dyn(d), solver).unwrap().minimizing().with_offset(gain);
    let mut case = picks(AnyOracle::custom(oracle), near(source, d), Base::Simplex, 1.0);
    case.reduction.blocks[0].offset = offset;
    case
}
