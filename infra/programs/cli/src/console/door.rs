//! Who may ask the console: the browser that opened the address of the terminal.
//!
//! The secret in the address is good once, and becomes a cookie. A page of
//! another website has no cookie, says another `Origin`, or asks by another
//! `Host` when its own name was made to lead to this machine (ADR 73).

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::PoisonError;

use axum::http::{HeaderMap, HeaderName, Method, header};
use hubcast_aws::operator::message_id;
use hubcast_model::origin::is_same;

use crate::failure::Failure;

/// Where browsers say from which site a request comes.
/// <https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header>
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A request that is not answered, in words for whoever looks at the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The request has the name of another host.
    #[error("the console answers to the address that the terminal shows, and to no other name")]
    ForeignHost,
    /// A page of another origin asks.
    #[error("pages of another origin may not ask the console")]
    ForeignOrigin,
    /// The secret is wrong, or was used before.
    #[error("this address was used before, or is wrong: run hubcast console again for a new one")]
    Spent,
    /// The request has no cookie of this console.
    #[error("open the address that hubcast console shows in the terminal")]
    Stranger,
    /// The request would change the deployment, and the console was started to look only.
    #[error("this console changes nothing: start it with --allow-changes")]
    ReadOnly,
}

/// How a request is let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// The page asks something.
    Asks,
    /// A browser comes by the address of the terminal, and may go on to the page: with this cookie,
    /// unless the browser has the cookie already.
    Enters(Option<String>),
}

/// The address of the console, and the secrets that open the door.
#[derive(Debug)]
pub(super) struct Door {
    address: SocketAddr,
    /// The secret of the address, until somebody uses it.
    once: Mutex<Option<String>>,
    /// The value of the cookie.
    session: String,
}

impl Door {
    /// A door with fresh secrets.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub(super) fn new(address: SocketAddr) -> Result<Self, Failure> {
        Ok(Self { address, once: Mutex::new(Some(message_id()?)), session: message_id()? })
    }

    /// The address that lets a browser in, once.
    pub(super) fn entrance(&self) -> String {
        let once = self.once.lock().unwrap_or_else(PoisonError::into_inner);
        let secret = once.as_deref().unwrap_or_default();
        format!("http://{}/?secret={secret}", self.address)
    }

    /// Lets a request in.
    ///
    /// # Errors
    /// Why the request is not answered.
    pub(super) fn admit(
        &self,
        method: &Method,
        headers: &HeaderMap,
        secret: Option<&str>,
    ) -> Result<Admission, Refusal> {
        self.check_source(method, headers, secret.is_some())?;
        match (secret, self.check_cookie(headers)) {
            (None, known) => known.map(|()| Admission::Asks),
            // Whoever is in already may come again by the same address, as from a history.
            (Some(_), Ok(())) => Ok(Admission::Enters(None)),
            (Some(secret), Err(_)) => self.exchange(secret).map(Some).map(Admission::Enters),
        }
    }

    /// Takes the secret, and answers the cookie for it.
    fn exchange(&self, secret: &str) -> Result<String, Refusal> {
        let mut once = self.once.lock().unwrap_or_else(PoisonError::into_inner);
        if !once.as_deref().is_some_and(|once| is_equal(once, secret)) {
            return Err(Refusal::Spent);
        }
        *once = None;
        let (name, value) = (self.cookie_name(), &self.session);
        Ok(format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict"))
    }

    /// Refuses requests that no page of this console sends.
    /// Whoever comes by the address of the terminal may come from anywhere.
    fn check_source(
        &self,
        method: &Method,
        headers: &HeaderMap,
        is_entrance: bool,
    ) -> Result<(), Refusal> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let host = text(header::HOST).unwrap_or_default();
        if !self.hosts().iter().any(|own| own.eq_ignore_ascii_case(host)) {
            return Err(Refusal::ForeignHost);
        }
        // A picture on a page of another port names no origin, and brings the cookie.
        let site = text(SEC_FETCH_SITE).unwrap_or("none");
        if !matches!(site, "none" | "same-origin") && !is_entrance {
            return Err(Refusal::ForeignOrigin);
        }
        let is_own = |origin| is_same(&format!("http://{host}"), origin);
        match text(header::ORIGIN) {
            Some(origin) if !is_own(origin) => Err(Refusal::ForeignOrigin),
            // Browsers name the origin of whatever is no mere look.
            None if method != Method::GET => Err(Refusal::ForeignOrigin),
            _ => Ok(()),
        }
    }

    /// Refuses requests without the cookie.
    fn check_cookie(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let cookies =
            headers.get_all(header::COOKIE).into_iter().filter_map(|all| all.to_str().ok());
        let mut pairs =
            cookies.flat_map(|all| all.split(';')).filter_map(|one| one.split_once('='));
        let name = self.cookie_name();
        let is_own = |(key, value): (&str, &str)| {
            key.trim() == name && is_equal(value.trim(), &self.session)
        };
        if pairs.any(is_own) { Ok(()) } else { Err(Refusal::Stranger) }
    }

    /// Browsers send a cookie to all ports of a host, so consoles on two ports need two names.
    fn cookie_name(&self) -> String {
        format!("hubcast-console-{}", self.address.port())
    }

    fn hosts(&self) -> [String; 2] {
        [self.address.to_string(), format!("localhost:{}", self.address.port())]
    }
}

