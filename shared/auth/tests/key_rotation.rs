//! Access keys change while tokens are around.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::{Arc, Mutex};

use hubcast_auth::Gatekeeper;
use hubcast_auth::client::ClientGrant;
use hubcast_auth::jwks::{KeySet, KeySource};
use hubcast_model::ports::{AccessKeySource, Cause, Freshness};
use hubcast_model::session::Reuse;
use hubcast_model::settings::{AccessKeys, Hubs, IssuerSettings, PublicUrl, TokenSettings};
use hubcast_testkit::clock::START;
use hubcast_testkit::token::redirect;
use hubcast_testkit::{MemoryStore, name};

/// Keys as an instance has them: what it read last, and what it would read now.
#[derive(Debug, Clone)]
struct Vault(Arc<Mutex<(AccessKeys, AccessKeys, usize)>>);

impl Vault {
    fn new(kept: &str, stored: &str) -> Self {
        Self(Arc::new(Mutex::new((keys(kept), keys(stored), 0))))
    }

    fn renewals(&self) -> usize {
        self.0.lock().unwrap().2
    }
}

impl AccessKeySource for Vault {
    async fn access_keys(&self, freshness: Freshness) -> Result<AccessKeys, Cause> {
        let mut state = self.0.lock().unwrap();
        if freshness == Freshness::Renewed {
            state.0 = state.1.clone();
            state.2 += 1;
        }
        Ok(state.0.clone())
    }
}

#[derive(Debug)]
struct NoIssuers;

impl KeySource for NoIssuers {
    async fn keys(&self, _: &IssuerSettings, _: Option<&str>) -> Result<Arc<KeySet>, Cause> {
        Err("there are no issuers".into())
    }
}

/// Keys by their first letters.
fn keys(letters: &str) -> AccessKeys {
    let texts: Vec<String> = letters.chars().map(|letter| letter.to_string().repeat(32)).collect();
    AccessKeys::parse(&texts.join(",")).unwrap()
}

fn gatekeeper(vault: &Vault) -> Gatekeeper<NoIssuers, Vault> {
    let settings = TokenSettings {
        issuers: Vec::new(),
        public_url: PublicUrl::Fixed("https://hub/live".to_owned()),
        close_on_token_expiry: false,
        reuse: Reuse::Session,
        client_tokens_only: Hubs::NONE,
    };
    Gatekeeper::new(settings, NoIssuers, vault.clone()).unwrap()
}

/// A client token and a connectionToken of an instance with these keys.
async fn tokens(letters: &str) -> (String, String) {
    let gatekeeper = gatekeeper(&Vault::new(letters, letters));
    let (hub, user) = (name::hub("h"), name::user("alice"));
    let grant = ClientGrant { user: Some(&user), ..redirect(&hub) };
    let client = gatekeeper.mint_client("https://hub/live", &grant, START).await.unwrap();
    let connection = gatekeeper.mint_connection(&hub, Some(&user), START).await.unwrap();
    (client, connection.token)
}

/// Whether an instance takes the tokens of another.
async fn takes(vault: &Vault, (client, connection): &(String, String)) -> [bool; 2] {
    let (hub, user) = (name::hub("h"), name::user("alice"));
    let gatekeeper = gatekeeper(vault);
    let store = MemoryStore::default();
    [
        gatekeeper.admit(&store, client, &hub, START).await.is_ok(),
        gatekeeper.connection(connection, &hub, Some(&user), START).await.is_ok(),
    ]
}

#[tokio::test]
async fn tokens_of_both_keys_are_good() {
    let vault = Vault::new("ab", "ab");
    assert_eq!(takes(&vault, &tokens("ab").await).await, [true, true]);
    assert_eq!(takes(&vault, &tokens("ba").await).await, [true, true]);
    assert_eq!(takes(&vault, &tokens("b").await).await, [true, true]);
    assert_eq!(vault.renewals(), 0);
}

#[tokio::test]
async fn an_instance_that_has_not_heard_of_a_new_key_looks_again() {
    let rotated = tokens("ca").await;
    assert_eq!(takes(&Vault::new("ab", "ca"), &rotated).await, [true, true]);
    assert_eq!(takes(&Vault::new("ab", "ab"), &rotated).await, [false, false]);
}

#[tokio::test]
async fn a_key_that_was_taken_out_is_good_no_more() {
    let vault = Vault::new("ca", "ca");
    assert_eq!(takes(&vault, &tokens("b").await).await, [false, false]);
    assert_eq!(vault.renewals(), 2);
}
