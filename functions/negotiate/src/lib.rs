//! The endpoints of negotiation and refresh, of hubs and of the client surface.
//!
//! `POST /hubs/{hub}/negotiate` takes an app token and redirects to the client
//! endpoint with a client token; `POST /client/negotiate?hub=H` takes either
//! and hands out a connection, or redirects a browser with a long token to
//! itself with a short one. Beside each, `/refresh` has an open connection
//! follow a fresh token. Every answer, errors included, carries the CORS
//! headers that a browser needs to show it to the app.

mod answer;
mod place;
mod redirect;
mod refresh;
mod request;
pub mod wiring;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use hubcast_auth::jwks::KeySource;
use hubcast_auth::{AuthError, Gatekeeper};
use hubcast_connection::connect::is_blocked;
use hubcast_connection::refresh::Refresh;
use hubcast_model::client::ClaimPolicy;
use hubcast_model::context::{GROUPS_MAX_BYTES, groups_text};
use hubcast_model::front_door::{FRONT_DOOR_HEADER, FrontDoor};
use hubcast_model::groups::GroupPolicy;
use hubcast_model::id::HubName;
use hubcast_model::journey::connection::negotiated;
use hubcast_model::ports::{
    AccessKeySource, BlockStore, GrantStore, MembershipStore, SessionStore, StoreError,
};
use hubcast_model::principal::{Principal, TokenKind};
use hubcast_model::report::chain;
use hubcast_model::session::Reuse;
use hubcast_model::settings::{Hubs, Origins, PublicUrl};
use hubcast_model::time::{Clock, Timestamp};
use signalr_protocol::negotiate::{LifetimeSeconds, NegotiateResponse, Redirect};

use answer::{Refusal, cors, json, preflight};
use place::Act;
use request::{Endpoint, Request, bearer, is_too_long};

/// What negotiation works with.
#[derive(Debug)]
pub struct Negotiation<K, A, S, R, C> {
    /// Checks and signs tokens.
    pub gatekeeper: Gatekeeper<K, A>,
    /// Keeps large grants, and knows who is blocked.
    pub store: S,
    /// Refreshes open connections.
    pub refresh: R,
    /// Tells the time.
    pub clock: C,
    /// The way in.
    pub front_door: FrontDoor,
    /// The hubs there are.
    pub hubs: Hubs,
    /// The web origins that may ask.
    pub origins: Origins,
    /// Request headers that the app sends besides the client's own.
    pub allowed_headers: Vec<String>,
    /// Where clients are sent.
    pub public_url: PublicUrl,
    /// The claims that backends are told of.
    pub told_claims: ClaimPolicy,
    /// The groups that clients may join; their patterns say which claims a redirect must carry.
    pub groups: GroupPolicy,
    /// Whether sessions end when the app token does.
    pub close_on_token_expiry: bool,
    /// Whether a client that asks may come back to its connection on another socket.
    pub grants_lines: bool,
}

/// Answers one request.
pub async fn handle<K, A, S, R, C>(
    negotiation: &Negotiation<K, A, S, R, C>,
    event: ApiGatewayV2httpRequest,
) -> ApiGatewayV2httpResponse
where
    K: KeySource,
    A: AccessKeySource,
    S: MembershipStore + BlockStore + GrantStore + SessionStore,
    R: Refresh,
    C: Clock,
{
    let refused = refusing(&event);
    // An origin that cannot be read is one, and nobody listed it.
    let origin = event.headers.get("origin").map(|origin| origin.to_str().unwrap_or_default());
    let is_foreign = |origin: &str| !negotiation.is_at_home(origin, &event);
    let answer = if origin.is_some_and(is_foreign) {
        refused(&Refusal::Origin)
    } else if event.request_context.http.method == http::Method::OPTIONS {
        preflight()
    } else {
        answered(negotiation, &event).await
    };
    let allowed = origin.filter(|origin| negotiation.is_at_home(origin, &event));
    cors(answer, allowed, &negotiation.allowed_headers)
}

async fn answered<K, A, S, R, C>(
    negotiation: &Negotiation<K, A, S, R, C>,
    event: &ApiGatewayV2httpRequest,
) -> ApiGatewayV2httpResponse
where
    K: KeySource,
    A: AccessKeySource,
    S: MembershipStore + BlockStore + GrantStore + SessionStore,
    R: Refresh,
    C: Clock,
{
    match negotiation.answer(event).await {
        Ok(answer) => answer,
        Err(refusal) => {
            if let Refusal::Broken(cause) = &refusal {
                tracing::error!(error = %chain(cause.as_ref()), "a negotiation failed");
            }
            if matches!(refusal, Refusal::Server) {
                tracing::warn!("a server in default or persistent mode tried to connect");
            }
            refusing(event)(&refusal)
        }
    }
}

/// How a request is told why it is refused: a client that refreshes reads JSON.
fn refusing(event: &ApiGatewayV2httpRequest) -> fn(&Refusal) -> ApiGatewayV2httpResponse {
    if request::place(event).is_of_refresh() { refresh::refused } else { answer::refused }
}

