//! `hubcast dlq`.

use std::collections::BTreeMap;

use hubcast_aws::operator::{Account, SignIn};
use hubcast_model::channel::ChannelKey;
use hubcast_model::id::{HubName, UserId};
use hubcast_model::ports::{ChannelStore, Consistency, PageQuery, Progress, ProgressStore};
use hubcast_model::time::{Clock, SystemClock, Timestamp};

use crate::rig::{Rig, run};

const LIST: [&str; 3] = ["dlq", "list", "--json"];

#[tokio::test]
async fn letters_are_listed_with_their_reasons_and_shown_whole() {
    let rig = Rig::start().await;
    let none = rig.run(&["dlq", "list"]).await.exits(0);
    assert_eq!((none.out.as_str(), none.err.trim()), ("", "there are no dead letters"));

    let misspelt = r#"{"usrId":"alice","target":"t"}"#;
    rig.enqueue("notifications", "a", misspelt, &[]).await;
    rig.enqueue("notifications", "b", "no json", &[]).await;
    let letters = rig.until(&LIST, 2).await;
    let letter = letters.iter().find(|letter| letter["messageGroup"] == "a").unwrap();
    assert_eq!((&letter["reason"], &letter["body"]), (&"UnknownProperty".into(), &misspelt.into()));
    let id = letter["id"].as_str().unwrap();

    let shown = rig.run(&["dlq", "show", id]).await.exits(0);
    for part in [id, "UnknownProperty", "'usrId' is not a property", misspelt, "progress key"] {
        assert!(shown.out.contains(part), "{part}: {shown:?}");
    }
    let some = rig.run(&["dlq", "list", "--reason", "notjson", "--json"]).await.exits(0).json();
    assert_eq!(some.len(), 1, "{some:?}");
    assert_eq!(some[0]["reason"], "NotJson");
    rig.run(&["dlq", "show", "nonsense"]).await.exits(4);
}

#[tokio::test]
async fn what_would_be_rejected_again_stays_until_it_is_dropped() {
    let rig = Rig::start().await;
    rig.enqueue("notifications", "a", r#"{"usrId":"alice","target":"t"}"#, &[]).await;
    let id = rig.until(&LIST, 1).await[0]["id"].as_str().unwrap().to_owned();
    let stays = rig.run(&["dlq", "redrive", "--all"]).await.exits(3);
    assert!(stays.err.contains(&format!("{id} stays: UnknownProperty")), "{stays:?}");
    let missing = rig.run(&["dlq", "drop", "nonsense"]).await.exits(4);
    assert!(missing.err.contains("nonsense"), "{missing:?}");
    assert_eq!(rig.run(&LIST).await.json().len(), 1, "it is still there");

    let forced = rig.run(&["dlq", "redrive", &id, "--force", "--json"]).await.exits(0);
    assert_eq!(forced.json()[0]["redriven"], 1);
    let back = rig.until(&LIST, 1).await;
    assert_ne!(back[0]["id"], id.as_str(), "it came back as another letter");

    let forced = rig.run(&["dlq", "redrive", "--all", "--force", "--json"]).await;
    assert_eq!(forced.json()[0]["redriven"], 1, "what comes back is not sent round and round");
    rig.until(&LIST, 1).await;

    let shown = rig.run(&["dlq", "drop", "--all", "--dry-run"]).await.exits(0);
    assert!(shown.out.starts_with("ID "), "with heads: {shown:?}");
    assert!(shown.out.contains("UnknownProperty"), "{shown:?}");
    let unasked = rig.run(&["dlq", "drop", "--all"]).await.exits(2);
    assert!(unasked.err.contains("--yes"), "{unasked:?}");
    assert_eq!(rig.run(&LIST).await.json().len(), 1, "it is still there");
    let misspelt = rig.run(&["dlq", "list", "--reason", "UnknownProprty"]).await.exits(2);
    assert!(misspelt.err.contains("'UnknownProperty'"), "{misspelt:?}");

    let dropped = rig.run(&["dlq", "drop", "--all", "--yes"]).await.exits(0);
    assert_eq!(dropped.err.trim(), "1 dropped");
    rig.until(&LIST, 0).await;
}

/// All letters of a message group go, although SQS shows the first ones only.
#[tokio::test]
async fn letters_that_wait_behind_others_are_told_and_moved_too() {
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "alice"]).await;
    for n in 0..3 {
        let body = format!(r#"{{"userId":"alice","target":"n","arguments":[{n}]}}"#);
        rig.enqueue("dlq", "g", &body, &[("RejectReason", "TooOld")]).await;
    }
    let listed = rig.run(&["dlq", "list"]).await.exits(0);
    assert!(listed.err.contains("about 2 more wait behind these"), "{listed:?}");
    let moved = rig.run(&["dlq", "redrive", "--all", "--reason", "TooOld"]).await.exits(0);
    assert_eq!(moved.err.trim(), "3 redriven");
    for n in 0..3 {
        assert_eq!(alice.call().await.1, format!("[{n}]"));
    }
}

