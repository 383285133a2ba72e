//! Tokens that are cut, re-encoded, huge or deep.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::json;

use super::{Case, app, app_claims, b_claims, case, client, hub_negotiate, opens};
use crate::forge::{A, B, part};

pub(super) fn cases() -> Vec<Case> {
    [texts(), signatures(), payloads(), encodings()].into_iter().flatten().collect()
}

fn texts() -> Vec<Case> {
    let good = app(&json!({}));
    let [header, claims, signature] = pieces(&good);
    let texts = [
        ("a word", "token".to_owned()),
        ("dots only", "..".to_owned()),
        ("one dot", format!("{header}.{claims}")),
        ("three dots", format!("{good}.{signature}")),
        ("a dot before", format!(".{good}")),
        ("a dot after", format!("{good}.")),
        ("a missing header", format!(".{claims}.{signature}")),
        ("missing claims", format!("{header}..{signature}")),
        ("a blank inside", format!("{header}. {claims}.{signature}")),
        ("a line break inside", format!("{header}.{claims}\r\n.{signature}")),
        ("a zero byte inside", format!("{header}.{claims}.\u{0}{signature}")),
        ("two tokens", format!("{good},{good}")),
        ("quotes around", format!("\"{good}\"")),
        ("the word Bearer inside", format!("Bearer {good}")),
        ("letters of another script", format!("{header}.{claims}.ａ{signature}")),
        ("a megabyte", "a".repeat(1 << 20)),
        ("a megabyte of dots", ".".repeat(1 << 20)),
        ("five parts, as of JWE", format!("{header}.a.{claims}.b.{signature}")),
    ];
    texts.into_iter().map(|(what, token)| case(what, opens("one", &token), 401)).collect()
}

fn pieces(token: &str) -> [&str; 3] {
    let pieces: Vec<&str> = token.split('.').collect();
    pieces.try_into().expect("three parts")
}

/// The last character of a signature holds bits that mean nothing; another one with the same
/// meaning would make a second token of one, and a used one fresh.
fn equivalent(signature: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = signature.split_at(signature.len() - 1);
    let at = ALPHABET.iter().position(|letter| last.as_bytes() == [*letter]).expect("a letter");
    format!("{rest}{}", char::from(ALPHABET[at ^ 1]))
}

fn signatures() -> Vec<Case> {
    let mut cases = Vec::new();
    let tokens = [
        ("RS256", "one", app(&json!({}))),
        ("HS256", "one", client(&json!({}))),
        ("ES256", "two", B.token("b1", &b_claims())),
    ];
    for (of, hub, token) in tokens {
        let [header, claims, signature] = pieces(&token);
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature);
        let bytes = bytes.expect("a signature");
        let flipped: Vec<u8> = bytes.iter().map(|byte| byte ^ 1).collect();
        let signatures = [
            ("cut by a character", signature[..signature.len() - 1].to_owned()),
            ("cut to a half", signature[..signature.len() / 2].to_owned()),
            ("left out", String::new()),
            ("one byte longer", part([bytes.as_slice(), &[0]].concat())),
            ("one byte shorter", part(&bytes[..bytes.len() - 1])),
            ("with a bit flipped in every byte", part(flipped)),
            ("of zeros", part(vec![0; bytes.len()])),
            ("with padding", format!("{signature}==")),
            ("written in another way", equivalent(signature)),
        ];
        for (what, signature) in signatures {
            let token = format!("{header}.{claims}.{signature}");
            cases.push(case(format!("a signature of {of} {what}"), opens(hub, &token), 401));
        }
    }
    let good = app(&json!({}));
    let [header, _, signature] = pieces(&good);
    let admin = part(json!({ "sub": "admin" }).to_string());
    let token = format!("{header}.{admin}.{signature}");
    cases.push(case("another's claims under a good signature", opens("one", &token), 401));
    cases
}

fn payloads() -> Vec<Case> {
    let header = json!({ "alg": "RS256", "kid": "a1" }).to_string();
    let good = app_claims().to_string();
    let deep = |open: &str, close: &str| {
        let nested = format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
        good.replacen('{', &format!("{{\"x\":{nested},"), 1)
    };
    let payloads = [
        ("nothing", String::new()),
        ("null", "null".to_owned()),
        ("a list", format!("[{good}]")),
        ("a text", "\"alice\"".to_owned()),
        ("a number", "1".to_owned()),
        ("no JSON", "iss=https://a.example".to_owned()),
        ("two objects", format!("{good}{good}")),
        ("a cut object", good[..good.len() - 1].to_owned()),
        ("lists in lists", deep("[", "]")),
        ("objects in objects", deep("{\"x\":", "}")),
        ("a huge claim", good.replacen('{', &format!("{{\"x\":\"{}\",", "x".repeat(1 << 20)), 1)),
    ];
    let mut cases: Vec<Case> = payloads
        .into_iter()
        .map(|(what, claims)| {
            case(format!("claims of {what}"), opens("one", &A.sign(&header, &claims)), 401)
        })
        .collect();
    let bytes = A.sign_parts(&part(&header), &part([b"{\"iss\":\"\xff\"}".as_slice()].concat()));
    cases.push(case("claims of bytes that are no text", opens("one", &bytes), 401));
    let many: Vec<String> = (0..5000).map(|n| format!("group-number-{n}")).collect();
    let groups = app(&json!({ "groups": many }));
    cases.push(case("more groups than a token may have", hub_negotiate("one", &groups), 401));
    let some: Vec<String> = (0..500).map(|n| format!("group-number-{n}")).collect();
    let groups = app(&json!({ "groups": some }));
    cases.push(case("more groups than fit a direct connect", opens("one", &groups), 401));
    let name = "語".repeat(1024);
    cases.push(case(
        "a user whose name fits no context",
        opens("one", &app(&json!({ "sub": name, "jti": "j".repeat(4000) }))),
        401,
    ));
    cases
}

/// The same token in encodings that others may take for the same.
fn encodings() -> Vec<Case> {
    let header = json!({ "alg": "RS256", "kid": "a1", "x5t": "?>?>?>" }).to_string();
    // Texts whose encodings differ between the alphabets, and need padding.
    let claims = crate::forge::with(app_claims(), &json!({ "x": "?>?>~~" })).to_string() + " ";
    let encodings = [
        ("the standard alphabet", STANDARD.encode(&header), STANDARD.encode(&claims)),
        ("padding", URL_SAFE.encode(&header), URL_SAFE.encode(&claims)),
        ("hexadecimal digits", hex(&header), hex(&claims)),
        ("plain text", header.clone(), claims.clone()),
    ];
    let cases = encodings.into_iter().map(|(what, header, claims)| {
        case(format!("a token in {what}"), opens("one", &A.sign_parts(&header, &claims)), 401)
    });
    cases.collect()
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}
