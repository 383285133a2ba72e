//! `hubcast connections`, `users` and `groups`.

use serde_json::{Value, json};

use crate::rig::{Listener, Rig};

/// Two connections of alice, one of bob, one of nobody in particular.
async fn company(rig: &Rig) -> [Listener; 4] {
    let company = [
        rig.listener(&["--user", "alice", "--group", "admins"]).await,
        rig.listener(&["--user", "alice"]).await,
        rig.listener(&["--user", "bob", "--group", "admins", "--group", "staff"]).await,
        rig.listener(&["--group", "visitors"]).await,
    ];
    rig.until(&["connections", "list", "--json"], 4).await;
    company
}

#[tokio::test]
async fn who_is_there_is_listed_and_counted() {
    let rig = Rig::start().await;
    let company = company(&rig).await;
    let users = rig.run(&["users", "list", "--json"]).await.exits(0).json();
    let expected = [
        json!({ "userId": null, "connections": 1 }),
        json!({ "userId": "alice", "connections": 2 }),
        json!({ "userId": "bob", "connections": 1 }),
    ];
    assert_eq!(users, expected);
    let groups = rig.run(&["groups", "list", "--json"]).await.exits(0).json();
    let expected = [
        json!({ "group": "admins", "connections": 2 }),
        json!({ "group": "staff", "connections": 1 }),
        json!({ "group": "visitors", "connections": 1 }),
    ];
    assert_eq!(groups, expected);
    for (arguments, count) in [
        (&["connections", "count"] as &[_], "4"),
        (&["connections", "count", "--user", "alice"], "2"),
        (&["connections", "count", "--group", "admins"], "2"),
        (&["connections", "count", "--hub", "other"], "0"),
        (&["users", "count"], "2"),
        (&["users", "count", "alice"], "2"),
        (&["groups", "count"], "3"),
        (&["groups", "count", "admins"], "2"),
        (&["groups", "count", "nobody's"], "0"),
    ] {
        assert_eq!(rig.run(arguments).await.exits(0).out.trim(), count, "{arguments:?}");
    }
    let details = ["connections", "list", "--user", "bob", "--details", "--json"];
    let [bob] = &rig.run(&details).await.exits(0).json()[..] else { panic!("bob is there once") };
    assert_eq!(bob["connectionId"], company[2].connection.as_str());
    assert_eq!((&bob["groups"], &bob["isReady"]), (&json!(["admins", "staff"]), &json!(true)));
    assert!(bob["connectedAt"].as_str().unwrap().starts_with("20"), "{bob}");
    let some = rig.run(&["connections", "list", "--limit", "3"]).await.exits(0);
    assert!(some.out.starts_with("CONNECTION "), "{some:?}");
    assert_eq!(some.out.lines().count(), 1 + 3, "the heads, and so many: {some:?}");
    let quiet = rig.run(&["users", "list", "--quiet"]).await.exits(0);
    assert!(!quiet.out.contains("CONNECTIONS"), "{quiet:?}");
}

