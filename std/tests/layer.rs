//! Layers behind networks of burn: values and gradients against closed forms and finite differences, faults, and what crosses
//! between device and host.
#![cfg(feature = "nn")]

use std::cell::Cell;

use burn::tensor::{Device, Tensor};
use perturb::layer::{FenchelYoungLoss, LayerError, PerturbedLayer, Pullback, Scores, Unreadable};
use perturb::{
    BatchExt, ClosedForm, Dyn, DynRect, Error, Exact, GridPath, Gumbel, Hypercube, Laplace, MonteCarlo,
    Neighbours, Noise, Normal, Perturbed, Ranking, Real, RowError, Seed, Simplex,
};

const ROWS: usize = 16;

/// Numbers in \[−2, 2), a function of `seed`.
fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = Seed(seed).stream(0);
    (0..len).map(|_| 4.0 * f32::uniform(&mut rng) - 2.0).collect()
}

fn tensor<const D: usize>(numbers: &[f32], shape: [usize; D]) -> Tensor<D> {
    let flat = Tensor::<1>::from_floats(numbers, &Device::flex().autodiff());
    flat.reshape(shape).detach().require_grad()
}

fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().to_vec().expect("numbers of 32 bits")
}

/// The largest |a − b|, relative to the largest |b|.
fn distance(a: &[f32], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(0.0f64, |most, b| most.max(b.abs()));
    let apart = a.iter().zip(b).map(|(&a, b)| (f64::from(a) - b).abs());
    apart.fold(0.0, f64::max) / largest
}

/// The gradient of f(θ) = Σ u y_ε(θ)² through a layer of d scores, against central differences of f with exact expectations
/// in 64 bits: the largest error, relative to the largest entry. The step is 1e-5, whose own error is below 1e-8.
fn gradient_error<O, Q, N>(layer: Perturbed<O, N, f32>, precise: &Perturbed<Q, N, f64>, d: usize) -> f64
where
    O: ClosedForm<f32, N> + Send + Sync + 'static,
    Q: ClosedForm<f64, N> + Sync,
    N: Noise<f32> + Noise<f64> + 'static,
{
    let (scores, u) = (numbers(ROWS * d, 3), numbers(ROWS * d, 4));
    let layer = PerturbedLayer::new(layer);
    let theta = tensor(&scores, [ROWS, d]);
    let y = layer.forward(theta.clone(), Exact).unwrap();
    let f = (y.clone() * y * tensor(&u, [ROWS, d])).sum();
    let gradient = read(theta.grad(&f.backward()).unwrap());

    let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
    let f = |row: usize, theta: &[f64]| -> f64 {
        let y = precise.maximizer(theta, Exact).unwrap();
        y.as_ref().iter().zip(&u[row * d..]).map(|(y, &u)| f64::from(u) * y * y).sum()
    };
    let step = 1e-5;
    let differences: Vec<f64> = (0..ROWS * d)
        .map(|i| {
            let (row, entry) = (i / d, i % d);
            let moved = |by: f64| {
                let mut theta = scores[row * d..(row + 1) * d].to_vec();
                theta[entry] += by;
                f(row, &theta)
            };
            (moved(step) - moved(-step)) / (2.0 * step)
        })
        .collect();
    distance(&gradient, &differences)
}

#[test]
fn gradients_are_those_of_the_exact_expectations() {
    macro_rules! check {
        ($oracle:expr, $noise:expr, $d:expr) => {
            let (layer, precise) = (
                Perturbed::new($oracle, $noise, 0.8).unwrap(),
                Perturbed::new($oracle, $noise, 0.8).unwrap(),
            );
            let error = gradient_error(layer, &precise, $d);
            assert!(error < 1e-4, "{} with {}: {error:e}", stringify!($oracle), stringify!($noise));
        };
    }
    check!(Simplex::new(Dyn(6)).unwrap(), Gumbel, 6);
    check!(Simplex::new(Dyn(6)).unwrap(), Normal, 6);
    check!(Ranking::ascending(Dyn(5)).unwrap(), Normal, 5);
    check!(Ranking::ascending(Dyn(5)).unwrap(), Gumbel, 5);
    check!(Ranking::ascending(Dyn(5)).unwrap(), Laplace, 5);
    check!(Hypercube::sign(Dyn(4)).unwrap(), Normal, 4);
}

