//! The ranking of a table: its columns and its values.

use std::collections::BTreeSet;

use super::Table;
use crate::data::DataError;
use crate::data::text::{self, Permutation, quote};

/// [`Targets`](super::Targets) as columns, counted from 0.
pub(super) enum Ranking {
    Ranks(Vec<usize>),
    Ordering(usize),
}

impl Table<'_> {
    /// [`Targets::Detect`](super::Targets::Detect).
    pub(super) fn detect(&self) -> Result<Ranking, DataError> {
        let rows = &self.rows;
        let width = rows.header.len();
        let last = width.saturating_sub(1);
        if rows.column(last).any(|cell| cell.contains('>')) {
            return Ok(Ranking::Ordering(last));
        }
        // fits[k]: the last k columns hold a permutation of 1..=k in every row so far; one column is left for x.
        let mut fits: Vec<bool> = (0..width).map(|k| k >= 2).collect();
        for row in 0..rows.len() {
            let (mut seen, mut largest) = (BTreeSet::new(), 0);
            let mut broken = false;
            for (k, fits) in fits.iter_mut().enumerate().skip(1) {
                let rank = rows.rank(rows.cell(row, width - k)).filter(|&rank| rank > 0);
                broken |= rank.is_none_or(|rank| !seen.insert(rank));
                largest = largest.max(rank.unwrap_or(0));
                *fits &= !broken && largest == k;
            }
            if !fits.contains(&true) {
                return Err(self.no_ranking(row));
            }
        }
        let labels = fits.iter().rposition(|&fits| fits).unwrap_or(0);
        Ok(Ranking::Ranks((width - labels..width).collect()))
    }

    /// Why nothing was detected, as this row shows.
    fn no_ranking(&self, row: usize) -> DataError {
        let rows = &self.rows;
        let width = rows.header.len();
        let expected = "a ranking: an ordering such as a>b>c in the last column, \
                        or ranks 1..=k in the same last columns of every row";
        let last = rows.cell(row, width.saturating_sub(1));
        let mut ordered = (0..width).filter(|&column| rows.column(column).all(|cell| cell.contains('>')));
        if let (Some(column), None) = (ordered.next(), ordered.next()) {
            let found =
                format!("orderings in column {}; name it by --ordering", quote(rows.header.name(column)));
            return rows.fault(row, None, expected, found);
        }
        if rows.rank(last).is_none() && !rows.is_number(last) && !last.is_empty() {
            let found = format!(
                "{}: a class alone has no order; --decide pick --chosen {} picks it, and --ranks and --ordering name columns of \
                 rankings",
                quote(last),
                rows.header.name(width.saturating_sub(1))
            );
            return rows.fault(row, None, expected, found);
        }
        let mut all: Vec<Option<usize>> =
            (0..width).map(|column| rows.rank(rows.cell(row, column))).collect();
        all.sort_unstable();
        if width > 1 && all.into_iter().eq((1..=width).map(Some)) {
            return self.no_features();
        }
        // The longest run of last columns that are ranks but for ties, gaps or a beginning at 0.
        let cells: Vec<&str> = (1..width).map(|column| rows.cell(row, column)).collect();
        let mistaken = (0..cells.len().saturating_sub(1)).find_map(|start| {
            let run = cells.get(start..)?;
            let within = run
                .iter()
                .all(|cell| cell.is_empty() || rows.rank(cell).is_some_and(|rank| rank <= run.len()));
            let (_, found) = text::no_ranking(run, 0);
            (within && found.contains(' ')).then_some(found)
        });
        let end: Vec<&str> = (width.saturating_sub(3)..width).map(|column| rows.cell(row, column)).collect();
        let end = end.join(",");
        rows.fault(row, None, expected, mistaken.unwrap_or_else(|| format!("{} at the end", quote(&end))))
    }

    /// The error of a table that is a ranking throughout.
    pub(super) fn no_features(&self) -> DataError {
        let header = self.rows.header;
        let expected =
            "a column of features beside the ranking; a column of ones learns one ranking for all rows";
        DataError::invalid(self.rows.file, header.line, None, expected, text::listed(&header.names, 10))
    }

    /// Labels, and ranks row by row, from a column each.
    pub(super) fn ranks(&self, columns: &[usize]) -> Result<(Vec<String>, Vec<usize>), DataError> {
        let (rows, k) = (&self.rows, columns.len());
        let name = |column| rows.header.name(column);
        if let Some(&column) = columns.iter().find(|&&column| name(column).contains('>')) {
            let expected = "a label's name without `>`, which separates labels";
            let line = rows.header.line;
            return Err(DataError::invalid(rows.file, line, Some(column + 1), expected, quote(name(column))));
        }
        let ranks = rows.parts(|part| {
            let (mut permutation, mut ranks) = (Permutation::new(k), Vec::with_capacity(k * part.len()));
            for row in part {
                permutation.next_row();
                for (place, &column) in columns.iter().enumerate() {
                    let rank = rows.rank(rows.cell(row, column)).filter(|&rank| permutation.take(rank));
                    ranks.push(rank.ok_or_else(|| self.no_rank(row, columns, place))?);
                }
            }
            Ok(ranks)
        })?;
        let ranks = ranks.concat();
        Ok((columns.iter().map(|&column| name(column).to_owned()).collect(), ranks))
    }

    /// The error of a row, in which the rank in the column of this place cannot be right.
    fn no_rank(&self, row: usize, columns: &[usize], place: usize) -> DataError {
        let cells: Vec<&str> = columns.iter().map(|&column| self.rows.cell(row, column)).collect();
        let (place, found) = text::no_ranking(&cells, place);
        let expected = format!("a rank: each of 1..={} once a row", columns.len());
        self.rows.fault(row, columns.get(place).copied(), expected, found)
    }

    /// Labels, and ranks row by row, from orderings.
    pub(super) fn orderings(&self, column: usize) -> Result<(Vec<String>, Vec<usize>), DataError> {
        let labels = |row| self.rows.cell(row, column).split('>').map(str::trim);
        let names: Vec<&str> = labels(0).collect::<BTreeSet<_>>().into_iter().collect();
        let ranks = self.rows.parts(|part| {
            let (mut permutation, mut ranks) = (Permutation::new(names.len()), Vec::new());
            for row in part {
                permutation.next_row();
                let start = ranks.len();
                ranks.resize(start + names.len(), 0);
                let mut places = 0;
                for (place, label) in (1..).zip(labels(row)) {
                    let index = names.binary_search(&label).ok().filter(|&i| permutation.take(i + 1));
                    let Some(y) = index.and_then(|index| ranks.get_mut(start + index)) else {
                        places = 0;
                        break;
                    };
                    *y = place;
                    places += 1;
                }
                if places != names.len() || places < 2 || names.contains(&"") {
                    let expected = "an ordering best>…>worst of the labels of the first row, each once";
                    let found = quote(self.rows.cell(row, column)) + &mistake(&names, labels(row));
                    return Err(self.rows.fault(row, Some(column), expected, found));
                }
            }
            Ok(ranks)
        })?;
        Ok((names.iter().map(ToString::to_string).collect(), ranks.concat()))
    }
}

/// What is wrong with an ordering of these labels.
fn mistake<'a>(names: &[&str], labels: impl Iterator<Item = &'a str>) -> String {
    let mut seen = BTreeSet::new();
    for label in labels {
        if label.is_empty() {
            return ", in which a label is empty".into();
        }
        if label.contains('=') && !names.contains(&label) {
            return ", which has a tie; leave out rows with ties".into();
        }
        if !names.contains(&label) {
            return format!(": {} is no label of the first row", quote(label));
        }
        if !seen.insert(label) {
            return format!(", which names {} twice", quote(label));
        }
    }
    match names.iter().find(|name| !seen.contains(*name)) {
        Some(missing) => format!(" without {}; leave out rows that do not order all labels", quote(missing)),
        None => ", a single label".into(),
    }
}
