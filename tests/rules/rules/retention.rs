//! What those find who come later: retained values, and messages that waited for them.

mod inbox;
mod retained;
