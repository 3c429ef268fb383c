//! Route: flows of largest score on a network of unit capacities.

use super::{Location, Oracle, Properties, hull};
use crate::vector::total;
use crate::{Error, Graph, Real, Shape, error};

/// Flow of value k from a source to a sink over edges that each carry one unit: C = conv{y ∈ {0, 1}ᴱ : at
/// every node as much leaves as enters, but k more leave the source and k more enter the sink}. y*(θ) marks
/// the edges of a flow of largest total score ⟨y, θ⟩; costs enter as θ = −cost.
///
/// On an acyclic graph y is k edge-disjoint paths. Where the graph has directed cycles, the flow polytope
/// contains flows around them too, and so does y whenever that adds to the score; with negative scores it
/// never does. Scores may have any sign. Of several optimal flows one is returned, always the same.
///
/// Successive shortest paths (Ahuja, Magnanti and Orlin, Network Flows, 1993, section 9.7): edges with
/// positive scores are used at first, which leaves residual costs |θ| ≥ 0 and a surplus or a lack at each
/// node; then one unit after the other moves along a cheapest residual path from a surplus to a lack, found
/// by Dijkstra's algorithm on costs reduced by node potentials. Exact up to the rounding of the sums along
/// paths. Cost O(V² + E) a unit, of which there are at most k plus the number of positive scores; working
/// memory two numbers and 16 bytes a node.
///
/// ```
/// use perturb_core::{Const, Flow, Graph, Oracle};
/// // 0 → 1 → 3, 0 → 2 → 3 and a bridge 1 → 2.
/// let graph = Graph::new(Const::<4>, Const::<5>, &[(0, 1), (1, 3), (0, 2), (2, 3), (1, 2)])?;
/// let oracle = Flow::new(graph, 0, 3, 1)?;
/// let mut y = [0.0f64; 5];
/// assert_eq!(oracle.solve(&[-1.0, -5.0, -4.0, -1.0, -1.0], &mut y, &mut oracle.work()), Ok(-3.0));
/// assert_eq!(y, [1.0, 0.0, 0.0, 1.0, 1.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("disjoint paths", "min-cost flow"))]
#[derive(Clone, Debug)]
pub struct Flow<V: Shape, E: Shape> {
    graph: Graph<V, E>,
    source: u32,
    sink: u32,
    units: usize,
    /// The first edge that leaves, and the first that enters, each node; the next after each edge.
    first: V::Array<[u32; 2]>,
    next: E::Array<[u32; 2]>,
}

/// No edge.
const NONE: u32 = u32::MAX;

/// Distances from the nearest surplus, potentials, (last edge of the path, whether the node is open, whether
/// it is settled), and surpluses; one of each a node.
type Work<V, T> = (
    <V as Shape>::Array<T>,
    <V as Shape>::Array<T>,
    <V as Shape>::Array<(u32, bool, bool)>,
    <V as Shape>::Array<i64>,
);

/// [`Work`] as slices.
struct Search<'a, T> {
    distance: &'a mut [T],
    potential: &'a mut [T],
    path: &'a mut [(u32, bool, bool)],
    surplus: &'a mut [i64],
}

impl<V: Shape, E: Shape> Flow<V, E> {
    /// Flows of `units` units from node `source` to node `sink`.
    ///
    /// Refused: a source or sink that is not there, a source that is the sink, and a number of units that is
    /// 0 or more than the network carries.
    pub fn new(graph: Graph<V, E>, source: u32, sink: u32, units: usize) -> Result<Self, Error> {
        let flow = Self::maximum(graph, source, sink)?;
        error::check_range("units", units, 1, flow.units)?;
        Ok(Self { units, ..flow })
    }

    /// Flows of as many units as the network carries: maximum flows, of which the best is sought.
    ///
    /// Refused: a source or sink that is not there, a source that is the sink, and a sink that cannot be
    /// reached.
    pub fn maximum(graph: Graph<V, E>, source: u32, sink: u32) -> Result<Self, Error> {
        let greatest = graph.nodes().dim().saturating_sub(1);
        error::check_range("source", source as usize, 0, greatest)?;
        error::check_range("sink", sink as usize, 0, greatest)?;
        let mut first = graph.nodes().array([NONE; 2]);
        let mut next = graph.shape().array([NONE; 2]);
        // Backwards, so that each list is in the order of the edges.
        for (index, (edge, next)) in graph.edges().iter().zip(next.as_mut()).enumerate().rev() {
            for (side, node) in [edge.tail, edge.head].into_iter().enumerate() {
                if let Some(first) =
                    first.as_mut().get_mut(node as usize).and_then(|first| first.get_mut(side))
                    && let Some(next) = next.get_mut(side)
                {
                    *next = *first;
                    *first = index as u32;
                }
            }
        }
        let units = graph.shape().dim();
        let flow = Self { graph, source, sink, units, first, next };
        // As many units as there are edges, without scores: those arrive that the network carries.
        let mut y = flow.graph.shape().array(0.0f32);
        let scores = y.clone();
        let units = if source == sink { 0 } else { flow.send(scores.as_ref(), y.as_mut(), &mut flow.work()) };
        if units == 0 {
            return Err(Error::Graph {
                index: sink as usize,
                because: "no path leads from the source to the sink",
            });
        }
        Ok(Self { units, ..flow })
    }

    /// The network.
    pub fn graph(&self) -> &Graph<V, E> {
        &self.graph
    }
    /// The source and the sink.
    pub fn ends(&self) -> [u32; 2] {
        [self.source, self.sink]
    }
    /// k, the units that leave the source.
    pub fn units(&self) -> usize {
        self.units
    }

