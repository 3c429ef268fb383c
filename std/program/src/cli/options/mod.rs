//! Tables of options: a row an option, or columns by option.

mod applies;
mod elasticity;
mod judge;
mod large;
mod page;
mod predict;
mod show;
mod train;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use perturb::data::DataError;
use perturb::data::frame::{ByOption, Columns, Expression, Frame, Matrix, svmlight};
use perturb::data::numpy;
use perturb::data::table::{self, Format, Targets};
use perturb::decisions::{Decide, Edges, Recipe, Target, Utility};
use serde::Serialize;

use super::source::{OF_LAYOUT, Source};
use super::streams::Input;
use super::{Failure, number, usage};

pub(crate) use applies::{Asked, Loss, Table};
pub(crate) use judge::{Merit, Units, cross, evaluate};
pub(crate) use predict::{Wanted, predict};
pub(crate) use show::show;
pub(crate) use train::{Fit, tell_or_say, train};

/// How the rows of a table of options become decisions.
#[derive(Args, Serialize, Debug, Clone)]
#[command(
    next_help_heading = "Tables of options: a row an option (--group), or columns by option (--options)"
)]
#[expect(clippy::struct_field_names, reason = "`--options` names options")]
pub(crate) struct Options {
    /// What is decided among the options of a group, or on labels [default: pick; rank of labels]
    #[arg(long, value_enum)]
    decide: Option<DecideName>,
    /// Column that says to which decision a row belongs
    #[arg(long, value_name = "COLUMN", conflicts_with = "options")]
    group: Option<String>,
    /// Options of a table with a row a decision and columns such as TRAIN_TIME and CAR_TIME
    #[arg(long, value_name = "OPTION", value_delimiter = ',')]
    options: Vec<String>,
    /// How columns by option are named
    #[arg(long, value_name = "PATTERN", default_value = ByOption::PATTERN, requires = "options")]
    pattern: String,
    /// Column that names the options [default with --options: option]
    #[arg(long, value_name = "COLUMN")]
    alternatives: Option<String>,
    /// What was chosen: a column or an expression that is 1 for it and 0 elsewhere; with --options also a column that names or
    /// numbers the chosen option; of labels the column that names the picked one, or the columns of what was chosen
    #[arg(long, value_name = "EXPRESSION", conflicts_with_all = ["one_of", "grades"], allow_hyphen_values = true)]
    chosen: Option<String>,
    /// What may have been chosen: 1 for the options one of which was, it is not known which
    #[arg(long, value_name = "EXPRESSION", conflicts_with = "grades", allow_hyphen_values = true)]
    one_of: Option<String>,
    /// Grades to rank by, the larger the better; equal grades leave the order open. Ranks are given by --ranks
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true)]
    grades: Option<String>,
    /// What options turned out to be worth, such as -cost: the decision worth most is learned, and regret is told
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true, conflicts_with_all = ["chosen", "one_of", "grades", "ranks"])]
    worth: Option<String>,
    /// Features of options: columns or expressions such as `time = minutes / 60, cost * (ticket == 0)`
    #[arg(long, value_name = "EXPRESSIONS", allow_hyphen_values = true)]
    features: Vec<String>,
    /// More files with the same columns; their groups are others, even if they have the same names
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub(crate) and: Vec<PathBuf>,
    /// Columns of texts, or of at most 100 whole numbers, whose values have a constant each, but for the reference
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    constants: Vec<String>,
    /// Products of an expression and the constants of a column, or of one value of it, as income:mode or income:mode=air
    #[arg(long, value_name = "EXPRESSION:COLUMN", value_delimiter = ',', allow_hyphen_values = true)]
    interact: Vec<String>,
    /// Value without a constant [default: the first]
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    reference: Option<String>,
    /// Leave out rows where this is 0
    #[arg(long = "where", value_name = "EXPRESSION", allow_hyphen_values = true)]
    filter: Option<String>,
    /// Options cannot be chosen where this is 0
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true)]
    available: Option<String>,
    /// Column that says which decisions belong together, such as those of one person: their errors may depend on each other
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// How often a decision counts, as if its rows stood there so often [default: 1]
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true)]
    count: Option<String>,
    /// How many options are picked [default: as many as were chosen]
    #[arg(long, value_name = "K", value_parser = number::at_least_one, allow_negative_numbers = true)]
    k: Option<usize>,
    /// Pick at most N options of one class, which a column names
    #[arg(long, value_name = "COLUMN:N")]
    limit: Option<String>,
    /// Columns of the two ends of an edge, a pair or a leg [default: from,to; for assign row,column]
    #[arg(long, value_name = "COLUMN,COLUMN")]
    edges: Option<String>,
    /// Columns of a grid's rows and columns: routes go from cell to cell [default for route without edges: row,column]
    #[arg(long, value_name = "COLUMN,COLUMN", conflicts_with = "edges")]
    cells: Option<String>,
    /// Routes over cells may not step to diagonal neighbours
    #[arg(long)]
    straight: bool,
    /// First and last node of routes and flows [default: the nodes without edges to and from them]
    #[arg(long, value_name = "NODE,NODE", allow_hyphen_values = true)]
    ends: Option<String>,
    /// Units that flow
    #[arg(long, value_name = "N", value_parser = number::at_least_one, default_value_t = 1, allow_negative_numbers = true)]
    units: usize,
    /// Column of weights, whole numbers, that are packed
    #[arg(long, value_name = "COLUMN", default_value = "weight")]
    weight: String,
    /// Largest total weight that is packed
    #[arg(long, value_name = "N", value_parser = number::capacity, allow_negative_numbers = true)]
    capacity: Option<u32>,
}

