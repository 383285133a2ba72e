//! `hubcast probe` against the local stack, whose answers are known.

use std::collections::BTreeMap;

use hubcast_local::Options;

use crate::rig::{Outcome, Rig, program, run};

/// Few rounds, and still every row.
const QUICK: [&str; 4] = ["--rounds", "4", "--burst", "3"];
/// For tests that do not look at silence.
const IMPATIENT: [&str; 2] = ["--patience-ms", "400"];
/// What a busy machine may take for an answer.
const PATIENT: [&str; 2] = ["--patience-ms", "5000"];

/// Runs the command on a URL as on AWS: signed in by the variables that all AWS tools read.
async fn probe(url: &str, more: &[&str]) -> Outcome {
    let mut command = program();
    command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
    command.env("AWS_REGION", "us-east-1").env("AWS_ENDPOINT_URL_SQS", url);
    command.env("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", url);
    run(command.args(["probe", "--url", url]).args(QUICK).args(more)).await
}

/// What the command saw, by row.
fn rows(table: &str) -> BTreeMap<String, String> {
    let lines: Vec<&str> = table.lines().collect();
    let row = |pair: &[&str]| {
        // Two spaces: the column of names is wide enough.
        let (name, _question) = pair[0].split_once("  ").unwrap();
        let (_verdict, saw) = pair[1].trim_start().split_once(' ').unwrap();
        (name.to_owned(), saw.trim_start().to_owned())
    };
    lines.chunks_exact(2).map(row).collect()
}

