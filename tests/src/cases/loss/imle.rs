//! I-MLE's gradient.

use perturb_core::loss::imle_gradient;
use perturb_core::{Const, Gumbel, MonteCarlo, Perturbed, Real, Seed, Simplex};

use crate::layers::reals;

/// I-MLE is the difference of two maximizers under the same noise, over λ.
pub(crate) fn definition<T: Real>() {
    let layer = Perturbed::new(Simplex::new(Const::<3>).unwrap(), Gumbel, T::ONE).unwrap();
    let (theta, moved, g) = ([0.25, 0.5, -0.25], [0.0, 1.0, -0.25], [0.5, -1.0, 0.0]);
    let how = MonteCarlo::new(64, Seed(374));
    let (y, other) =
        (layer.maximizer(&reals(theta), how).unwrap(), layer.maximizer(&reals(moved), how).unwrap());
    let found = imle_gradient(&layer, &reals(theta), &reals(g), T::HALF, how).unwrap();
    for i in 0..3 {
        assert_eq!(found[i], (y[i] - other[i]) / T::HALF);
    }
}
