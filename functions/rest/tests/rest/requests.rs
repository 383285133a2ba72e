//! Requests as API Gateway hands them over: paths that may mean several things, tokens, bodies.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hubcast_model::front_door::{FRONT_DOOR_HEADER, FrontDoor};
use hubcast_model::producers::Producers;
use hubcast_testkit::Fault;
use hubcast_testkit::token::{PUBLIC_URL, signed_for};
use serde_json::{Value, json};

use crate::rig::{EventPath, PATIENCE, rig, text};

#[tokio::test]
async fn a_recorded_send_goes_to_its_message_group() {
    let rig = rig();
    let answer = rig.answer(|_| {}).await;
    assert_eq!(answer.status_code, 202, "{}", text(&answer));
    let [sent] = rig.queue.sent().try_into().unwrap();
    let hubcast_model::ports::Outgoing { body, group, .. } = sent;
    assert_eq!(group, "notifications:user:alice");
    let expected = json!({
        "hub": "notifications", "userId": "alice", "target": "notify", "arguments": [{ "Text": "hi" }],
    });
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
}

#[tokio::test]
async fn a_name_with_a_slash_arrives_intact_when_it_is_told_how_it_was_encoded() {
    let rig = rig();
    let raw = "/api/hubs/notifications/users/a%2Fb%3F%25/:send";
    for path in ["/api/hubs/notifications/users/a/b?%/:send", raw] {
        let sent = rig.send(EventPath { path, raw: Some(raw) }, None).await;
        assert_eq!(sent, (202, vec!["notifications:user:a/b?%".to_owned()]), "{path}");
    }
}

#[tokio::test]
async fn a_misspelt_version_is_told_what_it_was_meant_to_be() {
    for (version, end) in [
        ("2024-12-1", "; did you mean '2024-12-01'?"),
        ("2022-06-10", "; did you mean '2022-06-01'?"),
        ("latest", "2026-07-01"),
    ] {
        let rig = rig();
        let answer = rig.answer(|event| {
            event["rawQueryString"] = json!(format!("api-version={version}"));
        });
        let answer = answer.await;
        assert_eq!(answer.status_code, 400, "{version}");
        let body: Value = serde_json::from_str(text(&answer)).unwrap();
        assert!(body["message"].as_str().unwrap().ends_with(end), "{version}: {body}");
    }
}

#[tokio::test]
async fn a_list_in_a_path_has_an_end() {
    let rig = rig();
    let to = async |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("u{n}")).collect();
        let path = format!("/api/v1-preview/hub/notifications/users/{}", names.join(","));
        let (status, groups) = rig.send(EventPath { path: &path, raw: None }, None).await;
        (status, groups.len())
    };
    assert_eq!((to(100).await, to(101).await), ((202, 100), (400, 0)));
}

#[tokio::test]
async fn a_path_is_refused_that_is_not_the_one_told_or_could_be_another() {
    let rig = rig();
    let plain = "/api/hubs/notifications/users/alice/:send";
    for (path, raw) in [
        (plain, Some("/api/hubs/notifications/users/bob/:send")),
        (plain, Some("/api/hubs/notifications/users/alic%65%FF/:send")),
        ("/api/hubs/notifications/users/a/b/:send", None),
        ("/api/hubs/notifications/users/a%2Fb/:send", None),
        ("/api/hubs/notifications/users/a?b/:send", None),
    ] {
        let sent = rig.send(EventPath { path, raw }, None).await;
        assert_eq!(sent, (400, vec![]), "{path} {raw:?}");
    }
    assert_eq!(rig.send(EventPath { path: plain, raw: None }, None).await.0, 202);
}

