//! What holds for every message, frame and stream.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::value::RawValue;
use signalr_protocol::framing::{RECORD_SEPARATOR, Splitter, frame, records};
use signalr_protocol::handshake::{HandshakeRequest, HandshakeResponse, is_handshake};
use signalr_protocol::message::{
    Close, Completion, Decoded, HubMessage, Invocation, Json, Outcome, StreamInvocation,
    StreamItem, invocation_record,
};
use signalr_protocol::negotiate::NegotiateVersion;

/// Any text, odd characters and separators included.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-Z\\u{1e}\"\\\\語😀\\u{2028}\\u{0}]{0,20}",
        Just("\",\"invocationId\":null,\"".to_owned()),
    ]
}

/// Text of at least one character, as ids and targets are.
fn name() -> impl Strategy<Value = String> {
    text().prop_filter("a name is not empty", |name| !name.is_empty())
}

fn white_space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,2}"
}

/// JSON in many spellings: white space, escapes, odd numbers and repeated names.
fn spelling() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "null",
            "true",
            "false",
            "0",
            "-0",
            "1.50",
            "-1.5E+7",
            "123456789012345678901234567890",
            "1e999",
            r#""\ud83d""#,
            r#""\u001e""#,
            r#""\/""#,
            r#"{"a":1,"a":2}"#,
        ])
        .prop_map(ToOwned::to_owned),
        any::<f64>()
            .prop_filter("JSON has no such number", |n| n.is_finite())
            .prop_map(|n| n.to_string()),
        text().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            array_of(inner.clone()),
            vec((text(), white_space(), inner), 0..4).prop_map(|entries| {
                let entry = |(name, space, value)| {
                    format!(
                        "{space}{}{space}:{space}{value}",
                        serde_json::to_string(&name).unwrap()
                    )
                };
                let entries: Vec<String> = entries.into_iter().map(entry).collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

fn array_of(item: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (vec(item, 0..4), white_space()).prop_map(|(items, space)| {
        format!("[{space}{}{space}]", items.join(&format!("{space},{space}")))
    })
}

fn raw(json: String) -> Json {
    RawValue::from_string(json).unwrap()
}

fn json() -> impl Strategy<Value = Json> {
    spelling().prop_map(raw)
}

fn arguments() -> impl Strategy<Value = Json> {
    array_of(spelling()).prop_map(raw)
}

fn stream_ids() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..3)
}

fn invocation() -> impl Strategy<Value = HubMessage> {
    (option::of(name()), name(), arguments(), stream_ids()).prop_map(
        |(invocation_id, target, arguments, stream_ids)| {
            HubMessage::Invocation(Invocation { invocation_id, target, arguments, stream_ids })
        },
    )
}

fn stream_invocation() -> impl Strategy<Value = HubMessage> {
    (name(), name(), arguments(), stream_ids()).prop_map(
        |(invocation_id, target, arguments, stream_ids)| {
            HubMessage::StreamInvocation(StreamInvocation {
                invocation_id,
                target,
                arguments,
                stream_ids,
            })
        },
    )
}

fn completion() -> impl Strategy<Value = HubMessage> {
    let outcome = prop_oneof![
        Just(Outcome::Void),
        json().prop_map(Outcome::Result),
        text().prop_map(Outcome::Error),
    ];
    (name(), outcome).prop_map(|(invocation_id, outcome)| {
        HubMessage::Completion(Completion { invocation_id, outcome })
    })
}

fn message() -> impl Strategy<Value = HubMessage> {
    prop_oneof![
        invocation(),
        stream_invocation(),
        completion(),
        (name(), json()).prop_map(|(invocation_id, item)| {
            HubMessage::StreamItem(StreamItem { invocation_id, item })
        }),
        name().prop_map(|invocation_id| HubMessage::CancelInvocation { invocation_id }),
        Just(HubMessage::Ping),
        (option::of(text()), any::<bool>()).prop_map(|(error, allow_reconnect)| HubMessage::Close(
            Close { error, allow_reconnect }
        )),
        any::<u64>().prop_map(|sequence_id| HubMessage::Ack { sequence_id }),
        any::<u64>().prop_map(|sequence_id| HubMessage::Sequence { sequence_id }),
    ]
}

/// Texts that look like records without being any in particular.
fn nearly_a_record() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        spelling(),
        (option::of(-1..12_i8), vec((name_of_a_property(), spelling()), 0..6)).prop_map(
            |(kind, entries)| {
                let kind = kind.map(|kind| ("type", kind.to_string()));
                let entries = kind.into_iter().chain(entries);
                let entries: Vec<String> =
                    entries.map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", entries.join(","))
            }
        ),
    ]
}

