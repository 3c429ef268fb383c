//! How the rows of a table become decisions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Decide, Decisions};
use crate::data::DataError;
use crate::data::frame::{ByOption, Column, Columns, Expression, Frame};
use crate::data::table::Unseen;
use crate::data::text::{self, quote};
use crate::threads;

/// How the rows of a table become decisions: what the options of a decision are, what is known of them, and what was decided.
///
/// A row is an option, and a decision is made among the rows of one group. Option e has the score θ_e = ⟨w, φ_e⟩, where φ_e are the
/// values of the [terms](Self::terms) in its row and w is one vector of weights for all options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Recipe {
    /// How a decision is made.
    pub decide: Decide,
    /// For a table with a row a decision and columns by option; otherwise a row is an option.
    #[serde(default)]
    pub by_option: Option<ByOption>,
    /// The column that says to which decision an option belongs; none of a table by option.
    #[serde(default)]
    pub group: Option<String>,
    /// The column that names the options. An option may then not be twice in a decision.
    #[serde(default)]
    pub alternatives: Option<String>,
    /// The terms of the score: names, and what they are.
    pub terms: Vec<(String, Expression)>,
    /// Rows where this is 0 are left out.
    #[serde(default)]
    pub filter: Option<Expression>,
    /// Options where this is 0 cannot be chosen.
    #[serde(default)]
    pub available: Option<Expression>,
    /// What was decided.
    #[serde(default)]
    pub target: Option<Target>,
    /// The column that says which decisions belong together: those of one person.
    #[serde(default)]
    pub cluster: Option<String>,
    /// How much a decision counts; the same in all rows of it.
    #[serde(default)]
    pub weight: Option<Expression>,
    /// The values of columns that have constants, as they were when the terms were made: see [`unseen`](Self::unseen).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known: BTreeMap<String, BTreeSet<String>>,
}

/// What says which decision was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Target {
    /// 1 for the options that were chosen, 0 for the others.
    Chosen(Expression),
    /// 1 for the options one of which was chosen, it is not known which. For a pick.
    OneOf(Expression),
    /// Ranks, 1 for the best. Equal ranks leave the order open; options without a rank come after all others.
    Rank(Expression),
    /// Grades, the larger the better. Equal grades leave the order open.
    Grade(Expression),
    /// What each option turned out to be worth, such as minus its cost: what was decided is the decision that is worth most.
    Worth(Expression),
}

impl Target {
    /// The expression.
    pub fn expression(&self) -> &Expression {
        match self {
            Self::Chosen(of) | Self::OneOf(of) | Self::Rank(of) | Self::Grade(of) | Self::Worth(of) => of,
        }
    }
}

/// Why no decision can be made, by the names of nodes.
pub(super) fn in_words(error: &crate::Error, nodes: &[String]) -> String {
    let node = |at: usize| nodes.get(at).map(|name| quote(name));
    match error {
        crate::Error::Graph { index, because } => match (node(*index), node(0)) {
            (Some(at), Some(first)) => format!("{}: {at}", because.replace("node 0", &first)),
            _ => error.to_string(),
        },
        crate::Error::Solver { because, .. } => (*because).to_owned(),
        _ => error.to_string(),
    }
}

/// Values that a message lists.
const LISTED: usize = 20;
/// The most distinct numbers that are taken for codes: a column of more is rather one of quantities.
const MOST_CODES: usize = 100;