#[test]
fn softmax_and_its_gradient() {
    let (d, epsilon) = (7, 0.7f32);
    let (scores, u) = (numbers(ROWS * d, 1), numbers(ROWS * d, 2));
    let layer = PerturbedLayer::new(Perturbed::new(Simplex::new(Dyn(d)).unwrap(), Gumbel, epsilon).unwrap());
    let theta = tensor(&scores, [ROWS, d]);
    let y = layer.forward(theta.clone(), Exact).unwrap();
    let gradients = (y.clone() * tensor(&u, [ROWS, d])).sum().backward();
    let (y, gradient) = (read(y), read(theta.grad(&gradients).unwrap()));

    let (mut softmax, mut product) = (Vec::new(), Vec::new());
    for (theta, u) in scores.chunks_exact(d).zip(u.chunks_exact(d)) {
        let powers: Vec<f64> = theta.iter().map(|&t| (f64::from(t) / f64::from(epsilon)).exp()).collect();
        let p: Vec<f64> = powers.iter().map(|power| power / powers.iter().sum::<f64>()).collect();
        let mean: f64 = p.iter().zip(u).map(|(p, &u)| p * f64::from(u)).sum();
        product.extend(p.iter().zip(u).map(|(p, &u)| p * (f64::from(u) - mean) / f64::from(epsilon)));
        softmax.extend(p);
    }
    assert!(distance(&y, &softmax) < 1e-6 && distance(&gradient, &product) < 1e-4);
    assert_eq!(layer.take_fault(), None);
}

