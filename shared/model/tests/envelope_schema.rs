//! The published schema of the envelope and its parser agree.
//!
//! They differ only where a schema cannot say what the parser does; those
//! cases are listed too.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by it")]

use std::sync::LazyLock;

use hubcast_model::envelope::{EnvelopeRules, parse};
use hubcast_model::id::HubName;
use jsonschema::Validator;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../docs/envelope.schema.json")).expect("JSON")
});

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&SCHEMA).expect("a schema")
});

/// Whether the parser takes the body and everything in it.
fn parses(body: &str) -> bool {
    let rules = EnvelopeRules {
        default_hub: HubName::parse("notifications").unwrap(),
        implicit_broadcast: true,
    };
    parse(body, &rules).is_ok_and(|elements| elements.iter().all(|element| element.parsed.is_ok()))
}

fn validates(body: &str) -> bool {
    serde_json::from_str(body).is_ok_and(|body: Value| VALIDATOR.is_valid(&body))
}

const GOOD: &[&str] = &[
    r#"{"target":"m"}"#,
    r#"{"target":" "}"#,
    r#"{"target":"発表","arguments":[{"a":[null]},"x",1.5]}"#,
    r#"{"target":"m","arguments":null}"#,
    r#"{"target":"m","arguments":""}"#,
    r#"{"connectionId":null,"userId":"alice","groupName":"","target":"m","arguments":[1],"endpoints":null}"#,
    r#"{"target":"m","action":"","invocationId":null,"ttlSeconds":"","reason":null,"result":null,"error":""}"#,
    r#"{"target":"m","endpoints":[{"name":"primary"}]}"#,
    r#"{"target":"m","hub":"A_`,.[]9"}"#,
    r#"{"target":"m","hub":""}"#,
    r#"{"target":"m","userId":"a b"}"#,
    r#"{"target":"m","userId":"...","groupNames":[".a","a."]}"#,
    r#"{"target":"m","retain":" k "}"#,
    r#"{"target":"m","userId":"группа#%2F"}"#,
    r#"{"target":"m","userIds":[],"groupNames":[]}"#,
    r#"{"target":"m","userId":"a","userIds":["b"],"groupName":"g","groupNames":["h"],"connectionId":"c"}"#,
    r#"{"target":"m","connectionId":"Zk0xQ2=."}"#,
    r#"{"target":"m","connectionId":"id.signature+/=.~"}"#,
    r#"{"target":"m","everyone":true,"excludedConnectionIds":["a","b.sig"]}"#,
    r#"{"target":"m","everyone":"","excludedConnectionIds":null}"#,
    r#"{"target":"m","expiresAt":"2026-11-23T10:00:00Z"}"#,
    r#"{"target":"m","expiresAt":"2026-11-23T10:00:00.123456+01:00"}"#,
    r#"{"target":"m","expiresAt":""}"#,
    r#"{"target":"m","retain":null,"keepSeconds":""}"#,
    r#"{"target":"m","retain":"k"}"#,
    r#"{"target":"m","retain":"k","userIds":["u"],"groupName":"g","keepSeconds":null}"#,
    r#"{"target":"m","retain":"k","groupNames":[],"excludedConnectionIds":["c"]}"#,
    r#"{"retain":"k"}"#,
    r#"{"retain":"k","everyone":true,"arguments":null,"result":null}"#,
    r#"{"retain":"k","userId":"u","target":"","action":null,"expiresAt":"2026-11-23T10:00:00Z"}"#,
    r#"{"target":"m","userId":"u","keepSeconds":60}"#,
    r#"{"target":"m","userId":"u","userIds":null,"groupName":"g","keepSeconds":0}"#,
    r#"{"action":"add","userId":"u","groupName":"g"}"#,
    r#"{"action":"add","connectionId":"c","groupNames":["g","h"],"ttlSeconds":0}"#,
    r#"{"action":"add","userIds":[],"groupNames":[],"ttlSeconds":4294967295,"everyone":false}"#,
    r#"{"action":"add","userId":"u","groupName":"g","arguments":null,"target":""}"#,
    r#"{"action":"remove","userId":"u","groupName":"g","ttlSeconds":null}"#,
    r#"{"action":"remove","userId":"u","groupName":"g","excludedConnectionIds":null}"#,
    r#"{"action":"close","groupName":"g","excludedConnectionIds":["c"]}"#,
    r#"{"action":"removeAll","connectionId":"c"}"#,
    r#"{"action":"show","userId":"u","groupName":"g"}"#,
    r#"{"action":"show","connectionId":"c","groupName":"g"}"#,
    r#"{"action":"removeAll","userIds":["u"],"groupName":null}"#,
    r#"{"action":"settle","userId":"u"}"#,
    r#"{"action":"settle","userIds":["u","v"],"groupName":"g","groupNames":[],"everyone":true}"#,
    r#"{"action":"close"}"#,
    r#"{"action":"close","userId":"u","reason":"r"}"#,
    r#"{"action":"close","userId":"u","revoke":true,"allowReconnect":false}"#,
    r#"{"action":"close","userIds":[],"groupName":"g","revoke":true}"#,
    r#"{"action":"close","userId":"u","revoke":false,"allowReconnect":true}"#,
    r#"{"action":"close","groupName":"g","allowReconnect":true,"revoke":null}"#,
    r#"{"action":"block","userId":"u","ttlSeconds":60}"#,
    r#"{"action":"block","userIds":["u"],"connectionId":""}"#,
    r#"{"action":"unblock","userId":"u"}"#,
    r#"{"invocationId":"1","connectionId":"c"}"#,
    r#"{"invocationId":"1","connectionId":"c","item":null}"#,
    r#"{"invocationId":"1","connectionId":"c","item":[1],"result":null,"error":""}"#,
    r#"{"invocationId":"1","connectionId":"c","target":"m","arguments":[1]}"#,
    r#"{"invocationId":"1","connectionId":"c","result":null}"#,
    r#"{"invocationId":"1","connectionId":"c","result":"","userId":"u"}"#,
    r#"{"invocationId":"1","connectionId":"c","result":{"a":1},"error":null}"#,
    r#"{"invocationId":"1","connectionId":"c","error":"e"}"#,
    r#"{"invocationId":"1","connectionId":"c","error":"e","result":null}"#,
    r#" [ {"target":"m"} , {"action":"close","userId":"u"} ] "#,
];

