//! What was seen, as a table of text.

use std::fmt::Write;

/// One question and what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The row's name, as the operations guide has it.
    pub name: &'static str,
    /// What is asked.
    pub question: &'static str,
    /// What was seen, or why nothing was.
    pub saw: String,
}

/// The rows for reading, one below the other.
pub fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for Row { name, question, saw } in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:width$}  {question}\n{:width$}  -> {saw}", "");
    }
    text
}
