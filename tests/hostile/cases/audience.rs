//! Issuers, tenants, audiences and hubs of app tokens.

use serde_json::{Value, json};

use super::{Case, app, b_claims, case, client_negotiate, hub_negotiate, opens};
use crate::forge::{A, B, STRANGER, with};

pub(super) fn cases() -> Vec<Case> {
    [issuers(), audiences(), tenants(), hubs()].into_iter().flatten().collect()
}

fn issuers() -> Vec<Case> {
    let issuers = [
        ("nobody known", json!("https://evil.example")),
        ("left out", Value::Null),
        ("empty", json!("")),
        ("a list", json!(["https://a.example"])),
        ("with a slash", json!("https://a.example/")),
        ("in another case", json!("https://A.example")),
        ("in plain HTTP", json!("http://a.example")),
        ("with a user", json!("https://a.example@evil.example")),
        ("longer", json!("https://a.example.evil.example")),
        ("another known one", json!("https://b.example")),
        ("ours", json!("hubcast")),
    ];
    let mut cases: Vec<Case> = issuers
        .into_iter()
        .map(|(what, issuer)| {
            let token = app(&json!({ "iss": issuer }));
            case(format!("a right signature, the issuer {what}"), opens("one", &token), 401)
        })
        .collect();
    let b_by_a = A.token("b1", &b_claims());
    cases.push(case("B's claims by A's key", opens("both", &b_by_a), 401));
    let forged = STRANGER.token("a1", &with(b_claims(), &json!({ "iss": "https://a.example" })));
    cases.push(case("another hub's token by a stranger", opens("two", &forged), 401));
    cases
}

fn audiences() -> Vec<Case> {
    let audiences = [
        ("left out", Value::Null),
        ("empty", json!("")),
        ("another", json!("api://other")),
        ("an empty list", json!([])),
        ("a list of others", json!(["api://other", "api://more"])),
        ("a list in a list", json!([["api://hubcast"]])),
        ("a list of objects", json!([{ "aud": "api://hubcast" }])),
        ("an object", json!({ "api://hubcast": true })),
        ("true", json!(true)),
        ("longer", json!("api://hubcast/more")),
        ("shorter", json!("api://hub")),
        ("in another case", json!("API://hubcast")),
        ("with a blank", json!("api://hubcast ")),
        ("several in one text", json!("api://other api://hubcast")),
        ("a star", json!("*")),
        ("the client endpoint", json!("https://hub.example/client/?hub=one")),
    ];
    let cases = audiences.into_iter().map(|(what, audience)| {
        let token = app(&json!({ "aud": audience }));
        case(format!("the audience {what}"), hub_negotiate("one", &token), 401)
    });
    cases.collect()
}

fn tenants() -> Vec<Case> {
    let of = |tid: Value, tenant: &str| {
        let issuer = format!("https://login.example/{tenant}/v2.0");
        A.token("m1", &with(super::app_claims(), &json!({ "iss": issuer, "tid": tid, "oid": "o" })))
    };
    let tokens = [
        ("that is not listed", of(json!("t9"), "t9")),
        ("that is left out", of(Value::Null, "t1")),
        ("that is another than the issuer's", of(json!("t1"), "t2")),
        ("that is the placeholder", of(json!("{tenantid}"), "{tenantid}")),
        ("that is a list", of(json!(["t1"]), "t1")),
        ("that is a path", of(json!("t1/../t9"), "t1/../t9")),
    ];
    let cases = tokens
        .into_iter()
        .map(|(what, token)| case(format!("a tenant {what}"), opens("three", &token), 401));
    cases.collect()
}

fn hubs() -> Vec<Case> {
    let (a, b) = (app(&json!({})), B.token("b1", &b_claims()));
    vec![
        case("A's token on B's hub", opens("two", &a), 403),
        case("B's token on A's hub", opens("one", &b), 403),
        case("A's token on B's hub, negotiating", hub_negotiate("two", &a), 403),
        case("A's token on B's hub, at the client endpoint", client_negotiate("two", &a), 403),
        case("a hub that does not exist", opens("nine", &a), 403),
        case("negotiating for a hub that does not exist", hub_negotiate("nine", &a), 404),
        case("a hub of no valid name", opens("*", &a), 403),
        case("a hub with a line break", opens("one\r\nX: y", &a), 403),
        case("a hub with a number sign", opens("one#two", &a), 403),
        case("an empty hub", opens("", &a), 403),
        case("negotiating for all hubs", hub_negotiate("*", &a), 404),
        case("negotiating for a hub with a path", hub_negotiate("one/../two", &a), 404),
        case("negotiating for an encoded path", hub_negotiate("one%2f..%2ftwo", &a), 404),
        case("negotiating for a hub with a line break", hub_negotiate("one%0d%0a", &a), 404),
    ]
}