/// What the terms of a score are made of, before it is known which values columns have.
///
/// ```
/// use perturb::data::frame::Columns;
/// use perturb::data::table::{Format, parse_table};
/// use perturb::decisions::{Decide, Recipe, Target, Utility};
/// use perturb::data::frame::Expression;
/// let text = b"trip,mode,cost,income,took\n1,air,90,40,1\n1,car,50,40,0\n2,car,30,20,1\n2,air,80,20,0\n";
/// let utility = Utility::new("cost / 100")?.with_constants("mode").with_interaction("income", "mode")?;
/// let mut recipe = Recipe::new(Decide::Pick).with_group("trip").with_target(Target::Chosen(Expression::column("took")));
/// let frame = parse_table("trips.csv".as_ref(), text, Format::default(), |table| {
///     table.frame(&recipe.columns().iter().map(String::as_str).chain(utility.columns()).collect::<Vec<_>>())
/// })?;
/// recipe.terms = utility.terms(&recipe, &frame, Some("air"))?;
/// let names: Vec<&str> = recipe.terms.iter().map(|(name, _)| name.as_str()).collect();
/// assert_eq!(names, ["mode=car", "cost / 100", "income:mode=car"]);
/// let decisions = recipe.read(&frame)?;
/// assert_eq!((decisions.len(), decisions.features(1)), (2, &[1.0, 0.3, 20.0, 0.0, 0.8, 0.0][..]));
/// # Ok::<(), perturb::data::DataError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Utility {
    features: Vec<(String, Expression)>,
    constants: Vec<String>,
    interactions: Vec<(String, Expression, String)>,
}

impl Utility {
    /// Of a list of expressions: see [`Expression::parse_list`]. A column of texts stands for one term a value.
    pub fn new(features: &str) -> Result<Self, DataError> {
        let features =
            if features.trim().is_empty() { Vec::new() } else { Expression::parse_list(features)? };
        Ok(Self { features, ..Self::default() })
    }
    /// With a column, whatever characters its name has.
    #[must_use]
    pub fn with_column(mut self, name: &str) -> Self {
        self.features.push((name.to_owned(), Expression::column(name)));
        self
    }
    /// With a constant for each value of a column but one, the reference: alternative-specific constants. Values are texts, or at
    /// most 100 whole numbers, which are codes.
    #[must_use]
    pub fn with_constants(mut self, column: impl Into<String>) -> Self {
        self.constants.push(column.into());
        self
    }
    /// With the products of an expression and the constants of a column.
    pub fn with_interaction(mut self, of: &str, column: impl Into<String>) -> Result<Self, DataError> {
        for (name, of) in Expression::parse_list(of)? {
            self.interactions.push((name, of, String::new()));
        }
        let column = column.into();
        self.interactions
            .iter_mut()
            .filter(|(.., column)| column.is_empty())
            .for_each(|(.., of)| of.clone_from(&column));
        Ok(self)
    }

    /// The columns of the table.
    pub fn columns(&self) -> Vec<&str> {
        let features = self.features.iter().flat_map(|(_, of)| of.columns());
        let interactions = self.interactions.iter().flat_map(|(_, of, column)| {
            of.columns()
                .into_iter()
                .chain([column.split_once('=').map_or(column.as_str(), |(column, _)| column)])
        });
        features.chain(self.constants.iter().map(String::as_str)).chain(interactions).collect()
    }

