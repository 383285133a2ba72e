//! Where sockets are opened, and as whom.

use anyhow::Context;
use serde_json::{Value, json};
use url::{Host, Url};

use crate::Options;

/// Where sockets are opened, and as whom.
#[derive(Debug)]
pub(crate) struct Target {
    /// The socket's URL, token included.
    pub(crate) socket: Url,
    /// Where this hub is negotiated; the raw stage has no such place.
    pub(crate) negotiation: Option<Url>,
    pub(crate) token: String,
}

impl Target {
    pub(crate) async fn find(options: &Options) -> anyhow::Result<Self> {
        let token = match &options.token {
            Some(token) => token.clone(),
            None => local_token(&options.url).await?,
        };
        let is_stage = options.url.path().len() > 1;
        let hub = &options.hub;
        let mut socket = if is_stage {
            let mut stage = options.url.clone();
            stage.query_pairs_mut().append_pair("hub", hub);
            stage
        } else {
            options.url.join(&format!("/hubs/{hub}"))?
        };
        let negotiation = socket.as_str().to_owned() + "/negotiate?negotiateVersion=1";
        let negotiation = (!is_stage).then(|| Url::parse(&negotiation)).transpose()?;
        socket.query_pairs_mut().append_pair("access_token", &token);
        as_socket(&mut socket)?;
        Ok(Self { socket, negotiation, token })
    }
}

/// The same URL with a scheme of sockets.
pub(crate) fn as_socket(url: &mut Url) -> anyhow::Result<()> {
    let scheme = match url.scheme() {
        "http" | "ws" => "ws",
        "https" | "wss" => "wss",
        other => anyhow::bail!("'{other}' is no scheme of a deployment"),
    };
    url.set_scheme(scheme).ok().context("the URL has no host")
}

/// A token of a local stack's issuer.
async fn local_token(url: &Url) -> anyhow::Result<String> {
    let is_local = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    anyhow::ensure!(is_local, "a token is needed: --token, or the variable HUBCAST_TOKEN");
    let mut issuer = url.join("/dev/token")?;
    let _ = issuer.set_scheme("http");
    let answer =
        reqwest::Client::new().post(issuer).json(&json!({ "sub": "probe" })).send().await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    let token = answer["access_token"].as_str().context("the issuer answered no token")?;
    Ok(token.to_owned())
}
