//! What holds in every framework: values and gradients against closed forms and finite differences.

use perturb::layer::{FenchelYoungLoss, LayerError, PerturbedLayer, Scores};
use perturb::{
    BatchExt, ClosedForm, Dyn, DynRect, Error, Exact, GridPath, Gumbel, Hypercube, Laplace, MonteCarlo,
    Noise, Normal, Perturbed, Ranking, RowError, Seed, Simplex, oracle::Neighbours,
};

use super::{ROWS, numbers};

/// What the tests ask of a framework's matrices.
pub(crate) trait Matrix: Scores {
    /// Whether its backward pass calls back, and gives the library's bits.
    const CALLS_BACK: bool;
    /// rows × columns numbers that gradients are wanted for.
    fn leaf(numbers: &[f32], shape: [usize; 2]) -> Self;
    /// The same without gradients.
    fn constant(numbers: &[f32], shape: [usize; 2]) -> Self;
    /// The same tensor once more.
    fn again(&self) -> Self;
    /// Entry by entry.
    fn times(self, other: Self) -> Self;
    /// Of matrices.
    fn product(self, other: Self) -> Self;
    fn sum(self) -> Self::Loss;
    fn scaled(loss: Self::Loss, by: f32) -> Self::Loss;
    fn value(loss: &Self::Loss) -> f32;
    /// Of the loss in this leaf.
    fn gradient(&self, loss: &Self::Loss) -> Vec<f32>;

    /// Its numbers.
    fn all(&self) -> Vec<f32> {
        self.read().expect("the numbers of a tensor")
    }
}

/// Every test here, in the framework whose matrices these are.
macro_rules! tests {
    ($matrix:ty) => {
        crate::shared::tests! { $matrix:
            gradients_are_those_of_the_exact_expectations,
            softmax_and_its_gradient,
            rankings_and_their_gradient,
            the_backward_pass_has_the_noise_of_the_forward_pass,
            the_gradient_of_the_loss_is_exactly_y_less_the_target,
            omega_is_what_the_value_differs_by,
            rows_may_have_layers_of_their_own,
            what_does_not_fit_is_refused,
            a_network_learns_through_the_layer,
            inference_needs_no_gradients
        }
    };
    ($matrix:ty: $($name:ident),*) => {
        $(#[test]
        fn $name() {
            crate::shared::$name::<$matrix>();
        })*
    };
}
pub(crate) use tests;

/// The largest |a − b|, relative to the largest |b|.
fn distance(a: &[f32], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(0.0f64, |most, b| most.max(b.abs()));
    let apart = a.iter().zip(b).map(|(&a, b)| (f64::from(a) - b).abs());
    apart.fold(0.0, f64::max) / largest
}

