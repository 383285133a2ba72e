//! The questions, in the order of the rows.

mod activity;
mod bodies;
mod endings;
mod ends;
mod latency;
mod order;
mod resume;
mod routes;
mod settings;
mod sizes;
mod throttles;

use hubcast_aws::gateway::ManagementGateway;
use hubcast_aws::lean::LeanGateway;
use hubcast_aws::operator::Queue;
use hubcast_model::audience::Audience;
use hubcast_model::envelope::{Content, Notification};
use hubcast_model::id::SocketId;

use super::answer::NoAnswer;
use super::dialogue::Dialogue;
use super::effort::Effort;
use super::report::Report;
use super::target::Target;
use crate::audience;
use crate::deployment::Deployment;
use crate::dispatch::deliver;
use crate::draft::Draft;
use crate::failure::Failure;

/// What the probe asks, and with which means.
pub(super) struct Scene<'a> {
    /// The deployment that is asked.
    pub(super) deployment: &'a Deployment,
    /// Where the probe opens sockets.
    pub(super) target: Target,
    /// The URL of the management API; without it the probe does not post.
    pub(super) management_url: Option<String>,
    /// How much the probe does.
    pub(super) effort: Effort,
}

impl Scene<'_> {
    /// A dialogue whose handshake is done.
    async fn ready(&self) -> Result<Dialogue, NoAnswer> {
        Dialogue::ready(&self.target.socket).await
    }

    /// The sockets, for posts.
    async fn gateway(&self) -> Result<LeanGateway, NoAnswer> {
        let skipped = NoAnswer::Skipped("needs --management-url, and credentials");
        let url = self.management_url.as_ref().ok_or(skipped)?;
        Ok(self.deployment.account().await?.sockets(url)?)
    }

    /// The sockets, for looks at them.
    async fn management(&self) -> Result<ManagementGateway, NoAnswer> {
        let skipped = NoAnswer::Skipped("needs --management-url, and credentials");
        let url = self.management_url.as_ref().ok_or(skipped)?;
        Ok(self.deployment.account().await?.management(url))
    }

    /// The queue that backends send to.
    async fn queue(&self) -> Result<Queue, NoAnswer> {
        if !self.deployment.names_notifications() {
            return Err(NoAnswer::Skipped("needs --queue-url, and credentials"));
        }
        Ok(self.deployment.notifications().await?)
    }

    /// Sends something for one of the probe's own connections.
    async fn send(&self, queue: &Queue, content: Content) -> Result<(), NoAnswer> {
        let notification = Notification::new(self.deployment.hub().clone(), content);
        let draft = Draft::of(&notification).map_err(Failure::from)?;
        Ok(deliver(queue, &[draft]).await.map(drop)?)
    }
}

/// One of the probe's own connections.
fn own(id: &str) -> Result<Audience, NoAnswer> {
    Ok(audience::connection(id).map_err(Failure::from)?)
}

/// The socket of a connection.
fn socket_id(id: &str) -> Result<SocketId, NoAnswer> {
    SocketId::parse(id).map_err(|err| NoAnswer::Failed(format!("the connection's id {err}")))
}

/// Asks one question after the other, so that none disturbs another.
///
/// # Errors
/// When standard output cannot be written.
pub(super) async fn ask_all(on: &Scene<'_>, report: &mut Report<'_>) -> Result<(), Failure> {
    ask_what_comes(on, report).await?;
    ask_how_sockets_end(on, report).await?;
    ask_how_much(on, report).await
}

/// Which function a frame gets to, and what comes back in which order.
async fn ask_what_comes(on: &Scene<'_>, report: &mut Report<'_>) -> Result<(), Failure> {
    report.row("negotiate", "Does negotiation lead to a socket?", routes::negotiate(on).await)?;
    report.row("bodies", "How may bodies come over HTTP?", bodies::sent(on).await)?;
    report.row(
        "query",
        "Do values in a query arrive as they were sent?",
        routes::query(on).await,
    )?;
    report.row(
        "settings",
        "Has a change of parameters alone taken effect?",
        settings::effective(on).await,
    )?;
    report.row(
        "context",
        "Do messages carry the authorizer's context?",
        routes::context(on).await,
    )?;
    report.row(
        "system-route",
        "Does a body select $disconnect?",
        routes::system_route(on).await,
    )?;
    report.row(
        "separator",
        "Does a frame that ends in RS leave $default?",
        routes::separator(on).await,
    )?;
    report.row(
        "post-order",
        "Does a post come before the reply that follows it?",
        order::post_first(on).await,
    )?;
    report.row(
        "reply-order",
        "Does a reply come before a later post?",
        order::reply_first(on).await,
    )?;
    report.row(
        "frame-order",
        "Are frames answered in the order in which they were sent?",
        order::frames(on).await,
    )?;
    report.row(
        "empty-reply",
        "Does an empty reply come as an empty frame?",
        ends::empty_reply(on).await,
    )?;
    report.row(
        "close-read",
        "Is Close read before the socket is deleted?",
        ends::close_read(on).await,
    )?;
    report.row("log-out", "Is Close read when a backend ends the socket?", ends::log_out(on).await)
}

/// What is known of the ends of sockets, and whether a client may come back.
async fn ask_how_sockets_end(on: &Scene<'_>, report: &mut Report<'_>) -> Result<(), Failure> {
    report.row(
        "cut-code",
        "Which close does a client see when its socket is deleted?",
        ends::cut_code(on).await,
    )?;
    let told = endings::told(on).await;
    report.row("disconnect-code", "Which code does $disconnect tell?", endings::codes(&told))?;
    report.row("disconnect-delay", "How late does $disconnect come?", endings::delays(told))?;
    report.row(
        "last-active",
        "What makes a connection active?",
        activity::last_active(on).await,
    )?;
    report.row("resume", "May a client come back without a word?", resume::resume(on).await)
}

/// How large, how long, and how many.
async fn ask_how_much(on: &Scene<'_>, report: &mut Report<'_>) -> Result<(), Failure> {
    report.row("largest-in", "Which frames of clients are taken?", sizes::inbound(on).await)?;
    report.row("largest-out", "Which posts are taken?", sizes::outbound(on).await)?;
    report.row("posts", "How many posts does one socket take?", throttles::posts(on).await)?;
    report.row("gone", "When does a post hear that its socket is gone?", ends::gone(on).await)?;
    report.row("connect", "How long does connecting take?", latency::connect(on).await)?;
    report.row("ping", "How long does a ping take?", latency::ping(on).await)?;
    report.row(
        "burst",
        "How long does it take where functions start cold?",
        latency::burst(on).await,
    )?;
    report.row("queue", "How long from the queue to the client?", latency::queue(on).await)?;
    report.row("throttle", "What comes of too many frames?", ends::throttle(on).await)?;
    report.row("idle", "How does an idle socket end?", ends::idle(on).await)
}
