//! The REST API of Azure SignalR's data plane, and hubcast's additions to it.
//!
//! [`handle`] finds the row of the route table, lets the caller in by its
//! token, runs one use case of `hubcast_backend` and answers in the
//! words of the reference.

mod answer;
mod audit;
mod authentication;
mod body;
mod enqueue;
mod fate;
mod hub_message;
mod invocation;
mod memberships;
mod msgpack;
mod openapi;
mod operation;
mod page;
mod path;
mod permission;
mod presence;
mod request;
mod route;
mod sends;
mod tokens;
pub mod wiring;

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use hubcast_auth::jwks::KeySource;
use hubcast_auth::rest::{Access, RestCall, RestGate};
use hubcast_backend::Backend;
use hubcast_model::front_door::{FRONT_DOOR_HEADER, FrontDoor};
use hubcast_model::groups::GroupPolicy;
use hubcast_model::journey::TARGET;
use hubcast_model::ports::{
    AccessKeySource, BlockStore, ChannelStore, ClientStore, DeadlineStore, GrantStore, JourneyLog,
    MembershipStore, NotificationSender, PendingStore, ResultStore, ShardStore, SocketStore,
    UsageStore,
};
use hubcast_model::producers::Producers;
use hubcast_model::report::chain;
use hubcast_model::settings::{Hubs, PublicUrl};
use hubcast_model::time::Clock;
use hubcast_model::trace::{self, TRACEPARENT, Traceparent};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, Span};
use url::form_urlencoded;

use answer::{Refusal, refused};
use path::{Ambiguous, Path};
use permission::Permission;
use request::Request;
use route::{Nowhere, Operation, find};

pub use openapi::document as openapi;
pub use path::RAW_PATH_HEADER;

hubcast_model::several_ports! {
    /// The rows that all operations together read and write. Each operation names those it needs.
    pub trait Table = BlockStore + ChannelStore + ClientStore + DeadlineStore + GrantStore
        + MembershipStore + PendingStore + ResultStore + ShardStore + SocketStore + UsageStore;
}

/// What the REST API works with.
#[derive(Debug)]
pub struct Rest<K, A, S, Q, C> {
    /// The way in.
    pub front_door: FrontDoor,
    /// Lets callers in.
    pub gate: RestGate<K, A>,
    /// Does what they ask for.
    pub backend: Backend<S, Q, C>,
    /// Tells the time.
    pub clock: C,
    /// The hubs there are.
    pub hubs: Hubs,
    /// What roles may do.
    pub producers: Producers,
    /// Whether an envelope that names nobody goes to the whole hub.
    pub implicit_broadcast: bool,
    /// The groups that clients may join; claims that are replaced are filled in.
    pub groups: GroupPolicy,
    /// Where links and client tokens point to.
    pub public_url: PublicUrl,
    /// How long a client may take to answer an invocation.
    pub invoke_timeout: Duration,
    /// The log of the functions, where fates of messages are told.
    pub log: Option<Box<dyn JourneyLog>>,
}

/// A request, as far as every operation needs it.
struct Call<'a> {
    event: &'a ApiGatewayV2httpRequest,
    method: &'a str,
    query: Vec<(String, String)>,
    /// Until when it has to be answered.
    deadline: Instant,
}

impl<'a> Call<'a> {
    fn new(event: &'a ApiGatewayV2httpRequest, deadline: Instant) -> Self {
        let raw = event.raw_query_string.as_deref().unwrap_or_default();
        let query = form_urlencoded::parse(raw.as_bytes()).into_owned().collect();
        Self { event, method: event.request_context.http.method.as_str(), query, deadline }
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.event.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn path(&self) -> Result<Path<'a>, Ambiguous> {
        let text = self.event.raw_path.as_deref().unwrap_or_default();
        Path::read(text, self.header(RAW_PATH_HEADER))
    }

    fn bearer(&self) -> Result<&'a str, Refusal> {
        let (scheme, token) = self
            .header("authorization")
            .and_then(|header| header.split_once(' '))
            .unwrap_or_default();
        let is_bearer = scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty();
        let missing = "a bearer token is needed";
        let missing = || Refusal::new(401, "Error.Request.Unauthorized", missing);
        is_bearer.then(|| token.trim()).ok_or_else(missing)
    }
}

/// Answers one request within `patience`.
pub async fn handle<K, A, S, Q, C>(
    rest: &Rest<K, A, S, Q, C>,
    event: ApiGatewayV2httpRequest,
    patience: Duration,
) -> ApiGatewayV2httpResponse
where
    K: KeySource,
    A: AccessKeySource,
    S: Table,
    Q: NotificationSender,
    C: Clock,
{
    let call = Call::new(&event, Instant::now() + patience);
    let answer = timeout_at(call.deadline, rest.answer(&call)).await;
    match answer.unwrap_or_else(|_| Err(Refusal::late())) {
        Ok(answer) => answer,
        Err(refusal) => {
            if let Some(cause) = &refusal.cause {
                tracing::error!(error = %chain(cause.as_ref()), "a REST request failed");
            }
            refused(&refusal, call.method)
        }
    }
}

