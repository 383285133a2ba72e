//! TLS of the management API: few roots first, see [`trust`].

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hubcast_model::ports::Cause;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

use super::dial::dial;
use crate::on_demand::OnDemand;
use crate::trust;

/// How to reach one server.
pub(super) struct Tls {
    server: ServerName<'static>,
    few: TlsConnector,
    /// Made once the server is a stranger to the few.
    all: OnDemand<Result<TlsConnector, Error>>,
    is_stranger: AtomicBool,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Tls {
    pub(super) fn new(host: &str) -> Result<Self, Cause> {
        Self::trusting(host, trust::amazon(), trust::system)
    }

    fn trusting(
        host: &str,
        few: RootCertStore,
        all: impl FnOnce() -> RootCertStore + Send + 'static,
    ) -> Result<Self, Cause> {
        Ok(Self {
            server: ServerName::try_from(host.to_owned())?,
            few: connector(few)?,
            all: OnDemand::new(Box::new(|| connector(all()))),
            is_stranger: AtomicBool::new(false),
        })
    }

    /// A secured stream to this host and port.
    pub(super) async fn connect(&self, host: &str, port: u16) -> io::Result<TlsStream<TcpStream>> {
        if !self.is_stranger.load(Ordering::Relaxed) {
            match self.few.connect(self.server.clone(), dial(host, port).await?).await {
                Err(err) if trust::is_stranger(&err) => {
                    tracing::info!("the management API is not vouched for by Amazon's roots");
                    self.is_stranger.store(true, Ordering::Relaxed);
                }
                outcome => return outcome,
            }
        }
        let all = self.all.as_ref().map_err(|err| io::Error::other(err.clone()))?;
        all.connect(self.server.clone(), dial(host, port).await?).await
    }
}

fn connector(roots: RootCertStore) -> Result<TlsConnector, Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions()?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests;
