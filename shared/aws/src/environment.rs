//! What a function's clients of AWS share, by the variables that Lambda sets.
//!
//! The SDK's own loader would also look into files, ask the machine it is on,
//! and take on roles. Nothing of that is in a function, and all of it would be
//! in its zip. What is not set here is left to the SDK's defaults.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::trust;

/// Reads a variable.
pub type Read = fn(&str) -> Option<String>;

/// The region, the credentials and the endpoints of the environment.
///
/// Without credentials calls fail, and say so.
pub fn sdk_config(read: Read) -> SdkConfig {
    let is_on = |name| read(name).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(trust::http_client())
        .service_config(OwnEndpoints(read))
        .use_fips(is_on("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_on("AWS_USE_DUALSTACK_ENDPOINT"));
    config.set_region(read("AWS_REGION").map(Region::new));
    config.set_endpoint_url(read("AWS_ENDPOINT_URL"));
    config.set_credentials_provider(credentials(read).map(SharedCredentialsProvider::new));
    config.build()
}

/// Lambda sets them once, for as long as the process lives.
fn credentials(read: Read) -> Option<Credentials> {
    let (id, secret) = (read("AWS_ACCESS_KEY_ID")?, read("AWS_SECRET_ACCESS_KEY")?);
    Some(Credentials::new(id, secret, read("AWS_SESSION_TOKEN"), None, "environment"))
}

/// Endpoints of single services, such as `AWS_ENDPOINT_URL_SQS`.
#[derive(Debug)]
struct OwnEndpoints(Read);

impl LoadServiceConfig for OwnEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_ascii_uppercase().replace(' ', "_");
        (self.0)(&format!("{}_{service}", key.env()))
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::provider::ProvideCredentials;

    use super::*;

    fn of_lambda(name: &str) -> Option<String> {
        let value = match name {
            "AWS_REGION" => "eu-west-1",
            "AWS_ACCESS_KEY_ID" => "ASIA",
            "AWS_SECRET_ACCESS_KEY" => "secret",
            "AWS_SESSION_TOKEN" => "session",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn on_an_emulator(name: &str) -> Option<String> {
        let value = match name {
            "AWS_ENDPOINT_URL" => "http://127.0.0.1:1",
            "AWS_ENDPOINT_URL_API_GATEWAY" => "http://127.0.0.1:2",
            "AWS_USE_FIPS_ENDPOINT" => "true",
            _ => return of_lambda(name),
        };
        Some(value.to_owned())
    }

    fn endpoint_of(service_id: &str, config: &SdkConfig) -> Option<String> {
        let key = ServiceConfigKey::builder().service_id(service_id);
        let key = key.env("AWS_ENDPOINT_URL").profile("endpoint_url").build().unwrap();
        config.service_config().unwrap().load_config(key)
    }

    #[tokio::test]
    async fn region_and_credentials_are_those_that_lambda_sets() {
        let config = sdk_config(of_lambda);
        assert_eq!(config.region().map(ToString::to_string).as_deref(), Some("eu-west-1"));
        let found = config.credentials_provider().unwrap().provide_credentials().await.unwrap();
        assert_eq!((found.access_key_id(), found.session_token()), ("ASIA", Some("session")));
        assert_eq!((config.endpoint_url(), config.use_fips()), (None, Some(false)));
    }

    #[test]
    fn endpoints_of_all_services_and_of_one_are_read() {
        let config = sdk_config(on_an_emulator);
        assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:1"));
        assert_eq!(endpoint_of("Api Gateway", &config).as_deref(), Some("http://127.0.0.1:2"));
        assert_eq!(endpoint_of("SQS", &config), None);
        assert_eq!(config.use_fips(), Some(true));
    }

    #[test]
    fn without_credentials_there_is_nobody_to_ask() {
        assert!(sdk_config(|_| None).credentials_provider().is_none());
    }
}
