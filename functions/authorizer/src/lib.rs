//! The $connect REQUEST authorizer: a token in, a principal out.
