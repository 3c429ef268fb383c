//! Curves over one horizontal axis.

use perturb_benches::markdown::{table, three_digits};
use perturb_experiments::report::{LinePlot, Point, ReportError, Series};

/// What was measured at one place of a curve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// The size that grows.
    pub(crate) x: usize,
    /// The quantity: the median of the repetitions.
    pub(crate) y: f64,
    /// The least of the repetitions.
    pub(crate) least: f64,
    /// The largest.
    pub(crate) largest: f64,
}

/// A named curve.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) points: Vec<Measured>,
}

/// Curves that belong together.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The name of the file and in tables.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) x_label: &'static str,
    /// With its unit.
    pub(crate) y_label: &'static str,
    pub(crate) curves: Vec<Curve>,
    /// Whether the quantity grows like a power of the size.
    pub(crate) power: bool,
}

/// The slope of the line through points (ln x, ln y), by least squares.
pub(crate) fn slope(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<_> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let mean = |f: fn(&(f64, f64)) -> f64| logs.iter().map(f).sum::<f64>() / logs.len() as f64;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let covariance: f64 = logs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    covariance / logs.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}

impl Group {
    /// The sizes of all curves, ascending.
    fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<_> = self.curves.iter().flat_map(|c| &c.points).map(|point| point.x).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// A heading and a table: sizes down, curves across, and last, where costs grow like a power, the exponents of
    /// the upper halves.
    pub(crate) fn markdown(&self) -> String {
        let at = |curve: &Curve, x: usize| {
            let found = curve.points.iter().find(|point| point.x == x);
            three_digits(found.map_or(f64::NAN, |point| point.y))
        };
        let row = |x: usize| {
            let cells = self.curves.iter().map(|curve| at(curve, x));
            std::iter::once(x.to_string()).chain(cells).collect::<Vec<_>>()
        };
        let exponent = |curve: &Curve| {
            let half = &curve.points[curve.points.len() / 2..];
            let points: Vec<_> = half.iter().map(|point| (point.x as f64, point.y)).collect();
            format!("{:.2}", slope(&points))
        };
        let mut rows: Vec<_> = self.sizes().into_iter().map(row).collect();
        if self.power {
            let cells = self.curves.iter().map(exponent);
            rows.push(std::iter::once("exponent, upper half".to_owned()).chain(cells).collect());
        }
        let head: Vec<_> = std::iter::once(self.x_label)
            .chain(self.curves.iter().map(|curve| curve.name.as_str()))
            .collect();
        format!("#### {}\n\n{}:\n\n{}", self.title, self.y_label, table(&head, &rows))
    }

    /// The picture.
    pub(crate) fn plot(&self) -> Result<String, ReportError> {
        let series = self.curves.iter().map(|curve| {
            let points =
                curve.points.iter().map(|point| Point { x: point.x as f64, y: point.y, spread: 0.0 });
            Series { name: curve.name.clone(), points: points.collect(), ..Series::default() }
        });
        let sizes = self.sizes();
        let plot = LinePlot {
            title: self.title.into(),
            x_label: self.x_label.into(),
            y_label: self.y_label.into(),
            // Ticks stand at powers of ten.
            log_x: sizes.last() >= sizes.first().map(|least| 10 * least).as_ref(),
            log_y: true,
            series: series.collect(),
            ..LinePlot::default()
        };
        Ok(plot.draw()?.as_str().to_owned())
    }
}

/// One line per point.
pub(crate) fn csv(groups: &[Group]) -> String {
    let mut text = String::from("group,curve,quantity,x,y,min,max\n");
    for group in groups {
        for curve in &group.curves {
            for Measured { x, y, least, largest } in &curve.points {
                text.extend([format!(
                    "{},\"{}\",\"{}\",{x},{y:.4},{least:.4},{largest:.4}\n",
                    group.name, curve.name, group.y_label
                )]);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::slope;

    #[test]
    fn powers_have_their_slope() {
        let points: Vec<_> = (1..6).map(|x| (f64::from(x), 3.0 * f64::from(x).powf(1.5))).collect();
        assert!((slope(&points) - 1.5).abs() < 1e-12);
    }
}
