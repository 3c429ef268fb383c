//! Heat maps as self-contained SVG.

use std::fmt::Write;

use super::{ReportError, Svg, escape};

/// One matrix of a [`HeatMaps`] picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// The number of columns.
    pub columns: usize,
    /// The values, row by row.
    pub values: Vec<f64>,
    /// The values of the two ends of the colour scale.
    pub range: (f64, f64),
}

/// Matrices side by side, three in a row, each with its own range of one colour scale from light to dark.
///
/// ```
/// use perturb::report::{HeatMaps, Panel};
/// let panel = Panel { title: "costs".into(), columns: 2, values: vec![0.0, 1.0, 2.0, 3.0], range: (0.0, 3.0) };
/// assert!(HeatMaps { panels: vec![panel] }.draw()?.as_str().starts_with("<svg"));
/// # Ok::<(), perturb::report::ReportError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMaps {
    /// The matrices.
    pub panels: Vec<Panel>,
}

/// Lightness falls evenly from end to end, so that the order survives grey printing and any colour vision.
const SCALE: [[f64; 3]; 5] = [
    [255.0, 250.0, 225.0],
    [250.0, 200.0, 110.0],
    [215.0, 115.0, 80.0],
    [135.0, 50.0, 100.0],
    [40.0, 15.0, 70.0],
];
const WIDTH: usize = 600;
const ACROSS: usize = 3;
const SIDE: usize = 184;
const GAP: usize = 16;
const TITLE: usize = 24;
const LEGEND: usize = 30;

fn colour(share: f64) -> String {
    let place = share.clamp(0.0, 1.0) * (SCALE.len() - 1) as f64;
    let first = (place as usize).min(SCALE.len() - 2);
    let rest = place - first as f64;
    let channel = |i: usize| (SCALE[first][i] + rest * (SCALE[first + 1][i] - SCALE[first][i])).round() as u8;
    format!("#{:02x}{:02x}{:02x}", channel(0), channel(1), channel(2))
}

impl HeatMaps {
    /// Draws them on white, 600 pixels wide. Refuses matrices that are empty, ragged or not finite, and ranges without
    /// extent.
    pub fn draw(&self) -> Result<Svg, ReportError> {
        for Panel { title, columns, values, range } in &self.panels {
            let fault =
                |expected, found: String| Err(ReportError::Plot { title: title.clone(), expected, found });
            if *columns == 0 || values.is_empty() || !values.len().is_multiple_of(*columns) {
                return fault("whole rows", format!("{} values in {columns} columns", values.len()));
            }
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return fault("finite numbers", value.to_string());
            }
            if !(range.1 - range.0 > 0.0 && (range.1 - range.0).is_finite()) {
                return fault("a range with its lower end first", format!("{range:?}"));
            }
        }
        let lines = self.panels.len().div_ceil(ACROSS).max(1);
        let line = TITLE + SIDE + LEGEND + GAP;
        let mut svg = format!(
            "<svg width=\"{WIDTH}\" height=\"{}\" viewBox=\"0 0 {WIDTH} {}\" xmlns=\"http://www.w3.org/2000/svg\" \
             font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n",
            lines * line,
            lines * line
        );
        for (number, panel) in self.panels.iter().enumerate() {
            let (x, y) = (number % ACROSS * (SIDE + GAP) + GAP / 2, number / ACROSS * line);
            // Writing to a string cannot fail.
            let _ = panel.draw(x, y, &mut svg);
        }
        svg.push_str("</svg>\n");
        Ok(Svg(svg))
    }
}

impl Panel {
    fn draw(&self, x: usize, y: usize, svg: &mut String) -> std::fmt::Result {
        let (low, high) = self.range;
        let rows = self.values.len() / self.columns;
        let cell = SIDE as f64 / self.columns.max(rows) as f64;
        writeln!(svg, "<text x=\"{x}\" y=\"{}\">{}</text>", y + TITLE - 7, escape(&self.title))?;
        for (place, value) in self.values.iter().enumerate() {
            let (left, top) = (
                x as f64 + (place % self.columns) as f64 * cell,
                (y + TITLE) as f64 + (place / self.columns) as f64 * cell,
            );
            let fill = colour((value - low) / (high - low));
            // A little larger than the cell, or light seams show between neighbours.
            writeln!(
                svg,
                "<rect x=\"{left:.2}\" y=\"{top:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"{fill}\"/>",
                cell + 0.3,
                cell + 0.3
            )?;
        }
        let (bar, below) = (SIDE / 2, y + TITLE + SIDE + 8);
        let left = x + (SIDE - bar) / 2;
        for step in 0..bar {
            let fill = colour(step as f64 / (bar - 1) as f64);
            writeln!(
                svg,
                "<rect x=\"{}\" y=\"{below}\" width=\"1.3\" height=\"12\" fill=\"{fill}\"/>",
                left + step
            )?;
        }
        let text = below + 11;
        writeln!(svg, "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{low}</text>", left - 5)?;
        writeln!(svg, "<text x=\"{}\" y=\"{text}\">{high}</text>", left + bar + 5)
    }
}
