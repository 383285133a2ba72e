//! The command against the local stack, whose answers are known.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeMap;
use std::process::Stdio;

use hubcast_local::{Options, Stack};
use tokio::process::Command;

/// Quick, and still with every row.
const QUICK: [&str; 6] = ["--rounds", "4", "--burst", "3", "--patience-ms", "400"];

/// Runs the command; answers what it saw by row, or what it complained of.
async fn probe(url: &str, more: &[&str]) -> Result<BTreeMap<String, String>, String> {
    let ran = Command::new(env!("CARGO_BIN_EXE_hubcast-probe"))
        .arg(url)
        .args(QUICK)
        .args(more)
        .env("AWS_ENDPOINT_URL_SQS", url)
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_REGION", "us-east-1")
        .env_remove("HUBCAST_TOKEN")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    if !ran.status.success() {
        return Err(String::from_utf8(ran.stderr).unwrap());
    }
    Ok(rows(&String::from_utf8(ran.stdout).unwrap()))
}

fn rows(table: &str) -> BTreeMap<String, String> {
    let lines: Vec<&str> = table.lines().collect();
    let row = |pair: &[&str]| {
        let (name, _question) = pair[0].split_once(' ').unwrap();
        (name.to_owned(), pair[1].trim_start().trim_start_matches("-> ").to_owned())
    };
    lines.chunks_exact(2).map(row).collect()
}

async fn stack() -> Stack {
    Stack::start(&Options::on_free_port()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_says_what_the_local_stack_does() {
    let stack = stack().await;
    let url = stack.url();
    let (queue, management) =
        (format!("{url}/000000000000/hubcast-notifications.fifo"), format!("{url}/local"));
    let flags = ["--queue-url", &queue, "--management-url", &management];
    let all = [&flags[..], &["--flood", "30", "--idle-seconds", "1"]].concat();
    let saw = probe(url, &all).await.unwrap();
    let says = |row: &str, text: &str| {
        let said = saw.get(row).unwrap_or_else(|| panic!("no row {row} in {saw:#?}"));
        assert!(said.contains(text), "{row}: {said}");
    };
    says("negotiate", "yes, at 127.0.0.1");
    says("context", "yes");
    says("system-route", "no: it was answered by");
    says("separator", "not to be told from here");
    says("post-order", "in 4 of 4 rounds");
    says("reply-order", "a reply takes ");
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
    says("gone", "410 after ");
    for row in ["connect", "ping", "queue"] {
        says(row, "first ");
        says(row, "; then p50 ");
    }
    says("burst", "3 pings at once: p50 ");
    says("throttle", "of 50 frames came 50 x '{\"type\":6}'");
    says("idle", "after 1 s came nothing");
    assert_eq!(saw.len(), 18, "{saw:#?}");
    let failed: Vec<_> = saw.iter().filter(|(_, said)| said.starts_with("failed")).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_is_skipped_with_what_it_needs() {
    let stack = stack().await;
    let saw = probe(&format!("{}/local", stack.url()), &[]).await.unwrap();
    let skipped: Vec<&str> = saw
        .iter()
        .filter(|(_, said)| said.starts_with("skipped: "))
        .map(|(row, _)| row.as_str())
        .collect();
    let expected =
        ["gone", "idle", "largest-out", "log-out", "negotiate", "queue", "reply-order", "throttle"];
    assert_eq!(skipped, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_needs_a_token() {
    let refused = probe("https://live.example.com", &[]).await.unwrap_err();
    assert!(refused.contains("--token"), "{refused}");
}
