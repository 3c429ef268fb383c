//! Cells marked on an image, as self-contained SVG.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use perturb::data::Digest;

use super::panels::{self, Panels, SIDE};
use super::{ReportError, Svg};

/// One copy of the image with marked cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlay {
    /// The title of the copy.
    pub title: String,
    /// The number of columns of cells; cells are as high as wide.
    pub columns: usize,
    /// How strongly each cell is marked, from 0 to 1, row by row; empty for the image alone.
    pub values: Vec<f64>,
}

/// Copies of one square image side by side, two in a row, each with marked cells.
///
/// ```
/// use perturb_experiments::report::{Overlay, Overlays};
/// let path = Overlay { title: "path".into(), columns: 2, values: vec![1.0, 0.0, 0.0, 1.0] };
/// let picture = Overlays { title: "A map".into(), side: 4, pixels: vec![90; 3 * 4 * 4], overlays: vec![path] };
/// assert!(picture.draw()?.as_str().contains("data:image/png"));
/// # Ok::<(), perturb_experiments::report::ReportError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlays {
    /// The title of the whole picture; screen readers read it, and it is not drawn.
    pub title: String,
    /// The number of rows and of columns of pixels.
    pub side: usize,
    /// Red, green and blue of each pixel, row by row.
    pub pixels: Vec<u8>,
    /// The copies.
    pub overlays: Vec<Overlay>,
}

/// The colour of marks, which differs from the colours of terrain; marks differ by opacity alone.
const MARK: &str = "#FF2FD0";

impl Overlays {
    /// Draws them, 480 pixels wide. Refuses images that are not square, cells that are, and values outside \[0, 1\].
    pub fn draw(&self) -> Result<Svg, ReportError> {
        let fault = |title: &str, expected, found: String| {
            Err(ReportError::Plot { title: title.to_owned(), expected, found })
        };
        let Some(png) = self.png() else {
            let found = format!("{} bytes for a side of {}", self.pixels.len(), self.side);
            return fault(&self.title, "three bytes a pixel of a square image", found);
        };
        for Overlay { title, columns, values } in &self.overlays {
            if !values.is_empty() && columns.checked_mul(*columns) != Some(values.len()) {
                let found = format!("{} values in {columns} columns", values.len());
                return fault(title, "as many rows of cells as columns", found);
            }
            if let Some(value) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
                return fault(title, "values from 0 to 1", value.to_string());
            }
        }
        // Pages hold several pictures, and equal names mean equal images.
        let mut digest = Digest::new(&[], []);
        digest.update(&self.pixels);
        let name = format!("image-{:016x}", digest.finalize());
        let shared = format!(
            "<defs><image id=\"{name}\" width=\"{SIDE}\" height=\"{SIDE}\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/></defs>\n",
            STANDARD.encode(png)
        );
        let titles = self.overlays.iter().map(|overlay| overlay.title.as_str()).collect();
        let panels = Panels { title: &self.title, kind: "Cells marked on an image", titles, below: 0 };
        let all =
            self.overlays.iter().map(|overlay| (overlay.title.as_str(), overlay.columns, &*overlay.values));
        Ok(panels.draw(&shared, panels::records(all), |i, (x, y), svg| {
            writeln!(svg, "<use href=\"#{name}\" x=\"{x}\" y=\"{y}\"/>")?;
            self.overlays.get(i).map_or(Ok(()), |overlay| overlay.draw(x, y, svg))
        }))
    }

    fn png(&self) -> Option<Vec<u8>> {
        let side = u32::try_from(self.side).ok()?;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, side, side);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header().ok()?.write_image_data(&self.pixels).ok()?;
        Some(bytes)
    }
}

impl Overlay {
    /// The marks of cells, from the top left corner.
    fn draw(&self, x: usize, y: usize, svg: &mut String) -> std::fmt::Result {
        let cell = SIDE as f64 / self.columns.max(1) as f64;
        for (place, value) in self.values.iter().enumerate().filter(|(_, value)| **value > 0.0) {
            let left = x as f64 + (place % self.columns) as f64 * cell;
            let top = y as f64 + (place / self.columns) as f64 * cell;
            // Marks leave a seam, so that the map shows between them, and the strongest let it shine through.
            writeln!(
                svg,
                "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{:.2}\" rx=\"3\" fill=\"{MARK}\" \
                 fill-opacity=\"{:.2}\"/>",
                left + 1.0,
                top + 1.0,
                cell - 2.0,
                cell - 2.0,
                0.75 * value
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_refused() {
        let draw = |side, bytes, columns, values: &[f64]| {
            let overlay = Overlay { title: "path".into(), columns, values: values.to_vec() };
            let overlays =
                Overlays { title: "map".into(), side, pixels: vec![0; bytes], overlays: vec![overlay] };
            overlays.draw().map(|svg| svg.csv().to_owned()).map_err(|error| error.to_string())
        };
        let csv = "panel,row,column,value\npath,1,1,0\npath,1,2,0.5\npath,2,1,1\npath,2,2,0\n";
        assert_eq!(draw(2, 12, 2, &[0.0, 0.5, 1.0, 0.0]), Ok(csv.into()));
        assert_eq!(draw(2, 12, 0, &[]), Ok("panel,row,column,value\n".into()));
        for (side, bytes) in [(0, 0), (2, 11), (usize::MAX, 12)] {
            let message = draw(side, bytes, 2, &[0.0; 4]).unwrap_err();
            assert!(message.contains("expected three bytes a pixel of a square image"), "{message}");
        }
        assert!(draw(2, 12, 3, &[0.0; 4]).unwrap_err().contains("4 values in 3 columns"));
        assert!(draw(2, 12, usize::MAX, &[0.0; 4]).unwrap_err().contains("rows of cells"));
        for value in [-0.1, 1.1, f64::NAN] {
            assert!(draw(2, 12, 1, &[value]).unwrap_err().contains("from 0 to 1"));
        }
    }
}
