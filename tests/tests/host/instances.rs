//! Batches whose rows have layers of their own: other sizes, other references, other temperatures, other weights.

use perturb::quantity::{Maximizer, Value};
use perturb::{
    BatchExt, Dyn, Error, Exact, Knapsack, MonteCarlo, Normal, Perturbed, Ranking, RowError, Seed,
};

type Layer = Perturbed<Ranking<f64, Dyn>, Normal, f64>;

fn layers() -> Vec<Layer> {
    let make =
        |v: &[f64], epsilon| Perturbed::new(Ranking::new(Dyn(v.len()), v).unwrap(), Normal, epsilon).unwrap();
    vec![
        make(&[1.0, 2.0], 1.0),
        make(&[0.0, 3.0, 6.0, 9.0], 0.3),
        make(&[5.0], 2.0),
        make(&[1.0, 2.0, 3.0], 0.7),
    ]
}

const THETA: [f64; 10] = [0.3, -0.2, 1.0, 0.0, 0.4, -1.0, 2.0, 0.1, 0.2, 0.15];
const STARTS: [usize; 5] = [0, 2, 6, 7, 10];

fn row(x: &[f64], r: usize) -> &[f64] {
    &x[STARTS[r]..STARTS[r + 1]]
}

/// Every row has the bits that its layer gives alone, on any number of threads, exact and sampled.
#[test]
fn rows_have_the_bits_of_their_layers() {
    let layers = layers();
    let u: Vec<f64> = THETA.iter().map(|x| 1.0 - x).collect();
    let targets = [2.0, 1.0, 0.0, 9.0, 3.0, 6.0, 5.0, 3.0, 1.0, 2.0];
    for samples in [1, 1000] {
        let how = MonteCarlo::new(samples, Seed(7));
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let batch = layers.batch();
                let (values, y) = (batch.value(&THETA, how).unwrap(), batch.maximizer(&THETA, how).unwrap());
                let (vjp, jvp) = (batch.vjp(&THETA, &u, how).unwrap(), batch.jvp(&THETA, &u, how).unwrap());
                let (losses, gradients) = batch.fenchel_young(&THETA, &targets, how).unwrap();
                let slopes = batch.fenchel_young_gradient(&THETA, &targets, Exact).unwrap();
                let jacobians = batch.jacobian(&THETA, Exact).unwrap();
                assert_eq!(jacobians.len(), 4 + 16 + 1 + 9);
                for (r, layer) in layers.iter().enumerate() {
                    let (how, theta) = (how.row(r as u64), row(&THETA, r));
                    assert_eq!(values[r], layer.value(theta, how).unwrap());
                    assert_eq!(row(&y, r), layer.maximizer(theta, how).unwrap());
                    assert_eq!(row(&vjp, r), layer.vjp(theta, row(&u, r), how).unwrap());
                    assert_eq!(row(&jvp, r), layer.jvp(theta, row(&u, r), how).unwrap());
                    let found = layer.fenchel_young(theta, row(&targets, r), how).unwrap();
                    assert_eq!((losses[r], row(&gradients, r)), (found.loss, &found.gradient[..]));
                    let exact = layer.fenchel_young_gradient(theta, row(&targets, r), Exact).unwrap();
                    assert_eq!(row(&slopes, r), exact);
                }
                if samples > 1 {
                    let found = batch.compute_with_error(&THETA, |_| (Value, Maximizer), how).unwrap();
                    for (r, (found, layer)) in found.iter().zip(&layers).enumerate() {
                        let how = how.row(r as u64);
                        let want = layer.compute_with_error(row(&THETA, r), &(Value, Maximizer), how);
                        assert_eq!(*found, want.unwrap());
                    }
                }
            });
        }
    }
    // A part of the batch has the noise of its rows in the whole.
    let how = MonteCarlo::new(10, Seed(7));
    let whole = layers.batch().maximizer(&THETA, how).unwrap();
    assert_eq!(layers[1..].batch().starting_at(1).maximizer(&THETA[2..], how).unwrap(), whole[2..]);
}

#[test]
fn weights_may_differ_by_row() {
    let packs = [([1, 2, 3], 3), ([3, 2, 1], 3), ([1, 1, 1], 1)].map(|(weights, capacity)| {
        let oracle = Knapsack::new(Dyn(3), Dyn(4), &weights, capacity).unwrap();
        Perturbed::new(oracle, Normal, 1e-6f32).unwrap()
    });
    let theta = [1.0, 1.5, 2.6].repeat(3);
    let y = packs.batch().maximizer(&theta, MonteCarlo::new(5, Seed(1))).unwrap();
    // 2.6 alone beats 1 + 1.5; with the weights turned round 1.5 + 2.6 fit; one item is the best one.
    assert_eq!(y, [0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
}

#[test]
fn errors_name_the_row() {
    let layers = layers();
    let how = MonteCarlo::new(2, Seed(0));
    let length = |parameter, expected, found| Error::Length { parameter, expected, found };
    let short = layers.batch().maximizer(&THETA[..8], how).unwrap_err();
    assert_eq!(short, RowError { row: 3, source: length("the last row of theta", 3, 1) });
    let long = layers.batch().maximizer(&[0.0; 12], how).unwrap_err();
    assert_eq!(long, RowError { row: 4, source: length("theta", 10, 12) });
    let mut bad = THETA;
    bad[5] = f64::NAN;
    let source = Error::NotFinite { parameter: "theta", index: 3 };
    assert_eq!(layers.batch().maximizer(&bad, how).unwrap_err(), RowError { row: 1, source });
    let source = Error::NotFinite { parameter: "target", index: 3 };
    let mut targets = layers.batch().maximizer(&THETA, how).unwrap();
    targets[5] = f64::NAN;
    let refused = layers.batch().fenchel_young_gradient(&THETA, &targets, how).unwrap_err();
    assert_eq!(refused, RowError { row: 1, source });
    let few = layers.batch().vjp(&THETA, &THETA[..9], how).unwrap_err();
    assert_eq!(few, RowError { row: 3, source: length("cotangent", 10, 9) });
}
