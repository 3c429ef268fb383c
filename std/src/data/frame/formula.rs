//! Expressions as source code, for firmware that has the columns of options and not their terms.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::Expression;
use super::expression::{One, Tree, Two};

/// Formulas over the columns of an option, and what they need to know of these.
pub(crate) struct Formulas<'a> {
    terms: Vec<(&'a str, &'a Tree)>,
    available: Option<&'a Tree>,
    columns: Vec<Column<'a>>,
}

/// A column that formulas mention.
struct Column<'a> {
    name: &'a str,
    /// As a field of a structure.
    field: String,
    /// The texts with which formulas compare it; empty of numbers.
    texts: Vec<&'a str>,
}

/// A language.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    C,
    Rust,
}

/// Words that no field may be, of C, C++ and Rust.
const WORDS: &str = " abstract alignas alignof and and_eq as asm async auto await become bitand bitor bool box break case catch \
    char char8_t char16_t char32_t class compl concept const const_cast consteval constexpr constinit continue crate decltype default \
    delete do double dyn dynamic_cast else enum explicit export extern false final float fn for friend gen goto if impl in inline int \
    let long loop macro match mod move mut mutable namespace new noexcept not not_eq nullptr operator or or_eq override priv private \
    protected pub public ref register reinterpret_cast requires restrict return self short signed sizeof static static_assert \
    static_cast struct super switch template this thread_local throw trait true try type typedef typeid typename typeof union unsafe \
    unsigned unsized use using virtual void volatile wchar_t where while xor xor_eq yield ";

/// Letters of ASCII, digits and underscores in the place of a name, a letter first, if need be of the prefix, another than those
/// before.
fn identifier(name: &str, prefix: &str, taken: &mut BTreeSet<String>) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut plain: String = name.chars().map(legal).collect();
    if !plain.starts_with(|first: char| first.is_ascii_alphabetic()) {
        plain.insert_str(0, prefix);
    }
    if WORDS.contains(&format!(" {plain} ")) {
        plain.push('_');
    }
    let numbered = std::iter::once(plain.clone()).chain((2..).map(|number| format!("{plain}_{number}")));
    let free = numbered.into_iter().find(|name| !taken.contains(name)).unwrap_or(plain);
    taken.insert(free.clone());
    free
}

/// With a large first letter.
fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A name in a comment, in quotes, so that it cannot break the line.
fn quoted(name: &str) -> String {
    format!("{name:?}")
}

impl<'a> Formulas<'a> {
    /// Of terms and of what says which options are available. An error says why they have no source.
    pub(crate) fn new(
        terms: &'a [(String, Expression)],
        available: Option<&'a Expression>,
    ) -> Result<Self, &'static str> {
        let terms: Vec<_> = terms.iter().map(|(name, of)| (name.as_str(), &of.tree)).collect();
        let available = available.map(|of| &of.tree);
        let (mut columns, mut taken) = (Vec::<Column<'a>>::new(), BTreeSet::new());
        let mut compared: Vec<(&str, &str)> = Vec::new();
        let all = || terms.iter().map(|(_, tree)| *tree).chain(available);
        for tree in all() {
            tree.walk(&mut |tree| match tree {
                Tree::Column(name) if columns.iter().all(|column| column.name != name) => {
                    columns.push(Column {
                        name,
                        field: identifier(name, "x_", &mut taken),
                        texts: Vec::new(),
                    });
                }
                Tree::Two(Two::Equal | Two::Unequal, x, y) => match (x.as_ref(), y.as_ref()) {
                    (Tree::Column(column), Tree::Text(text)) | (Tree::Text(text), Tree::Column(column)) => {
                        compared.push((column, text));
                    }
                    _ => {}
                },
                _ => {}
            });
        }
        for (name, text) in compared {
            let column = columns.iter_mut().find(|column| column.name == name);
            if let Some(column) = column.filter(|column| !column.texts.contains(&text)) {
                column.texts.push(text);
            }
        }
        let found = Self { terms, available, columns };
        for tree in all_of(&found) {
            let mut wrong = None;
            tree.walk(&mut |tree| match tree {
                Tree::Number(x) if !x.is_finite() => wrong = Some("a number of a formula is not finite"),
                Tree::Two(Two::Equal | Two::Unequal, x, y) => {
                    let texts = [x, y].map(|tree| found.is_text(tree));
                    let columns = [x, y].map(|tree| matches!(tree.as_ref(), Tree::Column(_)));
                    if texts[0] != texts[1] || texts == [true; 2] && columns[0] == columns[1] {
                        wrong = Some("a formula compares texts with something else than a text");
                    }
                }
                _ => {}
            });
            if let Some(wrong) = wrong {
                return Err(wrong);
            }
        }
        Ok(found)
    }

