//! Who is in which group.

use hubcast_backend::Memberships;
use hubcast_model::ports::{
    ChannelStore, MembershipStore, NotificationSender, ShardStore, SocketStore, UsageStore,
};
use hubcast_model::time::Clock;

use crate::answer::{self, Answer, Refusal};
use crate::request::Request;

/// Puts a connection into a group.
pub(crate) async fn add_connection<S, Q, C>(
    memberships: &Memberships<'_, S, Q, C>,
    request: &Request<'_>,
) -> Answer
where
    S: ChannelStore + ShardStore + SocketStore,
    Q: NotificationSender,
    C: Clock,
{
    memberships.add_connection(&request.group()?, &request.connection()?).await?;
    Ok(request.done())
}

/// Takes a connection out of a group.
pub(crate) async fn remove_connection<S, Q, C>(
    memberships: &Memberships<'_, S, Q, C>,
    request: &Request<'_>,
) -> Answer
where
    S: ChannelStore + ShardStore + SocketStore,
    Q: NotificationSender,
    C: Clock,
{
    memberships.remove_connection(&request.group()?, &request.connection()?).await?;
    Ok(request.done())
}

/// Takes a connection out of all its groups.
pub(crate) async fn remove_connection_from_all<S, Q, C>(
    memberships: &Memberships<'_, S, Q, C>,
    request: &Request<'_>,
) -> Answer
where
    S: ChannelStore + ShardStore + SocketStore,
    Q: NotificationSender,
    C: Clock,
{
    memberships.remove_connection_from_all(&request.connection()?).await?;
    Ok(request.done())
}

/// Takes a user out of a group.
pub(crate) async fn remove_user<S, Q, C>(
    memberships: &Memberships<'_, S, Q, C>,
    request: &Request<'_>,
) -> Answer
where
    S: ChannelStore + ShardStore + SocketStore + MembershipStore,
    Q: NotificationSender,
    C: Clock,
{
    let (user, group) = (request.user()?, request.group()?);
    memberships.remove_user(&group, &user).await?;
    Ok(request.done())
}

/// Takes a user out of all groups.
pub(crate) async fn remove_user_from_all<S, Q, C>(
    memberships: &Memberships<'_, S, Q, C>,
    request: &Request<'_>,
) -> Answer
where
    S: ChannelStore + ShardStore + SocketStore + MembershipStore,
    Q: NotificationSender,
    C: Clock,
{
    memberships.remove_user_from_all(&request.user()?).await?;
    Ok(request.done())
}

/// Puts a user into a group.
pub(crate) async fn add_user<S, Q, C>(
    memberships: &Memberships<'_, S, Q, C>,
    request: &Request<'_>,
) -> Answer
where
    S: ChannelStore + ShardStore + SocketStore + MembershipStore + UsageStore,
    Q: NotificationSender,
    C: Clock,
{
    let (user, group, ttl) = (request.user()?, request.group()?, request.seconds("ttl")?);
    memberships.add_user(&group, &user, ttl).await?;
    Ok(request.done())
}

/// Says whether a user is in a group.
pub(crate) async fn has_user<S, Q, C>(
    memberships: &Memberships<'_, S, Q, C>,
    request: &Request<'_>,
) -> Answer
where
    S: ChannelStore + ShardStore + SocketStore + MembershipStore,
    Q: NotificationSender,
    C: Clock,
{
    let (user, group) = (request.user()?, request.group()?);
    if memberships.has_user(&group, &user).await? {
        return Ok(answer::empty(200));
    }
    Err(Refusal::new(404, "Info.User.NotInGroup", "The user is not in the group."))
}
