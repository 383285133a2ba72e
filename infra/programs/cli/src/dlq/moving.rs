//! Letters on their way: back to where they came from, or out.

use std::collections::HashSet;

use hubcast_aws::operator::{Letter, Queue};
use hubcast_delivery::is_job;
use hubcast_model::envelope::{self, EnvelopeRules, Rejection};
use hubcast_model::frame::check_size;
use hubcast_model::id::HubName;
use serde_json::json;

use super::{Choice, HOLD, Held, not_there, reason_of};
use crate::failure::Failure;
use crate::output::Output;

/// Where letters come from.
pub(super) struct Sources {
    pub(super) notifications: Queue,
    pub(super) deliveries: Queue,
    pub(super) is_forced: bool,
    pub(super) hub: HubName,
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
    output: &'a Output,
    /// Where letters are redriven to; without any they are dropped.
    sources: Option<&'a Sources>,
    held: Held,
    moved: Vec<String>,
    /// The progress keys of what was redriven, and the bodies of jobs, which have others each time.
    redriven: HashSet<String>,
    stayed: usize,
}

/// Redrives the chosen letters, or drops them when there is nowhere to redrive them to.
pub(super) async fn move_letters(
    queue: &Queue,
    choice: &Choice,
    output: &Output,
    sources: Option<&Sources>,
) -> Result<(), Failure> {
    let mut run = Move {
        queue,
        choice,
        output,
        sources,
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
        let sent = match self.sources {
            Some(sources) => sources.of(&letter).redrive(&letter).await,
            None => Ok(()),
        };
        if let Err(err) = sent {
            self.held.0.push(letter);
            return Err(err.into());
        }
        self.queue.drop_letter(&letter).await?;
        let key = if is_job(&letter.body) { letter.body } else { letter.progress_key };
        self.redriven.insert(key);
        self.moved.push(letter.id);
        Ok(())
    }

    /// Why a letter is not redriven.
    fn objection(&self, letter: &Letter) -> Option<String> {
        let sources = self.sources?;
        if self.has_come_back(letter) {
            return Some(format!("it came back from this redrive ({})", reason_of(letter)));
        }
        sources.objection(letter).map(|rejection| rejection.to_string())
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
                "letters that are rejected, and so stay: {stayed}; drop them, or redrive them with --force after an upgrade"
            )));
        }
        let ids = self.choice.ids.iter().filter(|id| !self.moved.contains(id));
        let missing: Vec<&str> = ids.map(String::as_str).collect();
        if missing.is_empty() { Ok(()) } else { Err(not_there(&missing.join(", "))) }
    }
}
