//! What keeps its order: the `MessageGroupId` of a notification.

use super::{Action, Audience, Content, Notification, Subject};
use crate::id::UserId;
use crate::recipient::Recipient;

impl Notification {
    /// The message group that keeps this notification in order with others for the same audience:
    /// that of its [`Recipient`]. Of several users or groups the first one counts.
    pub fn message_group(&self) -> String {
        self.recipient().message_group(&self.hub)
    }

    fn recipient(&self) -> Recipient {
        match &self.content {
            Content::Message { audience, .. }
            | Content::Clear { audience, .. }
            | Content::Action(Action::Close { audience, .. }) => of_audience(audience),
            Content::Answer { connection, .. } | Content::Invoke { connection, .. } => {
                Recipient::Connection(connection.clone())
            }
            Content::Action(
                Action::Add { subject, .. }
                | Action::Remove { subject, .. }
                | Action::RemoveAll { subject }
                | Action::Show { subject, .. },
            ) => of_subject(subject),
            Content::Action(
                Action::Settle { users, .. }
                | Action::Block { users, .. }
                | Action::Unblock { users, .. },
            ) => first(users),
        }
    }
}

fn of_audience(audience: &Audience) -> Recipient {
    match audience {
        Audience::Connection(id) => Recipient::Connection(id.clone()),
        Audience::Users(users) => first(users),
        Audience::Groups(groups) => {
            groups.first().cloned().map_or(Recipient::Hub, Recipient::Group)
        }
        Audience::Hub => Recipient::Hub,
    }
}

fn of_subject(subject: &Subject) -> Recipient {
    match subject {
        Subject::Connection(id) => Recipient::Connection(id.clone()),
        Subject::Users(users) => first(users),
    }
}

fn first(users: &[UserId]) -> Recipient {
    users.first().cloned().map_or(Recipient::Hub, Recipient::User)
}

#[cfg(test)]
mod tests {
    use crate::envelope::{EnvelopeRules, parse};
    use crate::id::HubName;

    fn group(json: &str) -> String {
        let default_hub = HubName::parse("n").unwrap();
        let rules = EnvelopeRules { default_hub, implicit_broadcast: true };
        parse(json, &rules).unwrap().remove(0).parsed.unwrap().message_group()
    }

    #[test]
    fn what_is_for_the_same_audience_shares_a_group() {
        for (json, expected) in [
            (r#"{"target":"t"}"#, "n:hub"),
            (r#"{"target":"t","hub":"Other","everyone":true}"#, "other:hub"),
            (r#"{"target":"t","userId":"alice"}"#, "n:user:alice"),
            (r#"{"action":"close","userId":"alice"}"#, "n:user:alice"),
            (r#"{"action":"block","userIds":["alice","bob"]}"#, "n:user:alice"),
            (r#"{"action":"add","userId":"alice","groupName":"g"}"#, "n:user:alice"),
            (r#"{"target":"t","groupName":"g"}"#, "n:group:g"),
            (r#"{"target":"t","groupNames":["g","h"]}"#, "n:group:g"),
            (r#"{"target":"t","connectionId":"c"}"#, "n:connection:c"),
            (r#"{"action":"removeAll","connectionId":"c"}"#, "n:connection:c"),
            (r#"{"invocationId":"1","connectionId":"c"}"#, "n:connection:c"),
            (r#"{"retain":"flags","groupName":"g"}"#, "n:group:g"),
            (r#"{"target":"t","userIds":[]}"#, "n:hub"),
        ] {
            assert_eq!(group(json), expected, "{json}");
        }
    }
}
