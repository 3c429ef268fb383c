//! Walk: shortest paths along the edges of a general graph.

use core::fmt;

use super::heap::{Entry, Heap};
use super::{Location, NegativeCost, Oracle, Properties, allowed, hull};
use crate::vector::total;
use crate::{Error, Graph, Real, Shape, error};

/// Walk from a source to a sink of a directed graph, cycles allowed: y marks the edges of the path.
///
/// θ = −c for the costs c of the edges; F(θ) is minus the cost of the cheapest path. Costs are meant to be positive;
/// [`NegativeCost`] says what happens to others, by default a floor relative to the least positive cost. Scores of −∞, infinite
/// costs, forbid edges. Graphs without cycles
/// and with scores of any sign are for [`DagPath`](super::DagPath).
///
/// Dijkstra's algorithm (1959) over compressed rows, stopping at the sink; equally cheap ways into a node are decided
/// by the nearer, then the lower node before it. Cost O(|E| log |E|); working memory 8 bytes an edge and a
/// node in f32, 16 in f64.
///
/// ```
/// use perturb_core::{Const, Graph, Oracle, ShortestPath};
/// let graph = Graph::new(Const::<3>, Const::<4>, &[(0, 1), (0, 2), (1, 2), (2, 0)])?;
/// let oracle = ShortestPath::<f64, _, _>::new(graph, 0, 2)?;
/// let mut y = [0.0; 4];
/// assert_eq!(oracle.solve(&[-1.0, -4.0, -2.0, -1.0], &mut y, &mut oracle.work()), Ok(-3.0));
/// assert_eq!(y, [1.0, 0.0, 1.0, 0.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("Dijkstra"))]
#[derive(Clone, Debug)]
pub struct ShortestPath<T, V: Shape, E: Shape> {
    graph: Graph<V, E>,
    source: u32,
    sink: u32,
    /// The edges that leave each node end before this place in `order`.
    ends: V::Array<u32>,
    /// Edges by tail.
    order: E::Array<u32>,
    negative: NegativeCost<T>,
}

/// No edge, and the edge before the source.
const NONE: u32 = u32::MAX;

impl<T: Real, V: Shape, E: Shape> ShortestPath<T, V, E> {
    /// Paths from node `source` to node `sink`; one must exist, else [`Error::Graph`].
    pub fn new(graph: Graph<V, E>, source: u32, sink: u32) -> Result<Self, Error> {
        let last = graph.nodes().dim().saturating_sub(1);
        error::check_range("source", source as usize, 0, last)?;
        error::check_range("sink", sink as usize, 0, last)?;
        let mut ends = graph.nodes().array(0u32);
        let mut order = graph.shape().array(0u32);
        // Counting sort: `ends` counts, then holds the beginnings, and moves to the ends as rows fill.
        for edge in graph.edges() {
            if let Some(count) = ends.as_mut().get_mut(edge.tail as usize) {
                *count += 1;
            }
        }
        let mut total = 0;
        for count in ends.as_mut() {
            total += core::mem::replace(count, total);
        }
        for (edge, index) in graph.edges().iter().zip(0u32..) {
            let Some(end) = ends.as_mut().get_mut(edge.tail as usize) else { continue };
            if let Some(place) = order.as_mut().get_mut(*end as usize) {
                *place = index;
            }
            *end += 1;
        }
        let path = Self { graph, source, sink, ends, order, negative: NegativeCost::default() };
        if source != sink {
            // One search with equal costs.
            let costs = path.graph.shape().array(-T::ONE);
            let mut work = path.work();
            path.search(costs.as_ref(), T::ZERO, &mut work);
            if work.nodes.as_ref().get(sink as usize).is_none_or(|node| node.by == NONE) {
                return Err(Error::Graph { index: sink as usize, because: "no path reaches the sink" });
            }
        }
        Ok(path)
    }

    /// The same paths with another treatment of negative costs.
    pub fn with_negative_costs(self, negative: NegativeCost<T>) -> Result<Self, Error> {
        negative.check_floor()?;
        Ok(Self { negative, ..self })
    }

    /// The graph.
    pub fn graph(&self) -> &Graph<V, E> {
        &self.graph
    }
    /// The source and the sink.
    pub fn ends(&self) -> [u32; 2] {
        [self.source, self.sink]
    }
    /// What is done about negative costs.
    pub fn negative_costs(&self) -> NegativeCost<T> {
        self.negative
    }

    /// The indices of the edges that leave `node`.
    fn leaving(&self, node: u32) -> &[u32] {
        let ends = self.ends.as_ref();
        let begin =
            node.checked_sub(1).and_then(|before| ends.get(before as usize)).map_or(0, |&end| end as usize);
        let end = ends.get(node as usize).map_or(begin, |&end| end as usize);
        self.order.as_ref().get(begin..end).unwrap_or(&[])
    }

