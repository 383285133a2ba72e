//! Which endpoint hears of which event, in the words of Azure SignalR.
//!
//! The first template counts whose patterns all match: `*`, or names that
//! commas separate. `{hub}`, `{category}` and `{event}` stand for the event's.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::survives_a_header;
use hubcast_model::event::{Category, Event};
use hubcast_model::id::HubName;
use hubcast_model::settings::{Hubs, Secret, is_trusted_url, origin_of};
use hubcast_model::spelling::{hint, json_hint};

/// What may stand in a URL as it is (RFC 3986 section 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The pattern that every name matches.
const ANY: &str = "*";
/// What a `categoryPattern` may name.
const CATEGORIES: [&str; 2] = [Category::Connections.as_str(), Category::Messages.as_str()];
/// What an `eventPattern` may name for connections; events of messages have the names of methods.
const OF_CONNECTIONS: [&str; 2] = ["connected", "disconnected"];

/// The templates, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates(Vec<Template>);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Template {
    /// Endpoints of Azure Functions have their key in it.
    #[serde(rename = "urlTemplate")]
    url: Secret,
    #[serde(default = "any")]
    hub_pattern: String,
    #[serde(default = "any")]
    category_pattern: String,
    #[serde(default = "any")]
    event_pattern: String,
}

fn any() -> String {
    "*".to_owned()
}

/// The text holds no templates. What it says goes to logs, and URLs may hold keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is no list of templates.
    #[error("is neither a URL nor a list of templates, see line {line}, column {column}{hint}")]
    NotAList {
        /// Where it stops being one.
        line: usize,
        /// And how far into that line.
        column: usize,
        /// What was meant by a misspelt property, as a question, or nothing.
        hint: String,
    },
    /// Requests to the URL of this place in the list could be read on the way.
    #[error("needs https in URL {0}")]
    Untrusted(usize),
    /// Names that clients choose would choose the host of the URL of this place in the list.
    #[error("needs a host without placeholders in URL {0}")]
    NoHost(usize),
    /// No event ever matches a pattern that stands beside the URL of this place in the list.
    #[error(
        "has a '{property}' at URL {place} that no event matches: \
         it takes '*', or {expected} with commas between{hint}"
    )]
    NeverMatches {
        /// Which URL.
        place: usize,
        /// Which of its patterns.
        property: &'static str,
        /// What the pattern may name.
        expected: String,
        /// What was meant by a misspelt name, as a question, or nothing.
        hint: String,
    },
    /// A pattern beside the URL of this place in the list names a hub that there is not.
    #[error(
        "has a 'hubPattern' at URL {place} with the hub '{name}', which HUBS does not name{hint}"
    )]
    NoSuchHub {
        /// Which URL.
        place: usize,
        /// The name.
        name: HubName,
        /// Which hub was meant, as a question, or nothing.
        hint: String,
    },
}

impl Templates {
    /// Reads one URL for everything, or a JSON list of templates.
    ///
    /// # Errors
    /// When the list cannot be read, or a URL is not https.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let text = text.trim();
        let templates = if text.starts_with('[') {
            serde_json::from_str(text).map_err(|err| not_a_list(&err))?
        } else {
            let url = Secret::new(text);
            let [hub_pattern, category_pattern, event_pattern] = [any(), any(), any()];
            vec![Template { url, hub_pattern, category_pattern, event_pattern }]
        };
        for (before, template) in templates.iter().enumerate() {
            template.check(before + 1)?;
        }
        Ok(Self(templates))
    }

    /// The same templates, for a deployment that has these hubs.
    ///
    /// # Errors
    /// When a pattern names another hub.
    pub fn of_hubs(self, hubs: &Hubs) -> Result<Self, TemplateError> {
        for (before, template) in self.0.iter().enumerate() {
            let mut named = listed(&template.hub_pattern).filter_map(|it| HubName::parse(it).ok());
            if let Some(name) = named.find(|name| !hubs.contains(name)) {
                let hint = hubs.hint(name.as_str());
                return Err(TemplateError::NoSuchHub { place: before + 1, name, hint });
            }
        }
        Ok(self)
    }

    /// Where an event goes; nowhere when nothing matches, when its name would leave the path, or
    /// when its receiver would read another name in the header.
    pub fn url(&self, event: &Event) -> Option<String> {
        let (hub, category, name) =
            (event.client.hub.as_str(), event.category().as_str(), event.name());
        if !survives_a_header(name) {
            return None;
        }
        let is_it = |template: &&Template| {
            matches(&template.hub_pattern, hub)
                && matches(&template.category_pattern, category)
                && matches(&template.event_pattern, name)
        };
        self.0.iter().find(is_it)?.filled(hub, category, name)
    }
}

impl Template {
    fn check(&self, place: usize) -> Result<(), TemplateError> {
        let url = self.url.expose();
        if !is_trusted_url(url) {
            return Err(TemplateError::Untrusted(place));
        }
        let authority = origin_of(url).split_once("://").unwrap_or_default().1;
        if authority.is_empty() || authority.contains('{') {
            return Err(TemplateError::NoHost(place));
        }
        self.check_patterns(place)
    }

