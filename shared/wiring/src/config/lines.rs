//! The variables of connections that outlive their sockets.

use std::time::Duration;

use hubcast_line::LineSettings;

use super::reader::Reader;

/// Whether clients that ask may come back to their connection on another socket. [`LineSettings`]
/// with a window of zero let nobody come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatefulReconnect {
    /// No client may.
    Off,
    /// Clients may.
    On,
    /// Clients are told that they may, since pages that were told so before rely on that. None is
    /// let in again.
    Drain,
}

/// What lines need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinesConfig {
    /// `STATEFUL_WINDOW_SECONDS`, `STATEFUL_BUFFER_BYTES`, `STATEFUL_QUIET_SECONDS`
    pub settings: LineSettings,
    /// `MANAGEMENT_ENDPOINT`, which is needed where lines are granted
    pub management_endpoint: Option<String>,
    /// `TIMERS_QUEUE_URL`, likewise
    pub timers: Option<String>,
}

impl Reader<'_> {
    /// `STATEFUL_RECONNECT`
    pub(super) fn stateful_reconnect(&mut self) -> Option<StatefulReconnect> {
        let words = [
            ("off", StatefulReconnect::Off),
            ("on", StatefulReconnect::On),
            ("drain", StatefulReconnect::Drain),
        ];
        self.word("STATEFUL_RECONNECT", words)
    }

    /// Lines that were granted before go on to their next cut where none are granted any more.
    pub(super) fn lines(&mut self) -> Option<LinesConfig> {
        let (mode, endpoint) =
            (self.stateful_reconnect(), self.url_or_none("MANAGEMENT_ENDPOINT")?);
        let window = self.number("STATEFUL_WINDOW_SECONDS", 1..=600, 30);
        let room = self.number("STATEFUL_BUFFER_BYTES", 1_000..=262_144, 100_000);
        let quiet = self.number("STATEFUL_QUIET_SECONDS", 0..=600, 20);
        let (mode, timers) = (mode?, self.url_or_none("TIMERS_QUEUE_URL")?);
        if mode != StatefulReconnect::Off {
            let needed = [("MANAGEMENT_ENDPOINT", &endpoint), ("TIMERS_QUEUE_URL", &timers)];
            if let Some((name, _)) = needed.into_iter().find(|(_, url)| url.is_none()) {
                return self.fault(name, "is missing: an http or https URL");
            }
        }
        let window = if mode == StatefulReconnect::On { window? } else { 0 };
        let settings = LineSettings {
            window: Duration::from_secs(u64::from(window)),
            room: usize::try_from(room?).ok()?,
            quiet: Duration::from_secs(u64::from(quiet?)),
        };
        Some(LinesConfig { settings, management_endpoint: endpoint, timers })
    }
}
