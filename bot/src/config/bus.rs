//! Purpose: what makes no sense of the outgoing bus's configuration is refused; half of it is refused too.

use std::time::Duration;

use em_integrations::nats::{Credentials, NatsConfig, Servers};

use super::Secrets;
use super::check::{Checks, MOST_DAYS};
use super::sections;

/// Checks the section; `None` if it is switched off, or wrong.
pub(super) fn settings(
    checks: &mut Checks<'_>,
    section: &sections::Bus,
    secrets: &Secrets,
) -> Option<NatsConfig> {
    let hours = section.keep_hours;
    checks.require(
        "bus.keep_hours",
        (1..=MOST_DAYS * 24).contains(&hours),
        "write a number from 1 to 876000",
    );
    let stream = section.stream.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    checks.require(
        "bus.stream",
        stream.chars().all(is_name),
        "write letters, digits, - and _; or nothing, where the stream is yours alone",
    );
    let credentials = credentials(checks, secrets);
    let url = section.nats_url.trim();
    if url.is_empty() {
        if secrets.nats_token.is_some() || secrets.nats_creds.is_some() {
            checks.refuse(
                "bus.nats_url",
                "NATS_TOKEN or NATS_CREDS is set, so this one is needed too: nats://HOST:4222",
            );
        }
        return None;
    }
    Some(NatsConfig {
        servers: checks.keep("bus.nats_url", Servers::parse(url))?,
        credentials,
        stream: Some(stream.to_owned()).filter(|stream| !stream.is_empty()),
        keep: Duration::from_hours(hours.into()),
    })
}

fn credentials(checks: &mut Checks<'_>, secrets: &Secrets) -> Option<Credentials> {
    match (&secrets.nats_token, &secrets.nats_creds) {
        (Some(_), Some(_)) => {
            checks.refuse("NATS_TOKEN", "both NATS_TOKEN and NATS_CREDS are set; keep one");
            None
        }
        (Some(token), None) => Some(Credentials::of_token(token)),
        (None, Some(content)) => {
            let credentials = Credentials::of_file(content);
            let what =
                "this is not what stands in a .creds file; set NATS_CREDS_FILE to the file that `nsc` made";
            checks.require("NATS_CREDS", credentials.is_some(), what);
            credentials
        }
        (None, None) => None,
    }
}
