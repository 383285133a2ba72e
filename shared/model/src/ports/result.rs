//! What clients answer when a backend invokes them, as the rules see it.

use std::future::Future;

use super::StoreError;
use crate::id::{ConnectionId, HubName};
use crate::time::Timestamp;

/// Names one invocation of one client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvocationKey {
    /// The hub.
    pub hub: HubName,
    /// Who was invoked.
    pub connection: ConnectionId,
    /// Under which id.
    pub invocation: String,
}

/// How a client answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientResult {
    /// Its method has no result.
    Void,
    /// A result, as JSON.
    Value(String),
    /// The text of an error.
    Error(String),
}

/// Answers that a backend waits for.
pub trait ResultStore: Send + Sync {
    /// Notes that somebody waits for an answer until `expires`.
    fn expect_result(
        &self,
        key: &InvocationKey,
        expires: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Whether somebody waits for an answer that is not there yet; strongly consistent.
    fn awaits_result(
        &self,
        key: &InvocationKey,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Keeps an answer that somebody waits for; false when nobody does, or the answer is there.
    fn put_result(
        &self,
        key: &InvocationKey,
        result: &ClientResult,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The answer, once it is there; strongly consistent.
    fn result(
        &self,
        key: &InvocationKey,
    ) -> impl Future<Output = Result<Option<ClientResult>, StoreError>> + Send;

    /// Notes that nobody waits any more.
    fn forget_result(
        &self,
        key: &InvocationKey,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
