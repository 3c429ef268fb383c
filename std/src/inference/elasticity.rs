//! Elasticities of the probabilities of picks.

use std::sync::atomic::AtomicBool;

use rayon::prelude::*;

use super::estimation::{Estimation, EstimationError};
use crate::decisions::{Decisions, Layer, Layers};
use crate::threads::{self, GO_ON, stopped};
use crate::{Error, How, Question};

/// By how many per cent an alternative is picked more often if a term of one alternative grows by one per cent in every decision.
///
/// With the probabilities P = y_ε(Φw) of a decision and the value x of the term for the changed alternative c, the elasticity of
/// alternative j in one decision is E = x ∂ln P_j/∂x = x·w_k·(∂y_ε/∂θ)_jc/P_j: of the logit w_k x (1 − P_c)/ε for j = c and
/// −w_k x P_c/ε otherwise (Train 2009, *Discrete Choice Methods with Simulation*, section 3.6). Over decisions it is the mean of E
/// weighted by P_j, and by how often a decision counts (sample enumeration: Bierlaire 2017, *Calculating indicators with
/// PythonBiogeme*), which is the elasticity of the expected number of picks of j:
///
/// ΣP_j·E / ΣP_j = Σ x·w_k·(∂y_ε/∂θ)_jc / ΣP_j, over the decisions in which j can be picked; where c cannot be, E is 0.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Elasticity {
    /// The term.
    pub term: String,
    /// The alternative c whose term grows.
    pub changed: String,
    /// The alternative j that is picked more or less often: with j = c an own elasticity, otherwise a cross elasticity.
    pub of: String,
    /// The elasticity.
    pub value: f64,
    /// Its derivative in each weight, from which [`Estimates::delta`](super::Estimates::delta) has its standard error. Empty where the
    /// noise is not smooth (Laplace).
    pub gradient: Vec<f64>,
}

/// The most numbers of the sums of all elasticities and their derivatives, and of blocks of decisions together.
const NUMBERS: usize = 1 << 22;

impl Estimation {
    /// Own and cross elasticities of picks at the weights w, for each term, changed alternative and alternative, in this order. Exact,
    /// whatever the noise. Each decision among d options costs a Jacobian and, but for Gumbel noise, d second derivatives, and
    /// O(d²p) for Gumbel noise, O(d³p) otherwise.
    ///
    /// Refused: decisions that are no picks, or whose [alternatives](Decisions::alternative_names) have no names, and terms that are
    /// not there.
    ///
    /// ```
    /// # use perturb::data::frame::{Columns, Expression};
    /// # use perturb::data::table::{Format, parse_table};
    /// # use perturb::decisions::{Decide, Recipe, Target};
    /// use perturb::inference::{Errors, Estimation};
    /// # let text = b"trip,mode,cost,took\n1,air,90,0\n1,car,50,1\n2,air,60,1\n2,car,50,0\n3,air,40,1\n3,car,60,0\n4,air,50,0\n4,car,50,1\n";
    /// # let mut recipe = Recipe::new(Decide::Pick).with_group("trip").with_target(Target::Chosen(Expression::column("took")));
    /// # let frame = parse_table("trips.csv".as_ref(), text, Format::default(), |table| {
    /// #     table.frame(&["trip", "mode", "cost", "took"])
    /// # })?;
    /// recipe.alternatives = Some("mode".into());
    /// recipe.terms = vec![("cost".into(), Expression::column("cost"))];
    /// let decisions = recipe.read(&frame)?;
    /// let found = Estimation::default().fit(&decisions)?;
    /// let all = Estimation::default().elasticities(&decisions, found.coefficients(), &["cost"])?;
    /// let (own, cross) = (&all[0], &all[1]);
    /// assert!(own.changed == "air" && own.of == "air" && own.value < 0.0);
    /// assert!(cross.changed == "air" && cross.of == "car" && cross.value > 0.0);
    /// assert!(found.delta(&own.gradient, Errors::Model).unwrap() > 0.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn elasticities(
        &self,
        decisions: &Decisions,
        w: &[f64],
        terms: &[&str],
    ) -> Result<Vec<Elasticity>, EstimationError> {
        self.elasticities_until(decisions, w, terms, &GO_ON)
    }

    /// The same, unless another thread sets `stop`: then [`EstimationError::Stopped`], within the time of one decision on each thread.
    pub fn elasticities_until(
        &self,
        decisions: &Decisions,
        w: &[f64],
        terms: &[&str],
        stop: &AtomicBool,
    ) -> Result<Vec<Elasticity>, EstimationError> {
        let names = decisions.alternative_names();
        if names.is_empty() {
            return Err(EstimationError::NoAlternatives);
        }
        let place = |term: &&str| {
            let place = decisions.terms().iter().position(|name| name == term);
            let (found, known) = (|| (*term).to_owned(), || decisions.terms().to_vec());
            place.ok_or_else(|| EstimationError::NoTerm { found: found(), known: known() })
        };
        let places = terms.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let p = decisions.terms().len();
        if w.len() != p {
            let (expected, found) = ("one for each term", w.len() as f64);
            return Err(EstimationError::Setting { parameter: "the number of weights", expected, found });
        }
        let size = places.len().saturating_mul(names.len()).saturating_mul(names.len());
        if size.saturating_mul(p + 1) > NUMBERS {
            let (expected, found) = ("at most some million, times the number of terms", size as f64);
            return Err(EstimationError::Setting {
                parameter: "the number of elasticities",
                expected,
                found,
            });
        }
        let layers = Layers::new(decisions, self.noise, self.epsilon).map_err(|(at, source)| {
            EstimationError::Decision { decision: decisions.decision_name(at).to_owned(), source }
        })?;
        if let Some(other) = layers.distinct().iter().find(|layer| !layer.picks()) {
            let found = perturb_core::Oracle::properties(other.any.layer().oracle()).name;
            return Err(EstimationError::NoPicks { found });
        }
        let smooth = self.noise != crate::AnyNoise::Laplace;
        let problem = Problem { decisions, layers, w, places: &places, smooth, stop };
        let sums = problem.sums(size)?;
        Ok(sums.elasticities(names, terms, p, smooth))
    }
}

