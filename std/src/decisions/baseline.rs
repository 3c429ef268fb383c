//! Simple weights, beside which others are judged.

use std::sync::atomic::AtomicBool;

use super::Decisions;
use crate::inference::symmetric::{pseudo_inverse, times};
use crate::threads::{GO_ON, stopped};

impl Decisions {
    /// The weights of least squares: of the grades, or of what options are worth, or else of what was decided (y, of what is open the mean), on the terms and an
    /// intercept, which changes no order; each decision by its weight. Where terms are collinear, the shortest solution in units of their deviations. Cost
    /// O(options × p² + p³).
    pub fn least_squares(&self) -> Vec<f64> {
        self.least_squares_until(&GO_ON)
    }

    /// The same, unless another thread sets `stop`: then 0 or those of some decisions alone, within O(p²).
    pub fn least_squares_until(&self, stop: &AtomicBool) -> Vec<f64> {
        let p = self.terms.len();
        let (mut count, mut mean, mut mean_y) = (0.0, vec![0.0; p], 0.0);
        let of = |at: usize| {
            let known = self.features(at).chunks_exact(p.max(1)).zip(self.merits(at)).zip(self.rows(at));
            let weight = self.weight(at);
            known.filter(|(_, row)| row.is_some()).map(move |((phi, y), _)| (phi, y, weight))
        };
        let rows = || {
            (0..self.len()).take_while(|_| !stopped(stop)).filter(|&at| self.weight(at) > 0.0).flat_map(of)
        };
        for (phi, y, weight) in rows() {
            count += weight;
            let share = weight / count;
            mean.iter_mut().zip(phi).for_each(|(mean, phi)| *mean += (phi - *mean) * share);
            mean_y += (y - mean_y) * share;
        }
        let (mut gram, mut product) = (vec![0.0; p * p], vec![0.0; p]);
        for (phi, y, weight) in rows() {
            let off: Vec<f64> = phi.iter().zip(&mean).map(|(phi, mean)| phi - mean).collect();
            for (i, &a) in off.iter().enumerate() {
                let a = weight * a;
                product[i] += a * (y - mean_y);
                gram[i * p..(i + 1) * p].iter_mut().zip(&off).for_each(|(sum, b)| *sum += a * b);
            }
        }
        let scale: Vec<f64> =
            (0..p).map(|j| if gram[j * p + j] > 0.0 { gram[j * p + j].sqrt() } else { 1.0 }).collect();
        (0..p * p).for_each(|at| gram[at] /= scale[at / p] * scale[at % p]);
        product.iter_mut().zip(&scale).for_each(|(x, scale)| *x /= scale);
        let Some((inverse, _)) = pseudo_inverse(&gram, p, stop) else { return vec![0.0; p] };
        times(&inverse, &product).into_iter().zip(scale).map(|(w, scale)| w / scale).collect()
    }

    /// The deviation of each term within decisions: s_k² = Σ m Σ_e (φ_ek − φ̄_k)²/d / Σ m over decisions, each counted m times, among
    /// the d options of one, with the mean φ̄ of these. What is the same for all options of a decision decides nothing, and so
    /// deviates by 0; decisions with one option are left out. Cost O(options × p).
    pub fn deviations(&self) -> Vec<f64> {
        let p = self.terms.len();
        let (mut squares, mut total) = (vec![0.0; p], 0.0);
        for at in 0..self.len() {
            let options = self.features(at).chunks_exact(p.max(1)).zip(self.rows(at));
            let options: Vec<&[f64]> = options.filter(|(_, row)| row.is_some()).map(|(phi, _)| phi).collect();
            if options.len() < 2 {
                continue;
            }
            let (weight, d) = (self.weight(at), options.len() as f64);
            total += weight;
            for (k, square) in squares.iter_mut().enumerate() {
                let mean = options.iter().map(|phi| phi[k]).sum::<f64>() / d;
                let sum: f64 = options.iter().map(|phi| (phi[k] - mean) * (phi[k] - mean)).sum();
                *square += weight * sum / d;
            }
        }
        squares.into_iter().map(|square| if total > 0.0 { (square / total).sqrt() } else { 0.0 }).collect()
    }

    /// What is known of each option's worth.
    fn merits(&self, at: usize) -> Vec<f64> {
        if let Some(known) = self.grades(at).or(self.worth(at)) {
            return known.to_vec();
        }
        let mut merits = self.target(at).to_vec();
        for part in self.parts(at) {
            let mean = match &part.oracle {
                crate::OracleSpec::Ranking { reference } => {
                    reference.iter().sum::<f64>() / reference.len() as f64
                }
                crate::OracleSpec::TopK { dim, k } => *k as f64 / *dim as f64,
                crate::OracleSpec::Simplex { dim } => 1.0 / *dim as f64,
                _ => 0.5,
            };
            part.entries.iter().for_each(|&entry| merits[entry] = mean);
        }
        merits
    }
}
