//! Pages of lists, and the links from one to the next.

use hubcast_backend::{Cursor, ListPage};
use hubcast_model::id::SocketId;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::answer::Refusal;
use crate::request::Request;

/// The most items of one page, as in Azure.
const SIZE_MAX: u32 = 200;

/// A page of a list that is wanted.
#[derive(Debug)]
pub(crate) struct PageRequest<'a> {
    /// Where the page starts.
    pub(crate) cursor: Cursor,
    /// The most items that the page may have.
    pub(crate) size: usize,
    /// The absolute URL of the list, without a query.
    url: String,
    /// The query, which the link to the next page repeats.
    query: &'a [(String, String)],
    /// The number of items on the pages before.
    given: usize,
    /// The most items of all pages together.
    top: Option<usize>,
}

impl<'a> PageRequest<'a> {
    /// Reads which page of the list at `url` is wanted.
    pub(crate) fn read(request: &Request<'a>, url: String) -> Result<Self, Refusal> {
        let size = request.number("maxpagesize", 1..=SIZE_MAX)?.unwrap_or(SIZE_MAX);
        let top = request.number("top", 1..=i32::MAX.unsigned_abs())?;
        let token = request.text("continuationToken")?;
        let wrong = || Refusal::bad("'continuationToken' is not one of a link to a next page");
        let (given, cursor) = match token {
            Some(token) => read_token(token).ok_or_else(wrong)?,
            None => (0, Cursor::default()),
        };
        let top = top.and_then(|top| usize::try_from(top).ok());
        let left = top.map_or(usize::MAX, |top| top.saturating_sub(given));
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(left);
        Ok(Self { cursor, size, url, query: request.query, given, top })
    }

    /// The page as the reference describes it, with the link to the next one.
    pub(crate) fn json<T>(&self, page: ListPage<T>, item: impl Fn(T) -> Value) -> Value {
        let given = self.given.saturating_add(page.items.len());
        let items: Vec<Value> = page.items.into_iter().map(item).collect();
        let next = page.next.filter(|_| self.top.is_none_or(|top| given < top));
        match next {
            None => json!({ "value": items }),
            Some(cursor) => {
                let link = link(&self.url, self.query, &token(given, &cursor));
                json!({ "value": items, "nextLink": link })
            }
        }
    }
}

/// The same request with another continuation token.
fn link(url: &str, query: &[(String, String)], token: &str) -> String {
    const TOKEN: &str = "continuationToken";
    let others = query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(TOKEN));
    let mut link = Serializer::new(String::new());
    let link = link.extend_pairs(others).append_pair(TOKEN, token).finish();
    format!("{url}?{link}")
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
    fn a_token_with_a_huge_number_ends_no_invocation() {
        let request = PageRequest {
            cursor: Cursor::default(),
            size: 1,
            url: String::new(),
            query: &[],
            given: usize::MAX,
            top: None,
        };
        let page = ListPage { items: vec![1], next: Some(Cursor::default()) };
        let link = request.json(page, Value::from)["nextLink"].to_string();
        assert!(link.contains(&usize::MAX.to_string()), "{link}");
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", "x", "1.0", "-1.0.a", "1.65536.a", "1.0.a b", ".0.a"] {
            assert_eq!(read_token(text), None, "{text}");
        }
    }
}
