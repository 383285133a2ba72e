//! The methods that hubcast itself answers. None of them streams.

use super::group::GroupMethod;

/// A built-in method.
#[derive(Debug, Clone, Copy)]
pub(super) enum Method {
    Group(GroupMethod),
    GetConnectionId,
}

impl Method {
    /// The built-in method of this name; `None` when backends may have such a method.
    pub(super) fn named(target: &str) -> Option<Self> {
        match target.to_ascii_lowercase().as_str() {
            "joingroup" => Some(Self::Group(GroupMethod::Join)),
            "leavegroup" => Some(Self::Group(GroupMethod::Leave)),
            "getconnectionid" => Some(Self::GetConnectionId),
            _ => None,
        }
    }
}
