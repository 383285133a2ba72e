//! URLs that tokens name as their audience.

use hubcast_model::origin::is_private_host;
use hubcast_model::public_url::PublicUrl;
use url::Url;

/// The URL of an audience on one of our hosts. `None` also for a text whose path holds a step.
pub(crate) fn own_url(public_url: &PublicUrl, text: &str) -> Option<Url> {
    if has_steps(text) {
        return None;
    }
    Url::parse(text).ok().filter(|url| is_ours(public_url, url))
}

/// Whether a URL's path holds a step, `.` or `..`, written out or escaped.
///
/// Parsers of URLs take such steps, so that `users/../:send` becomes `:send`: what a caller signed
/// for a user named `..` would be a broadcast. <https://url.spec.whatwg.org/#double-dot-path-segment>
fn has_steps(url: &str) -> bool {
    // Parsers leave these three out, wherever they stand.
    let url = url.replace(['\t', '\n', '\r'], "");
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(|part| {
        let part = part.to_ascii_lowercase().replace("%2e", ".");
        matches!(part.as_str(), "." | "..")
    })
}

/// Whether a URL is of the web, on one of our hosts, with or without our port, and names nobody.
fn is_ours(public_url: &PublicUrl, url: &Url) -> bool {
    let is_plain =
        url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    is_plain && matches!(url.scheme(), "http" | "https") && is_our_host(public_url, url)
}

fn is_our_host(public_url: &PublicUrl, url: &Url) -> bool {
    match public_url {
        PublicUrl::Fixed(ours) => is_at(ours, url),
        PublicUrl::Local { url: ours } => {
            url.host_str().is_some_and(is_private_host)
                || ours.as_deref().is_some_and(|ours| is_at(ours, url))
        }
    }
}

fn is_at(ours: &str, url: &Url) -> bool {
    Url::parse(ours).is_ok_and(|ours| {
        let same_port =
            url.port().is_none() || url.port_or_known_default() == ours.port_or_known_default();
        url.host_str() == ours.host_str() && same_port
    })
}
