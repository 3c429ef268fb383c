//! The quantities of a layer: methods that ask something of every row.

use pyo3::prelude::*;

use super::{Call, Layer, row_number};
use crate::question::Ask;

/// Writes the methods that ask something of every row.
macro_rules! asked {
    ($($(#[$doc:meta])+ $name:ident($($vector:ident),*): $ask:ident;)+) => {
        #[pymethods]
        impl Layer {
            $(
                $(#[$doc])+
                #[pyo3(signature = (theta, $($vector,)* method, *, first_row=0, with_error=false, out=None))]
                #[allow(clippy::too_many_arguments, reason = "as Python has them")]
                fn $name<'py>(
                    &self,
                    py: Python<'py>,
                    theta: &Bound<'py, PyAny>,
                    $($vector: &Bound<'py, PyAny>,)*
                    method: &Bound<'py, PyAny>,
                    #[pyo3(from_py_with = row_number)] first_row: u64,
                    with_error: bool,
                    out: Option<&Bound<'py, PyAny>>,
                ) -> PyResult<Bound<'py, PyAny>> {
                    let vectors: &[(&'static str, &Bound<'py, PyAny>)] = &[$((stringify!($vector), $vector)),*];
                    self.ask(py, Ask::$ask, &Call { theta, vectors, method, first_row, with_error, out })
                }
            )+
        }
    };
}

asked! {
    /// The smoothed maximum F_eps(theta) = E[max_y <y, theta + eps Z>] (Definition 2.1).
    ///
    /// theta of shape (d,) or (B, d); answers a number, or an array of shape (B,).
    ///
    /// first_row : int
    ///     The number of the first row among all rows, which names its noise.
    /// with_error : bool
    ///     Whether to return a pair of the estimate and its standard error. It needs `MonteCarlo` with at least two samples,
    ///     or two pairs of antithetic ones, or two blocks of 64 of others. Not together with `out`.
    /// out : ndarray
    ///     Where to write: C-contiguous, of the answer's shape and theta's type. It is returned.
    value(): Value;
    /// The smoothed decision y_eps(theta) = E[y*(theta + eps Z)], the gradient of `value` (Definition 2.1).
    ///
    /// Answers an array of the shape of theta. Options are those of `value`.
    maximizer(): Maximizer;
    /// F_eps(theta) and y_eps(theta) in one pass.
    ///
    /// Answers a pair; so must `out` be. Other options are those of `value`.
    value_and_maximizer(): ValueAndMaximizer;
    /// y_eps(theta) by the formula E[F(theta + eps Z) grad nu(Z) / eps] (eq. 3), for comparison with `maximizer`.
    ///
    /// Answers an array of the shape of theta. Options are those of `value`.
    maximizer_by_score(): MaximizerByScore;
    /// The Jacobian J = d y_eps / d theta = E[y*(theta + eps Z) grad nu(Z)^T / eps] (Proposition 3.1).
    ///
    /// Answers an array of shape (d, d) or (B, d, d): the shape of a row twice. Exact ones are symmetric and positive
    /// semidefinite, sampled ones only in expectation. Options are those of `value`.
    jacobian(): Jacobian;
    /// J by the formula E[F(theta + eps Z) (grad nu grad nu^T - hess nu) / eps^2] (Proposition 3.1).
    ///
    /// Refused for noise "laplace", which is not smooth. Shapes and options are those of `jacobian`.
    jacobian_by_curvature(): JacobianByCurvature;
    /// J^T u: the gradient in theta of a loss whose gradient in y_eps is `cotangent` = u (eq. 4).
    ///
    /// `cotangent` and the answer have the shape of theta. J is not formed: one product a sample. Options are those of `value`.
    vjp(cotangent): Vjp;
    /// J u: the change of y_eps along `tangent` = u.
    ///
    /// `tangent` and the answer have the shape of theta. Options are those of `value`.
    jvp(tangent): Jvp;
    /// The derivative d (J^T u) / d theta of `vjp`, for `cotangent` = u.
    ///
    /// Answers the shape of `jacobian`. Refused for noise "laplace". Options are those of `value`.
    vjp_jacobian(cotangent): VjpJacobian;
    /// The change of `vjp` along `tangent`: d (J^T u) / d theta times v, for `cotangent` = u and `tangent` = v.
    ///
    /// Answers the shape of theta. Refused for noise "laplace". Options are those of `value`.
    vjp_jacobian_product(cotangent, tangent): VjpJacobianProduct;
    /// The derivative of `value` in the temperature, d F_eps / d eps = E<y*(theta + eps Z), Z>.
    ///
    /// Answers the shape of `value`. Options are those of `value`.
    epsilon_derivative(): EpsilonDerivative;
    /// The derivative of the Fenchel-Young loss of a vertex in the temperature, E<y*(theta + eps Z) - y, Z>.
    ///
    /// `target` = y has the shape of theta; answers the shape of `value`. Options are those of `value`.
    epsilon_loss_derivative(target): EpsilonLossDerivative;
    /// The Fenchel-Young loss L = F_eps(theta) + eps Omega(y) - <theta, y> and its gradient y_eps(theta) - y (Definition 4.1).
    ///
    /// `target` = y has the shape of theta and lies in the convex hull of all decisions. Answers a pair: the loss, of the shape
    /// of `value`, and the gradient, of the shape of theta; so must `out` be. L is nonnegative, convex in theta, and 0 exactly
    /// where y_eps(theta) = y. Targets that are no decisions cost a search for Omega in each row. Options are those of `value`.
    fenchel_young(target): FenchelYoung;
    /// The gradient y_eps(theta) - y of the Fenchel-Young loss alone: all that training needs, with as few as one sample.
    ///
    /// `target` and the answer have the shape of theta. Options are those of `value`.
    fenchel_young_gradient(target): FenchelYoungGradient;
    /// F_eps(theta) - <theta, y>, the Fenchel-Young loss but for the constant eps Omega(y), and its gradient, in one pass.
    ///
    /// Targets cost the same whether they are decisions or not. Shapes and options are those of `fenchel_young`.
    fenchel_young_without_omega(target): FenchelYoungWithoutOmega;
}
