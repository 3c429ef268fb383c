//! What decides among the options of a group, and what the columns of a table say of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::data::DataError;
use crate::data::frame::{Column, Frame};
use crate::data::text::quote;
use crate::{Dyn, Graph, OracleSpec, SpanningTree};

/// How a decision is made among the options of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Decide {
    /// One option: [`Simplex`](crate::Simplex).
    Pick,
    /// k options, as many as were chosen in the training data if `k` is none: [`TopK`](crate::TopK); with limits,
    /// [`GroupTopK`](crate::GroupTopK).
    PickK {
        /// k.
        k: Option<usize>,
        /// A column that names the class of an option, and how many of each class may be picked at most.
        limits: Option<(String, u32)>,
    },
    /// An order of all options: [`Ranking`](crate::Ranking).
    Rank,
    /// Any number of options, each on its own: [`Hypercube`](crate::Hypercube).
    Each,
    /// A route over the cells of a grid from the first to the last: [`GridPath`](crate::GridPath).
    Cells {
        /// The columns of a cell's row and column, whole numbers.
        at: (String, String),
        /// Whether routes may step to diagonal neighbours.
        diagonal: bool,
    },
    /// A route along edges: [`DagPath`](crate::DagPath) if they have no cycle, otherwise [`ShortestPath`](crate::ShortestPath).
    Route(Edges),
    /// A partner in a column for each in a row, as far as there are enough: [`Assignment`](crate::Assignment).
    Assign {
        /// The columns that name the two partners.
        pairs: (String, String),
    },
    /// A tree that spans all nodes: [`SpanningTree`](crate::SpanningTree).
    Span {
        /// The columns of the two ends of an edge.
        edges: (String, String),
    },
    /// Options whose weights do not exceed a capacity: [`Knapsack`](crate::Knapsack).
    Pack {
        /// The column of weights, whole numbers.
        weight: String,
        /// The largest total weight.
        capacity: u32,
    },
    /// Units from a source to a sink along edges that each carry one: [`Flow`](crate::Flow).
    Flow {
        /// The edges.
        edges: Edges,
        /// How many units flow.
        units: usize,
    },
    /// A tour of all cities: [`Tour`](crate::Tour).
    Tour {
        /// The columns of the two cities of a leg, of which each pair is there once.
        legs: (String, String),
    },
}

/// Edges with a direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edges {
    /// The columns of an edge's tail and head.
    pub columns: (String, String),
    /// The first and the last node; if there is none, the only node without edges to it and the only one without edges from it.
    pub ends: Option<(String, String)>,
}

/// The options of a group in the order of an oracle.
pub(super) struct Arranged {
    pub(super) oracle: OracleSpec,
    /// For each entry of the oracle the row, or none for an option that is not there.
    pub(super) entries: Vec<Option<usize>>,
    /// The names of the nodes of a graph.
    pub(super) nodes: Vec<String>,
}

