//! The test bodies that run on the host and on microcontrollers, in groups that fit the smallest of them.

use perturb_core::{AnyNoise, Gumbel, Laplace, Logistic, Normal};

use crate::cases::{self, Of, Under};
use crate::golden;

/// A group of cases that fits the smallest microcontroller at once.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
    /// The name to ask for it.
    pub name: &'static str,
    /// What is run.
    pub cases: Cases,
}

/// The two kinds of cases.
#[derive(Clone, Copy, Debug)]
pub enum Cases {
    /// Computations whose digests stand in the golden table.
    Golden(fn(golden::Report<'_>)),
    /// Test bodies; a failed assertion panics.
    Asserted(&'static [(&'static str, fn())]),
}

/// The names of all suites.
pub const NAMES: &[&str] = &names();

/// Names of groups of suites, which make up all: programs for devices with room for more than one suite.
pub const GROUPS: [&str; 3] = ["golden-f32", "golden-f64", ASSERTED];

/// The suites that are not golden.
const ASSERTED: &str = "asserted";

/// Whether suite `name` is the one, or of the group, that `asked` names.
#[inline]
pub const fn is_asked(name: &str, asked: &str) -> bool {
    let (name, asked) = (name.as_bytes(), asked.as_bytes());
    equal(name, asked)
        || is_group(asked)
            && (starts_with(name, asked)
                || equal(asked, ASSERTED.as_bytes()) && !starts_with(name, b"golden"))
}

const fn is_group(name: &[u8]) -> bool {
    let mut i = 0;
    while i < GROUPS.len() {
        if equal(GROUPS[i].as_bytes(), name) {
            return true;
        }
        i += 1;
    }
    false
}

/// How many suites `asked` names.
#[inline]
pub const fn count(asked: &str) -> usize {
    let (mut count, mut i) = (0, 0);
    while i < NAMES.len() {
        count += is_asked(NAMES[i], asked) as usize;
        i += 1;
    }
    count
}

/// The `N` = [`count`]`(asked)` suites of that name or group. By value, and inline, so that a firmware that asks in a constant
/// compiles and links these alone.
///
/// # Panics
/// Where there are fewer, in a constant at compile time.
#[inline]
pub const fn suites<const N: usize>(asked: &str) -> [Suite; N] {
    assert!(N > 0, "no suite has this name");
    let all = all();
    let mut suites = [all[0]; N];
    let (mut found, mut i) = (0, 0);
    while i < all.len() {
        if is_asked(all[i].name, asked) {
            suites[found] = all[i];
            found += 1;
        }
        i += 1;
    }
    suites
}

/// The suite of this name.
///
/// # Panics
/// On an unknown name, in a constant at compile time.
#[inline]
pub const fn suite(name: &str) -> Suite {
    let [suite] = suites(name);
    assert!(equal(suite.name.as_bytes(), name.as_bytes()), "no suite has this name");
    suite
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && starts_with(a, b)
}

const fn starts_with(a: &[u8], start: &[u8]) -> bool {
    let mut i = 0;
    while i < start.len() && i < a.len() && a[i] == start[i] {
        i += 1;
    }
    i == start.len()
}

const fn names() -> [&'static str; all().len()] {
    let mut names = [""; all().len()];
    let mut i = 0;
    while i < all().len() {
        names[i] = all()[i].name;
        i += 1;
    }
    names
}

const fn golden(name: &'static str, cases: fn(golden::Report<'_>)) -> Suite {
    Suite { name, cases: Cases::Golden(cases) }
}

const fn asserted(name: &'static str, cases: cases::List) -> Suite {
    Suite { name, cases: Cases::Asserted(cases) }
}

