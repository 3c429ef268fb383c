//! Loops over vectors, summed from the first entry to the last.

use crate::Real;

/// ⟨a, b⟩.
pub(crate) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut sum = T::ZERO;
    for (&a, &b) in a.iter().zip(b) {
        sum += a * b;
    }
    sum
}

/// The first `count` of `x`, or none.
pub(crate) fn cut<X>(x: &mut [X], count: usize) -> &mut [X] {
    x.get_mut(..count).unwrap_or_default()
}

/// ⟨y, θ⟩, where θ may be −∞ if y is 0: there 0·−∞ is 0.
pub(crate) fn value<T: Real>(y: &[T], theta: &[T]) -> T {
    let sum = dot(y, theta);
    if sum.is_finite() { sum } else { products(y, theta).sum() }
}

/// The terms of ⟨y, θ⟩ where y is not 0.
fn products<'a, T: Real>(y: &'a [T], theta: &'a [T]) -> impl Iterator<Item = T> + 'a {
    y.iter().zip(theta).filter(|(y, _)| !y.is_zero()).map(|(&y, &theta)| y * theta)
}

/// A sum of more digits than its terms have: what rounding loses is summed as well (Knuth 1969).
#[derive(Clone, Copy)]
pub(crate) struct Sum<T> {
    total: T,
    lost: T,
}

impl<T: Real> Sum<T> {
    pub(crate) const ZERO: Self = Self { total: T::ZERO, lost: T::ZERO };

    #[inline(always)]
    pub(crate) fn add(&mut self, x: T) {
        let sum = self.total + x;
        let of_x = sum - self.total;
        self.lost += (self.total - (sum - of_x)) + (x - of_x);
        self.total = sum;
    }
    #[inline(always)]
    pub(crate) fn value(self) -> T {
        // What an infinite sum has lost is no number.
        if self.total.is_finite() { self.total + self.lost } else { self.total }
    }
}

/// Terms that are added plainly: a [`Sum`] of such sums costs hardly more than they do.
const PLAIN: usize = 16;

/// A [`Sum`] of sums of sixteen terms, or a few more.
pub(crate) struct LongSum<T> {
    sum: Sum<T>,
    part: T,
    terms: usize,
}

impl<T: Real> LongSum<T> {
    pub(crate) const ZERO: Self = Self { sum: Sum::ZERO, part: T::ZERO, terms: 0 };

    /// Adds `terms`, which are a sixteen or a divisor of it in number, but for the last of all.
    #[inline(always)]
    pub(crate) fn add(&mut self, terms: &[T]) {
        self.add_plainly(terms);
        self.close(terms.len());
    }
    #[inline(always)]
    pub(crate) fn add_plainly(&mut self, terms: &[T]) {
        for &x in terms {
            self.part += x;
        }
    }
    /// After `count` more terms: a sum of sixteen or more is complete.
    #[inline(always)]
    pub(crate) fn close(&mut self, count: usize) {
        self.terms += count;
        if self.terms >= PLAIN {
            self.sum.add(self.part);
            (self.part, self.terms) = (T::ZERO, 0);
        }
    }
    #[inline(always)]
    pub(crate) fn value(self) -> T {
        let total = self.sum.total + self.part;
        if total.is_finite() { total + self.sum.lost } else { total }
    }
}

/// Σ x, as a [`Sum`].
pub(crate) fn sum<T: Real>(x: impl IntoIterator<Item = T>) -> T {
    let mut sum = Sum::ZERO;
    for x in x {
        sum.add(x);
    }
    sum.value()
}

/// ⟨y, θ⟩ as a [`Sum`], where θ may be −∞ if y is 0.
pub(crate) fn inner<T: Real>(y: &[T], theta: &[T]) -> T {
    let sum = sum(y.iter().zip(theta).map(|(&y, &theta)| y * theta));
    if sum.is_finite() { sum } else { self::sum(products(y, theta)) }
}

/// ⟨y, θ⟩ of zeros and ones; infinite scores where y is 0 do no harm.
pub(crate) fn total<T: Real>(theta: &[T], y: &[T]) -> T {
    let mut sum = T::ZERO;
    for (&score, &y) in theta.iter().zip(y) {
        // Not `if !y.is_zero() { sum += score }`: a choice between sums would wait for them.
        sum += if y.is_zero() { T::ZERO } else { score };
    }
    sum
}

/// a += b.
pub(crate) fn add<T: Real>(a: &mut [T], b: &[T]) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a += b;
    }
}

/// a += b, and lost += what the rounding of that sum has lost (Knuth 1969): a + lost is the sum of all that was merged, to
/// twice the digits, however many parts there are.
pub(crate) fn merge<T: Real>(a: &mut [T], b: &[T], lost: &mut [T]) {
    for ((a, &b), lost) in a.iter_mut().zip(b).zip(lost) {
        let sum = *a + b;
        let of_b = sum - *a;
        *lost += (*a - (sum - of_b)) + (b - of_b);
        *a = sum;
    }
}

/// a −= b.
pub(crate) fn subtract<T: Real>(a: &mut [T], b: &[T]) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a -= b;
    }
}

/// a += w·b.
pub(crate) fn add_scaled<T: Real>(a: &mut [T], w: T, b: &[T]) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a += w * b;
    }
}

/// a = b, as far as both reach.
pub(crate) fn copy<T: Copy>(a: &mut [T], b: &[T]) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a = b;
    }
}

/// a /= by.
pub(crate) fn divide<T: Real>(a: &mut [T], by: T) {
    for a in a {
        *a /= by;
    }
}

/// The mean, without overflow on the way; of the finite ones, if there are others.
pub(crate) fn mean<T: Real>(x: &[T]) -> T {
    let count = T::from_usize(x.len().max(1));
    let mean: T = x.iter().map(|&x| x / count).sum();
    if mean.is_finite() {
        return mean;
    }
    let finite = || x.iter().filter(|x| x.is_finite());
    let count = T::from_usize(finite().count().max(1));
    finite().map(|&x| x / count).sum()
}

/// Subtracts the mean.
pub(crate) fn center<T: Real>(x: &mut [T]) {
    let mean = mean(x);
    for x in x {
        *x -= mean;
    }
}

/// ‖x‖, without overflow on the way.
pub(crate) fn norm<T: Real>(x: &[T]) -> T {
    let most = largest_magnitude(x);
    if most.is_zero() {
        return T::ZERO;
    }
    most * x.iter().map(|&x| (x / most) * (x / most)).sum::<T>().sqrt()
}

/// The largest magnitude; 0 of none.
pub(crate) fn largest_magnitude<T: Real>(x: &[T]) -> T {
    x.iter().fold(T::ZERO, |most, x| most.larger(x.abs()))
}