#[tokio::test]
async fn what_the_table_holds_of_a_user_is_shown() {
    let rig = Rig::start().await;
    with_everything(&rig, "alice").await;
    let denial = json!({ "action": "remove", "userId": "alice", "groupName": "admins" });
    let block = json!({ "action": "block", "userId": "alice", "ttlSeconds": 600 });
    let group = "notifications:user:alice";
    rig.enqueue("notifications", group, &json!([denial, block]).to_string(), &[]).await;
    let shown = loop {
        let shown = rig.run(&["users", "show", "alice", "--json"]).await.exits(0).json();
        if shown[0]["block"]["until"].is_string() {
            break shown;
        }
    };
    let [alice] = &shown[..] else { panic!("{shown:?}") };
    assert_eq!((&alice["userId"], &alice["connections"]), (&json!("alice"), &json!([])));
    let standings: Vec<(&Value, &Value)> = alice["memberships"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (&it["group"], &it["isDenied"]))
        .collect();
    assert_eq!(standings, [(&json!("admins"), &json!(true)), (&json!("staff"), &json!(false))]);
    assert_eq!(alice["inbox"][0]["record"]["target"], "t");
    let text = rig.run(&["users", "show", "alice"]).await.exits(0).out;
    for part in ["blocked until 20", "kept out of admins", "in staff", "messages that wait: 1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let nobody = rig.run(&["users", "show", "nobody"]).await.exits(0).out;
    assert!(nobody.contains("not blocked\nconnections: 0"), "{nobody}");
}

#[tokio::test]
async fn a_user_is_logged_out_of_all_connections() {
    let rig = Rig::start().await;
    let [mut alice, mut other, mut bob, _visitor] = company(&rig).await;
    rig.run(&["users", "close", "alice", "--reason", "bye"]).await.exits(0);
    assert_eq!((alice.end().await, other.end().await), (1, 1));
    rig.run(&["send", "--user", "bob", "hello"]).await.exits(0);
    assert_eq!(bob.call().await.0, "hello");
    rig.until(&["connections", "list", "--json"], 2).await;
}

#[tokio::test]
async fn connections_and_groups_are_sent_away_and_may_come_back() {
    let rig = Rig::start().await;
    let [mut alice, mut other, mut bob, mut visitor] = company(&rig).await;
    rig.run(&["groups", "close", "admins", "--allow-reconnect"]).await.exits(0);
    for back in [&mut alice, &mut bob] {
        assert_eq!(back.next().await["event"], "reconnecting");
        assert_eq!(back.next().await["event"], "connected");
    }
    rig.run(&["connections", "close", &other.connection.clone()]).await.exits(0);
    assert_eq!(other.end().await, 1);
    rig.run(&["connections", "close", "--all", "--allow-reconnect"]).await.exits(0);
    assert_eq!(visitor.next().await["event"], "reconnecting");
}

#[tokio::test]
async fn a_close_can_be_looked_at_first() {
    let rig = Rig::start().await;
    let close = ["users", "close", "alice", "bob", "--keep-tokens", "--dry-run", "--json"];
    let shown = rig.run(&close).await.exits(0).json();
    let envelope =
        json!({ "action": "close", "hub": "notifications", "revoke": false, "userId": "bob" });
    assert_eq!(shown[1], json!({ "envelope": envelope, "messageGroup": "notifications:user:bob" }));
}

/// A member with a value, a message that waits, and a dead letter; and bob with the same.
async fn with_everything(rig: &Rig, user: &str) {
    let away = json!({ "userId": user, "target": "t", "keepSeconds": 600 });
    let retained = json!({ "userId": user, "target": "t", "retain": "role" });
    let member = json!({ "action": "add", "userId": user, "groupName": "staff" });
    let envelope = json!([away, retained, member]).to_string();
    rig.enqueue("notifications", &format!("notifications:user:{user}"), &envelope, &[]).await;
    let letter = json!({ "userId": user, "targt": "t" }).to_string();
    rig.enqueue("dlq", &format!("notifications:user:{user}"), &letter, &[]).await;
}

fn erased(lines: &[Value], what: &str) -> u64 {
    let of = |line: &&Value| line["what"] == what && line["count"].is_u64();
    lines.iter().filter(of).map(|line| line["count"].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn a_user_is_erased_and_nobody_else_and_what_stays_is_named() {
    let rig = Rig::start().await;
    for user in ["alice", "bob"] {
        with_everything(&rig, user).await;
    }
    let both = json!([{ "userId": "alice", "targt": "t" }, { "userId": "bob", "targt": "t" }]);
    rig.enqueue("dlq", "notifications:user:bob:2", &both.to_string(), &[]).await;
    let kinds = ["memberships", "messages that wait", "retained values of the user"];
    let dry = ["users", "erase", "alice", "--all-hubs", "--dry-run", "--json"];
    // Until the publisher has handled everything.
    loop {
        let lines = rig.run(&dry).await.exits(0).json();
        if kinds.iter().all(|kind| erased(&lines, kind) == 1) {
            break;
        }
    }
    let mut alice = rig.listener(&["--user", "alice"]).await;
    let lines = rig.run(&["users", "erase", "alice", "--json"]).await.exits(0).json();
    assert_eq!(alice.end().await, 1);
    assert_eq!((erased(&lines, "connections"), erased(&lines, "dead letters")), (1, 1));
    // The message that waited was delivered when she came.
    assert_eq!((erased(&lines, kinds[0]), erased(&lines, kinds[2])), (1, 1));
    let stays: Vec<&str> = lines.iter().filter_map(|line| line["stays"].as_str()).collect();
    assert!(stays.iter().any(|why| why.contains("names others too")), "{lines:#?}");
    for what in ["blocks", "backups", "logs", "queues"] {
        assert!(
            lines.iter().any(|line| line["what"] == what && line["stays"].is_string()),
            "{what}"
        );
    }
    let again = rig.run(&["users", "erase", "alice", "--all-hubs", "--blocks", "--json"]).await;
    let again = again.exits(0).json();
    assert!(kinds.iter().all(|kind| erased(&again, kind) == 0), "{again:#?}");
    assert!(erased(&again, "blocks") > 0);
    let bob = rig.run(&["users", "erase", "bob", "--dry-run", "--json"]).await.exits(0).json();
    assert!(kinds.iter().all(|kind| erased(&bob, kind) == 1), "{bob:#?}");
    assert_eq!(erased(&bob, "dead letters"), 1);
}
