//! Sets of discrete choices: how they are read, and what others found on them.

use std::path::Path;

use perturb::data::DataError;
use perturb::data::frame::{Columns, Expression};
use perturb::data::table::{Format, parse_table};
use perturb::decisions::{Decide, Decisions, Recipe, Target, Utility};

/// A set of discrete choices with known estimates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// Travel modes of 210 Australians: Greene's example.
    ModeChoice,
    /// Travel modes between Toronto and Montreal, of the 2,779 travellers with four alternatives: the example of the R package mlogit.
    ModeCanada,
    /// Stated preferences among train, Swissmetro and car: Bierlaire's example of Biogeme.
    Swissmetro,
}

/// What is known of a model on a set.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Terms and their weights.
    pub weights: &'static [(&'static str, f64)],
    /// ln L at the estimates.
    pub log_likelihood: f64,
    /// Standard errors by the information; empty where none are known.
    pub model: &'static [f64],
    /// Robust standard errors, likewise.
    pub robust: &'static [f64],
    /// Standard errors that are clustered by persons, likewise.
    pub clustered: &'static [f64],
}

impl Set {
    /// All sets.
    pub const ALL: [Self; 3] = [Self::ModeChoice, Self::ModeCanada, Self::Swissmetro];

    /// The file's name.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::ModeChoice => "modechoice.csv",
            Self::ModeCanada => "ModeCanada.csv",
            Self::Swissmetro => "swissmetro.csv",
        }
    }

    /// The name in results: the file's without its ending.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.file().trim_end_matches(".csv")
    }

    /// The term whose elasticities are reported.
    #[must_use]
    pub fn price(self) -> &'static str {
        if self == Self::ModeChoice { "gc" } else { "cost" }
    }

    /// How the known models read the set, and the alternative without a constant.
    pub fn recipe(self) -> Result<(Recipe, Utility, &'static str), DataError> {
        let (group, chosen, alternatives) = match self {
            Self::ModeChoice => ("traveller", "chosen", "mode"),
            Self::ModeCanada => ("case", "choice", "alt"),
            Self::Swissmetro => ("situation", "chosen", "alternative"),
        };
        let target = Target::Chosen(Expression::column(chosen));
        let mut recipe = Recipe::new(Decide::Pick).with_group(group).with_target(target);
        recipe.alternatives = Some(alternatives.into());
        let utility = |features: &str| Ok(Utility::new(features)?.with_constants(alternatives));
        Ok(match self {
            Self::ModeChoice => (recipe, utility("gc, ttme")?.with_interaction("hinc", "mode=air")?, "car"),
            Self::ModeCanada => {
                recipe.filter = Some(Expression::parse("noalt == 4")?);
                let utility: Result<Utility, DataError> = utility("cost, freq, ivt, ovt");
                (recipe, utility?.with_interaction("income", "alt")?, "car")
            }
            Self::Swissmetro => {
                recipe.cluster = Some("person".into());
                (recipe, utility("time = time / 100, cost = cost / 100")?, "swissmetro")
            }
        })
    }

    /// The decisions of a file with these bytes.
    pub fn read(self, file: &Path, bytes: &[u8]) -> Result<Decisions, DataError> {
        let (mut recipe, utility, reference) = self.recipe()?;
        let names = recipe.columns();
        let names: Vec<&str> = names.iter().map(String::as_str).chain(utility.columns()).collect();
        let frame = parse_table(file, bytes, Format::default(), |table| table.frame(&names))?;
        recipe.terms = utility.terms(&recipe, &frame, Some(reference))?;
        recipe.read(&frame)
    }

    /// What is known of the logit or the probit.
    #[must_use]
    pub fn figures(self, probit: bool) -> &'static Figures {
        match (self, probit) {
            (Self::ModeChoice, false) => &MODE_CHOICE,
            (Self::ModeChoice, true) => &MODE_CHOICE_PROBIT,
            (Self::ModeCanada, false) => &MODE_CANADA,
            (Self::ModeCanada, true) => &MODE_CANADA_PROBIT,
            (Self::Swissmetro, false) => &SWISSMETRO,
            (Self::Swissmetro, true) => &SWISSMETRO_PROBIT,
        }
    }
}

