//! SPO+ against its definition by brute force.

use perturb::loss::SpoPlus;
use perturb::{
    BlackBox, Const, Dyn, Error, Noise, Normal, Oracle, Perturbed, Ranking, Real, Seed, Simplex, TopK, Tour,
};
use perturb_tests::naive::{self, dot};
use perturb_tests::naive_combinatorial::best;
use perturb_tests::{reals, widened};
use proptest::prelude::*;

use crate::scores::{config, quarters};

/// SPO+ is max over vertices of ⟨2θ − t, y⟩, − 2⟨θ, y*(t)⟩ + F(t); above the regret, and its subgradient inequality
/// holds.
fn spo_plus<T: Real, O: Oracle<T>>(
    oracle: &O,
    vertices: &[Vec<f64>],
    theta: &[f64],
    truth: &[f64],
    other: &[f64],
) {
    let spo = SpoPlus::new(oracle, &reals::<T>(truth)).unwrap();
    let found = spo.loss(oracle, &reals::<T>(theta)).unwrap();
    let reflected: Vec<f64> = theta.iter().zip(truth).map(|(theta, t)| 2.0 * theta - t).collect();
    let y = widened(spo.best());
    let want = best(vertices, &reflected) - 2.0 * dot(&y, theta) + best(vertices, truth);
    assert_eq!(found.loss.to_f64(), want);
    let regret = spo.regret(oracle, &reals::<T>(theta)).unwrap().to_f64();
    assert!((0.0..=want).contains(&regret), "regret {regret}, loss {want}");
    assert_eq!(spo.loss(oracle, &reals::<T>(truth)).unwrap().loss, T::ZERO);
    let change: Vec<f64> = other.iter().zip(theta).map(|(a, b)| a - b).collect();
    let there = spo.loss(oracle, &reals::<T>(other)).unwrap().loss.to_f64();
    assert!(there >= want + dot(&widened(found.gradient.as_ref()), &change));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn spo_plus_is_its_definition(theta in quarters(5), truth in quarters(5), other in quarters(5)) {
        let ranks: Vec<f64> = (1..=5).map(f64::from).collect();
        spo_plus::<f32, _>(&Simplex::new(Const::<5>).unwrap(), &naive::simplex(5), &theta, &truth, &other);
        spo_plus::<f64, _>(&TopK::new(Dyn(5), 2).unwrap(), &naive::top_k(5, 2), &theta, &truth, &other);
        let ranking = Ranking::<f64, _>::ascending(Dyn(5)).unwrap();
        spo_plus::<f64, _>(&ranking, &naive::permutahedron(&ranks), &theta, &truth, &other);
    }
}

/// One of two bundles, of which the second has a reward of its own: the loss bounds the regret of the whole objective, and is 0
/// at the truth.
#[test]
fn offsets_are_part_of_loss_and_regret() {
    let bundles = [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let reward = |y: &[f64]| if y[2] == 1.0 { 0.75 } else { 0.0 };
    let worth = |y: &[f64; 3], scores: &[f64]| dot(y, scores) + reward(y);
    let solver = |scores: &[f64], y: &mut [f64]| {
        let first = worth(&bundles[0], scores) >= worth(&bundles[1], scores);
        y.copy_from_slice(&bundles[usize::from(!first)]);
    };
    let oracle = BlackBox::new(Const::<3>, solver).unwrap().with_offset(reward);
    let most = |scores: &[f64]| worth(&bundles[0], scores).max(worth(&bundles[1], scores));
    let truth = [0.25, 0.5, 0.5];
    let spo = SpoPlus::new(&oracle, &truth).unwrap();
    assert_eq!((spo.best(), spo.loss(&oracle, &truth).unwrap().loss), (&bundles[1][..], 0.0));
    for theta in [[0.25, 0.5, -0.5], [1.0, 1.0, 0.5], [0.0, 0.0, 2.0]] {
        let reflected: Vec<f64> = theta.iter().zip(truth).map(|(theta, t)| 2.0 * theta - t).collect();
        let want = most(&reflected) - 2.0 * worth(&bundles[1], &theta) + most(&truth);
        let found = spo.loss(&oracle, &theta).unwrap().loss;
        assert_eq!(found, want, "{theta:?}");
        assert!((0.0..=found).contains(&spo.regret(&oracle, &theta).unwrap()));
    }
}

#[test]
fn parameters_are_refused_by_name() {
    let oracle = Simplex::new(Const::<2>).unwrap();
    assert!(matches!(SpoPlus::new(&oracle, &[0.0]), Err(Error::Length { parameter: "truth", .. })));
}

/// A tour at noisy scores may be better than the one at the scores themselves: its regret is negative, and what it says.
#[test]
fn better_decisions_have_negative_regrets() {
    let tour = Tour::new(Const::<9>, Const::<36>, 10).unwrap();
    let layer = Perturbed::new(tour, Normal, 0.5).unwrap();
    let mut better = 0;
    for instance in 0..100 {
        let mut truth = [0.0f64; 36];
        Normal.fill(&mut Seed(20).stream(instance), &mut truth);
        let spo = SpoPlus::new(&tour, &truth).unwrap();
        for sample in 0..20 {
            let mut theta = [0.0f64; 36];
            Normal.fill(&mut Seed(21).fold(instance).stream(sample), &mut theta);
            let theta: Vec<f64> = truth.iter().zip(theta).map(|(t, z)| t + 0.5 * z).collect();
            let regret = spo.regret(&tour, &theta).unwrap();
            let want = spo.value() - dot(&truth, &layer.decide(&theta).unwrap().1);
            assert!((regret - want).abs() < 1e-12, "{regret} {want}");
            better += u32::from(want < -1e-9);
        }
    }
    println!("{better} of 2000 are better");
    assert!(better > 0);
}
