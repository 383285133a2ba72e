//! `hubcast send`.

use std::fs::File;
use std::io::Read;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tokio::time::timeout;

use crate::rig::{PATIENCE, Rig, program, run};

#[tokio::test]
async fn a_user_a_group_a_connection_and_everyone_are_reached() {
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "alice", "--group", "admins"]).await;
    let mut bob = rig.listener(&["--user", "bob"]).await;
    // An id may begin with a dash, so the equals sign is needed.
    let connection = format!("--connection={}", bob.connection);
    let except = format!("--except={}", bob.connection);
    for arguments in [
        &["--user", "alice", "role", "level=3", "name=x y"] as &[_],
        &["--group", "admins", "group", "[1]", "text"],
        &[&connection, "one"],
        &["--all", "all", &except],
        &["--user", "alice", "--user", "bob", "both", "-1"],
    ] {
        let sent = rig.run(&[&["send"], arguments].concat()).await.exits(0);
        assert_eq!(sent.out, "", "results only go there");
        assert!(sent.err.contains("sent"), "{sent:?}");
    }
    // Messages of different groups have no order among them.
    let mut calls =
        [alice.call().await, alice.call().await, alice.call().await, alice.call().await];
    calls.sort();
    let expected = [
        ("all", "[]"),
        ("both", "[-1]"),
        ("group", r#"[[1],"text"]"#),
        ("role", r#"[{"level":3,"name":"x y"}]"#),
    ];
    assert_eq!(calls, expected.map(|(name, json)| (name.to_owned(), json.to_owned())));
    let mut calls = [bob.call().await, bob.call().await];
    calls.sort();
    assert_eq!(calls.map(|(name, _)| name), ["both", "one"]);
}

#[tokio::test]
async fn a_mistake_is_told_before_anything_is_sent() {
    // There is no stack: nothing is asked of one.
    for (arguments, code, text) in [
        (&["--user", "a\nb", "t"] as &[_], 3, "BadName"),
        (&["--user", "alice", "t", "{oops}"], 2, "mind the shell's quotes"),
        (&["t"], 2, "--user"),
        (&["--user", "alice", "--all", "t"], 2, "cannot be used with"),
        (&["--all"], 2, "TARGET"),
        (&["--all", "t", "--hub", "1"], 2, "a hub's name"),
    ] {
        let mut command = program();
        let failed =
            run(command.args(["--local=http://127.0.0.1:1", "send"]).args(arguments)).await;
        let failed = failed.exits(code);
        assert!(failed.err.contains(text), "{failed:?}");
        assert_eq!(failed.out, "");
    }
}

#[tokio::test]
async fn a_name_that_is_empty_is_a_mistake_of_the_command_line() {
    for arguments in [
        &["send", "--user", "", "t"] as &[_],
        &["send", "--group=", "t"],
        &["send", "--connection", "", "t"],
        &["send", "--all", "t", "--except", ""],
        &["send", "--user", "alice", ""],
        &["users", "close", ""],
        &["users", "close", "alice", ""],
        &["groups", "close", ""],
        &["connections", "close", ""],
        &["dlq", "drop", ""],
    ] {
        let mut command = program();
        let failed = run(command.arg("--local=http://127.0.0.1:1").args(arguments)).await.exits(2);
        assert!(failed.err.contains("it is empty"), "{arguments:?}: {failed:?}");
        assert!(!failed.err.contains("everyone"), "{arguments:?}: {failed:?}");
    }
}

#[tokio::test]
async fn a_dry_run_shows_the_envelope_and_needs_no_deployment() {
    let mut command = program();
    command.args(["send", "--dry-run", "--json", "--group", "g", "t", "a=1", "--hub", "Chat"]);
    let shown = run(&mut command).await.exits(0);
    let expected = r#"{"envelope":{"arguments":[{"a":1}],"groupName":"g","hub":"chat","target":"t"},"messageGroup":"chat:group:g"}"#;
    assert_eq!(shown.out.trim_end(), expected);
}

/// A command line that sends, with the message group and the envelope that it sends.
type Sent = (&'static [&'static str], &'static str, &'static str);