#[tokio::test]
async fn a_redriven_letter_reaches_only_those_who_did_not_get_it() {
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "alice"]).await;
    let mut bob = rig.listener(&["--user", "bob"]).await;
    rig.until(&["users", "list", "--json"], 2).await;

    let account = Account::open(&SignIn::Local(rig.stack.url().to_owned())).await.unwrap();
    let store = account.store("hubcast");
    let key =
        ChannelKey::user(&HubName::parse("notifications").unwrap(), &UserId::parse("bob").unwrap());
    let (consistency, now) = (Consistency::Strong, SystemClock.now());
    let query = PageQuery { key: &key, consistency, now, after: None, limit: None };
    let socket = store.members(query).await.unwrap().members.remove(0).socket;
    let left = Progress { left: vec![socket], ..Progress::default() };
    let rows = BTreeMap::from([("stuck/0".to_owned(), left)]);
    store.put_progress(&rows, Timestamp::FOREVER).await.unwrap();

    let body = r#"{"everyone":true,"target":"late"}"#;
    rig.enqueue(
        "dlq",
        "notifications:hub",
        body,
        &[("ProgressKey", "stuck"), ("RejectReason", "NoProgress")],
    )
    .await;
    rig.run(&["dlq", "redrive", "--all"]).await.exits(0);
    assert_eq!(bob.call().await.0, "late");
    rig.run(&["send", "--all", "fence"]).await.exits(0);
    assert_eq!(bob.call().await.0, "fence");
    assert_eq!(alice.call().await.0, "fence", "alice had it before");
}

#[tokio::test]
async fn a_job_goes_back_to_the_queue_of_jobs_or_stays() {
    let rig = Rig::start().await;
    let mut alice = rig.listener(&["--user", "alice"]).await;
    rig.until(&["users", "list", "--json"], 1).await;
    let job = r#"{"job":{"key":"k/0","channels":["USER#notifications#alice"]},"element":{"everyone":true,"target":"late"}}"#;
    let attributes = [("ProgressKey", "m"), ("RejectReason", "TooOld")];
    rig.enqueue("dlq", "notifications:hub|0", job, &attributes).await;

    let redrive = ["dlq", "redrive", "--all"];
    let elsewhere = format!("{}/000000000000/elsewhere.fifo", rig.stack.url());
    let mut command = rig.by_environment(&redrive);
    let failed = run(command.env("DELIVERIES_QUEUE_URL", elsewhere)).await.exits(1);
    assert!(failed.err.contains("cannot send a dead letter to elsewhere.fifo"), "{failed:?}");
    assert!(failed.err.contains("0 redriven"), "{failed:?}");

    let moved = rig.run(&redrive).await.exits(0);
    assert_eq!(moved.err.trim(), "1 redriven", "it shows again at once");
    assert_eq!(alice.call().await.0, "late");
    rig.until(&LIST, 0).await;
}