impl Decide {
    /// The name on a command line.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pick => "pick",
            Self::PickK { .. } => "pick-k",
            Self::Rank => "rank",
            Self::Each => "each",
            Self::Cells { .. } | Self::Route(_) => "route",
            Self::Assign { .. } => "assign",
            Self::Span { .. } => "span",
            Self::Pack { .. } => "pack",
            Self::Flow { .. } => "flow",
            Self::Tour { .. } => "tour",
        }
    }

    /// Whether expectations of the decision under noise are known without samples.
    pub const fn is_exact(&self) -> bool {
        matches!(self, Self::Pick | Self::Rank | Self::Each | Self::PickK { limits: None, .. })
    }

    /// What a decision is, and why options that were chosen may be none.
    pub(super) const fn shape(&self) -> (&'static str, &'static str) {
        match self {
            Self::Pick => ("one option", "several options"),
            Self::PickK { .. } => {
                ("as many options as are picked", "options that are too many, or too many of a class")
            }
            Self::Rank => ("an order", "none"),
            Self::Each => ("a choice", "none"),
            Self::Cells { .. } => ("a route over cells", "cells that do not lead from the first to the last"),
            Self::Route(_) => ("a route", "edges that do not lead from the first node to the last alone"),
            Self::Assign { .. } => {
                ("an assignment", "pairs in which one has two partners, or one of the fewer none")
            }
            Self::Span { .. } => ("a tree", "edges that close a circle or do not link all nodes"),
            Self::Pack { .. } => ("a pack", "options beyond the capacity"),
            Self::Flow { .. } => {
                ("a flow", "edges that do not carry so many units from the first node to the last")
            }
            Self::Tour { .. } => ("a tour", "legs that are not one round through all cities"),
        }
    }

    /// The columns that describe the structure.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Pick | Self::PickK { limits: None, .. } | Self::Rank | Self::Each => Vec::new(),
            Self::PickK { limits: Some((column, _)), .. } | Self::Pack { weight: column, .. } => vec![column],
            Self::Cells { at: (a, b), .. }
            | Self::Route(Edges { columns: (a, b), .. })
            | Self::Assign { pairs: (a, b) }
            | Self::Span { edges: (a, b) }
            | Self::Flow { edges: Edges { columns: (a, b), .. }, .. }
            | Self::Tour { legs: (a, b) } => vec![a, b],
        }
    }

    /// Whether a constant added to the scores of a decision changes nothing, so that options are only compared with each other.
    pub fn is_shift_invariant(&self) -> bool {
        matches!(self, Self::Pick | Self::PickK { .. } | Self::Rank | Self::Span { .. } | Self::Tour { .. })
    }

    /// The oracle of trees, and the names of the nodes, which some tree spans.
    fn span(
        &self,
        frame: &Frame,
        rows: &[usize],
        (a, b): &(String, String),
    ) -> Result<(OracleSpec, Vec<String>), DataError> {
        let (names, edges) = edges_of(frame, (a, b), rows)?;
        let (nodes, dim) = (names.len(), rows.len());
        if let Err(error) = Graph::new(Dyn(nodes), Dyn(dim), &edges).and_then(SpanningTree::new) {
            let expected = format!("{}, which can be made,", self.shape().0);
            let first = rows.first().copied().unwrap_or(0);
            return Err(frame.fault(first, expected, super::recipe::in_words(&error, &names)));
        }
        Ok((OracleSpec::SpanningTree { nodes, edges, labels: vec![None; dim] }, names))
    }

    /// The oracle of the options in `rows`, and their order. `chosen` is the number of chosen options, if that is known.
    pub(super) fn arrange(
        &self,
        frame: &Frame,
        rows: &[usize],
        chosen: Option<usize>,
    ) -> Result<Arranged, DataError> {
        let dim = rows.len();
        let in_order = || rows.iter().copied().map(Some).collect::<Vec<_>>();
        let plain = |oracle| Ok(Arranged { oracle, entries: in_order(), nodes: Vec::new() });
        let graph = |nodes: Vec<String>, oracle| Ok(Arranged { oracle, entries: in_order(), nodes });
        let first = rows.first().copied().unwrap_or(0);
        match self {
            Self::Pick => plain(OracleSpec::Simplex { dim }),
            Self::Rank => {
                plain(OracleSpec::Ranking { reference: (1..=dim).map(|rank| rank as f64).collect() })
            }
            Self::Each => plain(OracleSpec::Hypercube { dim, sign: false }),
            Self::PickK { k, limits } => {
                let Some(k) = k.or(chosen) else {
                    return Err(DataError::parameter("k", "the number of options to pick", "none"));
                };
                if k > dim {
                    return Err(frame.fault(
                        first,
                        format!("at least {k} options to pick from"),
                        dim.to_string(),
                    ));
                }
                let Some((column, most)) = limits else { return plain(OracleSpec::TopK { dim, k }) };
                let (names, groups) = nodes(frame, &[column], rows)?;
                let limits = vec![*most; names.len()];
                plain(OracleSpec::GroupTopK { groups: groups.into_iter().flatten().collect(), limits, k })
            }
            Self::Pack { weight, capacity } => plain(pack(frame, rows, weight, *capacity)?),
            Self::Span { edges } => {
                let (oracle, nodes) = self.span(frame, rows, edges)?;
                graph(nodes, oracle)
            }
            Self::Route(Edges { columns: (a, b), ends }) => {
                let (names, edges) = edges_of(frame, (a, b), rows)?;
                let (source, sink) = ends_of(frame, first, &names, &edges, ends.as_ref())?;
                let nodes = names.len();
                let oracle = if is_acyclic(nodes, &edges) {
                    OracleSpec::DagPath { nodes, edges, source, sink }
                } else {
                    OracleSpec::ShortestPath { nodes, edges, source, sink, floor: Some(0.0) }
                };
                graph(names, oracle)
            }
            Self::Flow { edges: Edges { columns: (a, b), ends }, units } => {
                let (names, edges) = edges_of(frame, (a, b), rows)?;
                let (source, sink) = ends_of(frame, first, &names, &edges, ends.as_ref())?;
                let nodes = names.len();
                graph(names, OracleSpec::Flow { nodes, edges, source, sink, units: *units })
            }
            Self::Cells { at: (row, column), diagonal } => {
                let at =
                    |&of: &usize| Ok((whole(frame, row, of)? as usize, whole(frame, column, of)? as usize));
                let places = rows.iter().map(at).collect::<Result<Vec<_>, DataError>>()?;
                // Counted from 0 or from 1.
                let least = |of: fn(&(usize, usize)) -> usize| places.iter().map(of).min().unwrap_or(0);
                let (top, left) = (least(|at| at.0), least(|at| at.1));
                let places: Vec<_> =
                    places.into_iter().map(|(row, column)| (row - top, column - left)).collect();
                let (shape, entries) = rectangle(frame, rows, &places)?;
                let (start, goal) = ((0, 0), (shape.0 - 1, shape.1 - 1));
                let (diagonal, floor) = (*diagonal, Some(0.0));
                let oracle =
                    OracleSpec::GridPath { rows: shape.0, columns: shape.1, diagonal, start, goal, floor };
                Ok(Arranged { oracle, entries, nodes: Vec::new() })
            }
            Self::Assign { pairs: (a, b) } => {
                let (left, of_a) = nodes(frame, &[a], rows)?;
                let (right, of_b) = nodes(frame, &[b], rows)?;
                // An assignment gives each of the fewer a partner.
                let turned = left.len() > right.len();
                let places =
                    of_a.iter().flatten().zip(of_b.iter().flatten()).map(|(&a, &b)| (a as usize, b as usize));
                let places: Vec<_> = places.map(|(a, b)| if turned { (b, a) } else { (a, b) }).collect();
                let ((rows_of, columns), entries) = rectangle(frame, rows, &places)?;
                Ok(Arranged {
                    oracle: OracleSpec::Assignment { rows: rows_of, columns, warm_start: false },
                    entries,
                    nodes: Vec::new(),
                })
            }
            Self::Tour { legs: (a, b) } => {
                let (names, legs) = edges_of(frame, (a, b), rows)?;
                let cities = names.len();
                let mut entries = vec![None; cities * cities.saturating_sub(1) / 2];
                for (&row, (a, b)) in rows.iter().zip(legs) {
                    let (a, b) = (a.min(b) as usize, a.max(b) as usize);
                    if a == b {
                        return Err(frame.fault(row, "a leg between two different cities", quote(&names[a])));
                    }
                    // As the oracle counts them: (0, 1), (0, 2), (1, 2), (0, 3), …
                    let at = b * (b - 1) / 2 + a;
                    place(frame, &mut entries, at, row)?;
                }
                if entries.iter().any(Option::is_none) {
                    let expected = format!("a leg between any two of {cities} cities");
                    return Err(frame.fault(first, expected, format!("{dim} legs")));
                }
                Ok(Arranged { oracle: OracleSpec::Tour { cities, sweeps: 10 }, entries, nodes: names })
            }
        }
    }
}

