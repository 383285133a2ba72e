//! Origins: where a page or an app says that it comes from.
//!
//! Browsers send the header `Origin`, and pages cannot change it. Apps in a web
//! view send origins with schemes of their own, such as `capacitor://localhost`.

use std::net::IpAddr;

/// Stands in a list of origins for all pages of this machine.
const LOCALHOST: &str = "localhost";
/// The origin of pages that have none: of files, and of frames in a sandbox.
const NOBODY: &str = "null";

/// From which origins browsers may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Exactly these, such as `https://app.example.com`; `localhost` stands for all of this machine.
    Only(Vec<String>),
    /// Any origin of this machine; for the local stack only.
    Localhost,
}

/// An entry of a list is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Browsers want the origin itself in the answer, and API Gateway takes no pattern.
    #[error("has the pattern '{0}': list each origin by its full name")]
    Pattern(String),
    /// The entry is something else.
    #[error(
        "has '{0}', which is no origin: an origin is a scheme and a host in small letters, without a path and without the usual port, such as https://app.example.com or capacitor://localhost; files have null"
    )]
    NoOrigin(String),
}

impl Origins {
    /// Reads a list of origins.
    ///
    /// # Errors
    /// When an entry is no origin.
    pub fn parse(list: Vec<String>) -> Result<Self, OriginError> {
        match list.iter().find(|entry| !is_entry(entry)) {
            None => Ok(Self::Only(list)),
            Some(entry) if entry.contains('*') => Err(OriginError::Pattern(entry.clone())),
            Some(entry) => Err(OriginError::NoOrigin(entry.clone())),
        }
    }

    /// Whether a page of `origin` may connect.
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Only(list) => list.iter().any(|entry| takes(entry, origin)),
            Self::Localhost => is_local(origin),
        }
    }
}

fn takes(entry: &str, origin: &str) -> bool {
    if entry == LOCALHOST { is_local(origin) } else { entry.eq_ignore_ascii_case(origin) }
}

fn is_entry(text: &str) -> bool {
    if [LOCALHOST, NOBODY].contains(&text) {
        return true;
    }
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let is_plain = |c: char| c.is_ascii_graphic() && !"/?#@*\\,".contains(c);
    // Electron and Cordova show pages of files under the bare scheme.
    let is_whole = !authority.is_empty() || scheme == "file";
    is_scheme(scheme)
        && is_whole
        && authority.chars().all(is_plain)
        && normalised(text).as_deref() == Some(text)
}

/// <https://www.rfc-editor.org/rfc/rfc3986#section-3.1>
fn is_scheme(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_part)
}

/// Whether both are one origin: letters of both cases are the same, and so is the usual port named
/// or not.
pub fn is_same(one: &str, other: &str) -> bool {
    normalised(one).is_some_and(|one| Some(one) == normalised(other))
}

fn normalised(origin: &str) -> Option<String> {
    let origin = origin.to_ascii_lowercase();
    let usual_port = match origin.split_once("://")?.0 {
        "http" => ":80",
        "https" => ":443",
        _ => return Some(origin),
    };
    Some(origin.strip_suffix(usual_port).unwrap_or(&origin).to_owned())
}

/// The URL up to its path.
pub fn origin_of(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(authority..).unwrap_or_default();
    let end = rest.find(['/', '?', '#', '\\']).map_or(url.len(), |at| authority + at);
    url.get(..end).unwrap_or_default()
}

/// Whether the host is this very machine, whoever resolves names.
pub(crate) fn is_loopback(origin: &str) -> bool {
    let host = origin.split_once("://").map(|(_scheme, authority)| without_port(authority));
    host.is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"))
}

/// Whether a browser has the page from this machine. Browsers look up no name under `.localhost`.
/// <https://www.w3.org/TR/secure-contexts/#is-origin-trustworthy>
fn is_local(origin: &str) -> bool {
    let origin = origin.to_ascii_lowercase();
    let host = origin.split_once("://").map(|(_scheme, authority)| without_port(authority));
    is_loopback(&origin) || host.is_some_and(is_below_localhost)
}

fn is_below_localhost(host: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    host.ends_with(".localhost") && host.chars().all(is_name)
}

