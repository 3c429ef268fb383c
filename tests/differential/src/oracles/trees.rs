//! Spanning trees, with and without labels, against enumeration and a greedy search.

use perturb::{Dyn, Error, Graph, Real, SpanningTree, oracle::EdgeLabel};
use perturb_tests::naive;
use perturb_tests::solve::solve;
use perturb_tests::vertices::{self, Tie};

use super::finds;
use crate::Source;

/// A connected graph with parallel edges, in any order.
fn connected(source: &mut Source, nodes: usize, more: usize) -> Vec<(u32, u32)> {
    let mut edges: Vec<(u32, u32)> =
        (1..nodes).map(|node| (source.whole(0, node - 1) as u32, node as u32)).collect();
    for _ in 0..more {
        let a = source.whole(0, nodes - 1);
        edges.push((a as u32, ((a + source.whole(1, nodes - 1)) % nodes) as u32));
    }
    source.shuffle(&mut edges);
    edges
}

/// Without labels, and with some, which leave no tree or the best of those that agree.
pub(super) fn tree<T: Real>(source: &mut Source) {
    let nodes = source.whole(2, 6);
    let more = source.whole(0, 9 - nodes);
    let edges = connected(source, nodes, more);
    let theta = source.scaled::<T>(edges.len());
    let labels: Vec<EdgeLabel> = (0..edges.len())
        .map(|_| {
            source.pick(&[EdgeLabel::Free, EdgeLabel::Free, EdgeLabel::Free, EdgeLabel::In, EdgeLabel::Out])
        })
        .collect();
    let graph = Graph::new(Dyn(nodes), Dyn(edges.len()), &edges).unwrap();
    let oracle = SpanningTree::new(graph).unwrap();
    let all = |each: vertices::Each<'_>| vertices::spanning_trees(nodes, &edges, each);
    finds::<T, _>(&oracle, &theta, Tie::LowestIndex, all);
    let agreeing = |each: vertices::Each<'_>| {
        all(&mut |y| {
            let agrees = y.iter().zip(&labels).all(|(&y, label)| match label {
                EdgeLabel::Free => true,
                EdgeLabel::In => y == 1.0,
                EdgeLabel::Out => y == 0.0,
            });
            if agrees {
                each(y);
            }
        });
    };
    match oracle.constrained(&labels) {
        Ok(oracle) => finds::<T, _>(&oracle, &theta, Tie::LowestIndex, agreeing),
        Err(Error::Graph { .. }) => agreeing(&mut |y| panic!("{y:?} agrees with {labels:?} of {edges:?}")),
        Err(error) => panic!("{error}"),
    }
}

/// Edges in order of their scores, whatever joins two parts (Kruskal 1956), with parts painted over and over.
pub(super) fn large_tree<T: Real>(source: &mut Source) {
    let nodes = source.whole(2, 30);
    let more = source.whole(0, 60);
    let edges = connected(source, nodes, more);
    let theta =
        if source.unit() < 0.5 { source.any::<T>(edges.len()) } else { source.scaled::<T>(edges.len()) };
    let mut part: Vec<usize> = (0..nodes).collect();
    let mut want = vec![0.0; edges.len()];
    for edge in naive::order(&theta) {
        let (a, b) = (part[edges[edge].0 as usize], part[edges[edge].1 as usize]);
        if a != b {
            want[edge] = 1.0;
            part.iter_mut().filter(|part| **part == b).for_each(|part| *part = a);
        }
    }
    let graph = Graph::new(Dyn(nodes), Dyn(edges.len()), &edges).unwrap();
    let (y, _) = solve::<T, _>(&SpanningTree::new(graph).unwrap(), &theta);
    assert!(y == want, "{y:?} for {edges:?} {theta:?}");
}
