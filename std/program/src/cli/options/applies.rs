//! Which options of `train` and `evaluate` apply to what. One that does not apply is refused by name, not ignored.

use super::DecideName as Name;
use crate::cli::{Common, Failure, usage};

/// What the options of a command say, as far as others depend on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) table: Table,
    pub(crate) decide: Name,
    /// Whether routes go over cells, where that is said.
    pub(crate) cells: Option<bool>,
    pub(crate) loss: Loss,
    /// Whether Newton's method fits the weights.
    pub(crate) newton: bool,
}

/// A loss, as far as options depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    FenchelYoung,
    PerturbedSquared,
    Likelihood,
    BlackBox,
    /// One of scores alone.
    OfScores,
}

/// What decides how a table is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Labels,
    Options,
    /// A model of options that is trained further.
    Continued,
    /// A model of options that is judged.
    Judged,
}

/// What an option belongs to.
pub(super) struct Home {
    what: &'static str,
    applies: fn(&Asked) -> bool,
}

const LABELS: Home =
    Home { what: "tables of labels; here rows are options", applies: |asked| asked.table == Table::Labels };
const OPTIONS: Home = Home {
    what: "tables of options: name the column of decisions with --group, or the options with --options",
    applies: |asked| asked.table != Table::Labels,
};
const ANEW: Home = Home {
    what: "models that begin anew; with --from all is read and decided as its model says",
    applies: |asked| asked.table != Table::Continued,
};
const LABELS_OR_RANKS: Home = Home {
    what: "rankings, of labels, and of options to train with --decide rank",
    applies: |asked| matches!(asked.table, Table::Labels | Table::Options) && asked.decide == Name::Rank,
};
const PICK: Home = Home { what: "--decide pick", applies: |asked| asked.decide == Name::Pick };
const PICK_K: Home = Home { what: "--decide pick-k", applies: |asked| asked.decide == Name::PickK };
const RANK: Home = Home { what: "--decide rank", applies: |asked| asked.decide == Name::Rank };
const CHOICE: Home = Home {
    what: "decisions that choose, not to --decide rank, of which --ranks or --grades tell",
    applies: |asked| asked.decide != Name::Rank,
};
const PACK: Home = Home { what: "--decide pack", applies: |asked| asked.decide == Name::Pack };
const FLOW: Home = Home { what: "--decide flow", applies: |asked| asked.decide == Name::Flow };
const EDGES: Home = Home {
    what: "--decide route, assign, span, flow and tour",
    applies: |asked| {
        matches!(asked.decide, Name::Route | Name::Assign | Name::Span | Name::Flow | Name::Tour)
    },
};
const ROUTE: Home = Home { what: "--decide route", applies: |asked| asked.decide == Name::Route };
pub(super) const CELLS: Home = Home {
    what: "--decide route over cells, not along edges",
    applies: |asked| asked.decide == Name::Route && asked.cells != Some(false),
};
pub(super) const ENDS: Home = Home {
    what: "--decide flow, and to --decide route along edges, not over cells",
    applies: |asked| asked.decide == Name::Flow || asked.decide == Name::Route && asked.cells != Some(true),
};
const BLACKBOX: Home = Home { what: "--loss blackbox", applies: |asked| asked.loss == Loss::BlackBox };
const SAMPLED: Home =
    Home { what: "--loss fenchel-young and perturbed-squared", applies: |asked| asked.is_perturbed() };
/// Of options, predictions have expectations under noise whatever the loss.
const NOISY: Home = Home {
    what: "--loss fenchel-young and perturbed-squared; the others know no noise",
    applies: |asked| asked.is_perturbed() || asked.table != Table::Labels,
};
const DESCENT: Home = Home {
    what: "descents; these weights are fitted by Newton's method, and --samples 10 would descend",
    applies: |asked| !asked.newton,
};
const NEWTON: Home = Home {
    what: "exact expectations, which Newton's method fits, not to descents",
    applies: |asked| asked.newton,
};
const ERRORS: Home = Home {
    what: "--loss fenchel-young and likelihood, whose minimum has standard errors",
    applies: |asked| matches!(asked.loss, Loss::FenchelYoung | Loss::Likelihood),
};

