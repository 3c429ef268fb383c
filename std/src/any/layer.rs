//! A layer chosen at run time, compiled once.

use std::fmt::Debug;

use perturb_core::loss::{Inverse, LossAndGradient};
use perturb_core::method::{Cost, Method, Way, WithError};
use perturb_core::quantity::{
    EpsilonDerivative, EpsilonLossDerivative, FenchelYoung, FenchelYoungGradient, FenchelYoungWithoutOmega,
    Form, Jacobian, JacobianByCurvature, Jvp, Maximizer, MaximizerByScore, Value, ValueAndMaximizer, Vjp,
    VjpJacobian, VjpJacobianProduct,
};
use perturb_core::{AnyNoise, Error, How, MonteCarlo, Oracle, Perturbed, Quantity, Real, Seed, Shape};

use super::{AnyOracle, LayerSpec};
use crate::batch::{Crew, RowError, Target, Task, Worker};
use crate::share::RowsMut;
use crate::{BatchExt, Dyn};

/// A [`Quantity`] as a value, which is asked of an [`AnyLayer`]. The vectors have d entries in each row.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Question<'a, T> {
    /// [`Value`]: one number.
    Value,
    /// [`Maximizer`]: d numbers.
    Maximizer,
    /// [`ValueAndMaximizer`]: 1 + d numbers.
    ValueAndMaximizer,
    /// [`MaximizerByScore`]: d numbers.
    MaximizerByScore,
    /// [`Jacobian`]: d × d numbers, row by row.
    Jacobian,
    /// [`JacobianByCurvature`]: d × d numbers, row by row. The noise must be smooth.
    JacobianByCurvature,
    /// [`Vjp`] of u: d numbers.
    Vjp(&'a [T]),
    /// [`Jvp`] of u: d numbers.
    Jvp(&'a [T]),
    /// [`VjpJacobian`] of u: d × d numbers, row by row. The noise must be smooth.
    VjpJacobian(&'a [T]),
    /// [`VjpJacobianProduct`] of u and v: d numbers. The noise must be smooth.
    VjpJacobianProduct(&'a [T], &'a [T]),
    /// [`EpsilonDerivative`]: one number.
    EpsilonDerivative,
    /// [`EpsilonLossDerivative`] of y: one number.
    EpsilonLossDerivative(&'a [T]),
    /// [`FenchelYoung`] of y: the loss and d numbers of its gradient.
    FenchelYoung(&'a [T]),
    /// [`FenchelYoungGradient`] of y: d numbers.
    FenchelYoungGradient(&'a [T]),
    /// [`FenchelYoungWithoutOmega`] of y: a number and d numbers of its gradient.
    FenchelYoungWithoutOmega(&'a [T]),
}

/// A number type whose layers are compiled inside this library: f32 and f64.
pub trait AnyReal: Real + Compiled {}
impl AnyReal for f32 {}
impl AnyReal for f64 {}

/// A layer chosen at run time: an oracle, a noise and a temperature that a value describes, with every quantity and method
/// behind it.
///
/// It has the bits and the errors of the typed layer, and is compiled once, in this library: a program that uses all of it
/// builds in seconds. Answers are vectors of numbers, the [parts](Form::parts) of the quantity's output one after the other.
/// A closed form or a second derivative that oracle or noise do not have is an error by name.
///
/// ```
/// use perturb::{AnyLayer, AnyNoise, How, LayerSpec, MonteCarlo, OracleSpec, Question, Seed};
/// let oracle = OracleSpec::Ranking { reference: vec![1.0, 2.0, 3.0] };
/// let layer = AnyLayer::<f64>::new(&LayerSpec { oracle, noise: AnyNoise::Normal, epsilon: 0.5 })?;
/// let theta = [0.3, -0.2, 1.0];
/// let exact = layer.compute(&theta, Question::Maximizer, How::Exact)?;
/// let sampled = layer.compute(&theta, Question::Maximizer, How::MonteCarlo(MonteCarlo::new(10_000, Seed(1))))?;
/// assert!((exact[0] - sampled[0]).abs() < 0.05);
/// # Ok::<(), perturb::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct AnyLayer<T: Real> {
    layer: Perturbed<AnyOracle<T>, AnyNoise, T>,
}

impl<T: AnyReal> AnyLayer<T> {
    /// The layer that `spec` describes. Refused: what the oracle's constructor refuses, and a temperature that is not positive
    /// and finite in this number type.
    pub fn new(spec: &LayerSpec) -> Result<Self, Error> {
        Self::of(AnyOracle::new(&spec.oracle)?, spec.noise, T::from_f64(spec.epsilon))
    }
    /// A layer of any oracle, a black box included.
    pub fn of(oracle: AnyOracle<T>, noise: AnyNoise, epsilon: T) -> Result<Self, Error> {
        Ok(Self { layer: Perturbed::new(oracle, noise, epsilon)? })
    }

    /// The description of this layer; `None` for a black box.
    pub fn spec(&self) -> Option<LayerSpec> {
        let (noise, epsilon) = (*self.layer.noise(), self.layer.epsilon().to_f64());
        Some(LayerSpec { oracle: self.layer.oracle().spec()?, noise, epsilon })
    }
    /// The layer itself, for what is generic over oracles and noises.
    pub fn layer(&self) -> &Perturbed<AnyOracle<T>, AnyNoise, T> {
        &self.layer
    }
    /// d, the number of scores.
    pub fn dim(&self) -> usize {
        self.layer.oracle().shape().dim()
    }

    /// The unperturbed decision y*(θ) and its value F(θ) (eq. 1).
    pub fn decide(&self, theta: &[T]) -> Result<(T, Vec<T>), Error> {
        T::decide(&self.layer, theta)
    }
    /// Sample number `index` of Y ~ p_θ with the noise of `seed` (Section 2).
    pub fn sample(&self, theta: &[T], seed: Seed, index: u64) -> Result<Vec<T>, Error> {
        T::sample(&self.layer, theta, seed, index)
    }
    /// The answer to `question` at θ: the bits of [`Perturbed::compute`].
    pub fn compute(&self, theta: &[T], question: Question<'_, T>, how: How) -> Result<Vec<T>, Error> {
        if theta.len() != self.dim() {
            // One row, of whatever length.
            return Err(Error::Length { parameter: "theta", expected: self.dim(), found: theta.len() });
        }
        T::rows(&self.layer, theta, question, how, None).map_err(|error| error.source)
    }
    /// The answers to `question` in rows of d scores, on all cores: the bits of
    /// [`Batch::compute_into`](crate::Batch::compute_into), the first row being row `first` of all. The vectors of the question
    /// have as many rows.
    pub fn compute_rows(
        &self,
        theta: &[T],
        question: Question<'_, T>,
        how: How,
        first: u64,
    ) -> Result<Vec<T>, RowError> {
        T::rows(&self.layer, theta, question, how, Some(first))
    }
    /// The answer to `question` with its standard error: the bits of [`Perturbed::compute_with_error`].
    pub fn compute_with_error(
        &self,
        theta: &[T],
        question: Question<'_, T>,
        how: MonteCarlo,
    ) -> Result<WithError<Vec<T>>, Error> {
        T::with_error(&self.layer, theta, question, how)
    }
    /// Ω(y), as [`Perturbed::omega`] has it.
    pub fn omega(&self, y: &[T], how: How) -> Result<T, Error> {
        T::omega(&self.layer, y, how)
    }
    /// θ with y_ε(θ) = `y`, as [`Perturbed::inverse_maximizer`] finds it.
    pub fn inverse_maximizer(&self, y: &[T], how: How) -> Result<Inverse<T, Vec<T>>, Error> {
        T::inverse_maximizer(&self.layer, y, how)
    }

    /// F_ε(θ).
    pub fn value(&self, theta: &[T], how: How) -> Result<T, Error> {
        Ok(self.compute(theta, Question::Value, how)?.first().copied().unwrap_or(T::ZERO))
    }
    /// y_ε(θ).
    pub fn maximizer(&self, theta: &[T], how: How) -> Result<Vec<T>, Error> {
        self.compute(theta, Question::Maximizer, how)
    }
    /// J, row by row.
    pub fn jacobian(&self, theta: &[T], how: How) -> Result<Vec<T>, Error> {
        self.compute(theta, Question::Jacobian, how)
    }
    /// Jᵀu.
    pub fn vjp(&self, theta: &[T], cotangent: &[T], how: How) -> Result<Vec<T>, Error> {
        self.compute(theta, Question::Vjp(cotangent), how)
    }
    /// Ju.
    pub fn jvp(&self, theta: &[T], tangent: &[T], how: How) -> Result<Vec<T>, Error> {
        self.compute(theta, Question::Jvp(tangent), how)
    }
    /// L_ε(θ; y) and y_ε(θ) − y.
    pub fn fenchel_young(
        &self,
        theta: &[T],
        target: &[T],
        how: How,
    ) -> Result<LossAndGradient<T, Vec<T>>, Error> {
        let mut numbers = self.compute(theta, Question::FenchelYoung(target), how)?;
        let gradient = numbers.split_off(1.min(numbers.len()));
        Ok(LossAndGradient { loss: numbers.first().copied().unwrap_or(T::ZERO), gradient })
    }
    /// y_ε(θ) − y.
    pub fn fenchel_young_gradient(&self, theta: &[T], target: &[T], how: How) -> Result<Vec<T>, Error> {
        self.compute(theta, Question::FenchelYoungGradient(target), how)
    }
}

type Layer<T> = Perturbed<AnyOracle<T>, AnyNoise, T>;

mod sealed {
    use super::{
        AnyNoise, AnyOracle, Error, How, Inverse, MonteCarlo, Perturbed, Question, Real, RowError, Seed,
        WithError,
    };

    /// The functions of a layer for one number type. They are not generic, so that they are compiled here and nowhere else.
    pub trait Compiled: Real {
        #![allow(missing_docs, reason = "each is a method of `AnyLayer`")]
        fn decide(layer: &Layer<Self>, theta: &[Self]) -> Result<(Self, Vec<Self>), Error>;
        fn sample(layer: &Layer<Self>, theta: &[Self], seed: Seed, index: u64) -> Result<Vec<Self>, Error>;
        fn rows(
            layer: &Layer<Self>,
            theta: &[Self],
            question: Question<'_, Self>,
            how: How,
            first: Option<u64>,
        ) -> Result<Vec<Self>, RowError>;
        fn with_error(
            layer: &Layer<Self>,
            theta: &[Self],
            question: Question<'_, Self>,
            how: MonteCarlo,
        ) -> Result<WithError<Vec<Self>>, Error>;
        fn omega(layer: &Layer<Self>, y: &[Self], how: How) -> Result<Self, Error>;
        fn inverse_maximizer(
            layer: &Layer<Self>,
            y: &[Self],
            how: How,
        ) -> Result<Inverse<Self, Vec<Self>>, Error>;
    }

    type Layer<T> = Perturbed<AnyOracle<T>, AnyNoise, T>;
}
use sealed::Compiled;

/// Does the same for the quantity that a question names; `$row` gives a row of its vectors.
macro_rules! by_quantity {
    ($question:expr, $row:expr, $quantity:ident => $body:expr) => {{
        macro_rules! ask {
            ($make:expr) => {{
                let $quantity = $make;
                $body
            }};
        }
        let row = $row;
        match $question {
            Question::Value => ask!(|_: usize| Value),
            Question::Maximizer => ask!(|_: usize| Maximizer),
            Question::ValueAndMaximizer => ask!(|_: usize| ValueAndMaximizer),
            Question::MaximizerByScore => ask!(|_: usize| MaximizerByScore),
            Question::Jacobian => ask!(|_: usize| Jacobian),
            Question::JacobianByCurvature => ask!(|_: usize| JacobianByCurvature),
            Question::Vjp(u) => ask!(|r: usize| Vjp { cotangent: row(u, r) }),
            Question::Jvp(u) => ask!(|r: usize| Jvp { tangent: row(u, r) }),
            Question::VjpJacobian(u) => ask!(|r: usize| VjpJacobian { cotangent: row(u, r) }),
            Question::VjpJacobianProduct(u, v) => {
                ask!(|r: usize| VjpJacobianProduct { cotangent: row(u, r), tangent: row(v, r) })
            }
            Question::EpsilonDerivative => ask!(|_: usize| EpsilonDerivative),
            Question::EpsilonLossDerivative(y) => {
                ask!(|r: usize| EpsilonLossDerivative { target: row(y, r) })
            }
            Question::FenchelYoung(y) => ask!(|r: usize| FenchelYoung { target: row(y, r) }),
            Question::FenchelYoungGradient(y) => ask!(|r: usize| FenchelYoungGradient { target: row(y, r) }),
            Question::FenchelYoungWithoutOmega(y) => {
                ask!(|r: usize| FenchelYoungWithoutOmega { target: row(y, r) })
            }
        }
    }};
}

/// Row `row` of vectors of `dim` entries for `rows` rows; of vectors of another length, what there is, which is then refused by
/// name.
fn row_of<T>(x: &[T], dim: usize, rows: usize, row: usize) -> &[T] {
    if x.len() == dim * rows {
        return &x[row * dim..(row + 1) * dim];
    }
    // The rows before the one that is not whole are as they should be.
    let start = (row * dim).min(x.len());
    let end = if row + 1 == rows { x.len() } else { ((row + 1) * dim).min(x.len()) };
    &x[start..end]
}

macro_rules! compiled {
    ($real:ty) => {
        impl Compiled for $real {
            fn decide(layer: &Layer<Self>, theta: &[Self]) -> Result<(Self, Vec<Self>), Error> {
                layer.decide(theta)
            }
            fn sample(
                layer: &Layer<Self>,
                theta: &[Self],
                seed: Seed,
                index: u64,
            ) -> Result<Vec<Self>, Error> {
                layer.sample(theta, seed, index)
            }
            fn rows(
                layer: &Layer<Self>,
                theta: &[Self],
                question: Question<'_, Self>,
                how: How,
                first: Option<u64>,
            ) -> Result<Vec<Self>, RowError> {
                let dim = layer.oracle().shape().dim();
                let count = layer.batch().whole_rows(theta)?;
                let row = |x, r| row_of(x, dim, count, r);
                by_quantity!(question, row, quantity => {
                    answer(layer, theta, &quantity, how, first, count)
                })
            }
            fn with_error(
                layer: &Layer<Self>,
                theta: &[Self],
                question: Question<'_, Self>,
                how: MonteCarlo,
            ) -> Result<WithError<Vec<Self>>, Error> {
                let row = |x, _| x;
                by_quantity!(question, row, quantity => with_error(layer, theta, &quantity(0), how))
            }
            fn omega(layer: &Layer<Self>, y: &[Self], how: How) -> Result<Self, Error> {
                layer.omega(y, how)
            }
            fn inverse_maximizer(
                layer: &Layer<Self>,
                y: &[Self],
                how: How,
            ) -> Result<Inverse<Self, Vec<Self>>, Error> {
                layer.inverse_maximizer(y, how)
            }
        }
    };
}

compiled!(f32);
compiled!(f64);

/// The numbers of the answers in all rows.
fn answer<T, Q, F>(
    layer: &Layer<T>,
    theta: &[T],
    quantity: &F,
    how: How,
    first: Option<u64>,
    rows: usize,
) -> Result<Vec<T>, RowError>
where
    T: Real,
    AnyOracle<T>: perturb_core::ClosedForm<T, AnyNoise, Shape = Dyn>,
    Q: Quantity<T, AnyNoise, Dyn>,
    F: Fn(usize) -> Q + Sync,
{
    let width = Q::Form::lengths(layer.oracle().shape().dim()).sum::<usize>();
    let numbers = || vec![T::ZERO; rows * width];
    if let Some(batched) = layer.oracle().as_batched() {
        let call = Call { theta, quantity, how, first, width };
        let means: Vec<bool> = (0..rows).map(|row| quantity(row).is_mean(layer.oracle())).collect();
        let collect = |recorder: &Layer<T>| {
            let mut scratch = vec![T::ZERO; width];
            for row in (0..rows).filter(|&row| means[row]) {
                without_overflow(call.row(recorder, row, &mut scratch))?;
                layer.centre(call.scores(layer, row)).map_err(|source| RowError { row, source })?;
            }
            Ok(())
        };
        return batched.at_once(layer, collect, |replayer| {
            let mut numbers = numbers();
            for (row, numbers) in numbers.chunks_exact_mut(width).enumerate() {
                call.row(if means[row] { replayer } else { layer }, row, numbers)?;
            }
            Ok(numbers)
        });
    }
    if first.is_none() && !in_blocks(layer, how, Q::NEEDS.cost) {
        let mut answer =
            layer.compute(theta, &quantity(0), how).map_err(|source| RowError { row: 0, source })?;
        return Ok(flat::<T, Q::Form>(&mut answer));
    }
    let mut numbers = numbers();
    if rows > 0 {
        let target = Target::Numbers(RowsMut { numbers: &mut numbers, width });
        Task { layer, first, theta, quantity, how }
            .spread(&mut Crew::default(), target)
            .map_err(|(row, source)| RowError { row, source })?;
    }
    Ok(numbers)
}

/// Whether threads may share the samples of one row.
fn in_blocks<T: Real>(layer: &Layer<T>, how: How, cost: Cost) -> bool
where
    AnyOracle<T>: perturb_core::ClosedForm<T, AnyNoise, Shape = Dyn>,
{
    matches!(how.way(layer, cost), Way::Sampled(how) if how.blocks() > 1)
}

/// The numbers of an answer, one part after the other.
fn flat<T: Real, F: Form<T, Dyn>>(answer: &mut F::Output) -> Vec<T> {
    let mut numbers = Vec::with_capacity(F::parts(answer).map(|part| part.len()).sum());
    F::parts(answer).for_each(|part| numbers.extend_from_slice(part));
    numbers
}

/// What is asked in every row, to be asked row by row.
struct Call<'c, T, F> {
    theta: &'c [T],
    quantity: &'c F,
    how: How,
    first: Option<u64>,
    width: usize,
}

impl<T, Q, F> Call<'_, T, F>
where
    T: Real,
    AnyOracle<T>: perturb_core::ClosedForm<T, AnyNoise, Shape = Dyn>,
    Q: Quantity<T, AnyNoise, Dyn>,
    F: Fn(usize) -> Q + Sync,
{
    /// θ of a row.
    fn scores(&self, layer: &Layer<T>, row: usize) -> &[T] {
        let dim = layer.oracle().shape().dim();
        &self.theta[row * dim..(row + 1) * dim]
    }

    /// Writes the answer of `layer` in a row.
    fn row(&self, layer: &Layer<T>, row: usize, numbers: &mut [T]) -> Result<(), RowError> {
        let theta = self.scores(layer, row);
        let first = self.first.map(|first| first.wrapping_add(row as u64));
        let quantity = |_: usize| (self.quantity)(row);
        let target = Target::Numbers(RowsMut { numbers, width: self.width });
        Task { layer, first, theta, quantity: &quantity, how: self.how }
            .alone(&mut Worker::default(), target)
            .map_err(|(_, source)| RowError { row, source })
    }
}

/// While scores are collected there are no decisions, and an answer that overflows says nothing.
fn without_overflow(done: Result<(), RowError>) -> Result<(), RowError> {
    match done {
        Err(RowError { source: Error::Overflow { .. }, .. }) => Ok(()),
        done => done,
    }
}

fn with_error<T, Q>(
    layer: &Layer<T>,
    theta: &[T],
    quantity: &Q,
    how: MonteCarlo,
) -> Result<WithError<Vec<T>>, Error>
where
    T: Real,
    Q: Quantity<T, AnyNoise, Dyn>,
{
    let ask = |layer: &Layer<T>| {
        layer.compute_with_error(theta, quantity, how).map_err(|source| RowError { row: 0, source })
    };
    let found = match layer.oracle().as_batched().filter(|_| quantity.is_mean(layer.oracle())) {
        Some(batched) => {
            let collect = |recorder: &Layer<T>| {
                without_overflow(ask(recorder).map(|_| ()))?;
                layer.centre(theta).map(|_| ()).map_err(|source| RowError { row: 0, source })
            };
            batched.at_once(layer, collect, ask)
        }
        None => ask(layer),
    };
    let mut found = found.map_err(|error| error.source)?;
    Ok(WithError {
        mean: flat::<T, Q::Form>(&mut found.mean),
        standard_error: flat::<T, Q::Form>(&mut found.standard_error),
        units: found.units,
    })
}
