//! Scores of −∞: samples against closed forms, and against scores that are low.

use perturb::noise::Law;
use perturb::oracle::Neighbours;
use perturb::quantity::{
    EpsilonDerivative, FenchelYoung, FenchelYoungWithoutOmega, Jacobian, Jvp, Maximizer, MaximizerByScore,
    Value, Vjp,
};
use perturb::{
    Assignment, ClosedForm, Const, DagPath, Error, Exact, Graph, GridPath, Gumbel, Laplace, Logistic,
    MonteCarlo, Normal, Oracle, Perturbed, Rect, Seed, Shape, ShortestPath, Simplex, SpanningTree, TopK,
};
use perturb_tests::layers::EDGES;
use perturb_tests::statistics::spread;

const NOT: f64 = f64::NEG_INFINITY;
const THETA: [f64; 5] = [0.4, NOT, -0.7, 0.1, NOT];
const M: u32 = 100_000;

/// M = 10⁵, Z = 4.5; forbidden entries have neither a mean nor an error.
#[test]
fn samples_match_closed_forms() {
    fn check<N: Law<f64>, O: ClosedForm<f64, N, Shape = Const<5>>>(oracle: O, noise: N) {
        let layer = Perturbed::new(oracle, noise, 0.5).unwrap();
        let name = format!("{} {}", layer.oracle().properties().name, layer.noise().name());
        let cotangent = &[0.3, -9.0, 0.9, 0.1, 9.0];
        let quantity = (
            (Value, Maximizer, EpsilonDerivative),
            (Vjp { cotangent }, Jvp { tangent: cotangent }, MaximizerByScore),
            Jacobian,
        );
        let (first, second, jacobian) = layer.compute(&THETA, &quantity, Exact).unwrap();
        let mut want = vec![first.0];
        want.extend(first.1);
        want.push(first.2);
        want.extend([second.0, second.1, second.2].concat());
        want.extend(jacobian.as_ref());
        let (how, plain) = (MonteCarlo::new(M, Seed(31)), MonteCarlo::plain(M, Seed(32)));
        for how in [how, plain] {
            let means = spread(&layer, &THETA, quantity, how);
            assert_eq!(means.len(), want.len());
            for (i, (mean, &want)) in means.iter().zip(&want).enumerate() {
                mean.assert_near(want, 2.0 * 16.0 / 0.5, f64::EPSILON, format_args!("{name} [{i}]"));
                let forbidden = [2, 5, 8, 11, 13, 16, 18, 21].contains(&i)
                    || i > 21 && ![0, 2, 3].contains(&((i - 22) % 5));
                assert!(!forbidden || want == 0.0 && mean.mean == 0.0, "{name} [{i}]: {}", mean.mean);
            }
        }
    }
    for k in [1, 2, 3] {
        check(TopK::new(Const::<5>, k).unwrap(), Normal);
    }
    check(Simplex::new(Const::<5>).unwrap(), Gumbel);
    check(Simplex::new(Const::<5>).unwrap(), Normal);
    check(Simplex::new(Const::<5>).unwrap(), Logistic);
    check(Simplex::new(Const::<5>).unwrap(), Laplace);
}