impl<K, A, S, Q, C> Rest<K, A, S, Q, C>
where
    K: KeySource,
    A: AccessKeySource,
    S: Table,
    Q: NotificationSender,
    C: Clock,
{
    async fn answer(&self, call: &Call<'_>) -> Result<ApiGatewayV2httpResponse, Refusal> {
        if !self.front_door.lets_in(call.header(FRONT_DOOR_HEADER)) {
            return Err(Refusal::new(
                403,
                "Error.Request.Forbidden",
                "Call the front door, not its origin.",
            ));
        }
        let path = call.path().map_err(|Ambiguous| ambiguous())?;
        if let Some(answer) = public(call, &path) {
            return Ok(answer);
        }
        let (parts, permission) = self.admit(call, path).await?;
        let (route, parameters) = find(call.method, &parts).map_err(nowhere)?;
        if route.operation == Operation::AccessKey {
            // The key signs for every hub.
            if !permission.allows_keys(&self.producers) {
                audit::key_refused(&permission);
                return Err(forbidden());
            }
            let answer = tokens::access_key(&self.gate, self.clock.now()).await?;
            audit::key_given(&permission);
            return Ok(answer);
        }
        let request = Request::read(route, parameters, &call.query)?;
        if !permission.allows(&self.producers, &request.hub, route.operation) {
            audit::refused(&permission, &request);
            return Err(forbidden());
        }
        if !self.hubs.contains(&request.hub) {
            return Err(Refusal::no_hub(&self.hubs.hint(request.hub.as_str())));
        }
        let trace = call.header(TRACEPARENT).and_then(Traceparent::parse).or_else(trace::current);
        let span = span(&permission, trace.as_ref());
        let work = Box::pin(self.perform(call, &request, &parts, &permission));
        let answer = trace::within(trace, work).instrument(span).await?;
        audit::done(&permission, &request, &answer);
        Ok(answer)
    }

    /// The parts of the path, for a caller who may call it, and what the caller may do there.
    async fn admit(
        &self,
        call: &Call<'_>,
        path: Path<'_>,
    ) -> Result<(Vec<String>, Permission), Refusal> {
        let shown = RestCall { path: path.text, parts: path.parts.as_deref(), query: &call.query };
        match self.gate.admit(call.bearer()?, shown, self.clock.now()).await? {
            Access::Signed { parts, bearer } => Ok((parts, Permission::of_key(&bearer))),
            Access::Granted { hubs, roles, bearer } => {
                let parts = path.into_parts(call.method).map_err(|Ambiguous| ambiguous())?;
                Ok((parts, Permission::of_app(hubs, roles, &bearer)))
            }
            Access::NoRole => {
                let text = "The access token has none of the roles that are needed.";
                Err(Refusal::new(403, "Error.Request.Forbidden", text))
            }
        }
    }

    /// Where the caller reaches hubcast.
    fn base(&self, call: &Call<'_>) -> String {
        self.public_url.base(call.header("host"))
    }
}

/// What anyone may ask.
fn public(call: &Call<'_>, path: &Path<'_>) -> Option<ApiGatewayV2httpResponse> {
    let parts: Vec<String> = path.text.split('/').map(str::to_owned).collect();
    match find(call.method, &parts).ok()?.0.operation {
        Operation::Health => Some(answer::empty(200)),
        Operation::OpenApi => Some(answer::json(200, &*openapi::DOCUMENT)),
        _ => None,
    }
}

/// The span of a call that may be made: its lines name the caller.
fn span(permission: &Permission, trace: Option<&Traceparent>) -> Span {
    let doer = &permission.doer;
    tracing::info_span!(
        target: TARGET,
        "call",
        by = doer.by(),
        who = doer.who(),
        app_id = doer.app_id(),
        trace_id = trace.map(Traceparent::trace_id),
    )
}

fn forbidden() -> Refusal {
    let text = "The access token does not allow this on this hub.";
    Refusal::new(403, "Error.Request.Forbidden", text)
}

fn ambiguous() -> Refusal {
    Refusal::bad(format!(
        "the path can be read in several ways; call the front door, or say in '{RAW_PATH_HEADER}' how it was encoded"
    ))
}

fn nowhere(nowhere: Nowhere) -> Refusal {
    match nowhere {
        Nowhere::Path => Refusal::new(404, "Error.Request.NotFound", "There is nothing here."),
        Nowhere::Method(methods) => {
            let text = "This path has no such method.";
            let refusal = Refusal::new(405, "Error.Request.MethodNotAllowed", text);
            Refusal { allow: Some(methods.join(", ")), ..refusal }
        }
    }
}
