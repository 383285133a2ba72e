//! Traces of others that go on through hubcast, in the words of W3C Trace Context.
//!
//! A backend's trace comes with a message, and an invocation of a function works
//! within at most one trace at a time. What is malformed counts as no trace: a
//! trace is an aid, and no reason to refuse anything.
//! <https://www.w3.org/TR/trace-context/#traceparent-header>

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// The name of the header, of the attribute of a message, and of the property of an event.
pub const TRACEPARENT: &str = "traceparent";
/// The bytes of a `traceparent` of version 00.
const LENGTH: usize = 55;
/// The flag that says that the trace is recorded.
const SAMPLED: u8 = 1;

/// A trace, and the step of it that goes on here, such as
/// `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Traceparent(String);

impl Traceparent {
    /// Reads a `traceparent`. Of a later version than 00 those parts count that 00 has.
    pub fn parse(text: &str) -> Option<Self> {
        let known = text.get(..LENGTH)?;
        let is_longer = text.len() > LENGTH;
        let [version, trace, parent, flags] = parts(known)?;
        let is_later = version != "00";
        let rest = text.get(LENGTH..).unwrap_or_default();
        let has_end = !is_longer || is_later && rest.starts_with('-');
        let is_valid = version != "ff" && has_end;
        is_valid.then(|| Self::of(trace, parent, flags)).flatten()
    }

    /// Reads a header of X-Ray, such as `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
    /// `None` when the trace is not recorded: AWS makes up such a header for whoever has none.
    /// <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>
    pub fn of_xray(header: &str) -> Option<Self> {
        let field = |name: &str| {
            let mut fields = header.split(';').filter_map(|field| field.trim().split_once('='));
            fields.find(|(known, _)| *known == name).map(|(_, value)| value)
        };
        if field("Sampled") != Some("1") {
            return None;
        }
        let (version, rest) = field("Root")?.split_once('-')?;
        let (time, random) = rest.split_once('-')?;
        let is_known = version == "1" && time.len() == 8;
        is_known.then(|| Self::of(&format!("{time}{random}"), field("Parent")?, "01")).flatten()
    }

    fn of(trace: &str, parent: &str, flags: &str) -> Option<Self> {
        let is_id =
            |id: &str, digits: usize| is_hex(id, digits) && id.bytes().any(|digit| digit != b'0');
        let is_valid = is_id(trace, 32) && is_id(parent, 16) && is_hex(flags, 2);
        is_valid.then(|| Self(format!("00-{trace}-{parent}-{flags}")))
    }

    /// The trace as its header says it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the trace: 32 hexadecimal digits.
    pub fn trace_id(&self) -> &str {
        self.0.get(3..35).unwrap_or_default()
    }

    /// Whether the trace is recorded.
    pub fn is_sampled(&self) -> bool {
        let flags = self.0.get(53..).and_then(|flags| u8::from_str_radix(flags, 16).ok());
        flags.is_some_and(|flags| flags & SAMPLED == SAMPLED)
    }
}

fn parts(text: &str) -> Option<[&str; 4]> {
    let parts: Vec<&str> = text.split('-').collect();
    let parts: [&str; 4] = parts.try_into().ok()?;
    is_hex(parts[0], 2).then_some(parts)
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a property that may hold anything: what is no trace is left out.
///
/// # Errors
/// When the text that holds the property is no JSON.
pub fn lenient<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Traceparent>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(value.as_str().and_then(Traceparent::parse))
}

tokio::task_local! {
    static CURRENT: Option<Traceparent>;
}

/// The trace within which this task works, if there is one.
pub fn current() -> Option<Traceparent> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

/// Does some work within a trace; without one within that of whoever asks.
pub fn within<F: Future>(trace: Option<Traceparent>, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(trace.or_else(current), work)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_reads_back_the_same() {
        let trace = Traceparent::parse(TRACE).unwrap();
        assert_eq!((trace.as_str(), trace.is_sampled()), (TRACE, true));
        assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let other = TRACE.replace("-01", "-00");
        assert!(!Traceparent::parse(&other).unwrap().is_sampled());
    }

    #[test]
    fn of_a_later_version_the_known_parts_count() {
        let later = format!("{}-more", TRACE.replace("00-4b", "cc-4b"));
        assert_eq!(Traceparent::parse(&later).unwrap().as_str(), TRACE);
        let exact = TRACE.replace("00-4b", "cc-4b");
        assert_eq!(Traceparent::parse(&exact).unwrap().as_str(), TRACE);
    }

    #[test]
    fn what_is_malformed_is_no_trace() {
        for wrong in [
            "",
            "00",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "0-04bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0\u{e9}",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Traceparent::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_recorded_trace_of_x_ray_is_one() {
        let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
        let header = format!("{root};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:0");
        let trace = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
        assert_eq!(Traceparent::of_xray(&header).unwrap().as_str(), trace);
        for other in [
            format!("{root};Parent=53995c3f42cd8ad8;Sampled=0"),
            format!("{root};Parent=53995c3f42cd8ad8"),
            format!("{root};Sampled=1"),
            "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".to_owned(),
            "Root=1-5759e98-8bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".to_owned(),
            "Sampled=1".to_owned(),
            String::new(),
        ] {
            assert_eq!(Traceparent::of_xray(&other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn work_is_within_the_trace_that_is_nearest() {
        assert_eq!(current(), None);
        let trace = Traceparent::parse(TRACE);
        let seen = within(trace.clone(), async { within(None, async { current() }).await }).await;
        assert_eq!(seen, trace);
        assert_eq!(current(), None);
    }
}
