//! Features of files of any length, in constant memory and on all threads.

use std::io::Read;
use std::path::{Path, PathBuf};

use perturb_core::Real;

use super::label_ranking::Counts;
pub use super::records::Block;
use super::records::{Blocks, Syntax};
use super::table::{Columns, Format, Header, Rows, Unseen};
use super::{DataError, centre, text};

/// The features that a model names, from a table or a file in the label-ranking format that is read block by block.
///
/// The blocks come one after the other; each can be [read](Self::features) on any thread.
///
/// ```
/// use perturb::data::stream::FeatureStream;
/// use perturb::data::table::Format;
/// let text = &b"town,age\nKyoto,31\nOsaka,64\n"[..];
/// let names = ["age".to_owned(), "town=Kyoto".to_owned()];
/// let mut stream = FeatureStream::open("people.csv".as_ref(), text, Format::default(), &names, &[0.0; 2])?;
/// let mut features = Vec::new();
/// while let Some(block) = stream.next_block()? {
///     features.extend(stream.features::<f32>(&block)?.0);
/// }
/// assert_eq!(features, [31.0, 1.0, 64.0, 0.0]);
/// # Ok::<(), perturb::data::DataError>(())
/// ```
#[derive(Debug)]
pub struct FeatureStream<R> {
    file: PathBuf,
    blocks: Blocks<R>,
    syntax: Syntax,
    /// The rows behind the header in the first block.
    first: Option<Block>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Table { header: Header, columns: Columns },
    Counts { counts: Counts, centres: Vec<f64>, line: usize },
}

impl<R: Read> FeatureStream<R> {
    /// Reads the beginning of a file. `names` and `centres` are those of the set that a model was trained on; a file in the
    /// label-ranking format has no names, and its features are taken in their order.
    pub fn open(
        file: &Path,
        reader: R,
        format: Format,
        names: &[String],
        centres: &[f64],
    ) -> Result<Self, DataError> {
        let mut blocks = Blocks::new(reader);
        let mut syntax = format.syntax(blocks.peek().map_err(|source| read_error(file, source))?);
        let mut next = |syntax| blocks.next(syntax).map_err(|source| read_error(file, source));
        let mut bytes = next(syntax)?.map_or_else(Vec::new, |block| block.bytes);
        // What stands above a header may be longer than a block.
        while Header::start(file, text::decode(file, &bytes)?, format)?.1.is_empty()
            && let Some(more) = next(syntax)?
        {
            bytes.extend(more.bytes);
        }
        let content = text::decode(file, &bytes)?;
        let (kind, line, rest) = if text::has_counts(&bytes) {
            if format != Format::default() {
                let expected = "a table, to which options such as comment and separator apply";
                return Err(DataError::invalid(file, 1, None, expected, "the label-ranking format"));
            }
            let (counts, rest) = Counts::read(file, content)?;
            if counts.features != names.len() {
                let expected = format!("{} features, as the model has", names.len());
                return Err(DataError::invalid(file, 1, Some(2), expected, counts.features.to_string()));
            }
            syntax = Syntax { comment: None, quotes: false, ..syntax };
            (Kind::Counts { counts, centres: centres.to_vec(), line: 2 }, 2, rest)
        } else {
            let (header, line, rest) = Header::read(file, content, format)?;
            let columns = Columns::find(file, &header, names, centres)?;
            syntax = header.syntax;
            (Kind::Table { header, columns }, line, rest)
        };
        let first = Some(Block { line, bytes: rest.as_bytes().to_vec() });
        Ok(Self { file: file.to_owned(), blocks, syntax, first, kind })
    }

    /// The next rows; `None` after the last.
    pub fn next_block(&mut self) -> Result<Option<Block>, DataError> {
        let block = match self.first.take() {
            Some(first) => Some(first),
            None => self.blocks.next(self.syntax).map_err(|source| read_error(&self.file, source))?,
        };
        if let Kind::Counts { counts, line, .. } = &mut self.kind {
            match &block {
                // Blank lines may end the file.
                Some(block) => {
                    let end = block
                        .bytes
                        .iter()
                        .rposition(|b| !matches!(b, b'\r' | b'\n'))
                        .map_or(0, |end| end + 1);
                    let rows = block.bytes.get(..end).unwrap_or(&[]);
                    if end > 0 {
                        *line = block.line + text::breaks(rows) + 1;
                    }
                }
                None => counts.end(&self.file, *line)?,
            }
        }
        Ok(block)
    }

