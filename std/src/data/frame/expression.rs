//! Expressions over the columns of a frame: filters, products, ratios, comparisons.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use winnow::ascii::{float, multispace0};
use winnow::combinator::{
    Infix, Prefix, alt, delimited, expression, fail, not, opt, peek, preceded, separated, terminated,
};
use winnow::error::ContextError;
use winnow::prelude::*;
use winnow::token::{one_of, take_till, take_while};

use super::{Column, Frame, Texts};
use crate::data::DataError;
use crate::data::text::{self, quote};

/// A number, or a truth (1 or 0), for each row of a [`Frame`].
///
/// | what | how it is written |
/// | --- | --- |
/// | a column | `cost`; in backquotes if its name has other characters than letters, digits, `_` and `.`: `` `in vehicle` `` |
/// | a number, a text | `1.5`, `'car'` or `"car"` |
/// | arithmetic | `+`, `-`, `*`, `/`, `^`; `-x^2` is −(x²) |
/// | comparisons | `==`, `!=`, `<`, `<=`, `>`, `>=`; of texts `==` and `!=` |
/// | logic | `!`, `&&`, `\|\|` |
/// | functions | `ln(x)`, `log1p(x)`, `exp(x)`, `sqrt(x)`, `abs(x)`, `min(x, y)`, `max(x, y)`, `missing(x)`, `if(condition, x, y)` |
///
/// A comparison is 1 where it holds and 0 elsewhere. What is computed from a missing value is missing; `missing(x)` is 1 where x
/// is. A product with a missing value is missing even if the other factor is 0; `if` looks at no more than the value it takes.
///
/// ```
/// use perturb::data::frame::Expression;
/// let cost = Expression::parse("cost * (season_ticket == 0) / 100")?;
/// assert_eq!(cost.columns(), ["cost", "season_ticket"]);
/// # Ok::<(), perturb::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    pub(super) tree: Tree,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    Number(f64),
    Text(String),
    Column(String),
    One(One, Box<Tree>),
    Two(Two, Box<Tree>, Box<Tree>),
    If(Box<[Tree; 3]>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum One {
    Minus,
    Not,
    Ln,
    Log1p,
    Exp,
    Sqrt,
    Abs,
    Missing,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Two {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Min,
    Max,
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    And,
    Or,
}

/// The functions, and how many values each takes.
const FUNCTIONS: [(&str, usize); 9] = [
    ("abs", 1),
    ("exp", 1),
    ("if", 3),
    ("ln", 1),
    ("log1p", 1),
    ("max", 2),
    ("min", 2),
    ("missing", 1),
    ("sqrt", 1),
];

/// What functions are called elsewhere.
const ELSEWHERE: [(&str, &str); 6] = [
    ("log", "ln"),
    ("log10", "ln"),
    ("pow", "^"),
    ("ifelse", "if"),
    ("isna", "missing"),
    ("isnan", "missing"),
];

/// The longest expression, so that none is nested too deeply.
const LONGEST: usize = 1000;

impl Expression {
    /// Reads an expression. Refused: what is none, and one of more than 1000 characters.
    pub fn parse(text: &str) -> Result<Self, DataError> {
        let text = text.trim();
        check_length(text)?;
        let tree =
            terminated(tree, multispace0).parse(text).map_err(|error| refusal(text, error.offset()))?;
        Ok(Self { text: text.to_owned(), tree })
    }

    /// Reads a list of expressions, each with its name: what stands before it and `=`, otherwise its own text.
    ///
    /// ```
    /// use perturb::data::frame::Expression;
    /// let terms = Expression::parse_list("income, hours = time / 60, max(cost, fee)")?;
    /// let names: Vec<&str> = terms.iter().map(|(name, _)| name.as_str()).collect();
    /// assert_eq!(names, ["income", "hours", "max(cost, fee)"]);
    /// # Ok::<(), perturb::data::DataError>(())
    /// ```
    pub fn parse_list(text: &str) -> Result<Vec<(String, Self)>, DataError> {
        pieces(text)
            .into_iter()
            .map(|piece| {
                let piece = piece.trim();
                check_length(piece)?;
                let mut named =
                    (opt(terminated(name, (token("="), not(peek('='))))), multispace0, tree.with_taken());
                let (given, _, (tree, own)) = terminated(named.by_ref(), multispace0)
                    .parse(piece)
                    .map_err(|error| refusal(piece, error.offset()))?;
                let own = own.trim().to_owned();
                let plain = if let Tree::Column(name) = &tree { name.clone() } else { own.clone() };
                Ok((given.unwrap_or(plain), Self { text: own, tree }))
            })
            .collect()
    }

    /// The column of this name.
    pub fn column(name: &str) -> Self {
        Self { text: shown(name), tree: Tree::Column(name.to_owned()) }
    }

    /// 1 where a column has this value, 0 elsewhere.
    pub fn indicator(column: &str, value: &str) -> Self {
        let quoted = if value.contains('\'') { format!("\"{value}\"") } else { format!("'{value}'") };
        let tree = Tree::Two(
            Two::Equal,
            Box::new(Tree::Column(column.to_owned())),
            Box::new(Tree::Text(value.to_owned())),
        );
        Self { text: format!("{} == {quoted}", shown(column)), tree }
    }

    /// 1 where a column is this whole number, 0 elsewhere.
    pub(crate) fn code(column: &str, code: i64) -> Result<Self, DataError> {
        Self::parse(&format!("{} == {code}", shown(column)))
    }

    /// 1 where two expressions are equal, 0 elsewhere.
    #[must_use]
    pub fn equals(&self, other: &Self) -> Self {
        let tree = Tree::Two(Two::Equal, Box::new(self.tree.clone()), Box::new(other.tree.clone()));
        Self { text: format!("({}) == ({})", self.text, other.text), tree }
    }

    /// The product of two expressions.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let tree = Tree::Two(Two::Multiply, Box::new(self.tree.clone()), Box::new(other.tree.clone()));
        Self { text: format!("({}) * ({})", self.text, other.text), tree }
    }

    /// The names of the columns, each once.
    pub fn columns(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.tree.walk(&mut |tree| match tree {
            Tree::Column(name) if !names.contains(&name.as_str()) => names.push(name),
            _ => {}
        });
        names
    }

    /// The column, if the expression is one.
    pub fn as_column(&self) -> Option<&str> {
        if let Tree::Column(name) = &self.tree { Some(name) } else { None }
    }

    /// Its numbers in some rows; NaN where a value is missing. Refused: a column that is not there, and texts where numbers are
    /// expected. Infinities are left to the caller, as is NaN.
    pub fn numbers(&self, frame: &Frame, rows: Range<usize>) -> Result<Vec<f64>, DataError> {
        let length = rows.len();
        match self.tree.values(frame, &rows)? {
            Values::Number(x) => Ok(vec![x; length]),
            Values::Numbers(numbers) => Ok(numbers.into_owned()),
            Values::Texts(_, _, name) => Err(frame.no_number(name, "a number")),
            Values::Text(text) => {
                let found = format!("the text {}", quote(text));
                Err(DataError::parameter("expression", format!("numbers in {}", quote(&self.text)), found))
            }
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl serde::Serialize for Expression {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for Expression {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The parts of a list between commas that stand neither in parentheses nor in quotes.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut from, mut depth, mut quote) = (Vec::new(), 0, 0usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                pieces.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[from..]);
    pieces
}

fn check_length(text: &str) -> Result<(), DataError> {
    if text.len() <= LONGEST {
        return Ok(());
    }
    Err(DataError::parameter("expression", format!("at most {LONGEST} bytes"), text.len()))
}

fn refusal(text: &str, at: usize) -> DataError {
    if let Some(error) = no_call(text) {
        return error;
    }
    let rest = text.get(at..).unwrap_or("").trim_start();
    let found = if rest.is_empty() { "its end".to_owned() } else { quote(rest) };
    let expected =
        format!("an expression such as `cost / 100` or `mode == 'car'` instead of {}", quote(text));
    DataError::parameter("expression", expected, found)
}

/// What is wrong with the last call that is none, if one is to blame.
fn no_call(text: &str) -> Option<DataError> {
    let (mut rest, mut quote_mark, mut wrong) = (text, None, None);
    while let Some(c) = rest.chars().next() {
        let word = rest.split(|c| !continues_name(c)).next().unwrap_or("");
        if quote_mark.is_none() && starts_name(c) {
            let mut called = rest;
            let after = rest.get(word.len()..).unwrap_or("");
            if after.trim_start().starts_with('(') && call.parse_next(&mut called).is_err() {
                wrong = Some((word, after));
            }
            rest = after;
            continue;
        }
        match quote_mark {
            None if matches!(c, '\'' | '"' | '`') => quote_mark = Some(c),
            Some(open) if open == c => quote_mark = None,
            _ => {}
        }
        rest = rest.get(word.len().max(c.len_utf8())..).unwrap_or("");
    }
    let (name, after) = wrong?;
    let parameter =
        |expected: String, found: String| Some(DataError::parameter("expression", expected, found));
    if let Some((_, count)) = FUNCTIONS.iter().find(|(other, _)| *other == name) {
        let values = if *count == 1 { "value" } else { "values" };
        return parameter(
            format!("{count} {values} in the parentheses of {name}"),
            quote(after.trim_start()),
        );
    }
    let known = FUNCTIONS.map(|(name, _)| name);
    let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == name.replace('_', "")).map(|(_, own)| *own);
    let near = elsewhere.or_else(|| text::nearest(name, &known));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    parameter(format!("a function: {}", known.join(", ")), quote(name) + &hint)
}

/// A column's name as an expression has it.
fn shown(name: &str) -> String {
    let plain = name.starts_with(starts_name) && name.chars().all(continues_name);
    if plain { name.to_owned() } else { format!("`{name}`") }
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}
fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

type Parsed<T> = Result<T, ContextError>;

/// A token behind white space.
fn token<'i>(text: &'static str) -> impl Parser<&'i str, &'i str, ContextError> {
    preceded(multispace0, text)
}

fn name(input: &mut &str) -> Parsed<String> {
    let plain = (one_of(starts_name), take_while(0.., continues_name)).take();
    let quoted = delimited('`', take_till(1.., '`'), '`');
    preceded(multispace0, alt((plain, quoted))).map(str::to_owned).parse_next(input)
}

fn tree(input: &mut &str) -> Parsed<Tree> {
    #[expect(clippy::unnecessary_wraps, reason = "as the table of operators has it")]
    fn one(kind: One, x: Tree) -> Parsed<Tree> {
        Ok(Tree::One(kind, Box::new(x)))
    }
    #[expect(clippy::unnecessary_wraps, reason = "as the table of operators has it")]
    fn two(kind: Two, x: Tree, y: Tree) -> Parsed<Tree> {
        Ok(Tree::Two(kind, Box::new(x), Box::new(y)))
    }
    let prefix = alt((
        token("-").value(Prefix(12, |_: &mut _, x| one(One::Minus, x))),
        token("+").value(Prefix(12, |_: &mut _, x| Ok(x))),
        terminated(token("!"), not(peek('='))).value(Prefix(16, |_: &mut _, x| one(One::Not, x))),
    ));
    let compare = alt((
        token("==").value(Infix::Neither(6, |_: &mut _, x, y| two(Two::Equal, x, y))),
        token("!=").value(Infix::Neither(6, |_: &mut _, x, y| two(Two::Unequal, x, y))),
        token("<=").value(Infix::Neither(6, |_: &mut _, x, y| two(Two::AtMost, x, y))),
        token(">=").value(Infix::Neither(6, |_: &mut _, x, y| two(Two::AtLeast, x, y))),
        token("<").value(Infix::Neither(6, |_: &mut _, x, y| two(Two::Less, x, y))),
        token(">").value(Infix::Neither(6, |_: &mut _, x, y| two(Two::Greater, x, y))),
    ));
    let infix = alt((
        compare,
        token("+").value(Infix::Left(8, |_: &mut _, x, y| two(Two::Add, x, y))),
        token("-").value(Infix::Left(8, |_: &mut _, x, y| two(Two::Subtract, x, y))),
        token("*").value(Infix::Left(10, |_: &mut _, x, y| two(Two::Multiply, x, y))),
        token("/").value(Infix::Left(10, |_: &mut _, x, y| two(Two::Divide, x, y))),
        token("^").value(Infix::Right(14, |_: &mut _, x, y| two(Two::Power, x, y))),
        token("&&").value(Infix::Left(4, |_: &mut _, x, y| two(Two::And, x, y))),
        token("||").value(Infix::Left(2, |_: &mut _, x, y| two(Two::Or, x, y))),
    ));
    expression(operand).prefix(prefix).infix(infix).parse_next(input)
}

fn operand(input: &mut &str) -> Parsed<Tree> {
    multispace0.parse_next(input)?;
    let number = preceded(peek(one_of(('0'..='9', '.'))), float).map(Tree::Number);
    let single = delimited('\'', take_till(0.., '\''), '\'');
    let double = delimited('"', take_till(0.., '"'), '"');
    let text = alt((single, double)).map(|text: &str| Tree::Text(text.to_owned()));
    let inner = delimited('(', tree, token(")"));
    alt((number, text, inner, call, name.map(Tree::Column))).parse_next(input)
}

fn call(input: &mut &str) -> Parsed<Tree> {
    let called: &str = terminated(take_while(1.., continues_name), (multispace0, '(')).parse_next(input)?;
    let mut arguments: Vec<Tree> = separated(1..=3, tree, token(",")).parse_next(input)?;
    token(")").parse_next(input)?;
    if called == "if" {
        let parts: Result<[Tree; 3], _> = arguments.try_into();
        return parts.map_or_else(|_| fail.parse_next(input), |parts| Ok(Tree::If(Box::new(parts))));
    }
    let (first, second) = (arguments.pop(), arguments.pop());
    let (one, two) = match called {
        "ln" => (Some(One::Ln), None),
        "log1p" => (Some(One::Log1p), None),
        "exp" => (Some(One::Exp), None),
        "sqrt" => (Some(One::Sqrt), None),
        "abs" => (Some(One::Abs), None),
        "missing" => (Some(One::Missing), None),
        "min" => (None, Some(Two::Min)),
        "max" => (None, Some(Two::Max)),
        _ => (None, None),
    };
    match (one, two, first, second) {
        _ if !arguments.is_empty() => fail.parse_next(input),
        (Some(kind), _, Some(x), None) => Ok(Tree::One(kind, Box::new(x))),
        (_, Some(kind), Some(y), Some(x)) => Ok(Tree::Two(kind, Box::new(x), Box::new(y))),
        _ => fail.parse_next(input),
    }
}

/// Values in some rows.
enum Values<'a> {
    Number(f64),
    Numbers(Cow<'a, [f64]>),
    Text(&'a str),
    /// Codes of a column's texts, and its name.
    Texts(&'a Texts, &'a [u32], &'a str),
}

impl Tree {
    /// Shows each part, the whole first.
    pub(super) fn walk<'a>(&'a self, see: &mut impl FnMut(&'a Self)) {
        see(self);
        match self {
            Self::One(_, x) => x.walk(see),
            Self::Two(_, x, y) => {
                x.walk(see);
                y.walk(see);
            }
            Self::If(parts) => parts.iter().for_each(|part| part.walk(see)),
            Self::Number(_) | Self::Text(_) | Self::Column(_) => {}
        }
    }

    fn values<'a>(&'a self, frame: &'a Frame, rows: &Range<usize>) -> Result<Values<'a>, DataError> {
        Ok(match self {
            Self::Number(x) => Values::Number(*x),
            Self::Text(text) => Values::Text(text),
            Self::Column(name) => match frame.column(name)? {
                Column::Numbers(numbers) => {
                    Values::Numbers(Cow::Borrowed(numbers.get(rows.clone()).unwrap_or(&[])))
                }
                Column::Texts(texts) => {
                    Values::Texts(texts, texts.codes.get(rows.clone()).unwrap_or(&[]), name)
                }
            },
            Self::One(One::Missing, x) => match x.values(frame, rows)? {
                Values::Texts(texts, codes, _) => {
                    Values::Numbers(codes.iter().map(|&code| truth(texts.value(code).is_none())).collect())
                }
                x => map(x, |x| truth(x.is_nan())).map_err(|x| x.misplaced(frame, "missing"))?,
            },
            Self::One(kind, x) => {
                let x = x.values(frame, rows)?;
                map(x, kind.function()).map_err(|x| x.misplaced(frame, kind.name()))?
            }
            Self::Two(kind, x, y) => {
                let (a, b) = (x.values(frame, rows)?, y.values(frame, rows)?);
                let compares = matches!(kind, Two::Equal | Two::Unequal);
                for (tree, of, other) in [(x, &a, &b), (y, &b, &a)] {
                    if let (Self::Column(name), Values::Numbers(numbers)) = (tree.as_ref(), of)
                        && matches!(other, Values::Text(_) | Values::Texts(..))
                        && compares
                    {
                        // Texts that are all missing.
                        let Some(at) = numbers.iter().position(|x| !x.is_nan()) else {
                            return Ok(Values::Numbers(vec![f64::NAN; rows.len()].into()));
                        };
                        let found = quote(&text::shown(numbers[at]));
                        let expected = format!("a text, with which {} compares it", kind.name());
                        return Err(frame.cell_fault(rows.start + at, name, &expected, found));
                    }
                }
                kind.apply(a, b, frame)?
            }
            Self::If(parts) => {
                let [condition, x, y] = parts.as_ref();
                let numbers = |of: &'a Self| match of.values(frame, rows)? {
                    Values::Number(x) => Ok(vec![x; rows.len()]),
                    Values::Numbers(numbers) => Ok(numbers.into_owned()),
                    of => Err(of.misplaced(frame, "if")),
                };
                let (condition, x, y) = (numbers(condition)?, numbers(x)?, numbers(y)?);
                let taken = condition.iter().zip(x.iter().zip(&y)).map(|(&condition, (&x, &y))| {
                    if condition.is_nan() {
                        condition
                    } else if condition == 0.0 {
                        y
                    } else {
                        x
                    }
                });
                Values::Numbers(taken.collect())
            }
        })
    }
}

impl Values<'_> {
    /// The error of texts where an operation needs numbers.
    fn misplaced(&self, frame: &Frame, operation: &str) -> DataError {
        match self {
            Values::Texts(_, _, name) => frame.no_number(name, &format!("a number for {operation}")),
            _ => DataError::parameter("expression", format!("numbers for {operation}"), "a text"),
        }
    }
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// Texts are given back.
fn map(x: Values<'_>, f: impl Fn(f64) -> f64) -> Result<Values<'_>, Values<'_>> {
    match x {
        Values::Number(x) => Ok(Values::Number(f(x))),
        Values::Numbers(numbers) => {
            let mut numbers = numbers.into_owned();
            for x in &mut numbers {
                *x = f(*x);
            }
            Ok(Values::Numbers(numbers.into()))
        }
        Values::Text(_) | Values::Texts(..) => Err(x),
    }
}

impl One {
    fn name(self) -> &'static str {
        match self {
            Self::Minus => "-",
            Self::Not => "!",
            Self::Ln => "ln",
            Self::Log1p => "log1p",
            Self::Exp => "exp",
            Self::Sqrt => "sqrt",
            Self::Abs => "abs",
            Self::Missing => "missing",
        }
    }
    fn function(self) -> fn(f64) -> f64 {
        match self {
            Self::Minus => |x| -x,
            Self::Not => |x| if x.is_nan() { x } else { truth(x == 0.0) },
            Self::Ln => libm::log,
            Self::Log1p => libm::log1p,
            Self::Exp => libm::exp,
            Self::Sqrt => f64::sqrt,
            Self::Abs => f64::abs,
            Self::Missing => |x| truth(x.is_nan()),
        }
    }
}

impl Two {
    fn name(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Power => "^",
            Self::Min => "min",
            Self::Max => "max",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::And => "&&",
            Self::Or => "||",
        }
    }

    fn function(self) -> fn(f64, f64) -> f64 {
        /// What a comparison with a missing value is: missing.
        fn known(x: f64, y: f64, holds: bool) -> f64 {
            if x.is_nan() || y.is_nan() { f64::NAN } else { truth(holds) }
        }
        match self {
            Self::Add => |x, y| x + y,
            Self::Subtract => |x, y| x - y,
            Self::Multiply => |x, y| x * y,
            Self::Divide => |x, y| x / y,
            Self::Power => libm::pow,
            Self::Min => |x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { x.min(y) },
            Self::Max => |x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { x.max(y) },
            Self::Equal => |x, y| known(x, y, x == y),
            Self::Unequal => |x, y| known(x, y, x != y),
            Self::Less => |x, y| known(x, y, x < y),
            Self::AtMost => |x, y| known(x, y, x <= y),
            Self::Greater => |x, y| known(x, y, x > y),
            Self::AtLeast => |x, y| known(x, y, x >= y),
            // One that is known may decide alone.
            Self::And => |x, y| if x == 0.0 || y == 0.0 { 0.0 } else { known(x, y, true) },
            Self::Or => |x, y| {
                if [x, y].iter().any(|&x| x != 0.0 && !x.is_nan()) { 1.0 } else { known(x, y, false) }
            },
        }
    }

    fn apply<'a>(self, x: Values<'a>, y: Values<'a>, frame: &Frame) -> Result<Values<'a>, DataError> {
        let f = self.function();
        let misplaced = |x: Values<'_>| x.misplaced(frame, self.name());
        match (x, y) {
            (Values::Number(x), Values::Number(y)) => Ok(Values::Number(f(x, y))),
            (Values::Numbers(x), Values::Numbers(y)) => {
                let mut out = x.into_owned();
                out.iter_mut().zip(y.iter()).for_each(|(x, &y)| *x = f(*x, y));
                Ok(Values::Numbers(out.into()))
            }
            (x @ Values::Numbers(_), Values::Number(y)) => map(x, |x| f(x, y)).map_err(misplaced),
            (Values::Number(x), y @ Values::Numbers(_)) => map(y, |y| f(x, y)).map_err(misplaced),
            (x, y) if matches!(self, Self::Equal | Self::Unequal) => self.compare_texts(&x, &y, frame),
            (Values::Number(_) | Values::Numbers(_), y) => Err(misplaced(y)),
            (x, _) => Err(misplaced(x)),
        }
    }

    /// Whether texts are equal, or are not.
    fn compare_texts<'a>(
        self,
        x: &Values<'a>,
        y: &Values<'a>,
        frame: &Frame,
    ) -> Result<Values<'a>, DataError> {
        let wanted = matches!(self, Self::Equal);
        let compared = |equal: Option<bool>| equal.map_or(f64::NAN, |equal| truth(equal == wanted));
        Ok(match (x, y) {
            (Values::Text(x), Values::Text(y)) => Values::Number(compared(Some(x == y))),
            (Values::Texts(texts, codes, _), Values::Text(text))
            | (Values::Text(text), Values::Texts(texts, codes, _)) => {
                let code = texts.code(text);
                let equal = |&of: &u32| texts.value(of).map(|_| Some(of) == code);
                Values::Numbers(codes.iter().map(|code| compared(equal(code))).collect())
            }
            (Values::Texts(a, xs, _), Values::Texts(b, ys, _)) => {
                let equal = |(&x, &y): (&u32, &u32)| Some(a.value(x)? == b.value(y)?);
                Values::Numbers(xs.iter().zip(*ys).map(|pair| compared(equal(pair))).collect())
            }
            (Values::Texts(_, _, name), _) | (_, Values::Texts(_, _, name)) => {
                let beside = format!("a number, with which {} compares it", self.name());
                return Err(frame.no_number(name, &beside));
            }
            _ => {
                return Err(DataError::parameter(
                    "expression",
                    format!("two numbers or two texts beside {}", self.name()),
                    "a number and a text",
                ));
            }
        })
    }
}
