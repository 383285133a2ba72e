//! The names of the claims of client tokens.

/// The issuer of our redirects' tokens; those that backends make name none.
pub(super) const ISSUER: &str = "hubcast";
pub(super) const GROUPS: &str = "hubcast.groups";
pub(super) const GRANT: &str = "hubcast.grant";
pub(super) const SESSION: &str = "hubcast.session";
/// System claims of Azure SignalR; see `Constants.cs` of Azure/azure-signalr.
pub(super) const USER: &str = "asrs.s.uid";
/// The claims that name the user, the first of them that is there: Azure's own, what the handler of
/// .NET writes for its long name, the long name that newer handlers leave as it is, and the
/// standard's.
/// <https://learn.microsoft.com/dotnet/api/system.security.claims.claimtypes.nameidentifier>
pub(super) const USERS: [&str; 4] =
    [USER, "nameid", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier", "sub"];
pub(super) const CLOSE_ON_EXPIRY: &str = "asrs.s.coae";
pub(super) const EXPIRES_ON: &str = "asrs.s.aeo";
pub(super) const SYSTEM_PREFIX: &str = "asrs.s.";
/// Claims of ours, and those that tell about the token itself.
pub(super) const OWN_PREFIX: &str = "hubcast.";
pub(super) const OF_TOKEN: [&str; 6] = ["aud", "exp", "iat", "iss", "jti", "nbf"];
/// User claims that would collide with claims of the token itself.
pub(super) const USER_PREFIX: &str = "asrs.u.";
