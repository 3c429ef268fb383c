//! Spanning trees of complete graphs.

use super::total;
use crate::pair;

/// The best tree over `nodes` nodes, which grows by the best edge out of it (Prim 1957); scores and decisions in the
/// order of [`pairs`](crate::pairs).
pub fn spanning_tree(nodes: usize, theta: &[f32], y: &mut [f32]) -> f32 {
    y.fill(0.0);
    // To which node of the tree the best edge of a node outside leads.
    let mut outside: Vec<(usize, usize)> = (1..nodes).map(|node| (node, 0)).collect();
    let score = |&(node, inside): &(usize, usize)| theta[pair(node, inside)];
    while let Some(place) = (0..outside.len()).max_by(|&a, &b| {
        let (a, b) = (score(&outside[a]), score(&outside[b]));
        a.total_cmp(&b)
    }) {
        let (added, inside) = outside.swap_remove(place);
        y[pair(added, inside)] = 1.0;
        for edge in &mut outside {
            if score(&(edge.0, added)) > score(edge) {
                edge.1 = added;
            }
        }
    }
    total(theta, y)
}
