//! Completions: the answers to a client's invocations.

use hubcast_model::ports::StoreError;
use hubcast_model::report::chain;
use signalr_protocol::message::{Completion, HubMessage, Invocation, Outcome};
use signalr_protocol::texts;

use super::step::Step;

/// What became of a method that was understood.
pub(super) type MethodResult = Result<Outcome, StoreError>;

/// The completion of a call; nothing when the caller waits for none.
pub(super) fn complete(call: Invocation, result: MethodResult) -> Step {
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(err) => {
            tracing::error!(error = %chain(&err), "an invocation failed");
            Outcome::Error(texts::unexpected(&call.target))
        }
    };
    let Some(invocation_id) = call.invocation_id else {
        return Step::Silent;
    };
    Step::Reply(HubMessage::Completion(Completion { invocation_id, outcome }).encode())
}

/// The completion of a call that is answered by an error text.
pub(super) fn complete_with_error(call: Invocation, error: String) -> Step {
    complete(call, Ok(Outcome::Error(error)))
}
