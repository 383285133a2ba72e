//! Which deployment a command talks to, and where its parts are.
//!
//! A command finds queues by their names, so that an account and a region are
//! enough. Flags, and the variables of a deployed function, name queues and
//! tables with other names. `--local` stands for all of this.

use std::time::Duration;

use clap::Args;
use hubcast_aws::access_keys::AccessKeySettings;
use hubcast_aws::log::CloudWatchLog;
use hubcast_aws::operator::{Account, OperatorError, Queue, SignIn, Trouble};
use hubcast_aws::store::DynamoStore;
use hubcast_backend::Table;
use hubcast_membership::shards::Shards;
use hubcast_model::channel::ShardCounts;
use hubcast_model::id::HubName;
use hubcast_model::ports::{AccessKeySource, Freshness};
use hubcast_model::settings::AccessKeys;
use hubcast_model::time::SystemClock;
use hubcast_wiring::config::KeysConfig;
use tokio::sync::OnceCell;

use crate::equals::is_place;
use crate::failure::Failure;

/// The access key of the Azure SignalR emulator. The local stack has the same key.
const LOCAL_KEY: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
/// How long an HTTP request may take.
const HTTP_TIMEOUT: Duration = Duration::from_secs(15);
/// The prefix of names when nobody says another.
const PREFIX: &str = "hubcast";

/// The place of a deployment.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Deployment")]
pub(crate) struct Place {
    /// Talks to a local stack; overrides the other flags and variables of this list.
    #[arg(long, global = true, value_name = "URL", num_args = 0..=1, require_equals = true,
          default_missing_value = "http://127.0.0.1:8080")]
    pub(crate) local: Option<String>,

    /// The AWS profile; the default is that of every AWS tool.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// The AWS region; the default is that of every AWS tool.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) region: Option<String>,

    /// The prefix of the queues' names, and the name of the table.
    #[arg(long, global = true, value_name = "NAME", env = "HUBCAST_PREFIX",
          default_value = PREFIX)]
    pub(crate) prefix: String,

    /// The hub.
    #[arg(long, global = true, value_name = "NAME", env = "DEFAULT_HUB",
          default_value = "notifications", value_parser = hub)]
    pub(crate) hub: HubName,

    /// The URL at which clients reach the deployment.
    #[arg(long, global = true, value_name = "URL", env = "PUBLIC_URL")]
    pub(crate) url: Option<String>,

    /// The queue that backends send to, when its name does not follow the prefix.
    #[arg(long, global = true, value_name = "URL", env = "NOTIFICATIONS_QUEUE_URL")]
    pub(crate) queue_url: Option<String>,

    /// The queue of jobs for big audiences, when its name does not follow the prefix.
    #[arg(long, global = true, value_name = "URL", env = "DELIVERIES_QUEUE_URL")]
    pub(crate) deliveries_queue_url: Option<String>,

    /// The queue of dead letters, when its name does not follow the prefix.
    #[arg(long, global = true, value_name = "URL", env = "DLQ_URL")]
    pub(crate) dlq_url: Option<String>,

    /// The table, when its name does not follow the prefix.
    #[arg(long, global = true, value_name = "NAME", env = "TABLE_NAME")]
    pub(crate) table: Option<String>,
}

fn hub(name: &str) -> Result<HubName, String> {
    HubName::parse(name).map_err(|err| format!("a hub's name {err}"))
}

/// What is wrong with the URL of a flag; `scheme` is what such URLs begin with.
fn fault_of(text: &str, flag: &str, scheme: &str) -> Option<String> {
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "ws" | "wss") && url.has_host() => {
            None
        }
        _ if text.contains("://") => Some(format!("{flag}: {text} is no URL of a deployment")),
        _ => Some(format!("{text} is no URL; did you mean {flag}={scheme}://{text}?")),
    }
}

/// A deployment that commands talk to. A command signs in at the first use of AWS.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    place: Place,
    account: OnceCell<Account>,
}

impl Deployment {
    /// The deployment at a place.
    ///
    /// # Errors
    /// When the place has a URL that is none.
    pub(crate) fn new(mut place: Place) -> Result<Self, Failure> {
        if let Some(local) = &place.local {
            let scheme = if is_place(local) && !local.contains("://") { "http://" } else { "" };
            let local = format!("{scheme}{}", local.trim_end_matches('/'));
            place = Place {
                url: Some(local.clone()),
                local: Some(local),
                prefix: PREFIX.to_owned(),
                hub: place.hub,
                profile: None,
                region: None,
                queue_url: None,
                deliveries_queue_url: None,
                dlq_url: None,
                table: None,
            };
        }
        place.url = place.url.map(|url| url.trim_end_matches('/').to_owned());
        let (flag, scheme) =
            if place.local.is_some() { ("--local", "http") } else { ("--url", "https") };
        if let Some(fault) = place.url.as_deref().and_then(|url| fault_of(url, flag, scheme)) {
            return Err(Failure::Usage(fault));
        }
        Ok(Self { place, account: OnceCell::new() })
    }

    /// The hub.
    pub(crate) const fn hub(&self) -> &HubName {
        &self.place.hub
    }

    /// The URL of the local stack, when the deployment is one.
    pub(crate) fn local(&self) -> Option<&str> {
        self.place.local.as_deref()
    }

