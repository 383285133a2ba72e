//! Where the program looks for a deployment, and what every command has in common.

use std::process::Stdio;

use http::StatusCode;
use serde_json::json;

use crate::rig::{Rig, program, run};

/// What has the form of a token, and no signature.
const NO_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.e30.x";
const KEYS: &str = "aws_access_key_id = local\naws_secret_access_key = local\n";

#[tokio::test]
async fn a_profile_says_region_credentials_and_endpoint() {
    let rig = Rig::start().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let url = rig.stack.url();
    let text = format!("[profile mine]\nregion = eu-west-1\nendpoint_url = {url}\n{KEYS}");
    std::fs::write(&config, text).unwrap();
    let with = |arguments: &[&str]| {
        let mut command = program();
        command.env("AWS_CONFIG_FILE", &config).args(["connections", "count"]).args(arguments);
        command
    };
    assert_eq!(run(&mut with(&["--profile", "mine"])).await.exits(0).out, "0\n");
    assert_eq!(run(with(&[]).env("AWS_PROFILE", "mine")).await.exits(0).out, "0\n");
    let lost = run(with(&[]).env("AWS_EC2_METADATA_DISABLED", "true")).await.exits(2);
    assert!(lost.err.contains("cannot know the region"), "{lost:?}");
    assert!(lost.err.contains("--region"), "{lost:?}");
}

#[tokio::test]
async fn somebody_who_is_not_signed_in_is_told_so() {
    let rig = Rig::start().await;
    let mut command = rig.by_environment(&["connections", "count"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let unknown = run(&mut command).await.exits(1);
    assert!(unknown.err.contains("credential"), "{unknown:?}");
    assert!(unknown.err.contains("sign in"), "{unknown:?}");
    let mut command = rig.by_environment(&["send", "--all", "t"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let unknown = run(&mut command).await.exits(1);
    assert!(unknown.err.contains("sign in"), "{unknown:?}");
}

#[tokio::test]
async fn a_local_stack_that_is_none_is_asked_for() {
    let other = axum::Router::new().fallback(|| async { StatusCode::NOT_FOUND });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, other).await });
    for url in ["http://127.0.0.1:1", &other_url] {
        for arguments in [
            &["connections", "count"] as &[_],
            &["connections", "list", "--details"],
            &["users", "list"],
            &["groups", "count"],
            &["send", "--all", "t"],
            &["dlq", "list"],
            &["listen", "--user", "alice"],
        ] {
            let mut command = program();
            let lost = run(command.arg(format!("--local={url}")).args(arguments)).await.exits(1);
            assert!(lost.err.contains("make run"), "{arguments:?}: {lost:?}");
            assert!(!lost.err.contains("sign in"), "{arguments:?}: {lost:?}");
        }
    }
    let mut command = program();
    let lost = run(command.args(["--local=http://127.0.0.1:1", "listen"])).await.exits(1);
    assert!(lost.err.contains("make run"), "without a name no issuer is asked: {lost:?}");
    let doctor = run(program().args(["doctor", "--local=http://127.0.0.1:1"])).await.exits(5);
    assert_eq!((doctor.out.as_str(), doctor.err.lines().count()), ("", 1), "{doctor:?}");
    assert!(doctor.err.contains("make run"), "{doctor:?}");
    let silent = run(program().args(["users", "list", "--local=http://127.0.0.1:1"])).await;
    let line = "hubcast: nothing answers at http://127.0.0.1:1; start it: make run; --local=URL names another place";
    assert_eq!(silent.err.trim(), line, "no layers of libraries");
    for arguments in
        [&["listen", "--user", "alice"][..], &["probe"], &["token", "--user", "alice", "--app"]]
    {
        let mut command = program();
        let silent = run(command.arg("--local=http://127.0.0.1:1").args(arguments)).await.exits(1);
        assert_eq!(silent.err.trim(), line, "{arguments:?}");
    }
    let arguments = ["probe", "--url", "http://127.0.0.1:1", "--token", NO_TOKEN];
    let probe = run(program().args(arguments)).await.exits(1);
    assert_eq!(probe.out, "", "no row is told: {probe:?}");
    assert!(
        probe.err.contains("nothing answers at http://127.0.0.1:1: nothing listens there"),
        "{probe:?}"
    );
}

#[tokio::test]
async fn a_table_that_is_not_to_be_read_comes_with_advice() {
    let rig = Rig::start().await;
    let mut command = rig.by_environment(&["users", "list", "--table", "other"]);
    let lost = run(&mut command).await.exits(1);
    assert!(lost.err.contains("--table") || lost.err.contains("--prefix"), "{lost:?}");
    let mut command = rig.by_environment(&["connections", "count"]);
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let lost = run(&mut command).await.exits(1);
    assert!(lost.err.contains("check that it runs there"), "{lost:?}");
}

#[tokio::test]
async fn a_table_is_found_that_cloudformation_named() {
    let rig = Rig::start().await;
    let create = async |name: &str| {
        let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
        let text = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
        let table = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
            "AttributeDefinitions": [text("pk"), text("sk")],
        });
        rig.aws("DynamoDB_20120810.CreateTable", &table).await;
    };
    create("staging-Table-1ABC").await;
    create("staging-eu-Table-2DEF").await;
    run(&mut rig.by_environment(&["users", "list", "--prefix", "staging"])).await.exits(0);
    create("staging-Table-3GHI").await;
    let several = run(&mut rig.by_environment(&["users", "list", "--prefix", "staging"])).await;
    assert!(several.exits(1).err.contains("which: staging-Table-1ABC, staging-Table-3GHI"));
    let none = run(&mut rig.by_environment(&["users", "list", "--prefix", "prod"])).await.exits(1);
    assert!(none.err.contains("check --profile and --region, and --prefix"), "{none:?}");
}