/// Whether no website can have this name, with or without a port: addresses, names without a dot,
/// and names that nobody can register (RFC 6761, and `.internal` by ICANN).
pub fn is_private_host(host: &str) -> bool {
    let name = without_port(host).to_ascii_lowercase();
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    address.unwrap_or(&name).parse::<IpAddr>().is_ok()
        || !name.contains('.')
        || [".localhost", ".internal", ".test"].iter().any(|end| name.ends_with(end))
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(entry: &str) -> Result<Origins, OriginError> {
        Origins::parse(vec![entry.to_owned()])
    }

    #[test]
    fn what_pages_and_apps_send_can_be_listed_and_is_taken() {
        for origin in [
            "https://app.example.com",
            "https://app.example.com:8443",
            "http://localhost:4200",
            "http://[::1]:5",
            "capacitor://localhost",
            "ionic://localhost",
            "tauri://localhost",
            "http://tauri.localhost",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "moz-extension://6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            "app://-",
            "app://.",
            "file://",
            "null",
        ] {
            let origins = listed(origin).unwrap_or_else(|err| panic!("{origin}: {err}"));
            assert!(origins.allows(origin), "{origin}");
            assert!(!origins.allows("https://evil.example"), "{origin}");
        }
    }

    #[test]
    fn what_nobody_sends_cannot_be_listed() {
        for bad in
            ["*", "https://*", "https://*.example.com", "http://*.example.com", "*://localhost"]
        {
            assert!(matches!(listed(bad), Err(OriginError::Pattern(_))), "{bad}");
        }
        for bad in [
            "a.example",
            "https://a.example/",
            "https://a.example/x",
            "https://a.example:443",
            "http://a.example:80",
            "https://A.example",
            "https://me@a.example",
            "https://",
            "capacitor://",
            "https://münchen.example",
            "://localhost",
            "1x://localhost",
            "NULL",
            "https:\\\\a.example",
        ] {
            assert!(matches!(listed(bad), Err(OriginError::NoOrigin(_))), "{bad}");
        }
    }

    #[test]
    fn a_list_may_have_this_machine_and_others() {
        let origins = Origins::parse(vec![LOCALHOST.to_owned(), "app://-".to_owned()]).unwrap();
        for origin in ["http://localhost:1", "app://-", "http://app.localhost"] {
            assert!(origins.allows(origin), "{origin}");
        }
        assert!(!origins.allows(NOBODY));
    }

    #[test]
    fn only_pages_and_apps_of_this_machine_are_local() {
        for good in [
            "http://localhost",
            "http://localhost:4200",
            "http://LOCALHOST:3000",
            "https://127.0.0.1:1",
            "http://[::1]:5",
            "http://app.localhost:3000",
            "http://tauri.localhost",
            "https://a.b.localhost",
            "capacitor://localhost",
        ] {
            assert!(Origins::Localhost.allows(good), "{good}");
        }
        for bad in [
            "http://localhost.evil.com",
            "http://app.localhost.evil.com",
            "http://notlocalhost",
            "http://evil.com#.localhost",
            "http://evil.com/.localhost",
            "http://evil.com@app.localhost",
            "http://app.localhost.",
            "null",
            "file://",
            "http://evil.com:80",
            "localhost",
            "http://localhost:4200/x",
            "http://hubcast:8080",
            "http://192.168.1.5",
        ] {
            assert!(!Origins::Localhost.allows(bad), "{bad}");
        }
    }

    #[test]
    fn the_usual_port_and_the_case_make_no_other_origin() {
        for (one, other) in [
            ("https://h", "https://h:443"),
            ("http://h:80", "http://H"),
            ("http://h:8080", "http://h:8080"),
        ] {
            assert!(is_same(one, other), "{one} {other}");
        }
        for (one, other) in
            [("https://h", "http://h"), ("https://h", "https://h:80"), ("null", "null"), ("h", "h")]
        {
            assert!(!is_same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn names_that_a_website_can_have_are_not_private() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "app.localhost:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[fd00::1]",
            "192.168.1.5:8080",
            "hubcast:8080",
            "host.docker.internal:8080",
        ] {
            assert!(is_private_host(host), "{host}");
        }
        for host in [
            "evil.com",
            "evil.com:8080",
            "localhost.evil.com",
            "127.0.0.1.evil.com:8080",
            "evil.localhost.",
            "[evil.com]",
            "evil.com:port",
        ] {
            assert!(!is_private_host(host), "{host}");
        }
    }
}
