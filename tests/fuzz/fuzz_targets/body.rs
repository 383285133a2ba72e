//! Whatever the body is, in each of the three types, it is taken or refused. The first byte says the
//! type and the operation.
#![no_main]

use std::sync::LazyLock;

use hubcast_fuzz::{Request, call};
use hubcast_testkit::token::{PUBLIC_URL, signed_for};
use libfuzzer_sys::fuzz_target;

const TYPES: [&str; 3] =
    ["application/x-msgpack", "application/octet-stream", "application/json"];
const PATHS: [&str; 4] = [
    "/api/hubs/n/:send",
    "/api/hubs/n/:execute",
    "/api/hubs/n/connections/s1=/:invoke",
    "/api/hubs/n/connections/s1=/streams/7/:send",
];
static TOKENS: LazyLock<[String; 4]> =
    LazyLock::new(|| PATHS.map(|path| signed_for(&format!("{PUBLIC_URL}{path}"))));

fuzz_target!(|input: &[u8]| {
    let Some((how, body)) = input.split_first() else { return };
    let which = usize::from(*how >> 4) % PATHS.len();
    let headers = [("content-type", TYPES[usize::from(*how & 15) % TYPES.len()])];
    let (path, token, query) = (PATHS[which], &TOKENS[which], "api-version=2024-12-01");
    call(&Request { method: "POST", path, query, headers: &headers, token, body });
});
