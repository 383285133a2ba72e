//! `hubcast connections`: who is there, how many, and sending them away.

use clap::{Args, Subcommand};
use hubcast_aws::store::DynamoStore;
use hubcast_backend::{Cursor, Roster};
use hubcast_model::audience::Audience;
use hubcast_model::channel::Member;
use hubcast_model::id::{GroupName, UserId};
use hubcast_model::socket::Socket;
use hubcast_model::time::SystemClock;

use crate::audience;
use crate::close::{Manner, close};
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::member::described;
use crate::output::Output;
use crate::pass::{group, name, user};
use crate::people::count;

const EXAMPLES: &str = "\
Examples:
  hubcast connections list --user alice --details
  hubcast connections list --group admins --json
  hubcast connections count
  hubcast connections close 3kq0tLx5b2Zr --reason 'Please come back' --allow-reconnect";

/// How many connections are read before they are shown.
const PAGE_ROWS: usize = 1000;

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
    pub(crate) user: Option<UserId>,

    /// Those in a group.
    #[arg(long, short, value_name = "NAME", value_parser = group)]
    pub(crate) group: Option<GroupName>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) selection: Selection,

    /// Also reads since when each is connected, and its groups.
    #[arg(long)]
    pub(crate) details: bool,

    /// Ends after so many.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
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
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        match self {
            Self::List(list) => {
                let rows = deployment.rows().await?;
                list.run(&Roster::new(&rows, deployment.hub()), output).await
            }
            Self::Count(selection) => count(deployment, output, &selection.audience()).await,
            Self::Close(Close { all: true, manner, .. }) => {
                close(deployment, output, vec![Audience::Hub], &manner, None).await
            }
            Self::Close(Close { connections, manner, .. }) => {
                let named = connections.iter().map(audience::connection);
                let named = named.collect::<Result<_, _>>()?;
                close(deployment, output, named, &manner, None).await
            }
        }
    }
}

impl Selection {
    fn audience(&self) -> Audience {
        match (&self.user, &self.group) {
            (Some(user), _) => Audience::user(user.clone()),
            (None, Some(group)) => Audience::group(group.clone()),
            (None, None) => Audience::Hub,
        }
    }
}

impl List {
    async fn run(
        self,
        roster: &Roster<'_, DynamoStore, SystemClock>,
        output: &Output,
    ) -> Result<(), Failure> {
        let (audience, mut left) = (self.selection.audience(), self.limit.unwrap_or(usize::MAX));
        let more = if self.details { "  SINCE  GROUPS" } else { "" };
        output.heads(&format!("{:<24}  USER{more}", "CONNECTION"))?;
        let mut cursor = Some(Cursor::default()).filter(|_| left > 0);
        while let Some(start) = cursor {
            let page = roster.page(&audience, start, left.min(PAGE_ROWS)).await?;
            let members = page.items;
            left -= members.len();
            let records = if self.details {
                roster.records(&members).await?
            } else {
                vec![None; members.len()]
            };
            for (member, record) in members.iter().zip(&records) {
                show(member, record.as_ref(), output)?;
            }
            cursor = page.next.filter(|_| left > 0);
        }
        Ok(())
    }
}

fn show(member: &Member, record: Option<&Socket>, output: &Output) -> Result<(), Failure> {
    let (json, text) = described(member, record);
    output.result(&json, || text)
}
