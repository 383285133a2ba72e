//! What a redirect hands on: the token, its age, its groups and claims, and the query.

use hubcast_model::ports::GrantStore;
use hubcast_model::principal::TokenKind;
use hubcast_model::time::Clock;
use hubcast_testkit::clock::START;
use hubcast_testkit::name;
use hubcast_testkit::token::{PUBLIC_URL, client_token};
use negotiate::Negotiation;
use serde_json::{Value, json};

use crate::rig::{CLIENT, HUB, Rig, body, header, rig, set_query, set_token, text};

#[tokio::test]
async fn a_hub_redirects_to_the_client_endpoint_with_a_token_for_it() {
    let rig = rig();
    let answer = rig.answer(HUB, |_| {}).await;
    assert_eq!(answer.status_code, 200);
    assert_eq!(header(&answer, "content-type"), Some("application/json"));
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    let redirect = body(&answer);
    assert_eq!(redirect["url"], json!(format!("{PUBLIC_URL}/client/?hub=notifications")));
    assert_eq!(redirect["availableTransports"], json!([]));
    let token = redirect["accessToken"].as_str().unwrap();
    let (hub, now) = (name::hub("notifications"), rig.negotiation.clock.now());
    let Negotiation { gatekeeper, store, .. } = &rig.negotiation;
    let principal = gatekeeper.admit(store, token, &hub, now).await.unwrap();
    assert_eq!(principal.kind, TokenKind::Client);
    assert_eq!(principal.user, Some(name::user("alice")));
    assert_eq!(principal.groups, [name::group("admins")]);
}

#[tokio::test]
async fn a_client_token_is_as_old_as_the_app_token_that_it_comes_from() {
    let rig = rig();
    let issued = START.as_seconds() - 600;
    let token = rig.issuer.token(&json!({ "iat": issued }));
    let redirect = body(&rig.answer(HUB, |event| set_token(event, &token)).await);
    let token = redirect["accessToken"].as_str().unwrap();
    let hub = name::hub("notifications");
    let Negotiation { gatekeeper, store, .. } = &rig.negotiation;
    let principal = gatekeeper.admit(store, token, &hub, START).await.unwrap();
    assert_eq!(principal.issued_at.as_seconds(), issued, "a log-out since then refuses it too");
}

#[tokio::test]
async fn a_redirect_keeps_the_apps_own_query() {
    let query = "negotiateVersion=1&tenant=a%20b&useStatefulReconnect=true&tenant=c";
    let answer = rig().answer(HUB, |event| set_query(event, query)).await;
    let expected = format!("{PUBLIC_URL}/client/?hub=notifications&tenant=a+b&tenant=c");
    assert_eq!(body(&answer)["url"], json!(expected));
}

#[tokio::test]
async fn a_browser_with_a_long_client_token_gets_a_short_one_of_the_same_session() {
    let rig = rig();
    let end = START.as_seconds() + 900;
    for (pad, is_long) in [(2000, false), (3300, true)] {
        let long = client_token(&json!({
            "nameid": "alice", "tid": "t1", "pad": "p".repeat(pad), "iat": START.as_seconds() - 9,
            "hubcast.groups": ["admins"], "asrs.s.coae": "true", "asrs.s.aeo": end,
        }));
        let shown = |event: &mut Value| set_token(event, &long);
        let answer = rig.answer(CLIENT, shown).await;
        let Some(short) = body(&answer)["accessToken"].as_str().map(str::to_owned) else {
            assert!(!is_long && body(&answer)["connectionToken"].is_string(), "{}", text(&answer));
            continue;
        };
        assert!(is_long && short.len() < 1024, "{}", short.len());
        let expected = format!("{PUBLIC_URL}/client/?hub=notifications");
        assert_eq!(body(&answer)["url"], json!(expected));
        let hub = name::hub("notifications");
        let Negotiation { gatekeeper, store, .. } = &rig.negotiation;
        let of_long = gatekeeper.admit(store, &long, &hub, START).await.unwrap();
        let of_short = gatekeeper.admit(store, &short, &hub, START).await.unwrap();
        assert_eq!(of_short.user, of_long.user);
        assert_eq!(of_short.groups, of_long.groups);
        assert_eq!(of_short.issued_at, of_long.issued_at);
        assert_eq!(of_short.session, of_long.session);
        assert_eq!(of_short.session_expires, of_long.session_expires);
        assert_eq!(of_short.claims["tid"], "t1");
        let again = rig.answer(CLIENT, |event| set_token(event, &short)).await;
        assert!(body(&again)["connectionToken"].is_string(), "{}", text(&again));
        let elsewhere = |event: &mut Value| {
            set_token(event, &long);
            event["headers"].as_object_mut().unwrap().remove("origin");
        };
        let other = rig.answer(CLIENT, elsewhere).await;
        assert!(body(&other)["connectionToken"].is_string(), "others have a header for the token");
    }
}

#[tokio::test]
async fn many_groups_are_kept_in_the_table() {
    let rig = rig();
    let groups: Vec<String> = (0..100).map(|n| format!("department-{n:04}")).collect();
    let token = rig.issuer.token(&json!({ "groups": groups }));
    let answer = rig.answer(HUB, |event| set_token(event, &token)).await;
    let redirect = body(&answer);
    let token = redirect["accessToken"].as_str().unwrap();
    assert!(token.len() < 1024, "it has to fit a URL");
    let hub = name::hub("notifications");
    let principal =
        rig.negotiation.gatekeeper.admit(&rig.negotiation.store, token, &hub, START).await.unwrap();
    assert!(principal.groups_in_grant);
    let kept = rig.negotiation.store.grant(&principal.token_id.unwrap(), START).await.unwrap();
    assert_eq!(kept.map(|groups| groups.len()), Some(100));
}

#[tokio::test]
async fn a_redirect_carries_the_claims_that_group_patterns_name_and_no_others() {
    let rig = rig();
    let token = rig.issuer.token(&json!({ "tid": "t1", "salary": 5 }));
    let redirect = body(&rig.answer(HUB, |event| set_token(event, &token)).await);
    let token = redirect["accessToken"].as_str().unwrap();
    let hub = name::hub("notifications");
    let principal =
        rig.negotiation.gatekeeper.admit(&rig.negotiation.store, token, &hub, START).await.unwrap();
    assert_eq!(principal.claims.get("tid").map(String::as_str), Some("t1"));
    assert!(!principal.claims.contains_key("salary"));
}

#[tokio::test]
async fn a_session_ends_with_the_app_token_when_that_is_wanted() {
    for wanted in [false, true] {
        let rig = rig();
        let negotiation = Negotiation { close_on_token_expiry: wanted, ..rig.negotiation };
        let rig = Rig { negotiation, ..rig };
        let redirect = body(&rig.answer(HUB, |_| {}).await);
        let token = redirect["accessToken"].as_str().unwrap();
        let hub = name::hub("notifications");
        let principal = rig
            .negotiation
            .gatekeeper
            .admit(&rig.negotiation.store, token, &hub, START)
            .await
            .unwrap();
        let end = principal.session_expires.map(|end| end.as_seconds() - START.as_seconds());
        assert_eq!(end, wanted.then_some(3600));
    }
}
