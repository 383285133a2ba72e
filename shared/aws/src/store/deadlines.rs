//! The ends of sessions, which fresh tokens move.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use hubcast_model::context::Admission;
use hubcast_model::id::SocketId;
use hubcast_model::ports::{DeadlineStore, StoreError};
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::time::Timestamp;

use super::notes::noted;
use super::{DynamoStore, if_met, item, key};

const IS_READY: &str = "#state = :ready";

impl DeadlineStore for DynamoStore {
    async fn move_deadline(
        &self,
        socket: &SocketId,
        deadline: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Option<Socket>, StoreError> {
        let goes_on = "(attribute_not_exists(#session) OR #session > :now)";
        let update = self
            .of_socket(socket)
            .condition_expression(format!("{IS_READY} AND {goes_on}"))
            .expression_attribute_values(":now", item::millis(now));
        let update = match deadline {
            Some(deadline) => update
                .update_expression("SET #session = :deadline")
                .expression_attribute_values(":deadline", item::millis(deadline)),
            None => update.update_expression("REMOVE #session"),
        };
        noted(if_met("move_deadline", update.send().await)?)
    }

    async fn renew_admission(
        &self,
        socket: &SocketId,
        admission: &Admission,
    ) -> Result<Option<Socket>, StoreError> {
        let update = self
            .of_socket(socket)
            .update_expression("SET #admission = :admission")
            .expression_attribute_names("#admission", key::ADMISSION)
            .expression_attribute_values(":admission", item::admission(admission));
        let update = match admission.principal.session_expires {
            Some(deadline) => update
                .condition_expression(format!("{IS_READY} AND #session = :deadline"))
                .expression_attribute_values(":deadline", item::millis(deadline)),
            None => update
                .condition_expression(format!("{IS_READY} AND attribute_not_exists(#session)")),
        };
        noted(if_met("renew_admission", update.send().await)?)
    }
}

impl DynamoStore {
    /// An update of a socket that is ready.
    fn of_socket(&self, id: &SocketId) -> UpdateItemFluentBuilder {
        self.change(id)
            .expression_attribute_names("#session", key::SESSION)
            .expression_attribute_values(":ready", item::state(SocketState::Ready))
    }
}
