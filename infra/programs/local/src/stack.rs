//! The stack as a whole: start, reset, shut down.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use anyhow::Context;
use hubcast_model::journey;
use hubcast_wiring::config::LogConfig;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::books::Books;
use crate::consumers::{LocalPublisher, LocalUpstream};
use crate::demo::Demo;
use crate::door::{Door, Peer};
use crate::dynamodb::DynamoDb;
use crate::front::router;
use crate::functions::{LocalFunctions, Runtime};
use crate::gateway::{Gateway, Limits};
use crate::in_process::sdk_config;
use crate::issuer::Issuer;
use crate::options::Options;
use crate::poller::{Consumer, poll};
use crate::sampler::sample;
use crate::services::{Admission, Services};
use crate::sqs::{DELIVERIES, INGRESS, NOTIFICATIONS, Sqs, TIMERS, UPSTREAM, queue_url};

/// How many batches of a queue functions consume at once, as by `MaximumConcurrency` of an event
/// source.
const POLLERS: usize = 4;
/// How often the stack looks for a port that is free on both addresses.
const PORT_TRIES: usize = 20;

/// A running stack. [`Stack::shutdown`] ends the stack in good order; a drop ends it at once.
pub struct Stack {
    services: Arc<Services>,
    tasks: JoinSet<()>,
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stack").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Stack {
    /// Starts all services; answers when all are ready.
    ///
    /// # Errors
    /// When the port is taken, a variable is wrong or a part does not start.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        Self::start_logged(options, Books::default()).await
    }

    /// The same with the books of this process, so that the stack can be asked for lines of the log
    /// and for figures.
    ///
    /// # Errors
    /// When the port is taken, a variable is wrong or a part does not start.
    pub async fn start_logged(options: &Options, books: Books) -> anyhow::Result<Self> {
        options.check_names()?;
        let demo = Demo::find(options.demo.as_deref())?;
        let (listeners, address) = listen(options).await?;
        let base = format!("http://{address}");
        let dynamodb = DynamoDb::open(options.data_dir.as_deref())?;
        let sdk = sdk_config(&base, &dynamodb);
        let sqs = Sqs::new(address.port(), options.upstream_reader());
        let issuer = Issuer::new(&base)?;
        let runtime = Runtime {
            options,
            sdk: &sdk,
            base: &base,
            issuers: issuer.settings(),
            rest_issuers: issuer.rest_settings(),
        };
        let variables = runtime.variables();
        let logging = LogConfig::read(|name| variables.get(name).cloned())?;
        journey::start(logging.journey);
        let publisher = LocalPublisher::new(&runtime)?;
        let endpoints = LocalUpstream::new(&runtime)?;
        let functions = LocalFunctions::new(&runtime)?;
        let gateway = Gateway::new(functions.clone(), limits(options));
        let services = Services {
            options: options.clone(),
            functions,
            base,
            sdk,
            gateway,
            dynamodb,
            sqs,
            issuer,
            demo,
            admission: Admission::default(),
            server_tries: AtomicUsize::default(),
            endpoints,
            books,
            log_variables: log_variables(variables),
        };
        let mut stack = Self { services: Arc::new(services), tasks: JoinSet::new() };
        for listener in listeners {
            stack.listening(listener);
        }
        stack.services.create().await?;
        for queue in [NOTIFICATIONS, DELIVERIES, INGRESS, TIMERS] {
            for _ in 0..POLLERS {
                stack.polling(queue, publisher.clone());
            }
        }
        stack.sampling();
        if let Some(endpoint) = stack.services.endpoints.clone() {
            for _ in 0..POLLERS {
                stack.polling(UPSTREAM, endpoint.clone());
            }
        }
        Ok(stack)
    }

    fn listening(&mut self, listener: TcpListener) {
        let app = router(Arc::clone(&self.services));
        let app = app.into_make_service_with_connect_info::<Peer>();
        self.tasks.spawn(async move {
            if let Err(err) = axum::serve(Door(listener), app).await {
                tracing::error!(error = %err, "a listener ended");
            }
        });
    }

    fn polling(&mut self, queue: &str, consumer: impl Consumer + 'static) {
        let sqs = aws_sdk_sqs::Client::new(&self.services.sdk);
        let url = queue_url(self.url(), queue);
        self.tasks.spawn(async move { poll(&sqs, &url, &consumer).await });
    }

    fn sampling(&mut self) {
        let sqs = aws_sdk_sqs::Client::new(&self.services.sdk);
        let figures = self.services.books.figures.clone();
        self.tasks.spawn(sample(sqs, self.url().to_owned(), figures));
    }

    /// The URL of the stack, such as `http://127.0.0.1:8080`.
    pub fn url(&self) -> &str {
        &self.services.base
    }

    /// Whether the stack serves the demo page.
    pub fn has_demo(&self) -> bool {
        self.services.demo.is_some()
    }

    /// The queue that backends send to.
    pub fn queue_url(&self) -> String {
        queue_url(&self.services.base, NOTIFICATIONS)
    }

    /// Closes the sockets and stops.
    pub async fn shutdown(mut self) {
        self.services.gateway.close_all().await;
        self.tasks.shutdown().await;
    }
}