#[derive(ValueEnum, Serialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DecideName {
    /// One option
    Pick,
    /// k options
    PickK,
    /// An order of all options
    Rank,
    /// Yes or no for each option
    Each,
    /// A route along edges or over cells
    Route,
    /// A partner for each
    Assign,
    /// A tree that spans all nodes
    Span,
    /// Options within a capacity
    Pack,
    /// Units from a source to a sink
    Flow,
    /// A tour of all cities
    Tour,
}

impl Options {
    /// Whether the table is one of options.
    pub(crate) fn is_given(&self) -> bool {
        self.group.is_some() || !self.options.is_empty()
    }

    /// What is decided on labels, if it is no ranking.
    pub(crate) fn of_labels(&self) -> Result<Option<Targets>, Failure> {
        let names =
            || self.chosen.iter().flat_map(|names| names.split(',')).map(|name| name.trim().to_owned());
        match (self.decide, &self.chosen) {
            (None | Some(DecideName::Rank), None) => Ok(None),
            (None, Some(columns)) if columns.contains(',') => Err(usage(format!(
                "--chosen {columns}: give --decide pick-k or each, if these are several columns"
            ))),
            (None | Some(DecideName::Pick), Some(column)) => Ok(Some(Targets::Pick(column.clone()))),
            (Some(DecideName::PickK), Some(_)) => Ok(Some(Targets::PickK(names().collect()))),
            (Some(DecideName::Each), Some(_)) => Ok(Some(Targets::Each(names().collect()))),
            (Some(DecideName::Pick), None) => Err(usage(
                "--decide pick needs --chosen: of labels the column that names the picked one, of a table of options (--group) \
                 an expression that is 1 for it",
            )),
            (Some(DecideName::PickK | DecideName::Each), None) => Err(usage(
                "--decide pick-k and each need --chosen: of labels the columns that are 1 where they were chosen, of a table of \
                 options (--group) an expression that is 1 for them",
            )),
            (Some(DecideName::Rank), Some(_)) => {
                Err(usage("--chosen does not name rankings; --ranks and --ordering do"))
            }
            (Some(decide), _) => Err(usage(format!(
                "--decide {} belongs to tables of options: name the column of decisions with --group, or the options with --options",
                decide.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
            ))),
        }
    }

    /// What is decided, and whether routes go over cells, as far as the options say.
    pub(crate) fn decided(&self) -> (DecideName, Option<bool>) {
        let of_labels = !self.is_given() && self.chosen.is_none();
        let default = if self.grades.is_some() || of_labels { DecideName::Rank } else { DecideName::Pick };
        let cells = match (&self.cells, &self.edges) {
            (None, None) => None,
            (cells, _) => Some(cells.is_some()),
        };
        (self.decide.unwrap_or(default), cells)
    }

    /// Whether expectations of the decision are known without samples.
    pub(crate) fn is_exact(&self) -> bool {
        match self.decided().0 {
            DecideName::Pick | DecideName::Rank | DecideName::Each => true,
            DecideName::PickK => self.limit.is_none(),
            _ => false,
        }
    }

    /// The features.
    fn utility(&self) -> Result<Utility, Failure> {
        let mut utility = Utility::new(&self.features.join(", ")).map_err(of_option("--features"))?;
        for column in &self.constants {
            utility = utility.with_constants(column);
        }
        for product in &self.interact {
            let Some((of, column)) = product.rsplit_once(':') else {
                return Err(usage(format!(
                    "--interact {product}: expected EXPRESSION:COLUMN such as income:mode"
                )));
            };
            utility = utility.with_interaction(of, column.trim()).map_err(of_option("--interact"))?;
        }
        Ok(utility)
    }