/// The gradient of f(θ) = Σ u y_ε(θ)² through a layer of d scores, against central differences of f with exact expectations
/// in 64 bits: the largest error, relative to the largest entry. The step is 1e-5, whose own error is below 1e-8.
fn gradient_error<M, O, Q, N>(layer: Perturbed<O, N, f32>, precise: &Perturbed<Q, N, f64>, d: usize) -> f64
where
    M: Matrix,
    O: ClosedForm<f32, N> + Send + Sync + 'static,
    Q: ClosedForm<f64, N> + Sync,
    N: Noise<f32> + Noise<f64> + 'static,
{
    let (scores, u) = (numbers(ROWS * d, 3), numbers(ROWS * d, 4));
    let layer = PerturbedLayer::new(layer);
    let theta = M::leaf(&scores, [ROWS, d]);
    let y = layer.forward(theta.again(), Exact).unwrap();
    let gradient = theta.gradient(&y.again().times(y).times(M::constant(&u, [ROWS, d])).sum());

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

pub(crate) fn gradients_are_those_of_the_exact_expectations<M: Matrix>() {
    macro_rules! check {
        ($oracle:expr, $noise:expr, $d:expr) => {
            let (layer, precise) = (
                Perturbed::new($oracle, $noise, 0.8).unwrap(),
                Perturbed::new($oracle, $noise, 0.8).unwrap(),
            );
            let error = gradient_error::<M, _, _, _>(layer, &precise, $d);
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

pub(crate) fn softmax_and_its_gradient<M: Matrix>() {
    let (d, epsilon) = (7, 0.7f32);
    let (scores, u) = (numbers(ROWS * d, 1), numbers(ROWS * d, 2));
    let layer = PerturbedLayer::new(Perturbed::new(Simplex::new(Dyn(d)).unwrap(), Gumbel, epsilon).unwrap());
    let theta = M::leaf(&scores, [ROWS, d]);
    let y = layer.forward(theta.again(), Exact).unwrap();
    let gradient = theta.gradient(&y.again().times(M::constant(&u, [ROWS, d])).sum());
    let y = Matrix::all(&y);

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
pub(crate) fn rankings_and_their_gradient<M: Matrix>() {
    let (d, epsilon) = (9, 0.5f32);
    let values: Vec<f32> = (0..d).map(|v| v as f32).collect();
    let (scores, u) = (numbers(ROWS * d, 5), numbers(ROWS * d, 6));
    let oracle = Ranking::new(Dyn(d), &values).unwrap();
    let layer = PerturbedLayer::new(Perturbed::new(oracle, Normal, epsilon).unwrap());
    let theta = M::leaf(&scores, [ROWS, d]);
    let y = layer.forward(theta.again(), Exact).unwrap();
    let gradient = theta.gradient(&y.again().times(M::constant(&u, [ROWS, d])).sum());
    let y = Matrix::all(&y);

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

/// Sampled: y and Jᵀu are those of the batch without a framework, bit for bit (where the framework multiplies by J, Jᵀu up to
/// rounding), with the same noise however often.
pub(crate) fn the_backward_pass_has_the_noise_of_the_forward_pass<M: Matrix>() {
    let oracle = GridPath::new(DynRect { rows: 3, columns: 4 }, Neighbours::Eight).unwrap();
    let layer = Perturbed::new(oracle, Normal, 0.5f32).unwrap();
    let costs: Vec<f32> = numbers(ROWS * 12, 7).iter().map(|x| x - 3.0).collect();
    let (u, how) = (numbers(ROWS * 12, 8), MonteCarlo::new(20, Seed(9)));
    for first in [0, 5] {
        let through = PerturbedLayer::new(layer).starting_at(first);
        let theta = M::leaf(&costs, [ROWS, 12]);
        let y = through.forward(theta.again(), how).unwrap();
        let gradient = theta.gradient(&y.again().times(M::constant(&u, [ROWS, 12])).sum());
        assert_eq!(Matrix::all(&y), layer.batch().starting_at(first).maximizer(&costs, how).unwrap());
        let product = layer.batch().starting_at(first).vjp(&costs, &u, how).unwrap();
        if M::CALLS_BACK {
            assert_eq!(gradient, product);
        } else {
            let product: Vec<f64> = product.into_iter().map(f64::from).collect();
            assert!(distance(&gradient, &product) < 1e-5);
        }
    }
    // Another seed, another draw.
    let other = layer.batch().maximizer(&costs, MonteCarlo::new(20, Seed(10))).unwrap();
    assert_ne!(other, layer.batch().maximizer(&costs, how).unwrap());
}

/// Bit for bit. With Ω, a mean over M samples of integers is rounded once, after the target has been taken off.
pub(crate) fn the_gradient_of_the_loss_is_exactly_y_less_the_target<M: Matrix>() {
    let d = 5;
    let layer = Perturbed::new(Ranking::ascending(Dyn(d)).unwrap(), Gumbel, 0.6f32).unwrap();
    let scores = numbers(ROWS * d, 11);
    let targets: Vec<f32> = (0..ROWS).flat_map(|r| (0..d).map(move |i| ((i + r) % d + 1) as f32)).collect();
    macro_rules! check {
        ($how:expr, $samples:expr) => {
            let y = layer.batch().maximizer(&scores, $how).unwrap();
            let (losses, _) = layer.batch().fenchel_young(&scores, &targets, $how).unwrap();
            for omega in [false, true] {
                let less = |(y, target): (&f32, &f32)| match $samples {
                    Some(m) if omega => ((m * y).round() - m * target) / m,
                    _ => y - target,
                };
                let want: Vec<f32> = y.iter().zip(&targets).map(less).collect();
                let loss = FenchelYoungLoss::new(layer.clone());
                let loss = if omega { loss.with_omega() } else { loss };
                let theta = M::leaf(&scores, [ROWS, d]);
                let sum = loss.clone().sum().forward(theta.again(), &targets, $how).unwrap();
                assert_eq!(theta.gradient(&sum), want);
                let theta = M::leaf(&scores, [ROWS, d]);
                let mean = loss.forward(theta.again(), &targets, $how).unwrap();
                let of_mean: Vec<f32> = want.iter().map(|g| g / ROWS as f32).collect();
                assert_eq!(theta.gradient(&mean), of_mean);
                let [sum, mean] = [sum, mean].map(|loss| f64::from(M::value(&loss)));
                assert!((sum / ROWS as f64 - mean).abs() < 1e-5 * mean.abs());
                if omega {
                    let total: f64 = losses.iter().map(|&loss| f64::from(loss)).sum();
                    assert!((sum - total).abs() < 1e-6 * total);
                }
            }
        };
    }
    check!(Exact, None::<f32>);
    check!(MonteCarlo::new(1, Seed(12)), Some(1.0));
    check!(MonteCarlo::new(100, Seed(13)), Some(100.0));
}

/// At a vertex y, εΩ(y) = −ε⟨y, E Z⟩; inside, Ω is found by the dual. A loss scaled by the network scales its gradient.
pub(crate) fn omega_is_what_the_value_differs_by<M: Matrix>() {
    let layer = || Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Gumbel, 0.5f32).unwrap();
    let theta = || M::leaf(&[0.2, -0.4, 0.1], [1, 3]);
    let value = |omega: bool, target: &[f32]| {
        let loss = FenchelYoungLoss::new(layer());
        let loss = if omega { loss.with_omega() } else { loss };
        f64::from(M::value(&loss.forward(theta(), target, Exact).unwrap()))
    };
    let gamma = 0.577_215_664_901_532_9;
    let at_vertex = value(true, &[0.0, 1.0, 0.0]) - value(false, &[0.0, 1.0, 0.0]);
    assert!((at_vertex + 0.5 * gamma).abs() < 1e-6, "{at_vertex}");
    let p = [0.5f32, 0.25, 0.25];
    let entropy: f64 = p.iter().map(|&p| f64::from(p) * f64::from(p).ln()).sum();
    let inside = value(true, &p) - value(false, &p);
    assert!((inside - 0.5 * (entropy - gamma)).abs() < 1e-6, "{inside}");

    let theta = theta();
    let loss = FenchelYoungLoss::new(layer()).forward(theta.again(), &p, Exact).unwrap();
    let y = layer().maximizer(&[0.2, -0.4, 0.1], Exact).unwrap();
    let want: Vec<f32> = y.iter().zip(p).map(|(y, p)| (y - p) * 4.0).collect();
    assert_eq!(theta.gradient(&M::scaled(loss, 4.0)), want);
}

pub(crate) fn rows_may_have_layers_of_their_own<M: Matrix>() {
    let (d, scores) = (4, numbers(3 * 4, 14));
    let layers =
        |r: usize| Perturbed::new(Ranking::ascending(Dyn(d)).unwrap(), Normal, 0.3 + r as f32).unwrap();
    let layer = PerturbedLayer::per_row((0..3).map(layers).collect());
    let theta = M::leaf(&scores, [3, d]);
    let y = layer.forward(theta.again(), Exact).unwrap();
    let gradient = theta.gradient(&y.again().times(y.again()).sum());
    let y = Matrix::all(&y);
    for r in 0..3 {
        let range = r * d..(r + 1) * d;
        let alone = layers(r).maximizer(&scores[range.clone()], Exact).unwrap();
        assert_eq!(y[range.clone()], alone);
        let u: Vec<f32> = alone.iter().map(|y| 2.0 * y).collect();
        let product = layers(r).vjp(&scores[range.clone()], &u, Exact).unwrap();
        let product: Vec<f64> = product.iter().copied().map(f64::from).collect();
        assert!(distance(&gradient[range], &product) <= if M::CALLS_BACK { 0.0 } else { 1e-5 });
    }
    let targets: Vec<f32> = [1.0, 2.0, 3.0, 4.0].repeat(3);
    let loss = FenchelYoungLoss::from(layer.clone()).with_omega();
    assert!(M::value(&loss.forward(M::leaf(&scores, [3, d]), &targets, Exact).unwrap()) > 0.0);
    let refused = layer.forward(M::leaf(&scores[..8], [2, d]), Exact).err().unwrap().to_string();
    assert_eq!(refused, "theta: expected 3 rows of 4 scores, found a tensor of shape [2, 4]");
}

pub(crate) fn what_does_not_fit_is_refused<M: Matrix>() {
    let layer = PerturbedLayer::new(Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Gumbel, 1.0f32).unwrap());
    let refused = |theta: M| layer.forward(theta, Exact).err().unwrap();
    // Six numbers are two rows of three, but not as three rows of two.
    let shape = refused(M::leaf(&[0.0; 6], [3, 2]));
    assert_eq!(
        shape.to_string(),
        "theta: expected any number of rows of 3 scores, found a tensor of shape [3, 2]"
    );
    let nan = refused(M::leaf(&[0.0, 0.0, 0.0, 0.0, f32::NAN, 0.0], [2, 3]));
    assert_eq!(
        nan,
        LayerError::Row(RowError { row: 1, source: Error::NotFinite { parameter: "theta", index: 1 } })
    );
    let loss = FenchelYoungLoss::from(layer.clone());
    let short = loss.forward(M::leaf(&[0.0; 6], [2, 3]), &[1.0, 0.0, 0.0], Exact).err().unwrap();
    assert!(matches!(short, LayerError::Row(RowError { source: Error::Length { .. }, .. })), "{short}");
    // No rows, no numbers.
    assert_eq!(layer.forward(M::leaf(&[], [0, 3]), Exact).unwrap().shape(), [0, 3]);
}

/// The whole: a linear model behind a network's loss learns which of three is largest.
pub(crate) fn a_network_learns_through_the_layer<M: Matrix>() {
    let x = numbers(64 * 3, 18);
    let targets: Vec<f32> = x
        .chunks_exact(3)
        .flat_map(|x| (0..3).map(move |i| f32::from(u8::from((0..3).all(|j| x[j] <= x[i])))))
        .collect();
    let layer = Perturbed::new(Simplex::new(Dyn(3)).unwrap(), Normal, 1.0f32).unwrap();
    let loss = FenchelYoungLoss::new(layer).with_omega();
    let x = || M::constant(&x, [64, 3]);
    let mut weights = vec![0.0; 9];
    let value = |weights: &[f32]| {
        let theta = x().product(M::constant(weights, [3, 3]));
        M::value(&loss.forward(theta, &targets, Exact).unwrap())
    };
    let first = value(&weights);
    for step in 0..60 {
        let leaf = M::leaf(&weights, [3, 3]);
        let how = MonteCarlo::new(1, Seed(19).fold(step));
        let sampled = loss.forward(x().product(leaf.again()), &targets, how).unwrap();
        for (weight, slope) in weights.iter_mut().zip(leaf.gradient(&sampled)) {
            *weight -= 2.0 * slope;
        }
    }
    let last = value(&weights);
    assert!(last < 0.3 * first, "from {first} to {last}");
}

/// For scores that need no gradient there is the forward pass alone.
pub(crate) fn inference_needs_no_gradients<M: Matrix>() {
    let layer = PerturbedLayer::new(Perturbed::new(Simplex::new(Dyn(2)).unwrap(), Gumbel, 1.0f32).unwrap());
    assert_eq!(Matrix::all(&layer.forward(M::constant(&[0.0, 0.0], [1, 2]), Exact).unwrap()), [0.5, 0.5]);
}
