//! What was decided, as a decision or as a face of the polytope of decisions.

use std::collections::BTreeSet;

use perturb_core::oracle::Location;

use super::{Decide, Decisions, Part, Target};
use crate::data::DataError;
use crate::data::frame::Frame;
use crate::data::text;
use crate::{AnyLayer, AnyNoise, AnyOracle, Oracle, OracleSpec};

/// Takes over what was decided: `values` has a number a row of the table.
pub(super) fn set(
    decisions: &mut Decisions,
    decide: &Decide,
    target: &Target,
    frame: &Frame,
    values: &[f64],
) -> Result<(), DataError> {
    decisions.targets = vec![0.0; decisions.rows.len()];
    for decision in 0..decisions.len() {
        let range = decisions.range(decision);
        let rows: Vec<Option<usize>> =
            decisions.rows[range.clone()].iter().map(|row| row.map(|row| row as usize)).collect();
        let values: Vec<Option<f64>> = rows.iter().map(|row| row.map(|row| values[row])).collect();
        let group = Group { frame, rows: &rows, values: &values, name: &decisions.names[decision], target };
        let (y, parts) = match (target, decide) {
            (Target::Rank(_), Decide::Rank) => {
                group.ranks()?;
                group.ranking(|x| if x.is_nan() { f64::NEG_INFINITY } else { -x })
            }
            (Target::Grade(_), Decide::Rank) => {
                group.known("a grade")?;
                decisions.grades.extend(values.iter().map(|x| x.unwrap_or(0.0)));
                group.ranking(|x| x)
            }
            (Target::Worth(_), _) => {
                let worth = group.worth()?;
                let y = group.best(&decisions.oracles[decisions.kinds[decision] as usize], &worth)?;
                decisions.worth.extend(worth);
                (y, Vec::new())
            }
            (Target::Chosen(_) | Target::OneOf(_), Decide::Rank) => {
                return Err(DataError::parameter(
                    "target",
                    "ranks or grades for a ranking",
                    "what was chosen",
                ));
            }
            (Target::Rank(_) | Target::Grade(_), _) => {
                return Err(DataError::parameter(
                    "target",
                    "what was chosen",
                    "ranks or grades, which belong to a ranking",
                ));
            }
            (Target::OneOf(_), Decide::Pick) => group.one_of()?,
            (Target::OneOf(_), _) => {
                return Err(DataError::parameter(
                    "target",
                    "a pick, of which one of several was chosen",
                    decide.name(),
                ));
            }
            (Target::Chosen(_), Decide::Pick) => (group.pick()?, Vec::new()),
            (Target::Chosen(_), Decide::PickK { limits: None, k }) => group.some(*k, true)?,
            (Target::Chosen(_), Decide::Each) => group.some(None, false)?,
            (Target::Chosen(_), _) => {
                let y = group.chosen()?;
                let oracle = &decisions.oracles[decisions.kinds[decision] as usize];
                if !can_be(decide, oracle, &y) {
                    let (what, found) = decide.shape();
                    return Err(group.fault(None, &format!("{what} of what was chosen"), found));
                }
                (y, Vec::new())
            }
        };
        decisions.targets[range].copy_from_slice(&y);
        if !parts.is_empty() {
            decisions.parts.insert(decision, parts);
        }
    }
    Ok(())
}

/// Whether chosen options are a decision that can be made, as far as that is certain.
fn can_be(decide: &Decide, oracle: &AnyOracle<f64>, y: &[f64]) -> bool {
    // What a table of options by capacities would tell of packs, their weight tells, too.
    let location = match decide {
        Decide::Pack { .. } => oracle.locate(y, None),
        _ => oracle.locate(y, Some(&mut oracle.work())),
    };
    let decided = matches!(decide, Decide::Route(_) | Decide::Span { .. } | Decide::Tour { .. });
    location != Location::Outside && (location.is_vertex() || !decided)
}

/// The entries of one decision.
struct Group<'a> {
    frame: &'a Frame,
    rows: &'a [Option<usize>],
    /// None where there is no option.
    values: &'a [Option<f64>],
    name: &'a str,
    target: &'a Target,
}

/// A decision, with 0 in the entries that it leaves open, and what is open.
type Found = Result<(Vec<f64>, Vec<Part>), DataError>;

