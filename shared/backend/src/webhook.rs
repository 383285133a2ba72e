//! Events as webhooks of Azure SignalR, and what their answers mean.
//!
//! Bodies and headers are those that the `SignalRTrigger` of Azure Functions
//! reads.

mod answer;
mod claims;
mod request;
mod template;
#[cfg(test)]
mod testing;

pub use answer::OpenCall;
pub use request::{body, headers};
pub use template::{TemplateError, Templates};

/// Ends a record of the JSON hub protocol.
const RECORD_SEPARATOR: char = '\u{1e}';

/// Whether a header says a text as it is: receivers trim values, and a header is one line.
fn survives_a_header(text: &str) -> bool {
    text.trim() == text && !text.contains(char::is_control)
}

/// A header is one line.
fn in_a_header(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
