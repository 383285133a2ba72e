//! Errors as logs show them: the whole chain of causes, once.

use std::error::Error;

/// An error with all its causes, such as `the post failed: timed out`.
pub fn chain(err: &(dyn Error + 'static)) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        text.push_str(": ");
        text.push_str(&err.to_string());
        cause = err.source();
    }
    text
}
