//! `hubcast console`: a page on this machine that shows what the commands show.
//!
//! Whatever the page asks is answered by the command of the same name, as JSON,
//! with the credentials of whoever started the program. Nothing is deployed, and
//! nobody else on the network can ask. See docs/adr/0109.

mod answer;
mod changes;
mod door;
mod listening;
mod page;
mod reads;
mod server;
mod state;

use std::net::{Ipv4Addr, SocketAddr};

use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::output::Output;
use door::Door;
use server::serve;
use state::Console as Served;

const EXAMPLES: &str = "\
Examples:
  hubcast console --local
  hubcast console --url https://push.example.com --region eu-central-1
  hubcast console --allow-changes --port 8090";

/// Serves a page on this machine that shows the deployment: who is connected, what became of a
/// message, figures over time, dead letters, findings of the doctor.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Console {
    /// Lets the page send messages, end connections, block users, and redrive and drop dead
    /// letters.
    #[arg(long)]
    allow_changes: bool,

    /// The port on 127.0.0.1; 0 picks a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

impl Console {
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|err| {
            Failure::because(format!("{address} cannot be used; name another --port"), err)
        })?;
        let door = Door::new(listener.local_addr()?)?;
        if !page::is_built() {
            output.remark(page::MISSING);
        }
        let url = door.entrance();
        output.result(&json!({ "url": url, "changes": self.allow_changes }), || url.clone())?;
        output.remark(if self.allow_changes {
            "open this address once; the page may change the deployment; Ctrl-C ends the console"
        } else {
            "open this address once; the page changes nothing without --allow-changes; Ctrl-C ends the console"
        });
        let console = Served::new(deployment.clone(), door, self.allow_changes);
        tokio::select! {
            served = serve(listener, console) => Ok(served?),
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
        }
    }
}
