//! Results to look at: line plots, and pages that hold text, tables and plots in one file.
//!
//! Plots are self-contained SVG, pages self-contained HTML: no script, no font and no other file is loaded. Their numbers are
//! available as CSV.

mod axis;
mod colour;
mod heat_map;
mod hint;
mod intervals;
mod layout;
#[cfg(feature = "nn")]
mod overlay;
mod page;
mod panels;
mod plot;
mod svg;
mod table;

use std::io;
use std::path::PathBuf;

pub use heat_map::{HeatMaps, Panel};
pub use intervals::{Interval, Intervals};
#[cfg(feature = "nn")]
pub use overlay::{Overlay, Overlays};
pub use page::{Block, Origin, Page};
pub use plot::{LinePlot, Point, Series, Spread};
pub use svg::Svg;
pub use table::{Cell, Table};

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A plot's numbers cannot be drawn.
    #[error("plot `{title}`: expected {expected}, found {found}")]
    Plot {
        /// The plot's title.
        title: String,
        /// What was expected.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// A file could not be written.
    #[error("cannot write {}: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// `c`, unless it is a control character that neither HTML nor XML can hold.
fn printable(c: char) -> char {
    match c {
        '\n' | '\t' => c,
        _ if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => '\u{FFFD}',
        _ => c,
    }
}

/// `text` with the five characters that mean something to HTML and XML replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().map(printable) {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// CSV of `records`, with quotes where they are needed.
pub(crate) fn csv<R: IntoIterator<Item = String>>(records: impl IntoIterator<Item = R>) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for record in records {
        // Writing to memory cannot fail.
        let _ = writer.write_record(record);
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(
            escape("<a href=\"x\">'&'\0</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;\u{FFFD}&lt;/a&gt;"
        );
        assert_eq!(escape("σ² ± ε\n"), "σ² ± ε\n");
    }
}
