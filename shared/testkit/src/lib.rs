//! In-memory ports, event builders and the port contract suite, for tests only.
