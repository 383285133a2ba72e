//! The reader and the writer of envelopes agree: what is written reads back the same, and what was
//! read, however it was spelled, writes back the same.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by it")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hubcast_model::audience::Audience;
use hubcast_model::envelope::{
    Action, Answer, Content, EnvelopeRules, Notification, Retention, Scope, joined, parse,
};
use hubcast_model::id::{ConnectionId, GroupName, HubName, UserId};
use hubcast_model::retention::RetainedKey;
use hubcast_model::time::Timestamp;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use serde_json::Value;
use serde_json::value::RawValue;

const DEFAULT_HUB: &str = "notifications";

/// The last millisecond that RFC 3339 can say: the end of the year 9999.
const LAST_MILLISECOND: u64 = 253_402_300_799_999;

fn hub(name: &str) -> HubName {
    HubName::parse(name).unwrap()
}

fn read_all(body: &str) -> Vec<Notification> {
    let rules = EnvelopeRules { default_hub: hub(DEFAULT_HUB), implicit_broadcast: false };
    let elements = parse(body, &rules).expect(body).into_iter();
    elements.map(|element| element.parsed.expect(body)).collect()
}

fn read(element: &str) -> Notification {
    read_all(element).remove(0)
}

/// Raw JSON has no equality; this shows every field, JSON as its text.
fn shown(notification: &Notification) -> String {
    format!("{notification:?}")
}

/// Names as odd as they may be, the characters that SQS refuses among them.
fn name() -> impl Strategy<Value = String> {
    "[a-z.][a-zA-Z0-9 #:*\"\\\\/äß語😀\u{fffe}\u{ffff}]{0,12}[a-z]"
}

fn user() -> impl Strategy<Value = UserId> {
    name().prop_map(|name| UserId::parse(&name).unwrap())
}

fn group() -> impl Strategy<Value = GroupName> {
    name().prop_map(|name| GroupName::parse(&name).unwrap())
}

fn connection() -> impl Strategy<Value = ConnectionId> {
    "[A-Za-z0-9+/=_-]{1,22}".prop_map(|id| ConnectionId::parse(&id).unwrap())
}

fn key() -> impl Strategy<Value = RetainedKey> {
    name().prop_map(|name| RetainedKey::parse(&name).unwrap())
}

fn users() -> impl Strategy<Value = Vec<UserId>> {
    vec(user(), 0..4)
}

fn groups() -> impl Strategy<Value = Vec<GroupName>> {
    vec(group(), 0..4)
}

/// A text that counts as one: an empty one would not.
fn text() -> impl Strategy<Value = String> {
    "[ -~ä語\u{fffe}\n]{1,12}"
}

