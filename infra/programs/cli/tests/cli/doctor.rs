//! `hubcast doctor`.

use http::StatusCode;
use hubcast_local::Options;
use serde_json::Value;

use crate::rig::{Outcome, Rig, program, run};

/// What was found, by the name of the check.
fn finding<'a>(findings: &'a [Value], check: &str) -> &'a Value {
    findings.iter().find(|finding| finding["check"] == check).unwrap_or(&Value::Null)
}

fn verdicts(outcome: &Outcome) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    outcome.json().iter().map(|found| (text(&found["check"]), text(&found["verdict"]))).collect()
}

#[tokio::test]
async fn a_healthy_stack_has_nothing_to_complain_of() {
    let rig = Rig::start().await;
    let healthy = rig.run(&["doctor", "--json"]).await.exits(0);
    let checks = [
        "notifications",
        "deliveries",
        "dead letters",
        "table",
        "servers",
        "upstream",
        "stateful",
        "clock",
        "endpoint",
        "token",
        "socket",
        "round trip",
    ];
    assert_eq!(verdicts(&healthy), checks.map(|check| (check.to_owned(), "ok".to_owned())));
    let quiet = rig.run(&["doctor", "--quiet"]).await.exits(0);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
    let results = rig.run(&["doctor", "--json", "--quiet"]).await.exits(0);
    assert_eq!(verdicts(&results), verdicts(&healthy), "findings are results");
    let careful = rig.run(&["doctor", "--read-only"]).await.exits(0);
    assert!(careful.out.contains("token") && !careful.out.contains("round trip"), "{careful:?}");
}

#[tokio::test]
async fn it_works_by_the_variables_of_a_deployment_too() {
    let rig = Rig::start().await;
    let healthy = run(&mut rig.by_environment(&["doctor", "--json"])).await.exits(0);
    assert_eq!(verdicts(&healthy).len(), 14, "{healthy:?}");
}

#[tokio::test]
async fn another_key_and_another_table_are_found_at_once() {
    let rig = Rig::start().await;
    let mut command = rig.by_environment(&["doctor", "--json"]);
    command.env("ACCESS_KEYS", "another key of more than 32 characters").env("TABLE_NAME", "other");
    let faulty = run(&mut command).await.exits(5);
    assert!(faulty.err.contains("there are 2 faults"), "{faulty:?}");
    let findings = faulty.json();
    let (table, token) = (finding(&findings, "table"), finding(&findings, "token"));
    assert_eq!((&table["verdict"], &token["verdict"]), (&"bad".into(), &"bad".into()));
    assert!(token["advice"].as_str().unwrap().contains("another access key"), "{token}");
    assert!(table["advice"].as_str().unwrap().contains("--region"), "{table}");
    assert_eq!(finding(&findings, "socket"), &Value::Null, "it needs the token");
}

#[tokio::test]
async fn what_cannot_be_checked_is_skipped_and_said() {
    let rig = Rig::start().await;
    let mut command = rig.by_environment(&["doctor", "--json"]);
    command.env_remove("ACCESS_KEYS");
    let findings = run(&mut command).await.exits(0).json();
    let token = finding(&findings, "token");
    assert_eq!(token["verdict"], "skip", "{token}");
    assert!(token["advice"].as_str().unwrap().contains("ACCESS_KEY_PARAMETER"), "{token}");
    let token = rig.run(&["token", "--user", "alice", "--app"]).await.exits(0);
    let shown = run(command.env("HUBCAST_TOKEN", token.out.trim())).await.exits(0);
    assert!(verdicts(&shown).contains(&("round trip".to_owned(), "ok".to_owned())), "{shown:?}");
}

#[tokio::test]
async fn a_server_of_azures_default_mode_is_a_warning() {
    let rig = Rig::start().await;
    let answer = reqwest::get(format!("{}/server/?hub=chat", rig.stack.url())).await.unwrap();
    assert_eq!(answer.status().as_u16(), 501);
    let findings = rig.run(&["doctor", "--json"]).await.exits(0).json();
    let servers = finding(&findings, "servers");
    assert_eq!(servers["verdict"], "warn", "{servers}");
    assert!(servers["advice"].as_str().unwrap().contains("Transient"), "{servers}");
}