    /// Refuses what matches nothing: its events would go to another endpoint, or nowhere.
    fn check_patterns(&self, place: usize) -> Result<(), TemplateError> {
        let never = |property, expected: &str, hint| {
            let expected = expected.to_owned();
            Err(TemplateError::NeverMatches { place, property, expected, hint })
        };
        let is_hub = |name: &str| HubName::parse(name).is_ok();
        if !listed(&self.hub_pattern).all(is_hub) {
            return never("hubPattern", "names of hubs", String::new());
        }
        if let Some(slip) = stranger(&self.category_pattern, CATEGORIES) {
            return never("categoryPattern", &CATEGORIES.join(" and "), hint(slip, CATEGORIES));
        }
        if matches(&self.category_pattern, Category::Messages.as_str()) {
            let is_method = |name: &str| !name.is_empty() && name != ANY;
            let are_methods = listed(&self.event_pattern).all(is_method);
            return if are_methods {
                Ok(())
            } else {
                never("eventPattern", "names of events", String::new())
            };
        }
        match stranger(&self.event_pattern, OF_CONNECTIONS) {
            Some(slip) => {
                let expected = OF_CONNECTIONS.join(" and ");
                never("eventPattern", &expected, hint(slip, OF_CONNECTIONS))
            }
            None => Ok(()),
        }
    }

    /// `None` for names that are steps of a path: a client of HTTP takes them so even escaped.
    fn filled(&self, hub: &str, category: &str, event: &str) -> Option<String> {
        let mut rest = self.url.expose();
        let mut url = String::with_capacity(rest.len());
        // In one pass, so that nothing in a name is taken for a placeholder.
        while let Some(at) = rest.find('{') {
            let (before, after) = rest.split_at(at);
            url.push_str(before);
            let names = [("{hub}", hub), ("{category}", category), ("{event}", event)];
            let found = names.iter().find(|(name, _)| after.starts_with(name));
            let (length, value) =
                found.map_or((1, None), |(name, value)| (name.len(), Some(value)));
            match value {
                Some(&("." | "..")) => return None,
                Some(value) => url.extend(utf8_percent_encode(value, ESCAPED)),
                None => url.push('{'),
            }
            rest = after.get(length..).unwrap_or_default();
        }
        url.push_str(rest);
        Some(url)
    }
}

/// Without what the parser found there, which it would quote.
fn not_a_list(err: &serde_json::Error) -> TemplateError {
    let (line, column) = (err.line(), err.column());
    TemplateError::NotAList { line, column, hint: json_hint(err) }
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.trim() == ANY || listed(pattern).any(|one| one.eq_ignore_ascii_case(name))
}

/// The names of a pattern; none when the pattern is for all.
fn listed(pattern: &str) -> impl Iterator<Item = &str> {
    let names = pattern.split(',').map(str::trim);
    names.filter(move |_| pattern.trim() != ANY)
}

