//! `hubcast token`.

use crate::rig::{Rig, program, run};

#[tokio::test]
async fn a_token_opens_a_connection_of_its_user_and_groups() {
    let rig = Rig::start().await;
    for more in [&["--app"] as &[_], &[], &["--session", "600"]] {
        let token = ["token", "--user", "alice", "--group", "admins"];
        let token = rig.run(&[&token, more].concat()).await.exits(0).out;
        let mut alice = rig.listener(&["--token", token.trim()]).await;
        rig.until(&["groups", "list", "--json"], 1).await;
        for name in ["--user=alice", "--group=admins"] {
            rig.run(&["send", name, "hello"]).await.exits(0);
            assert_eq!(alice.call().await.0, "hello", "{name} {more:?}");
        }
        rig.run(&["connections", "close", "--all"]).await.exits(0);
        assert_eq!(alice.end().await, 1);
    }
}

#[tokio::test]
async fn an_app_token_needs_an_issuer_and_a_user() {
    let mut command = program();
    command.args(["token", "--url", "https://push.example.com", "--user", "alice", "--app"]);
    assert!(run(&mut command).await.exits(2).err.contains("--local"));
    let rig = Rig::start().await;
    assert!(rig.run(&["token", "--app"]).await.exits(2).err.contains("--user"));
}

#[tokio::test]
async fn programs_get_the_url_with_it() {
    let rig = Rig::start().await;
    let answer = rig.run(&["token", "--hub", "Chat", "--json"]).await.exits(0).json().remove(0);
    assert_eq!(answer["url"], format!("{}/client/?hub=chat", rig.stack.url()));
    assert_eq!(answer["expiresInSeconds"], 300);
    assert_eq!(answer["accessToken"].as_str().unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn without_a_key_it_says_where_to_put_one() {
    let mut command = program();
    let lost = run(command.args(["token", "--url", "https://push.example.com"])).await.exits(2);
    assert!(lost.err.contains("ACCESS_KEY_PARAMETER"), "{lost:?}");
}