const BAD: &[&str] = &[
    "",
    "nonsense",
    "null",
    "7",
    "\"m\"",
    "{}",
    "[]",
    "[[]]",
    r#"[{"target":"m"},7]"#,
    r#"[{"target":"m"},{"user":"alice","target":"m"}]"#,
    r#"{"target":""}"#,
    r#"{"target":7}"#,
    r#"{"target":["m"]}"#,
    r#"{"arguments":[]}"#,
    r#"{"user":"alice","target":"m"}"#,
    r#"{"target":"m","action":"close"}"#,
    r#"{"target":"m","invocationId":"1"}"#,
    r#"{"target":"m","invocationId":"1","userId":"u"}"#,
    r#"{"target":"m","invocationId":"1","connectionId":"c","result":1}"#,
    r#"{"target":"m","invocationId":"1","connectionId":"c","everyone":true}"#,
    r#"{"target":"m","item":1}"#,
    r#"{"action":"close","item":1}"#,
    r#"{"invocationId":"1","connectionId":"c","item":1,"result":1}"#,
    r#"{"invocationId":"1","connectionId":"c","item":1,"error":"e"}"#,
    r#"{"target":"m","arguments":{}}"#,
    r#"{"target":"m","arguments":"[]"}"#,
    r#"{"target":"m","arguments":false}"#,
    r#"{"target":"m","ttlSeconds":5}"#,
    r#"{"target":"m","reason":"r"}"#,
    r#"{"target":"m","allowReconnect":false}"#,
    r#"{"target":"m","revoke":false}"#,
    r#"{"target":"m","result":0}"#,
    r#"{"target":"m","error":"e"}"#,
    r#"{"target":"m","retain":7}"#,
    r#"{"target":"m","retain":" "}"#,
    r#"{"target":"m","retain":"a\u0000"}"#,
    r#"{"target":"m","retain":"k","connectionId":"c"}"#,
    r#"{"target":"m","retain":"k","userId":"u","keepSeconds":60}"#,
    r#"{"retain":""}"#,
    r#"{"retain":"k","connectionId":"c"}"#,
    r#"{"retain":"k","arguments":[]}"#,
    r#"{"retain":"k","keepSeconds":60}"#,
    r#"{"retain":"k","action":"close"}"#,
    r#"{"retain":"k","result":0}"#,
    r#"{"keepSeconds":60,"userId":"u"}"#,
    r#"{"target":"m","keepSeconds":60}"#,
    r#"{"target":"m","groupName":"g","keepSeconds":60}"#,
    r#"{"target":"m","userIds":["u"],"keepSeconds":60}"#,
    r#"{"target":"m","userId":"u","userIds":[],"keepSeconds":60}"#,
    r#"{"target":"m","userId":"u","connectionId":"c","keepSeconds":60}"#,
    r#"{"target":"m","userId":"u","keepSeconds":-1}"#,
    r#"{"action":"close","userId":"u","keepSeconds":60}"#,
    r#"{"action":"add","userId":"u","groupName":"g","retain":"k"}"#,
    r#"{"invocationId":"1","connectionId":"c","retain":"k"}"#,
    r#"{"invocationId":"1","connectionId":"c","keepSeconds":60}"#,
    r#"{"target":"m","hub":"1"}"#,
    r#"{"target":"m","hub":"a/b"}"#,
    r#"{"target":"m","hub":7}"#,
    r#"{"target":"m","userId":7}"#,
    r#"{"target":"m","userId":" \u00a0"}"#,
    r#"{"target":"m","userId":"a\u0000"}"#,
    r#"{"target":"m","userId":" x"}"#,
    r#"{"target":"m","userId":"x "}"#,
    r#"{"target":"m","userId":"\u3000x"}"#,
    r#"{"target":"m","userId":"x\ufeff"}"#,
    r#"{"target":"m","userId":"."}"#,
    r#"{"target":"m","userIds":["a",".."]}"#,
    r#"{"target":"m","groupName":".."}"#,
    r#"{"action":"close","userId":".."}"#,
    r#"{"action":"add","userId":"u","groupNames":["."]}"#,
    r#"{"target":"m","userId":"a\u0085b"}"#,
    r#"{"target":"m","userIds":"a"}"#,
    r#"{"target":"m","userIds":["a",""]}"#,
    r#"{"target":"m","userIds":["a",null]}"#,
    r#"{"target":"m","connectionId":"c","userIds":[7]}"#,
    r#"{"target":"m","connectionId":".signature"}"#,
    r#"{"target":"m","connectionId":"a b"}"#,
    r#"{"target":"m","connectionId":"id.signature with 語"}"#,
    r#"{"target":"m","connectionId":"語"}"#,
    r#"{"target":"m","excludedConnectionIds":"c"}"#,
    r#"{"action":"add","userId":"u","groupName":"g","excludedConnectionIds":["c"]}"#,
    r#"{"action":"remove","userId":"u","groupName":"g","excludedConnectionIds":["c"]}"#,
    r#"{"action":"removeAll","userId":"u","excludedConnectionIds":["c"]}"#,
    r#"{"action":"unblock","userId":"u","excludedConnectionIds":["c"]}"#,
    r#"{"target":"m","excludedConnectionIds":[""]}"#,
    r#"{"target":"m","everyone":1}"#,
    r#"{"target":"m","everyone":"true"}"#,
    r#"{"target":"m","expiresAt":"2026-11-23T10:00:00"}"#,
    r#"{"target":"m","expiresAt":"2026-11-23"}"#,
    r#"{"target":"m","expiresAt":"2026-13-23T10:00:00Z"}"#,
    r#"{"target":"m","expiresAt":"1969-11-23T10:00:00Z"}"#,
    r#"{"target":"m","expiresAt":1795428000}"#,
    r#"{"action":"explode","userId":"u"}"#,
    r#"{"action":7,"userId":"u"}"#,
    r#"{"action":"add","groupName":"g"}"#,
    r#"{"action":"add","userId":"u"}"#,
    r#"{"action":"add","userId":"","groupName":"g"}"#,
    r#"{"action":"add","userId":"u","groupName":"g","ttlSeconds":-1}"#,
    r#"{"action":"add","userId":"u","groupName":"g","ttlSeconds":4294967296}"#,
    r#"{"action":"add","userId":"u","groupName":"g","ttlSeconds":1.5}"#,
    r#"{"action":"add","userId":"u","groupName":"g","ttlSeconds":"5"}"#,
    r#"{"action":"add","userId":"u","groupName":"g","reason":"r"}"#,
    r#"{"action":"add","userId":"u","groupName":"g","arguments":[]}"#,
    r#"{"action":"add","userId":"u","groupName":"g","everyone":"yes"}"#,
    r#"{"action":"remove","userId":"u"}"#,
    r#"{"action":"remove","userId":"u","groupName":"g","ttlSeconds":5}"#,
    r#"{"action":"removeAll"}"#,
    r#"{"action":"show","userId":"u"}"#,
    r#"{"action":"show","groupName":"g"}"#,
    r#"{"action":"show","userId":"u","groupNames":["g"]}"#,
    r#"{"action":"show","userId":"u","groupName":"g","ttlSeconds":1}"#,
    r#"{"action":"removeAll","userId":"u","groupNames":[]}"#,
    r#"{"action":"removeAll","userId":"u","everyone":1}"#,
    r#"{"action":"settle"}"#,
    r#"{"action":"settle","connectionId":"c"}"#,
    r#"{"action":"settle","userId":"u","connectionId":"c"}"#,
    r#"{"action":"settle","userId":"u","ttlSeconds":1}"#,
    r#"{"action":"close","ttlSeconds":5}"#,
    r#"{"action":"close","userId":"u","reason":7}"#,
    r#"{"action":"close","userId":"u","allowReconnect":"true"}"#,
    r#"{"action":"close","revoke":true}"#,
    r#"{"action":"close","groupName":"g","revoke":true}"#,
    r#"{"action":"close","connectionId":"c","userId":"u","revoke":true}"#,
    r#"{"action":"close","userId":"u","allowReconnect":true,"revoke":true}"#,
    r#"{"action":"block"}"#,
    r#"{"action":"block","userId":"u","connectionId":"c"}"#,
    r#"{"action":"block","userId":"u","everyone":false}"#,
    r#"{"action":"block","userId":"u","reason":"r"}"#,
    r#"{"action":"unblock","userId":"u","ttlSeconds":5}"#,
    r#"{"action":"unblock","userId":"u","groupName":"g"}"#,
    r#"{"invocationId":"1","result":1}"#,
    r#"{"invocationId":7,"connectionId":"c"}"#,
    r#"{"invocationId":"1","connectionId":"c","result":1,"error":"e"}"#,
    r#"{"invocationId":"1","connectionId":"c","error":7}"#,
    r#"{"invocationId":"1","connectionId":"c","arguments":[]}"#,
    r#"{"invocationId":"1","connectionId":"c","everyone":true}"#,
    r#"{"invocationId":"1","connectionId":"c","userIds":[7]}"#,
    r#"{"invocationId":"1","connectionId":"c","groupName":7}"#,
];

