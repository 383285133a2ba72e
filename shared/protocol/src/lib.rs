//! The SignalR JSON hub protocol: framing, handshake, messages and negotiation, as a pure codec.
