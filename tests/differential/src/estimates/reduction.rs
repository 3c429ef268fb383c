//! Exact expectations of every oracle, by what it has in common with one that has a closed form.

use perturb::{ClosedForm, Dyn, Exact, Hypercube, Perturbed, Ranking, Shape, Simplex, TopK, noise::Law};
use perturb_tests::statistics::slope;
use perturb_tests::vertices::dot;

/// An oracle with a closed form.
#[derive(Clone, Copy, Debug)]
pub enum Base {
    /// Pick one.
    Simplex,
    /// Pick so many.
    TopK(usize),
    /// Yes or no, 0 or 1.
    Binary,
    /// Yes or no, −1 or 1.
    Sign,
    /// Rank by (first, first + step, …).
    Ranking(f64, f64),
}

/// One decision ȳ of a closed form among those that make up y.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its oracle.
    pub base: Base,
    /// Its scores are ⟨column, θ⟩ + offset; with independent, equally distributed noise: columns share no entry.
    pub columns: Vec<Vec<f64>>,
    /// What is added to the scores, or nothing.
    pub offset: Vec<f64>,
    /// √⟨column, column⟩, by which the noise of a score is wider than that of an entry; then all columns are as long and the
    /// noise is normal.
    pub wider: f64,
}

impl Block {
    /// A decision over entries of θ themselves.
    #[must_use]
    pub fn of_entries(base: Base, dim: usize, entries: &[usize]) -> Self {
        let unit = |&entry: &usize| (0..dim).map(|i| f64::from(i == entry)).collect();
        Self { base, columns: entries.iter().map(unit).collect(), offset: vec![], wider: 1.0 }
    }
}

/// y*(θ) = constant + Σ A_b ȳ_b(A_bᵀθ + offset_b), with a probability so near to 1 that no run can tell.
#[derive(Clone, Debug)]
pub struct Reduction {
    /// What every decision contains.
    pub constant: Vec<f64>,
    /// What is decided.
    pub blocks: Vec<Block>,
}

/// Exact expectations.
#[derive(Clone, Debug)]
pub struct Expected {
    /// `F_ε`.
    pub value: f64,
    /// `y_ε`.
    pub y: Vec<f64>,
    /// J, row-major.
    pub jacobian: Vec<f64>,
    /// `∂F_ε/∂ε`.
    pub by_epsilon: f64,
    /// `∂(Jᵀu)/∂θ`, row-major; empty unless asked for.
    pub second: Vec<f64>,
}

impl Reduction {
    /// All of one closed form.
    #[must_use]
    pub fn whole(base: Base, dim: usize) -> Self {
        let all: Vec<usize> = (0..dim).collect();
        Self { constant: vec![0.0; dim], blocks: vec![Block::of_entries(base, dim, &all)] }
    }

    /// Expectations at θ, and the second derivatives along `cotangent` if `smooth`.
    #[must_use]
    pub fn expect<N: Law<f64>>(
        &self,
        noise: N,
        theta: &[f64],
        epsilon: f64,
        cotangent: &[f64],
        smooth: bool,
    ) -> Expected {
        let d = theta.len();
        let constant = noise.mean() * self.constant.iter().sum::<f64>();
        let mut all = Expected {
            value: dot(&self.constant, theta) + epsilon * constant,
            y: self.constant.clone(),
            jacobian: vec![0.0; d * d],
            by_epsilon: constant,
            second: vec![0.0; if smooth { d * d } else { 0 }],
        };
        for block in &self.blocks {
            let columns = &block.columns;
            let mut scores: Vec<f64> = columns.iter().map(|column| dot(column, theta)).collect();
            scores.iter_mut().zip(&block.offset).for_each(|(score, offset)| *score += offset);
            let wide = epsilon * block.wider;
            let (value, y, jacobian) = block.base.expect(noise, &scores, wide);
            all.value += value;
            all.by_epsilon += (value - dot(&y, &scores)) / epsilon;
            for (column, y) in columns.iter().zip(&y) {
                all.y.iter_mut().zip(column).for_each(|(sum, column)| *sum += column * y);
            }
            embed(&mut all.jacobian, columns, &jacobian);
            if smooth {
                let u: Vec<f64> = columns.iter().map(|column| dot(column, cotangent)).collect();
                embed(&mut all.second, columns, &block.base.second(noise, &scores, wide, &u));
            }
        }
        all
    }
}

