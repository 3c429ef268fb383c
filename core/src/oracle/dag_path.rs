//! Walk: paths along the edges of an acyclic graph.

use super::{Location, Oracle, Properties, allowed, hull};
use crate::vector::total;
use crate::{Error, Graph, Real, Shape, error};

/// Walk from a source to a sink of a directed acyclic graph: y marks the edges of the path.
///
/// F(θ) is the largest sum of scores along a path; scores have any sign, and those of −∞ forbid edges. Exact, by dynamic programming over the edges
/// in topological order; among equally good ways into a node the edge of the lowest index wins. Cost O(|E|); working
/// memory one number and four bytes a node.
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
}

/// A node that no edge has reached.
const NEW: u32 = u32::MAX;

impl<V: Shape, E: Shape> DagPath<V, E> {
    /// Paths from node `source` to node `sink`.
    ///
    /// All edges into a node must precede the edges out of it (a graph with a cycle has no such order), and a path
    /// must exist; else [`Error::Graph`] names the edge or the sink.
    pub fn new(graph: Graph<V, E>, source: u32, sink: u32) -> Result<Self, Error> {
        let last = graph.nodes().dim().saturating_sub(1);
        error::check_range("source", source as usize, 0, last)?;
        error::check_range("sink", sink as usize, 0, last)?;
        let mut left = graph.nodes().array(false);
        let mut reached = graph.nodes().array(false);
        let (left, reached) = (left.as_mut(), reached.as_mut());
        let at = |flags: &[bool], node: u32| flags.get(node as usize) == Some(&true);
        let set = |flags: &mut [bool], node: u32| {
            if let Some(flag) = flags.get_mut(node as usize) {
                *flag = true;
            }
        };
        set(reached, source);
        for (index, edge) in graph.edges().iter().enumerate() {
            if at(left, edge.head) {
                let because = "an edge enters a node after another has left it: not in topological order";
                return Err(Error::Graph { index, because });
            }
            set(left, edge.tail);
            if at(reached, edge.tail) {
                set(reached, edge.head);
            }
        }
        if !at(reached, sink) {
            return Err(Error::Graph { index: sink as usize, because: "no path reaches the sink" });
        }
        Ok(Self { graph, source, sink })
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
        let edges = self.graph.edges();
        for ((edge, &score), index) in edges.iter().zip(theta).zip(0u32..) {
            let Some(&(sum, by)) = best.get(edge.tail as usize) else { continue };
            if by == NEW && edge.tail != self.source {
                continue;
            }
            if let Some(head) = best.get_mut(edge.head as usize)
                && (head.1 == NEW || sum + score > head.0)
                && edge.head != self.source
            {
                *head = (sum + score, index);
            }
        }
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
    /// Whether y marks a path that visits no node twice.
    fn walks<T: Real>(&self, y: &[T]) -> bool {
        // Edges of a path stand in its order.
        let mut node = self.source;
        for (edge, &y) in self.graph.edges().iter().zip(y) {
            if y == T::ONE && edge.tail == node {
                node = edge.head;
            } else if y != T::ZERO {
                return false;
            }
        }
        node == self.sink
    }
}
