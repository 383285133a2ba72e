//! The table of hostile requests.

mod algorithm;
mod audience;
mod claim;
mod client;
mod connection;
mod header;
mod kind;
mod placement;
mod rest;
mod shape;
mod time;

pub(crate) use connection::minted;
pub(crate) use rest::{ADD, app_token, caller, puts, signed};

use serde_json::{Value, json};

use crate::forge::{A, Signer, seconds, with};
use crate::rig::{HOST, PRIMARY, Request};

/// One hostile request and what it gets.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) request: Request,
    pub(crate) status: u16,
}

pub(crate) fn all() -> Vec<Case> {
    [
        algorithm::cases(),
        header::cases(),
        shape::cases(),
        time::cases(),
        audience::cases(),
        claim::cases(),
        client::cases(),
        connection::cases(),
        kind::cases(),
        placement::cases(),
        rest::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn case(name: impl Into<String>, request: Request, status: u16) -> Case {
    Case { name: name.into(), request, status }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// An upgrade with this query and nothing else.
pub(crate) fn upgrade(query: &[(&str, &str)]) -> Request {
    Request::Upgrade { query: pairs(query), headers: Vec::new() }
}

/// An upgrade as a browser makes it.
pub(crate) fn opens(hub: &str, token: &str) -> Request {
    upgrade(&[("hub", hub), ("access_token", token)])
}

/// A POST with a bearer token.
pub(crate) fn post(path: &str, query: &str, token: &str) -> Request {
    let headers = pairs(&[("authorization", &format!("Bearer {token}"))]);
    Request::Http { method: "POST", path: path.to_owned(), query: query.to_owned(), headers }
}

/// `POST /hubs/{hub}/negotiate`
pub(crate) fn hub_negotiate(hub: &str, token: &str) -> Request {
    post(&format!("/hubs/{hub}/negotiate"), "negotiateVersion=1", token)
}

/// `POST /client/negotiate?hub={hub}`
pub(crate) fn client_negotiate(hub: &str, token: &str) -> Request {
    post("/client/negotiate", &format!("hub={hub}&negotiateVersion=1"), token)
}

/// What a good app token of issuer A says.
pub(crate) fn app_claims() -> Value {
    json!({
        "iss": "https://a.example",
        "aud": "api://hubcast",
        "sub": "alice",
        "iat": seconds(-10),
        "nbf": seconds(-10),
        "exp": seconds(3600),
    })
}

/// What a good app token of issuer B says.
pub(crate) fn b_claims() -> Value {
    with(app_claims(), &json!({ "iss": "https://b.example" }))
}

/// What a good token of the Azure management SDK says for hub `one`.
pub(crate) fn client_claims() -> Value {
    json!({
        "aud": format!("{HOST}/client/?hub=one"),
        "nameid": "alice",
        "iat": seconds(-10),
        "nbf": seconds(-10),
        "exp": seconds(3600),
    })
}

/// The key of client tokens.
pub(crate) fn access_key() -> Signer {
    Signer::secret(PRIMARY.as_bytes(), jsonwebtoken::Algorithm::HS256)
}

/// An app token of A with these claims changed.
pub(crate) fn app(changes: &Value) -> String {
    A.token("a1", &with(app_claims(), changes))
}

/// A client token with these claims changed.
pub(crate) fn client(changes: &Value) -> String {
    access_key().token("x", &with(client_claims(), changes))
}