impl Group<'_> {
    fn fault(&self, entry: Option<usize>, expected: &str, found: impl Into<String>) -> DataError {
        let entry = entry.and_then(|entry| *self.rows.get(entry)?);
        let row = entry.or_else(|| self.rows.iter().flatten().next().copied()).unwrap_or(0);
        self.frame.fault(row, format!("{expected} in the decision {}", text::quote(self.name)), found)
    }

    /// Whole numbers from 1, or missing.
    fn ranks(&self) -> Result<(), DataError> {
        let wrong = |x: &f64| !x.is_nan() && (x.fract() != 0.0 || *x < 1.0);
        match self.values.iter().position(|x| x.as_ref().is_some_and(wrong)) {
            Some(entry) => {
                let found = self.values[entry].map_or_else(String::new, text::shown);
                Err(self.fault(Some(entry), "a rank, a whole number from 1,", found))
            }
            None => Ok(()),
        }
    }

    /// Finite numbers, 0 where there is no option.
    fn worth(&self) -> Result<Vec<f64>, DataError> {
        match self.values.iter().position(|x| x.is_some_and(|x| !x.is_finite())) {
            None => Ok(self.values.iter().map(|x| x.unwrap_or(0.0)).collect()),
            Some(entry) => {
                let found = self.values[entry].filter(|x| !x.is_nan());
                let found = found.map_or_else(|| "a missing value or no number".to_owned(), text::shown);
                Err(self.fault(Some(entry), "a finite number that says what the option is worth", found))
            }
        }
    }

    /// The decision that is worth most; options that are not there are forbidden.
    fn best(&self, oracle: &AnyOracle<f64>, worth: &[f64]) -> Result<Vec<f64>, DataError> {
        let there = worth.iter().zip(self.values);
        let theta: Vec<f64> =
            there.map(|(&worth, there)| if there.is_some() { worth } else { f64::NEG_INFINITY }).collect();
        let layer = AnyLayer::of(oracle.clone(), AnyNoise::Gumbel, 1.0);
        let found = layer.and_then(|layer| layer.decide(&theta));
        found
            .map(|(_, y)| y)
            .map_err(|error| self.fault(None, "worths by which can be decided", error.to_string()))
    }

    fn known(&self, what: &str) -> Result<(), DataError> {
        match self.values.iter().position(|x| x.is_some_and(f64::is_nan)) {
            Some(entry) => Err(self.fault(Some(entry), what, "a missing value")),
            None => Ok(()),
        }
    }

    /// 0 or 1 in every row.
    fn chosen(&self) -> Result<Vec<f64>, DataError> {
        if let Some(entry) = self.values.iter().position(|x| x.is_some_and(|x| x != 0.0 && x != 1.0)) {
            let found =
                self.values[entry].filter(|x| !x.is_nan()).map_or("a missing value".to_owned(), text::shown);
            return Err(self.fault(Some(entry), "1 for what was chosen and 0 for the rest", found));
        }
        Ok(self.values.iter().map(|x| x.unwrap_or(0.0)).collect())
    }

    fn pick(&self) -> Result<Vec<f64>, DataError> {
        let y = self.chosen()?;
        match y.iter().sum::<f64>() {
            1.0 => Ok(y),
            0.0 => {
                let found = format!("none{}; a condition such as available may leave it out", self.held());
                Err(self.fault(None, "one chosen option", found))
            }
            several => Err(self.fault(
                None,
                "one chosen option",
                format!("{several}; the target one-of says that one of them was chosen"),
            )),
        }
    }

    /// What the columns that say what was chosen hold.
    fn held(&self) -> String {
        let values = |name: &str| {
            let column = self.frame.column(name).ok()?;
            let rows = self.rows.iter().flatten();
            let held: BTreeSet<String> = rows.filter_map(|&row| column.shown(row)).collect();
            let held: Vec<String> = held.into_iter().collect();
            Some(format!("{} is {}", text::quote(name), text::listed(&held, 10)))
        };
        let all: Vec<String> = self.target.expression().columns().into_iter().filter_map(values).collect();
        if all.is_empty() { String::new() } else { format!(" ({})", all.join("; ")) }
    }

    fn one_of(&self) -> Found {
        let y = self.chosen()?;
        let open: Vec<usize> = (0..y.len()).filter(|&entry| y[entry] == 1.0).collect();
        match open.len() {
            0 => Err(self.fault(None, "at least one marked option", "none")),
            1 => Ok((y, Vec::new())),
            dim => {
                Ok((vec![0.0; y.len()], vec![Part { entries: open, oracle: OracleSpec::Simplex { dim } }]))
            }
        }
    }

    /// Some were chosen, some were not, and of some it is not known.
    fn some(&self, k: Option<usize>, counted: bool) -> Found {
        let open: Vec<usize> =
            (0..self.values.len()).filter(|&entry| self.values[entry].is_some_and(f64::is_nan)).collect();
        let values: Vec<Option<f64>> =
            self.values.iter().map(|x| x.map(|x| if x.is_nan() { 0.0 } else { x })).collect();
        let y = Group { values: &values, ..*self }.chosen()?;
        let taken = y.iter().sum::<f64>() as usize;
        let dim = open.len();
        if !counted {
            let parts = if dim == 0 {
                Vec::new()
            } else {
                vec![Part { entries: open, oracle: OracleSpec::Hypercube { dim, sign: false } }]
            };
            return Ok((y, parts));
        }
        let k = match (k, dim) {
            (Some(k), _) => k,
            (None, 0) => taken,
            (None, _) => {
                return Err(self.fault(
                    None,
                    "k, where of some options it is not known whether they were chosen,",
                    "none",
                ));
            }
        };
        if taken > k || taken + dim < k {
            return Err(self.fault(None, &format!("{k} chosen options"), format!("{taken}")));
        }
        let parts = if dim == 0 || taken == k {
            Vec::new()
        } else {
            vec![Part { entries: open.clone(), oracle: OracleSpec::TopK { dim, k: k - taken } }]
        };
        let mut y = y;
        if taken + dim == k && dim > 0 {
            for entry in open {
                y[entry] = 1.0;
            }
            return Ok((y, Vec::new()));
        }
        Ok((y, parts))
    }

    /// y, which is larger the better, of options in the order of `merit`; of equal merit the order is open.
    fn ranking(&self, merit: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<Part>) {
        let merits: Vec<f64> = self.values.iter().map(|x| merit(x.unwrap_or(f64::NAN))).collect();
        let mut order: Vec<usize> = (0..merits.len()).collect();
        order.sort_by(|&a, &b| merits[a].total_cmp(&merits[b]));
        let mut y = vec![0.0; merits.len()];
        let (mut parts, mut below) = (Vec::new(), 0);
        for tied in order.chunk_by(|&a, &b| merits[a] == merits[b]) {
            if let [entry] = tied {
                y[*entry] = (below + 1) as f64;
            } else {
                let reference = (below + 1..=below + tied.len()).map(|rank| rank as f64).collect();
                let mut entries = tied.to_vec();
                entries.sort_unstable();
                parts.push(Part { entries, oracle: OracleSpec::Ranking { reference } });
            }
            below += tied.len();
        }
        (y, parts)
    }
}
