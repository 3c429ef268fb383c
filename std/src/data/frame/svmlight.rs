//! Files for learning to rank, as SVMlight and its successors write them.

use std::path::Path;

use super::{Column, Columns, Frame};
use crate::data::DataError;
use crate::data::text::{self, quote};

/// Whether the first line that is neither blank nor a comment is `number qid:name …`.
pub fn is_svmlight(bytes: &[u8]) -> bool {
    let lines = bytes.split(|&byte| matches!(byte, b'\n' | b'\r'));
    let mut lines = lines.filter_map(|line| std::str::from_utf8(line.get(..200).unwrap_or(line)).ok());
    let line = lines.find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or("");
    line.split_whitespace().nth(1).is_some_and(|word| word.starts_with("qid:"))
}

/// The most columns: a larger number of a feature is rather a mistake.
const MOST: usize = 100_000;
/// The most numbers of all columns: 4 GB.
const LARGEST: usize = 500_000_000;

/// A file of queries as columns. A feature that no line names is 0 in all.
#[derive(Clone, Debug)]
pub struct Queries(Frame);

impl Columns for Queries {
    fn names(&self) -> &[String] {
        self.0.names()
    }
    fn frame(&self, names: &[&str]) -> Result<Frame, DataError> {
        let mut all = self.0.clone();
        for name in names.iter().filter(|name| !self.0.has(name) && is_feature(name)) {
            all.set(name, Column::Numbers(vec![0.0; all.len()]))?;
        }
        all.frame(names)
    }
}

/// Whether a name is `f` and a number from 1.
fn is_feature(name: &str) -> bool {
    name.strip_prefix('f').and_then(text::count).is_some_and(|number| (1..=MOST).contains(&number))
}

/// Reads `grade qid:query feature:value … # comment`, a line an option, with the columns `grade`, `qid` and `f1`, `f2`, … up to the
/// greatest number of a feature. Features that a line does not name are 0.
///
/// ```
/// use perturb::data::frame::{Columns, Expression, svmlight};
/// let file = svmlight::parse("search.txt".as_ref(), b"2 qid:7 1:0.5 3:1\n0 qid:7 2:-1 # a remark\n")?;
/// assert_eq!(file.names(), ["grade", "qid", "f1", "f2", "f3"]);
/// let frame = file.frame(&["f1", "f3"])?;
/// assert_eq!(Expression::parse("f1 + f3")?.numbers(&frame, 0..2)?, [1.5, 0.0]);
/// # Ok::<(), perturb::data::DataError>(())
/// ```
pub fn parse(file: &Path, bytes: &[u8]) -> Result<Queries, DataError> {
    let (mut lines, mut grades, mut queries) = (Vec::new(), Vec::new(), Vec::new());
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let mut rest = text::decode(file, bytes)?;
    let mut line = 0;
    while !rest.is_empty() {
        let (whole, more) = text::first_line(rest);
        (rest, line) = (more, line + 1);
        let content = whole.split_once('#').map_or(whole, |(content, _)| content);
        let mut words = content.split_whitespace();
        let Some(grade) = words.next() else { continue };
        let fault =
            |expected: &str, found: &str| Err(DataError::invalid(file, line, None, expected, quote(found)));
        let Some(grade) = text::number::<f64>(grade) else { return fault("a grade, a finite number", grade) };
        let Some(query) =
            words.next().and_then(|word| word.strip_prefix("qid:")).filter(|name| !name.is_empty())
        else {
            return fault("qid: and the name of a query behind the grade", content.trim());
        };
        for column in &mut columns {
            column.push(0.0);
        }
        let mut last = 0;
        for word in words {
            let pair = word
                .split_once(':')
                .and_then(|(number, x)| Some((text::count(number)?, text::number::<f64>(x)?)));
            let Some((number, x)) = pair.filter(|&(number, _)| number > last && number <= MOST) else {
                return fault("feature:value with increasing numbers of features from 1", word);
            };
            if number.max(columns.len()).saturating_mul(grades.len() + 1) > LARGEST {
                return fault("a table of fewer numbers, lines times the greatest number of a feature", word);
            }
            while columns.len() < number {
                columns.push(vec![0.0; grades.len() + 1]);
            }
            if let Some(place) = columns.get_mut(number - 1).and_then(|column| column.last_mut()) {
                *place = x;
            }
            last = number;
        }
        lines.push(line);
        grades.push(grade);
        queries.push(query);
    }
    let queries = Frame::parse_column(queries.iter().copied(), b'.');
    let named =
        columns.into_iter().zip(1..).map(|(column, number)| (format!("f{number}"), Column::Numbers(column)));
    let head = [("grade".to_owned(), Column::Numbers(grades)), ("qid".to_owned(), queries)];
    let rows = lines.len();
    let frame = Frame::new(file, head.into_iter().chain(named).collect())?;
    Ok(Queries(frame.with_lines(rows, lines)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_or_refused_by_number() {
        assert!(is_svmlight(b"\n# made\n1 qid:a 1:2\n") && !is_svmlight(b"1,qid:a\n") && !is_svmlight(b""));
        let file = parse(Path::new("t"), b"# made\r\n1 qid:a 2:2.5\r\n\r\n0 qid:b\r\n").unwrap();
        assert_eq!(file.names().len(), 4);
        let frame = file.frame(&["f2", "f7"]).unwrap();
        assert_eq!((frame.len(), frame.column("f7").unwrap()), (2, &Column::Numbers(vec![0.0; 2])));
        assert!(file.frame(&["x"]).is_err());
        assert_eq!(frame.column("f2").unwrap(), &Column::Numbers(vec![2.5, 0.0]));
        assert!(frame.fault(1, "x", "y").to_string().starts_with("t, line 4:"));
        for (text, expected) in [
            ("x qid:1 1:1", "t, line 1: expected a grade, a finite number, found `x`"),
            ("1 1:1", "t, line 1: expected qid: and the name"),
            (
                "1 qid:1 2:1 2:3",
                "t, line 1: expected feature:value with increasing numbers of features from 1, found `2:3`",
            ),
            ("1 qid:1 0:1", "t, line 1: expected feature:value"),
            ("1 qid:1 1:nan", "t, line 1: expected feature:value"),
            ("1 qid:1 999999999:1", "t, line 1: expected feature:value"),
        ] {
            let error = parse(Path::new("t"), text.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
