//! Negotiation, with the redirect that hubs answer.

use hubcast_model::id::HubName;
use reqwest::StatusCode;
use serde::Deserialize;
use signalr_protocol::negotiate::{NegotiateResponse, Redirect, Refusal};
use url::Url;

use super::ConnectError;

/// The most redirects in a row.
const REDIRECTS_MAX: usize = 5;
/// How many characters are shown of an answer that is no negotiation.
const ECHO_MAX_CHARS: usize = 300;

/// The parameter of a client that wants to outlive its sockets.
const STATEFUL: &str = "useStatefulReconnect";

/// The two places where a client negotiates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// `/hubs/{hub}`, for app tokens; the answer is a redirect.
    Hub,
    /// `/client/?hub={hub}`, for client tokens.
    Client,
}

impl Door {
    /// The URL that a client is given.
    pub fn url(self, base: &str, hub: &HubName) -> String {
        match self {
            Self::Hub => format!("{base}/hubs/{hub}"),
            Self::Client => format!("{base}/client/?hub={hub}"),
        }
    }
}

/// A ticket opens one socket.
#[derive(Debug)]
pub struct Ticket {
    /// The URL of the socket.
    pub socket: Url,
    /// The token that the socket asks for.
    pub token: String,
    /// The connection's public id.
    pub connection_id: String,
    /// Whether the client may come back to the connection on another socket.
    pub outlives_sockets: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Redirect(Redirect),
    Connection(NegotiateResponse),
    Refusal(Refusal),
}

/// Negotiates at the URL that a client is given, such as `https://host/hubs/notifications`.
///
/// # Errors
/// When the deployment refuses the client, or does not answer.
pub async fn negotiate(
    http: &reqwest::Client,
    url: &str,
    token: &str,
) -> Result<Ticket, ConnectError> {
    negotiate_with(http, url, token, None).await
}

/// The same for a client that wants to come back to its connection when its socket is cut. The
/// ticket says whether the client may.
///
/// # Errors
/// When the deployment refuses the client, or does not answer.
pub async fn negotiate_stateful(
    http: &reqwest::Client,
    url: &str,
    token: &str,
) -> Result<Ticket, ConnectError> {
    negotiate_with(http, url, token, Some(STATEFUL)).await
}

async fn negotiate_with(
    http: &reqwest::Client,
    url: &str,
    token: &str,
    wish: Option<&str>,
) -> Result<Ticket, ConnectError> {
    let (mut url, mut token) = (url.to_owned(), token.to_owned());
    for _ in 0..REDIRECTS_MAX {
        match ask(http, &url, &token, wish).await? {
            Answer::Redirect(redirect) => {
                url = redirect.url;
                token = redirect.access_token;
            }
            Answer::Connection(connection) => return ticket(&url, token, connection),
            Answer::Refusal(Refusal { error: text }) => {
                return Err(ConnectError::Refused { place: url, status: StatusCode::OK, text });
            }
        }
    }
    Err(ConnectError::unreachable(&url, "there are too many redirects"))
}

async fn ask(
    http: &reqwest::Client,
    url: &str,
    token: &str,
    wish: Option<&str>,
) -> Result<Answer, ConnectError> {
    let mut place = negotiate_url(url)?;
    if let Some(wish) = wish {
        place.query_pairs_mut().append_pair(wish, "true");
    }
    let lost = |err: reqwest::Error| ConnectError::unreachable(url, err.without_url());
    let answer = http.post(place.clone()).bearer_auth(token).send().await.map_err(lost)?;
    let status = answer.status();
    let text = answer.text().await.map_err(lost)?;
    if !status.is_success() {
        let text = text.trim().chars().take(ECHO_MAX_CHARS).collect();
        return Err(ConnectError::Refused { place: place.to_string(), status, text });
    }
    serde_json::from_str(&text).map_err(|err| {
        let text: String = text.chars().take(ECHO_MAX_CHARS).collect();
        ConnectError::unreachable(url, format!("its answer is no negotiation ({err}): {text}"))
    })
}

/// The URL of negotiation, as official clients make the URL: `/negotiate` at the end of the path,
/// with the same query.
fn negotiate_url(url: &str) -> Result<Url, ConnectError> {
    let mut place = parsed(url)?;
    let path = format!("{}/negotiate", place.path().trim_end_matches('/'));
    place.set_path(&path);
    place.query_pairs_mut().append_pair("negotiateVersion", "1");
    Ok(place)
}

fn ticket(url: &str, token: String, connection: NegotiateResponse) -> Result<Ticket, ConnectError> {
    let mut socket = parsed(url)?;
    let scheme = if socket.scheme() == "https" { "wss" } else { "ws" };
    if socket.set_scheme(scheme).is_err() {
        return Err(ConnectError::unreachable(url, "it is no http or https URL"));
    }
    let id = connection.connection_token.as_deref().unwrap_or(&connection.connection_id);
    socket.query_pairs_mut().append_pair("id", id);
    let outlives_sockets = connection.use_stateful_reconnect;
    Ok(Ticket { socket, token, connection_id: connection.connection_id, outlives_sockets })
}

fn parsed(url: &str) -> Result<Url, ConnectError> {
    Url::parse(url).map_err(|err| ConnectError::unreachable(url, err))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_those_of_the_official_clients() {
        for (url, expected) in [
            ("https://h/hubs/n", "https://h/hubs/n/negotiate?negotiateVersion=1"),
            ("https://h/client/?hub=n", "https://h/client/negotiate?hub=n&negotiateVersion=1"),
        ] {
            assert_eq!(negotiate_url(url).unwrap().as_str(), expected);
        }
        let answer = r#"{"negotiateVersion":1,"connectionId":"c","connectionToken":"c.s/=","availableTransports":[]}"#;
        let answer = serde_json::from_str(answer).unwrap();
        let ticket = ticket("https://h/client/?hub=n", "t".to_owned(), answer).unwrap();
        assert_eq!(ticket.socket.as_str(), "wss://h/client/?hub=n&id=c.s%2F%3D");
        assert_eq!(ticket.connection_id, "c");
    }
}
