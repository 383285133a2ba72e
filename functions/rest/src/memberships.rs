//! Who is in which group.

use hubcast_backend::Memberships;
use hubcast_model::ports::{
    ChannelStore, MembershipStore, NotificationSender, ShardStore, SocketStore, UsageStore,
};
use hubcast_model::time::Clock;

use crate::answer::{self, Answer, Refusal};
use crate::request::Request;

/// What a request says about members of groups.
#[derive(Debug)]
pub(crate) struct Members<'a, 'r, S, Q, C> {
    pub(crate) memberships: Memberships<'a, S, Q, C>,
    pub(crate) request: &'a Request<'r>,
}

/// Connections.
impl<S, Q, C> Members<'_, '_, S, Q, C>
where
    S: ChannelStore + ShardStore + SocketStore,
    Q: NotificationSender,
    C: Clock,
{
    /// Puts a connection into a group.
    pub(crate) async fn add_connection(&self) -> Answer {
        let (group, connection) = (self.request.group()?, self.request.connection()?);
        self.memberships.add_connection(&group, &connection).await?;
        Ok(self.request.done())
    }

    /// Takes a connection out of a group.
    pub(crate) async fn remove_connection(&self) -> Answer {
        let (group, connection) = (self.request.group()?, self.request.connection()?);
        self.memberships.remove_connection(&group, &connection).await?;
        Ok(self.request.done())
    }

    /// Takes a connection out of all its groups.
    pub(crate) async fn remove_connection_from_all(&self) -> Answer {
        self.memberships.remove_connection_from_all(&self.request.connection()?).await?;
        Ok(self.request.done())
    }
}

/// Users.
impl<S, Q, C> Members<'_, '_, S, Q, C>
where
    S: ChannelStore + ShardStore + SocketStore + MembershipStore,
    Q: NotificationSender,
    C: Clock,
{
    /// Takes a user out of a group.
    pub(crate) async fn remove_user(&self) -> Answer {
        let (user, group) = (self.request.user()?, self.request.group()?);
        self.memberships.remove_user(&group, &user).await?;
        Ok(self.request.done())
    }

    /// Takes a user out of all groups.
    pub(crate) async fn remove_user_from_all(&self) -> Answer {
        self.memberships.remove_user_from_all(&self.request.user()?).await?;
        Ok(self.request.done())
    }

    /// Says whether a user is in a group.
    pub(crate) async fn has_user(&self) -> Answer {
        let (user, group) = (self.request.user()?, self.request.group()?);
        if self.memberships.has_user(&group, &user).await? {
            return Ok(answer::empty(200));
        }
        Err(Refusal::new(404, "Info.User.NotInGroup", "The user is not in the group."))
    }
}

/// Adds of users, which show what is retained.
impl<S, Q, C> Members<'_, '_, S, Q, C>
where
    S: ChannelStore + ShardStore + SocketStore + MembershipStore + UsageStore,
    Q: NotificationSender,
    C: Clock,
{
    /// Puts a user into a group.
    pub(crate) async fn add_user(&self) -> Answer {
        let (user, group) = (self.request.user()?, self.request.group()?);
        let ttl = self.request.seconds("ttl")?;
        self.memberships.add_user(&group, &user, ttl).await?;
        Ok(self.request.done())
    }
}