impl<K, A, S, R, C> Negotiation<K, A, S, R, C>
where
    K: KeySource,
    A: AccessKeySource,
    S: MembershipStore + BlockStore + GrantStore + SessionStore,
    R: Refresh,
    C: Clock,
{
    async fn answer(
        &self,
        event: &ApiGatewayV2httpRequest,
    ) -> Result<ApiGatewayV2httpResponse, Refusal> {
        let way_in = event.headers.get(FRONT_DOOR_HEADER).and_then(|shown| shown.to_str().ok());
        if !self.front_door.lets_in(way_in) {
            return Err(Refusal::WayIn);
        }
        let request = Request::read(event, &self.base(event));
        let hub = match &request {
            Ok(request) => Some(&request.hub),
            Err(Refusal::Socket { hub, .. }) => Some(hub),
            Err(_) => None,
        };
        if let Some(unknown) = hub.filter(|hub| !self.hubs.contains(hub)) {
            return Err(Refusal::UnknownHub(self.hubs.hint(unknown.as_str())));
        }
        let request = request?;
        match request.act {
            Act::Negotiate => self.negotiate(event, &request).await,
            Act::Refresh => self.refresh(event, &request).await,
        }
    }

    async fn negotiate(
        &self,
        event: &ApiGatewayV2httpRequest,
        request: &Request,
    ) -> Result<ApiGatewayV2httpResponse, Refusal> {
        let (token, now) = (bearer(event)?, self.clock.now());
        let principal = match request.endpoint {
            Endpoint::Hub => self.gatekeeper.admit_app(token, &request.hub, now).await?,
            Endpoint::Client => self.admit(token, &request.hub, now).await?,
        };
        if is_blocked(&self.store, &principal, now).await.map_err(broken)? {
            return Err(Refusal::Blocked);
        }
        let is_redirected = match request.endpoint {
            Endpoint::Hub => true,
            // A token that is too long for a browser's URL is exchanged for a short one.
            Endpoint::Client => is_too_long(event, &self.client_endpoint(event, request), token),
        };
        if !is_redirected {
            return self.connection(request, &principal, now).await;
        }
        let redirect = self.redirect(event, request, &principal, now).await?;
        let token_lifetime_seconds = self.lifetime(&principal, now);
        Ok(json(&Redirect { token_lifetime_seconds, ..redirect }))
    }

    /// Who shows a token for a connection. A token that was used up opens no second one.
    async fn admit(
        &self,
        token: &str,
        hub: &HubName,
        now: Timestamp,
    ) -> Result<Principal, Refusal> {
        let principal = self.gatekeeper.admit(&self.store, token, hub, now).await?;
        if self.is_used_up(&principal).await.map_err(broken)? {
            let why = "the access token was used before; negotiate at /hubs/{hub} again";
            return Err(Refusal::Unauthorized(why.to_owned()));
        }
        Ok(principal)
    }

    async fn is_used_up(&self, principal: &Principal) -> Result<bool, StoreError> {
        match &principal.session {
            Some(session) if session.reuse == Reuse::Once => {
                self.store.is_used_up(&session.id).await
            }
            _ => Ok(false),
        }
    }

    async fn connection(
        &self,
        request: &Request,
        principal: &Principal,
        now: Timestamp,
    ) -> Result<ApiGatewayV2httpResponse, Refusal> {
        if groups_text(&principal.groups).len() > GROUPS_MAX_BYTES {
            return Err(Refusal::TooManyGroups);
        }
        let user = principal.user.as_ref();
        let is_line = self.grants_lines && request.is_stateful;
        let connection = if is_line {
            self.gatekeeper.mint_line(&request.hub, user, now).await?
        } else {
            self.gatekeeper.mint_connection(&request.hub, user, now).await?
        };
        negotiated(&request.hub, user, &connection.id);
        let (id, token) = (connection.id.to_string(), connection.token);
        let answer = NegotiateResponse::new(request.version, id, token);
        let answer = if is_line { answer.with_stateful_reconnect() } else { answer };
        let token_lifetime_seconds = self.lifetime(principal, now);
        Ok(json(&NegotiateResponse { token_lifetime_seconds, ..answer }))
    }

    /// How long an app token is good that the client should refresh. Whoever made a client token
    /// told its client.
    fn lifetime(&self, principal: &Principal, now: Timestamp) -> Option<LifetimeSeconds> {
        let is_of_app = principal.kind == TokenKind::App;
        let end = principal.session_expires.filter(|_| is_of_app && self.close_on_token_expiry);
        LifetimeSeconds::of(end?.since(now))
    }
}

impl<K, A, S, R, C> Negotiation<K, A, S, R, C> {
    /// Where clients reach hubcast.
    fn base(&self, event: &ApiGatewayV2httpRequest) -> String {
        self.public_url.base(host(event))
    }

    /// Whether a request with this origin may come in.
    fn is_at_home(&self, origin: &str, event: &ApiGatewayV2httpRequest) -> bool {
        self.origins.allows(origin) || self.public_url.is_origin(origin, host(event))
    }
}

fn host(event: &ApiGatewayV2httpRequest) -> Option<&str> {
    event.headers.get("host").and_then(|host| host.to_str().ok())
}

fn broken(err: impl std::error::Error + Send + Sync + 'static) -> Refusal {
    Refusal::Broken(Box::new(err))
}

impl From<AuthError> for Refusal {
    fn from(err: AuthError) -> Self {
        match err {
            AuthError::WrongHub => Self::WrongHub,
            AuthError::ClientTokensOnly => Self::ClientTokensOnly,
            AuthError::KeysUnavailable(_) | AuthError::SessionUnavailable(_) => broken(err),
            AuthError::Missing
            | AuthError::Invalid(_)
            | AuthError::BadUser(_)
            | AuthError::UnreadableUser(_)
            | AuthError::Ahead(_)
            | AuthError::Signature(_)
            | AuthError::Expired => Self::Unauthorized(err.to_string()),
        }
    }
}
