//! `hubcast dlq`: dead letters, why they are dead, and what becomes of them.
//!
//! A letter goes back to the queue that it came from with its progress key, so
//! that whoever got it already does not get it twice. What would be rejected
//! again stays where it is.

use std::time::Duration;

use clap::{Args, Subcommand};
use hubcast_aws::operator::{Letter, Queue};
use hubcast_core::envelope::{self, EnvelopeRules, Rejection};
use hubcast_core::fanout::{check_size, is_job};
use hubcast_core::id::HubName;
use serde_json::json;

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::moment::rfc3339;
use crate::output::Output;

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
  hubcast dlq drop --all --reason NotJson";

/// Dead letters: what could not be delivered, and why.
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Dlq {
    /// Lists dead letters: the first ones of every message group.
    #[command(after_help = EXAMPLES)]
    List(Filter),
    /// Shows one dead letter whole.
    #[command(after_help = EXAMPLES)]
    Show {
        /// The letter's id, as `list` shows it.
        id: String,
    },
    /// Sends dead letters back to where they came from; they go on where they stood.
    #[command(after_help = EXAMPLES)]
    Redrive {
        #[command(flatten)]
        choice: Choice,

        /// Also sends what this version would reject again.
        #[arg(long)]
        force: bool,
    },
    /// Deletes dead letters for good.
    #[command(after_help = EXAMPLES)]
    Drop {
        #[command(flatten)]
        choice: Choice,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Only those with this reason; `ReceivedTooOften` is for those without one.
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Choice {
    /// The letters, by their ids.
    #[arg(required_unless_present = "all", value_name = "ID")]
    ids: Vec<String>,

    /// All letters.
    #[arg(long, conflicts_with = "ids")]
    all: bool,

    #[command(flatten)]
    filter: Filter,
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
    pub(crate) async fn run(self, deployment: &Deployment, output: Output) -> Result<(), Failure> {
        let queue = deployment.dead_letters().await?;
        match self {
            Self::List(filter) => list(&queue, &filter, output).await,
            Self::Show { id } => show(&queue, &id, output).await,
            Self::Redrive { choice, force } => {
                let sources = Sources {
                    notifications: deployment.notifications().await?,
                    deliveries: deployment.deliveries().await?,
                    is_forced: force,
                    hub: deployment.hub().clone(),
                };
                move_letters(&queue, &choice, output, Some(&sources)).await
            }
            Self::Drop { choice } => move_letters(&queue, &choice, output, None).await,
        }
    }
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

async fn list(queue: &Queue, filter: &Filter, output: Output) -> Result<(), Failure> {
    let state = queue.look().await?;
    let mut held = Held::default();
    loop {
        let letters = queue.take_letters(HOLD).await?;
        if letters.is_empty() {
            break;
        }
        held.0.extend(letters);
    }
    let shown: Vec<&Letter> = held.0.iter().filter(|letter| filter.takes(letter)).collect();
    let told =
        shown.iter().try_for_each(|letter| output.result(&described(letter), || line(letter)));
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

async fn show(queue: &Queue, id: &str, output: Output) -> Result<(), Failure> {
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
        let key = &letter.progress_key;
        format!("{}\n    progress key {key}\n\n{}", line(&letter), letter.body)
    })
}

fn not_there(ids: &str) -> Failure {
    Failure::NotThere(format!(
        "{ids}: not among the letters that can be seen; those behind others of their message group show when these are gone"
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
fn line(letter: &Letter) -> String {
    let sent = letter.sent_at.map(rfc3339).unwrap_or_default();
    let (id, reason, group) = (&letter.id, reason_of(letter), &letter.group);
    let detail =
        letter.detail.as_deref().unwrap_or("the queue itself moved it, after too many receives");
    format!("{id}  {sent}  {reason}  {group}\n    {detail}")
}

/// Where letters come from.
struct Sources {
    notifications: Queue,
    deliveries: Queue,
    is_forced: bool,
    hub: HubName,
}

impl Sources {
    fn of(&self, letter: &Letter) -> &Queue {
        let is_delivery = match &letter.source {
            Some(source) => source == self.deliveries.name(),
            None => is_job(&letter.body),
        };
        if is_delivery { &self.deliveries } else { &self.notifications }
    }

    /// Why a letter would come back at once, as far as this version knows.
    fn objection(&self, letter: &Letter) -> Option<Rejection> {
        if self.is_forced || is_job(&letter.body) {
            return None;
        }
        // What the deployment says of broadcasts is not known here, so they get the benefit.
        let rules = EnvelopeRules { default_hub: self.hub.clone(), implicit_broadcast: true };
        match envelope::parse(&letter.body, &rules) {
            Err(rejection) => Some(rejection),
            Ok(elements) => elements.into_iter().find_map(|element| {
                element.parsed.and_then(|parsed| check_size(&parsed.content)).err()
            }),
        }
    }
}

/// A run over the letters of a queue.
struct Move<'a> {
    queue: &'a Queue,
    choice: &'a Choice,
    output: Output,
    /// Where letters are redriven to; without any they are dropped.
    sources: Option<&'a Sources>,
    held: Held,
    moved: Vec<String>,
    stayed: usize,
}

/// Redrives the chosen letters, or drops them when there is nowhere to redrive them to.
async fn move_letters(
    queue: &Queue,
    choice: &Choice,
    output: Output,
    sources: Option<&Sources>,
) -> Result<(), Failure> {
    let (held, moved, stayed) = (Held::default(), Vec::new(), 0);
    let mut run = Move { queue, choice, output, sources, held, moved, stayed };
    let ended = run.all().await;
    std::mem::take(&mut run.held).release(queue).await?;
    run.tell()?;
    ended?;
    run.judge()
}

impl Move<'_> {
    async fn all(&mut self) -> Result<(), Failure> {
        loop {
            let letters = self.queue.take_letters(HOLD).await?;
            if letters.is_empty() {
                return Ok(());
            }
            for letter in letters {
                self.one(letter).await?;
            }
        }
    }

    async fn one(&mut self, letter: Letter) -> Result<(), Failure> {
        if !self.choice.takes(&letter) {
            self.held.0.push(letter);
            return Ok(());
        }
        if let Some(objection) = self.sources.and_then(|sources| sources.objection(&letter)) {
            self.output.remark(&format!("{} stays: {objection}", letter.id));
            self.stayed += 1;
            self.held.0.push(letter);
            return Ok(());
        }
        let sent = match self.sources {
            Some(sources) => sources.of(&letter).redrive(&letter).await,
            None => Ok(()),
        };
        if let Err(err) = sent {
            self.held.0.push(letter);
            return Err(err.into());
        }
        self.queue.drop_letter(&letter).await?;
        self.moved.push(letter.id);
        Ok(())
    }

    fn tell(&self) -> Result<(), Failure> {
        let verb = if self.sources.is_some() { "redriven" } else { "dropped" };
        let count = self.moved.len();
        if self.output.json {
            return self.output.result(&json!({ verb: count, "stayed": self.stayed }), String::new);
        }
        self.output.remark(&format!("{count} {verb}"));
        Ok(())
    }

    fn judge(&self) -> Result<(), Failure> {
        if self.stayed > 0 {
            let stayed = self.stayed;
            return Err(Failure::Rejected(format!(
                "letters that would be rejected again, and so stay: {stayed}; drop them, or say --force"
            )));
        }
        let ids = self.choice.ids.iter().filter(|id| !self.moved.contains(id));
        let missing: Vec<&str> = ids.map(String::as_str).collect();
        if missing.is_empty() { Ok(()) } else { Err(not_there(&missing.join(", "))) }
    }
}
