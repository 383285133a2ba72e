//! The methods that hubcast itself answers. None of them streams.

use hubcast_model::context::Caller;
use hubcast_model::settings::Hubs;

use super::group::GroupMethod;

/// A built-in method.
#[derive(Debug, Clone, Copy)]
pub(super) enum Method {
    Group(GroupMethod),
    GetConnectionId,
}

/// The built-in methods of each hub.
#[derive(Debug, Clone)]
pub(super) struct BuiltIn {
    /// The hubs that have none: their apps have methods of these names.
    pub(super) own_methods: Hubs,
}

impl BuiltIn {
    /// The built-in method of this name on the caller's hub; `None` when backends may have such a
    /// method.
    pub(super) fn named(&self, caller: &Caller, target: &str) -> Option<Method> {
        let method = match target.to_ascii_lowercase().as_str() {
            "joingroup" => Method::Group(GroupMethod::Join),
            "leavegroup" => Method::Group(GroupMethod::Leave),
            "getconnectionid" => Method::GetConnectionId,
            _ => return None,
        };
        (!self.own_methods.contains(&caller.admission.principal.hub)).then_some(method)
    }
}