    fn column(&self, name: &str) -> Option<&Column<'a>> {
        self.columns.iter().find(|column| column.name == name)
    }
    fn is_text(&self, tree: &Tree) -> bool {
        match tree {
            Tree::Text(_) => true,
            Tree::Column(name) => self.column(name).is_some_and(|column| !column.texts.is_empty()),
            _ => false,
        }
    }
    /// Whether a column has numbers, which have a type.
    fn has_numbers(&self) -> bool {
        self.columns.iter().any(|column| column.texts.is_empty())
    }
    fn has(&self, wanted: impl Fn(&Tree) -> bool) -> bool {
        let mut found = false;
        all_of(self).for_each(|tree| tree.walk(&mut |tree| found |= wanted(tree)));
        found
    }

    /// The names of a text column's values, which are distinct.
    fn values(column: &Column<'_>, of: impl Fn(&str) -> String) -> Vec<String> {
        let mut taken: BTreeSet<String> = ["missing", "other"].map(&of).into();
        column.texts.iter().map(|text| identifier(&of(text), "X_", &mut taken)).collect()
    }

    /// A value of a text column in C.
    fn c_value(prefix: &str, column: &Column<'_>, value: &str) -> String {
        format!("{prefix}_{}_{value}", column.field.to_ascii_uppercase())
    }

    /// Structures and functions in C, of names that begin with `name` and `upper`; `name_scores` is there.
    pub(crate) fn to_c(&self, name: &str, upper: &str) -> String {
        let mut source = format!(
            "
// Formulas: from the columns of an option to its terms. They compute in float, or in double, as the program that trained the model
// does, if {upper}_DOUBLE is defined. Numbers that are missing are not a number, and a compiler must not be told that there are none
// (-ffast-math).
#ifdef {upper}_DOUBLE
typedef double {name}_number;
#else
typedef float {name}_number;
#endif
"
        );
        let mut fields = String::new();
        for column in &self.columns {
            let (field, quoted) = (&column.field, quoted(column.name));
            if column.texts.is_empty() {
                let _ = writeln!(fields, "    {name}_number {field}; // {quoted}");
                continue;
            }
            let values = Self::values(column, str::to_ascii_uppercase);
            let _ = write!(source, "// What {quoted} may be.\nenum {{\n");
            for value in ["MISSING", "OTHER"] {
                let _ = writeln!(source, "    {},", Self::c_value(upper, column, value));
            }
            for (value, text) in values.iter().zip(&column.texts) {
                let _ = writeln!(source, "    {}, // {text:?}", Self::c_value(upper, column, value));
            }
            source.push_str("};\n");
            let prefix = Self::c_value(upper, column, "");
            let _ = writeln!(fields, "    unsigned {field}; // {quoted}, one of {prefix}…");
        }
        if self.columns.is_empty() {
            fields.push_str("    char none; // Formulas need no column.\n");
        }
        let _ =
            write!(source, "// An option by its columns.\ntypedef struct {{\n{fields}}} {name}_option;\n\n");
        // Of functions those that are called, each above those that call it.
        let mut called = self.c_functions(name, upper);
        for function in C_FUNCTIONS.rsplit("\n\n") {
            let function =
                function.replace("name_", &format!("{name}_")).replace("NAME_", &format!("{upper}_"));
            let own = function.split('(').next().and_then(|head| head.rsplit(' ').next()).unwrap_or("");
            if called.contains(&format!("{own}(")) {
                called = format!("{function}\n{called}");
            }
        }
        if called.contains("_CALL(") {
            let _ = write!(
                source,
                "#include <math.h>\n#ifdef {upper}_DOUBLE\n#define {upper}_CALL(function) function\n#else\n\
                 #define {upper}_CALL(function) function##f\n#endif\n\n"
            );
        }
        source + &called
    }

    fn c_functions(&self, name: &str, upper: &str) -> String {
        let writer = Writer { formulas: self, language: Language::C, name, upper };
        let mut source = format!(
            "
// The terms of an option, rounded to float.
static inline void {name}_terms(const {name}_option *option, float terms[{upper}_FEATURES])
{{
    (void)option;
"
        );
        for (at, (term, tree)) in self.terms.iter().enumerate() {
            let _ = writeln!(source, "    terms[{at}] = (float)({}); // {}", writer.of(tree), quoted(term));
        }
        source.push_str("}\n");
        if let Some(tree) = self.available {
            let _ = write!(
                source,
                "
// Whether an option can be chosen; leave out those that cannot. 0 where it is not known.
static inline int {name}_available(const {name}_option *option)
{{
    const {name}_number holds = {};
    return holds == holds && holds != 0;
}}
",
                writer.of(tree)
            );
        }
        source
    }

    /// A module's structures and functions in Rust.
    pub(crate) fn to_rust(&self) -> String {
        let generic = if self.has_numbers() { "<T>" } else { "" };
        let mut source = String::from("\n");
        let mut taken: BTreeSet<String> = ["Columns", "T"].map(String::from).into();
        let mut fields = String::new();
        for column in &self.columns {
            let quoted = quoted(column.name);
            if column.texts.is_empty() {
                let _ = write!(fields, "    /// {quoted}\n    pub {}: T,\n", column.field);
                continue;
            }
            let kind = identifier(&capital(&column.field), "X_", &mut taken);
            let _ = write!(
                source,
                "/// What {quoted} may be.\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n\
                 #[allow(non_camel_case_types)]\npub enum {kind} {{\n    /// Nothing is known.\n    Missing,\n    \
                 /// A text that no formula mentions.\n    Other,\n"
            );
            for (value, text) in Self::values(column, capital).iter().zip(&column.texts) {
                let _ = write!(source, "    /// {text:?}\n    {value},\n");
            }
            source.push_str("}\n");
            let _ = write!(fields, "    /// {quoted}\n    pub {}: {kind},\n", column.field);
        }
        let _ = write!(
            source,
            "/// An option by its columns. Numbers that are missing are NaN. They are f32, or f64, in which the program that trained the\n\
             /// model computes, with the same bits.\n\
             #[derive(Clone, Copy, Debug, PartialEq)]\n#[allow(non_snake_case)]\npub struct Columns{generic} {{\n{fields}}}\n"
        );
        let bound = if generic.is_empty() { "" } else { "<T: perturb_core::Real>" };
        let local = if generic.is_empty() { "    type T = f32;\n" } else { "" };
        let _ = write!(
            source,
            "/// The terms of an option, rounded to f32: `MODEL.decide(&layer, options.map(|of| terms(&of)).as_flattened())`.\n\
             #[allow(clippy::all, clippy::pedantic, non_snake_case, unused_variables, unused_parens)]\n\
             pub fn terms{bound}(option: &Columns{generic}) -> [f32; FEATURES] {{\n{local}    [\n"
        );
        let writer = Writer { formulas: self, language: Language::Rust, name: "", upper: "" };
        for (term, tree) in &self.terms {
            let _ = write!(
                source,
                "        // {}\n        formula::rounded::<T>({}),\n",
                quoted(term),
                writer.of(tree)
            );
        }
        source.push_str("    ]\n}\n");
        if let Some(tree) = self.available {
            let _ = write!(
                source,
                "/// Whether an option can be chosen; leave out those that cannot. False where it is not known.\n\
                 #[allow(clippy::all, clippy::pedantic, non_snake_case, unused_parens)]\n\
                 pub fn available{bound}(option: &Columns{generic}) -> bool {{\n{local}    formula::holds::<T>({})\n}}\n",
                writer.of(tree)
            );
        }
        source.push_str(RUST_FUNCTIONS);
        if self.has(|tree| matches!(tree, Tree::Two(Two::Power, ..))) {
            source.push_str(RUST_POWER);
        }
        source.push_str("}\n");
        source
    }
}

fn all_of<'f, 'a>(of: &'f Formulas<'a>) -> impl Iterator<Item = &'a Tree> + use<'f, 'a> {
    of.terms.iter().map(|(_, tree)| *tree).chain(of.available)
}