#[tokio::test]
async fn every_row_says_what_the_local_stack_does() {
    let rig = Rig::start().await;
    let url = rig.stack.url();
    let (queue, management) =
        (format!("{url}/000000000000/hubcast-notifications.fifo"), format!("{url}/local"));
    let flags = ["--queue-url", &queue, "--management-url", &management];
    let all =
        [&flags[..], &["--flood", "30", "--idle-seconds", "1", "--posts", "40"], &PATIENT].concat();
    let all = [&all[..], &["--log-seconds", "20"]].concat();
    let saw = rows(&probe(url, &all).await.exits(0).out);
    let says = |row: &str, text: &str| {
        let said = saw.get(row).unwrap_or_else(|| panic!("no row {row} in {saw:#?}"));
        assert!(said.contains(text), "{row}: {said}");
    };
    says("negotiate", "yes, at 127.0.0.1");
    says("bodies", "with Expect: 100-continue: 200; without a length: 200");
    says("query", "yes: a token with %2E in it got in");
    says("context", "yes");
    says("system-route", "no: it was answered by");
    says("separator", "not to be told from here");
    says("post-order", "in 4 of 4 rounds");
    says("reply-order", "a reply takes ");
    says("frame-order", "of 20 came after an answer to a later frame");
    says("empty-reply", "no: nothing came");
    says("close-read", "yes: first came ");
    says("log-out", "yes: first came ");
    says(
        "largest-in",
        "32768 bytes in one frame: answered; 32769 bytes in one frame: a close with 1009",
    );
    says(
        "largest-in",
        "131072 bytes in frames of 32768: answered; 131073 bytes in frames of 32768: a close with 1009",
    );
    says("largest-out", "131072 bytes: taken, arrived whole; 131073 bytes: refused");
    says("posts", "no 429: 40 posts were taken in ");
    says("gone", "410 after ");
    says("cut-code", "a close with 1000, after ");
    says(
        "disconnect-code",
        "closed by the client: 1005; gone without a close: 1006; deleted: 1000",
    );
    says("disconnect-delay", " ms; deleted: ");
    says("last-active", "a post: yes; a frame of the client: yes");
    says("resume", "not offered: the parameter StatefulReconnect is off");
    for row in ["connect", "ping", "queue"] {
        says(row, "first ");
        says(row, "; then p50 ");
    }
    says("burst", "3 pings at once: p50 ");
    says("throttle", "of 50 frames came 50 x '{\"type\":6}'");
    says("idle", "after 1 s came nothing");
    assert_eq!(saw.len(), 28, "{saw:#?}");
    let failed: Vec<_> = saw.iter().filter(|(_, said)| said.starts_with("failed")).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

/// The whole way of a client that comes back, and the rows that say how often it may.
#[tokio::test]
async fn a_deployment_with_stateful_reconnect_lets_the_probe_come_back() {
    let options = Options { stateful_reconnect: "on".to_owned(), ..Options::on_free_port() };
    let rig = Rig::with(options).await;
    let more = [&PATIENT[..], &["--log-seconds", "20"]].concat();
    let ran = run(rig.hubcast(&["probe", "--json"]).args(QUICK).args(more)).await.exits(0);
    let rows = ran.json();
    let row = |name: &str| {
        let row = rows.iter().find(|row| row["row"] == name).unwrap();
        let text = |field: &str| row[field].as_str().unwrap().to_owned();
        (text("verdict"), text("saw"))
    };
    let (verdict, saw) = row("resume");
    assert_eq!(verdict, "ok", "{saw}");
    assert!(
        saw.starts_with("yes: a socket after ") && saw.contains(" ms, what was missed after "),
        "{saw}"
    );
    for (name, expected) in [
        ("cut-code", "a close with 1000, after "),
        (
            "disconnect-code",
            "closed by the client: 1005; gone without a close: 1006; deleted: 1000",
        ),
        ("disconnect-delay", "closed by the client: "),
        ("last-active", "a post: yes; a frame of the client: yes"),
    ] {
        let (verdict, saw) = row(name);
        assert_eq!(verdict, "info", "{name}: {saw}");
        assert!(saw.starts_with(expected), "{name}: {saw}");
    }
    assert!(
        !row("disconnect-delay").1.contains("the log says nothing"),
        "{:?}",
        row("disconnect-delay")
    );
}

/// A client that is drained was granted a return, and is refused.
#[tokio::test]
async fn a_deployment_that_drains_refuses_the_probe() {
    let options = Options { stateful_reconnect: "drain".to_owned(), ..Options::on_free_port() };
    let rig = Rig::with(options).await;
    let ran = run(rig.hubcast(&["probe", "--json"]).args(QUICK).args(IMPATIENT)).await.exits(0);
    let rows = ran.json();
    let resume = rows.iter().find(|row| row["row"] == "resume").unwrap();
    assert_eq!(resume["verdict"], "bad", "{resume}");
    assert_eq!(resume["saw"], "no: the other socket was refused (409 Conflict)");
}

#[tokio::test]
async fn what_cannot_be_asked_is_skipped_with_what_it_needs() {
    let rig = Rig::start().await;
    let stage = format!("{}/local", rig.stack.url());
    let saw = rows(&probe(&stage, &IMPATIENT).await.exits(0).out);
    let skipped: Vec<&str> = saw
        .iter()
        .filter(|(_, said)| said.starts_with("skipped: "))
        .map(|(row, _)| row.as_str())
        .collect();
    let expected = [
        "bodies",
        "cut-code",
        "disconnect-code",
        "disconnect-delay",
        "gone",
        "idle",
        "largest-out",
        "last-active",
        "log-out",
        "negotiate",
        "posts",
        "queue",
        "reply-order",
        "resume",
        "settings",
        "throttle",
    ];
    assert_eq!(skipped, expected);
}

#[tokio::test]
async fn a_deployment_needs_a_token() {
    let refused = probe("https://live.example.com", &[]).await.exits(2);
    assert!(refused.err.contains("--token"), "{refused:?}");
}

#[tokio::test]
async fn a_local_stack_needs_no_flags_and_programs_get_the_rows_as_json() {
    let rig = Rig::start().await;
    let ran = run(rig.hubcast(&["probe", "--json"]).args(QUICK).args(IMPATIENT)).await.exits(0);
    let rows = ran.json();
    assert_eq!(rows.len(), 28, "{ran:?}");
    let skipped: Vec<&str> = rows
        .iter()
        .filter(|row| row["saw"].as_str().unwrap().starts_with("skipped: "))
        .map(|row| row["row"].as_str().unwrap())
        .collect();
    assert_eq!(
        skipped,
        ["settings", "disconnect-code", "disconnect-delay", "posts", "throttle", "idle",]
    );
    let failed: Vec<_> =
        rows.iter().filter(|row| row["saw"].as_str().unwrap().starts_with("failed")).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(rows[0]["question"], "Does negotiation lead to a socket?");
    let verdict = |name: &str| {
        let row = rows.iter().find(|row| row["row"] == name).unwrap();
        row["verdict"].as_str().unwrap().to_owned()
    };
    for (name, expected) in [
        ("negotiate", "ok"),
        ("bodies", "ok"),
        ("post-order", "ok"),
        ("largest-out", "ok"),
        ("separator", "info"),
        ("ping", "info"),
        ("idle", "skip"),
    ] {
        assert_eq!(verdict(name), expected, "{name}");
    }
    assert!(rows.iter().all(|row| row["verdict"] != "bad"), "{rows:#?}");
}

#[tokio::test]
async fn a_row_that_fails_is_bad_and_the_report_is_a_dated_page() {
    let rig = Rig::start().await;
    let folder = std::env::temp_dir().join(format!("hubcast-probe-{:x}", fastrand::u64(..)));
    let wrong = format!("{}/nowhere", rig.stack.url());
    let flags = ["--management-url", &wrong, "--report", folder.to_str().unwrap()];
    let ran = run(rig.hubcast(&["probe"]).args(QUICK).args(IMPATIENT).args(flags)).await.exits(0);
    let row = ran.out.lines().skip_while(|line| !line.starts_with("gone ")).nth(1).unwrap();
    assert!(row.trim_start().starts_with("BAD   failed: "), "{row}");
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("probe-20") && name.ends_with("Z.md"), "{name}");
    assert!(ran.err.contains(name), "{ran:?}");
    let page = std::fs::read_to_string(file).unwrap();
    assert!(page.contains("| `gone` | **bad** |") && page.contains("| `ping` | info |"), "{page}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_client_token_finds_its_own_way_in() {
    let rig = Rig::start().await;
    let token = rig.run(&["token", "--user", "alice"]).await.exits(0).out;
    let flags = [&["--token", token.trim()] as &[_], &IMPATIENT].concat();
    let saw = rows(&probe(rig.stack.url(), &flags).await.exits(0).out);
    assert!(saw["negotiate"].starts_with("yes, at 127.0.0.1"), "{saw:#?}");
    assert!(saw["context"].starts_with("yes"), "{saw:#?}");
}
