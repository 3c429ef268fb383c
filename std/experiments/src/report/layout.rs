//! Text around the axes of a plot. Its widths are estimates: which font a reader has is not known here.

use super::LinePlot;
use super::svg::wrap;

/// The height of a line of text.
pub(super) const LINE: u32 = 24;
/// Characters of the title and of other text that fit into the width.
const TITLE_CHARACTERS: usize = 48;
pub(super) const LABEL_CHARACTERS: usize = 52;
/// The number of characters in an entry of the legend, in two columns and in one.
const LEGEND_CHARACTERS: [usize; 2] = [20, 46];

/// The space for text around the axes, in lines.
pub(super) struct Layout {
    pub(super) title: Vec<String>,
    /// The entries, one for each series.
    pub(super) legend: Vec<Vec<String>>,
    pub(super) columns: usize,
    pub(super) x_label: Vec<String>,
    pub(super) y_label: Vec<String>,
}

impl Layout {
    pub(super) fn of(plot: &LinePlot) -> Self {
        let short = plot.series.iter().all(|series| series.name.chars().count() <= LEGEND_CHARACTERS[0]);
        let columns = if short && plot.series.len() > 1 { 2 } else { 1 };
        let width = LEGEND_CHARACTERS[2 - columns];
        // A single line without a name needs none.
        let named = plot.series.len() > 1 || plot.series.iter().any(|series| !series.name.trim().is_empty());
        let legend = plot.series.iter().filter(|_| named).map(|series| wrap(&series.name, width)).collect();
        Self {
            title: wrap(&plot.title, TITLE_CHARACTERS),
            legend,
            columns,
            x_label: wrap(&plot.x_label, LABEL_CHARACTERS),
            y_label: wrap(&plot.y_label, LABEL_CHARACTERS),
        }
    }

    /// The height above the axes.
    pub(super) fn head(&self) -> u32 {
        let legend = self.legend.chunks(self.columns);
        let legend: usize =
            legend.map(|entries| entries.iter().map(|lines| lines.len().max(1)).max().unwrap_or(1)).sum();
        LINE * (self.title.len() + legend + self.y_label.len()) as u32 + 14
    }

    /// The height below them.
    pub(super) fn foot(&self) -> u32 {
        LINE * self.x_label.len() as u32 + 2
    }
}
