//! What a command says: results on standard output, remarks on standard error.
//!
//! All of it goes through here, and nothing of it acts on a terminal but what
//! is this program's own: its colours and the ends of its lines.

use std::fmt;
use std::io::Write;

use anstyle::Style;
use clap::Args;
use serde::Serialize;

use crate::failure::Failure;
use crate::printable::{printable, printable_json};

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

/// A result for people: lines of this program's own, each with whatever others said in it.
#[derive(Debug, Default)]
pub(crate) struct Text {
    mark: Option<(Style, &'static str)>,
    lines: Vec<String>,
}

impl From<String> for Text {
    fn from(line: String) -> Self {
        Self::from(vec![line])
    }
}

impl From<Vec<String>> for Text {
    fn from(lines: Vec<String>) -> Self {
        Self { mark: None, lines }
    }
}

impl Text {
    /// With a word in a colour before it.
    pub(crate) fn marked(self, style: Style, word: &'static str) -> Self {
        Self { mark: Some((style, word)), ..self }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((style, word)) = &self.mark {
            write!(f, "{style}{word}{style:#}")?;
        }
        let lines: Vec<String> = self.lines.iter().map(|line| printable(line)).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Output {
    /// A result: `json` for programs, `text` for people.
    pub(crate) fn result<T: Into<Text>>(
        self,
        json: &impl Serialize,
        text: impl FnOnce() -> T,
    ) -> Result<(), Failure> {
        if self.json {
            let json = serde_json::to_string(json).map_err(std::io::Error::from)?;
            return line(&printable_json(&json));
        }
        line(&text().into().to_string())
    }

    /// Something that is good to know while the command runs.
    pub(crate) fn remark(self, text: &str) {
        if !self.quiet {
            // There is nobody to tell that nothing can be told.
            let _ = writeln!(anstream::stderr(), "{}", printable(text));
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

/// Why the command fails, and what to do about it if that is known.
pub(crate) fn complain(failure: &Failure, advice: &str) {
    if !failure.is_unread() {
        let text = printable(&failure.to_string());
        let end = if advice.is_empty() { "" } else { "; " };
        let _ = writeln!(anstream::stderr(), "hubcast: {text}{end}{advice}");
    }
}