/// Sums over decisions: of a alternatives, t terms and p weights.
struct Sums {
    /// ΣP_j, and its derivative in w: a, and a × p.
    shares: Vec<f64>,
    share_slopes: Vec<f64>,
    /// Σx·w_k·∂P_j/∂θ_c for each term, c and j, and its derivative: t × a × a, and t × a × a × p.
    effects: Vec<f64>,
    effect_slopes: Vec<f64>,
}

impl Sums {
    fn zero(alternatives: usize, size: usize, p: usize) -> Self {
        Self {
            shares: vec![0.0; alternatives],
            share_slopes: vec![0.0; alternatives * p],
            effects: vec![0.0; size],
            effect_slopes: vec![0.0; size * p],
        }
    }

    fn add(&mut self, other: &Self) {
        for (sums, more) in [
            (&mut self.shares, &other.shares),
            (&mut self.share_slopes, &other.share_slopes),
            (&mut self.effects, &other.effects),
            (&mut self.effect_slopes, &other.effect_slopes),
        ] {
            add_multiple(sums, 1.0, more);
        }
    }

    fn elasticities(&self, names: &[String], terms: &[&str], p: usize, smooth: bool) -> Vec<Elasticity> {
        let a = names.len();
        let one = |at: usize| {
            let j = at % a;
            let value = self.effects[at] / self.shares[j];
            let slopes = self.effect_slopes[at * p..].iter().zip(&self.share_slopes[j * p..]).take(p);
            let gradient = slopes.map(|(effect, share)| (effect - value * share) / self.shares[j]);
            Elasticity {
                term: terms[at / (a * a)].to_owned(),
                changed: names[at / a % a].clone(),
                of: names[j].clone(),
                value,
                gradient: gradient.filter(|_| smooth).collect(),
            }
        };
        (0..self.effects.len()).map(one).collect()
    }
}

struct Problem<'a> {
    decisions: &'a Decisions,
    layers: Layers,
    w: &'a [f64],
    /// Of the terms.
    places: &'a [usize],
    smooth: bool,
    stop: &'a AtomicBool,
}

/// The probabilities of a decision and their derivatives.
struct Local {
    y: Vec<f64>,
    /// ∂y_j/∂θ_c, d × d.
    jacobian: Vec<f64>,
    /// The derivative of that in w: d × d × p.
    bend: Vec<f64>,
}

