//! Recorded negotiations, and the answers that clients and browsers need.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use hubcast_connection::refresh::Refreshing;
use hubcast_membership::shards::Shards;
use hubcast_model::access::Block;
use hubcast_model::channel::ShardCounts;
use hubcast_model::client::ClaimPolicy;
use hubcast_model::front_door::{FRONT_DOOR_HEADER, FrontDoor};
use hubcast_model::groups::GroupPolicy;
use hubcast_model::ports::{BlockStore, GrantStore};
use hubcast_model::principal::TokenKind;
use hubcast_model::settings::{AccessKeys, Hubs, Origins, PublicUrl};
use hubcast_model::time::Clock;
use hubcast_testkit::clock::START;
use hubcast_testkit::token::{PUBLIC_URL, client_token};
use hubcast_testkit::{Fault, MemoryStore, TestClock, TestIssuer, event, name};
use negotiate::{Negotiation, handle};
use serde_json::{Value, json};

const HUB: &str = include_str!("../events/hub.json");
const CLIENT: &str = include_str!("../events/client.json");
const PREFLIGHT: &str = include_str!("../events/preflight.json");
const ORIGIN: &str = "https://app.example.com";

struct Rig {
    issuer: TestIssuer,
    negotiation: Negotiation<
        TestIssuer,
        AccessKeys,
        MemoryStore,
        Refreshing<MemoryStore, TestClock>,
        TestClock,
    >,
}

fn rig() -> Rig {
    let issuer = TestIssuer::default();
    let (store, clock) = (MemoryStore::default(), TestClock::default());
    let negotiation = Negotiation {
        gatekeeper: issuer.gatekeeper(),
        refresh: Refreshing::new(store.clone(), clock.clone(), Shards::new(ShardCounts::default())),
        store,
        clock,
        front_door: FrontDoor::default(),
        hubs: Hubs::Only(vec![name::hub("notifications"), name::hub("orders")]),
        origins: Origins::Only(vec![ORIGIN.to_owned()]),
        allowed_headers: vec!["x-tenant".to_owned()],
        public_url: PublicUrl::Fixed(PUBLIC_URL.to_owned()),
        groups: GroupPolicy::parse("tenant-{tid}").unwrap_or_default(),
        told_claims: ClaimPolicy::default(),
        close_on_token_expiry: false,
        grants_lines: true,
    };
    Rig { issuer, negotiation }
}

impl Rig {
    /// The recorded events hold no app token that could be good; they get one here.
    async fn answer(
        &self,
        json: &str,
        change: impl FnOnce(&mut Value),
    ) -> ApiGatewayV2httpResponse {
        let json = json.replace("APP_TOKEN", &self.issuer.token(&json!({ "groups": ["admins"] })));
        handle(&self.negotiation, event::recorded(&json, change)).await
    }

    async fn status(&self, json: &str, change: impl FnOnce(&mut Value)) -> i64 {
        self.answer(json, change).await.status_code
    }
}

fn text(answer: &ApiGatewayV2httpResponse) -> &str {
    match &answer.body {
        Some(Body::Text(text)) => text,
        _ => "",
    }
}

fn body(answer: &ApiGatewayV2httpResponse) -> Value {
    serde_json::from_str(text(answer)).unwrap_or_default()
}

fn header<'a>(answer: &'a ApiGatewayV2httpResponse, name: &str) -> Option<&'a str> {
    answer.headers.get(name).and_then(|value| value.to_str().ok())
}

fn set_token(event: &mut Value, token: &str) {
    event["headers"]["authorization"] = json!(format!("Bearer {token}"));
}

fn set_query(event: &mut Value, query: &str) {
    event["rawQueryString"] = json!(query);
}

fn set_path(event: &mut Value, path: &str) {
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["path"] = json!(path);
}

#[tokio::test]
async fn a_hub_redirects_to_the_client_endpoint_with_a_token_for_it() {
    let rig = rig();
    let answer = rig.answer(HUB, |_| {}).await;
    assert_eq!(answer.status_code, 200);
    assert_eq!(header(&answer, "content-type"), Some("application/json"));
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    let redirect = body(&answer);
    assert_eq!(redirect["url"], json!(format!("{PUBLIC_URL}/client/?hub=notifications")));
    assert_eq!(redirect["availableTransports"], json!([]));
    let token = redirect["accessToken"].as_str().unwrap();
    let (hub, now) = (name::hub("notifications"), rig.negotiation.clock.now());
    let Negotiation { gatekeeper, store, .. } = &rig.negotiation;
    let principal = gatekeeper.admit(store, token, &hub, now).await.unwrap();
    assert_eq!(principal.kind, TokenKind::Client);
    assert_eq!(principal.user, Some(name::user("alice")));
    assert_eq!(principal.groups, [name::group("admins")]);
}

