//! What a negotiate request asks for.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use http::Method;
use hubcast_model::id::HubName;
use signalr_protocol::negotiate::NegotiateVersion;
use url::form_urlencoded;

use crate::answer::Refusal;

/// Which of the two endpoints was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/hubs/{hub}/negotiate`
    Hub,
    /// `/client/negotiate?hub={hub}`
    Client,
}

/// A request that was understood.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) hub: HubName,
    pub(crate) token: &'a str,
    pub(crate) version: NegotiateVersion,
    /// The app's own query parameters, each with a leading `&`.
    pub(crate) own_query: String,
}

/// Parameters of the protocol itself, which are not the app's own.
const PROTOCOL_QUERY: [&str; 5] =
    ["hub", "negotiateVersion", "useStatefulReconnect", "access_token", "id"];

impl<'a> Request<'a> {
    pub(crate) fn read(event: &'a ApiGatewayV2httpRequest) -> Result<Self, Refusal> {
        let path = event.raw_path.as_deref().unwrap_or_default();
        let query: Vec<(String, String)> = {
            let raw = event.raw_query_string.as_deref().unwrap_or_default();
            form_urlencoded::parse(raw.as_bytes()).into_owned().collect()
        };
        let (endpoint, hub) = endpoint(path, &query)?;
        if event.request_context.http.method != Method::POST {
            return Err(Refusal::Method);
        }
        let version = single(&query, "negotiateVersion")?;
        let version = NegotiateVersion::from_query(version);
        Ok(Self {
            endpoint,
            hub: HubName::parse(&hub).map_err(|_| Refusal::UnknownHub)?,
            token: bearer(event)?,
            version: version.map_err(|err| Refusal::Bad(err.to_string()))?,
            own_query: own(&query),
        })
    }
}

fn endpoint(path: &str, query: &[(String, String)]) -> Result<(Endpoint, String), Refusal> {
    let path = path.trim_end_matches('/');
    // A stage other than $default stands first in the raw path.
    if path.ends_with("/client/negotiate") {
        let hub = single(query, "hub")?.filter(|hub| !hub.is_empty());
        let hub = hub.ok_or_else(|| Refusal::Bad("one hub is needed: ?hub=NAME".to_owned()))?;
        return Ok((Endpoint::Client, hub.to_owned()));
    }
    let hub = path.strip_suffix("/negotiate").and_then(|path| path.rsplit_once("/hubs/"));
    let (_, hub) = hub.ok_or(Refusal::NotFound)?;
    if single(query, "hub")?.is_some() {
        let text = "the hub stands in the path; leave ?hub out";
        return Err(Refusal::Bad(text.to_owned()));
    }
    // Hub names hold nothing that a URL would have to encode, but clients may.
    let decoded = form_urlencoded::parse(hub.replace('+', "%2B").as_bytes())
        .next()
        .map(|(name, _)| name.into_owned());
    Ok((Endpoint::Hub, decoded.unwrap_or_default()))
}

fn single<'q>(query: &'q [(String, String)], name: &str) -> Result<Option<&'q str>, Refusal> {
    let mut values = query.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(Refusal::Bad(format!("'{name}' stands more than once in the query"))),
    }
}

fn bearer(event: &ApiGatewayV2httpRequest) -> Result<&str, Refusal> {
    let header = event.headers.get("authorization").and_then(|value| value.to_str().ok());
    let token = header.and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let missing = "a token is needed: set accessTokenFactory in withUrl";
    token.ok_or_else(|| Refusal::Unauthorized(missing.to_owned()))
}

fn own(query: &[(String, String)]) -> String {
    let own = query.iter().filter(|(name, _)| !PROTOCOL_QUERY.contains(&name.as_str()));
    let mut serializer = form_urlencoded::Serializer::new(String::new());
    let encoded = serializer.extend_pairs(own).finish();
    if encoded.is_empty() { encoded } else { format!("&{encoded}") }
}