const SENT: &[Sent] = &[
    (
        &["send", "--user", "älice \"x\"", "t", "[ 1.0 ]", "a=1", "x"],
        "orders:user:älice \"x\"",
        r#"{"arguments":[[ 1.0 ],{"a":1},"x"],"hub":"orders","target":"t","userId":"älice \"x\""}"#,
    ),
    (
        &["send", "--group", "g", "--except", "c1", "--except", "c2", "a \"b\""],
        "orders:group:g",
        r#"{"arguments":[],"excludedConnectionIds":["c1","c2"],"groupName":"g","hub":"orders","target":"a \"b\""}"#,
    ),
    (
        &["send", "--group", "g", "--group", "h", "t"],
        "orders:group:g",
        r#"{"arguments":[],"groupNames":["g","h"],"hub":"orders","target":"t"}"#,
    ),
    (
        &["send", "--connection", "c=", "t"],
        "orders:connection:c=",
        r#"{"arguments":[],"connectionId":"c=","hub":"orders","target":"t"}"#,
    ),
    (
        &["send", "--all", "t"],
        "orders:hub",
        r#"{"arguments":[],"everyone":true,"hub":"orders","target":"t"}"#,
    ),
    (
        &["users", "close", "alice"],
        "orders:user:alice",
        r#"{"action":"close","hub":"orders","userId":"alice"}"#,
    ),
    (
        &["users", "close", "alice", "--keep-tokens", "--reason", "a \"b\""],
        "orders:user:alice",
        r#"{"action":"close","hub":"orders","reason":"a \"b\"","revoke":false,"userId":"alice"}"#,
    ),
    (
        &["users", "close", "alice", "--allow-reconnect"],
        "orders:user:alice",
        r#"{"action":"close","allowReconnect":true,"hub":"orders","userId":"alice"}"#,
    ),
    (
        &["groups", "close", "g", "--reason", ""],
        "orders:group:g",
        r#"{"action":"close","groupName":"g","hub":"orders","reason":""}"#,
    ),
    (
        &["connections", "close", "c=", "--allow-reconnect"],
        "orders:connection:c=",
        r#"{"action":"close","allowReconnect":true,"connectionId":"c=","hub":"orders"}"#,
    ),
    (
        &["connections", "close", "--all"],
        "orders:hub",
        r#"{"action":"close","everyone":true,"hub":"orders"}"#,
    ),
];

/// What is shown is what is sent, but for characters that a terminal would act on.
#[tokio::test]
async fn envelopes_are_the_same_bytes_as_ever() {
    for (arguments, group, envelope) in SENT {
        let mut command = program();
        let shown = run(command.args(*arguments).args(["--dry-run", "--hub", "orders"])).await;
        let expected = format!("{envelope}\n  in the message group {group}\n");
        assert_eq!(shown.exits(0).out, expected, "{arguments:?}");
    }
}

#[tokio::test]
async fn an_expiry_is_told_to_the_second() {
    let mut command = program();
    command.args(["send", "--all", "t", "--dry-run", "--json", "--expires-in", "600"]);
    let shown = run(&mut command).await.exits(0).json();
    let expires = shown[0]["envelope"]["expiresAt"].as_str().unwrap();
    assert!(expires.len() == "2026-11-23T10:00:00Z".len() && expires.ends_with('Z'), "{expires}");
}

#[tokio::test]
async fn lines_of_a_pipe_arrive_in_order() {
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "alice"]).await;
    let line = |n| format!("{{\"userId\":\"alice\",\"target\":\"n\",\"arguments\":[{n}]}}\n\n");
    let lines = (0..25).map(line).collect::<Vec<_>>().concat();
    let sent = rig.piped(&["send", "--lines", "--json"], &lines).await.exits(0);
    assert_eq!(sent.out, "{\"sent\":25}\n");
    assert_eq!(sent.err, "", "there is no bar where nobody watches");
    for n in 0..25 {
        assert_eq!(alice.call().await, ("n".to_owned(), format!("[{n}]")));
    }
}

/// A terminal: its own end, and the one for a program.
fn terminal() -> (File, File) {
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&near).unwrap();
    unlockpt(&near).unwrap();
    let name = ptsname(&near, Vec::new()).unwrap();
    let far = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    (File::from(near), File::from(far))
}

