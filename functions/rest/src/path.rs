//! The parts of a request's path, whatever a gateway did to it.
//!
//! API Gateway's HTTP API may hand on a path that it has decoded, so that it
//! cannot be seen whether a slash was one or was part of a name (`%2F`). The
//! front door therefore says in a header how the path was encoded. The header
//! counts only when it fits the path that was routed.

use percent_encoding::percent_decode_str;

use crate::route::is_plain;

/// The header in which the front door says how the path was encoded.
pub const RAW_PATH_HEADER: &str = "x-hubcast-raw-path";

/// A path of more parts is not looked at without that header.
const PARTS_MAX: usize = 64;

/// A path from `api/` on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    /// As the event has it.
    pub(crate) text: &'a str,
    /// Its decoded parts, if it is known how it was encoded.
    pub(crate) parts: Option<Vec<String>>,
}

/// The path cannot be read in one way only.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous;

impl<'a> Path<'a> {
    /// Reads a path and what the header says of it.
    pub(crate) fn read(path: &'a str, raw: Option<&str>) -> Result<Self, Ambiguous> {
        let parts = match raw {
            None => None,
            Some(raw) if raw == path || decoded(raw).as_deref() == Some(path) => {
                Some(from_api(raw).split('/').map(decoded).collect::<Option<_>>())
            }
            Some(_) => return Err(Ambiguous),
        };
        let parts = parts.map(|parts| parts.ok_or(Ambiguous)).transpose()?;
        Ok(Self { text: from_api(path), parts })
    }

    /// Its parts when nothing was signed: those of the header, or those that can only be meant.
    pub(crate) fn into_parts(self, method: &str) -> Result<Vec<String>, Ambiguous> {
        if let Some(parts) = self.parts {
            return Ok(parts);
        }
        let parts: Vec<String> = self.text.split('/').map(str::to_owned).collect();
        let is_encoded = self.text.contains(['%', '?', '#']);
        if is_encoded || parts.len() > PARTS_MAX || !is_plain(method, &parts) {
            return Err(Ambiguous);
        }
        Ok(parts)
    }
}

/// The path without a stage before it and a slash behind it.
fn from_api(path: &str) -> &str {
    let start = path.find("/api/").map_or(0, |at| at + 1);
    let path = path.get(start..).unwrap_or_default();
    path.strip_suffix('/').unwrap_or(path)
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}
