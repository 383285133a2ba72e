//! What the page looks at: each answer is that of a command.

use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use hubcast_model::id::{GroupName, UserId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::Answer;
use super::state::Shared;
use crate::audit::{self, Audit};
use crate::connections::{Connections, List, Selection};
use crate::dispatch::show;
use crate::dlq::{Dlq, Filter};
use crate::doctor::Doctor;
use crate::draft::Draft;
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::pass;
use crate::people::{Groups, Users};
use crate::period::duration;
use crate::why::{What, Why};

/// How far back `why` reads when the page does not say.
const SINCE: &str = "3h";
/// More connections than a page shows.
const CONNECTIONS_MAX: usize = 500;

/// Where this console looks, and what it may do.
pub(super) async fn place(State(console): State<Shared>) -> Json<Value> {
    let deployment = &console.deployment;
    Json(json!({
        "hub": deployment.hub().as_str(),
        "deployment": deployment.prefix(),
        "local": deployment.local(),
        "allowsChanges": console.allows_changes,
        "version": env!("CARGO_PKG_VERSION"),
        "connectionsMax": CONNECTIONS_MAX,
    }))
}

/// Whose connections.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Whose {
    user: Option<String>,
    group: Option<String>,
}

pub(super) async fn connections(
    State(console): State<Shared>,
    Query(whose): Query<Whose>,
) -> Answer {
    let run = console.run();
    let ended = async {
        let selection = selection(&whose)?;
        let list = List { selection, details: true, limit: Some(CONNECTIONS_MAX) };
        Connections::List(list).run(run.deployment, &run.output).await
    }
    .await;
    run.ended(ended)
}

fn selection(whose: &Whose) -> Result<Selection, Failure> {
    let user = whose.user.as_deref().map(user_of).transpose()?;
    let group = whose.group.as_deref().map(group_of).transpose()?;
    Ok(Selection { user, group })
}

fn user_of(name: &str) -> Result<UserId, Failure> {
    pass::user(name).map_err(Failure::Usage)
}

fn group_of(name: &str) -> Result<GroupName, Failure> {
    pass::group(name).map_err(Failure::Usage)
}

/// How far back the page looks.
fn period(since: Option<&str>) -> Result<Duration, Failure> {
    duration(since.unwrap_or(SINCE)).map_err(Failure::Usage)
}

/// How many of these things the page names.
fn count(named: [bool; 3]) -> usize {
    named.into_iter().filter(|is_named| *is_named).count()
}

pub(super) async fn users(State(console): State<Shared>) -> Answer {
    let run = console.run();
    let ended = Users::List.run(run.deployment, &run.output).await;
    run.ended(ended)
}

pub(super) async fn groups(State(console): State<Shared>) -> Answer {
    let run = console.run();
    let ended = Groups::List.run(run.deployment, &run.output).await;
    run.ended(ended)
}

/// A user by name.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    id: String,
}

pub(super) async fn user(State(console): State<Shared>, Query(named): Query<Named>) -> Answer {
    let run = console.run();
    let ended = async {
        let user = user_of(&named.id)?;
        Users::Show { user }.run(run.deployment, &run.output).await
    }
    .await;
    run.ended(ended)
}

/// What is asked of the log.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    message: Option<String>,
    user: Option<String>,
    connection: Option<String>,
    since: Option<String>,
}

impl Asked {
    fn command(self) -> Result<Why, Failure> {
        let since = period(self.since.as_deref())?;
        let user = self.user.as_deref().map(user_of).transpose()?;
        if count([self.message.is_some(), user.is_some(), self.connection.is_some()]) != 1 {
            return Err(Failure::Usage("ask about a message, a user or a connection".to_owned()));
        }
        Ok(Why { what: What { message: self.message, user, connection: self.connection }, since })
    }
}

pub(super) async fn why(State(console): State<Shared>, Query(asked): Query<Asked>) -> Answer {
    let run = console.run();
    let ended = async { asked.command()?.run(run.deployment, &run.output).await }.await;
    run.ended(ended)
}

/// What is asked of the audit; everything when nothing is named.
#[derive(Debug, Deserialize)]
pub(super) struct Deeds {
    message: Option<String>,
    user: Option<String>,
    by: Option<String>,
    since: Option<String>,
}

impl Deeds {
    fn command(self) -> Result<Audit, Failure> {
        let since = period(self.since.as_deref())?;
        let user = self.user.as_deref().map(user_of).transpose()?;
        if count([self.message.is_some(), user.is_some(), self.by.is_some()]) > 1 {
            return Err(Failure::Usage("ask about a message, a user or a doer".to_owned()));
        }
        Ok(Audit { what: audit::What { message: self.message, user, by: self.by }, since })
    }
}

pub(super) async fn audit(State(console): State<Shared>, Query(asked): Query<Deeds>) -> Answer {
    let run = console.run();
    let ended = async { asked.command()?.run(run.deployment, &run.output).await }.await;
    run.ended(ended)
}

/// How far back figures go.
#[derive(Debug, Deserialize)]
pub(super) struct Back {
    since: Option<String>,
}

pub(super) async fn metrics(State(console): State<Shared>, Query(back): Query<Back>) -> Answer {
    let run = console.run();
    let ended = async {
        let since = period(back.since.as_deref())?;
        Metrics { since }.run(run.deployment, &run.output).await
    }
    .await;
    run.ended(ended)
}

pub(super) async fn letters(State(console): State<Shared>) -> Answer {
    let run = console.run();
    let list = Dlq::List(Filter { reason: None });
    let ended = list.run(run.deployment, &run.output).await;
    run.ended(ended)
}

pub(super) async fn findings(State(console): State<Shared>) -> Answer {
    let run = console.run();
    let doctor = Doctor { read_only: true, token: None };
    let ended = doctor.run(run.deployment, &run.output).await;
    run.ended(ended)
}

/// An envelope as the deployment would get it, or why the deployment would reject it.
pub(super) async fn preview(State(console): State<Shared>, envelope: String) -> Answer {
    let run = console.run();
    let draft = Draft::read(&envelope, run.deployment.hub()).map_err(Failure::from);
    let ended = draft.and_then(|draft| show(&draft, &run.output));
    run.ended(ended)
}
