//! What a command writes: results on standard output, remarks on standard error.
//!
//! All output goes through this module. Texts of others cannot act on a
//! terminal; only this program's colours and line ends do. A listener gets what
//! a command tells in place of the terminal: so the console asks the commands.

use std::fmt;
use std::io::Write;

use anstyle::Style;
use clap::Args;
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::failure::Failure;
use crate::printable::{printable, printable_json};

/// How a command shows results. `NO_COLOR` turns colours off.
#[derive(Debug, Clone, Args)]
pub(crate) struct Output {
    /// Writes results as JSON, one object in each line.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Leaves out everything but results and errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Who gets what is told in place of standard output and standard error.
    #[arg(skip)]
    listener: Option<UnboundedSender<Told>>,
}

/// What a command tells its listener.
#[derive(Debug)]
pub(crate) enum Told {
    /// A result, as JSON, byte for byte.
    Result(String),
    /// A remark for people.
    Remark(String),
}

/// A result for people. The lines may hold texts of others.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// A word before the first line, and the word's style.
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
    /// The same text with a word in a style before it.
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
    /// An output that a listener gets, and what the listener reads.
    pub(crate) fn heard() -> (Self, UnboundedReceiver<Told>) {
        let (listener, told) = unbounded_channel();
        (Self { json: true, quiet: false, listener: Some(listener) }, told)
    }

    /// Writes a result: `json` for programs, `text` for people.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn result<T: Into<Text>>(
        &self,
        json: &impl Serialize,
        text: impl FnOnce() -> T,
    ) -> Result<(), Failure> {
        if self.json {
            let json = serde_json::to_string(json).map_err(std::io::Error::from)?;
            if let Some(listener) = &self.listener {
                return listener.send(Told::Result(json)).map_err(|_| unheard());
            }
            return line(&printable_json(&json));
        }
        line(&text().into().to_string())
    }

    /// Writes the heads of a list's columns, for people.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn heads(&self, heads: &str) -> Result<(), Failure> {
        if self.json || self.quiet { Ok(()) } else { line(heads) }
    }

    /// Writes a remark, unless the command is quiet.
    pub(crate) fn remark(&self, text: &str) {
        if let Some(listener) = &self.listener {
            // The next result finds out that nobody listens any more.
            let _ = listener.send(Told::Remark(text.to_owned()));
        } else if !self.quiet {
            // Nobody can be told that standard error is gone.
            let _ = writeln!(anstream::stderr(), "{}", printable(text));
        }
    }
}

/// The listener has gone, as the reader of a pipe does.
fn unheard() -> Failure {
    Failure::Output(std::io::ErrorKind::BrokenPipe.into())
}

/// Writes a line of a result.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn line(line: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{line}")?;
    // The reader of a pipe gets the line now.
    Ok(out.flush()?)
}

/// Asks a question in a terminal; only a yes is one.
///
/// # Errors
/// When the answer cannot be read.
pub(crate) fn ask(question: &str) -> Result<bool, Failure> {
    let mut err = anstream::stderr();
    write!(err, "{}", printable(question))?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Writes a line for whoever looks at the terminal, beside what any command tells.
pub(crate) fn aside(text: &str) {
    let _ = writeln!(anstream::stderr(), "{}", printable(text));
}

/// Writes why something failed, and what to do; `advice` may be empty.
pub(crate) fn complain(text: &str, advice: &str) {
    let end = if advice.is_empty() { "" } else { "; " };
    let _ = writeln!(anstream::stderr(), "hubcast: {}{end}{advice}", printable(text));
}
