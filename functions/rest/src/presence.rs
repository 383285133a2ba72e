//! Who is there.

use hubcast_backend::{Census, Lists, Roster};
use hubcast_model::audience::Audience;
use hubcast_model::channel::Member;
use hubcast_model::id::{KeyedName, UserId};
use hubcast_model::ports::{ChannelStore, MembershipStore, ShardStore, SocketStore};
use hubcast_model::time::Clock;
use serde_json::{Value, json};

use crate::answer::{self, Answer, Refusal};
use crate::page::PageRequest;
use crate::request::Request;

/// Says whether whoever the path names has a connection.
pub(crate) async fn exists<S, C>(roster: &Roster<'_, S, C>, request: &Request<'_>) -> Answer
where
    S: ChannelStore + ShardStore + SocketStore,
    C: Clock,
{
    check(roster, &request.audience()?).await?;
    Ok(answer::empty(200))
}

/// Refuses an audience that has no connection.
pub(crate) async fn check<S, C>(
    roster: &Roster<'_, S, C>,
    audience: &Audience,
) -> Result<(), Refusal>
where
    S: ChannelStore + ShardStore + SocketStore,
    C: Clock,
{
    if roster.has_any(audience).await? { Ok(()) } else { Err(Refusal::absent(audience)) }
}

/// A page of the connections of an audience.
pub(crate) async fn connections<S: ChannelStore + ShardStore, C: Clock>(
    roster: &Roster<'_, S, C>,
    wanted: &PageRequest<'_>,
    audience: &Audience,
) -> Answer {
    let page = roster.page(audience, wanted.cursor.clone(), wanted.size).await?;
    Ok(answer::json(200, &wanted.json(page, connection)))
}

/// A page of the users who are connected.
pub(crate) async fn users<S: ChannelStore + ShardStore, C: Clock>(
    lists: &Lists<'_, S, C>,
    wanted: &PageRequest<'_>,
) -> Answer {
    let page = lists.users(wanted.cursor.clone(), wanted.size).await?;
    let item = |user: UserId| json!({ "userId": user.as_str() });
    Ok(answer::json(200, &wanted.json(page, item)))
}

/// A page of the groups of a user.
pub(crate) async fn groups<S: MembershipStore, C: Clock>(
    lists: &Lists<'_, S, C>,
    wanted: &PageRequest<'_>,
    user: &UserId,
) -> Answer {
    let page = lists.groups(user, &wanted.cursor, wanted.size).await?;
    let item = |group: KeyedName| json!({ "group": group.as_str() });
    Ok(answer::json(200, &wanted.json(page, item)))
}

/// How many connections and users an audience has.
pub(crate) async fn count<S: ChannelStore + ShardStore, C: Clock>(
    census: &Census<'_, S, C>,
    request: &Request<'_>,
) -> Answer {
    let count = census.count(&request.audience()?).await?;
    let body = json!({ "connections": count.connections, "users": count.users });
    Ok(answer::json(200, &body))
}

fn connection(member: Member) -> Value {
    let id = member.connection.as_str();
    match member.user {
        Some(user) => json!({ "connectionId": id, "userId": user.as_str() }),
        None => json!({ "connectionId": id }),
    }
}
