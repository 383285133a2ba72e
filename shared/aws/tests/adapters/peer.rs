//! A server whose connections are seen: how many there were, and what arrived on each.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::endpoint::listen;

pub(crate) const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// What to do with a request, as its head says it.
pub(crate) struct Reply {
    /// The bytes to write.
    pub(crate) answer: String,
    /// Whether the connection ends after them.
    pub(crate) ends: bool,
}

impl Reply {
    pub(crate) fn fine() -> Self {
        Self { answer: FINE.to_owned(), ends: false }
    }
}

/// What a server saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    heads: Mutex<Vec<String>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    ended: Notify,
}

impl Seen {
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn most_open(&self) -> usize {
        self.most_open.load(Ordering::SeqCst)
    }

    /// The heads of all requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("the heads").clone()
    }

    /// The value of a header in each request so far.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        let of = |head: String| {
            let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_default().to_owned()
        };
        self.heads().into_iter().map(of).collect()
    }

    /// Waits until a connection was ended by the server.
    pub(crate) async fn end_of_a_connection(&self) {
        self.ended.notified().await;
    }
}

/// Serves on a free port, each request by `reply`.
pub(crate) async fn serve<F>(reply: F) -> (String, Arc<Seen>)
where
    F: Fn(&str) -> Reply + Send + Sync + 'static,
{
    let (listener, url) = listen().await;
    let (seen, reply) = (Arc::<Seen>::default(), Arc::new(reply));
    let known = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (seen, reply) = (Arc::clone(&known), Arc::clone(&reply));
            tokio::spawn(async move { converse(stream, &seen, &*reply).await });
        }
    });
    (url, seen)
}

async fn converse(mut stream: TcpStream, seen: &Seen, reply: &impl Fn(&str) -> Reply) {
    seen.connections.fetch_add(1, Ordering::SeqCst);
    let open = seen.open.fetch_add(1, Ordering::SeqCst) + 1;
    seen.most_open.fetch_max(open, Ordering::SeqCst);
    while let Some(head) = read_request(&mut stream).await {
        seen.heads.lock().expect("the heads").push(head.clone());
        let Reply { answer, ends } = reply(&head);
        if stream.write_all(answer.as_bytes()).await.is_err() || ends {
            break;
        }
    }
    seen.open.fetch_sub(1, Ordering::SeqCst);
    drop(stream);
    seen.ended.notify_one();
}

/// The head of the next request, its body skipped; `None` at the end.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(head)
}
