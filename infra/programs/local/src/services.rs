//! The services behind the one port, and what concerns all of them: creation, reset, counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context;
use aws_config::SdkConfig;
use hubcast_aws::store::{create_table, delete_table};
use tokio::sync::{RwLock, RwLockReadGuard};

use crate::books::Books;
use crate::consumers::LocalUpstream;
use crate::counts::{Counts, Refused};
use crate::demo::Demo;
use crate::dynamodb::DynamoDb;
use crate::functions::{LocalFunctions, Runtime, TABLE};
use crate::gateway::Gateway;
use crate::issuer::Issuer;
use crate::options::Options;
use crate::sqs::Sqs;

/// The services that answer requests.
pub(crate) struct Services {
    /// The URL of the stack, without a slash at the end.
    pub(crate) base: String,
    /// How programs in this process reach the table and the queues.
    pub(crate) sdk: SdkConfig,
    /// What the stack was told at its start.
    pub(crate) options: Options,
    /// The functions of clients and backends.
    pub(crate) functions: LocalFunctions,
    /// API Gateway, with these functions behind it.
    pub(crate) gateway: Arc<Gateway<LocalFunctions>>,
    /// The table's service.
    pub(crate) dynamodb: DynamoDb,
    /// The queues' service.
    pub(crate) sqs: Sqs,
    /// The issuer of development tokens.
    pub(crate) issuer: Issuer,
    /// The demo page, if somebody built one.
    pub(crate) demo: Option<Demo>,
    /// Whether requests are let in.
    pub(crate) admission: Admission,
    /// How often servers wanted to connect, as in Azure's default and persistent mode.
    pub(crate) server_tries: AtomicUsize,
    /// The deliverer of events to endpoints, if there are endpoints.
    pub(crate) endpoints: Option<LocalUpstream>,
    /// The log and the figures of the functions.
    pub(crate) books: Books,
    /// The variables by which the functions write it.
    pub(crate) log_variables: BTreeMap<String, String>,
}

/// Whether requests are let in.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    /// Set once the queues and the table are there.
    ready: AtomicBool,
    /// Clients wait at this door while a reset empties everything: a reset sends clients away, and
    /// they come back at once.
    door: RwLock<()>,
}

impl Services {
    /// Whether the queues and the table are there.
    pub(crate) fn is_ready(&self) -> bool {
        self.admission.ready.load(Ordering::Acquire)
    }

    /// Waits for the end of a reset. The next reset waits until the guard is dropped.
    pub(crate) async fn enter(&self) -> RwLockReadGuard<'_, ()> {
        self.admission.door.read().await
    }

    /// Creates the queues and the table, and lets requests in.
    pub(crate) async fn create(&self) -> anyhow::Result<()> {
        self.sqs.reset().await.context("the queues cannot be created")?;
        match create_table(&self.sdk, TABLE).await {
            // A folder that was used before holds the table already.
            Err(err) if err.is_existing() => {}
            created => created.context("the table cannot be created")?,
        }
        self.admission.ready.store(true, Ordering::Release);
        Ok(())
    }

    /// Deploys the functions of clients and backends with these variables beside those of the
    /// start. Sockets stay open. What consumes queues keeps its variables.
    ///
    /// # Errors
    /// When a variable is wrong or unknown; then everything stays as it was.
    pub(crate) fn deploy(&self, variables: BTreeMap<String, String>) -> anyhow::Result<()> {
        let set = self.options.set.iter().cloned().chain(variables).collect();
        let options = Options { set, ..self.options.clone() };
        options.check_names()?;
        self.functions.deploy(&Runtime {
            options: &options,
            sdk: &self.sdk,
            base: &self.base,
            issuers: self.issuer.settings(),
            rest_issuers: self.issuer.rest_settings(),
        })
    }

    /// Notes that a server wanted to connect.
    pub(crate) fn note_server(&self) {
        self.server_tries.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts connections and messages.
    ///
    /// # Errors
    /// When the table or a queue does not answer.
    pub(crate) async fn counts(&self) -> anyhow::Result<Counts> {
        let endpoints = self.endpoints.as_ref();
        let refused = Refused {
            server_tries: self.server_tries.load(Ordering::Relaxed),
            stateful_reconnect: self.options.stateful_reconnect.clone(),
            wrong_address: endpoints.and_then(|endpoints| endpoints.wrong_addresses().last()),
        };
        Counts::take(self.gateway.connection_count(), refused, &self.sdk).await
    }

    /// Closes all sockets, and empties the table and the queues.
    ///
    /// # Errors
    /// When the table or the queues cannot be emptied.
    pub(crate) async fn reset(&self) -> anyhow::Result<()> {
        let _closed = self.admission.door.write().await;
        self.sqs.reset().await?;
        self.server_tries.store(0, Ordering::Relaxed);
        if let Some(endpoints) = &self.endpoints {
            endpoints.wrong_addresses().clear();
        }
        self.gateway.close_all().await;
        delete_table(&self.sdk, TABLE).await?;
        Ok(create_table(&self.sdk, TABLE).await?)
    }
}
