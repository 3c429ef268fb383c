//! How well scores decide, beside what was decided.

use std::sync::atomic::AtomicBool;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Decisions, Kind, Layer, Layers, Part};
use crate::data::Dataset;
use crate::threads::{self, GO_ON, stopped};
use crate::train::LinearModel;
use crate::{AnyNoise, AnyOracle, Error, How, OracleSpec, Real, metrics};

/// How well weights decide: one number a decision and metric. A metric that does not apply is NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Judgement {
    /// 1 if the decision y*(θ) agrees with all that is known of what was decided, otherwise 0. Of a pick among equal scores, the share
    /// of those that agree.
    pub agreement: f64,
    /// −ln P of what was decided, under the layer: of picks.
    pub log_loss: f64,
    /// The share of what was chosen that the decision chooses, too: of all decisions but picks and rankings.
    pub overlap: f64,
    /// The share of options that are decided as they were: of a yes or no for each.
    pub right: f64,
    /// Spearman's rank correlation between scores and what is known of the order: of rankings.
    pub spearman: f64,
    /// Kendall's τ_b, likewise.
    pub kendall: f64,
    /// 1 if the option that was picked is among the three with the largest scores, of equal ones each as likely: of picks among more
    /// than three.
    pub top_3: f64,
    /// The mean over relevant options, of a grade above 0, of the share of relevant ones among those with scores as large (see
    /// [`metrics::average_precision`]): of rankings by grades.
    pub average_precision: f64,
    /// ⟨t, y*(t) − y*(θ)⟩: by how much less the decision is worth than the best one, of decisions by [worth](super::Target::Worth).
    pub regret: f64,
    /// ⟨t, y*(θ)⟩/⟨t, y*(t)⟩: what the decision is worth beside the best one; of costs what it costs beside the cheapest. Of
    /// decisions whose options are not worth more than 0 in part, and less in part.
    pub ratio: f64,
    /// The discounted gain of the ten best scores beside the best there is: of rankings by grades (see [`metrics::ndcg`]).
    pub ndcg: f64,
}

impl Judgement {
    /// Nothing applies.
    fn nothing() -> Self {
        let none = f64::NAN;
        Self {
            agreement: none,
            log_loss: none,
            overlap: none,
            right: none,
            spearman: none,
            kendall: none,
            ndcg: none,
            average_precision: none,
            top_3: none,
            regret: none,
            ratio: none,
        }
    }

    /// The metrics' names and values, those that do not apply left out.
    pub fn named(&self) -> Vec<(&'static str, f64)> {
        let all = [
            ("agreement", self.agreement),
            ("log-loss", self.log_loss),
            ("overlap", self.overlap),
            ("right", self.right),
            ("Spearman", self.spearman),
            ("Kendall", self.kendall),
            ("NDCG@10", self.ndcg),
            ("MAP", self.average_precision),
            ("top 3", self.top_3),
            ("regret", self.regret),
            ("ratio to best", self.ratio),
        ];
        all.into_iter().filter(|(_, x)| !x.is_nan()).collect()
    }

    /// The means over decisions, by their weights, each over the decisions to which it applies.
    pub fn mean(all: &[(f64, Self)]) -> Self {
        let mean = |of: fn(&Self) -> f64| {
            let known = || all.iter().filter(|(_, one)| !of(one).is_nan());
            known().map(|(weight, one)| weight * of(one)).sum::<f64>()
                / known().map(|(weight, _)| weight).sum::<f64>()
        };
        Self {
            agreement: mean(|one| one.agreement),
            log_loss: mean(|one| one.log_loss),
            overlap: mean(|one| one.overlap),
            right: mean(|one| one.right),
            spearman: mean(|one| one.spearman),
            kendall: mean(|one| one.kendall),
            ndcg: mean(|one| one.ndcg),
            average_precision: mean(|one| one.average_precision),
            top_3: mean(|one| one.top_3),
            regret: mean(|one| one.regret),
            ratio: mean(|one| one.ratio),
        }
    }
}

impl Decisions {
    /// The judgement of θ = Φw on each decision, with the decision's weight. Layer: `noise` and `epsilon`, whose expectations are
    /// computed as `how` says; only log-losses need them. Refused: decisions of which it is not known what was decided.
    pub fn judge(&self, w: &[f64], layer: (AnyNoise, f64), how: How) -> Result<Vec<(f64, Judgement)>, Error> {
        self.judge_until(w, layer, how, &GO_ON)
    }

