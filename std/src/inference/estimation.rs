//! Weights of options' features, estimated from decisions, with their uncertainty.

use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use super::Estimates;
use super::estimates::Covariances;
use super::symmetric::{dot, largest, pseudo_inverse, sandwich, times};
use crate::data::text;
use crate::decisions::{Decisions, Layer, Layers};
use crate::threads::{self, GO_ON, stopped};
use crate::{AnyLayer, AnyNoise, AnyOracle, Error, How, Question};

/// How the weights w of θ = Φw are estimated from [`Decisions`].
///
/// Both criteria are minimised by Newton's method with exact derivatives, until no digit changes any more: some ten passes over the
/// data, each O(Σ d²p + dp²) for decisions among d options with p terms, and what the closed form of the layer costs. Results do not
/// depend on the number of threads.
///
/// ```
/// use perturb::data::frame::Columns;
/// use perturb::data::table::{Format, parse_table};
/// use perturb::decisions::{Decide, Recipe, Target, Utility};
/// use perturb::data::frame::Expression;
/// use perturb::inference::{Errors, Estimation};
/// let trip = |trip: u32, cost: u32, took: u32| format!("{trip},air,{cost},{took}\n{trip},car,50,{}\n", 1 - took);
/// let rows: String = [(70, 0), (60, 0), (60, 1), (40, 1), (30, 1), (40, 0), (30, 1), (80, 0)]
///     .iter().zip(1..).map(|(&(cost, took), number)| trip(number, cost, took)).collect();
/// let text = format!("trip,mode,cost,took\n{rows}");
/// let utility = Utility::new("cost")?.with_constants("mode");
/// let mut recipe = Recipe::new(Decide::Pick).with_group("trip").with_target(Target::Chosen(Expression::column("took")));
/// let frame = parse_table("trips.csv".as_ref(), text.as_bytes(), Format::default(), |table| {
///     table.frame(&["trip", "mode", "cost", "took"])
/// })?;
/// recipe.terms = utility.terms(&recipe, &frame, Some("car"))?;
/// let found = Estimation::default().fit(&recipe.read(&frame)?)?;
/// assert!(found.coefficient("cost").unwrap() < 0.0);
/// assert!(found.log_likelihood().unwrap() > found.null_log_likelihood().unwrap());
/// assert_eq!(found.standard_errors(Errors::Model).unwrap().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Estimation {
    /// The noise of the decisions.
    pub noise: AnyNoise,
    /// The temperature ε: w is in units of ε, so that it only names the scale.
    pub epsilon: f64,
    /// What is minimised.
    pub criterion: Criterion,
    /// λ ≥ 0: λ/2 Σ (w_j s_j)² is added to the mean loss, with s_j² the mean curvature of the loss along term j where
    /// the search begins. Estimates with λ > 0 are biased towards 0, and their standard errors leave this out.
    pub ridge: f64,
    /// How expectations are computed where [`at`](Self::at) is asked: samples for layers without a closed form, of which each decision
    /// has its own. [`fit`](Self::fit) is always exact.
    pub how: How,
}

/// What an [`Estimation`] minimises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Criterion {
    /// The sum of Fenchel–Young losses L_ε(θ; y) (Definition 4.1). For picks with Gumbel noise it is ε times the negative
    /// log-likelihood of the multinomial logit.
    FenchelYoung,
    /// The negative log-likelihood −Σ ln P(Y = y) of picks, with the exact probabilities y_ε(θ): the multinomial logit with Gumbel
    /// noise, the independent probit with normal noise.
    Likelihood,
}

impl Default for Estimation {
    /// Fenchel–Young losses with Gumbel noise at temperature 1.
    fn default() -> Self {
        Self {
            noise: AnyNoise::Gumbel,
            epsilon: 1.0,
            criterion: Criterion::FenchelYoung,
            ridge: 0.0,
            how: How::Exact,
        }
    }
}

