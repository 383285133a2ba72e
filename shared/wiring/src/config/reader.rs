//! Reading variables and collecting what is wrong with them.

use std::fmt;
use std::ops::RangeInclusive;

use hubcast_model::mark::without_mark;
use hubcast_model::spelling::hint;

/// Everything that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    faults: Vec<String>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment has {} fault(s): {}", self.faults.len(), self.faults.join("; "))
    }
}

/// Reads variables; a fault is noted and reading goes on.
pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

/// The process's own environment.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub(crate) fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl<'a> Reader<'a> {
    pub(super) const fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, faults: Vec::new() }
    }

    /// The configuration, unless anything was wrong.
    pub(super) fn finish<T>(self, config: Option<T>) -> Result<T, ConfigError> {
        match config {
            Some(config) if self.faults.is_empty() => Ok(config),
            _ => Err(ConfigError { faults: self.faults }),
        }
    }

    pub(super) fn fault<T>(&mut self, name: &str, expected: impl fmt::Display) -> Option<T> {
        self.faults.push(format!("{name} {expected}"));
        None
    }

    /// A variable that is set and not empty.
    pub(super) fn optional(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        // A value may come from a file, which an editor has marked.
        Some(without_mark(&value).to_owned()).filter(|value| !value.trim().is_empty())
    }

    pub(super) fn required(&mut self, name: &str, what: &str) -> Option<String> {
        self.optional(name).or_else(|| self.fault(name, format!("is missing: {what}")))
    }

    /// A list that commas separate; empty when the variable is absent.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let text = self.optional(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn flag(&mut self, name: &str, default: bool) -> Option<bool> {
        let words = [("true", true), ("false", false)];
        if self.optional(name).is_none() { Some(default) } else { self.word(name, words) }
    }

    /// One of these words. The first stands for a variable that is absent.
    pub(super) fn word<T, const N: usize>(
        &mut self,
        name: &str,
        words: [(&str, T); N],
    ) -> Option<T> {
        let known = words.each_ref().map(|(word, _)| *word);
        let first = known.first().copied().unwrap_or_default();
        let text = self.optional(name).unwrap_or_else(|| first.to_owned());
        let meant = words.into_iter().find(|(word, _)| *word == text.trim());
        meant.map(|(_, value)| value).or_else(|| {
            self.fault(name, format!("must be {}{}", known.join(" or "), hint(&text, known)))
        })
    }

    pub(super) fn number(
        &mut self,
        name: &str,
        range: RangeInclusive<u32>,
        default: u32,
    ) -> Option<u32> {
        let Some(text) = self.optional(name) else {
            return Some(default);
        };
        let number = text.trim().parse().ok().filter(|number| range.contains(number));
        let (least, most) = (range.start(), range.end());
        number.or_else(|| self.fault(name, format!("must be a number from {least} to {most}")))
    }

    /// The same URL where it is of use, but not needed: the outer `None` is for a fault.
    #[expect(clippy::option_option, reason = "every variable is read like this")]
    pub(super) fn url_or_none(&mut self, name: &str) -> Option<Option<String>> {
        if self.optional(name).is_none() { Some(None) } else { self.url(name).map(Some) }
    }

    /// An absolute `http` or `https` URL, without a trailing slash.
    pub(super) fn url(&mut self, name: &str) -> Option<String> {
        let text = self.required(name, "an http or https URL")?;
        let parsed = url::Url::parse(text.trim()).ok();
        let is_web =
            parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if is_web {
            return Some(text.trim().trim_end_matches('/').to_owned());
        }
        self.fault(name, "must be an http or https URL")
    }
}
