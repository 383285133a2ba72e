//! What clients see: the endpoint, the clock, a token, a socket, and a message to the doctor's own
//! connection.

use std::time::Duration;

use hubcast_auth::LEEWAY;
use hubcast_aws::operator::Trouble;
use hubcast_model::envelope::{Content, Notification};
use hubcast_model::id::UserId;
use hubcast_model::report::chain;
use hubcast_model::time::{Clock, SystemClock, Timestamp};
use reqwest::{Response, StatusCode, header};
use serde_json::value::RawValue;
use signalr_protocol::message::HubMessage;
use tokio::time::{Instant, timeout};

use super::finding::Finding;
use super::{Doctor, Report};
use crate::audience;
use crate::deployment::Deployment;
use crate::dispatch::deliver;
use crate::draft::Draft;
use crate::failure::Failure;
use crate::moment::of_http;
use crate::network::in_words;
use crate::pass::{Pass, Person};
use hubcast_client::{ConnectError, Connection, Door, Ticket, negotiate};

const ENDPOINT: &str = "endpoint";
const CLOCK: &str = "clock";
const TOKEN: &str = "token";
const SOCKET: &str = "socket";
const ROUND_TRIP: &str = "round trip";
/// The user as whom the doctor connects, and the method that the doctor's message calls.
const NAME: &str = "hubcast-doctor";
/// How long a message may take to arrive.
const PATIENCE: Duration = Duration::from_secs(15);

/// The fault of a local stack that does not answer.
pub(super) async fn silence(deployment: &Deployment) -> Option<Finding> {
    let url = deployment.local()?;
    let asked = deployment.http().ok()?.get(format!("{url}/api/health")).send().await;
    let text = format!("nothing answers at {url}: {}", in_words(&asked.err()?.without_url()));
    let advice = deployment.advice(Trouble::Unreachable);
    Some(Finding::bad("stack", text).advised(advice))
}

/// Checks what clients see, from the outside in. A fault ends the checks that depend on the part.
pub(super) async fn examine(
    deployment: &Deployment,
    doctor: &Doctor,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let url = match deployment.url() {
        Ok(url) => url,
        Err(err) => return report.add(&Finding::skip(ENDPOINT, err.to_string())),
    };
    let (http, url) = (deployment.http()?, Door::Hub.url(url, deployment.hub()));
    let post = http.post(format!("{url}/negotiate?negotiateVersion=1"));
    let answer = match post.send().await {
        Ok(answer) => answer,
        Err(err) => {
            let text = format!("{url} does not answer: {}", in_words(&err.without_url()));
            let advice = match deployment.local() {
                Some(_) => deployment.advice(Trouble::Unreachable),
                None => "check the URL, and that the stack is deployed",
            };
            return report.add(&Finding::bad(ENDPOINT, text).advised(advice));
        }
    };
    report.add(&clock(date(&answer), SystemClock.now()))?;
    report.add(&endpoint(&url, answer.status(), answer.text().await.unwrap_or_default().trim()))?;
    let (finding, ticket) = token(deployment, doctor, &http).await?;
    report.add(&finding)?;
    match ticket {
        Some(ticket) if !doctor.read_only => connect(deployment, &ticket, report).await,
        _ => Ok(()),
    }
}

fn date(answer: &Response) -> Option<Timestamp> {
    answer.headers().get(header::DATE).and_then(|date| date.to_str().ok()).and_then(of_http)
}

/// Tokens hold the time at which they were made, so the clocks have to agree.
fn clock(theirs: Option<Timestamp>, ours: Timestamp) -> Finding {
    let Some(theirs) = theirs else {
        return Finding::skip(CLOCK, "the endpoint does not tell the time");
    };
    let skew = theirs.since(ours).max(ours.since(theirs));
    let text = format!("{} s apart from the endpoint's", skew.as_secs());
    let advice = "set this machine's clock, as by NTP: tokens that are made here are dated by it";
    if skew > LEEWAY {
        return Finding::bad(CLOCK, text).advised(advice);
    }
    if skew > LEEWAY / 2 {
        return Finding::warn(CLOCK, text).advised(advice);
    }
    Finding::ok(CLOCK, text)
}

/// The endpoint has to refuse a client without a token.
fn endpoint(url: &str, status: StatusCode, text: &str) -> Finding {
    let text: String = text.chars().take(200).collect();
    let found = format!("{url} answered {status}: {text}");
    match status {
        StatusCode::UNAUTHORIZED => Finding::ok(ENDPOINT, format!("{url} asks for a token")),
        status if status.is_success() => {
            let advice = "this is not hubcast: it lets in clients without a token; check the URL";
            Finding::bad(ENDPOINT, format!("{url} answered {status}")).advised(advice)
        }
        status if status.is_server_error() => {
            Finding::bad(ENDPOINT, found).advised("see the log of the negotiate function")
        }
        _ => Finding::bad(ENDPOINT, found).advised("check the URL: hubcast asks for a token here"),
    }
}