    /// Searches with costs of at least `floor`, and returns what the path to the sink costs.
    fn search(&self, theta: &[T], floor: T, work: &mut ShortestPathWork<T, V, E>) -> T {
        let nodes = work.nodes.as_mut();
        nodes.fill(Reached { cost: T::INFINITY, by: NONE });
        if let Some(source) = nodes.get_mut(self.source as usize) {
            source.cost = T::ZERO;
        }
        let mut heap = Heap::new(work.heap.as_mut());
        let mut nearest = Entry::new(T::ZERO, self.source);
        while nearest.id() != self.sink {
            // A node may stand in the heap several times; only its least cost counts.
            if nodes.get(nearest.id() as usize).is_some_and(|node| nearest.cost() <= node.cost) {
                for &index in self.leaving(nearest.id()) {
                    let (Some(edge), Some(&score)) =
                        (self.graph.edges().get(index as usize), theta.get(index as usize))
                    else {
                        continue;
                    };
                    let cost = nearest.cost() + (-score).larger(floor);
                    if let Some(head) = nodes.get_mut(edge.head as usize)
                        && (cost < head.cost || (head.by == NONE && edge.head != self.source))
                    {
                        *head = Reached { cost, by: index };
                        heap.push(Entry::new(cost, edge.head));
                    }
                }
            }
            match heap.pop() {
                Some(next) => nearest = next,
                None => break,
            }
        }
        nodes.get(self.sink as usize).map_or(T::ZERO, |sink| sink.cost)
    }
}

/// How a node was reached: at what cost, by which edge.
#[derive(Clone, Copy, Debug)]
struct Reached<T> {
    cost: T,
    by: u32,
}

/// The memory of a search.
pub struct ShortestPathWork<T: Real, V: Shape, E: Shape> {
    nodes: V::Array<Reached<T>>,
    /// Each edge enters at most once.
    heap: E::Array<Entry<T>>,
}

impl<T: Real, V: Shape, E: Shape> fmt::Debug for ShortestPathWork<T, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShortestPathWork").finish_non_exhaustive()
    }
}

impl<T: Real, V: Shape, E: Shape> Oracle<T> for ShortestPath<T, V, E> {
    type Shape = E;
    type Work = ShortestPathWork<T, V, E>;

    fn properties(&self) -> Properties {
        let greatest = self.negative.greatest_score();
        Properties::new("shortest path")
            .with_small_integers(true)
            .with_forbids(true)
            .with_greatest_score(greatest)
    }
    fn shape(&self) -> E {
        self.graph.shape()
    }
    fn work(&self) -> Self::Work {
        ShortestPathWork {
            nodes: self.graph.nodes().array(Reached { cost: T::ZERO, by: NONE }),
            heap: self.graph.shape().array(Entry::none()),
        }
    }

    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> Result<T, &'static str> {
        self.negative.search(theta, y, |scores, floor| self.search(scores, floor, work))?;
        y.fill(T::ZERO);
        let mut node = self.sink;
        while node != self.source {
            let Some(&Reached { by, .. }) = work.nodes.as_ref().get(node as usize) else { break };
            let (Some(edge), Some(y)) = (self.graph.edges().get(by as usize), y.get_mut(by as usize)) else {
                break;
            };
            *y = T::ONE;
            node = edge.tail;
        }
        allowed(total(theta, y), theta, y)
    }

    /// Every path that visits no node twice is a vertex. Decided by a walk: no search finds it where scores of 1 are refused, or
    /// their floor is no less than the cost of a shortcut.
    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        match work {
            Some(_) if self.walks(y) => Location::Vertex,
            _ if hull::no_flow(y, self.graph.edges(), self.ends(), 1) => Location::Outside,
            _ => Location::Undecided,
        }
    }
}

impl<T: Real, V: Shape, E: Shape> ShortestPath<T, V, E> {
    /// Whether y marks a path that visits no node twice.
    fn walks(&self, y: &[T]) -> bool {
        let is_marked = |&index: &u32| y.get(index as usize) == Some(&T::ONE);
        let marked = y.iter().filter(|&&y| y == T::ONE).count();
        if y.iter().filter(|&&y| y == T::ZERO).count() + marked != y.len() {
            return false;
        }
        let (mut node, mut steps) = (self.source, 0);
        while node != self.sink && steps < marked {
            let mut marks = self.leaving(node).iter().copied().filter(is_marked);
            let (Some(index), None) = (marks.next(), marks.next()) else { return false };
            let Some(edge) = self.graph.edges().get(index as usize) else { return false };
            node = edge.head;
            steps += 1;
        }
        node == self.sink && steps == marked
    }
}
