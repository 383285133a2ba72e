//! Whatever a client sends: the answer is made of whole records, and nothing breaks here.

use hubcast_connection::frames::REPLY_MAX_BYTES;
use hubcast_testkit::principal::principal;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::stage::{HUB, SHAKE, records};
use crate::upstream::Told;

/// What the Close of a frame says whose answer panicked, or took too long.
const BROKEN_HERE: &str = "Connection closed with an error.";

/// Values that readers, keys and counters stumble over.
fn value() -> impl Strategy<Value = String> {
    let long = format!("\"{}\"", "語".repeat(1500));
    let deep = format!("{}{}", "[".repeat(70), "]".repeat(70));
    let odd = [
        "null",
        "true",
        "-1",
        "1.5",
        "1e308",
        "18446744073709551616",
        "\"\"",
        "\"1\"",
        "\".\"",
        "\"..\"",
        "\" \"",
        "\"#\"",
        "\"\\u0000\"",
        "\"\\ud83d\"",
        "[]",
        "[\"g\"]",
        "[null]",
        "[\"g\",\"h\"]",
        "[[\"g\"]]",
        "{}",
        "{\"a\":1,\"a\":2}",
        "nonsense",
        "",
    ];
    let odd = odd.map(str::to_owned).into_iter().chain([long, deep]);
    select(odd.collect::<Vec<_>>())
}

fn target() -> impl Strategy<Value = String> {
    let known = ["JoinGroup", "leavegroup", "GetConnectionId", "Add", ".."];
    prop_oneof![select(known.to_vec()).prop_map(|name| format!("\"{name}\"")), value()]
}

/// A record with properties of all kinds, each of which may be missing.
fn record() -> impl Strategy<Value = String> {
    let kind = prop_oneof![(0..11).prop_map(|kind: i32| kind.to_string()), value()];
    let named = |name: &'static str, value: BoxedStrategy<String>| {
        proptest::option::of(value.prop_map(move |value| format!("\"{name}\":{value}")))
    };
    let properties = (
        named("type", kind.boxed()),
        named("invocationId", value().boxed()),
        named("target", target().boxed()),
        named("arguments", value().boxed()),
        named("streamIds", value().boxed()),
        named("result", value().boxed()),
        named("error", value().boxed()),
        named("sequenceId", value().boxed()),
    );
    properties.prop_map(|(kind, id, target, arguments, streams, result, error, sequence)| {
        let all = [kind, id, target, arguments, streams, result, error, sequence];
        format!("{{{}}}", all.into_iter().flatten().collect::<Vec<_>>().join(","))
    })
}

fn frame() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        8 => record(),
        1 => any::<String>(),
        1 => Just(SHAKE.trim_end_matches('\u{1e}').to_owned()),
    ];
    (vec(part, 0..6), select(vec!["\u{1e}", "", "\u{1e} \n"]))
        .prop_map(|(parts, end)| parts.join("\u{1e}") + end)
}

/// Plays frames of one client, which shook hands before or did not.
async fn play(frames: &[String], shakes: bool) {
    let told = Told::default();
    let alice = told.connected("s1=", principal(HUB, "alice")).await;
    if shakes {
        told.answer(&alice, SHAKE).await;
    }
    for frame in frames {
        let reply = told.answer(&alice, frame).await;
        assert!(reply.len() <= REPLY_MAX_BYTES, "{frame:?}: {} bytes", reply.len());
        assert!(reply.is_empty() || reply.ends_with('\u{1e}'), "{frame:?}: {reply:?}");
        for record in records(&reply) {
            assert_ne!(record["error"], BROKEN_HERE, "{frame:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_frame_is_answered_by_whole_records(
        frames in vec(frame(), 1..4),
        shakes in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(play(&frames, shakes));
    }
}
