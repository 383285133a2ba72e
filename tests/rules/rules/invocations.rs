//! The methods that clients may invoke.

use std::time::Duration;

use hubcast_model::access::Standing;
use hubcast_model::context::Admission;
use hubcast_model::context::Caller;
use hubcast_model::principal::Principal;
use hubcast_testkit::Fault;
use hubcast_testkit::principal::{anonymous, joinable, principal};
use serde_json::{Value, json};

use crate::stage::{GROUPS_MAX, HUB, PING, SHAKE, Stage, close, invoke, with_groups};

/// A caller that is ready and may join groups by these patterns.
async fn ready(stage: &Stage, who: Principal, patterns: &str) -> Caller {
    let caller = stage.ready("s1=", who).await;
    let principal = caller.admission.principal.clone();
    Caller { admission: Admission { principal, joinable: joinable(patterns) }, ..caller }
}

async fn call(stage: &Stage, caller: &Caller, target: &str, arguments: Value) -> Value {
    let replies = stage.replies(caller, &invoke("7", target, &arguments)).await;
    let [reply] = replies.try_into().expect("one completion");
    assert_eq!((&reply["type"], &reply["invocationId"]), (&json!(3), &json!("7")));
    reply
}

fn error(completion: &Value) -> &str {
    completion["error"].as_str().expect("an error")
}

