//! Clients that are built when they are first used.

use std::sync::{Arc, LazyLock};

use aws_config::SdkConfig;

/// A client, or how to build it.
pub(crate) type OnDemand<C> = LazyLock<C, Box<dyn FnOnce() -> C + Send>>;

/// A client that `build` makes of the SDK's configuration once it is needed.
pub(crate) fn on_demand<C>(
    config: &SdkConfig,
    build: impl FnOnce(&SdkConfig) -> C + Send + 'static,
) -> Arc<OnDemand<C>> {
    let config = config.clone();
    Arc::new(LazyLock::new(Box::new(move || build(&config))))
}