/// A command that sends a first message, to copy and paste. Clients that follow the examples, and
/// the demo page, show a toast.
pub fn send_command(stack: &Stack) -> String {
    let base = stack.url();
    format!(
        "curl '{base}/api/hubs/notifications/:send?api-version=2024-12-01' \\\n            \
         -H \"Authorization: Bearer $(curl -s -X POST {base}/dev/rest-token)\" \\\n            \
         -H 'Content-Type: application/json' \\\n            \
         -d '{{\"target\":\"toast\",\"arguments\":[\"Hello from a terminal\"]}}'"
    )
}

/// The variables of logging, which a deployment shows to whoever may read how a function is
/// configured.
fn log_variables(variables: BTreeMap<String, String>) -> BTreeMap<String, String> {
    variables.into_iter().filter(|(name, _)| name.starts_with("LOG_")).collect()
}

const fn limits(options: &Options) -> Limits {
    Limits {
        idle: options.idle(),
        lifetime: options.lifetime(),
        lenient_route_selection: options.lenient_route_selection,
        end_news: options.disconnect_after,
    }
}

/// The listeners, and the address under which the stack finds itself.
async fn listen(options: &Options) -> anyhow::Result<(Vec<TcpListener>, SocketAddr)> {
    let (listeners, port) = match options.bind {
        Some(address) => one(address, options.port).await?,
        None => either(options.port).await?,
    };
    let own = match options.bind {
        Some(IpAddr::V4(address)) if !address.is_unspecified() => address.into(),
        Some(IpAddr::V6(address)) if !address.is_unspecified() => address.into(),
        Some(IpAddr::V6(_)) => Ipv6Addr::LOCALHOST.into(),
        Some(IpAddr::V4(_)) | None => IpAddr::from(Ipv4Addr::LOCALHOST),
    };
    Ok((listeners, SocketAddr::new(own, port)))
}

async fn either(port: u16) -> anyhow::Result<(Vec<TcpListener>, u16)> {
    for _ in 1..PORT_TRIES {
        match both(port).await {
            Ok(listeners) => return Ok(listeners),
            // Another program holds the port that was picked, on one of the two addresses.
            Err(_) if port == 0 => {}
            Err(err) => return Err(err),
        }
    }
    both(port).await
}

async fn one(address: IpAddr, port: u16) -> anyhow::Result<(Vec<TcpListener>, u16)> {
    let listener = match TcpListener::bind((address, port)).await {
        Err(err) if err.kind() == ErrorKind::AddrInUse => return Err(taken(address, port)),
        bound => bound.with_context(|| format!("port {port} of {address} cannot be used"))?,
    };
    let port = listener.local_addr()?.port();
    Ok((vec![listener], port))
}

fn taken(address: IpAddr, port: u16) -> anyhow::Error {
    let other = port.checked_add(1).unwrap_or_default();
    anyhow::anyhow!(
        "port {port} of {address} is taken by another program: stop that program, or take another port (PORT={other} make run, or --port {other})"
    )
}

/// `localhost` may mean either of the two loopback addresses, so both are served.
async fn both(port: u16) -> anyhow::Result<(Vec<TcpListener>, u16)> {
    let (mut listeners, port) = one(Ipv4Addr::LOCALHOST.into(), port).await?;
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(listener) => listeners.push(listener),
        Err(err) if err.kind() == ErrorKind::AddrInUse => {
            return Err(taken(Ipv6Addr::LOCALHOST.into(), port));
        }
        Err(err) => tracing::warn!(error = %err, "IPv6 is not available; serving 127.0.0.1 only"),
    }
    Ok((listeners, port))
}