/// Writes expressions.
struct Writer<'f, 'a> {
    formulas: &'f Formulas<'a>,
    language: Language,
    name: &'f str,
    upper: &'f str,
}

impl Writer<'_, '_> {
    fn call(&self, function: &str, arguments: &[String]) -> String {
        let arguments = arguments.join(", ");
        match self.language {
            Language::C => format!("{}_{function}({arguments})", self.name),
            Language::Rust => format!("formula::{function}({arguments})"),
        }
    }

    fn of(&self, tree: &Tree) -> String {
        let c = self.language == Language::C;
        match tree {
            Tree::Number(x) if c => format!("({}_number){x:?}", self.name),
            Tree::Number(x) => format!("T::from_f64({x:?})"),
            // Compared alone: see below.
            Tree::Text(_) => String::new(),
            Tree::Column(name) => {
                let field = self.formulas.column(name).map_or("", |column| &column.field);
                if c { format!("option->{field}") } else { format!("option.{field}") }
            }
            Tree::One(One::Minus, x) => format!("(-{})", self.of(x)),
            Tree::One(One::Missing, x) if self.formulas.is_text(x) => {
                let Tree::Column(name) = x.as_ref() else { return String::new() };
                self.is(name, None)
            }
            Tree::One(kind, x) => self.call(kind.in_source(), &[self.of(x)]),
            Tree::Two(kind, x, y) => match (kind, x.as_ref(), y.as_ref()) {
                (Two::Equal | Two::Unequal, Tree::Column(column), Tree::Text(text))
                | (Two::Equal | Two::Unequal, Tree::Text(text), Tree::Column(column)) => {
                    let is = self.is(column, Some(text));
                    if *kind == Two::Equal { is } else { self.call("not", &[is]) }
                }
                _ => match kind.in_source() {
                    Ok(operator) => format!("({} {operator} {})", self.of(x), self.of(y)),
                    Err(function) => self.call(function, &[self.of(x), self.of(y)]),
                },
            },
            Tree::If(parts) => self.call("choose_if", &parts.each_ref().map(|part| self.of(part))),
        }
    }

