//! Client tokens: audiences, keys and sessions that end.

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::{Case, access_key, case, client, client_claims, client_negotiate, opens};
use crate::forge::{Signer, seconds};

pub(super) fn cases() -> Vec<Case> {
    [audiences(), hubs(), keys(), ends()].into_iter().flatten().collect()
}

fn audiences() -> Vec<Case> {
    let audiences = [
        ("left out", Value::Null),
        ("empty", json!("")),
        ("no URL", json!("one")),
        ("of another host", json!("https://evil.example/client/?hub=one")),
        ("of a host that is longer", json!("https://hub.example.evil.example/client/?hub=one")),
        ("of a host with a user", json!("https://hub.example@evil.example/client/?hub=one")),
        ("with a user", json!("https://x@hub.example/client/?hub=one")),
        ("with a password", json!("https://:x@hub.example/client/?hub=one")),
        ("of another port", json!("https://hub.example:444/client/?hub=one")),
        ("of another scheme", json!("wss://hub.example/client/?hub=one")),
        ("of a file", json!("file://hub.example/client/?hub=one")),
        ("of the server endpoint", json!("https://hub.example/server/?hub=one")),
        ("of the REST endpoint", json!("https://hub.example/api/hubs/one/users/alice")),
        ("without the slash", json!("https://hub.example/client?hub=one")),
        ("with a second slash", json!("https://hub.example/client//?hub=one")),
        ("of a longer path", json!("https://hub.example/client/negotiate?hub=one")),
        ("with a step back", json!("https://hub.example/x/../client/?hub=one")),
        ("with an escaped step", json!("https://hub.example/client/%2E/?hub=one")),
        ("with a step behind a backslash", json!("https://hub.example/x\\..\\client/?hub=one")),
        ("of an encoded path", json!("https://hub.example/clien%74/?hub=one")),
        ("in another case", json!("https://hub.example/CLIENT/?hub=one")),
        ("with a fragment", json!("https://hub.example/client/?hub=one#x")),
        ("an empty list", json!([])),
        ("a list in a list", json!([["https://hub.example/client/?hub=one"]])),
        ("an object", json!({ "aud": "https://hub.example/client/?hub=one" })),
        ("of an app token", json!("api://hubcast")),
    ];
    let cases = audiences.into_iter().map(|(what, audience)| {
        let token = client(&json!({ "aud": audience }));
        case(format!("a client token whose audience is {what}"), opens("one", &token), 401)
    });
    cases.collect()
}

/// The endpoint is right, the hub is not the one it is shown for.
fn hubs() -> Vec<Case> {
    let audiences = [
        ("of another hub", json!("https://hub.example/client/?hub=two")),
        ("of no hub", json!("https://hub.example/client/")),
        ("of two hubs", json!("https://hub.example/client/?hub=one&hub=two")),
        ("of a hub and more", json!("https://hub.example/client/?hub=one&x=y")),
        ("of more and a hub", json!("https://hub.example/client/?x=y&hub=one")),
        ("of all hubs", json!("https://hub.example/client/?hub=*")),
        ("of a hub with a blank", json!("https://hub.example/client/?hub=one%20")),
        (
            "a list of another hub, and of this hub elsewhere",
            json!(["https://hub.example/client/?hub=two", "https://evil.example/client/?hub=one"]),
        ),
    ];
    let mut cases: Vec<Case> = audiences
        .into_iter()
        .map(|(what, audience)| {
            let token = client(&json!({ "aud": audience }));
            case(format!("a client token whose audience is {what}"), opens("one", &token), 403)
        })
        .collect();
    let token = client(&json!({}));
    cases.push(case("a client token on another hub", opens("two", &token), 403));
    cases.push(case("negotiating on another hub", client_negotiate("two", &token), 403));
    cases
}

fn keys() -> Vec<Case> {
    let secrets = [
        ("a key that was taken out of use", "tertiary-0123456789-0123456789-0123456789"),
        ("the emulator's key", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"),
        ("both keys at once", &format!("{},{}", crate::rig::PRIMARY, crate::rig::SECONDARY)),
        ("the key with a line break", &format!("{}\n", crate::rig::PRIMARY)),
        ("a part of the key", &crate::rig::PRIMARY[..32]),
        ("the label of connectionTokens", "hubcast connectionToken v1"),
    ];
    let cases = secrets.into_iter().map(|(what, secret)| {
        let token = Signer::secret(secret.as_bytes(), Algorithm::HS256);
        let token = token.token("x", &client_claims());
        case(format!("a client token by {what}"), opens("one", &token), 401)
    });
    cases.collect()
}

fn ends() -> Vec<Case> {
    let ends = [
        ("ended a moment ago", json!({ "asrs.s.coae": "true", "asrs.s.aeo": seconds(0) })),
        (
            "ended, as texts",
            json!({ "asrs.s.coae": "true", "asrs.s.aeo": seconds(-1).to_string() }),
        ),
        ("ends nobody knows when", json!({ "asrs.s.coae": true })),
        ("ends at a word", json!({ "asrs.s.coae": true, "asrs.s.aeo": "soon" })),
        ("ends at a list", json!({ "asrs.s.coae": true, "asrs.s.aeo": [seconds(60)] })),
    ];
    let mut cases = Vec::new();
    for (what, change) in ends {
        let token = client(&change);
        cases.push(case(format!("a session that {what}"), opens("one", &token), 401));
        let name = format!("negotiating in a session that {what}");
        cases.push(case(name, client_negotiate("one", &token), 401));
    }
    let own = access_key().token("x", &crate::forge::with(client_claims(), &json!({ "exp": 1 })));
    cases.push(case("an expired token that opened nothing", opens("one", &own), 401));
    cases
}
