//! Who calls, and what the caller may do: by its signature all, by its roles what `PRODUCERS` leaves of it.

use hubcast_auth::rest::Bearer;
use hubcast_model::envelope::Notification;
use hubcast_model::id::HubName;
use hubcast_model::journey::audit::Doer;
use hubcast_model::producers::Producers;
use hubcast_model::settings::Hubs;

use crate::route::Operation;

/// What a caller may do.
#[derive(Debug)]
pub(crate) struct Permission {
    /// The hubs of its issuer; all hubs for whoever has the key.
    pub(crate) hubs: Hubs,
    /// Its roles; `None` for whoever has the key.
    pub(crate) roles: Option<Vec<String>>,
    /// Who it is.
    pub(crate) doer: Doer,
}

impl Permission {
    /// The permission of whoever has an access key.
    pub(crate) fn of_key(bearer: &Bearer) -> Self {
        let doer = Doer::key(bearer.subject.as_deref());
        Self { hubs: Hubs::Any, roles: None, doer }
    }

    /// The permission of an app with these roles, on these hubs.
    pub(crate) fn of_app(hubs: Hubs, roles: Vec<String>, bearer: &Bearer) -> Self {
        let doer = Doer::app(bearer.subject.as_deref(), bearer.app_id.as_deref(), &roles);
        Self { hubs, roles: Some(roles), doer }
    }

    /// Whether the caller may do this on the hub.
    pub(crate) fn allows(
        &self,
        producers: &Producers,
        hub: &HubName,
        operation: Operation,
    ) -> bool {
        let may = |roles: &Vec<String>| {
            kinds(operation).iter().all(|kind| producers.allow_role(roles, hub, kind))
        };
        self.hubs.contains(hub) && self.roles.as_ref().is_none_or(may)
    }

    /// Whether the caller may produce all of this.
    pub(crate) fn allows_all(&self, producers: &Producers, all: &[Notification]) -> bool {
        let may = |roles: &Vec<String>| all.iter().all(|one| producers.allow_roles(roles, one));
        self.roles.as_ref().is_none_or(may)
    }

    /// Whether the caller may sign client tokens by itself, for any user of any hub.
    pub(crate) fn allows_keys(&self, producers: &Producers) -> bool {
        let may = |roles: &Vec<String>| roles.iter().any(|role| producers.leaves_role(role));
        self.hubs == Hubs::Any && self.roles.as_ref().is_none_or(may)
    }
}

/// What an operation does, in the words of `PRODUCERS`.
const fn kinds(operation: Operation) -> &'static [&'static str] {
    match operation {
        Operation::Send | Operation::SendToEach => &["message"],
        Operation::Invoke => &["invoke"],
        Operation::StreamSend | Operation::StreamComplete => &["answer"],
        Operation::Close | Operation::CloseConnection => &["close"],
        // Its body says which of these.
        Operation::Execute => &["message", "add", "remove", "removeAll", "close"],
        Operation::AddConnection | Operation::AddUser => &["add"],
        Operation::RemoveConnection | Operation::RemoveUser => &["remove"],
        Operation::RemoveConnectionFromAll | Operation::RemoveUserFromAll => &["removeAll"],
        // Who renews a token decides what its client may do.
        Operation::GenerateToken | Operation::RefreshAuth => &["token"],
        Operation::Exists
        | Operation::ConnectionClaims
        | Operation::IsUserInGroup
        | Operation::ListConnections
        | Operation::ListUsers
        | Operation::ListGroups
        | Operation::Count
        | Operation::MessageFate => &["read"],
        // Each element of an envelope is asked about. Anyone may ask for two of the others, and the
        // keys are asked about apart.
        Operation::Enqueue | Operation::Health | Operation::OpenApi | Operation::AccessKey => &[],
    }
}
