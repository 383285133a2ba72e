//! `hubcast dlq`: dead letters, why they are dead, and what becomes of them.
//!
//! A letter goes back to the queue that it came from with its progress key, so
//! that whoever got it already does not get it twice. What would be rejected
//! again stays where it is.

mod moving;
mod of_user;

use std::io::IsTerminal;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use hubcast_aws::operator::{Letter, Queue};
use hubcast_model::envelope::RejectReason;
use serde_json::json;

use crate::audit::Notes;
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::moment::rfc3339;
use crate::output::{Output, ask};
use crate::pass::name;
use moving::{Destination, Sources, move_letters};
pub(crate) use of_user::erase_letters;

/// How long letters are hidden while they are looked at.
const HOLD: Duration = Duration::from_mins(1);
/// What a letter has for a reason that the queue itself moved.
const NO_REASON: &str = "ReceivedTooOften";

const EXAMPLES: &str = "\
Examples:
  hubcast dlq list
  hubcast dlq list --reason UnknownProperty --json
  hubcast dlq show 0f8fad5b-d9cb-469f-a165-70867728950e
  hubcast dlq redrive --all --reason TooOld
  hubcast dlq redrive 0f8fad5b-d9cb-469f-a165-70867728950e
  hubcast dlq drop --all --reason NotJson --dry-run
  hubcast dlq drop --all --reason NotJson --yes";

/// Dead letters: messages that could not be delivered, each with a reason.
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Dlq {
    /// Lists dead letters: the first letters of each message group.
    #[command(after_help = EXAMPLES)]
    List(Filter),
    /// Shows one dead letter with its whole body.
    #[command(after_help = EXAMPLES)]
    Show {
        /// The letter's id, as `list` shows it.
        id: String,
    },
    /// Sends dead letters back to the queue that they came from; delivery continues where it
    /// stopped.
    #[command(after_help = EXAMPLES)]
    Redrive {
        #[command(flatten)]
        choice: Choice,

        /// Also sends letters that this version would reject again.
        #[arg(long)]
        force: bool,
    },
    /// Deletes dead letters for good.
    #[command(after_help = EXAMPLES)]
    Drop {
        #[command(flatten)]
        choice: Choice,

        /// Drops all letters without a question.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Only letters with this reason; `ReceivedTooOften` is for letters without a reason.
    #[arg(long, value_name = "REASON", ignore_case = true, hide_possible_values = true,
          value_parser = PossibleValuesParser::new(reasons()))]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Choice {
    /// The letters, by their ids.
    #[arg(required_unless_present = "all", value_name = "ID", value_parser = name)]
    pub(crate) ids: Vec<String>,

    /// All letters.
    #[arg(long, conflicts_with = "ids")]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) filter: Filter,

    /// Shows the letters, and changes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// The reasons that a letter may have.
fn reasons() -> impl Iterator<Item = &'static str> {
    RejectReason::ALL.into_iter().map(RejectReason::as_str).chain([NO_REASON])
}

impl Filter {
    fn takes(&self, letter: &Letter) -> bool {
        let reason = self.reason.as_deref();
        reason.is_none_or(|reason| reason.eq_ignore_ascii_case(reason_of(letter)))
    }
}

impl Choice {
    fn takes(&self, letter: &Letter) -> bool {
        (self.all || self.ids.contains(&letter.id)) && self.filter.takes(letter)
    }
}

fn reason_of(letter: &Letter) -> &str {
    letter.reason.as_deref().unwrap_or(NO_REASON)
}

impl Dlq {
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        let queue = deployment.dead_letters().await?;
        match self {
            Self::List(filter) => list(&queue, output, |letter| filter.takes(letter)).await,
            Self::Show { id } => show(&queue, &id, output).await,
            Self::Redrive { choice, .. } | Self::Drop { choice, .. } if choice.dry_run => {
                list(&queue, output, |letter| choice.takes(letter)).await
            }
            Self::Redrive { choice, force } => {
                let sources = Sources {
                    notifications: deployment.notifications().await?,
                    deliveries: deployment.deliveries().await?,
                    is_forced: force,
                };
                let notes = Notes::open(deployment, output).await?;
                let to =
                    Destination { sources: Some(sources), hub: deployment.hub().clone(), notes };
                move_letters(&queue, &choice, output, &to).await
            }
            Self::Drop { choice, yes } => {
                if choice.all && !yes {
                    agreed(&queue, &choice.filter).await?;
                }
                let notes = Notes::open(deployment, output).await?;
                let to = Destination { sources: None, hub: deployment.hub().clone(), notes };
                move_letters(&queue, &choice, output, &to).await
            }
        }
    }
}