/// E y_i = Σ_{j≠i} Φ((θ_i − θ_j)/(ε√2)) for the values 0, 1, …, and J from the density.
#[test]
fn rankings_and_their_gradient() {
    let (d, epsilon) = (9, 0.5f32);
    let values: Vec<f32> = (0..d).map(|v| v as f32).collect();
    let (scores, u) = (numbers(ROWS * d, 5), numbers(ROWS * d, 6));
    let oracle = Ranking::new(Dyn(d), &values).unwrap();
    let layer = PerturbedLayer::new(Perturbed::new(oracle, Normal, epsilon).unwrap());
    let theta = tensor(&scores, [ROWS, d]);
    let y = layer.forward(theta.clone(), Exact).unwrap();
    let gradients = (y.clone() * tensor(&u, [ROWS, d])).sum().backward();
    let (y, gradient) = (read(y), read(theta.grad(&gradients).unwrap()));

    let scale = f64::from(epsilon) * 2f64.sqrt();
    let (mut ranks, mut product) = (Vec::new(), Vec::new());
    for (theta, u) in scores.chunks_exact(d).zip(u.chunks_exact(d)) {
        for i in 0..d {
            let others = (0..d).filter(|&j| j != i).map(|j| (f64::from(theta[i]) - f64::from(theta[j]), j));
            let others: Vec<(f64, usize)> = others.map(|(t, j)| (t / scale, j)).collect();
            ranks.push(others.iter().map(|&(t, _)| 0.5 * libm::erfc(-t / 2f64.sqrt())).sum::<f64>());
            let density = |t: f64| (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt() / scale;
            let terms = others.iter().map(|&(t, j)| density(t) * (f64::from(u[i]) - f64::from(u[j])));
            product.push(terms.sum());
        }
    }
    assert!(distance(&y, &ranks) < 1e-5 && distance(&gradient, &product) < 1e-4);
}

/// Sampled: y and Jᵀu are those of the batch without a framework, bit for bit, with the same noise however often.
#[test]
fn the_backward_pass_has_the_noise_of_the_forward_pass() {
    let oracle = GridPath::new(DynRect { rows: 3, columns: 4 }, Neighbours::Eight).unwrap();
    let layer = Perturbed::new(oracle, Normal, 0.5f32).unwrap();
    let costs: Vec<f32> = numbers(ROWS * 12, 7).iter().map(|x| x - 3.0).collect();
    let (u, how) = (numbers(ROWS * 12, 8), MonteCarlo::new(20, Seed(9)));
    for first in [0, 5] {
        let through = PerturbedLayer::new(layer.clone()).starting_at(first);
        let theta = tensor(&costs, [ROWS, 3, 4]);
        let y = through.forward(theta.clone(), how).unwrap();
        assert_eq!(y.dims(), [ROWS, 3, 4]);
        let gradients = (y.clone() * tensor(&u, [ROWS, 3, 4])).sum().backward();
        assert_eq!(read(y), layer.batch().starting_at(first).maximizer(&costs, how).unwrap());
        let product = layer.batch().starting_at(first).vjp(&costs, &u, how).unwrap();
        assert_eq!(read(theta.grad(&gradients).unwrap()), product);
    }
    // Another seed, another draw.
    let other = layer.batch().maximizer(&costs, MonteCarlo::new(20, Seed(10))).unwrap();
    assert_ne!(other, layer.batch().maximizer(&costs, how).unwrap());
}

#[test]
fn the_gradient_of_the_loss_is_exactly_y_less_the_target() {
    let d = 5;
    let layer = Perturbed::new(Ranking::ascending(Dyn(d)).unwrap(), Gumbel, 0.6f32).unwrap();
    let scores = numbers(ROWS * d, 11);
    let targets: Vec<f32> = (0..ROWS).flat_map(|r| (0..d).map(move |i| ((i + r) % d + 1) as f32)).collect();
    let sampled = MonteCarlo::new(1, Seed(12));
    macro_rules! check {
        ($how:expr) => {
            let y = layer.batch().maximizer(&scores, $how).unwrap();
            let want: Vec<f32> = y.iter().zip(&targets).map(|(y, target)| y - target).collect();
            let (losses, _) = layer.batch().fenchel_young(&scores, &targets, $how).unwrap();
            for omega in [false, true] {
                let loss = FenchelYoungLoss::new(layer.clone());
                let loss = if omega { loss.with_omega() } else { loss };
                let theta = tensor(&scores, [ROWS, d]);
                let sum = loss.clone().sum().forward(theta.clone(), &targets, $how).unwrap();
                assert_eq!(read(theta.grad(&sum.clone().backward()).unwrap()), want);
                let theta = tensor(&scores, [ROWS, d]);
                let mean = loss.forward(theta.clone(), &targets, $how).unwrap();
                let of_mean: Vec<f32> = want.iter().map(|g| g / ROWS as f32).collect();
                assert_eq!(read(theta.grad(&mean.clone().backward()).unwrap()), of_mean);
                let [sum, mean] = [sum, mean].map(|loss| f64::from(loss.into_scalar::<f32>()));
                assert!((sum / ROWS as f64 - mean).abs() < 1e-5 * mean.abs());
                if omega {
                    let total: f64 = losses.iter().map(|&loss| f64::from(loss)).sum();
                    assert!((sum - total).abs() < 1e-6 * total);
                }
            }
        };
    }
    check!(Exact);
    check!(sampled);
    check!(MonteCarlo::new(100, Seed(13)));
}

/// At a vertex y, εΩ(y) = −ε⟨y, E Z⟩; inside, Ω is found by the dual. A loss scaled by the network scales its gradient.
#[test]
fn omega_is_what_the_value_differs_by() {
    let layer = || Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Gumbel, 0.5f32).unwrap();
    let theta = || tensor(&[0.2, -0.4, 0.1], [1, 3]);
    let value = |omega: bool, target: &[f32]| {
        let loss = FenchelYoungLoss::new(layer());
        let loss = if omega { loss.with_omega() } else { loss };
        f64::from(loss.forward(theta(), target, Exact).unwrap().into_scalar::<f32>())
    };
    let gamma = 0.577_215_664_901_532_9;
    let at_vertex = value(true, &[0.0, 1.0, 0.0]) - value(false, &[0.0, 1.0, 0.0]);
    assert!((at_vertex + 0.5 * gamma).abs() < 1e-6, "{at_vertex}");
    let p = [0.5f32, 0.25, 0.25];
    let entropy: f64 = p.iter().map(|&p| f64::from(p) * f64::from(p).ln()).sum();
    let inside = value(true, &p) - value(false, &p);
    assert!((inside - 0.5 * (entropy - gamma)).abs() < 1e-6, "{inside}");

    let theta = theta();
    let loss = FenchelYoungLoss::new(layer()).forward(theta.clone(), &p, Exact).unwrap();
    let y = layer().maximizer(&[0.2, -0.4, 0.1], Exact).unwrap();
    let want: Vec<f32> = y.iter().zip(p).map(|(y, p)| (y - p) * 4.0).collect();
    assert_eq!(read(theta.grad(&(loss * 4.0).backward()).unwrap()), want);
}

