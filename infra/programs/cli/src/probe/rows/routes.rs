//! Which route and what context a frame gets.

use super::Scene;
use crate::failure::Failure;
use crate::probe::answer::{Answer, NoAnswer, Seen};
use crate::probe::dialogue::{Dialogue, Observation, call, is_close, is_completion};
use crate::probe::target::with;

/// How often the route of a frame is tried, so that the count shows among other traffic.
const TRIES: usize = 5;

/// Goes the way that a client goes without `skipNegotiation`.
pub(super) async fn negotiate(on: &Scene<'_>) -> Answer {
    let url = on.target.negotiation.as_ref();
    let skipped = NoAnswer::Skipped("a stage has no negotiation; give the public URL");
    let http = on.deployment.http()?;
    let ticket = hubcast_client::negotiate(&http, url.ok_or(skipped)?, &on.target.token).await?;
    let host = ticket.socket.host_str().unwrap_or_default().to_owned();
    let socket = with(ticket.socket, "access_token", &ticket.token);
    if Dialogue::ready(&socket).await?.id().await? != ticket.connection_id {
        let text = "the socket is not the negotiated connection";
        return Err(NoAnswer::Failed(text.to_owned()));
    }
    Ok(Seen::ok(format!("yes, at {host}, with the negotiated id")))
}

/// A token in whose text every full stop is encoded gets in only if nobody on the way encodes the
/// query once more, as a front door could.
pub(super) async fn query(on: &Scene<'_>) -> Answer {
    let token = on.target.token.replace('.', "%2E");
    let pairs = on.target.socket.query_pairs().filter(|(name, _)| name != "access_token");
    let others: Vec<(String, String)> =
        pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let mut socket = on.target.socket.clone();
    socket.query_pairs_mut().clear().extend_pairs(others);
    let query = socket.query().unwrap_or_default();
    let separator = if query.is_empty() { "" } else { "&" };
    let query = format!("{query}{separator}access_token={token}");
    socket.set_query(Some(&query));
    Ok(match Dialogue::ready(&socket).await {
        Ok(_) => Seen::ok("yes: a token with %2E in it got in"),
        Err(why) => {
            Seen::judged(false, format!("no: a token with %2E in it did not get in: {why}"))
        }
    })
}

/// A message without the context belongs to nobody, and gets no answer.
pub(super) async fn context(on: &Scene<'_>) -> Answer {
    on.ready().await?;
    Ok(Seen::ok("yes: the handshake was answered"))
}

/// `$disconnect` has no route response, and takes the socket's record away.
pub(super) async fn system_route(on: &Scene<'_>) -> Answer {
    Ok(Seen::info(match try_system_route(on, bare_call()?).await? {
        RouteSelection::Yes => "yes: no answer, and the socket lost its record".to_owned(),
        RouteSelection::No(answer) => format!("no: it was answered by {answer}"),
        RouteSelection::Unclear => "no answer came, and yet the socket is on record".to_owned(),
    }))
}

/// Whether a body selected a system route.
enum RouteSelection {
    /// The function of the route took the frame.
    Yes,
    /// Another function answered, with this.
    No(String),
    /// Nobody answered, and the socket is on record still.
    Unclear,
}

/// Sends a call of `$disconnect`, whose body selects a route if bodies can.
async fn try_system_route(on: &Scene<'_>, frame: String) -> Result<RouteSelection, NoAnswer> {
    let mut dialogue = on.ready().await?;
    dialogue.send(frame).await?;
    let seen = dialogue.observe(on.effort.patience()).await;
    if seen != Observation::Silence {
        return Ok(RouteSelection::No(seen.text()));
    }
    // A call is answered by Close when the socket is not on record.
    dialogue.send(call("GetConnectionId", Some("2"))?.encode()).await?;
    let is_off_record = dialogue.observe(on.effort.patience()).await.has(is_close);
    Ok(if is_off_record { RouteSelection::Yes } else { RouteSelection::Unclear })
}

/// A call of `$disconnect` without a separator at the end.
fn bare_call() -> Result<String, Failure> {
    let json = serde_json::to_string(&call("$disconnect", Some("1"))?);
    json.map_err(|err| Failure::because("no call can be written", err))
}

/// Both functions of frames answer alike. Only a system route shows on the socket whether a
/// separator keeps API Gateway from reading the body.
pub(super) async fn separator(on: &Scene<'_>) -> Answer {
    if matches!(try_system_route(on, bare_call()?).await?, RouteSelection::Yes) {
        let with_separator = try_system_route(on, call("$disconnect", Some("1"))?.encode()).await?;
        return Ok(Seen::info(match with_separator {
            RouteSelection::Yes => "yes: with a separator $disconnect is selected as well",
            RouteSelection::No(_) => "no: with a separator $default answers",
            RouteSelection::Unclear => "no answer came, and yet the socket is on record",
        }));
    }
    let mut dialogue = on.ready().await?;
    for _ in 0..TRIES {
        dialogue.send(call("JoinGroup", Some("1"))?.encode()).await?;
        dialogue.await_message(is_completion).await?;
    }
    Ok(Seen::info(format!(
        "not to be told from here: {TRIES} frames for JoinGroup were answered; yes if group-join was invoked, which its metric Invocations shows"
    )))
}
