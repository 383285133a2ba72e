//! How a command fails, and the exit code that says so.

use std::io;
use std::process::ExitCode;

use hubcast_aws::operator::{OperatorError, Trouble};
use hubcast_model::envelope::Rejection;
use hubcast_model::ports::{Cause, QueueError, StoreError};
use hubcast_model::report::chain;

use crate::client::ConnectError;

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The deployment did not answer, or not as it should.
    #[error("{what}{}", because(source.as_ref()))]
    Failed {
        /// What was tried.
        what: String,
        /// What came of it.
        source: Option<Cause>,
    },
    /// AWS, or what stands in for it, did not do it.
    #[error("{}", first_line(&chain(.0)))]
    Aws(#[from] OperatorError),
    /// The command line asks for something that makes no sense, or leaves something out.
    #[error("{0}")]
    Usage(String),
    /// The deployment would reject it, so it was not sent.
    #[error("{0}")]
    Rejected(String),
    /// What was named, or waited for, is not there.
    #[error("{0}")]
    NotThere(String),
    /// The doctor found something.
    #[error("{0}")]
    Faulty(String),
    /// The output could not be written.
    #[error("the output could not be written: {0}")]
    Output(#[from] io::Error),
}

fn because(source: Option<&Cause>) -> String {
    source.map_or_else(String::new, |source| format!(": {}", chain(source.as_ref())))
}

/// The SDK lists over several lines where it looked for credentials.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

impl Failure {
    /// A failure without a cause of its own.
    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), source: None }
    }

    /// A failure because of something.
    pub(crate) fn because(what: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::Failed { what: what.into(), source: Some(source.into()) }
    }

    /// Whether somebody stopped reading, as `head` does, which is nobody's fault.
    pub(crate) fn is_unread(&self) -> bool {
        matches!(self, Self::Output(err) if err.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The kind of trouble that a person can do something about; none where the failure says by
    /// itself what to do.
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
            // The one that clap has for flags.
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
