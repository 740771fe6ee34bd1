//! Purpose: what the operator decided. Built-in defaults, then `em-agent.toml` (or `--config`), then the
//! environment; all problems are reported together, each naming its key, before anything starts.
//!
//! To add a key: a field in `config/sections.rs`, a line with its explanation in `config.default.toml`, and a check
//! in `config/check.rs` if some values make no sense. A test keeps the three together.

mod bus;
mod check;
mod goals;
mod integrations;
mod llm;
mod secrets;
pub(crate) mod sections;
mod standups;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{File, FileFormat};
use em_integrations::vendors::VENDORS;

pub use check::Checked;
pub use llm::LlmSettings;
pub use secrets::Secrets;
pub use sections::Sections;

/// The commented defaults, which are also the documentation of every key.
pub const DEFAULTS: &str = include_str!("config.default.toml");

/// The environment as a value, so that tests can give another one.
pub type Environment = BTreeMap<String, String>;

/// Environment names with a fixed meaning, and the keys they set.
const NAMES: &[(&str, &str)] = &[
    ("EM_AGENT_DATA_DIR", "data_dir"),
    ("SLACK_SOCKET_CONNECTIONS", "slack.socket_connections"),
    ("SLACK_API_URL", "slack.api_url"),
    ("SLACK_DEFAULT_CHANNEL", "slack.default_channel"),
    ("MAX_DAILY_SLACK_POSTS", "slack.max_daily_posts"),
    ("HTTP_ADDR", "http.addr"),
    ("RATE_LIMIT_PER_MIN", "http.rate_limit_per_min"),
    ("MAX_PAYLOAD_BYTES", "http.max_payload_bytes"),
    ("INTEGRATIONS_GITHUB_ENABLED", "github.enabled"),
    ("GITHUB_API_URL", "github.api_url"),
    ("INTEGRATIONS_CONFLUENCE_ENABLED", "confluence.enabled"),
    ("CONFLUENCE_API_URL", "confluence.api_url"),
    ("INTEGRATIONS_JIRA_ENABLED", "jira.enabled"),
    ("JIRA_API_URL", "jira.api_url"),
    ("INTEGRATIONS_NOTION_ENABLED", "notion.enabled"),
    ("NOTION_API_URL", "notion.api_url"),
    ("INTEGRATIONS_LINEAR_ENABLED", "linear.enabled"),
    ("LINEAR_API_URL", "linear.api_url"),
    ("INTEGRATIONS_PAGERDUTY_ENABLED", "pagerduty.enabled"),
    ("PAGERDUTY_API_URL", "pagerduty.api_url"),
    ("PAGERDUTY_FROM", "pagerduty.from"),
    ("AGENT_LLM_ENABLED", "llm.enabled"),
    ("OPENAI_BASE_URL", "llm.base_url"),
    ("OPENAI_MODEL", "llm.model"),
    ("EM_AGENT_EMBEDDING_MODEL", "knowledge.embedding_model"),
    ("EM_AGENT_MODEL_DIR", "knowledge.model_dir"),
    ("MAX_DAILY_RAG_SEARCHES", "knowledge.max_daily_searches"),
    ("NATS_URL", "bus.nats_url"),
    ("RETENTION_DAYS", "retention.days"),
    ("LOG_FORMAT", "log.format"),
    ("RUST_LOG", "log.filter"),
];

/// What stands before keys in the environment: `EM_AGENT__SECTION__KEY`.
const PREFIX: &str = "EM_AGENT__";

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, or the environment name.
    pub key: String,
    /// What is wrong and what to write instead.
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.key, self.what)
    }
}

/// Everything the operator decided, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The keys as written, after all layers.
    pub sections: Sections,
    /// The same in the types the program works with.
    pub checked: Checked,
    /// Tokens and the like; they never print.
    pub secrets: Secrets,
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
}

/// The machine's environment.
pub fn environment() -> Environment {
    std::env::vars().collect()
}

