//! The stack as a whole: start, reset, shut down.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use hubcast_aws::store::create_table;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::backend::{
    Backend, NOTIFICATIONS, TABLE, create_queues, purge_queues, queue_url, sdk_config,
};
use crate::front::router;
use crate::functions::{Endpoints, LocalFunctions, LocalPublisher};
use crate::gateway::{Gateway, Limits};
use crate::issuer::Issuer;
use crate::options::Options;
use crate::poller::poll;

/// How many batches are consumed at once, as by an event source's `MaximumConcurrency`.
const POLLERS: usize = 4;
/// How often a free port is looked for on both addresses.
const PORT_TRIES: usize = 20;

/// What requests are answered from.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) base: String,
    pub(crate) gateway: Arc<Gateway<LocalFunctions>>,
    pub(crate) backend: Backend,
    pub(crate) issuer: Issuer,
}

/// A running stack.
#[derive(Debug)]
pub struct Stack {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

impl Stack {
    /// Starts everything; answers when all of it is ready.
    ///
    /// # Errors
    /// When the port is taken or a part does not start.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let (listeners, port) = listen(options).await?;
        let host = listeners.first().context("no address to listen on")?.local_addr()?.ip();
        let base = format!("http://{}", SocketAddr::new(host, port));
        let backend = Backend::start(port, options.data_dir.as_deref()).await?;
        let endpoints = Endpoints { dynamodb: backend.dynamodb_url(), base: base.clone() };
        let issuer = Issuer::new(&base)?;
        let functions = LocalFunctions::new(options, &endpoints, &issuer.settings())?;
        let publisher = LocalPublisher::new(options, &endpoints)?;
        let gateway = Gateway::new(functions, limits(options));
        let shared = Arc::new(Shared { base, gateway, backend, issuer });
        let mut tasks = JoinSet::new();
        for listener in listeners {
            let app =
                router(Arc::clone(&shared)).into_make_service_with_connect_info::<SocketAddr>();
            tasks.spawn(async move {
                if let Err(err) = axum::serve(listener, app).await {
                    tracing::error!(error = %err, "a listener ended");
                }
            });
        }
        shared.create().await?;
        let stack = Self { shared, tasks };
        Ok(stack.polling(&publisher))
    }

    fn polling(mut self, publisher: &LocalPublisher) -> Self {
        for _ in 0..POLLERS {
            let publisher = publisher.clone();
            let sqs = self.shared.sqs();
            let url = self.queue_url();
            self.tasks.spawn(async move { poll(&sqs, &url, &publisher).await });
        }
        self
    }

    /// Where everything is, such as `http://127.0.0.1:8080`.
    pub fn url(&self) -> &str {
        &self.shared.base
    }

    /// The queue that backends send to.
    pub fn queue_url(&self) -> String {
        queue_url(&self.shared.base, NOTIFICATIONS)
    }

    /// Closes the sockets and stops.
    pub async fn shutdown(mut self) {
        self.shared.gateway.close_all().await;
        self.tasks.shutdown().await;
    }
}

impl Shared {
    fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&sdk_config(&self.base))
    }

    async fn create(&self) -> anyhow::Result<()> {
        create_queues(&self.sqs()).await?;
        let sdk = sdk_config(&self.backend.dynamodb_url());
        match create_table(&sdk, TABLE).await {
            // A folder that was used before holds the table already.
            Err(err) if err.is_existing() => Ok(()),
            created => created.context("the table cannot be created"),
        }
    }

    /// Empties everything.
    pub(crate) async fn reset(&self) -> anyhow::Result<()> {
        self.gateway.close_all().await;
        purge_queues(&self.sqs(), &self.base).await?;
        let sdk = sdk_config(&self.backend.dynamodb_url());
        hubcast_aws::store::delete_table(&sdk, TABLE).await?;
        Ok(create_table(&sdk, TABLE).await?)
    }
}

/// A command that sends a first message, to copy and paste.
pub fn send_command(stack: &Stack) -> String {
    let (base, queue) = (stack.url(), stack.queue_url());
    let body = r#"{"target":"hello","arguments":["world"]}"#;
    format!(
        "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1 \\\n            \
         aws sqs send-message --endpoint-url {base} --queue-url {queue} \\\n            \
         --message-group-id notifications:hub --message-deduplication-id \"$(date +%s%N)\" \\\n            \
         --message-body '{body}'"
    )
}

fn limits(options: &Options) -> Limits {
    Limits {
        idle: options.idle(),
        lifetime: options.lifetime(),
        lenient_route_selection: options.lenient_route_selection,
    }
}

async fn listen(options: &Options) -> anyhow::Result<(Vec<TcpListener>, u16)> {
    if let Some(address) = options.bind {
        return one(address, options.port).await;
    }
    for _ in 1..PORT_TRIES {
        match both(options.port).await {
            Ok(listeners) => return Ok(listeners),
            // Another program holds the port that was picked, on one of the two addresses.
            Err(_) if options.port == 0 => {}
            Err(err) => return Err(err),
        }
    }
    both(options.port).await
}

async fn one(address: IpAddr, port: u16) -> anyhow::Result<(Vec<TcpListener>, u16)> {
    let listener = TcpListener::bind((address, port)).await;
    let listener = listener.with_context(|| format!("port {port} of {address} cannot be used"))?;
    let port = listener.local_addr()?.port();
    Ok((vec![listener], port))
}

/// `localhost` may mean either of the two loopback addresses, so both are served.
async fn both(port: u16) -> anyhow::Result<(Vec<TcpListener>, u16)> {
    let (mut listeners, port) = one(Ipv4Addr::LOCALHOST.into(), port).await?;
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(listener) => listeners.push(listener),
        Err(err) if err.kind() == std::io::ErrorKind::AddrInUse => {
            anyhow::bail!("port {port} of ::1 is in use");
        }
        Err(err) => tracing::warn!(error = %err, "IPv6 is not available; serving 127.0.0.1 only"),
    }
    Ok((listeners, port))
}
