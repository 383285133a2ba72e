//! Refusals that depend on what happened before.

use std::time::Duration;

use hubcast_membership::membership::disconnect;
use hubcast_model::access::Block;
use hubcast_model::ports::{BlockStore, ChannelStore, GrantStore, SocketStore};
use hubcast_model::session::Reuse;
use hubcast_model::time::{Clock, Timestamp};
use hubcast_testkit::clock::START;
use hubcast_testkit::name;
use serde_json::json;

use crate::cases::{app, client, client_negotiate, hub_negotiate, minted, opens};
use crate::forge::{at, seconds};
use crate::rig::{Request, Rig, access_keys};

/// A token of a minute, as a page may fetch it once and keep it.
fn short() -> String {
    client(&json!({ "exp": seconds(60) }))
}

/// Opens a socket by a token; it is open until it ends.
async fn open(rig: &Rig, token: &str, socket: &str) -> u16 {
    let query =
        [("hub", "one"), ("access_token", token)].map(|(n, v)| (n.to_owned(), v.to_owned()));
    rig.upgrade(&query, &[], socket).await.0
}

async fn end(rig: &Rig, socket: &str) {
    disconnect(&rig.store, &name::socket(socket), rig.clock.now()).await.expect("an answer");
}

/// The statuses at the client endpoint and at a socket, neither of which may write anything.
async fn refusals(rig: &Rig, token: &str) -> [u16; 2] {
    rig.store.journal().clear();
    let statuses =
        [rig.status(&client_negotiate("one", token)).await, open(rig, token, "refused=").await];
    assert_eq!(rig.writes(), [] as [&str; 0]);
    statuses
}

async fn admits(rig: &Rig, token: &str, socket: &str) -> bool {
    let negotiated = rig.status(&client_negotiate("one", token)).await;
    let opened = open(rig, token, socket).await;
    assert_eq!(negotiated, opened);
    opened == 200
}

#[tokio::test]
async fn a_token_that_opened_a_socket_outlives_its_own_end_while_that_is_open() {
    let rig = Rig::new(Reuse::Session);
    let token = short();
    assert!(admits(&rig, &token, "s1=").await);
    rig.clock.set(at(7000));
    assert!(admits(&rig, &token, "s2=").await);
    end(&rig, "s1=").await;
    rig.clock.set(at(7000 + 6000));
    assert!(admits(&rig, &token, "s3=").await);
}

#[tokio::test]
async fn a_session_lasts_for_the_grace_after_its_last_socket() {
    let rig = Rig::new(Reuse::Session);
    let token = short();
    assert!(admits(&rig, &token, "s1=").await && admits(&rig, &token, "s2=").await);
    rig.clock.set(at(1000));
    end(&rig, "s1=").await;
    rig.clock.set(at(2000));
    end(&rig, "s2=").await;
    rig.clock.set(at(2599));
    assert_eq!(rig.status(&client_negotiate("one", &token)).await, 200);
    rig.clock.set(at(2600));
    assert_eq!(refusals(&rig, &token).await, [401, 401]);
}

#[tokio::test]
async fn a_socket_whose_end_nobody_tells_keeps_its_session_for_a_while_only() {
    let rig = Rig::new(Reuse::Session);
    let token = short();
    assert!(admits(&rig, &token, "ghost=").await);
    let rows_end = 130 * 60;
    rig.clock.set(at(rows_end + 599));
    assert_eq!(rig.status(&client_negotiate("one", &token)).await, 200);
    rig.clock.set(at(rows_end + 600));
    assert_eq!(refusals(&rig, &token).await, [401, 401]);
}

#[tokio::test]
async fn a_session_is_of_one_hub_one_token_and_one_user() {
    let rig = Rig::new(Reuse::Session);
    let both = client(&json!({
        "exp": seconds(60),
        "aud": ["https://hub.example/client/?hub=one", "https://hub.example/client/?hub=two"],
    }));
    assert!(admits(&rig, &both, "s1=").await);
    let twin = client(&json!({ "exp": seconds(61) }));
    let bob = client(&json!({ "exp": seconds(60), "nameid": "bob" }));
    rig.clock.set(at(200));
    rig.store.journal().clear();
    assert_eq!(rig.status(&client_negotiate("two", &both)).await, 401);
    assert_eq!(rig.status(&opens("two", &both)).await, 401);
    assert_eq!(rig.writes(), [] as [&str; 0]);
    for other in [twin, bob] {
        assert_eq!(refusals(&rig, &other).await, [401, 401]);
    }
    assert!(admits(&rig, &both, "s2=").await);
}

