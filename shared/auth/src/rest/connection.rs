//! Open connections that a caller names by their secret.

use hubcast_model::id::{ConnectionId, HubName, UserId};
use hubcast_model::ports::{AccessKeySource, Freshness};
use hubcast_model::settings::AccessKeys;

use super::RestGate;
use crate::AuthError;
use crate::connection_token::ConnectionTokens;
use crate::jwks::KeySource;

impl<K: KeySource, A: AccessKeySource> RestGate<K, A> {
    /// The connection of a connectionToken whose user has opened it on this hub, however long ago.
    ///
    /// # Errors
    /// When the token is not one of ours, or is another user's or hub's.
    pub async fn opened_connection(
        &self,
        token: &str,
        hub: &HubName,
        user: Option<&UserId>,
    ) -> Result<ConnectionId, AuthError> {
        let check = |keys: &AccessKeys| ConnectionTokens::new(keys).verify_opened(token, hub, user);
        let kept = self.keys(Freshness::Cached).await?;
        match check(&kept) {
            Err(AuthError::Signature(why)) => {
                let renewed = self.keys(Freshness::Renewed).await?;
                if renewed == kept { Err(AuthError::Signature(why)) } else { check(&renewed) }
            }
            outcome => outcome,
        }
    }
}
