//! `hubcast completions`: a script with which a shell completes commands and flags.

use clap::Args;
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output::line;

const EXAMPLES: &str = "\
Examples:
  hubcast completions bash
  hubcast completions zsh";

/// Prints a script for your shell that completes commands and flags.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// The shell that runs the script.
    shell: Shell,
}

impl Completions {
    /// Prints the script for `command`, the whole command line.
    pub(crate) fn run(&self, mut command: clap::Command) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "hubcast", &mut script);
        line(String::from_utf8_lossy(&script).trim_end())
    }
}
