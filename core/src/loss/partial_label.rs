//! Labels that leave something open (Stewart, Bach, Llinares-López and Berthet 2023, *Differentiable clustering with
//! perturbed spanning forests*, NeurIPS).

use super::{LossAndGradient, check_domain};
use crate::oracle::Array;
use crate::{Error, MonteCarlo, Noise, Oracle, Perturbed, Real, Shape, error};

/// The Fenchel–Young loss of a partial label: F_ε(θ) − F_ε^S(θ), where F^S maximises over the decisions S that agree
/// with the label, and its gradient y_ε(θ) − y_ε^S(θ).
///
/// It is the least Fenchel–Young loss up to a term that does not depend on θ, nonnegative, and 0 only where every
/// perturbed decision agrees with the label. With a label that leaves one decision it is the loss of that decision. Both
/// terms share their samples, so that every sample's term is nonnegative.
///
/// Where an oracle needs costs −θ ≥ 0, θ must be such before the noise, else [`Error::OutsideDomain`].
///
/// `agreeing` solves over S and has the shape of the layer's oracle; the layer's noise and temperature apply to
/// both.
///
/// ```
/// use perturb_core::loss::partial_label;
/// use perturb_core::oracle::EdgeLabel::{Free, In, Out};
/// use perturb_core::{Const, Graph, MonteCarlo, Normal, Perturbed, Seed, SpanningTree};
/// let square = Graph::new(Const::<4>, Const::<5>, &[(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)])?;
/// let all = SpanningTree::new(square)?;
/// // Nodes 0 and 1 belong together, 2 and 3 are known to be linked by other edges than the third.
/// let agreeing = all.constrained(&[In, Free, Out, Free, Free])?;
/// let layer = Perturbed::new(all, Normal, 0.5)?;
/// let found = partial_label(&layer, &agreeing, &[0.0; 5], MonteCarlo::new(100, Seed(1)))?;
/// assert!(found.loss > 0.0 && found.gradient[0] < 0.0 && found.gradient[2] > 0.0);
/// # Ok::<(), perturb_core::Error>(())
/// ```
pub fn partial_label<T, N, O, Q>(
    layer: &Perturbed<O, N, T>,
    agreeing: &Q,
    theta: &[T],
    how: MonteCarlo,
) -> Result<LossAndGradient<T, Array<O, T>>, Error>
where
    T: Real,
    N: Noise<T>,
    O: Oracle<T>,
    Q: Oracle<T>,
{
    let (expected, found) = (layer.oracle().shape().dim(), agreeing.shape().dim());
    if expected != found {
        return Err(Error::Length { parameter: "the agreeing oracle", expected, found });
    }
    let inner = Perturbed::new(agreeing, *layer.noise(), layer.epsilon())?;
    error::check_scores(layer.oracle(), theta)?;
    check_domain(layer.oracle(), "theta", theta)?;
    check_domain(agreeing, "theta", theta)?;
    // A constant in all scores is in both values, and rounds away their difference.
    let centred = layer.centre(theta)?.centred(layer.oracle().shape(), theta);
    let (value, mut gradient) = layer.value_and_maximizer(centred.as_ref(), how)?;
    let (agreed, y) = inner.value_and_maximizer(centred.as_ref(), how)?;
    crate::vector::subtract(gradient.as_mut(), y.as_ref());
    let loss = (value - agreed).larger(T::ZERO);
    error::check_number("the loss", loss)?;
    error::check_result("the gradient", gradient.as_ref())?;
    Ok(LossAndGradient { loss, gradient })
}