/// The reason why weights cannot be estimated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EstimationError {
    /// The layer refuses a decision.
    #[error("the decision {}: {source}", text::quote(decision))]
    Decision {
        /// Its name.
        decision: String,
        /// The reason.
        source: Error,
    },
    /// A setting is out of range.
    #[error("{parameter} is {}; expected {expected}", text::shown(*found))]
    Setting {
        /// The setting's name.
        parameter: &'static str,
        /// What was expected.
        expected: &'static str,
        /// What was found.
        found: f64,
    },
    /// What was decided is not known.
    #[error("it is not known what was decided")]
    NoTargets,
    /// Probabilities are known of picks alone.
    #[error(
        "a likelihood is known of picks alone, not of {found}; the Fenchel-Young loss is known of all decisions"
    )]
    NoLikelihood {
        /// The oracle's name.
        found: &'static str,
    },
    /// Elasticities are known of picks alone.
    #[error("elasticities are known of picks alone, not of {found}")]
    NoPicks {
        /// The oracle's name.
        found: &'static str,
    },
    /// Options without names have no elasticities.
    #[error("elasticities need a column that names the options, the recipe's alternatives")]
    NoAlternatives,
    /// There is no such term.
    #[error("there is no term {}, but {}", text::quote(found), text::listed(known, 20))]
    NoTerm {
        /// The name.
        found: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A term never makes a difference.
    #[error(
        "{} the same for all options of every decision, so that {} no effect; an interaction with a constant of an \
             option has one",
        terms_are(terms),
        if terms.len() == 1 { "it has" } else { "they have" }
    )]
    Constant {
        /// Its names.
        terms: Vec<String>,
    },
    /// Some terms say the same.
    #[error("{} collinear: one is a combination of the others; leave one of them out", terms_are(terms))]
    Collinear {
        /// Their names.
        terms: Vec<String>,
    },
    /// Some terms decide without error, so that their weights have no finite estimate.
    #[error(
        "{} the decisions without error (the data are separated), so that no finite estimate exists; leave terms out, \
             or add a ridge",
        match &terms[..] { [one] => format!("the term {} predicts", text::quote(one)), all => format!("the terms {} together predict", text::listed(all, 10)) }
    )]
    Separated {
        /// Their names.
        terms: Vec<String>,
    },
    /// The numbers leave their range.
    #[error("no minimum was found in {steps} steps; terms of the order of 1 may help")]
    NotConverged {
        /// Newton steps.
        steps: usize,
    },
    /// The computation was told to stop.
    #[error("it was stopped")]
    Stopped,
}

fn terms_are(terms: &[String]) -> String {
    match terms {
        [one] => format!("the term {} is", text::quote(one)),
        all => format!("the terms {} are", text::listed(all, 10)),
    }
}

/// The most terms, and the most options of a decision whose Jacobian is formed.
const LARGEST: usize = 4096;

/// Numbers of the matrices that blocks of decisions sum, as long as there are few blocks.
const NUMBERS: usize = 1 << 22;

/// How much flatter than at first the loss may become in one direction: beyond lie separated data.
const FLATTEST: f64 = 1e8;

/// Most Newton steps.
const STEPS: usize = 100;

impl Estimation {
    /// The weights that minimise the criterion, and their uncertainty, with exact expectations.
    pub fn fit(&self, decisions: &Decisions) -> Result<Estimates, EstimationError> {
        self.fit_until(decisions, &GO_ON)
    }

    /// The same, unless another thread sets `stop`: then [`EstimationError::Stopped`], within the time of one decision on each thread.
    pub fn fit_until(&self, decisions: &Decisions, stop: &AtomicBool) -> Result<Estimates, EstimationError> {
        let exact = Self { how: How::Exact, ..self.clone() };
        let problem = Problem::new(&exact, decisions, stop)?;
        let (w, sums, steps) = problem.minimise(exact.start(decisions, stop)?, self.ridge)?;
        problem.estimates(w, &sums, steps, self)
    }

    /// What is known of weights that were found in another way, by stochastic gradients for instance, with the uncertainty that they
    /// have if they minimise the criterion. With samples, gradients have the variance of the samples, too.
    pub fn at(&self, decisions: &Decisions, w: &[f64]) -> Result<Estimates, EstimationError> {
        self.at_until(decisions, w, &GO_ON)
    }

    /// The same, unless another thread sets `stop`, as [`fit_until`](Self::fit_until) has it.
    pub fn at_until(
        &self,
        decisions: &Decisions,
        w: &[f64],
        stop: &AtomicBool,
    ) -> Result<Estimates, EstimationError> {
        let problem = Problem::new(self, decisions, stop)?;
        let sums = problem.pass(w, Order::Bend)?;
        problem.estimates(w.to_vec(), &sums, 0, self)
    }