impl Config {
    /// Reads the layers and checks them.
    ///
    /// # Errors
    /// Every problem found, each naming its key.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, Vec<Problem>> {
        let file = find_file(file)?;
        let merged = merge(file.as_deref(), environment)?;
        let mut problems = Vec::new();
        let sections = sections::read(&merged, &defaults()?, &mut problems);
        let secrets = secrets::read(environment, &mut problems);
        let Some(sections) = sections else {
            return Err(problems);
        };
        match check::check(&sections, &secrets, &mut problems) {
            Some(checked) if problems.is_empty() => Ok(Self {
                sections,
                checked,
                secrets,
                file,
            }),
            Some(_) | None => Err(problems),
        }
    }
}

/// The named file, or `em-agent.toml` in the working directory if there is one.
fn find_file(named: Option<&Path>) -> Result<Option<PathBuf>, Vec<Problem>> {
    match named {
        Some(path) if path.is_file() => Ok(Some(path.to_owned())),
        Some(path) => Err(vec![Problem {
            key: "--config".to_owned(),
            what: format!("there is no file {}", path.display()),
        }]),
        None => Ok(Some(PathBuf::from("em-agent.toml")).filter(|path| path.is_file())),
    }
}

fn builtin() -> config::ConfigBuilder<config::builder::DefaultState> {
    config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml))
}

fn defaults() -> Result<sections::Layer, Vec<Problem>> {
    let read = builtin().build().and_then(config::Config::try_deserialize);
    read.map_err(|error| problem("config.default.toml", &error))
}

fn problem(key: &str, error: &dyn std::fmt::Display) -> Vec<Problem> {
    vec![Problem {
        key: key.to_owned(),
        what: error.to_string(),
    }]
}

/// A value of the environment: a list is written as in the file, everything else as it is.
fn value(name: &str, text: &str) -> Result<config::Value, Vec<Problem>> {
    if !text.trim_start().starts_with('[') {
        return Ok(config::Value::from(text));
    }
    let line = format!("value = {text}");
    let read = config::Config::builder()
        .add_source(File::from_str(&line, FileFormat::Toml))
        .build();
    read.and_then(|read| read.get("value"))
        .map_err(|_| problem(name, &"write a list as [\"one\", \"two\"]"))
}

fn merge(file: Option<&Path>, environment: &Environment) -> Result<config::Config, Vec<Problem>> {
    let mut builder = builtin();
    if let Some(path) = file {
        builder = builder.add_source(File::from(path).format(FileFormat::Toml));
    }
    for (name, value) in environment {
        if let Some(key) = name.strip_prefix(PREFIX) {
            let key = key.to_ascii_lowercase().replace("__", ".");
            builder = builder
                .set_override(&key, self::value(name, value)?)
                .map_err(|error| problem(name, &error))?;
        }
    }
    let own = VENDORS.iter().flat_map(|vendor| {
        let (name, capitals) = (vendor.name, vendor.name.to_ascii_uppercase());
        [
            (
                format!("INTEGRATIONS_{capitals}_ENABLED"),
                format!("integrations.{name}.enabled"),
            ),
            (
                format!("{capitals}_API_URL"),
                format!("integrations.{name}.api_url"),
            ),
        ]
    });
    // Systems with a section of their own are switched off there.
    let own = own.filter(|(name, _)| NAMES.iter().all(|(fixed, _)| fixed != name));
    let fixed = NAMES
        .iter()
        .map(|(name, key)| ((*name).to_owned(), (*key).to_owned()));
    for (name, key) in own.chain(fixed) {
        if let Some(value) = environment.get(&name).filter(|value| !value.is_empty()) {
            builder = builder
                .set_override(&key, value.as_str())
                .map_err(|error| problem(&name, &error))?;
        }
    }
    let shown = file.map_or_else(|| "configuration".to_owned(), |path| path.display().to_string());
    builder.build().map_err(|error| problem(&shown, &error))
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
