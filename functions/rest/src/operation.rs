//! The operations: each is one use case and its answer.

use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use hubcast_auth::jwks::KeySource;
use hubcast_backend::{Closing, Listed, Sending};
use hubcast_model::channel::Member;
use hubcast_model::id::{KeyedName, UserId};
use hubcast_model::ports::{
    AccessKeySource, BlockStore, BoardStore, ChannelStore, ClaimStore, ClientStore, GrantStore,
    InboxStore, MembershipStore, NotificationSender, PendingStore, ResultStore, SessionStore,
    ShardStore, SocketStore, UsageStore,
};
use hubcast_model::recipient::Recipient;
use hubcast_model::time::Clock;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::answer::{self, Refusal};
use crate::body::Content;
use crate::page::Wanted;
use crate::request::{Request, speaks};
use crate::route::Operation;
use crate::{Call, Rest};

/// What `Uri.EscapeDataString` leaves as it is.
const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');
/// The lifetime of a generated token, in minutes, when none is asked for.
const TOKEN_MINUTES: u32 = 60;
/// Of a request that is made twice with the same of this, one counts.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const IDEMPOTENCY_KEY_MAX_BYTES: usize = 256;

type Answer = Result<ApiGatewayV2httpResponse, Refusal>;

impl<K, A, S, Q, C> Rest<K, A, S, Q, C>
where
    K: KeySource,
    A: AccessKeySource,
    S: SocketStore
        + ClaimStore
        + SessionStore
        + ClientStore
        + PendingStore
        + ChannelStore
        + ShardStore
        + BoardStore
        + InboxStore
        + UsageStore
        + MembershipStore
        + BlockStore
        + GrantStore
        + ResultStore,
    Q: NotificationSender,
    C: Clock,
{
    pub(crate) async fn perform(
        &self,
        call: &Call<'_>,
        request: &Request<'_>,
        parts: &[String],
    ) -> Answer {
        match request.route.operation {
            Operation::Send => self.send(call, request, &[request.recipient()?]).await,
            Operation::SendToEach => self.send(call, request, &request.each_recipient()?).await,
            Operation::Close => self.close(call, request).await,
            Operation::CloseConnection => self.close_connection(call, request).await,
            Operation::Execute => self.execute(call, request).await,
            Operation::Invoke => self.invoke(call, request).await,
            Operation::StreamSend => self.stream_send(call, request).await,
            Operation::StreamComplete => self.stream_complete(call, request).await,
            Operation::GenerateToken => self.generate_token(call, request).await,
            Operation::Exists => self.exists(request).await,
            Operation::AddConnection => {
                let (group, connection) = (request.group()?, request.connection()?);
                self.backend.add_connection(&request.hub, &group, &connection).await?;
                Ok(done(request))
            }
            Operation::RemoveConnection => {
                let (group, connection) = (request.group()?, request.connection()?);
                self.backend.remove_connection(&request.hub, &group, &connection).await?;
                Ok(done(request))
            }
            Operation::RemoveConnectionFromAll => {
                let connection = request.connection()?;
                self.backend.remove_connection_from_all(&request.hub, &connection).await?;
                Ok(done(request))
            }
            Operation::AddUser => {
                let (user, group, ttl) =
                    (request.user()?, request.group()?, request.seconds("ttl")?);
                self.backend.add_user(&request.hub, &group, &user, ttl).await?;
                Ok(done(request))
            }
            Operation::RemoveUser => {
                let (user, group) = (request.user()?, request.group()?);
                self.backend.remove_user(&request.hub, &group, &user).await?;
                Ok(done(request))
            }
            Operation::RemoveUserFromAll => {
                self.backend.remove_user_from_all(&request.hub, &request.user()?).await?;
                Ok(done(request))
            }
            Operation::IsUserInGroup => self.is_user_in_group(request).await,
            Operation::ListConnections => self.list_connections(call, request, parts).await,
            Operation::ListUsers => self.list_users(call, request, parts).await,
            Operation::ListGroups => self.list_groups(call, request, parts).await,
            Operation::Count => self.count(request).await,
            Operation::Health | Operation::OpenApi | Operation::AccessKey => {
                Err(Refusal::new(404, "Error.Request.NotFound", "There is nothing here."))
            }
        }
    }

    /// A key that a backend can sign client tokens with, good for nothing else.
    pub(crate) async fn access_key(&self) -> Answer {
        let derived = self.gate.derived_key(self.clock.now()).await?;
        Ok(answer::json(200, &json!({ "AccessKey": derived.key.expose(), "KeyId": derived.id })))
    }

    async fn send(&self, call: &Call<'_>, request: &Request<'_>, to: &[Recipient]) -> Answer {
        let (payload, excluded) = (Content::read(call.event)?.payload()?, excluded(request)?);
        let (hub, excluded, idempotency_key) = (&request.hub, &*excluded, idempotency_key(call)?);
        let sending = |recipient| Sending { hub, recipient, excluded, idempotency_key };
        let sendings: Vec<Sending<'_>> = to.iter().map(sending).collect();
        self.backend.send(&sendings, &payload).await?;
        Ok(done(request))
    }

    async fn close(&self, call: &Call<'_>, request: &Request<'_>) -> Answer {
        let (recipient, excluded) = (request.recipient()?, excluded(request)?);
        let sending = Sending {
            hub: &request.hub,
            recipient: &recipient,
            excluded: &excluded,
            idempotency_key: idempotency_key(call)?,
        };
        let knows = |name| request.route.query.contains(&name);
        let closing = Closing {
            reason: request.text("reason")?,
            allow_reconnect: knows("allowReconnect") && request.flag("allowReconnect")?,
            revoke: knows("revoke") && request.flag("revoke")?,
        };
        self.backend.close(&sending, &closing).await?;
        Ok(done(request))
    }

    async fn close_connection(&self, call: &Call<'_>, request: &Request<'_>) -> Answer {
        if self.backend.connection(&request.hub, &request.connection()?).await?.is_none() {
            return Err(absent(&request.recipient()?));
        }
        self.close(call, request).await
    }

    async fn generate_token(&self, call: &Call<'_>, request: &Request<'_>) -> Answer {
        let minutes = request.number("minutesToExpire", (1, i32::MAX.unsigned_abs()))?;
        let lifetime = Duration::from_mins(minutes.unwrap_or(TOKEN_MINUTES).into());
        let user = request.text("userId")?.filter(|user| !user.is_empty());
        let user = user.map(UserId::parse).transpose();
        let user = user.map_err(|err| Refusal::bad(format!("'userId' {err}")))?;
        let (base, grant) = (self.base(call), (&request.hub, user.as_ref()));
        let token = self.gate.mint_client(&base, grant, lifetime, self.clock.now()).await?;
        Ok(answer::json(200, &json!({ "token": token })))
    }

    async fn exists(&self, request: &Request<'_>) -> Answer {
        let (hub, recipient) = (&request.hub, request.recipient()?);
        let exists = match &recipient {
            Recipient::Connection(id) => self.backend.connection(hub, id).await?.is_some(),
            Recipient::User(user) => self.backend.is_user_connected(hub, user).await?,
            Recipient::Group(group) => self.backend.is_group_populated(hub, group).await?,
            Recipient::Hub => true,
        };
        if exists { Ok(answer::empty(200)) } else { Err(absent(&recipient)) }
    }

    async fn is_user_in_group(&self, request: &Request<'_>) -> Answer {
        let (user, group) = (request.user()?, request.group()?);
        if self.backend.is_user_in_group(&request.hub, &user, &group).await? {
            return Ok(answer::empty(200));
        }
        Err(Refusal::new(404, "Info.User.NotInGroup", "The user is not in the group."))
    }

    async fn list_connections(
        &self,
        call: &Call<'_>,
        request: &Request<'_>,
        parts: &[String],
    ) -> Answer {
        let wanted = Wanted::read(request)?;
        let audience = (&request.hub, &request.recipient()?);
        let start = wanted.cursor.clone();
        let listed = self.backend.list_connections(audience, start, wanted.size).await?;
        Ok(self.page((call, parts), &wanted, listed, connection))
    }

    async fn list_users(&self, call: &Call<'_>, request: &Request<'_>, parts: &[String]) -> Answer {
        let wanted = Wanted::read(request)?;
        let start = wanted.cursor.clone();
        let listed = self.backend.list_users(&request.hub, start, wanted.size).await?;
        let item = |user: UserId| json!({ "userId": user.as_str() });
        Ok(self.page((call, parts), &wanted, listed, item))
    }

    async fn list_groups(
        &self,
        call: &Call<'_>,
        request: &Request<'_>,
        parts: &[String],
    ) -> Answer {
        let wanted = Wanted::read(request)?;
        let whose = (&request.hub, &request.user()?);
        let listed = self.backend.list_groups(whose, &wanted.cursor, wanted.size).await?;
        let item = |group: KeyedName| json!({ "group": group.as_str() });
        Ok(self.page((call, parts), &wanted, listed, item))
    }

    /// A page of a list, with the link to the next one.
    fn page<T>(
        &self,
        (call, parts): (&Call<'_>, &[String]),
        wanted: &Wanted,
        listed: Listed<T>,
        item: impl Fn(T) -> Value,
    ) -> ApiGatewayV2httpResponse {
        let url = url(&self.base(call), parts);
        answer::json(200, &wanted.json((&url, &call.query), listed, item))
    }

    async fn count(&self, request: &Request<'_>) -> Answer {
        let count = self.backend.count(&request.hub, &request.recipient()?).await?;
        let body = json!({ "connections": count.connections, "users": count.users });
        Ok(answer::json(200, &body))
    }
}

/// The success of something that was done, in the words of the version.
pub(crate) fn done(request: &Request<'_>) -> ApiGatewayV2httpResponse {
    let (ok, since) = (request.route.ok, request.route.since);
    if speaks(since) && ok != 204 { answer::service(ok) } else { answer::empty(ok) }
}

fn absent(recipient: &Recipient) -> Refusal {
    let (code, text) = match recipient {
        Recipient::Connection(_) => {
            ("Warning.Connection.NotExisted", "There is no such connection.")
        }
        Recipient::User(_) => ("Warning.User.NotExisted", "The user has no connection."),
        Recipient::Group(_) => ("Warning.Group.NotExisted", "The group has no connection."),
        Recipient::Hub => ("Warning.Hub.NotExisted", "There is no such hub."),
    };
    Refusal::new(404, code, text)
}

fn excluded(request: &Request<'_>) -> Result<Vec<hubcast_model::id::ConnectionId>, Refusal> {
    if request.route.query.contains(&"excluded") { request.excluded() } else { Ok(Vec::new()) }
}

pub(crate) fn idempotency_key<'a>(call: &Call<'a>) -> Result<Option<&'a str>, Refusal> {
    let Some(header) = call.event.headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = header.to_str().unwrap_or_default();
    let fits = (1..=IDEMPOTENCY_KEY_MAX_BYTES).contains(&key.len());
    if !fits || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let most = IDEMPOTENCY_KEY_MAX_BYTES;
        let text = format!("'Idempotency-Key' takes 1 to {most} ASCII characters, no white space");
        return Err(Refusal::bad(text));
    }
    Ok(Some(key))
}

fn connection(member: Member) -> Value {
    let id = member.connection.as_str();
    match member.user {
        Some(user) => json!({ "connectionId": id, "userId": user.as_str() }),
        None => json!({ "connectionId": id }),
    }
}

fn url(base: &str, parts: &[String]) -> String {
    let encoded = parts.iter().map(|part| utf8_percent_encode(part, UNRESERVED).to_string());
    format!("{base}/{}", encoded.collect::<Vec<_>>().join("/"))
}
