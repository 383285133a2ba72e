//! `hubcast token`: a token to connect with.

use std::time::Duration;

use clap::Args;
use hubcast_auth::client::CLIENT_TOKEN_LIFETIME;
use hubcast_model::id::UserId;
use serde_json::json;

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::output::Output;
use crate::pass::{Pass, Person};

const EXAMPLES: &str = "\
Examples:
  hubcast token --local --user alice
  hubcast token --local --user alice --group admins --json
  hubcast token --local --user alice --app
  hubcast token --url https://push.example.com --user alice --session 3600";

/// Makes a token to connect with, and prints it.
///
/// A client token is signed with the access key (`ACCESS_KEY_PARAMETER` or `ACCESS_KEYS`)
/// and opens connections for five minutes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Token {
    #[command(flatten)]
    person: Person,

    /// Ends the session, and all its connections, after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    session: Option<u64>,

    /// Makes an app token of the local stack's issuer.
    #[arg(long, conflicts_with = "session")]
    app: bool,
}

impl Token {
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        let pass = if self.app {
            let (local, user) = self.issued(deployment)?;
            Pass::of_issuer(deployment, local, user, &self.person).await?
        } else {
            let session = self.session.map(Duration::from_secs);
            Pass::signed(deployment, &self.person, session).await?
        };
        let url = pass.door.url(deployment.url()?, deployment.hub());
        let mut json = json!({ "url": url, "accessToken": pass.token });
        if !self.app {
            json["expiresInSeconds"] = json!(CLIENT_TOKEN_LIFETIME.as_secs());
        }
        output.result(&json, || pass.token)
    }

    /// The URL of the local stack that makes an app token, and the user of the token.
    fn issued<'a>(&'a self, deployment: &'a Deployment) -> Result<(&'a str, &'a UserId), Failure> {
        let issued = deployment.local().zip(self.person.user.as_ref());
        issued.ok_or_else(|| Failure::Usage("--app goes with --local and --user".to_owned()))
    }
}