    /// Where to begin: a likelihood without a short formula at the estimates of the logit, in units of the other noise.
    fn start(&self, decisions: &Decisions, stop: &AtomicBool) -> Result<Vec<f64>, EstimationError> {
        let zero = vec![0.0; decisions.terms().len()];
        if self.criterion != Criterion::Likelihood || self.noise == AnyNoise::Gumbel {
            return Ok(zero);
        }
        let logit = Self { noise: AnyNoise::Gumbel, criterion: Criterion::FenchelYoung, ..*self };
        let problem = Problem::new(&logit, decisions, stop)?;
        let (mut w, ..) = problem.minimise(zero, self.ridge)?;
        // The standard deviations of both.
        let variance = match self.noise {
            AnyNoise::Normal => 1.0,
            AnyNoise::Laplace => 2.0,
            AnyNoise::Logistic => std::f64::consts::PI * std::f64::consts::PI / 3.0,
            _ => std::f64::consts::PI * std::f64::consts::PI / 6.0,
        };
        let share = (6.0 * variance).sqrt() / std::f64::consts::PI;
        for w in &mut w {
            *w *= share;
        }
        Ok(w)
    }
}

/// Sums over decisions.
#[derive(Clone)]
struct Sums {
    loss: f64,
    gradient: Vec<f64>,
    /// The Hessian of the convex part, p × p; empty where it is not asked for.
    hessian: Vec<f64>,
    /// What is subtracted from it, of decisions that are known in part; empty where all are known in full.
    concave: Vec<f64>,
    /// Σ gg′ of each repetition, likewise.
    outer: Vec<f64>,
}

impl Sums {
    /// The true Hessian.
    fn curvature(&self) -> Vec<f64> {
        let mut curvature = self.hessian.clone();
        curvature.iter_mut().zip(&self.concave).for_each(|(x, concave)| *x -= concave);
        curvature
    }
}

/// What is asked of a pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The loss alone.
    Value,
    /// And its gradient.
    Slope,
    /// And Hessian and outer products of gradients.
    Bend,
}

/// The loss of all decisions as a function of w.
pub(super) struct Problem<'a> {
    decisions: &'a Decisions,
    criterion: Criterion,
    how: How,
    layers: Layers,
    stop: &'a AtomicBool,
}

/// A Hessian in θ.
enum Curvature {
    /// d × d numbers.
    Matrix(Vec<f64>),
    /// The product of a number and diag(y) − yy′.
    Softmax(Vec<f64>, f64),
}

/// The loss of one decision and its derivatives in θ.
struct Local {
    loss: f64,
    gradient: Vec<f64>,
    hessian: Curvature,
    /// What is subtracted from it; empty if that is nothing.
    concave: Vec<f64>,
}

impl<'a> Problem<'a> {
    fn new(of: &Estimation, decisions: &'a Decisions, stop: &'a AtomicBool) -> Result<Self, EstimationError> {
        for (parameter, expected, ok, found) in [
            ("ridge", "a finite number of at least 0", of.ridge >= 0.0 && of.ridge.is_finite(), of.ridge),
            ("epsilon", "a finite number above 0", of.epsilon > 0.0 && of.epsilon.is_finite(), of.epsilon),
        ] {
            if !ok {
                return Err(EstimationError::Setting { parameter, expected, found });
            }
        }
        if decisions.is_empty() || decisions.target(0).is_empty() {
            return Err(EstimationError::NoTargets);
        }
        let total = total(decisions);
        if !(total > 0.0 && total.is_finite()) {
            let (parameter, expected) = ("the total weight of all decisions", "a finite number above 0");
            return Err(EstimationError::Setting { parameter, expected, found: total });
        }
        if decisions.terms().len() > LARGEST {
            let expected = "at most 4096 for Newton's method; stochastic gradients have no such limit";
            let found = decisions.terms().len() as f64;
            return Err(EstimationError::Setting { parameter: "the number of terms", expected, found });
        }
        let layers = Layers::new(decisions, of.noise, of.epsilon).map_err(|(at, source)| {
            EstimationError::Decision { decision: decisions.decision_name(at).to_owned(), source }
        })?;
        if of.criterion == Criterion::Likelihood
            && let Some(other) = layers.distinct().iter().find(|layer| !layer.picks())
        {
            let found = perturb_core::Oracle::properties(other.any.layer().oracle()).name;
            return Err(EstimationError::NoLikelihood { found });
        }
        // Matrices of d × d numbers.
        let matrices = |layer: &&Layer| {
            !layer.softmax || of.criterion == Criterion::Likelihood || !decisions.all_known()
        };
        let mut dims = layers.distinct().iter().filter(matrices).map(|layer| layer.any.dim());
        if let Some(large) = dims.find(|&dim| dim > LARGEST) {
            let expected =
                "at most 4096, but for picks with Gumbel noise; stochastic gradients have no such limit";
            let found = large as f64;
            return Err(EstimationError::Setting {
                parameter: "the number of options in a decision",
                expected,
                found,
            });
        }
        threads::start(None);
        Ok(Self { decisions, criterion: of.criterion, how: of.how, layers, stop })
    }

