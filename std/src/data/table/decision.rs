//! The columns of what was decided, and the decisions.

use std::collections::{BTreeMap, BTreeSet};

use super::ranking::Ranking;
use super::{MOST_VALUES, Rows, Table, Targets};
use crate::OracleSpec;
use crate::data::DataError;
use crate::data::frame;
use crate::data::text::quote;

/// What was decided in all rows.
pub(super) struct Decided {
    pub(super) columns: Vec<usize>,
    pub(super) labels: Vec<String>,
    pub(super) oracle: OracleSpec,
    /// The decisions, row by row.
    pub(super) y: Vec<usize>,
}

impl Table<'_> {
    /// What was decided. `known` are the labels of a model: of picks, other labels are refused, and some may be missing.
    pub(super) fn decided(&self, targets: &Targets, known: Option<&[String]>) -> Result<Decided, DataError> {
        let Rows { file, header, .. } = self.rows;
        if self.rows.len() == 0 {
            let expected = "a row after the header";
            return Err(DataError::invalid(file, header.line + 1, None, expected, "the end of the file"));
        }
        match targets {
            Targets::Pick(name) => self.picks(header.column(file, name)?, known),
            Targets::PickK(names) => self.chosen(&self.columns_once("chosen", names)?, true),
            Targets::Each(names) => self.chosen(&self.columns_once("chosen", names)?, false),
            Targets::Ranks(names) => self.ranked(Ranking::Ranks(self.columns_once("ranks", names)?)),
            Targets::Ordering(name) => self.ranked(Ranking::Ordering(header.column(file, name)?)),
            Targets::Detect => self.ranked(self.detect()?),
        }
    }

    /// The columns of these names, each once.
    fn columns_once(&self, parameter: &'static str, names: &[String]) -> Result<Vec<usize>, DataError> {
        let mut seen = BTreeSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(DataError::parameter(
                parameter,
                "each column once",
                format!("{} twice", quote(name)),
            ));
        }
        names.iter().map(|name| self.rows.header.column(self.rows.file, name)).collect()
    }

    fn ranked(&self, ranking: Ranking) -> Result<Decided, DataError> {
        let (columns, (labels, ranks)) = match ranking {
            Ranking::Ranks(columns) => {
                let ranks = self.ranks(&columns)?;
                (columns, ranks)
            }
            Ranking::Ordering(column) => (vec![column], self.orderings(column)?),
        };
        let most = labels.len() + 1;
        let oracle = OracleSpec::Ranking { reference: (1..most).map(|rank| rank as f64).collect() };
        Ok(Decided { columns, oracle, y: ranks.into_iter().map(|rank| most - rank).collect(), labels })
    }

    /// A column that names the label which was picked.
    fn picks(&self, column: usize, known: Option<&[String]>) -> Result<Decided, DataError> {
        let rows = &self.rows;
        let cells = || rows.column(column);
        if let Some(row) = cells().position(str::is_empty) {
            return Err(rows.fault(row, Some(column), "the label that was picked", "an empty cell"));
        }
        let numbers = cells().any(|cell| rows.is_number(cell));
        if let Some(row) = cells().position(|cell| numbers && frame::is_missing(cell)) {
            let expected = "the label that was picked, as numbers name them";
            return Err(rows.fault(row, Some(column), expected, quote(rows.cell(row, column))));
        }
        let labels: Vec<String> = match known {
            Some(known) => known.to_vec(),
            None => in_order(cells().collect()).into_iter().map(String::from).collect(),
        };
        if labels.len() < 2 || labels.len() > MOST_VALUES {
            let expected = format!("2 to {MOST_VALUES} distinct labels");
            return Err(rows.fault(0, Some(column), expected, format!("{} in all rows", labels.len())));
        }
        let places: BTreeMap<&str, usize> =
            labels.iter().enumerate().map(|(place, label)| (label.as_str(), place)).collect();
        let mut y = vec![0; labels.len() * rows.len()];
        for (row, (cell, y)) in cells().zip(y.chunks_exact_mut(labels.len())).enumerate() {
            let Some(&place) = places.get(cell) else {
                let listed = crate::data::text::listed(&labels, 10);
                return Err(rows.fault(
                    row,
                    Some(column),
                    format!("a label of the model: {listed}"),
                    quote(cell),
                ));
            };
            y[place] = 1;
        }
        let oracle = OracleSpec::Simplex { dim: labels.len() };
        Ok(Decided { columns: vec![column], labels, oracle, y })
    }

    /// A column a label, with 1 where it was chosen; as many in every row if they are `counted`.
    fn chosen(&self, columns: &[usize], counted: bool) -> Result<Decided, DataError> {
        let rows = &self.rows;
        let dim = columns.len();
        let taken = |cell: &str| match cell.parse::<f64>() {
            Ok(0.0) => Some(0),
            Ok(1.0) => Some(1),
            _ if cell.eq_ignore_ascii_case("false") => Some(0),
            _ if cell.eq_ignore_ascii_case("true") => Some(1),
            _ => None,
        };
        let parts = rows.parts(|part| {
            let mut y = Vec::with_capacity(dim * part.len());
            for row in part {
                for &column in columns {
                    let cell = rows.cell(row, column);
                    let expected = "1 if the label was chosen, otherwise 0";
                    let found = || if cell.is_empty() { "an empty cell".to_owned() } else { quote(cell) };
                    let fault = || rows.fault(row, Some(column), expected, found());
                    y.push(taken(cell).ok_or_else(fault)?);
                }
            }
            Ok(y)
        })?;
        let y = parts.concat();
        let count = |row: &[usize]| row.iter().sum::<usize>();
        let k = y.chunks_exact(dim.max(1)).next().map_or(0, count);
        if counted && let Some(row) = y.chunks_exact(dim.max(1)).position(|row| count(row) != k) {
            let (expected, found) =
                (format!("{k} chosen labels, as in the first row"), count(&y[row * dim..(row + 1) * dim]));
            let found = format!("{found}; --decide each takes any number");
            return Err(rows.fault(row, None, expected, found));
        }
        if counted && (k == 0 || k == dim) {
            return Err(rows.fault(
                0,
                None,
                format!("1 to {} chosen labels", dim.saturating_sub(1)),
                k.to_string(),
            ));
        }
        let oracle =
            if counted { OracleSpec::TopK { dim, k } } else { OracleSpec::Hypercube { dim, sign: false } };
        let labels = columns.iter().map(|&column| rows.header.name(column).to_owned()).collect();
        Ok(Decided { columns: columns.to_vec(), labels, oracle, y })
    }
}

/// Numbers by their size, otherwise texts by their bytes.
fn in_order(values: BTreeSet<&str>) -> Vec<&str> {
    let mut values: Vec<&str> = values.into_iter().collect();
    let numbers: Option<Vec<f64>> = values.iter().map(|value| value.parse().ok()).collect();
    if numbers.is_some_and(|numbers| numbers.iter().all(|x| !x.is_nan())) {
        let number = |value: &str| value.parse::<f64>().unwrap_or(0.0);
        values.sort_by(|a, b| number(a).total_cmp(&number(b)));
    }
    values
}