/// What the parser alone knows, and whether it takes it.
const BEYOND_A_SCHEMA: &[(&str, bool)] = &[
    (r#"{"Target":"m","USERID":"u"}"#, true),
    (r#"{"action":"ADD","userId":"u","groupName":"g"}"#, true),
    (r#"{"target":"m","target":"n"}"#, false),
    (r#"{"action":"block","userId":"u","ttlSeconds":5.0}"#, false),
    (r#"{"target":"m","expiresAt":"1970-01-01T00:00:00+01:00"}"#, false),
];

#[test]
fn the_schema_is_one() {
    assert!(jsonschema::meta::is_valid(&SCHEMA));
}

#[test]
fn schema_and_parser_take_good_envelopes() {
    for body in GOOD {
        assert!(parses(body), "the parser refuses {body}");
        assert!(validates(body), "the schema refuses {body}");
    }
}

#[test]
fn schema_and_parser_refuse_bad_envelopes() {
    for body in BAD {
        assert!(!parses(body), "the parser takes {body}");
        assert!(!validates(body), "the schema takes {body}");
    }
}

#[test]
fn limits_are_the_same() {
    let elements = |n| format!("[{}]", vec![r#"{"target":"m"}"#; n].join(","));
    let list = |name: &str, n| json!({"target": "m", name: vec!["u"; n]}).to_string();
    let name = |name: &str, length| json!({"target": "m", name: "語".repeat(length)}).to_string();
    let ascii = |name: &str, length| json!({"target": "m", name: "h".repeat(length)}).to_string();
    for (good, bad) in [
        (elements(100), elements(101)),
        (list("userIds", 500), list("userIds", 501)),
        (list("groupNames", 500), list("groupNames", 501)),
        (name("userId", 1024), name("userId", 1025)),
        (name("groupName", 1024), name("groupName", 1025)),
        (name("retain", 128), name("retain", 129)),
        (ascii("hub", 128), ascii("hub", 129)),
        (ascii("connectionId", 128), ascii("connectionId", 129)),
    ] {
        assert!(parses(&good) && validates(&good), "{good:.80}");
        assert!(!parses(&bad) && !validates(&bad), "{bad:.80}");
    }
}

#[test]
fn where_a_schema_falls_short_the_parser_decides() {
    for (body, taken) in BEYOND_A_SCHEMA {
        assert_eq!(parses(body), *taken, "{body}");
        assert_eq!(validates(body), !taken, "a schema could say this after all: {body}");
    }
}

#[test]
fn the_examples_of_the_schema_are_good() {
    let examples = SCHEMA["examples"].as_array().unwrap();
    assert!(!examples.is_empty());
    for example in examples {
        assert!(parses(&example.to_string()) && VALIDATOR.is_valid(example), "{example}");
    }
}

/// Values of which each suits some properties.
fn any_value() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(""),
        json!("a"),
        json!("a b"),
        json!("close"),
        json!("removeAll"),
        json!("settle"),
        json!("show"),
        json!("2026-11-23T10:00:00Z"),
        json!([]),
        json!(["a", "b"]),
        json!([7]),
        json!(true),
        json!(false),
        json!(5),
        json!(-1),
        json!({}),
    ])
}

/// Good elements of which some properties were set to something, or removed.
fn changed() -> impl Strategy<Value = Value> {
    let objects = GOOD.iter().filter_map(|body| serde_json::from_str::<Map<_, _>>(body).ok());
    let names = SCHEMA["$defs"]["element"]["properties"].as_object().unwrap().keys().cloned();
    let change = (select(names.collect::<Vec<_>>()), proptest::option::of(any_value()));
    (select(objects.collect::<Vec<_>>()), vec(change, 1..4)).prop_map(|(mut element, changes)| {
        for (name, value) in changes {
            match value {
                Some(value) => element.insert(name, value),
                None => element.remove(&name),
            };
        }
        Value::Object(element)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn schema_and_parser_agree_on_whatever_is_changed(element in changed()) {
        prop_assert_eq!(validates(&element.to_string()), parses(&element.to_string()), "{}", element);
    }
}
