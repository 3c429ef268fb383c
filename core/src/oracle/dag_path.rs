//! Walk: paths along the edges of an acyclic graph.

use super::{Location, Oracle, Properties, allowed, hull};
use crate::graph::Edge;
use crate::sort::sort;
use crate::vector::total;
use crate::{Error, Graph, Real, Shape, error};

/// Walk from a source to a sink of a directed acyclic graph: y marks the edges of the path.
///
/// F(θ) is the largest sum of scores along a path; scores have any sign, and those of −∞ forbid edges. Exact, by dynamic
/// programming over the edges in topological order; among equally good ways into a node the edge of the lowest index wins. Cost
/// O(|E|); working memory one number and four bytes a node.
///
/// ```
/// use perturb_core::{Const, DagPath, Graph, Oracle};
/// let graph = Graph::new(Const::<3>, Const::<3>, &[(0, 1), (0, 2), (1, 2)])?;
/// let oracle = DagPath::new(graph, 0, 2)?;
/// let mut y = [0.0; 3];
/// assert_eq!(oracle.solve(&[-1.0, 0.5, 2.0], &mut y, &mut Oracle::<f64>::work(&oracle)), Ok(1.0));
/// assert_eq!(y, [1.0, 0.0, 1.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("Bellman-Ford", "Viterbi", "critical path", "longest path"))]
#[derive(Clone, Debug)]
pub struct DagPath<V, E: Shape> {
    graph: Graph<V, E>,
    source: u32,
    sink: u32,
    /// Edges in topological order, unless they stand in it.
    order: Option<E::Array<u32>>,
}

/// A node that no edge has reached, and no edge.
const NEW: u32 = u32::MAX;

impl<V: Shape, E: Shape> DagPath<V, E> {
    /// Paths from node `source` to node `sink`, along edges in any order. Where all edges into a node precede those out of it,
    /// solves read the scores in order, and are faster.
    ///
    /// Refused as [`Error::Graph`]: a cycle, naming an edge of it, and a graph in which no path reaches the sink. Cost
    /// O(|V| + |E| log |E|).
    pub fn new(graph: Graph<V, E>, source: u32, sink: u32) -> Result<Self, Error> {
        let last = graph.nodes().dim().saturating_sub(1);
        error::check_range("source", source as usize, 0, last)?;
        error::check_range("sink", sink as usize, 0, last)?;
        let order = if is_in_order(&graph) { None } else { Some(topological(&graph)?) };
        let path = Self { graph, source, sink, order };
        let mut reached = path.graph.nodes().array((0.0f32, NEW));
        path.relax(path.graph.shape().array(0.0f32).as_ref(), reached.as_mut());
        let found = get(reached.as_ref(), sink).is_some_and(|(_, by)| by != NEW) || source == sink;
        if found {
            Ok(path)
        } else {
            Err(Error::Graph { index: sink as usize, because: "no path reaches the sink" })
        }
    }

    /// The graph.
    pub fn graph(&self) -> &Graph<V, E> {
        &self.graph
    }
    /// The source and the sink.
    pub fn ends(&self) -> [u32; 2] {
        [self.source, self.sink]
    }
}

impl<T: Real, V: Shape, E: Shape> Oracle<T> for DagPath<V, E> {
    type Shape = E;
    /// For each node the best sum and the edge that gives it.
    type Work = V::Array<(T, u32)>;

    fn properties(&self) -> Properties {
        Properties::new("dag path").with_small_integers(true).with_forbids(true)
    }
    fn shape(&self) -> E {
        self.graph.shape()
    }
    fn work(&self) -> Self::Work {
        self.graph.nodes().array((T::ZERO, NEW))
    }

    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> Result<T, &'static str> {
        let best = work.as_mut();
        best.fill((T::ZERO, NEW));
        self.relax(theta, best);
        let edges = self.graph.edges();
        y.fill(T::ZERO);
        let mut node = self.sink;
        while node != self.source {
            let Some(&(_, by)) = best.get(node as usize) else { break };
            let (Some(edge), Some(y)) = (edges.get(by as usize), y.get_mut(by as usize)) else { break };
            *y = T::ONE;
            node = edge.tail;
        }
        allowed(total(theta, y), theta, y)
    }

    /// Every path is a vertex.
    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        match work {
            Some(_) if self.walks(y) => Location::Vertex,
            _ if hull::no_flow(y, self.graph.edges(), self.ends(), 1) => Location::Outside,
            _ => Location::Undecided,
        }
    }
}

impl<V: Shape, E: Shape> DagPath<V, E> {
    /// The best sum to each node and the edge that gives it, from a start where no node is reached.
    fn relax<T: Real>(&self, theta: &[T], best: &mut [(T, u32)]) {
        let edges = self.graph.edges();
        let mut relax = |edge: &Edge, score: T, index: u32| {
            let Some(&(sum, by)) = best.get(edge.tail as usize) else { return };
            if by == NEW && edge.tail != self.source {
                return;
            }
            if let Some(head) = best.get_mut(edge.head as usize)
                && (head.1 == NEW || sum + score > head.0)
                && edge.head != self.source
            {
                *head = (sum + score, index);
            }
        };
        let Some(order) = &self.order else {
            for ((edge, &score), index) in edges.iter().zip(theta).zip(0u32..) {
                relax(edge, score, index);
            }
            return;
        };
        for &index in order.as_ref() {
            if let (Some(edge), Some(score)) = (get(edges, index), get(theta, index)) {
                relax(&edge, score, index);
            }
        }
    }

