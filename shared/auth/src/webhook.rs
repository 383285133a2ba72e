//! Signatures of webhooks, by which backends know that hubcast sent them.
//!
//! One is Azure SignalR's, of the connection id alone, which existing apps
//! check. The other covers the body, who it is about and the time, so that a
//! request can neither be changed nor be sent again later. It has two versions:
//! the second covers the claims too. All are made with every access key, so
//! that keys can be rotated.

use std::fmt::Write;

use aws_lc_rs::hmac;
use hubcast_model::settings::AccessKeys;
use hubcast_model::time::Timestamp;

/// What the signature of a request covers.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The hub.
    pub hub: &'a str,
    /// The connection.
    pub connection: &'a str,
    /// The user; empty when anonymous.
    pub user: &'a str,
    /// The header of all claims, as it is sent; empty when there is none.
    pub claims: &'a str,
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
    /// What is signed in each version, by the name of the version. The name begins the text, so that
    /// no signature of anything else can stand in for one of these.
    fn versions(&self, time: u64) -> [(&'static str, String); 2] {
        let Signed { hub, connection, user, claims, body } = self;
        let about = format!("{time}\n{hub}\n{connection}\n{user}");
        [("v1", format!("v1\n{about}\n{body}")), ("v2", format!("v2\n{about}\n{claims}\n{body}"))]
    }
}

/// `X-Hubcast-Signature`: `t=` and the time in seconds, then for each version and each key the name
/// of the version and the HMAC-SHA256 of what is signed in hexadecimal digits.
pub fn of_request(keys: &AccessKeys, signed: &Signed<'_>, now: Timestamp) -> String {
    let time = now.as_seconds();
    let mut header = format!("t={time}");
    for (version, text) in signed.versions(time) {
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
        let mut hex = String::with_capacity(64);
        for byte in hmac::sign(&key, text.as_bytes()).as_ref() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors are made with Python's `hmac`.
    #[test]
    fn signatures_are_made_with_both_keys() {
        let keys = AccessKeys::parse(&format!("{},{}", "a".repeat(32), "b".repeat(32))).unwrap();
        assert_eq!(of_connection(&keys, "c"), format!("sha256={A},sha256={B}"));
        let (user, claims, body) = ("älice", "eyJhIjpbIjEiXX0", "{\"type\":10}");
        let signed = Signed { hub: "n", connection: "c", user, claims, body };
        let now = Timestamp::from_millis(1_795_428_000_999);
        let expected = format!("t=1795428000,v1={C},v1={D},v2={E},v2={F}");
        assert_eq!(of_request(&keys, &signed, now), expected);
    }

    const A: &str = "dded78c5310568b0162506cbd0e5d9a8554c4ec83cdfcdc122c7a64e91005504";
    const B: &str = "c39dffb689360535432089bdf8a45d5850c17376b8e51cab8b3d86a6ae45fbb3";
    const C: &str = "f4e257a886dc6209fc340ef4732b40dea944d59271059248eef8e8453c6c6e3a";
    const D: &str = "308e6315d4fc91b699b84ca88b8126a24206bbbbac3b70dba65a1b55ca250dae";
    const E: &str = "6fd5d115f4303168a58be4500d5823b99b56630eb7cbc62eed07805bb2bc3341";
    const F: &str = "ac704812cd1dc094cb4e486b8e0a7bfc667aae2fb576295e42ff9121ec49a13d";
}
