//! `make run`: starts the local stack, says where it is, and serves until Ctrl-C.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use hubcast_local::{Books, Options, Stack, send_command};

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let books = Books::start(&options.log);
    match serve(&options, books).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            let _ = writeln!(std::io::stderr(), "hubcast-local: {err:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: &Options, books: Books) -> anyhow::Result<()> {
    let stack = Stack::start_logged(options, books).await?;
    announce(&stack)?;
    stopped().await?;
    stack.shutdown().await;
    Ok(())
}

/// The first line is for programs, the rest for people.
fn announce(stack: &Stack) -> std::io::Result<()> {
    let url = stack.url();
    let mut out = std::io::stdout().lock();
    writeln!(out, "hubcast ready on {url}")?;
    writeln!(out)?;
    if stack.has_demo() {
        writeln!(out, "  demo      open {url}/")?;
        writeln!(out, "  REST API  open {url}/api")?;
    }
    writeln!(out, "  hub       {url}/hubs/notifications")?;
    writeln!(out, "  queue     {}", stack.queue_url())?;
    writeln!(out, "  token     POST {url}/dev/token {{\"sub\":\"alice\"}}")?;
    writeln!(out)?;
    writeln!(out, "  send      {}", send_command(stack))?;
    out.flush()
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn stopped() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Waits for Ctrl-C or SIGTERM.
#[cfg(unix)]
async fn stopped() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
