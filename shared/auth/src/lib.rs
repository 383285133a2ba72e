//! Tokens to principals: the only crate that knows JWT and keys.
