//! Where the management API is, and how to connect to it.

use hubcast_model::id::SocketId;
use hubcast_model::ports::Cause;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use url::Url;

use super::dial::dial;
use super::tls::Tls;

/// All but the unreserved characters of RFC 3986 section 2.3.
pub(super) const RESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The management endpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// It is no `http` or `https` URL.
    #[error("the management endpoint is no http or https URL")]
    NotAUrl,
    /// TLS does not take the host's name.
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
            "https" => Some(Tls::new(&host).map_err(EndpointError::Tls)?),
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
        match &self.tls {
            None => Ok(Stream::Plain(dial(&self.host, self.port).await?)),
            Some(tls) => Ok(Stream::Tls(Box::new(tls.connect(&self.host, self.port).await?))),
        }
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
