//! How log lines are written.

use hubcast_model::journey::Settings;
use hubcast_model::journey::names::{Naming, NamingKey};

use super::reader::Reader;

/// How the journeys of messages and connections are logged.
#[derive(Debug)]
pub struct LogConfig {
    /// `LOG_AUDIENCE`, `LOG_AUDIENCE_KEY`, `LOG_SAMPLE_PERCENT`
    pub journey: Settings,
}

impl LogConfig {
    pub(super) fn from_reader(reader: &mut Reader<'_>) -> Option<Self> {
        let (naming, percent) = (naming(reader), reader.number("LOG_SAMPLE_PERCENT", 0..=100, 100));
        let sample_percent = u8::try_from(percent?).ok()?;
        Some(Self { journey: Settings { naming: naming?, sample_percent } })
    }
}

/// Without a key nobody is named: a digest that anybody can compute would hide nothing.
fn naming(reader: &mut Reader<'_>) -> Option<Naming> {
    let key = reader.optional("LOG_AUDIENCE_KEY").map(NamingKey::new);
    match (reader.optional("LOG_AUDIENCE").as_deref(), key) {
        (None | Some("digest"), Some(key)) => Some(Naming::Digest(key)),
        (None, None) | (Some("none"), _) => Some(Naming::Nothing),
        (Some("plain"), _) => Some(Naming::Plain),
        (Some("digest"), None) => {
            reader.fault("LOG_AUDIENCE_KEY", "is missing: digests need a key")
        }
        (Some(_), _) => reader.fault("LOG_AUDIENCE", "must be digest, plain or none"),
    }
}