#[tokio::test]
async fn a_session_ends_with_the_users_log_out() {
    let rig = Rig::new(Reuse::Session);
    let token = short();
    assert!(admits(&rig, &token, "s1=").await);
    rig.clock.set(at(200));
    let log_out = Block { until: None, not_before: Some(at(200)) };
    rig.store.put_block(Some(&name::hub("one")), &name::user("alice"), log_out).await.unwrap();
    assert_eq!(refusals(&rig, &token).await, [403, 403]);
}

#[tokio::test(start_paused = true)]
async fn who_was_in_by_a_token_that_was_ahead_is_out_after_a_log_out() {
    let rig = Rig::new(Reuse::Session);
    let ahead = json!({ "iat": seconds(1) });
    let (app, client) = (app(&ahead), client(&ahead));
    let derived = rig.answer(&hub_negotiate("one", &app)).await.1;
    let derived = derived["accessToken"].as_str().expect("a token").to_owned();
    for token in [&app, &client, &derived] {
        assert_eq!(rig.status(&opens("one", token)).await, 200);
    }
    // Whoever was let in waited until then at least.
    let log_out = Block { until: None, not_before: Some(at(1)) };
    for user in ["alice", "a:alice"] {
        rig.store.put_block(Some(&name::hub("one")), &name::user(user), log_out).await.unwrap();
    }
    rig.clock.set(at(60));
    for token in [&client, &derived] {
        assert_eq!(refusals(&rig, token).await, [403, 403]);
    }
    assert_eq!(rig.status(&hub_negotiate("one", &app)).await, 403);
}

#[tokio::test]
async fn a_session_ends_when_it_was_to_end() {
    let rig = Rig::new(Reuse::Session);
    let change = json!({ "exp": seconds(60), "asrs.s.coae": "true", "asrs.s.aeo": seconds(300) });
    let token = client(&change);
    assert!(admits(&rig, &token, "s1=").await);
    rig.clock.set(at(299));
    assert!(admits(&rig, &token, "s2=").await);
    rig.clock.set(at(300));
    assert_eq!(refusals(&rig, &token).await, [401, 401]);
}

#[tokio::test]
async fn the_table_is_asked_about_sessions_of_expired_tokens_only() {
    let rig = Rig::new(Reuse::Session);
    admits(&rig, &short(), "s1=").await;
    assert_eq!(rig.store.journal().count("session_lasts"), 0);
    assert_eq!(rig.store.journal().count("is_used_up"), 0);
}

#[tokio::test]
async fn an_expired_token_is_not_let_in_when_the_table_does_not_answer() {
    let rig = Rig::new(Reuse::Session);
    let token = short();
    assert!(admits(&rig, &token, "s1=").await);
    rig.clock.set(at(200));
    rig.store.fault("session_lasts", hubcast_testkit::Fault::Unavailable);
    assert_eq!(refusals(&rig, &token).await, [500, 500]);
}

#[tokio::test]
async fn blocks_are_asked_for_everywhere() {
    for hub in [Some("one"), None] {
        let rig = Rig::new(Reuse::Session);
        let block = Block { until: Some(at(100)), not_before: None };
        for user in ["alice", "a:alice"] {
            let hub = hub.map(name::hub);
            rig.store.put_block(hub.as_ref(), &name::user(user), block).await.unwrap();
        }
        let app = app(&json!({}));
        assert_eq!(refusals(&rig, &client(&json!({}))).await, [403, 403]);
        assert_eq!(refusals(&rig, &app).await, [403, 403]);
        assert_eq!(rig.status(&hub_negotiate("one", &app)).await, 403);
        assert_eq!(rig.writes(), [] as [&str; 0]);
        rig.clock.set(at(100));
        assert!(admits(&rig, &client(&json!({})), "s1=").await);
    }
}

#[tokio::test]
async fn a_token_that_hides_its_age_does_not_outlive_a_log_out() {
    for age in [json!(null), json!("now"), json!(-1), json!(1e300)] {
        let rig = Rig::new(Reuse::Session);
        let log_out = Block { until: None, not_before: Some(Timestamp::from_millis(1)) };
        rig.store.put_block(None, &name::user("alice"), log_out).await.unwrap();
        let statuses = refusals(&rig, &client(&json!({ "iat": age }))).await;
        assert!(statuses.iter().all(|status| matches!(status, 401 | 403)), "{age}: {statuses:?}");
    }
}

