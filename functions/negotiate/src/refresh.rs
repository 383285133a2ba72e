//! An open connection follows a fresh token: `POST /hubs/{hub}/refresh` and `/client/refresh?hub=H`.
//!
//! The connectionToken in the header says which connection, and proves whose
//! it is; its age does not count. Every answer is a JSON object: clients take
//! everything else for a failure.
//! Statuses and codes after `Microsoft.Azure.SignalR` 1.34.0.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use hubcast_auth::AuthError;
use hubcast_auth::jwks::KeySource;
use hubcast_connection::refresh::{Open, Refresh, Renewed};
use hubcast_model::context::Admission;
use hubcast_model::id::ConnectionId;
use hubcast_model::ports::{AccessKeySource, GrantStore, SessionStore};
use hubcast_model::principal::{Principal, TokenKind};
use hubcast_model::time::{Clock, Timestamp};
use serde_json::json;
use signalr_protocol::negotiate::{LifetimeSeconds, RefreshResponse};

use crate::answer::{self, Refusal};
use crate::request::{Endpoint, Request, bearer};
use crate::{Negotiation, broken};

/// The header with the secret of the open connection.
const CONNECTION_TOKEN: &str = "x-signalr-connection-token";

/// What a fresh token changes, and what its client is told.
struct Fresh {
    admission: Admission,
    response: RefreshResponse,
}

impl<K, A, S, R, C> Negotiation<K, A, S, R, C>
where
    K: KeySource,
    A: AccessKeySource,
    S: GrantStore + SessionStore,
    R: Refresh,
    C: Clock,
{
    /// Answers a refresh.
    pub(crate) async fn refresh(
        &self,
        event: &ApiGatewayV2httpRequest,
        request: &Request,
    ) -> Result<ApiGatewayV2httpResponse, Refusal> {
        if !self.close_on_token_expiry {
            return Err(Refusal::RefreshOff);
        }
        let shown = event.headers.get(CONNECTION_TOKEN).and_then(|value| value.to_str().ok());
        let shown = shown.filter(|shown| !shown.is_empty()).ok_or(Refusal::NoConnectionToken)?;
        let (token, now) = (bearer(event)?, self.clock.now());
        let principal = self.gatekeeper.admit_fresh(token, &request.hub, now).await?;
        if request.endpoint == Endpoint::Hub && principal.kind == TokenKind::Client {
            return Err(Refusal::Unauthorized("an app token is needed here".to_owned()));
        }
        let open = self.open(shown, request).await?;
        let known = &open.admission().principal;
        if principal.user != known.user {
            return Err(Refusal::OtherUser);
        }
        let fresh = match request.endpoint {
            Endpoint::Hub => self.redirected(event, request, &principal, now).await?,
            Endpoint::Client => self.shown(principal, now)?,
        };
        let Fresh { mut admission, response } = fresh;
        admission.principal.connection.clone_from(&known.connection);
        match self.refresh.renew(&open, &admission).await.map_err(broken)? {
            Renewed::Done => Ok(answer::json(&response)),
            Renewed::Over => Err(Refusal::NoConnection),
            Renewed::Blocked => Err(Refusal::Blocked),
        }
    }

    /// The open connection of a connectionToken.
    async fn open(&self, shown: &str, request: &Request) -> Result<Open, Refusal> {
        let id = ConnectionId::parse(shown).map_err(|_| Refusal::NoConnection)?;
        let open = self.refresh.find(&request.hub, &id).await.map_err(broken)?;
        let open = open.ok_or(Refusal::NoConnection)?;
        let user = open.admission().principal.user.as_ref();
        match self.gatekeeper.opened_connection(shown, &request.hub, user).await {
            Ok(_) => Ok(open),
            Err(err @ AuthError::KeysUnavailable(_)) => Err(broken(err)),
            Err(_) => Err(Refusal::NoConnection),
        }
    }

    /// An app token has the connection become what its own client token would open.
    async fn redirected(
        &self,
        event: &ApiGatewayV2httpRequest,
        request: &Request,
        principal: &Principal,
        now: Timestamp,
    ) -> Result<Fresh, Refusal> {
        let token = self.redirect(event, request, principal, now).await?.access_token;
        let of_token = self.gatekeeper.admit(&self.store, &token, &request.hub, now).await?;
        let fresh = self.shown(of_token, now)?;
        let response = RefreshResponse { access_token: Some(token), ..fresh.response };
        Ok(Fresh { response, ..fresh })
    }

    /// A token that opens connections by itself.
    fn shown(&self, principal: Principal, now: Timestamp) -> Result<Fresh, Refusal> {
        let end = principal.session_expires;
        let admission = Admission::new(principal, &self.groups, &self.told_claims);
        let admission = admission.map_err(|err| Refusal::Bad(err.to_string()))?;
        let token_lifetime_seconds = end.and_then(|end| LifetimeSeconds::of(end.since(now)));
        let response = RefreshResponse { token_lifetime_seconds, ..RefreshResponse::default() };
        Ok(Fresh { admission, response })
    }
}

/// The answer to a refresh that is refused.
pub(crate) fn refused(refusal: &Refusal) -> ApiGatewayV2httpResponse {
    let code = code(refusal);
    tracing::info!(code, why = refusal.text(), "a refresh was refused");
    let body = if code.is_empty() { json!({}) } else { json!({ "error": code }) };
    answer::refused_by(refusal, answer::json(&body))
}

/// The code of a refusal; empty where the reference has none.
const fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Method | Refusal::NotFound(_) | Refusal::Server | Refusal::Socket { .. } => "",
        Refusal::RefreshOff => "refresh_disabled",
        Refusal::NoConnection | Refusal::UnknownHub(_) => "connection_not_found",
        Refusal::NoConnectionToken => "missing_connection_token",
        Refusal::Unauthorized(_) => "invalid_token",
        Refusal::Bad(_) | Refusal::TooLong => "invalid_request",
        Refusal::Origin
        | Refusal::WayIn
        | Refusal::WrongHub
        | Refusal::ClientTokensOnly
        | Refusal::Blocked
        | Refusal::OtherUser
        | Refusal::TooManyGroups => "permission_change_rejected",
        Refusal::Broken(_) => "internal_server_error",
    }
}