/// Options, and what each belongs to, all of it. An option that is not here applies everywhere.
const RULES: &[(&str, &[&Home])] = &[
    ("ordering", &[&LABELS, &RANK]),
    ("patience", &[&DESCENT]),
    ("ranks", &[&LABELS_OR_RANKS]),
    ("decide", &[&ANEW]),
    ("alternatives", &[&OPTIONS, &ANEW]),
    ("chosen", &[&ANEW, &CHOICE]),
    ("one-of", &[&OPTIONS, &ANEW, &PICK]),
    ("grades", &[&OPTIONS, &ANEW, &RANK]),
    ("worth", &[&OPTIONS, &ANEW]),
    ("features", &[&OPTIONS, &ANEW]),
    ("and", &[&OPTIONS, &ANEW]),
    ("constants", &[&OPTIONS, &ANEW]),
    ("interact", &[&OPTIONS, &ANEW]),
    ("reference", &[&OPTIONS, &ANEW]),
    ("where", &[&OPTIONS, &ANEW]),
    ("available", &[&OPTIONS, &ANEW]),
    ("cluster", &[&OPTIONS, &ANEW]),
    ("count", &[&OPTIONS, &ANEW]),
    ("k", &[&OPTIONS, &ANEW, &PICK_K]),
    ("limit", &[&OPTIONS, &ANEW, &PICK_K]),
    ("edges", &[&OPTIONS, &ANEW, &EDGES]),
    ("cells", &[&OPTIONS, &ANEW, &ROUTE]),
    ("straight", &[&OPTIONS, &ANEW, &CELLS]),
    ("ends", &[&OPTIONS, &ANEW, &ENDS]),
    ("units", &[&OPTIONS, &ANEW, &FLOW]),
    ("weight", &[&OPTIONS, &ANEW, &PACK]),
    ("capacity", &[&OPTIONS, &ANEW, &PACK]),
    ("folds", &[&OPTIONS]),
    ("ridge", &[&OPTIONS, &ANEW, &NEWTON]),
    ("ratio", &[&OPTIONS, &ANEW, &ERRORS]),
    ("elasticity", &[&OPTIONS, &ANEW, &PICK, &ERRORS]),
    ("lambda", &[&BLACKBOX]),
    ("samples", &[&SAMPLED]),
    ("noise", &[&NOISY]),
    ("epsilon", &[&ANEW, &NOISY]),
    ("epochs", &[&DESCENT]),
    ("rate", &[&DESCENT]),
    ("batch", &[&DESCENT]),
    ("schedule", &[&DESCENT]),
    ("optimizer", &[&DESCENT]),
    ("resume", &[&DESCENT]),
    ("checkpoint", &[&DESCENT]),
    ("checkpoint-every", &[&DESCENT]),
];

impl Asked {
    /// What is said where a model of options is judged.
    pub(crate) const JUDGED: Self = Self {
        table: Table::Judged,
        decide: Name::Pick,
        cells: None,
        loss: Loss::FenchelYoung,
        newton: false,
    };

    /// Whether the loss has expectations under noise that can be sampled.
    const fn is_perturbed(self) -> bool {
        matches!(self.loss, Loss::FenchelYoung | Loss::PerturbedSquared)
    }

    /// Refuses an option that would not apply.
    pub(crate) fn ensure_option(self, option: &str) -> Result<(), Failure> {
        let mut homes =
            RULES.iter().filter(|(other, _)| *other == option).flat_map(|(_, homes)| homes.iter());
        homes.try_for_each(|home| home.ensure(option, self))
    }

    /// Refuses options that were given and do not apply.
    pub(crate) fn ensure(self, common: &Common) -> Result<(), Failure> {
        let given = RULES.iter().filter(|(option, _)| common.given.has(option));
        given
            .flat_map(|(option, homes)| homes.iter().map(move |home| (option, home)))
            .try_for_each(|(option, home)| home.ensure(option, self))
    }
}

