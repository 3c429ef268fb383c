//! One self-contained HTML page.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use perturb::atomic;

use super::{ReportError, Svg, Table, escape};

const STYLE: &str = include_str!("page.css");

/// A page: a title, blocks in order, and how all of it was made.
///
/// The HTML loads nothing, follows the reader's light or dark preference and font size, fits phones, wide screens and
/// paper, and holds no time and no path: equal results give equal bytes. All text is escaped. The numbers of each table
/// and picture are in the page as CSV files to be saved, and are written to the same folder.
///
/// ```
/// use perturb_experiments::report::{Block, Cell, Page, Table};
/// let table = Table {
///     caption: "Spearman's correlation".into(),
///     header: vec!["data".into(), "ρ".into()],
///     rows: vec![vec![Cell::Text("iris".into()), Cell::Number("0.81 ± 0.08".into())]],
/// };
/// let page = Page {
///     name: "ranking".into(),
///     title: "Label ranking".into(),
///     blocks: vec![Block::Paragraph("Ten folds.".into()), Block::Table(table)],
///     ..Page::default()
/// };
/// assert!(page.to_html().contains("<td class=\"n\">0.81 ± 0.08</td>"));
/// let (name, csv) = &page.files()[1];
/// assert_eq!((name.as_str(), csv.as_str()), ("ranking-table-1.csv", "data,ρ,ρ ±\niris,0.81,0.08\n"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The beginning of its files' names.
    pub name: String,
    /// The title.
    pub title: String,
    /// What the results say, in a sentence or two, before everything else; empty for nothing.
    pub conclusion: String,
    /// What the page shows, from top to bottom.
    pub blocks: Vec<Block>,
    /// All data of the page, as a CSV file; empty for no file.
    pub data: String,
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
        /// The caption.
        caption: String,
    },
}

/// The origin of a page: the command that reproduces it.
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

    /// Names and contents of all files: the page, a CSV file for each table and picture, and [`data`](Self::data).
    #[must_use]
    pub fn files(&self) -> Vec<(String, String)> {
        let Self { name, .. } = self;
        let mut files = vec![(format!("{name}.html"), self.to_html())];
        let (mut tables, mut figures) = (0, 0);
        for block in &self.blocks {
            match block {
                Block::Table(table) => {
                    tables += 1;
                    files.push((file_of(name, "table", tables), table.csv()));
                }
                Block::Figure { svg, .. } => {
                    figures += 1;
                    files.push((file_of(name, "figure", figures), svg.csv().to_owned()));
                }
                Block::Heading(_) | Block::Paragraph(_) | Block::Code(_) => {}
            }
        }
        if !self.data.is_empty() {
            files.push((format!("{name}.csv"), self.data.clone()));
        }
        files
    }

    /// Saves all [`files`](Self::files) in a folder and returns where: each is there in full or as it was before.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<Vec<PathBuf>, ReportError> {
        let save = |(name, contents): (String, String)| {
            let file = folder.as_ref().join(name);
            match atomic::write(&file, contents.as_bytes()) {
                Ok(()) => Ok(file),
                Err(source) => Err(ReportError::Write { file, source }),
            }
        };
        self.files().into_iter().map(save).collect()
    }

    fn write(&self, html: &mut String) -> fmt::Result {
        let title = escape(&self.title);
        write!(
            html,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n\
             <meta name=\"color-scheme\" content=\"light dark\"/>\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        )?;
        if !self.conclusion.is_empty() {
            writeln!(html, "<p class=\"conclusion\">{}</p>", escape(&self.conclusion))?;
        }
        let (mut tables, mut figures) = (0, 0);
        for block in &self.blocks {
            match block {
                Block::Heading(text) => writeln!(html, "<h2>{}</h2>", escape(text))?,
                Block::Paragraph(text) => writeln!(html, "<p>{}</p>", escape(text))?,
                Block::Code(text) => writeln!(html, "<pre><code>{}</code></pre>", escape(text))?,
                Block::Table(table) => {
                    tables += 1;
                    let numbers = link(&file_of(&self.name, "table", tables), &table.csv());
                    table.write(html, tables, &numbers)?;
                }
                Block::Figure { svg, caption } => {
                    figures += 1;
                    let numbers = link(&file_of(&self.name, "figure", figures), svg.csv());
                    let (svg, caption) = (svg.as_str().trim_end(), escape(caption));
                    writeln!(
                        html,
                        "<figure>\n<div class=\"wide\">\n{svg}\n</div>\n<figcaption>{caption} \
                         <span class=\"data\">Numbers: {numbers}</span></figcaption>\n</figure>"
                    )?;
                }
            }
        }
        html.push_str("</main>\n");
        let data = if self.data.is_empty() {
            String::new()
        } else {
            link(&format!("{}.csv", self.name), &self.data)
        };
        self.origin.write(html, &data)?;
        html.push_str("</body>\n</html>\n");
        Ok(())
    }
}

