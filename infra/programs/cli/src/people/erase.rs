//! `hubcast users erase`: all that a deployment holds of one user, as far as anybody can erase it.
//!
//! The publisher ends the connections, since it keeps the order; then the rows of
//! the user go, and the dead letters that are for nobody else. What stays is named.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;
use hubcast_aws::store::DynamoStore;
use hubcast_membership::lookup;
use hubcast_model::audience::Audience;
use hubcast_model::channel::{ChannelKey, Member};
use hubcast_model::envelope::{Action, Content, Notification};
use hubcast_model::id::{HubName, UserId};
use hubcast_model::journey::audit::{Source, Whom};
use hubcast_model::ports::{ErasureStore, Personal};
use hubcast_model::time::{Clock, SystemClock};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::audit::Notes;
use crate::deployment::Deployment;
use crate::dispatch::deliver;
use crate::dlq::erase_letters;
use crate::draft::Draft;
use crate::failure::Failure;
use crate::output::Output;
use crate::pass::user;

/// How long the publisher has to end the connections.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often is looked whether the connections have ended.
const PAUSE: Duration = Duration::from_millis(300);

const BLOCKS: &str = "blocks";

/// What stays whatever the command does, and why.
const STAYS: [(&str, &str); 6] = [
    (
        "backups",
        "point-in-time recovery keeps deleted rows for 35 days, your own backups for as long as you say",
    ),
    (
        "logs",
        "what functions, API Gateway and CloudFront logged stays until the retention of each log ends",
    ),
    (
        "queues",
        "messages on their way and events for backends go when somebody handles them, or after 4 to 14 days",
    ),
    (
        "rows without a name",
        "progress (14 days), sessions of tokens, groups of tokens (3 hours) and answers (a minute) end by themselves",
    ),
    (
        "messages to others",
        "hubcast does not read arguments: values retained for groups and hubs, and messages to others, may speak of the user",
    ),
    ("backends", "erase the data of backends and issuers there"),
];

#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// The user.
    #[arg(value_name = "ID", value_parser = user)]
    user: UserId,

    /// Erases on every hub on which a row names the user. Reads the whole table.
    #[arg(long)]
    all_hubs: bool,

    /// Erases blocks and log-outs too: then old tokens are good again.
    #[arg(long)]
    blocks: bool,

    /// Counts the rows, and erases nothing.
    #[arg(long)]
    dry_run: bool,
}

/// One line of the report.
#[derive(Debug, Clone, Copy)]
struct Found<'a> {
    hub: Option<&'a HubName>,
    what: &'static str,
    count: usize,
}

