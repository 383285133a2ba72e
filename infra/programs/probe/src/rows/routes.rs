//! Which route and what context a frame gets.

use anyhow::{Context, Result};
use serde_json::Value;
use url::Url;

use super::{Scene, skipped};
use crate::socket::{Heard, PING, RS, Socket, invocation};
use crate::target::as_socket;

/// How often the route of a frame is tried, so that the count shows among other traffic.
const TRIES: usize = 5;

/// Goes the way that a client goes without `skipNegotiation`.
pub(super) async fn negotiate(on: &Scene<'_>) -> Result<String> {
    let url = on.target.negotiation.clone();
    let url = url.ok_or_else(|| skipped("a stage has no negotiation; give the public URL"))?;
    let redirect = post(&url, &on.target.token).await?;
    let next = text(&redirect, "url")?;
    let token = text(&redirect, "accessToken")?;
    let mut socket = Url::parse(next)?;
    let mut negotiation = socket.clone();
    negotiation.set_path(&(socket.path().trim_end_matches('/').to_owned() + "/negotiate"));
    negotiation.query_pairs_mut().append_pair("negotiateVersion", "1");
    let answer = post(&negotiation, token).await?;
    let id = text(&answer, "connectionToken")?;
    socket.query_pairs_mut().append_pair("id", id).append_pair("access_token", token);
    as_socket(&mut socket)?;
    let found = Socket::ready(&socket).await?.id().await?;
    let host = socket.host_str().unwrap_or_default();
    let same = found == text(&answer, "connectionId")?;
    anyhow::ensure!(same, "the socket is not the negotiated connection");
    Ok(format!("yes, at {host}, with the negotiated id"))
}

async fn post(url: &Url, token: &str) -> Result<Value> {
    let answer = reqwest::Client::new().post(url.clone()).bearer_auth(token).send().await?;
    Ok(answer.error_for_status()?.json().await?)
}

fn text<'a>(answer: &'a Value, name: &str) -> Result<&'a str> {
    answer[name].as_str().with_context(|| format!("negotiation answered no {name}"))
}

/// Without the context a message is nobody's, and gets no answer.
pub(super) async fn context(on: &Scene<'_>) -> Result<String> {
    on.ready().await?;
    Ok("yes: the handshake was answered".to_owned())
}

/// `$disconnect` has no route response, and takes the socket's record away.
pub(super) async fn system_route(on: &Scene<'_>) -> Result<String> {
    Ok(match try_system_route(on, "").await? {
        Selected::Yes => "yes: no answer, and the socket lost its record".to_owned(),
        Selected::No(answer) => format!("no: it was answered by {answer}"),
        Selected::Unclear => "no answer came, and yet the socket is on record".to_owned(),
    })
}

enum Selected {
    Yes,
    No(String),
    Unclear,
}

async fn try_system_route(on: &Scene<'_>, end: &str) -> Result<Selected> {
    let mut socket = on.ready().await?;
    let record = invocation("$disconnect", Some("1"));
    socket.send(&format!("{}{end}", record.trim_end_matches(RS))).await?;
    let heard = socket.hear(on.patience()).await;
    if heard != Heard::Silence {
        return Ok(Selected::No(heard.text()));
    }
    // A young socket's ping is answered by Close when the socket is not on record.
    socket.send(PING).await?;
    let lost = socket.hear(on.patience()).await.has(7);
    Ok(if lost { Selected::Yes } else { Selected::Unclear })
}

/// The two functions of frames answer alike. Only a system route shows in band whether a separator
/// keeps the selection from reading a body.
pub(super) async fn separator(on: &Scene<'_>) -> Result<String> {
    if matches!(try_system_route(on, "").await?, Selected::Yes) {
        return Ok(match try_system_route(on, &RS.to_string()).await? {
            Selected::Yes => "yes: with a separator $disconnect is selected as well".to_owned(),
            Selected::No(_) => "no: with a separator $default answers".to_owned(),
            Selected::Unclear => "no answer came, and yet the socket is on record".to_owned(),
        });
    }
    let mut socket = on.ready().await?;
    for _ in 0..TRIES {
        socket.send(&invocation("JoinGroup", Some("1"))).await?;
        socket.expect(3).await?;
    }
    Ok(format!(
        "not to be told from here: {TRIES} frames for JoinGroup were answered; yes if group-join was invoked, which its metric Invocations shows"
    ))
}
