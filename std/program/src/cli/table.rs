//! Tables on standard output.

use perturb_experiments::report::{Cell, Table};

/// The table with padded columns: numbers to the right, text to the left.
pub(crate) fn render(table: &Table) -> String {
    let header = &table.header;
    let text = |cell: &Cell| match cell {
        Cell::Text(text) | Cell::Number(text) => text.clone(),
    };
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(text).collect()).collect();
    let columns = header.len();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).chain(header.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let first = table.rows.first();
    let text =
        |column: usize| column == 0 || matches!(first.and_then(|row| row.get(column)), Some(Cell::Text(_)));
    let line = |cells: &[String]| {
        let mut line = String::new();
        for (column, (cell, &width)) in cells.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width - cell.chars().count());
            if column > 0 {
                line += "  ";
            }
            let (before, after) = if text(column) { (cell, &padding) } else { (&padding, cell) };
            line += before;
            line += after;
        }
        line.trim_end().to_owned() + "\n"
    };
    let rule = "-".repeat(widths.iter().sum::<usize>() + 2 * (columns.max(1) - 1)) + "\n";
    let body: String = rows.iter().map(|row| line(row)).collect();
    line(header) + &rule + &body
}
