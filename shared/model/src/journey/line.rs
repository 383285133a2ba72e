//! A line of the log, as those read it who tell a journey from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::{Step, TARGET};
use crate::time::Timestamp;

/// A line about a step of a journey.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// When it was written; in JSON as RFC 3339.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The function that wrote it, such as `publisher`.
    pub function: String,
    /// The step.
    pub step: Step,
    /// The fields of the line and of the spans around it, by name.
    pub fields: BTreeMap<String, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn as_text<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.to_rfc3339())
}

/// A line as `tracing` writes it.
#[derive(Deserialize)]
struct Form {
    target: String,
    fields: BTreeMap<String, Value>,
    #[serde(default)]
    spans: Vec<BTreeMap<String, Value>>,
}

impl Line {
    /// Reads a line of a function; `None` for a line that tells of no step.
    pub fn read(at: Timestamp, function: &str, text: &str) -> Option<Self> {
        let form: Form = serde_json::from_str(text.trim()).ok()?;
        let step = form.fields.get("step").and_then(Value::as_str).and_then(Step::named);
        let step = step.filter(|_| form.target == TARGET)?;
        let mut fields: BTreeMap<String, Value> = form.spans.into_iter().flatten().collect();
        fields.remove("name");
        fields.extend(form.fields);
        Some(Self { at, function: function.to_owned(), step, fields })
    }

    /// A field that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    /// A field that is a number; a number that is left out is nought.
    pub fn number(&self, name: &str) -> u64 {
        self.fields.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    /// The sentence of the line.
    pub fn sentence(&self) -> &str {
        self.text("message").unwrap_or_default()
    }
}

/// Puts lines into the order in which things happened. Within a millisecond, a function that comes
/// first on the way comes first.
pub fn in_order(lines: &mut [Line]) {
    const WAY: [&str; 4] = ["negotiate", "authorizer", "connect", "rest"];
    let place = |line: &Line| WAY.iter().position(|name| *name == line.function);
    lines.sort_by_key(|line| (line.at, place(line).unwrap_or(WAY.len())));
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A line of the publisher, some milliseconds after the epoch.
    pub(in crate::journey) fn line(at: u64, step: Step, fields: &Value) -> Line {
        let mut all = BTreeMap::from([("step".to_owned(), Value::from(step.as_str()))]);
        let fields = fields.as_object().cloned().unwrap_or_default();
        all.extend(fields);
        Line { at: Timestamp::from_millis(at), function: "publisher".to_owned(), step, fields: all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(5);

    #[test]
    fn a_line_has_the_fields_of_its_spans() {
        let text = r#"{"level":"INFO","fields":{"message":"all posts are done","step":"delivered","reached":3},"target":"journey","spans":[{"requestId":"r-1","name":"Lambda runtime invoke"}]}"#;
        let line = Line::read(AT, "publisher", text).unwrap();
        assert_eq!(
            (line.step, line.number("reached"), line.number("gone")),
            (Step::Delivered, 3, 0)
        );
        assert_eq!(line.text("requestId"), Some("r-1"));
        assert_eq!(line.sentence(), "all posts are done");
    }

    #[test]
    fn what_tells_of_no_step_is_no_line() {
        for text in [
            "START RequestId: 1",
            "[]",
            r#"{"fields":{"step":"delivered"},"target":"publisher"}"#,
            r#"{"fields":{"step":"lost"},"target":"journey"}"#,
            r#"{"fields":{},"target":"journey"}"#,
        ] {
            assert_eq!(Line::read(AT, "publisher", text), None, "{text}");
        }
    }

    #[test]
    fn lines_of_one_moment_follow_the_way_of_a_message() {
        let line = |at: u64, function: &str| Line {
            function: function.to_owned(),
            ..testing::line(at, Step::Accepted, &Value::Null)
        };
        let mut lines = [line(7, "publisher"), line(7, "rest"), line(5, "message")];
        in_order(&mut lines);
        assert_eq!(lines.map(|line| line.function), ["message", "rest", "publisher"]);
    }
}