    /// The values of the columns that have constants, in the rows that `recipe` keeps: for [`Recipe::known`].
    pub fn known(
        &self,
        recipe: &Recipe,
        frame: &Frame,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, DataError> {
        let kept = recipe.kept(frame)?;
        let texts = self.features.iter().filter_map(|(_, of)| of.as_column());
        let texts = texts.filter(|column| matches!(frame.column(column), Ok(Column::Texts(_))));
        // Of one value alone all others are as the reference.
        let products = self.interactions.iter().map(|(.., column)| column.as_str());
        let products = products.filter(|column| !column.contains('='));
        let columns = self.constants.iter().map(String::as_str).chain(texts).chain(products);
        columns
            .map(|column| {
                let values = Recipe::levels(frame, column, &kept)?.into_iter().map(|(value, _)| value);
                Ok((column.to_owned(), values.collect()))
            })
            .collect()
    }

    /// The terms, for the values that columns have in the rows that `recipe` keeps. The reference is the value with this name,
    /// where a column has it, otherwise the first in byte order, of numbers the least.
    pub fn terms(
        &self,
        recipe: &Recipe,
        frame: &Frame,
        reference: Option<&str>,
    ) -> Result<Vec<(String, Expression)>, DataError> {
        let kept = recipe.kept(frame)?;
        let (mut referred, mut known) = (reference.is_none(), BTreeSet::new());
        let mut levels = |column: &str| -> Result<Vec<(String, Expression)>, DataError> {
            let mut found = Recipe::levels(frame, column, &kept)?;
            let chosen =
                reference.and_then(|reference| found.iter().position(|(value, _)| value == reference));
            referred |= chosen.is_some();
            known.extend(found.iter().map(|(value, _)| value.clone()));
            if !found.is_empty() {
                found.remove(chosen.unwrap_or(0));
            }
            Ok(found)
        };
        let mut terms = Vec::new();
        for column in &self.constants {
            for (value, is) in levels(column)? {
                terms.push((format!("{column}={value}"), is));
            }
        }
        for (name, of) in &self.features {
            match of.as_column() {
                Some(column) if matches!(frame.column(column)?, Column::Texts(_)) => {
                    Recipe::check_texts(frame, column, &kept)?;
                    for (value, is) in levels(column)? {
                        terms.push((format!("{name}={value}"), is));
                    }
                }
                _ => terms.push((name.clone(), of.clone())),
            }
        }
        for (name, of, column) in &self.interactions {
            let (column, values) = match column.split_once('=') {
                Some((column, value)) => (column, vec![Recipe::level(frame, column, value, &kept)?]),
                None => (column.as_str(), levels(column)?),
            };
            for (value, is) in values {
                terms.push((format!("{name}:{column}={value}"), of.times(&is)));
            }
        }
        if let (Some(reference), false) = (reference, referred) {
            let known: Vec<String> = known.into_iter().collect();
            let expected = match text::listed(&known, LISTED) {
                none if none.is_empty() => "a value of a column with constants or interactions".to_owned(),
                listed => format!("one of {listed}"),
            };
            return Err(DataError::parameter("reference", expected, quote(reference)));
        }
        let mut names = BTreeSet::new();
        if let Some((twice, _)) = terms.iter().find(|(name, _)| !names.insert(name)) {
            return Err(DataError::parameter("terms", "each name once", format!("{} twice", quote(twice))));
        }
        if terms.is_empty() {
            return Err(DataError::parameter("terms", "at least 1 feature, constant or interaction", 0));
        }
        Ok(terms)
    }
}

impl Recipe {
    /// A recipe without terms and target.
    #[must_use]
    pub fn new(decide: Decide) -> Self {
        Self {
            decide,
            by_option: None,
            group: None,
            alternatives: None,
            terms: Vec::new(),
            filter: None,
            available: None,
            target: None,
            cluster: None,
            weight: None,
            known: BTreeMap::new(),
        }
    }
    /// With a column that says to which decision an option belongs.
    #[must_use]
    pub fn with_group(self, column: impl Into<String>) -> Self {
        Self { group: Some(column.into()), ..self }
    }
    /// With what was decided.
    #[must_use]
    pub fn with_target(self, target: Target) -> Self {
        Self { target: Some(target), ..self }
    }

    /// The columns of the long table that the recipe needs, each once.
    pub fn columns(&self) -> Vec<String> {
        let expressions = self.terms.iter().map(|(_, of)| of);
        let expressions = expressions.chain(&self.filter).chain(&self.available).chain(&self.weight);
        let expressions = expressions.chain(self.target.as_ref().map(Target::expression));
        let names = expressions.flat_map(Expression::columns);
        let columns =
            [&self.group, &self.alternatives, &self.cluster].into_iter().flatten().map(String::as_str);
        let all: BTreeSet<&str> = names.chain(columns).chain(self.decide.columns()).collect();
        all.into_iter().map(str::to_owned).collect()
    }

    /// The columns named of a table, which are made long if the recipe has them [by option](Self::by_option).
    pub fn frame(&self, columns: &dyn Columns, names: &[&str]) -> Result<Frame, DataError> {
        let Some(by_option) = &self.by_option else { return columns.frame(names) };
        let sources = by_option.sources(names, |name| columns.has(name));
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        by_option.lengthen(&columns.frame(&sources)?, names)
    }

