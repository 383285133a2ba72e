//! Bearers of the REST API, and paths that mean something else than was signed.

use hubcast_auth::LEEWAY;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::{Case, access_key, app, case, client_claims, pairs};
use crate::forge::{A, B, STRANGER, Signer, part, seconds, with};
use crate::rig::{HOST, PRIMARY, Request};

/// What all cases ask for: alice is put into a group.
pub(crate) const ADD: &str = "/api/hubs/one/users/alice/groups/g";
const VERSION: &str = "api-version=2024-12-01";
const RAW_PATH: &str = "x-hubcast-raw-path";

pub(super) fn cases() -> Vec<Case> {
    let unauthorised = [apps(), keys(), audiences(), shapes()].into_iter().flatten();
    let refused = unauthorised.map(|(what, token)| case(rest_name(what), puts(ADD, &token), 401));
    refused.chain(roles()).chain(hubs()).chain(paths()).chain(headers()).collect()
}

fn rest_name(what: &str) -> String {
    format!("REST: {what}")
}

/// A PUT with a bearer token.
pub(crate) fn puts(path: &str, token: &str) -> Request {
    with_headers(path, &[("authorization", &format!("Bearer {token}"))])
}

fn with_headers(path: &str, headers: &[(&str, &str)]) -> Request {
    let (path, headers) = (path.to_owned(), pairs(headers));
    Request::Http { method: "PUT", path, query: VERSION.to_owned(), headers }
}

/// What a good token of an app says to the REST API.
fn backend(changes: &Value) -> Value {
    let good = json!({ "aud": "api://hubcast-rest", "roles": ["Hubcast.Rest"], "idtyp": "app" });
    with(with(super::app_claims(), &good), changes)
}

/// A good token of an app, with these claims changed.
pub(crate) fn app_token(changes: &Value) -> String {
    A.token("a1", &backend(changes))
}

/// What the management SDK says when it calls a path.
pub(crate) fn caller(changes: &Value) -> Value {
    with(with(client_claims(), &json!({ "aud": format!("{HOST}{ADD}") })), changes)
}

/// A good token of the management SDK, with these claims changed.
pub(crate) fn signed(changes: &Value) -> String {
    access_key().token("x", &caller(changes))
}

