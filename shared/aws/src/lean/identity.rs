//! Who signs: credentials from the SDK's own configuration, refreshed in time.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use bytes::Bytes;
use hubcast_model::ports::Cause;
use hubcast_model::time::Timestamp;

use super::signer::{Signed, Signer};

/// How long before their end credentials are asked for anew.
const REFRESH_AHEAD: Duration = Duration::from_mins(5);
/// For how long nobody asks again while the kept ones are good: who asks has to wait.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

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
    /// When they are asked for anew.
    renew_at: Option<Timestamp>,
    expires: Option<Timestamp>,
}

/// A request before it is signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unsigned<'a> {
    /// The method of HTTP.
    pub(super) method: &'a str,
    /// The path, encoded.
    pub(super) path: &'a str,
    /// The body.
    pub(super) body: &'a Bytes,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Kept {
    fn new(signer: Signer, expires: Option<Timestamp>, now: Timestamp) -> Self {
        let ahead = |end: Timestamp| now.plus(end.since(now).saturating_sub(REFRESH_AHEAD));
        let soonest = now.plus(REFRESH_PAUSE);
        let renew_at = expires.map(|end| ahead(end).max(soonest));
        Self { signer, renew_at, expires }
    }

    fn is_good(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| now < end)
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.is_good(now) && self.renew_at.is_none_or(|at| now < at)
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
        request: Unsigned<'_>,
        now: Timestamp,
    ) -> Result<Signed, Cause> {
        if let Some(signed) = self.sign_with_kept(Kept::is_fresh, request, now) {
            return Ok(signed);
        }
        let _refreshing = self.refresh.lock().await;
        if let Some(signed) = self.sign_with_kept(Kept::is_fresh, request, now) {
            return Ok(signed);
        }
        let renewed = self.renew(now).await;
        if let Err(err) = &renewed {
            tracing::warn!(error = %err, "credentials could not be refreshed");
            self.renew_later(now);
        }
        // What is about to end is still good.
        let signed = self.sign_with_kept(Kept::is_good, request, now);
        signed.ok_or_else(|| renewed.err().unwrap_or_else(|| "the credentials have expired".into()))
    }

    fn sign_with_kept(
        &self,
        is_usable: impl Fn(&Kept, Timestamp) -> bool,
        request: Unsigned<'_>,
        now: Timestamp,
    ) -> Option<Signed> {
        let mut kept = self.lock();
        let kept = kept.as_mut().filter(|kept| is_usable(kept, now))?;
        let Unsigned { method, path, body } = request;
        Some(kept.signer.sign(method, path, body, now))
    }

    async fn renew(&self, now: Timestamp) -> Result<(), Cause> {
        let provider = self.provider.as_ref().ok_or("there is no source of credentials")?;
        let credentials = provider.provide_credentials().await?;
        let expires = expiry(&credentials);
        let signer = Signer::new(&self.host, &self.region, credentials)?;
        *self.lock() = Some(Kept::new(signer, expires, now));
        Ok(())
    }

    fn renew_later(&self, now: Timestamp) {
        if let Some(kept) = self.lock().as_mut() {
            kept.renew_at = Some(now.plus(REFRESH_PAUSE));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn expiry(credentials: &Credentials) -> Option<Timestamp> {
    let end = credentials.expiry()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(Timestamp::from_seconds(end.as_secs()))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::future;

    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_700_000_000);
    const MINUTE: Duration = Duration::from_mins(1);

    /// Hands out credentials with these keys and minutes to live, then fails.
    #[derive(Debug, Clone)]
    struct Turns(Arc<Mutex<State>>);

    #[derive(Debug)]
    struct State {
        next: VecDeque<(&'static str, u32)>,
        asked: usize,
    }

    impl ProvideCredentials for Turns {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let mut state = self.0.lock().unwrap();
            state.asked += 1;
            let outcome = state.next.pop_front().map(|(key, minutes)| {
                let end = UNIX_EPOCH + Duration::from_millis(START.as_millis()) + MINUTE * minutes;
                Credentials::new(key, "secret", None, Some(end), "test")
            });
            future::ProvideCredentials::ready(
                outcome.ok_or_else(|| CredentialsError::not_loaded("told to fail")),
            )
        }
    }

    struct Rig(Identity, Turns);

    impl Rig {
        fn new(turns: impl IntoIterator<Item = (&'static str, u32)>) -> Self {
            let state = State { next: turns.into_iter().collect(), asked: 0 };
            let turns = Turns(Arc::new(Mutex::new(state)));
            let provider = SharedCredentialsProvider::new(turns.clone());
            let config = SdkConfig::builder().credentials_provider(provider).build();
            Self(Identity::new(&config, "host"), turns)
        }

        /// The key that signs so long after the start, if any.
        async fn key_after(&self, time: Duration) -> Option<String> {
            let body = Bytes::new();
            let signed = self
                .0
                .sign(Unsigned { method: "POST", path: "/", body: &body }, START.plus(time))
                .await
                .ok()?;
            let (_, rest) = signed.authorization.split_once("Credential=")?;
            rest.split('/').next().map(str::to_owned)
        }

        fn asked(&self) -> usize {
            self.1.0.lock().unwrap().asked
        }
    }

    #[tokio::test]
    async fn credentials_are_replaced_five_minutes_before_their_end() {
        let rig = Rig::new([("a", 60), ("b", 120)]);
        assert_eq!(rig.key_after(Duration::ZERO).await.as_deref(), Some("a"));
        let just_before = Duration::from_millis(55 * 60 * 1000 - 1);
        assert_eq!(rig.key_after(just_before).await.as_deref(), Some("a"));
        assert_eq!(rig.asked(), 1);
        assert_eq!(rig.key_after(MINUTE * 55).await.as_deref(), Some("b"));
        assert_eq!(rig.asked(), 2);
    }

    #[tokio::test]
    async fn credentials_that_cannot_be_replaced_serve_to_their_end() {
        let rig = Rig::new([("a", 60)]);
        for minute in [0, 55, 59] {
            assert_eq!(rig.key_after(MINUTE * minute).await.as_deref(), Some("a"), "{minute}");
        }
        assert_eq!(rig.key_after(MINUTE * 60).await, None);
    }

    #[tokio::test]
    async fn a_refresh_that_failed_is_not_repeated_with_every_post() {
        let rig = Rig::new([("a", 60)]);
        rig.key_after(Duration::ZERO).await.unwrap();
        for second in 0..20 {
            rig.key_after(MINUTE * 55 + Duration::from_secs(second)).await.unwrap();
        }
        assert_eq!(rig.asked(), 3, "at first, after 55 minutes, and ten seconds later");
    }

    #[tokio::test]
    async fn credentials_that_are_always_short_lived_are_not_asked_for_with_every_post() {
        let rig = Rig::new([("a", 2), ("b", 2)]);
        for second in 0..20 {
            rig.key_after(Duration::from_secs(second)).await.unwrap();
        }
        assert_eq!(rig.asked(), 2);
    }

    #[tokio::test]
    async fn there_is_no_signature_without_credentials() {
        assert_eq!(Rig::new([]).key_after(Duration::ZERO).await, None);
        let rig = Rig::new([("old", 0)]);
        assert_eq!(rig.key_after(Duration::ZERO).await, None);
    }
}
