//! Paths through grids against the enumeration of their vertices, on random scores full of ties, of either sign.

use perturb::{
    DynRect, GridPath, Oracle, Plane, Real, Rect, Shape,
    oracle::{NegativeCost, Neighbours},
};
use perturb_tests::naive_graphs::grid_paths;
use perturb_tests::vertices::relative_floor;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::strategies::{config, quarter};
use crate::vertices::{assert_cheapest, assert_ends, assert_refused};

fn grid_path<T: Real, P: Plane>(plane: P, theta: &[f64], ends: [(usize, usize); 2]) {
    let size = (plane.rows().dim(), plane.columns().dim());
    for (neighbours, diagonal) in [(Neighbours::Four, false), (Neighbours::Eight, true)] {
        let oracle = GridPath::<T, _>::between(plane, neighbours, ends[0], ends[1]).unwrap();
        let paths = grid_paths(size, diagonal, ends[0], ends[1]);
        assert_cheapest::<T, _>(&oracle, theta, relative_floor(theta), &paths);
        let floor = NegativeCost::Floor(T::HALF);
        assert_cheapest::<T, _>(&oracle.with_negative_costs(floor).unwrap(), theta, 0.5, &paths);
    }
}

proptest! {
    #![proptest_config(config(1000, 71))]

    #[test]
    fn grid_paths_are_the_cheapest(theta in vec(quarter(), 12), start in 0usize..12, goal in 0usize..12) {
        let ends = [start, goal].map(|cell| (cell / 4, cell % 4));
        grid_path::<f32, _>(Rect::<3, 4>, &theta, ends);
        grid_path::<f64, _>(DynRect { rows: 3, columns: 4 }, &theta, ends);
        let corners = [(0, 0), (1, 2)];
        grid_path::<f64, _>(Rect::<2, 3>, &theta[..6], corners);
        grid_path::<f32, _>(DynRect { rows: 2, columns: 3 }, &theta[..6], corners);
    }
}

/// Near misses are no vertices; a path with a shortcut is none either.
#[test]
fn other_points_are_no_vertices() {
    let grid = GridPath::new(Rect::<2, 3>, Neighbours::Eight).unwrap();
    assert!(grid.locate(&[1.0, 1.0, 0.0, 0.0, 0.0, 1.0], Some(&mut grid.work())).is_vertex());
    assert_refused(
        &grid,
        &[
            &[1.0, 1.0, 1.0, 0.0, 0.0, 1.0], // a shortcut
            &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0], // a gap
            &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0], // no start
            &[1.0, 0.5, 0.0, 0.0, 0.5, 1.0],
            &[0.0; 6],
        ],
    );
    let four = GridPath::new(Rect::<3, 3>, Neighbours::Four).unwrap();
    // The straight way, and a ring of its own.
    assert!(four.locate(&[1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0], Some(&mut four.work())).is_vertex());
    assert_refused(
        &four,
        &[&[1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0], &[1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0]],
    );
}

#[test]
fn constructors_refuse_what_does_not_fit() {
    assert!(GridPath::<f64, _>::between(Rect::<2, 2>, Neighbours::Four, (0, 2), (0, 0)).is_err());
    assert!(GridPath::<f64, _>::new(DynRect { rows: 0, columns: 3 }, Neighbours::Four).is_err());
    let grid = GridPath::<f32, _>::new(Rect::<2, 2>, Neighbours::Four).unwrap();
    assert!(grid.with_negative_costs(NegativeCost::Floor(-1.0)).is_err());
}

#[test]
fn infinite_scores_do_not_hang() {
    assert_ends(&GridPath::new(Rect::<3, 4>, Neighbours::Four).unwrap());
}
