//! What a request asks for.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::Method;
use hubcast_model::id::HubName;
use hubcast_model::query::{self, HUB, Repeated, STATEFUL, VERSION, is_of_protocol};
use signalr_protocol::negotiate::NegotiateVersion;
use url::form_urlencoded;

use crate::answer::Refusal;
use crate::place::{Act, Place};

/// The longest URL of a WebSocket.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
const URL_MAX_BYTES: usize = 4096;
/// What a client adds to the URL and the token: `&id=`, a connectionToken, `&access_token=`.
const CONNECTING_BYTES: usize = 128;

/// Which of the two endpoints was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/hubs/{hub}/negotiate`
    Hub,
    /// `/client/negotiate?hub={hub}`
    Client,
}

/// A request that was understood. Its token was not looked at.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) endpoint: Endpoint,
    pub(crate) act: Act,
    pub(crate) hub: HubName,
    pub(crate) version: NegotiateVersion,
    /// Whether the client would come back to its connection on another socket.
    pub(crate) is_stateful: bool,
    /// The app's own query parameters, each with a leading `&`.
    pub(crate) own_query: String,
}

impl Request {
    /// Reads a request to a deployment whose clients come to `base`.
    pub(crate) fn read(event: &ApiGatewayV2httpRequest, base: &str) -> Result<Self, Refusal> {
        let query: Vec<(String, String)> = {
            let raw = event.raw_query_string.as_deref().unwrap_or_default();
            form_urlencoded::parse(raw.as_bytes()).into_owned().collect()
        };
        let (endpoint, act, hub) = match place(event) {
            Place::Client(act) => (Endpoint::Client, act, hub_of_query(&query)?),
            Place::Hub(hub, act) => (Endpoint::Hub, act, hub_of_path(hub, &query)?),
            Place::Socket => return Err(socket(path(event), base)),
            Place::Server => return Err(Refusal::Server),
            Place::Nowhere => return Err(Refusal::NotFound(example(path(event), base))),
        };
        if event.request_context.http.method != Method::POST {
            return Err(Refusal::Method);
        }
        let (version, is_stateful) = (single(&query, VERSION)?, single(&query, STATEFUL)?);
        let version = NegotiateVersion::from_query(version);
        // An answer of version 0 cannot grant this.
        let is_stateful = is_stateful.is_some_and(|value| value.eq_ignore_ascii_case("true"))
            && version == Ok(NegotiateVersion::V1);
        Ok(Self {
            endpoint,
            act,
            hub: HubName::parse(&hub).map_err(|_| Refusal::UnknownHub(String::new()))?,
            version: version.map_err(|err| Refusal::Bad(err.to_string()))?,
            is_stateful,
            own_query: own(&query),
        })
    }
}

/// What stands at the path of a request.
pub(crate) fn place(event: &ApiGatewayV2httpRequest) -> Place<'_> {
    Place::of(path(event))
}

fn path(event: &ApiGatewayV2httpRequest) -> &str {
    event.raw_path.as_deref().unwrap_or_default()
}

fn hub_of_query(query: &[(String, String)]) -> Result<String, Refusal> {
    let hub = single(query, HUB)?.filter(|hub| !hub.is_empty());
    hub.map(str::to_owned).ok_or_else(|| Refusal::Bad("one hub is needed: ?hub=NAME".to_owned()))
}

fn hub_of_path(hub: &str, query: &[(String, String)]) -> Result<String, Refusal> {
    if single(query, HUB)?.is_some() {
        return Err(Refusal::Bad("the hub stands in the path; leave ?hub out".to_owned()));
    }
    Ok(decoded(hub))
}

/// Hub names hold nothing that a URL would have to encode, but clients may.
fn decoded(hub: &str) -> String {
    let hub = hub.replace('+', "%2B");
    let mut names = form_urlencoded::parse(hub.as_bytes()).into_owned();
    names.next().map(|(name, _)| name).unwrap_or_default()
}

/// The hub that a path may mean: a client whose URL has no `/hubs` asks for
/// `/notifications/negotiate`.
fn meant(path: &str) -> Option<HubName> {
    let mut parts = path.split('/').filter(|part| !part.is_empty()).rev().map(decoded);
    let last = parts.next()?;
    let last = if last.eq_ignore_ascii_case("negotiate") { parts.next()? } else { last };
    HubName::parse(&last).ok()
}

/// The URL of the hub that a path may mean which leads nowhere.
fn example(path: &str, base: &str) -> String {
    let hub = meant(path);
    let hub = hub.as_ref().map_or("{hub}", HubName::as_str);
    format!("{base}/hubs/{hub}")
}

/// The answer at the URL of sockets itself, as somebody opens it in a browser.
fn socket(path: &str, base: &str) -> Refusal {
    let url = example(path, base);
    meant(path)
        .map_or_else(|| Refusal::UnknownHub(String::new()), |hub| Refusal::Socket { hub, url })
}

fn single<'q>(
    query: &'q [(String, String)],
    name: &'static str,
) -> Result<Option<&'q str>, Refusal> {
    let pairs = query.iter().map(|(name, value)| (&**name, &**value));
    query::single(pairs, name).map_err(|err: Repeated| Refusal::Bad(err.to_string()))
}

/// The token that a request shows.
pub(crate) fn bearer(event: &ApiGatewayV2httpRequest) -> Result<&str, Refusal> {
    let header = event.headers.get("authorization").and_then(|value| value.to_str().ok());
    let token = header.and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let missing = "a token is needed: set accessTokenFactory in withUrl";
    token.ok_or_else(|| Refusal::Unauthorized(missing.to_owned()))
}

fn own(query: &[(String, String)]) -> String {
    let own = query.iter().filter(|(name, _)| !is_of_protocol(name));
    let mut serializer = form_urlencoded::Serializer::new(String::new());
    let encoded = serializer.extend_pairs(own).finish();
    if encoded.is_empty() { encoded } else { format!("&{encoded}") }
}

/// Whether a browser could not open a connection by this URL and this token. Only browsers must put
/// the token into the URL; others have a header for it.
pub(crate) fn is_too_long(event: &ApiGatewayV2httpRequest, url: &str, token: &str) -> bool {
    let is_browser = event.headers.contains_key("origin");
    is_browser && url.len() + token.len() + CONNECTING_BYTES > URL_MAX_BYTES
}