/// Asks before letters are deleted for good.
///
/// # Errors
/// When nobody is there to be asked, or the answer is no.
async fn agreed(queue: &Queue, filter: &Filter) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        let text = "there is no terminal to ask you: give --yes to drop the letters, or --dry-run to see them";
        return Err(Failure::Usage(text.to_owned()));
    }
    let about = queue.look().await?.waiting;
    let which =
        filter.reason.as_ref().map_or_else(String::new, |it| format!(" with the reason {it}"));
    let question =
        format!("Drop all letters{which}, of about {about} in {}, for good? [y/N] ", queue.name());
    if ask(&question)? { Ok(()) } else { Err(Failure::failed("nothing was dropped")) }
}

/// Letters that are hidden while they are looked at.
#[derive(Debug, Default)]
struct Held(Vec<Letter>);

impl Held {
    /// Shows them again, the first of each group last, as they were.
    async fn release(self, queue: &Queue) -> Result<(), Failure> {
        for letter in self.0.iter().rev() {
            queue.release(letter).await?;
        }
        Ok(())
    }
}

async fn list(
    queue: &Queue,
    output: &Output,
    takes: impl Fn(&Letter) -> bool,
) -> Result<(), Failure> {
    let state = queue.look().await?;
    let mut held = Held::default();
    loop {
        let letters = queue.take_letters(HOLD).await?;
        if letters.is_empty() {
            break;
        }
        held.0.extend(letters);
    }
    let shown: Vec<&Letter> = held.0.iter().filter(|letter| takes(letter)).collect();
    if !shown.is_empty() {
        output.heads(&format!("{:<36}  {:<20}  REASON  MESSAGE GROUP", "ID", "SENT"))?;
    }
    let told =
        shown.iter().try_for_each(|letter| output.result(&described(letter), || told(letter)));
    let seen = u64::try_from(held.0.len()).unwrap_or(u64::MAX);
    held.release(queue).await?;
    told?;
    match state.waiting.saturating_sub(seen) {
        0 if seen == 0 => output.remark("there are no dead letters"),
        0 => {}
        behind => {
            output
                .remark(&format!("about {behind} more wait behind these in their message groups"));
        }
    }
    Ok(())
}

async fn show(queue: &Queue, id: &str, output: &Output) -> Result<(), Failure> {
    let mut held = Held::default();
    let found = loop {
        let letters = queue.take_letters(HOLD).await?;
        let found = letters.iter().find(|letter| letter.id == id).cloned();
        let is_end = letters.is_empty();
        held.0.extend(letters);
        if found.is_some() || is_end {
            break found;
        }
    };
    held.release(queue).await?;
    let letter = found.ok_or_else(|| not_there(id))?;
    output.result(&described(&letter), || {
        let mut lines = told(&letter);
        lines.extend([format!("    progress key {}", letter.progress_key), String::new()]);
        // It is the end of what is shown, so its own breaks forge nothing.
        lines.extend(letter.body.lines().map(str::to_owned));
        lines
    })
}

fn not_there(ids: &str) -> Failure {
    Failure::NotThere(format!(
        "{ids}: no letter in sight has this id; a letter comes in sight when the letters before it in its message group are gone"
    ))
}

/// A letter for programs.
fn described(letter: &Letter) -> serde_json::Value {
    json!({
        "id": letter.id,
        "reason": reason_of(letter),
        "detail": letter.detail,
        "messageGroup": letter.group,
        "sentAt": letter.sent_at.map(rfc3339),
        "progressKey": letter.progress_key,
        "body": letter.body,
    })
}

/// A letter for people.
fn told(letter: &Letter) -> Vec<String> {
    let sent = letter.sent_at.map(rfc3339).unwrap_or_default();
    let (id, reason, group) = (&letter.id, reason_of(letter), &letter.group);
    let detail =
        letter.detail.as_deref().unwrap_or("the queue itself moved it, after too many receives");
    vec![format!("{id}  {sent}  {reason}  {group}"), format!("    {detail}")]
}
