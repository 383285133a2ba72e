//! The operations: each is one use case and its answer.

use hubcast_auth::jwks::KeySource;
use hubcast_model::ports::{AccessKeySource, NotificationSender};
use hubcast_model::time::Clock;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::answer::{Answer, Refusal};
use crate::memberships::Members;
use crate::page::PageRequest;
use crate::permission::Permission;
use crate::request::Request;
use crate::route::Operation;
use crate::{Call, Rest, Table, fate, invocation, presence, sends, tokens};

/// What `Uri.EscapeDataString` leaves as it is.
const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

impl<K, A, S, Q, C> Rest<K, A, S, Q, C>
where
    K: KeySource,
    A: AccessKeySource,
    S: Table,
    Q: NotificationSender,
    C: Clock,
{
    /// Carries a request out. `parts` are those of its path.
    pub(crate) async fn perform(
        &self,
        call: &Call<'_>,
        request: &Request<'_>,
        parts: &[String],
        permission: &Permission,
    ) -> Answer {
        let (backend, hub) = (&self.backend, &request.hub);
        let page = || PageRequest::read(request, url(&self.base(call), parts));
        let members = || Members { memberships: backend.memberships(hub), request };
        match request.route.operation {
            Operation::Send => {
                sends::send(&backend.sender(hub), call, request, &[request.audience()?]).await
            }
            Operation::SendToEach => {
                sends::send(&backend.sender(hub), call, request, &request.each_audience()?).await
            }
            Operation::Enqueue => self.enqueue(call, request, permission).await,
            Operation::Close => sends::close(&backend.sender(hub), call, request).await,
            Operation::CloseConnection => {
                presence::check(&backend.roster(hub), &request.audience()?).await?;
                sends::close(&backend.sender(hub), call, request).await
            }
            Operation::Execute => sends::execute(&backend.execution(hub), call, request).await,
            Operation::StreamSend | Operation::StreamComplete => {
                sends::stream(&backend.streams(hub), call, request).await
            }
            Operation::Invoke => {
                let patience = self.invoke_timeout;
                invocation::invoke(&backend.invocations(hub), call, request, patience).await
            }
            Operation::GenerateToken => {
                tokens::generate(&self.gate, request, &self.base(call), self.clock.now()).await
            }
            Operation::RefreshAuth => self.refresh_auth(call, request, permission).await,
            Operation::ConnectionClaims => self.connection_claims(call, request).await,
            Operation::Exists => presence::exists(&backend.roster(hub), request).await,
            Operation::ListConnections => {
                presence::connections(&backend.roster(hub), &page()?, &request.audience()?).await
            }
            Operation::ListUsers => presence::users(&backend.lists(hub), &page()?).await,
            Operation::ListGroups => {
                presence::groups(&backend.lists(hub), &page()?, &request.user()?).await
            }
            Operation::MessageFate => self.fate(request).await,
            Operation::Count => presence::count(&backend.census(hub), request).await,
            Operation::IsUserInGroup => members().has_user().await,
            Operation::AddUser => members().add_user().await,
            Operation::AddConnection => members().add_connection().await,
            Operation::RemoveConnection => members().remove_connection().await,
            Operation::RemoveConnectionFromAll => members().remove_connection_from_all().await,
            Operation::RemoveUser => members().remove_user().await,
            Operation::RemoveUserFromAll => members().remove_user_from_all().await,
            Operation::Health | Operation::OpenApi | Operation::AccessKey => Err(nothing_here()),
        }
    }
}

impl<K, A, S, Q, C: Clock> Rest<K, A, S, Q, C> {
    async fn fate(&self, request: &Request<'_>) -> Answer {
        fate::fate(self.log.as_deref(), request, self.clock.now()).await
    }
}

fn nothing_here() -> Refusal {
    Refusal::new(404, "Error.Request.NotFound", "There is nothing here.")
}

fn url(base: &str, parts: &[String]) -> String {
    let encoded = parts.iter().map(|part| utf8_percent_encode(part, UNRESERVED).to_string());
    format!("{base}/{}", encoded.collect::<Vec<_>>().join("/"))
}