    fn terms(&self) -> usize {
        self.decisions.terms().len()
    }

    /// Sums over all decisions: in blocks on all threads, which are added up in their order, so that the bits do not depend on the
    /// number of threads.
    fn pass(&self, w: &[f64], order: Order) -> Result<Sums, EstimationError> {
        // Each holds matrices of p × p numbers.
        let p = self.terms();
        let blocks = (NUMBERS / (p * p).max(1)).clamp(4, 64);
        let n = self.decisions.len();
        let block = n.div_ceil(blocks).max(1);
        let starts: Vec<usize> = (0..n).step_by(block).collect();
        let blocks: Vec<Result<Sums, EstimationError>> = starts
            .into_par_iter()
            .map(|start| {
                let mut sums = self.zero(order);
                (start..n.min(start + block)).try_for_each(|at| self.add(at, w, order, &mut sums))?;
                Ok(sums)
            })
            .collect();
        let mut total = self.zero(order);
        for block in blocks {
            let block = block?;
            total.loss += block.loss;
            for (sum, more) in [
                (&mut total.gradient, &block.gradient),
                (&mut total.hessian, &block.hessian),
                (&mut total.concave, &block.concave),
                (&mut total.outer, &block.outer),
            ] {
                sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
            }
        }
        for matrix in [&mut total.hessian, &mut total.concave, &mut total.outer] {
            for i in 0..if matrix.is_empty() { 0 } else { p } {
                for j in 0..i {
                    matrix[i * p + j] = matrix[j * p + i];
                }
            }
        }
        Ok(total)
    }

    fn zero(&self, order: Order) -> Sums {
        let p = self.terms();
        let square = |wanted: bool| vec![0.0; if wanted { p * p } else { 0 }];
        Sums {
            loss: 0.0,
            gradient: vec![0.0; p],
            hessian: square(order == Order::Bend),
            concave: square(order == Order::Bend && !self.decisions.all_known()),
            outer: square(order == Order::Bend),
        }
    }

    /// Adds what one decision contributes.
    fn add(&self, at: usize, w: &[f64], order: Order, sums: &mut Sums) -> Result<(), EstimationError> {
        if stopped(self.stop) {
            return Err(EstimationError::Stopped);
        }
        let mut theta = vec![0.0; self.decisions.size(at)];
        self.decisions.scores(at, w, &mut theta);
        let named = |source| EstimationError::Decision {
            decision: self.decisions.decision_name(at).to_owned(),
            source,
        };
        let local = self.local(at, &theta, order).map_err(named)?;
        let weight = self.decisions.weight(at);
        sums.loss += weight * local.loss;
        if order == Order::Value {
            return Ok(());
        }
        let p = self.terms();
        let features = self.decisions.features(at);
        let mut gradient = vec![0.0; p];
        for (phi, &g) in features.chunks_exact(p).zip(&local.gradient) {
            gradient.iter_mut().zip(phi).for_each(|(sum, phi)| *sum += g * phi);
        }
        sums.gradient.iter_mut().zip(&gradient).for_each(|(sum, g)| *sum += weight * g);
        if order == Order::Slope {
            return Ok(());
        }
        match local.hessian {
            Curvature::Matrix(matrix) => add_form(&mut sums.hessian, features, &matrix, weight),
            Curvature::Softmax(y, scale) => add_softmax(&mut sums.hessian, features, &y, weight * scale),
        }
        if !local.concave.is_empty() {
            add_form(&mut sums.concave, features, &local.concave, weight);
        }
        // A weight is a number of repetitions.
        add_outer(&mut sums.outer, &gradient, &gradient, weight);
        Ok(())
    }

    /// The gradient in w of each decision, times its weight.
    fn scores(&self, w: &[f64]) -> Result<Vec<Vec<f64>>, EstimationError> {
        let one = |at: usize| {
            let mut sums = self.zero(Order::Slope);
            self.add(at, w, Order::Slope, &mut sums)?;
            Ok(sums.gradient)
        };
        (0..self.decisions.len()).into_par_iter().map(one).collect::<Vec<_>>().into_iter().collect()
    }

    fn local(&self, at: usize, theta: &[f64], order: Order) -> Result<Local, Error> {
        let layer = self.layers.of(at)?;
        match self.criterion {
            Criterion::FenchelYoung => self.fenchel_young(at, layer, theta, order),
            Criterion::Likelihood => self.likelihood(at, &layer.any, theta, order),
        }
    }

