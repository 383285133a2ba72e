//! The `$connect` REQUEST authorizer: a token in, a principal out.
//!
//! A token that is missing or not good makes 401; one that is good, but not
//! for what it is shown for, makes 403, and so does a way around the front
//! door. What was found out rides on every later event of the socket.

pub mod wiring;

use std::collections::BTreeMap;

use aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerPolicy, ApiGatewayCustomAuthorizerRequestTypeRequest,
    ApiGatewayCustomAuthorizerResponse,
};
use aws_lambda_events::iam::{IamPolicyEffect, IamPolicyStatement};
use aws_lambda_events::query_map::QueryMap;
use hubcast_auth::jwks::KeySource;
use hubcast_auth::{AuthError, Gatekeeper};
use hubcast_model::client::ClaimPolicy;
use hubcast_model::context::{Admission, AdmissionError, LATE};
use hubcast_model::front_door::{FRONT_DOOR_HEADER, FrontDoor};
use hubcast_model::groups::GroupPolicy;
use hubcast_model::id::{HubName, UserId};
use hubcast_model::ports::{AccessKeySource, SessionStore};
use hubcast_model::query::{self, CONNECTION, HUB, TOKEN};
use hubcast_model::report::chain;
use hubcast_model::settings::Hubs;
use hubcast_model::time::Clock;

/// How much of a user's name the principal id holds, in characters. The name stands in full in the
/// context, and twice 4 KB would be more than API Gateway takes.
const PRINCIPAL_MAX_CHARS: usize = 128;

/// The authorizer's answer, with the flat context that API Gateway takes.
pub type Answer = ApiGatewayCustomAuthorizerResponse<BTreeMap<String, String>>;

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizerError {
    /// API Gateway answers 401 to exactly this text.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html>
    #[error("Unauthorized")]
    Unauthorized,
    /// API Gateway answers 500.
    #[error("the token could not be checked")]
    Unavailable,
    /// API Gateway answers 500.
    #[error("this is not the event of a REQUEST authorizer")]
    WrongEvent,
}

/// What decides who may connect.
#[derive(Debug)]
pub struct Door<K, A, S, C> {
    /// Checks tokens.
    pub gatekeeper: Gatekeeper<K, A>,
    /// Knows which sessions last.
    pub store: S,
    /// The way in.
    pub front_door: FrontDoor,
    /// The hubs there are.
    pub hubs: Hubs,
    /// The groups that clients may join by themselves.
    pub groups: GroupPolicy,
    /// The claims that backends are told of.
    pub told_claims: ClaimPolicy,
    /// Tells the time.
    pub clock: C,
}

/// What a request shows.
struct Shown<'a> {
    hub: HubName,
    token: &'a str,
    connection_token: Option<&'a str>,
}

/// Who may come in.
struct Entrant {
    admission: Admission,
    /// Whether the connectionToken has expired, and is good for coming back only.
    is_late: bool,
}

/// Decides on one `$connect` request.
///
/// # Errors
/// When the token is missing or not good, or cannot be checked.
pub async fn handle<K: KeySource, A: AccessKeySource, S: SessionStore, C: Clock>(
    door: &Door<K, A, S, C>,
    event: ApiGatewayCustomAuthorizerRequestTypeRequest,
) -> Result<Answer, AuthorizerError> {
    if event.type_.as_deref() != Some("REQUEST") {
        tracing::error!("this is not the event of a REQUEST authorizer");
        return Err(AuthorizerError::WrongEvent);
    }
    let resource = event.method_arn.clone().unwrap_or_default();
    let way_in = event.headers.get(FRONT_DOOR_HEADER).and_then(|shown| shown.to_str().ok());
    if !door.front_door.lets_in(way_in) {
        tracing::info!("a socket did not come by the front door");
        return Ok(deny(resource));
    }
    match admit(door, &event).await {
        Ok(entrant) => Ok(allow(&entrant, resource)),
        Err(err @ (AuthError::WrongHub | AuthError::ClientTokensOnly)) => {
            tracing::info!(error = %chain(&err), "a token was refused");
            Ok(deny(resource))
        }
        Err(err @ (AuthError::KeysUnavailable(_) | AuthError::SessionUnavailable(_))) => {
            tracing::error!(error = %chain(&err), "a token could not be checked");
            Err(AuthorizerError::Unavailable)
        }
        Err(err) => {
            tracing::info!(error = %chain(&err), "a token was refused");
            Err(AuthorizerError::Unauthorized)
        }
    }
}

