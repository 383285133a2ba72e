//! The audit: who had what changed, for whom, by which message.
//!
//! These lines are never sampled and never silenced. `docs/OPERATIONS.md#audit`
//! describes them.

use crate::batch::Case;
use hubcast_model::audience::Audience;
use hubcast_model::envelope::{Action, Notification};
use hubcast_model::journey::{AUDIT, Origin, names};

/// An action was carried out.
pub(crate) fn carried_out(case: Case<'_>, notification: &Notification, action: &Action) {
    let Origin { message_id, element } = Origin::of(&case.element.key);
    let (hub, audience) = (&notification.hub, notification.content.audience());
    let groups = Audience::Groups(action.groups().to_vec());
    tracing::info!(
        target: AUDIT,
        sender_id = case.message.sender,
        action = action.name(),
        hub = hub.as_str(),
        audience_kind = audience.kind(),
        audience = names::audience(hub, &audience),
        groups = names::audience(hub, &groups).filter(|groups| !groups.is_empty()),
        message_id,
        element,
        sent_at = case.message.sent_at.to_rfc3339(),
        "an action was carried out"
    );
}