    /// The features of the rows of a block, d a row, minus their centres; and values that no name mentions.
    pub fn features<T: Real>(&self, block: &Block) -> Result<(Vec<T>, Vec<Unseen>), DataError> {
        let content = text::decode_from(&self.file, block.line, &block.bytes)?;
        match &self.kind {
            Kind::Table { header, columns } => {
                columns.read(&Rows::read(&self.file, header, block.line, content)?)
            }
            Kind::Counts { counts, centres, .. } => {
                let (mut features, mut ranks) = (Vec::new(), Vec::<T>::new());
                counts.rows(&self.file, block.line, content, &mut features, &mut ranks)?;
                Ok((centre::subtract(&features, centres), Vec::new()))
            }
        }
    }
}

fn read_error(file: &Path, source: std::io::Error) -> DataError {
    DataError::Read { file: file.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{label_ranking, table};

    fn all(text: &str, names: &[String], centres: &[f64]) -> Result<Vec<f32>, DataError> {
        let mut stream =
            FeatureStream::open(Path::new("t.csv"), text.as_bytes(), Format::default(), names, centres)?;
        let mut all = Vec::new();
        while let Some(block) = stream.next_block()? {
            all.extend(stream.features::<f32>(&block)?.0);
        }
        Ok(all)
    }

    /// A table of several blocks, with line breaks in cells, has the numbers that it has as a whole.
    #[test]
    fn blocks_have_the_features_of_the_table() {
        let row = |i: usize| format!("{i},\"{}\",t{}\r\n", "a\n;".repeat(i % 5), i % 3);
        let text = format!("sep=,\r\nx,y,z\r\n{}", (0..50_000).map(row).collect::<String>());
        let (names, centres) = (["z=t1", "x"].map(String::from), [0.0, 7.0]);
        let whole =
            table::parse_features::<f32>(Path::new("t.csv"), text.as_bytes(), &names, &centres).unwrap();
        assert!(all(&text, &names, &centres).unwrap() == whole);
        // The line of a fault in a later block.
        let broken = text.clone() + "x,y,z\r\n";
        let line = text::breaks(text.as_bytes()) + 1;
        let error = all(&broken, &names, &centres).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("t.csv, line {line}, column 1: expected in `x` a finite")),
            "{error}"
        );
        let error = all(&(text + "1,\"2"), &names, &centres).unwrap_err().to_string();
        assert!(error.starts_with(&format!("t.csv, line {line}: expected a quote that ends")), "{error}");
        assert!(all("x,z\n", &names, &centres).unwrap().is_empty());
    }

    /// Comments above a header, longer than a block.
    #[test]
    fn what_stands_above_a_header_may_be_long() {
        let text = format!("{}x,y\n1,2\n", "# \"made\" by hand\n".repeat(50_000));
        let names = ["y".to_owned()];
        let open = |format| FeatureStream::open(Path::new("t.csv"), text.as_bytes(), format, &names, &[0.0]);
        for format in [Format::default().with_comment(Some('#')), Format::default().with_skip_lines(50_000)] {
            let mut stream = open(format).unwrap();
            let block = stream.next_block().unwrap().unwrap();
            assert_eq!(stream.features::<f32>(&block).unwrap().0, [2.0]);
            assert!(stream.next_block().unwrap().is_none());
        }
        let error = open(Format::default().with_skip_lines(usize::MAX)).unwrap_err().to_string();
        assert_eq!(
            error,
            "t.csv, line 50003: expected a header with the names of the columns, found the end of the file"
        );
        let counts = b"1,1,2\n0.5,1,2\n";
        let format = Format::default().with_comment(Some('#'));
        let error = FeatureStream::open(Path::new("t.csv"), &counts[..], format, &names, &[0.0]).unwrap_err();
        assert!(error.to_string().contains("found the label-ranking format"), "{error}");
    }

    #[test]
    fn blocks_have_the_features_of_the_format_with_counts() {
        let row = |i| format!("{i},{},1,2\n", i % 7);
        let rows: String = (0..60_000).map(row).collect();
        let text = format!("60000,2,2\n{rows}\n\n");
        let names = ["x1", "x2"].map(String::from);
        let data =
            label_ranking::parse_centred::<f32>(Path::new("t.csv"), text.as_bytes(), &[3.0, 0.0]).unwrap();
        let whole: Vec<f32> = (0..data.len()).flat_map(|row| data.x(row).to_vec()).collect();
        assert!(all(&text, &names, &[3.0, 0.0]).unwrap() == whole);
        for (counts, expected) in [
            (
                "60001,2,2",
                "line 60002: expected 60001 rows as line 1 says, found the end of the file after 60000",
            ),
            ("59999,2,2", "line 60001: expected the end of the file after 59999 rows"),
            ("60000,1,3", "line 1, column 2: expected 2 features, as the model has, found 1"),
        ] {
            let error = all(&format!("{counts}\n{rows}"), &names, &[0.0; 2]).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
