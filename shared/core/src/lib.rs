//! The rules of hubcast: ids, envelope, ports, use cases and fan-out, without any AWS or JWT type.