fn json() -> impl Strategy<Value = Box<RawValue>> {
    let values = ["null", "true", "-0", "1.50", "[ ]", r#"{"b":1, "a":[2]}"#, r#""\ud83dx""#];
    select(values.to_vec()).prop_map(|text| RawValue::from_string(text.to_owned()).unwrap())
}

fn array() -> impl Strategy<Value = Box<RawValue>> {
    vec(json(), 0..3).prop_map(|items| {
        let items: Vec<&str> = items.iter().map(|item| item.get()).collect();
        RawValue::from_string(format!("[{}]", items.join(", "))).unwrap()
    })
}

fn ttl() -> impl Strategy<Value = Option<Duration>> {
    option::of(any::<u32>().prop_map(|seconds| Duration::from_secs(seconds.into())))
}

fn audience() -> impl Strategy<Value = Audience> {
    prop_oneof![
        connection().prop_map(Audience::Connection),
        users().prop_map(Audience::Users),
        groups().prop_map(Audience::Groups),
        Just(Audience::Hub),
    ]
}

/// An audience that has boards.
fn board_audience() -> impl Strategy<Value = Audience> {
    audience().prop_filter("a connection has no board", |audience| {
        !matches!(audience, Audience::Connection(_))
    })
}

/// An audience that has memberships.
fn member() -> impl Strategy<Value = Audience> {
    prop_oneof![connection().prop_map(Audience::Connection), users().prop_map(Audience::Users),]
}

fn message() -> impl Strategy<Value = (Content, Retention)> {
    let content = |(audience, target, arguments)| Content::Message { audience, target, arguments };
    let of = move |audience: BoxedStrategy<Audience>| (audience, text(), array()).prop_map(content);
    let one_user = user().prop_map(Audience::user);
    let seconds = any::<u32>().prop_map(|seconds| Duration::from_secs(seconds.into()));
    prop_oneof![
        of(audience().boxed()).prop_map(|content| (content, Retention::Nothing)),
        (of(board_audience().boxed()), key().prop_map(Retention::Board)),
        (of(one_user.boxed()), seconds.prop_map(Retention::Inbox)),
    ]
}

fn call() -> impl Strategy<Value = Content> {
    let answer = prop_oneof![
        option::of(json()).prop_map(Answer::Result),
        json().prop_map(Answer::Item),
        text().prop_map(Answer::Error),
    ];
    prop_oneof![
        (connection(), text(), text(), array()).prop_map(
            |(connection, invocation_id, target, arguments)| {
                Content::Invoke { connection, invocation_id, target, arguments }
            }
        ),
        (connection(), text(), answer).prop_map(|(connection, invocation_id, answer)| {
            Content::Answer { connection, invocation_id, answer }
        }),
        (board_audience(), key()).prop_map(|(audience, key)| Content::Clear { audience, key }),
    ]
}

fn close() -> impl Strategy<Value = Action> {
    (audience(), option::of(text()), any::<bool>(), option::of(any::<bool>())).prop_map(
        |(audience, reason, allow_reconnect, revoke)| {
            let may_revoke = matches!(audience, Audience::Users(_)) && !allow_reconnect;
            let revoke = revoke.filter(|revoke| !revoke || may_revoke);
            Action::Close { audience, reason, allow_reconnect, revoke }
        },
    )
}

fn membership() -> impl Strategy<Value = Action> {
    prop_oneof![
        (member(), groups(), ttl()).prop_map(|(audience, groups, ttl)| Action::Add {
            audience,
            groups,
            ttl
        }),
        (member(), groups()).prop_map(|(audience, groups)| Action::Remove { audience, groups }),
        member().prop_map(|audience| Action::RemoveAll { audience }),
        (users(), option::of(groups()))
            .prop_map(|(users, groups)| Action::Settle { users, groups }),
        (member(), group()).prop_map(|(audience, group)| Action::Show { audience, group }),
    ]
}

fn block() -> impl Strategy<Value = Action> {
    let scope = || prop_oneof![Just(Scope::Hub), Just(Scope::Everywhere)];
    prop_oneof![
        (users(), ttl(), scope()).prop_map(|(users, ttl, scope)| Action::Block {
            users,
            ttl,
            scope
        }),
        (users(), scope()).prop_map(|(users, scope)| Action::Unblock { users, scope }),
    ]
}

/// Whether an envelope may leave connections out of this.
fn may_exclude(content: &Content) -> bool {
    !matches!(
        content,
        Content::Action(
            Action::Add { .. }
                | Action::Remove { .. }
                | Action::RemoveAll { .. }
                | Action::Show { .. }
                | Action::Unblock { .. }
        )
    )
}

/// Whether this is for all hubs, so that it names none.
fn is_everywhere(content: &Content) -> bool {
    matches!(
        content,
        Content::Action(
            Action::Block { scope: Scope::Everywhere, .. }
                | Action::Unblock { scope: Scope::Everywhere, .. }
        )
    )
}

fn notification() -> impl Strategy<Value = Notification> {
    let actions = prop_oneof![close(), membership(), block()].prop_map(Content::Action);
    let content = prop_oneof![
        message(),
        prop_oneof![actions, call()].prop_map(|content| (content, Retention::Nothing)),
    ];
    let at = option::of((0..=LAST_MILLISECOND).prop_map(Timestamp::from_millis));
    let hubs = select(vec![DEFAULT_HUB, "Chat", "a_b`c,d.e[f]"]);
    (hubs, btree_set(connection(), 0..3), content, at).prop_map(
        |(name, excluded, (content, retention), expires_at)| Notification {
            hub: hub(if is_everywhere(&content) { DEFAULT_HUB } else { name }),
            excluded: if may_exclude(&content) { excluded } else { BTreeSet::new() },
            content,
            retention,
            expires_at,
        },
    )
}

/// The same element as others write it: in another order, with names in other case, and with nulls
/// or empty texts for what it does not say.
fn respelled(element: &str, order: &[Index], absent: &str) -> String {
    let properties: BTreeMap<String, &RawValue> = serde_json::from_str(element).unwrap();
    let mut spelled: Vec<String> = Vec::new();
    for (at, (name, value)) in properties.iter().enumerate() {
        let name = if at % 2 == 0 { name.to_ascii_uppercase() } else { name.clone() };
        spelled.push(format!("\"{name}\" : {}", value.get()));
    }
    for name in ["target", "action", "reason", "hub", "userId", "endpoints", "expiresAt"] {
        if !properties.contains_key(name) {
            spelled.push(format!("\"{name}\":{absent}"));
        }
    }
    for at in order {
        let at = at.index(spelled.len());
        spelled.swap(0, at);
    }
    format!("{{{}}}", spelled.join(" ,"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_is_written_reads_back_the_same(notification in notification()) {
        let written = notification.to_json();
        prop_assert_eq!(shown(&read(&written)), shown(&notification), "{}", written);
        prop_assert!(!written.contains(['\u{fffe}', '\u{ffff}']), "SQS refuses {}", written);
    }

    #[test]
    fn what_was_read_writes_back_the_same(
        notification in notification(),
        order in vec(any::<Index>(), 8),
        absent in select(vec!["null", "\"\""]),
    ) {
        let written = notification.to_json();
        let others = respelled(&written, &order, absent);
        prop_assert_eq!(read(&others).to_json(), written, "{}", others);
    }

    #[test]
    fn elements_are_joined_in_their_order(notifications in vec(notification(), 1..8)) {
        let elements: Vec<String> = notifications.iter().map(Notification::to_json).collect();
        let read: Vec<String> = read_all(&joined(&elements)).iter().map(shown).collect();
        let expected: Vec<String> = notifications.iter().map(shown).collect();
        prop_assert_eq!(read, expected);
    }
}

/// So that no property is read and never written.
#[test]
fn every_property_of_the_schema_is_written() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../docs/envelope.schema.json")).expect("JSON");
    let known = schema["$defs"]["element"]["properties"].as_object().expect("properties");
    let mut written = BTreeSet::from(["endpoints".to_owned()]);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..2000 {
        let notification = notification().new_tree(&mut runner).expect("a value").current();
        let element = notification.to_json();
        let properties: BTreeMap<String, &RawValue> = serde_json::from_str(&element).unwrap();
        written.extend(properties.into_keys());
    }
    assert_eq!(written, known.keys().cloned().collect());
}
