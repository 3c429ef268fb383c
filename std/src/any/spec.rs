//! Oracles and layers as values that can be written down.

use perturb_core::oracle::{EdgeLabel, NegativeCost, Neighbours};
use perturb_core::{
    AnyNoise, Assignment, DagPath, Error, Flow, Graph, GridPath, GroupTopK, Hypercube, Knapsack, Ranking,
    Real, ShortestPath, Simplex, SpanningTree, TopK, Tour,
};
use serde::{Deserialize, Serialize};

use super::AnyOracle;
use crate::{Dyn, DynRect};

/// An oracle with its parameters and its data, as a value: for model files, checkpoints, pickles and command lines.
///
/// Numbers are f64, which holds those of either type exactly. [`AnyOracle::new`] refuses what the oracle's own constructor
/// refuses, with the same error.
///
/// ```
/// use perturb::{AnyOracle, OracleSpec};
/// let spec: OracleSpec = serde_json::from_str(r#"{"top-k": {"dim": 5, "k": 2}}"#)?;
/// let oracle = AnyOracle::<f32>::new(&spec)?;
/// assert_eq!(oracle.spec(), Some(spec));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum OracleSpec {
    /// [`Simplex`] of `dim` entries.
    Simplex {
        /// d.
        dim: usize,
    },
    /// [`TopK`].
    TopK {
        /// d.
        dim: usize,
        /// How many entries are picked.
        k: usize,
    },
    /// [`GroupTopK`].
    GroupTopK {
        /// The group of each entry.
        groups: Vec<u32>,
        /// The limit of each group.
        limits: Vec<u32>,
        /// How many entries are picked.
        k: usize,
    },
    /// [`Hypercube`], with entries of 0 and 1, or of −1 and 1.
    Hypercube {
        /// d.
        dim: usize,
        /// Whether entries are −1 and 1.
        sign: bool,
    },
    /// [`Ranking`] by a reference vector.
    Ranking {
        /// v, in any order.
        reference: Vec<f64>,
    },
    /// [`Tour`].
    Tour {
        /// How many cities there are.
        cities: usize,
        /// Sweeps of 2-opt and Or-opt.
        sweeps: usize,
    },
    /// [`GridPath`].
    GridPath {
        /// The number of rows.
        rows: usize,
        /// The number of columns.
        columns: usize,
        /// Whether a path may step to diagonal neighbours.
        diagonal: bool,
        /// The first cell, (row, column) counted from 0.
        start: (usize, usize),
        /// The last cell.
        goal: (usize, usize),
        /// The floor of costs, 0 for one relative to the least positive cost, or none where negative costs are refused.
        floor: Option<f64>,
    },
    /// [`DagPath`].
    DagPath {
        /// How many nodes there are.
        nodes: usize,
        /// Edges (tail, head).
        edges: Vec<(u32, u32)>,
        /// The first node.
        source: u32,
        /// The last node.
        sink: u32,
    },
    /// [`ShortestPath`].
    ShortestPath {
        /// How many nodes there are.
        nodes: usize,
        /// Edges (tail, head).
        edges: Vec<(u32, u32)>,
        /// The first node.
        source: u32,
        /// The last node.
        sink: u32,
        /// The floor of costs, 0 for one relative to the least positive cost, or none where negative costs are refused.
        floor: Option<f64>,
    },
    /// [`Flow`].
    Flow {
        /// How many nodes there are.
        nodes: usize,
        /// Edges (tail, head).
        edges: Vec<(u32, u32)>,
        /// Where the flow starts.
        source: u32,
        /// Where the flow ends.
        sink: u32,
        /// Units of flow.
        units: usize,
    },
    /// [`Assignment`].
    Assignment {
        /// The number of rows.
        rows: usize,
        /// The number of columns.
        columns: usize,
        /// Whether estimates start from the prices of the unperturbed scores.
        warm_start: bool,
    },
    /// [`SpanningTree`]; of a graph that is not connected, its forests.
    SpanningTree {
        /// How many nodes there are.
        nodes: usize,
        /// Edges between two nodes.
        edges: Vec<(u32, u32)>,
        /// For each edge, whether it belongs to the tree, as far as this is known.
        labels: Vec<Option<bool>>,
    },
    /// [`Knapsack`].
    Knapsack {
        /// The weight of each item.
        weights: Vec<u32>,
        /// The largest total weight.
        capacity: u32,
    },
    /// A solver that no value describes, of which only the size is known: for data of its decisions. [`AnyOracle::new`] refuses it.
    BlackBox {
        /// d.
        dim: usize,
    },
}

