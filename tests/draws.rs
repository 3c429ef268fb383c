//! The first draws of each noise as exact bits. A change is *Value-breaking*.

use perturb::{Gumbel, Laplace, Logistic, Noise, Normal, Real, Seed};

/// The first three draws of stream 0 of seed 42, as a vector of three.
fn first<T: Real>(noise: impl Noise<T>) -> [T; 3] {
    let mut z = [T::ZERO; 3];
    noise.fill(&mut Seed(42).stream(0), &mut z);
    z
}

#[test]
fn single_precision_draws_have_golden_bits() {
    let found = [first(Gumbel), first(Normal), first(Logistic), first(Laplace)].map(|z| z.map(f32::to_bits));
    assert_eq!(found, [[0; 3]; 4], "{found:#010X?}");
}

#[test]
fn double_precision_draws_have_golden_bits() {
    let found = [first(Gumbel), first(Normal), first(Logistic), first(Laplace)].map(|z| z.map(f64::to_bits));
    assert_eq!(found, [[0; 3]; 4], "{found:#018X?}");
}

/// `sample` is the first draw of `fill`, and a longer vector starts with the shorter one's pairs.
#[test]
fn sample_is_the_first_draw() {
    fn check<T: Real>(noise: impl Noise<T>) {
        let mut z = [T::ZERO; 6];
        noise.fill(&mut Seed(42).stream(7), &mut z);
        assert_eq!(noise.sample(&mut Seed(42).stream(7)), z[0]);
        let mut pair = [T::ZERO; 2];
        noise.fill(&mut Seed(42).stream(7), &mut pair);
        assert_eq!(pair, z[..2]);
    }
    check::<f32>(Gumbel);
    check::<f64>(Gumbel);
    check::<f32>(Normal);
    check::<f64>(Normal);
    check::<f32>(Logistic);
    check::<f64>(Logistic);
    check::<f32>(Laplace);
    check::<f64>(Laplace);
}