#[tokio::test]
async fn a_signed_audience_tells_how_the_path_was_encoded() {
    let rig = rig();
    let encoded = "/api/hubs/notifications/users/a%2Fb/:send";
    for suffix in ["", "?api-version=2024-12-01"] {
        let token = signed_for(&format!("{PUBLIC_URL}{encoded}{suffix}"));
        for path in [encoded, "/api/hubs/notifications/users/a/b/:send"] {
            let sent = rig.send(EventPath { path, raw: None }, Some(&token)).await;
            assert_eq!(sent, (202, vec!["notifications:user:a/b".to_owned()]), "{path}");
        }
    }
    for audience in [
        "/api/hubs/notifications/users/alice/:send?api-version=2022-06-01",
        "/api/hubs/notifications/users/bob/:send",
        "/api/hubs/notifications/users/alice",
        "/client/?hub=notifications",
    ] {
        let token = signed_for(&format!("{PUBLIC_URL}{audience}"));
        let path = "/api/hubs/notifications/users/alice/:send";
        assert_eq!(rig.send(EventPath { path, raw: None }, Some(&token)).await, (401, vec![]));
    }
}

#[tokio::test]
async fn bodies_come_in_three_types() {
    let rig = rig();
    let status = async |content_type: Option<&str>, body: &str, is_base64: bool| {
        let answer = rig.answer(|event| {
            let headers = event["headers"].as_object_mut().unwrap();
            headers.remove("content-type");
            headers.extend(content_type.map(|kind| ("content-type".to_owned(), json!(kind))));
            (event["body"], event["isBase64Encoded"]) = (json!(body), json!(is_base64));
        });
        answer.await.status_code
    };
    let message = r#"{"Target":"m"}"#;
    assert_eq!(status(None, message, false).await, 202);
    assert_eq!(status(None, &format!("\u{feff}{message}"), false).await, 202, "a byte order mark");
    assert_eq!(status(Some("Application/JSON; charset=utf-8"), message, false).await, 202);
    // {"Target":"m"}
    assert_eq!(status(Some("application/x-msgpack"), "gaZUYXJnZXShbQ==", true).await, 202);
    // {"json": {"type":1,"target":"m","arguments":[]}, "messagepack": ..}
    let record = "{\"type\":1,\"target\":\"m\",\"arguments\":[]}\u{1e}";
    let mut map = b"\x82\xabmessagepack\xc4\x01\x00\xa4json\xc4".to_vec();
    map.push(u8::try_from(record.len()).unwrap());
    map.extend_from_slice(record.as_bytes());
    let map = STANDARD.encode(&map);
    assert_eq!(status(Some("application/octet-stream"), &map, true).await, 202);
    // {"messagepack": a length, [1, {}, nil, "m", [42, "x"]]}
    let only = b"\x81\xabmessagepack\xc4\x0b\x0a\x95\x01\x80\xc0\xa1m\x92\x2a\xa1x";
    let only = STANDARD.encode(only);
    assert_eq!(status(Some("application/octet-stream"), &only, true).await, 202);
    let sent = rig.queue.sent().pop().unwrap().body;
    assert!(sent.ends_with(r#""target":"m","arguments":[42,"x"]}"#), "{sent}");
    assert_eq!(status(Some("text/plain"), message, false).await, 415);
    for (kind, body) in [("application/x-msgpack", "wQ=="), ("application/octet-stream", "gA==")] {
        assert_eq!(status(Some(kind), body, true).await, 400, "{kind}");
    }
    assert_eq!(status(None, "{", false).await, 400);
}

#[tokio::test]
async fn what_is_down_is_told_of_by_what_may_have_happened() {
    let rig = rig();
    rig.queue.fault("send", Fault::Unavailable);
    assert_eq!(rig.answer(|_| {}).await.status_code, 500);
    rig.store.fault("members", Fault::Unavailable);
    let look = rig.answer(|event| {
        event["rawPath"] = json!("/api/hubs/notifications/users/alice");
        event["requestContext"]["http"]["method"] = json!("HEAD");
    });
    assert_eq!(look.await.status_code, 503);
    rig.issuer.take_down();
    assert_eq!(rig.answer(|_| {}).await.status_code, 503);
}

#[tokio::test(start_paused = true)]
async fn what_hangs_is_told_of_before_the_gateway_gives_up() {
    let rig = rig();
    let code = |answer: &ApiGatewayV2httpResponse| {
        let code = answer.headers["x-ms-error-code"].to_str().unwrap().to_owned();
        (answer.status_code, code)
    };
    let begun = tokio::time::Instant::now();
    rig.queue.fault("send", Fault::Hang);
    let sent = rig.answer(|_| {}).await;
    assert_eq!(code(&sent), (500, "Error.Request.Failed".to_owned()));
    assert!(begun.elapsed() <= PATIENCE, "{:?}", begun.elapsed());
    rig.store.fault("socket", Fault::Hang);
    let invoked = rig.answer(|event| {
        event["rawPath"] = json!("/api/hubs/notifications/connections/c1/:invoke");
        event["rawQueryString"] = json!("api-version=2024-12-01");
    });
    let expected = (424, "Error.Connection.InvocationTimedOut".to_owned());
    assert_eq!(code(&invoked.await), expected, "the SDK must not invoke once more");
}

#[tokio::test]
async fn hubs_that_are_not_configured_are_not_there() {
    let rig = rig();
    let told = EventPath { path: "/api/hubs/other/:send", raw: None };
    assert_eq!(rig.send(told, None).await, (404, vec![]));
}

#[tokio::test]
async fn a_way_around_the_front_door_is_refused() {
    let secret = "front-door-0123456789";
    let mut rig = rig();
    rig.rest.front_door = FrontDoor::new(vec![secret.to_owned()]).unwrap();
    for (shown, expected) in [(None, 403), (Some("another-0123456789"), 403), (Some(secret), 202)] {
        let answer = rig.answer(|event| {
            if let Some(shown) = shown {
                event["headers"][FRONT_DOOR_HEADER] = json!(shown);
            }
        });
        assert_eq!(answer.await.status_code, expected, "{shown:?}");
    }
    assert_eq!(rig.queue.sent().len(), 1);
}

#[tokio::test]
async fn a_role_that_producers_name_may_do_what_they_say_and_the_key_everything() {
    let mut rig = rig();
    let list = r#"[{"role":"Hubcast.Rest","hubs":["notifications"],"actions":["message"]}]"#;
    rig.rest.producers = Producers::parse(list, Vec::new()).unwrap();
    let to = |path| EventPath { path, raw: None };
    let (send, close) =
        ("/api/hubs/notifications/:send", "/api/hubs/notifications/:closeConnections");
    assert_eq!(rig.send(to(send), None).await.0, 202);
    assert_eq!(rig.send(to(close), None).await.0, 403);
    for path in ["/api/hubs/notifications/:execute", "/api/hubs/notifications/:generateToken"] {
        assert_eq!(rig.send(to(path), None).await.0, 403, "{path}");
    }
    let key = signed_for(&format!("{PUBLIC_URL}{close}"));
    assert_eq!(rig.send(to(close), Some(&key)).await.0, 204);
}

#[tokio::test]
async fn steps_and_padded_names_are_no_names_in_paths() {
    let rig = rig();
    for (path, raw) in [
        ("/api/hubs/notifications/users/../:send", "/api/hubs/notifications/users/../:send"),
        ("/api/hubs/notifications/users/../:send", "/api/hubs/notifications/users/%2e%2E/:send"),
        ("/api/hubs/notifications/users/./:send", "/api/hubs/notifications/users/%2e/:send"),
        ("/api/hubs/notifications/groups/ a/:send", "/api/hubs/notifications/groups/%20a/:send"),
        (
            "/api/v1-preview/hub/notifications/users/ admin,bob",
            "/api/v1-preview/hub/notifications/users/%20admin,bob",
        ),
        (
            "/api/v1-preview/hub/notifications/groups/a, b",
            "/api/v1-preview/hub/notifications/groups/a,%20b",
        ),
    ] {
        let (status, groups) = rig.send(EventPath { path, raw: Some(raw) }, None).await;
        assert_eq!((status, groups.len()), (400, 0), "{raw}");
    }
    let (status, _) = rig
        .send(EventPath { path: "/api/hubs/notifications/users/../:send", raw: None }, None)
        .await;
    assert_eq!(status, 400);
}
