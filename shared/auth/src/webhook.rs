//! Signatures of webhooks, by which backends know that hubcast sent them.
//!
//! One is Azure SignalR's, of the connection id alone, which existing apps
//! check. The other has two versions: the first covers the body, who it is
//! about and the time; the second covers the whole request, so that nothing of
//! it can be changed or sent again later. All are made with every access key,
//! so that keys can be rotated.

use std::fmt::Write;

use aws_lc_rs::{digest, hmac};
use hubcast_model::settings::AccessKeys;
use hubcast_model::time::Timestamp;

/// The header of the signature of a request.
pub const SIGNATURE_HEADER: &str = "X-Hubcast-Signature";
/// The method of every request.
const METHOD: &str = "POST";

/// What the signature of a request covers.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The hub.
    pub hub: &'a str,
    /// The connection.
    pub connection: &'a str,
    /// The user; empty when anonymous.
    pub user: &'a str,
    /// The path and the query, as they are sent.
    pub target: &'a str,
    /// All headers of Azure and of ours, as they are sent, but for this signature.
    pub headers: &'a [(&'static str, String)],
    /// The body, as it is sent.
    pub body: &'a str,
}

/// `X-ASRS-Signature`: `sha256=` and the HMAC-SHA256 of the connection id in hexadecimal digits,
/// for each key.
pub fn of_connection(keys: &AccessKeys, connection: &str) -> String {
    let signatures = signatures(keys, connection);
    signatures.map(|hex| format!("sha256={hex}")).collect::<Vec<_>>().join(",")
}

impl Signed<'_> {
    /// What is signed in the first version. Its name begins the text.
    fn first(&self, time: u64) -> String {
        let Signed { hub, connection, user, body, .. } = self;
        format!("v1\n{time}\n{hub}\n{connection}\n{user}\n{body}")
    }

    /// What is signed in the second version. The time begins the text, so that no signature of
    /// anything else can stand in for this one.
    fn second(&self, time: u64) -> String {
        let named = |(name, value): &(&str, String)| format!("{}:{value}", name.to_lowercase());
        let mut lines: Vec<String> = self.headers.iter().map(named).collect();
        lines.sort_unstable();
        let body = hex(digest::digest(&digest::SHA256, self.body.as_bytes()).as_ref());
        format!("{time}\n{METHOD}\n{}\n{}\n{body}", self.target, lines.join("\n"))
    }
}

/// `X-Hubcast-Signature`: `t=` and the time in seconds, then for each version and each key the name
/// of the version and the HMAC-SHA256 of what is signed in hexadecimal digits.
pub fn of_request(keys: &AccessKeys, signed: &Signed<'_>, now: Timestamp) -> String {
    let time = now.as_seconds();
    let mut header = format!("t={time}");
    for (version, text) in [("v1", signed.first(time)), ("v2", signed.second(time))] {
        for hex in signatures(keys, &text) {
            // Writing to a String cannot fail.
            let _ = write!(header, ",{version}={hex}");
        }
    }
    header
}

fn signatures(keys: &AccessKeys, text: &str) -> impl Iterator<Item = String> {
    let secrets = [Some(&keys.primary), keys.secondary.as_ref()].into_iter().flatten();
    secrets.map(move |secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        hex(hmac::sign(&key, text.as_bytes()).as_ref())
    })
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors are made with Python's `hmac`.
    #[test]
    fn signatures_are_made_with_both_keys() {
        let keys = AccessKeys::parse(&format!("{},{}", "a".repeat(32), "b".repeat(32))).unwrap();
        assert_eq!(of_connection(&keys, "c"), format!("sha256={A},sha256={B}"));
        let (user, target, body) = ("älice", "/hooks?code=%20k", "{\"type\":10}");
        let headers = [
            ("X-Hubcast-Event-Id", "e".to_owned()),
            ("X-ASRS-User-Id", user.to_owned()),
            ("X-ASRS-Event", String::new()),
        ];
        let signed = Signed { hub: "n", connection: "c", user, target, headers: &headers, body };
        let now = Timestamp::from_millis(1_795_428_000_999);
        let expected = format!("t=1795428000,v1={C},v1={D},v2={E},v2={F}");
        assert_eq!(of_request(&keys, &signed, now), expected);
    }

    const A: &str = "dded78c5310568b0162506cbd0e5d9a8554c4ec83cdfcdc122c7a64e91005504";
    const B: &str = "c39dffb689360535432089bdf8a45d5850c17376b8e51cab8b3d86a6ae45fbb3";
    const C: &str = "f4e257a886dc6209fc340ef4732b40dea944d59271059248eef8e8453c6c6e3a";
    const D: &str = "308e6315d4fc91b699b84ca88b8126a24206bbbbac3b70dba65a1b55ca250dae";
    const E: &str = "910a1e579a59f91b8a5055f952c1c0559e326bf55400cf9564a292129665e29b";
    const F: &str = "2c212123272ac7698862edaa99505f432c9cd202869a3775fb8e3be30cc3ddd7";
}
