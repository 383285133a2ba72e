//! The audit: who had what changed, for whom, by which message, and who was not let.

use hubcast_model::envelope::{Action, Notification};
use hubcast_model::journey::Origin;
use hubcast_model::journey::audit::{Deed, Doer, Outcome, Source, Whom};
use hubcast_model::ports::QueuedMessage;

/// An action was carried out: the element of a message with this progress key.
pub(crate) fn carried_out(
    queued: &QueuedMessage,
    progress_key: &str,
    notification: &Notification,
    action: &Action,
) {
    let Origin { message_id, element } = Origin::of(progress_key);
    let whom = Whom::Named {
        hub: notification.hub.clone(),
        audience: notification.content.audience(),
        groups: action.groups().to_vec(),
    };
    Deed {
        doer: &Doer::sender(&queued.sender),
        action: action.name(),
        operation: None,
        outcome: Outcome::Done,
        whom,
        source: Source {
            message_id: Some(message_id),
            element: Some(element),
            sent_at: Some(queued.sent_at),
        },
    }
    .write();
}

/// A sender may not send the element with this number.
pub(crate) fn refused(queued: &QueuedMessage, element: usize, notification: &Notification) {
    let hub = notification.hub.clone();
    let whom = Whom::of(hub, notification.content.audience());
    write_refusal(queued, Some(element), notification.content.kind(), whom);
}

/// A sender may not send jobs.
pub(crate) fn refused_job(queued: &QueuedMessage) {
    write_refusal(queued, None, "job", Whom::Unknown);
}

fn write_refusal(queued: &QueuedMessage, element: Option<usize>, action: &str, whom: Whom) {
    let (message_id, sent_at) = (Some(queued.id.as_str()), Some(queued.sent_at));
    Deed {
        doer: &Doer::sender(&queued.sender),
        action,
        operation: None,
        outcome: Outcome::Refused,
        whom,
        source: Source { message_id, element, sent_at },
    }
    .write();
}