    /// With the [terms](Utility::terms) of `utility` and the values that are [known](Self::known) in `frame`. A column of the decision
    /// that names or numbers the chosen one of the options [by option](Self::by_option) becomes a comparison with each option.
    pub fn with_terms(
        mut self,
        utility: &Utility,
        frame: &Frame,
        reference: Option<&str>,
    ) -> Result<Self, DataError> {
        if let (Some(by_option), Some(Target::Chosen(chosen))) = (&self.by_option, &self.target)
            && let Some(column) = chosen.as_column().filter(|column| !by_option.varies(frame, column))
        {
            let own = match frame.column(column)? {
                Column::Texts(_) => by_option.name().to_owned(),
                _ => by_option.number(),
            };
            self.target = Some(Target::Chosen(Expression::column(column).equals(&Expression::column(&own))));
        }
        self.terms = utility.terms(&self, frame, reference)?;
        self.known = utility.known(&self, frame)?;
        Ok(self)
    }

    /// Refuses a column of which most values are numbers, or all are in some notation: the others are rather mistakes than names.
    fn check_texts(frame: &Frame, column: &str, rows: &[usize]) -> Result<(), DataError> {
        let Column::Texts(texts) = frame.column(column)? else { return Ok(()) };
        let is_number = |row: &usize| texts.get(*row).is_some_and(|text| frame.is_number(text));
        let mut others = rows.iter().filter(|row| !is_number(row));
        let misread = |row: usize| frame.misread(texts.get(row).unwrap_or(""));
        let Some(&row) = others.clone().next() else { return Ok(()) };
        if let Some((expected, found)) = misread(row)
            && others.all(|&row| misread(row).is_some())
        {
            return Err(frame.cell_fault(row, column, &expected, found));
        }
        if 2 * rows.iter().filter(|row| is_number(row)).count() <= rows.len() {
            return Ok(());
        }
        let found = texts.get(row).map_or_else(|| "an empty cell".to_owned(), quote);
        Err(frame.cell_fault(row, column, "a finite number, as in most rows", found))
    }

    /// The rows that are neither filtered out nor unavailable.
    fn kept(&self, frame: &Frame) -> Result<Vec<usize>, DataError> {
        let all = 0..frame.len();
        let mut keep = vec![true; frame.len()];
        for (name, condition) in [("where", &self.filter), ("available", &self.available)] {
            let Some(condition) = condition else { continue };
            let values = condition.numbers(frame, all.clone())?;
            // Of rows that are left out nothing more is asked.
            for (row, (keep, x)) in keep.iter_mut().zip(values).enumerate().filter(|(_, (keep, _))| **keep) {
                if x.is_nan() {
                    let expected = format!(
                        "that {name} {} is known; missing(column) says where one is",
                        quote(&condition.to_string())
                    );
                    return Err(frame.fault(row, expected, "a missing value"));
                }
                *keep = x != 0.0;
            }
        }
        Ok(all.filter(|&row| keep[row]).collect())
    }

    /// The distinct values of a column in some rows, texts or few whole numbers, and what is 1 where a row has each.
    fn levels(frame: &Frame, column: &str, rows: &[usize]) -> Result<Vec<(String, Expression)>, DataError> {
        let empty = |row| frame.cell_fault(row, column, "a value", "an empty cell");
        match frame.column(column)? {
            Column::Texts(texts) => {
                let mut found = BTreeSet::new();
                for &row in rows {
                    found.insert(texts.get(row).ok_or_else(|| empty(row))?);
                }
                Ok(found.into_iter().map(|of| (of.to_owned(), Expression::indicator(column, of))).collect())
            }
            Column::Numbers(numbers) => {
                let mut found = BTreeSet::new();
                for &row in rows {
                    let x = numbers[row];
                    if x.is_nan() {
                        return Err(empty(row));
                    }
                    if x.fract() != 0.0 {
                        let expected = "a text or a whole number, each of which has a constant";
                        return Err(frame.cell_fault(row, column, expected, text::shown(x)));
                    }
                    found.insert(x as i64);
                }
                if found.len() > MOST_CODES {
                    let expected = format!(
                        "at most {MOST_CODES} numbers in {}, each of which has a constant; texts such as z1 may be more",
                        quote(column)
                    );
                    return Err(DataError::parameter("constants", expected, found.len()));
                }
                found.into_iter().map(|of| Ok((of.to_string(), Expression::code(column, of)?))).collect()
            }
        }
    }

