//! What the log tells of messages and connections: the documented fields, and no name or payload.

use std::collections::BTreeSet;

use hubcast_delivery::Publish;
use hubcast_membership::presence::disconnect;
use hubcast_model::journey::connection::Ending;
use hubcast_model::journey::{Line, Step, fate, story};
use hubcast_model::ports::NoUpstream;
use hubcast_model::producers::Producers;
use hubcast_model::time::{Clock, Timestamp};
use hubcast_testkit::principal::principal;
use hubcast_testkit::queued::{in_group, message};
use hubcast_testkit::{Answer, name};
use serde_json::Value;

use crate::book::Book;
use crate::stage::{HUB, INVOCATION, PING, Stage};

const DOCUMENT: &str = include_str!("../../../docs/OPERATIONS.md");

impl Book {
    fn lines(&self) -> Vec<Line> {
        let text = self.text();
        let read = |(at, line): (u64, &str)| Line::read(Timestamp::from_millis(at), "f", line);
        (0..).zip(text.lines()).filter_map(read).collect()
    }

    /// The fields of the entries of the audit.
    fn audit(&self) -> Vec<Value> {
        self.fields("audit")
    }

    fn steps(&self) -> Vec<Step> {
        self.lines().iter().map(|line| line.step).collect()
    }

    fn sentence(&self) -> String {
        fate::of_message("m", &self.lines()).expect("a fate").sentence
    }
}

