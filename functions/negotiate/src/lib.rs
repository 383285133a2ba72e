//! The negotiate endpoints of hubs and of the client surface.
