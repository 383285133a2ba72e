//! The rows, told one by one as they are known.

use serde::Serialize;

use super::answer::{Answer, NoAnswer};
use crate::failure::Failure;
use crate::output::Output;

/// The width of the column of names: the longest name's.
const NAME_WIDTH: usize = "system-route".len();

/// Tells rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Report<'a>(&'a Output);

/// One question, and what was seen.
#[derive(Debug, Serialize)]
struct Row<'a> {
    /// The row's name, as the operations guide has it.
    #[serde(rename = "row")]
    name: &'a str,
    /// The question.
    question: &'a str,
    /// What was seen, or why nothing was seen.
    saw: String,
    /// Whether the question was answered.
    verdict: Verdict,
}

/// Whether a question was answered.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// Something was seen.
    Ok,
    /// The probe did not ask.
    Skip,
    /// The probe asked, and something failed.
    Fault,
}

impl Verdict {
    /// What stands before what was seen.
    const fn mark(self) -> &'static str {
        match self {
            Self::Ok => "->",
            Self::Skip => "--",
            Self::Fault => "!!",
        }
    }
}

impl<'a> Report<'a> {
    /// A report on the output of a command.
    pub(super) const fn new(output: &'a Output) -> Self {
        Self(output)
    }

    /// Tells a row.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(super) fn row(self, name: &str, question: &str, answer: Answer) -> Result<(), Failure> {
        let verdict = match &answer {
            Ok(_) => Verdict::Ok,
            Err(NoAnswer::Skipped(_)) => Verdict::Skip,
            Err(NoAnswer::Failed(_)) => Verdict::Fault,
        };
        let saw = answer.unwrap_or_else(|none| none.to_string());
        let row = Row { name, question, saw, verdict };
        self.0.result(&row, || row.lines())
    }
}

impl Row<'_> {
    /// The row as people read rows: the question, and below what was seen.
    fn lines(&self) -> Vec<String> {
        let Self { name, question, saw, verdict } = self;
        let mark = verdict.mark();
        vec![format!("{name:NAME_WIDTH$}  {question}"), format!("{:NAME_WIDTH$}  {mark} {saw}", "")]
    }
}