fn name_of_a_property() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "invocationId",
        "target",
        "arguments",
        "streamIds",
        "item",
        "result",
        "error",
        "allowReconnect",
        "sequenceId",
        "headers",
        "protocol",
        "version",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_is_read_back(message in message()) {
        let encoded = message.encode();
        let record = encoded.strip_suffix(char::from(RECORD_SEPARATOR)).unwrap();
        let decoded = HubMessage::decode(record);
        // Equal messages encode alike; that the fields are alike is seen in their debug form.
        prop_assert_eq!(format!("{decoded:?}"), format!("{:?}", Ok::<_, ()>(Decoded::Message(message))));
    }

    #[test]
    fn a_record_ends_in_its_only_separator(message in message()) {
        let encoded = message.encode();
        prop_assert_eq!(encoded.bytes().position(|byte| byte == RECORD_SEPARATOR), Some(encoded.len() - 1));
        prop_assert_eq!(records(&encoded, 1).map(|records| records.len()), Ok(1));
    }

    #[test]
    fn no_id_is_written_as_null_or_empty(message in message()) {
        let encoded = message.encode();
        let record = encoded.trim_end_matches(char::from(RECORD_SEPARATOR));
        let id: Option<String> = own_property(record, "invocationId");
        prop_assert!(!matches!(id.as_deref(), Some("null" | "\"\"")), "{encoded}");
    }

    #[test]
    fn arguments_pass_byte_for_byte(target in name(), arguments in arguments()) {
        let record = invocation_record(&target, &arguments);
        let suffix = format!(",\"arguments\":{}}}\u{1e}", arguments.get());
        prop_assert!(record.ends_with(&suffix), "{record}");
        let Ok(Decoded::Message(HubMessage::Invocation(call))) = HubMessage::decode(record.trim_end_matches('\u{1e}')) else {
            return Err(TestCaseError::fail(record));
        };
        prop_assert_eq!((call.target, call.arguments.get()), (target, arguments.get()));
        prop_assert_eq!((call.invocation_id, call.stream_ids.len()), (None, 0));
    }

    #[test]
    fn nothing_that_is_read_makes_a_panic(text in nearly_a_record(), max in 0..5_usize) {
        let _ = HubMessage::decode(&text);
        let _ = HandshakeRequest::parse(&text).map(|request| request.accept());
        let _ = NegotiateVersion::from_query(Some(&text));
        let _ = records(&text, max);
        let _ = is_handshake(&text);
    }

    #[test]
    fn what_is_read_can_be_written_and_read_again(text in nearly_a_record()) {
        if let Ok(Decoded::Message(message)) = HubMessage::decode(&text) {
            let encoded = message.encode();
            let again = HubMessage::decode(encoded.trim_end_matches('\u{1e}'));
            prop_assert_eq!(again, Ok(Decoded::Message(message)));
        }
    }

    #[test]
    fn a_stream_holds_the_same_records_however_it_is_cut(
        stream in vec(prop_oneof![3 => any::<u8>(), 1 => Just(RECORD_SEPARATOR)], 0..200),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut whole = Splitter::default();
        let expected = whole.push(&stream);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let mut pieces = Splitter::default();
        let found: Vec<Vec<u8>> =
            cuts.windows(2).flat_map(|cut| pieces.push(&stream[cut[0]..cut[1]])).collect();
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(pieces.pending_bytes(), whole.pending_bytes());
        let parts = stream.split(|byte| *byte == RECORD_SEPARATOR).count();
        prop_assert_eq!(found.len() + 1, parts);
        let held: usize = found.iter().map(|record| record.len() + 1).sum();
        prop_assert_eq!(held + pieces.pending_bytes(), stream.len());
    }

    #[test]
    fn messages_that_share_a_frame_are_told_apart(messages in vec(message(), 1..6)) {
        let joined: String = messages.iter().map(HubMessage::encode).collect();
        let found = records(&joined, messages.len()).unwrap();
        let decoded: Vec<_> = found.iter().map(|record| HubMessage::decode(record)).collect();
        let expected: Vec<_> = messages.into_iter().map(|message| Ok(Decoded::Message(message))).collect();
        prop_assert_eq!(decoded, expected);
        prop_assert_eq!(frame(found), joined);
    }

    #[test]
    fn any_refusal_reaches_the_client_as_one_record(error in text()) {
        let encoded = HandshakeResponse { error: Some(error.as_str().into()) }.encode();
        let found = records(&encoded, 1).unwrap();
        let read: HandshakeResponse<'_> = serde_json::from_str(found[0]).unwrap();
        prop_assert_eq!(read.error.as_deref(), Some(error.as_str()));
    }
}

/// The JSON of a property of the record itself, not of what it carries.
fn own_property(record: &str, name: &str) -> Option<String> {
    let properties: std::collections::BTreeMap<String, &RawValue> =
        serde_json::from_str(record).unwrap();
    properties.get(name).map(|value| value.get().to_owned())
}
