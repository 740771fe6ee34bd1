//! Purpose: Amazon CloudWatch, whose alarms come through Amazon SNS.

mod normalise;
mod signature;
mod sns;
mod webhook;

pub use sns::{Sns, SnsError};
pub use webhook::{VENDOR, certificate_url, subscribe_url};

/// As in the path of its webhooks.
const NAME: &str = "cloudwatch";
