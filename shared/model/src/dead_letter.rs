//! The attributes of a dead letter: why it is dead, and where a redrive goes on.

use crate::trace::{TRACEPARENT, Traceparent};

/// In one word, why.
const REASON: &str = "RejectReason";
/// In a sentence, why.
const DETAIL: &str = "RejectDetail";
/// Within which trace the message was sent.
const TRACE: &str = TRACEPARENT;
/// Where the progress is kept.
const PROGRESS_KEY: &str = "ProgressKey";

/// What the message attributes of a dead letter say, and those of a message that a redrive sent.
///
/// A letter that the queue itself moved says nothing; a redriven message has its progress key only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LetterAttributes {
    /// In one word, why the letter is dead; see `RejectReason`.
    pub reason: Option<String>,
    /// In a sentence, why the letter is dead.
    pub detail: Option<String>,
    /// The key under which the progress of the delivery is kept: a redrive resumes there.
    pub progress_key: Option<String>,
    /// The trace within which the message was sent.
    pub trace: Option<Traceparent>,
}

impl LetterAttributes {
    /// The attributes of a message that a redrive sends.
    pub fn of_redrive(progress_key: &str, trace: Option<Traceparent>) -> Self {
        Self { progress_key: Some(progress_key.to_owned()), trace, ..Self::default() }
    }

    /// Reads the attributes of a message, by a look-up of texts by name.
    pub fn read(text: impl Fn(&str) -> Option<String>) -> Self {
        let trace = text(TRACE).as_deref().and_then(Traceparent::parse);
        let (reason, detail, progress_key) = (text(REASON), text(DETAIL), text(PROGRESS_KEY));
        Self { reason, detail, progress_key, trace }
    }

    /// The names and the texts of the attributes that are there.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            (REASON, self.reason.as_deref()),
            (DETAIL, self.detail.as_deref()),
            (PROGRESS_KEY, self.progress_key.as_deref()),
            (TRACE, self.trace.as_ref().map(Traceparent::as_str)),
        ];
        all.into_iter().filter_map(|(name, text)| Some((name, text?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE_OF_TEST: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_written_reads_back_the_same() {
        let text = |text: &str| Some(text.to_owned());
        for attributes in [
            LetterAttributes::default(),
            LetterAttributes::of_redrive("m/0", None),
            LetterAttributes::of_redrive("m/0", Traceparent::parse(TRACE_OF_TEST)),
            LetterAttributes {
                reason: text("TooOld"),
                detail: text("so"),
                progress_key: text("m"),
                trace: None,
            },
        ] {
            let read = |wanted: &str| {
                let mut texts = attributes.texts();
                texts.find(|(name, _)| *name == wanted).map(|(_, text)| text.to_owned())
            };
            assert_eq!(LetterAttributes::read(read), attributes);
        }
    }

    /// Operators and programs of others look for these.
    #[test]
    fn the_names_are_those_of_the_documents() {
        let text = |name: &str| if name == TRACE { TRACE_OF_TEST } else { name }.to_owned();
        let all = LetterAttributes::read(|name| Some(text(name)));
        let names: Vec<&str> = all.texts().map(|(name, _)| name).collect();
        assert_eq!(names, ["RejectReason", "RejectDetail", "ProgressKey", "traceparent"]);
    }
}