/// What a program writes to a terminal until it ends.
fn watched(mut near: File) -> String {
    let mut seen = Vec::new();
    // A terminal that nobody holds any more ends with an error.
    let _ = near.read_to_end(&mut seen);
    String::from_utf8_lossy(&seen).into_owned()
}

#[tokio::test]
async fn who_watches_lines_of_a_file_sees_a_bar_that_goes_when_they_are_sent() {
    let rig = Rig::start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let line = "{\"userId\":\"alice\",\"target\":\"t\"}\n";
    std::fs::write(file.path(), line.repeat(25)).unwrap();
    let lines = format!("--lines={}", file.path().display());
    for (more, is_drawn) in [(&[] as &[&str], true), (&["--quiet"], false)] {
        let (near, far) = terminal();
        let seen = tokio::task::spawn_blocking(|| watched(near));
        // The command holds the other end too, and so goes before what was seen is awaited.
        let mut child = {
            let mut command = rig.hubcast(&[&["send", &lines], more].concat());
            command.stderr(far).env("TERM", "xterm").spawn().unwrap()
        };
        assert_eq!(timeout(PATIENCE, child.wait()).await.unwrap().unwrap().code(), Some(0));
        let seen = timeout(PATIENCE, seen).await.unwrap().unwrap();
        assert_eq!(seen.contains('%') && seen.contains(" sent, "), is_drawn, "{seen:?}");
        let cleared = seen.rsplit_once("\u{1b}[2K").map(|(_, rest)| rest);
        let left = cleared.unwrap_or(&seen).trim();
        assert_eq!(left, if is_drawn { "messages sent: 25" } else { "" }, "{seen:?}");
    }
}

#[tokio::test]
async fn a_pipe_that_stays_open_is_sent_as_it_comes() {
    use tokio::io::AsyncWriteExt;
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "alice"]).await;
    let mut command = rig.hubcast(&["send", "--lines"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    for n in 0..3 {
        let line = format!("{{\"userId\":\"alice\",\"target\":\"n\",\"arguments\":[{n}]}}\n");
        pipe.write_all(line.as_bytes()).await.unwrap();
        assert_eq!(alice.call().await.1, format!("[{n}]"));
    }
    drop(pipe);
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_bad_line_stops_or_is_left_out() {
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "alice"]).await;
    let lines = r#"{"userId":"alice","target":"one"}
{"target":"to nobody"}
{"userId":"alice","target":"three"}
"#;
    let stopped = rig.piped(&["send", "--lines"], lines).await.exits(3);
    assert!(stopped.err.contains("line 2 would be rejected: ImplicitBroadcast"), "{stopped:?}");
    assert!(stopped.err.contains("messages sent: 1"), "{stopped:?}");
    assert_eq!(alice.call().await.0, "one");

    let went_on = rig.piped(&["send", "--lines", "--keep-going"], lines).await.exits(3);
    assert!(went_on.err.contains("line 2 would be rejected"), "{went_on:?}");
    assert!(went_on.err.contains("lines that were not sent: 1"), "{went_on:?}");
    assert_eq!(alice.call().await.0, "one");
    assert_eq!(alice.call().await.0, "three");
}

#[tokio::test]
async fn lines_may_come_from_a_file_and_share_a_message_group() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"userId\":\"a\",\"target\":\"t\"}\n").unwrap();
    let lines = format!("--lines={}", file.path().display());
    let mut command = program();
    command.args(["send", &lines, "--dry-run", "--json", "--message-group", "mine"]);
    let shown = run(&mut command).await.exits(0).json();
    assert_eq!(shown[0]["messageGroup"], "mine");
    let mut command = program();
    let missing = run(command.args(["send", "--lines=/nowhere", "--dry-run"])).await.exits(1);
    assert!(missing.err.contains("/nowhere cannot be read"), "{missing:?}");
}

#[tokio::test]
async fn a_stack_that_is_not_there_is_a_failure_with_advice() {
    let mut command = program();
    command.args(["--local=http://127.0.0.1:1", "send", "--all", "t"]);
    let failed = run(&mut command).await.exits(1);
    assert!(
        failed
            .err
            .starts_with("hubcast: nothing answers at http://127.0.0.1:1; start it: make run"),
        "{failed:?}"
    );
}
