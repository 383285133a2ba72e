//! Every kind of token in every other kind's place.

use hubcast_model::session::SessionId;
use hubcast_testkit::clock::START;
use hubcast_testkit::name;
use serde_json::json;

use super::connection::minted;
use super::{Case, app, case, client, client_negotiate, hub_negotiate, opens, upgrade};
use crate::forge::{A, with};
use crate::rig::access_keys;

pub(super) fn cases() -> Vec<Case> {
    let client_token = client(&json!({}));
    let kinds = [
        ("an app token", app(&json!({}))),
        ("a client token", client_token.clone()),
        ("a connectionToken", minted(&access_keys(), "one", Some("alice"), START)),
        ("a REST token", rest()),
        ("an app's REST token", app(&json!({ "aud": "api://hubcast-rest" }))),
        ("a session's name", SessionId::of(&name::hub("one"), &client_token).to_string()),
        ("an access key", crate::rig::PRIMARY.to_owned()),
        ("an identity token", A.token("a1", &with(super::app_claims(), &json!({ "aud": "spa" })))),
    ];
    kinds
        .iter()
        .enumerate()
        .flat_map(|(at, (what, token))| in_every_place(at, what, token))
        .collect()
}

/// At the hub only the first kind is good, at the client endpoint the first two, and as a
/// connectionToken the third.
fn in_every_place(at: usize, what: &str, token: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    if at != 0 {
        let name = format!("{what} where an app token belongs");
        cases.push(case(name, hub_negotiate("one", token), 401));
    }
    if at > 1 {
        let name = format!("{what} where a client token belongs");
        cases.push(case(name, client_negotiate("one", token), 401));
        cases.push(case(format!("{what} at a socket"), opens("one", token), 401));
    }
    if at != 2 {
        let shown = client(&json!({}));
        let query = [("hub", "one"), ("id", token), ("access_token", shown.as_str())];
        let name = format!("{what} where a connectionToken belongs");
        cases.push(case(name, upgrade(&query), 401));
    }
    cases
}

/// A token of the management SDK for the REST surface.
fn rest() -> String {
    client(&json!({ "aud": "https://hub.example/api/hubs/one/users/alice", "nameid": null }))
}
