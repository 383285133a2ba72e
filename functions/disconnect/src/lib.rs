//! The $disconnect route: removes a socket and its channel rows.