#[tokio::test]
async fn a_group_is_joined_and_left_whatever_the_case_of_the_method() {
    let stage = Stage::default();
    let alice = ready(&stage, principal(HUB, "alice"), "room-*").await;
    for (join, leave) in
        [("JoinGroup", "LeaveGroup"), ("joingroup", "leavegroup"), ("JOINGROUP", "leaveGroup")]
    {
        let done = json!({ "type": 3, "invocationId": "7" });
        assert_eq!(call(&stage, &alice, join, json!(["room-1"])).await, done);
        assert!(stage.is_in(&alice, "room-1"));
        stage.send(r#"{"groupName":"room-1","target":"t"}"#).await;
        assert_eq!(call(&stage, &alice, leave, json!(["room-1"])).await, done);
        assert!(!stage.is_in(&alice, "room-1"));
        stage.send(r#"{"groupName":"room-1","target":"late"}"#).await;
    }
    assert_eq!(stage.called(&alice), ["t", "t", "t"]);
    assert_eq!(stage.store.orphans(), []);
}

#[tokio::test]
async fn a_connection_learns_its_id() {
    let stage = Stage::default();
    let claimed = stage.claimed("s1=", "c").await;
    let reply = call(&stage, &claimed, "getConnectionId", json!([])).await;
    assert_eq!(reply["result"], "c");
    let own = stage.ready("s2=", anonymous(HUB)).await;
    let reply = call(&stage, &own, "GETCONNECTIONID", json!([])).await;
    assert_eq!(reply["result"], "s2=");
}

#[tokio::test]
async fn without_an_invocation_id_there_is_no_completion() {
    let stage = Stage::default();
    let alice = ready(&stage, principal(HUB, "alice"), "room-*").await;
    for (target, arguments) in
        [("JoinGroup", json!(["room-1"])), ("JoinGroup", json!(["no"])), ("Nonsense", json!([]))]
    {
        assert_eq!(stage.answer(&alice, &invoke("", target, &arguments)).await, PING);
    }
    assert!(stage.is_in(&alice, "room-1") && !stage.is_in(&alice, "no"));
}

#[tokio::test]
async fn every_invocation_of_a_frame_is_completed_in_order() {
    let stage = Stage::default();
    let alice = ready(&stage, principal(HUB, "alice"), "*").await;
    let calls = ["a", "b", "c"].map(|group| invoke(group, "JoinGroup", &json!([group])));
    let replies = stage.replies(&alice, &calls.concat()).await;
    let ids: Vec<&Value> = replies.iter().map(|reply| &reply["invocationId"]).collect();
    assert_eq!(ids, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_group_is_joinable_by_token_or_pattern_only() {
    let stage = Stage::default();
    let who = with_groups(principal(HUB, "alice"), &["mine"]);
    let alice = ready(&stage, who, "room-*").await;
    call(&stage, &alice, "LeaveGroup", json!(["mine"])).await;
    let joined = call(&stage, &alice, "JoinGroup", json!(["mine"])).await;
    assert!(joined.get("error").is_none() && stage.is_in(&alice, "mine"));

    let refused = call(&stage, &alice, "JoinGroup", json!(["admins"])).await;
    assert_eq!(
        error(&refused),
        "Failed to invoke 'JoinGroup' because user is unauthorized. The group 'admins' is not one that your token names or that clients may join; ask the backend to add you."
    );
    assert!(!stage.is_in(&alice, "admins"));
}

#[tokio::test]
async fn a_group_that_the_backend_denied_cannot_be_joined() {
    let stage = Stage::default();
    let who = with_groups(principal(HUB, "alice"), &["mine"]);
    let alice = ready(&stage, who, "room-*").await;
    for group in ["mine", "room-1"] {
        stage.put_membership("alice", group, Standing::Denied).await;
        let refused = call(&stage, &alice, "JoinGroup", json!([group])).await;
        assert!(error(&refused).contains("unauthorized"), "{refused}");
        assert!(!stage.is_in(&alice, group));
    }
    assert_eq!(stage.store.orphans(), []);
}

#[tokio::test]
async fn a_connection_is_in_a_bounded_number_of_groups() {
    let stage = Stage::default();
    let alice = ready(&stage, principal(HUB, "alice"), "*").await;
    for n in 0..GROUPS_MAX {
        let joined = call(&stage, &alice, "JoinGroup", json!([format!("g{n}")])).await;
        assert!(joined.get("error").is_none(), "{joined}");
    }
    let refused = call(&stage, &alice, "JoinGroup", json!(["more"])).await;
    assert!(error(&refused).ends_with("A connection may be in at most 5 groups."), "{refused}");
    assert!(!stage.is_in(&alice, "more"));

    call(&stage, &alice, "LeaveGroup", json!(["g0"])).await;
    let joined = call(&stage, &alice, "JoinGroup", json!(["more"])).await;
    assert!(joined.get("error").is_none(), "{joined}");
}

#[tokio::test]
async fn wrong_arguments_are_explained() {
    let stage = Stage::default();
    let alice = ready(&stage, principal(HUB, "alice"), "*").await;
    let too_long = "g".repeat(1025);
    for arguments in
        [json!([]), json!(["a", "b"]), json!([7]), json!([" "]), json!(["a\nb"]), json!([too_long])]
    {
        for target in ["JoinGroup", "LeaveGroup"] {
            let refused = call(&stage, &alice, target, arguments.clone()).await;
            let start = format!("Failed to invoke '{target}' due to an error on the server. ");
            assert!(error(&refused).starts_with(&start), "{refused}");
        }
    }
}

#[tokio::test]
async fn unknown_methods_are_named_and_cut() {
    let stage = Stage::default();
    let alice = ready(&stage, principal(HUB, "alice"), "").await;
    let reply = call(&stage, &alice, "Broadcast", json!([1])).await;
    assert_eq!(error(&reply), "Unknown hub method 'Broadcast'");
    let reply = call(&stage, &alice, &"語".repeat(300), json!([])).await;
    assert_eq!(error(&reply), format!("Unknown hub method '{}'", "語".repeat(200)));
}

#[tokio::test]
async fn a_stream_is_refused_with_a_completion() {
    let stage = Stage::default();
    let alice = ready(&stage, principal(HUB, "alice"), "").await;
    let call = json!({ "type": 4, "invocationId": "7", "target": "Count", "arguments": [] });
    let [reply] = stage.replies(&alice, &format!("{call}\u{1e}")).await.try_into().unwrap();
    assert_eq!(reply["invocationId"], "7");
    assert_eq!(error(&reply), "Unknown hub method 'Count'");
    let call = json!({ "type": 4, "invocationId": "8", "target": "JoinGroup", "arguments": ["g"] });
    let [reply] = stage.replies(&alice, &format!("{call}\u{1e}")).await.try_into().unwrap();
    assert!(error(&reply).contains("non-streaming 'JoinGroup'"), "{reply}");
}

#[tokio::test]
async fn what_needs_no_answer_gets_none() {
    let stage = Stage::default();
    let alice = ready(&stage, principal(HUB, "alice"), "").await;
    let records = [
        json!({ "type": 2, "invocationId": "1", "item": 1 }),
        json!({ "type": 3, "invocationId": "1", "result": 1 }),
        json!({ "type": 5, "invocationId": "1" }),
        json!({ "type": 7 }),
        json!({ "type": 8, "sequenceId": 1 }),
        json!({ "type": 9, "sequenceId": 1 }),
        json!({ "type": 42 }),
    ];
    let frame = records.map(|record| format!("{record}\u{1e}")).concat();
    assert_eq!(stage.answer(&alice, &frame).await, "");
}

#[tokio::test]
async fn a_table_that_does_not_answer_fails_the_invocation_only() {
    for operation in ["note_channels", "put_rows", "memberships"] {
        let stage = Stage::default();
        let alice = ready(&stage, principal(HUB, "alice"), "*").await;
        stage.store.fault(operation, Fault::Unavailable);
        let reply = call(&stage, &alice, "JoinGroup", json!(["g"])).await;
        assert_eq!(
            error(&reply),
            "An unexpected error occurred invoking 'JoinGroup' on the server.",
            "{operation}"
        );
        stage.store.heal();
        let joined = call(&stage, &alice, "JoinGroup", json!(["g"])).await;
        assert!(joined.get("error").is_none() && stage.is_in(&alice, "g"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_invocation_before_the_handshake_is_refused() {
    let stream = |target| invoke("7", target, &json!([])).replace("\"type\":1", "\"type\":4");
    let call = invoke("7", "GetConnectionId", &json!([]));
    for frame in [call, stream("GetConnectionId"), stream("Nothing")] {
        let stage = Stage::default();
        let alice = stage.connected("s1=", principal(HUB, "alice")).await;
        stage.journal().clear();
        assert_eq!(stage.answer(&alice, &frame).await, "", "{frame}");
        stage.assert_refused(&alice, "An unexpected error occurred during connection handshake.");
        assert_eq!(stage.journal().count("socket"), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn an_invocation_of_a_socket_that_is_not_on_record_lets_it_return() {
    let stage = Stage::default();
    let stranger = hubcast_testkit::principal::caller("s1=", principal(HUB, "alice"));
    let call = invoke("7", "JoinGroup", &json!(["g"]));
    let [reply] = stage.replies(&stranger, &call).await.try_into().unwrap();
    assert!(close(&reply));
    assert!(stage.store.rows().is_empty());
    assert_eq!(stage.journal().entries(), ["socket", "socket", "socket", "mark_closed"]);
}

/// What a client is told to be its id must be one that it can be reached by.
#[tokio::test(start_paused = true)]
async fn an_answered_invocation_counts_for_the_next_send() {
    let stage = Stage::default();
    let caller = stage.connected("s1=", anonymous(HUB)).await;
    stage.store.fault_next("finish_handshake", [Some(Fault::Slow(Duration::from_millis(500)))]);
    let ask_and_send = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let reply = call(&stage, &caller, "GetConnectionId", json!([])).await;
        let body = json!({ "connectionId": reply["result"], "target": "t" });
        stage.send(&body.to_string()).await;
    };
    let (answer, ()) = tokio::join!(stage.answer(&caller, SHAKE), ask_and_send);
    assert_eq!(answer, "");
    assert_eq!(stage.called(&caller), ["t"]);
}

#[tokio::test]
async fn a_group_may_be_joined_again_at_the_limit() {
    let stage = Stage::default();
    let alice = ready(&stage, principal(HUB, "alice"), "*").await;
    for n in (0..GROUPS_MAX).chain(0..GROUPS_MAX) {
        let joined = call(&stage, &alice, "JoinGroup", json!([format!("g{n}")])).await;
        assert!(joined.get("error").is_none(), "{joined}");
    }
}
