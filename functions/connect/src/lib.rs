//! The $connect route: takes the claim on a connection and records the socket.
