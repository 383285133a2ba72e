//! The guard against websites that a developer's browser shows.
//!
//! Any page can post to this machine. A page can also read the answers when its
//! own name resolves to this machine's address. Neither kind of page may empty
//! the table or ask for tokens.

use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use hubcast_model::origin::{Origins, is_private_host, is_same};

use crate::front_door::is_of_negotiation;
use crate::gateway::is_upgrade;

const FOREIGN_HOST: &str = "this stack goes by localhost, by names without a dot, by names of .localhost, .internal and .test, and by addresses; a website could have any other name";
const FOREIGN_ORIGIN: &str =
    "pages of this origin may not ask this; those of localhost may, and the stack's own";

/// Why the stack refuses a request; `None` when the stack answers.
pub(crate) fn objection(parts: &Parts) -> Option<&'static str> {
    let host = text(&parts.headers, header::HOST);
    if host.is_some_and(|host| !is_private_host(host)) {
        return Some(FOREIGN_HOST);
    }
    // The functions check origins and tokens of clients and backends, as on AWS.
    if !names_aws(&parts.headers) && looks_at_origins(parts) {
        return None;
    }
    let origin = parts.headers.get(header::ORIGIN)?.to_str().unwrap_or_default();
    let is_own = host.is_some_and(|host| is_same(&format!("http://{host}"), origin));
    (!is_own && !Origins::Localhost.allows(origin)).then_some(FOREIGN_ORIGIN)
}

/// Whether a request speaks a protocol of AWS, whatever its path says.
fn names_aws(headers: &HeaderMap) -> bool {
    headers.contains_key("x-amz-target")
}

/// Whether the function behind the path looks at the origin, or at a token, by itself.
fn looks_at_origins(parts: &Parts) -> bool {
    let path = parts.uri.path();
    is_upgrade(&parts.headers) || is_of_negotiation(path) || path.starts_with("/api/")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    // A value that is no text is no name.
    headers.get(name).map(|value| value.to_str().unwrap_or("?.?"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for path in ["/", "/api/hubs/h/:send", "/hubs/h/negotiate", "/client/refresh"] {
            assert_eq!(objection(&request(path, true)), Some(FOREIGN_ORIGIN), "{path}");
        }
        assert_eq!(objection(&request("/api/hubs/h/:send", false)), None);
    }
}
