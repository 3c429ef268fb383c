//! One self-contained HTML page.

use std::fmt::{self, Write as _};
use std::path::Path;

use super::{ReportError, Svg, escape};
use crate::atomic;

/// The page's looks. Plots stay on a light card in the dark, since their lines are made for white.
const STYLE: &str = "\
:root{color-scheme:light dark;--text:#1b1f24;--faint:#59636e;--back:#fff;--card:#f3f5f7;--line:#d1d9e0}\
@media(prefers-color-scheme:dark){:root{--text:#e6e9ed;--faint:#9aa5b1;--back:#15181c;--card:#21262c;--line:#3a424b}}\
*{box-sizing:border-box}\
body{margin:0 auto;padding:1rem;max-width:76rem;background:var(--back);color:var(--text);\
font:1rem/1.55 system-ui,sans-serif;overflow-wrap:break-word}\
h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0 1rem}h2{font-size:1.2rem;margin:2rem 0 .5rem}\
p,figure,pre{max-width:48rem}.wide{overflow-x:auto;margin:1rem 0}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.95rem}\
caption{text-align:left;color:var(--faint);padding-bottom:.4rem}\
caption span{display:block;position:sticky;left:0;max-width:calc(min(100vw,76rem) - 2rem)}\
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:baseline}\
th{background:var(--card)}.n{text-align:right}td.n{white-space:nowrap}\
figure{margin:1.5rem 0}figure svg{display:block;width:100%;max-width:44rem;height:auto;background:#fff;border-radius:.5rem}\
figcaption{color:var(--faint);font-size:.9rem;margin-top:.4rem}\
pre{background:var(--card);padding:.7rem;border-radius:.5rem;white-space:pre-wrap;overflow-wrap:anywhere}\
dl{display:grid;grid-template-columns:auto 1fr;gap:.2rem 1rem;margin:0}dt{color:var(--faint)}dd{margin:0}";

/// A page: a title, blocks in order, and how all of it was made.
///
/// The HTML loads nothing, follows the reader's light or dark preference, and fits phones and wide screens.
/// All text is escaped.
///
/// ```
/// use perturb::report::{Block, Cell, Page, Table};
/// let table = Table {
///     caption: "Spearman's correlation".into(),
///     header: vec!["data".into(), "ρ".into()],
///     rows: vec![vec![Cell::Text("iris".into()), Cell::Number("0.81 ± 0.08".into())]],
/// };
/// let page = Page {
///     title: "Label ranking".into(),
///     blocks: vec![Block::Paragraph("Ten folds.".into()), Block::Table(table)],
///     ..Page::default()
/// };
/// assert!(page.to_html().contains("<td class=\"n\">0.81 ± 0.08</td>"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The title.
    pub title: String,
    /// What the page shows, from top to bottom.
    pub blocks: Vec<Block>,
    /// How it was made, at the end of the page.
    pub origin: Origin,
}

/// A part of a [`Page`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Block {
    /// The heading of a section.
    Heading(String),
    /// Running text.
    Paragraph(String),
    /// Text as it is, such as a command or its output.
    Code(String),
    /// A table.
    Table(Table),
    /// A picture with a caption.
    Figure {
        /// The picture.
        svg: Svg,
        /// What it shows.
        caption: String,
    },
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What the table shows.
    pub caption: String,
    /// The columns' names. A column whose first cell is a number is headed on the right.
    pub header: Vec<String>,
    /// The rows; cells that are missing at the end stay empty.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a [`Table`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text, aligned to the left.
    Text(String),
    /// A number as it is to be read, with its unit or its ±, aligned to the right.
    Number(String),
}

/// How a page was made: what to run to have it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The command line.
    pub command: String,
    /// Names and versions of what took part: the library, the compiler, data digests.
    pub versions: Vec<(String, String)>,
    /// The seeds.
    pub seeds: Vec<u64>,
}

impl Page {
    /// The page as HTML.
    pub fn to_html(&self) -> String {
        let mut html = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut html);
        html
    }

    /// Saves the page: the file is there in full or as it was before.
    pub fn save(&self, file: impl AsRef<Path>) -> Result<(), ReportError> {
        let file = file.as_ref();
        atomic::write(file, self.to_html().as_bytes())
            .map_err(|source| ReportError::Write { file: file.to_owned(), source })
    }

    fn write(&self, html: &mut String) -> fmt::Result {
        let title = escape(&self.title);
        write!(
            html,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        )?;
        for block in &self.blocks {
            match block {
                Block::Heading(text) => writeln!(html, "<h2>{}</h2>", escape(text))?,
                Block::Paragraph(text) => writeln!(html, "<p>{}</p>", escape(text))?,
                Block::Code(text) => writeln!(html, "<pre><code>{}</code></pre>", escape(text))?,
                Block::Table(table) => table.write(html)?,
                Block::Figure { svg, caption } => {
                    let (svg, caption) = (svg.as_str().trim_end(), escape(caption));
                    writeln!(html, "<figure>\n{svg}\n<figcaption>{caption}</figcaption>\n</figure>")?;
                }
            }
        }
        html.push_str("</main>\n");
        self.origin.write(html)?;
        html.push_str("</body>\n</html>\n");
        Ok(())
    }
}

