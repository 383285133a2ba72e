//! The whole of hubcast in one local process: gateway emulation, DynamoDB, SQS, issuer and demo page.
