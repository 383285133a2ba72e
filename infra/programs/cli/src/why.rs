//! `hubcast why`: what became of a message, a user or a connection, by the log of all functions.

mod around;

use std::time::Duration;

use clap::Args;
use hubcast_model::id::UserId;
use hubcast_model::journey::fate::Outcome;
use hubcast_model::journey::line::in_order;
use hubcast_model::journey::names::Naming;
use hubcast_model::journey::{Line, fate, story};
use hubcast_model::ports::{JourneyLog, LogError};
use hubcast_model::report::chain;
use hubcast_model::time::{Clock, SystemClock, Timestamp};
use hubcast_wiring::config::LogConfig;
use serde_json::{Value, json};

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::moment::precise;
use crate::output::Output;
use crate::pass::{name, user};
use crate::period::duration;

const EXAMPLES: &str = "\
Examples:
  hubcast why --message 059f36b4-87a3-44ab-83d2-661975950001
  hubcast why --user alice --since 30m
  hubcast why --connection L0SM9cOFvHcCIhw --json";

/// The fields that a timeline leaves out, since the whole of it is about them.
const KNOWN: [&str; 5] = ["message", "step", "hub", "message_group", "function"];

/// Tells the fate of a message, or what happened to a user or a connection.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Why {
    #[command(flatten)]
    pub(crate) what: What,

    /// How far back to read the log, such as `90s`, `30m`, `3h` or `2d`.
    #[arg(long, value_name = "TIME", default_value = "3h", value_parser = duration)]
    pub(crate) since: Duration,
}

/// What is asked about.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// The id that SQS or the REST API gave the message.
    #[arg(long, value_name = "ID", value_parser = name)]
    pub(crate) message: Option<String>,

    /// A user of the hub.
    #[arg(long, short, value_name = "ID", value_parser = user)]
    pub(crate) user: Option<UserId>,

    /// A connection, by its `ConnectionId`.
    #[arg(long, short, value_name = "ID", value_parser = name)]
    pub(crate) connection: Option<String>,
}

impl Why {
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        let since = SystemClock.now().minus(self.since);
        let log = deployment.log().await?;
        let user = self.what.user.clone();
        let subject = Subject::of(self.what, deployment).await?;
        let mut lines = read(&log, &subject.word, since).await?;
        let Some((mut sentence, outcome)) = subject.sentence(&lines) else {
            return Err(unknown(&log, &subject, since).await);
        };
        if let Some(user) = user {
            let naming = naming(deployment).await?;
            let around = around::Subject { user: &user, naming: &naming, since };
            let around = around.around(deployment, &log).await?;
            sentence = format!("{sentence} {}", around.sentence);
            lines.extend(around.lines);
        }
        in_order(&mut lines);
        output.result(&told(&sentence, outcome, &lines), || text(&sentence, &lines))
    }
}

/// What is asked about, and the word by which lines name it.
struct Subject {
    kind: &'static str,
    /// As the command line names it.
    name: String,
    word: String,
}

impl Subject {
    async fn of(what: What, deployment: &Deployment) -> Result<Self, Failure> {
        let (kind, name) = match (what.message, what.user, what.connection) {
            (Some(id), _, _) => ("message", id),
            (_, Some(user), _) => {
                let naming = naming(deployment).await?;
                let word = naming.user(deployment.hub(), &user).ok_or_else(nameless)?;
                return Ok(Self { kind: "user", name: user.to_string(), word });
            }
            (_, _, id) => ("connection", id.unwrap_or_default()),
        };
        Ok(Self { kind, word: name.clone(), name })
    }

    /// What happened in a sentence; of a message also what became of it in a word.
    fn sentence(&self, lines: &[Line]) -> Option<(String, Option<Outcome>)> {
        let sentence = match self.kind {
            "message" => {
                let fate = fate::of_message(&self.word, lines)?;
                let sender = fate::sender(&self.word, lines).map(|sender| format!(" {sender}"));
                let sentence = fate.sentence + &sender.unwrap_or_default();
                return Some((sentence, Some(fate.outcome)));
            }
            "user" => story::of_user(&self.word, lines),
            _ => story::of_connection(&self.word, lines),
        };
        sentence.map(|sentence| (sentence, None))
    }
}

/// The lines with a word.
///
/// # Errors
/// When the log cannot be read, and what to do.
pub(crate) async fn read(
    log: &impl JourneyLog,
    word: &str,
    since: Timestamp,
) -> Result<Vec<Line>, Failure> {
    log.lines(word, since).await.map_err(|err| failure(&err))
}

fn failure(err: &LogError) -> Failure {
    let advice = match err {
        LogError::NoLog(_) => "; check --prefix, --profile and --region",
        LogError::TooMuch => "; say a shorter --since",
        LogError::Denied { .. } | LogError::Unavailable(_) => "",
    };
    Failure::failed(format!("{}{advice}", chain(err)))
}

/// Why there is nothing to tell: the log is empty, or knows nothing of it.
async fn unknown(log: &impl JourneyLog, subject: &Subject, since: Timestamp) -> Failure {
    let Subject { kind, name, .. } = subject;
    let text = match log.is_silent(since).await {
        Err(err) => return failure(&err),
        Ok(true) => format!(
            "no function has written a line since {}; is the deployment in use, and is --since long enough?",
            precise(since)
        ),
        Ok(false) => format!(
            "no line since {} tells of the {kind} {name}; check the id and --since, and note that lines come up to a minute late and that LogSamplePercent leaves some out",
            precise(since)
        ),
    };
    Failure::NotThere(text)
}

/// How the log names users: as this environment says, or else as the deployment's functions do.
pub(crate) async fn naming(deployment: &Deployment) -> Result<Naming, Failure> {
    let own = LogConfig::from_env().map_err(|err| Failure::Usage(err.to_string()))?;
    if deployment.local().is_none() && own.journey.naming != Naming::Nothing {
        return Ok(own.journey.naming);
    }
    let variables = deployment.account().await?.log_variables(deployment.prefix()).await?;
    let theirs = LogConfig::read(|name| variables.get(name).cloned());
    Ok(theirs.map_err(|err| Failure::failed(err.to_string()))?.journey.naming)
}

pub(crate) fn nameless() -> Failure {
    let text = "the log of this deployment names no user, since LogAudience is none; ask about a message or a connection";
    Failure::NotThere(text.to_owned())
}

fn told(sentence: &str, outcome: Option<Outcome>, lines: &[Line]) -> Value {
    let line = |line: &Line| {
        json!({
            "at": precise(line.at),
            "function": line.function,
            "step": line.step.as_str(),
            "fields": line.fields,
        })
    };
    let timeline: Vec<Value> = lines.iter().map(line).collect();
    let mut told = json!({ "sentence": sentence, "timeline": timeline });
    if let Some(outcome) = outcome {
        told["outcome"] = outcome.as_str().into();
    }
    told
}

fn text(sentence: &str, lines: &[Line]) -> Vec<String> {
    let line = |line: &Line| {
        let step = line.step.as_str();
        let head =
            format!("  {}  {:<10} {step:<13} {}", precise(line.at), line.function, line.sentence());
        let fields = line.fields.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str()));
        fields.fold(head, |text, (name, value)| match value.as_str() {
            Some(value) => format!("{text} {name}={value}"),
            None => format!("{text} {name}={value}"),
        })
    };
    std::iter::once(sentence.to_owned()).chain(lines.iter().map(line)).collect()
}
