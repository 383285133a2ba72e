//! `alg`: none, another than pinned, and keys of one kind used as another.

use jsonwebtoken::Algorithm;
use serde_json::json;

use super::{Case, access_key, app_claims, b_claims, case, client_claims, opens};
use crate::forge::{A, B, EDWARDS, STRANGER, Signer, part};

pub(super) fn cases() -> Vec<Case> {
    [unsigned(), confused(), unpinned()].into_iter().flatten().collect()
}

/// Every spelling of none, with and without something in the signature's place.
fn unsigned() -> Vec<Case> {
    let mut cases = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", "", "null"] {
        for signature in ["", "AAAA"] {
            let header = part(json!({ "typ": "JWT", "alg": alg, "kid": "a1" }).to_string());
            let token = format!("{header}.{}.{signature}", part(app_claims().to_string()));
            cases.push(case(format!("alg '{alg}' with '{signature}'"), opens("one", &token), 401));
        }
    }
    let header = part(json!({ "typ": "JWT", "alg": "none" }).to_string());
    let token = format!("{header}.{}.", part(client_claims().to_string()));
    cases.push(case("alg none with the claims of a client token", opens("one", &token), 401));
    cases
}

/// HMAC with something public as its key, or a client token's key under an app token's name.
fn confused() -> Vec<Case> {
    let public = serde_json::to_value(A.public("a1")).expect("a key");
    let modulus = public["n"].as_str().expect("a modulus").to_owned();
    let mut cases = Vec::new();
    for (what, secret) in [
        ("the public key as JSON", public.to_string().into_bytes()),
        ("the public modulus", modulus.into_bytes()),
        ("the key's name", b"a1".to_vec()),
        ("nothing", Vec::new()),
        ("a zero byte", vec![0]),
    ] {
        for algorithm in [Algorithm::HS256, Algorithm::HS512] {
            let signer = Signer::secret(&secret, algorithm);
            for (claims, of) in [(app_claims(), "an app"), (client_claims(), "a client")] {
                let name = format!("{algorithm:?} with {what} and claims of {of}");
                cases.push(case(name, opens("one", &signer.token("a1", &claims)), 401));
            }
        }
    }
    let app_by_access_key = access_key().token("a1", &app_claims());
    cases.push(case("an app's claims by the access key", opens("one", &app_by_access_key), 401));
    let client_by_issuer = A.token("a1", &client_claims());
    cases.push(case("a client's claims by the issuer's key", opens("one", &client_by_issuer), 401));
    cases
}

/// Good keys under algorithms that their issuer does not pin, and keys of others.
fn unpinned() -> Vec<Case> {
    let app = app_claims();
    let b = b_claims();
    let hs384 = Signer::secret(crate::rig::PRIMARY.as_bytes(), Algorithm::HS384);
    let tokens = [
        ("RS384 where RS256 is pinned", "one", A.by(Algorithm::RS384).token("a1", &app)),
        ("RS512 where RS256 is pinned", "one", A.by(Algorithm::RS512).token("a1", &app)),
        ("PS512 where PS256 is pinned", "one", A.by(Algorithm::PS512).token("a1", &app)),
        ("ES256 where RSA is pinned", "one", B.token("a1", &app)),
        ("EdDSA where RSA is pinned", "one", EDWARDS.token("a1", &app)),
        ("RS256 where curves are pinned", "two", A.token("b1", &b)),
        ("ES256 with the name of an Edwards key", "two", B.token("b-ed", &b)),
        ("EdDSA with the name of a P-256 key", "two", EDWARDS.token("b1", &b)),
        ("ES256 with the name of a P-384 key", "two", B.token("b384", &b)),
        ("a stranger's key with a known name", "one", STRANGER.token("a1", &app)),
        ("another issuer's key", "two", A.by(Algorithm::PS256).token("b1", &b)),
        ("HS384 with the access key", "one", hs384.token("x", &client_claims())),
        ("a key that is for encryption", "one", A.token("a-enc", &app)),
    ];
    tokens.into_iter().map(|(name, hub, token)| case(name, opens(hub, &token), 401)).collect()
}
