//! Good requests, of which the hostile ones are copies with one thing wrong.

use std::time::Duration;

use hubcast_auth::LEEWAY;
use hubcast_auth::derived::DERIVED_KEY_LIFETIME;
use hubcast_model::session::Reuse;
use hubcast_testkit::clock::START;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::cases::{
    ADD, access_key, app, app_claims, app_token, b_claims, caller, client, client_claims,
    client_negotiate, hub_negotiate, minted, opens, puts, signed, upgrade,
};
use crate::forge::{A, B, B384, EDWARDS, Signer, seconds, with};
use crate::rig::{HOST, ORIGIN, PRIMARY, Request, Rig, SECONDARY, access_keys};

async fn passes(what: &str, request: &Request) -> Value {
    let (status, answer) = Rig::new(Reuse::Session).answer(request).await;
    assert_eq!(status, 200, "{what}: {answer}");
    answer
}

#[tokio::test]
async fn every_algorithm_that_is_pinned_is_good() {
    let b = b_claims();
    for (hub, token) in [
        ("one", A.token("a1", &app_claims())),
        ("one", A.by(Algorithm::PS256).token("a2", &app_claims())),
        ("two", B.token("b1", &b)),
        ("two", B384.token("b384", &b)),
        ("two", EDWARDS.token("b-ed", &b)),
    ] {
        passes("direct", &opens(hub, &token)).await;
        passes("at the hub", &hub_negotiate(hub, &token)).await;
        passes("at the client endpoint", &client_negotiate(hub, &token)).await;
    }
    let tenant = json!({ "iss": "https://login.example/t2/v2.0", "tid": "t2", "oid": "o" });
    let context =
        passes("a tenant", &opens("three", &A.token("m1", &with(app_claims(), &tenant)))).await;
    assert_eq!(context["userId"], "o");
}

#[tokio::test]
async fn both_access_keys_and_both_algorithms_are_good() {
    for key in [PRIMARY, SECONDARY] {
        for algorithm in [Algorithm::HS256, Algorithm::HS512] {
            let token = Signer::secret(key.as_bytes(), algorithm).token("x", &client_claims());
            passes("direct", &opens("one", &token)).await;
            passes("negotiating", &client_negotiate("one", &token)).await;
        }
    }
}

#[tokio::test]
async fn audiences_of_the_management_sdk_are_good() {
    for audience in [
        json!(format!("{HOST}/client/?hub=one")),
        json!(format!("{HOST}:443/client/?hub=one")),
        json!("http://hub.example/client/?hub=One"),
        json!(["https://other.example/client/?hub=one", format!("{HOST}/client/?hub=one")]),
    ] {
        passes("an audience", &opens("one", &client(&json!({ "aud": audience })))).await;
    }
}

#[tokio::test]
async fn types_of_access_tokens_are_good() {
    for typ in
        [json!("JWT"), json!("jwt"), json!("at+jwt"), json!("application/at+jwt"), json!(null)]
    {
        let token = A.with_header("a1", &json!({ "typ": typ }), &app_claims());
        passes("a type", &opens("one", &token)).await;
    }
}

