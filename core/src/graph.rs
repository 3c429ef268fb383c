//! Directed graphs as lists of edges, whose entries are the entries of θ.

use crate::{Error, Shape, error};

/// An edge between two nodes, each counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Edge {
    /// Where it starts.
    pub tail: u32,
    /// Where it ends.
    pub head: u32,
}

/// A list of directed edges over numbered nodes; entry e of θ and y belongs to edge e. Oracles that ignore the
/// direction say so. Parallel edges are allowed.
///
/// Sizes are shapes: `Graph<Const<V>, Const<E>>` holds arrays, `Graph<Dyn, Dyn>` (of the `perturb` crate) a `Vec`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Graph<V, E: Shape> {
    nodes: V,
    shape: E,
    edges: E::Array<Edge>,
}

impl<V: Shape, E: Shape> Graph<V, E> {
    /// `nodes.dim()` nodes, and one edge (tail, head) per entry of `shape`. Loops from a node to itself are refused.
    pub fn new(nodes: V, shape: E, edges: &[(u32, u32)]) -> Result<Self, Error> {
        error::check_dim(nodes)?;
        error::check_dim(shape)?;
        if edges.len() != shape.dim() {
            return Err(Error::Length { parameter: "edges", expected: shape.dim(), found: edges.len() });
        }
        let mut list = shape.array(Edge::default());
        for (index, (edge, &(tail, head))) in list.as_mut().iter_mut().zip(edges).enumerate() {
            if tail as usize >= nodes.dim() || head as usize >= nodes.dim() {
                return Err(Error::Graph { index, because: "an edge names a node that is not there" });
            }
            if tail == head {
                return Err(Error::Graph { index, because: "an edge ends where it starts" });
            }
            *edge = Edge { tail, head };
        }
        Ok(Self { nodes, shape, edges: list })
    }

    /// The nodes.
    pub fn nodes(&self) -> V {
        self.nodes
    }
    /// The edges as a shape: that of θ and y.
    pub fn shape(&self) -> E {
        self.shape
    }
    /// The edges in the order of θ.
    pub fn edges(&self) -> &[Edge] {
        self.edges.as_ref()
    }
}
