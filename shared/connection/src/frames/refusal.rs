//! What a client is told whose call of a group method is refused.

use hubcast_model::id::GroupName;
use signalr_protocol::message::{Invocation, Outcome};
use signalr_protocol::texts;

/// The group that a call names; what the caller is answered when it names none.
pub(super) fn group_argument(call: &Invocation) -> Result<GroupName, Outcome> {
    let refusal = |detail: String| Outcome::Error(texts::invalid_arguments(&call.target, &detail));
    let [name]: [String; 1] = serde_json::from_str(call.arguments.get())
        .map_err(|_| refusal("It takes one argument, the name of the group.".to_owned()))?;
    GroupName::parse(&name).map_err(|err| refusal(format!("The name of the group {err}.")))
}

/// The refusal of a call that would be in one group too many.
pub(super) fn too_many(call: &Invocation, groups_max: usize) -> Outcome {
    let detail = format!("A connection may be in at most {groups_max} groups.");
    Outcome::Error(texts::invalid_arguments(&call.target, &detail))
}

/// The refusal of a call that names a group which its client may not join.
pub(super) fn unauthorized(call: &Invocation, group: &GroupName) -> Outcome {
    let group = texts::echo(group.as_str());
    let detail = format!(
        "The group '{group}' is not one that your token names or that clients may join; ask the backend to add you."
    );
    Outcome::Error(texts::unauthorized(&call.target, &detail))
}
