//! `hubcast audit`: who had what changed, to whom, and by which message; and the entries that
//! `hubcast` itself writes.

use std::time::Duration;

use clap::Args;
use hubcast_aws::audit::{AuditLine, AuditLog};
use hubcast_aws::operator::Account;
use hubcast_model::id::UserId;
use hubcast_model::journey::audit::{Deed, Doer, Outcome, Source, UNKNOWN, Whom};
use hubcast_model::journey::names::Naming;
use hubcast_model::ports::LogError;
use hubcast_model::report::chain;
use hubcast_model::time::{Clock, SystemClock, Timestamp};
use serde_json::{Value, json};

use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::moment::precise;
use crate::output::Output;
use crate::pass::{name, user};
use crate::period::duration;
use crate::why::{nameless, naming};

const EXAMPLES: &str = "\
Examples:
  hubcast audit --since 2d
  hubcast audit --message 059f36b4-87a3-44ab-83d2-661975950001
  hubcast audit --user alice --json";

/// The fields in the order in which people read them.
const SHOWN: [&str; 13] = [
    "by",
    "who",
    "app_id",
    "roles",
    "operation",
    "hub",
    "audience_kind",
    "audience",
    "groups",
    "message_id",
    "element",
    "sent_at",
    "requestId",
];

/// Says who had what changed, and who was not let.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Audit {
    #[command(flatten)]
    pub(crate) what: What,

    /// How far back the audit is read, such as `90s`, `30m`, `3h` or `2d`.
    #[arg(long, value_name = "TIME", default_value = "3h", value_parser = duration)]
    pub(crate) since: Duration,
}

/// What is asked about; everything when nothing is named.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct What {
    /// Only by the message of this id.
    #[arg(long, value_name = "ID", value_parser = name)]
    pub(crate) message: Option<String>,

    /// Only to this user of the hub.
    #[arg(long, short, value_name = "ID", value_parser = user)]
    pub(crate) user: Option<UserId>,

    /// Only by this doer: a `SenderId`, the subject of a token, or an ARN.
    #[arg(long, value_name = "ID", value_parser = name)]
    pub(crate) by: Option<String>,
}

impl Audit {
    pub(crate) async fn run(self, deployment: &Deployment, output: &Output) -> Result<(), Failure> {
        let since = SystemClock.now().minus(self.since);
        let word = self.what.word(deployment).await?;
        let account = deployment.account().await?;
        let entries = account.audit(deployment.prefix(), word.as_deref(), since).await;
        let entries = entries.map_err(|err| failure(&err))?;
        if entries.is_empty() {
            return Err(Failure::NotThere(format!(
                "the audit has no entry since {}{}; entries come up to a minute late",
                precise(since),
                if word.is_some() { " about this" } else { "" }
            )));
        }
        for (at, entry) in &entries {
            let json = json!({ "at": precise(*at), "entry": entry });
            output.result(&json, || vec![told(*at, entry)])?;
        }
        Ok(())
    }
}

impl What {
    /// The word by which entries are found.
    async fn word(self, deployment: &Deployment) -> Result<Option<String>, Failure> {
        let Some(user) = self.user else {
            return Ok(self.message.or(self.by));
        };
        let naming = naming(deployment).await?;
        naming.user(deployment.hub(), &user).map(Some).ok_or_else(nameless)
    }
}

/// An entry for people; fields that do not apply are left out.
fn told(at: Timestamp, entry: &Value) -> String {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or("unknown");
    let head = format!("{}  {:<8} {:<10}", precise(at), text("outcome"), text("action"));
    let shown = SHOWN.iter().map(|name| (name, text(name)));
    let applying = shown.filter(|(_, value)| !["none", "unknown"].contains(value));
    applying.fold(head, |line, (name, value)| format!("{line} {name}={value}"))
}

fn failure(err: &LogError) -> Failure {
    let text = match err {
        LogError::NoLog(group) => format!(
            "there is no audit: the log group {group} does not exist; check --prefix, --profile and --region, and upgrade an older deployment"
        ),
        LogError::Denied { action, .. } => {
            format!("the audit is closed to these credentials; ask for the action {action}")
        }
        LogError::TooMuch => format!("{}; say a shorter --since", chain(err)),
        LogError::Unavailable(_) => chain(err),
    };
    Failure::failed(text)
}

/// Writes what `hubcast` does to the audit.
#[derive(Debug)]
pub(crate) struct Notes<'a> {
    log: AuditLog,
    doer: Doer,
    naming: Naming,
    output: &'a Output,
}

impl<'a> Notes<'a> {
    /// The audit of a deployment, and who writes there.
    ///
    /// # Errors
    /// When there are no credentials.
    pub(crate) async fn open(deployment: &Deployment, output: &'a Output) -> Result<Self, Failure> {
        let account = deployment.account().await?;
        let arn = match deployment.local() {
            // A local stack signs nobody in.
            Some(_) => "local".to_owned(),
            None => caller(account, output).await,
        };
        // Who may not read how the functions name people writes no names.
        let naming = naming(deployment).await.unwrap_or(Naming::Nothing);
        let log = account.audit_log(deployment.prefix());
        Ok(Self { log, doer: Doer::operator(&arn), naming, output })
    }

    /// Notes what was done. An older deployment has no audit, which is remarked.
    ///
    /// # Errors
    /// When the audit does not take the entry.
    pub(crate) async fn note(
        &self,
        action: &str,
        whom: Whom,
        source: Source<'_>,
    ) -> Result<(), Failure> {
        let (doer, operation, outcome) = (&self.doer, None, Outcome::Done);
        let deed = Deed { doer, action, operation, outcome, whom, source };
        let line = AuditLine { at: SystemClock.now(), text: deed.entry(&self.naming).line() };
        match self.log.put(&[line]).await {
            Ok(()) => Ok(()),
            Err(LogError::NoLog(group)) => {
                let text = format!("nothing was noted: the audit {group} does not exist");
                self.output.remark(&text);
                Ok(())
            }
            Err(LogError::Denied { action: missing, .. }) => Err(Failure::failed(format!(
                "'{action}' was done once and is not in the audit; ask for the action {missing}"
            ))),
            Err(err) => Err(Failure::failed(format!(
                "'{action}' was done once and is not in the audit: {}",
                chain(&err)
            ))),
        }
    }
}

/// The ARN of whoever is signed in. Work in an outage must not wait for the service that tells.
async fn caller(account: &Account, output: &Output) -> String {
    match account.caller().await {
        Ok(arn) => arn,
        Err(err) => {
            let why = chain(&err);
            output.remark(&format!("the audit will say that somebody unknown did this: {why}"));
            UNKNOWN.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_apply_is_not_shown_to_people() {
        let entry = json!({ "by": "sqs", "who": "AIDA", "roles": "none", "action": "close", "outcome": "done" });
        let told = told(Timestamp::from_millis(0), &entry);
        assert_eq!(told, "1970-01-01T00:00:00Z  done     close      by=sqs who=AIDA");
    }

    #[test]
    fn each_failure_has_its_own_sentence() {
        let denied = LogError::Denied { action: "logs:FilterLogEvents", source: "no".into() };
        let texts = [LogError::NoLog("/hubcast/x/audit".to_owned()), denied, LogError::TooMuch]
            .map(|err| failure(&err).to_string());
        assert!(texts[0].contains("/hubcast/x/audit does not exist"), "{}", texts[0]);
        assert!(texts[1].contains("ask for the action logs:FilterLogEvents"), "{}", texts[1]);
        assert!(texts[2].contains("a shorter --since"), "{}", texts[2]);
    }
}
