//! Tables of a page.

use std::fmt::{self, Write as _};

use super::{csv, escape};

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The caption of the table.
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

impl Table {
    /// `number` counts the tables of the page; `link` leads to its CSV file.
    pub(super) fn write(&self, html: &mut String, number: usize, link: &str) -> fmt::Result {
        // Focusable, so that a table wider than the screen can be scrolled by keyboard.
        write!(
            html,
            "<div class=\"wide\" role=\"region\" aria-labelledby=\"table-{number}\" tabindex=\"0\">\n<table>\n\
             <caption id=\"table-{number}\"><span>{}</span> <span class=\"data\">Numbers: {link}</span></caption>\n\
             <thead><tr>",
            escape(&self.caption)
        )?;
        let first = self.rows.first();
        for (column, name) in self.header.iter().enumerate() {
            let number = matches!(first.and_then(|row| row.get(column)), Some(Cell::Number(_)));
            let class = if number { " class=\"n\"" } else { "" };
            write!(html, "<th scope=\"col\"{class}>{}</th>", escape(name))?;
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            html.push_str("<tr>");
            for (column, cell) in row.iter().enumerate() {
                match cell {
                    Cell::Text(text) if column == 0 => {
                        write!(html, "<th scope=\"row\">{}</th>", escape(text))?;
                    }
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

    /// The table as CSV. A column of numbers with their ± becomes two; names that occur again are counted.
    #[must_use]
    pub fn csv(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0).max(self.header.len());
        let part = |row: &[Cell], column: usize| match row.get(column) {
            Some(Cell::Number(text)) => match text.split_once(" ± ") {
                Some((number, spread)) => (number.to_owned(), Some(spread.to_owned())),
                None => (text.clone(), None),
            },
            Some(Cell::Text(text)) => (text.clone(), None),
            None => (String::new(), None),
        };
        let spreads: Vec<bool> =
            (0..columns).map(|column| self.rows.iter().any(|row| part(row, column).1.is_some())).collect();
        let mut head: Vec<String> = Vec::new();
        for (column, &spread) in spreads.iter().enumerate() {
            let name = self.header.get(column).cloned().unwrap_or_default();
            let again = self.header[..column.min(self.header.len())].iter().filter(|&other| *other == name);
            let name = match again.count() {
                0 => name,
                before => format!("{name} {}", before + 1),
            };
            head.push(name.clone());
            head.extend(spread.then(|| format!("{name} ±")));
        }
        let record = |row: &Vec<Cell>| {
            let mut record = Vec::new();
            for (column, &spread) in spreads.iter().enumerate() {
                let (number, deviation) = part(row, column);
                record.push(number);
                record.extend(spread.then(|| deviation.unwrap_or_default()));
            }
            record
        };
        csv(std::iter::once(head).chain(self.rows.iter().map(record)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_their_spreads_are_columns_of_the_csv() {
        let number = |text: &str| Cell::Number(text.into());
        let table = Table {
            caption: String::new(),
            header: ["a, b", "paper", "paper"].map(String::from).to_vec(),
            rows: vec![
                vec![Cell::Text("1 ± 2\n".into()), number("0.5 ± 0.1"), number("3")],
                vec![Cell::Text("\"x\"".into()), number("–")],
            ],
        };
        assert_eq!(table.csv(), "\"a, b\",paper,paper ±,paper 2\n\"1 ± 2\n\",0.5,0.1,3\n\"\"\"x\"\"\",–,,\n");
        assert_eq!(Table::default().csv(), "\"\"\n");
    }
}
