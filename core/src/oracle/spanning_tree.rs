//! Span: the trees of a graph.

use super::{Decides, Location, Oracle, Properties, allowed, hull};
use crate::graph::Edge;
use crate::sort::sort;
use crate::vector::total;
use crate::{Error, Graph, Real, Shape};

/// What is known of an edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum EdgeLabel {
    /// Nothing.
    #[default]
    Free,
    /// It belongs to the tree.
    In,
    /// It does not.
    Out,
}

/// Span a graph: C = conv{y : y marks the edges of a spanning tree}, and y*(θ) marks a tree of
/// largest total score; of a graph that is not connected, a [forest](Self::forest).
///
/// Edges have no direction: (a, b) and (b, a) are parallel edges, of which a tree has at most one. F(θ) is
/// the total score; minimum spanning trees have θ = −weights. Ties go to the lowest edge: of all best trees,
/// the one whose y comes first in descending lexicographic order. Scores of −∞ forbid edges.
///
/// Kruskal's algorithm (1956): edges in order of their scores, each taken unless the forest so far
/// (union–find with path halving) joins its ends already; exact for scores of any sign. Cost O(E log E);
/// working memory one sort key an edge and one index a node.
///
/// With [`constrained`](Self::constrained) only the trees that agree with a partial label count. For the set
/// S of these trees, F_S(θ) = max_{y ∈ S} ⟨y, θ⟩ is what a Fenchel–Young loss against the partial label
/// needs: F_ε(θ) − E F_S(θ + εZ).
///
/// ```
/// use perturb_core::{oracle::EdgeLabel, Const, Graph, Oracle, SpanningTree};
/// let triangle = Graph::new(Const::<3>, Const::<3>, &[(0, 1), (1, 2), (0, 2)])?;
/// let oracle = SpanningTree::new(triangle)?;
/// let mut y = [0.0f64; 3];
/// assert_eq!(oracle.solve(&[-1.0, -1.5, -2.0], &mut y, &mut Oracle::<f64>::work(&oracle)), Ok(-2.5));
/// assert_eq!(y, [1.0, 1.0, 0.0]);
/// let oracle = oracle.constrained(&[EdgeLabel::Free, EdgeLabel::Free, EdgeLabel::In])?;
/// assert_eq!(oracle.solve(&[-1.0, -1.5, -2.0], &mut y, &mut Oracle::<f64>::work(&oracle)), Ok(-3.0));
/// assert_eq!(y, [1.0, 0.0, 1.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[doc(alias("Kruskal", "MST", "spanning forest"))]
#[derive(Clone, Debug)]
pub struct SpanningTree<V: Shape, E: Shape> {
    graph: Graph<V, E>,
    labels: E::Array<EdgeLabel>,
    /// The forest that the required edges make, where every search starts.
    required: V::Array<u32>,
    /// How many edges a tree or forest has.
    rank: usize,
}

impl<V: Shape, E: Shape> SpanningTree<V, E> {
    /// All spanning trees of `graph`.
    ///
    /// Refused: a graph that is not connected, naming the first node that node 0 does not reach; it has
    /// [forests](Self::forest).
    pub fn new(graph: Graph<V, E>) -> Result<Self, Error> {
        let tree = Self::forest(graph);
        let mut parts = tree.parts();
        match (0..parts.as_ref().len()).find(|&node| root(parts.as_mut(), node as u32) != 0) {
            Some(index) => Err(Error::Graph { index, because: "a node is not connected to node 0" }),
            None => Ok(tree),
        }
    }

    /// All spanning forests of `graph`, connected or not: a spanning tree of each connected part, nodes less parts edges in all.
    ///
    /// ```
    /// use perturb_core::{Const, Graph, Oracle, SpanningTree};
    /// // A triangle and a pair.
    /// let graph = Graph::new(Const::<5>, Const::<4>, &[(0, 1), (1, 2), (0, 2), (3, 4)])?;
    /// let (oracle, mut y) = (SpanningTree::forest(graph), [0.0f64; 4]);
    /// assert_eq!(oracle.solve(&[-1.0, -1.5, -2.0, -5.0], &mut y, &mut Oracle::<f64>::work(&oracle)), Ok(-7.5));
    /// assert_eq!(y, [1.0, 1.0, 0.0, 1.0]);
    /// # Ok::<(), perturb_core::Error>(())
    /// ```
    #[must_use]
    pub fn forest(graph: Graph<V, E>) -> Self {
        let labels = graph.shape().array(EdgeLabel::Free);
        let required = singletons(&graph);
        let mut tree = Self { graph, labels, required, rank: 0 };
        tree.rank = count(tree.parts().as_ref());
        tree
    }

    /// The spanning trees, or forests, with all edges that are [`In`](EdgeLabel::In) and none that are
    /// [`Out`](EdgeLabel::Out), one label per edge; earlier labels no longer count.
    ///
    /// Refused: required edges with a cycle, naming the edge that closes it, and forbidden edges without
    /// which a connected part of the graph is not connected, naming the first node that its first node does not reach.
    pub fn constrained(&self, labels: &[EdgeLabel]) -> Result<Self, Error> {
        let edges = self.graph.edges();
        if labels.len() != edges.len() {
            return Err(Error::Length { parameter: "labels", expected: edges.len(), found: labels.len() });
        }
        let mut tree = Self { required: singletons(&self.graph), ..self.clone() };
        let mut whole = tree.required.clone();
        tree.labels.as_mut().copy_from_slice(labels);
        for (index, (edge, &label)) in edges.iter().zip(labels).enumerate() {
            join(whole.as_mut(), *edge);
            if label == EdgeLabel::In && !join(tree.required.as_mut(), *edge) {
                return Err(Error::Graph {
                    index,
                    because: "a required edge closes a cycle of required edges",
                });
            }
        }
        let mut parts = tree.parts();
        let (parts, whole) = (parts.as_mut(), whole.as_mut());
        match (0..parts.len()).find(|&node| root(parts, node as u32) != root(whole, node as u32)) {
            Some(index) => {
                Err(Error::Graph { index, because: "without the forbidden edges a node is cut off" })
            }
            None => Ok(tree),
        }
    }

