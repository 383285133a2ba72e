//! What holds for every body that a backend may put on the queue.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by it")]

use hubcast_model::envelope::{Content, Element, EnvelopeRules, RejectReason, Rejection, parse};
use hubcast_model::id::HubName;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value};

/// Elements without a fault, each with every property that its kind may have.
const WHOLE: &[&str] = &[
    r#"{"hub":"h","connectionId":"c","userId":"u","userIds":["v"],"groupName":"g","groupNames":["i"],"everyone":false,"excludedConnectionIds":["x"],"target":"m","arguments":[1],"expiresAt":"2026-11-23T10:00:00Z","endpoints":[]}"#,
    r#"{"userId":"u","target":"m","arguments":[]}"#,
    r#"{"groupName":"g","target":"m","retain":"k"}"#,
    r#"{"userId":"u","target":"m","keepSeconds":5}"#,
    r#"{"groupNames":["g"],"retain":"k"}"#,
    r#"{"action":"add","userId":"u","groupName":"g","ttlSeconds":5}"#,
    r#"{"action":"remove","connectionId":"c","groupNames":["g"]}"#,
    r#"{"action":"removeAll","userIds":["u"]}"#,
    r#"{"action":"close","userId":"u","reason":"r","allowReconnect":false,"revoke":true}"#,
    r#"{"action":"block","userId":"u","ttlSeconds":5}"#,
    r#"{"invocationId":"1","connectionId":"c","result":null}"#,
    r#"{"invocationId":"1","connectionId":"c","error":"e"}"#,
];

const FAULTY: &[&str] =
    &["7", "[]", "{}", r#"{"user":"u","target":"m"}"#, r#"{"target":"m","userIds":[""]}"#, "null"];

fn read(body: &str) -> Result<Vec<Element>, Rejection> {
    let default_hub = HubName::parse("notifications").unwrap();
    parse(body, &EnvelopeRules { default_hub, implicit_broadcast: true })
}

fn is_known(name: &str) -> bool {
    let schema: Value =
        serde_json::from_str(include_str!("../../../docs/envelope.schema.json")).expect("JSON");
    let known = schema["$defs"]["element"]["properties"].as_object().expect("properties");
    known.keys().any(|known| known.eq_ignore_ascii_case(name))
}

/// A name that is misspelt, or another altogether.
fn misspelt(name: &str) -> impl Strategy<Value = String> + use<> {
    let name = name.to_owned();
    let typo = (any::<Index>(), "[a-zA-Z_ s]{0,2}").prop_map(move |(at, put)| {
        let at = at.index(name.len());
        format!("{}{put}{}", &name[..at], &name[at + 1..])
    });
    prop_oneof![typo, "\\PC{0,12}"].prop_filter("a name of the envelope", |name| !is_known(name))
}

/// An element of which one property is named wrongly.
fn misnamed() -> impl Strategy<Value = String> {
    let element = select(WHOLE)
        .prop_map(|body| serde_json::from_str::<Map<String, Value>>(body).expect("an object"));
    (element, any::<Index>())
        .prop_flat_map(|(element, at)| {
            let name = element.keys().nth(at.index(element.len())).expect("a property").clone();
            (misspelt(&name), Just(element), Just(name))
        })
        .prop_map(|(misspelt, mut element, name)| {
            let value = element.remove(&name).expect("a property");
            element.insert(misspelt, value);
            Value::Object(element).to_string()
        })
}

/// JSON as odd as backends may write it.
fn spelling() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "null",
        "true",
        "0",
        "-0",
        "1.50",
        "1E+7",
        "123456789012345678901234567890",
        "1e999",
        "\"\"",
        r#""\ud83d""#,
        r#""\u001e""#,
        r#""\/語😀""#,
        r#"{"b":1,"a":2,"b":3}"#,
    ])
    .prop_map(ToOwned::to_owned);
    leaf.prop_recursive(4, 24, 4, |inner| {
        (vec(inner, 0..4), "[ \t\r\n]{0,2}").prop_map(|(items, space)| {
            format!("[{space}{}{space}]", items.join(&format!("{space},{space}")))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_looks_like_json_is_read_or_rejected_without_a_panic(
        body in prop_oneof!["[\\[\\]{}\",:0-9a-z\\\\\u{feff}\u{1e}語 ]{0,80}", spelling(), misnamed()],
    ) {
        let _ = read(&body);
        let _ = read(&format!("[{body}]"));
        let _ = read(&format!(r#"{{"target":{body},"userIds":{body},"expiresAt":{body}}}"#));
    }

    #[test]
    fn an_element_with_a_misnamed_property_reaches_nobody(body in misnamed()) {
        let rejected = read(&body).unwrap().remove(0).parsed.expect_err(&body);
        prop_assert_eq!(rejected.reason, RejectReason::UnknownProperty, "{}", body);
    }

    #[test]
    fn elements_of_an_array_fail_alone(
        elements in vec((any::<bool>(), any::<Index>()), 1..=100),
        space in "[ \n]{0,2}",
    ) {
        let text = |(good, at): &(bool, Index)| {
            let pool = if *good { WHOLE } else { FAULTY };
            pool[at.index(pool.len())]
        };
        let texts: Vec<&str> = elements.iter().map(text).collect();
        let body = format!("[{space}{}{space}]", texts.join(&format!("{space},{space}")));
        let read = read(&body).unwrap();
        let outcome: Vec<bool> = read.iter().map(|element| element.parsed.is_ok()).collect();
        let good: Vec<bool> = elements.iter().map(|(good, _)| *good).collect();
        prop_assert_eq!(outcome, good, "{}", body);
        let kept: Vec<&str> = read.iter().map(|element| element.json.get()).collect();
        prop_assert_eq!(kept, texts);
    }

    #[test]
    fn arguments_pass_byte_for_byte(items in vec(spelling(), 0..4), space in "[ \t\r\n]{0,3}") {
        let comma = format!("{space},{space}");
        let arguments = format!("[{space}{}{space}]", items.join(&comma));
        let body = format!(r#"{{"target":"m",{space}"arguments":{space}{arguments}{space}}}"#);
        let notification = read(&body).unwrap().remove(0).parsed.expect(&body);
        let Content::Message { arguments: found, .. } = notification.content else {
            return Err(TestCaseError::fail(body));
        };
        prop_assert_eq!(found.get(), arguments);
    }
}

#[test]
fn nesting_of_any_depth_does_not_overflow_the_stack() {
    let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let arguments = deep(100_000);
    let body = format!(r#"{{"target":"m","arguments":{arguments}}}"#);
    let rejection = read(&body).unwrap().remove(0).parsed.unwrap_err();
    assert_eq!(rejection.reason, RejectReason::TooDeep);
    assert!(read(&arguments).unwrap()[0].parsed.is_err());
}
