//! Messages to the groups of a user and to the whole hub, as far as they can be known.
//!
//! The log does not tell who was in a group at which time. So the groups are those
//! of the table now, and a message to a group is told as one that the user may have
//! got.

use std::collections::BTreeSet;

use hubcast_backend::{Backend, Cursor};
use hubcast_membership::lookup;
use hubcast_membership::shards::Shards;
use hubcast_model::audience::Audience;
use hubcast_model::channel::{ChannelKey, ShardCounts};
use hubcast_model::id::{GroupName, HubName, UserId};
use hubcast_model::journey::names::{EVERYONE, Naming};
use hubcast_model::journey::{Line, story};
use hubcast_model::ports::{Consistency, JourneyLog, SocketStore};
use hubcast_model::socket::Socket;
use hubcast_model::time::{Clock, SystemClock, Timestamp};

use super::read;
use crate::deployment::Deployment;
use crate::failure::Failure;

/// So many groups are asked about.
const GROUPS_MAX: usize = 20;

/// A user, and how lines name people.
pub(super) struct Subject<'a> {
    pub(super) user: &'a UserId,
    pub(super) naming: &'a Naming,
    pub(super) since: Timestamp,
}

/// What the log tells of messages that reach a user in other names, and the lines.
pub(super) struct Around {
    pub(super) sentence: String,
    pub(super) lines: Vec<Line>,
}

impl Subject<'_> {
    /// What the log tells of messages to the user's groups and hub.
    pub(super) async fn around(
        &self,
        deployment: &Deployment,
        log: &impl JourneyLog,
    ) -> Result<Around, Failure> {
        let hub = deployment.hub();
        let (mut sentences, mut all) = (Vec::new(), Vec::new());
        match self.groups(deployment).await {
            Err(err) => sentences.push(format!(
                "Which groups the user is in is not known ({err}), so messages to groups are not told."
            )),
            Ok(groups) if groups.is_empty() => {
                sentences.push("The user is in no group now.".to_owned());
            }
            Ok(groups) => {
                for group in groups.iter().take(GROUPS_MAX) {
                    let audience = Audience::group(group.clone());
                    let word = self.naming.audience(hub, &audience).unwrap_or_default();
                    all.extend(of_hub(read(log, &word, self.since).await?, hub));
                    let told = story::messages(&of(&all, &word), &word);
                    sentences.push(format!("To the group {group}, which the user is in now: {told}"));
                }
                let left = groups.len().saturating_sub(GROUPS_MAX);
                if left > 0 {
                    sentences.push(format!("Messages to {left} more groups are not told."));
                }
            }
        }
        let everyone = of_hub(read(log, EVERYONE, self.since).await?, hub);
        sentences.push(format!("To the whole hub: {}", story::messages(&everyone, EVERYONE)));
        all.extend(everyone);
        sentences.push(
            "The log does not tell which connections a message to a group or a hub reached."
                .to_owned(),
        );
        Ok(Around { sentence: sentences.join(" "), lines: all })
    }

    /// The groups that the user, or a connection of the user, is in now.
    async fn groups(&self, deployment: &Deployment) -> Result<BTreeSet<GroupName>, Failure> {
        let (hub, store) = (deployment.hub(), deployment.store().await?);
        let key = ChannelKey::user(hub, self.user);
        let now = SystemClock.now();
        let members = lookup::all_members(&store, &key, usize::MAX, now).await?.unwrap_or_default();
        let mut groups = BTreeSet::new();
        for member in members {
            let socket = store.socket(&member.socket, Consistency::Eventual).await?;
            let joined = socket.iter().flat_map(Socket::groups).collect::<Vec<_>>();
            groups.extend(joined.into_iter().filter_map(|group| group.name()));
        }
        let backend = Backend::new(store, (), SystemClock, Shards::new(ShardCounts::default()));
        let lasting = backend.lists(hub).groups(self.user, &Cursor::default(), usize::MAX).await?;
        groups.extend(lasting.items.into_iter().filter_map(|group| group.name()));
        Ok(groups)
    }
}

/// The lines for an audience of this name.
fn of(lines: &[Line], name: &str) -> Vec<Line> {
    let is_for = |line: &&Line| {
        line.text("audience").is_some_and(|names| names.split(' ').any(|one| one == name))
    };
    lines.iter().filter(is_for).cloned().collect()
}

/// The lines of one hub: another hub has groups of the same name.
fn of_hub(lines: Vec<Line>, hub: &HubName) -> Vec<Line> {
    lines.into_iter().filter(|line| line.text("hub") == Some(hub.as_str())).collect()
}