    /// The recipe without its terms, for a table with these columns.
    fn recipe(&self, ranks: &[String], columns: &dyn Columns) -> Result<Recipe, Failure> {
        let mut recipe = Recipe::new(self.decide(&|name| columns.has(name))?);
        recipe.group.clone_from(&self.group);
        recipe.alternatives.clone_from(&self.alternatives);
        if !self.options.is_empty() {
            let name = self.alternatives.as_deref().unwrap_or("option");
            recipe.by_option = Some(ByOption::new(self.options.clone(), &self.pattern, name)?);
            recipe.alternatives = Some(name.to_owned());
        }
        recipe.cluster.clone_from(&self.cluster);
        let parse = |option: &'static str, text: &Option<String>| -> Result<Option<Expression>, Failure> {
            text.as_deref().map(|text| Expression::parse(text).map_err(of_option(option))).transpose()
        };
        recipe.filter = parse("--where", &self.filter)?;
        recipe.available = parse("--available", &self.available)?;
        recipe.weight = parse("--count", &self.count)?;
        recipe.target = match (parse("--chosen", &self.chosen)?, parse("--one-of", &self.one_of)?) {
            (Some(chosen), _) => Some(Target::Chosen(chosen)),
            (_, Some(one)) => Some(Target::OneOf(one)),
            _ => match (parse("--grades", &self.grades)?, ranks) {
                _ if self.worth.is_some() => parse("--worth", &self.worth)?.map(Target::Worth),
                (Some(grades), _) => Some(Target::Grade(grades)),
                (None, [column]) => Some(Target::Rank(Expression::column(column))),
                // A file for learning to rank.
                (None, []) if recipe.decide == Decide::Rank && columns.has("grade") => {
                    Some(Target::Grade(Expression::column("grade")))
                }
                (None, []) => None,
                (None, _) => return Err(usage("--ranks names one column of a table of options")),
            },
        };
        Ok(recipe)
    }

    fn decide(&self, has: &impl Fn(&str) -> bool) -> Result<Decide, Failure> {
        let (name, said) = self.decided();
        let cells = said.unwrap_or_else(|| !(has("from") && has("to")));
        if name == DecideName::Route {
            let asked = Asked { decide: name, cells: Some(cells), ..Asked::JUDGED };
            if self.straight {
                applies::CELLS.ensure("straight", asked)?;
            }
            if self.ends.is_some() {
                applies::ENDS.ensure("ends", asked)?;
            }
        }
        let pair = |option: &str, given: &Option<String>, default: (&str, &str)| match given {
            None => Ok((default.0.to_owned(), default.1.to_owned())),
            Some(text) => match text.split_once(',') {
                Some((a, b)) => Ok((a.trim().to_owned(), b.trim().to_owned())),
                None => Err(usage(format!(
                    "{option} {text}: expected two names such as {},{}",
                    default.0, default.1
                ))),
            },
        };
        let edges = || pair("--edges", &self.edges, ("from", "to"));
        let ends = || self.ends.as_ref().map(|_| pair("--ends", &self.ends, ("A", "B"))).transpose();
        Ok(match name {
            DecideName::Pick => Decide::Pick,
            DecideName::Rank => Decide::Rank,
            DecideName::Each => Decide::Each,
            DecideName::PickK => {
                let limits = match self.limit.as_ref().map(|limit| (limit, limit.rsplit_once(':'))) {
                    None => None,
                    Some((_, Some((column, most)))) if most.parse::<u32>().is_ok() => {
                        Some((column.to_owned(), most.parse().unwrap_or(1)))
                    }
                    Some((limit, _)) => {
                        return Err(usage(format!("--limit {limit}: expected COLUMN:N such as brand:2")));
                    }
                };
                Decide::PickK { k: self.k, limits }
            }
            DecideName::Route if cells => Decide::Cells {
                at: pair("--cells", &self.cells, ("row", "column"))?,
                diagonal: !self.straight,
            },
            DecideName::Route => Decide::Route(Edges { columns: edges()?, ends: ends()? }),
            DecideName::Flow => {
                Decide::Flow { edges: Edges { columns: edges()?, ends: ends()? }, units: self.units }
            }
            DecideName::Assign => Decide::Assign { pairs: pair("--edges", &self.edges, ("row", "column"))? },
            DecideName::Span => Decide::Span { edges: edges()? },
            DecideName::Tour => Decide::Tour { legs: edges()? },
            DecideName::Pack => match self.capacity {
                Some(capacity) => Decide::Pack { weight: self.weight.clone(), capacity },
                None => return Err(usage("--decide pack needs --capacity")),
            },
        })
    }

    /// The frame of a table, and the recipe with its terms.
    pub(crate) fn read(&self, source: &Source) -> Result<(Frame, Recipe), Failure> {
        let utility = self.utility()?;
        let (mut frames, mut found) = (Vec::new(), None);
        for file in std::iter::once(&source.data).chain(&self.and) {
            let (frame, recipe) = with_columns(file, source.layout.format(), |columns| {
                let recipe = match &found {
                    Some(recipe) => Recipe::clone(recipe),
                    None => self.recipe(source.ranks(), columns)?,
                };
                let utility = self.all_features(&utility, &recipe, columns);
                let names = recipe.columns();
                let names: Vec<&str> = names.iter().map(String::as_str).chain(utility.columns()).collect();
                Ok((recipe.frame(columns, &names)?, recipe))
            })?;
            frames.push(frame);
            found = Some(recipe);
        }
        let Some(recipe) = found else { return Err(usage("no data")) };
        let frame = Frame::join(frames, recipe.group.as_deref())?;
        let utility = self.all_features(&utility, &recipe, &frame);
        let recipe = recipe.with_terms(&utility, &frame, self.reference.as_deref())?;
        Ok((frame, recipe))
    }

    /// The features, or, where none are named in a file for learning to rank, all of its.
    fn all_features(&self, utility: &Utility, recipe: &Recipe, columns: &dyn Columns) -> Utility {
        let of_queries = recipe.group.as_deref() == Some("qid") && columns.has("grade") && columns.has("f1");
        if !(of_queries && self.features.is_empty() && self.constants.is_empty() && self.interact.is_empty())
        {
            return utility.clone();
        }
        let features = columns.names().iter().filter(|name| !["grade", "qid"].contains(&name.as_str()));
        features.fold(Utility::default(), |utility, name| utility.with_column(name))
    }
}

