//! The questions, in the order of the table.

mod ends;
mod latency;
mod order;
mod routes;
mod sizes;

use std::time::Duration;

use anyhow::Result;

use crate::aws::{Aws, Poster, Queue};
use crate::socket::Socket;
use crate::target::Target;
use crate::{Options, Row};

/// What questions are asked with.
pub(crate) struct Scene<'a> {
    pub(crate) target: Target,
    pub(crate) aws: Aws,
    pub(crate) options: &'a Options,
}

impl Scene<'_> {
    /// How long silence is listened to.
    fn patience(&self) -> Duration {
        Duration::from_millis(self.options.patience_ms)
    }

    async fn ready(&self) -> Result<Socket> {
        Socket::ready(&self.target.socket).await
    }

    fn poster(&self) -> Result<Poster<'_>> {
        self.aws.gateway().ok_or_else(|| skipped("needs --management-url, and credentials"))
    }

    fn queue(&self) -> Result<Queue<'_>> {
        self.aws.queue().ok_or_else(|| skipped("needs --queue-url, and credentials"))
    }
}

/// A question was not asked.
#[derive(Debug)]
struct Skipped(&'static str);

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "skipped: {}", self.0)
    }
}

impl std::error::Error for Skipped {}

fn skipped(why: &'static str) -> anyhow::Error {
    Skipped(why).into()
}

fn row(name: &'static str, question: &'static str, outcome: Result<String>) -> Row {
    let saw = outcome.unwrap_or_else(|err| {
        if err.is::<Skipped>() { err.to_string() } else { format!("failed: {err:#}") }
    });
    Row { name, question, saw }
}

/// Asks one question after the other, so that none disturbs another.
pub(crate) async fn all(on: &Scene<'_>) -> Vec<Row> {
    vec![
        row("negotiate", "Does negotiation lead to a socket?", routes::negotiate(on).await),
        row("context", "Do messages carry the authorizer's context?", routes::context(on).await),
        row("system-route", "Does a body select $disconnect?", routes::system_route(on).await),
        row(
            "separator",
            "Does a frame that ends in RS leave $default?",
            routes::separator(on).await,
        ),
        row(
            "post-order",
            "Does a post come before the reply that follows it?",
            order::post_first(on).await,
        ),
        row("reply-order", "Does a reply come before a later post?", order::reply_first(on).await),
        row(
            "empty-reply",
            "Does an empty reply come as an empty frame?",
            ends::empty_reply(on).await,
        ),
        row(
            "close-read",
            "Is Close read before the socket is deleted?",
            ends::close_read(on).await,
        ),
        row("log-out", "Is Close read when a backend ends the socket?", ends::log_out(on).await),
        row("largest-in", "Which frames of clients are taken?", sizes::inbound(on).await),
        row("largest-out", "Which posts are taken?", sizes::outbound(on).await),
        row("gone", "When does a post hear that its socket is gone?", ends::gone(on).await),
        row("connect", "How long does connecting take?", latency::connect(on).await),
        row("ping", "How long does a ping take?", latency::ping(on).await),
        row("burst", "How long does it take where functions start cold?", latency::burst(on).await),
        row("queue", "How long from the queue to the client?", latency::queue(on).await),
        row("throttle", "What comes of too many frames?", ends::throttle(on).await),
        row("idle", "How does an idle socket end?", ends::idle(on).await),
    ]
}