    /// With samples of its own for each decision.
    fn how(&self, at: usize) -> How {
        crate::Method::<AnyOracle<f64>, AnyNoise, f64>::reseed(self.how, |seed| seed.fold(at as u64))
    }

    fn fenchel_young(
        &self,
        at: usize,
        Layer { any: layer, softmax, .. }: &Layer,
        theta: &[f64],
        order: Order,
    ) -> Result<Local, Error> {
        let how = self.how(at);
        let target = self.decisions.target(at);
        let mut hessian = Curvature::Matrix(Vec::new());
        if order == Order::Bend {
            hessian = if *softmax {
                Curvature::Softmax(layer.maximizer(theta, how)?, 1.0 / layer.layer().epsilon())
            } else {
                Curvature::Matrix(layer.jacobian(theta, how)?)
            };
        }
        let parts = self.decisions.parts(at);
        if parts.is_empty() {
            let found = layer.fenchel_young(theta, target, how)?;
            return Ok(Local { loss: found.loss, gradient: found.gradient, hessian, concave: Vec::new() });
        }
        let mut answer = layer.compute(theta, Question::ValueAndMaximizer, how)?;
        let mut gradient = answer.split_off(1.min(answer.len()));
        // Of the entries that are not open, and where there is no option, −∞, nothing is added.
        let (mean, fixed) =
            (crate::Noise::<f64>::mean(layer.layer().noise()) * layer.layer().epsilon(), target);
        let settled: f64 =
            theta.iter().zip(fixed).filter(|(_, y)| **y != 0.0).map(|(theta, y)| y * (theta + mean)).sum();
        let mut concave = vec![0.0; if order == Order::Bend { theta.len() * theta.len() } else { 0 }];
        let mut loss = answer.first().copied().unwrap_or(0.0) - settled;
        gradient.iter_mut().zip(fixed).for_each(|(g, y)| *g -= y);
        for (part, layer) in parts.iter().zip(self.layers.parts(at)) {
            let of: Vec<f64> = part.entries.iter().map(|&entry| theta[entry]).collect();
            let answer = layer.compute(&of, Question::ValueAndMaximizer, how)?;
            loss -= answer.first().copied().unwrap_or(0.0);
            for (&entry, y) in part.entries.iter().zip(answer.iter().skip(1)) {
                gradient[entry] -= y;
            }
            if order == Order::Bend {
                let own = layer.jacobian(&of, how)?;
                for (&i, row) in part.entries.iter().zip(own.chunks_exact(of.len())) {
                    for (&j, x) in part.entries.iter().zip(row) {
                        concave[i * theta.len() + j] += x;
                    }
                }
            }
        }
        Ok(Local { loss: loss.max(0.0), gradient, hessian, concave })
    }

    /// −ln P(S) for the options S that may have been picked.
    fn likelihood(
        &self,
        at: usize,
        layer: &AnyLayer<f64>,
        theta: &[f64],
        order: Order,
    ) -> Result<Local, Error> {
        let how = self.how(at);
        let mut picked = self.decisions.target(at).to_vec();
        for part in self.decisions.parts(at) {
            part.entries.iter().for_each(|&entry| picked[entry] = 1.0);
        }
        let y = layer.maximizer(theta, how)?;
        let probability = dot(&picked, &y).max(f64::MIN_POSITIVE);
        let loss = -libm::log(probability);
        if order == Order::Value {
            let hessian = Curvature::Matrix(Vec::new());
            return Ok(Local { loss, gradient: Vec::new(), hessian, concave: Vec::new() });
        }
        let mut gradient = layer.vjp(theta, &picked, how)?;
        for x in &mut gradient {
            *x /= -probability;
        }
        let mut hessian = Vec::new();
        if order == Order::Bend {
            // −∇²P/P + gg′.
            hessian = layer.compute(theta, Question::VjpJacobian(&picked), how)?;
            for (row, a) in hessian.chunks_exact_mut(theta.len()).zip(&gradient) {
                row.iter_mut().zip(&gradient).for_each(|(x, b)| *x = a * b - *x / probability);
            }
        }
        Ok(Local { loss, gradient, hessian: Curvature::Matrix(hessian), concave: Vec::new() })
    }