/// A token of ours, as `/hubs/{hub}/negotiate` makes it.
async fn our_token(rig: &Rig) -> String {
    let (status, redirect) = rig.answer(&hub_negotiate("one", &app(&json!({})))).await;
    assert_eq!(status, 200);
    redirect["accessToken"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn once_means_that_our_token_opens_one_connection() {
    let rig = Rig::new(Reuse::Once);
    let token = our_token(&rig).await;
    assert!(admits(&rig, &token, "s1=").await);
    rig.store.journal().clear();
    assert_eq!(rig.status(&client_negotiate("one", &token)).await, 401);
    assert_eq!(rig.writes(), [] as [&str; 0]);
    assert_eq!(open(&rig, &token, "s2=").await, 403);
    end(&rig, "s1=").await;
    assert_eq!(open(&rig, &token, "s3=").await, 403);
    assert!(rig.store.sockets().is_empty());
}

#[tokio::test]
async fn once_lets_a_proxy_try_the_same_connection_again() {
    let rig = Rig::new(Reuse::Once);
    let token = our_token(&rig).await;
    let (_, negotiated) = rig.answer(&client_negotiate("one", &token)).await;
    let id = negotiated["connectionToken"].as_str().unwrap();
    let query = [("hub", "one"), ("id", id), ("access_token", token.as_str())];
    let query = query.map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!(rig.upgrade(&query, &[], "s1=").await.0, 200);
    assert_eq!(rig.upgrade(&query, &[], "s2=").await.0, 200);
}

#[tokio::test]
async fn once_makes_no_session() {
    let rig = Rig::new(Reuse::Once);
    let token = our_token(&rig).await;
    assert!(admits(&rig, &token, "s1=").await);
    rig.clock.set(at(600));
    assert_eq!(refusals(&rig, &token).await, [401, 401]);
}

#[tokio::test]
async fn once_is_for_our_own_tokens() {
    let rig = Rig::new(Reuse::Once);
    let token = short();
    assert!(admits(&rig, &token, "s1=").await && admits(&rig, &token, "s2=").await);
    rig.clock.set(at(200));
    assert!(admits(&rig, &token, "s3=").await);
}

#[tokio::test]
async fn without_once_our_token_comes_back_too() {
    let rig = Rig::new(Reuse::Session);
    let token = our_token(&rig).await;
    assert!(admits(&rig, &token, "s1=").await);
    rig.clock.set(at(600));
    assert!(admits(&rig, &token, "s2=").await);
}

#[tokio::test]
async fn a_connection_token_is_used_by_whoever_finishes_its_handshake() {
    let rig = Rig::new(Reuse::Session);
    let token = client(&json!({}));
    let own = minted(&access_keys(), "one", Some("alice"), START);
    let query = [("hub", "one"), ("id", own.as_str()), ("access_token", token.as_str())];
    let query = query.map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!(rig.upgrade(&query, &[], "s1=").await.0, 200);
    assert_eq!(rig.upgrade(&query, &[], "s2=").await.0, 200, "the first never finished");
    let second =
        rig.store.begin_handshake(&name::socket("s2="), &[], START).await.unwrap().unwrap();
    rig.store.put_rows(&second.rows(&second.channels, None)).await.unwrap();
    assert!(rig.store.finish_handshake(&second).await.unwrap());
    assert_eq!(rig.upgrade(&query, &[], "s3=").await.0, 409, "a replay");
    assert_eq!(rig.store.sockets().len(), 2);
}

#[tokio::test]
async fn nothing_is_recorded_for_a_page_that_may_not_connect() {
    let rig = Rig::new(Reuse::Once);
    let token = our_token(&rig).await;
    rig.store.journal().clear();
    let query = [("hub", "one"), ("access_token", token.as_str())];
    let query = query.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
    let headers = vec![("origin".to_owned(), "https://evil.example".to_owned())];
    assert_eq!(rig.status(&Request::Upgrade { query, headers }).await, 403);
    assert_eq!(rig.writes(), [] as [&str; 0]);
    rig.clock.advance(Duration::from_secs(1));
    assert!(admits(&rig, &token, "s1=").await);
}

#[tokio::test]
async fn groups_that_are_kept_apart_last_as_long_as_their_session() {
    let rig = Rig::new(Reuse::Session);
    let groups: Vec<String> = (0..200).map(|n| format!("a-group-with-a-long-name-{n}")).collect();
    let (status, redirect) =
        rig.answer(&hub_negotiate("one", &app(&json!({ "groups": groups })))).await;
    assert_eq!(status, 200);
    let token = redirect["accessToken"].as_str().expect("a token").to_owned();
    for round in 0..4_u64 {
        rig.clock.set(at(round * 7000));
        let socket = format!("s{round}=");
        assert!(admits(&rig, &token, &socket).await);
        let sockets = rig.store.sockets();
        assert_eq!(sockets.len(), 1);
        let query = [("hub", "one"), ("access_token", token.as_str())];
        let query = query.map(|(n, v)| (n.to_owned(), v.to_owned()));
        let (_, context) = rig.upgrade(&query, &[], &socket).await;
        let token_id = context["tokenId"].as_str().expect("an id").to_owned();
        rig.clock.set(at(round * 7000 + 6999));
        let kept = rig.store.grant(&token_id, rig.clock.now()).await.expect("an answer");
        assert_eq!(kept.expect("the groups are kept").len(), 200);
        end(&rig, &socket).await;
    }
}
