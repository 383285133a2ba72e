//! Answers, and the headers that let a browser read them.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use http::HeaderValue;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL, CONTENT_TYPE,
    HeaderName, VARY, WWW_AUTHENTICATE,
};
use hubcast_model::id::HubName;
use hubcast_model::ports::Cause;
use serde::Serialize;

/// The headers that the official clients send, and those that tracing adds to requests by itself:
/// OpenTelemetry, Application Insights and Sentry. template.yaml has the same list.
const CLIENT_HEADERS: &str = "authorization, content-type, x-requested-with, x-signalr-user-agent, x-signalr-connection-token, traceparent, tracestate, baggage, request-id, request-context, sentry-trace";

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The page's origin is not on the list.
    Origin,
    /// The request went around the front door.
    WayIn,
    /// No or no good token.
    Unauthorized(String),
    /// A good token for another hub.
    WrongHub,
    /// A good token of an app, on a hub that takes client tokens only.
    ClientTokensOnly,
    /// The user is blocked or logged out.
    Blocked,
    /// The token's groups do not fit the direct way.
    TooManyGroups,
    /// The address of the connection would be longer than what a WebSocket takes.
    TooLong,
    /// There is no such hub; with the question whether another hub was meant, which may be empty.
    UnknownHub(String),
    /// The path is the hub itself, where sockets are opened. The URL is the hub's.
    Socket { hub: HubName, url: String },
    /// There is no such path. The URL is of a hub that may be meant.
    NotFound(String),
    /// A server wants to connect, as in Azure's default mode.
    Server,
    /// The method is not POST.
    Method,
    /// The request contradicts itself.
    Bad(String),
    /// Connections are not refreshed here.
    RefreshOff,
    /// A refresh does not say of which connection.
    NoConnectionToken,
    /// A refresh is of no open connection.
    NoConnection,
    /// A refresh shows the token of another user.
    OtherUser,
    /// Something did not work here.
    Broken(Cause),
}

impl Refusal {
    fn status(&self) -> i64 {
        match self {
            // ASP.NET Core answers a hub's own URL in the same way.
            Self::Bad(_) | Self::TooLong | Self::Socket { .. } | Self::NoConnectionToken => 400,
            Self::Unauthorized(_) => 401,
            Self::Origin
            | Self::WayIn
            | Self::WrongHub
            | Self::ClientTokensOnly
            | Self::Blocked
            | Self::OtherUser
            | Self::TooManyGroups => 403,
            Self::UnknownHub(_) | Self::NotFound(_) | Self::RefreshOff | Self::NoConnection => 404,
            Self::Method => 405,
            Self::Broken(_) => 500,
            // A number that nothing else has: the log of Azure's SDK shows the number only.
            Self::Server => 501,
        }
    }

    /// What the client shows; the official one puts it into its error.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Origin => {
                "Forbidden: this origin is not on the list of allowed origins.".to_owned()
            }
            Self::WayIn => "Forbidden: negotiate at the front door, not at its origin.".to_owned(),
            Self::Unauthorized(why) => format!("Unauthorized: {why}."),
            Self::WrongHub => "Forbidden: the access token is not good for this hub.".to_owned(),
            Self::ClientTokensOnly => {
                "Forbidden: this hub takes client tokens only; negotiate with the app.".to_owned()
            }
            Self::Blocked => {
                "Forbidden: the user is blocked or has logged out; log in again.".to_owned()
            }
            Self::TooManyGroups => {
                "Forbidden: the token names too many groups; negotiate at /hubs/{hub} instead."
                    .to_owned()
            }
            Self::TooLong => {
                "Bad request: the user id and the query make the address of the connection too long."
                    .to_owned()
            }
            Self::UnknownHub(hint) => {
                format!("There is no such hub{}", if hint.is_empty() { "." } else { hint })
            }
            Self::Socket { url, .. } => {
                format!("This is a hub. SignalR clients connect here, such as by withUrl(\"{url}\").")
            }
            Self::NotFound(url) => {
                format!("There is nothing here: clients come to /hubs/{{hub}}, such as {url}.")
            }
            Self::Server => {
                "Servers do not connect to hubcast: in the management SDK, set ServiceTransportType.Transient; AddAzureSignalR does not work here (docs/MIGRATION.md)."
                    .to_owned()
            }
            Self::Method => "Negotiation is a POST.".to_owned(),
            Self::Bad(why) => format!("Bad request: {why}."),
            Self::RefreshOff => {
                "Connections are not refreshed here: CLOSE_ON_TOKEN_EXPIRY is off.".to_owned()
            }
            Self::NoConnectionToken => {
                "Bad request: the header X-SignalR-Connection-Token is missing.".to_owned()
            }
            Self::NoConnection => {
                "No open connection of this connectionToken can be refreshed.".to_owned()
            }
            Self::OtherUser => "Forbidden: the token is of another user.".to_owned(),
            Self::Broken(_) => "Something went wrong; try again.".to_owned(),
        }
    }
}

pub(crate) fn json(body: &impl Serialize) -> ApiGatewayV2httpResponse {
    let text = serde_json::to_string(body).unwrap_or_default();
    answer(200, text, "application/json")
}

pub(crate) fn refused(refusal: &Refusal) -> ApiGatewayV2httpResponse {
    refused_by(refusal, answer(200, refusal.text(), "text/plain; charset=utf-8"))
}

/// An answer with the status and the headers of a refusal.
pub(crate) fn refused_by(
    refusal: &Refusal,
    mut response: ApiGatewayV2httpResponse,
) -> ApiGatewayV2httpResponse {
    response.status_code = refusal.status();
    match refusal {
        Refusal::Unauthorized(_) => set(&mut response, WWW_AUTHENTICATE, "Bearer"),
        Refusal::Method => set(&mut response, ALLOW, "POST, OPTIONS"),
        _ => {}
    }
    response
}

pub(crate) fn preflight() -> ApiGatewayV2httpResponse {
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = 204;
    response
}

/// Adds what a page of `origin` needs to read the answer. Never `*`, which credentials forbid.
pub(crate) fn cors(
    mut response: ApiGatewayV2httpResponse,
    origin: Option<&str>,
    own_headers: &[String],
) -> ApiGatewayV2httpResponse {
    set(&mut response, VARY, "Origin");
    if let Some(origin) = origin {
        let headers: Vec<&str> =
            [CLIENT_HEADERS].into_iter().chain(own_headers.iter().map(String::as_str)).collect();
        set(&mut response, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        set(&mut response, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        set(&mut response, ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS");
        set(&mut response, ACCESS_CONTROL_ALLOW_HEADERS, &headers.join(", "));
        set(&mut response, ACCESS_CONTROL_MAX_AGE, "600");
    }
    response
}

fn answer(status: i64, text: String, content_type: &str) -> ApiGatewayV2httpResponse {
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = status;
    response.body = Some(Body::Text(text));
    set(&mut response, CONTENT_TYPE, content_type);
    set(&mut response, CACHE_CONTROL, "no-store");
    response
}

fn set(response: &mut ApiGatewayV2httpResponse, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers.insert(name, value);
    }
}
