//! Where the two services are, as the official clients found them in every kind of region.

use std::sync::{Arc, Mutex};

use aws_config::{Region, SdkConfig};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use super::{failure, parameter, secret};
use crate::endpoint::sdk_config;

/// Notes where a request goes, and fails it.
#[derive(Debug, Clone, Default)]
struct Signpost(Arc<Mutex<Vec<String>>>);

impl HttpConnector for Signpost {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.0.lock().expect("the hosts").push(request.uri().to_owned());
        HttpConnectorFuture::ready(Err(ConnectorError::user("it goes nowhere".into())))
    }
}

/// What an environment and a profile say of one service, by the key that is looked up.
#[derive(Debug)]
struct Profile(&'static str, &'static str);

impl LoadServiceConfig for Profile {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        assert_eq!((key.env(), key.profile()), ("AWS_ENDPOINT_URL", "endpoint_url"));
        (key.service_id() == self.0).then(|| self.1.to_owned())
    }
}

fn regional(region: &'static str, fips: bool, dual_stack: bool) -> SdkConfig {
    let mut config = sdk_config("").into_builder().region(Region::from_static(region));
    config.set_endpoint_url(None).set_use_fips(Some(fips)).set_use_dual_stack(Some(dual_stack));
    config.build()
}

/// Where requests for a parameter and for a secret go.
async fn places(config: SdkConfig) -> [String; 2] {
    let signpost = Signpost::default();
    let connector = signpost.clone();
    let client = http_client_fn(move |_, _| SharedHttpConnector::new(connector.clone()));
    let config = config.into_builder().http_client(client).build();
    for place in [parameter(), secret()] {
        failure(&config, place).await;
    }
    let places = signpost.0.lock().expect("the hosts").clone();
    places.try_into().expect("two requests")
}

async fn assert_hosts(config: SdkConfig, ssm: &str, secretsmanager: &str) {
    let expected = [ssm, secretsmanager].map(|host| format!("https://{host}/"));
    assert_eq!(places(config).await, expected);
}

#[tokio::test]
async fn every_partition_has_its_own_suffix() {
    for (region, suffix) in [
        ("us-east-1", "amazonaws.com"),
        ("il-central-1", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("us-iso-east-1", "c2s.ic.gov"),
        ("us-isob-east-1", "sc2s.sgov.gov"),
        ("eu-isoe-west-1", "cloud.adc-e.uk"),
        ("us-isof-south-1", "csp.hci.ic.gov"),
        ("eusc-de-east-1", "amazonaws.eu"),
    ] {
        let hosts = ["ssm", "secretsmanager"].map(|name| format!("{name}.{region}.{suffix}"));
        assert_hosts(regional(region, false, false), &hosts[0], &hosts[1]).await;
    }
}

#[tokio::test]
async fn validated_cryptography_has_hosts_of_its_own() {
    for (region, ssm, secretsmanager) in [
        (
            "us-east-1",
            "ssm-fips.us-east-1.amazonaws.com",
            "secretsmanager-fips.us-east-1.amazonaws.com",
        ),
        (
            "us-gov-west-1",
            "ssm.us-gov-west-1.amazonaws.com",
            "secretsmanager-fips.us-gov-west-1.amazonaws.com",
        ),
        (
            "us-iso-east-1",
            "ssm-fips.us-iso-east-1.c2s.ic.gov",
            "secretsmanager-fips.us-iso-east-1.c2s.ic.gov",
        ),
    ] {
        assert_hosts(regional(region, true, false), ssm, secretsmanager).await;
    }
}

#[tokio::test]
async fn secrets_have_one_host_for_both_versions_of_ip() {
    for (region, fips, ssm, secretsmanager) in [
        ("us-east-1", false, "ssm.us-east-1.api.aws", "secretsmanager.us-east-1.amazonaws.com"),
        (
            "us-east-1",
            true,
            "ssm-fips.us-east-1.api.aws",
            "secretsmanager-fips.us-east-1.amazonaws.com",
        ),
        (
            "us-gov-west-1",
            true,
            "ssm-fips.us-gov-west-1.api.aws",
            "secretsmanager-fips.us-gov-west-1.amazonaws.com",
        ),
        (
            "cn-north-1",
            false,
            "ssm.cn-north-1.api.amazonwebservices.com.cn",
            "secretsmanager.cn-north-1.amazonaws.com.cn",
        ),
    ] {
        assert_hosts(regional(region, fips, true), ssm, secretsmanager).await;
    }
}

#[tokio::test]
async fn an_endpoint_of_one_service_is_for_that_service_alone() {
    for (id, at, url) in
        [("SSM", 0, "http://127.0.0.1:1/ssm"), ("Secrets Manager", 1, "https://sqs.example.com")]
    {
        let config = regional("us-east-1", false, false).into_builder();
        let places = places(config.service_config(Profile(id, url)).build()).await;
        assert_eq!(places[at].trim_end_matches('/'), url);
        assert!(places[1 - at].ends_with(".us-east-1.amazonaws.com/"), "{places:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_found_is_said() {
    let mut nowhere = regional("us-east-1", false, false).into_builder();
    nowhere.set_region(None);
    let local = sdk_config("http://127.0.0.1:9").into_builder().use_fips(true);
    for (config, expected) in [
        (nowhere.build(), "Invalid Configuration: Missing Region"),
        (local.build(), "Invalid Configuration: FIPS and custom endpoint are not supported"),
    ] {
        for place in [parameter(), secret()] {
            let text = failure(&config, place).await;
            assert!(text.ends_with(expected), "{text}");
        }
    }
}