/// The decisions, values, losses and derivatives of scores so low that no noise makes up for them, bit for bit but where those
/// themselves count.
#[test]
fn low_scores_have_the_same_bits() {
    fn check<O: Oracle<f64>>(oracle: O, theta: &[f64], forbidden: &[usize]) {
        let dim = theta.len();
        let (mut not, mut low) = (theta.to_vec(), theta.to_vec());
        for &i in forbidden {
            (not[i], low[i]) = (NOT, -1e6);
        }
        let layer = Perturbed::new(oracle, Normal, 0.3).unwrap();
        let name = layer.oracle().properties().name;
        let (target, other) = (layer.decide(&low).unwrap().1, layer.sample(&low, Seed(33), 5).unwrap());
        let inside = layer.maximizer(&low, MonteCarlo::new(7, Seed(34))).unwrap();
        let decided = layer.decide(&not).unwrap();
        assert_eq!((decided.0, decided.1.as_ref()), (layer.decide(&low).unwrap().0, target.as_ref()));
        let how = MonteCarlo::new(150, Seed(35));
        for how in
            [how, how.leave_one_out(), how.antithetic(), how.quasi_random(), MonteCarlo::new(1, Seed(1))]
        {
            let all = (Value, Maximizer, FenchelYoung { target: other.as_ref() });
            let (found, want) =
                (layer.compute(&not, &all, how).unwrap(), layer.compute(&low, &all, how).unwrap());
            assert_eq!((found.0, found.1.as_ref()), (want.0, want.1.as_ref()), "{name} {how:?}");
            assert_eq!((found.2.0, found.2.1.as_ref()), (want.2.0, want.2.1.as_ref()), "{name} {how:?}");
            let without = FenchelYoungWithoutOmega { target: target.as_ref() };
            let (found, want) =
                (layer.compute(&not, &without, how).unwrap(), layer.compute(&low, &without, how).unwrap());
            assert_eq!((found.0, found.1.as_ref()), (want.0, want.1.as_ref()), "{name} {how:?}");
            let (found, want) = (layer.jacobian(&not, how).unwrap(), layer.jacobian(&low, how).unwrap());
            for (i, (&found, &want)) in found.as_ref().iter().zip(want.as_ref()).enumerate() {
                let counts = !forbidden.contains(&(i % dim));
                assert!(found == if counts { want } else { 0.0 }, "{name} {how:?} J[{i}]: {found} {want}");
            }
        }
        // Ω of a target inside is found to 10⁻⁶ε.
        let how = MonteCarlo::new(150, Seed(36));
        let [found, want] =
            [&not, &low].map(|theta| layer.fenchel_young(theta, inside.as_ref(), how).unwrap().loss);
        assert!((found - want).abs() < 2e-6 * 0.3, "{name}: {found} {want}");
        assert!(
            layer.fenchel_young(&not, layer.maximizer(&not, how).unwrap().as_ref(), how).unwrap().loss < 1e-6
        );
    }
    let graph = || Graph::new(Const::<5>, Const::<9>, &EDGES).unwrap();
    let scores: Vec<f64> = (0..16).map(|i| f64::from((i * 37 + 11) % 17) / 10.0 - 0.8).collect();
    let costs: Vec<f64> = scores.iter().map(|x| x - 1.2).collect();
    check(Simplex::new(Const::<5>).unwrap(), &scores[..5], &[1, 4]);
    check(TopK::new(Const::<5>, 2).unwrap(), &scores[..5], &[0, 3]);
    check(Assignment::new(Rect::<4, 4>).unwrap(), &scores, &[0, 1, 6, 11]);
    check(Assignment::new(Rect::<4, 4>).unwrap().with_warm_start(), &scores, &[0, 1, 6, 11]);
    check(Assignment::new(Rect::<2, 4>).unwrap(), &scores[..8], &[0, 1, 6]);
    check(Assignment::new(Rect::<4, 2>).unwrap(), &scores[..8], &[0, 1, 6]);
    check(DagPath::new(graph(), 0, 4).unwrap(), &scores[..9], &[0, 7]);
    check(SpanningTree::new(graph()).unwrap(), &scores[..9], &[0, 7]);
    check(ShortestPath::new(graph(), 0, 4).unwrap(), &costs[..9], &[0, 7]);
    check(GridPath::new(Rect::<4, 4>, Neighbours::Eight).unwrap(), &costs, &[1, 5, 10]);
    check(GridPath::new(Rect::<4, 4>, Neighbours::Four).unwrap(), &costs, &[1, 5, 10]);
}

/// The instance is refused, whatever is asked, before a sample is drawn.
#[test]
fn nothing_left_is_an_error_by_name() {
    fn check<O: Oracle<f32>>(oracle: O, forbidden: &[usize]) {
        let mut theta = vec![-1.0f32; oracle.shape().dim()];
        for &i in forbidden {
            theta[i] = f32::NEG_INFINITY;
        }
        let layer = Perturbed::new(oracle, Normal, 1.0).unwrap();
        let because = "every decision has a forbidden entry";
        let error = Some(Error::Solver { sample: None, because });
        for samples in [1, 40] {
            let how = MonteCarlo::new(samples, Seed(37));
            assert_eq!(layer.maximizer(&theta, how).err(), error, "{}", layer.oracle().properties().name);
            assert_eq!(layer.value(&theta, how).err(), error);
            assert_eq!(layer.vjp(&theta, &theta, how).err(), error);
        }
        assert_eq!(layer.decide(&theta).err(), error);
        let mut y = layer.oracle().shape().array(0.0);
        let solved = layer.oracle().solve(&theta, y.as_mut(), &mut layer.oracle().work());
        assert_eq!(solved, Err(because));
    }
    let graph = || Graph::new(Const::<5>, Const::<9>, &EDGES).unwrap();
    check(Simplex::new(Const::<3>).unwrap(), &[0, 1, 2]);
    check(TopK::new(Const::<5>, 3).unwrap(), &[0, 2, 4]);
    check(Assignment::new(Rect::<3, 3>).unwrap(), &[0, 1, 3, 4, 6]);
    check(Assignment::new(Rect::<20, 20>).unwrap(), &(0..20).map(|i| 20 * i + 7).collect::<Vec<_>>());
    check(Assignment::new(Rect::<3, 17>).unwrap(), &(17..34).collect::<Vec<_>>());
    check(Assignment::new(Rect::<4, 2>).unwrap(), &[0, 1, 2, 3, 4, 6]);
    check(DagPath::new(graph(), 0, 4).unwrap(), &[6, 7, 8]);
    check(ShortestPath::new(graph(), 0, 4).unwrap(), &[0, 1, 2]);
    check(SpanningTree::new(graph()).unwrap(), &[6, 7, 8]);
    for neighbours in [Neighbours::Four, Neighbours::Eight] {
        for wall in [&[3, 4, 5][..], &[0], &[8]] {
            check(GridPath::new(Rect::<3, 3>, neighbours).unwrap(), wall);
        }
    }
}
