//! What an issuer's entry says about its tokens: tenants, whose key it is, and how old a token is.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use hubcast_auth::jwks::{KeySet, KeySource, SigningKey};
use hubcast_auth::{AuthError, Gatekeeper};
use hubcast_model::ports::Cause;
use hubcast_model::principal::Principal;
use hubcast_model::session::Reuse;
use hubcast_model::settings::{AccessKeys, Hubs, IssuerSettings, PublicUrl, TokenSettings};
use hubcast_model::time::Timestamp;
use hubcast_testkit::clock::START;
use hubcast_testkit::{MemoryStore, name};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

#[derive(Debug, Clone)]
struct OneKey(Arc<KeySet>);

impl KeySource for OneKey {
    async fn keys(&self, _: &IssuerSettings, _: Option<&str>) -> Result<Arc<KeySet>, Cause> {
        Ok(Arc::clone(&self.0))
    }
}

/// A key, and what it signed is checked by.
struct Issuer {
    key: EncodingKey,
    public: Jwk,
}

impl Issuer {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        public.common.key_id = Some("k".to_owned());
        Self { key, public }
    }

    /// Shows a token with these claims, where the entry says this and the key set that of its key.
    async fn shows(
        &self,
        entry: &Value,
        key_of: Option<&str>,
        claims: &Value,
    ) -> Result<Principal, AuthError> {
        let (mut whole, mut all) = (usual_entry(), usual_claims());
        let fields = whole.as_object_mut().unwrap();
        fields.extend(entry.as_object().unwrap().clone());
        fields.retain(|_, value| !value.is_null());
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let key = SigningKey { key: self.public.clone(), issuer: key_of.map(str::to_owned) };
        let settings = TokenSettings {
            issuers: vec![serde_json::from_value(whole).unwrap()],
            public_url: PublicUrl::Fixed("https://hub".to_owned()),
            close_on_token_expiry: false,
            reuse: Reuse::Session,
            client_tokens_only: Hubs::NONE,
        };
        let access_keys = AccessKeys::parse(&"k".repeat(32)).unwrap();
        let keys = OneKey(Arc::new(KeySet(vec![key])));
        let gatekeeper = Gatekeeper::new(settings, keys, access_keys).unwrap();
        let header = Header { kid: Some("k".to_owned()), ..Header::new(Algorithm::ES256) };
        let token = jsonwebtoken::encode(&header, &all, &self.key).unwrap();
        gatekeeper.admit(&MemoryStore::default(), &token, &name::hub("h"), START).await
    }
}

fn usual_entry() -> Value {
    json!({
        "issuer": "https://login.example/{tenantid}/v2.0", "audience": "hubcast",
        "tenants": ["t1", "t2"], "algorithms": ["ES256"], "groupsClaim": "groups",
        "userPrefix": "{tenantid}:", "groupPrefix": "{tenantid}/",
    })
}

fn usual_claims() -> Value {
    json!({
        "iss": "https://login.example/t1/v2.0", "aud": "hubcast", "tid": "t1", "sub": "alice",
        "groups": ["staff"], "iat": START.as_seconds(), "exp": START.as_seconds() + 60,
    })
}

#[tokio::test]
async fn users_and_groups_of_tenants_are_apart() {
    let issuer = Issuer::new();
    for tenant in ["t1", "t2"] {
        let iss = format!("https://login.example/{tenant}/v2.0");
        let claims = json!({ "tid": tenant, "iss": iss });
        let who = issuer.shows(&json!({}), None, &claims).await.unwrap();
        assert_eq!(who.user, Some(name::user(&format!("{tenant}:alice"))));
        assert_eq!(who.groups, [name::group(&format!("{tenant}/staff"))]);
    }
    let mixed = json!({ "tid": "t2" });
    assert!(issuer.shows(&json!({}), None, &mixed).await.is_err(), "the issuer of another tenant");
    let other = json!({ "tid": "t3", "iss": "https://login.example/t3/v2.0" });
    assert!(issuer.shows(&json!({}), None, &other).await.is_err(), "a tenant of nobody");
}

