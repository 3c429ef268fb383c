//! SPO+.

use perturb_core::loss::SpoPlus;
use perturb_core::{Const, Ranking, Real};

use crate::cases::quarters;
use crate::layers::reals;
use crate::vertices::{Each, Tie, best, dot, most, permutahedron};

/// SPO+ is max over vertices of ⟨2θ − t, y⟩, − 2⟨θ, y*(t)⟩ + F(t), and bounds the regret.
pub(crate) fn definition<T: Real>() {
    let oracle = Ranking::<T, _>::ascending(Const::<4>).unwrap();
    let all = |each: Each<'_>| permutahedron(&[1.0, 2.0, 3.0, 4.0], each);
    for instance in 0..10 {
        let (theta, truth) = (quarters::<4>(370, instance), quarters::<4>(371, instance));
        let spo = SpoPlus::new(&oracle, &reals::<T, 4>(truth)).unwrap();
        let found = spo.loss(&oracle, &reals(theta)).unwrap();
        let reflected = [0, 1, 2, 3].map(|i| 2.0 * theta[i] - truth[i]);
        let (y, value) = best(all, &truth, Tie::LowestIndex);
        let want = most(all, &reflected) - 2.0 * dot(&y[..4], &theta) + value;
        assert_eq!(found.loss.to_f64(), want);
        let regret = spo.regret(&oracle, &reals(theta)).unwrap().to_f64();
        assert!((0.0..=want).contains(&regret), "regret");
        assert_eq!(spo.loss(&oracle, &reals(truth)).unwrap().loss, T::ZERO);
    }
}
