//! Holds nothing but tests: the rules of all rooms together, over in-memory ports.