/// The first name of a pattern that is none of those that there are.
fn stranger<'p>(pattern: &'p str, known: [&str; 2]) -> Option<&'p str> {
    listed(pattern).find(|name| !known.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use hubcast_model::event::EventKind;

    use super::*;
    use crate::webhook::testing::{call, connected};

    fn url(templates: &str, category: &str, event: &str) -> Option<String> {
        let event = match (category, event) {
            ("connections", "connected") => connected("chat"),
            ("connections", "disconnected") => {
                Event { kind: EventKind::Disconnected { why: None }, ..connected("chat") }
            }
            ("messages", target) => call("chat", target),
            other => panic!("{other:?}"),
        };
        Templates::parse(templates).unwrap().url(&event)
    }

    #[test]
    fn one_url_is_for_everything_and_names_are_escaped() {
        let url =
            |event| url("https://h/{hub}/{category}/{event}?e={event}&x={y}", "messages", event);
        assert_eq!(url("Add").unwrap(), "https://h/chat/messages/Add?e=Add&x={y}");
        assert_eq!(
            url("a/ä?{hub}").unwrap(),
            "https://h/chat/messages/a%2F%C3%A4%3F%7Bhub%7D?e=a%2F%C3%A4%3F%7Bhub%7D&x={y}"
        );
    }

    /// Endpoints are called with signatures; a `.` stays one however it is escaped.
    #[test]
    fn names_lead_nowhere_else() {
        for name in [".", ".."] {
            assert_eq!(url("https://h/hooks/{event}?code=k", "messages", name), None);
            assert_eq!(url("https://h/all", "messages", name).as_deref(), Some("https://h/all"));
        }
        for name in [" Add", "Add ", "Add\t", "A\u{0}dd", "\u{3000}Add"] {
            assert_eq!(url("https://h/all", "messages", name), None, "a receiver reads 'Add'");
        }
        let plain = url("https://h/hooks/{event}", "messages", "...");
        assert_eq!(plain.as_deref(), Some("https://h/hooks/..."));
        for bad in ["https://{event}/", "https://h.{hub}?x", "https:///{event}", "https://{hub}@h/"]
        {
            assert!(matches!(Templates::parse(bad), Err(TemplateError::NoHost(1))), "{bad}");
        }
    }

    /// Azure has no such event.
    #[test]
    fn a_cancellation_is_a_message_of_its_own_name() {
        let kind = EventKind::Cancelled { invocation_id: "7".to_owned() };
        let event = Event { kind, ..connected("chat") };
        let url = Templates::parse("https://h/{category}/{event}").unwrap().url(&event);
        assert_eq!(url.as_deref(), Some("https://h/messages/cancelled"));
    }

    #[test]
    fn the_first_template_that_matches_counts() {
        let templates = r#"[
            {"urlTemplate":"https://h/1","categoryPattern":"connections","eventPattern":"connected"},
            {"urlTemplate":"https://h/2","hubPattern":"other, Chat","eventPattern":"a,b"},
            {"urlTemplate":"https://h/3","categoryPattern":"messages","hubPattern":"chat"}
        ]"#;
        let at = |category, event| url(templates, category, event);
        assert_eq!(at("connections", "connected").as_deref(), Some("https://h/1"));
        assert_eq!(at("messages", "B").as_deref(), Some("https://h/2"));
        assert_eq!(at("messages", "c").as_deref(), Some("https://h/3"));
        assert_eq!(at("connections", "disconnected"), None);
    }

    #[test]
    fn no_fault_shows_a_key() {
        let key = "a-function-key";
        for bad in [
            format!("http://h/?code={key}"),
            format!("http://{key}@h/"),
            format!(r#"[{{"urlTemplate":"http://h/?code={key}"}}]"#),
            format!(r#"["https://h/?code={key}"]"#),
            format!(r#"[{{"urlTemplate":{{"{key}":1}}}}]"#),
        ] {
            let fault = Templates::parse(&bad).unwrap_err().to_string();
            assert!(!fault.contains(key), "{fault}");
        }
        let good = Templates::parse(&format!("https://h/?code={key}")).unwrap();
        assert!(!format!("{good:?}").contains(key));
    }

    #[test]
    fn requests_that_could_be_read_on_the_way_are_refused() {
        for bad in
            ["http://example.com/x", "ftp://h", "h/{hub}", "", r#"[{"urlTemplate":"http://h"}]"#]
        {
            assert!(matches!(Templates::parse(bad), Err(TemplateError::Untrusted(_))), "{bad}");
        }
        assert!(Templates::parse("http://127.0.0.1:7071/x").is_ok());
        for bad in ["[{}]", r#"[{"urlTemplate":"https://h","hubPatern":"x"}]"#] {
            assert!(matches!(Templates::parse(bad), Err(TemplateError::NotAList { .. })), "{bad}");
        }
    }

    #[test]
    fn every_event_of_connections_can_be_named() {
        let ended = Event { kind: EventKind::Disconnected { why: None }, ..connected("chat") };
        assert_eq!([connected("chat").name(), ended.name()], OF_CONNECTIONS);
    }

    #[test]
    fn a_pattern_that_no_event_matches_is_refused_and_told_what_was_meant() {
        let parse = |pattern: &str| {
            Templates::parse(&format!(r#"[{{"urlTemplate":"https://h",{pattern}}}]"#))
        };
        for (pattern, end) in [
            (r#""categoryPattern":"connection""#, "; did you mean 'connections'?"),
            (r#""categoryPattern":"connections, mesages""#, "; did you mean 'messages'?"),
            (r#""categoryPattern":"secret""#, "connections and messages with commas between"),
            (r#""categoryPattern":"""#, "with commas between"),
            (r#""categoryPattern":"*,messages""#, "with commas between"),
            (r#""hubPattern":"chat*""#, "names of hubs with commas between"),
            (r#""hubPattern":"chat,""#, "names of hubs with commas between"),
            (r#""eventPattern":"a,,b""#, "names of events with commas between"),
            (
                r#""categoryPattern":"Connections","eventPattern":"conected""#,
                "; did you mean 'connected'?",
            ),
        ] {
            let why = parse(pattern).unwrap_err().to_string();
            assert!(why.ends_with(end) && !why.contains("secret"), "{pattern}: {why}");
        }
        for good in [
            r#""categoryPattern":" * ""#,
            r#""categoryPattern":"MESSAGES","eventPattern":"conected""#,
            r#""categoryPattern":"connections","eventPattern":"Connected, disconnected""#,
            r#""hubPattern":"chat , orders","eventPattern":"a, b""#,
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_misspelt_property_is_told_what_it_was_meant_to_be_and_no_url() {
        let list = r#"[{"urlTemplate":"https://h/?code=secret","hubPatern":"x"}]"#;
        let why = Templates::parse(list).unwrap_err().to_string();
        assert!(why.ends_with("; did you mean 'hubPattern'?") && !why.contains("secret"), "{why}");
    }
}