const NONE: Figures =
    Figures { weights: &[], log_likelihood: f64::NAN, model: &[], robust: &[], clustered: &[] };

const MODE_CHOICE: Figures = Figures {
    weights: &[
        ("mode=air", 5.207_443),
        ("mode=bus", 3.163_194),
        ("mode=train", 3.869_043),
        ("gc", -0.015_502),
        ("ttme", -0.096_125),
        ("hinc:mode=air", 0.013_287),
    ],
    log_likelihood: -199.1284,
    model: &[0.779_055, 0.450_266, 0.443_127, 0.004_408, 0.010_440, 0.010_262],
    robust: &[0.978_816, 0.546_258, 0.517_458, 0.004_947_55, 0.015_060_2, 0.009_273_40],
    ..NONE
};

const MODE_CHOICE_PROBIT: Figures = Figures {
    weights: &[
        ("mode=air", 2.9906),
        ("mode=bus", 1.8345),
        ("mode=train", 2.4055),
        ("gc", -0.011_288),
        ("ttme", -0.056_411),
        ("hinc:mode=air", 0.012_902),
    ],
    log_likelihood: -208.443,
    model: &[0.4756, 0.2815, 0.2776, 0.003_003, 0.005_836, 0.007_116],
    ..NONE
};

const MODE_CANADA: Figures = Figures {
    weights: &[
        ("alt=air", 2.051_572),
        ("alt=bus", -1.624_869),
        ("alt=train", 2.192_521),
        ("cost", -0.044_963),
        ("freq", 0.093_101),
        ("ivt", -0.009_986),
        ("ovt", -0.042_912),
        ("income:alt=air", 0.027_276),
        ("income:alt=bus", -0.059_455),
        ("income:alt=train", -0.009_484),
    ],
    log_likelihood: -1930.5652,
    model: &[
        0.494_849,
        0.713_767,
        0.284_731,
        0.003_938_22,
        0.004_762_53,
        0.000_751_141,
        0.002_829_63,
        0.003_682_70,
        0.017_924_3,
        0.003_145_35,
    ],
    ..NONE
};

const MODE_CANADA_PROBIT: Figures = Figures {
    weights: &[
        ("alt=air", 1.5340),
        ("alt=bus", -1.3910),
        ("alt=train", 1.4369),
        ("cost", -0.035_283),
        ("freq", 0.068_351),
        ("ivt", -0.007_472_9),
        ("ovt", -0.030_211),
        ("income:alt=air", 0.020_233),
        ("income:alt=bus", -0.028_046),
        ("income:alt=train", -0.006_753_8),
    ],
    log_likelihood: -1944.349,
    ..NONE
};

const SWISSMETRO: Figures = Figures {
    weights: &[
        ("alternative=car", -0.154_632),
        ("alternative=train", -0.701_187),
        ("time", -1.277_860),
        ("cost", -1.083_791),
    ],
    log_likelihood: -5331.252,
    model: &[0.043_235, 0.054_874, 0.056_883, 0.051_830],
    robust: &[0.058_163, 0.082_562, 0.104_254, 0.068_225],
    clustered: &[0.128_91, 0.183_47, 0.237_73, 0.161_17],
};

const SWISSMETRO_PROBIT: Figures = Figures {
    weights: &[
        ("alternative=car", -0.30065),
        ("alternative=train", -0.82139),
        ("time", -0.66214),
        ("cost", -0.76834),
    ],
    log_likelihood: -5376.579,
    model: &[0.03152, 0.03658, 0.03173, 0.03603],
    ..NONE
};
