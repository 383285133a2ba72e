//! Streams to the management API, before they are secured.

use std::io;

use tokio::net::TcpStream;

/// Opens a stream to a host, which may be an IPv6 address without its brackets.
pub(super) async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    // Frames are small and each waits for its answer.
    stream.set_nodelay(true)?;
    Ok(stream)
}