/// Negotiates with a token.
async fn token(
    deployment: &Deployment,
    doctor: &Doctor,
    http: &reqwest::Client,
) -> Result<(Finding, Option<Ticket>), Failure> {
    let person = Person { user: UserId::parse(NAME).ok(), group: Vec::new(), claim: Vec::new() };
    let pass = match &doctor.token {
        Some(token) => Pass::given(token),
        None => Pass::signed(deployment, &person, None).await,
    };
    let pass = match pass {
        Ok(pass) => pass,
        Err(err) if doctor.token.is_some() => {
            let advice = "show a token whole, as --token or in the variable HUBCAST_TOKEN";
            return Ok((Finding::bad(TOKEN, err.to_string()).advised(advice), None));
        }
        Err(err @ Failure::Usage(_)) => {
            let advice = "set ACCESS_KEY_PARAMETER, or show a token with --token";
            return Ok((Finding::skip(TOKEN, err.to_string()).advised(advice), None));
        }
        Err(err) => {
            let advice = "see that you may read the access keys, or show a token with --token";
            return Ok((Finding::bad(TOKEN, err.to_string()).advised(advice), None));
        }
    };
    let url = pass.door.url(deployment.url()?, deployment.hub());
    Ok(match negotiate(http, &url, &pass.token).await {
        Ok(ticket) => (Finding::ok(TOKEN, "accepted at negotiation"), Some(ticket)),
        Err(err) => (Finding::bad(TOKEN, chain(&err)).advised(why_refused(&err, pass.door)), None),
    })
}

const fn why_refused(err: &ConnectError, door: Door) -> &'static str {
    match (err, door) {
        // The endpoint answered before, so the hub is missing.
        (ConnectError::Refused { status: StatusCode::NOT_FOUND, .. }, _) => {
            "name a hub that there is with --hub, or add it to HUBS"
        }
        (ConnectError::Refused { status: StatusCode::UNAUTHORIZED, .. }, Door::Client) => {
            "the deployment has another access key or another PUBLIC_URL than was used here"
        }
        (ConnectError::Refused { status: StatusCode::UNAUTHORIZED, .. }, Door::Hub) => {
            "compare the token's iss, aud and exp with TOKEN_ISSUERS"
        }
        _ => "see the log of the negotiate function",
    }
}

async fn connect(
    deployment: &Deployment,
    ticket: &Ticket,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    match Connection::open(ticket).await {
        Err(err) => {
            let advice = "see the logs of the authorizer, connect and message functions; a proxy on the way must let WebSockets through";
            report.add(&Finding::bad(SOCKET, chain(&err)).advised(advice))
        }
        Ok(mut connection) => {
            report.add(&Finding::ok(SOCKET, "connected, and the handshake was answered"))?;
            let finding = round_trip(deployment, &ticket.connection_id, &mut connection).await;
            connection.close().await;
            report.add(&finding)
        }
    }
}

/// Sends a message to the doctor's own connection, and waits for the message.
async fn round_trip(deployment: &Deployment, id: &str, connection: &mut Connection) -> Finding {
    let sent = Instant::now();
    if let Err(err) = send(deployment, id).await {
        return Finding::bad(ROUND_TRIP, err.to_string())
            .advised("see that you may send to the queue");
    }
    let is_own = |message: &HubMessage| matches!(message, HubMessage::Invocation(call) if call.target == NAME);
    let arrival = connection.until(is_own);
    match timeout(PATIENCE, arrival).await {
        Ok(Ok(())) => {
            let took = sent.elapsed().as_millis();
            Finding::ok(ROUND_TRIP, format!("a message came back after {took} ms"))
        }
        Ok(Err(why)) => {
            let advice = "see the log of the message function";
            Finding::bad(ROUND_TRIP, why.to_string()).advised(advice)
        }
        Err(_elapsed) => {
            let text = format!("no message came back within {} s", PATIENCE.as_secs());
            let advice = "see the publisher's log and its event source, and `hubcast dlq list`; check that queue and URL are of one deployment";
            Finding::bad(ROUND_TRIP, text).advised(advice)
        }
    }
}

async fn send(deployment: &Deployment, id: &str) -> Result<(), Failure> {
    let content = Content::Message {
        audience: audience::connection(id)?,
        target: NAME.to_owned(),
        arguments: RawValue::from_string("[]".to_owned())
            .map_err(|err| Failure::because("the arguments are no JSON", err))?,
    };
    let draft = Draft::of(&Notification::new(deployment.hub().clone(), content))?;
    deliver(&deployment.notifications().await?, &[draft]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn clocks_may_differ_by_less_than_tokens_forgive() {
        let ours = Timestamp::from_seconds(1_000_000);
        for (theirs, verdict) in [
            (1_000_000, Verdict::Ok),
            (999_970, Verdict::Ok),
            (1_000_045, Verdict::Warn),
            (1_000_061, Verdict::Bad),
            (999_900, Verdict::Bad),
        ] {
            let finding = clock(Some(Timestamp::from_seconds(theirs)), ours);
            assert_eq!(finding.verdict, verdict, "{finding:?}");
        }
        assert_eq!(clock(None, ours).verdict, Verdict::Skip);
    }

    #[test]
    fn an_endpoint_that_asks_for_a_token_is_ok() {
        for (status, text, verdict, advice) in [
            (401, "Unauthorized", Verdict::Ok, ""),
            (404, "{}", Verdict::Bad, "check the URL"),
            (200, "<html>", Verdict::Bad, "not hubcast"),
            (500, "", Verdict::Bad, "negotiate function"),
        ] {
            let finding = endpoint("https://h", StatusCode::from_u16(status).unwrap(), text);
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.advice.unwrap_or_default().contains(advice), "{status}");
        }
    }
}
