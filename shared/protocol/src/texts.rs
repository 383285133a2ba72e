//! The texts that the .NET server sends to clients.
//!
//! Apps match on them, so they are kept to the letter. Their source is
//! `DefaultHubDispatcher.cs` and `HubConnectionContext.cs` of dotnet/aspnetcore.

/// How much of a name from a client is echoed, in characters.
pub const ECHO_MAX_CHARS: usize = 200;

/// The start of every Close that answers a broken frame.
pub const CLOSED_WITH_ERROR: &str = "Connection closed with an error.";

/// The method does not exist.
pub fn unknown_method(method: &str) -> String {
    format!("Unknown hub method '{}'", echo(method))
}

/// The arguments do not fit the method.
pub fn invalid_arguments(method: &str, detail: &str) -> String {
    format!("Failed to invoke '{}' due to an error on the server. {detail}", echo(method))
}

/// The caller may not invoke the method (like this).
pub fn unauthorized(method: &str, detail: &str) -> String {
    format!("Failed to invoke '{}' because user is unauthorized. {detail}", echo(method))
}

/// Something broke while the method ran.
pub fn unexpected(method: &str) -> String {
    format!("An unexpected error occurred invoking '{}' on the server.", echo(method))
}

/// An invocation with the id of one that is not answered yet.
pub fn id_in_use(invocation_id: &str) -> String {
    format!("Invocation ID '{}' is already in use.", echo(invocation_id))
}

/// The method was not answered in time. The .NET server has no such text, since it has no such limit.
pub fn unanswered(method: &str) -> String {
    format!("Invoking '{}' was not answered in time.", echo(method))
}

/// A streaming invocation of a method that does not stream.
pub fn not_streaming(method: &str) -> String {
    let method = echo(method);
    format!(
        "The client attempted to invoke the non-streaming '{method}' method with a streaming invocation."
    )
}

/// The name, cut to what may be echoed.
pub fn echo(name: &str) -> &str {
    name.char_indices().nth(ECHO_MAX_CHARS).map_or(name, |(end, _)| name.get(..end).unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoed_names_are_cut_at_a_character() {
        assert_eq!(echo("short"), "short");
        assert_eq!(echo(&"語".repeat(201)), "語".repeat(200));
    }
}