impl Erase {
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        let store = deployment.store().await?;
        let hubs = self.hubs(deployment, &store).await?;
        for hub in &hubs {
            let members = self.members(deployment, hub).await?;
            self.tell(output, Found { hub: Some(hub), what: "connections", count: members.len() })?;
            if !self.dry_run {
                self.close(deployment, hub).await?;
            }
            self.erase_rows(&store, hub, &members, output).await?;
            if !self.dry_run {
                let whom = Whom::of(hub.clone(), Audience::user(self.user.clone()));
                let notes = Notes::open(deployment, output).await?;
                notes.note("erase", whom, Source::default()).await?;
            }
        }
        if self.blocks {
            let count = self.erase_all(&store, &[Personal::Block(None, &self.user)]).await?;
            self.tell(output, Found { hub: None, what: BLOCKS, count })?;
        }
        self.erase_letters(deployment, &hubs, output).await?;
        self.tell_what_stays(output)
    }

    async fn hubs(
        &self,
        deployment: &Deployment,
        store: &DynamoStore,
    ) -> Result<BTreeSet<HubName>, Failure> {
        if self.all_hubs {
            return Ok(store.hubs_of(&self.user).await?);
        }
        Ok(BTreeSet::from([deployment.hub().clone()]))
    }

    async fn members(
        &self,
        deployment: &Deployment,
        hub: &HubName,
    ) -> Result<Vec<Member>, Failure> {
        let (store, key) = (deployment.store().await?, ChannelKey::user(hub, &self.user));
        let members = lookup::all_members(&store, &key, usize::MAX, SystemClock.now()).await?;
        Ok(members.unwrap_or_default())
    }

    /// Has the publisher end the connections, and refuse tokens from before.
    async fn close(&self, deployment: &Deployment, hub: &HubName) -> Result<(), Failure> {
        let content = Content::Action(Action::Close {
            audience: Audience::user(self.user.clone()),
            reason: None,
            allow_reconnect: false,
            revoke: None,
        });
        let draft = Draft::of(&Notification::new(hub.clone(), content))?;
        deliver(&deployment.notifications().await?, &[draft]).await?;
        let end = Instant::now() + PATIENCE;
        while !self.members(deployment, hub).await?.is_empty() {
            if Instant::now() >= end {
                let text = format!(
                    "connections of the user on the hub '{hub}' have not ended: nothing else was erased there; see that the publisher works, and run this again"
                );
                return Err(Failure::failed(text));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn erase_rows(
        &self,
        store: &DynamoStore,
        hub: &HubName,
        members: &[Member],
        output: &Output,
    ) -> Result<(), Failure> {
        let user = &self.user;
        let (mut told, mut lines): (Vec<Personal<'_>>, Vec<Personal<'_>>) = Default::default();
        for member in members {
            told.extend([Personal::Client(&member.socket), Personal::Calls(&member.socket)]);
            lines.push(Personal::Line(&member.socket));
        }
        let blocks = [Personal::Block(Some(hub), user)];
        let kinds: [(&'static str, &[Personal<'_>]); 6] = [
            ("rows about clients, for backends, and calls of clients", &told),
            ("what was sent over lines", &lines),
            ("memberships", &[Personal::Memberships(hub, user)]),
            ("messages that wait", &[Personal::Inbox(hub, user)]),
            ("retained values of the user", &[Personal::Board(hub, user)]),
            (BLOCKS, &blocks),
        ];
        for (what, rows) in kinds {
            if what != BLOCKS || self.blocks {
                let count = self.erase_all(store, rows).await?;
                self.tell(output, Found { hub: Some(hub), what, count })?;
            }
        }
        Ok(())
    }

    /// Erases rows, or counts them only; answers how many there are.
    async fn erase_all(
        &self,
        store: &DynamoStore,
        rows: &[Personal<'_>],
    ) -> Result<usize, Failure> {
        let mut count = 0;
        for row in rows {
            count += if self.dry_run {
                store.count_personal(*row).await?
            } else {
                store.erase_personal(*row).await?
            };
        }
        Ok(count)
    }

    async fn erase_letters(
        &self,
        deployment: &Deployment,
        hubs: &BTreeSet<HubName>,
        output: &Output,
    ) -> Result<(), Failure> {
        let queue = deployment.dead_letters().await?;
        let letters = erase_letters(&queue, &self.user, hubs, self.dry_run).await?;
        self.tell(output, Found { hub: None, what: "dead letters", count: letters.erased })?;
        for id in letters.left {
            let why = "the letter names others too, or cannot be read: look at it, and drop it by 'hubcast dlq drop'";
            stays(output, &format!("dead letter {id}"), why)?;
        }
        Ok(())
    }

    fn tell(&self, output: &Output, found: Found<'_>) -> Result<(), Failure> {
        let Found { hub, what, count } = found;
        let hub = hub.map(HubName::as_str);
        let json = json!({ "hub": hub, "what": what, "count": count, "erased": !self.dry_run });
        let done = if self.dry_run { "would be erased" } else { "erased" };
        let place = hub.unwrap_or("all hubs");
        output.result(&json, || format!("{done}  {count:>6}  {what} ({place})"))
    }

    fn tell_what_stays(&self, output: &Output) -> Result<(), Failure> {
        if !self.blocks {
            let why = "a block, and the time of the last log-out, refuse old tokens; when no old token is good any more, --blocks erases both";
            stays(output, BLOCKS, why)?;
        }
        STAYS.iter().try_for_each(|(what, why)| stays(output, what, why))
    }
}

fn stays(output: &Output, what: &str, why: &str) -> Result<(), Failure> {
    let json = json!({ "what": what, "stays": why });
    output.result(&json, || format!("stays           {what}: {why}"))
}
