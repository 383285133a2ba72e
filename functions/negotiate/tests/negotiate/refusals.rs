//! What is refused, and how a page reads why.

use hubcast_model::access::Block;
use hubcast_model::front_door::{FRONT_DOOR_HEADER, FrontDoor};
use hubcast_model::ports::BlockStore;
use hubcast_testkit::clock::START;
use hubcast_testkit::token::{PUBLIC_URL, client_token};
use hubcast_testkit::{Fault, name};
use serde_json::{Value, json};

use crate::rig::{CLIENT, HUB, ORIGIN, body, header, rig, set_path, set_query, set_token, text};

type Change = fn(&mut Value);

/// What makes the recorded negotiation at a hub fail, and how.
const FAILURES: [(i64, &str, Change); 19] = [
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
    (404, "no such hub; did you mean 'notifications'?", |event| {
        set_path(event, "/hubs/notification");
    }),
    (404, "no such hub.", |event| set_path(event, "/hubs/no%20hub")),
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
