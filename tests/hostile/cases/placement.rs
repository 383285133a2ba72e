//! Where tokens stand, what stands twice, and where requests come from.

use serde_json::json;

use super::{Case, app, case, client, pairs, upgrade};
use crate::rig::{ORIGIN, Request};

pub(super) fn cases() -> Vec<Case> {
    [upgrades(), negotiations(), origins()].into_iter().flatten().collect()
}

fn upgrades() -> Vec<Case> {
    let (alice, bob) = (client(&json!({})), client(&json!({ "nameid": "bob" })));
    let with_header = |query: &[(&str, &str)], value: &str| Request::Upgrade {
        query: pairs(query),
        headers: pairs(&[("authorization", value)]),
    };
    let query = [("hub", "one"), ("access_token", alice.as_str())];
    let bearer = |token: &str| format!("Bearer {token}");
    vec![
        case("no token", upgrade(&query[..1]), 401),
        case("an empty token", upgrade(&[("hub", "one"), ("access_token", "")]), 401),
        case("no hub", upgrade(&query[1..]), 403),
        case("two hubs", upgrade(&[query[0], ("hub", "two"), query[1]]), 403),
        case("the same hub twice", upgrade(&[query[0], query[0], query[1]]), 403),
        case("two access tokens", upgrade(&[query[0], query[1], ("access_token", &bob)]), 403),
        case("the same token twice", upgrade(&[query[0], query[1], query[1]]), 403),
        case("two users, header and query", with_header(&query, &bearer(&bob)), 403),
        case(
            "two headers with a token",
            Request::Upgrade {
                query: pairs(&query[..1]),
                headers: pairs(&[
                    ("authorization", &*bearer(&alice)),
                    ("authorization", &*bearer(&bob)),
                ]),
            },
            403,
        ),
        case("a good query and a bad header", with_header(&query, "Bearer x"), 403),
        case("a token as a password", with_header(&query[..1], &format!("Basic {alice}")), 401),
        case("a token without its scheme", with_header(&query[..1], &alice), 401),
        case("a scheme without a token", with_header(&query[..1], "Bearer "), 401),
        case("two schemes", with_header(&query[..1], &bearer(&bearer(&alice))), 401),
        case("a token by another name", upgrade(&[query[0], ("token", &alice)]), 401),
        case(
            "two tokens by names in different case",
            upgrade(&[query[0], query[1], ("Access_Token", &bob)]),
            403,
        ),
    ]
}

fn negotiations() -> Vec<Case> {
    let (app, client) = (app(&json!({})), client(&json!({})));
    let http = |method, path: &str, query: &str, headers: &[(&str, &str)]| Request::Http {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: pairs(headers),
    };
    let bearer = format!("Bearer {app}");
    let own = [("authorization", bearer.as_str())];
    let (hub, endpoint) = ("/hubs/one/negotiate", "/client/negotiate");
    vec![
        case("negotiating without a token", http("POST", hub, "", &[]), 401),
        case(
            "a token in the query only",
            http("POST", hub, &format!("access_token={app}"), &[]),
            401,
        ),
        case("a token as a cookie", http("POST", hub, "", &[("cookie", &bearer)]), 401),
        case("negotiating by GET", http("GET", hub, "", &own), 405),
        case("negotiating by DELETE", http("DELETE", endpoint, "hub=one", &own), 405),
        case("the address of sockets", http("POST", "/hubs/one", "", &own), 400),
        case("another path", http("POST", "/hub/one/negotiate", "", &own), 404),
        case("a path into the hub", http("POST", "/hubs//negotiate", "", &own), 404),
        case("no hub at the client endpoint", http("POST", endpoint, "", &own), 400),
        case(
            "two hubs at the client endpoint",
            http("POST", endpoint, "hub=one&hub=two", &own),
            400,
        ),
        case("a hub in path and query", http("POST", hub, "hub=two", &own), 400),
        case("two versions", http("POST", hub, "negotiateVersion=0&negotiateVersion=1", &own), 400),
        case("a version that is none", http("POST", hub, "negotiateVersion=x", &own), 400),
        case(
            "a query that makes the address too long",
            http("POST", hub, &format!("x={}", "y".repeat(4000)), &[own[0], ("origin", ORIGIN)]),
            400,
        ),
        case(
            "a client token where the app's belongs",
            http("POST", hub, "", &[("authorization", &format!("Bearer {client}"))]),
            401,
        ),
    ]
}

fn origins() -> Vec<Case> {
    let origins = [
        "null",
        "https://evil.example",
        "http://app.example",
        "https://app.example:8443",
        "https://app.example.evil.example",
        "https://evil-app.example",
        "https://app.example/",
        "https://app.example@evil.example",
        "https://äpp.example",
        "*",
        "",
    ];
    let client = client(&json!({}));
    let bearer = format!("Bearer {}", app(&json!({})));
    let mut cases = Vec::new();
    for origin in origins {
        let query = pairs(&[("hub", "one"), ("access_token", &client)]);
        let headers = pairs(&[("origin", origin)]);
        let socket = Request::Upgrade { query, headers };
        cases.push(case(format!("a socket from '{origin}'"), socket, 403));
        let headers = pairs(&[("origin", origin), ("authorization", &bearer)]);
        for method in ["POST", "OPTIONS"] {
            let path = "/hubs/one/negotiate".to_owned();
            let query = String::new();
            let request = Request::Http { method, path, query, headers: headers.clone() };
            cases.push(case(format!("a {method} from '{origin}'"), request, 403));
        }
    }
    cases
}
