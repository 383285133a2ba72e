//! What became of an element that jobs carry out.

use std::collections::BTreeMap;

use super::{Fate, Losses, Outcome, connections, rejected, told};
use crate::journey::{Line, Step};

/// The jobs of one element.
pub(super) struct Jobs<'a> {
    /// Each job by its newest line.
    newest: BTreeMap<&'a str, &'a Line>,
    /// The action that they carry out; `None` when they deliver a message.
    action: Option<&'a str>,
    /// The connections that all attempts of all jobs lost.
    losses: Losses,
}

impl<'a> Jobs<'a> {
    pub(super) fn of(lines: &[&'a Line]) -> Self {
        let job = |line: &&'a Line| Some((line.text("job")?, *line));
        let of_jobs = lines.iter().filter(|line| line.text("job").is_some());
        let losses = Losses::sum(of_jobs.copied());
        let kind = lines.iter().find_map(|line| line.text("kind"));
        let action = kind.filter(|kind| *kind != "message");
        Self { newest: lines.iter().filter_map(job).collect(), action, losses }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.newest.is_empty()
    }

    /// The fate of so many jobs. Each job is under way until a line tells its end.
    pub(super) fn fate(&self, expected: u64) -> Fate {
        let ended: Vec<&Line> =
            self.newest.values().copied().filter(|line| line.step.is_end()).collect();
        let count = ended.len();
        let reached = ended.iter().map(|line| line.number("reached")).sum();
        let tail = self.losses.tail();
        if let Some(line) = ended.iter().find(|line| line.step == Step::Rejected) {
            let others = ended.iter().filter(|line| line.step != Step::Rejected).count();
            let (done, why) = (self.done(others, "", reached), rejected(line));
            let sentence = format!("{done}{tail}; a job was {why}");
            return Fate { outcome: Outcome::Rejected, sentence };
        }
        if u64::try_from(count).is_ok_and(|count| count < expected) {
            let sentence = format!("{}{tail}", self.underway(count, expected, reached));
            return Fate { outcome: Outcome::Underway, sentence };
        }
        let after = ended.iter().map(|line| line.number("after_ms")).max().unwrap_or_default();
        let done = self.done(count, &format!(" in {after} ms"), reached);
        Fate { outcome: outcome_of(&ended, reached), sentence: format!("{done}{tail}") }
    }

    /// What so many jobs did.
    fn done(&self, count: usize, after: &str, reached: u64) -> String {
        let jobs = if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") };
        match self.action {
            Some(action) => {
                format!("'{action}' was carried out by {jobs}{after}{}", told(reached))
            }
            None => format!("reached {} by {jobs}{after}", connections(reached)),
        }
    }

    /// How far the jobs are.
    fn underway(&self, count: usize, expected: u64, reached: u64) -> String {
        let ended = format!("{count} of {expected} jobs have ended");
        match self.action {
            Some(action) => format!("'{action}' is under way: {ended}{}", told(reached)),
            None => format!("{ended}, and reached {}", connections(reached)),
        }
    }
}

/// The outcome of jobs that have all ended.
fn outcome_of(ended: &[&Line], reached: u64) -> Outcome {
    let has = |step| ended.iter().any(|line| line.step == step);
    if reached > 0 || has(Step::Changed) {
        Outcome::Done
    } else if has(Step::Expired) {
        Outcome::Expired
    } else {
        Outcome::Undeliverable
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::fate;
    use super::*;

    #[test]
    fn jobs_are_added_up_and_awaited() {
        let job = |n: u64, step: Step| {
            (step, json!({ "job": format!("m/0/{n}"), "reached": 1500, "after_ms": n }))
        };
        let handed_on = (Step::HandedOn, json!({ "jobs": 2 }));
        let half = fate(&[handed_on.clone(), job(0, Step::Delivered), job(1, Step::Held)]);
        assert_eq!(half.outcome, Outcome::Underway);
        assert_eq!(half.sentence, "1 of 2 jobs have ended, and reached 1500 connections.");
        let all = fate(&[
            job(0, Step::Delivered),
            handed_on,
            job(1, Step::Held),
            job(1, Step::Delivered),
        ]);
        assert_eq!(all.outcome, Outcome::Done);
        assert_eq!(all.sentence, "Reached 3000 connections by 2 jobs in 1 ms.");
    }

    #[test]
    fn an_action_of_jobs_is_told_as_that_action() {
        let job = |n: u64, reached: u64| {
            let job = format!("m/0/{n}");
            let told = json!({ "kind": "close", "job": job, "reached": reached, "after_ms": n });
            (Step::Changed, told)
        };
        let handed_on = (Step::HandedOn, json!({ "kind": "close", "jobs": 2 }));
        let none = fate(std::slice::from_ref(&handed_on)).sentence;
        assert_eq!(none, "'close' is under way: 0 of 2 jobs have ended.");
        let half = fate(&[handed_on.clone(), job(1, 1500)]).sentence;
        let text = "'close' is under way: 1 of 2 jobs have ended, and 1500 connections were told.";
        assert_eq!(half, text);
        let all = fate(&[handed_on.clone(), job(1, 1500), job(2, 1500)]);
        let text = "'close' was carried out by 2 jobs in 2 ms, and 3000 connections were told.";
        assert_eq!((all.outcome, all.sentence.as_str()), (Outcome::Done, text));
        let nobody = fate(&[handed_on.clone(), job(1, 0), job(2, 0)]);
        let text = "'close' was carried out by 2 jobs in 2 ms.";
        assert_eq!((nobody.outcome, nobody.sentence.as_str()), (Outcome::Done, text));
        let dead = json!({ "kind": "close", "job": "m/0/2", "reason": "TooOld", "detail": "x" });
        let rejected = fate(&[handed_on, job(1, 1), (Step::Rejected, dead)]);
        let text = "'close' was carried out by 1 job, and 1 connection was told; a job was rejected (TooOld): x; it is in the dead-letter queue.";
        assert_eq!((rejected.outcome, rejected.sentence.as_str()), (Outcome::Rejected, text));
    }
}