/// Refuses a layout, which applies to tables, for a file of another kind.
fn of_table(file: &Path, format: Format, kind: &str) -> Result<(), Failure> {
    if format == Format::default() {
        return Ok(());
    }
    Err(usage(format!("{} is {kind}; {OF_LAYOUT}", file.display())))
}

/// What `take` takes from the columns of a file, whatever its format, and the name of the file.
pub(super) fn with_columns<R>(
    file: &Path,
    format: Format,
    take: impl FnOnce(&dyn Columns) -> Result<R, Failure>,
) -> Result<R, Failure> {
    #[cfg(feature = "parquet")]
    if is_parquet(file) {
        of_table(file, format, "in Apache Parquet")?;
        return take(&perturb::data::frame::ParquetFile::open(file)?);
    }
    of_input(Input::read(file)?, format, take)
}

/// What `take` takes from the columns of a file that was read.
fn of_input<R>(
    Input { name, bytes }: Input,
    format: Format,
    take: impl FnOnce(&dyn Columns) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let of_table = |kind: &str| of_table(&name, format, kind);
    if bytes.starts_with(b"PERTURB\0") {
        return Err(format!("{} is a model file; --data expects a table", name.display()).into());
    }
    if bytes.starts_with(b"PAR1") {
        let how = "read it from a file by a program that was built with feature parquet";
        return Err(format!("{} is in Apache Parquet; {how}", name.display()).into());
    }
    if svmlight::is_svmlight(&bytes) {
        of_table("in SVMlight's format")?;
        return take(&svmlight::parse(&name, &bytes)?);
    }
    if bytes.starts_with(b"\x93NUMPY") {
        of_table("a matrix of NumPy")?;
        let array = numpy::parse(&name, &bytes)?;
        drop(bytes);
        return take(&Matrix::new(&name, array)?);
    }
    let mut failed = None;
    let taken = table::parse_table(&name, &bytes, format, |table| {
        take(table).map_err(|failure| {
            failed = Some(failure);
            // Only that it failed is told.
            DataError::parameter("table", "", "")
        })
    });
    match (taken, failed) {
        (Ok(taken), _) => Ok(taken),
        (Err(_), Some(failure)) => Err(failure),
        (Err(error), None) => Err(error.into()),
    }
}

/// Whether a file begins like one in Apache Parquet.
#[cfg(feature = "parquet")]
fn is_parquet(file: &Path) -> bool {
    let mut start = [0; 4];
    let read =
        std::fs::File::open(file).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
    file.is_file() && read.is_ok() && start == *b"PAR1"
}

/// An error of an expression, under the name of its option.
fn of_option(option: &'static str) -> impl Fn(DataError) -> Failure {
    move |error| usage(format!("{option}: {error}"))
}