#[tokio::test]
async fn a_client_token_is_as_old_as_the_app_token_that_it_comes_from() {
    let rig = rig();
    let issued = START.as_seconds() - 600;
    let token = rig.issuer.token(&json!({ "iat": issued }));
    let redirect = body(&rig.answer(HUB, |event| set_token(event, &token)).await);
    let token = redirect["accessToken"].as_str().unwrap();
    let hub = name::hub("notifications");
    let Negotiation { gatekeeper, store, .. } = &rig.negotiation;
    let principal = gatekeeper.admit(store, token, &hub, START).await.unwrap();
    assert_eq!(principal.issued_at.as_seconds(), issued, "a log-out since then refuses it too");
}

#[tokio::test]
async fn a_redirect_keeps_the_apps_own_query() {
    let query = "negotiateVersion=1&tenant=a%20b&useStatefulReconnect=true&tenant=c";
    let answer = rig().answer(HUB, |event| set_query(event, query)).await;
    let expected = format!("{PUBLIC_URL}/client/?hub=notifications&tenant=a+b&tenant=c");
    assert_eq!(body(&answer)["url"], json!(expected));
}

#[tokio::test]
async fn a_browser_with_a_long_client_token_gets_a_short_one_of_the_same_session() {
    let rig = rig();
    let end = START.as_seconds() + 900;
    for (pad, is_long) in [(2000, false), (3300, true)] {
        let long = client_token(&json!({
            "nameid": "alice", "tid": "t1", "pad": "p".repeat(pad), "iat": START.as_seconds() - 9,
            "hubcast.groups": ["admins"], "asrs.s.coae": "true", "asrs.s.aeo": end,
        }));
        let shown = |event: &mut Value| set_token(event, &long);
        let answer = rig.answer(CLIENT, shown).await;
        let Some(short) = body(&answer)["accessToken"].as_str().map(str::to_owned) else {
            assert!(!is_long && body(&answer)["connectionToken"].is_string(), "{}", text(&answer));
            continue;
        };
        assert!(is_long && short.len() < 1024, "{}", short.len());
        let expected = format!("{PUBLIC_URL}/client/?hub=notifications");
        assert_eq!(body(&answer)["url"], json!(expected));
        let hub = name::hub("notifications");
        let Negotiation { gatekeeper, store, .. } = &rig.negotiation;
        let of_long = gatekeeper.admit(store, &long, &hub, START).await.unwrap();
        let of_short = gatekeeper.admit(store, &short, &hub, START).await.unwrap();
        assert_eq!(of_short.user, of_long.user);
        assert_eq!(of_short.groups, of_long.groups);
        assert_eq!(of_short.issued_at, of_long.issued_at);
        assert_eq!(of_short.session, of_long.session);
        assert_eq!(of_short.session_expires, of_long.session_expires);
        assert_eq!(of_short.claims["tid"], "t1");
        let again = rig.answer(CLIENT, |event| set_token(event, &short)).await;
        assert!(body(&again)["connectionToken"].is_string(), "{}", text(&again));
        let elsewhere = |event: &mut Value| {
            set_token(event, &long);
            event["headers"].as_object_mut().unwrap().remove("origin");
        };
        let other = rig.answer(CLIENT, elsewhere).await;
        assert!(body(&other)["connectionToken"].is_string(), "others have a header for the token");
    }
}

#[tokio::test]
async fn paths_and_queries_have_names_without_case() {
    let rig = rig();
    for path in ["/HUBS/Notifications/Negotiate", "//hubs/notifications/negotiate"] {
        let answer = rig.answer(HUB, |event| {
            set_path(event, path);
            set_query(event, "NegotiateVersion=1&Tenant=a");
        });
        let url = json!(format!("{PUBLIC_URL}/client/?hub=notifications&Tenant=a"));
        assert_eq!(body(&answer.await)["url"], url, "{path}");
    }
    let answer = rig.answer(CLIENT, |event| {
        set_path(event, "/Client/negotiate");
        set_query(event, "Hub=notifications&NegotiateVersion=1");
    });
    assert_eq!(body(&answer.await)["negotiateVersion"], 1);
}