/// The largest table of options by capacities that packs are solved by.
const LARGEST_TABLE: u64 = 1_000_000_000;

fn pack(frame: &Frame, rows: &[usize], weight: &str, capacity: u32) -> Result<OracleSpec, DataError> {
    let weights: Vec<u32> = rows.iter().map(|&row| whole(frame, weight, row)).collect::<Result<_, _>>()?;
    let total: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
    if weights.len() as u64 * total.min(u64::from(capacity)) > LARGEST_TABLE {
        let most = format!(
            "a product of options and capacity of at most {LARGEST_TABLE}; larger units make smaller numbers"
        );
        let first = rows.first().copied().unwrap_or(0);
        return Err(frame.fault(
            first,
            most,
            format!("{} options and a capacity of {capacity}", weights.len()),
        ));
    }
    Ok(OracleSpec::Knapsack { weights, capacity })
}

/// Puts a row at an entry that is free.
fn place(frame: &Frame, entries: &mut [Option<usize>], at: usize, row: usize) -> Result<(), DataError> {
    match entries.get_mut(at) {
        Some(entry @ None) => *entry = Some(row),
        Some(Some(_)) => return Err(frame.fault(row, "each option once in a decision", "one twice")),
        None => {
            return Err(frame.fault(
                row,
                "an option between two different ends",
                "one that ends where it begins",
            ));
        }
    }
    Ok(())
}

/// The most entries of a rectangle, beside the options that there are: one of which most are missing is rather a mistake.
const SPARSEST: usize = 1000;

