//! What the client endpoint hands out, and how requests may be spelt.

use hubcast_testkit::clock::START;
use hubcast_testkit::name;
use hubcast_testkit::token::{PUBLIC_URL, client_token};
use serde_json::{Value, json};

use crate::rig::{CLIENT, HUB, body, rig, set_path, set_query, set_token};

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

/// What is drawn by chance, or signed, has the same length.
#[tokio::test]
async fn clients_that_do_not_ask_get_the_same_answer_where_lines_are_granted_to_others() {
    for (version, query) in [
        (0, "hub=notifications"),
        (1, "hub=notifications&negotiateVersion=1"),
        (1, "hub=notifications&negotiateVersion=1&useStatefulReconnect=false"),
    ] {
        let answers = [false, true].map(async |grants_lines| {
            let mut rig = rig();
            rig.negotiation.grants_lines = grants_lines;
            let answer = rig.answer(CLIENT, |event| set_query(event, query)).await;
            let mut told = body(&answer);
            for name in ["connectionId", "connectionToken"] {
                if let Some(secret) = told.get_mut(name) {
                    *secret = secret.as_str().map(str::len).into();
                }
            }
            (answer.status_code, format!("{:?}", answer.headers), told.to_string())
        });
        let [without, with] = answers;
        let (without, with) = (without.await, with.await);
        assert_eq!(without, with, "{query}");
        assert!(with.2.contains(&format!("\"negotiateVersion\":{version}")), "{}", with.2);
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
