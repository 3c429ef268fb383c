//! The ranges of axes, and the numbers at their ticks.

use std::ops::Range;

use super::plot::{drawn, spread};
use super::{LinePlot, ReportError};

/// The largest magnitude that is drawn, and the inverse of the least on a logarithmic axis.
const LARGEST: f64 = 1e100;

impl LinePlot {
    /// The ranges of both axes, never empty.
    pub(super) fn ranges(&self) -> Result<(Range<f64>, Range<f64>), ReportError> {
        let refuse = |expected, found: f64| {
            Err(ReportError::Plot { title: self.title.clone(), expected, found: tick(found) })
        };
        let (mut x, mut y) = (f64::INFINITY..f64::NEG_INFINITY, f64::INFINITY..f64::NEG_INFINITY);
        let grow = |range: &mut Range<f64>, value: f64| {
            *range = range.start.min(value)..range.end.max(value);
        };
        for point in self.series.iter().flat_map(|series| &series.points).filter(|point| drawn(point)) {
            if self.log_x && point.x < 1.0 / LARGEST {
                return refuse("x greater than 0 on a logarithmic axis", point.x);
            }
            if self.log_y && point.y - spread(point) < 1.0 / LARGEST {
                return refuse("y greater than its spread on a logarithmic axis", point.y);
            }
            for value in [point.x, point.y, point.spread] {
                if value.abs() > LARGEST {
                    return refuse("numbers up to 1e100", value);
                }
            }
            grow(&mut x, point.x);
            if self.bars {
                grow(&mut x, point.x - self.step() / 2.0);
                grow(&mut x, point.x + self.step() / 2.0);
                grow(&mut y, 0.0);
            }
            grow(&mut y, point.y - spread(point));
            grow(&mut y, point.y + spread(point));
        }
        if x.start > x.end {
            return refuse("at least one finite point", f64::NAN);
        }
        // Room around the lines, and a range wide enough to be counted through in ticks.
        let widen = |range: Range<f64>, share: f64| {
            let magnitude = range.start.abs().max(range.end.abs());
            // A constant gets ticks that differ in their first digits.
            let least = magnitude * if range.start < range.end { 1e-6 } else { 0.1 };
            let least = if magnitude > 0.0 { least } else { 1.0 };
            let room = ((range.end - range.start) * share).max(least);
            range.start - room..range.end + room
        };
        let x = if !self.log_x {
            widen(x, 0.02)
        } else if x.end / x.start < 1.1 {
            x.start / 2.0..x.end * 2.0
        } else {
            let room = (x.end / x.start).powf(0.02);
            x.start / room..x.end * room
        };
        let y = if self.log_y {
            // Whole decades: ticks are at powers of ten.
            let decade = |y: f64, round: fn(f64) -> f64| 10.0f64.powf(round(y.log10()));
            let (start, end) = (decade(y.start, f64::floor), decade(y.end, f64::ceil));
            if start < end { start..end } else { start / 10.0..end * 10.0 }
        } else {
            // A line at 0 is a quantity that might have been larger, such as a share.
            widen(if y == (0.0..0.0) { 0.0..1.0 } else { y }, 0.05)
        };
        Ok((x, y))
    }
}

/// A number at a tick: short, without the dust of binary fractions.
pub(super) fn tick(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude < 1e-12 {
        return "0".into();
    }
    if !(1e-3..1e5).contains(&magnitude) {
        let digits = format!("{value:.3e}");
        let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
        return format!("{}e{exponent}", mantissa.trim_end_matches('0').trim_end_matches('.'));
    }
    format!("{value:.6}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_short() {
        let all = [0.1 + 0.2, 0.0, -1e-17, 1000.0, 1e5, 1.5e-4, -2.0, 1e100].map(tick);
        assert_eq!(all, ["0.3", "0", "0", "1000", "1e5", "1.5e-4", "-2", "1e100"]);
    }
}
