//! Recorded `$connect` requests, and what the authorizer says to them.

use std::time::Duration;

use authorizer::{AuthorizerError, Door, handle};
use hubcast_model::client::ClaimPolicy;
use hubcast_model::front_door::{FRONT_DOOR_HEADER, FrontDoor};
use hubcast_model::groups::GroupPolicy;
use hubcast_model::id::HubName;
use hubcast_model::settings::{AccessKeys, Hubs};
use hubcast_model::time::Clock;
use hubcast_testkit::token::client_token;
use hubcast_testkit::{MemoryStore, TestClock, TestIssuer, event, name};
use serde_json::{Value, json};

const QUERY_TOKEN: &str = include_str!("../events/query-token.json");
const HEADER_TOKEN: &str = include_str!("../events/header-token.json");

type TestDoor = Door<TestIssuer, AccessKeys, MemoryStore, TestClock>;

fn door() -> TestDoor {
    Door {
        gatekeeper: TestIssuer::default().gatekeeper(),
        store: MemoryStore::default(),
        front_door: FrontDoor::default(),
        hubs: Hubs::Any,
        groups: GroupPolicy::default(),
        told_claims: ClaimPolicy::default(),
        clock: TestClock::default(),
    }
}

/// What the authorizer answers, as JSON.
async fn answer(
    door: &TestDoor,
    json: &str,
    change: impl FnOnce(&mut Value),
) -> Result<Value, AuthorizerError> {
    let answer = handle(door, event::recorded(json, change)).await?;
    Ok(serde_json::to_value(answer).unwrap_or_default())
}

fn effect(answer: &Value) -> &Value {
    &answer["policyDocument"]["Statement"][0]["Effect"]
}

fn set_query(event: &mut Value, name: &str, values: &[&str]) {
    event["queryStringParameters"][name] = json!(values.last());
    event["multiValueQueryStringParameters"][name] = json!(values);
}

fn is_unauthorized(answer: &Result<Value, AuthorizerError>) -> bool {
    answer.as_ref().is_err_and(|err| err.to_string() == "Unauthorized")
}