/// matrix += A·inner·Aᵀ.
fn embed(matrix: &mut [f64], columns: &[Vec<f64>], inner: &[f64]) {
    for (a, row) in columns.iter().zip(inner.chunks_exact(columns.len())) {
        for (b, &entry) in columns.iter().zip(row) {
            for (i, &x) in a.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                for (j, &y) in b.iter().enumerate().filter(|(_, y)| **y != 0.0) {
                    matrix[i * a.len() + j] += x * entry * y;
                }
            }
        }
    }
}

/// What is asked of a layer of any base.
trait Ask<N> {
    type Answer;
    fn ask<O: ClosedForm<f64, N>>(&self, layer: &Perturbed<O, N, f64>) -> Self::Answer
    where
        N: Law<f64>;
}

/// `F_ε`, `y_ε` and J.
struct First<'a>(&'a [f64]);
impl<N: Law<f64>> Ask<N> for First<'_> {
    type Answer = (f64, Vec<f64>, Vec<f64>);
    fn ask<O: ClosedForm<f64, N>>(&self, layer: &Perturbed<O, N, f64>) -> Self::Answer {
        let (value, y) = layer.value_and_maximizer(self.0, Exact).expect("a closed form");
        let jacobian = layer.jacobian(self.0, Exact).expect("a closed form");
        (value, y.as_ref().to_vec(), jacobian.as_ref().to_vec())
    }
}

/// ∂(Jᵀu)/∂θ by differences of fourth order.
struct Second<'a>(&'a [f64], &'a [f64]);
impl<N: Law<f64>> Ask<N> for Second<'_> {
    type Answer = Vec<f64>;
    fn ask<O: ClosedForm<f64, N>>(&self, layer: &Perturbed<O, N, f64>) -> Vec<f64> {
        let (theta, u) = (self.0, self.1);
        let d = layer.oracle().shape().dim();
        let mut matrix = vec![0.0; d * d];
        for (place, entry) in matrix.iter_mut().enumerate() {
            let (i, j) = (place / d, place % d);
            *entry = slope(theta[j], 2e-3 * layer.epsilon(), |x| {
                let mut moved = theta.to_vec();
                moved[j] = x;
                layer.vjp(&moved, u, Exact).expect("a closed form").as_ref()[i]
            });
        }
        matrix
    }
}

impl Base {
    fn ask<N: Law<f64>, A: Ask<N>>(self, noise: N, dim: usize, epsilon: f64, ask: &A) -> A::Answer {
        fn layer<O: perturb::Oracle<f64>, N: Law<f64>>(
            oracle: Result<O, perturb::Error>,
            noise: N,
            epsilon: f64,
        ) -> Perturbed<O, N, f64> {
            Perturbed::new(oracle.expect("an oracle"), noise, epsilon).expect("a layer")
        }
        let shape = Dyn(dim);
        match self {
            Self::Simplex => ask.ask(&layer(Simplex::new(shape), noise, epsilon)),
            Self::TopK(k) => ask.ask(&layer(TopK::new(shape, k), noise, epsilon)),
            Self::Binary => ask.ask(&layer(Hypercube::binary(shape), noise, epsilon)),
            Self::Sign => ask.ask(&layer(Hypercube::sign(shape), noise, epsilon)),
            Self::Ranking(first, step) => {
                let v: Vec<f64> = (0..dim).map(|i| first + step * i as f64).collect();
                ask.ask(&layer(Ranking::new(shape, &v), noise, epsilon))
            }
        }
    }

    /// `F_ε`, `y_ε` and J.
    pub fn expect<N: Law<f64>>(self, noise: N, theta: &[f64], epsilon: f64) -> (f64, Vec<f64>, Vec<f64>) {
        self.ask(noise, theta.len(), epsilon, &First(theta))
    }

    fn second<N: Law<f64>>(self, noise: N, theta: &[f64], epsilon: f64, u: &[f64]) -> Vec<f64> {
        self.ask(noise, theta.len(), epsilon, &Second(theta, u))
    }
}
