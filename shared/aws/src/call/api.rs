//! The operations that are called without their service's crate, and what sets each apart.

/// How a service's hosts are named beside those of SQS.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hosts {
    /// The same but for the name.
    AsOfSqs,
    /// The usual host answers over IPv6 too, and every region has one whose name ends in `-fips`.
    OneForBothIps,
}

/// What sets one operation apart from others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Api {
    /// The service's name in variables and profiles: `SSM` for `AWS_ENDPOINT_URL_SSM`.
    pub(crate) service_id: &'static str,
    /// The service's name in signatures and hosts.
    pub(crate) name: &'static str,
    /// How its hosts are named.
    pub(crate) hosts: Hosts,
    /// The operation's name.
    pub(crate) operation: &'static str,
    /// The header `X-Amz-Target`.
    pub(crate) target: &'static str,
    /// Where the text stands in an answer, as a JSON Pointer (RFC 6901). What is no text there is
    /// taken as its JSON.
    pub(crate) text_at: &'static str,
}

/// Lines of a group of logs that fit a pattern: the first page, as JSON.
pub(crate) const LOG_EVENTS: Api = Api { text_at: "/events", ..FILTER_LOG_EVENTS };

/// Lines of a group of logs; the first line that fits a pattern.
pub(crate) const FILTER_LOG_EVENTS: Api = Api {
    service_id: "CloudWatch Logs",
    name: "logs",
    hosts: Hosts::AsOfSqs,
    operation: "FilterLogEvents",
    target: "Logs_20140328.FilterLogEvents",
    text_at: "/events/0/message",
};

/// A parameter of Systems Manager.
pub(crate) const GET_PARAMETER: Api = Api {
    service_id: "SSM",
    name: "ssm",
    hosts: Hosts::AsOfSqs,
    operation: "GetParameter",
    target: "AmazonSSM.GetParameter",
    text_at: "/Parameter/Value",
};

/// A secret of Secrets Manager.
pub(crate) const GET_SECRET_VALUE: Api = Api {
    service_id: "Secrets Manager",
    name: "secretsmanager",
    hosts: Hosts::OneForBothIps,
    operation: "GetSecretValue",
    target: "secretsmanager.GetSecretValue",
    text_at: "/SecretString",
};