/// Rows and columns of the least rectangle that holds these places, and the row of each of its entries.
#[expect(clippy::type_complexity, reason = "a size and a list")]
fn rectangle(
    frame: &Frame,
    rows: &[usize],
    places: &[(usize, usize)],
) -> Result<((usize, usize), Vec<Option<usize>>), DataError> {
    let size = |of: fn(&(usize, usize)) -> usize| {
        places.iter().map(of).max().map_or(1, |most| most.saturating_add(1))
    };
    let (height, width) = (size(|at| at.0), size(|at| at.1));
    let area = height.saturating_mul(width);
    let first = rows.first().copied().unwrap_or(0);
    if area > rows.len().saturating_mul(SPARSEST) {
        let expected = format!("most cells of {height} rows and {width} columns");
        return Err(frame.fault(first, expected, format!("{} cells", rows.len())));
    }
    let mut entries = vec![None; area];
    for (&row, &(i, j)) in rows.iter().zip(places) {
        place(frame, &mut entries, i * width + j, row)?;
    }
    Ok(((height, width), entries))
}

/// A whole number that is not negative.
fn whole(frame: &Frame, name: &str, row: usize) -> Result<u32, DataError> {
    let column = frame.column(name)?;
    let number = if let Column::Numbers(numbers) = column { numbers.get(row).copied() } else { None };
    let fits = |x: &f64| x.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(x);
    number.filter(fits).map(|x| x as u32).ok_or_else(|| {
        let found = column.shown(row).map_or_else(|| "nothing".to_owned(), |cell| quote(&cell));
        frame.fault(row, format!("in {} a whole number of at least 0", quote(name)), found)
    })
}

/// The distinct values of columns in some rows, in the order in which they appear, and their numbers column by column.
fn nodes(
    frame: &Frame,
    names: &[&String],
    rows: &[usize],
) -> Result<(Vec<String>, Vec<Vec<u32>>), DataError> {
    let (mut found, mut places) = (Vec::new(), BTreeMap::new());
    let mut numbers = vec![Vec::with_capacity(rows.len()); names.len()];
    let columns = names.iter().map(|name| frame.column(name)).collect::<Result<Vec<_>, _>>()?;
    for &row in rows {
        for ((column, name), numbers) in columns.iter().zip(names).zip(&mut numbers) {
            let Some(value) = column.shown(row) else {
                return Err(frame.fault(row, format!("a value in {}", quote(name)), "nothing"));
            };
            let next = found.len() as u32;
            numbers.push(*places.entry(value.clone()).or_insert_with(|| {
                found.push(value);
                next
            }));
        }
    }
    Ok((found, numbers))
}

/// The names of the nodes, and the edges between them.
#[expect(clippy::type_complexity, reason = "two lists")]
fn edges_of(
    frame: &Frame,
    (a, b): (&String, &String),
    rows: &[usize],
) -> Result<(Vec<String>, Vec<(u32, u32)>), DataError> {
    let (names, ends) = nodes(frame, &[a, b], rows)?;
    let [tails, heads] = &ends[..] else { return Ok((names, Vec::new())) };
    Ok((names, tails.iter().copied().zip(heads.iter().copied()).collect()))
}

/// The first and the last node.
fn ends_of(
    frame: &Frame,
    row: usize,
    names: &[String],
    edges: &[(u32, u32)],
    ends: Option<&(String, String)>,
) -> Result<(u32, u32), DataError> {
    if let Some((source, sink)) = ends {
        let node = |wanted: &String| {
            let found = names.iter().position(|name| name == wanted);
            found.map(|at| at as u32).ok_or_else(|| {
                let found = crate::data::text::listed(names, 10);
                frame.fault(row, format!("a node named {}", quote(wanted)), found)
            })
        };
        return Ok((node(source)?, node(sink)?));
    }
    let only = |end: fn(&(u32, u32)) -> u32, which: &str| {
        let mut with = vec![false; names.len()];
        for edge in edges {
            with[end(edge) as usize] = true;
        }
        let without: Vec<u32> = (0..).zip(with).filter(|&(_, with)| !with).map(|(node, _)| node).collect();
        if let [node] = without[..] {
            return Ok(node);
        }
        let expected = format!("one node without edges {which} it, or the two ends by name");
        Err(frame.fault(row, expected, format!("{} of them", without.len())))
    };
    Ok((only(|edge| edge.1, "to")?, only(|edge| edge.0, "from")?))
}

fn is_acyclic(nodes: usize, edges: &[(u32, u32)]) -> bool {
    let mut entering = vec![0usize; nodes];
    let mut leaving = vec![Vec::new(); nodes];
    for &(tail, head) in edges {
        entering[head as usize] += 1;
        leaving[tail as usize].push(head as usize);
    }
    let mut free: Vec<usize> = (0..nodes).filter(|&node| entering[node] == 0).collect();
    let mut done = 0;
    while let Some(node) = free.pop() {
        done += 1;
        for &head in &leaving[node] {
            entering[head] -= 1;
            if entering[head] == 0 {
                free.push(head);
            }
        }
    }
    done == nodes
}