async fn admit<K: KeySource, A: AccessKeySource, S: SessionStore, C: Clock>(
    door: &Door<K, A, S, C>,
    event: &ApiGatewayCustomAuthorizerRequestTypeRequest,
) -> Result<Entrant, AuthError> {
    let shown = shown(event)?;
    if !door.hubs.contains(&shown.hub) {
        return Err(AuthError::WrongHub);
    }
    let now = door.clock.now();
    let mut principal = door.gatekeeper.admit(&door.store, shown.token, &shown.hub, now).await?;
    let mut is_late = false;
    if let Some(token) = shown.connection_token {
        let (hub, user) = (&shown.hub, principal.user.as_ref());
        let connection = door.gatekeeper.connection(token, hub, user, now).await?;
        is_late = connection.is_late;
        principal.connection = Some(connection.id);
    }
    let admission = Admission::new(principal, &door.groups, &door.told_claims);
    let admission = admission.map_err(|err| match err {
        AdmissionError::Groups => AuthError::Invalid("it names too many groups; negotiate instead"),
        AdmissionError::Size => AuthError::Invalid("it says more than fits"),
    })?;
    Ok(Entrant { admission, is_late })
}

fn shown(event: &ApiGatewayCustomAuthorizerRequestTypeRequest) -> Result<Shown<'_>, AuthError> {
    let hub = single(event, HUB)?.and_then(|hub| HubName::parse(hub).ok());
    Ok(Shown {
        hub: hub.ok_or(AuthError::WrongHub)?,
        token: token(event)?,
        connection_token: single(event, CONNECTION)?.filter(|id| !id.is_empty()),
    })
}

/// A query parameter that may stand only once.
fn single<'a>(
    event: &'a ApiGatewayCustomAuthorizerRequestTypeRequest,
    name: &'static str,
) -> Result<Option<&'a str>, AuthError> {
    let find = |map: &'a QueryMap| query::single(map.iter(), name);
    let value = match find(&event.multi_value_query_string_parameters) {
        // Without the map of lists there is still the one of last values.
        Ok(None) => find(&event.query_string_parameters),
        found => found,
    };
    value.map_err(|_| AuthError::WrongHub)
}

/// The token of the query (browsers) or of the header (Node, .NET, Java). Two that differ are
/// refused, and so are two headers.
fn token(event: &ApiGatewayCustomAuthorizerRequestTypeRequest) -> Result<&str, AuthError> {
    let query = single(event, TOKEN)?.filter(|token| !token.is_empty());
    // Of two, what stands before API Gateway may have looked at the other.
    if event.multi_value_headers.get_all("authorization").iter().count() > 1 {
        return Err(AuthError::WrongHub);
    }
    let header = event.headers.get("authorization").and_then(|value| value.to_str().ok());
    match (query, header.and_then(bearer)) {
        (Some(query), Some(header)) if query != header => Err(AuthError::WrongHub),
        (Some(token), _) | (None, Some(token)) => Ok(token),
        (None, None) => Err(AuthError::Missing),
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn allow(entrant: &Entrant, resource: String) -> Answer {
    let Entrant { admission, is_late } = entrant;
    let user = admission.principal.user.as_ref().map_or("anonymous", UserId::as_str);
    let mut answer = Answer::default();
    answer.principal_id = Some(user.chars().take(PRINCIPAL_MAX_CHARS).collect());
    answer.policy_document = policy(IamPolicyEffect::Allow, resource);
    answer.context = admission.to_context();
    if *is_late {
        answer.context.insert(LATE.to_owned(), "true".to_owned());
    }
    answer
}

fn deny(resource: String) -> Answer {
    let mut answer = Answer::default();
    answer.principal_id = Some("refused".to_owned());
    answer.policy_document = policy(IamPolicyEffect::Deny, resource);
    answer
}

fn policy(effect: IamPolicyEffect, resource: String) -> ApiGatewayCustomAuthorizerPolicy {
    let mut statement = IamPolicyStatement::default();
    statement.action = vec!["execute-api:Invoke".to_owned()];
    statement.effect = effect;
    statement.resource = vec![resource];
    let mut policy = ApiGatewayCustomAuthorizerPolicy::default();
    policy.version = Some("2012-10-17".to_owned());
    policy.statement = vec![statement];
    policy
}
