//! `hubcast send`: what a backend sends, from the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use hubcast_model::audience::Audience;
use hubcast_model::envelope::{Content, Notification, Rejection};
use hubcast_model::id::HubName;
use hubcast_model::message_group::MessageGroup;
use hubcast_model::time::{Clock, SystemClock, Timestamp};
use serde_json::json;
use serde_json::value::RawValue;

use crate::argument::arguments;
use crate::audience;
use crate::deployment::Deployment;
use crate::dispatch::{deliver, show};
use crate::draft::Draft;
use crate::failure::Failure;
use crate::follow::follow;
use crate::lines;
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
/// An argument that is JSON stays JSON; NAME=VALUE arguments in a row are one object; any other
/// argument is a text.
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
    recipients: Recipients,

    /// A connection that does not get the message; may be repeated.
    #[arg(long, value_name = "ID", conflicts_with = "lines", value_parser = name)]
    except: Vec<String>,

    /// Drops the message when the message is not delivered within so many seconds.
    #[arg(long, value_name = "SECONDS", conflicts_with = "lines",
          value_parser = clap::value_parser!(u32).range(1..))]
    expires_in: Option<u32>,

    /// Sends envelopes, one JSON object (or array) a line, from a file or standard input.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = "-")]
    lines: Option<PathBuf>,

    /// Leaves out a line that would be rejected, and continues.
    #[arg(long, requires = "lines")]
    keep_going: bool,

    /// The message group: messages of one message group stay in order, also with different
    /// audiences.
    #[arg(long, value_name = "ID")]
    message_group: Option<String>,

    /// Shows what would be sent, and sends nothing.
    #[arg(long)]
    dry_run: bool,

    /// Waits until the log tells the fate of the message, for so many seconds (30).
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true,
          default_missing_value = "30", conflicts_with_all = ["lines", "dry_run"])]
    wait: Option<u32>,
}

/// The audience of a notification.
#[derive(Debug, Args)]
#[group(required = true, multiple = false, args = ["user", "group", "connection", "all", "lines"])]
struct Recipients {
    /// A user; may be repeated, and each user gets one message.
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

impl Recipients {
    /// One audience for each message.
    fn audiences(&self) -> Result<Vec<Audience>, Rejection> {
        if let Some(id) = &self.connection {
            return Ok(vec![audience::connection(id)?]);
        }
        match self.group.as_slice() {
            [] if self.user.is_empty() => Ok(vec![Audience::Hub]),
            [] => self.user.iter().map(audience::user).collect(),
            [one] => Ok(vec![audience::group(one)?]),
            several => Ok(vec![audience::groups(several)?]),
        }
    }
}

impl Send {
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
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
        for notification in self.notifications(deployment.hub())? {
            drafts.push(self.grouped(Draft::of(&notification)?));
        }
        if self.dry_run {
            return drafts.iter().try_for_each(|draft| show(draft, output));
        }
        let ids = deliver(&deployment.notifications().await?, &drafts).await?;
        tell(&drafts, &ids, output)?;
        match self.wait {
            Some(seconds) => {
                follow(&ids, Duration::from_secs(seconds.into()), deployment, output).await
            }
            None => Ok(()),
        }
    }

    fn grouped(&self, draft: Draft) -> Draft {
        match &self.message_group {
            Some(group) => Draft { group: MessageGroup::named(group.clone()), ..draft },
            None => draft,
        }
    }

    /// The notifications. The arguments stay as they were typed, byte for byte.
    fn notifications(&self, hub: &HubName) -> Result<Vec<Notification>, Failure> {
        let arguments =
            arguments(&self.arguments).map_err(|err| Failure::Usage(err.to_string()))?;
        let arguments = RawValue::from_string(arguments)
            .map_err(|err| Failure::because("the arguments are no JSON", err))?;
        let excluded = audience::excluded(&self.except)?;
        let expires_at = self.expires_in.map(after);
        let notification = |audience| {
            let (target, arguments) = (self.target.clone().unwrap_or_default(), arguments.clone());
            let content = Content::Message { audience, target, arguments };
            let excluded = excluded.clone();
            Notification { excluded, expires_at, ..Notification::new(hub.clone(), content) }
        };
        Ok(self.recipients.audiences()?.into_iter().map(notification).collect())
    }
}

/// Says what was sent, with the ids by which the log tells of the messages.
pub(crate) fn tell(drafts: &[Draft], ids: &[String], output: &Output) -> Result<(), Failure> {
    if output.json {
        return output.result(&json!({ "sent": ids.len(), "ids": ids }), String::new);
    }
    output.remark(&match (drafts, ids) {
        ([one], [id]) => format!("sent as {id}, in the message group {}", one.group),
        _ => format!("messages sent: {}", ids.join(", ")),
    });
    Ok(())
}

/// The point in time so many seconds from now, to the second.
fn after(seconds: u32) -> Timestamp {
    let at = SystemClock.now().plus(Duration::from_secs(u64::from(seconds)));
    Timestamp::from_seconds(at.as_seconds())
}