/// A whole layer as a value: an oracle, a noise and a temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerSpec {
    /// The oracle.
    pub oracle: OracleSpec,
    /// The noise.
    #[serde(with = "noise_name")]
    pub noise: AnyNoise,
    /// The temperature ε.
    pub epsilon: f64,
}

/// A noise by its name.
mod noise_name {
    use perturb_core::AnyNoise;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde has it")]
    pub(super) fn serialize<S: Serializer>(noise: &AnyNoise, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(noise.name())
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AnyNoise, D::Error> {
        let name = String::deserialize(deserializer)?;
        let names = AnyNoise::ALL.map(|noise| noise.name()).join(", ");
        AnyNoise::from_name(&name)
            .ok_or_else(|| D::Error::custom(format!("unknown noise {name}; expected one of {names}")))
    }
}

fn floor<T: Real>(negative: NegativeCost<T>) -> Option<f64> {
    match negative {
        NegativeCost::Relative => Some(0.0),
        NegativeCost::Floor(floor) => Some(floor.to_f64()),
        _ => None,
    }
}

fn negative<T: Real>(floor: Option<f64>) -> NegativeCost<T> {
    match floor {
        None => NegativeCost::Refuse,
        Some(0.0) => NegativeCost::Relative,
        Some(floor) => NegativeCost::Floor(T::from_f64(floor)),
    }
}

fn edges(graph: &Graph<Dyn, Dyn>) -> Vec<(u32, u32)> {
    graph.edges().iter().map(|edge| (edge.tail, edge.head)).collect()
}

fn graph(nodes: usize, edges: &[(u32, u32)]) -> Result<Graph<Dyn, Dyn>, Error> {
    Graph::new(Dyn(nodes), Dyn(edges.len()), edges)
}

impl<T: Real> AnyOracle<T> {
    /// The oracle that `spec` describes. Refused: what its constructor refuses.
    pub fn new(spec: &OracleSpec) -> Result<Self, Error> {
        Ok(match spec {
            &OracleSpec::Simplex { dim } => Simplex::new(Dyn(dim))?.into(),
            &OracleSpec::TopK { dim, k } => TopK::new(Dyn(dim), k)?.into(),
            OracleSpec::GroupTopK { groups, limits, k } => {
                GroupTopK::new(Dyn(groups.len()), Dyn(limits.len()), groups, limits, *k)?.into()
            }
            &OracleSpec::Hypercube { dim, sign: false } => Hypercube::binary(Dyn(dim))?.into(),
            &OracleSpec::Hypercube { dim, sign: true } => Hypercube::sign(Dyn(dim))?.into(),
            OracleSpec::Ranking { reference } => {
                let reference: Vec<T> = reference.iter().map(|&v| T::from_f64(v)).collect();
                Ranking::new(Dyn(reference.len()), &reference)?.into()
            }
            &OracleSpec::Tour { cities, sweeps } => {
                let edges = cities.saturating_mul(cities.saturating_sub(1)) / 2;
                Tour::new(Dyn(cities), Dyn(edges), sweeps)?.into()
            }
            &OracleSpec::GridPath { rows, columns, diagonal, start, goal, floor } => {
                let neighbours = if diagonal { Neighbours::Eight } else { Neighbours::Four };
                GridPath::between(DynRect { rows, columns }, neighbours, start, goal)?
                    .with_negative_costs(negative(floor))?
                    .into()
            }
            OracleSpec::DagPath { nodes, edges, source, sink } => {
                DagPath::new(graph(*nodes, edges)?, *source, *sink)?.into()
            }
            OracleSpec::ShortestPath { nodes, edges, source, sink, floor } => {
                ShortestPath::new(graph(*nodes, edges)?, *source, *sink)?
                    .with_negative_costs(negative(*floor))?
                    .into()
            }
            OracleSpec::Flow { nodes, edges, source, sink, units } => {
                Flow::new(graph(*nodes, edges)?, *source, *sink, *units)?.into()
            }
            &OracleSpec::Assignment { rows, columns, warm_start } => {
                let oracle = Assignment::new(DynRect { rows, columns })?;
                if warm_start { oracle.with_warm_start().into() } else { oracle.into() }
            }
            OracleSpec::SpanningTree { nodes, edges, labels } => {
                let label = |label: &Option<bool>| match label {
                    None => EdgeLabel::Free,
                    Some(true) => EdgeLabel::In,
                    Some(false) => EdgeLabel::Out,
                };
                let labels: Vec<_> = labels.iter().map(label).collect();
                SpanningTree::forest(graph(*nodes, edges)?).constrained(&labels)?.into()
            }
            OracleSpec::Knapsack { weights, capacity } => {
                // A table for every capacity that matters.
                let fitting = weights.iter().filter(|&weight| weight <= capacity);
                let total = fitting.map(|&weight| u64::from(weight)).sum::<u64>();
                let most = u64::from(*capacity).min(total) as usize;
                Knapsack::new(Dyn(weights.len()), Dyn(most.saturating_add(1)), weights, *capacity)?.into()
            }
            OracleSpec::BlackBox { .. } => {
                return Err(Error::Solver { sample: None, because: "a black box is no value" });
            }
        })
    }
}

/// An oracle that can be described by a value.
pub(super) trait Specify {
    fn specify(&self) -> OracleSpec;
}

impl Specify for Simplex<Dyn> {
    fn specify(&self) -> OracleSpec {
        OracleSpec::Simplex { dim: dim::<f32, _>(self) }
    }
}
impl Specify for TopK<Dyn> {
    fn specify(&self) -> OracleSpec {
        OracleSpec::TopK { dim: dim::<f32, _>(self), k: self.k() }
    }
}
impl Specify for GroupTopK<Dyn, Dyn> {
    fn specify(&self) -> OracleSpec {
        OracleSpec::GroupTopK { groups: self.groups().to_vec(), limits: self.limits().to_vec(), k: self.k() }
    }
}
impl<T: Real> Specify for Hypercube<T, Dyn> {
    fn specify(&self) -> OracleSpec {
        OracleSpec::Hypercube { dim: dim::<T, _>(self), sign: self.bounds()[0] < T::ZERO }
    }
}
impl<T: Real> Specify for Ranking<T, Dyn> {
    fn specify(&self) -> OracleSpec {
        OracleSpec::Ranking { reference: self.reference().iter().map(|v| v.to_f64()).collect() }
    }
}
impl Specify for Tour<Dyn, Dyn> {
    fn specify(&self) -> OracleSpec {
        OracleSpec::Tour { cities: self.cities(), sweeps: self.sweeps() }
    }
}
impl<T: Real> Specify for GridPath<T, DynRect> {
    fn specify(&self) -> OracleSpec {
        let DynRect { rows, columns } = perturb_core::Oracle::<T>::shape(self);
        let ([start, goal], diagonal) = (self.ends(), self.neighbours() == Neighbours::Eight);
        OracleSpec::GridPath { rows, columns, diagonal, start, goal, floor: floor(self.negative_costs()) }
    }
}
impl Specify for DagPath<Dyn, Dyn> {
    fn specify(&self) -> OracleSpec {
        let ([source, sink], graph) = (self.ends(), self.graph());
        OracleSpec::DagPath { nodes: graph.nodes().0, edges: edges(graph), source, sink }
    }
}
impl<T: Real> Specify for ShortestPath<T, Dyn, Dyn> {
    fn specify(&self) -> OracleSpec {
        let ([source, sink], graph) = (self.ends(), self.graph());
        let floor = floor(self.negative_costs());
        OracleSpec::ShortestPath { nodes: graph.nodes().0, edges: edges(graph), source, sink, floor }
    }
}
impl Specify for Flow<Dyn, Dyn> {
    fn specify(&self) -> OracleSpec {
        let ([source, sink], graph) = (self.ends(), self.graph());
        let units = self.units();
        OracleSpec::Flow { nodes: graph.nodes().0, edges: edges(graph), source, sink, units }
    }
}
impl Specify for Assignment<DynRect> {
    fn specify(&self) -> OracleSpec {
        let DynRect { rows, columns } = perturb_core::Oracle::<f32>::shape(self);
        OracleSpec::Assignment { rows, columns, warm_start: self.warm_starts() }
    }
}
impl Specify for SpanningTree<Dyn, Dyn> {
    fn specify(&self) -> OracleSpec {
        let label = |label: &EdgeLabel| match label {
            EdgeLabel::Free => None,
            EdgeLabel::In => Some(true),
            EdgeLabel::Out => Some(false),
        };
        OracleSpec::SpanningTree {
            nodes: self.graph().nodes().0,
            edges: edges(self.graph()),
            labels: self.labels().iter().map(label).collect(),
        }
    }
}
impl Specify for Knapsack<Dyn, Dyn> {
    fn specify(&self) -> OracleSpec {
        OracleSpec::Knapsack { weights: self.weights().to_vec(), capacity: self.capacity() }
    }
}

fn dim<T: Real, O: perturb_core::Oracle<T, Shape = Dyn>>(oracle: &O) -> usize {
    oracle.shape().0
}
