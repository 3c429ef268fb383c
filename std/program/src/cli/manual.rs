//! `perturb completions` and `perturb man`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Cli, Common, Failure};

/// Print a script that completes commands and options in a shell
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  perturb completions bash > ~/.local/share/bash-completion/completions/perturb
  perturb completions zsh > ~/.zfunc/_perturb
  perturb completions fish > ~/.config/fish/completions/perturb.fish")]
pub(crate) struct Completions {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "perturb", &mut script);
        Ok(std::io::stdout().write_all(&script)?)
    }
}

/// Print the manual page, or write the pages of all commands
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  perturb man | man -l -
  perturb man --out ~/.local/share/man/man1")]
pub(crate) struct Manual {
    /// Write the pages of all commands to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The command without `help`, which has no page.
fn command() -> clap::Command {
    Cli::command().disable_help_subcommand(true)
}

impl Manual {
    pub(crate) fn run(&self, common: &Common) -> Result<(), Failure> {
        let Some(folder) = &self.out else {
            let mut page = Vec::new();
            Man::new(command()).render(&mut page)?;
            return Ok(std::io::stdout().write_all(&page)?);
        };
        let name = |error: std::io::Error| format!("{}: {error}", folder.display());
        std::fs::create_dir_all(folder).map_err(name)?;
        clap_mangen::generate_to(command(), folder).map_err(name)?;
        if !common.quiet {
            tell!("wrote the pages to {}", folder.display());
        }
        Ok(())
    }
}
