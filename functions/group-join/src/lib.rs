//! The JoinGroup and LeaveGroup routes: the message use case for frames the gateway can route.
