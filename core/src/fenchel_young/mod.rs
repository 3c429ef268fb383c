//! The Fenchel–Young loss of the perturbed model, its value included.

use crate::Real;

mod dual;
mod mirror;

pub(crate) use dual::by_dual;
pub use mirror::Inverse;

/// L_ε(θ; y) = F_ε(θ) + εΩ(y) − ⟨θ, y⟩ and its gradient in θ, y_ε(θ) − y (Definition 4.1).
///
/// For an oracle with an offset h, F is max ⟨y, θ⟩ + h(y), Ω its conjugate all the same; the loss is found by the dual,
/// and points outside the hull are not told.
///
/// For y inside C it is a Bregman divergence: L_ε(θ; y) = ε·D_Ω(y ‖ y_ε(θ)) with D_Ω(y ‖ y′) = Ω(y) − Ω(y′) −
/// ⟨∇Ω(y′), y − y′⟩, since ε∇Ω(y_ε(θ)) = θ and F_ε(θ) = ⟨y_ε, θ⟩ − εΩ(y_ε). On the simplex with Gumbel noise D_Ω is the
/// Kullback–Leibler divergence.
///
/// The loss is nonnegative, convex in θ, and 0 exactly where y_ε(θ) = y. Ω = (F_1)* is found
/// - at a vertex y: as −⟨y, E Z⟩, for every oracle and noise: F_1(θ) − ⟨y, θ⟩ decreases to ⟨y, E Z⟩ along
///   the directions that y maximises;
/// - on the simplex with Gumbel noise: as Σ y_i ln y_i − γ;
/// - elsewhere: by maximising the dual ⟨y, θ′⟩ − F_ε(θ′) over θ′, started at θ and with the same noise as
///   F_ε(θ): the loss is then never negative, and 0 at the estimate of y_ε(θ) under that noise. Sampled, it is
///   biased upwards by a term in 1/M. It costs tens to hundreds of evaluations of F_ε, 1000 ascent steps of up
///   to 40 halvings at most.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub struct FenchelYoung<T, A> {
    /// L_ε(θ; y).
    pub loss: T,
    /// y_ε(θ) − y.
    pub gradient: A,
}

/// a −= b.
pub(crate) fn subtract<T: Real>(a: &mut [T], b: &[T]) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a -= b;
    }
}
