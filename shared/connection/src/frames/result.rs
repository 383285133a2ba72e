//! What a client answers when a backend invoked it.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use hubcast_model::context::Caller;
use hubcast_model::ports::{ClientResult, InvocationKey, ResultStore, StoreError};
use signalr_protocol::message::{Completion, Outcome};

use super::step::{Answer, Step, unavailable};

/// How many answers of a frame are kept at once.
const KEPT_AT_ONCE: usize = 16;

/// The answers that a client sent in one frame, in order.
#[derive(Debug)]
pub(super) struct Answered(pub(super) Vec<Completion>);

/// Keeps the results of clients for the backends that wait for them.
#[derive(Debug)]
pub(super) struct Results<S> {
    pub(super) store: Arc<S>,
}

impl<S: ResultStore> Answer<Answered> for Results<S> {
    /// Keeps results, side by side, since no result depends on another. Of several for one call the
    /// first counts.
    async fn answer(&self, caller: &Caller, answered: Answered) -> Step {
        let mut ids = BTreeSet::new();
        let mut kept = Vec::new();
        for completion in answered.0 {
            if ids.insert(completion.invocation_id.clone()) {
                kept.push(self.keep(caller, completion));
            }
        }
        let kept: Vec<Result<(), StoreError>> =
            stream::iter(kept).buffered(KEPT_AT_ONCE).collect().await;
        let failure = kept.into_iter().find_map(Result::err);
        failure.map_or(Step::Silent, |err| unavailable(&err))
    }
}

impl<S: ResultStore> Results<S> {
    /// Keeps a result. Nothing happens when nobody waits for the result.
    async fn keep(&self, caller: &Caller, completion: Completion) -> Result<(), StoreError> {
        let key = InvocationKey {
            hub: caller.admission.principal.hub.clone(),
            connection: caller.connection(),
            invocation: completion.invocation_id,
        };
        // A read costs less than a write, and clients may send what nobody asked for.
        if !self.store.awaits_result(&key).await? {
            return Ok(());
        }
        let result = match completion.outcome {
            Outcome::Void => ClientResult::Void,
            Outcome::Result(json) => ClientResult::Value(json.get().to_owned()),
            Outcome::Error(error) => ClientResult::Error(error),
        };
        self.store.put_result(&key, &result).await.map(|_is_awaited| ())
    }
}
