//! Redirects to the client endpoint, with a client token of ours.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use hubcast_auth::client::{CLIENT_TOKEN_LIFETIME, ClientGrant};
use hubcast_auth::jwks::KeySource;
use hubcast_model::context::groups_text;
use hubcast_model::ports::{AccessKeySource, GrantStore};
use hubcast_model::principal::{Principal, TokenKind};
use hubcast_model::time::{Clock, Timestamp};
use hubcast_model::values::Values;
use signalr_protocol::negotiate::Redirect;

use crate::answer::Refusal;
use crate::request::{Request, is_too_long};
use crate::{Negotiation, broken};

/// How long the groups of a token are kept: until no connection that it opened can be left.
const GRANT_LIFETIME: std::time::Duration = std::time::Duration::from_hours(3);
/// A token whose groups take more than this would no longer fit a URL; they are kept in the table.
const TOKEN_GROUPS_MAX_BYTES: usize = 1024;

impl<K, A, S, R, C> Negotiation<K, A, S, R, C>
where
    K: KeySource,
    A: AccessKeySource,
    S: GrantStore,
    C: Clock,
{
    /// A redirect to the client endpoint, for a principal of any token.
    pub(crate) async fn redirect(
        &self,
        event: &ApiGatewayV2httpRequest,
        request: &Request,
        principal: &Principal,
        now: Timestamp,
    ) -> Result<Redirect, Refusal> {
        let token_id =
            self.gatekeeper.mint_connection(&request.hub, None, now).await?.id.to_string();
        if principal.groups_in_grant {
            // Groups of another token's grant are not to be had here; such a token is short.
            return Err(Refusal::TooLong);
        }
        let groups_in_grant = groups_text(&principal.groups).len() > TOKEN_GROUPS_MAX_BYTES;
        if groups_in_grant {
            let expires = now.plus(CLIENT_TOKEN_LIFETIME).plus(GRANT_LIFETIME);
            let kept = self.store.put_grant(&token_id, &principal.groups, expires).await;
            kept.map_err(broken)?;
        }
        let grant = ClientGrant {
            hub: &request.hub,
            user: principal.user.as_ref(),
            groups: &principal.groups,
            token_id: &token_id,
            groups_in_grant,
            is_redirect: true,
            session: principal.session.as_ref().map(|session| &session.id),
            session_expires: self.session_end(principal),
            issued_at: principal.issued_at,
            logged_in_at: principal.logged_in_at,
            lifetime: CLIENT_TOKEN_LIFETIME,
            claims: &self.claims(principal),
        };
        let base = self.base(event);
        let token = self.gatekeeper.mint_client(&base, &grant, now).await?;
        let url = self.client_endpoint(event, request);
        if is_too_long(event, &url, &token) {
            return Err(Refusal::TooLong);
        }
        Ok(Redirect::new(url, token))
    }

    /// Where the redirect leads.
    pub(crate) fn client_endpoint(
        &self,
        event: &ApiGatewayV2httpRequest,
        request: &Request,
    ) -> String {
        format!("{}/client/?hub={}{}", self.base(event), request.hub, request.own_query)
    }

    /// A client token says by itself when its session ends.
    fn session_end(&self, principal: &Principal) -> Option<Timestamp> {
        let counts = principal.kind == TokenKind::Client || self.close_on_token_expiry;
        principal.session_expires.filter(|_| counts)
    }

    /// The claims of an app token that its client token has to carry.
    fn claims(&self, principal: &Principal) -> Values {
        let named = self.groups.named(&principal.claims).into_iter();
        let mut claims: Values = named.map(|(name, value)| (name, vec![value])).collect();
        claims.extend(self.told_claims.claims_of(principal));
        claims
    }
}
