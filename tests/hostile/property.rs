//! Any text in the place of tokens, paths and queries.

use hubcast_model::id::UserId;
use hubcast_model::session::Reuse;
use hubcast_testkit::name;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::cases::{access_key, client_claims, client_negotiate, hub_negotiate, opens, upgrade};
use crate::forge::with;
use crate::rig::{Request, Rig};

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// Whatever a claim may be, in a token of two.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_is_a_token(text in ".{0,300}") {
        run(async {
            let rig = Rig::new(Reuse::Session);
            for request in [opens("one", &text), upgrade(&[("hub", &text), ("access_token", "a.b.c")])] {
                let status = rig.status(&request).await;
                assert!(matches!(status, 401 | 403), "{status}");
            }
            assert_eq!(rig.writes(), [] as [&str; 0]);
        });
    }

    #[test]
    fn no_path_and_no_query_lets_anyone_in(
        path in "(/hubs/|/client)?.{0,60}(/negotiate)?",
        query in "(hub=)?.{0,60}",
        token in "[!-~]{0,60}",
    ) {
        run(async {
            let rig = Rig::new(Reuse::Session);
            let headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
            let request = Request::Http { method: "POST", path, query, headers };
            let status = rig.status(&request).await;
            assert!((400..500).contains(&status), "{status}");
            assert_eq!(rig.writes(), [] as [&str; 0]);
        });
    }

    #[test]
    fn claims_of_any_type_are_read_or_refused(
        claim in prop::sample::select(vec![
            "aud", "exp", "nbf", "iat", "sub", "nameid", "jti", "iss", "asrs.s.uid", "asrs.s.coae",
            "asrs.s.aeo", "asrs.u.sub", "hubcast.groups", "hubcast.grant",
        ]),
        value in json_value(),
    ) {
        run(async {
            let token = access_key().token("x", &with(client_claims(), &json!({ claim: value })));
            let rig = Rig::new(Reuse::Session);
            let status = rig.status(&client_negotiate("one", &token)).await;
            assert!(matches!(status, 200 | 401 | 403), "{status}");
            let status = rig.status(&hub_negotiate("one", &token)).await;
            assert_eq!(status, 401);
        });
    }

    #[test]
    fn a_user_of_any_name_is_that_user_and_nobody_else(user in "\\.{1,3}|[^\\p{C}\\s].{0,40}") {
        run(async {
            let rig = Rig::new(Reuse::Session);
            let token = access_key().token("x", &with(client_claims(), &json!({ "nameid": user })));
            let (status, context) = rig.answer(&opens("one", &token)).await;
            if UserId::parse(&user).is_err() {
                assert_eq!(status, 401);
            } else {
                assert_eq!((status, &context["userId"]), (200, &json!(user)));
                assert_eq!(rig.store.sockets()[0].user, Some(name::user(&user)));
            }
        });
    }
}