    /// The minimum, by Newton steps from `start` that are halved until the loss falls; the sums there, and the number of steps.
    fn minimise(&self, start: Vec<f64>, ridge: f64) -> Result<(Vec<f64>, Sums, usize), EstimationError> {
        // A weight is a number of repetitions: n decisions, one of which counts as one of `mean` on average.
        let (n, p) = (total(self.decisions), self.terms());
        let mean = n / self.decisions.len() as f64;
        let mut w = start;
        let first = self.pass(&w, Order::Bend)?;
        let scale = self.scale(&first, ridge > 0.0)?;
        let penalty =
            |w: &[f64]| 0.5 * n * ridge * w.iter().zip(&scale).map(|(w, s)| (w * s) * (w * s)).sum::<f64>();
        let mut here = first;
        let mut first_trace = f64::INFINITY;
        // In units in which every term alone has curvature n at first.
        let slope = |of: &Sums, w: &[f64]| -> Vec<f64> {
            (0..p).map(|j| of.gradient[j] / scale[j] + n * ridge * w[j] * scale[j]).collect()
        };
        for step_number in 0..STEPS {
            if stopped(self.stop) {
                return Err(EstimationError::Stopped);
            }
            let gradient = slope(&here, &w);
            let scaled = |matrix: &[f64]| {
                let mut scaled: Vec<f64> =
                    (0..p * p).map(|at| matrix[at] / (scale[at / p] * scale[at % p])).collect();
                (0..p).for_each(|j| scaled[j * p + j] += n * ridge);
                scaled
            };
            // Where the true Hessian is indefinite, that of the convex part is above it.
            let true_one = if here.concave.is_empty() { None } else { Some(scaled(&here.curvature())) };
            let true_one = true_one
                .and_then(|hessian| pseudo_inverse(&hessian, p, self.stop))
                .filter(|(_, rank)| *rank == p);
            let hessian = scaled(&here.hessian);
            let Some((inverse, rank)) = true_one.or_else(|| pseudo_inverse(&hessian, p, self.stop)) else {
                return Err(self.no_inverse(step_number));
            };
            if rank < p {
                return Err(self.deficient(&hessian, &inverse, step_number));
            }
            // Towards infinity the curvature vanishes along one direction.
            let trace: f64 = inverse.iter().step_by(p + 1).sum();
            first_trace = first_trace.min(trace);
            if trace > FLATTEST * first_trace {
                let flattest =
                    (0..p).max_by(|&i, &j| inverse[i * p + i].total_cmp(&inverse[j * p + j])).unwrap_or(0);
                let along = &inverse[flattest * p..(flattest + 1) * p];
                return Err(self.separated(along, 0.05 * largest(along)));
            }
            let step = times(&inverse, &gradient);
            let decrement = dot(&step, &gradient);
            let loss = here.loss + penalty(&w);
            if decrement <= 1e-13 * (1e-3 * n + loss.abs()) {
                if largest(&step) > 1e-3 {
                    return Err(self.separated(&step, 0.05 * largest(&step)));
                }
                w.iter_mut().zip(&step).zip(&scale).for_each(|((w, step), scale)| *w -= step / scale);
                // The last step changed no digit of the sums.
                return Ok((w, here, step_number + 1));
            }
            let mut share = 1.0;
            let next = loop {
                let next: Vec<f64> = w
                    .iter()
                    .zip(&step)
                    .zip(&scale)
                    .map(|((w, step), scale)| w - share * step / scale)
                    .collect();
                // As a rule the whole step is taken, and all of this is needed.
                let order = if share < 1.0 { Order::Value } else { Order::Bend };
                // Scores out of range are a step too far.
                let there = match self.pass(&next, order) {
                    Err(EstimationError::Stopped) => return Err(EstimationError::Stopped),
                    there => there.ok(),
                };
                if let Some(there) = there {
                    let change = there.loss + penalty(&next) - loss;
                    // Where the change is rounding, the gradient decides.
                    let shrinks = || {
                        let slope = slope(&there, &next);
                        dot(&times(&inverse, &slope), &slope) < 0.5 * decrement
                    };
                    if change <= -1e-4 * share * decrement
                        || (order == Order::Bend && change.abs() <= 1e-9 * (mean + loss.abs()) && shrinks())
                    {
                        break Some((next, (order == Order::Bend).then_some(there)));
                    }
                }
                share *= 0.5;
                if share < 1e-10 {
                    break None;
                }
            };
            match next {
                Some((next, there)) => {
                    w = next;
                    here = there.map_or_else(|| self.pass(&w, Order::Bend), Ok)?;
                }
                // All that is left is rounding.
                None if decrement <= 1e-8 * (mean + loss.abs()) && largest(&step) <= 1e-3 => {
                    return Ok((w, here, step_number + 1));
                }
                None => return Err(EstimationError::NotConverged { steps: step_number }),
            }
        }
        Err(EstimationError::NotConverged { steps: STEPS })
    }