#[tokio::test]
async fn a_key_signs_for_the_issuer_that_its_set_names() {
    let issuer = Issuer::new();
    for good in
        [None, Some("https://login.example/{tenantid}/v2.0"), Some("https://login.example/t1/v2.0")]
    {
        assert!(issuer.shows(&json!({}), good, &json!({})).await.is_ok(), "{good:?}");
    }
    for bad in ["https://login.example/t2/v2.0", "https://other.example/{tenantid}/v2.0", "", "t1"]
    {
        let refused = issuer.shows(&json!({}), Some(bad), &json!({})).await;
        assert!(matches!(refused, Err(AuthError::Invalid(_))), "{bad}: {refused:?}");
    }
}

#[tokio::test]
async fn a_key_of_version_2_signs_tokens_of_version_1_of_its_tenant() {
    let issuer = Issuer::new();
    let entry = json!({ "issuer": "https://sts.example/{tenantid}/" });
    let claims = json!({ "iss": "https://sts.example/t1/" });
    let key = Some("https://login.example/{tenantid}/v2.0");
    assert!(issuer.shows(&entry, key, &claims).await.is_ok());
    let other = Some("https://login.example/t2/v2.0");
    assert!(issuer.shows(&entry, other, &claims).await.is_err());
}

#[tokio::test]
async fn a_key_of_one_issuer_needs_no_tenant() {
    let issuer = Issuer::new();
    let entry = json!({
        "issuer": "https://i", "tenants": null, "userPrefix": "", "groupPrefix": "",
    });
    let claims = json!({ "iss": "https://i", "tid": null });
    assert!(issuer.shows(&entry, Some("https://i"), &claims).await.is_ok());
    assert!(issuer.shows(&entry, Some("https://j"), &claims).await.is_err());
}

#[tokio::test]
async fn groups_may_be_whole_numbers() {
    let issuer = Issuer::new();
    let groups = json!({ "groups": [7, "staff", u64::MAX, true, null, ["x"]] });
    let who = issuer.shows(&json!({}), None, &groups).await.unwrap();
    let expected = ["t1/18446744073709551615", "t1/7", "t1/staff"].map(name::group);
    assert_eq!(who.groups, expected);
}

/// Readers round such numbers, so that two groups of the issuer would be one.
#[tokio::test]
async fn a_number_that_is_rounded_when_it_is_read_names_nothing() {
    let issuer = Issuer::new();
    let claims = json!({ "groups": [1.5, 1e30], "dept": 1e30, "floor": 3 });
    let who = issuer.shows(&json!({}), None, &claims).await.unwrap();
    assert!(who.groups.is_empty(), "{:?}", who.groups);
    assert_eq!(who.claims.get("floor").map(String::as_str), Some("3"));
    assert_eq!(who.claims.get("dept"), None, "no pattern of groups takes it");
    assert_eq!(who.user_claims["dept"], [json!(1e30).to_string()], "backends are told as before");
}

const fn before(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(START.as_seconds() - seconds)
}

#[tokio::test]
async fn a_token_is_as_old_as_the_claim_that_its_issuers_entry_names() {
    let issuer = Issuer::new();
    let refreshed = json!({ "auth_time": before(500).as_seconds() });
    let by_log_in = json!({ "ageClaim": "auth_time" });
    let who = issuer.shows(&json!({}), None, &refreshed).await.unwrap();
    assert_eq!((who.issued_at, who.logged_in_at), (before(0), Some(before(500))));
    let who = issuer.shows(&by_log_in, None, &refreshed).await.unwrap();
    assert_eq!(who.issued_at, before(500));
    let who = issuer.shows(&by_log_in, None, &json!({})).await.unwrap();
    assert_eq!(who.issued_at, Timestamp::from_millis(0), "it hides its age");
    let future = json!({ "auth_time": START.as_seconds() + 3600 });
    let who = issuer.shows(&by_log_in, None, &future).await.unwrap();
    assert_eq!(who.issued_at, before(0), "no log-in comes after its token");
}

#[tokio::test]
async fn a_token_from_ahead_of_the_clock_is_refused_with_the_time_that_it_is_ahead() {
    let issuer = Issuer::new();
    let ahead = json!({ "iat": START.as_seconds() + 2 });
    let refused = issuer.shows(&json!({}), None, &ahead).await.unwrap_err();
    assert!(matches!(refused, AuthError::Ahead(lead) if lead == Duration::from_secs(2)));
    assert_eq!(
        refused.to_string(),
        "the access token was issued 2000 ms ahead of our clock: set its issuer's clock"
    );
}
