//! How a command fails, and the exit code that says so.

use std::io;
use std::process::ExitCode;

use hubcast_aws::operator::{OperatorError, Trouble};
use hubcast_model::envelope::Rejection;
use hubcast_model::ports::{Cause, QueueError, StoreError};
use hubcast_model::report::chain;

use crate::network::in_words;
use hubcast_client::ConnectError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The deployment did not answer, or gave a wrong answer.
    #[error("{what}{}", because(source.as_ref()))]
    Failed {
        /// What failed, in words.
        what: String,
        /// The cause, if there is one.
        source: Option<Cause>,
    },
    /// AWS, or the local stack, refused or did not answer.
    #[error("{}", of_aws(.0))]
    Aws(#[from] OperatorError),
    /// The command line is wrong, or leaves something out; with what.
    #[error("{0}")]
    Usage(String),
    /// The deployment would reject the message, so the command did not send the message.
    #[error("{0}")]
    Rejected(String),
    /// The thing that the command line names is not there, or did not come in time.
    #[error("{0}")]
    NotThere(String),
    /// The doctor found faults.
    #[error("{0}")]
    Faulty(String),
    /// Standard output cannot be written.
    #[error("the output could not be written: {0}")]
    Output(#[from] io::Error),
}

fn because(source: Option<&Cause>) -> String {
    source.map_or_else(String::new, |source| match source.downcast_ref() {
        Some(err @ ConnectError::Unreachable { source, .. }) => {
            format!(": {err}: {}", in_words(source.as_ref()))
        }
        _ => format!(": {}", chain(source.as_ref())),
    })
}

fn of_aws(err: &OperatorError) -> String {
    match err.trouble {
        Trouble::Unreachable => format!("{err}: {}", in_words(err.source.as_ref())),
        // The SDK tells of all places where it looked.
        Trouble::NoCredentials if !is_of_service(err) => {
            format!("{err}: there are no credentials of AWS")
        }
        _ => first_line(&chain(err)).to_owned(),
    }
}

/// Whether AWS itself said so, in place of the SDK, which could not even ask.
fn is_of_service(err: &OperatorError) -> bool {
    err.source.source().is_none()
}

/// The first line: the SDK lists over several lines where it looked for credentials.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

impl Failure {
    /// A failure without a cause of its own.
    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), source: None }
    }

    /// A failure with its cause.
    pub(crate) fn because(what: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::Failed { what: what.into(), source: Some(source.into()) }
    }

    /// Whether the reader of a pipe stopped reading, as `head` does. That is no fault.
    pub(crate) fn is_unread(&self) -> bool {
        matches!(self, Self::Output(err) if err.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The kind of trouble that a person can mend; none where the text of the failure says what to
    /// do.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Aws(err) => Some(err.trouble),
            Self::Failed { source: Some(cause), .. } if is_unreachable(cause) => {
                Some(Trouble::Unreachable)
            }
            _ => None,
        }
    }

    /// The exit code; an interface, see `docs/CLI.md`.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            _ if self.is_unread() => ExitCode::SUCCESS,
            // clap has the same code for wrong flags.
            Self::Usage(_) => ExitCode::from(2),
            Self::Aws(err) if err.trouble == Trouble::NoRegion => ExitCode::from(2),
            Self::Failed { .. } | Self::Aws(_) | Self::Output(_) => ExitCode::from(1),
            Self::Rejected(_) => ExitCode::from(3),
            Self::NotThere(_) => ExitCode::from(4),
            Self::Faulty(_) => ExitCode::from(5),
        }
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(format!("it would be rejected, so nothing was sent: {rejection}"))
    }
}

impl From<StoreError> for Failure {
    fn from(err: StoreError) -> Self {
        Self::Aws(err.into())
    }
}

impl From<QueueError> for Failure {
    fn from(err: QueueError) -> Self {
        Self::Aws(err.into())
    }
}

fn is_unreachable(cause: &Cause) -> bool {
    matches!(cause.downcast_ref(), Some(ConnectError::Unreachable { .. }))
}