    /// The root of each term's mean curvature where the search begins.
    fn scale(&self, first: &Sums, ridged: bool) -> Result<Vec<f64>, EstimationError> {
        let (n, p) = (total(self.decisions), self.terms());
        let mut sizes = vec![0.0f64; p];
        for at in 0..self.decisions.len() {
            for phi in self.decisions.features(at).chunks_exact(p) {
                sizes.iter_mut().zip(phi).for_each(|(size, phi)| *size = size.max(phi.abs()));
            }
        }
        let mut scale: Vec<f64> = (0..p).map(|j| (first.hessian[j * p + j].max(0.0) / n).sqrt()).collect();
        // Less is the rounding of a constant, which a ridge leaves without weight.
        let constant = (0..p).filter(|&j| scale[j] <= 1e-7 * sizes[j]).collect::<Vec<_>>();
        if ridged {
            for j in constant {
                scale[j] = if sizes[j] > 0.0 { sizes[j] } else { 1.0 };
            }
            return Ok(scale);
        }
        let constant: Vec<String> = constant.iter().map(|&j| self.decisions.terms()[j].clone()).collect();
        if constant.is_empty() { Ok(scale) } else { Err(EstimationError::Constant { terms: constant }) }
    }

    /// What is wrong with numbers that are not finite, if anything.
    fn no_inverse(&self, steps: usize) -> EstimationError {
        if stopped(self.stop) { EstimationError::Stopped } else { EstimationError::NotConverged { steps } }
    }

    /// Why the Hessian has no inverse.
    fn deficient(&self, hessian: &[f64], inverse: &[f64], step: usize) -> EstimationError {
        let p = self.terms();
        // What the projection on its span leaves of each term.
        let left: Vec<f64> = (0..p)
            .map(|j| 1.0 - (0..p).map(|i| inverse[j * p + i] * hessian[i * p + j]).sum::<f64>())
            .collect();
        let terms = self.named(&left, 1e-4);
        if step == 0 { EstimationError::Collinear { terms } } else { self.separated(&left, 1e-4) }
    }

    /// The terms that predict picks alone; otherwise those along which the search went to infinity.
    fn separated(&self, along: &[f64], least: f64) -> EstimationError {
        let p = self.terms();
        let mut signs = vec![[false; 2]; p];
        for at in 0..self.decisions.len() {
            let rows = || self.decisions.features(at).chunks_exact(p).zip(self.decisions.target(at));
            let Some((chosen, _)) = rows().find(|(_, y)| **y == 1.0) else { continue };
            for (other, _) in rows().filter(|(_, y)| **y == 0.0) {
                for (signs, (a, b)) in signs.iter_mut().zip(chosen.iter().zip(other)) {
                    signs[0] |= a < b;
                    signs[1] |= a > b;
                }
            }
        }
        let alone = |signs: &[bool; 2]| if signs[0] == signs[1] { 0.0 } else { 1.0 };
        let alone: Vec<f64> = signs.iter().map(alone).collect();
        let picks = self.layers.all_pick();
        let terms = self.named(&alone, 0.5);
        let terms = if picks && !terms.is_empty() { terms } else { self.named(along, least) };
        EstimationError::Separated { terms }
    }

    fn named(&self, sizes: &[f64], least: f64) -> Vec<String> {
        let terms = self.decisions.terms().iter().zip(sizes);
        terms.filter(|(_, size)| size.abs() > least).map(|(name, _)| name.clone()).collect()
    }

    fn estimates(
        &self,
        w: Vec<f64>,
        at: &Sums,
        steps: usize,
        of: &Estimation,
    ) -> Result<Estimates, EstimationError> {
        let p = self.terms();
        let Some((inverse, _)) = scaled_inverse(&at.curvature(), p, self.stop) else {
            return Err(self.no_inverse(steps));
        };
        let picks = self.layers.all_pick();
        let likelihood = match of.criterion {
            Criterion::Likelihood => Some(-at.loss),
            Criterion::FenchelYoung if picks && of.noise == AnyNoise::Gumbel => Some(-at.loss / of.epsilon),
            Criterion::FenchelYoung => None,
        };
        // For a likelihood, H is the information; ε times it for the loss of the logit.
        let unit = if of.criterion == Criterion::FenchelYoung { of.epsilon } else { 1.0 };
        let model = likelihood.map(|_| inverse.iter().map(|x| x * unit).collect());
        let clustered = if self.decisions.clusters().is_empty() {
            None
        } else {
            let mut sums: std::collections::BTreeMap<u32, Vec<f64>> = std::collections::BTreeMap::new();
            for (&cluster, score) in self.decisions.clusters().iter().zip(self.scores(&w)?) {
                let sum = sums.entry(cluster).or_insert_with(|| vec![0.0; p]);
                sum.iter_mut().zip(score).for_each(|(sum, x)| *sum += x);
            }
            let mut outer = vec![0.0; p * p];
            for score in sums.values() {
                for (i, x) in score.iter().enumerate() {
                    outer[i * p..(i + 1) * p].iter_mut().zip(score).for_each(|(sum, y)| *sum += x * y);
                }
            }
            Some((sums.len(), sandwich(&inverse, &outer, p, self.stop)))
        };
        let null = likelihood.map(|_| self.null());
        let covariances = Covariances {
            model,
            robust: sandwich(&inverse, &at.outer, p, self.stop),
            clusters: clustered.as_ref().map_or(0, |(count, _)| *count),
            clustered: clustered.map(|(_, matrix)| matrix),
        };
        if stopped(self.stop) {
            return Err(EstimationError::Stopped);
        }
        let weight = total(self.decisions);
        Ok(Estimates::new(self.decisions, w, covariances, (at.loss, likelihood, null), (weight, steps)))
    }

