//! Why a newcomer was not given everything that was there for it.

use hubcast_model::ports::{PostError, StoreError};

/// Why a newcomer got only a part of its inbox or its boards.
#[derive(Debug, thiserror::Error)]
pub(super) enum WelcomeError {
    /// A post failed.
    #[error(transparent)]
    Post(#[from] PostError),
    /// The table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The values changed each time they were posted.
    #[error("retained values keep changing")]
    Changing,
}
