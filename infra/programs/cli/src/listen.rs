//! `hubcast listen`: a SignalR client that prints what arrives.

use std::time::Duration;

use clap::Args;
use hubcast_model::id::UserId;
use hubcast_model::report::chain;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use signalr_protocol::message::{Close, HubMessage, Invocation};
use tokio::time::{Instant, sleep, sleep_until};

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::output::Output;
use crate::pass::{Pass, Person};
use crate::printable::printable_json;
use hubcast_client::{ConnectError, Connection, negotiate};

/// The longest pause before another try.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How often a client pings, unless somebody says otherwise.
const KEEP_ALIVE_SECONDS: u64 = 240;
/// How late the server's answer to a ping may come.
const GRACE: Duration = Duration::from_secs(20);

const EXAMPLES: &str = "\
Examples:
  hubcast listen --local --user alice
  hubcast listen --local --user alice --group admins --json
  hubcast listen --url https://push.example.com --user alice --count 1 --timeout 30
  HUBCAST_TOKEN=$(cat token) hubcast listen --url https://push.example.com";

/// Connects as a browser does, and prints what arrives.
///
/// Without --token, the local stack's issuer makes a token, or the access key signs a token
/// (`ACCESS_KEY_PARAMETER` or `ACCESS_KEYS`).
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Listen {
    #[command(flatten)]
    person: Person,

    /// A token of the app's log-in, or a client token; --user, --group and --claim override the
    /// token. Prefer the variable: other people on this machine can see command lines.
    #[arg(long, value_name = "JWT", env = "HUBCAST_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// Prints only calls of this method; may be repeated.
    #[arg(long, value_name = "METHOD")]
    target: Vec<String>,

    /// Ends after so many calls.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// Ends after so many seconds; with --count, fails when fewer calls came.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,

    /// Sends a ping every so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = KEEP_ALIVE_SECONDS,
          value_parser = clap::value_parser!(u64).range(1..))]
    keep_alive: u64,

    /// Ends when the connection ends.
    #[arg(long)]
    no_reconnect: bool,
}

/// How a connection ended.
enum End {
    /// All calls came that the command waits for.
    Done,
    /// The client may connect again; with the reason.
    Dropped(String),
    /// The server wants the client to stay away; with the reason, if there is one.
    Closed(Option<String>),
}

