//! `hubcast users` and `hubcast groups`: who is there, how many, and sending them away.

mod erase;
mod show;

use clap::{Args, Subcommand};
use hubcast_backend::{Census, Roster};
use hubcast_model::audience::Audience;
use hubcast_model::id::{GroupName, UserId};
use serde_json::json;

use crate::audience;
use crate::close::{Manner, close};
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::output::Output;
use crate::pass::{group, name, user};
use erase::Erase;
use show::show;

const USERS: &str = "\
Examples:
  hubcast users list
  hubcast users count --json
  hubcast users show alice
  hubcast users close alice --reason 'You are logged out'
  hubcast users close alice bob --allow-reconnect
  hubcast users erase alice --all-hubs --dry-run";

const GROUPS: &str = "\
Examples:
  hubcast groups list
  hubcast groups count admins
  hubcast groups close admins --allow-reconnect";

/// The heads of the columns before the last one.
const HEADS: &str = "CONNECTIONS  ";

/// Users of the hub that are connected.
#[derive(Debug, Subcommand)]
#[command(after_help = USERS)]
pub(crate) enum Users {
    /// Lists users, each with the number of connections.
    #[command(after_help = USERS)]
    List,
    /// Counts users, or the connections of one user.
    #[command(after_help = USERS)]
    Count {
        /// Counts this user's connections.
        #[arg(value_parser = user, value_name = "ID")]
        user: Option<UserId>,
    },
    /// Shows what the table holds of a user: connections, groups, block, messages that wait.
    #[command(after_help = USERS)]
    Show {
        /// The user.
        #[arg(value_parser = user, value_name = "ID")]
        user: UserId,
    },
    /// Logs users out: ends their connections, and refuses their old tokens.
    #[command(after_help = USERS)]
    Close(CloseUsers),
    /// Erases all that the deployment holds of a user, and names what stays.
    #[command(after_help = USERS)]
    Erase(Erase),
}

/// Groups of the hub with connections.
#[derive(Debug, Subcommand)]
#[command(after_help = GROUPS)]
pub(crate) enum Groups {
    /// Lists groups, each with the number of connections. Reads the row of every connection.
    #[command(after_help = GROUPS)]
    List,
    /// Counts groups, or the connections in one group.
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

    /// Keeps the old tokens good, so that the users may connect again.
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
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        match self {
            Self::List => {
                let rows = deployment.rows().await?;
                let users = Census::new(Roster::new(&rows, deployment.hub())).by_user().await?;
                output.heads(&format!("{HEADS}USER"))?;
                users.iter().try_for_each(|(user, connections)| {
                    let user = user.as_ref().map(UserId::as_str);
                    let json = json!({ "userId": user, "connections": connections });
                    let name = user.unwrap_or("(nobody in particular)");
                    output.result(&json, || format!("{connections:>11}  {name}"))
                })
            }
            Self::Count { user: None } => {
                let rows = deployment.rows().await?;
                let users = Census::new(Roster::new(&rows, deployment.hub())).by_user().await?;
                let count = users.keys().flatten().count();
                output.result(&json!({ "users": count }), || count.to_string())
            }
            Self::Count { user: Some(user) } => {
                count(deployment, output, &Audience::user(user)).await
            }
            Self::Show { user } => show(&user, deployment, output).await,
            Self::Erase(erase) => erase.run(deployment, output).await,
            Self::Close(CloseUsers { users, keep_tokens, manner }) => {
                let revoke = keep_tokens.then_some(false);
                let users = users.iter().map(audience::user).collect::<Result<_, _>>()?;
                close(deployment, output, users, &manner, revoke).await
            }
        }
    }
}

impl Groups {
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        match self {
            Self::List => {
                let rows = deployment.rows().await?;
                let groups = Census::new(Roster::new(&rows, deployment.hub())).by_group().await?;
                output.heads(&format!("{HEADS}GROUP"))?;
                groups.iter().try_for_each(|(group, connections)| {
                    let json = json!({ "group": group.as_str(), "connections": connections });
                    output.result(&json, || format!("{connections:>11}  {group}"))
                })
            }
            Self::Count { group: None } => {
                let rows = deployment.rows().await?;
                let groups = Census::new(Roster::new(&rows, deployment.hub())).by_group().await?;
                let count = groups.len();
                output.result(&json!({ "groups": count }), || count.to_string())
            }
            Self::Count { group: Some(group) } => {
                count(deployment, output, &Audience::group(group)).await
            }
            Self::Close(CloseGroups { groups, manner }) => {
                let groups = groups.iter().map(audience::group).collect::<Result<_, _>>()?;
                close(deployment, output, groups, &manner, None).await
            }
        }
    }
}

/// Tells how many connections an audience has.
pub(crate) async fn count(
    deployment: &Deployment,
    output: &Output,
    audience: &Audience,
) -> Result<(), Failure> {
    let rows = deployment.rows().await?;
    let count = Census::new(Roster::new(&rows, deployment.hub())).count(audience).await?;
    output.result(&json!({ "connections": count.connections }), || count.connections.to_string())
}
