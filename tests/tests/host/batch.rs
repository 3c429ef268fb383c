//! Batches give the core's bits, whatever the number of threads and the split into batches.

use perturb::quantity::{FenchelYoungGradient, Jacobian, Maximizer, Value, Vjp};
use perturb::{
    AnyReal, BatchExt, ClosedForm, Const, Dyn, Error, Exact, Gumbel, How, Hypercube, Laplace, Logistic,
    MonteCarlo, Noise, Normal, Oracle, Perturbed, Ranking, Real, RowError, Seed, Shape, Simplex, TopK,
};
use perturb_tests::layers::{self, Visitor};

use crate::specs::AsAny;

const DIM: usize = 7;

fn rows(count: usize) -> Vec<f32> {
    let mut theta = vec![0.0f32; count * DIM];
    Normal.fill(&mut Seed(9).stream(0), &mut theta);
    theta
}

fn with_threads<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

/// All batch results of one layer as bits, one after the other.
fn everything<O, N>(layer: &Perturbed<O, N, f32>, theta: &[f32], first: u64, how: MonteCarlo) -> Vec<u32>
where
    O: perturb::Oracle<f32> + Sync,
    N: Noise<f32>,
{
    let batch = layer.batch().starting_at(first);
    let cotangents: Vec<f32> = theta.iter().map(|theta| 1.0 - theta).collect();
    let mut targets = Vec::new();
    for theta in theta.chunks_exact(DIM) {
        targets.extend_from_slice(layer.decide(theta).unwrap().1.as_ref());
    }
    let (losses, gradients) = batch.fenchel_young(theta, &targets, how).unwrap();
    let parts = [
        batch.value(theta, how).unwrap(),
        batch.maximizer(theta, how).unwrap(),
        batch.jacobian(theta, how).unwrap(),
        batch.vjp(theta, &cotangents, how).unwrap(),
        batch.jvp(theta, &cotangents, how).unwrap(),
        losses,
        gradients,
        batch.fenchel_young_gradient(theta, &targets, how).unwrap(),
    ];
    parts.iter().flatten().map(|x| x.to_bits()).collect()
}

/// One row and many blocks, and many rows and few blocks: both ways of spreading the work.
const CASES: [(usize, u32); 5] = [(1, 20_000), (2, 1000), (3, 65), (100, 64), (100, 1)];