impl Listen {
    /// A client of a user that prints all calls, and does not come back when its connection ends.
    pub(crate) fn of(user: UserId) -> Self {
        Self {
            person: Person { user: Some(user), ..Person::default() },
            token: None,
            target: Vec::new(),
            count: None,
            timeout: None,
            keep_alive: KEEP_ALIVE_SECONDS,
            no_reconnect: true,
        }
    }

    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        let listening = self.listen(deployment, output);
        tokio::select! {
            ended = listening => ended,
            () = elapsed(self.timeout) => self.late(),
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
        }
    }

    fn late(&self) -> Result<(), Failure> {
        match self.count {
            Some(count) => {
                Err(Failure::NotThere(format!("not all calls came in time; awaited: {count}")))
            }
            None => Ok(()),
        }
    }

    async fn listen(&self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        let mut left = self.count;
        let mut was_connected = false;
        let mut tries = 0;
        loop {
            let end = match self.connect(deployment, output).await {
                Ok(Ok(connection)) => {
                    (was_connected, tries) = (true, 0);
                    self.receive(connection, &mut left, output).await?
                }
                Ok(Err(err)) if was_connected && !err.is_final() => End::Dropped(chain(&err)),
                // The maker of tokens may be away for a while too.
                Err(failure @ (Failure::Failed { .. } | Failure::Aws(_))) if was_connected => {
                    End::Dropped(failure.to_string())
                }
                // At the first try, the person who typed the command is there to mend the fault.
                Ok(Err(err)) => return Err(Failure::because("there is no connection", err)),
                Err(failure) => return Err(failure),
            };
            match end {
                End::Done => return Ok(()),
                End::Closed(why) => return Err(Failure::failed(closed(why))),
                End::Dropped(why) if self.no_reconnect => return Err(Failure::failed(why)),
                End::Dropped(why) => {
                    say(output, "reconnecting", json!({ "why": why }), || {
                        format!("reconnecting: {why}")
                    })?;
                    tries += 1;
                    sleep(pause(tries)).await;
                }
            }
        }
    }

    /// Connects with a fresh token, since the last token may have expired.
    async fn connect(
        &self,
        deployment: &Deployment,
        output: &Output,
    ) -> Result<Result<Connection, ConnectError>, Failure> {
        let pass = match &self.token {
            Some(token) if !self.person.is_named() => Pass::given(token)?,
            _ => Pass::of(deployment, &self.person).await?,
        };
        let url = pass.door.url(deployment.url()?, deployment.hub());
        let ticket = match negotiate(&deployment.http()?, &url, &pass.token).await {
            Ok(ticket) => ticket,
            Err(err) => return Ok(Err(err)),
        };
        let connection = match Connection::open(&ticket).await {
            Ok(connection) => connection,
            Err(err) => return Ok(Err(err)),
        };
        let (id, hub) = (&ticket.connection_id, deployment.hub());
        let details = json!({ "connectionId": id, "hub": hub.as_str() });
        say(output, "connected", details, || format!("connected to {hub} as connection {id}"))?;
        Ok(Ok(connection))
    }

    /// Prints calls until the connection ends, or enough calls came.
    async fn receive(
        &self,
        mut connection: Connection,
        left: &mut Option<u64>,
        output: &Output,
    ) -> Result<End, Failure> {
        let keep_alive = Duration::from_secs(self.keep_alive);
        let mut ping_at = Instant::now() + keep_alive;
        let mut silent_at = Instant::now() + keep_alive * 2 + GRACE;
        loop {
            let came = tokio::select! {
                came = connection.next() => came,
                () = sleep_until(ping_at) => {
                    ping_at = Instant::now() + keep_alive;
                    match connection.send(&HubMessage::Ping).await {
                        Ok(()) => continue,
                        Err(lost) => Err(lost),
                    }
                }
                () = sleep_until(silent_at) => {
                    return Ok(End::Dropped("the server has gone silent".to_owned()));
                }
            };
            silent_at = Instant::now() + keep_alive * 2 + GRACE;
            match came {
                Ok(HubMessage::Invocation(call)) if self.is_wanted(&call) => {
                    print(&call, output)?;
                    *left = left.map(|left| left.saturating_sub(1));
                    if *left == Some(0) {
                        connection.close().await;
                        return Ok(End::Done);
                    }
                }
                Ok(HubMessage::Close(Close { error, allow_reconnect: false })) => {
                    return Ok(End::Closed(error));
                }
                Ok(HubMessage::Close(Close { error, allow_reconnect: true })) => {
                    return Ok(End::Dropped(closed(error)));
                }
                Ok(_) => {}
                Err(lost) => return Ok(End::Dropped(lost.to_string())),
            }
        }
    }

    fn is_wanted(&self, call: &Invocation) -> bool {
        self.target.is_empty()
            || self.target.iter().any(|name| name.eq_ignore_ascii_case(&call.target))
    }
}

async fn elapsed(seconds: Option<u64>) {
    match seconds {
        Some(seconds) => sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}

/// A pause that doubles, with jitter, so that clients do not connect again all at once.
fn pause(tries: u32) -> Duration {
    let most = Duration::from_secs(1) * 2_u32.saturating_pow(tries.saturating_sub(1).min(5));
    most.min(PAUSE_MAX).mul_f64(fastrand::f64())
}

fn closed(why: Option<String>) -> String {
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    format!("the server closed the connection{why}")
}

/// Prints a call, with its arguments byte for byte.
fn print(call: &Invocation, output: &Output) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Call<'a> {
        event: &'static str,
        target: &'a str,
        arguments: &'a RawValue,
    }
    let Invocation { target, arguments, .. } = call;
    output.result(&Call { event: "call", target, arguments }, || {
        format!("{target} {}", printable_json(arguments.get()))
    })
}

/// Tells what happens to the connection: programs get a line among the results, people a remark.
fn say(
    output: &Output,
    event: &str,
    mut details: Value,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    if !output.json {
        output.remark(&text());
        return Ok(());
    }
    details["event"] = json!(event);
    if output.quiet { Ok(()) } else { output.result(&details, String::new) }
}
