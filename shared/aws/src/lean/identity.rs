//! Who signs: credentials from the SDK's own configuration, refreshed in time.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use bytes::Bytes;
use hubcast_core::ports::Cause;
use hubcast_core::time::Timestamp;

use super::signer::{Signed, Signer};

/// How long before their end credentials are asked for anew.
const REFRESH_AHEAD: Duration = Duration::from_mins(5);

/// Signs with credentials that are kept until shortly before their end.
pub(super) struct Identity {
    provider: Option<SharedCredentialsProvider>,
    host: String,
    region: String,
    kept: Mutex<Option<Kept>>,
    /// One refresh serves all who wait for it.
    refresh: tokio::sync::Mutex<()>,
}

struct Kept {
    signer: Signer,
    expires: Option<Timestamp>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Kept {
    fn is_fresh(&self, now: Timestamp, ahead: Duration) -> bool {
        self.expires.is_none_or(|end| now.plus(ahead) < end)
    }
}

impl Identity {
    pub(super) fn new(config: &SdkConfig, host: &str) -> Self {
        Self {
            provider: config.credentials_provider(),
            host: host.to_owned(),
            region: config.region().map(ToString::to_string).unwrap_or_default(),
            kept: Mutex::default(),
            refresh: tokio::sync::Mutex::default(),
        }
    }

    /// Signs a request, if need be after asking for credentials.
    pub(super) async fn sign(
        &self,
        method: &str,
        path: &str,
        body: &Bytes,
        now: Timestamp,
    ) -> Result<Signed, Cause> {
        if let Some(signed) = self.sign_with_kept(REFRESH_AHEAD, (method, path, body), now) {
            return Ok(signed);
        }
        let _refreshing = self.refresh.lock().await;
        if let Some(signed) = self.sign_with_kept(REFRESH_AHEAD, (method, path, body), now) {
            return Ok(signed);
        }
        if let Err(err) = self.renew().await {
            // What is about to end is still good.
            let signed = self.sign_with_kept(Duration::ZERO, (method, path, body), now);
            tracing::warn!(error = %err, "credentials could not be refreshed");
            return signed.ok_or(err);
        }
        let signed = self.sign_with_kept(Duration::ZERO, (method, path, body), now);
        signed.ok_or_else(|| "the credentials have expired".into())
    }

    fn sign_with_kept(
        &self,
        ahead: Duration,
        (method, path, body): (&str, &str, &Bytes),
        now: Timestamp,
    ) -> Option<Signed> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.as_mut().filter(|kept| kept.is_fresh(now, ahead))?;
        Some(kept.signer.sign(method, path, body, now))
    }

    async fn renew(&self) -> Result<(), Cause> {
        let provider = self.provider.as_ref().ok_or("there is no source of credentials")?;
        let credentials = provider.provide_credentials().await?;
        let expires = expiry(&credentials);
        let signer = Signer::new(&self.host, &self.region, credentials);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Kept { signer, expires });
        Ok(())
    }
}

fn expiry(credentials: &Credentials) -> Option<Timestamp> {
    let end = credentials.expiry()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(Timestamp::from_seconds(end.as_secs()))
}