#[tokio::test]
async fn a_program_whose_origin_is_the_address_of_the_hub_is_at_home() {
    for (origin, status) in [(PUBLIC_URL, 200), ("https://elsewhere.example", 403)] {
        let own = |event: &mut Value| event["headers"]["origin"] = json!(origin);
        assert_eq!(rig().status(HUB, own).await, status, "{origin}");
    }
}

#[tokio::test]
async fn many_groups_are_kept_in_the_table() {
    let rig = rig();
    let groups: Vec<String> = (0..100).map(|n| format!("department-{n:04}")).collect();
    let token = rig.issuer.token(&json!({ "groups": groups }));
    let answer = rig.answer(HUB, |event| set_token(event, &token)).await;
    let redirect = body(&answer);
    let token = redirect["accessToken"].as_str().unwrap();
    assert!(token.len() < 1024, "it has to fit a URL");
    let hub = name::hub("notifications");
    let principal =
        rig.negotiation.gatekeeper.admit(&rig.negotiation.store, token, &hub, START).await.unwrap();
    assert!(principal.groups_in_grant);
    let kept = rig.negotiation.store.grant(&principal.token_id.unwrap(), START).await.unwrap();
    assert_eq!(kept.map(|groups| groups.len()), Some(100));
}

#[tokio::test]
async fn a_redirect_carries_the_claims_that_group_patterns_name_and_no_others() {
    let rig = rig();
    let token = rig.issuer.token(&json!({ "tid": "t1", "salary": 5 }));
    let redirect = body(&rig.answer(HUB, |event| set_token(event, &token)).await);
    let token = redirect["accessToken"].as_str().unwrap();
    let hub = name::hub("notifications");
    let principal =
        rig.negotiation.gatekeeper.admit(&rig.negotiation.store, token, &hub, START).await.unwrap();
    assert_eq!(principal.claims.get("tid").map(String::as_str), Some("t1"));
    assert!(!principal.claims.contains_key("salary"));
}

#[tokio::test]
async fn version_1_gets_a_connection_with_a_secret_token() {
    let rig = rig();
    let answer = body(&rig.answer(CLIENT, |_| {}).await);
    let transports = json!([{ "transport": "WebSockets", "transferFormats": ["Text"] }]);
    assert_eq!(answer["negotiateVersion"], 1);
    assert_eq!(answer["availableTransports"], transports);
    assert!(answer.get("useStatefulReconnect").is_none());
    let (id, token) =
        (answer["connectionId"].as_str(), answer["connectionToken"].as_str().unwrap());
    assert_eq!(token.split('.').next(), id);
    let (hub, alice) = (name::hub("notifications"), name::user("alice"));
    let gatekeeper = &rig.negotiation.gatekeeper;
    let verified = gatekeeper.connection(token, &hub, Some(&alice), START).await;
    assert_eq!(verified.unwrap().id.to_string(), id.unwrap());
}

#[tokio::test]
async fn version_0_takes_the_token_for_its_connection_id() {
    for query in ["hub=notifications", "hub=notifications&negotiateVersion=0"] {
        let answer = body(&rig().answer(CLIENT, |event| set_query(event, query)).await);
        assert_eq!(answer["negotiateVersion"], 0, "{query}");
        assert!(answer["connectionId"].as_str().unwrap().contains('.'), "{answer}");
        assert!(answer.get("connectionToken").is_none());
    }
}

#[tokio::test]
async fn the_client_endpoint_takes_app_tokens_and_the_hubs_no_client_tokens() {
    let rig = rig();
    let app = rig.issuer.token(&json!({}));
    assert_eq!(rig.status(CLIENT, |event| set_token(event, &app)).await, 200);
    let client = client_token(&json!({}));
    assert_eq!(rig.status(HUB, |event| set_token(event, &client)).await, 401);
}

