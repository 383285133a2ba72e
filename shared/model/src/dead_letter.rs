//! The attributes of a dead letter: why it is dead, and where a redrive goes on.

/// In one word, why.
const REASON: &str = "RejectReason";
/// In a sentence, why.
const DETAIL: &str = "RejectDetail";
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
}

impl LetterAttributes {
    /// The attributes of a message that a redrive sends.
    pub fn of_redrive(progress_key: &str) -> Self {
        Self { progress_key: Some(progress_key.to_owned()), ..Self::default() }
    }

    /// Reads the attributes of a message, by a look-up of texts by name.
    pub fn read(text: impl Fn(&str) -> Option<String>) -> Self {
        Self { reason: text(REASON), detail: text(DETAIL), progress_key: text(PROGRESS_KEY) }
    }

    /// The names and the texts of the attributes that are there.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all =
            [(REASON, &self.reason), (DETAIL, &self.detail), (PROGRESS_KEY, &self.progress_key)];
        all.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let text = |text: &str| Some(text.to_owned());
        for attributes in [
            LetterAttributes::default(),
            LetterAttributes::of_redrive("m/0"),
            LetterAttributes {
                reason: text("TooOld"),
                detail: text("so"),
                progress_key: text("m"),
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
        let all = LetterAttributes::read(|name| Some(name.to_owned()));
        let names: Vec<&str> = all.texts().map(|(name, _)| name).collect();
        assert_eq!(names, ["RejectReason", "RejectDetail", "ProgressKey"]);
    }
}