impl Home {
    /// Refuses an option that was given and does not apply.
    pub(super) fn ensure(&self, option: &str, asked: Asked) -> Result<(), Failure> {
        if (self.applies)(&asked) {
            return Ok(());
        }
        Err(usage(format!("--{option} belongs to {}", self.what)))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::{Cli, Command, parse};

    /// What a command line says, after which every option is tried.
    const LINES: [(&str, &str); 19] = [
        ("labels", ""),
        ("squared labels", "--loss squared"),
        ("picked labels", "--chosen c --decide pick"),
        ("worth", "--group g --worth c --decide route --loss spo-plus --edges a,b"),
        ("pick", "--group g --chosen c"),
        ("likelihood", "--group g --chosen c --loss likelihood"),
        ("sampled", "--group g --chosen c --samples 5"),
        ("blackbox", "--options a,b --chosen c --loss blackbox"),
        ("pick-k", "--group g --chosen c --decide pick-k"),
        ("rank", "--group g --decide rank --ranks r"),
        ("grades", "--group g --grades r"),
        ("each", "--group g --chosen c --decide each"),
        ("route", "--group g --chosen c --decide route --edges a,b"),
        ("cells", "--group g --chosen c --decide route --cells a,b"),
        ("assign", "--group g --chosen c --decide assign"),
        ("pack", "--group g --chosen c --decide pack --capacity 3"),
        ("flow", "--group g --chosen c --decide flow"),
        ("tour", "--group g --chosen c --decide tour"),
        ("from", "--from m"),
    ];

    const DESCENTS: &str = "labels, squared labels, picked labels, worth, sampled, blackbox, route, cells, assign, pack, flow, tour, from";
    const EXACT: &str = "pick, likelihood, pick-k, rank, grades, each";
    const NEW: &str = "worth, pick, likelihood, sampled, blackbox, pick-k, rank, grades, each, route, cells, assign, pack, flow, tour";

    /// Options with a value, and the lines that they go with.
    fn expected() -> Vec<(&'static str, String)> {
        let of = |lines: &str| lines.to_owned();
        vec![
            ("--ordering o", of("labels, squared labels")),
            ("--patience 3", of(DESCENTS)),
            ("--ranks r", of("labels, squared labels, grades")),
            ("--decide pick", format!("labels, squared labels, {}", NEW.replace(", grades", ""))),
            ("--alternatives a", of(NEW)),
            ("--chosen c", of("labels, squared labels")),
            ("--one-of c", of("")),
            ("--grades c", of("rank")),
            ("--worth x", of("")),
            ("--features x", of(NEW)),
            ("--and f", of(NEW)),
            ("--constants x", of(NEW)),
            ("--interact x:y", of(NEW)),
            ("--reference x", of(NEW)),
            ("--where x", of(NEW)),
            ("--available x", of(NEW)),
            ("--cluster x", of(NEW)),
            ("--count x", of(NEW)),
            ("--k 2", of("pick-k")),
            ("--limit a:1", of("pick-k")),
            ("--edges a,b", of("assign, flow, tour")),
            ("--cells a,b", of("")),
            ("--straight", of("cells")),
            ("--ends a,b", of("worth, route, flow")),
            ("--units 2", of("flow")),
            ("--weight w", of("pack")),
            ("--capacity 2", of("")),
            ("--folds 3", of(NEW)),
            ("--ridge 0.1", of(EXACT)),
            ("--ratio a/b", NEW.replace("blackbox, ", "").replace("worth, ", "")),
            ("--elasticity a", of("pick, likelihood, sampled")),
            ("--lambda 0.1", of("blackbox")),
            (
                "--samples 0",
                format!(
                    "labels, picked labels, from, {}",
                    NEW.replace("likelihood, ", "").replace("blackbox, ", "").replace("worth, ", "")
                ),
            ),
            ("--noise normal", format!("{NEW}, labels, picked labels")),
            ("--epsilon 0.5", format!("{NEW}, labels, picked labels")),
            ("--epochs 2", of(DESCENTS)),
            ("--rate 0.1", of(DESCENTS)),
            ("--batch 3", of(DESCENTS)),
            ("--schedule constant", of(DESCENTS)),
            ("--optimizer adam", of(DESCENTS)),
            ("--resume", of(DESCENTS)),
            ("--checkpoint f", of(DESCENTS)),
            ("--checkpoint-every 1", of(DESCENTS)),
        ]
    }

    fn goes(line: &str) -> Result<(), String> {
        let words = format!("perturb train --data d {line}");
        let cli = parse(words.split_whitespace().map(Into::into)).map_err(|error| error.to_string())?;
        let Command::Train(train) = &cli.command else { return Err("no training".into()) };
        train.asked().ensure(&cli.common).map_err(|failure| failure.to_string())
    }

    #[test]
    fn every_option_goes_with_what_it_belongs_to_alone() {
        for (name, line) in LINES {
            assert_eq!(goes(line), Ok(()), "{name}");
        }
        let all = expected();
        for (option, lines) in &all {
            let name = option.split(' ').next().unwrap_or("");
            let others = LINES.iter().filter(|(_, words)| !words.split(' ').any(|word| word == name));
            for (line, words) in others {
                let found = goes(&format!("{words} {option}"));
                let goes_with = lines.split(", ").any(|other| other == *line);
                assert_eq!(found.is_ok(), goes_with, "{option} with {line}: {found:?}");
                if let Err(message) = found {
                    assert!(message.contains(name), "{option} with {line}: {message}");
                }
            }
        }
        // The table is the whole, and has no option that there is not.
        let named = |option: &str| option.split(' ').next().unwrap_or("").trim_start_matches('-').to_owned();
        let tried: Vec<String> = all.iter().map(|(option, _)| named(option)).collect();
        assert_eq!(tried, RULES.iter().map(|(option, _)| (*option).to_owned()).collect::<Vec<_>>());
        let everywhere =
            "data comment skip-lines separator decimal model loss validation from out group options pattern";
        let command = Cli::command();
        let train = command.find_subcommand("train").expect("the command");
        for option in train.get_arguments().filter_map(clap::Arg::get_long) {
            let known =
                tried.iter().any(|other| other == option) || everywhere.split(' ').any(|of| of == option);
            assert!(known, "--{option}: what does it belong to?");
        }
    }

    /// `--count -1` reaches the program, whose message says what is wrong.
    #[test]
    fn numbers_and_expressions_may_begin_with_a_minus() {
        const SIGNED: &str =
            "N K M E L R SHARE SECONDS EXPRESSION EXPRESSIONS EXPRESSION:COLUMN VALUE TERM/TERM NODE,NODE";
        fn walk(command: &clap::Command) {
            for option in command.get_arguments().filter(|option| option.get_long().is_some()) {
                let mut values = option.get_value_names().unwrap_or(&[]).iter();
                if values.any(|value| SIGNED.split(' ').any(|signed| signed == value.as_str())) {
                    let allows =
                        option.is_allow_hyphen_values_set() || option.is_allow_negative_numbers_set();
                    assert!(allows, "{} {}", command.get_name(), option.get_id());
                }
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }
}