fn apps() -> Vec<(&'static str, String)> {
    let leeway = i64::try_from(LEEWAY.as_secs()).expect("a number");
    let good = backend(&json!({}));
    vec![
        ("an app token for clients", app(&json!({ "roles": ["Hubcast.Rest"] }))),
        ("an app token for another API", app_token(&json!({ "aud": "api://hubcast-rest/x" }))),
        ("a token of a person", app_token(&json!({ "scp": "Hubcast.Rest" }))),
        ("a token of a person who has no scope", app_token(&json!({ "idtyp": "user" }))),
        ("a token of which nothing says that an app got it", app_token(&json!({ "idtyp": null }))),
        (
            "a person's ID token by an app that names itself",
            app_token(&json!({ "idtyp": null, "azp": "app", "oid": "a-person" })),
        ),
        (
            "a token of a person of an issuer that knows no oid",
            app_token(&json!({ "idtyp": null, "azp": "app", "scope": "openid" })),
        ),
        (
            "a person's token by an app that is another client",
            app_token(&json!({ "idtyp": null, "client_id": "app" })),
        ),
        ("an expired app token", app_token(&json!({ "exp": seconds(-leeway) }))),
        ("an app token of tomorrow", app_token(&json!({ "nbf": seconds(86_400) }))),
        ("an app token that never expires", app_token(&json!({ "exp": null }))),
        ("an app token of nobody", app_token(&json!({ "iss": null }))),
        (
            "an app token of an issuer for clients only",
            B.token("b1", &with(good.clone(), &json!({ "iss": "https://b.example" }))),
        ),
        ("an app token of an issuer that others sign for", B.token("b1", &good)),
        ("an app token signed by a stranger", STRANGER.token("a1", &good)),
        (
            "an app token by an algorithm that is not pinned",
            A.by(Algorithm::PS256).token("a2", &good),
        ),
        ("an app token signed with the access key", access_key().token("a1", &good)),
        (
            "an app token that is not signed",
            format!("{}.{}.", part(r#"{"alg":"none","typ":"JWT"}"#), part(good.to_string())),
        ),
    ]
}

fn keys() -> Vec<(&'static str, String)> {
    let good = caller(&json!({}));
    let by = |algorithm| Signer::secret(PRIMARY.as_bytes(), algorithm).token("x", &good);
    let another = b"another-key-0123456789-0123456789-012345";
    vec![
        ("an algorithm that the SDK does not sign with", by(Algorithm::HS512)),
        ("another key", Signer::secret(another, Algorithm::HS256).token("x", &good)),
        ("no key", Signer::secret(b"", Algorithm::HS256).token("x", &good)),
        ("an expired token of the SDK", signed(&json!({ "exp": seconds(-86_400) }))),
        ("a token of the SDK of tomorrow", signed(&json!({ "nbf": seconds(86_400) }))),
        ("a token of the SDK that never expires", signed(&json!({ "exp": null }))),
    ]
}

fn audiences() -> Vec<(&'static str, String)> {
    let path = |path: &str| signed(&json!({ "aud": format!("{HOST}{path}") }));
    vec![
        ("signed for another hub", path("/api/hubs/two/users/alice/groups/g")),
        ("signed for another user", path("/api/hubs/one/users/bob/groups/g")),
        ("signed for a name in other letters", path("/api/hubs/one/users/Alice/groups/g")),
        ("signed for what is before it", path("/api/hubs/one/users/alice")),
        ("signed for what is behind it", path("/api/hubs/one/users/alice/groups/g/x")),
        ("signed for all", path("/api/")),
        ("signed for a user called ..", path("/api/hubs/one/users/x/../alice/groups/g")),
        ("signed for an escaped ..", path("/api/hubs/one/users/x/%2E%2e/alice/groups/g")),
        ("signed for a .. with a tab in it", path("/api/hubs/one/users/x/.\t./alice/groups/g")),
        ("signed for a .. behind a backslash", path("/api/hubs/one/users/x\\../alice/groups/g")),
        ("signed for a user called .", path("/api/hubs/one/users/./alice/groups/g")),
        ("signed for a query that it has not", path("/api/hubs/one/users/alice/groups/g?ttl=1")),
        ("signed for the client endpoint", path("/client/?hub=one")),
        (
            "signed for another host",
            signed(&json!({ "aud": format!("https://other.example{ADD}") })),
        ),
        (
            "signed for a host that looks like ours",
            signed(&json!({ "aud": format!("{HOST}.example{ADD}") })),
        ),
        (
            "signed for ours as somebody's password",
            signed(&json!({ "aud": format!("https://hub.example@other.example{ADD}") })),
        ),
        ("signed for a path only", signed(&json!({ "aud": ADD }))),
        ("signed for nothing", signed(&json!({ "aud": null }))),
        ("signed for a list of nothing", signed(&json!({ "aud": [] }))),
        ("signed for an object", signed(&json!({ "aud": { "0": format!("{HOST}{ADD}") } }))),
    ]
}

fn shapes() -> Vec<(&'static str, String)> {
    let good = signed(&json!({}));
    vec![
        ("the access key itself", PRIMARY.to_owned()),
        ("nothing", String::new()),
        ("two tokens", format!("{good} {good}")),
        ("a token with something behind it", format!("{good}.x")),
        ("a token without its signature", good.rsplit_once('.').expect("parts").0.to_owned()),
    ]
}

/// Good tokens of apps that may do other things.
fn roles() -> Vec<Case> {
    let roles = [
        json!(null),
        json!([]),
        json!("hubcast.rest"),
        json!(["Hubcast.Rest.Read"]),
        json!("Other Hubcast.Rest"),
        json!([["Hubcast.Rest"]]),
        json!({ "Hubcast.Rest": true }),
    ];
    let of_role = |role: Value| {
        let token = app_token(&json!({ "roles": role }));
        case(rest_name(&format!("the role {role}")), puts(ADD, &token), 403)
    };
    roles.into_iter().map(of_role).collect()
}

/// Good tokens of apps that have the role on hub `one` only.
fn hubs() -> Vec<Case> {
    let token = app_token(&json!({ "aud": "api://hubcast-rest-one" }));
    let gets = |path: &str, query: &str| Request::Http {
        method: "GET",
        path: path.to_owned(),
        query: query.to_owned(),
        headers: pairs(&[("authorization", &format!("Bearer {token}"))]),
    };
    let cases = [
        ("another hub", puts("/api/hubs/two/users/alice/groups/g", &token)),
        (
            "a hub that is not there, of an app of one hub",
            puts("/api/hubs/nine/users/a/groups/g", &token),
        ),
        (
            "an application's hub of the name",
            gets("/api/hubs/one/:count", &format!("{VERSION}&application=two")),
        ),
        ("the members of another hub", gets("/api/hubs/two/connections", VERSION)),
        ("a key that signs for every hub", gets("/api/auth/accessKey", "")),
    ];
    cases.into_iter().map(|(what, request)| case(rest_name(what), request, 403)).collect()
}

fn paths() -> Vec<Case> {
    let token = app_token(&json!({}));
    let told = |path: &str, raw: &str| {
        let bearer = format!("Bearer {token}");
        with_headers(path, &[("authorization", &bearer), (RAW_PATH, raw)])
    };
    let other = "/api/hubs/one/users/bob/groups/g";
    let cases = [
        ("a path that is not the one told", told(ADD, other), 400),
        (
            "a path told in a way that no text is",
            told(ADD, "/api/hubs/one/users/%FF/groups/g"),
            400,
        ),
        (
            "an encoded path of which nothing is told",
            puts("/api/hubs/one/users/a%2Fb/groups/g", &token),
            400,
        ),
        ("a path that may be two", puts("/api/hubs/one/users/groups/groups/users/g", &token), 400),
        ("a hub that is not there", puts("/api/hubs/nine/users/alice/groups/g", &token), 404),
        (
            "a hub in a path that climbs",
            puts("/api/hubs/one/../two/users/alice/groups/g", &token),
            404,
        ),
        ("a method that the path has not", posts(ADD, &token), 405),
    ];
    cases
        .into_iter()
        .map(|(what, request, status)| case(rest_name(what), request, status))
        .collect()
}

fn posts(path: &str, token: &str) -> Request {
    super::post(path, VERSION, token)
}

/// Good tokens in the wrong place.
fn headers() -> Vec<Case> {
    let token = signed(&json!({}));
    let cases = [
        ("no header", with_headers(ADD, &[])),
        ("another scheme", with_headers(ADD, &[("authorization", &format!("Basic {token}"))])),
        ("no scheme", with_headers(ADD, &[("authorization", &token)])),
        (
            "the token in a header for proxies",
            with_headers(ADD, &[("proxy-authorization", &format!("Bearer {token}"))]),
        ),
        (
            "the token in the query",
            Request::Http {
                method: "PUT",
                path: ADD.to_owned(),
                query: format!("{VERSION}&access_token={token}"),
                headers: Vec::new(),
            },
        ),
    ];
    cases.into_iter().map(|(what, request)| case(rest_name(what), request, 401)).collect()
}