    /// The name that the deployment's queues and functions begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.place.prefix
    }

    /// What a person does about trouble with this deployment; may be empty.
    pub(crate) fn advice(&self, trouble: Trouble) -> &'static str {
        match self.place.local {
            // A local stack signs nobody in and denies nothing.
            Some(_) if trouble == Trouble::Unreachable => {
                "start it: make run; --local=URL names another place"
            }
            Some(_) => {
                "is this a local stack? make run starts one; --local=URL names another place"
            }
            None => advice(trouble),
        }
    }

    /// The words for a local stack that does not answer; none for other deployments.
    pub(crate) fn silence(&self) -> Option<String> {
        let advice = self.advice(Trouble::Unreachable);
        self.local().map(|url| format!("nothing answers at {url}; {advice}"))
    }

    /// The URL at which clients reach the deployment, without a slash at the end.
    ///
    /// # Errors
    /// When no flag and no variable names the URL.
    pub(crate) fn url(&self) -> Result<&str, Failure> {
        self.place.url.as_deref().ok_or_else(|| {
            let text = "the URL of the deployment is not known: give --url, set PUBLIC_URL, or use --local";
            Failure::Usage(text.to_owned())
        })
    }

    /// The account of the deployment.
    pub(crate) async fn account(&self) -> Result<&Account, OperatorError> {
        self.account.get_or_try_init(|| self.sign_in()).await
    }

    async fn sign_in(&self) -> Result<Account, OperatorError> {
        let Place { profile, region, .. } = self.place.clone();
        Account::open(&match &self.place.local {
            Some(url) => SignIn::Local(url.clone()),
            None => SignIn::Aws { profile, region },
        })
        .await
    }

    /// The queue that backends send to.
    pub(crate) async fn notifications(&self) -> Result<Queue, OperatorError> {
        self.queue(self.place.queue_url.as_deref(), "notifications").await
    }

    /// Whether the flags name the queue that backends send to, or a local stack has one.
    pub(crate) const fn names_notifications(&self) -> bool {
        self.place.queue_url.is_some() || self.place.local.is_some()
    }

    /// The queue of jobs.
    pub(crate) async fn deliveries(&self) -> Result<Queue, OperatorError> {
        self.queue(self.place.deliveries_queue_url.as_deref(), "deliveries").await
    }

    /// The queue of dead letters.
    pub(crate) async fn dead_letters(&self) -> Result<Queue, OperatorError> {
        self.queue(self.place.dlq_url.as_deref(), "dlq").await
    }

    async fn queue(&self, url: Option<&str>, name: &str) -> Result<Queue, OperatorError> {
        let account = self.account().await?;
        match url {
            Some(url) => Ok(account.queue_at(url)),
            None => account.queue(&format!("{}-{name}.fifo", self.place.prefix)).await,
        }
    }

    /// The name of the channel table.
    pub(crate) async fn table(&self) -> Result<String, OperatorError> {
        match (&self.place.table, &self.place.local) {
            (Some(name), _) => Ok(name.clone()),
            (None, Some(_)) => Ok(self.place.prefix.clone()),
            (None, None) => self.account().await?.table_of(&self.place.prefix).await,
        }
    }

    /// The channel table.
    pub(crate) async fn store(&self) -> Result<DynamoStore, OperatorError> {
        Ok(self.account().await?.store(&self.table().await?))
    }

    /// The channel table with what reading it takes.
    pub(crate) async fn rows(&self) -> Result<Table<DynamoStore, SystemClock>, OperatorError> {
        let shards = Shards::new(ShardCounts::default());
        Ok(Table { store: self.store().await?, clock: SystemClock, shards })
    }

    /// The keys that sign client tokens.
    pub(crate) async fn access_keys(&self) -> Result<AccessKeys, Failure> {
        let settings = match self.place.local {
            Some(_) => AccessKeySettings::Plain(local_keys()?),
            None => {
                KeysConfig::from_env().map_err(|err| Failure::Usage(err.to_string()))?.access_keys
            }
        };
        if let AccessKeySettings::Plain(keys) = settings {
            return Ok(keys);
        }
        let vault = self.account().await?.access_keys(settings);
        let keys = vault.access_keys(Freshness::Cached).await;
        keys.map_err(|cause| Failure::because("the access keys cannot be read", cause))
    }

    /// The log of the functions.
    pub(crate) async fn log(&self) -> Result<CloudWatchLog, OperatorError> {
        Ok(self.account().await?.log(&self.place.prefix))
    }

    /// An HTTP client for the deployment.
    pub(crate) fn http(&self) -> Result<reqwest::Client, Failure> {
        let builder = reqwest::Client::builder().timeout(HTTP_TIMEOUT);
        // A proxy does not know this machine's ports.
        let builder = if self.place.local.is_some() { builder.no_proxy() } else { builder };
        builder.build().map_err(|err| Failure::because("HTTP cannot be spoken", err))
    }
}

fn local_keys() -> Result<AccessKeys, Failure> {
    AccessKeys::parse(LOCAL_KEY).map_err(|err| Failure::because("the local key is wrong", err))
}

/// What a person does about trouble with AWS.
const fn advice(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::NoRegion => "say --region, set AWS_REGION, or use --local for the local stack",
        Trouble::NoCredentials => {
            "sign in (such as by `aws sso login`), or name another profile with --profile"
        }
        Trouble::Denied => "ask for a permission of this name, or use another --profile",
        Trouble::NotThere => {
            "check --profile and --region, and --prefix; a queue or table of another name needs its own flag"
        }
        Trouble::Unreachable => "check that it runs there, and the network on the way",
        Trouble::Failed => "",
    }
}
