//! The signer against the `aws-sigv4` crate, byte for byte.

use std::time::{Duration, UNIX_EPOCH};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use proptest::prelude::*;

use super::*;

/// The `Authorization` header that the reference gives.
fn reference(
    credentials: &Credentials,
    (host, region): (&str, &str),
    (method, path, body): (&str, &str, &[u8]),
    at: u64,
) -> String {
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(UNIX_EPOCH + Duration::from_secs(at))
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let uri = format!("https://{host}{path}");
    let request = SignableRequest::new(method, uri, [].into_iter(), SignableBody::Bytes(body));
    let (instructions, _signature) = sign(request.unwrap(), &params).unwrap().into_parts();
    let mut headers = instructions.headers();
    headers.find(|(name, _)| *name == "authorization").unwrap().1.to_owned()
}

fn credentials(token: Option<String>) -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token, None, "t")
}

proptest! {
    #[test]
    fn signatures_are_those_of_the_official_crate(
        id in "[A-Za-z0-9_=+/-]{1,24}",
        stage in "[A-Za-z0-9_-]{1,12}",
        token in proptest::option::of("[A-Za-z0-9+/=]{1,1000}"),
        bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..12),
        clocks in proptest::collection::vec(0_u64..4_102_444_800, 1..4),
        method in prop_oneof![Just("POST"), Just("DELETE"), Just("GET")],
    ) {
        let (host, region) = ("abc123.execute-api.eu-central-1.amazonaws.com", "eu-central-1");
        let credentials = credentials(token);
        let mut signer = Signer::new(host, region, credentials.clone()).unwrap();
        let path = format!("/{stage}/@connections/{}", utf8_percent_encode(&id, RESERVED));
        let bodies: Vec<Bytes> = bodies.into_iter().map(Bytes::from).collect();
        for at in clocks {
            // Each body twice, so that kept hashes are used too.
            for body in bodies.iter().chain(&bodies) {
                let signed = signer.sign(method, &path, body, Timestamp::from_seconds(at));
                let expected = reference(&credentials, (host, region), (method, &path, body), at);
                prop_assert_eq!(signed.authorization, expected);
            }
        }
    }
}

#[test]
fn a_frame_of_the_same_length_elsewhere_is_another_frame() {
    let mut signer = Signer::new("host", "eu-west-1", credentials(None)).unwrap();
    let at = Timestamp::from_seconds(1_700_000_000);
    let [one, other] = ["a", "b"].map(|body| {
        signer.sign("POST", "/p/@connections/x", &Bytes::from(body.repeat(10)), at).authorization
    });
    assert_ne!(one, other);
}

#[test]
fn nothing_secret_is_printed() {
    let signer = Signer::new("host", "eu-west-1", credentials(Some("TOKEN".to_owned())));
    let mut signer = signer.unwrap();
    let at = Timestamp::from_seconds(1_700_000_000);
    let token = signer.sign("POST", "/p/@connections/x", &Bytes::new(), at).security_token;
    let printed = format!("{signer:?} {token:?}");
    assert!(!printed.contains("wJalr") && !printed.contains("TOKEN"));
}

#[test]
fn a_token_that_fits_no_header_is_refused() {
    assert!(Signer::new("host", "eu-west-1", credentials(Some("a\nb".to_owned()))).is_err());
}