/// The names in the first column of a table of the section about log lines.
fn documented() -> BTreeSet<&'static str> {
    let (_, section) = DOCUMENT.split_once("\n## Log lines\n").expect("a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let first = |line: &'static str| line.strip_prefix("| ")?.split(" | ").next();
    let cells = section.lines().filter_map(first);
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

/// A stage with a tab of alice that is fine, one that is gone and one that does not take a post.
async fn stage_of_three() -> Stage {
    let stage = Stage::default();
    for id in ["fine=", "gone=", "stuck="] {
        stage.user(id, "alice").await;
    }
    stage.gateway.always(&name::socket("gone="), Answer::Gone);
    stage.gateway.always(&name::socket("stuck="), Answer::Throttled);
    stage
}

#[tokio::test(start_paused = true)]
async fn a_message_to_three_tabs_is_told_tab_by_tab() {
    let (book, _guard) = Book::open();
    let stage = stage_of_three().await;
    stage.publish([message("m", r#"{"userId":"alice","target":"t"}"#)]).await;
    let held = "Comes again, since posts failed, and 1 connection did not get it yet (attempt 1).";
    assert_eq!(book.sentence(), held);
    let mut again = message("m", r#"{"userId":"alice","target":"t"}"#);
    again.receive_count = 2;
    stage.user("new=", "bob").await;
    let other = message("n", r#"{"userId":"bob","target":"t"}"#);
    stage.publish([again, other]).await;
    assert!(book.steps().contains(&Step::Resumed));
    let sentence = book.sentence();
    assert!(sentence.starts_with("Reached 1 connection in "), "{sentence}");
    let losses = "; 1 was gone; 1 was stalled and sent to connect anew.";
    assert!(sentence.ends_with(losses), "{sentence}");
    let lines = book.lines();
    let gone = lines.iter().find(|line| line.text("why") == Some("gone")).expect("an end");
    assert_eq!((gone.step, gone.text("socket_id")), (Step::Closed, Some("gone=")));
}

#[tokio::test(start_paused = true)]
async fn a_bad_element_is_told_with_its_reason_and_its_neighbours_without() {
    let (book, _guard) = Book::open();
    let stage = Stage::default();
    stage.user("a=", "alice").await;
    let body = r#"[{"userId":"alice","target":"t"},{"usrId":"alice","target":"t"}]"#;
    stage.publish([message("m", body)]).await;
    let sentence = book.sentence();
    assert!(sentence.contains("Element 0: Reached 1 connection"), "{sentence}");
    assert!(sentence.contains("Element 1: Rejected (UnknownProperty)"), "{sentence}");
}

#[tokio::test(start_paused = true)]
async fn a_job_of_three_thousand_sockets_is_told_by_all_its_jobs_and_its_first_sender() {
    let (book, _guard) = Book::open();
    let stage = Stage::default();
    for n in 0..3000 {
        stage.user(&format!("s{n}="), &format!("u{n}")).await;
    }
    let mut queued = in_group("m", "n:hub", r#"{"everyone":true,"target":"t"}"#);
    queued.sender = "AROAAPP:session".to_owned();
    stage.publisher_for(1000).publish(vec![queued], INVOCATION).await;
    let jobs = stage.queue.jobs();
    let sentence = book.sentence();
    let none = format!("0 of {} jobs have ended, and reached 0 connections.", jobs.len());
    assert_eq!(sentence, none);
    for (n, job) in jobs.iter().enumerate() {
        let mut queued = in_group(&format!("j{n}"), &job.group, &job.body);
        queued.sender = "AROAPUBLISHER:p".to_owned();
        stage.publisher_for(1000).publish(vec![queued], INVOCATION).await;
    }
    let sentence = book.sentence();
    let all = format!("Reached 3000 connections by {} jobs in ", jobs.len());
    assert!(sentence.starts_with(&all), "{sentence}");
    let sender = fate::sender("m", &book.lines());
    assert_eq!(sender.as_deref(), Some("Sent by SQS, by AROAAPP:session."));
}

#[tokio::test(start_paused = true)]
async fn an_action_of_jobs_is_told_as_that_action_and_audited_once_by_its_first_sender() {
    let (book, _guard) = Book::open();
    let stage = Stage::default();
    for n in 0..6 {
        stage.user(&format!("s{n}="), &format!("u{n}")).await;
    }
    let mut queued = in_group("m", "n:hub", r#"{"action":"close","everyone":true}"#);
    queued.sender = "AROAAPP:session".to_owned();
    stage.publisher_for(2).publish(vec![queued], INVOCATION).await;
    let jobs = stage.queue.jobs();
    let none = format!("'close' is under way: 0 of {} jobs have ended.", jobs.len());
    assert_eq!(book.sentence(), none);
    for (n, job) in jobs.iter().enumerate() {
        let mut queued = in_group(&format!("j{n}"), &job.group, &job.body);
        queued.sender = "AROAPUBLISHER:p".to_owned();
        stage.publisher_for(2).publish(vec![queued], INVOCATION).await;
    }
    let sentence = book.sentence();
    let all = format!("'close' was carried out by {} jobs in ", jobs.len());
    assert!(sentence.starts_with(&all), "{sentence}");
    assert!(sentence.ends_with(", and 6 connections were told."), "{sentence}");
    let senders: Vec<Value> = book.audit().into_iter().map(|entry| entry["who"].clone()).collect();
    assert_eq!(senders, ["AROAAPP:session"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_told_by_where_it_is_kept() {
    for (property, sentence) in [
        (r#""keepSeconds":60"#, "Nobody was there, and the message waits."),
        (r#""retain":"key""#, "Nobody was there, and the message is retained for those who come."),
    ] {
        let (book, _guard) = Book::open();
        let body = format!(r#"{{"userId":"alice","target":"t",{property}}}"#);
        Stage::default().publish([message("m", &body)]).await;
        assert_eq!(book.sentence(), sentence);
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_out_is_told_with_its_message() {
    let (book, _guard) = Book::open();
    let stage = Stage::default();
    stage.user("a=", "alice").await;
    stage.publish([message("m", r#"{"action":"close","userId":"alice"}"#)]).await;
    let lines = book.lines();
    let end = lines.iter().find(|line| line.step == Step::Closed).expect("an end");
    assert_eq!((end.text("by"), end.text("message_id")), (Some("backend"), Some("m")));
    let told = lines.iter().find(|line| line.step == Step::Closing).expect("a farewell");
    let names = ["by", "why", "message_id", "connection_id"].map(|name| told.text(name));
    assert_eq!(names, ["backend", "asked", "m", "a="].map(Some));
    assert_eq!(told.text("user"), end.text("user"));
    assert!(book.sentence().starts_with("'close' was carried out in "), "{}", book.sentence());
}

/// The last frame of a client may be answered after the end of its socket.
#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_is_told_to_have_left_whenever_its_last_frame_is_answered() {
    let (book, _guard) = Book::open();
    let stage = Stage::default();
    let alice = stage.user("a=", "alice").await;
    let (ending, now) = (Ending::Disconnected(Some(1000)), stage.clock.now());
    let queue = None::<&NoUpstream>;
    disconnect(&stage.store, queue, &alice.socket, &ending, now).await.expect("an end");
    stage.answer(&alice, PING).await;
    assert!(book.steps().contains(&Step::Closing));
    let told = story::of_connection(alice.connection().as_str(), &book.lines()).expect("a story");
    let left = "The connection was closed by its client or the network (code 1000).";
    assert!(told.starts_with(left), "{told}");
}

#[tokio::test(start_paused = true)]
async fn every_line_has_documented_fields_and_nobody_s_name_or_payload() {
    let (book, _guard) = Book::open();
    let stage = stage_of_three().await;
    let bodies = [
        r#"{"userId":"alice","target":"secretMethod","arguments":["secretArgument"]}"#,
        r#"{"groupName":"admins","target":"secretMethod"}"#,
        r#"{"connectionId":"fine=","target":"secretMethod"}"#,
        r#"{"userIds":["alice","carol"],"target":"secretMethod"}"#,
        r#"{"userId":"carol","target":"secretMethod","keepSeconds":60}"#,
        r#"{"userId":"alice","target":"secretMethod","retain":"secretKey"}"#,
        r#"{"userId":"alice","target":"secretMethod","arguments":{"secretArgument":1}}"#,
        r#"{"userId":"alice","target":"secretMethod","expiresAt":"2001-01-01T00:00:00Z"}"#,
        r#"{"action":"add","userId":"alice","groupName":"admins"}"#,
        r#"{"action":"block","userId":"carol"}"#,
        r#"{"action":"unblock","userId":"carol"}"#,
        r#"{"everyone":true,"target":"secretMethod"}"#,
        r#"{"action":"close","userId":"alice"}"#,
        "secretText",
    ];
    for (n, body) in bodies.into_iter().enumerate() {
        let mut queued = message(&format!("m{n}"), body);
        queued.group = "n:user:alice".to_owned();
        stage.publish([queued]).await;
    }
    let carol = principal(HUB, "carol");
    stage.ready_with("c=", carol).await;
    let (text, known) = (book.text(), documented());
    for word in ["alice", "carol", "admins", "secret"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        if line["target"] != "journey" && line["target"] != "audit" {
            continue;
        }
        for name in line["fields"].as_object().expect("fields").keys() {
            assert!(known.contains(name.as_str()), "{name} is not documented: {line}");
        }
    }
    for step in [Step::Delivered, Step::Kept, Step::Replayed, Step::Rejected, Step::Closed] {
        assert!(book.steps().contains(&step), "{step:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_action_is_audited_with_its_sender_and_its_message() {
    let (book, _guard) = Book::open();
    let stage = Stage::default();
    let bodies = [
        r#"{"action":"add","userId":"alice","groupName":"g"}"#,
        r#"{"action":"remove","userId":"alice","groupName":"g"}"#,
        r#"{"action":"removeAll","userId":"alice"}"#,
        r#"{"action":"settle","userId":"alice"}"#,
        r#"{"action":"show","userId":"alice","groupName":"g"}"#,
        r#"{"action":"close","userId":"alice"}"#,
        r#"{"action":"block","userId":"alice"}"#,
        r#"{"action":"unblock","userId":"alice"}"#,
    ];
    for (n, body) in bodies.into_iter().enumerate() {
        let mut queued = message(&format!("m{n}"), body);
        queued.sender = "AROAAPP:session".to_owned();
        stage.publish([queued]).await;
    }
    let audited = book.audit();
    let field = |name: &'static str| audited.iter().map(move |entry| entry[name].clone());
    let actions = ["add", "remove", "removeAll", "settle", "show", "close", "block", "unblock"];
    assert_eq!(field("action").collect::<Vec<_>>(), actions);
    assert!(field("who").all(|sender| sender == "AROAAPP:session"));
    assert!(field("roles").all(|role| role == "AROAAPP"));
    assert!(field("outcome").all(|outcome| outcome == "done"));
    let ids: Vec<Value> = (0..actions.len()).map(|n| format!("m{n}").into()).collect();
    assert_eq!(field("message_id").collect::<Vec<_>>(), ids);
    assert!(
        field("audience").all(|audience| audience.as_str().is_some_and(|name| name.len() == 16))
    );
    assert_eq!(field("groups").filter(|groups| groups != "none").count(), 3);
    assert_complete(&audited);
}

#[tokio::test(start_paused = true)]
async fn a_sender_who_may_not_is_audited_with_what_was_asked_for() {
    let (book, _guard) = Book::open();
    let listed = r#"[{"sender":"AROAAPP:*","hubs":["n"],"actions":["message"]}]"#;
    let producers = Producers::parse(listed, Vec::new()).expect("a list");
    let stage = Stage::default();
    let publisher = stage.publisher_of(producers);
    let bodies = [
        r#"[{"userId":"alice","target":"t"},{"action":"close","userId":"alice"}]"#,
        r#"{"hub":"other","userId":"alice","target":"t"}"#,
        r#"{"job":{"key":"k","channels":[]},"element":{"target":"t"}}"#,
    ];
    for (n, body) in bodies.into_iter().enumerate() {
        let mut queued = message(&format!("m{n}"), body);
        queued.sender = "AROAAPP:session".to_owned();
        publisher.publish(vec![queued], INVOCATION).await;
    }
    let audited = book.audit();
    let told: Vec<String> = audited
        .iter()
        .map(|entry| {
            ["action", "outcome", "hub", "message_id", "element"]
                .map(|name| entry[name].as_str().unwrap_or_default())
                .join(" ")
        })
        .collect();
    let wanted =
        ["close refused n m0 1", "message refused other m1 0", "job refused unknown m2 none"];
    assert_eq!(told, wanted);
    assert_complete(&audited);
}

/// Every entry has every field of the document, and each says something.
fn assert_complete(audited: &[Value]) {
    assert!(!audited.is_empty());
    for entry in audited {
        let fields = entry.as_object().expect("fields");
        assert_eq!(fields.len(), 15, "{entry}");
        assert!(fields.values().all(|text| text.as_str().is_some_and(|text| !text.is_empty())));
    }
}

/// The cost table counts bytes, so it has to know how long a line is.
#[tokio::test(start_paused = true)]
async fn a_line_is_as_long_as_the_cost_table_says() {
    const COST: &str = include_str!("../../../infra/cloud/cost/cost.mjs");
    let (_, rest) = COST.split_once("JOURNEY_LINE_BYTES = ").expect("a figure");
    let figure: usize =
        rest.split(';').next().and_then(|text| text.parse().ok()).expect("a number");
    let (book, _guard) = Book::open();
    let stage = Stage::default();
    stage.user("L0SM9cOFvHcCIhw=", "alice").await;
    let id = "059f36b4-87a3-44ab-83d2-661975950001";
    let mut queued = message(id, r#"{"userId":"alice","target":"t"}"#);
    queued.sender = "AROAEXAMPLEEXAMPLEEXA:backend-7f9c44d6d-x2".to_owned();
    stage.publish([queued]).await;
    let text = book.text();
    let line = text.lines().find(|line| line.contains(r#""step":"delivered""#)).expect("a line");
    // What Lambda's runtime adds: the span of the request, with its id and the id of the trace.
    let bytes = line.len()
        + r#","spans":[{"requestId":"","xrayTraceId":"","name":"Lambda runtime invoke"}]"#.len()
        + 36
        + 74;
    assert!((figure * 9 / 10..=figure).contains(&bytes), "{bytes} bytes: {line}");
}

#[test]
fn every_step_is_documented() {
    let known = documented();
    for step in Step::ALL {
        assert!(known.contains(step.as_str()), "{step:?}");
    }
    assert_eq!(HUB, "n", "the hub of the digests");
}
