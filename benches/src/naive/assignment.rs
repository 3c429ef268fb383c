//! The Hungarian method on the whole matrix.

use super::total;

/// No row holds the column.
const FREE: usize = usize::MAX;

/// Matches n rows with n columns: rows enter one by one, each along the shortest augmenting path in costs reduced by
/// prices (Kuhn 1955; O(n³) as in Edmonds and Karp 1972).
pub fn assignment(n: usize, theta: &[f32], y: &mut [f32]) -> f32 {
    let mut row_price = vec![0.0; n];
    // Column n is where a row waits to enter.
    let mut column_price = vec![0.0; n + 1];
    let mut holder = vec![FREE; n + 1];
    for entering in 0..n {
        holder[n] = entering;
        let mut distance = vec![f32::INFINITY; n];
        let mut before = vec![n; n];
        let mut reached = vec![false; n + 1];
        let mut column = n;
        while holder[column] != FREE {
            reached[column] = true;
            let row = holder[column];
            let (mut least, mut nearest) = (f32::INFINITY, n);
            for next in 0..n {
                if reached[next] {
                    continue;
                }
                let reduced = -theta[row * n + next] - row_price[row] - column_price[next];
                if reduced < distance[next] {
                    distance[next] = reduced;
                    before[next] = column;
                }
                if distance[next] < least {
                    (least, nearest) = (distance[next], next);
                }
            }
            for other in 0..=n {
                if reached[other] {
                    row_price[holder[other]] += least;
                    column_price[other] -= least;
                } else if other < n {
                    distance[other] -= least;
                }
            }
            column = nearest;
        }
        while column != n {
            holder[column] = holder[before[column]];
            column = before[column];
        }
    }
    y.fill(0.0);
    for (column, &row) in holder[..n].iter().enumerate() {
        y[row * n + column] = 1.0;
    }
    total(theta, y)
}
