//! Posting alone: `post sdk|lean URL POSTS IN_FLIGHT`, and prints what it cost.

#![expect(clippy::print_stdout, reason = "the figures are for whoever started it")]

mod bench;

use anyhow::Context;
use bench::Meter;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hubcast_model::id::SocketId;
use hubcast_model::ports::ConnectionGateway;

const BODY_BYTES: usize = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, url, posts, in_flight] = arguments.as_slice() else {
        anyhow::bail!("usage: post sdk|lean URL POSTS IN_FLIGHT");
    };
    let (posts, in_flight) = (posts.parse()?, in_flight.parse()?);
    match kind.as_str() {
        "sdk" => measure(&bench::sdk(url), posts, in_flight).await,
        "lean" => measure(&bench::lean(url, in_flight)?, posts, in_flight).await,
        other => anyhow::bail!("{other} is no adapter"),
    }
}

async fn measure(
    gateway: &impl ConnectionGateway,
    posts: usize,
    in_flight: usize,
) -> anyhow::Result<()> {
    // Connections are made once, and are not what is measured.
    post(gateway, in_flight, in_flight).await?;
    let meter = Meter::start();
    post(gateway, posts, in_flight).await?;
    println!("{}", meter.read());
    Ok(())
}

async fn post(
    gateway: &impl ConnectionGateway,
    posts: usize,
    in_flight: usize,
) -> anyhow::Result<()> {
    let frame = Bytes::from(vec![b'x'; BODY_BYTES]);
    let posts = stream::iter(0..posts).map(|at| {
        let frame = frame.clone();
        async move {
            let socket = SocketId::parse(&format!("{at:07}Abcdef="))?;
            gateway.post(&socket, frame).await.context("a post failed")
        }
    });
    posts.buffer_unordered(in_flight).try_collect().await
}
