//! Jobs: the parts of a big audience, as they stand on the deliveries queue.
//!
//! A job names its channels and carries the element as it arrived, so that the
//! same rules read it. Its progress is kept under its key: a finished key stays,
//! so that a job posts nothing when it comes a second time.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use hubcast_model::channel::{ChannelKey, ShardCounts};
use hubcast_model::envelope::Audience;
use hubcast_model::id::{HubName, KeyedName, UserId};
use hubcast_model::ports::JobMessage;
use hubcast_model::ports::QueuedMessage;

/// The beginning of a job's body. No envelope begins like this.
const HEAD: &str = r#"{"job":"#;
/// Into how many jobs a list of users is cut. A user is always in the same job, so that what is
/// sent to a user keeps its order.
const USER_SLICES: usize = 8;

/// A part of a big audience.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    /// Which part.
    pub(crate) job: Part,
    /// The element as it arrived.
    pub(crate) element: Box<RawValue>,
}

/// Which part of a big audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// The progress key of the job.
    pub(crate) key: String,
    /// The keys of the channels whose members get the element, each socket once.
    pub(crate) channels: Vec<String>,
}

impl Job {
    /// Reads a message that looks like a job; `None` for any other.
    pub(crate) fn read(message: &QueuedMessage) -> Option<serde_json::Result<Self>> {
        is_job(&message.body).then(|| serde_json::from_str(&message.body))
    }

    /// The channels whose members get the element.
    pub(crate) fn channels(&self) -> Vec<ChannelKey> {
        self.job.channels.iter().map(|key| ChannelKey::from_key(key)).collect()
    }
}

/// Whether the body of a message is a job, and not an envelope.
pub fn is_job(body: &str) -> bool {
    body.starts_with(HEAD)
}

/// The element that jobs carry out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobOrigin<'a> {
    /// The element's message group.
    pub(crate) group: &'a str,
    /// The element's progress key.
    pub(crate) key: &'a str,
    /// The element's JSON.
    pub(crate) element: &'a str,
}

/// The jobs of an element, one for each slice of its audience.
pub(crate) fn messages(
    slices: Vec<Vec<ChannelKey>>,
    origin: JobOrigin<'_>,
) -> serde_json::Result<Vec<JobMessage>> {
    let JobOrigin { group, key, element } = origin;
    let element: Box<RawValue> = serde_json::from_str(element)?;
    let message = |(slice, channels): (usize, Vec<ChannelKey>)| {
        let key = format!("{key}/{slice}");
        let channels = channels.iter().map(ToString::to_string).collect();
        let job = Job { job: Part { key: key.clone(), channels }, element: element.clone() };
        let body = serde_json::to_string(&job)?;
        Ok(JobMessage { body, group: format!("{group}|{slice}"), key })
    };
    slices.into_iter().enumerate().map(message).collect()
}

/// The channels of each job: every shard of a hub or of one group is a job.
///
/// Several groups are one job, since a socket that is in two of them gets the record once.
pub(crate) fn slices(
    audience: &Audience,
    hub: &HubName,
    counts: ShardCounts,
) -> Vec<Vec<ChannelKey>> {
    match audience {
        Audience::Connection(connection) => vec![vec![ChannelKey::connection(hub, connection)]],
        Audience::Users(users) => slices_of_users(hub, users),
        Audience::Groups(groups) => match groups.as_slice() {
            [group] => counts.group_keys(hub, group).into_iter().map(|key| vec![key]).collect(),
            several => {
                vec![several.iter().flat_map(|group| counts.group_keys(hub, group)).collect()]
            }
        },
        Audience::Hub => counts.hub_keys(hub).into_iter().map(|key| vec![key]).collect(),
    }
}

fn slices_of_users(hub: &HubName, users: &[UserId]) -> Vec<Vec<ChannelKey>> {
    let mut slices = vec![Vec::new(); USER_SLICES];
    for user in users {
        if let Some(slice) = slices.get_mut(slice_of(&user.keyed())) {
            slice.push(ChannelKey::user(hub, user));
        }
    }
    slices
}

fn slice_of(user: &KeyedName) -> usize {
    let sum = user
        .as_str()
        .bytes()
        .fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    sum % USER_SLICES
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubcast_model::id::GroupName;

    fn hub() -> HubName {
        HubName::parse("n").unwrap()
    }

    #[test]
    fn every_shard_of_a_hub_or_group_is_a_job() {
        let counts = ShardCounts { group: 2, hub: 3 };
        assert_eq!(slices(&Audience::Hub, &hub(), counts).len(), 3);
        let groups = |names: &[&str]| {
            Audience::Groups(names.iter().map(|name| GroupName::parse(name).unwrap()).collect())
        };
        assert_eq!(slices(&groups(&["a"]), &hub(), counts).len(), 2);
        assert_eq!(
            slices(&groups(&["a", "b"]), &hub(), counts),
            [[("a", 0), ("a", 1), ("b", 0), ("b", 1)]
                .map(|(name, shard)| {
                    ChannelKey::group(&hub(), &GroupName::parse(name).unwrap().keyed(), shard)
                })
                .to_vec()]
        );
    }

    #[test]
    fn a_user_is_in_the_same_slice_whoever_else_is_named() {
        let user = |name: &str| UserId::parse(name).unwrap();
        let slice_with = |users: Vec<UserId>| {
            let alice = ChannelKey::user(&hub(), &user("alice"));
            let slices = slices(&Audience::Users(users), &hub(), ShardCounts::default());
            slices.iter().position(|slice| slice.contains(&alice))
        };
        let alone = slice_with(vec![user("alice")]);
        assert!(alone.is_some());
        assert_eq!(alone, slice_with(vec![user("bob"), user("carol"), user("alice")]));
    }

    #[test]
    fn jobs_read_back_and_are_told_from_envelopes() {
        let slices = vec![vec![ChannelKey::hub(&hub(), 0)], vec![ChannelKey::hub(&hub(), 1)]];
        let element = r#"{"target":"t","arguments":[ 1 ]}"#;
        let jobs = messages(slices, JobOrigin { group: "n:hub", key: "m/0", element }).unwrap();
        let second = jobs.last().unwrap();
        assert_eq!((second.group.as_str(), second.key.as_str()), ("n:hub|1", "m/0/1"));
        let job: Job = serde_json::from_str(&second.body).unwrap();
        assert_eq!(job.element.get(), element);
        assert_eq!(job.channels(), [ChannelKey::hub(&hub(), 1)]);
        assert!(second.body.starts_with(HEAD));
    }
}
