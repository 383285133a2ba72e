//! `hubcast users` and `hubcast groups`: who is there, how many, and sending them away.

use clap::{Args, Subcommand};
use hubcast_model::id::{GroupName, UserId};
use serde_json::{Value, json};

use crate::close::{Manner, close};
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::output::Output;
use crate::pass::{group, name, user};
use crate::roster::{Roster, Whose};

const USERS: &str = "\
Examples:
  hubcast users list
  hubcast users count --json
  hubcast users close alice --reason 'You are logged out'
  hubcast users close alice bob --allow-reconnect";

const GROUPS: &str = "\
Examples:
  hubcast groups list
  hubcast groups count admins
  hubcast groups close admins --allow-reconnect";

/// Users of the hub that are connected.
#[derive(Debug, Subcommand)]
#[command(after_help = USERS)]
pub(crate) enum Users {
    /// Lists users, with how many connections each has.
    #[command(after_help = USERS)]
    List,
    /// Counts users, or the connections of one.
    #[command(after_help = USERS)]
    Count {
        /// Counts this user's connections.
        #[arg(value_parser = user, value_name = "ID")]
        user: Option<UserId>,
    },
    /// Logs users out: ends their connections, and refuses tokens from before.
    #[command(after_help = USERS)]
    Close(CloseUsers),
}

/// Groups of the hub that somebody is in.
#[derive(Debug, Subcommand)]
#[command(after_help = GROUPS)]
pub(crate) enum Groups {
    /// Lists groups, with how many connections each has. Reads every connection's record.
    #[command(after_help = GROUPS)]
    List,
    /// Counts groups, or the connections in one.
    #[command(after_help = GROUPS)]
    Count {
        /// Counts this group's connections.
        #[arg(value_parser = group, value_name = "NAME")]
        group: Option<GroupName>,
    },
    /// Ends the connections in groups.
    #[command(after_help = GROUPS)]
    Close(CloseGroups),
}

#[derive(Debug, Args)]
pub(crate) struct CloseUsers {
    /// The users.
    #[arg(required = true, value_name = "ID", value_parser = name)]
    users: Vec<String>,

    /// Leaves their tokens good, so that they may connect again with them.
    #[arg(long, conflicts_with = "allow_reconnect")]
    keep_tokens: bool,

    #[command(flatten)]
    manner: Manner,
}

#[derive(Debug, Args)]
pub(crate) struct CloseGroups {
    /// The groups.
    #[arg(required = true, value_name = "NAME", value_parser = name)]
    groups: Vec<String>,

    #[command(flatten)]
    manner: Manner,
}

impl Users {
    pub(crate) async fn run(self, deployment: &Deployment, output: Output) -> Result<(), Failure> {
        match self {
            Self::List => {
                let users = Roster::open(deployment).await?.users().await?;
                users.iter().try_for_each(|(user, connections)| {
                    let user = user.as_ref().map(UserId::as_str);
                    let json = json!({ "userId": user, "connections": connections });
                    let name = user.unwrap_or("(nobody in particular)");
                    output.result(&json, || format!("{connections:>6}  {name}"))
                })
            }
            Self::Count { user: None } => {
                let users = Roster::open(deployment).await?.users().await?;
                let count = users.keys().flatten().count();
                output.result(&json!({ "users": count }), || count.to_string())
            }
            Self::Count { user: Some(user) } => count(deployment, output, &Whose::User(user)).await,
            Self::Close(CloseUsers { users, keep_tokens, manner }) => {
                let revoke = keep_tokens.then_some(false);
                close(deployment, output, named("userId", &users), (&manner, revoke)).await
            }
        }
    }
}

impl Groups {
    pub(crate) async fn run(self, deployment: &Deployment, output: Output) -> Result<(), Failure> {
        match self {
            Self::List => {
                let groups = Roster::open(deployment).await?.groups().await?;
                groups.iter().try_for_each(|(group, connections)| {
                    let json = json!({ "group": group.as_str(), "connections": connections });
                    output.result(&json, || format!("{connections:>6}  {group}"))
                })
            }
            Self::Count { group: None } => {
                let count = Roster::open(deployment).await?.groups().await?.len();
                output.result(&json!({ "groups": count }), || count.to_string())
            }
            Self::Count { group: Some(group) } => {
                count(deployment, output, &Whose::Group(group)).await
            }
            Self::Close(CloseGroups { groups, manner }) => {
                close(deployment, output, named("groupName", &groups), (&manner, None)).await
            }
        }
    }
}

async fn count(deployment: &Deployment, output: Output, whose: &Whose) -> Result<(), Failure> {
    let count = Roster::open(deployment).await?.count(whose).await?;
    output.result(&json!({ "connections": count }), || count.to_string())
}

fn named<'a>(property: &'a str, names: &[String]) -> Vec<(&'a str, Value)> {
    names.iter().map(|name| (property, json!(name))).collect()
}
