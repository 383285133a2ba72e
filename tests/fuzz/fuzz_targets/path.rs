//! Whatever path is called, it is read in one way or refused. The first line says how it is told.
#![no_main]

use hubcast_fuzz::{APP_TOKEN, Request, call};
use hubcast_testkit::token::{PUBLIC_URL, signed_for};
use libfuzzer_sys::fuzz_target;
use rest::RAW_PATH_HEADER;

const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "PUT", "DELETE"];

fuzz_target!(|input: (u8, &str)| {
    let (how, text) = input;
    let (path, raw) = text.split_once('\n').unwrap_or((text, text));
    let headers: &[(&str, &str)] = if how & 1 == 0 { &[] } else { &[(RAW_PATH_HEADER, raw)] };
    // The check of an app's signature takes most of the time.
    let signed = if how & 14 == 0 { APP_TOKEN.clone() } else { signed_for(&format!("{PUBLIC_URL}{path}")) };
    let method = METHODS[usize::from(how >> 4) % METHODS.len()];
    let query = "api-version=2024-12-01";
    call(&Request { method, path, query, headers, token: &signed, body: br#"{"target":"m"}"# });
});
