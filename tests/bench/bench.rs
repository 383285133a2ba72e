//! What the bench's programs share: who signs, both adapters, and what a process cost.

use std::time::Instant;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use hubcast_aws::gateway::{ATTEMPT_TIMEOUT, ManagementGateway};
use hubcast_aws::lean::{EndpointError, LeanGateway};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

/// As long as what Lambda hands its functions.
const SESSION_TOKEN_BYTES: usize = 900;

/// The SDK's configuration for a local endpoint.
pub(crate) fn sdk_config(endpoint: &str) -> SdkConfig {
    let token = "t".repeat(SESSION_TOKEN_BYTES);
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let credentials = Credentials::new("ASIAIOSFODNN7EXAMPLE", secret, Some(token), None, "bench");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .build()
}

/// The management API by the official client.
pub(crate) fn sdk(url: &str) -> ManagementGateway {
    ManagementGateway::new(&sdk_config(url), &format!("{url}/prod"), ATTEMPT_TIMEOUT)
}

/// The management API by our own.
pub(crate) fn lean(url: &str, in_flight: usize) -> Result<LeanGateway, EndpointError> {
    LeanGateway::new(&sdk_config(url), &format!("{url}/prod"), in_flight, ATTEMPT_TIMEOUT)
}

/// Measures from here on.
pub(crate) struct Meter {
    start: Instant,
    cpu_micros: i64,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), cpu_micros: cpu_micros() }
    }

    /// What it cost so far, as JSON.
    pub(crate) fn read(&self) -> serde_json::Value {
        json!({
            "cpuMicros": cpu_micros() - self.cpu_micros,
            "wallMicros": u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX),
            "peakKiB": peak_kib(),
        })
    }
}

/// User and system time of all threads.
fn cpu_micros() -> i64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}

/// The most memory that was resident.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