#[tokio::test]
async fn a_good_token_is_allowed_with_what_it_says() {
    let expected = json!({
        "principalId": "alice",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{
                "Action": ["execute-api:Invoke"],
                "Effect": "Allow",
                "Resource": ["arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/prod/$connect"],
            }],
        },
        "context": {
            "hub": "notifications",
            "userId": "alice",
            "tokenKind": "client",
            "tokenId": "t-7f3c",
            "issuedAt": "1795428000000",
            "groups": "[\"admins\"]",
        },
        "usageIdentifierKey": null,
    });
    for json in [QUERY_TOKEN, HEADER_TOKEN] {
        let mut answer = answer(&door(), json, |_| {}).await.unwrap();
        let session =
            answer["context"].as_object_mut().and_then(|context| context.remove("session"));
        // The digest of the token, which nobody can turn back into it.
        assert_eq!(session.and_then(|session| session.as_str().map(str::len)), Some(64));
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn an_app_token_brings_the_end_of_its_session() {
    let issuer = TestIssuer::default();
    let token = issuer.token(&json!({ "groups": ["admins", "staff"] }));
    let door = Door { gatekeeper: issuer.gatekeeper(), ..door() };
    let answer = answer(&door, QUERY_TOKEN, |event| set_query(event, "access_token", &[&token]));
    let context = answer.await.unwrap()["context"].take();
    assert_eq!(context["tokenKind"], "app");
    assert_eq!(context["sessionExpires"], "1795431600000");
    assert_eq!(context["groups"], "[\"admins\",\"staff\"]");
}

#[tokio::test]
async fn someone_without_a_user_id_is_anonymous() {
    let door = door();
    let token = client_token(&json!({ "nameid": null }));
    let answer = answer(&door, QUERY_TOKEN, |event| set_query(event, "access_token", &[&token]));
    let answer = answer.await.unwrap();
    assert_eq!(answer["principalId"], "anonymous");
    assert!(answer["context"].get("userId").is_none());
}

#[tokio::test]
async fn no_token_or_a_bad_one_is_unauthorized() {
    let expired = client_token(&json!({ "exp": 1 }));
    let elsewhere =
        client_token(&json!({ "aud": "https://evil.example/client/?hub=notifications" }));
    let tampered = format!("{}x", client_token(&json!({})));
    for token in ["", "nonsense", &expired, &elsewhere, &tampered] {
        let change = |event: &mut Value| set_query(event, "access_token", &[token]);
        let answer = answer(&door(), QUERY_TOKEN, change).await;
        assert!(is_unauthorized(&answer), "{token}: {answer:?}");
    }
    for scheme in ["", "Basic x", "Bearer", "Bearer "] {
        let change = |event: &mut Value| event["headers"]["Authorization"] = json!(scheme);
        let answer = answer(&door(), HEADER_TOKEN, change).await;
        assert!(is_unauthorized(&answer), "{scheme}: {answer:?}");
    }
}

#[tokio::test]
async fn a_token_counts_by_the_clock() {
    let door = door();
    assert!(answer(&door, QUERY_TOKEN, |_| {}).await.is_ok());
    // Five minutes, and one for clocks that differ.
    door.clock.advance(Duration::from_mins(6));
    assert!(is_unauthorized(&answer(&door, QUERY_TOKEN, |_| {}).await));
}

#[tokio::test]
async fn a_token_in_the_query_and_in_the_header_has_to_be_the_same_one() {
    let door = door();
    let header = |event: &mut Value, token: &str| {
        event["headers"]["Authorization"] = json!(format!("bearer {token}"));
    };
    let same = answer(&door, QUERY_TOKEN, |event| {
        let token = event["queryStringParameters"]["access_token"].as_str().map(str::to_owned);
        header(event, &token.unwrap_or_default());
    });
    assert_eq!(effect(&same.await.unwrap()), "Allow");
    let other = answer(&door, QUERY_TOKEN, |event| header(event, &client_token(&json!({}))));
    assert_eq!(effect(&other.await.unwrap()), "Deny");
}

#[tokio::test]
async fn names_of_the_query_have_no_case() {
    let respelled = |event: &mut Value| {
        for map in ["queryStringParameters", "multiValueQueryStringParameters"] {
            let token = event[map]["access_token"].take();
            let hub = event[map]["hub"].take();
            event[map] = json!({ "Access_Token": token, "HUB": hub });
        }
    };
    assert_eq!(effect(&answer(&door(), QUERY_TOKEN, respelled).await.unwrap()), "Allow");
    let twice = |event: &mut Value| set_query(event, "Hub", &["notifications"]);
    assert_eq!(effect(&answer(&door(), QUERY_TOKEN, twice).await.unwrap()), "Deny");
}

#[tokio::test]
async fn a_good_token_for_something_else_is_denied() {
    let twice = |name: &'static str| move |event: &mut Value| set_query(event, name, &["a", "b"]);
    for name in ["hub", "access_token", "id"] {
        let answer = answer(&door(), QUERY_TOKEN, twice(name)).await.unwrap();
        assert_eq!(effect(&answer), "Deny", "{name} stands twice");
        assert!(answer["context"].as_object().is_none_or(serde_json::Map::is_empty));
    }
    for hub in ["other", "", "no hub at all"] {
        let answer = answer(&door(), QUERY_TOKEN, |event| set_query(event, "hub", &[hub])).await;
        assert_eq!(effect(&answer.unwrap()), "Deny", "{hub}");
    }
}

#[tokio::test]
async fn a_hub_that_is_not_on_the_list_is_denied() {
    let orders: HubName = name::hub("orders");
    let door = Door { hubs: Hubs::Only(vec![orders]), ..door() };
    assert_eq!(effect(&answer(&door, QUERY_TOKEN, |_| {}).await.unwrap()), "Deny");
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_not_the_clients_fault() {
    let issuer = TestIssuer::default();
    let token = issuer.token(&json!({}));
    issuer.take_down();
    let door = Door { gatekeeper: issuer.gatekeeper(), ..door() };
    let answer = answer(&door, QUERY_TOKEN, |event| set_query(event, "access_token", &[&token]));
    assert!(matches!(answer.await, Err(AuthorizerError::Unavailable)));
}

#[tokio::test]
async fn a_connection_token_gives_the_socket_its_connection_id() {
    let door = door();
    let (hub, alice, now) = (name::hub("notifications"), name::user("alice"), door.clock.now());
    let connection = door.gatekeeper.mint_connection(&hub, Some(&alice), now).await.unwrap();
    let with_id =
        async |id: &str| answer(&door, QUERY_TOKEN, |event| set_query(event, "id", &[id])).await;
    let good = with_id(&connection.token).await.unwrap();
    assert_eq!(good["context"]["connectionId"], json!(connection.id.to_string()));
    let without = with_id("").await.unwrap();
    assert!(without["context"].get("connectionId").is_none());

    let bob = name::user("bob");
    let bobs = door.gatekeeper.mint_connection(&hub, Some(&bob), now).await.unwrap();
    for id in [&bobs.token, &connection.id.to_string(), "x.y"] {
        assert!(is_unauthorized(&with_id(id).await), "{id}");
    }
    door.clock.advance(Duration::from_secs(61));
    assert!(is_unauthorized(&with_id(&connection.token).await), "it is good for a minute");
}

/// A client with stateful reconnect shows the token of its negotiation each time.
#[tokio::test]
async fn an_expired_token_of_a_connection_that_outlives_its_sockets_is_good_for_coming_back() {
    let door = door();
    let (hub, alice, now) = (name::hub("notifications"), name::user("alice"), door.clock.now());
    let connection = door.gatekeeper.mint_line(&hub, Some(&alice), now).await.unwrap();
    let shown = async || {
        answer(&door, QUERY_TOKEN, |event| set_query(event, "id", &[&connection.token])).await
    };
    let early = shown().await.unwrap();
    assert_eq!(early["context"]["connectionId"], json!(connection.id.to_string()));
    assert!(early["context"].get("isLate").is_none());
    door.clock.advance(Duration::from_secs(61));
    assert_eq!(shown().await.unwrap()["context"]["isLate"], json!("true"));
}

#[tokio::test]
async fn the_longest_user_name_fits_the_answer() {
    let user = "\u{1f600}".repeat(1024);
    let token = client_token(&json!({ "nameid": user }));
    let door = door();
    let answer = answer(&door, QUERY_TOKEN, |event| set_query(event, "access_token", &[&token]));
    let answer = answer.await.unwrap();
    assert_eq!(answer["context"]["userId"], json!(user));
    assert!(answer.to_string().len() < 8 * 1024, "API Gateway takes 8 KB");
}

#[tokio::test]
async fn groups_that_do_not_fit_the_context_are_refused() {
    let groups =
        |count: usize| -> Vec<String> { (0..count).map(|n| format!("group-{n:04}")).collect() };
    let with = async |count: usize| {
        let token = client_token(&json!({ "hubcast.groups": groups(count) }));
        answer(&door(), QUERY_TOKEN, |event| set_query(event, "access_token", &[&token])).await
    };
    let most = with(300).await.unwrap();
    assert!(most.to_string().len() < 8 * 1024, "API Gateway takes 8 KB");
    assert!(is_unauthorized(&with(400).await));
}

#[tokio::test]
async fn events_may_have_more_and_less_than_those_recorded() {
    let door = door();
    let more = answer(&door, QUERY_TOKEN, |event| {
        event["context"] = json!({ "request_id": "5req-id" });
        event["requestContext"]["somethingNew"] = json!([1]);
    });
    assert_eq!(effect(&more.await.unwrap()), "Allow");
    let less = answer(&door, QUERY_TOKEN, |event| {
        event["multiValueQueryStringParameters"] = json!({});
        event["stageVariables"] = Value::Null;
        event["headers"] = Value::Null;
        event["requestContext"] = json!({});
        event["multiValueHeaders"] = Value::Null;
    });
    assert_eq!(effect(&less.await.unwrap()), "Allow");
}

#[tokio::test]
async fn the_event_of_another_kind_of_authorizer_is_refused() {
    let answer = answer(&door(), QUERY_TOKEN, |event| event["type"] = json!("TOKEN")).await;
    assert!(matches!(answer, Err(AuthorizerError::WrongEvent)));
}

#[tokio::test]
async fn claims_ride_along_when_backends_are_told_of_them() {
    let issuer = TestIssuer::default();
    let claims = json!({ "role": ["a", "b"], "tier": 1, "secret": "x" });
    let token = issuer.token(&claims);
    for (told_claims, told) in [
        (ClaimPolicy::default(), Value::Null),
        (ClaimPolicy::naming(Vec::new()), Value::Null),
        (
            ClaimPolicy::naming(vec!["role".to_owned(), "tier".to_owned(), "none".to_owned()]),
            json!("{\"role\":[\"a\",\"b\"],\"tier\":[\"1\"]}"),
        ),
    ] {
        let door = Door { gatekeeper: issuer.gatekeeper(), told_claims, ..door() };
        let set = |event: &mut Value| set_query(event, "access_token", &[&token]);
        let answer = answer(&door, QUERY_TOKEN, set).await.unwrap();
        assert_eq!(answer["context"]["claims"], told);
    }
}

#[tokio::test]
async fn of_a_client_token_all_claims_ride_along_but_those_about_itself() {
    let door = Door { told_claims: ClaimPolicy::naming(Vec::new()), ..door() };
    let answer = answer(&door, QUERY_TOKEN, |_| {}).await.unwrap();
    let claims: Value =
        serde_json::from_str(answer["context"]["claims"].as_str().unwrap()).unwrap();
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["nameid"]);
}

#[tokio::test]
async fn claims_that_do_not_fit_are_refused() {
    let issuer = TestIssuer::default();
    let token = issuer.token(&json!({ "essay": "x".repeat(7 * 1024) }));
    let told_claims = ClaimPolicy::naming(vec!["essay".to_owned()]);
    let door = Door { gatekeeper: issuer.gatekeeper(), told_claims, ..door() };
    let set = |event: &mut Value| set_query(event, "access_token", &[&token]);
    let refused = answer(&door, QUERY_TOKEN, set).await;
    assert!(matches!(refused, Err(AuthorizerError::Unauthorized)));
}

#[tokio::test]
async fn a_way_around_the_front_door_is_denied() {
    let secret = "front-door-0123456789";
    let front_door = FrontDoor::new(vec![secret.to_owned()]).unwrap();
    let issuer = TestIssuer::default();
    let door = Door { gatekeeper: issuer.gatekeeper(), front_door, ..door() };
    let token = issuer.token(&json!({}));
    for (shown, expected) in
        [(None, "Deny"), (Some("front-door-012345678"), "Deny"), (Some(secret), "Allow")]
    {
        let answer = answer(&door, QUERY_TOKEN, |event| {
            set_query(event, "access_token", &[&token]);
            if let Some(shown) = shown {
                event["headers"][FRONT_DOOR_HEADER] = json!(shown);
            }
        });
        assert_eq!(effect(&answer.await.unwrap()), expected, "{shown:?}");
    }
}
