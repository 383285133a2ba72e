//! `hubcast connections`, `users` and `groups`.

use serde_json::json;

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
