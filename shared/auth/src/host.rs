//! URLs that tokens name as their audience.

use hubcast_model::origin::is_private_host;
use hubcast_model::public_url::PublicUrl;
use url::Url;

/// Whether a URL is of the web, on one of our hosts, with or without our port, and names nobody.
pub(crate) fn is_ours(public_url: &PublicUrl, url: &Url) -> bool {
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
