//! What official clients really send is understood.
//!
//! The frames in `golden/` were recorded from three versions; its README says how.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by it")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use signalr_protocol::framing::records;
use signalr_protocol::handshake::{HandshakeRequest, is_handshake};
use signalr_protocol::message::{Decoded, HubMessage};

const VERSIONS: [&str; 3] = ["3.1.31", "8.0.29", "10.0.11"];
const SINCE_8: [&str; 2] = ["8.0.29", "10.0.11"];

/// Cases of every version, and the records that we would write for them.
const CASES: &[(&str, &[&str])] = &[
    ("send-without-arguments", &[r#"{"type":1,"target":"Nothing","arguments":[]}"#]),
    (
        "send-texts",
        &[
            "{\"type\":1,\"target\":\"Texts\",\"arguments\":[\"hello\",\"你好，世界\",\"ありがとう\",\"안녕\",\"😀\",\"quote \\\" slash \\\\ / tab\\t line\\n\",\"\u{2028}\\u0001\"]}",
        ],
    ),
    (
        "send-values",
        &[
            r#"{"type":1,"target":"Values","arguments":[null,true,0,-1.5,1e+21,9007199254740991,[],{},{"a":{"b":[1,{"c":null}]},"":""}]}"#,
        ],
    ),
    ("send-lone-surrogate", &[r#"{"type":1,"target":"Text","arguments":["\ud83d"]}"#]),
    ("send-undefined", &[r#"{"type":1,"target":"Values","arguments":[null,1]}"#]),
    ("send-to-target-in-cjk", &[r#"{"type":1,"target":"発表","arguments":["発"]}"#]),
    (
        "three-sends-in-one-frame",
        &[
            r#"{"type":1,"target":"Count","arguments":[1]}"#,
            r#"{"type":1,"target":"Count","arguments":[2]}"#,
            r#"{"type":1,"target":"Count","arguments":[3]}"#,
        ],
    ),
    ("invoke", &[r#"{"type":1,"invocationId":"0","target":"Echo","arguments":["你好",7]}"#]),
    ("stream", &[r#"{"type":4,"invocationId":"0","target":"Counter","arguments":[10,5]}"#]),
    (
        "stream-and-cancel",
        &[
            r#"{"type":4,"invocationId":"0","target":"Counter","arguments":[10,5]}"#,
            r#"{"type":5,"invocationId":"0"}"#,
        ],
    ),
    (
        "upload",
        &[
            r#"{"type":1,"target":"Upload","arguments":["label"],"streamIds":["0"]}"#,
            r#"{"type":2,"invocationId":"0","item":"一"}"#,
            r#"{"type":2,"invocationId":"0","item":{"n":2}}"#,
            r#"{"type":3,"invocationId":"0"}"#,
        ],
    ),
    (
        "upload-that-fails",
        &[
            r#"{"type":1,"target":"Upload","arguments":["label"],"streamIds":["0"]}"#,
            r#"{"type":2,"invocationId":"0","item":"一"}"#,
            r#"{"type":2,"invocationId":"0","item":{"n":2}}"#,
            r#"{"type":3,"invocationId":"0","error":"broken"}"#,
        ],
    ),
    ("ping", &[r#"{"type":6}"#]),
];

/// Cases for which version 3.1.31 sends nothing.
const CASES_SINCE_8: &[(&str, &[&str])] = &[
    ("result-of-the-client", &[r#"{"type":3,"invocationId":"s1","result":"答 请"}"#]),
    ("error-of-the-client", &[r#"{"type":3,"invocationId":"s1","error":"Error: no"}"#]),
    (
        "no-result-of-the-client",
        &[r#"{"type":3,"invocationId":"s1","error":"Client didn't provide a result."}"#],
    ),
    ("stop", &[r#"{"type":7}"#]),
    ("ack", &[r#"{"type":8,"sequenceId":1}"#]),
    ("sequence", &[r#"{"type":9,"sequenceId":1}"#]),
];

fn folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(version)
}

fn frame(version: &str, case: &str) -> String {
    let path = folder(version).join(format!("{case}.frame"));
    fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

/// The records of a frame as we would write them.
fn rewritten(version: &str, case: &str) -> Vec<String> {
    let frame = frame(version, case);
    let rewrite = |record: &&str| match HubMessage::decode(record) {
        Ok(Decoded::Message(message)) => message.encode().trim_end_matches('\u{1e}').to_owned(),
        other => panic!("{version} {case}: {other:?}"),
    };
    records(&frame, 256).expect(case).iter().map(rewrite).collect()
}

#[test]
fn recorded_messages_are_understood() {
    for version in VERSIONS {
        for (case, meaning) in CASES {
            assert_eq!(rewritten(version, case), *meaning, "{version} {case}");
        }
    }
    for version in SINCE_8 {
        for (case, meaning) in CASES_SINCE_8 {
            assert_eq!(rewritten(version, case), *meaning, "{version} {case}");
        }
    }
}

fn shakes_hands(version: &str, case: &str, protocol_version: i64) {
    let frame = frame(version, case);
    let records = records(&frame, 256).expect(case);
    let [record] = records[..] else { panic!("{records:?}") };
    assert!(is_handshake(record), "{version}");
    let request = HandshakeRequest::parse(record).expect(record);
    assert_eq!(request.version, protocol_version, "{version}");
    assert_eq!(request.accept(), Ok(()), "{version}");
}

#[test]
fn recorded_handshakes_are_accepted() {
    for version in VERSIONS {
        shakes_hands(version, "handshake", 1);
    }
    for version in SINCE_8 {
        shakes_hands(version, "handshake-stateful", 2);
    }
}

#[test]
fn every_recording_is_a_case_of_its_version() {
    for version in VERSIONS {
        let late = SINCE_8.contains(&version);
        let expected: BTreeSet<String> = CASES
            .iter()
            .chain(CASES_SINCE_8.iter().filter(|_| late))
            .map(|(case, _)| *case)
            .chain(["handshake"])
            .chain(late.then_some("handshake-stateful"))
            .map(|case| format!("{case}.frame"))
            .collect();
        let recorded: BTreeSet<String> = fs::read_dir(folder(version))
            .expect(version)
            .map(|entry| entry.expect(version).file_name().to_string_lossy().into_owned())
            .collect();
        assert_eq!(recorded, expected, "{version}");
    }
}