    /// The log-likelihood of equal probabilities.
    fn null(&self) -> f64 {
        let one = |at: usize| {
            let options = self.decisions.rows(at).iter().flatten().count();
            let open: usize = self.decisions.parts(at).iter().map(|part| part.entries.len()).sum();
            self.decisions.weight(at) * libm::log(open.max(1) as f64 / options as f64)
        };
        (0..self.decisions.len()).map(one).sum()
    }
}

/// The number of decisions, repetitions counted.
fn total(decisions: &Decisions) -> f64 {
    (0..decisions.len()).map(|at| decisions.weight(at)).sum()
}

/// The inverse of a matrix whose entries may differ in size by any power.
fn scaled_inverse(matrix: &[f64], p: usize, stop: &AtomicBool) -> Option<(Vec<f64>, usize)> {
    let root = |x: f64| if x == 0.0 { 1.0 } else { x.abs().sqrt() };
    let scale: Vec<f64> = (0..p).map(|j| root(matrix[j * p + j])).collect();
    let scaled: Vec<f64> = (0..p * p).map(|at| matrix[at] / (scale[at / p] * scale[at % p])).collect();
    let (inverse, rank) = pseudo_inverse(&scaled, p, stop)?;
    Some(((0..p * p).map(|at| inverse[at] / (scale[at / p] * scale[at % p])).collect(), rank))
}

/// The upper triangle of matrix += weight·Φ′CΦ for the d × p numbers Φ and the d × d numbers C.
fn add_form(matrix: &mut [f64], features: &[f64], curvature: &[f64], weight: f64) {
    let p = matrix.len().isqrt().max(1);
    let d = curvature.len().isqrt().max(1);
    let mut row = vec![0.0; p];
    for (phi, curvature) in features.chunks_exact(p).zip(curvature.chunks_exact(d)) {
        row.fill(0.0);
        for (other, &c) in features.chunks_exact(p).zip(curvature).filter(|(_, c)| **c != 0.0) {
            row.iter_mut().zip(other).for_each(|(sum, phi)| *sum += c * phi);
        }
        add_outer(matrix, phi, &row, weight);
    }
}

/// The upper triangle of matrix += weight·Φ′(diag(y) − yy′)Φ: O(dp²), without a matrix of d × d numbers.
fn add_softmax(matrix: &mut [f64], features: &[f64], y: &[f64], weight: f64) {
    let p = matrix.len().isqrt().max(1);
    let mut mean = vec![0.0; p];
    for (phi, &y) in features.chunks_exact(p).zip(y) {
        mean.iter_mut().zip(phi).for_each(|(sum, phi)| *sum += y * phi);
    }
    let mut off = vec![0.0; p];
    for (phi, &y) in features.chunks_exact(p).zip(y).filter(|(_, y)| **y > 0.0) {
        // Differences from the mean, so that nothing is lost where all options are alike.
        off.iter_mut().zip(phi).zip(&mean).for_each(|((off, phi), mean)| *off = phi - mean);
        add_outer(matrix, &off, &off, weight * y);
    }
}

/// The upper triangle of matrix += weight·a bᵀ.
fn add_outer(matrix: &mut [f64], a: &[f64], b: &[f64], weight: f64) {
    let p = a.len();
    for (i, &a) in a.iter().enumerate().filter(|(_, a)| **a != 0.0) {
        let factor = weight * a;
        matrix[i * p + i..(i + 1) * p].iter_mut().zip(&b[i..]).for_each(|(sum, b)| *sum += factor * b);
    }
}