    /// Whether y marks a path that visits no node twice.
    fn walks<T: Real>(&self, y: &[T]) -> bool {
        // Edges of a path stand in its order.
        let mut node = self.source;
        let mut walks = |edge: &Edge, y: T| {
            let steps = y == T::ONE && edge.tail == node;
            node = if steps { edge.head } else { node };
            steps || y == T::ZERO
        };
        let edges = self.graph.edges();
        let all = match &self.order {
            None => edges.iter().zip(y).all(|(edge, &y)| walks(edge, y)),
            Some(order) => order
                .as_ref()
                .iter()
                .all(|&index| get(edges, index).zip(get(y, index)).is_some_and(|(edge, y)| walks(&edge, y))),
        };
        all && node == self.sink
    }
}

fn get<X: Copy>(list: &[X], index: u32) -> Option<X> {
    list.get(index as usize).copied()
}

fn set(list: &mut [u32], index: u32, value: u32) {
    if let Some(place) = list.get_mut(index as usize) {
        *place = value;
    }
}

/// Whether all edges into a node precede the edges out of it.
fn is_in_order<V: Shape, E: Shape>(graph: &Graph<V, E>) -> bool {
    let mut left = graph.nodes().array(0);
    let left = left.as_mut();
    graph.edges().iter().all(|edge| {
        set(left, edge.tail, 1);
        get(left, edge.head) == Some(0)
    })
}

/// The edges by their heads in topological order (Kahn 1962), and by index: the last edge into each node precedes those out of it.
fn topological<V: Shape, E: Shape>(graph: &Graph<V, E>) -> Result<E::Array<u32>, Error> {
    let edges = graph.edges();
    let (nodes, list) = (|fill| graph.nodes().array(fill), |fill| graph.shape().array(fill));
    // The edges that leave each node, as a list: the first, and the next of each; and how many enter it.
    let (mut first, mut next, mut entering) = (nodes(NEW), list(NEW), nodes(0));
    let (first, entering) = (first.as_mut(), entering.as_mut());
    for (edge, index) in edges.iter().zip(0u32..) {
        set(next.as_mut(), index, get(first, edge.tail).unwrap_or(NEW));
        set(first, edge.tail, index);
        set(entering, edge.head, get(entering, edge.head).unwrap_or(0) + 1);
    }
    // Nodes that no edge enters any more, in order; and where each stands there.
    let (mut sorted, mut place) = (nodes(0), nodes(NEW));
    let (sorted, place) = (sorted.as_mut(), place.as_mut());
    let (mut found, mut done) = (0u32, 0u32);
    let mut find = |node: u32, sorted: &mut [u32]| {
        set(sorted, found, node);
        found += 1;
        found
    };
    let mut end = 0;
    for (&count, node) in entering.iter().zip(0u32..) {
        if count == 0 {
            end = find(node, sorted);
        }
    }
    while done < end {
        let node = get(sorted, done).unwrap_or(NEW);
        set(place, node, done);
        done += 1;
        let mut leaving = get(first, node).unwrap_or(NEW);
        while let Some(edge) = get(edges, leaving) {
            let left = get(entering, edge.head).unwrap_or(0).saturating_sub(1);
            set(entering, edge.head, left);
            if left == 0 {
                end = find(edge.head, sorted);
            }
            leaving = get(next.as_ref(), leaving).unwrap_or(NEW);
        }
    }
    if (done as usize) < place.len() {
        return Err(Error::Graph {
            index: on_cycle(edges, place, first),
            because: "an edge lies on a cycle",
        });
    }
    let mut keys = graph.shape().array(0u64);
    for ((key, edge), index) in keys.as_mut().iter_mut().zip(edges).zip(0u64..) {
        *key = u64::from(get(place, edge.head).unwrap_or(NEW)) << 32 | index;
    }
    sort(keys.as_mut());
    for (next, &key) in next.as_mut().iter_mut().zip(keys.as_ref()) {
        *next = key as u32;
    }
    Ok(next)
}

/// An edge of a cycle, with memory for a number a node: each node without a place is entered by an edge from another one, and going
/// back along those ends in a circle.
fn on_cycle(edges: &[Edge], place: &[u32], by: &mut [u32]) -> usize {
    let mut last = 0;
    for (edge, index) in edges.iter().zip(0u32..) {
        if get(place, edge.tail) == Some(NEW) {
            set(by, edge.head, index);
            last = index;
        }
    }
    for _ in 0..by.len() {
        last = get(edges, last).and_then(|edge| get(by, edge.tail)).unwrap_or(last);
    }
    last as usize
}
