//! Reports, and their statement of origin.

use std::ffi::OsString;
use std::path::Path;

use perturb::data::Dataset;
use perturb_experiments::report::{Origin, Page};

use super::{Common, Failure, Out};

mod demo;
mod evaluate;
mod train;

pub(crate) use demo::demo;
pub(crate) use evaluate::evaluate;
pub(crate) use train::{Curve, Epoch, against, baseline, train};

/// The words of the command that determine a model, quoted for a shell: not where results are written or shown.
pub(crate) fn command() -> String {
    let mut words = lasting(words()).into_iter();
    let mut command = Vec::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quiet" | "--plain" | "--json" => {}
            "--model" | "--out" | "--ratio" | "--elasticity" => drop(words.next()),
            word if ["--model=", "--out=", "--ratio=", "--elasticity="]
                .iter()
                .any(|own| word.starts_with(own)) => {}
            _ => command.push(word),
        }
    }
    quoted(command)
}

/// The origin of a report: the command, the version, the seed and the data.
///
/// The command omits options that change no number. Dots stand for the folders of absolute paths, which are private.
pub(crate) fn origin(seed: u64, data: &[&Dataset<f32>]) -> Origin {
    let mut versions = vec![("perturb".into(), env!("CARGO_PKG_VERSION").into())];
    versions.extend(data.iter().map(|data| {
        let shape = format!("{} rows, {} features, {} labels", data.len(), data.features(), data.labels());
        (format!("data {}", data.name()), format!("{shape}, digest {:016x}", data.digest()))
    }));
    Origin { command: quoted(lasting(words())), versions, seeds: vec![seed] }
}

fn words() -> Vec<String> {
    std::env::args_os().skip(1).map(|word: OsString| word.to_string_lossy().into_owned()).collect()
}

fn quoted(words: Vec<String>) -> String {
    let words: Vec<String> = std::iter::once("perturb".to_owned()).chain(words).collect();
    // Only a NUL has no quotation, and no argument holds one.
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

/// The words of the command that determine the report.
fn lasting(words: Vec<String>) -> Vec<String> {
    let mut lasting = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (word.as_str(), None),
        };
        match option {
            "--resume" => {}
            "--threads" | "--checkpoint" | "--checkpoint-every" => {
                if value.is_none() {
                    words.next();
                }
            }
            _ => lasting.push(match value {
                Some(value) => format!("{option}={}", relative(value)),
                None => relative(&word),
            }),
        }
    }
    lasting
}

/// An absolute path without its folders; any other word is unchanged.
fn relative(word: &str) -> String {
    let path = Path::new(word);
    let name = path.file_name().filter(|_| path.is_absolute());
    name.map_or_else(|| word.to_owned(), |name| format!(".../{}", name.to_string_lossy()))
}

/// The origin of a report on data whose name may come from the environment instead of the command.
pub(crate) fn origin_of_data(seed: u64, data: &[&Dataset<f32>], path: &Path) -> Origin {
    let mut words = lasting(words());
    if !words.iter().any(|word| word == "--data" || word.starts_with("--data=")) {
        words.extend(["--data".to_owned(), relative(&path.to_string_lossy())]);
    }
    Origin { command: quoted(words), ..origin(seed, data) }
}

impl Out {
    /// Saves the report and its numbers in the folder, and says which files these are.
    pub(crate) fn save(&self, page: &Page, common: &Common) -> Result<(), Failure> {
        let Some(folder) = self.folder()? else { return Ok(()) };
        for file in page.save(folder)? {
            if !common.quiet {
                tell!("wrote {}", file.display());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_hide_folders_and_omit_options_that_change_no_number() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let typed = "train --data /home/me/a.csv --threads 3 --threads=4 --model=/tmp/m --resume --checkpoint c \
                     --checkpoint-every=0 --seed 1 --out report/x";
        assert_eq!(
            lasting(words(typed)).join(" "),
            "train --data .../a.csv --model=.../m --seed 1 --out report/x"
        );
        assert_eq!(lasting(words("demo --threads")), ["demo"]);
        assert_eq!(lasting(words("demo --out /")), ["demo", "--out", "/"]);
    }

    #[test]
    fn commands_can_be_pasted() {
        let words = ["train", "--data", "a b;<c>'\n.csv"].map(String::from).to_vec();
        assert_eq!(shlex::split(&quoted(words.clone())).map(|all| all[1..].to_vec()), Some(words));
    }
}
