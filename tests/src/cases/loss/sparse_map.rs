//! SparseMAP.

use perturb_core::loss::SparseMap;
use perturb_core::{Const, Hypercube, Real};

use crate::cases::close;
use crate::layers::reals;

/// SparseMAP on {0, 1}ᵈ clips, within the distance √(2·gap/λ) that its gap certifies.
pub(crate) fn clips<T: Real>() {
    let map = SparseMap { lambda: T::TWO, tolerance: T::from_f64(1e-3), steps: 2000 };
    let oracle = Hypercube::binary(Const::<3>).unwrap();
    let found = map.maximizer(&oracle, &reals([0.5, -0.75, 3.0])).unwrap();
    assert!(found.gap.to_f64() <= 1e-3, "gap");
    for (y, want) in found.y.into_iter().zip([0.25, 0.0, 1.0]) {
        close(y, want, 0.032, "clipped");
    }
}
