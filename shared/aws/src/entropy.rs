//! The first random number of a process.
//!
//! AWS-LC collects the jitter of the processor before it gives out a first
//! number, which costs milliseconds of a whole core. A function has a whole core
//! only while it starts, so it draws a number then, and not when it first speaks
//! TLS.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// Draws a number, and throws the number away.
pub fn gather() {
    if SystemRandom::new().fill(&mut [0_u8; 1]).is_err() {
        tracing::warn!("no random number can be drawn");
    }
}
