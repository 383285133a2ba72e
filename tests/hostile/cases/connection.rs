//! connectionTokens: other people's, other hubs', old and made-up ones.

use std::time::Duration;

use hubcast_auth::connection_token::{CONNECTION_TOKEN_LIFETIME, ConnectionTokens};
use hubcast_model::settings::{AccessKeys, Secret};
use hubcast_model::time::Timestamp;
use hubcast_testkit::clock::START;
use hubcast_testkit::name;
use serde_json::json;

use super::{Case, case, client, opens, upgrade};
use crate::forge::part;
use crate::rig::access_keys;

/// A connectionToken of a user (or nobody) on a hub, made at a point in time.
pub(crate) fn minted(keys: &AccessKeys, hub: &str, user: Option<&str>, at: Timestamp) -> String {
    let user = user.map(name::user);
    let tokens = ConnectionTokens::new(keys);
    tokens.mint(&name::hub(hub), user.as_ref(), at).expect("a connection").token
}

fn ours(hub: &str, user: Option<&str>) -> String {
    minted(&access_keys(), hub, user, START)
}

pub(super) fn cases() -> Vec<Case> {
    let own = ours("one", Some("alice"));
    let (id, signature) = own.split_once('.').expect("two parts");
    let (other_id, other_signature) = {
        let other = ours("one", Some("alice"));
        let (id, signature) = other.split_once('.').expect("two parts");
        (id.to_owned(), signature.to_owned())
    };
    let stranger = AccessKeys { primary: Secret::new("s".repeat(40)), secondary: None };
    let old = Timestamp::from_millis(
        START.as_millis() - u64::try_from(CONNECTION_TOKEN_LIFETIME.as_millis()).expect("millis"),
    );
    let tokens = [
        ("another user's", ours("one", Some("bob"))),
        ("nobody's", ours("one", None)),
        ("one of a user with a longer name", ours("one", Some("alice2"))),
        ("one of the same user of an issuer", ours("one", Some("a:alice"))),
        ("one of another hub", ours("two", Some("alice"))),
        ("one that expired just now", minted(&access_keys(), "one", Some("alice"), old)),
        ("one by another key", minted(&stranger, "one", Some("alice"), START)),
        ("the public id", id.to_owned()),
        ("the public id and a dot", format!("{id}.")),
        ("a signature alone", format!(".{signature}")),
        ("another's signature", format!("{id}.{other_signature}")),
        ("another's id", format!("{other_id}.{signature}")),
        ("a longer id", format!("{id}x.{signature}")),
        ("an id in another case", format!("{}.{signature}", id.to_ascii_lowercase() + "A")),
        ("a cut signature", format!("{id}.{}", &signature[..signature.len() - 2])),
        ("a padded signature", format!("{own}==")),
        ("a signature and more", format!("{own}.{signature}")),
        ("a signature of zeros", format!("{id}.{}", part([0; 40]))),
        ("a later end", format!("{id}.{}", later(signature))),
        ("a number sign in the id", format!("a#b.{signature}")),
        ("a line break", format!("{id}\r\n.{signature}")),
        ("another script", format!("名.{signature}")),
        ("a megabyte", "i".repeat(1 << 20)),
        ("a socket's id", "s1=".to_owned()),
    ];
    let token = client(&json!({}));
    let mut cases: Vec<Case> = tokens
        .iter()
        .map(|(what, id)| {
            let query = [("hub", "one"), ("id", id.as_str()), ("access_token", token.as_str())];
            case(format!("a connectionToken: {what}"), upgrade(&query), 401)
        })
        .collect();
    let twice =
        [("hub", "one"), ("id", &own), ("id", &own), ("access_token", &token)].map(|(n, v)| (n, v));
    cases.push(case("a connectionToken: twice", upgrade(&twice), 403));
    cases.push(case("a connectionToken: without a token", upgrade(&twice[..2]), 401));
    cases.push(case("a connectionToken: as the access token", opens("one", &own), 401));
    cases
}

/// The same signature with an end a day later.
fn later(signature: &str) -> String {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature);
    let mut bytes = bytes.expect("a signature");
    let end = START.plus(Duration::from_hours(24)).as_millis().to_be_bytes();
    bytes[..end.len()].copy_from_slice(&end);
    part(bytes)
}