    /// The same, unless another thread sets `stop`: then the judgements of some decisions alone, within the time of one on each thread.
    pub fn judge_until(
        &self,
        w: &[f64],
        (noise, epsilon): (AnyNoise, f64),
        how: How,
        stop: &AtomicBool,
    ) -> Result<Vec<(f64, Judgement)>, Error> {
        if self.targets.len() != self.rows.len() {
            let (expected, found) = (self.rows.len(), self.targets.len());
            return Err(Error::Length { parameter: "what was decided", expected, found });
        }
        let layers = Layers::new(self, noise, epsilon).map_err(|(_, error)| error)?;
        threads::start(None);
        let one = |at: usize| {
            let mut theta = vec![0.0; self.size(at)];
            self.scores(at, w, &mut theta);
            let known = Known {
                target: self.target(at),
                parts: self.parts(at),
                grades: self.grades(at),
                worth: self.worth(at),
            };
            Ok((self.weight(at), known.judge(layers.of(at)?, &theta, how)?))
        };
        let unless = |&_: &usize| !stopped(stop);
        (0..self.len())
            .into_par_iter()
            .filter(unless)
            .map(one)
            .collect::<Vec<Result<_, Error>>>()
            .into_iter()
            .collect()
    }
}

impl Judgement {
    /// The judgement of the decision by θ = Wx + b in each row of `data`. Layer: `noise` and `epsilon`, whose expectations are exact;
    /// only log-losses need them.
    pub fn of_rows<T: Real>(
        model: &LinearModel<T>,
        data: &Dataset<T>,
        (noise, epsilon): (AnyNoise, f64),
    ) -> Result<Vec<Self>, Error> {
        let layer = Layer::new(AnyOracle::new(data.oracle())?, noise, epsilon)?;
        threads::start(None);
        let one = |(theta, target): &mut (Vec<T>, Vec<f64>), row: usize| {
            model.score(data.x(row), theta);
            target.iter_mut().zip(data.y(row)).for_each(|(y, target)| *y = target.to_f64());
            let wide: Vec<f64> = theta.iter().map(|theta| theta.to_f64()).collect();
            Known { target, parts: &[], grades: None, worth: None }.judge(&layer, &wide, How::Exact)
        };
        let scratch = || (vec![T::ZERO; data.labels()], vec![0.0; data.labels()]);
        let all = (0..data.len()).into_par_iter().with_min_len(64).map_init(scratch, one);
        all.collect::<Vec<Result<_, Error>>>().into_iter().collect()
    }
}

/// What is known of one decision.
struct Known<'a> {
    target: &'a [f64],
    parts: &'a [Part],
    grades: Option<&'a [f64]>,
    worth: Option<&'a [f64]>,
}

