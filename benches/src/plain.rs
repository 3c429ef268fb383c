//! Plain solvers in f64, which the library's decisions are compared with.

/// The cost of the cheapest path from the first cell of a square grid to the last over 8 neighbours: relaxes all cells until
/// nothing changes (Bellman and Ford).
pub fn cheapest_path(side: usize, costs: &[f64]) -> f64 {
    let mut reached = vec![f64::INFINITY; side * side];
    reached[0] = costs[0];
    loop {
        let mut changed = false;
        for cell in 0..side * side {
            let nearest = around(side, cell).map(|other| reached[other]).fold(f64::INFINITY, f64::min);
            if nearest + costs[cell] < reached[cell] {
                reached[cell] = nearest + costs[cell];
                changed = true;
            }
        }
        if !changed {
            return reached[side * side - 1];
        }
    }
}

/// Up to eight cells.
fn around(side: usize, cell: usize) -> impl Iterator<Item = usize> {
    let (row, column) = (cell / side, cell % side);
    let span = move |place: usize| place.saturating_sub(1)..(place + 2).min(side);
    let cells = span(row).flat_map(move |row| span(column).map(move |column| row * side + column));
    cells.filter(move |&other| other != cell)
}

/// The cost of the cells that `y` marks, if they join the first cell and the last, and all of them hang together.
pub fn path_cost(side: usize, costs: &[f64], y: &[f32]) -> Option<f64> {
    let marked = |cell: usize| y[cell] == 1.0;
    let ends = marked(0) && marked(side * side - 1);
    if !ends || y.iter().any(|&y| y != 0.0 && y != 1.0) {
        return None;
    }
    let (mut seen, mut open) = (vec![false; side * side], vec![0]);
    seen[0] = true;
    while let Some(cell) = open.pop() {
        for other in around(side, cell).filter(|&other| marked(other)) {
            if !std::mem::replace(&mut seen[other], true) {
                open.push(other);
            }
        }
    }
    let cells = || (0..side * side).filter(|&cell| marked(cell));
    cells().all(|cell| seen[cell]).then(|| cells().map(|cell| costs[cell]).sum())
}

/// The largest sum of scores of an assignment of n rows to n columns: adds one row after the other along the best chain of
/// exchanges, found by relaxing until nothing changes.
pub fn best_assignment(n: usize, scores: &[f64]) -> f64 {
    let mut rows: Vec<Option<usize>> = vec![None; n]; // of each column
    for new in 0..n {
        let mut gain: Vec<f64> = scores[new * n..(new + 1) * n].to_vec();
        let mut before: Vec<Option<usize>> = vec![None; n];
        loop {
            let mut changed = false;
            for column in 0..n {
                let Some(row) = rows[column] else { continue };
                let freed = gain[column] - scores[row * n + column];
                for other in 0..n {
                    // More than rounding, so that chains have no circles.
                    if freed + scores[row * n + other] > gain[other] + 1e-9 {
                        gain[other] = freed + scores[row * n + other];
                        before[other] = Some(column);
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        let free = (0..n).filter(|&column| rows[column].is_none());
        let Some(mut column) = free.max_by(|&a, &b| gain[a].total_cmp(&gain[b])) else { break };
        while let Some(previous) = before[column] {
            rows[column] = rows[previous];
            column = previous;
        }
        rows[column] = Some(new);
    }
    rows.iter().enumerate().filter_map(|(column, row)| row.map(|row| scores[row * n + column])).sum()
}

/// The sum of the scores that `y` picks, if it is one of each row and one of each column.
pub fn assignment_score(n: usize, scores: &[f64], y: &[f32]) -> Option<f64> {
    let ones = |cells: &mut dyn Iterator<Item = usize>| cells.map(|cell| y[cell]).sum::<f32>() == 1.0;
    let whole = y.iter().all(|&y| y == 0.0 || y == 1.0)
        && (0..n).all(|i| ones(&mut (i * n..(i + 1) * n)) && ones(&mut (i..n * n).step_by(n)));
    whole.then(|| y.iter().zip(scores).map(|(&y, score)| f64::from(y) * score).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_round_what_is_dear() {
        let costs = [1.0, 9.0, 1.0, 9.0, 9.0, 1.0, 9.0, 9.0, 1.0];
        // 1 + 9 + 1 + 1 over the top, 1 + 9 + 1 through the middle.
        assert_eq!(cheapest_path(3, &costs), 11.0);
        let diagonal = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(path_cost(3, &costs, &diagonal), Some(11.0));
        let apart = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(path_cost(3, &costs, &apart), None);
    }

    #[test]
    fn an_assignment_is_the_best_of_six() {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for seed in 0..50 {
            let scores: Vec<f64> =
                crate::data::normals(perturb::Seed(seed), 9).into_iter().map(f64::from).collect();
            let score = |order: [usize; 3]| (0..3).map(|row| scores[row * 3 + order[row]]).sum::<f64>();
            let best = orders.map(score).into_iter().fold(f64::NEG_INFINITY, f64::max);
            assert!((best_assignment(3, &scores) - best).abs() < 1e-12);
        }
        let scores = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(assignment_score(2, &scores, &[0.0, 1.0, 1.0, 0.0]), Some(5.0));
        assert_eq!(assignment_score(2, &scores, &[1.0, 0.0, 1.0, 0.0]), None);
    }
}
