//! The rows, told one by one as they are known, and kept for the report.

use serde::Serialize;

use super::answer::{Answer, NoAnswer, Seen};
use crate::failure::Failure;
use crate::output::Output;
use crate::verdict::Verdict;

/// The width of the column of names: the longest name's.
const NAME_WIDTH: usize = "disconnect-delay".len();

/// Tells rows, and keeps them.
#[derive(Debug)]
pub(super) struct Report<'a> {
    output: &'a Output,
    rows: Vec<Row>,
}

/// One question, and what was seen.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// The row's name, as the operations guide has it.
    #[serde(rename = "row")]
    pub(super) name: &'static str,
    /// The question.
    pub(super) question: &'static str,
    /// What was seen, or why nothing was seen.
    pub(super) saw: String,
    /// Whether hubcast works with that.
    pub(super) verdict: Verdict,
}

impl<'a> Report<'a> {
    /// A report on the output of a command.
    pub(super) const fn new(output: &'a Output) -> Self {
        Self { output, rows: Vec::new() }
    }

    /// Tells a row.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(super) fn row(
        &mut self,
        name: &'static str,
        question: &'static str,
        answer: Answer,
    ) -> Result<(), Failure> {
        let Seen { verdict, text: saw } = answer.unwrap_or_else(|none| match none {
            NoAnswer::Skipped(_) => Seen { verdict: Verdict::Skip, text: none.to_string() },
            NoAnswer::Failed(_) => Seen { verdict: Verdict::Bad, text: none.to_string() },
        });
        let row = Row { name, question, saw, verdict };
        self.output.result(&row, || row.lines())?;
        self.rows.push(row);
        Ok(())
    }

    /// All rows so far.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }
}

impl Row {
    /// The row as people read rows: the question, and below the verdict and what was seen.
    fn lines(&self) -> Vec<String> {
        let Self { name, question, saw, verdict } = self;
        let verdict = verdict.column();
        vec![
            format!("{name:NAME_WIDTH$}  {question}"),
            format!("{:NAME_WIDTH$}  {verdict} {saw}", ""),
        ]
    }
}
