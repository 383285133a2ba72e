//! Tokens of every make: good ones, and ones that nobody honest would sign.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hubcast_model::time::Timestamp;
use hubcast_testkit::clock::START;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

/// A key that signs, and the algorithm it signs by.
pub(crate) struct Signer {
    key: EncodingKey,
    pub(crate) algorithm: Algorithm,
}

/// The keys of issuer A (RSA), issuer B (two curves) and of nobody that anyone trusts.
pub(crate) static A: LazyLock<Signer> = LazyLock::new(rsa);
pub(crate) static B: LazyLock<Signer> = LazyLock::new(|| {
    let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    ec(pair.expect("a key").as_ref(), Algorithm::ES256)
});
pub(crate) static B384: LazyLock<Signer> = LazyLock::new(|| {
    let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new());
    ec(pair.expect("a key").as_ref(), Algorithm::ES384)
});
pub(crate) static EDWARDS: LazyLock<Signer> = LazyLock::new(|| {
    let pair = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).expect("a key");
    Signer { key: EncodingKey::from_ed_der(pair.as_ref()), algorithm: Algorithm::EdDSA }
});
pub(crate) static STRANGER: LazyLock<Signer> = LazyLock::new(rsa);

fn rsa() -> Signer {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("a key");
    let body = STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key");
    Signer { key, algorithm: Algorithm::RS256 }
}

fn ec(pkcs8: &[u8], algorithm: Algorithm) -> Signer {
    Signer { key: EncodingKey::from_ec_der(pkcs8), algorithm }
}

impl Signer {
    /// The same key under another algorithm.
    pub(crate) fn by(&self, algorithm: Algorithm) -> Self {
        Self { key: self.key.clone(), algorithm }
    }

    /// A key of HMAC.
    pub(crate) fn secret(secret: &[u8], algorithm: Algorithm) -> Self {
        // HMAC fills keys up with zeros, so no key is the same as a zero.
        let secret = if secret.is_empty() { b"\0" } else { secret };
        Self { key: EncodingKey::from_secret(secret).expect("a key"), algorithm }
    }

    /// The public key under a name, which binds it to no algorithm.
    pub(crate) fn public(&self, kid: &str) -> Jwk {
        let mut key = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a public key");
        key.common.key_id = Some(kid.to_owned());
        key.common.key_algorithm = None;
        key
    }

    fn signature(&self, message: &str) -> String {
        crypto::sign(message.as_bytes(), &self.key, self.algorithm).expect("a signature")
    }

    /// A token of these two texts, whatever they say.
    pub(crate) fn sign(&self, header: &str, claims: &str) -> String {
        self.sign_parts(&part(header), &part(claims))
    }

    /// A token of these two parts, already encoded in whatever way.
    pub(crate) fn sign_parts(&self, header: &str, claims: &str) -> String {
        let message = format!("{header}.{claims}");
        format!("{message}.{}", self.signature(&message))
    }

    /// A token with an ordinary header.
    pub(crate) fn token(&self, kid: &str, claims: &Value) -> String {
        self.sign(&self.header(kid).to_string(), &claims.to_string())
    }

    /// A token with this header added to the ordinary one.
    pub(crate) fn with_header(&self, kid: &str, more: &Value, claims: &Value) -> String {
        self.sign(&with(self.header(kid), more).to_string(), &claims.to_string())
    }

    fn header(&self, kid: &str) -> Value {
        json!({ "typ": "JWT", "alg": format!("{:?}", self.algorithm), "kid": kid })
    }
}

/// Text as a part of a token.
pub(crate) fn part(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// An object with entries replaced or added; `null` takes one away.
pub(crate) fn with(mut object: Value, more: &Value) -> Value {
    let entries = object.as_object_mut().expect("an object");
    for (name, value) in more.as_object().expect("an object") {
        if value.is_null() {
            entries.remove(name);
        } else {
            entries.insert(name.clone(), value.clone());
        }
    }
    object
}

/// Seconds since the epoch, so many after the tests begin.
pub(crate) fn seconds(after_start: i64) -> i64 {
    i64::try_from(START.as_seconds()).expect("a number") + after_start
}

/// The clock's time so many seconds after the tests begin.
pub(crate) fn at(after_start: u64) -> Timestamp {
    START.plus(std::time::Duration::from_secs(after_start))
}
