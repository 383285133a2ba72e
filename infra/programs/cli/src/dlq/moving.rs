//! Letters on their way: back to where they came from, or out.

use std::collections::HashSet;

use hubcast_aws::operator::{Letter, Queue};
use hubcast_delivery::is_job;
use hubcast_model::envelope::{self, EnvelopeRules, Rejection};
use hubcast_model::frame::check_size;
use hubcast_model::id::HubName;
use hubcast_model::journey::Origin;
use hubcast_model::journey::audit::{Source, Whom};
use serde_json::json;

use super::{Choice, HOLD, Held, not_there, reason_of};
use crate::audit::Notes;
use crate::failure::Failure;
use crate::output::Output;

/// Where letters come from.
pub(super) struct Sources {
    pub(super) notifications: Queue,
    pub(super) deliveries: Queue,
    pub(super) is_forced: bool,
}

/// What becomes of letters, and where that is noted.
pub(super) struct Destination<'a> {
    /// Where letters are redriven to; without any they are dropped.
    pub(super) sources: Option<Sources>,
    /// The hub of elements that name none.
    pub(super) hub: HubName,
    /// The audit.
    pub(super) notes: Notes<'a>,
}

impl Destination<'_> {
    /// Notes that a letter was moved, with whom it is for: an entry for each element.
    async fn note(&self, letter: &Letter) -> Result<(), Failure> {
        let action = if self.sources.is_some() { "redrive" } else { "drop" };
        let Origin { message_id, element } = Origin::of(&letter.progress_key);
        let whom = self.whom(letter);
        let is_single = whom.len() == 1;
        for (at, whom) in whom.into_iter().enumerate() {
            let element = Some(if is_single { element } else { at });
            let source = Source { message_id: Some(message_id), element, sent_at: letter.sent_at };
            self.notes.note(action, whom, source).await?;
        }
        Ok(())
    }

    /// Whom the elements of a letter are for.
    fn whom(&self, letter: &Letter) -> Vec<Whom> {
        let rules = EnvelopeRules { default_hub: self.hub.clone(), implicit_broadcast: true };
        let whom = |element: envelope::Element| match element.parsed {
            Ok(parsed) => Whom::of(parsed.hub.clone(), parsed.content.audience()),
            Err(_) => Whom::Unknown,
        };
        let elements = envelope::parse(&letter.body, &rules).unwrap_or_default();
        let known: Vec<Whom> = elements.into_iter().map(whom).collect();
        if known.is_empty() { vec![Whom::Unknown] } else { known }
    }
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
    fn objection(&self, letter: &Letter, hub: &HubName) -> Option<Rejection> {
        if self.is_forced || is_job(&letter.body) {
            return None;
        }
        // What the deployment says of broadcasts is not known here, so they get the benefit.
        let rules = EnvelopeRules { default_hub: hub.clone(), implicit_broadcast: true };
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
    output: &'a Output,
    to: &'a Destination<'a>,
    held: Held,
    moved: Vec<String>,
    /// The progress keys of what was redriven, and the bodies of jobs, which have others each time.
    redriven: HashSet<String>,
    stayed: usize,
}

/// Redrives the chosen letters, or drops the letters when there is nowhere to redrive to.
pub(super) async fn move_letters(
    queue: &Queue,
    choice: &Choice,
    output: &Output,
    to: &Destination<'_>,
) -> Result<(), Failure> {
    let mut run = Move {
        queue,
        choice,
        output,
        to,
        held: Held::default(),
        moved: Vec::new(),
        redriven: HashSet::new(),
        stayed: 0,
    };
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
        if let Some(objection) = self.objection(&letter) {
            self.output.remark(&format!("{} stays: {objection}", letter.id));
            self.stayed += 1;
            self.held.0.push(letter);
            return Ok(());
        }
        let sent = match &self.to.sources {
            Some(sources) => sources.of(&letter).redrive(&letter).await,
            None => Ok(()),
        };
        if let Err(err) = sent {
            self.held.0.push(letter);
            return Err(err.into());
        }
        self.queue.drop_letter(&letter).await?;
        self.to.note(&letter).await?;
        let key = if is_job(&letter.body) { letter.body } else { letter.progress_key };
        self.redriven.insert(key);
        self.moved.push(letter.id);
        Ok(())
    }

    /// Why a letter is not redriven.
    fn objection(&self, letter: &Letter) -> Option<String> {
        let sources = self.to.sources.as_ref()?;
        if self.has_come_back(letter) {
            return Some(format!("it came back from this redrive ({})", reason_of(letter)));
        }
        sources.objection(letter, &self.to.hub).map(|rejection| rejection.to_string())
    }

    /// Whether a letter is what became of one that was redriven a moment ago. The publisher makes
    /// the key of a letter from the key of what it could not deliver.
    fn has_come_back(&self, letter: &Letter) -> bool {
        let key = &letter.progress_key;
        let mut ends = key.match_indices('/').map(|(end, _)| end);
        self.redriven.contains(&letter.body)
            || ends.any(|end| key.get(..end).is_some_and(|start| self.redriven.contains(start)))
    }

    fn tell(&self) -> Result<(), Failure> {
        let verb = if self.to.sources.is_some() { "redriven" } else { "dropped" };
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
                "letters that are rejected, and so stay: {stayed}; drop them, or redrive them with --force after an upgrade"
            )));
        }
        let ids = self.choice.ids.iter().filter(|id| !self.moved.contains(id));
        let missing: Vec<&str> = ids.map(String::as_str).collect();
        if missing.is_empty() { Ok(()) } else { Err(not_there(&missing.join(", "))) }
    }
}
