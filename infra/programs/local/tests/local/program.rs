//! The program: its first line and its exit codes are an interface.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubcast-local"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.env_remove("RUST_LOG").env_remove("PORT").env_remove("HUBS");
    command
}

async fn first_line(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    line
}

#[tokio::test]
async fn the_first_line_says_where_it_is_and_sigterm_ends_it_with_0() {
    for signal in ["TERM", "INT"] {
        let mut child = program().args(["--port", "0"]).spawn().unwrap();
        let line = first_line(&mut child).await;
        let url = line.strip_prefix("hubcast ready on ").unwrap();
        let health = reqwest::get(format!("{url}/api/health")).await.unwrap();
        assert_eq!(health.status(), 200);
        let pid = child.id().unwrap().to_string();
        Command::new("kill").args([&format!("-{signal}"), &pid]).status().await.unwrap();
        assert_eq!(child.wait().await.unwrap().code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn the_port_may_come_from_the_environment() {
    let mut child = program().env("PORT", "0").spawn().unwrap();
    assert!(first_line(&mut child).await.starts_with("hubcast ready on http://127.0.0.1:"));
}

#[tokio::test]
async fn a_port_that_is_taken_ends_it_with_1_and_a_reason() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = program().args(["--port", &port]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty(), "nothing is ready");
    let reason = String::from_utf8(output.stderr).unwrap();
    let expected = format!("hubcast-local: port {port} of 127.0.0.1 is taken by another program");
    assert!(reason.starts_with(&expected), "{reason}");
    assert!(reason.contains("make run"), "{reason}");
}

#[tokio::test]
async fn the_help_shows_the_line_for_an_app_with_hub_classes() {
    let output = program().arg("--help").output().await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8(output.stdout).unwrap();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("--upstream-url http://localhost:5000/hubcast/upstream"), "{help}");
}

#[tokio::test]
async fn a_flag_that_is_wrong_ends_it_with_2() {
    let output = program().args(["--port", "many"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn a_misspelt_hub_is_refused_where_the_hubs_are_named() {
    for (hubs, status) in [("notifications", 404), ("*", 401)] {
        let mut child = program().args(["--port", "0", "--hubs", hubs]).spawn().unwrap();
        let line = first_line(&mut child).await;
        let url = line.strip_prefix("hubcast ready on ").unwrap();
        let request = reqwest::Client::new().post(format!("{url}/hubs/notificatons/negotiate"));
        let answer = request.bearer_auth("none").send().await.unwrap();
        assert_eq!(answer.status(), status, "{hubs}");
        let text = answer.text().await.unwrap();
        assert_eq!(text.contains("did you mean 'notifications'?"), status == 404, "{text}");
    }
}

#[tokio::test]
async fn an_installed_program_shows_the_page_that_is_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let installed = folder.path().join("hubcast-local");
    std::fs::copy(env!("CARGO_BIN_EXE_hubcast-local"), &installed).unwrap();
    std::fs::create_dir(folder.path().join("demo")).unwrap();
    std::fs::write(folder.path().join("demo/index.html"), "<title>beside</title>").unwrap();
    let mut command = Command::new(&installed);
    command.args(["--port", "0"]).current_dir(folder.path());
    let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let line = first_line(&mut child).await;
    let page = reqwest::get(line.strip_prefix("hubcast ready on ").unwrap()).await.unwrap();
    assert_eq!(page.text().await.unwrap(), "<title>beside</title>");
}
