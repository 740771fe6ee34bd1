//! Purpose: tokens and other secrets. They come only from the environment, or from a file that the environment
//! names (`GITHUB_TOKEN_FILE`), and never print.

use std::collections::BTreeMap;

use em_integrations::vendors::VENDORS;
use em_integrations::webhook::Vendor;
use secrecy::SecretString;

use super::{Environment, Problem};

/// The systems that are read with a token of theirs, besides GitHub and Slack.
pub(super) const READ: [&str; 11] = [
    "argocd",
    "circleci",
    "confluence",
    "datadog",
    "gitlab",
    "jira",
    "linear",
    "notion",
    "pagerduty",
    "sentry",
    "shortcut",
];

/// The secrets that were given.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// `SLACK_APP_TOKEN`, `xapp-...`: opens Socket Mode connections.
    pub slack_app_token: Option<SecretString>,
    /// `SLACK_BOT_TOKEN`, `xoxb-...`: calls the Web API.
    pub slack_bot_token: Option<SecretString>,
    /// `SLACK_SIGNING_SECRET`: verifies Slack's HTTP requests.
    pub slack_signing_secret: Option<SecretString>,
    /// `DATABASE_URL`; may hold a password.
    pub database_url: Option<SecretString>,
    /// `GITHUB_TOKEN`: polls the REST API.
    pub github_token: Option<SecretString>,
    /// By the name of the system, `GITHUB_WEBHOOK_SECRET`, then `GITHUB_WEBHOOK_SECRET_PREVIOUS`; none for systems without.
    pub webhooks: BTreeMap<&'static str, Vec<SecretString>>,
    /// `OPENAI_API_KEY`: asks the language model.
    pub openai_api_key: Option<SecretString>,
    /// `NATS_TOKEN`: `USER:PASSWORD` or a token, for the bus.
    pub nats_token: Option<SecretString>,
    /// `NATS_CREDS`: what stands in a `.creds` file, for the bus.
    pub nats_creds: Option<SecretString>,
    /// By the name of the system, `JIRA_TOKEN`: reads issues, incidents, pages, and does what people agree to; none for systems without.
    pub tokens: BTreeMap<&'static str, SecretString>,
}

/// Reads all of them; a secret file that cannot be read is a problem, an absent secret is not (yet).
pub(super) fn read(environment: &Environment, problems: &mut Vec<Problem>) -> Secrets {
    let mut secret = |name: &str| one(environment, name, problems);
    let secrets = Secrets {
        slack_app_token: secret("SLACK_APP_TOKEN"),
        slack_bot_token: secret("SLACK_BOT_TOKEN"),
        slack_signing_secret: secret("SLACK_SIGNING_SECRET"),
        database_url: secret("DATABASE_URL"),
        github_token: secret("GITHUB_TOKEN"),
        webhooks: VENDORS
            .iter()
            .map(|vendor| {
                (
                    vendor.name,
                    variables(vendor).iter().filter_map(|name| secret(name)).collect(),
                )
            })
            .filter(|(_, secrets): &(_, Vec<SecretString>)| !secrets.is_empty())
            .collect(),
        openai_api_key: secret("OPENAI_API_KEY"),
        nats_token: secret("NATS_TOKEN"),
        nats_creds: secret("NATS_CREDS"),
        tokens: READ
            .iter()
            .filter_map(|name| Some((*name, secret(&token_variable(name))?)))
            .collect(),
    };
    let is_set = |name: &str| {
        [name, &format!("{name}_FILE")]
            .iter()
            .any(|name| environment.contains_key(*name))
    };
    for vendor in VENDORS {
        let [current, previous] = variables(vendor);
        if is_set(&previous) && !is_set(&current) {
            problems.push(Problem {
                what: format!("{previous} is set, so this one is needed too"),
                key: current,
            });
        }
    }
    secrets
}

/// Where the token of a system stands.
fn token_variable(name: &str) -> String {
    format!("{}_TOKEN", name.to_ascii_uppercase())
}

/// Where the secret of a system's webhooks stands, and the one that it replaces.
fn variables(vendor: &Vendor) -> [String; 2] {
    let current = vendor.secret_variable();
    let previous = format!("{current}_PREVIOUS");
    [current, previous]
}

fn one(environment: &Environment, name: &str, problems: &mut Vec<Problem>) -> Option<SecretString> {
    let file_name = format!("{name}_FILE");
    let direct = environment.get(name).filter(|value| !value.trim().is_empty());
    let from_file = environment.get(&file_name).filter(|path| !path.is_empty());
    let text = match (direct, from_file) {
        (Some(_), Some(_)) => {
            let what = format!("both {name} and {file_name} are set; keep one");
            problems.push(Problem {
                key: name.to_owned(),
                what,
            });
            return None;
        }
        (Some(text), None) => text.clone(),
        (None, Some(path)) => match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let what = format!("cannot read {path}: {error}");
                problems.push(Problem { key: file_name, what });
                return None;
            }
        },
        (None, None) => return None,
    };
    // Files end with a line break that is not part of the secret.
    let text = text.trim();
    if text.is_empty() {
        problems.push(Problem {
            key: file_name,
            what: "the file is empty".to_owned(),
        });
        return None;
    }
    Some(SecretString::from(text.to_owned()))
}

impl Secrets {
    /// Which secrets are set, by name, for showing.
    pub fn presence(&self) -> Vec<(String, bool)> {
        let tokens = [
            ("SLACK_APP_TOKEN", self.slack_app_token.is_some()),
            ("SLACK_BOT_TOKEN", self.slack_bot_token.is_some()),
            ("SLACK_SIGNING_SECRET", self.slack_signing_secret.is_some()),
            ("DATABASE_URL", self.database_url.is_some()),
            ("GITHUB_TOKEN", self.github_token.is_some()),
            ("OPENAI_API_KEY", self.openai_api_key.is_some()),
            ("NATS_TOKEN", self.nats_token.is_some()),
            ("NATS_CREDS", self.nats_creds.is_some()),
        ];
        let webhooks = VENDORS.iter().flat_map(|vendor| {
            let known = self.webhooks.get(vendor.name).map_or(0, Vec::len);
            let [current, previous] = variables(vendor);
            // The one before is only there while it is being replaced.
            [
                Some((current, known > 0)),
                (known > 1).then_some((previous, true)),
            ]
        });
        let tokens = tokens.into_iter().map(|(name, is_set)| (name.to_owned(), is_set));
        let of_systems = READ
            .iter()
            .map(|name| (token_variable(name), self.tokens.contains_key(name)));
        tokens.chain(of_systems).chain(webhooks.flatten()).collect()
    }
}
