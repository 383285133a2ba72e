//! What is noted on the record of a socket: the keys of rows to come, and the work that its client
//! is to pay for, both in one write.

use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use hubcast_model::channel::ChannelKey;
use hubcast_model::id::SocketId;
use hubcast_model::ports::StoreError;
use hubcast_model::socket::{Socket, SocketState};
use hubcast_model::work::Charge;

use super::item::{self, to_socket};
use super::{DynamoStore, if_met, key};

/// Whether a socket is joining or ready.
pub(super) const IS_THERE: &str = "(#state = :joining OR #state = :ready)";
const HAS_PAID: &str = "(attribute_not_exists(#paid) OR #paid <= :now)";

/// Which charge a note holds.
#[derive(Debug, Clone, Copy)]
enum Bill {
    /// None.
    Nothing,
    /// The first after all work was paid for.
    First(Charge),
    /// One on top of others.
    More(Charge),
}

impl DynamoStore {
    /// Notes channels and a charge on the record of a socket that is joining or ready, and answers
    /// the record; `None` for another socket.
    pub(super) async fn note(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
        charge: Option<Charge>,
    ) -> Result<Option<Socket>, StoreError> {
        let Some(charge) = charge else {
            return self.note_with(id, channels, Bill::Nothing).await;
        };
        let is_in_debt = charge.seen.is_some_and(|paid_at| paid_at > charge.now);
        let first = if is_in_debt {
            None
        } else {
            self.note_with(id, channels, Bill::First(charge)).await?
        };
        match first {
            Some(socket) => Ok(Some(socket)),
            // It is in debt by now, or in another state.
            None => self.note_with(id, channels, Bill::More(charge)).await,
        }
    }

    async fn note_with(
        &self,
        id: &SocketId,
        channels: &[ChannelKey],
        bill: Bill,
    ) -> Result<Option<Socket>, StoreError> {
        let ready = item::state(SocketState::Ready);
        let update = self.note_on(id).expression_attribute_values(":ready", ready);
        let update = noting(charging(update, bill), channels, bill);
        noted(if_met("note_channels", update.send().await)?)
    }

    /// The same update whose condition or expression names `:joining` too.
    pub(super) fn note_on(&self, id: &SocketId) -> UpdateItemFluentBuilder {
        let joining = item::state(SocketState::Joining);
        self.change(id).expression_attribute_values(":joining", joining)
    }

    /// An update of a socket's record that answers the record as it is then. Its condition or its
    /// expression names `#state`.
    pub(super) fn change(&self, id: &SocketId) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key::socket(id)))
            .expression_attribute_names("#state", key::STATE)
            .return_values(ReturnValue::AllNew)
    }
}

/// The record of the socket that an update changed; `None` when its condition was not met.
pub(super) fn noted(output: Option<UpdateItemOutput>) -> Result<Option<Socket>, StoreError> {
    let attributes = output.and_then(|output| output.attributes);
    attributes.as_ref().map_or(Ok(None), to_socket)
}

/// The update with its expression, which also adds channels, if there are any: an empty set is no
/// valid attribute.
pub(super) fn adding(
    update: UpdateItemFluentBuilder,
    expression: &str,
    channels: &[ChannelKey],
) -> UpdateItemFluentBuilder {
    if channels.is_empty() {
        return update
            .set_update_expression((!expression.is_empty()).then(|| expression.to_owned()));
    }
    let whole = format!("{expression} ADD #channels :channels");
    update
        .update_expression(whole.trim_start())
        .expression_attribute_names("#channels", key::CHANNELS)
        .expression_attribute_values(":channels", item::channels(channels))
}

/// The update with the names and values of a charge, and with its condition.
fn charging(update: UpdateItemFluentBuilder, bill: Bill) -> UpdateItemFluentBuilder {
    match bill {
        Bill::Nothing => update.condition_expression(IS_THERE),
        Bill::First(charge) => update
            .condition_expression(format!("{IS_THERE} AND {HAS_PAID}"))
            .expression_attribute_names("#paid", key::PAID)
            .expression_attribute_values(":now", item::millis(charge.now))
            .expression_attribute_values(":paid", item::millis(charge.onto(None))),
        Bill::More(charge) => update
            .condition_expression(IS_THERE)
            .expression_attribute_names("#paid", key::PAID)
            .expression_attribute_values(":price", price(charge)),
    }
}

/// The update with its expression. A second `ADD` would be none: both are one clause.
fn noting(
    update: UpdateItemFluentBuilder,
    channels: &[ChannelKey],
    bill: Bill,
) -> UpdateItemFluentBuilder {
    match (bill, channels.is_empty()) {
        (Bill::Nothing, _) => adding(update, "", channels),
        (Bill::First(_), _) => adding(update, "SET #paid = :paid", channels),
        (Bill::More(_), true) => update.update_expression("ADD #paid :price"),
        (Bill::More(_), false) => update
            .update_expression("ADD #paid :price, #channels :channels")
            .expression_attribute_names("#channels", key::CHANNELS)
            .expression_attribute_values(":channels", item::channels(channels)),
    }
}

fn price(charge: Charge) -> aws_sdk_dynamodb::types::AttributeValue {
    item::number(u64::try_from(charge.price.as_millis()).unwrap_or(u64::MAX))
}