#[tokio::test]
async fn clocks_may_be_a_minute_apart() {
    let leeway = i64::try_from(LEEWAY.as_secs()).unwrap();
    for change in [
        json!({ "exp": seconds(-leeway + 1) }),
        json!({ "nbf": seconds(leeway) }),
        json!({ "nbf": null, "iat": null }),
        json!({ "iat": "now" }),
        json!({ "exp": 4_102_444_800.5 }),
    ] {
        passes("an app token", &opens("one", &app(&change))).await;
        passes("a client token", &opens("one", &client(&change))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_a_little_ahead_is_waited_for() {
    let start = tokio::time::Instant::now();
    for ahead in [json!({ "iat": seconds(0) }), json!({ "iat": seconds(1) })] {
        passes("an app token", &opens("one", &app(&ahead))).await;
        passes("an app token at the hub", &hub_negotiate("one", &app(&ahead))).await;
        passes("a client token", &opens("one", &client(&ahead))).await;
        passes("a client token, negotiating", &client_negotiate("one", &client(&ahead))).await;
    }
    assert_eq!(start.elapsed().as_secs(), 4, "each of the later ones is waited for");
}

#[tokio::test]
async fn a_token_may_stand_in_the_header_and_in_both_places() {
    let token = client(&json!({}));
    let headers = vec![
        ("authorization".to_owned(), format!("bearer {token}")),
        ("origin".to_owned(), ORIGIN.to_owned()),
    ];
    for query in [vec![("hub", "one")], vec![("hub", "one"), ("access_token", token.as_str())]] {
        let query = query.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        passes("a header", &Request::Upgrade { query, headers: headers.clone() }).await;
    }
}

#[tokio::test]
async fn a_connection_token_names_the_connection() {
    let own = minted(&access_keys(), "one", Some("alice"), START);
    let token = client(&json!({}));
    let query = [("hub", "one"), ("id", own.as_str()), ("access_token", token.as_str())];
    let context = passes("a connectionToken", &upgrade(&query)).await;
    assert_eq!(context["connectionId"], own.split('.').next().unwrap());
}

/// The user of a client token, as the authorizer finds it.
async fn user(change: &Value) -> Value {
    let token =
        access_key().token("x", &with(with(client_claims(), &json!({ "nameid": null })), change));
    passes("a user", &opens("one", &token)).await["userId"].clone()
}

#[tokio::test]
async fn the_user_of_a_client_token_is_found_before_user_claims_get_their_names() {
    assert_eq!(user(&json!({ "asrs.s.uid": "u", "nameid": "n", "sub": "s" })).await, "u");
    assert_eq!(user(&json!({ "nameid": "n", "sub": "s" })).await, "n");
    assert_eq!(user(&json!({ "sub": ["s", "t"] })).await, "s");
    let long = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
    assert_eq!(user(&json!({ long: "l", "sub": "s" })).await, "l");
    assert_eq!(user(&json!({ long: ["l", "m"], "nameid": "n" })).await, "n");
    assert_eq!(user(&json!({ "nameid": ["n", "m"] })).await, "n");
    assert_eq!(user(&json!({ "asrs.s.uid": 42 })).await, "42");
    assert_eq!(user(&json!({ long: [7, "m"] })).await, "7");
    assert_eq!(user(&json!({ "nameid": null, "sub": "" })).await, Value::Null);
    assert_eq!(user(&json!({ "asrs.s.uid": "", "nameid": "n" })).await, "n");
    assert_eq!(user(&json!({})).await, Value::Null);
    assert_eq!(
        user(&json!({ "asrs.u.sub": "admin", "asrs.u.nameid": "admin" })).await,
        Value::Null
    );
    assert_eq!(user(&json!({ "sub": "s", "asrs.u.sub": "admin" })).await, "s");
}

#[tokio::test]
async fn user_claims_become_neither_group_nor_end_nor_identity() {
    let token = client(&json!({
        "sub": "alice",
        "asrs.u.sub": "admin",
        "asrs.u.exp": 1,
        "asrs.u.hubcast.groups": ["admins"],
        "asrs.u.asrs.s.coae": "true",
        "asrs.u.asrs.s.aeo": 1,
        "asrs.u.asrs.s.uid": "admin",
        "groups": ["admins"],
        "roles": ["admins"],
        "hubcast.grant": "yes",
    }));
    let context = passes("user claims", &opens("one", &token)).await;
    assert_eq!(context["userId"], "alice");
    for absent in ["groups", "groupsInGrant", "sessionExpires"] {
        assert_eq!(context[absent], Value::Null, "{absent}");
    }
    let joinable = context["joinable"].as_str().unwrap();
    assert!(joinable.contains("alice") && !joinable.contains("admin"), "{joinable}");
}

#[tokio::test]
async fn the_same_name_at_two_issuers_is_two_users() {
    let a = passes("A", &opens("both", &app(&json!({ "groups": ["admins"] })))).await;
    let b_token = B.token("b1", &with(b_claims(), &json!({ "groups": "admins", "roles": ["r"] })));
    let b = passes("B", &opens("both", &b_token)).await;
    assert_eq!((&a["userId"], &b["userId"]), (&json!("a:alice"), &json!("b:alice")));
    assert_eq!(
        (&a["groups"], &b["groups"]),
        (&json!(r#"["a:admins"]"#), &json!(r#"["b:admins","b:r"]"#))
    );
    let taken = app(&json!({ "sub": "b:alice" }));
    assert_eq!(
        passes("a name that looks like B's", &opens("both", &taken)).await["userId"],
        "a:b:alice"
    );
}

#[tokio::test]
async fn users_of_every_script_are_themselves() {
    for name in
        ["Алиса", "愛麗絲", "a\u{301}lice", "álice", "ALICE", "alice/../bob", "alice#one", "👩‍💻"]
    {
        let context = passes(name, &opens("one", &app(&json!({ "sub": name })))).await;
        assert_eq!(context["userId"], format!("a:{name}"));
    }
}

#[tokio::test]
async fn a_large_app_token_makes_a_short_address() {
    let groups: Vec<String> =
        (0..200).map(|n| format!("8a7f-group-with-a-long-name-{n:04}")).collect();
    let token = app(&json!({ "groups": groups, "padding": "p".repeat(1500) }));
    assert!(token.len() > 8 * 1024, "{}", token.len());
    let rig = Rig::new(Reuse::Session);
    let (status, redirect) = rig.answer(&hub_negotiate("one", &token)).await;
    assert_eq!(status, 200);
    let ours = redirect["accessToken"].as_str().unwrap();
    assert!(ours.len() < 1024, "{}", ours.len());
    let (status, context) = rig.answer(&opens("one", ours)).await;
    assert_eq!((status, &context["groupsInGrant"]), (200, &json!("true")));
}

#[tokio::test]
async fn backends_that_have_the_role_or_sign_the_url_are_good() {
    let by_list = json!({ "aud": ["https://other.example/", format!("{HOST}{ADD}")] });
    for token in [
        app_token(&json!({})),
        app_token(&json!({ "idtyp": null, "azp": "alice" })),
        app_token(&json!({ "idtyp": null, "azp": "app", "oid": "alice" })),
        app_token(&json!({ "idtyp": null, "appid": "app", "sub": "o", "oid": "o" })),
        app_token(&json!({ "idtyp": null, "client_id": "app", "sub": "app" })),
        app_token(&json!({ "aud": "api://hubcast-rest-one" })),
        signed(&json!({})),
        signed(&by_list),
    ] {
        let rig = Rig::new(Reuse::Session);
        assert_eq!(rig.status(&puts(ADD, &token)).await, 200);
        assert_eq!(rig.writes().first(), Some(&"put_membership"));
    }
}

#[tokio::test]
async fn a_derived_key_is_good_for_clients_only() {
    let rig = Rig::new(Reuse::Session);
    let derived = rig.rest.gate.derived_key(START).await.expect("a key");
    let signer = Signer::secret(derived.key.expose().as_bytes(), Algorithm::HS256);
    passes("a client", &client_negotiate("one", &signer.token(&derived.id, &client_claims())))
        .await;
    for name in [derived.id.as_str(), "x"] {
        let token = signer.token(name, &caller(&json!({})));
        assert_eq!(rig.status(&puts(ADD, &token)).await, 401, "{name}");
    }
    assert_eq!(rig.writes(), [""; 0]);
}

#[tokio::test]
async fn a_derived_key_ends_whatever_its_tokens_say() {
    let rig = Rig::new(Reuse::Session);
    let derived = rig.rest.gate.derived_key(START).await.expect("a key");
    let signer = Signer::secret(derived.key.expose().as_bytes(), Algorithm::HS256);
    let lasting = with(client_claims(), &json!({ "exp": seconds(86_400) }));
    let asks = client_negotiate("one", &signer.token(&derived.id, &lasting));
    let end = DERIVED_KEY_LIFETIME;
    rig.clock.set(START.plus(end.saturating_sub(Duration::from_secs(1))));
    assert_eq!(rig.status(&asks).await, 200);
    rig.clock.set(START.plus(end));
    assert_eq!(rig.status(&asks).await, 401);
}
