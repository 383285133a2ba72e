//! Where the management API is, and how to connect to it.

use std::sync::Arc;

use hubcast_core::id::SocketId;
use hubcast_core::ports::Cause;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::Url;

/// All but the unreserved characters of RFC 3986 section 2.3.
pub(super) const RESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The management endpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// It is no `http` or `https` URL.
    #[error("the management endpoint is no http or https URL")]
    NotAUrl,
    /// The machine has no root certificates, or TLS does not know the host's name.
    #[error("TLS cannot be set up")]
    Tls(#[source] Cause),
}

/// One stage's management API.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    authority: String,
    /// `/{stage}/@connections/`
    prefix: String,
    tls: Option<Tls>,
}

struct Tls {
    connector: TlsConnector,
    server: ServerName<'static>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("server", &self.server).finish_non_exhaustive()
    }
}

/// A connection, plain or under TLS.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Endpoint {
    pub(super) fn parse(text: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(text).map_err(|_| EndpointError::NotAUrl)?;
        let named = url.host_str().ok_or(EndpointError::NotAUrl)?;
        let host = named.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = match url.scheme() {
            "http" => None,
            "https" => Some(Tls::new(&host)?),
            _ => return Err(EndpointError::NotAUrl),
        };
        let port = url.port_or_known_default().ok_or(EndpointError::NotAUrl)?;
        // The Host header leaves a scheme's own port out.
        let authority = match url.port() {
            Some(port) => format!("{named}:{port}"),
            None => named.to_owned(),
        };
        let prefix = format!("{}/@connections/", url.path().trim_end_matches('/'));
        Ok(Self { host, port, authority, prefix, tls })
    }

    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The path of one connection, encoded as the official client does.
    pub(super) fn connection_path(&self, socket: &SocketId) -> String {
        let id = utf8_percent_encode(socket.as_str(), RESERVED);
        format!("{}{id}", self.prefix)
    }

    pub(super) async fn connect(&self) -> std::io::Result<Stream> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        // Frames are small and each waits for its answer.
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Stream::Plain(stream)),
            Some(tls) => {
                let stream = tls.connector.connect(tls.server.clone(), stream).await?;
                Ok(Stream::Tls(Box::new(stream)))
            }
        }
    }
}

impl Tls {
    fn new(host: &str) -> Result<Self, EndpointError> {
        let unusable = |cause: Cause| EndpointError::Tls(cause);
        let server = ServerName::try_from(host.to_owned());
        let server = server.map_err(|err| unusable(Box::new(err)))?;
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        let (known, _unreadable) = roots.add_parsable_certificates(found.certs);
        if known == 0 {
            return Err(unusable("the machine has no root certificates".into()));
        }
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|err| unusable(Box::new(err)))?;
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), server })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_encoded_as_by_the_official_client() {
        let endpoint = Endpoint::parse("http://127.0.0.1:8080/local/").unwrap();
        let socket = SocketId::parse("aB3/x+y=").unwrap();
        assert_eq!(endpoint.connection_path(&socket), "/local/@connections/aB3%2Fx%2By%3D");
        assert_eq!(endpoint.authority(), "127.0.0.1:8080");
    }

    #[test]
    fn a_scheme_s_own_port_is_left_out_of_the_host() {
        let endpoint = Endpoint::parse("http://api.example.com:80/prod").unwrap();
        assert_eq!(endpoint.authority(), "api.example.com");
    }

    #[test]
    fn an_ipv6_address_is_bracketed_in_the_host_only() {
        for scheme in ["http", "https"] {
            let endpoint = Endpoint::parse(&format!("{scheme}://[::1]:8443/prod")).unwrap();
            assert_eq!((endpoint.authority(), endpoint.host.as_str()), ("[::1]:8443", "::1"));
        }
    }

    #[test]
    fn anything_but_a_web_url_is_refused() {
        for text in ["", "api.example.com", "wss://api.example.com/prod", "http://"] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }
}
