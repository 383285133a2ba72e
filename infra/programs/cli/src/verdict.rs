//! How doctor and probe judge what they see: one vocabulary for both.

use anstyle::{AnsiColor, Style};
use serde::Serialize;

/// A judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// All is in order.
    Ok,
    /// Something to know, with which hubcast works in any case.
    Info,
    /// The part works, but somebody should look.
    Warn,
    /// The check could not be made.
    Skip,
    /// The part does not work, or not as hubcast needs.
    Bad,
}

impl Verdict {
    /// The verdict as a word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Skip => "skip",
            Self::Bad => "bad",
        }
    }

    /// The word in a column of its own.
    pub(crate) const fn column(self) -> &'static str {
        match self {
            Self::Ok => "ok   ",
            Self::Info => "info ",
            Self::Warn => "warn ",
            Self::Skip => "skip ",
            Self::Bad => "BAD  ",
        }
    }

    /// The colour of the word.
    pub(crate) fn style(self) -> Style {
        let colour = match self {
            Self::Ok => AnsiColor::Green,
            Self::Warn => AnsiColor::Yellow,
            Self::Info | Self::Skip => AnsiColor::Cyan,
            Self::Bad => AnsiColor::Red,
        };
        Style::new().fg_color(Some(colour.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_people_read_the_same_word() {
        for verdict in [Verdict::Ok, Verdict::Info, Verdict::Warn, Verdict::Skip, Verdict::Bad] {
            let json = serde_json::to_string(&verdict).unwrap();
            assert_eq!(json, format!("\"{}\"", verdict.word()));
            assert_eq!(verdict.column().trim().to_lowercase(), verdict.word());
        }
    }
}
