//! Measures how costs grow with sizes, and which estimator of a derivative is right to 1 % first.

mod group;
mod growth;
mod precision;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use peak_alloc::PeakAlloc;
use perturb_benches::Failure;
use perturb_benches::arguments::{WidthName, exit, refusal, say};
use perturb_benches::machine::description;
use perturb_benches::markdown::Part;

use group::Group;

/// Counts the bytes in use.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Measures how the cost per sample grows with sizes, and how long estimates take to be right to 1 %.
///
/// Prints Markdown; progress goes to standard error.
#[derive(Parser, Debug)]
#[command(name = "curves", max_term_width = 100)]
struct Arguments {
    /// Which curves [default: both]
    #[arg(value_enum)]
    which: Option<Which>,
    /// Repetitions of each measurement
    #[arg(long, value_name = "N", default_value = "3")]
    reps: NonZeroUsize,
    /// The widest vectors [default: the processor's]
    #[arg(long, value_enum)]
    width: Option<WidthName>,
    /// Folder for CSV tables and SVG plots; made if it is missing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Page whose parts `growth` and `precision` are replaced by what is printed
    #[arg(long, value_name = "FILE")]
    readme: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Cost against d, M, B and threads, and peak memory against M
    Growth,
    /// Time for a relative error of 1 %
    Precision,
}

impl Which {
    fn name(self) -> &'static str {
        match self {
            Self::Growth => "growth",
            Self::Precision => "precision",
        }
    }
}

fn main() -> ExitCode {
    exit("curves", run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(width) = arguments.width {
        width.limit()?;
    }
    let mut wanted = vec![Which::Growth, Which::Precision];
    wanted.retain(|which| arguments.which.is_none_or(|only| only == *which));
    let page =
        |which: &Which| arguments.readme.as_deref().map(|file| Part::new(file, which.name())).transpose();
    let pages = wanted.iter().map(page).collect::<Result<Vec<_>, _>>()?;
    if let Some(folder) = &arguments.out {
        fs::create_dir_all(folder)
            .map_err(|error| refusal(format!("--out {}: {error}", folder.display())))?;
    }
    for (which, page) in wanted.into_iter().zip(pages) {
        let (text, files) = match which {
            Which::Growth => growth(arguments)?,
            Which::Precision => precision(arguments)?,
        };
        for (name, contents) in files {
            save(arguments.out.as_deref(), &name, &contents)?;
        }
        let text = format!("{}. f32.\n\n{text}", description());
        if let Some(page) = page {
            page.write(&text)?;
        }
        say(text)?;
    }
    Ok(())
}

/// Names and contents.
type Files = Vec<(String, String)>;

fn growth(arguments: &Arguments) -> Result<(String, Files), Failure> {
    let groups = growth::measure(arguments.reps.get())?;
    let mut files = vec![("growth.csv".to_owned(), group::csv(&groups))];
    for group in &groups {
        files.push((format!("{}.svg", group.name), group.plot()?));
    }
    let text = groups.iter().map(Group::markdown).collect::<Vec<_>>().join("\n");
    Ok((text, files))
}

fn precision(arguments: &Arguments) -> Result<(String, Files), Failure> {
    let outcomes = precision::measure(arguments.reps.get())?;
    let mut files = vec![("precision.csv".to_owned(), precision::csv(&outcomes))];
    for epsilon in precision::EPSILONS {
        files.push((format!("precision_{epsilon}.svg"), precision::plot(&outcomes, epsilon)?));
    }
    Ok((precision::markdown(&outcomes), files))
}

fn save(folder: Option<&Path>, name: &str, contents: &str) -> Result<(), Failure> {
    let Some(folder) = folder else { return Ok(()) };
    let file = folder.join(name);
    fs::write(&file, contents).map_err(|error| format!("{}: {error}", file.display()))?;
    eprintln!("wrote {}", file.display());
    Ok(())
}
