//! Numbers as arguments, with their ranges. A number out of range is refused before any work, with exit code 2.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

fn parse<T: FromStr>(text: &str, fits: impl Fn(&T) -> bool, expected: impl Display) -> Result<T, String> {
    text.parse().ok().filter(fits).ok_or_else(|| format!("expected {expected}"))
}

fn count(text: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
    parse(
        text,
        |n| range.contains(n),
        format_args!("a whole number from {} to {}", range.start(), range.end()),
    )
}

/// A seed.
pub(crate) fn seed(text: &str) -> Result<u64, String> {
    parse(text, |_| true, format_args!("a whole number from 0 to {}", u64::MAX))
}

/// Samples per gradient, or 0.
pub(crate) fn samples(text: &str) -> Result<u32, String> {
    parse(text, |_| true, format_args!("a whole number from 0 to {}", u32::MAX))
}

/// Units of weight that a knapsack holds.
pub(crate) fn capacity(text: &str) -> Result<u32, String> {
    parse(text, |_| true, format_args!("a whole number from 0 to {}", u32::MAX))
}

/// Training runs to average over.
pub(crate) fn runs(text: &str) -> Result<u16, String> {
    parse(text, |&n| n > 0, format_args!("a whole number from 1 to {}", u16::MAX))
}

/// Rows, labels, steps or epochs, at least one, that fit into counters on any machine.
pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    count(text, 1..=1_000_000_000)
}

/// Training rows, one for each of five folds.
pub(crate) fn five_rows(text: &str) -> Result<usize, String> {
    count(text, 5..=1_000_000)
}

/// The degree of a polynomial.
pub(crate) fn degree(text: &str) -> Result<u32, String> {
    parse(text, |n| (1..=16).contains(n), "a whole number from 1 to 16")
}

/// Maps to generate.
pub(crate) fn maps(text: &str) -> Result<usize, String> {
    count(text, 1..=10_000)
}

/// Folds of cross-validation.
pub(crate) fn folds(text: &str) -> Result<usize, String> {
    count(text, 2..=1000)
}

/// Lines to skip.
pub(crate) fn lines(text: &str) -> Result<usize, String> {
    count(text, 0..=1_000_000_000)
}

/// What begins a line that is no row.
pub(crate) fn comment(text: &str) -> Result<char, String> {
    parse(
        text,
        |c: &char| c.is_ascii_punctuation() && !matches!(c, '"' | ',' | '-' | '.'),
        "one character such as # that begins no row",
    )
}

/// What separates cells.
pub(crate) fn separator(text: &str) -> Result<char, String> {
    let text = if matches!(text, "tab" | "\\t") { "\t" } else { text };
    parse(text, |c| [',', ';', '|', '\t'].contains(c), "one of , ; | and tab")
}

/// What stands before the fractions of numbers.
pub(crate) fn decimal(text: &str) -> Result<char, String> {
    parse(text, |c| ['.', ','].contains(c), "a point or a comma")
}

/// Worker threads.
pub(crate) fn threads(text: &str) -> Result<usize, String> {
    count(text, 1..=1024)
}

/// A finite number greater than 0.
pub(crate) fn positive<T>(text: &str) -> Result<T, String>
where
    T: FromStr + PartialOrd + Into<f64> + Copy,
{
    parse(text, |&x: &T| x.into() > 0.0 && x.into().is_finite(), "a finite number greater than 0")
}

/// A finite number of at least 0.
pub(crate) fn not_negative(text: &str) -> Result<f64, String> {
    parse(text, |x: &f64| *x >= 0.0 && x.is_finite(), "a finite number of at least 0")
}

/// A share of the rows, or a file of rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Validation {
    Share(f64),
    File(std::path::PathBuf),
}

impl Display for Validation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Share(share) => f.write_str(&perturb::data::text::shown(*share)),
            Self::File(file) => file.display().fmt(f),
        }
    }
}

/// A [`Validation`]: whatever is no number is a file.
pub(crate) fn validation(text: &str) -> Result<Validation, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(Validation::Share(share)),
        Ok(_) => Err("expected a number from 0 to less than 1, or a file".into()),
        Err(_) => Ok(Validation::File(text.into())),
    }
}

/// A number of seconds.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    parse(text, |x| (0.0..=1e9).contains(x), "a number of seconds from 0 to 1e9")
}
