//! A picture with the numbers that it shows.

use std::path::Path;

use perturb::atomic;

use super::{ReportError, colour, csv, escape};

/// A picture and its numbers. Only plots of this library make one, so that a page can contain it unescaped.
///
/// It is an image with a title and a description to programs that read it aloud, drawn on white, and follows a
/// reader's preference for dark screens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Svg {
    title: String,
    document: String,
    csv: String,
}

impl Svg {
    /// From a document with the start tag `<svg …>`, which it gets completed, and the records of the CSV.
    pub(super) fn new(title: &str, description: &str, document: &str, records: Vec<Vec<String>>) -> Self {
        let (tag, drawing) = document.split_once('>').unwrap_or((document, ""));
        let head = format!(
            "{} role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n{}",
            tag,
            escape(title),
            escape(description),
            colour::style(document)
        );
        Self { title: title.to_owned(), document: head + drawing, csv: csv(records) }
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }
    /// The SVG document.
    pub fn as_str(&self) -> &str {
        &self.document
    }
    /// The numbers that it shows, in full precision, as CSV with a header.
    pub fn csv(&self) -> &str {
        &self.csv
    }

    /// Saves the document: the file is there in full or as it was before.
    pub fn save(&self, file: impl AsRef<Path>) -> Result<(), ReportError> {
        let file = file.as_ref();
        atomic::write(file, self.document.as_bytes())
            .map_err(|source| ReportError::Write { file: file.to_owned(), source })
    }
}

/// `text` in lines of at most `width` characters, broken at spaces; words that are longer are broken anywhere.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut room = 0;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().map(super::printable).collect();
        for (i, piece) in letters.chunks(width.max(1)).enumerate() {
            match lines.last_mut() {
                Some(line) if i == 0 && piece.len() < room => {
                    line.push(' ');
                    line.extend(piece);
                    room -= piece.len() + 1;
                }
                _ => {
                    lines.push(piece.iter().collect());
                    room = width.max(1) - piece.len();
                }
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_breaks_at_spaces() {
        assert_eq!(wrap("a bc  def g", 5), ["a bc", "def g"]);
        assert_eq!(wrap("ab\ncd\0 é", 5), ["ab", "cd\u{FFFD} é"]);
        assert_eq!(wrap("no unbreakable ü", 5), ["no", "unbre", "akabl", "e ü"]);
        assert!(wrap(" ", 5).is_empty());
    }
}
