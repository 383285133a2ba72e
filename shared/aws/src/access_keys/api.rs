//! The two operations that read access keys, and what sets each apart.

/// How a service's hosts are named beside those of SQS.
#[derive(Debug, Clone, Copy)]
pub(super) enum Hosts {
    /// The same but for the name.
    AsOfSqs,
    /// The usual host answers over IPv6 too, and every region has one whose name ends in `-fips`.
    OneForBothIps,
}

/// What sets one operation apart from others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Api {
    /// The service's name in variables and profiles: `SSM` for `AWS_ENDPOINT_URL_SSM`.
    pub(super) service_id: &'static str,
    /// The service's name in signatures and hosts.
    pub(super) name: &'static str,
    /// How its hosts are named.
    pub(super) hosts: Hosts,
    /// The operation's name.
    pub(super) operation: &'static str,
    /// The header `X-Amz-Target`.
    pub(super) target: &'static str,
    /// Where the text stands in an answer, as a JSON Pointer (RFC 6901).
    pub(super) text_at: &'static str,
}

/// A parameter of Systems Manager.
pub(super) const GET_PARAMETER: Api = Api {
    service_id: "SSM",
    name: "ssm",
    hosts: Hosts::AsOfSqs,
    operation: "GetParameter",
    target: "AmazonSSM.GetParameter",
    text_at: "/Parameter/Value",
};

/// A secret of Secrets Manager.
pub(super) const GET_SECRET_VALUE: Api = Api {
    service_id: "Secrets Manager",
    name: "secretsmanager",
    hosts: Hosts::OneForBothIps,
    operation: "GetSecretValue",
    target: "secretsmanager.GetSecretValue",
    text_at: "/SecretString",
};
