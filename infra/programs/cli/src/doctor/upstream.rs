//! Endpoints of backends that are not at the upstream URL.
//!
//! hubcast follows no redirects, so no event reaches such an endpoint.

use hubcast_aws::operator::{Trouble, WrongAddress};
use hubcast_model::report::chain;
use serde::Deserialize;

use super::finding::Finding;
use crate::deployment::Deployment;

const UPSTREAM: &str = "upstream";

/// Counts of a local stack, as far as they are of interest here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    #[serde(default)]
    wrong_address: Option<WrongAddress>,
}

/// Looks for answers of endpoints that are elsewhere.
pub(super) async fn examine(deployment: &Deployment) -> Finding {
    match deployment.local() {
        Some(url) => match local(deployment, url).await {
            Ok(wrong) => told(wrong.as_ref()),
            Err(why) => {
                Finding::skip(UPSTREAM, format!("nobody knows what endpoints answer: {why}"))
            }
        },
        None => deployed(deployment).await,
    }
}

async fn deployed(deployment: &Deployment) -> Finding {
    let found = match deployment.account().await {
        Ok(account) => account.wrong_address(deployment.prefix()).await,
        Err(err) => Err(err),
    };
    match found {
        Ok(wrong) => told(wrong.as_ref()),
        Err(err) if err.trouble == Trouble::Denied => {
            Finding::skip(UPSTREAM, chain(&err)).advised("ask for logs:FilterLogEvents")
        }
        Err(err) => Finding::skip(UPSTREAM, chain(&err)),
    }
}

async fn local(deployment: &Deployment, url: &str) -> Result<Option<WrongAddress>, String> {
    let http = deployment.http().map_err(|err| err.to_string())?;
    let answer = http.get(format!("{url}/dev/counts")).send().await;
    let counts = answer.map_err(|err| chain(&err.without_url()))?.json::<Counts>().await;
    counts.map(|counts| counts.wrong_address).map_err(|err| chain(&err.without_url()))
}

fn told(wrong: Option<&WrongAddress>) -> Finding {
    let Some(WrongAddress { status, location }) = wrong else {
        return Finding::ok(UPSTREAM, "no webhook answered by a redirect or by 404");
    };
    if location.is_empty() {
        let text = format!("the upstream URL answers {status}");
        let advice = "set UpstreamUrl (UPSTREAM_URL, --upstream-url) to the path of the endpoint, and see that the app has the hub; an app of Azure Functions answers 404 to events without a function";
        return Finding::warn(UPSTREAM, text).advised(advice);
    }
    let text = format!("the upstream URL answers {status} to {location}: set the exact address");
    let advice = "set UpstreamUrl (UPSTREAM_URL, --upstream-url) to the address at which the endpoint itself answers, since hubcast follows no redirects";
    Finding::warn(UPSTREAM, text).advised(advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn a_redirect_is_told_with_its_place_and_a_404_without() {
        assert_eq!(told(None).verdict, Verdict::Ok);
        let wrong = |status, location: &str| WrongAddress { status, location: location.to_owned() };
        let finding = told(Some(&wrong(307, "https://app.example/hook")));
        assert_eq!(finding.verdict, Verdict::Warn);
        let text =
            "the upstream URL answers 307 to https://app.example/hook: set the exact address";
        assert_eq!(finding.detail, text);
        assert_eq!(told(Some(&wrong(404, ""))).detail, "the upstream URL answers 404");
    }
}