impl Table {
    fn write(&self, html: &mut String) -> fmt::Result {
        // Focusable, so that a table wider than the screen can be scrolled by keyboard.
        write!(html, "<div class=\"wide\" tabindex=\"0\">\n<table>\n")?;
        if !self.caption.is_empty() {
            writeln!(html, "<caption><span>{}</span></caption>", escape(&self.caption))?;
        }
        html.push_str("<thead><tr>");
        let first = self.rows.first();
        for (column, name) in self.header.iter().enumerate() {
            let number = matches!(first.and_then(|row| row.get(column)), Some(Cell::Number(_)));
            let class = if number { " class=\"n\"" } else { "" };
            write!(html, "<th scope=\"col\"{class}>{}</th>", escape(name))?;
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            html.push_str("<tr>");
            for cell in row {
                match cell {
                    Cell::Text(text) => write!(html, "<td>{}</td>", escape(text))?,
                    Cell::Number(text) => write!(html, "<td class=\"n\">{}</td>", escape(text))?,
                }
            }
            for _ in row.len()..self.header.len() {
                html.push_str("<td></td>");
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody>\n</table>\n</div>\n");
        Ok(())
    }
}

impl Origin {
    fn write(&self, html: &mut String) -> fmt::Result {
        if *self == Self::default() {
            return Ok(());
        }
        html.push_str("<footer>\n<h2>How this was made</h2>\n");
        if !self.command.is_empty() {
            writeln!(html, "<pre><code>{}</code></pre>", escape(&self.command))?;
        }
        html.push_str("<dl>\n");
        for (name, version) in &self.versions {
            writeln!(html, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(version))?;
        }
        if !self.seeds.is_empty() {
            let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
            writeln!(html, "<dt>Seeds</dt><dd>{}</dd>", seeds.join(", "))?;
        }
        html.push_str("</dl>\n</footer>\n");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{LinePlot, Point, Series, Spread};

    fn sample() -> Page {
        let curve = |rate: f64| {
            (0..60).map(move |i| Point {
                x: 10f64.powf(-2.0 + f64::from(i) / 12.0),
                y: 1.0 / (1.0 + (f64::from(i) / 12.0 - rate).exp()),
                spread: 0.04,
            })
        };
        let names = ["Perturbed Fenchel–Young", "Perturbed + squared", "Squared", "Blackbox"];
        let series = (0..4).zip(names).map(|(i, name)| Series {
            name: name.into(),
            points: curve(4.0 - f64::from(i)).step_by(if i < 2 { 1 } else { 6 }).collect(),
        });
        let plot = LinePlot {
            title: "Rankings that are right in all 100 labels, by noise".into(),
            x_label: "noise level σ (score units)".into(),
            y_label: "share of test instances".into(),
            log_x: true,
            series: series.collect(),
            ..LinePlot::default()
        };
        let bars = LinePlot { spread: Spread::Bars, log_x: false, title: "With bars".into(), ..plot.clone() };
        let number = |text: &str| Cell::Number(text.into());
        let rows = ["authorship", "bodyfat", "a <b> & \"c\""].map(|name| {
            let rho =
                [number("0.95 ± 0.01"), number("0.28 ± 0.17"), number("0.96 ± 0.01"), number("−0.76 ± 0.04")];
            std::iter::once(Cell::Text(name.into())).chain(rho).collect()
        });
        let header = std::iter::once("data").chain(names).map(Into::into).collect();
        let figure =
            |plot: &LinePlot| Block::Figure { svg: plot.draw().unwrap(), caption: "Test < share.".into() };
        Page {
            title: "Label ranking & <friends>".into(),
            blocks: vec![
                Block::Paragraph("Ten-fold cross-validation of four losses.".into()),
                Block::Heading("Correlations".into()),
                Block::Table(Table { caption: "Spearman's ρ".into(), header, rows: rows.into() }),
                figure(&plot),
                figure(&bars),
            ],
            origin: Origin {
                command: "perturb experiment --data DIR --seed 1 && echo '<done>'".into(),
                versions: vec![("perturb".into(), "0.1.0".into())],
                seeds: vec![1, u64::MAX],
            },
        }
    }

    #[test]
    fn pages_are_self_contained_and_escaped() {
        let html = sample().to_html();
        assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
        assert!(html.contains("<title>Label ranking &amp; &lt;friends&gt;</title>"));
        assert!(html.contains("a &lt;b&gt; &amp; &quot;c&quot;") && html.contains("&lt;done&gt;"));
        assert!(html.contains("<th scope=\"col\" class=\"n\">Squared</th>"));
        assert!(html.contains("<dd>1, 18446744073709551615</dd>"));
        for foreign in ["<script", "src=", "href", "@import", "url(", "<friends>", "<b>"] {
            assert!(!html.contains(foreign), "{foreign}");
        }
        // Every element that is opened is closed.
        for tag in [
            "table",
            "tr",
            "td",
            "figure",
            "figcaption",
            "span",
            "pre",
            "code",
            "main",
            "footer",
            "svg",
            "text",
        ] {
            let opened =
                html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn pages_are_saved_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path =
            std::env::var_os("PERTURB_SAMPLE_PAGE").map_or(folder.path().join("page.html"), Into::into);
        sample().save(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), sample().to_html());
        assert!(sample().save(folder.path().join("no/page.html")).is_err());
    }

    #[test]
    fn short_rows_are_filled_and_empty_origins_left_out() {
        let table = Table { header: vec!["a".into(), "b".into()], rows: vec![vec![]], ..Table::default() };
        let html = Page { blocks: vec![Block::Table(table)], ..Page::default() }.to_html();
        assert!(html.contains("<tr><td></td><td></td></tr>") && !html.contains("<footer>"));
    }
}
