//! Texts to filters, by recursive descent: `or` binds weakest, then `and`, then `not`.

use hubcast_model::spelling::hint;

use super::{Anchor, Filter, Operand};

/// Filters that nest deeper are refused.
const DEPTH_MAX: usize = 32;
/// Filters of more conditions are refused: a chain of them is as deep as it is long.
const CONDITIONS_MAX: usize = 256;
/// The most characters of a text that an error repeats.
const ECHO_MAX_CHARS: usize = 40;

/// Why a text is no filter, for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Something else stands where this was expected.
    #[error("{expected} was expected at '{at}'{hint}")]
    Expected {
        /// What was expected.
        expected: &'static str,
        /// The text from the place of the error on.
        at: String,
        /// What was meant by a misspelt word, as a question; empty when no known word is near.
        hint: String,
    },
    /// The filter nests too deep.
    #[error("it nests more than {DEPTH_MAX} levels deep")]
    TooDeep,
    /// The filter has too many conditions.
    #[error("it has more than {CONDITIONS_MAX} conditions")]
    TooLong,
}

/// The words with which a condition may begin.
const OPERANDS: [&str; 7] =
    ["userId", "connectionId", "null", "not", "startswith", "endswith", "contains"];

struct Parser<'a> {
    rest: &'a str,
    /// How many conditions were read.
    conditions: usize,
}

pub(super) fn filter(text: &str) -> Result<Filter, FilterError> {
    let mut parser = Parser { rest: text, conditions: 0 };
    let filter = parser.or(0)?;
    parser.skip_space();
    if parser.rest.is_empty() { Ok(filter) } else { Err(parser.expected("the end")) }
}

impl<'a> Parser<'a> {
    fn expected(&self, expected: &'static str) -> FilterError {
        let at = self.rest.chars().take(ECHO_MAX_CHARS).collect();
        FilterError::Expected { expected, at, hint: String::new() }
    }

    /// The same where a word was expected, of which these are known.
    fn expected_word(&mut self, expected: &'static str, known: &[&str]) -> FilterError {
        let word = self.word();
        let at = self.rest.chars().take(ECHO_MAX_CHARS).collect();
        FilterError::Expected { expected, at, hint: hint(word, known.iter().copied()) }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes a sign if it comes next.
    fn sign(&mut self, sign: char) -> bool {
        self.skip_space();
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn needed(&mut self, sign: char, expected: &'static str) -> Result<(), FilterError> {
        if self.sign(sign) { Ok(()) } else { Err(self.expected(expected)) }
    }

    /// The word that comes next, which is not taken yet.
    fn word(&mut self) -> &'a str {
        self.skip_space();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric());
        self.rest.get(..end.unwrap_or(self.rest.len())).unwrap_or_default()
    }

    /// Takes a word if it comes next.
    fn keyword(&mut self, keyword: &str) -> bool {
        let word = self.word();
        let is_it = word == keyword;
        if is_it {
            self.rest = self.rest.get(word.len()..).unwrap_or_default();
        }
        is_it
    }

    fn or(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut filter = self.and(depth)?;
        while self.keyword("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.and(depth)?));
        }
        Ok(filter)
    }

    fn and(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut filter = self.unary(depth)?;
        while self.keyword("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.unary(depth)?));
        }
        Ok(filter)
    }

    fn unary(&mut self, depth: usize) -> Result<Filter, FilterError> {
        if depth >= DEPTH_MAX {
            return Err(FilterError::TooDeep);
        }
        if self.keyword("not") {
            return Ok(Filter::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.sign('(') {
            let filter = self.or(depth + 1)?;
            self.needed(')', "')'")?;
            return Ok(filter);
        }
        self.conditions += 1;
        if self.conditions > CONDITIONS_MAX {
            return Err(FilterError::TooLong);
        }
        match self.anchor() {
            Some(anchor) => self.holds(anchor),
            None => self.comparison(),
        }
    }

    fn anchor(&mut self) -> Option<Anchor> {
        let anchors = [Anchor::Start, Anchor::End, Anchor::Anywhere];
        anchors.into_iter().find(|anchor| self.keyword(&anchor.to_string()))
    }

    fn holds(&mut self, anchor: Anchor) -> Result<Filter, FilterError> {
        self.needed('(', "'('")?;
        let one = self.operand()?;
        self.needed(',', "','")?;
        let other = self.operand()?;
        self.needed(')', "')'")?;
        Ok(Filter::Holds(anchor, one, other))
    }

    fn comparison(&mut self) -> Result<Filter, FilterError> {
        let one = self.operand()?;
        if self.keyword("eq") {
            return Ok(Filter::Equal(one, self.operand()?));
        }
        if self.keyword("ne") {
            return Ok(Filter::Not(Box::new(Filter::Equal(one, self.operand()?))));
        }
        if !self.keyword("in") {
            return Err(self.expected("'eq', 'ne' or 'in'"));
        }
        if self.keyword("groups") {
            return Ok(Filter::InGroup(one));
        }
        if !self.sign('(') {
            return Err(self.expected_word("'groups' or a list in brackets", &["groups"]));
        }
        let mut others = vec![self.operand()?];
        while self.sign(',') {
            others.push(self.operand()?);
        }
        self.needed(')', "')'")?;
        Ok(Filter::OneOf(one, others))
    }

    fn operand(&mut self) -> Result<Operand, FilterError> {
        if self.sign('\'') {
            return self.text().map(Operand::Text);
        }
        for (word, operand) in [
            ("userId", Operand::UserId),
            ("connectionId", Operand::ConnectionId),
            ("null", Operand::Null),
        ] {
            if self.keyword(word) {
                return Ok(operand);
            }
        }
        Err(self.expected_word("userId, connectionId, null or a text in '..'", &OPERANDS))
    }

    /// The rest of a text; a quote in it is doubled.
    fn text(&mut self) -> Result<String, FilterError> {
        let mut text = String::new();
        loop {
            let Some((part, rest)) = self.rest.split_once('\'') else {
                return Err(self.expected("the closing quote"));
            };
            text.push_str(part);
            let Some(more) = rest.strip_prefix('\'') else {
                self.rest = rest;
                return Ok(text);
            };
            text.push('\'');
            self.rest = more;
        }
    }
}
