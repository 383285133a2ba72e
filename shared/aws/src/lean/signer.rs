//! AWS Signature Version 4 for posts, with everything kept that repeats.
//!
//! The signing key changes once a day, the date once a second, a body's hash
//! never: many sockets get the same frame. Gives byte for byte what the
//! `aws-sigv4` crate gives, which a property test holds.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::fmt;
use std::fmt::Write;

use aws_credential_types::Credentials;
use aws_lc_rs::{digest, hmac};
use bytes::Bytes;
use http::HeaderValue;
use http::header::InvalidHeaderValue;
use hubcast_model::time::Timestamp;
use percent_encoding::{AsciiSet, utf8_percent_encode};
use time::OffsetDateTime;

use super::endpoint::RESERVED;

const SERVICE: &str = "execute-api";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// A path is encoded a second time for its signature, without its separators.
const TWICE: &AsciiSet = &RESERVED.remove(b'/');
/// So many different frames are on their way at the same time in a usual batch.
const HASHES_MAX: usize = 8;

/// What a signed request carries.
#[derive(Clone)]
pub(super) struct Signed {
    pub(super) authorization: String,
    pub(super) date: String,
    pub(super) security_token: Option<HeaderValue>,
}

/// Signs requests to one host in one region, by one set of credentials.
pub(super) struct Signer {
    who: Who,
    day: Day,
    second: Second,
    hashes: Vec<(Bytes, String)>,
}

struct Who {
    host: String,
    region: String,
    credentials: Credentials,
    /// Some thousand bytes; shared, as it is sent with every request.
    token: Option<HeaderValue>,
}

/// What all requests of one day share.
struct Day {
    name: String,
    key: hmac::Key,
}

/// What all requests of one second share.
struct Second {
    at: u64,
    date: String,
    /// What follows the path in the canonical request, up to the hash of the body.
    canonical_tail: String,
    /// The string to sign, up to the hash of the canonical request.
    to_sign_head: String,
    /// The header, up to the signature.
    authorization_head: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("host", &self.who.host).finish_non_exhaustive()
    }
}

impl Signer {
    /// Signs for these credentials, whose token has to fit a header.
    pub(super) fn new(
        host: &str,
        region: &str,
        credentials: Credentials,
    ) -> Result<Self, InvalidHeaderValue> {
        let mut token = credentials.session_token().map(HeaderValue::from_str).transpose()?;
        if let Some(token) = &mut token {
            token.set_sensitive(true);
        }
        let who = Who { host: host.to_owned(), region: region.to_owned(), credentials, token };
        let (day, date) = dates(0);
        let (day, second) = (who.day(day.clone()), who.second(0, &day, date));
        Ok(Self { who, day, second, hashes: Vec::new() })
    }

    /// Signs a request for an encoded path without a query.
    pub(super) fn sign(
        &mut self,
        method: &str,
        path: &str,
        body: &Bytes,
        now: Timestamp,
    ) -> Signed {
        self.turn_to(now.as_seconds());
        let second = &self.second;
        let mut canonical = String::with_capacity(second.canonical_tail.len() + 256);
        let encoded = utf8_percent_encode(path, TWICE);
        // Writing to a String cannot fail.
        let _ = write!(canonical, "{method}\n{encoded}\n");
        canonical.push_str(&second.canonical_tail);
        canonical.push_str(body_hash(&mut self.hashes, body));
        let hash = digest::digest(&digest::SHA256, canonical.as_bytes());
        let to_sign = with_hex(&second.to_sign_head, hash.as_ref());
        let signature = hmac::sign(&self.day.key, to_sign.as_bytes());
        Signed {
            authorization: with_hex(&second.authorization_head, signature.as_ref()),
            date: second.date.clone(),
            security_token: self.who.token.clone(),
        }
    }

    fn turn_to(&mut self, at: u64) {
        if self.second.at == at {
            return;
        }
        let (day, date) = dates(at);
        self.second = self.who.second(at, &day, date);
        if self.day.name != day {
            self.day = self.who.day(day);
        }
    }
}

impl Who {
    fn day(&self, name: String) -> Day {
        let key = signing_key(self.credentials.secret_access_key(), &name, &self.region);
        Day { name, key }
    }

    fn second(&self, at: u64, day: &str, date: String) -> Second {
        let scope = format!("{day}/{}/{SERVICE}/aws4_request", self.region);
        let (token_header, token_name) = match self.credentials.session_token() {
            Some(token) => (format!("x-amz-security-token:{token}\n"), ";x-amz-security-token"),
            None => (String::new(), ""),
        };
        let host = &self.host;
        let names = format!("host;x-amz-date{token_name}");
        let access_key = self.credentials.access_key_id();
        Second {
            at,
            canonical_tail: format!("\nhost:{host}\nx-amz-date:{date}\n{token_header}\n{names}\n"),
            to_sign_head: format!("{ALGORITHM}\n{date}\n{scope}\n"),
            authorization_head: format!(
                "{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={names}, Signature="
            ),
            date,
        }
    }
}

/// The hash of a body. Bodies are told apart by where they are, since a frame is shared by all
/// its sockets; what is kept here cannot be freed and its place taken by another.
fn body_hash<'a>(hashes: &'a mut Vec<(Bytes, String)>, body: &Bytes) -> &'a str {
    let is_it =
        |(known, _): &(Bytes, String)| known.as_ptr() == body.as_ptr() && known.len() == body.len();
    let at = hashes.iter().position(is_it).unwrap_or_else(|| {
        if hashes.len() >= HASHES_MAX {
            hashes.remove(0);
        }
        let hash = with_hex("", digest::digest(&digest::SHA256, body).as_ref());
        hashes.push((body.clone(), hash));
        hashes.len() - 1
    });
    hashes.get(at).map_or("", |(_, hash)| hash)
}

/// The day and the full date as signatures write them.
fn dates(at: u64) -> (String, String) {
    let seconds = i64::try_from(at).unwrap_or(i64::MAX);
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    let day = format!("{year:04}{month:02}{day:02}");
    let (hour, minute, second) = time.to_hms();
    let date = format!("{day}T{hour:02}{minute:02}{second:02}Z");
    (day, date)
}

fn signing_key(secret: &str, day: &str, region: &str) -> hmac::Key {
    let first = format!("AWS4{secret}").into_bytes();
    let derive = |key: &[u8], part: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, part.as_bytes())
    };
    let day = derive(&first, day);
    let region = derive(day.as_ref(), region);
    let service = derive(region.as_ref(), SERVICE);
    let last = derive(service.as_ref(), "aws4_request");
    hmac::Key::new(hmac::HMAC_SHA256, last.as_ref())
}

/// The text with a hash in hexadecimal after it.
fn with_hex(text: &str, hash: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [0; 2 * digest::SHA256_OUTPUT_LEN];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(hash) {
        if let [high, low] = pair {
            *high = DIGITS[usize::from(byte >> 4)];
            *low = DIGITS[usize::from(byte & 15)];
        }
    }
    let hex = str::from_utf8(&hex).unwrap_or_default();
    [text, hex].concat()
}

#[cfg(test)]
mod tests;
