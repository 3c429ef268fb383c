//! Scores so large that their noise would lose its digits in the sum θ + εz.

use crate::oracle::{Array, Decides};
use crate::{Error, Noise, Oracle, Perturbed, Real, Shape, error};

/// What is taken from every score before noise is added, where that changes no decision.
#[derive(Clone, Copy, Debug)]
pub struct Centre<T> {
    /// c; 0 unless scores are large.
    pub score: T,
    /// c·Σy of a vertex y: by how much F(θ) exceeds F(θ − c).
    pub value: T,
}

impl<T: Real> Centre<T> {
    pub(crate) const NONE: Self = Self { score: T::ZERO, value: T::ZERO };

    /// θ less c.
    pub(crate) fn centred<S: Shape>(self, shape: S, theta: &[T]) -> S::Array<T> {
        let mut centred = shape.array(T::ZERO);
        for (centred, &theta) in centred.as_mut().iter_mut().zip(theta) {
            *centred = theta - self.score;
        }
        centred
    }

    /// ⟨θ, y⟩ less what F is taken to be less; exact where `y` has the sum of a vertex.
    pub(crate) fn value_of(self, theta: &[T], y: &[T]) -> T {
        if self.score.is_zero() {
            return crate::vector::value(y, theta);
        }
        let mut sum = T::ZERO;
        for (&theta, &y) in theta.iter().zip(y).filter(|(_, y)| !y.is_zero()) {
            sum += (theta - self.score) * y;
        }
        sum + (self.score * y.iter().copied().sum::<T>() - self.value)
    }
}

impl<O: Oracle<T>, N: Noise<T>, T: Real> Perturbed<O, N, T> {
    /// What to take from θ, so that the sums θ + εz keep the digits of εz wherever these decide. [`Error::Overflow`] where
    /// nothing helps: where ε is less than sixteen times the spacing of numbers at a score that may decide.
    ///
    /// Scores below 2¹²ε in f32 and 2²⁶ε in f64, and those of independent decisions, cost no more than a look at each; others two
    /// or three solves.
    #[inline]
    #[doc(hidden)]
    pub fn centre(&self, theta: &[T]) -> Result<Centre<T>, Error> {
        let alone = self.oracle.properties().decides == Decides::Signs;
        if alone || !self.any_large(theta) {
            return Ok(Centre::NONE);
        }
        self.find_centre(theta)
    }

    /// Whether a score is so large that its noise loses half of its digits; not one of −∞, which has none.
    pub(super) fn any_large(&self, theta: &[T]) -> bool {
        let limit = self.epsilon * T::COARSE;
        T::any_beyond(theta, limit) && theta.iter().any(|&x| x.abs() > limit && x > T::NEG_INFINITY)
    }

    #[cold]
    #[inline(never)]
    fn find_centre(&self, theta: &[T]) -> Result<Centre<T>, Error> {
        let decides = self.oracle.properties().decides;
        let (shape, mut work) = (self.oracle.shape(), self.oracle.work());
        let mut y = shape.array(T::ZERO);
        self.solve(theta, y.as_mut(), &mut work, None)?;
        let chosen = theta.iter().zip(y.as_ref()).filter(|(_, y)| !y.is_zero()).map(|(&score, _)| score);
        // Of the largest scores the least: all that may take its place lie near it. Elsewhere a typical one, which no mask is.
        let score = match decides {
            Decides::Signs | Decides::Sums => T::ZERO,
            Decides::Largest => chosen.fold(T::INFINITY, T::smaller),
            Decides::Order | Decides::Differences => {
                chosen.fold(T::INFINITY, |least, score| if score.abs() < least.abs() { score } else { least })
            }
        };
        let large = score.is_finite() && score.abs() > self.epsilon * T::COARSE;
        let centre = if large {
            Centre { score, value: score * y.as_ref().iter().copied().sum::<T>() }
        } else {
            Centre::NONE
        };
        let centred = centre.centred(shape, theta);
        let contested = match decides {
            Decides::Signs | Decides::Largest => false,
            Decides::Order => self.neighbours(centred.as_ref()),
            Decides::Differences | Decides::Sums => self.moves(centred.as_ref(), &y, &mut work),
        };
        if contested || !error::stays_finite(centred.as_ref(), theta) {
            return Err(Error::Overflow { quantity: "theta / epsilon" });
        }
        Ok(centre)
    }

    /// Whether the noise of this score would lose its last digits but four.
    fn is_far(&self, score: T) -> bool {
        score.abs() * (T::EPSILON * T::from_f64(16.0)) > self.epsilon && score > T::NEG_INFINITY
    }

    /// What no noise reaches, and what rounding of such a score does not.
    fn reach(&self, score: T) -> T {
        self.epsilon * (T::from_f64(5.0) - T::EPSILON.ln()) + T::from_f64(4.0) * T::EPSILON * score.abs()
    }

    /// Writes finite scores for those of −∞, so low that no noise makes up for one of them: no decision has them, nor has the
    /// target, so that samples and losses stay as they are.
    #[cold]
    pub(crate) fn bury(&self, theta: &mut [T]) -> Result<(), Error> {
        let most = theta.iter().filter(|x| x.is_finite()).fold(T::ZERO, |most, x| most.larger(x.abs()));
        // One entry is worth less than all others may be; where each stands for itself, than one of them.
        let others = if self.oracle.properties().decides == Decides::Largest { 1 } else { theta.len() };
        let depth = T::from_usize(others + 1) * T::TWO * (most + self.reach(most));
        error::check_number("theta / epsilon", depth)?;
        for score in theta.iter_mut().filter(|x| !x.is_finite()) {
            *score = -depth;
        }
        Ok(())
    }

    /// Whether noise may change the order of a far score and another one.
    fn neighbours(&self, theta: &[T]) -> bool {
        theta.iter().enumerate().filter(|&(_, &score)| self.is_far(score)).any(|(i, &score)| {
            let reach = T::TWO * self.reach(score);
            theta.iter().enumerate().any(|(j, &other)| j != i && (other - score).abs() <= reach)
        })
    }

    /// Whether the decision `y` changes at a far score when all far ones become worse for it by more than noise could do: one
    /// solve where their entries of y are 0 or 1, and one more otherwise.
    fn moves(&self, theta: &[T], y: &Array<O, T>, work: &mut O::Work) -> bool {
        let far = || theta.iter().zip(y.as_ref()).filter(|&(&score, _)| self.is_far(score));
        if far().next().is_none() {
            return false;
        }
        let zeros_and_ones = far().all(|(_, &y)| y == T::ZERO || y == T::ONE);
        let shape = self.oracle.shape();
        let (mut worse, mut found) = (shape.array(T::ZERO), shape.array(T::ZERO));
        let spread = T::from_usize(theta.len()).sqrt();
        [true, false].into_iter().take(if zeros_and_ones { 1 } else { 2 }).any(|lower| {
            for ((worse, &score), &y) in worse.as_mut().iter_mut().zip(theta).zip(y.as_ref()) {
                let by = (spread * self.reach(score)).smaller(T::HALF * score.abs());
                let by = if lower && y > T::ZERO { -by } else { by };
                *worse = if self.is_far(score) { score + by } else { score };
            }
            let solved = self.oracle.solve(worse.as_ref(), found.as_mut(), work).is_ok();
            let entries = theta.iter().zip(y.as_ref()).zip(found.as_ref());
            !solved || entries.into_iter().any(|((&score, y), found)| self.is_far(score) && y != found)
        })
    }
}
