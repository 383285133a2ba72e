use hubcast_core::settings::{AccessKeys, PublicUrl, Secret};

use super::*;
