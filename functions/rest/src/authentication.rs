//! Fresh tokens for open connections, by a backend that negotiates for its clients.
//!
//! The names follow the management SDK, which sends and reads them.

use hubcast_auth::AuthError;
use hubcast_auth::client::{ConnectionClaim, claims_of, with_claims};
use hubcast_auth::jwks::KeySource;
use hubcast_backend::{BackendError, Open, Renewed};
use hubcast_model::client::ClaimPolicy;
use hubcast_model::context::Admission;
use hubcast_model::id::ConnectionId;
use hubcast_model::ports::{AccessKeySource, NotificationSender};
use hubcast_model::principal::Principal;
use hubcast_model::time::{Clock, Timestamp};
use serde_json::{Map, Value, json};

use crate::answer::{self, Answer, Refusal};
use crate::body::Content;
use crate::permission::Permission;
use crate::request::Request;
use crate::{Call, Rest, Table, audit};

/// From here on, the end of a session is the one that it has: the SDK writes the last day that .NET
/// knows.
const KEPT_FROM: Timestamp = Timestamp::from_seconds(253_370_764_800);

impl<K, A, S, Q, C> Rest<K, A, S, Q, C>
where
    K: KeySource,
    A: AccessKeySource,
    S: Table,
    Q: NotificationSender,
    C: Clock,
{
    /// Has an open connection follow other claims, or last until another end.
    pub(crate) async fn refresh_auth(
        &self,
        call: &Call<'_>,
        request: &Request<'_>,
        permission: &Permission,
    ) -> Answer {
        let body = object(call)?;
        let (end, claims) = (self.end(&body)?, claims(&body)?);
        let open = self.open(&body, request).await?;
        let fresh = self.fresh(open.admission(), end, claims.as_deref())?;
        match self.backend.authentication(&request.hub).renew(&open, &fresh).await? {
            Renewed::Done => {
                audit::renewed(permission, request, open.connection().clone());
                Ok(told(request.route.ok, &fresh.principal))
            }
            Renewed::Over => Err(BackendError::NoConnection.into()),
            Renewed::Blocked => Err(forbidden("The user is blocked or has logged out.")),
        }
    }

    /// Tells the claims of an open connection.
    pub(crate) async fn connection_claims(&self, call: &Call<'_>, request: &Request<'_>) -> Answer {
        let open = self.open(&object(call)?, request).await?;
        Ok(told(request.route.ok, &open.admission().principal))
    }

    async fn open(
        &self,
        body: &Map<String, Value>,
        request: &Request<'_>,
    ) -> Result<Open, Refusal> {
        let token = text(body, "connectionToken")?;
        let token = token.ok_or_else(|| wrong("'connectionToken' is missing"))?;
        let none = || Refusal::from(BackendError::NoConnection);
        let id = ConnectionId::parse(token).map_err(|_| none())?;
        let open = self.backend.authentication(&request.hub).find(&id).await?;
        let user = open.admission().principal.user.as_ref();
        match self.gate.opened_connection(token, &request.hub, user).await {
            Ok(_) => Ok(open),
            Err(err @ AuthError::KeysUnavailable(_)) => Err(err.into()),
            Err(_) => Err(none()),
        }
    }

    /// The end that a body asks for; `None` for the one that the session has.
    fn end(&self, body: &Map<String, Value>) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = text(body, "expireTime")? else {
            return Ok(None);
        };
        let end = Timestamp::parse(text).map_err(|err| wrong(&format!("'expireTime' is {err}")))?;
        if end <= self.clock.now() {
            return Err(wrong("'expireTime' has passed; close the connection instead"));
        }
        Ok(Some(end).filter(|end| *end < KEPT_FROM))
    }

    /// What the connection is to be. Nothing of it may be lost: the SDK signs the next token from
    /// the answer.
    fn fresh(
        &self,
        known: &Admission,
        end: Option<Timestamp>,
        claims: Option<&[ConnectionClaim]>,
    ) -> Result<Admission, Refusal> {
        let session_expires = end.or(known.principal.session_expires);
        let Some(claims) = claims else {
            let principal = Principal { session_expires, ..known.principal.clone() };
            return Ok(Admission { principal, ..known.clone() });
        };
        let renewed = with_claims(&known.principal, claims);
        let renewed = renewed.map_err(|_| forbidden("The claims name another user."))?;
        let principal = Principal { session_expires, ..renewed };
        let wanted = principal.user_claims.clone();
        let fresh = Admission::new(principal, &self.groups, &ClaimPolicy::default());
        let fresh = fresh.ok().filter(|fresh| fresh.principal.user_claims == wanted);
        fresh.ok_or_else(|| wrong("the claims take more than a connection keeps"))
    }
}

fn told(status: u16, principal: &Principal) -> aws_lambda_events::apigw::ApiGatewayV2httpResponse {
    let claims = claims_of(principal).into_iter();
    let claims: Vec<Value> =
        claims.map(|claim| json!({ "type": claim.name, "value": claim.value })).collect();
    answer::json(status, &json!({ "claims": claims }))
}

fn forbidden(text: &str) -> Refusal {
    Refusal::new(403, "Error.Request.Forbidden", text)
}

fn wrong(why: &str) -> Refusal {
    Refusal::bad(format!("the body is wrong: {why}"))
}

fn object(call: &Call<'_>) -> Result<Map<String, Value>, Refusal> {
    let expected = "it must be an object such as {\"connectionToken\":\"..\"}";
    let Content::Json(text) = Content::read(call.event)? else {
        return Err(wrong(expected));
    };
    serde_json::from_str(&text).map_err(|_| wrong(expected))
}

/// A property, whose name has no case; null is as good as none.
fn property<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let is_it = |(known, _): &(&'a String, &'a Value)| known.eq_ignore_ascii_case(name);
    object.iter().find(is_it).map(|(_, value)| value).filter(|value| !value.is_null())
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    let value = property(object, name);
    let text =
        value.map(|value| value.as_str().ok_or_else(|| wrong(&format!("'{name}' is a text"))));
    text.transpose()
}

fn claims(body: &Map<String, Value>) -> Result<Option<Vec<ConnectionClaim>>, Refusal> {
    let expected = || wrong("'claims' is a list such as [{\"type\":\"role\",\"value\":\"admin\"}]");
    let Some(value) = property(body, "claims") else {
        return Ok(None);
    };
    let claim = |value: &Value| {
        let claim = value.as_object()?;
        let of = |name| property(claim, name)?.as_str().map(str::to_owned);
        Some(ConnectionClaim { name: of("type")?, value: of("value")? })
    };
    let list = value.as_array().ok_or_else(expected)?;
    list.iter().map(claim).collect::<Option<_>>().map(Some).ok_or_else(expected)
}
