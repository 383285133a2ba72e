//! Whatever the query of an operation says, page tokens included, the operation answers or refuses.
#![no_main]

use std::sync::LazyLock;

use hubcast_fuzz::{HUB, Request, call};
use hubcast_testkit::token::{PUBLIC_URL, signed_for};
use libfuzzer_sys::fuzz_target;

/// An operation that somebody calls.
struct Operation {
    method: String,
    path: String,
    token: String,
}

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let document = rest::openapi();
    let paths = document["paths"].as_object().expect("paths");
    let mut operations = Vec::new();
    for (path, methods) in paths {
        for method in methods.as_object().expect("methods").keys() {
            let names = [("{hub}", HUB), ("{user}", "alice"), ("{users}", "alice,bob"), ("{group}", "g")];
            let more = [("{groups}", "g,h"), ("{connection}", "s1="), ("{stream}", "7")];
            let filled = |path: String, (name, value): &(&str, &str)| path.replace(name, value);
            let path = names.iter().chain(&more).fold(path.clone(), filled);
            let token = signed_for(&format!("{PUBLIC_URL}{path}"));
            operations.push(Operation { method: method.to_uppercase(), path, token });
        }
    }
    operations
});

fuzz_target!(|input: (u8, &str)| {
    let (which, query) = input;
    let Operation { method, path, token } = &OPERATIONS[usize::from(which) % OPERATIONS.len()];
    let query = format!("api-version=2024-12-01&{query}");
    let body = br#"{"target":"m"}"#;
    call(&Request { method, path, query: &query, headers: &[], token, body });
});
