//! Squares side by side, each under its title.

use std::fmt::Write;

use super::colour::{GROUND, TEXT, hex};
use super::svg::wrap;
use super::{Svg, escape};

const WIDTH: usize = 480;
const ACROSS: usize = 2;
/// The side of a square.
pub(super) const SIDE: usize = 216;
const GAP: usize = 24;
const LINE: usize = 20;
/// Characters that fit above one square.
const TITLE_CHARACTERS: usize = 27;

/// Squares of one picture, two in a row, 480 pixels wide.
pub(super) struct Panels<'a> {
    /// The title of the whole picture; screen readers read it, and it is not drawn.
    pub(super) title: &'a str,
    /// The kind of picture.
    pub(super) kind: &'a str,
    /// The titles of the squares.
    pub(super) titles: Vec<&'a str>,
    /// Room below each square.
    pub(super) below: usize,
}

impl Panels<'_> {
    /// The picture; `draw` draws square i from its top left corner, into what `shared` begins.
    pub(super) fn draw(
        &self,
        shared: &str,
        records: Vec<Vec<String>>,
        mut draw: impl FnMut(usize, (usize, usize), &mut String) -> std::fmt::Result,
    ) -> Svg {
        let titles: Vec<Vec<String>> =
            self.titles.iter().map(|title| wrap(title, TITLE_CHARACTERS)).collect();
        let title = LINE * titles.iter().map(Vec::len).max().unwrap_or(0) + 6;
        let row = title + SIDE + self.below + GAP;
        let height = titles.len().div_ceil(ACROSS).max(1) * row - GAP + 6;
        let mut svg = format!(
            "<svg width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\" font-size=\"15\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"{}\"/>\n{shared}",
            hex(GROUND.light)
        );
        for (number, lines) in titles.iter().enumerate() {
            let (x, y) = (number % ACROSS * (SIDE + GAP) + GAP / 2, number / ACROSS * row);
            // Writing to a string cannot fail.
            let _ = write_text(&mut svg, lines, x, y);
            let _ = draw(number, (x, y + title), &mut svg);
        }
        svg.push_str("</svg>\n");
        Svg::new(self.title, &format!("{}: {}.", self.kind, self.titles.join("; ")), &svg, records)
    }
}

/// Lines of a title, from the top left corner.
fn write_text(svg: &mut String, lines: &[String], x: usize, y: usize) -> std::fmt::Result {
    for (i, line) in lines.iter().enumerate() {
        let y = y + LINE * (i + 1) - 4;
        writeln!(svg, "<text x=\"{x}\" y=\"{y}\" fill=\"{}\">{}</text>", hex(TEXT.light), escape(line))?;
    }
    Ok(())
}

/// The values of matrices of this many columns, one value a record.
pub(super) fn records<'a>(panels: impl Iterator<Item = (&'a str, usize, &'a [f64])>) -> Vec<Vec<String>> {
    let mut records = vec![["panel", "row", "column", "value"].map(String::from).to_vec()];
    for (title, columns, values) in panels {
        for (place, value) in values.iter().enumerate() {
            let (row, column) = (place / columns + 1, place % columns + 1);
            records.push(vec![title.to_owned(), row.to_string(), column.to_string(), value.to_string()]);
        }
    }
    records
}
