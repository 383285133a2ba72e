//! AWS Signature Version 4 as the services check it, written from its description alone.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use aws_lc_rs::{digest, hmac};

use super::{Asked, DATE};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn hash(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

/// Ends the test unless the request is signed by these credentials for `scope`, which follows the day.
pub(super) fn assert_signed(asked: &Asked, access_key: &str, secret: &str, scope: &str) {
    let given = asked.header("authorization").strip_prefix("AWS4-HMAC-SHA256 ").expect("version 4");
    let parts: Vec<&str> = given.split(", ").collect();
    let [credential, names, signature] = parts[..] else { unreachable!("{given}") };
    let date = asked.header(DATE);
    let scope = format!("{}{scope}", &date[..8]);
    assert_eq!(credential, format!("Credential={access_key}/{scope}"));
    let names = names.strip_prefix("SignedHeaders=").expect("names");
    assert_covers(asked, names);
    let to_sign =
        format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hash(canonical(asked, names).as_bytes()));
    let first = format!("AWS4{secret}").into_bytes();
    let key = scope.split('/').fold(first, |key, part| mac(&key, part).as_ref().to_vec());
    assert_eq!(signature, format!("Signature={}", hex(mac(&key, &to_sign).as_ref())));
}

fn canonical(asked: &Asked, names: &str) -> String {
    let line = |name: &str| format!("{name}:{}\n", asked.header(name));
    let headers: String = names.split(';').map(line).collect();
    format!("{}\n{}\n\n{headers}\n{names}\n{}", asked.method, asked.path, hash(&asked.body))
}

/// Host, date, operation and, when there is one, the token cannot be changed on the way.
fn assert_covers(asked: &Asked, names: &str) {
    let needed = ["host", DATE, "x-amz-target", "content-type", "x-amz-security-token"];
    let sent = needed.into_iter().filter(|name| asked.headers.contains_key(*name));
    for name in sent {
        assert!(names.split(';').any(|signed| signed == name), "{name} is not signed: {names}");
    }
}
