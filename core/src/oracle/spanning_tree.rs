//! Span: trees that connect all nodes.

use super::{Oracle, total};
use crate::{Edge, Error, Graph, Real, Shape};

/// What is known of an edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum EdgeLabel {
    /// Nothing.
    #[default]
    Unknown,
    /// It belongs to the tree.
    In,
    /// It does not.
    Out,
}

/// Span the nodes of a graph by a tree: y marks the V − 1 edges of the tree, whose directions mean nothing.
///
/// F(θ) is the largest sum of scores; a minimum spanning tree of costs c is that of θ = −c. With labels
/// ([`with_labels`](Self::with_labels)) only the trees that agree with them compete: what partial supervision needs.
///
/// Kruskal's algorithm (1956): edges by falling score, equal scores by index. Cost O(|E| log |E|); working memory one
/// sort key an edge and four bytes a node.
///
/// ```
/// use perturb_core::{Const, Graph, Oracle, SpanningTree};
/// let triangle = Graph::new(Const::<3>, Const::<3>, &[(0, 1), (1, 2), (2, 0)])?;
/// let oracle = SpanningTree::new(triangle)?;
/// let mut y = [0.0; 3];
/// assert_eq!(oracle.solve(&[-1.0, 0.5, 2.0], &mut y, &mut Oracle::<f64>::work(&oracle)), 2.5);
/// assert_eq!(y, [0.0, 1.0, 1.0]);
/// # Ok::<(), perturb_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SpanningTree<V, E: Shape> {
    graph: Graph<V, E>,
    labels: E::Array<EdgeLabel>,
}

impl<V: Shape, E: Shape> SpanningTree<V, E> {
    /// All spanning trees of `graph`, which must be connected; else [`Error::Graph`].
    pub fn new(graph: Graph<V, E>) -> Result<Self, Error> {
        let labels = graph.shape().array(EdgeLabel::Unknown);
        Self::with_labels(graph, labels.as_ref())
    }

    /// The spanning trees that contain all edges labelled [`EdgeLabel::In`] and none labelled [`EdgeLabel::Out`].
    ///
    /// There must be one: [`Error::Graph`] names the edge that closes a cycle of edges labelled `In`, or a node that
    /// the edges not labelled `Out` leave unconnected to node 0.
    pub fn with_labels(graph: Graph<V, E>, labels: &[EdgeLabel]) -> Result<Self, Error> {
        let shape = graph.shape();
        if labels.len() != shape.dim() {
            return Err(Error::Length { parameter: "labels", expected: shape.dim(), found: labels.len() });
        }
        let mut forest = graph.nodes().array(0);
        let mut forest = Forest::new(forest.as_mut());
        for (wanted, because) in
            [(EdgeLabel::In, "an edge labelled In closes a cycle of such edges"), (EdgeLabel::Unknown, "")]
        {
            for (index, (&edge, &label)) in graph.edges().iter().zip(labels).enumerate() {
                if label == wanted && !forest.join(edge) && label == EdgeLabel::In {
                    return Err(Error::Graph { index, because });
                }
            }
        }
        let root = forest.root(0);
        for node in 0..graph.nodes().dim() as u32 {
            if forest.root(node) != root {
                let because = "no edge that may be used connects a node to the first";
                return Err(Error::Graph { index: node as usize, because });
            }
        }
        let mut own = shape.array(EdgeLabel::Unknown);
        own.as_mut().copy_from_slice(labels);
        Ok(Self { graph, labels: own })
    }

    /// The graph.
    pub fn graph(&self) -> &Graph<V, E> {
        &self.graph
    }
}

/// Disjoint sets of nodes: each node points towards the root of its set.
struct Forest<'a> {
    parent: &'a mut [u32],
}

impl<'a> Forest<'a> {
    fn new(parent: &'a mut [u32]) -> Self {
        for (parent, node) in parent.iter_mut().zip(0..) {
            *parent = node;
        }
        Self { parent }
    }

    fn parent(&self, node: u32) -> u32 {
        self.parent.get(node as usize).copied().unwrap_or(node)
    }

    /// The root of the node's set, halving the way there.
    fn root(&mut self, mut node: u32) -> u32 {
        loop {
            let parent = self.parent(node);
            if parent == node {
                return node;
            }
            let above = self.parent(parent);
            if let Some(place) = self.parent.get_mut(node as usize) {
                *place = above;
            }
            node = above;
        }
    }

    /// Joins the sets at both ends; false if they are one already.
    fn join(&mut self, edge: Edge) -> bool {
        let (tail, head) = (self.root(edge.tail), self.root(edge.head));
        if let Some(parent) = self.parent.get_mut(tail as usize) {
            *parent = head;
        }
        tail != head
    }
}

/// The memory of a solve.
pub struct SpanningTreeWork<T: Real, V: Shape, E: Shape> {
    keys: E::Array<T::Key>,
    parent: V::Array<u32>,
}

impl<T: Real, V: Shape, E: Shape> Oracle<T> for SpanningTree<V, E> {
    type Shape = E;
    type Work = SpanningTreeWork<T, V, E>;
    const NAME: &'static str = "spanning tree";

    fn shape(&self) -> E {
        self.graph.shape()
    }
    fn work(&self) -> Self::Work {
        SpanningTreeWork {
            keys: self.graph.shape().array(T::Key::default()),
            parent: self.graph.nodes().array(0),
        }
    }

    fn solve(&self, theta: &[T], y: &mut [T], work: &mut Self::Work) -> T {
        let edges = self.graph.edges();
        let mut forest = Forest::new(work.parent.as_mut());
        y.fill(T::ZERO);
        for ((y, &edge), &label) in y.iter_mut().zip(edges).zip(self.labels.as_ref()) {
            if label == EdgeLabel::In {
                forest.join(edge);
                *y = T::ONE;
            }
        }
        let keys = work.keys.as_mut();
        for (i, (key, &score)) in keys.iter_mut().zip(theta).enumerate() {
            *key = score.key(i);
        }
        keys.sort_unstable();
        for &key in keys.iter() {
            let index = T::index(key);
            if let (Some(&edge), Some(y), Some(EdgeLabel::Unknown)) =
                (edges.get(index), y.get_mut(index), self.labels.as_ref().get(index))
                && forest.join(edge)
            {
                *y = T::ONE;
            }
        }
        total(theta, y)
    }

    /// Every spanning tree is a vertex.
    fn is_vertex(&self, y: &[T], work: &mut Self::Work) -> bool {
        let mut forest = Forest::new(work.parent.as_mut());
        let mut count = 0;
        for ((&y, &edge), &label) in y.iter().zip(self.graph.edges()).zip(self.labels.as_ref()) {
            if y == T::ONE && label != EdgeLabel::Out && forest.join(edge) {
                count += 1;
            } else if y != T::ZERO || label == EdgeLabel::In {
                return false;
            }
        }
        count + 1 == self.graph.nodes().dim()
    }
}