impl Known<'_> {
    fn judge(
        &self,
        Layer { any: layer, kind, .. }: &Layer,
        theta: &[f64],
        how: How,
    ) -> Result<Judgement, Error> {
        let none = f64::NAN;
        let mut found = Judgement::nothing();
        let Self { target, parts, grades, worth } = *self;
        let (_, y) = layer.decide(theta)?;
        if let Some(worth) = worth {
            let of = |y: &[f64]| y.iter().zip(worth).map(|(y, worth)| y * worth).sum::<f64>();
            let (best, reached) = (of(target), of(&y));
            // Of worths on both sides of 0 a ratio says nothing.
            let one_side = worth.iter().all(|&x| x >= 0.0) || worth.iter().all(|&x| x <= 0.0);
            found.regret = best - reached;
            found.ratio = if one_side && best != 0.0 { reached / best } else { none };
        }
        let mut open = vec![false; y.len()];
        parts.iter().flat_map(|part| &part.entries).for_each(|&entry| open[entry] = true);
        if *kind == Kind::Rank {
            // Of equal merit the average place; the largest is the best.
            let mut known = target.to_vec();
            for part in parts {
                if let OracleSpec::Ranking { reference } = &part.oracle {
                    let mean = reference.iter().sum::<f64>() / reference.len() as f64;
                    part.entries.iter().for_each(|&entry| known[entry] = mean);
                }
            }
            found.spearman = metrics::spearman(theta, &known);
            found.kendall = metrics::kendall(theta, &known);
            // Each group of ties takes the places that it should.
            let fits = (0..y.len()).all(|i| (0..y.len()).all(|j| known[i] <= known[j] || y[i] > y[j]));
            found.agreement = f64::from(u8::from(fits));
            if let Some(grades) = grades {
                found.ndcg = metrics::ndcg(theta, grades, 10);
                found.average_precision = metrics::average_precision(theta, grades);
            }
            return Ok(found);
        }
        // What is open may be whatever the decision makes of it, but of a pick one of it must be chosen.
        let mut agrees = y.iter().zip(target).zip(&open).all(|((y, target), open)| *open || y == target);
        for part in parts {
            if let OracleSpec::Simplex { .. } | OracleSpec::TopK { .. } = part.oracle {
                let taken: f64 = part.entries.iter().map(|&entry| y[entry]).sum();
                let k = if let OracleSpec::TopK { k, .. } = part.oracle { k as f64 } else { 1.0 };
                agrees &= taken == k;
            }
        }
        found.agreement = f64::from(u8::from(agrees));
        let chosen: f64 = target.iter().sum();
        if chosen > 0.0 && parts.is_empty() {
            found.overlap = y.iter().zip(target).map(|(y, target)| y * target).sum::<f64>() / chosen;
        }
        if *kind == Kind::Each {
            let closed = || (0..y.len()).filter(|&entry| !open[entry]);
            let right = closed().filter(|&entry| y[entry] == target[entry]).count();
            found.right = right as f64 / closed().count() as f64;
        }
        if *kind == Kind::Pick {
            found.overlap = none;
            let probabilities = layer.maximizer(theta, how)?;
            let of =
                probabilities.iter().zip(target).zip(&open).filter(|((_, y), open)| **open || **y == 1.0);
            let probability: f64 = of.map(|((p, _), _)| p).sum();
            // Which of equal scores is first says nothing: each is as likely to be.
            let fits = |entry: usize| open[entry] || target[entry] == 1.0;
            let largest = theta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let tied = || (0..theta.len()).filter(|&entry| theta[entry] == largest);
            found.agreement = tied().filter(|&entry| fits(entry)).count() as f64 / tied().count() as f64;
            if theta.len() > 3
                && parts.is_empty()
                && let Some(score) = target.iter().position(|&y| y == 1.0).map(|place| theta[place])
            {
                let above = theta.iter().filter(|&&other| other > score).count();
                let equal = theta.iter().filter(|&&other| other == score).count();
                found.top_3 = (3.0 - above as f64).clamp(0.0, equal as f64) / equal as f64;
            }
            found.log_loss = -libm::log(probability.max(f64::MIN_POSITIVE));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of equal scores is first says nothing.
    #[test]
    fn equal_scores_are_as_good_as_chance() {
        let oracle = AnyOracle::new(&OracleSpec::Simplex { dim: 5 }).unwrap();
        let layer = Layer::new(oracle, AnyNoise::Gumbel, 1.0).unwrap();
        let judge = |theta: &[f64]| {
            let known = Known {
                target: &[0.0, 1.0, 0.0, 0.0, 0.0],
                parts: &[],
                grades: None,
                worth: Some(&[1.0, 2.0, -1.0, 0.0, 0.0]),
            };
            known.judge(&layer, theta, How::Exact).unwrap()
        };
        let equal = judge(&[0.3; 5]);
        assert_eq!((equal.agreement, equal.top_3), (0.2, 0.6));
        let second = judge(&[2.0, 1.0, 1.0, 0.0, -1.0]);
        assert_eq!((second.agreement, second.top_3, second.regret), (0.0, 1.0, 1.0));
        // Worths on both sides of 0 have no ratio.
        assert!(second.ratio.is_nan());
    }

    #[test]
    fn means_are_weighed_and_skip_what_does_not_apply() {
        let of = |agreement: f64, ndcg: f64| Judgement { agreement, ndcg, ..Judgement::default() };
        let mean = Judgement::mean(&[(1.0, of(1.0, f64::NAN)), (3.0, of(0.0, 0.5))]);
        assert_eq!((mean.agreement, mean.ndcg), (0.25, 0.5));
    }
}
