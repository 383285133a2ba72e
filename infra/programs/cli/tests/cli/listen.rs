//! `hubcast listen`.

use hubcast_local::Options;

use serde_json::json;

use crate::rig::{Rig, outcome, program, run};

#[tokio::test]
async fn it_ends_after_as_many_calls_as_were_asked_for() {
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "alice", "--count", "2", "--target", "Hello"]).await;
    for target in ["hello", "other", "hello"] {
        rig.run(&["send", "--user", "alice", target]).await.exits(0);
    }
    assert_eq!(alice.call().await.0, "hello");
    assert_eq!(alice.call().await.0, "hello");
    assert_eq!(alice.end().await, 0);
}

#[tokio::test]
async fn calls_that_do_not_come_in_time_are_not_there() {
    let rig = Rig::start().await;
    let late = ["listen", "--user", "alice", "--count", "1", "--timeout", "1"];
    let late = rig.run(&late).await.exits(4);
    assert!(late.err.contains("not all calls came in time; awaited: 1"), "{late:?}");
    rig.run(&["listen", "--user", "alice", "--timeout", "1"]).await.exits(0);
}

#[tokio::test]
async fn people_read_the_method_and_its_arguments() {
    let rig = Rig::start().await;
    let mut ready = rig.listener(&["--user", "alice"]).await;
    let mut command = rig.hubcast(&["listen", "--user", "alice", "--count", "1", "--quiet"]);
    let child = command.spawn().unwrap();
    rig.until(&["connections", "list", "--user", "alice", "--json"], 2).await;
    rig.run(&["send", "--user", "alice", "toast", "Saved", "a=1"]).await.exits(0);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "toast [\"Saved\",{\"a\":1}]\n");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(ready.call().await.0, "toast");
}

#[tokio::test]
async fn what_others_say_cannot_act_on_the_terminal() {
    let rig = Rig::start().await;
    let listening = |more: &[&str]| {
        let mut command = rig.hubcast(&["listen", "--user", "alice"]);
        // As on a terminal: else every escape would be taken out.
        command.args(more).env("CLICOLOR_FORCE", "1").spawn().unwrap()
    };
    let (people, programs) = (listening(&[]), listening(&["--json"]));
    rig.until(&["connections", "list", "--json"], 2).await;
    let toast =
        "{\"userId\":\"alice\",\"target\":\"a\\u001bb\",\n\"arguments\":[\n\"\u{9b}2J\u{202e}x\"]}";
    rig.enqueue("notifications", "g", toast, &[]).await;
    let reason = "bye\u{1b}[31m\u{1b}]0;pwned\u{7}\nfake: ok";
    let close = json!({ "userId": "alice", "action": "close", "reason": reason });
    rig.enqueue("notifications", "g", &close.to_string(), &[]).await;
    let people = outcome(people.wait_with_output().await.unwrap()).exits(1);
    assert_eq!(people.out, "a\\u{1b}b [ \"\\u009b2J\\u202ex\"]\n");
    let expected =
        "hubcast: the server closed the connection: bye\\u{1b}[31m\\u{1b}]0;pwned\\u{7}\\nfake: ok";
    assert_eq!(people.err.lines().next_back(), Some(expected), "{people:?}");
    let programs = outcome(programs.wait_with_output().await.unwrap()).exits(1);
    assert!(programs.out.contains(r#""\u009b2J\u202ex""#), "{programs:?}");
    assert_eq!(programs.json()[1]["arguments"], json!(["\u{9b}2J\u{202e}x"]));
}

#[tokio::test]
async fn a_log_out_ends_it_and_a_drop_brings_it_back() {
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "alice"]).await;
    let close = |more: &str| {
        let line =
            format!("{{\"action\":\"close\",\"userId\":\"alice\",\"reason\":\"bye\"{more}}}");
        async { rig.piped(&["send", "--lines"], &{ line }).await.exits(0) }
    };
    close(",\"allowReconnect\":true").await;
    let event = alice.next().await;
    assert_eq!(event["event"], "reconnecting", "{event}");
    assert!(event["why"].as_str().unwrap().contains("bye"), "{event}");
    assert_eq!(alice.next().await["event"], "connected");
    close("").await;
    assert_eq!(alice.end().await, 1);
}

#[tokio::test]
async fn a_socket_at_its_lifetime_is_followed_by_another() {
    let options = Options { lifetime_seconds: 1, ..Options::on_free_port() };
    let rig = Rig::with(options).await;
    let mut alice = rig.listener(&["--user", "alice", "--keep-alive", "1"]).await;
    assert_eq!(alice.next().await["event"], "reconnecting");
    let event = alice.next().await;
    assert_eq!(event["event"], "connected", "{event}");
    assert_ne!(event["connectionId"], alice.connection.as_str());
    let options = ["listen", "--user", "alice", "--no-reconnect"];
    rig.run(&options).await.exits(1);
}

#[tokio::test]
async fn a_stack_that_goes_away_is_waited_for() {
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "alice"]).await;
    rig.stack.shutdown().await;
    for _ in 0..3 {
        let event = alice.next().await;
        assert_eq!(event["event"], "reconnecting", "{event}");
    }
}

#[tokio::test]
async fn a_token_that_is_no_good_is_refused_with_the_reason() {
    let rig = Rig::start().await;
    let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJzdWIiOiJhIn0.c2ln";
    let refused = rig.run(&["listen", "--token", token]).await.exits(1);
    assert!(refused.err.contains("401") && refused.err.contains("Unauthorized"), "{refused:?}");
    let odd = rig.run(&["listen", "--token", "nonsense"]).await.exits(2);
    assert!(odd.err.contains("the token is no JWT"), "{odd:?}");
}

#[tokio::test]
async fn a_token_need_not_stand_on_the_command_line() {
    let rig = Rig::start().await;
    let token = rig.run(&["token", "--user", "alice", "--app"]).await.exits(0);
    let mut command = rig.hubcast(&["listen", "--count", "1"]);
    let child = command.env("HUBCAST_TOKEN", token.out.trim()).spawn().unwrap();
    rig.until(&["connections", "list", "--user", "alice", "--json"], 1).await;
    rig.run(&["send", "--user", "alice", "hello"]).await.exits(0);
    let heard = outcome(child.wait_with_output().await.unwrap()).exits(0);
    assert_eq!(heard.out, "hello []\n");
    for command in ["listen", "doctor"] {
        let help = run(program().env("HUBCAST_TOKEN", "secret").args([command, "--help"])).await;
        assert!(help.out.contains("[env: HUBCAST_TOKEN]"), "{help:?}");
        assert!(!help.out.contains("secret"), "{help:?}");
    }
}

#[tokio::test]
async fn who_is_named_on_the_command_line_wins_over_a_token_of_the_environment() {
    let rig = Rig::start().await;
    let mut command = rig.hubcast(&["listen", "--user", "alice", "--timeout", "1"]);
    run(command.env("HUBCAST_TOKEN", "nonsense")).await.exits(0);
}

#[tokio::test]
async fn somebody_without_a_name_can_listen_too() {
    let rig = Rig::start().await;
    let mut anyone = rig.listener(&["--group", "visitors"]).await;
    rig.run(&["send", "--group", "visitors", "hello"]).await.exits(0);
    assert_eq!(anyone.call().await.0, "hello");
}

#[tokio::test]
async fn without_a_place_it_says_how_to_name_one() {
    let mut command = program();
    let lost = run(command.args(["listen", "--user", "alice"])).await.exits(2);
    assert!(lost.err.contains("PUBLIC_URL"), "{lost:?}");
}
