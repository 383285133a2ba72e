//! Pages of lists, and the links from one to the next.

use hubcast_backend::{Cursor, Listed};
use hubcast_model::id::SocketId;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::answer::Refusal;
use crate::request::Request;

/// The most items of one page, as in Azure.
const SIZE_MAX: u32 = 200;

/// Which page of a list is wanted.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) cursor: Cursor,
    /// How many items it may have.
    pub(crate) size: usize,
    given: usize,
    top: Option<usize>,
}

impl Wanted {
    pub(crate) fn read(request: &Request<'_>) -> Result<Self, Refusal> {
        let size = request.number("maxpagesize", (1, SIZE_MAX))?.unwrap_or(SIZE_MAX);
        let top = request.number("top", (1, i32::MAX.unsigned_abs()))?;
        let token = request.text("continuationToken")?;
        let wrong = || Refusal::bad("'continuationToken' is not one of a link to a next page");
        let (given, cursor) = match token {
            Some(token) => read_token(token).ok_or_else(wrong)?,
            None => (0, Cursor::default()),
        };
        let top = top.and_then(|top| usize::try_from(top).ok());
        let left = top.map_or(usize::MAX, |top| top.saturating_sub(given));
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(left);
        Ok(Self { cursor, size, given, top })
    }

    /// The page as the reference describes it. `path` is the absolute URL of the list.
    pub(crate) fn json<T>(
        &self,
        (path, query): (&str, &[(String, String)]),
        listed: Listed<T>,
        item: impl Fn(T) -> Value,
    ) -> Value {
        let given = self.given + listed.items.len();
        let items: Vec<Value> = listed.items.into_iter().map(item).collect();
        let next = listed.next.filter(|_| self.top.is_none_or(|top| given < top));
        match next {
            None => json!({ "value": items }),
            Some(cursor) => {
                let link = link(path, query, &token(given, &cursor));
                json!({ "value": items, "nextLink": link })
            }
        }
    }
}

/// The same request with another continuation token.
fn link(path: &str, query: &[(String, String)], token: &str) -> String {
    const TOKEN: &str = "continuationToken";
    let others = query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(TOKEN));
    let mut link = Serializer::new(String::new());
    let link = link.extend_pairs(others).append_pair(TOKEN, token).finish();
    format!("{path}?{link}")
}

fn token(given: usize, cursor: &Cursor) -> String {
    let after = cursor.after.as_ref().map_or("", SocketId::as_str);
    format!("{given}.{}.{after}", cursor.shard)
}

fn read_token(token: &str) -> Option<(usize, Cursor)> {
    let (given, rest) = token.split_once('.')?;
    let (shard, after) = rest.split_once('.')?;
    let after = (!after.is_empty()).then(|| SocketId::parse(after)).transpose().ok()?;
    Some((given.parse().ok()?, Cursor { shard: shard.parse().ok()?, after }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_where_a_list_goes_on() {
        let after = SocketId::parse("a.b=").ok();
        for cursor in [Cursor { shard: 3, after }, Cursor { shard: 1, after: None }] {
            assert_eq!(read_token(&token(200, &cursor)), Some((200, cursor)));
        }
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", "x", "1.0", "-1.0.a", "1.65536.a", "1.0.a b", ".0.a"] {
            assert_eq!(read_token(text), None, "{text}");
        }
    }
}