    /// Whether a column of texts has a value, or is missing.
    fn is(&self, column: &str, text: Option<&str>) -> String {
        let Some(column) = self.formulas.column(column) else { return String::new() };
        let place = text.and_then(|text| column.texts.iter().position(|other| *other == text));
        // As the values were declared: missing, other, and those that formulas mention.
        let value = place.map_or(0, |place| place + 2);
        let (field, function) = (&column.field, if text.is_some() { "is" } else { "is_missing" });
        match self.language {
            Language::C => {
                let arguments = match place {
                    Some(_) => {
                        let values = Formulas::values(column, str::to_ascii_uppercase);
                        let value = values.get(value - 2).map_or("", String::as_str);
                        format!("option->{field}, {}", Formulas::c_value(self.upper, column, value))
                    }
                    None => format!("option->{field}"),
                };
                format!("{}_{function}({arguments})", self.name)
            }
            Language::Rust => {
                let arguments = if place.is_some() { format!(", {value}") } else { String::new() };
                format!("formula::{function}::<T>(option.{field} as usize{arguments})")
            }
        }
    }
}

impl One {
    /// The function in source code.
    fn in_source(self) -> &'static str {
        match self {
            Self::Minus | Self::Not => "not",
            Self::Ln => "ln",
            Self::Log1p => "log1p",
            Self::Exp => "exp",
            Self::Sqrt => "sqrt",
            Self::Abs => "abs",
            Self::Missing => "is_nan",
        }
    }
}

impl Two {
    /// The operator in source code, or the function.
    fn in_source(self) -> Result<&'static str, &'static str> {
        match self {
            Self::Add => Ok("+"),
            Self::Subtract => Ok("-"),
            Self::Multiply => Ok("*"),
            Self::Divide => Ok("/"),
            Self::Power => Err("power"),
            Self::Min => Err("min"),
            Self::Max => Err("max"),
            Self::Equal => Err("equal"),
            Self::Unequal => Err("unequal"),
            Self::Less => Err("less"),
            Self::AtMost => Err("at_most"),
            Self::Greater => Err("greater"),
            Self::AtLeast => Err("at_least"),
            Self::And => Err("and"),
            Self::Or => Err("or"),
        }
    }
}

/// What is computed of a missing value is missing.
const C_FUNCTIONS: &str = "\
static inline name_number name_known(name_number x, name_number y, int holds)
{
    return x != x ? x : y != y ? y : (name_number)holds;
}

static inline name_number name_is(unsigned value, unsigned wanted)
{
    const name_number zero = 0;
    return value == 0 ? zero / zero : (name_number)(value == wanted);
}

static inline name_number name_is_missing(unsigned value) { return (name_number)(value == 0); }

static inline name_number name_is_nan(name_number x) { return (name_number)(x != x); }

static inline name_number name_not(name_number x) { return x != x ? x : (name_number)(x == 0); }

static inline name_number name_ln(name_number x) { return NAME_CALL(log)(x); }

static inline name_number name_log1p(name_number x) { return NAME_CALL(log1p)(x); }

static inline name_number name_exp(name_number x) { return NAME_CALL(exp)(x); }

static inline name_number name_sqrt(name_number x) { return NAME_CALL(sqrt)(x); }

static inline name_number name_abs(name_number x) { return x <= 0 ? 0 - x : x; }

static inline name_number name_power(name_number x, name_number y) { return NAME_CALL(pow)(x, y); }

