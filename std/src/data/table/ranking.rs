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
        let width = self.header.len();
        let last = width.saturating_sub(1);
        if (0..self.rows.len()).any(|row| self.cell(row, last).contains('>')) {
            return Ok(Ranking::Ordering(last));
        }
        // fits[k]: the last k columns hold a permutation of 1..=k in every row so far; one column is left for x.
        let mut fits: Vec<bool> = (0..width).map(|k| k >= 2).collect();
        for row in 0..self.rows.len() {
            let (mut seen, mut largest) = (BTreeSet::new(), 0);
            let mut broken = false;
            for (k, fits) in fits.iter_mut().enumerate().skip(1) {
                let rank = text::rank(self.cell(row, width - k)).filter(|&rank| rank > 0);
                broken |= rank.is_none_or(|rank| !seen.insert(rank));
                largest = largest.max(rank.unwrap_or(0));
                *fits &= !broken && largest == k;
            }
            if !fits.contains(&true) {
                let expected = "a ranking: an ordering such as a>b>c in the last column, \
                                or ranks 1..=k in the same last columns of every row";
                let cells: Vec<&str> = self.rows.get(row).into_iter().flatten().collect();
                let found = cells.get(cells.len().saturating_sub(3)..).unwrap_or_default().join(",");
                return Err(self.fault(row, None, expected, format!("{} at the end", quote(&found))));
            }
        }
        let labels = fits.iter().rposition(|&fits| fits).unwrap_or(0);
        Ok(Ranking::Ranks((width - labels..width).collect()))
    }

    /// Labels, and ranks row by row, from a column each.
    pub(super) fn ranks(&self, columns: &[usize]) -> Result<(Vec<String>, Vec<usize>), DataError> {
        let k = columns.len();
        if let Some(&column) = columns.iter().find(|&&column| self.name(column).contains('>')) {
            let (expected, name) = ("a label's name without `>`, which separates labels", self.name(column));
            return Err(DataError::invalid(self.file, 1, Some(column + 1), expected, quote(name)));
        }
        let mut permutation = Permutation::new(k);
        let mut ranks = Vec::new();
        for row in 0..self.rows.len() {
            permutation.next_row();
            for &column in columns {
                let cell = self.cell(row, column);
                let rank = text::rank(cell).filter(|&rank| permutation.take(rank));
                let expected = || format!("a rank: each of 1..={k} once a row");
                ranks.push(rank.ok_or_else(|| self.fault(row, Some(column), expected(), quote(cell)))?);
            }
        }
        Ok((columns.iter().map(|&column| self.name(column).to_owned()).collect(), ranks))
    }

    /// Labels, and ranks row by row, from orderings.
    pub(super) fn orderings(&self, column: usize) -> Result<(Vec<String>, Vec<usize>), DataError> {
        let labels = |row| self.cell(row, column).split('>').map(str::trim);
        let names: Vec<&str> = labels(0).collect::<BTreeSet<_>>().into_iter().collect();
        let mut permutation = Permutation::new(names.len());
        let mut ranks = Vec::new();
        for row in 0..self.rows.len() {
            permutation.next_row();
            let mut y = vec![0; names.len()];
            let mut places = 0;
            for (place, label) in (1..).zip(labels(row)) {
                let index = names.binary_search(&label).ok().filter(|&i| permutation.take(i + 1));
                if let Some(y) = index.and_then(|index| y.get_mut(index)) {
                    *y = place;
                    places += 1;
                } else {
                    places = 0;
                    break;
                }
            }
            if places != names.len() || places < 2 || names.contains(&"") {
                let expected = "an ordering best>…>worst of the labels of the first row, each once";
                return Err(self.fault(row, Some(column), expected, quote(self.cell(row, column))));
            }
            ranks.append(&mut y);
        }
        Ok((names.into_iter().map(str::to_owned).collect(), ranks))
    }
}
