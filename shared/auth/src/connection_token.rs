//! connectionTokens: the secret that negotiation hands out for one connection.
//!
//! `{connectionId}.{signature}`: the id is public, the signature binds it to a
//! hub and a user for a minute. The token of a connection that outlives its
//! sockets is good for coming back after that. The key is derived from the access key under a
//! label of its own, so that neither can stand in for the other. Clients of
//! negotiate version 0 get the whole token as their connection id.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hubcast_model::id::{ConnectionId, HubName, UserId};
use hubcast_model::settings::{AccessKeys, Secret};
use hubcast_model::time::Timestamp;

use crate::AuthError;

/// How long a connectionToken is good for opening its connection.
pub const CONNECTION_TOKEN_LIFETIME: Duration = Duration::from_mins(1);

const LABEL: &[u8] = b"hubcast connectionToken v1";
const ID_BYTES: usize = 16;
const EXPIRY_BYTES: usize = 8;

/// Signs and checks connectionTokens.
pub struct ConnectionTokens {
    keys: Vec<hmac::Key>,
}

/// A fresh connection id and its token.
#[derive(Clone, PartialEq, Eq)]
pub struct NewConnection {
    /// Public.
    pub id: ConnectionId,
    /// Secret.
    pub token: String,
}

/// The connection of a token that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownConnection {
    /// The connection.
    pub id: ConnectionId,
    /// Whether the token has expired. Then it opens nothing, and is good for coming back only.
    pub is_late: bool,
}

impl fmt::Debug for ConnectionTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionTokens(..)")
    }
}

impl fmt::Debug for NewConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewConnection({})", self.id)
    }
}

impl ConnectionTokens {
    /// Tokens of keys derived from these; the primary's signs, both verify.
    pub fn new(keys: &AccessKeys) -> Self {
        let secrets = [Some(&keys.primary), keys.secondary.as_ref()].into_iter().flatten();
        Self { keys: secrets.filter_map(derived).collect() }
    }

    /// A new connection of a user on a hub.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn mint(
        &self,
        hub: &HubName,
        user: Option<&UserId>,
        now: Timestamp,
    ) -> Result<NewConnection, AuthError> {
        let id = ConnectionId::parse(&random_id()?).map_err(|_| unavailable())?;
        self.sign(id, hub, user, now)
    }

    /// The same for a connection that outlives its sockets. The id says so, and is signed.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn mint_line(
        &self,
        hub: &HubName,
        user: Option<&UserId>,
        now: Timestamp,
    ) -> Result<NewConnection, AuthError> {
        let id = ConnectionId::line(&random_id()?).map_err(|_| unavailable())?;
        self.sign(id, hub, user, now)
    }

    fn sign(
        &self,
        id: ConnectionId,
        hub: &HubName,
        user: Option<&UserId>,
        now: Timestamp,
    ) -> Result<NewConnection, AuthError> {
        let key = self.keys.first().ok_or_else(unavailable)?;
        let expires = now.plus(CONNECTION_TOKEN_LIFETIME).as_millis().to_be_bytes();
        let tag = hmac::sign(key, &signed(&id, hub, user, expires));
        let signature = URL_SAFE_NO_PAD.encode([&expires, tag.as_ref()].concat());
        Ok(NewConnection { token: format!("{id}.{signature}"), id })
    }

    /// The connection of a token that this user shows for this hub.
    ///
    /// # Errors
    /// When the token is not one of ours, is another user's or hub's, or has expired and is not of a
    /// connection that outlives its sockets.
    pub fn verify(
        &self,
        token: &str,
        hub: &HubName,
        user: Option<&UserId>,
        now: Timestamp,
    ) -> Result<ShownConnection, AuthError> {
        let SignedId { id, expires } = self.signed_id(token, hub, user)?;
        let is_late = expires <= now;
        if is_late && !id.is_line() {
            return Err(AuthError::Expired);
        }
        Ok(ShownConnection { id, is_late })
    }

    /// The connection of a token whose user has opened it on this hub, however long ago.
    ///
    /// # Errors
    /// When the token is not one of ours, or is another user's or hub's.
    pub fn verify_opened(
        &self,
        token: &str,
        hub: &HubName,
        user: Option<&UserId>,
    ) -> Result<ConnectionId, AuthError> {
        self.signed_id(token, hub, user).map(|signed| signed.id)
    }

    fn signed_id(
        &self,
        token: &str,
        hub: &HubName,
        user: Option<&UserId>,
    ) -> Result<SignedId, AuthError> {
        let invalid = || AuthError::Signature("the connectionToken is wrong");
        let (_, signature) = token.split_once('.').ok_or_else(invalid)?;
        let id = ConnectionId::parse(token).map_err(|_| invalid())?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| invalid())?;
        let (expires, tag) = signature.split_first_chunk::<EXPIRY_BYTES>().ok_or_else(invalid)?;
        let message = signed(&id, hub, user, *expires);
        // hmac::verify compares in constant time.
        if !self.keys.iter().any(|key| hmac::verify(key, &message, tag).is_ok()) {
            return Err(invalid());
        }
        Ok(SignedId { id, expires: Timestamp::from_millis(u64::from_be_bytes(*expires)) })
    }
}

/// What a token says whose signature is right.
struct SignedId {
    id: ConnectionId,
    /// Until when the token opens the connection.
    expires: Timestamp,
}

fn random_id() -> Result<String, AuthError> {
    let mut random = [0; ID_BYTES];
    rand::fill(&mut random).map_err(|_| unavailable())?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

const fn unavailable() -> AuthError {
    AuthError::Invalid("a connection cannot be made")
}

fn derived(secret: &Secret) -> Option<hmac::Key> {
    let extracted = Salt::new(HKDF_SHA256, LABEL).extract(secret.expose().as_bytes());
    extracted.expand(&[LABEL], hmac::HMAC_SHA256).ok().map(hmac::Key::from)
}

/// What is signed. Every part says its length, so that none can flow into the next.
fn signed(
    id: &ConnectionId,
    hub: &HubName,
    user: Option<&UserId>,
    expires: [u8; EXPIRY_BYTES],
) -> Vec<u8> {
    let mut message = expires.to_vec();
    for part in [Some(id.as_str()), Some(hub.as_str()), user.map(UserId::as_str)] {
        // An anonymous caller is not the user with the empty name, which does not exist.
        let part = part.unwrap_or_default().as_bytes();
        message.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        message.extend_from_slice(part);
    }
    message
}