static inline name_number name_min(name_number x, name_number y) { return x != x || x < y ? x : y; }

static inline name_number name_max(name_number x, name_number y) { return x != x || x > y ? x : y; }

static inline name_number name_equal(name_number x, name_number y) { return name_known(x, y, x == y); }

static inline name_number name_unequal(name_number x, name_number y) { return name_known(x, y, x != y); }

static inline name_number name_less(name_number x, name_number y) { return name_known(x, y, x < y); }

static inline name_number name_at_most(name_number x, name_number y) { return name_known(x, y, x <= y); }

static inline name_number name_greater(name_number x, name_number y) { return name_known(x, y, x > y); }

static inline name_number name_at_least(name_number x, name_number y) { return name_known(x, y, x >= y); }

static inline name_number name_and(name_number x, name_number y)
{
    return x == 0 || y == 0 ? (name_number)0 : name_known(x, y, 1);
}

static inline name_number name_or(name_number x, name_number y)
{
    const int holds = (x == x && x != 0) || (y == y && y != 0);
    return holds ? (name_number)1 : name_known(x, y, 0);
}

static inline name_number name_choose_if(name_number condition, name_number x, name_number y)
{
    return condition != condition ? condition : condition == 0 ? y : x;
}";

const RUST_FUNCTIONS: &str = "\
/// What formulas are made of. What is computed of a missing value is missing.
#[allow(dead_code, clippy::all, clippy::pedantic)]
mod formula {
    use perturb_core::Real;
    fn truth<T: Real>(holds: bool) -> T {
        if holds { T::ONE } else { T::ZERO }
    }
    fn known<T: Real>(x: T, y: T, holds: bool) -> T {
        if is_none(x) {
            x
        } else if is_none(y) {
            y
        } else {
            truth(holds)
        }
    }
    fn is_none<T: Real>(x: T) -> bool {
        x != x
    }
    pub fn rounded<T: Real>(x: T) -> f32 {
        x.to_f64() as f32
    }
    pub fn holds<T: Real>(x: T) -> bool {
        !is_none(x) && x != T::ZERO
    }
    pub fn is<T: Real>(value: usize, wanted: usize) -> T {
        if value == 0 { T::from_f64(f64::NAN) } else { truth(value == wanted) }
    }
    pub fn is_missing<T: Real>(value: usize) -> T {
        truth(value == 0)
    }
    pub fn is_nan<T: Real>(x: T) -> T {
        truth(is_none(x))
    }
    pub fn not<T: Real>(x: T) -> T {
        known(x, x, x == T::ZERO)
    }
    pub fn ln<T: Real>(x: T) -> T {
        x.ln()
    }
    pub fn log1p<T: Real>(x: T) -> T {
        x.ln_1p()
    }
    pub fn exp<T: Real>(x: T) -> T {
        x.exp()
    }
    pub fn sqrt<T: Real>(x: T) -> T {
        x.sqrt()
    }
    pub fn abs<T: Real>(x: T) -> T {
        x.abs()
    }
    pub fn min<T: Real>(x: T, y: T) -> T {
        if is_none(x) || x < y { x } else { y }
    }
    pub fn max<T: Real>(x: T, y: T) -> T {
        if is_none(x) || x > y { x } else { y }
    }
    pub fn equal<T: Real>(x: T, y: T) -> T {
        known(x, y, x == y)
    }
    pub fn unequal<T: Real>(x: T, y: T) -> T {
        known(x, y, x != y)
    }
    pub fn less<T: Real>(x: T, y: T) -> T {
        known(x, y, x < y)
    }
    pub fn at_most<T: Real>(x: T, y: T) -> T {
        known(x, y, x <= y)
    }
    pub fn greater<T: Real>(x: T, y: T) -> T {
        known(x, y, x > y)
    }
    pub fn at_least<T: Real>(x: T, y: T) -> T {
        known(x, y, x >= y)
    }
    pub fn and<T: Real>(x: T, y: T) -> T {
        if x == T::ZERO || y == T::ZERO { T::ZERO } else { known(x, y, true) }
    }
    pub fn or<T: Real>(x: T, y: T) -> T {
        if holds(x) || holds(y) { T::ONE } else { known(x, y, false) }
    }
    pub fn choose_if<T: Real>(condition: T, x: T, y: T) -> T {
        if is_none(condition) {
            condition
        } else if condition == T::ZERO {
            y
        } else {
            x
        }
    }
";

const RUST_POWER: &str = "\
    /// By the crate libm.
    pub fn power<T: Real>(x: T, y: T) -> T {
        T::from_f64(libm::pow(x.to_f64(), y.to_f64()))
    }
";
