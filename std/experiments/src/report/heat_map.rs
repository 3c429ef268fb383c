//! Heat maps as self-contained SVG.

use std::fmt::Write;

use super::axis::tick;
use super::colour::{TEXT, hex};
use super::panels::{self, Panels, SIDE};
use super::{ReportError, Svg};

/// One matrix of a [`HeatMaps`] picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// The title of the matrix.
    pub title: String,
    /// The number of columns.
    pub columns: usize,
    /// The values, row by row.
    pub values: Vec<f64>,
    /// The values of the two ends of the colour scale.
    pub range: (f64, f64),
}

/// Matrices side by side, two in a row, each with its own range of one colour scale from light to dark.
///
/// ```
/// use perturb_experiments::report::{HeatMaps, Panel};
/// let panel = Panel { title: "first".into(), columns: 2, values: vec![0.0, 1.0, 2.0, 3.0], range: (0.0, 3.0) };
/// assert!(HeatMaps { title: "Costs".into(), panels: vec![panel] }.draw()?.as_str().starts_with("<svg"));
/// # Ok::<(), perturb_experiments::report::ReportError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMaps {
    /// The title of the whole picture; screen readers read it, and it is not drawn.
    pub title: String,
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
/// Room for the scale.
const LEGEND: usize = 30;

fn colour(share: f64) -> String {
    let place = share.clamp(0.0, 1.0) * (SCALE.len() - 1) as f64;
    let first = (place as usize).min(SCALE.len() - 2);
    let rest = place - first as f64;
    let channel = |i: usize| (SCALE[first][i] + rest * (SCALE[first + 1][i] - SCALE[first][i])).round() as u8;
    format!("#{:02x}{:02x}{:02x}", channel(0), channel(1), channel(2))
}

impl HeatMaps {
    /// Draws them, 480 pixels wide. Refuses matrices that are empty, ragged or not finite, and ranges without
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
        let titles = self.panels.iter().map(|panel| panel.title.as_str()).collect();
        let panels = Panels { title: &self.title, kind: "Heat maps", titles, below: LEGEND };
        let all = self.panels.iter().map(|panel| (panel.title.as_str(), panel.columns, &*panel.values));
        Ok(panels.draw("", panels::records(all), |i, (x, y), svg| match self.panels.get(i) {
            Some(panel) => panel.draw(x, y, svg),
            None => Ok(()),
        }))
    }
}

impl Panel {
    /// The matrix and its scale, from the top left corner.
    fn draw(&self, x: usize, y: usize, svg: &mut String) -> std::fmt::Result {
        let (low, high) = self.range;
        let rows = self.values.len() / self.columns;
        let cell = SIDE as f64 / self.columns.max(rows) as f64;
        svg.push_str("<g class=\"scale\">\n");
        for (place, value) in self.values.iter().enumerate() {
            let (left, top) = (
                x as f64 + (place % self.columns) as f64 * cell,
                y as f64 + (place / self.columns) as f64 * cell,
            );
            let fill = colour((value - low) / (high - low));
            // A little larger than the cell, or light seams show between neighbours.
            let size = cell + 0.3;
            writeln!(
                svg,
                "<rect x=\"{left:.2}\" y=\"{top:.2}\" width=\"{size:.2}\" height=\"{size:.2}\" fill=\"{fill}\"><title>{}</title></rect>",
                tick(*value)
            )?;
        }
        let (bar, below) = (SIDE / 2, y + SIDE + 8);
        let left = x + (SIDE - bar) / 2;
        for step in 0..bar {
            let fill = colour(step as f64 / (bar - 1) as f64);
            writeln!(
                svg,
                "<rect x=\"{}\" y=\"{below}\" width=\"1.3\" height=\"12\" fill=\"{fill}\"/>",
                left + step
            )?;
        }
        svg.push_str("</g>\n");
        let (text, fill) = (below + 11, hex(TEXT.light));
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\" fill=\"{fill}\">{low}</text>",
            left - 6
        )?;
        writeln!(svg, "<text x=\"{}\" y=\"{text}\" fill=\"{fill}\">{high}</text>", left + bar + 6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_csv_has_the_values() {
        let panel = Panel { title: "a, \"b\"".into(), columns: 2, values: vec![0.1, 2.0], range: (0.0, 2.0) };
        let svg = HeatMaps { title: "<T>".into(), panels: vec![panel] }.draw().unwrap();
        assert_eq!(svg.csv(), "panel,row,column,value\n\"a, \"\"b\"\"\",1,1,0.1\n\"a, \"\"b\"\"\",1,2,2\n");
        assert!(
            svg.as_str().contains("<title>&lt;T&gt;</title>")
                && svg.as_str().contains("a, &quot;b&quot;</text>")
        );
    }
}
