//! Black boxes, and the losses that only solve.

use perturb::loss::{SpoPlus, interpolation_gradient};
use perturb::{BlackBox, Dyn, Oracle, Real, TopK};
use perturb_tests::vertices::{self, Tie, dot};
use perturb_tests::{reals, widened};

use crate::Source;

/// A list of points, solved by trying all: maximising, minimising costs, with an offset, and failing for negative first scores.
pub(super) fn black_box<T: Real>(source: &mut Source) {
    let (d, count) = (source.whole(1, 5), source.whole(1, 6));
    let points: Vec<Vec<f64>> =
        (0..count).map(|_| (0..d).map(|_| source.whole(0, 8) as f64 / 4.0 - 1.0).collect()).collect();
    let gains: Vec<f64> = (0..count).map(|_| source.whole(0, 8) as f64 / 4.0 - 1.0).collect();
    let theta = source.exact(d);
    let gain = |y: &[f64]| points.iter().position(|point| point == y).map_or(0.0, |i| gains[i]);
    let best = |score: &dyn Fn(&[f64]) -> f64| {
        points.iter().fold(None::<&Vec<f64>>, |best, point| match best {
            Some(best) if score(best) >= score(point) => Some(best),
            _ => Some(point),
        })
    };
    let write = |y: &mut [T], best: Option<&Vec<f64>>| y.copy_from_slice(&reals(best.expect("a point")));
    let plain = |theta: &[T], y: &mut [T]| write(y, best(&|point| dot(point, &widened(theta))));
    let minimum = |costs: &[T], y: &mut [T]| write(y, best(&|point| -dot(point, &widened(costs))));
    let with = |theta: &[T], y: &mut [T]| write(y, best(&|point| dot(point, &widened(theta)) + gain(point)));
    let offset = |y: &[T]| T::from_f64(gain(&widened(y)));
    let failing = |theta: &[T], y: &mut [T]| {
        plain(theta, y);
        if theta[0] < T::ZERO { Err("the first score is negative") } else { Ok(()) }
    };
    let most = |gain: &dyn Fn(&[f64]) -> f64| {
        points.iter().map(|point| dot(point, &theta) + gain(point)).fold(f64::NEG_INFINITY, f64::max)
    };
    assert_eq!(value(&BlackBox::new(Dyn(d), plain).unwrap(), &theta), Ok(most(&|_| 0.0)));
    assert_eq!(value(&BlackBox::new(Dyn(d), minimum).unwrap().minimizing(), &theta), Ok(most(&|_| 0.0)));
    let oracle = BlackBox::new(Dyn(d), with).unwrap().with_offset(offset);
    assert_eq!(value(&oracle, &theta), Ok(most(&gain)));
    let want = if theta[0] < 0.0 { Err("the first score is negative") } else { Ok(most(&|_| 0.0)) };
    assert_eq!(value(&BlackBox::fallible(Dyn(d), failing).unwrap(), &theta), want);
}

fn value<T: Real, O: Oracle<T>>(oracle: &O, theta: &[f64]) -> Result<f64, &'static str> {
    let (mut y, mut work) = (vec![T::ZERO; theta.len()], oracle.work());
    oracle.solve(&reals(theta), &mut y, &mut work).map(Real::to_f64)
}

/// SPO+, its regret, and interpolated gradients of top-k, by enumeration.
pub(super) fn losses<T: Real>(source: &mut Source) {
    let d = source.whole(1, 6);
    let k = source.whole(1, d);
    let (theta, truth, cotangent) = (source.exact(d), source.exact(d), source.exact(d));
    let lambda = source.pick(&[0.25, 1.0, 4.0]);
    let best = |theta: &[f64]| vertices::best(|each| vertices::top_k(d, k, each), theta, Tie::LowestIndex);
    let oracle = TopK::new(Dyn(d), k).unwrap();
    let known = SpoPlus::new(&oracle, &reals::<T>(&truth)).unwrap();
    let found = known.loss(&oracle, &reals::<T>(&theta)).unwrap();
    let reflected: Vec<f64> = theta.iter().zip(&truth).map(|(theta, truth)| 2.0 * theta - truth).collect();
    let ((hindsight, value), (ahead, most)) = (best(&truth), best(&reflected));
    assert_eq!(found.loss.to_f64(), most - 2.0 * dot(&hindsight[..d], &theta) + value, "{theta:?} {truth:?}");
    for (i, gradient) in widened(&found.gradient).into_iter().enumerate() {
        assert_eq!(gradient, 2.0 * (ahead[i] - hindsight[i]), "{theta:?} {truth:?}");
    }
    let decided = best(&theta).0;
    let regret = known.regret(&oracle, &reals::<T>(&theta)).unwrap();
    assert_eq!(regret.to_f64(), value - dot(&decided[..d], &truth), "{theta:?} {truth:?}");
    let moved: Vec<f64> = theta.iter().zip(&cotangent).map(|(theta, g)| theta - lambda * g).collect();
    let other = best(&moved).0;
    let gradient =
        interpolation_gradient(&oracle, &reals::<T>(&theta), &reals::<T>(&cotangent), T::from_f64(lambda));
    for (i, gradient) in widened(&gradient.unwrap()).into_iter().enumerate() {
        assert_eq!(gradient, (decided[i] - other[i]) / lambda, "{theta:?} {cotangent:?}");
    }
}