#[tokio::test]
async fn queues_of_another_name_are_found_by_prefix_or_url() {
    let rig = Rig::start().await;
    let missing =
        run(&mut rig.by_environment(&["send", "--all", "t", "--prefix", "staging"])).await;
    let missing = missing.exits(1);
    assert!(missing.err.contains("staging-notifications.fifo"), "{missing:?}");
    assert!(missing.err.contains("--prefix"), "{missing:?}");
    let mut command = rig.by_environment(&["send", "--all", "t", "--prefix", "staging"]);
    command.args(["--queue-url", &rig.stack.queue_url()]);
    run(&mut command).await.exits(0);
}

#[tokio::test]
async fn a_local_stack_wins_over_what_the_environment_says() {
    let rig = Rig::start().await;
    let mut command = rig.hubcast(&["send", "--all", "t"]);
    command.env("NOTIFICATIONS_QUEUE_URL", "http://127.0.0.1:1/1/production.fifo");
    command.env("AWS_PROFILE", "production").env("PUBLIC_URL", "https://production.example");
    run(&mut command).await.exits(0);
}

#[tokio::test]
async fn flags_and_commands_that_are_wrong_end_it_with_2() {
    for arguments in [&["fly"] as &[_], &[], &["send", "--fast"], &["doctor", "--local=nonsense"]] {
        run(program().args(arguments)).await.exits(2);
    }
    let help = run(program().arg("--help")).await.exits(0);
    assert!(help.out.contains("Exit codes: 0 done"), "{help:?}");
    run(program().arg("--version")).await.exits(0);
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut command = program();
    let mut child = command.args(["completions", "bash"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().await.unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[tokio::test]
async fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(program().args(["completions", shell])).await.exits(0);
        for command in ["listen", "connections", "redrive", "doctor", "probe"] {
            assert!(script.out.contains(command), "{shell}: {command}");
        }
    }
}

#[tokio::test]
async fn a_url_without_its_equals_sign_is_asked_about_and_sends_nothing() {
    let rig = Rig::start().await;
    let url = rig.stack.url();
    let arguments = ["send", "--local", url, "--user", "alice", "toast"];
    let outcome = run(program().args(arguments)).await.exits(2);
    assert!(outcome.err.contains(&format!("did you mean --local={url}?")), "{outcome:?}");
}

#[tokio::test]
async fn a_local_stack_may_be_named_by_host_and_port() {
    let rig = Rig::start().await;
    let place = format!("--local={}", rig.stack.url().strip_prefix("http://").unwrap());
    let count = run(program().args(["connections", "count", &place])).await.exits(0);
    assert_eq!(count.out, "0\n");
}

#[tokio::test]
async fn a_url_that_has_no_scheme_is_asked_about() {
    let arguments = ["doctor", "--url", "push.example.com"];
    let outcome = run(program().args(arguments)).await.exits(2);
    assert!(outcome.err.contains("did you mean --url=https://push.example.com?"), "{outcome:?}");
    let outcome = run(program().args(["doctor", "--url", "ftp://push.example.com"])).await.exits(2);
    assert!(outcome.err.contains("no URL of a deployment"), "{outcome:?}");
}
