//! What a client answers when a backend invoked it.

use std::sync::Arc;

use hubcast_model::context::Caller;
use hubcast_model::ports::{ClientResult, InvocationKey, ResultStore};
use signalr_protocol::message::{Completion, Outcome};

use super::step::{Answer, Step, unavailable};

/// Keeps the results of clients for the backends that wait for them.
#[derive(Debug)]
pub(super) struct Results<S> {
    pub(super) store: Arc<S>,
}

impl<S: ResultStore> Answer<Completion> for Results<S> {
    /// Keeps a result. Nothing happens when nobody waits for the result.
    async fn answer(&self, caller: &Caller, completion: Completion) -> Step {
        let key = InvocationKey {
            hub: caller.admission.principal.hub.clone(),
            connection: caller.connection(),
            invocation: completion.invocation_id,
        };
        // A read costs less than a write, and clients may send what nobody asked for.
        match self.store.awaits_result(&key).await {
            Ok(true) => {}
            Ok(false) => return Step::Silent,
            Err(err) => return unavailable(&err),
        }
        let result = match completion.outcome {
            Outcome::Void => ClientResult::Void,
            Outcome::Result(json) => ClientResult::Value(json.get().to_owned()),
            Outcome::Error(error) => ClientResult::Error(error),
        };
        match self.store.put_result(&key, &result).await {
            Ok(_is_awaited) => Step::Silent,
            Err(err) => unavailable(&err),
        }
    }
}
