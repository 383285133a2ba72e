//! The listener of the one port.
//!
//! A client waits without a word when its connection cannot be taken, so the
//! log says why.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How long the listener rests when no connection can be taken.
const REST: Duration = Duration::from_secs(1);

/// Takes connections.
#[derive(Debug)]
pub(crate) struct Door(pub(crate) TcpListener);

/// The address at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(connection: IncomingStream<'_, Door>) -> Self {
        Self(*connection.remote_addr())
    }
}

impl Listener for Door {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok(connection) => return connection,
                Err(err) if is_over(&err) => {}
                Err(err) => {
                    tracing::error!(error = %err, "no connection can be taken, and clients wait: where too many files are open, start the stack after ulimit -n with a higher number");
                    sleep(REST).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// Whether the client has given the connection up.
fn is_over(err: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(err.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
