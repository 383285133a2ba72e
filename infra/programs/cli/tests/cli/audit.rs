//! What is changed by the console's page is in the audit, with who changed it.

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::console::Console;
use crate::rig::{PATIENCE, Rig};

/// The local queue names one sender for every message.
const SENDER: &str = "000000000000";

impl Console {
    /// The answer to a question, once it has an answer: a line may come a moment after its change.
    async fn told(&self, path: &str) -> Vec<Value> {
        let asked = async {
            loop {
                let (status, told) = self.get(path).await;
                if status == StatusCode::OK {
                    return told["results"].as_array().unwrap().clone();
                }
                assert_eq!(status, StatusCode::NOT_FOUND, "{path}: {told}");
            }
        };
        timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("nothing of {path}"))
    }
}

/// What an entry says of the doer and the deed.
fn deed(entry: &Value) -> [&str; 4] {
    ["by", "who", "action", "outcome"].map(|name| entry["entry"][name].as_str().unwrap())
}

#[tokio::test]
async fn each_action_that_the_page_sends_names_its_sender() {
    let rig = Rig::start().await;
    let console = Console::opened(&rig, &["--allow-changes"]).await;
    for (action, more) in [
        ("close", json!({})),
        ("block", json!({ "ttlSeconds": 60 })),
        ("unblock", json!({})),
        ("add", json!({ "groupName": "g" })),
        ("remove", json!({ "groupName": "g" })),
    ] {
        let user = format!("audited-{action}");
        let mut envelope = json!({ "userId": user, "action": action });
        envelope.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, sent) = console.post("/api/messages", &envelope).await;
        assert_eq!(status, StatusCode::OK, "{sent}");
        let id = sent["results"][0]["ids"][0].as_str().unwrap();
        let by_message = console.told(&format!("/api/audit?message={id}")).await;
        assert_eq!(
            by_message.iter().map(deed).collect::<Vec<_>>(),
            [["sqs", SENDER, action, "done"]]
        );
        assert_eq!(console.told(&format!("/api/audit?user={user}")).await, by_message);
        let command = rig.run(&["audit", "--user", &user, "--json"]).await.exits(0).json();
        assert_eq!(command, by_message, "the page is told what the command tells");
    }
}

#[tokio::test]
async fn a_message_that_the_page_sends_names_its_sender_in_its_journey() {
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "audited"]).await;
    let console = Console::opened(&rig, &["--allow-changes"]).await;
    let envelope = json!({ "userId": "audited", "target": "toast", "arguments": [] });
    let (_, sent) = console.post("/api/messages", &envelope).await;
    alice.call().await;
    let id = sent["results"][0]["ids"][0].as_str().unwrap();
    let told = console.told(&format!("/api/why?message={id}")).await;
    let sentence = told[0]["sentence"].as_str().unwrap();
    assert!(sentence.ends_with(&format!("Sent by SQS, by {SENDER}.")), "{sentence}");
    let (status, none) = console.get(&format!("/api/audit?message={id}")).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "a message changes nothing: {none}");
}

#[tokio::test]
async fn letters_that_the_page_redrives_and_drops_name_the_operator() {
    let rig = Rig::start().await;
    for n in ["one", "two"] {
        let body = json!({ "userId": format!("audited-{n}"), "target": "late" }).to_string();
        rig.enqueue("dlq", n, &body, &[("RejectReason", "TooOld")]).await;
    }
    let console = Console::opened(&rig, &["--allow-changes"]).await;
    let letters = console.get("/api/letters").await.1;
    let letters = letters["results"].as_array().unwrap();
    assert_eq!(letters.len(), 2);
    for (letter, action) in letters.iter().zip(["redrive", "drop"]) {
        let ids = json!({ "ids": [letter["id"]] });
        let (status, told) = console.post(&format!("/api/letters/{action}"), &ids).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        let id = letter["progressKey"].as_str().unwrap().split('/').next().unwrap();
        let entries = console.told(&format!("/api/audit?message={id}&since=15m")).await;
        let deeds: Vec<_> = entries.iter().map(deed).collect();
        assert_eq!(deeds, [["operator", "local", action, "done"]]);
        assert_eq!(entries[0]["entry"]["audience_kind"], "user");
    }
    let by_operator = console.told("/api/audit?by=local").await;
    assert!(by_operator.len() >= 2, "{by_operator:?}");
}

#[tokio::test]
async fn a_question_to_the_audit_that_makes_no_sense_is_refused_in_words() {
    let rig = Rig::start().await;
    let console = Console::opened(&rig, &[]).await;
    for (path, words) in [
        ("/api/audit?message=a&user=b", "a message, a user or a doer"),
        ("/api/audit?user=", "a user's name"),
        ("/api/audit?since=soon", "90s, 30m, 3h or 2d"),
    ] {
        let (status, told) = console.get(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(told["failure"]["text"].as_str().unwrap().contains(words), "{told}");
    }
}
