//! Recorded negotiations, and the answers that clients and browsers need.

mod connections;
mod origins;
mod redirects;
mod refusals;
mod rig;
