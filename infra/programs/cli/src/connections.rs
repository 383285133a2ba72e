//! `hubcast connections`: who is there, how many, and sending them away.

use clap::{Args, Subcommand};
use hubcast_model::channel::Member;
use hubcast_model::id::{GroupName, UserId};
use hubcast_model::socket::{Socket, SocketState};
use serde_json::{Value, json};

use crate::close::{Manner, close};
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::moment::rfc3339;
use crate::output::Output;
use crate::pass::{group, name, user};
use crate::roster::{Roster, Whose, groups_of};

const EXAMPLES: &str = "\
Examples:
  hubcast connections list --user alice --details
  hubcast connections list --group admins --json
  hubcast connections count
  hubcast connections close 3kq0tLx5b2Zr --reason 'Please come back' --allow-reconnect";

/// Connections of the hub.
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Connections {
    /// Lists connections.
    #[command(after_help = EXAMPLES)]
    List(List),
    /// Counts connections.
    #[command(after_help = EXAMPLES)]
    Count(Selection),
    /// Ends connections.
    #[command(after_help = EXAMPLES)]
    Close(Close),
}

/// Whose connections; everybody's when nothing is named.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Selection {
    /// Those of a user.
    #[arg(long, short, value_name = "ID", value_parser = user)]
    user: Option<UserId>,

    /// Those in a group.
    #[arg(long, short, value_name = "NAME", value_parser = group)]
    group: Option<GroupName>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    selection: Selection,

    /// Also reads since when each is connected, and its groups.
    #[arg(long)]
    details: bool,

    /// Ends after so many.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct Close {
    /// The connections.
    #[arg(required_unless_present = "all", value_name = "ID", value_parser = name)]
    connections: Vec<String>,

    /// All of the hub.
    #[arg(long, conflicts_with = "connections")]
    all: bool,

    #[command(flatten)]
    manner: Manner,
}

impl Connections {
    pub(crate) async fn run(self, deployment: &Deployment, output: Output) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(&Roster::open(deployment).await?, output).await,
            Self::Count(selection) => {
                let count = Roster::open(deployment).await?.count(&selection.whose()).await?;
                output.result(&json!({ "connections": count }), || count.to_string())
            }
            Self::Close(Close { all: true, manner, .. }) => {
                let everyone = vec![("everyone", json!(true))];
                close(deployment, output, everyone, (&manner, None)).await
            }
            Self::Close(Close { connections, manner, .. }) => {
                let named = connections.iter().map(|id| ("connectionId", json!(id))).collect();
                close(deployment, output, named, (&manner, None)).await
            }
        }
    }
}

impl Selection {
    fn whose(&self) -> Whose {
        match (&self.user, &self.group) {
            (Some(user), _) => Whose::User(user.clone()),
            (None, Some(group)) => Whose::Group(group.clone()),
            (None, None) => Whose::Hub,
        }
    }
}

impl List {
    async fn run(self, roster: &Roster, output: Output) -> Result<(), Failure> {
        let mut left = self.limit.unwrap_or(usize::MAX);
        let mut pages = roster.pages(&self.selection.whose());
        while left > 0 {
            let Some(mut page) = pages.next().await? else {
                return Ok(());
            };
            page.truncate(left);
            left -= page.len();
            let records =
                if self.details { roster.records(&page).await? } else { vec![None; page.len()] };
            for (member, record) in page.iter().zip(&records) {
                show(member, record.as_ref(), output)?;
            }
        }
        Ok(())
    }
}

fn show(member: &Member, record: Option<&Socket>, output: Output) -> Result<(), Failure> {
    let (id, user) = (member.connection.as_str(), member.user.as_ref().map(UserId::as_str));
    let mut json = json!({ "connectionId": id, "userId": user });
    let mut text = format!("{id:<24}  {}", user.unwrap_or("(nobody in particular)"));
    if let Some(socket) = record {
        let groups: Vec<String> = groups_of(socket).map(|group| group.to_string()).collect();
        let since = rfc3339(socket.connected_at);
        text = format!("{text}  {since}  {}", groups.join(", "));
        json["connectedAt"] = Value::from(since);
        json["groups"] = Value::from(groups);
        json["isReady"] = Value::from(socket.state == SocketState::Ready);
    }
    output.result(&json, || text.trim_end().to_owned())
}