/// Compares without telling by the time how much of a guess is right.
fn is_equal(one: &str, other: &str) -> bool {
    let pairs = one.bytes().zip(other.bytes());
    one.len() == other.len() && pairs.fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> Door {
        Door::new(SocketAddr::from(([127, 0, 0, 1], 4711))).unwrap()
    }

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_secret_is_good_once_and_becomes_a_cookie() {
        let door = door();
        let secret = door.entrance().split_once("secret=").unwrap().1.to_owned();
        assert_eq!(door.exchange("wrong"), Err(Refusal::Spent));
        let cookie = door.exchange(&secret).unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
        assert_eq!(door.exchange(&secret), Err(Refusal::Spent));
        assert_eq!(door.exchange(""), Err(Refusal::Spent));
        let pair = cookie.split(';').next().unwrap();
        let sent = format!("other=1; {pair}");
        assert_eq!(door.check_cookie(&headers(&[(header::COOKIE, &sent)])), Ok(()));
        for wrong in ["", "hubcast-console-4711=", "hubcast-console-4712=x", &format!("{pair}0")] {
            let headers = headers(&[(header::COOKIE, wrong)]);
            assert_eq!(door.check_cookie(&headers), Err(Refusal::Stranger), "{wrong}");
        }
    }

    #[test]
    fn only_pages_of_the_console_may_ask() {
        let door = door();
        let asked = |method: Method, host: &str, origin: Option<&str>| {
            let mut pairs = vec![(header::HOST, host)];
            pairs.extend(origin.map(|origin| (header::ORIGIN, origin)));
            door.check_source(&method, &headers(&pairs), false)
        };
        let own = "127.0.0.1:4711";
        assert_eq!(asked(Method::GET, own, None), Ok(()));
        assert_eq!(asked(Method::GET, "localhost:4711", None), Ok(()));
        assert_eq!(asked(Method::POST, own, Some("http://127.0.0.1:4711")), Ok(()));
        for host in ["evil.example:4711", "127.0.0.1:4712", "127.0.0.1", ""] {
            assert_eq!(asked(Method::GET, host, None), Err(Refusal::ForeignHost), "{host}");
        }
        for origin in
            ["http://127.0.0.1:8080", "https://127.0.0.1:4711", "null", "http://localhost:4711"]
        {
            let refused = asked(Method::GET, own, Some(origin));
            assert_eq!(refused, Err(Refusal::ForeignOrigin), "{origin}");
        }
        assert_eq!(asked(Method::POST, own, None), Err(Refusal::ForeignOrigin));
        for (site, is_entrance, expected) in [
            ("same-origin", false, Ok(())),
            ("none", false, Ok(())),
            ("same-site", false, Err(Refusal::ForeignOrigin)),
            ("cross-site", false, Err(Refusal::ForeignOrigin)),
            ("cross-site", true, Ok(())),
        ] {
            let headers = headers(&[(header::HOST, own), (SEC_FETCH_SITE, site)]);
            let checked = door.check_source(&Method::GET, &headers, is_entrance);
            assert_eq!(checked, expected, "{site}");
        }
    }
}
