//! How long the codec takes, beside what the same would take with `serde_json::Value`.
//!
//! Machines differ and are busy, so the ratio of the two, measured in turn in
//! one run, is what to compare between runs.

#![expect(clippy::print_stdout, reason = "the ratios are the point of a run")]
#![expect(clippy::expect_used, reason = "what is measured is known to work")]

use std::cell::Cell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use signalr_protocol::framing::records;
use signalr_protocol::handshake::{HandshakeRequest, is_handshake};
use signalr_protocol::message::{HubMessage, invocation_record};

const PING: &str = r#"{"type":6}"#;
const HANDSHAKE: &str = r#"{"protocol":"json","version":1}"#;
const ARGUMENTS: &str = r#"[{"id":"0197f2a4-6c1e-7b3a-9d4e-2f8c5a1b7e60","kind":"permissionsChanged","role":"admin","message":"Your permissions were changed by an administrator.","scopes":["read","write"],"at":"2026-11-23T10:00:00Z"}]"#;
/// How many records the frame holds that is split.
const RECORDS: usize = 100;

fn invocation() -> String {
    format!(r#"{{"type":1,"invocationId":"17","target":"JoinGroup","arguments":{ARGUMENTS}}}"#)
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).expect("this is JSON")
}

/// The fastest nanoseconds of one call.
fn measured<T>(criterion: &mut Criterion, name: &str, call: impl Fn() -> T) -> f64 {
    let fastest = Cell::new(f64::INFINITY);
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let start = Instant::now();
            for _ in 0..times {
                black_box(call());
            }
            let elapsed = start.elapsed();
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
            let each = elapsed.as_nanos() as f64 / times as f64;
            fastest.set(fastest.get().min(each));
            elapsed
        });
    });
    fastest.get()
}

/// Measures both and keeps their ratio.
struct Bench {
    criterion: Criterion,
    ratios: Vec<(&'static str, f64, f64)>,
}

impl Bench {
    fn compare<T, U>(&mut self, name: &'static str, codec: impl Fn() -> T, plain: impl Fn() -> U) {
        let codec = measured(&mut self.criterion, name, codec);
        let plain = measured(&mut self.criterion, &format!("{name}, as a Value"), plain);
        self.ratios.push((name, codec, plain));
    }

    fn report(&self) {
        println!("codec / serde_json::Value, the fastest of each in this run:");
        for (name, codec, plain) in &self.ratios {
            println!("  {name:<20} {codec:>9.0} ns {plain:>9.0} ns  x {:.2}", codec / plain);
        }
    }
}

fn decode(bench: &mut Bench) {
    let invocation = invocation();
    bench.compare("decode a ping", || HubMessage::decode(black_box(PING)), || value(PING));
    bench.compare(
        "decode an invocation",
        || HubMessage::decode(black_box(&invocation)),
        || value(black_box(&invocation)),
    );
    bench.compare(
        "read a handshake",
        || is_handshake(black_box(HANDSHAKE)).then(|| HandshakeRequest::parse(HANDSHAKE)),
        || value(black_box(HANDSHAKE)),
    );
}

fn encode(bench: &mut Bench) {
    let arguments: &RawValue = serde_json::from_str(ARGUMENTS).expect("this is JSON");
    bench.compare(
        "write a notification",
        || invocation_record("notify", black_box(arguments)),
        || {
            let arguments = value(black_box(ARGUMENTS));
            json!({"type": 1, "target": "notify", "arguments": arguments}).to_string()
        },
    );
}

fn split(bench: &mut Bench) {
    let frame = format!("{}\u{1e}", invocation()).repeat(RECORDS);
    bench.compare(
        "split 100 records",
        || records(black_box(&frame), RECORDS).map(|records| records.len()),
        || frame.split_terminator('\u{1e}').map(value).collect::<Vec<_>>(),
    );
}

fn main() {
    let criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let mut bench = Bench { criterion, ratios: Vec::new() };
    decode(&mut bench);
    encode(&mut bench);
    split(&mut bench);
    bench.criterion.final_summary();
    bench.report();
}
