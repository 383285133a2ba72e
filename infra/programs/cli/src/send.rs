//! `hubcast send`: what a backend sends, from the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use hubcast_model::time::{Clock, SystemClock};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::argument::arguments;
use crate::deployment::Deployment;
use crate::dispatch::{deliver, show, tell};
use crate::draft::{Draft, draft};
use crate::failure::Failure;
use crate::lines;
use crate::moment::rfc3339;
use crate::output::Output;
use crate::pass::name;

const EXAMPLES: &str = "\
Examples:
  hubcast send --user alice permissionsChanged role=admin
  hubcast send --user alice --user bob toast '{\"text\":\"Saved\"}' 5
  hubcast send --group admins refresh
  hubcast send --all maintenance 'Back at ten' --expires-in 600
  hubcast send --connection 3kq0tLx5b2Zr hello --dry-run
  hubcast send --lines < notifications.jsonl";

/// Sends notifications.
///
/// An argument is JSON where it is JSON; NAME=VALUE arguments in a row are one object;
/// anything else is a text.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Send {
    /// The client's method.
    #[arg(required_unless_present = "lines", conflicts_with = "lines", value_parser = name)]
    target: Option<String>,

    /// The arguments of the method: JSON, NAME=VALUE, or text.
    #[arg(allow_negative_numbers = true)]
    arguments: Vec<String>,

    #[command(flatten)]
    audience: Audience,

    /// A connection that gets nothing; may be repeated.
    #[arg(long, value_name = "ID", conflicts_with = "lines", value_parser = name)]
    except: Vec<String>,

    /// Drops the notification when it is not delivered within so many seconds.
    #[arg(long, value_name = "SECONDS", conflicts_with = "lines",
          value_parser = clap::value_parser!(u32).range(1..))]
    expires_in: Option<u32>,

    /// Sends envelopes, one JSON object (or array) a line, from a file or standard input.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = "-")]
    lines: Option<PathBuf>,

    /// Goes on after a line that would be rejected.
    #[arg(long, requires = "lines")]
    keep_going: bool,

    /// The message group: messages of one group stay in order, whatever their audiences.
    #[arg(long, value_name = "ID")]
    message_group: Option<String>,

    /// Shows what would be sent, and sends nothing.
    #[arg(long)]
    dry_run: bool,
}

/// The audience of a notification.
#[derive(Debug, Args)]
#[group(required = true, multiple = false, args = ["user", "group", "connection", "all", "lines"])]
struct Audience {
    /// A user; may be repeated, and each gets a message of their own.
    #[arg(long, short, value_name = "ID", value_parser = name)]
    user: Vec<String>,

    /// A group; may be repeated, and a member of several groups gets one message.
    #[arg(long, short, value_name = "NAME", value_parser = name)]
    group: Vec<String>,

    /// A connection.
    #[arg(long, short, value_name = "ID", value_parser = name)]
    connection: Option<String>,

    /// The whole hub.
    #[arg(long, short)]
    all: bool,
}

impl Audience {
    /// The property that names the audience in an envelope; one for each message.
    fn named(&self) -> Vec<(&'static str, Value)> {
        if let Some(id) = &self.connection {
            return vec![("connectionId", json!(id))];
        }
        match self.group.as_slice() {
            [] if self.user.is_empty() => vec![("everyone", json!(true))],
            [] => self.user.iter().map(|user| ("userId", json!(user))).collect(),
            [one] => vec![("groupName", json!(one))],
            several => vec![("groupNames", json!(several))],
        }
    }
}

impl Send {
    pub(crate) async fn run(self, deployment: &Deployment, output: Output) -> Result<(), Failure> {
        if let Some(path) = &self.lines {
            let lines = lines::Lines {
                path,
                keep_going: self.keep_going,
                dry_run: self.dry_run,
                message_group: self.message_group.as_deref(),
            };
            return lines.run(deployment, output).await;
        }
        let mut drafts = Vec::new();
        for body in self.envelopes()? {
            drafts.push(self.grouped(draft(&body, deployment.hub())?));
        }
        if self.dry_run {
            return drafts.iter().try_for_each(|draft| show(draft, output));
        }
        deliver(&deployment.notifications().await?, &drafts).await?;
        tell(output, drafts.len(), || match drafts.as_slice() {
            [one] => format!("sent, in the message group {}", one.group),
            several => format!("messages sent: {}", several.len()),
        })
    }

    fn grouped(&self, draft: Draft) -> Draft {
        match &self.message_group {
            Some(group) => Draft { group: group.clone(), ..draft },
            None => draft,
        }
    }

    /// The envelopes. The arguments go in last, byte for byte.
    fn envelopes(&self) -> Result<Vec<String>, Failure> {
        let arguments =
            arguments(&self.arguments).map_err(|err| Failure::Usage(err.to_string()))?;
        let arguments = RawValue::from_string(arguments)
            .map_err(|err| Failure::because("the arguments are no JSON", err))?;
        let mut shared = Map::new();
        shared.insert("target".to_owned(), json!(self.target));
        if !self.except.is_empty() {
            shared.insert("excludedConnectionIds".to_owned(), json!(self.except));
        }
        if let Some(seconds) = self.expires_in {
            shared.insert("expiresAt".to_owned(), json!(after(seconds)));
        }
        let envelope = |(name, value): (&str, Value)| {
            let mut fields = shared.clone();
            fields.insert(name.to_owned(), value);
            let text = Value::Object(fields).to_string();
            let open = text.strip_suffix('}').unwrap_or(&text);
            format!("{open},\"arguments\":{arguments}}}")
        };
        Ok(self.audience.named().into_iter().map(envelope).collect())
    }
}

/// The point in time so many seconds from now.
fn after(seconds: u32) -> String {
    rfc3339(SystemClock.now().plus(Duration::from_secs(u64::from(seconds))))
}