#[tokio::test]
async fn a_preflight_is_answered_without_a_token() {
    let answer = rig().answer(PREFLIGHT, |_| {}).await;
    assert_eq!((answer.status_code, text(&answer)), (204, ""));
    assert_eq!(header(&answer, "access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(header(&answer, "access-control-allow-credentials"), Some("true"));
    assert_eq!(header(&answer, "access-control-allow-methods"), Some("POST, OPTIONS"));
    let headers = header(&answer, "access-control-allow-headers").unwrap();
    let headers: Vec<&str> = headers.split(", ").collect();
    let of_clients = ["authorization", "content-type", "x-requested-with", "x-signalr-user-agent"];
    let of_tracing =
        ["traceparent", "tracestate", "baggage", "request-id", "request-context", "sentry-trace"];
    assert_eq!(headers, [&of_clients[..], &of_tracing[..], &["x-tenant"]].concat());
}

type Change = fn(&mut Value);

/// What makes the recorded negotiation at a hub fail, and how.
const FAILURES: [(i64, &str, Change); 17] = [
    (400, "'negotiateVersion' stands more than once", |event| {
        set_query(event, "negotiateVersion=1&negotiateVersion=0");
    }),
    (400, "not a number", |event| set_query(event, "negotiateVersion=one")),
    (400, "leave ?hub out", |event| set_query(event, "hub=notifications")),
    (400, "one hub is needed", |event| set_path(event, "/client/negotiate")),
    (401, "set accessTokenFactory", |event| event["headers"]["authorization"] = json!("")),
    (401, "not valid", |event| set_token(event, "nonsense")),
    (404, "no such hub.", |event| set_path(event, "/hubs/unknown/negotiate")),
    (404, "no such hub; did you mean 'notifications'?", |event| {
        set_path(event, "/hubs/notificatons/negotiate");
    }),
    (404, "no such hub", |event| set_path(event, "/hubs/no%20hub/negotiate")),
    (400, "'negotiateVersion' stands more than once", |event| {
        set_query(event, "negotiateVersion=1&NegotiateVersion=1");
    }),
    (404, "/hubs/{hub}", |event| set_path(event, "/negotiate")),
    (400, "withUrl(\"https://push.example.com/hubs/notifications\").", |event| {
        set_path(event, "/hubs/notifications");
    }),
    (404, "push.example.com/hubs/orders.", |event| set_path(event, "/orders/negotiate")),
    (404, "push.example.com/hubs/orders.", |event| set_path(event, "/Orders")),
    (501, "Transient", |event| set_path(event, "/server/")),
    (501, "Transient", |event| set_path(event, "/Server/negotiate")),
    (405, "POST", |event| event["requestContext"]["http"]["method"] = json!("GET")),
];

#[tokio::test]
async fn every_failure_says_what_is_wrong_and_lets_the_page_read_it() {
    for (status, hint, change) in FAILURES {
        let answer = rig().answer(HUB, change).await;
        assert_eq!(answer.status_code, status, "{hint}: {}", text(&answer));
        assert!(text(&answer).contains(hint), "{hint}: {}", text(&answer));
        assert_eq!(header(&answer, "access-control-allow-origin"), Some(ORIGIN), "{hint}");
        assert_eq!(header(&answer, "access-control-allow-credentials"), Some("true"));
        assert_eq!(header(&answer, "vary"), Some("Origin"));
        assert_eq!(header(&answer, "www-authenticate").is_some(), status == 401);
        assert_eq!(header(&answer, "allow").is_some(), status == 405);
    }
}

#[tokio::test]
async fn a_token_that_is_good_for_something_else_makes_403() {
    let elsewhere = client_token(&json!({ "aud": format!("{PUBLIC_URL}/client/?hub=orders") }));
    assert_eq!(rig().status(CLIENT, |event| set_token(event, &elsewhere)).await, 403);
    let groups: Vec<String> = (0..400).map(|n| format!("group-{n:04}")).collect();
    let crowded = client_token(&json!({ "hubcast.groups": groups }));
    let of_program = |event: &mut Value| {
        set_token(event, &crowded);
        event["headers"].as_object_mut().unwrap().remove("origin");
    };
    let answer = rig().answer(CLIENT, of_program).await;
    assert_eq!(answer.status_code, 403);
    assert!(text(&answer).contains("negotiate at /hubs/{hub}"), "{}", text(&answer));
    let of_page = rig().answer(CLIENT, |event| set_token(event, &crowded)).await;
    assert!(
        body(&of_page)["accessToken"].is_string(),
        "a short one, whose groups are in the table"
    );
}

#[tokio::test]
async fn a_blocked_user_gets_no_connection() {
    for json in [HUB, CLIENT] {
        let rig = rig();
        let block = Block { until: None, not_before: Some(START) };
        rig.negotiation.store.put_block(None, &name::user("alice"), block).await.unwrap();
        let answer = rig.answer(json, |_| {}).await;
        assert_eq!(answer.status_code, 403);
        assert!(text(&answer).contains("logged out"), "{}", text(&answer));
    }
}

#[tokio::test]
async fn what_fails_here_is_a_500_without_details() {
    let rig = rig();
    rig.negotiation.store.fault("block", Fault::Unavailable);
    let answer = rig.answer(HUB, |_| {}).await;
    assert_eq!(answer.status_code, 500);
    assert!(!text(&answer).contains("told to fail"), "{}", text(&answer));
    assert_eq!(header(&answer, "access-control-allow-origin"), Some(ORIGIN));
    rig.negotiation.store.heal();
    rig.issuer.take_down();
    assert_eq!(rig.status(HUB, |_| {}).await, 500);
}

#[tokio::test]
async fn pages_of_other_origins_are_refused_unread() {
    for json in [HUB, PREFLIGHT] {
        let evil = |event: &mut Value| event["headers"]["origin"] = json!("https://evil.example");
        let answer = rig().answer(json, evil).await;
        assert_eq!(answer.status_code, 403);
        assert_eq!(header(&answer, "access-control-allow-origin"), None);
        assert_eq!(header(&answer, "vary"), Some("Origin"));
    }
    let program = |event: &mut Value| {
        event["headers"].as_object_mut().map(|headers| headers.remove("origin"));
    };
    let answer = rig().answer(HUB, program).await;
    assert_eq!(answer.status_code, 200);
    assert_eq!(header(&answer, "access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_session_ends_with_the_app_token_when_that_is_wanted() {
    for wanted in [false, true] {
        let rig = rig();
        let negotiation = Negotiation { close_on_token_expiry: wanted, ..rig.negotiation };
        let rig = Rig { negotiation, ..rig };
        let redirect = body(&rig.answer(HUB, |_| {}).await);
        let token = redirect["accessToken"].as_str().unwrap();
        let hub = name::hub("notifications");
        let principal = rig
            .negotiation
            .gatekeeper
            .admit(&rig.negotiation.store, token, &hub, START)
            .await
            .unwrap();
        let end = principal.session_expires.map(|end| end.as_seconds() - START.as_seconds());
        assert_eq!(end, wanted.then_some(3600));
    }
}

#[tokio::test]
async fn events_may_have_more_and_less_than_those_recorded() {
    let rig = rig();
    let change = |event: &mut Value| {
        set_path(event, "/prod/hubs/notifications/negotiate");
        event["requestContext"]["authentication"] = Value::Null;
        event["requestContext"]["somethingNew"] = json!(1);
        event["cookies"] = json!(["a=1"]);
        event["body"] = json!("");
        event.as_object_mut().map(|event| event.remove("queryStringParameters"));
    };
    assert_eq!(rig.status(HUB, change).await, 200);
}

#[tokio::test]
async fn a_way_around_the_front_door_is_refused() {
    let secret = "front-door-0123456789";
    let mut rig = rig();
    rig.negotiation.front_door = FrontDoor::new(vec![secret.to_owned()]).unwrap();
    for (shown, expected) in [(None, 403), (Some("another-0123456789"), 403), (Some(secret), 200)] {
        let answer = rig.answer(HUB, |event| {
            if let Some(shown) = shown {
                event["headers"][FRONT_DOOR_HEADER] = json!(shown);
            }
        });
        let answer = answer.await;
        assert_eq!(answer.status_code, expected, "{shown:?}");
        assert!(header(&answer, "access-control-allow-origin").is_some(), "its page can read it");
    }
}

#[tokio::test]
async fn a_client_that_asks_may_come_back_on_another_socket() {
    let granted = async |grants_lines: bool, query: &str| {
        let mut rig = rig();
        rig.negotiation.grants_lines = grants_lines;
        let token = client_token(&json!({ "nameid": "alice" }));
        let answer = rig.answer(CLIENT, |event| {
            set_token(event, &token);
            set_query(event, query);
        });
        let answer = body(&answer.await);
        let is_line = answer["connectionId"].as_str().unwrap().starts_with('~');
        assert_eq!(answer.get("useStatefulReconnect"), is_line.then_some(&json!(true)));
        is_line
    };
    let asks = "hub=notifications&negotiateVersion=1&useStatefulReconnect=true";
    assert!(granted(true, asks).await);
    assert!(!granted(false, asks).await);
    for query in [
        "hub=notifications&negotiateVersion=1",
        "hub=notifications&negotiateVersion=1&useStatefulReconnect=false",
        "hub=notifications&useStatefulReconnect=true",
    ] {
        assert!(!granted(true, query).await, "{query}");
    }
}
