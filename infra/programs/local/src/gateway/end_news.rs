//! When `$disconnect` tells of the end of a socket.
//!
//! AWS makes no promise here: "API Gateway will try its best to deliver the
//! $disconnect event to your integration, but it cannot guarantee delivery." So a
//! test may have the news late, or not at all.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html>

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// The text of [`EndNews::Never`].
const NEVER: &str = "never";

/// When `$disconnect` tells of the end of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndNews {
    /// After this long.
    After(Duration),
    /// Not at all.
    Never,
}

impl EndNews {
    /// At once.
    pub const PROMPT: Self = Self::After(Duration::ZERO);

    /// Waits until the news is due, or until the gateway closes; false when there is no news.
    pub(super) async fn is_due(self, closing: &watch::Sender<bool>) -> bool {
        match self {
            Self::Never => false,
            Self::After(delay) => {
                let mut closing = closing.subscribe();
                // The gateway outlives its sockets, so it never stops telling whether it closes.
                let _ = timeout(delay, closing.wait_for(|is_closing| *is_closing)).await;
                true
            }
        }
    }
}

impl fmt::Display for EndNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(delay) => write!(f, "{}", delay.as_millis()),
            Self::Never => f.write_str(NEVER),
        }
    }
}

impl FromStr for EndNews {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == NEVER {
            return Ok(Self::Never);
        }
        let millis =
            text.parse().map_err(|_| "this is neither a number of milliseconds nor 'never'")?;
        Ok(Self::After(Duration::from_millis(millis)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_come_after_milliseconds_or_never() {
        for text in ["0", "1500", "never"] {
            assert_eq!(text.parse::<EndNews>().map(|news| news.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("0".parse(), Ok(EndNews::PROMPT));
        for text in ["", "soon", "-1", "1.5", "Never"] {
            assert!(text.parse::<EndNews>().is_err(), "{text}");
        }
    }
}