impl Problem<'_> {
    /// In blocks on all threads, which are added up in their order.
    fn sums(&self, size: usize) -> Result<Sums, EstimationError> {
        let (n, p) = (self.decisions.len(), self.w.len());
        let zero = || Sums::zero(self.decisions.alternative_names().len(), size, p);
        let blocks = (NUMBERS / (size * p).max(1)).clamp(4, 64);
        let block = n.div_ceil(blocks).max(1);
        let starts: Vec<usize> = (0..n).step_by(block).collect();
        let sum = |start: usize| {
            let mut sums = zero();
            for at in start..n.min(start + block) {
                if stopped(self.stop) {
                    return Err(EstimationError::Stopped);
                }
                self.add(at, &mut sums).map_err(|source| EstimationError::Decision {
                    decision: self.decisions.decision_name(at).to_owned(),
                    source,
                })?;
            }
            Ok(sums)
        };
        threads::start(None);
        let mut total = zero();
        for block in starts.into_par_iter().map(sum).collect::<Vec<_>>() {
            total.add(&block?);
        }
        Ok(total)
    }

    fn add(&self, at: usize, sums: &mut Sums) -> Result<(), Error> {
        let (d, p) = (self.decisions.size(at), self.w.len());
        let (weight, features) = (self.decisions.weight(at), self.decisions.features(at));
        let alternatives = self.decisions.alternatives(at);
        let mut theta = vec![0.0; d];
        self.decisions.scores(at, self.w, &mut theta);
        let local = local(self.layers.of(at)?, &theta, features, self.smooth)?;
        let a = sums.shares.len();
        for (j, &of) in alternatives.iter().enumerate() {
            let of = of as usize;
            sums.shares[of] += weight * local.y[j];
            for (phi, slope) in features.chunks_exact(p).zip(&local.jacobian[j * d..(j + 1) * d]) {
                add_multiple(&mut sums.share_slopes[of * p..(of + 1) * p], weight * slope, phi);
            }
            for (c, &changed) in alternatives.iter().enumerate() {
                for (term, &k) in self.places.iter().enumerate() {
                    let place = (term * a + changed as usize) * a + of;
                    let (x, slope) = (weight * features[c * p + k], local.jacobian[c * d + j]);
                    sums.effects[place] += x * self.w[k] * slope;
                    let slopes = &mut sums.effect_slopes[place * p..(place + 1) * p];
                    slopes[k] += x * slope;
                    let bend = local.bend.get((c * d + j) * p..(c * d + j + 1) * p).unwrap_or(&[]);
                    add_multiple(slopes, x * self.w[k], bend);
                }
            }
        }
        Ok(())
    }
}

fn local(layer: &Layer, theta: &[f64], features: &[f64], smooth: bool) -> Result<Local, Error> {
    let y = layer.any.maximizer(theta, How::Exact)?;
    if layer.softmax {
        return Ok(softmax(y, features, layer.any.layer().epsilon()));
    }
    let (d, p) = (theta.len(), features.len() / theta.len().max(1));
    let jacobian = layer.any.jacobian(theta, How::Exact)?;
    let mut bend = vec![0.0; if smooth { d * d * p } else { 0 }];
    let mut one = vec![0.0; d];
    for (c, bend) in bend.chunks_exact_mut((d * p).max(1)).enumerate() {
        one[c] = 1.0;
        // ∂²y_c/∂θ_j∂θ_l, the same in any order of c, j and l.
        let second = layer.any.compute(theta, Question::VjpJacobian(&one), How::Exact)?;
        one[c] = 0.0;
        for (bend, row) in bend.chunks_exact_mut(p.max(1)).zip(second.chunks_exact(d)) {
            row.iter().zip(features.chunks_exact(p.max(1))).for_each(|(&x, phi)| add_multiple(bend, x, phi));
        }
    }
    Ok(Local { y, jacobian, bend })
}

/// ∂y_j/∂θ_c = y_j(δ_jc − y_c)/ε, and with the mean φ̄ = Σyφ its derivative y_j((φ_j − φ̄)(δ_jc − y_c) − y_c(φ_c − φ̄))/ε².
fn softmax(y: Vec<f64>, features: &[f64], epsilon: f64) -> Local {
    let (d, p) = (y.len(), features.len() / y.len().max(1));
    let mut mean = vec![0.0; p];
    features.chunks_exact(p.max(1)).zip(&y).for_each(|(phi, &y)| add_multiple(&mut mean, y, phi));
    let (mut jacobian, mut bend) = (Vec::with_capacity(d * d), Vec::with_capacity(d * d * p));
    for c in 0..d {
        for j in 0..d {
            let own = if c == j { 1.0 } else { 0.0 };
            jacobian.push(y[j] * (own - y[c]) / epsilon);
            let phi = features[j * p..(j + 1) * p].iter().zip(&features[c * p..(c + 1) * p]).zip(&mean);
            bend.extend(phi.map(|((of, changed), mean)| {
                y[j] * ((of - mean) * (own - y[c]) - y[c] * (changed - mean)) / (epsilon * epsilon)
            }));
        }
    }
    Local { y, jacobian, bend }
}

fn add_multiple(sums: &mut [f64], factor: f64, more: &[f64]) {
    sums.iter_mut().zip(more).for_each(|(sum, x)| *sum += factor * x);
}