    /// Writes a best flow, and returns how many of the units arrived at a node that lacks one.
    fn send<T: Real>(&self, theta: &[T], y: &mut [T], work: &mut Work<V, T>) -> usize {
        let (distance, potential, path, surplus) = work;
        let mut search = Search {
            distance: distance.as_mut(),
            potential: potential.as_mut(),
            path: path.as_mut(),
            surplus: surplus.as_mut(),
        };
        search.potential.fill(T::ZERO);
        search.surplus.fill(0);
        add(search.surplus, self.source, self.units as i64);
        add(search.surplus, self.sink, -(self.units as i64));
        for ((y, &score), edge) in y.iter_mut().zip(theta).zip(self.graph.edges()) {
            *y = T::ZERO;
            if score > T::ZERO {
                *y = T::ONE;
                add(search.surplus, edge.tail, -1);
                add(search.surplus, edge.head, 1);
            }
        }
        let mut arrived = 0;
        while let Some(lack) = self.nearest(theta, y, &mut search) {
            let farthest = at(search.distance, lack);
            for (potential, &distance) in search.potential.iter_mut().zip(&*search.distance) {
                *potential += if distance < farthest { distance } else { farthest };
            }
            let mut node = lack;
            while let (edge, ..) = at(search.path, node)
                && let Some(ends) = self.graph.edges().get(edge as usize)
                && let Some(y) = y.get_mut(edge as usize)
            {
                *y = T::ONE - *y;
                node = if node == ends.head { ends.tail } else { ends.head };
            }
            add(search.surplus, node, -1);
            add(search.surplus, lack, 1);
            arrived += 1;
        }
        arrived
    }

    /// Dijkstra's algorithm from all nodes with a surplus at once: the first node with a lack that is
    /// settled.
    fn nearest<T: Real>(&self, theta: &[T], y: &[T], search: &mut Search<'_, T>) -> Option<u32> {
        let Search { distance, potential, path, surplus } = search;
        for ((distance, path), &surplus) in distance.iter_mut().zip(path.iter_mut()).zip(&**surplus) {
            let start = surplus > 0;
            *distance = if start { T::ZERO } else { T::INFINITY };
            *path = (NONE, start, false);
        }
        loop {
            let mut closest: Option<(u32, T)> = None;
            for (node, (&distance, &(_, open, _))) in distance.iter().zip(&**path).enumerate() {
                if open && closest.is_none_or(|(_, least)| distance < least) {
                    closest = Some((node as u32, distance));
                }
            }
            let (node, near) = closest?;
            if at(surplus, node) < 0 {
                return Some(node);
            }
            set(path, node, (at(path, node).0, false, true));
            let height = at(potential, node);
            let [leaving, entering] = at(self.first.as_ref(), node);
            // Leaving edges have room while they are unused, entering ones give way while they are used.
            for (mut edge, enters) in [(leaving, false), (entering, true)] {
                while let Some(ends) = self.graph.edges().get(edge as usize) {
                    let other = if enters { ends.tail } else { ends.head };
                    let (_, open, settled) = at(path, other);
                    if (at(y, edge) > T::ZERO) == enters && !settled {
                        let score = at(theta, edge);
                        let cost = (if enters { score } else { -score }) + height - at(potential, other);
                        // Below 0 by rounding only; NaN from infinite scores counts as 0 too.
                        let through = near + if cost > T::ZERO { cost } else { T::ZERO };
                        if !open || through < at(distance, other) {
                            set(distance, other, through);
                            set(path, other, (edge, true, false));
                        }
                    }
                    let [left, entered] = at(self.next.as_ref(), edge);
                    edge = if enters { entered } else { left };
                }
            }
        }
    }
}

/// Written out, since a derive would ask for `V: Format` where the arrays V makes must be formatted.
#[cfg(feature = "defmt")]
impl<V: Shape, E: Shape> defmt::Format for Flow<V, E> {
    fn format(&self, f: defmt::Formatter<'_>) {
        let (edges, units) = (self.graph.edges(), self.units);
        defmt::write!(
            f,
            "Flow {{ {=u32} to {=u32}, units: {=usize}, edges: {=[?]} }}",
            self.source,
            self.sink,
            units,
            edges
        );
    }
}

impl<T: Real, V: Shape, E: Shape> Oracle<T> for Flow<V, E> {
    type Shape = E;
    /// Distances, potentials, paths and surpluses of the nodes.
    type Work = Work<V, T>;

    fn properties(&self) -> Properties {
        Properties::new("flow").with_small_integers(true)
    }
    fn shape(&self) -> E {
        self.graph.shape()
    }
    fn work(&self) -> Self::Work {
        let nodes = self.graph.nodes();
        (nodes.array(T::ZERO), nodes.array(T::ZERO), nodes.array((NONE, false, false)), nodes.array(0))
    }

    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> Result<T, &'static str> {
        self.send(theta, y, work);
        Ok(total(theta, y))
    }

    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        hull::located(self, hull::no_flow(y, self.graph.edges(), self.ends(), self.units), y, work)
    }
}

/// `slice[index]`; out of range does not happen.
fn at<T: Copy + Default>(slice: &[T], index: u32) -> T {
    slice.get(index as usize).copied().unwrap_or_default()
}

/// `slice[index] = value`.
fn set<T>(slice: &mut [T], index: u32, value: T) {
    if let Some(entry) = slice.get_mut(index as usize) {
        *entry = value;
    }
}

/// `surplus[node] += units`.
fn add(surplus: &mut [i64], node: u32, units: i64) {
    set(surplus, node, at(surplus, node) + units);
}
