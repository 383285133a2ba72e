//! Headers: names of keys that are paths or queries, keys that come along, types, extensions.

use serde_json::{Value, json};

use super::{Case, access_key, app_claims, case, client_claims, opens};
use crate::forge::{A, STRANGER, part};

pub(super) fn cases() -> Vec<Case> {
    [names_of_keys(), keys_that_come_along(), types(), extensions(), broken()]
        .into_iter()
        .flatten()
        .collect()
}

fn names_of_keys() -> Vec<Case> {
    let long = "k".repeat(8000);
    let names = [
        ("unknown", "a9"),
        ("empty", ""),
        ("a path", "../../../../dev/null"),
        ("an absolute path", "/etc/passwd"),
        ("an encoded path", "..%2f..%2fa1"),
        ("a query", "a1' OR '1'='1"),
        ("a URL", "https://evil.example/keys#a1"),
        ("a command", "a1; cat /etc/passwd"),
        ("a zero byte", "a1\u{0}"),
        ("a line break", "a1\r\na1"),
        ("in another case", "A1"),
        ("with a blank", "a1 "),
        ("very long", long.as_str()),
    ];
    let mut cases: Vec<Case> = names
        .into_iter()
        .map(|(what, kid)| {
            case(format!("kid: {what}"), opens("one", &STRANGER.token(kid, &app_claims())), 401)
        })
        .collect();
    for (what, kid) in [("a number", json!(1)), ("a list", json!(["a1"])), ("an object", json!({}))]
    {
        let token = A.with_header("a1", &json!({ "kid": kid }), &app_claims());
        cases.push(case(format!("kid: {what}"), opens("one", &token), 401));
    }
    let without = A.with_header("a1", &json!({ "kid": null }), &app_claims());
    cases.push(case("kid: none where there are several keys", opens("one", &without), 401));
    cases
}

/// A stranger signs and offers the key to check it with. What is offered is never looked at.
fn keys_that_come_along() -> Vec<Case> {
    let own = serde_json::to_value(STRANGER.public("a1")).expect("a key");
    let offers = [
        ("jwk", json!({ "jwk": own })),
        ("jwk without kid", json!({ "jwk": own, "kid": null })),
        ("jku", json!({ "jku": "https://evil.example/keys" })),
        ("jku of this machine", json!({ "jku": "http://169.254.169.254/latest/meta-data" })),
        ("x5u", json!({ "x5u": "https://evil.example/certificate" })),
        ("x5c", json!({ "x5c": ["MIIB"] })),
        ("x5t", json!({ "x5t": "AAAA", "kid": null })),
    ];
    let token = |more: &Value| STRANGER.with_header("a1", more, &app_claims());
    let cases = offers.iter().map(|(what, more)| {
        case(format!("a key that comes along: {what}"), opens("one", &token(more)), 401)
    });
    cases.collect()
}

/// Well signed, but meant for something else.
fn types() -> Vec<Case> {
    let types =
        ["logout+jwt", "secevent+jwt", "dpop+jwt", "id_token", "JWE", "", "application/jwt2"];
    let mut cases = Vec::new();
    for typ in types {
        let token = A.with_header("a1", &json!({ "typ": typ }), &app_claims());
        cases.push(case(format!("typ '{typ}' of an app token"), opens("one", &token), 401));
    }
    let token = access_key().with_header("x", &json!({ "typ": "dpop+jwt" }), &client_claims());
    cases.push(case("typ of a client token", opens("one", &token), 401));
    let token = A.with_header("a1", &json!({ "typ": 1 }), &app_claims());
    cases.push(case("typ that is a number", opens("one", &token), 401));
    cases
}

fn extensions() -> Vec<Case> {
    let demands = [
        ("crit of something unknown", json!({ "crit": ["x"], "x": true })),
        ("crit of b64", json!({ "crit": ["b64"], "b64": false })),
        ("an empty crit", json!({ "crit": [] })),
        ("crit that is a text", json!({ "crit": "exp" })),
        ("zip", json!({ "zip": "DEF" })),
        ("enc", json!({ "enc": "A256GCM" })),
    ];
    let mut cases = Vec::new();
    for (what, more) in demands {
        let app = A.with_header("a1", &more, &app_claims());
        cases.push(case(format!("an app token with {what}"), opens("one", &app), 401));
        let client = access_key().with_header("x", &more, &client_claims());
        cases.push(case(format!("a client token with {what}"), opens("one", &client), 401));
    }
    cases
}

fn broken() -> Vec<Case> {
    let claims = app_claims().to_string();
    let headers = [
        ("alg twice, the good one last", r#"{"alg":"none","alg":"RS256","kid":"a1"}"#),
        ("alg twice, the good one first", r#"{"alg":"RS256","alg":"none","kid":"a1"}"#),
        ("kid twice", r#"{"alg":"RS256","kid":"a9","kid":"a1"}"#),
        ("no alg", r#"{"typ":"JWT","kid":"a1"}"#),
        ("alg in another case", r#"{"alg":"rs256","kid":"a1"}"#),
        ("alg that is a list", r#"{"alg":["RS256"],"kid":"a1"}"#),
        ("alg that is a number", r#"{"alg":256,"kid":"a1"}"#),
        ("a list", r#"["RS256"]"#),
        ("a text", r#""RS256""#),
        ("null", "null"),
        ("nothing", ""),
        ("no JSON", "{alg:RS256}"),
        ("more than JSON", r#"{"alg":"RS256","kid":"a1"} {}"#),
        ("UTF-16", "{\u{0}\"\u{0}a\u{0}"),
    ];
    let mut cases: Vec<Case> = headers
        .into_iter()
        .map(|(what, header)| {
            case(format!("a header with {what}"), opens("one", &A.sign(header, &claims)), 401)
        })
        .collect();
    let bytes = A.sign_parts(&part([0xff, 0xfe, 0x00]), &part(&claims));
    cases.push(case("a header of bytes that are no text", opens("one", &bytes), 401));
    cases
}
