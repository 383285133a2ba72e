//! The operations that are called without their service's crate, and what sets each apart.

/// How a service's hosts are named beside those of SQS.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hosts {
    /// The same but for the name.
    AsOfSqs,
    /// The usual host answers over IPv6 too, and every region has one whose name ends in `-fips`.
    OneForBothIps,
}

/// How an operation is called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Protocol {
    /// By a POST of its input, with the header `X-Amz-Target`.
    Json {
        /// That header.
        target: &'static str,
    },
    /// The same by version 1.0 of the protocol, which is told apart by its media type.
    JsonOneZero {
        /// That header.
        target: &'static str,
    },
    /// By a GET; its input is the name in the path.
    Get {
        /// The path before the name.
        before: &'static str,
        /// The path behind the name.
        after: &'static str,
    },
    /// By a POST of its input as a form; the answer is XML, which is read as a list of pairs of name
    /// and text. <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>
    Query {
        /// The version of the service's interface.
        version: &'static str,
        /// The elements to take out of the answer.
        takes: &'static [&'static str],
    },
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
    /// How it is called.
    pub(crate) protocol: Protocol,
    /// Where the text stands in an answer, as a JSON Pointer (RFC 6901). What is no text there is
    /// taken as its JSON.
    pub(crate) text_at: &'static str,
}

/// Lines of a group of logs that fit a pattern: the first page, as JSON.
pub(crate) const LOG_EVENTS: Api = Api { text_at: "/events", ..FILTER_LOG_EVENTS };

/// Lines of a group of logs that fit a pattern: a page as JSON, with the way to the next.
pub(crate) const PAGE_OF_LOG_EVENTS: Api = Api { text_at: "", ..FILTER_LOG_EVENTS };

/// Lines of a group of logs; the first line that fits a pattern.
pub(crate) const FILTER_LOG_EVENTS: Api = Api {
    service_id: "CloudWatch Logs",
    name: "logs",
    hosts: Hosts::AsOfSqs,
    operation: "FilterLogEvents",
    protocol: Protocol::Json { target: "Logs_20140328.FilterLogEvents" },
    text_at: "/events/0/message",
};

/// What metrics were over time: a page as JSON, with the way to the next.
pub(crate) const GET_METRIC_DATA: Api = Api {
    service_id: "CloudWatch",
    name: "monitoring",
    hosts: Hosts::AsOfSqs,
    operation: "GetMetricData",
    protocol: Protocol::JsonOneZero { target: "GraniteServiceVersion20100801.GetMetricData" },
    text_at: "",
};

/// How a function is configured.
pub(crate) const GET_FUNCTION_CONFIGURATION: Api = Api {
    service_id: "Lambda",
    name: "lambda",
    hosts: Hosts::AsOfSqs,
    operation: "GetFunctionConfiguration",
    protocol: Protocol::Get { before: "/2015-03-31/functions/", after: "/configuration" },
    text_at: "/Environment/Variables",
};

/// How the version of a function is configured that the alias `live` stands for.
pub(crate) const GET_LIVE_CONFIGURATION: Api = Api {
    protocol: Protocol::Get {
        before: "/2015-03-31/functions/",
        after: "/configuration?Qualifier=live",
    },
    ..GET_FUNCTION_CONFIGURATION
};

/// The parameters of a stack, each as its name and then its value.
pub(crate) const DESCRIBE_STACKS: Api = Api {
    service_id: "CloudFormation",
    name: "cloudformation",
    hosts: Hosts::AsOfSqs,
    operation: "DescribeStacks",
    protocol: Protocol::Query { version: "2010-05-15", takes: &["ParameterKey", "ParameterValue"] },
    text_at: "",
};

/// The template of a stack.
pub(crate) const GET_TEMPLATE: Api = Api {
    operation: "GetTemplate",
    protocol: Protocol::Query { version: "2010-05-15", takes: &["TemplateBody"] },
    text_at: "/0/1",
    ..DESCRIBE_STACKS
};

/// A parameter of Systems Manager.
pub(crate) const GET_PARAMETER: Api = Api {
    service_id: "SSM",
    name: "ssm",
    hosts: Hosts::AsOfSqs,
    operation: "GetParameter",
    protocol: Protocol::Json { target: "AmazonSSM.GetParameter" },
    text_at: "/Parameter/Value",
};

/// A secret of Secrets Manager.
pub(crate) const GET_SECRET_VALUE: Api = Api {
    service_id: "Secrets Manager",
    name: "secretsmanager",
    hosts: Hosts::OneForBothIps,
    operation: "GetSecretValue",
    protocol: Protocol::Json { target: "secretsmanager.GetSecretValue" },
    text_at: "/SecretString",
};

/// Puts lines into a stream of a log group.
pub(crate) const PUT_LOG_EVENTS: Api = Api {
    operation: "PutLogEvents",
    protocol: Protocol::Json { target: "Logs_20140328.PutLogEvents" },
    text_at: "",
    ..FILTER_LOG_EVENTS
};
