//! Servers that try to connect: a backend that means Azure's default or persistent mode.
//!
//! Such a backend reports success and sends nothing, and its own log has no
//! word of the reason.

use hubcast_aws::operator::Trouble;
use hubcast_model::report::chain;
use serde::Deserialize;

use super::finding::Finding;
use crate::deployment::Deployment;
use crate::network::in_words;

const SERVERS: &str = "servers";

/// Counts of a local stack, as far as they are of interest here.
#[derive(Debug, Deserialize)]
struct Counts {
    #[serde(rename = "serverTries", default)]
    server_tries: u64,
}

/// Looks for tries of servers.
pub(super) async fn examine(deployment: &Deployment) -> Finding {
    match deployment.local() {
        Some(url) => match local_tries(deployment, url).await {
            Ok(tries) => told(tries > 0),
            Err(why) => Finding::skip(SERVERS, format!("nobody knows whether one tries: {why}")),
        },
        None => deployed(deployment).await,
    }
}

async fn deployed(deployment: &Deployment) -> Finding {
    let found = match deployment.account().await {
        Ok(account) => account.has_server_tries(deployment.prefix()).await,
        Err(err) => Err(err),
    };
    match found {
        Ok(tries) => told(tries),
        Err(err) if err.trouble == Trouble::Denied => {
            Finding::skip(SERVERS, chain(&err)).advised("ask for logs:FilterLogEvents")
        }
        Err(err) => Finding::skip(SERVERS, chain(&err)),
    }
}

async fn local_tries(deployment: &Deployment, url: &str) -> Result<u64, String> {
    let http = deployment.http().map_err(|err| err.to_string())?;
    let answer = http.get(format!("{url}/dev/counts")).send().await;
    let counts = answer.map_err(|err| in_words(&err.without_url()))?.json::<Counts>().await;
    counts.map(|counts| counts.server_tries).map_err(|err| in_words(&err.without_url()))
}

fn told(tries: bool) -> Finding {
    if !tries {
        return Finding::ok(SERVERS, "no server tries to connect as in Azure's default mode");
    }
    let text = "a server in default or persistent mode tries to connect, and sends nothing";
    let advice = "use transient mode of the management SDK (ServiceTransportType.Transient), not AddAzureSignalR; see docs/MIGRATION.md";
    Finding::warn(SERVERS, text).advised(advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn a_server_that_tries_is_told_with_the_mode_that_works() {
        assert_eq!(told(false).verdict, Verdict::Ok);
        let finding = told(true);
        assert_eq!(finding.verdict, Verdict::Warn);
        assert!(finding.advice.is_some_and(|advice| advice.contains("Transient")));
    }
}