#[test]
fn rows_may_have_layers_of_their_own() {
    let (d, scores) = (4, numbers(3 * 4, 14));
    let layers =
        |r: usize| Perturbed::new(Ranking::ascending(Dyn(d)).unwrap(), Normal, 0.3 + r as f32).unwrap();
    let layer = PerturbedLayer::per_row((0..3).map(layers).collect());
    let theta = tensor(&scores, [3, d]);
    let y = layer.forward(theta.clone(), Exact).unwrap();
    let gradients = y.clone().powi_scalar(2).sum().backward();
    let (y, gradient) = (read(y), read(theta.grad(&gradients).unwrap()));
    for r in 0..3 {
        let range = r * d..(r + 1) * d;
        let alone = layers(r).maximizer(&scores[range.clone()], Exact).unwrap();
        assert_eq!(y[range.clone()], alone);
        let u: Vec<f32> = alone.iter().map(|y| 2.0 * y).collect();
        assert_eq!(gradient[range.clone()], layers(r).vjp(&scores[range], &u, Exact).unwrap());
    }
    let targets: Vec<f32> = [1.0, 2.0, 3.0, 4.0].repeat(3);
    let loss = FenchelYoungLoss::from(layer.clone()).forward(tensor(&scores, [3, d]), &targets, Exact);
    assert!(loss.unwrap().into_scalar::<f32>() > 0.0);
    let refused = layer.forward(tensor(&scores[..8], [2, d]), Exact).unwrap_err().to_string();
    assert_eq!(refused, "theta: expected 3 rows of 4 scores, found a tensor of shape [2, 4]");
}

#[test]
fn what_does_not_fit_is_refused() {
    let layer = PerturbedLayer::new(Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Gumbel, 1.0f32).unwrap());
    let refused = |theta: Tensor<2>| layer.forward(theta, Exact).unwrap_err();
    // Six numbers are two rows of three, but not as three rows of two.
    let shape = refused(tensor(&[0.0; 6], [3, 2]));
    assert_eq!(
        shape.to_string(),
        "theta: expected any number of rows of 3 scores, found a tensor of shape [3, 2]"
    );
    let nan = refused(tensor(&[0.0, 0.0, 0.0, 0.0, f32::NAN, 0.0], [2, 3]));
    assert_eq!(
        nan,
        LayerError::Row(RowError { row: 1, source: Error::NotFinite { parameter: "theta", index: 1 } })
    );
    let loss = FenchelYoungLoss::from(layer.clone());
    let short = loss.forward(tensor(&[0.0; 6], [2, 3]), &[1.0, 0.0, 0.0], Exact).unwrap_err();
    assert!(matches!(short, LayerError::Row(RowError { source: Error::Length { .. }, .. })), "{short}");
    // No rows, no numbers.
    let none = layer.forward(Tensor::<2>::zeros([0, 3], &Device::flex().autodiff()), Exact).unwrap();
    assert_eq!(none.dims(), [0, 3]);
}

/// A backward pass cannot fail: it gives NaN, not a wrong number, and the layer tells why, once.
#[test]
fn faults_of_the_backward_pass_are_told() {
    let layer = PerturbedLayer::new(Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Gumbel, 1.0f32).unwrap());
    let theta = tensor(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [2, 3]);
    let y = layer.forward(theta.clone(), Exact).unwrap();
    let u = Tensor::<2>::from_floats([[1.0, 1.0, 1.0], [1.0, f32::INFINITY, 1.0]], &theta.device());
    let gradient = read(theta.grad(&(y * u).sum().backward()).unwrap());
    assert!(gradient.iter().all(|g| g.is_nan()));
    let fault = layer.take_fault().unwrap();
    assert_eq!((fault.row, fault.source), (1, Error::NotFinite { parameter: "cotangents", index: 1 }));
    assert_eq!(layer.take_fault(), None);
}

