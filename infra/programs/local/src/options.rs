//! The options of the local stack. The flags are an interface: other programs use them.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use hubcast_model::settings::CONNECTION_LIFETIME;
use hubcast_model::spelling::hint;
use hubcast_wiring::config::names;

use crate::gateway::EndNews;
use crate::sqs::Upstream;

/// Runs all of hubcast locally: no AWS account, no Docker.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "hubcast-local", version)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Options {
    /// The port; 0 picks a free port and prints its number.
    #[arg(long, env = "PORT", default_value_t = Self::default().port)]
    pub port: u16,

    /// Listens on this address only, and not on 127.0.0.1 and `::1`.
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<IpAddr>,

    /// Keeps the table in this folder; without the flag, all rows are in memory.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,

    /// Serves the demo page of this folder; without the flag, of the folder `demo` beside the
    /// program.
    #[arg(long, value_name = "FOLDER")]
    pub demo: Option<PathBuf>,

    /// The hubs: names separated by commas, or `*` for any name.
    #[arg(long, env = "HUBS", default_value_t = Self::default().hubs, value_name = "NAMES")]
    pub hubs: String,

    /// Closes a socket after so many seconds without a frame.
    #[arg(long, env = "IDLE_TIMEOUT_SECONDS", value_name = "SECONDS", default_value_t = Self::default().idle_timeout_seconds)]
    pub idle_timeout_seconds: u64,

    /// Closes every socket after so many seconds; hubcast asks the client to reconnect earlier.
    #[arg(long, env = "LIFETIME_SECONDS", value_name = "SECONDS", default_value_t = Self::default().lifetime_seconds)]
    pub lifetime_seconds: u64,

    /// Invokes `$disconnect` so many milliseconds after the end of a socket, or never: AWS does not
    /// promise this event.
    #[arg(long, value_name = "MILLISECONDS|never", default_value_t = Self::default().disconnect_after)]
    pub disconnect_after: EndNews,

    /// Lets a record separator after a frame's JSON still select routes by its target.
    #[arg(long)]
    pub lenient_route_selection: bool,

    /// The groups that clients may join by themselves: patterns with `*` and `{claim}`.
    #[arg(
        long,
        env = "CLIENT_JOINABLE_GROUPS",
        default_value = "",
        hide_default_value = true,
        value_name = "PATTERNS"
    )]
    pub client_joinable_groups: String,

    /// Lets clients with stateful reconnect come back to their connection: `off`, `on` or `drain`.
    #[arg(long, env = "STATEFUL_RECONNECT", value_name = "MODE", default_value_t = Self::default().stateful_reconnect)]
    pub stateful_reconnect: String,

    /// Rejects an envelope to a whole hub without `"everyone": true`.
    #[arg(long)]
    pub explicit_broadcast: bool,

    /// Ends sessions when the app token that opened them expires.
    #[arg(long, env = "CLOSE_ON_TOKEN_EXPIRY")]
    pub close_on_token_expiry: bool,

    /// Sends events of clients, and their calls, to the queue hubcast-upstream.fifo.
    #[arg(long, env = "UPSTREAM")]
    pub upstream: bool,

    /// Also posts each event to this URL, or by this JSON list of templates, as Azure SignalR does;
    /// for an app with Hubcast.AspNetCore: `--upstream-url http://localhost:5000/hubcast/upstream`
    #[arg(long, env = "UPSTREAM_URL", value_name = "TEMPLATES")]
    pub upstream_url: Option<String>,

    /// Trusts this root certificate too (a PEM file) when the URL of --upstream-url is https.
    #[arg(long, value_name = "FILE")]
    pub root_certificate: Option<PathBuf>,

    /// Sets a variable of the deployed functions, such as `HUB_SHARDS=8`; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub set: Vec<(String, String)>,

    /// The level of the log, which goes to standard error.
    #[arg(long, env = "RUST_LOG", value_name = "FILTER", default_value_t = Self::default().log)]
    pub log: String,
}

impl Default for Options {
    /// The defaults, whatever the environment says.
    fn default() -> Self {
        Self {
            port: 8080,
            bind: None,
            data_dir: None,
            demo: None,
            hubs: "*".to_owned(),
            idle_timeout_seconds: 600,
            lifetime_seconds: CONNECTION_LIFETIME.as_secs(),
            disconnect_after: EndNews::PROMPT,
            lenient_route_selection: false,
            client_joinable_groups: String::new(),
            stateful_reconnect: "off".to_owned(),
            explicit_broadcast: false,
            close_on_token_expiry: false,
            upstream: false,
            upstream_url: None,
            root_certificate: None,
            set: Vec::new(),
            log: "warn".to_owned(),
        }
    }
}

impl Options {
    /// The defaults, on a free port.
    pub fn on_free_port() -> Self {
        Self { port: 0, ..Self::default() }
    }

    /// Who reads the queue of events.
    pub(crate) const fn upstream_reader(&self) -> Upstream {
        match (self.upstream_url.is_some(), self.upstream) {
            (true, _) => Upstream::Function,
            (false, true) => Upstream::Backend,
            (false, false) => Upstream::None,
        }
    }

    /// Whether events of clients go to backends in any way.
    pub(crate) const fn has_upstream(&self) -> bool {
        self.upstream || self.upstream_url.is_some()
    }

    /// Refuses variables that no function reads: they would change nothing, without a word.
    ///
    /// # Errors
    /// Names the first one, and what it may have been meant to be.
    pub(crate) fn check_names(&self) -> anyhow::Result<()> {
        let known: BTreeSet<String> = names().into_values().flatten().collect();
        let unknown = self.set.iter().find(|(name, _)| !known.contains(name));
        unknown.map_or(Ok(()), |(name, _)| {
            let hint = hint(name, known.iter().map(String::as_str));
            anyhow::bail!("no function reads the variable {name} of --set{hint}")
        })
    }

    pub(crate) const fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_seconds)
    }

    pub(crate) const fn lifetime(&self) -> Duration {
        Duration::from_secs(self.lifetime_seconds)
    }
}

fn variable(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("this is not NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flags_mean_the_defaults() {
        let command = <Options as clap::CommandFactory>::command();
        command.debug_assert();
        let none = Options::try_parse_from(["hubcast-local", "--port", "8080", "--log", "warn"]);
        assert_eq!(none.unwrap(), Options::default());
    }

    #[test]
    fn variables_are_named_and_valued() {
        let flags = ["hubcast-local", "--set", "HUB_SHARDS=8", "--set", "EMPTY="];
        let set = Options::try_parse_from(flags).unwrap().set;
        assert_eq!(set, [("HUB_SHARDS".into(), "8".into()), ("EMPTY".into(), String::new())]);
        assert!(Options::try_parse_from(["hubcast-local", "--set", "HUB_SHARDS"]).is_err());
    }

    #[test]
    fn a_variable_that_nobody_reads_is_refused_with_what_it_may_mean() {
        let options = |name: &str| Options {
            set: vec![(name.to_owned(), "1".to_owned())],
            ..Options::default()
        };
        assert!(options("HUB_SHARDS").check_names().is_ok());
        assert!(options("UPSTREAM_TIMEOUT_SECONDS").check_names().is_ok());
        let err = options("HUB_SHARD").check_names().unwrap_err().to_string();
        assert!(err.ends_with("did you mean 'HUB_SHARDS'?"), "{err}");
    }
}