    /// The graph.
    pub fn graph(&self) -> &Graph<V, E> {
        &self.graph
    }
    /// What is known of each edge.
    pub fn labels(&self) -> &[EdgeLabel] {
        self.labels.as_ref()
    }

    /// Whether y marks another number of edges than trees have, or edges against their labels.
    fn spans_not<T: Real>(&self, y: &[T]) -> bool {
        let slack = hull::slack::<T>(0);
        hull::no_pick(y, self.rank)
            || self.labels().iter().zip(y).any(|(label, &y)| match label {
                EdgeLabel::Free => false,
                EdgeLabel::In => y < T::ONE - slack,
                EdgeLabel::Out => y > slack,
            })
    }

    /// The parts that edges which are allowed connect.
    fn parts(&self) -> V::Array<u32> {
        let mut parts = self.required.clone();
        for (edge, &label) in self.graph.edges().iter().zip(self.labels()) {
            if label == EdgeLabel::Free {
                join(parts.as_mut(), *edge);
            }
        }
        parts
    }
}

/// Written out, since a derive would ask for `S: Format` where the array S makes must be formatted.
#[cfg(feature = "defmt")]
impl<V: Shape, E: Shape> defmt::Format for SpanningTree<V, E> {
    fn format(&self, f: defmt::Formatter<'_>) {
        let (edges, labels) = (self.graph.edges(), self.labels());
        defmt::write!(f, "SpanningTree {{ edges: {=[?]}, labels: {=[?]} }}", edges, labels);
    }
}

impl<T: Real, V: Shape, E: Shape> Oracle<T> for SpanningTree<V, E> {
    type Shape = E;
    /// Edges in order, and the forest.
    type Work = (E::Array<T::Key>, V::Array<u32>);

    fn properties(&self) -> Properties {
        Properties::new("spanning tree")
            .with_decides(Decides::Differences)
            .with_small_integers(true)
            .with_forbids(true)
    }
    fn shape(&self) -> E {
        self.graph.shape()
    }
    fn work(&self) -> Self::Work {
        (self.graph.shape().array(T::Key::default()), self.graph.nodes().array(0))
    }

    fn solve(&self, theta: &[T], y: &mut [T], (keys, forest): &mut Self::Work) -> Result<T, &'static str> {
        let mut count = 0;
        let mut missing = self.rank;
        for (index, ((y, &score), &label)) in y.iter_mut().zip(theta).zip(self.labels()).enumerate() {
            *y = if label == EdgeLabel::In { T::ONE } else { T::ZERO };
            match label {
                EdgeLabel::In => missing = missing.saturating_sub(1),
                EdgeLabel::Out => {}
                EdgeLabel::Free => {
                    if let Some(key) = keys.as_mut().get_mut(count) {
                        *key = score.key(index);
                        count += 1;
                    }
                }
            }
        }
        let keys = keys.as_mut().get_mut(..count).unwrap_or_default();
        sort(keys);
        let forest = forest.as_mut();
        forest.copy_from_slice(self.required.as_ref());
        for &key in &*keys {
            if missing == 0 {
                break;
            }
            let index = T::index(key);
            if let (Some(&edge), Some(y)) = (self.graph.edges().get(index), y.get_mut(index))
                && join(forest, edge)
            {
                *y = T::ONE;
                missing -= 1;
            }
        }
        allowed(total(theta, y), theta, y)
    }

    fn locate(&self, y: &[T], work: Option<&mut Self::Work>) -> Location {
        hull::located(self, self.spans_not(y), y, work)
    }
}

/// Every node a tree of its own: each is its parent.
fn singletons<V: Shape, E: Shape>(graph: &Graph<V, E>) -> V::Array<u32> {
    let mut forest = graph.nodes().array(0);
    for (node, parent) in forest.as_mut().iter_mut().enumerate() {
        *parent = node as u32;
    }
    forest
}

/// How many edges made this forest: all nodes but the roots.
fn count(forest: &[u32]) -> usize {
    forest.iter().zip(0u32..).filter(|&(&parent, node)| parent != node).count()
}

/// The root of the tree that `node` is in, halving the path to it. Parents have lower numbers than their
/// children, so that the path ends.
fn root(forest: &mut [u32], mut node: u32) -> u32 {
    while let Some(&parent) = forest.get(node as usize)
        && parent != node
    {
        let above = forest.get(parent as usize).copied().unwrap_or(parent);
        if let Some(entry) = forest.get_mut(node as usize) {
            *entry = above;
        }
        node = above;
    }
    node
}

/// Joins the trees at the ends of `edge`; false if they are one already.
fn join(forest: &mut [u32], edge: Edge) -> bool {
    let (a, b) = (root(forest, edge.tail), root(forest, edge.head));
    if let Some(parent) = forest.get_mut(a.max(b) as usize) {
        *parent = a.min(b);
    }
    a != b
}
