//! Published instances with known optima: OR-Library assignments, Pisinger's knapsacks, a Warcraft map.
//!
//! They are read from the folder that `PERTURB_INSTANCES` names, else from `shared/data` beside the repository.

use std::path::PathBuf;

use perturb::data::numpy;
use perturb::{Assignment, Dyn, DynRect, GridPath, Knapsack, Oracle, Real, Rect, oracle::Neighbours};
use perturb_tests::solve::solve;

/// The file, if there is such a folder.
fn instance(name: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let folder = std::env::var_os("PERTURB_INSTANCES").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if folder.is_dir() {
        return Some(folder.join(name));
    }
    println!("SKIPPED: no published instances; set PERTURB_INSTANCES to a folder of them");
    None
}

/// The numbers of a text file.
fn numbers(name: &str) -> Option<Vec<f64>> {
    let text = std::fs::read_to_string(instance(name)?).expect("the file is there");
    Some(text.split_whitespace().map(|word| word.parse().expect("a number")).collect())
}

fn assignment<T: Real>(name: &str, optimum: f64) {
    let Some(numbers) = numbers(name) else { return };
    let n = numbers[0] as usize;
    let theta: Vec<f64> = numbers[1..].iter().map(|cost| -cost).collect();
    assert_eq!(theta.len(), n * n);
    let oracle = Assignment::new(DynRect { rows: n, columns: n }).unwrap();
    assert_eq!(solve::<T, _>(&oracle, &theta).1, -optimum, "{name} in {}", T::NAME);
}

#[test]
fn or_library_assignments_are_optimal() {
    assignment::<f32>("assignment/assign100.txt", 305.0);
    assignment::<f64>("assignment/assign100.txt", 305.0);
    assignment::<f32>("assignment/assign500.txt", 991.0);
    assignment::<f64>("assignment/assign500.txt", 991.0);
}

fn knapsack<T: Real>(name: &str, optimum: f64) {
    let Some(numbers) = numbers(name) else { return };
    let (n, capacity) = (numbers[0] as usize, numbers[1] as u32);
    let items = &numbers[2..2 + 2 * n];
    let theta: Vec<f64> = items.iter().step_by(2).copied().collect();
    let weights: Vec<u32> = items.iter().skip(1).step_by(2).map(|&weight| weight as u32).collect();
    let oracle = Knapsack::new(Dyn(n), Dyn(capacity as usize + 1), &weights, capacity).unwrap();
    let (y, value) = solve::<T, _>(&oracle, &theta);
    assert_eq!(value, optimum, "{name} in {}", T::NAME);
    let load: f64 = y.iter().zip(&weights).map(|(y, &weight)| y * f64::from(weight)).sum();
    assert!(load <= f64::from(capacity), "{name}");
    // The published selection is worth as much.
    let published: f64 = numbers[2 + 2 * n..].iter().zip(&theta).map(|(y, value)| y * value).sum();
    assert_eq!(published, optimum, "{name}");
}

#[test]
fn pisinger_knapsacks_are_optimal() {
    knapsack::<f32>("knapsack/knapPI_1_100_1000_1", 9147.0);
    knapsack::<f64>("knapsack/knapPI_1_100_1000_1", 9147.0);
    knapsack::<f32>("knapsack/knapPI_2_500_1000_1", 4566.0);
    knapsack::<f64>("knapsack/knapPI_2_500_1000_1", 4566.0);
}

/// The labelled path costs 27.0, and so does the one that is found. f32 costs such as 0.8 are rounded: 1e-5.
#[test]
fn the_warcraft_path_is_optimal() {
    fn check<T: Real, O: Oracle<T>>(oracle: &O) {
        let (Some(costs), Some(label)) =
            (instance("warcraft/train0_weights.npy"), instance("warcraft/train0_path.npy"))
        else {
            return;
        };
        let (costs, label) = (numpy::read(costs).unwrap(), numpy::read(label).unwrap());
        assert_eq!((&costs.shape[..], &label.shape[..]), (&[12, 12][..], &[12, 12][..]));
        let theta: Vec<f64> = costs.values.iter().map(|cost| -cost).collect();
        let labelled: f64 = label.values.iter().zip(&costs.values).map(|(y, cost)| y * cost).sum();
        let (y, value) = solve::<T, _>(oracle, &theta);
        assert!((labelled - 27.0).abs() < 1e-5 && (value + 27.0).abs() < 1e-5, "{labelled} {value}");
        // The label is a path of the same grid.
        let y_label: Vec<T> = label.values.iter().map(|&y| T::from_f64(y)).collect();
        assert!(oracle.locate(&y_label, Some(&mut oracle.work())).is_vertex());
        assert_eq!(y.len(), 144);
    }
    check(&GridPath::<f32, _>::new(Rect::<12, 12>, Neighbours::Eight).unwrap());
    check(&GridPath::<f64, _>::new(DynRect { rows: 12, columns: 12 }, Neighbours::Eight).unwrap());
}
