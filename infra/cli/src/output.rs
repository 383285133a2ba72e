//! What a command says: results on standard output, remarks on standard error.

use std::io::Write;

use clap::Args;
use serde::Serialize;

use crate::failure::Failure;

/// How results are shown. Colours are left out where `NO_COLOR` says so.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Output {
    /// Writes results as JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Leaves out everything but results and errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

impl Output {
    /// A result: `json` for programs, `text` for people.
    pub(crate) fn result(
        self,
        json: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json {
            return line(&serde_json::to_string(json).map_err(std::io::Error::from)?);
        }
        line(&text())
    }

    /// Something that is good to know while the command runs.
    pub(crate) fn remark(self, text: &str) {
        if !self.quiet {
            // There is nobody to tell that nothing can be told.
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }
}

/// A line of a result.
pub(crate) fn line(line: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{line}")?;
    // A reader at the other end of a pipe gets it now.
    Ok(out.flush()?)
}

/// Why the command fails.
pub(crate) fn complain(failure: &Failure) {
    if !failure.is_unread() {
        let _ = writeln!(anstream::stderr(), "hubcast: {failure}");
    }
}
