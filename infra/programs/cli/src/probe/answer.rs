//! What came of a question.

use std::fmt;

use hubcast_aws::operator::OperatorError;
use hubcast_model::ports::PostError;
use hubcast_model::report::chain;

use crate::failure::Failure;
use crate::network::in_words;
use crate::verdict::Verdict;
use hubcast_client::{ConnectError, SocketEnd};

/// What was seen, or why there is no answer.
pub(super) type Answer = Result<Seen, NoAnswer>;

/// What was seen, and whether hubcast works with that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// The verdict.
    pub(super) verdict: Verdict,
    /// What was seen, in words.
    pub(super) text: String,
}

impl Seen {
    /// What is as hubcast needs.
    pub(super) fn ok(text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, text: text.into() }
    }

    /// What hubcast works with in any case.
    pub(super) fn info(text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Info, text: text.into() }
    }

    /// What is as hubcast needs only if `is_fine`.
    pub(super) fn judged(is_fine: bool, text: impl Into<String>) -> Self {
        let verdict = if is_fine { Verdict::Ok } else { Verdict::Bad };
        Self { verdict, text: text.into() }
    }
}

/// Why a question has no answer.
#[derive(Debug, Clone)]
pub(super) enum NoAnswer {
    /// The probe did not ask; with what the question needs.
    Skipped(&'static str),
    /// The probe asked, and something failed; with all causes.
    Failed(String),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(needs) => write!(f, "skipped: {needs}"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

impl From<Failure> for NoAnswer {
    fn from(failure: Failure) -> Self {
        // A failure tells its causes by itself.
        Self::Failed(failure.to_string())
    }
}

impl From<OperatorError> for NoAnswer {
    fn from(err: OperatorError) -> Self {
        Failure::from(err).into()
    }
}

impl From<ConnectError> for NoAnswer {
    fn from(err: ConnectError) -> Self {
        match &err {
            ConnectError::Unreachable { source, .. } => {
                Self::Failed(format!("{err}: {}", in_words(source.as_ref())))
            }
            _ => Self::Failed(chain(&err)),
        }
    }
}

impl From<SocketEnd> for NoAnswer {
    fn from(end: SocketEnd) -> Self {
        Self::Failed(chain(&end))
    }
}

impl From<PostError> for NoAnswer {
    fn from(err: PostError) -> Self {
        Self::Failed(chain(&err))
    }
}
