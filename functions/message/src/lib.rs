//! The $default route: SignalR handshakes, pings and invocations.
