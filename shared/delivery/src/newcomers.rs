//! Newcomers: the sockets that are shown what a group retains, since an action
//! put them into the group or asks for it.

use crate::audiences::Audiences;
use crate::round::Target;
use hubcast_model::envelope::{Action, Audience, Content, Notification};
use hubcast_model::id::{GroupName, HubName};
use hubcast_model::ports::{ChannelStore, ShardStore, SocketStore, StoreError};
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Clock;

/// The groups whose values an action shows; `None` for any other content.
pub(crate) fn shown_groups(content: &Content) -> Option<&[GroupName]> {
    match content {
        Content::Action(Action::Add { groups, .. }) => Some(groups),
        Content::Action(Action::Show { group, .. }) => Some(std::slice::from_ref(group)),
        _ => None,
    }
}

/// The sockets that an action shows values to: all of the audience's, or those that an earlier
/// invocation left.
pub(crate) async fn newcomers<S, C>(
    notification: &Notification,
    left: Option<Vec<Target>>,
    audiences: &mut Audiences<'_, S, C>,
) -> Result<Vec<Target>, StoreError>
where
    S: ChannelStore + ShardStore + SocketStore,
    C: Clock,
{
    let hub = &notification.hub;
    match (&notification.content, left) {
        (Content::Action(Action::Show { audience, group }), left) => {
            let mut targets = in_group(hub, audience, group, audiences).await?;
            if let Some(left) = left {
                let is_left = |target: &Target| left.iter().any(|one| one.socket == target.socket);
                targets.retain(is_left);
            }
            Ok(targets)
        }
        (_, Some(left)) => Ok(left),
        (Content::Action(Action::Add { audience, .. }), None) => {
            let listings = audiences.all_members(hub, audience).await?;
            Ok(audiences.targets(listings))
        }
        (_, None) => Ok(Vec::new()),
    }
}

/// Those of an audience's sockets that are in a group. They may have left the group since the
/// backend put them in and asked for the showing.
async fn in_group<S, C>(
    hub: &HubName,
    audience: &Audience,
    group: &GroupName,
    audiences: &mut Audiences<'_, S, C>,
) -> Result<Vec<Target>, StoreError>
where
    S: ChannelStore + ShardStore + SocketStore,
    C: Clock,
{
    let group = group.keyed();
    let is_in = |socket: &Socket| socket.groups().any(|joined| joined == group);
    let sockets = audiences.sockets(hub, audience).await?.into_iter().filter(is_in);
    let target = |socket: Socket| {
        let may_be_joining = socket.state == SocketState::Joining;
        Target { socket: socket.id, key: None, holder: None, may_be_joining }
    };
    Ok(sockets.map(target).collect())
}