#[test]
fn bits_do_not_depend_on_threads() {
    let layer = Perturbed::new(Ranking::ascending(Dyn(DIM)).unwrap(), Normal, 0.7f32).unwrap();
    for (count, samples) in CASES {
        let (theta, how) = (rows(count), MonteCarlo::new(samples, Seed(4)));
        let one = with_threads(1, || everything(&layer, &theta, 0, how));
        let alone = perturb::threads::alone(|| everything(&layer, &theta, 0, how));
        assert!(one == alone, "{count} rows, {samples} samples, outside of any pool");
        for threads in [2, 3, 8] {
            let many = with_threads(threads, || everything(&layer, &theta, 0, how));
            assert!(one == many, "{count} rows, {samples} samples, {threads} threads");
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_split() {
    let layer = Perturbed::new(TopK::new(Dyn(DIM), 3).unwrap(), Laplace, 0.7f32).unwrap();
    let (theta, how) = (rows(20), MonteCarlo::new(130, Seed(4)));
    let whole = layer.batch().jacobian(&theta, how).unwrap();
    for split in [1, 3, 7, 19] {
        let parts: Vec<f32> = theta
            .chunks(split * DIM)
            .enumerate()
            .flat_map(|(i, part)| layer.batch().starting_at((i * split) as u64).jacobian(part, how).unwrap())
            .collect();
        assert!(whole == parts, "split into {split}");
    }
}

/// `Dyn` in parallel against `Const` row by row.
#[test]
fn batches_equal_the_sequential_core() {
    let host = Perturbed::new(Simplex::new(Dyn(DIM)).unwrap(), Gumbel, 0.3f32).unwrap();
    let core = Perturbed::new(Simplex::new(Const::<DIM>).unwrap(), Gumbel, 0.3f32).unwrap();
    for (count, samples) in CASES {
        let (theta, how) = (rows(count), MonteCarlo::new(samples, Seed(5)));
        let (values, maximizers) = with_threads(3, || {
            (host.batch().value(&theta, how).unwrap(), host.batch().jacobian(&theta, how).unwrap())
        });
        for (row, theta) in theta.chunks_exact(DIM).enumerate() {
            let (value, _, jacobian) =
                core.compute(theta, &(Value, Maximizer, Jacobian), how.row(row as u64)).unwrap();
            assert_eq!(value.to_bits(), values[row].to_bits());
            assert_eq!(jacobian.as_ref(), &maximizers[row * DIM * DIM..(row + 1) * DIM * DIM]);
        }
    }
}

/// Three rows of an oracle of the golden list in pools of 1 and 2 threads, against the core row by row.
struct Batches<N>(N, usize);

impl<T: Real, N: Noise<T>> Visitor<T> for Batches<N> {
    fn visit<O: Oracle<T> + Sync>(&mut self, name: &str, oracle: Result<O, Error>, theta: &[T]) {
        self.1 += 1;
        let layer = Perturbed::new(oracle.unwrap(), self.0, T::HALF).unwrap();
        let rows: Vec<T> = [1.0, 1.25, 0.75]
            .iter()
            .flat_map(|&scale| theta.iter().map(move |&x| x * T::from_f64(scale)))
            .collect();
        let how = MonteCarlo::new(130, Seed(6));
        // One pipeline per layer: each of them takes long to compile.
        let listeners = ((Value, Maximizer), Jacobian, Vjp { cotangent: theta });
        let bits = |((value, y), jacobian, product): ((T, _), _, _)| {
            let parts: [&dyn AsRef<[T]>; 3] = [&y, &jacobian, &product];
            let numbers = parts.iter().flat_map(|part| part.as_ref().iter());
            numbers.chain([&value]).map(|x| x.to_f64().to_bits()).collect::<Vec<_>>()
        };
        let scores = (0..).zip(rows.chunks_exact(theta.len()));
        let want: Vec<_> = scores
            .map(|(row, scores)| bits(layer.compute(scores, &listeners, how.row(row)).unwrap()))
            .collect();
        for threads in [1, 2] {
            let found = with_threads(threads, || layer.batch().compute(&rows, |_| listeners, how).unwrap());
            let found: Vec<_> = found.into_iter().map(bits).collect();
            assert!(found == want, "{name} {} {}, {threads} threads", layer.noise().name(), T::NAME);
        }
    }
}

#[test]
fn batches_of_every_oracle_equal_the_core() {
    fn check<T: AnyReal, N: Noise<T>>(noise: N) {
        let mut batches = Batches(noise, 0);
        layers::all::<T>(&mut AsAny(&mut batches));
        assert_eq!(batches.1, 20);
    }
    check::<f32, _>(Gumbel);
    check::<f32, _>(Normal);
    check::<f64, _>(Laplace);
}

/// A workspace that goes from layer to layer gives what a fresh one gives.
#[test]
fn workspaces_fit_every_layer() {
    let layer = |dim| Perturbed::new(Ranking::ascending(Dyn(dim)).unwrap(), Normal, 0.7f32).unwrap();
    let layers = [layer(30), layer(3), layer(31)];
    let mut workspace = layers[0].batch().workspace();
    for layer in [&layers[0], &layers[1], &layers[2], &layers[0]] {
        let dim = layer.oracle().shape().dim();
        let theta = &rows(4 * 31)[..4 * dim];
        for samples in [1, 20, 200] {
            let (how, mut y) = (MonteCarlo::new(samples, Seed(3)), vec![0.0; theta.len()]);
            layer.batch().compute_into(theta, |_| Maximizer, how, &mut workspace, &mut y).unwrap();
            assert_eq!(y, layer.batch().maximizer(theta, how).unwrap());
        }
    }
}

#[test]
fn exact_batches_equal_exact_rows() {
    let layer = Perturbed::new(Hypercube::sign(Dyn(DIM)).unwrap(), Normal, 0.4f64).unwrap();
    let theta: Vec<f64> = rows(9).into_iter().map(f64::from).collect();
    let y = layer.batch().maximizer(&theta, Exact).unwrap();
    for (theta, y) in theta.chunks_exact(DIM).zip(y.chunks_exact(DIM)) {
        assert_eq!(layer.maximizer(theta, Exact).unwrap(), y);
    }
}

/// All that has a closed form, in a batch and row by row; `Cheapest` has the bits of the way it names.
#[test]
fn rows_that_share_memory_equal_rows_alone() {
    fn check<O: ClosedForm<f32, N> + Sync, N: Noise<f32>>(oracle: O, noise: N) {
        let layer = Perturbed::new(oracle, noise, 0.4f32).unwrap();
        let (batch, theta) = (layer.batch(), rows(600));
        let u: Vec<f32> = theta.iter().map(|theta| 1.0 - theta).collect();
        let (mut values, mut y, mut products) = (Vec::new(), Vec::new(), Vec::new());
        for (theta, u) in theta.chunks_exact(DIM).zip(u.chunks_exact(DIM)) {
            values.push(layer.value(theta, Exact).unwrap());
            y.extend_from_slice(layer.maximizer(theta, Exact).unwrap().as_ref());
            products.extend_from_slice(layer.vjp(theta, u, Exact).unwrap().as_ref());
        }
        let targets = batch.maximizer(&u, Exact).unwrap();
        let gradients: Vec<f32> = y.iter().zip(&targets).map(|(y, target)| y - target).collect();
        for threads in [1, 2, 3] {
            with_threads(threads, || {
                for how in [How::Exact, How::Cheapest(MonteCarlo::new(u32::MAX, Seed(1)))] {
                    assert_eq!(batch.value(&theta, how).unwrap(), values);
                    assert_eq!(batch.maximizer(&theta, how).unwrap(), y);
                    assert_eq!(batch.vjp(&theta, &u, how).unwrap(), products);
                    assert_eq!(batch.jvp(&theta, &u, how).unwrap(), products);
                    assert_eq!(batch.fenchel_young_gradient(&theta, &targets, how).unwrap(), gradients);
                }
                let mut out = vec![0.0; theta.len()];
                let how = How::Cheapest(MonteCarlo::new(u32::MAX, Seed(1)));
                let workspace = &mut batch.workspace();
                let row = |r: usize| &u[r * DIM..(r + 1) * DIM];
                batch.compute_into(&theta, |_| Maximizer, how, workspace, &mut out).unwrap();
                assert_eq!(out, y);
                batch.compute_into(&theta, |r| Vjp { cotangent: row(r) }, how, workspace, &mut out).unwrap();
                assert_eq!(out, products);
                let loss = |r: usize| FenchelYoungGradient { target: &targets[r * DIM..(r + 1) * DIM] };
                batch.compute_into(&theta, loss, how, workspace, &mut out).unwrap();
                assert_eq!(out, gradients);
                let how = MonteCarlo::new(1, Seed(1));
                let sampled = batch.maximizer(&theta, how).unwrap();
                batch.compute_into(&theta, |_| Maximizer, How::Cheapest(how), workspace, &mut out).unwrap();
                assert_eq!(out, sampled);
            });
        }
    }
    check(Simplex::new(Dyn(DIM)).unwrap(), Gumbel);
    check(Simplex::new(Dyn(DIM)).unwrap(), Logistic);
    check(Hypercube::sign(Dyn(DIM)).unwrap(), Laplace);
    check(Ranking::ascending(Dyn(DIM)).unwrap(), Normal);
}

/// Layers of their own may differ in the way that costs least.
#[test]
fn rows_choose_for_themselves() {
    let layer =
        |reference: &[f32]| Perturbed::new(Ranking::new(Dyn(3), reference).unwrap(), Normal, 0.5f32).unwrap();
    let layers = [layer(&[1.0, 2.0, 3.0]), layer(&[1.0, 2.0, 9.0]), layer(&[0.0, 2.0, 4.0])];
    let theta = &rows(2)[..9];
    let samples = MonteCarlo::new(500, Seed(1));
    let how = How::Cheapest(samples);
    let y = layers.batch().maximizer(theta, how).unwrap();
    let vjp = layers.batch().vjp(theta, theta, how).unwrap();
    let jvp = layers.batch().jvp(theta, theta, how).unwrap();
    for (r, (layer, theta)) in layers.iter().zip(theta.chunks_exact(3)).enumerate() {
        let row = r * 3..r * 3 + 3;
        let way = if r == 1 { How::MonteCarlo(samples.row(1)) } else { How::Exact };
        assert_eq!(y[row.clone()], layer.maximizer(theta, way).unwrap());
        assert_eq!(vjp[row.clone()], layer.vjp(theta, theta, way).unwrap());
        assert_eq!(jvp[row], layer.jvp(theta, theta, way).unwrap());
    }
}

#[test]
fn errors_name_the_row() {
    let layer = Perturbed::new(Ranking::ascending(Dyn(DIM)).unwrap(), Normal, 0.7f32).unwrap();
    let mut theta = rows(5);
    theta[3 * DIM + 2] = f32::NAN;
    let source = Error::NotFinite { parameter: "theta", index: 2 };
    let how = MonteCarlo::new(3, Seed(0));
    assert_eq!(layer.batch().maximizer(&theta, how), Err(RowError { row: 3, source }));
    assert_eq!(layer.batch().maximizer(&theta, Exact), Err(RowError { row: 3, source }));
    let ragged = layer.batch().maximizer(&theta[..=DIM], how).unwrap_err();
    assert_eq!(ragged.to_string(), "row 1: the last row of theta has length 1; expected 7");
    assert!(layer.batch().vjp(&theta, &theta[..DIM], how).is_err());
    let targets = vec![f32::NAN; 5 * DIM];
    let source = Error::NotFinite { parameter: "target", index: 0 };
    let refused = layer.batch().fenchel_young_gradient(&rows(5), &targets, how);
    assert_eq!(refused, Err(RowError { row: 0, source }));
    assert_eq!(layer.batch().maximizer(&[], how), Ok(vec![]));
}
