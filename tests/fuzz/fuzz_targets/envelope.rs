//! Any body is read without a panic, and what an element says can be written and read again.
#![no_main]

use std::sync::LazyLock;

use hubcast_model::envelope::{EnvelopeRules, parse};
use hubcast_model::id::HubName;
use libfuzzer_sys::fuzz_target;

static RULES: LazyLock<EnvelopeRules> = LazyLock::new(|| EnvelopeRules {
    default_hub: HubName::parse("n").expect("a name"),
    implicit_broadcast: true,
});

fuzz_target!(|body: &str| {
    for element in parse(body, &RULES).unwrap_or_default() {
        let Ok(notification) = element.parsed else { continue };
        let written = notification.to_json();
        let [again] = parse(&written, &RULES).expect("an envelope").try_into().expect("an element");
        let again = again.parsed.expect("a notification");
        assert_eq!(again.to_json(), written);
        assert_eq!(again.message_group(), notification.message_group());
    }
});