/// Without automatic differentiation, and for scores that need no gradient, there is the forward pass alone.
#[test]
fn inference_needs_no_gradients() {
    let layer = PerturbedLayer::new(Perturbed::new(Simplex::new(Dyn(2)).unwrap(), Gumbel, 1.0f32).unwrap());
    for device in [Device::flex(), Device::flex().autodiff()] {
        let y = layer.forward(Tensor::<2>::from_floats([[0.0, 0.0]], &device), Exact).unwrap();
        assert_eq!(read(y), [0.5, 0.5]);
    }
}

/// A framework that counts what crosses to and from its device.
#[derive(Clone)]
struct Counted<'c> {
    numbers: Vec<f32>,
    shape: [usize; 2],
    down: &'c Cell<usize>,
    up: &'c Cell<usize>,
}

impl Scores for Counted<'_> {
    type Loss = (f32, Vec<f32>);

    fn shape(&self) -> Vec<usize> {
        self.shape.to_vec()
    }
    fn read(&self) -> Result<Vec<f32>, Unreadable> {
        self.down.set(self.down.get() + self.numbers.len());
        Ok(self.numbers.clone())
    }
    fn decided(self, y: Vec<f32>, pullback: Pullback) -> Result<Self, LayerError> {
        self.up.set(self.up.get() + y.len());
        let d = self.shape[1];
        // The rows of J, by the pullback and at once.
        let jacobian = pullback.jacobian()?;
        for i in 0..d {
            let u: Vec<f32> = (0..y.len()).map(|j| f32::from(u8::from(j % d == i))).collect();
            for (r, product) in pullback.apply(&u).chunks_exact(d).enumerate() {
                assert_eq!(product, &jacobian[(r * d + i) * d..(r * d + i + 1) * d]);
            }
        }
        Ok(Self { numbers: y, ..self })
    }
    fn loss(self, value: f32, gradient: Vec<f32>) -> (f32, Vec<f32>) {
        self.up.set(self.up.get() + gradient.len());
        (value, gradient)
    }
}

#[test]
fn theta_goes_down_once_and_the_result_up_once() {
    let (down, up) = (Cell::new(0), Cell::new(0));
    let layer = Perturbed::new(Ranking::ascending(Dyn(4)).unwrap(), Normal, 1.0f32).unwrap();
    let theta = Counted { numbers: numbers(8, 15), shape: [2, 4], down: &down, up: &up };
    PerturbedLayer::new(layer.clone()).forward(theta.clone(), MonteCarlo::new(50, Seed(16))).unwrap();
    assert_eq!((down.take(), up.take()), (8, 8));
    let targets = [1.0, 2.0, 3.0, 4.0, 4.0, 3.0, 2.0, 1.0];
    FenchelYoungLoss::new(layer).forward(theta, &targets, MonteCarlo::new(1, Seed(17))).unwrap();
    assert_eq!((down.take(), up.take()), (8, 8));
}

/// The whole: a linear model behind a network's loss learns which of three is largest.
#[test]
fn a_network_learns_through_the_layer() {
    let x = numbers(64 * 3, 18);
    let targets: Vec<f32> = x
        .chunks_exact(3)
        .flat_map(|x| (0..3).map(move |i| f32::from(u8::from((0..3).all(|j| x[j] <= x[i])))))
        .collect();
    let layer = Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Normal, 1.0f32).unwrap();
    let loss = FenchelYoungLoss::new(layer).with_omega();
    let mut weights = tensor(&[0.0; 9], [3, 3]);
    let (mut first, mut last) = (0.0, 0.0);
    for step in 0..60 {
        let theta = tensor(&x, [64, 3]).detach().matmul(weights.clone());
        let value = loss.forward(theta, &targets, MonteCarlo::new(1, Seed(19).fold(step))).unwrap();
        let gradient = weights.grad(&value.backward()).unwrap();
        last = loss
            .forward(tensor(&x, [64, 3]).matmul(weights.clone().detach()), &targets, Exact)
            .unwrap()
            .into_scalar::<f32>();
        if step == 0 {
            first = last;
        }
        weights = (weights.detach() - Tensor::from_inner(gradient) * 2.0).require_grad();
    }
    assert!(last < 0.3 * first, "from {first} to {last}");
}
