//! Signing in, by the rules of the AWS command line.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;

use super::fault::{OperatorError, Trouble};
use crate::access_keys::AccessKeySettings;
use crate::access_keys::KeyVault;
use crate::gateway::ManagementGateway;
use crate::lean::LeanGateway;
use crate::store::DynamoStore;

/// How long one post may take.
const POST_TIMEOUT: Duration = Duration::from_secs(5);
/// Over how many connections posts go at once; an operator posts little.
const POST_CONNECTIONS: usize = 4;
/// The region of the local stack, which takes any.
const LOCAL_REGION: &str = "us-east-1";

/// As whom, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// An AWS account, by the usual files and variables.
    Aws {
        /// A profile other than the current one.
        profile: Option<String>,
        /// A region other than the profile's.
        region: Option<String>,
    },
    /// A local stack at this URL, which takes anybody.
    Local(String),
}

/// An account that a person signed in to.
#[derive(Debug, Clone)]
pub struct Account {
    pub(super) sdk: SdkConfig,
}

impl Account {
    /// Signs in. Credentials are asked for at the first use.
    ///
    /// # Errors
    /// When no region is set anywhere.
    pub async fn open(sign_in: &SignIn) -> Result<Self, OperatorError> {
        let loader = aws_config::defaults(BehaviorVersion::latest());
        let sdk = match sign_in {
            SignIn::Local(url) => {
                let anybody = Credentials::new("local", "local", None, None, "local");
                let loader = loader.credentials_provider(anybody).endpoint_url(url);
                loader.region(Region::new(LOCAL_REGION)).load().await
            }
            SignIn::Aws { profile, region } => {
                let loader = match profile {
                    Some(profile) => loader.profile_name(profile),
                    None => loader,
                };
                match region.clone() {
                    Some(region) => loader.region(Region::new(region)).load().await,
                    None => loader.load().await,
                }
            }
        };
        if sdk.region().is_none() {
            let cause = "no flag, variable or profile names one";
            return Err(OperatorError::new("know the region", Trouble::NoRegion, cause));
        }
        Ok(Self { sdk })
    }

    /// The channel table of this name.
    pub fn store(&self, table: &str) -> DynamoStore {
        DynamoStore::new(&self.sdk, table)
    }

    /// The sockets of the stage whose management API is at `management_url`, such as
    /// `https://a1b2c3.execute-api.eu-central-1.amazonaws.com/prod`.
    ///
    /// # Errors
    /// When this is no `http` or `https` URL.
    pub fn sockets(&self, management_url: &str) -> Result<LeanGateway, OperatorError> {
        let sockets = LeanGateway::new(&self.sdk, management_url, POST_CONNECTIONS, POST_TIMEOUT);
        sockets.map_err(|err| {
            let operation = format!("use the management API at {management_url}");
            OperatorError::new(operation, Trouble::Failed, err)
        })
    }

    /// The same sockets by the official client, which can look at sockets too.
    pub fn management(&self, management_url: &str) -> ManagementGateway {
        ManagementGateway::new(&self.sdk, management_url, POST_TIMEOUT)
    }

    /// The access keys, wherever they are.
    pub fn access_keys(&self, settings: AccessKeySettings) -> KeyVault {
        KeyVault::new(&self.sdk, settings)
    }
}
