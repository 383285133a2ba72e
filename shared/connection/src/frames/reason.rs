//! Why connections end, noted for the backends that hear of their ends.

use std::sync::Arc;

use hubcast_membership::presence::note_end;
use hubcast_model::id::SocketId;
use hubcast_model::ports::ClientStore;
use signalr_protocol::message::Close;

use super::farewell::Farewell;
use super::step::Step;

/// How much of a client's own text is kept, in characters.
const TEXT_MAX_CHARS: usize = 500;

/// Notes reasons.
#[derive(Debug)]
pub(super) struct Reasons<S> {
    pub(super) store: Arc<S>,
    /// Whether backends hear of ends at all.
    pub(super) are_heard: bool,
}

impl<S: ClientStore> Reasons<S> {
    /// Notes what hubcast tells a client last.
    pub(super) async fn told(&self, socket: &SocketId, farewell: &Farewell) {
        if let Some(why) = farewell.error().filter(|_| self.are_heard) {
            note_end(&*self.store, socket, &why).await;
        }
    }

    /// Notes the error with which a client says goodbye, and answers nothing.
    pub(super) async fn heard(&self, socket: &SocketId, close: &Close) -> Step {
        if let Some(error) = close.error.as_deref().filter(|_| self.are_heard) {
            let text: String = error.chars().take(TEXT_MAX_CHARS).collect();
            note_end(&*self.store, socket, &format!("The client said: {text}")).await;
        }
        Step::Silent
    }
}
