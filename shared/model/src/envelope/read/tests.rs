use proptest::prelude::*;

use super::*;
use crate::audience::Audience;
use crate::envelope::content::Answer;

mod wrappers;

fn rules() -> EnvelopeRules {
    EnvelopeRules {
        default_hub: HubName::parse("notifications").unwrap(),
        implicit_broadcast: true,
    }
}

fn one(body: &str) -> Result<Notification, Rejection> {
    parse(body, &rules())?.remove(0).parsed
}

fn reason(body: &str) -> RejectReason {
    one(body).expect_err(body).reason
}

fn audience(body: &str) -> Audience {
    match one(body).expect(body).content {
        Content::Message { audience, .. } => audience,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_azure_functions_writes_is_read() {
    let body = r#"{"connectionId":null,"userId":"alice","groupName":"","target":"m","arguments":[1, "x"],"endpoints":null}"#;
    let notification = one(body).unwrap();
    assert_eq!(notification.hub.as_str(), "notifications");
    let Content::Message { audience, target, arguments } = notification.content else { panic!() };
    assert_eq!(audience, Audience::Users(vec![crate::id::UserId::parse("alice").unwrap()]));
    assert_eq!(target, "m");
    assert_eq!(arguments.get(), r#"[1, "x"]"#);
}

#[test]
fn what_nests_deeper_than_clients_read_is_refused() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for (property, deepest) in [("arguments", 63), ("result", 63), ("item", 63)] {
        let call = if property == "arguments" { "target" } else { "invocationId" };
        let body = |levels| {
            format!(r#"{{"connectionId":"c","{call}":"m","{property}":{}}}"#, nested(levels))
        };
        assert!(one(&body(deepest)).is_ok(), "{property}");
        assert_eq!(reason(&body(deepest + 1)), RejectReason::TooDeep, "{property}");
        assert_eq!(reason(&body(100_000)), RejectReason::TooDeep, "{property}");
    }
    let retained = format!(r#"{{"target":"m","retain":"k","arguments":{}}}"#, nested(64));
    assert_eq!(reason(&retained), RejectReason::TooDeep);
}

#[test]
fn names_and_actions_are_read_in_any_case() {
    let body = r#"{"Hub":"Chat","USERID":"a","Action":"ADD","groupname":"g","TtlSeconds":5}"#;
    let notification = one(body).unwrap();
    assert_eq!(notification.hub.as_str(), "chat");
    assert!(matches!(notification.content, Content::Action(Action::Add { ttl: Some(_), .. })));
}

#[test]
fn the_higher_audience_counts() {
    let all = r#"{"connectionId":"c","userId":"u","groupName":"g","target":"m"}"#;
    assert!(matches!(audience(all), Audience::Connection(_)));
    assert!(matches!(
        audience(r#"{"userId":"u","groupName":"g","target":"m"}"#),
        Audience::Users(_)
    ));
    assert!(matches!(audience(r#"{"groupName":"g","target":"m"}"#), Audience::Groups(_)));
    assert_eq!(audience(r#"{"target":"m"}"#), Audience::Hub);
}

#[test]
fn an_empty_list_reaches_nobody_and_never_everybody() {
    assert_eq!(audience(r#"{"userIds":[],"target":"m"}"#), Audience::Users(vec![]));
    assert_eq!(audience(r#"{"groupNames":[],"target":"m"}"#), Audience::Groups(vec![]));
}

#[test]
fn singles_and_lists_are_united() {
    let Audience::Users(users) = audience(r#"{"userId":"a","userIds":["b","c"],"target":"m"}"#)
    else {
        panic!()
    };
    assert_eq!(users.len(), 3);
}

#[test]
fn bad_envelopes_are_rejected_with_their_reason() {
    use RejectReason as R;
    let too_many = format!(r#"{{"userIds":[{}],"target":"m"}}"#, vec![r#""u""#; 501].join(","));
    let long_group = format!(r#"{{"groupName":"{}","target":"m"}}"#, "g".repeat(1025));
    for (body, expected) in [
        ("nonsense", R::NotJson),
        ("\u{feff}{}", R::NoContent),
        ("[]", R::NoContent),
        ("{}", R::NoContent),
        ("7", R::NotAnObject),
        (r#"{"arguments":[]}"#, R::NoContent),
        (r#"{"user":"alice","target":"m"}"#, R::UnknownProperty),
        (r#"{"target":"m","Message":"x"}"#, R::UnknownProperty),
        (r#"{"target":"m","Target":"n"}"#, R::DuplicateProperty),
        (r#"{"target":null,"Target":"n"}"#, R::DuplicateProperty),
        (r#"{"target":"m","action":"close"}"#, R::SeveralContents),
        (r#"{"target":"m","arguments":{}}"#, R::ArgumentsNotArray),
        (r#"{"target":"m","arguments":"[]"}"#, R::ArgumentsNotArray),
        (r#"{"target":7}"#, R::BadType),
        (r#"{"target":"m","userIds":"a"}"#, R::BadType),
        (r#"{"target":"m","hub":"1"}"#, R::BadName),
        (r#"{"target":"m","userId":" "}"#, R::BadName),
        (r#"{"target":"m","userId":"a\u0000"}"#, R::BadName),
        (long_group.as_str(), R::BadName),
        (too_many.as_str(), R::TooManyIds),
        (r#"{"action":"explode","userId":"a"}"#, R::UnknownAction),
        (r#"{"action":"add","groupName":"g"}"#, R::MissingAudience),
        (r#"{"action":"add","userId":"a"}"#, R::MissingGroup),
        (r#"{"action":"block"}"#, R::MissingAudience),
        (r#"{"action":"block","groupName":"g","userId":"a"}"#, R::MisplacedProperty),
        (r#"{"action":"close","groupName":"g","revoke":true}"#, R::MisplacedProperty),
        (r#"{"target":"m","ttlSeconds":5}"#, R::MisplacedProperty),
        (r#"{"target":"m","connectionId":"c","retain":"k"}"#, R::MisplacedProperty),
        (r#"{"target":"m","groupName":"g","keepSeconds":5}"#, R::MisplacedProperty),
        (r#"{"target":"m","userIds":["u","v"],"keepSeconds":5}"#, R::MisplacedProperty),
        (r#"{"target":"m","userId":"u","retain":"k","keepSeconds":5}"#, R::MisplacedProperty),
        (r#"{"action":"close","userId":"u","retain":"k"}"#, R::MisplacedProperty),
        (r#"{"target":"m","retain":"a\nb"}"#, R::BadName),
        (r#"{"target":"m","expiresAt":"2026-11-23T10:00:00"}"#, R::BadExpiry),
        (r#"{"invocationId":"1","result":1}"#, R::MissingAudience),
        (r#"{"invocationId":"1","connectionId":"c","result":1,"error":"e"}"#, R::SeveralContents),
    ] {
        assert_eq!(reason(body), expected, "{body}");
    }
}

#[test]
fn a_misspelt_action_is_told_what_it_may_mean() {
    for (action, meant) in [("ad", "add"), ("removal", "remove"), ("remove_all", "removeAll")] {
        let body = format!(r#"{{"action":"{action}","userId":"a"}}"#);
        let rejection = parse(&body, &rules()).unwrap().remove(0).parsed.unwrap_err();
        assert!(rejection.detail.ends_with(&format!("did you mean '{meant}'?")), "{rejection}");
    }
}

#[test]
fn one_bad_element_leaves_the_others_alone() {
    let elements =
        parse(r#"[{"target":"a"},{"user":"x","target":"b"},{"target":"c"}]"#, &rules()).unwrap();
    let good: Vec<bool> = elements.iter().map(|element| element.parsed.is_ok()).collect();
    assert_eq!(good, [true, false, true]);
    assert_eq!(elements[1].json.get(), r#"{"user":"x","target":"b"}"#);
}

#[test]
fn a_hundred_elements_are_the_most() {
    let body = |n: usize| format!("[{}]", vec![r#"{"target":"m"}"#; n].join(","));
    assert_eq!(parse(&body(100), &rules()).unwrap().len(), 100);
    assert_eq!(parse(&body(101), &rules()).unwrap_err().reason, RejectReason::TooManyElements);
}

#[test]
fn a_broadcast_must_be_asked_for_when_the_rules_say_so() {
    let strict = EnvelopeRules { implicit_broadcast: false, ..rules() };
    let implicit = parse(r#"{"target":"m"}"#, &strict).unwrap().remove(0).parsed.unwrap_err();
    assert_eq!(implicit.reason, RejectReason::ImplicitBroadcast);
    assert!(parse(r#"{"target":"m","everyone":true}"#, &strict).unwrap().remove(0).parsed.is_ok());
}

#[test]
fn a_log_out_revokes_unless_told_otherwise() {
    let revoke = |body: &str| match one(body).unwrap().content {
        Content::Action(action) => !action.revoked_users().is_empty(),
        other => panic!("{other:?}"),
    };
    assert!(revoke(r#"{"action":"close","userId":"a"}"#));
    assert!(!revoke(r#"{"action":"close","userId":"a","revoke":false}"#));
    assert!(!revoke(r#"{"action":"close","userId":"a","allowReconnect":true}"#));
    assert!(!revoke(r#"{"action":"close","groupName":"g"}"#));
}

#[test]
fn a_message_says_what_those_get_who_come_later() {
    use std::time::Duration;
    let key = crate::retention::RetainedKey::parse("k").unwrap();
    for (body, expected) in [
        (r#"{"target":"m"}"#, Retention::Nothing),
        (r#"{"target":"m","Retain":"k"}"#, Retention::Board(key.clone())),
        (
            r#"{"target":"m","userId":"u","keepseconds":60}"#,
            Retention::Inbox(Duration::from_mins(1)),
        ),
    ] {
        assert_eq!(one(body).unwrap().retention, expected, "{body}");
    }
    let content = one(r#"{"groupName":"g","retain":"k"}"#).unwrap().content;
    assert!(
        matches!(content, Content::Clear { audience: Audience::Groups(_), key: cleared } if cleared == key)
    );
}

/// Whoever leaves the target out must not take the whole hub's value down unasked.
#[test]
fn taking_a_hubs_value_down_must_be_asked_for_when_the_rules_say_so() {
    let strict = EnvelopeRules { implicit_broadcast: false, ..rules() };
    let implicit = parse(r#"{"retain":"k"}"#, &strict).unwrap().remove(0).parsed.unwrap_err();
    assert_eq!(implicit.reason, RejectReason::ImplicitBroadcast);
    assert!(parse(r#"{"retain":"k","everyone":true}"#, &strict).unwrap().remove(0).parsed.is_ok());
}

#[test]
fn a_null_result_is_a_result() {
    let Content::Answer { answer, .. } =
        one(r#"{"invocationId":"1","connectionId":"c","result":null}"#).unwrap().content
    else {
        panic!()
    };
    assert!(matches!(answer, Answer::Result(Some(result)) if result.get() == "null"));
}

#[test]
fn a_null_result_beside_something_else_is_absent() {
    let message = r#"{"target":"m","action":null,"result":null,"error":null}"#;
    assert_eq!(audience(message), Audience::Hub);
    assert!(one(r#"{"action":"close","userId":"a","result":""}"#).is_ok());
    let failed = one(r#"{"invocationId":"1","connectionId":"c","result":null,"error":"e"}"#);
    assert!(
        matches!(failed.unwrap().content, Content::Answer { answer: Answer::Error(e), .. } if e == "e")
    );
}

#[test]
fn what_does_not_count_is_checked_too() {
    for body in [
        r#"{"action":"add","userId":"a","groupName":"g","everyone":"yes"}"#,
        r#"{"action":"removeAll","connectionId":"c","userIds":7}"#,
        r#"{"invocationId":"1","connectionId":"c","userId":7}"#,
        r#"{"invocationId":"1","connectionId":"c","groupNames":"g"}"#,
    ] {
        assert_eq!(reason(body), RejectReason::BadType, "{body}");
    }
}

/// As many as the message has room for.
#[test]
fn any_number_of_connections_is_excluded_and_each_once() {
    let ids: Vec<String> = (0..5000).map(|n| format!("c{}", n % 2500)).collect();
    let body = serde_json::json!({ "target": "m", "excludedConnectionIds": ids });
    assert_eq!(one(&body.to_string()).unwrap().excluded.len(), 2500);
}

/// A backend that excludes a connection from a change of groups means something, and it would be
/// changed all the same.
#[test]
fn nobody_is_excluded_from_a_change_of_groups() {
    for body in [
        r#"{"action":"add","userId":"a","groupName":"g","excludedConnectionIds":["c"]}"#,
        r#"{"action":"remove","userId":"a","groupName":"g","excludedConnectionIds":["c"]}"#,
        r#"{"action":"removeAll","userId":"a","excludedConnectionIds":["c"]}"#,
        r#"{"action":"unblock","userId":"a","excludedConnectionIds":["c"]}"#,
    ] {
        let rejection = one(body).unwrap_err();
        assert_eq!(rejection.reason, RejectReason::MisplacedProperty, "{body}");
        assert!(rejection.detail.starts_with("'excludedConnectionIds' does not go with"));
    }
    assert!(one(r#"{"action":"close","userId":"a","excludedConnectionIds":["c"]}"#).is_ok());
}

#[test]
fn blocks_and_nothing_else_may_be_for_all_hubs() {
    for (body, expected) in [
        (r#"{"hub":"*","action":"block","userId":"a"}"#, Scope::Everywhere),
        (r#"{"hub":"*","action":"unblock","userId":"a"}"#, Scope::Everywhere),
        (r#"{"hub":"one","action":"block","userId":"a"}"#, Scope::Hub),
        (r#"{"action":"unblock","userId":"a"}"#, Scope::Hub),
    ] {
        let content = one(body).unwrap().content;
        let Content::Action(Action::Block { scope, .. } | Action::Unblock { scope, .. }) = content
        else {
            panic!("{body} is no block")
        };
        assert_eq!(scope, expected, "{body}");
    }
    for body in [
        r#"{"hub":"*","target":"m"}"#,
        r#"{"hub":"*","target":"m","userId":"a"}"#,
        r#"{"hub":"*","action":"close","userId":"a"}"#,
        r#"{"hub":"*","action":"add","userId":"a","groupName":"g"}"#,
        r#"{"hub":"*","action":"remove","userId":"a","groupName":"g"}"#,
        r#"{"hub":"*","action":"removeAll","userId":"a"}"#,
        r#"{"hub":"*","invocationId":"1","connectionId":"c"}"#,
        r#"{"hub":"**","action":"block","userId":"a"}"#,
    ] {
        assert_eq!(reason(body), RejectReason::BadName, "{body}");
    }
}

#[test]
fn a_misspelt_property_is_told_what_it_was_meant_to_be() {
    for (name, meant) in [
        ("userld", Some("userId")),
        ("UserIds", None),
        ("targt", Some("target")),
        ("groupname", None),
        ("exludedConnectionIds", Some("excludedConnectionIds")),
        ("type", None),
        ("x", None),
    ] {
        let body = format!(r#"{{"{name}":"a","target":"m"}}"#);
        let element = parse(&body, &rules()).unwrap().remove(0);
        let detail = element.parsed.err().map(|rejection| rejection.detail).unwrap_or_default();
        let hint = meant.map(|meant| format!("did you mean '{meant}'?")).unwrap_or_default();
        assert_eq!(detail.contains("did you mean"), meant.is_some(), "{detail}");
        assert!(detail.contains(&hint), "{detail}");
    }
}

#[test]
fn a_byte_order_mark_before_the_json_is_left_out() {
    let body = "\u{feff}{\"target\":\"m\",\"userId\":\"alice\"}";
    assert!(parse(body, &rules()).unwrap().remove(0).parsed.is_ok());
}

proptest! {
    #[test]
    fn any_text_is_read_or_rejected_without_a_panic(body in ".{0,200}") {
        let _ = parse(&body, &rules());
    }

    #[test]
    fn any_unknown_property_is_rejected_and_named(name in "x[a-zA-Z]{1,12}") {
        let rejection = one(&format!(r#"{{"{name}":"x","target":"m","userId":"u"}}"#)).unwrap_err();
        prop_assert_eq!(rejection.reason, RejectReason::UnknownProperty);
        prop_assert!(rejection.detail.contains(&name));
    }
}

#[test]
fn what_is_for_the_same_audience_shares_a_message_group() {
    for (json, expected) in [
        (r#"{"target":"t"}"#, "n:hub"),
        (r#"{"target":"t","hub":"Other","everyone":true}"#, "other:hub"),
        (r#"{"target":"t","userId":"alice"}"#, "n:user:alice"),
        (r#"{"action":"close","userId":"alice"}"#, "n:user:alice"),
        (r#"{"action":"block","userIds":["alice","bob"]}"#, "n:user:alice"),
        (r#"{"action":"add","userId":"alice","groupName":"g"}"#, "n:user:alice"),
        (r#"{"target":"t","groupName":"g"}"#, "n:group:g"),
        (r#"{"target":"t","groupNames":["g","h"]}"#, "n:group:g"),
        (r#"{"target":"t","connectionId":"c"}"#, "n:connection:c"),
        (r#"{"action":"removeAll","connectionId":"c"}"#, "n:connection:c"),
        (r#"{"invocationId":"1","connectionId":"c"}"#, "n:connection:c"),
        (r#"{"retain":"flags","groupName":"g"}"#, "n:group:g"),
        (r#"{"target":"t","userIds":[]}"#, "n:hub"),
    ] {
        let rules = EnvelopeRules { default_hub: HubName::parse("n").unwrap(), ..rules() };
        let read = parse(json, &rules).unwrap().remove(0).parsed.unwrap();
        assert_eq!(read.message_group(), expected, "{json}");
    }
}
