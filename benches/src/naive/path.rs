//! Best paths by relaxing every edge until nothing changes (Bellman 1958).

use super::total;

/// Where no edge has led.
const NONE: usize = usize::MAX;

/// The edge into each node on the best paths from node 0. No cycle may gain.
fn relax(nodes: usize, edges: &[(u32, u32)], score: impl Fn(usize) -> f32) -> Vec<usize> {
    let mut best = vec![f32::NEG_INFINITY; nodes];
    let mut by = vec![NONE; nodes];
    best[0] = 0.0;
    let mut changed = true;
    while changed {
        changed = false;
        for (edge, &(tail, head)) in edges.iter().enumerate() {
            let found = best[tail as usize] + score(edge);
            if found > best[head as usize] {
                best[head as usize] = found;
                by[head as usize] = edge;
                changed = true;
            }
        }
    }
    by
}

/// Calls `mark` with the edges of the path to the last node.
fn trace(edges: &[(u32, u32)], by: &[usize], mut mark: impl FnMut(usize)) {
    let mut node = by.len() - 1;
    while by[node] != NONE {
        mark(by[node]);
        node = edges[by[node]].0 as usize;
    }
}

/// The best path from node 0 to the last, scores and decisions by edge.
pub fn edge_path(nodes: usize, edges: &[(u32, u32)], theta: &[f32], y: &mut [f32]) -> f32 {
    y.fill(0.0);
    trace(edges, &relax(nodes, edges, |edge| theta[edge]), |edge| y[edge] = 1.0);
    total(theta, y)
}

/// The best path from the first cell to the last along `steps`, scores and decisions by cell.
pub fn cell_path(steps: &[(u32, u32)], theta: &[f32], y: &mut [f32]) -> f32 {
    y.fill(0.0);
    y[0] = 1.0;
    let by = relax(theta.len(), steps, |step| theta[steps[step].1 as usize]);
    trace(steps, &by, |step| y[steps[step].1 as usize] = 1.0);
    total(theta, y)
}
