//! The report as a page in Markdown, which keeps what a deployment was like on a day.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hubcast_model::time::Timestamp;

use super::report::Row;
use crate::failure::Failure;
use crate::moment::rfc3339;
use crate::printable::printable;
use crate::verdict::Verdict;

/// The length of a date such as `2026-12-01`.
const DATE_CHARS: usize = "2026-12-01".len();

/// Writes the page into a folder, which is made if there is none; answers where the page is. A page
/// of the same second is replaced.
///
/// # Errors
/// When the folder or the page cannot be written.
pub(super) fn write(
    folder: &Path,
    url: &str,
    at: Timestamp,
    rows: &[Row],
) -> Result<PathBuf, Failure> {
    let moment = rfc3339(at);
    let path = folder.join(format!("probe-{}.md", moment.replace(':', "")));
    let written =
        fs::create_dir_all(folder).and_then(|()| fs::write(&path, page(url, &moment, rows)));
    let told = |err| Failure::because(format!("{} cannot be written", path.display()), err);
    written.map_err(told)?;
    Ok(path)
}

fn page(url: &str, moment: &str, rows: &[Row]) -> String {
    let date: String = moment.chars().take(DATE_CHARS).collect();
    let lines: Vec<String> = rows.iter().map(line).collect();
    format!(
        "# Probe of {}, {date}\n\nAsked at {moment}: {}.\n\n| row | verdict | question | saw |\n|---|---|---|---|\n{}\n",
        cell(url),
        summary(rows),
        lines.join("\n"),
    )
}

/// How many rows have which verdict, such as `2 bad, 11 info, 7 ok`.
fn summary(rows: &[Row]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *counts.entry(row.verdict.word()).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    counts.join(", ")
}

fn line(row: &Row) -> String {
    let Row { name, question, saw, verdict } = row;
    let verdict = match verdict {
        Verdict::Bad => "**bad**",
        other => other.word(),
    };
    format!("| `{name}` | {verdict} | {question} | {} |", cell(saw))
}

/// A text of others as the text of a cell.
fn cell(text: &str) -> String {
    printable(text).replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, verdict: Verdict, saw: &str) -> Row {
        Row { name, question: "Is it so?", saw: saw.to_owned(), verdict }
    }

    #[test]
    fn a_page_has_its_date_its_counts_and_a_line_for_each_row() {
        let rows = [
            row("negotiate", Verdict::Ok, "yes"),
            row("context", Verdict::Bad, "failed: a|b\n<c>"),
            row("ping", Verdict::Info, "first 1 ms"),
            row("burst", Verdict::Info, "3 pings"),
        ];
        let page = page("https://live.example.com", "2026-12-01T10:00:00Z", &rows);
        assert_eq!(
            page.lines().collect::<Vec<_>>(),
            [
                "# Probe of https://live.example.com, 2026-12-01",
                "",
                "Asked at 2026-12-01T10:00:00Z: 1 bad, 2 info, 1 ok.",
                "",
                "| row | verdict | question | saw |",
                "|---|---|---|---|",
                "| `negotiate` | ok | Is it so? | yes |",
                "| `context` | **bad** | Is it so? | failed: a\\|b\\n&lt;c> |",
                "| `ping` | info | Is it so? | first 1 ms |",
                "| `burst` | info | Is it so? | 3 pings |",
            ]
        );
    }
}
