//! Results to look at: line plots, and pages that hold text, tables and plots in one file.
//!
//! Plots are self-contained SVG, pages self-contained HTML: no script, no font and no other file is loaded.

mod heat_map;
mod page;
mod plot;

use std::io;
use std::path::PathBuf;

pub use heat_map::{HeatMaps, Panel};
pub use page::{Block, Cell, Origin, Page, Table};
pub use plot::{LinePlot, Point, Series, Spread, Svg};

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A plot's numbers cannot be drawn.
    #[error("plot `{title}`: expected {expected}, found {found}")]
    Plot {
        /// The plot's title.
        title: String,
        /// What can be drawn.
        expected: &'static str,
        /// What was given.
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

/// `text` with the five characters that mean something to HTML and XML replaced, and without the control
/// characters that neither can hold.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            _ if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => escaped.push('\u{FFFD}'),
            _ => escaped.push(c),
        }
    }
    escaped
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
