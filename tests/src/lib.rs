//! Stories, conformance, browser, stack and bench: everything that needs the whole system.