#[tokio::test]
async fn stateful_reconnect_is_told_with_who_relies_on_it() {
    for (mode, text) in [
        ("off", "off, and no connection relies on it"),
        ("on", "on: no connection has it, and may be without a socket for 30 s"),
        ("drain", "drain: no connection has it"),
    ] {
        let options = Options { stateful_reconnect: mode.to_owned(), ..Options::on_free_port() };
        let rig = Rig::with(options).await;
        let findings = rig.run(&["doctor", "--read-only", "--json"]).await.exits(0).json();
        let stateful = finding(&findings, "stateful");
        assert_eq!((&stateful["verdict"], &stateful["detail"]), (&"ok".into(), &text.into()));
    }
}

#[tokio::test]
async fn dead_letters_are_a_warning() {
    let rig = Rig::start().await;
    rig.enqueue("dlq", "g", "{}", &[]).await;
    let warned = rig.run(&["doctor"]).await.exits(0);
    assert!(warned.out.contains("hubcast-dlq.fifo: 1 waiting"), "{warned:?}");
    assert!(warned.out.contains("-> see `hubcast dlq list`"), "{warned:?}");
}

#[tokio::test]
async fn a_hub_that_is_not_configured_is_named() {
    let set = vec![("HUBS".to_owned(), "orders".to_owned())];
    let rig = Rig::with(Options { set, ..Options::on_free_port() }).await;
    let faulty = rig.run(&["doctor"]).await.exits(5);
    assert!(faulty.out.contains("There is no such hub"), "{faulty:?}");
    assert!(faulty.out.contains("--hub"), "{faulty:?}");
    rig.run(&["doctor", "--hub", "orders"]).await.exits(0);
}

#[tokio::test]
async fn a_stack_that_is_not_there_is_one_fault() {
    let mut command = program();
    let faulty =
        run(command.args(["doctor", "--local=http://127.0.0.1:1", "--json"])).await.exits(5);
    assert_eq!(verdicts(&faulty), [("stack".to_owned(), "bad".to_owned())]);
    let advice = faulty.json()[0]["advice"].as_str().unwrap().to_owned();
    assert!(advice.starts_with("start it: make run"), "{advice}");
}

#[tokio::test]
async fn a_token_that_is_none_is_a_fault() {
    let rig = Rig::start().await;
    for token in ["nonsense", "a.b.c"] {
        let faulty = rig.run(&["doctor", "--json", "--token", token]).await.exits(5);
        assert_eq!(finding(&faulty.json(), "token")["verdict"], "bad", "{faulty:?}");
    }
}

#[tokio::test]
async fn what_a_server_answers_cannot_act_on_the_terminal() {
    let app = axum::Router::new().fallback(|| async { (StatusCode::NOT_FOUND, "\u{1b}[2Jno\nok") });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("--local=http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut command = program();
    command.args(["doctor", &url]).env("CLICOLOR_FORCE", "1");
    let faulty = run(&mut command).await.exits(5);
    assert!(faulty.out.contains("answered 404 Not Found: \\u{1b}[2Jno\\nok"), "{faulty:?}");
    assert!(faulty.out.contains("\u{1b}[31mBAD"), "{faulty:?}");
}

#[tokio::test]
async fn colours_are_for_those_who_want_them() {
    let rig = Rig::start().await;
    let plain = rig.run(&["doctor"]).await.exits(0);
    assert!(!plain.out.contains('\u{1b}'), "this is no terminal: {plain:?}");
    let forced = run(rig.hubcast(&["doctor"]).env("CLICOLOR_FORCE", "1")).await.exits(0);
    assert!(forced.out.contains("\u{1b}[32mok"), "{forced:?}");
    let mut command = rig.hubcast(&["doctor"]);
    let without = run(command.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")).await.exits(0);
    assert!(!without.out.contains('\u{1b}'), "{without:?}");
}