/// A link to a CSV file, which the page holds: the page alone has all numbers.
fn link(file: &str, csv: &str) -> String {
    let file = escape(file);
    format!(
        "<a download=\"{file}\" href=\"data:text/csv;charset=utf-8;base64,{}\">{file}</a>",
        STANDARD.encode(csv)
    )
}

/// The CSV file of a table or picture.
fn file_of(page: &str, what: &str, number: usize) -> String {
    format!("{page}-{what}-{number}.csv")
}

impl Origin {
    /// `data` is the link to the file of all data; empty for none.
    fn write(&self, html: &mut String, data: &str) -> fmt::Result {
        if *self == Self::default() && data.is_empty() {
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
        if !data.is_empty() {
            writeln!(html, "<dt>All numbers</dt><dd>{data}</dd>")?;
        }
        html.push_str("</dl>\n</footer>\n");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use plotters::style::RGBColor;

    use super::*;
    use crate::report::colour::{GROUND, contrast};
    use crate::report::{Cell, LinePlot, Point, Series, Spread};

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
            ..Series::default()
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
            name: "a&b".into(),
            title: "Label ranking & <friends>".into(),
            conclusion: "It < works.".into(),
            blocks: vec![
                Block::Paragraph("Ten-fold cross-validation of four losses.".into()),
                Block::Heading("Correlations".into()),
                Block::Table(Table { caption: "Spearman's ρ".into(), header, rows: rows.into() }),
                figure(&plot),
                figure(&bars),
            ],
            data: "x\n1\n".into(),
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
        for foreign in ["<script", "src=", "@import", "url(", "<friends>", "<b>"] {
            assert!(!html.contains(foreign), "{foreign}");
        }
        assert_eq!(html.matches("href=").count(), html.matches("href=\"data:text/csv;").count());
        assert!(html.contains("<p class=\"conclusion\">It &lt; works.</p>"));
        let encoded = STANDARD.encode("x\n1\n");
        assert!(html.contains(&format!("base64,{encoded}\">a&amp;b.csv</a>")));
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..roxmltree::ParsingOptions::default() };
        roxmltree::Document::parse_with_options(&html, options).unwrap();
    }

    /// `--NAME` in the light and in the dark.
    fn colours(name: &str) -> Vec<RGBColor> {
        let name = format!("--{name}:#");
        let values = STYLE.split(name.as_str()).skip(1);
        let values = values.map(|rest| rest.chars().take_while(char::is_ascii_hexdigit).collect::<String>());
        let digits =
            values.map(|hex| if hex.len() == 3 { hex.chars().flat_map(|c| [c, c]).collect() } else { hex });
        let channel = |hex: &str, i: usize| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap();
        digits.map(|hex: String| RGBColor(channel(&hex, 0), channel(&hex, 1), channel(&hex, 2))).collect()
    }

    #[test]
    fn text_stands_out_from_the_ground() {
        for text in ["text", "faint"].map(colours) {
            for ground in ["back", "card"].map(colours) {
                assert_eq!((text.len(), ground.len()), (2, 2));
                for (&text, ground) in text.iter().zip(ground) {
                    assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}");
                }
            }
        }
        assert_eq!(colours("back"), [GROUND.light, GROUND.dark], "pictures blend into the page");
    }

    #[test]
    fn pages_are_saved_whole() {
        let folder = tempfile::tempdir().unwrap();
        let saved = sample().save(&folder).unwrap();
        let names = ["a&b.html", "a&b-table-1.csv", "a&b-figure-1.csv", "a&b-figure-2.csv", "a&b.csv"];
        assert_eq!(saved, names.map(|name| folder.path().join(name)));
        for (file, (_, contents)) in saved.iter().zip(sample().files()) {
            assert_eq!(std::fs::read_to_string(file).unwrap(), contents);
        }
        let html = sample().to_html();
        for name in &names[1..] {
            assert!(html.contains(&escape(name)), "{name}");
        }
        assert!(sample().save(folder.path().join("no")).is_err());
    }

    #[test]
    fn short_rows_are_filled_and_empty_origins_left_out() {
        let table = Table { header: vec!["a".into(), "b".into()], rows: vec![vec![]], ..Table::default() };
        let html = Page { blocks: vec![Block::Table(table)], ..Page::default() }.to_html();
        assert!(html.contains("<tr><td></td><td></td></tr>") && !html.contains("<footer>"));
    }
}
