//! Where clients reach hubcast.

use crate::origin::{is_same, origin_of};

/// Where clients reach hubcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicUrl {
    /// One fixed `https://host[:port]`, without a trailing slash.
    Fixed(String),
    /// This URL, and without one the host that the request itself came to; for the local stack only,
    /// whose tokens may name every host that no website can have.
    Local {
        /// A URL such as that of a tunnel.
        url: Option<String>,
    },
}

impl PublicUrl {
    /// Where a client that came to `host` reaches hubcast, without a trailing slash.
    pub fn base(&self, host: Option<&str>) -> String {
        match self {
            Self::Fixed(url) | Self::Local { url: Some(url) } => url.clone(),
            Self::Local { url: None } => format!("http://{}", host.unwrap_or("localhost")),
        }
    }

    /// Whether `origin` is the address of hubcast itself, for a request that came to `host`.
    ///
    /// Apps outside browsers send it: React Native and Python's websocket-client make the origin of
    /// the address that they connect to. No page has this origin, for hubcast serves none but its own.
    pub fn is_origin(&self, origin: &str, host: Option<&str>) -> bool {
        let scheme = match self {
            Self::Fixed(_) => "https",
            Self::Local { .. } => "http",
        };
        let at_host = host.map(|host| format!("{scheme}://{host}"));
        at_host.is_some_and(|own| is_same(&own, origin))
            || is_same(origin_of(&self.base(None)), origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_address_is_that_of_the_url_and_that_of_the_request() {
        let deployed = PublicUrl::Fixed("https://push.example.com".to_owned());
        for own in
            ["https://push.example.com", "https://push.example.com:443", "https://api.example"]
        {
            assert!(deployed.is_origin(own, Some("api.example")), "{own}");
        }
        for other in
            ["http://push.example.com", "https://evil.example", "null", "https://api.example:1"]
        {
            assert!(!deployed.is_origin(other, Some("api.example")), "{other}");
        }
    }

    #[test]
    fn the_local_stack_goes_by_the_host_of_the_request() {
        let local = PublicUrl::Local { url: None };
        assert_eq!(local.base(Some("hubcast:8080")), "http://hubcast:8080");
        assert!(local.is_origin("http://hubcast:8080", Some("hubcast:8080")));
        assert!(!local.is_origin("http://hubcast:3000", Some("hubcast:8080")));
        let tunnel = PublicUrl::Local { url: Some("https://a.tunnel.example".to_owned()) };
        assert_eq!(tunnel.base(Some("localhost:8080")), "https://a.tunnel.example");
        assert!(tunnel.is_origin("https://a.tunnel.example", Some("localhost:8080")));
    }
}
