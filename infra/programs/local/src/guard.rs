//! The guard against websites that a developer's browser shows.
//!
//! Any page can post to this machine. A page can also read the answers when its
//! own name resolves to this machine's address. Neither kind of page may empty
//! the table or ask for tokens.

use std::net::IpAddr;

use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use hubcast_model::settings::Origins;

use crate::gateway::is_upgrade;

const FOREIGN_HOST: &str = "this stack goes by localhost, by names without a dot, by names of .localhost, .internal and .test, and by addresses; a website could have any other name";
const FOREIGN_ORIGIN: &str =
    "pages of this origin may not ask this; those of localhost may, and the stack's own";

/// Why the stack refuses a request; `None` when the stack answers.
pub(crate) fn objection(parts: &Parts) -> Option<&'static str> {
    let host = text(&parts.headers, header::HOST);
    if host.is_some_and(|host| !is_own_name(host)) {
        return Some(FOREIGN_HOST);
    }
    // The functions check origins and tokens of clients and backends, as on AWS.
    if !names_aws(&parts.headers) && looks_at_origins(parts) {
        return None;
    }
    let origin = parts.headers.get(header::ORIGIN)?.to_str().unwrap_or_default();
    let is_own = origin.strip_prefix("http://").is_some_and(|origin| Some(origin) == host);
    (!is_own && !Origins::Localhost.allows(origin)).then_some(FOREIGN_ORIGIN)
}

/// Whether a request speaks a protocol of AWS, whatever its path says.
fn names_aws(headers: &HeaderMap) -> bool {
    headers.contains_key("x-amz-target")
}

/// Whether the function behind the path looks at the origin, or at a token, by itself.
fn looks_at_origins(parts: &Parts) -> bool {
    let path = parts.uri.path();
    is_upgrade(&parts.headers) || path.ends_with("/negotiate") || path.starts_with("/api/")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    // A value that is no text is no name.
    headers.get(name).map(|value| value.to_str().unwrap_or("?.?"))
}

/// Whether this is a name that no website can have.
fn is_own_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.to_ascii_lowercase();
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    address.unwrap_or(&name).parse::<IpAddr>().is_ok()
        || !name.contains('.')
        || [".localhost", ".internal", ".test"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_website_can_have_are_not_this_machines() {
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
            assert!(is_own_name(host), "{host}");
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
            assert!(!is_own_name(host), "{host}");
        }
    }

    #[test]
    fn no_path_lets_a_website_speak_to_aws() {
        let request = |path: &str, target: bool| {
            let request = http::Request::post(path)
                .header(header::HOST, "localhost:8080")
                .header(header::ORIGIN, "https://evil.com");
            let scan = "DynamoDB_20120810.Scan";
            let request = if target { request.header("x-amz-target", scan) } else { request };
            request.body(()).unwrap().into_parts().0
        };
        for path in ["/", "/api/hubs/h/:send", "/hubs/h/negotiate", "/client/negotiate"] {
            assert_eq!(objection(&request(path, true)), Some(FOREIGN_ORIGIN), "{path}");
        }
        assert_eq!(objection(&request("/api/hubs/h/:send", false)), None);
    }
}
