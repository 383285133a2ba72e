//! `hubcast users show`: what the table holds of one user of a hub.

use hubcast_aws::store::DynamoStore;
use hubcast_backend::{Cursor, Roster};
use hubcast_model::access::{Block, Membership, Standing};
use hubcast_model::audience::Audience;
use hubcast_model::id::{KeyedName, UserId};
use hubcast_model::ports::{BlockStore, InboxStore, MembershipStore};
use hubcast_model::retention::{Inbox, InboxMessage};
use hubcast_model::time::{Clock, SystemClock, Timestamp};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::member::described;
use crate::moment::rfc3339;
use crate::output::Output;

/// The most connections that are shown of one user.
const CONNECTIONS_MAX: usize = 500;

/// What the table holds.
struct Holdings {
    /// Each connection for programs, and for people.
    connections: Vec<(Value, String)>,
    memberships: Vec<Membership>,
    block: Block,
    inbox: Vec<InboxMessage>,
}

/// Shows a user, also one of whom the table holds nothing.
///
/// # Errors
/// When the table cannot be read.
pub(super) async fn show(
    user: &UserId,
    deployment: &Deployment,
    output: &Output,
) -> Result<(), Failure> {
    let rows = deployment.rows().await?;
    let (hub, now) = (deployment.hub(), SystemClock.now());
    let store: &DynamoStore = &rows.store;
    let holdings = Holdings {
        connections: connections(&Roster::new(&rows, hub), user).await?,
        memberships: store.memberships(hub, user, now).await?,
        block: store.block(hub, user).await?,
        inbox: store.inbox_messages(&Inbox::of(hub, user), now).await?,
    };
    output.result(&holdings.json(user), || holdings.text(user))
}

async fn connections(
    roster: &Roster<'_, DynamoStore, SystemClock>,
    user: &UserId,
) -> Result<Vec<(Value, String)>, Failure> {
    let audience = Audience::user(user.clone());
    let members = roster.page(&audience, Cursor::default(), CONNECTIONS_MAX).await?.items;
    let records = roster.records(&members).await?;
    Ok(members.iter().zip(&records).map(|(one, record)| described(one, record.as_ref())).collect())
}

impl Holdings {
    fn json(&self, user: &UserId) -> Value {
        json!({
            "userId": user.as_str(),
            "connections": self.connections.iter().map(|(json, _)| json).collect::<Vec<_>>(),
            "memberships": self.memberships.iter().map(membership).collect::<Vec<_>>(),
            "block": {
                "until": self.block.until.map(rfc3339),
                "notBefore": self.block.not_before.map(rfc3339),
            },
            "inbox": self.inbox.iter().map(waiting).collect::<Vec<_>>(),
        })
    }

    fn text(&self, user: &UserId) -> Vec<String> {
        let mut lines = vec![format!("{user}"), self.barred()];
        lines.push(format!("connections: {}", self.connections.len()));
        lines.extend(self.connections.iter().map(|(_, text)| format!("  {text}")));
        lines.push(format!("lasting memberships and denials: {}", self.memberships.len()));
        lines.extend(self.memberships.iter().map(membership_text));
        lines.push(format!("messages that wait: {}", self.inbox.len()));
        let until = |message: &InboxMessage| rfc3339(message.expires);
        lines.extend(self.inbox.iter().map(|message| {
            format!("  until {}  {}", until(message), message.record.trim_end_matches('\u{1e}'))
        }));
        lines
    }

    /// Whether the user may connect, in a sentence.
    fn barred(&self) -> String {
        let blocked = self.block.until.filter(|until| *until > SystemClock.now());
        let logged_out = self.block.not_before.map(rfc3339);
        match (blocked, logged_out) {
            (Some(Timestamp::FOREVER), _) => "blocked until somebody lifts the block".to_owned(),
            (Some(until), _) => format!("blocked until {}", rfc3339(until)),
            (None, Some(at)) => format!("not blocked; tokens from before {at} are refused"),
            (None, None) => "not blocked".to_owned(),
        }
    }
}

fn membership(membership: &Membership) -> Value {
    json!({
        "group": name(&membership.group),
        "isDenied": membership.standing == Standing::Denied,
        "expiresAt": membership.expires.map(rfc3339),
    })
}

fn membership_text(membership: &Membership) -> String {
    let standing = match membership.standing {
        Standing::Member => "in",
        Standing::Denied => "kept out of",
    };
    let until = |at: Timestamp| format!(" until {}", rfc3339(at));
    let end = membership.expires.map_or_else(String::new, until);
    format!("  {standing} {}{end}", name(&membership.group))
}

/// The name of a group, or what a key holds of a long one.
fn name(group: &KeyedName) -> String {
    group.name().map_or_else(|| group.to_string(), |name| name.to_string())
}

/// A message that waits, for programs.
fn waiting(message: &InboxMessage) -> Value {
    let record = message.record.trim_end_matches('\u{1e}');
    let record = RawValue::from_string(record.to_owned()).ok();
    json!({ "record": record, "expiresAt": rfc3339(message.expires), "progressKey": message.progress_key })
}