/// Every suite. Closed forms are those of noises by type, as a device has them; what draws is compiled once for all noises.
/// A function, not a constant: a constant would be evaluated in this library, and compile all that it names into
/// it, for every firmware to read again.
#[inline]
const fn all() -> [Suite; 70] {
    [
        golden("golden-f32-closed-gumbel", |report| golden::closed::<f32, Gumbel>(Gumbel, report)),
        golden("golden-f32-closed-normal", |report| golden::closed::<f32, Normal>(Normal, report)),
        golden("golden-f32-closed-logistic", |report| golden::closed::<f32, Logistic>(Logistic, report)),
        golden("golden-f32-closed-laplace", |report| golden::closed::<f32, Laplace>(Laplace, report)),
        golden("golden-f32-picks", |report| golden::every(golden::picks::<f32, AnyNoise>, report)),
        golden("golden-f32-groups", |report| golden::every(golden::groups::<f32, AnyNoise>, report)),
        golden("golden-f32-paths", |report| golden::every(golden::paths::<f32, AnyNoise>, report)),
        golden("golden-f32-graphs", |report| golden::every(golden::graphs::<f32, AnyNoise>, report)),
        golden("golden-f32-packs", |report| golden::every(golden::packs::<f32, AnyNoise>, report)),
        golden("golden-f32-losses", golden::losses::<f32>),
        golden("golden-f32-multiplicative", golden::multiplicative::<f32>),
        golden("golden-f64-closed-gumbel", |report| golden::closed::<f64, Gumbel>(Gumbel, report)),
        golden("golden-f64-closed-normal", |report| golden::closed::<f64, Normal>(Normal, report)),
        golden("golden-f64-closed-logistic", |report| golden::closed::<f64, Logistic>(Logistic, report)),
        golden("golden-f64-closed-laplace", |report| golden::closed::<f64, Laplace>(Laplace, report)),
        golden("golden-f64-picks", |report| golden::every(golden::picks::<f64, AnyNoise>, report)),
        golden("golden-f64-groups", |report| golden::every(golden::groups::<f64, AnyNoise>, report)),
        golden("golden-f64-paths", |report| golden::every(golden::paths::<f64, AnyNoise>, report)),
        golden("golden-f64-graphs", |report| golden::every(golden::graphs::<f64, AnyNoise>, report)),
        golden("golden-f64-packs", |report| golden::every(golden::packs::<f64, AnyNoise>, report)),
        golden("golden-f64-losses", golden::losses::<f64>),
        golden("golden-f64-multiplicative", golden::multiplicative::<f64>),
        asserted("bits", cases::BITS),
        asserted("model-files", cases::MODEL_FILES),
        asserted("oracles-f32", Of::<f32>::ORACLES),
        asserted("paths-f32", Of::<f32>::PATHS),
        asserted("packs-f32", Of::<f32>::PACKS),
        asserted("closed-forms-f32", Of::<f32>::CLOSED_FORMS),
        asserted("top-k-f32", Of::<f32>::TOP_K),
        asserted("errors-f32", Of::<f32>::ERRORS),
        asserted("large-scores-f32", Of::<f32>::LARGE_SCORES),
        asserted("forbidden-f32", Of::<f32>::FORBIDDEN),
        asserted("forbidden-exact-f32", Of::<f32>::FORBIDDEN_EXACT),
        asserted("affine-f32", Of::<f32>::AFFINE),
        asserted("shared-f32", Of::<f32>::SHARED),
        asserted("noises-f32", Of::<f32>::NOISES),
        asserted("fenchel-young-f32", Of::<f32>::FENCHEL_YOUNG),
        asserted("monte-carlo-f32", Of::<f32>::MONTE_CARLO),
        asserted("variance-f32", Of::<f32>::VARIANCE),
        asserted("multiplicative-f32", Of::<f32>::MULTIPLICATIVE),
        asserted("black-box-f32", Of::<f32>::BLACK_BOX),
        asserted("derivatives-f32", Of::<f32>::DERIVATIVES),
        asserted("losses-f32", Of::<f32>::LOSSES),
        asserted("pairs-f32-gumbel", Under::<f32, Gumbel>::PAIRS),
        asserted("pairs-f32-normal", Under::<f32, Normal>::PAIRS),
        asserted("pairs-f32-logistic", Under::<f32, Logistic>::PAIRS),
        asserted("pairs-f32-laplace", Under::<f32, Laplace>::PAIRS),
        asserted("oracles-f64", Of::<f64>::ORACLES),
        asserted("paths-f64", Of::<f64>::PATHS),
        asserted("packs-f64", Of::<f64>::PACKS),
        asserted("closed-forms-f64", Of::<f64>::CLOSED_FORMS),
        asserted("top-k-f64", Of::<f64>::TOP_K),
        asserted("errors-f64", Of::<f64>::ERRORS),
        asserted("large-scores-f64", Of::<f64>::LARGE_SCORES),
        asserted("forbidden-f64", Of::<f64>::FORBIDDEN),
        asserted("forbidden-exact-f64", Of::<f64>::FORBIDDEN_EXACT),
        asserted("affine-f64", Of::<f64>::AFFINE),
        asserted("shared-f64", Of::<f64>::SHARED),
        asserted("noises-f64", Of::<f64>::NOISES),
        asserted("fenchel-young-f64", Of::<f64>::FENCHEL_YOUNG),
        asserted("monte-carlo-f64", Of::<f64>::MONTE_CARLO),
        asserted("variance-f64", Of::<f64>::VARIANCE),
        asserted("multiplicative-f64", Of::<f64>::MULTIPLICATIVE),
        asserted("black-box-f64", Of::<f64>::BLACK_BOX),
        asserted("derivatives-f64", Of::<f64>::DERIVATIVES),
        asserted("losses-f64", Of::<f64>::LOSSES),
        asserted("pairs-f64-gumbel", Under::<f64, Gumbel>::PAIRS),
        asserted("pairs-f64-normal", Under::<f64, Normal>::PAIRS),
        asserted("pairs-f64-logistic", Under::<f64, Logistic>::PAIRS),
        asserted("pairs-f64-laplace", Under::<f64, Laplace>::PAIRS),
    ]
}
