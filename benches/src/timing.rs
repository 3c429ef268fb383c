//! How calls are timed: repetitions of as many calls as fill 0.1 s, and their median.

use std::time::Instant;

/// What one repetition lasts at least, in seconds, unless a call is shorter than a microsecond.
pub const REPETITION: f64 = 0.1;

/// Seconds per call of each of `repetitions`, after three calls to warm up.
pub fn time(mut call: impl FnMut(), repetitions: usize) -> Vec<f64> {
    call();
    call();
    let start = Instant::now();
    call();
    let one = start.elapsed().as_secs_f64().max(1e-7);
    let calls = ((REPETITION / one) as usize).clamp(1, 100_000);
    let repetition = |_| {
        let start = Instant::now();
        for _ in 0..calls {
            call();
        }
        start.elapsed().as_secs_f64() / calls as f64
    };
    (0..repetitions).map(repetition).collect()
}

/// The middle of some numbers, or the mean of the two in the middle; NaN for none.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The least of some numbers; infinite for none.
pub fn least(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The largest of some numbers; infinite for none.
pub fn largest(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 3.0, 2.0])), (2.0, 2.5));
        assert!(median(&[]).is_nan());
    }
}
