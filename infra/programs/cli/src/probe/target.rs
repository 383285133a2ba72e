//! Where the probe opens sockets, and as whom.

use hubcast_aws::operator::Trouble;
use hubcast_model::id::UserId;
use url::{Host, Url};

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::network::in_words;
use crate::pass::{Pass, Person, user};

/// The user of a probe at a local stack.
const USER: &str = "probe";

/// Where the probe opens sockets, and as whom.
#[derive(Debug)]
pub(super) struct Target {
    /// The URL of a socket, with the token in the query as browsers show tokens.
    pub(super) socket: Url,
    /// The URL that a client is given to negotiate at; a stage of API Gateway has none.
    pub(super) negotiation: Option<String>,
    /// The token.
    pub(super) token: String,
}

impl Target {
    /// The target of a deployment, with the token that is given.
    ///
    /// # Errors
    /// When there is no URL or no token, or the URL is none of a deployment.
    pub(super) async fn find(
        deployment: &Deployment,
        given: Option<&str>,
    ) -> Result<Self, Failure> {
        let base = deployment.url()?;
        let url = parsed(base)?;
        let pass = match given {
            Some(token) => Pass::given(token)?,
            None => local_pass(deployment, &url).await?,
        };
        let is_stage = url.path().len() > 1;
        let negotiation = (!is_stage).then(|| pass.door.url(base, deployment.hub()));
        let socket = match &negotiation {
            Some(negotiation) => parsed(negotiation)?,
            None => with(url, "hub", deployment.hub().as_str()),
        };
        let socket = as_socket(with(socket, "access_token", &pass.token))?;
        Ok(Self { socket, negotiation, token: pass.token })
    }
}

/// Sees that something answers at the URL of a deployment, before each row tells that nothing does.
///
/// # Errors
/// When nothing answers; with what to do.
pub(super) async fn answers(deployment: &Deployment) -> Result<(), Failure> {
    let mut url = parsed(deployment.url()?)?;
    let http = if matches!(url.scheme(), "http" | "ws") { "http" } else { "https" };
    // A URL of sockets answers HTTP too: whatever it says, something is there.
    url = parsed(&url.as_str().replacen(url.scheme(), http, 1))?;
    let Err(err) = deployment.http()?.get(url).send().await else { return Ok(()) };
    let (place, why) = (deployment.url()?, in_words(&err.without_url()));
    let advice = deployment.advice(Trouble::Unreachable);
    Err(Failure::failed(format!("nothing answers at {place}: {why}; {advice}")))
}

fn parsed(url: &str) -> Result<Url, Failure> {
    Url::parse(url).map_err(|err| Failure::Usage(format!("'{url}' is no URL: {err}")))
}

/// The URL with one more parameter in the query.
pub(super) fn with(mut url: Url, name: &str, value: &str) -> Url {
    url.query_pairs_mut().append_pair(name, value);
    url
}

/// The same URL with a scheme of sockets.
fn as_socket(mut url: Url) -> Result<Url, Failure> {
    let scheme = match url.scheme() {
        "http" | "ws" => "ws",
        "https" | "wss" => "wss",
        other => return Err(Failure::Usage(format!("'{other}' is no scheme of a deployment"))),
    };
    let changed = url.set_scheme(scheme);
    changed.map_err(|()| Failure::Usage("the URL has no host".to_owned()))?;
    Ok(url)
}

/// A token of a local stack's issuer.
async fn local_pass(deployment: &Deployment, url: &Url) -> Result<Pass, Failure> {
    let needed = || "a token is needed: --token, or the variable HUBCAST_TOKEN".to_owned();
    let authority = local_authority(url).ok_or_else(|| Failure::Usage(needed()))?;
    let user: UserId = user(USER).map_err(Failure::Usage)?;
    let issuer = format!("http://{authority}");
    Pass::of_issuer(deployment, &issuer, &user, &Person::default()).await
}

/// The host and port of a URL of this machine.
fn local_authority(url: &Url) -> Option<&str> {
    let is_local = match url.host()? {
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
        Host::Domain(name) => name == "localhost",
    };
    is_local.then_some(url.authority())
}
