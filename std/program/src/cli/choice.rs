//! `perturb experiment choice`.

use std::path::PathBuf;

use clap::Args;
use perturb::Seed;
use perturb::data::frame::{Columns, Expression, Frame, svmlight};
use perturb::decisions::{Decide, Decisions, Recipe, Target, Utility};
use perturb_experiments::choice::{self, Set, Setting};
use serde::Serialize;

use super::follow::follow;
use super::save::{self, Checkpoints};
use super::streams::Input;
use super::{Common, Failure, Out, ensure_exists, report, say, say_json, table, usage};

/// Estimate logit and probit on real choices beside known figures, with elasticities, and rank search results
#[derive(Args, Serialize, Debug)]
#[command(after_help = "Examples:
  perturb experiment choice --data choice --queries train.txt,test.txt --out out
  perturb experiment choice --data choice --sets modechoice")]
pub(crate) struct Choice {
    /// Folder of modechoice.csv, ModeCanada.csv and swissmetro.csv, or some of them
    #[arg(long, value_name = "DIR", required_unless_present = "queries")]
    #[serde(skip)]
    data: Option<PathBuf>,
    /// Use only the sets with these names
    #[arg(long, value_name = "NAME", value_delimiter = ',', requires = "data")]
    sets: Vec<String>,
    /// Files of queries in SVMlight's format, with grades
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    #[serde(skip)]
    queries: Vec<PathBuf>,
    #[command(flatten)]
    #[serde(skip)]
    out: Out,
    #[command(flatten)]
    #[serde(skip)]
    checkpoints: Checkpoints,
}

impl Choice {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let (sets, queries) = (self.sets()?, self.queries()?);
        let setting = Setting::new(Seed(common.seed));
        let all: Vec<&Decisions> = sets.iter().map(|(_, of)| of).chain(&queries).collect();
        let digests: Vec<String> = all.iter().map(|of| format!("{:016x}", of.digest())).collect();
        let settings = save::settings("choice", self, common, Some(digests.join(", ")))?;
        let total = setting.fits(sets.len(), queries.is_some());
        let how = (common, &self.checkpoints, &self.out);
        let (outcomes, saver) = follow(("training runs", total), settings, how, |journal| {
            setting.run(&sets, queries.as_ref(), journal)
        })?;

        if common.json {
            say_json(&choice::json(&outcomes))?;
        } else {
            for table in choice::tables(&outcomes) {
                say(format_args!("{}\n\n{}", table.caption, table::render(&table)))?;
            }
        }
        if self.out.wanted() {
            let mut origin = report::origin(common.seed, &[]);
            for (of, digest) in all.iter().zip(digests) {
                let shape =
                    format!("{} decisions, {} options, {} terms", of.len(), of.options(), of.terms().len());
                origin.versions.push((format!("data {}", of.name()), format!("{shape}, digest {digest}")));
            }
            self.out.save(&choice::page(&outcomes, &setting, &origin)?, common)?;
        }
        saver.done();
        Ok(())
    }

    /// The sets that are there.
    fn sets(&self) -> Result<Vec<(Set, Decisions)>, Failure> {
        let Some(folder) = &self.data else { return Ok(Vec::new()) };
        ensure_exists(folder)?;
        if let Some(unknown) =
            self.sets.iter().find(|name| Set::ALL.iter().all(|set| set.name() != name.as_str()))
        {
            let names: Vec<&str> = Set::ALL.iter().map(|set| set.name()).collect();
            return Err(usage(format!("--sets {unknown}: expected some of {}", names.join(", "))));
        }
        let wanted = |set: &Set| self.sets.is_empty() || self.sets.iter().any(|name| name == set.name());
        let files = Set::ALL.into_iter().filter(wanted).map(|set| (set, folder.join(set.file())));
        // A set that was named must be there.
        let files = files.filter(|(_, file)| !self.sets.is_empty() || file.exists());
        let sets = files.map(|(set, file)| {
            let Input { name, bytes } = Input::read(&file)?;
            Ok((set, set.read(&name, &bytes)?))
        });
        let sets = sets.collect::<Result<Vec<_>, Failure>>()?;
        if sets.is_empty() {
            let names: Vec<&str> = Set::ALL.iter().map(|set| set.file()).collect();
            return Err(format!("{}: expected one of {}", folder.display(), names.join(", ")).into());
        }
        Ok(sets)
    }

    /// The queries of all files, whose columns are those of the first.
    fn queries(&self) -> Result<Option<Decisions>, Failure> {
        let mut frames: Vec<Frame> = Vec::new();
        for file in &self.queries {
            let Input { name, bytes } = Input::read(file)?;
            let queries = svmlight::parse(&name, &bytes)?;
            let names =
                frames.first().map_or_else(|| queries.names().to_vec(), |first| first.names().to_vec());
            frames.push(queries.frame(&names.iter().map(String::as_str).collect::<Vec<_>>())?);
        }
        if frames.is_empty() {
            return Ok(None);
        }
        let frame = Frame::join(frames, Some("qid"))?;
        let target = Target::Grade(Expression::column("grade"));
        let mut recipe = Recipe::new(Decide::Rank).with_group("qid").with_target(target);
        let features = frame.names().iter().filter(|name| !["grade", "qid"].contains(&name.as_str()));
        let utility = features.fold(Utility::default(), |utility, name| utility.with_column(name));
        recipe.terms = utility.terms(&recipe, &frame, None)?;
        Ok(Some(recipe.read(&frame)?))
    }
}
