//! Claims: users that are none, names that stand twice.

use serde_json::{Value, json};

use super::{Case, app, app_claims, case, client, client_claims, hub_negotiate, opens};
use crate::forge::A;

pub(super) fn cases() -> Vec<Case> {
    [users(), duplicates()].into_iter().flatten().collect()
}

fn users() -> Vec<Case> {
    let long = "u".repeat(1025);
    let users = [
        ("empty", json!("")),
        ("a list", json!(["alice"])),
        ("a number", json!(7)),
        ("true", json!(true)),
        ("a number with a fraction", json!(1.5)),
        ("a number of more than 64 bits", json!(1e30)),
        ("an object", json!({ "id": "alice" })),
        ("padded", json!("alice ")),
        ("padded by a wide space", json!("alice\u{3000}")),
        ("with a line break", json!("alice\r\nSet-Cookie: a=b")),
        ("with a zero byte", json!("alice\u{0}")),
        ("with a delete", json!("alice\u{7f}")),
        ("with a next line", json!("alice\u{85}")),
        ("too long", json!(long)),
    ];
    let mut cases = Vec::new();
    for (what, user) in users {
        let token = app(&json!({ "sub": user }));
        cases.push(case(format!("a user {what}"), hub_negotiate("one", &token), 401));
    }
    let nobody = app(&json!({ "sub": null }));
    cases.push(case("an app token without a user", hub_negotiate("one", &nobody), 401));
    let unreadable = [
        ("with a line break", json!("a\r\nb")),
        ("with a zero byte", json!("\u{0}")),
        ("blank", json!(" ")),
        ("a step up", json!("..")),
        ("a step", json!(["."])),
        ("padded", json!("alice ")),
        ("true", json!(true)),
        ("an object", json!({ "id": "alice" })),
        ("an empty list", json!([])),
        ("a list of a list", json!([["alice"]])),
        ("a list of nobody", json!([null, "alice"])),
    ];
    let long = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
    for (what, user) in unreadable {
        for claim in ["asrs.s.uid", "nameid", long, "sub"] {
            let token = client(&json!({ "nameid": null, claim: user }));
            let name = format!("a client token whose {claim} is {what}");
            cases.push(case(name, opens("one", &token), 401));
        }
    }
    cases
}

/// Which of two counts depends on the reader, so neither does.
fn duplicates() -> Vec<Case> {
    let header = json!({ "alg": "RS256", "kid": "a1" }).to_string();
    let twice = |claims: &Value, more: &str| {
        let claims = claims.to_string();
        (claims.replacen('{', &format!("{{{more},"), 1), claims.replace('}', &format!(",{more}}}")))
    };
    let mut cases = Vec::new();
    for more in
        [r#""sub":"admin""#, r#""exp":9999999999"#, r#""aud":"x""#, r#""iss":"x""#, r#""nbf":0"#]
    {
        let (first, last) = twice(&app_claims(), more);
        for (at, claims) in [("first", first), ("last", last)] {
            let name = format!("an app token with {more} too, {at}");
            cases.push(case(name, opens("one", &A.sign(&header, &claims)), 401));
        }
    }
    let header = json!({ "alg": "HS256" }).to_string();
    for more in [r#""nameid":"admin""#, r#""hubcast.groups":["a"],"hubcast.groups":["b"]"#] {
        let (first, last) = twice(&client_claims(), more);
        for (at, claims) in [("first", first), ("last", last)] {
            let token = super::access_key().sign(&header, &claims);
            let name = format!("a client token with {more} too, {at}");
            cases.push(case(name, opens("one", &token), 401));
        }
    }
    cases
}
