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

/// The mean, without overflow on the way.
pub(crate) fn mean<T: Real>(x: &[T]) -> T {
    let count = T::from_usize(x.len().max(1));
    x.iter().map(|&x| x / count).sum()
}

/// Subtracts the mean.
pub(crate) fn center<T: Real>(x: &mut [T]) {
    let mean = mean(x);
    for x in x {
        *x -= mean;
    }
}

/// The largest magnitude; 0 of none.
pub(crate) fn largest_magnitude<T: Real>(x: &[T]) -> T {
    x.iter().fold(T::ZERO, |most, x| most.larger(x.abs()))
}
