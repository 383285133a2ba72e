//! SQS notifications to sockets: resolve, merge, post, report.
