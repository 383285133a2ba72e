//! What the page changes. The server answers none of this without `--allow-changes`.
//!
//! Each change is a line in the terminal, which names who did what. The audit of
//! the deployment has what goes through the queue besides.

use axum::Json;
use axum::extract::State;
use hubcast_model::report::chain;
use hubcast_model::time::{Clock, SystemClock};
use serde::Deserialize;

use super::answer::Answer;
use super::state::{Run, Shared};
use crate::deployment::Deployment;
use crate::dispatch::deliver;
use crate::dlq::{Choice, Dlq, Filter};
use crate::doctor::Doctor;
use crate::draft::Draft;
use crate::failure::Failure;
use crate::moment::rfc3339;
use crate::output::aside;
use crate::send::tell;

/// Sends an envelope: a call of a method, or an action.
pub(super) async fn send(State(console): State<Shared>, envelope: String) -> Answer {
    let run = console.run();
    let ended = sent(&run, &envelope).await;
    note(&run, "send", &envelope, &ended).await;
    run.ended(ended)
}

async fn sent(run: &Run<'_>, envelope: &str) -> Result<(), Failure> {
    let drafts = [Draft::read(envelope, run.deployment.hub())?];
    let ids = deliver(&run.deployment.notifications().await?, &drafts).await?;
    tell(&drafts, &ids, &run.output)
}

/// Dead letters that are redriven or dropped.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Letters {
    ids: Vec<String>,
    /// Redrives also what this version would reject again.
    #[serde(default)]
    force: bool,
}

impl Letters {
    fn choice(self) -> Result<Choice, Failure> {
        if self.ids.is_empty() {
            return Err(Failure::Usage("name the dead letters".to_owned()));
        }
        let filter = Filter { reason: None };
        Ok(Choice { ids: self.ids, all: false, filter, dry_run: false })
    }
}

pub(super) async fn redrive(State(console): State<Shared>, Json(letters): Json<Letters>) -> Answer {
    let run = console.run();
    let (force, ids) = (letters.force, letters.ids.join(", "));
    let ended = async {
        let choice = letters.choice()?;
        Dlq::Redrive { choice, force }.run(run.deployment, &run.output).await
    }
    .await;
    note(&run, "redrive", &ids, &ended).await;
    run.ended(ended)
}

pub(super) async fn drop_letters(
    State(console): State<Shared>,
    Json(letters): Json<Letters>,
) -> Answer {
    let run = console.run();
    let ids = letters.ids.join(", ");
    let ended = async {
        let choice = letters.choice()?;
        Dlq::Drop { choice, yes: true }.run(run.deployment, &run.output).await
    }
    .await;
    note(&run, "drop", &ids, &ended).await;
    run.ended(ended)
}

/// Has the doctor connect too, and send a message to its own connection.
pub(super) async fn doctor(State(console): State<Shared>) -> Answer {
    let run = console.run();
    let doctor = Doctor { read_only: false, token: None };
    let ended = doctor.run(run.deployment, &run.output).await;
    run.ended(ended)
}

/// Tells the terminal who changed what, and whether that went well.
async fn note(run: &Run<'_>, action: &str, what: &str, ended: &Result<(), Failure>) {
    let how =
        ended.as_ref().map_or_else(|failure| format!("failed: {failure}"), |()| "done".to_owned());
    let (at, by) = (rfc3339(SystemClock.now()), caller(run.deployment).await);
    aside(&format!("{at} {by} {action} {what}: {how}"));
}

/// Who is signed in, as AWS names them.
async fn caller(deployment: &Deployment) -> String {
    if deployment.local().is_some() {
        return "somebody at the local stack".to_owned();
    }
    let caller = match deployment.account().await {
        Ok(account) => account.caller().await,
        Err(err) => Err(err),
    };
    caller.unwrap_or_else(|err| format!("somebody unknown ({})", chain(&err)))
}