    /// The level of this name.
    fn level(
        frame: &Frame,
        column: &str,
        value: &str,
        rows: &[usize],
    ) -> Result<(String, Expression), DataError> {
        let mut all = Self::levels(frame, column, rows)?;
        if let Some(at) = all.iter().position(|(known, _)| known == value) {
            return Ok(all.swap_remove(at));
        }
        let known: Vec<String> = all.into_iter().map(|(known, _)| known).collect();
        let expected = format!("one of {} in {}", text::listed(&known, LISTED), quote(column));
        Err(DataError::parameter("interactions", expected, quote(value)))
    }

    /// The rows of each decision, in the order in which their first rows stand, and the names of the decisions.
    fn groups(&self, frame: &Frame, kept: &[usize]) -> Result<(Vec<String>, Vec<Vec<usize>>), DataError> {
        if let Some(by_option) = &self.by_option {
            let count = by_option.options().len();
            let mut groups: Vec<Vec<usize>> = Vec::new();
            let mut names: Vec<String> = Vec::new();
            for &row in kept {
                let name = (frame.before() + row / count + 1).to_string();
                if names.last() == Some(&name) {
                    if let Some(group) = groups.last_mut() {
                        group.push(row);
                    }
                } else {
                    names.push(name);
                    groups.push(vec![row]);
                }
            }
            return Ok((names, groups));
        }
        let Some(name) = &self.group else {
            return Err(DataError::parameter(
                "group",
                "the column that says to which decision an option belongs",
                "none",
            ));
        };
        let column = frame.column(name)?;
        let missing = |row| frame.fault(row, format!("a value in {}", quote(name)), "an empty cell");
        let mut places: BTreeMap<u64, usize> = BTreeMap::new();
        let (mut names, mut groups): (Vec<String>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
        let mut last = None;
        for &row in kept {
            let key = match column {
                Column::Numbers(numbers) => {
                    numbers.get(row).filter(|x| !x.is_nan()).map(|x| (x + 0.0).to_bits())
                }
                Column::Texts(texts) => texts.place(row).map(u64::from),
            };
            let key = key.ok_or_else(|| missing(row))?;
            let at = match last {
                Some((known, at)) if known == key => at,
                _ => *places.entry(key).or_insert(groups.len()),
            };
            last = Some((key, at));
            if at == groups.len() {
                names.push(column.shown(row).unwrap_or_default());
                groups.push(Vec::new());
            }
            groups[at].push(row);
        }
        Ok((names, groups))
    }

    /// The values of columns with constants that were not there when the terms were made: their options score as those of the reference
    /// do. Cost O(rows) a column.
    pub fn unseen(&self, frame: &Frame) -> Vec<Unseen> {
        let of = |(column, known): (&String, &BTreeSet<String>)| {
            let mut unseen = Unseen { column: column.clone(), values: BTreeSet::new(), rows: 0 };
            let mut last = None;
            let found = frame.column(column).ok()?;
            for row in 0..frame.len() {
                let other = match found {
                    Column::Texts(texts) => {
                        texts.get(row).filter(|value| !known.contains(*value)).map(str::to_owned)
                    }
                    Column::Numbers(numbers) => {
                        Some(text::shown(numbers[row])).filter(|value| !known.contains(value))
                    }
                };
                if let Some(value) = other {
                    // A row of the file counts once, whatever its options are.
                    if last.replace(frame.row_of_file(row)) == last {
                        unseen.note(value);
                    } else {
                        unseen.add(value);
                    }
                }
            }
            (unseen.rows > 0).then_some(unseen)
        };
        self.known.iter().filter_map(of).collect()
    }

    /// The decisions of a table, with what was decided.
    ///
    /// Refused, with the row: a missing or infinite term, an option twice in a decision, a decision that cannot have been made, and
    /// whatever the structure does not allow. Cost O(rows × terms).
    pub fn read(&self, frame: &Frame) -> Result<Decisions, DataError> {
        let Some(target) = &self.target else {
            return Err(DataError::parameter("target", "a column that says what was decided", "none"));
        };
        self.gather(frame, Some(target))
    }

    /// The decisions of a table, without what was decided.
    pub fn read_open(&self, frame: &Frame) -> Result<Decisions, DataError> {
        self.gather(frame, None)
    }

    /// The same of a part of a table, of which all rows may be left out.
    pub fn read_part(&self, frame: &Frame) -> Result<Option<Decisions>, DataError> {
        if self.kept(frame)?.is_empty() { Ok(None) } else { self.read_open(frame).map(Some) }
    }

    fn gather(&self, frame: &Frame, target: Option<&Target>) -> Result<Decisions, DataError> {
        if self.terms.is_empty() {
            return Err(DataError::parameter("terms", "at least 1 feature, constant or interaction", 0));
        }
        let kept = self.kept(frame)?;
        let (names, groups) = self.groups(frame, &kept)?;
        if groups.is_empty() {
            let expected =
                "at least one decision; the file has rows, of which all are filtered out or unavailable";
            let expected = if frame.is_empty() { "a row after the header" } else { expected };
            return Err(DataError::binary(frame.file(), expected, "none"));
        }
        let (alternatives, places) = self.name_alternatives(frame, &groups)?;
        let values = match target {
            Some(target) => Some(target.expression().numbers(frame, 0..frame.len())?),
            None => None,
        };
        let mut decisions =
            Decisions::empty(text::name(frame.file()), self.terms.iter().map(|(name, _)| name.clone()));
        for (name, rows) in names.into_iter().zip(&groups) {
            let said = values.as_ref().filter(|_| matches!(target, Some(Target::Chosen(_))));
            let chosen = said.map(|values| rows.iter().filter(|&&row| values[row] == 1.0).count());
            let arranged =
                self.decide.arrange(frame, rows, chosen).map_err(|error| error.in_decision(&name))?;
            let first = rows.first().copied().unwrap_or(0);
            decisions.push(name.clone(), &arranged.oracle, arranged.entries).map_err(|error| {
                let expected = format!("{}, which can be made,", self.decide.shape().0);
                frame.fault(first, expected, in_words(&error, &arranged.nodes)).in_decision(&name)
            })?;
        }
        decisions.alternative_names = alternatives;
        if !places.is_empty() {
            // Where there is no option, there is no alternative.
            let place = |row: &Option<u32>| row.map_or(u32::MAX, |row| places[row as usize]);
            decisions.alternatives = decisions.rows.iter().map(place).collect();
        }
        if let (Some(target), Some(values)) = (target, &values) {
            super::targets::set(&mut decisions, &self.decide, target, frame, values)?;
        }
        self.set_weights(&mut decisions, frame, &groups)?;
        self.set_clusters(&mut decisions, frame, &groups)?;
        self.set_features(&mut decisions, frame)?;
        Ok(decisions)
    }

    /// The names of the alternatives, and for each row its place among them; nothing where no column has them.
    fn name_alternatives(
        &self,
        frame: &Frame,
        groups: &[Vec<usize>],
    ) -> Result<(Vec<String>, Vec<u32>), DataError> {
        let (mut names, mut places) = (Vec::new(), Vec::new());
        let Some(name) = &self.alternatives else { return Ok((names, places)) };
        let column = frame.column(name)?;
        places.resize(frame.len(), 0);
        let mut known: HashMap<String, usize> = HashMap::new();
        // The last decision that each is in.
        let mut seen = Vec::new();
        for (decision, rows) in groups.iter().enumerate() {
            for &row in rows {
                let value = column.shown(row).ok_or_else(|| {
                    frame.fault(row, format!("a value in {}", quote(name)), "an empty cell")
                })?;
                let place = *known.entry(value).or_insert_with_key(|value| {
                    names.push(value.clone());
                    seen.push(usize::MAX);
                    seen.len() - 1
                });
                if seen[place] == decision {
                    let group = self.group.as_ref().and_then(|group| frame.column(group).ok()?.shown(row));
                    let of = group.map_or_else(String::new, |group| format!(" {}", quote(&group)));
                    let expected = format!("each option once in the decision{of}");
                    return Err(frame.fault(row, expected, format!("{} again", quote(&names[place]))));
                }
                seen[place] = decision;
                places[row] = place as u32;
            }
        }
        Ok((names, places))
    }

    fn set_weights(
        &self,
        decisions: &mut Decisions,
        frame: &Frame,
        groups: &[Vec<usize>],
    ) -> Result<(), DataError> {
        let Some(weight) = &self.weight else { return Ok(()) };
        let values = weight.numbers(frame, 0..frame.len())?;
        for (weight, rows) in decisions.weights.iter_mut().zip(groups) {
            let first = rows.first().map_or(f64::NAN, |&row| values[row]);
            for &row in rows {
                if !(values[row] >= 0.0 && values[row].is_finite() && values[row] == first) {
                    let expected = "one weight of at least 0 in all rows of a decision";
                    return Err(frame.fault(row, expected, text::shown(values[row])));
                }
            }
            *weight = first;
        }
        Ok(())
    }

    fn set_clusters(
        &self,
        decisions: &mut Decisions,
        frame: &Frame,
        groups: &[Vec<usize>],
    ) -> Result<(), DataError> {
        let Some(name) = &self.cluster else { return Ok(()) };
        let column = frame.column(name)?;
        let mut places: BTreeMap<String, u32> = BTreeMap::new();
        for rows in groups {
            let mut of = None;
            for &row in rows {
                let value = column.shown(row);
                let value = value.ok_or_else(|| {
                    frame.fault(row, format!("a value in {}", quote(name)), "an empty cell")
                })?;
                let next = places.len() as u32;
                let place = *places.entry(value.clone()).or_insert(next);
                if of.is_some_and(|of| of != place) {
                    let expected = format!("one value in {} in all rows of a decision", quote(name));
                    return Err(frame.fault(row, expected, quote(&value)));
                }
                of = Some(place);
            }
            decisions.clusters.extend(of);
        }
        Ok(())
    }

    /// Evaluates the terms, part by part on all threads.
    fn set_features(&self, decisions: &mut Decisions, frame: &Frame) -> Result<(), DataError> {
        /// Rows that a thread evaluates at once.
        const PART: usize = 8192;
        let width = self.terms.len();
        let mut places = vec![usize::MAX; frame.len()];
        for (entry, row) in decisions.rows.iter().enumerate() {
            if let Some(row) = row {
                places[*row as usize] = entry;
            }
        }
        threads::start(None);
        let starts: Vec<usize> = (0..frame.len()).step_by(PART).collect();
        let count = decisions.rows.len().checked_mul(width);
        let mut features = Vec::new();
        if count.is_none_or(|count| features.try_reserve_exact(count).is_err()) {
            let expected = "options and terms whose numbers fit into memory";
            let found = format!("{} options of {width} terms", decisions.rows.len());
            return Err(DataError::binary(frame.file(), expected, found));
        }
        features.resize(decisions.rows.len() * width, 0.0);
        // A batch of parts at a time, so that no more than that is held twice.
        for starts in starts.chunks(64) {
            let part =
                |&start: &usize| self.values_of_terms(frame, start..frame.len().min(start + PART), &places);
            let parts = starts.par_iter().map(part).collect::<Vec<Result<_, _>>>();
            let parts = parts.into_iter().collect::<Result<Vec<Vec<f64>>, _>>()?;
            for (&start, part) in starts.iter().zip(&parts) {
                for (&place, phi) in places[start..].iter().zip(part.chunks_exact(width.max(1))) {
                    if place != usize::MAX {
                        features[place * width..(place + 1) * width].copy_from_slice(phi);
                    }
                }
            }
        }
        decisions.features = features;
        Ok(())
    }

    /// The terms in some rows, row by row; finite in those that have a place.
    fn values_of_terms(
        &self,
        frame: &Frame,
        rows: Range<usize>,
        places: &[usize],
    ) -> Result<Vec<f64>, DataError> {
        let width = self.terms.len();
        let mut values = vec![0.0; rows.len() * width];
        for (term, (name, of)) in self.terms.iter().enumerate() {
            let column = of.numbers(frame, rows.clone())?;
            for ((row, x), value) in rows.clone().zip(column).zip(values.iter_mut().skip(term).step_by(width))
            {
                if !x.is_finite() && places[row] != usize::MAX {
                    let expected = format!("a finite number in {}", quote(name));
                    let found =
                        if x.is_nan() { "a missing value or no number".to_owned() } else { text::shown(x) };
                    return Err(frame.fault(row, expected, found));
                }
                *value = x;
            }
        }
        Ok(values)
    }
}
