//! Purpose: the keys of the configuration file, as people write them.

use std::collections::BTreeMap;

use config::{ConfigError, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Problem;

/// All sections.
#[derive(Debug, Clone, Serialize)]
pub struct Sections {
    /// Folder of the database and other files.
    pub data_dir: String,
    /// `[slack]`
    pub slack: Slack,
    /// `[http]`
    pub http: Http,
    /// `[github]`
    pub github: Github,
    /// `[confluence]`
    pub confluence: Vendor,
    /// `[jira]`
    pub jira: Vendor,
    /// `[notion]`
    pub notion: Vendor,
    /// `[linear]`
    pub linear: Vendor,
    /// `[pagerduty]`
    pub pagerduty: PagerDuty,
    /// `[calendar]`
    pub calendar: Calendar,
    /// `[triage]`
    pub triage: Triage,
    /// `[policy]`
    pub policy: Policy,
    /// `[signals]`
    pub signals: Signals,
    /// Deployments that a channel is told of.
    pub deployments: Deployments,
    /// `[llm]`
    pub llm: Llm,
    /// `[knowledge]`
    pub knowledge: Knowledge,
    /// `[teams.NAME]`
    pub teams: BTreeMap<String, Team>,
    /// `[people]`: Slack member id to GitHub login.
    pub people: BTreeMap<String, String>,
    /// `[[goals]]`
    pub goals: Vec<super::goals::Section>,
    /// `[[schedules]]`
    pub schedules: Vec<Schedule>,
    /// `[standups.NAME]`
    pub standups: BTreeMap<String, super::standups::Section>,
    /// `[integrations.NAME]`: the systems whose webhooks come in, by the name in the path.
    pub integrations: BTreeMap<String, Integration>,
    /// `[events]`
    pub events: em_integrations::rules::Rules,
    /// `[delivery]`
    pub delivery: em_domain::delivery::Definitions,
    /// `[bus]`
    pub bus: Bus,
    /// `[retention]`
    pub retention: Retention,
    /// `[log]`
    pub log: Log,
}

/// How the bot reaches Slack.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// Socket Mode connections, 1 to 10.
    pub socket_connections: usize,
    /// Base of the Web API.
    pub api_url: String,
    /// Where posts go that name no channel.
    pub default_channel: String,
    /// Posts per UTC day.
    pub max_daily_posts: u32,
}

/// The HTTP server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address and port to listen on.
    pub addr: String,
    /// Commands per person and minute.
    pub rate_limit_per_min: u32,
    /// The largest accepted body.
    pub max_payload_bytes: usize,
}

/// GitHub.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Github {
    /// Off switches all of it off.
    pub enabled: bool,
    /// Base of the REST API.
    pub api_url: String,
    /// Polled repositories.
    pub repositories: Vec<String>,
    /// Polled organisations.
    pub organisations: Vec<String>,
    /// Seconds between polls; 0 is never.
    pub poll_interval_seconds: u64,
    /// How far back a first poll looks.
    pub first_look_days: u32,
}

/// A system that documents are read from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// Off switches all of it off.
    pub enabled: bool,
    /// Base of its API; empty if it is not used.
    pub api_url: String,
}

/// `PagerDuty`, where incidents are read, acknowledged and resolved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerDuty {
    /// Off switches all of it off.
    pub enabled: bool,
    /// Base of its API.
    pub api_url: String,
    /// The e-mail address of the user there in whose name the bot acts; empty if the token is that user's own.
    pub from: String,
}

/// The team's documents.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knowledge {
    /// A model by its name; empty for the one that comes with the program.
    pub embedding_model: String,
    /// A folder with a model; empty for the usual places.
    pub model_dir: String,
    /// A folder with a cross-encoder that orders the best passages; empty: none.
    pub reranker_dir: String,
    /// Folders, files and addresses that are read at the start and then now and then.
    pub documents: Vec<String>,
    /// Pages may be read from private networks.
    pub private_addresses: bool,
    /// Minutes between two readings; 0 is only at the start.
    pub reread_minutes: u32,
    pub max_daily_searches: u32,
}

/// The team's working time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// An IANA zone.
    pub zone: String,
    /// Working weekdays, English names or their first three letters.
    pub days: Vec<String>,
    /// `HH:MM`
    pub start: String,
    /// `HH:MM`
    pub end: String,
    /// `YYYY-MM-DD`
    pub holidays: Vec<String>,
    /// iCalendar files whose all-day events are days off.
    pub holiday_files: Vec<String>,
}

/// What triage shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triage {
    /// Labels that leave a pull request out.
    pub ignored_labels: Vec<String>,
    /// Show what bots opened.
    pub include_bots: bool,
    /// Show drafts.
    pub include_drafts: bool,
    /// Rows per group.
    pub rows_per_group: u32,
}

/// What may be done, and what people are asked about.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// A folder of rules in place of the shipped ones.
    pub dir: String,
    /// A folder of rules that `policy backtest` compares.
    pub candidate_dir: String,
    /// An OPA server that decides instead.
    pub opa_url: String,
    /// Role to Slack member ids and GitHub logins.
    pub roles: BTreeMap<String, Vec<String>>,
    /// What rules read as `data`.
    pub data: BTreeMap<String, serde_json::Value>,
}

/// What people are told without asking.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signals {
    /// Off: rules are not evaluated.
    pub enabled: bool,
    /// Where signals are posted; the default channel if empty.
    pub channel: String,
    /// The file of rules; those that come with the program if empty.
    pub rules: String,
}

/// Deployments that a channel is told of.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployments {
    /// Where; nowhere if empty.
    pub channel: String,
    /// To which environments; `*` for all.
    pub environments: Vec<String>,
}

/// The language model that answers from documents.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Llm {
    /// Off: answers are pieces of documents, word for word.
    pub enabled: bool,
    /// Base of the API.
    pub base_url: String,
    /// The model's name.
    pub model: String,
    /// For the whole of an answer.
    pub timeout_secs: u64,
    /// The longest answer.
    pub max_answer_tokens: u32,
    /// The longest question, with its passages and its thread.
    pub max_prompt_tokens: u32,
    /// Of one person; 0 is no limit.
    pub daily_tokens_per_person: i64,
    /// Of one team; 0 is no limit.
    pub daily_tokens_per_team: i64,
    /// Of everybody together; 0 is no limit.
    pub daily_tokens: i64,
    /// For a million tokens sent.
    pub price_per_million_in: f64,
    /// For a million tokens received.
    pub price_per_million_out: f64,
}

/// One team.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Team {
    /// Its repositories.
    pub repositories: Vec<String>,
    /// Its people's logins.
    pub members: Vec<String>,
    /// What its metrics are to be.
    pub goals: Vec<super::goals::Section>,
}

/// Something that happens by the clock.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Unique name.
    pub name: String,
    /// Minute, hour, day, month, weekday.
    pub cron: String,
    /// The zone; the calendar's if absent.
    pub zone: Option<String>,
    /// The command to run.
    pub run: String,
    /// Where its message goes; the default channel if absent.
    pub channel: Option<String>,
}

/// A system that events come in from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Integration {
    /// Off refuses its webhooks.
    pub enabled: bool,
    /// Its webhooks are taken in without a secret.
    pub unsigned: bool,
    /// Where its API is asked, where that is not always the same; empty for the usual place.
    pub api_url: String,
    /// What is polled, in its own names: projects, services; nothing if empty.
    pub poll: Vec<String>,
    /// Seconds between two rounds of polling; 0 is never but by `backfill`.
    pub poll_interval_seconds: u64,
    /// How far back a first look goes.
    pub first_look_days: u32,
    /// How `generic` is signed; without it, the secret itself is brought.
    pub signature: Option<em_integrations::generic::Settings>,
}

impl Default for Integration {
    fn default() -> Self {
        Self {
            enabled: true,
            unsigned: false,
            api_url: String::new(),
            poll: Vec::new(),
            poll_interval_seconds: 300,
            first_look_days: 30,
            signature: None,
        }
    }
}

/// What other programs are told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    /// The NATS servers; off if empty.
    pub nats_url: String,
    /// The stream that is made where none takes our subjects; neither looked for nor made if empty.
    pub stream: String,
    /// How long a message is kept for a server that is away, and in a stream that is made here.
    pub keep_hours: u32,
}

/// How long raw events are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days.
    pub days: u32,
}

/// Logging.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `auto`, `json` or `pretty`.
    pub format: String,
    /// As in `RUST_LOG`.
    pub filter: String,
}

/// Sections that the operator fills with names of their own; all others are in the defaults, key by key.
const OWN_NAMES: [&str; 6] = [
    "teams",
    "people",
    "goals",
    "schedules",
    "standups",
    "integrations",
];

/// Reads key by key, so that one mistake does not hide another. A key that cannot be read counts as its default, so
/// that the checks after this still see the rest.
pub(super) fn read(
    merged: &config::Config,
    defaults: &Layer,
    problems: &mut Vec<Problem>,
) -> Option<Sections> {
    let layer = merged
        .clone()
        .try_deserialize()
        .map_err(|error| problems.push(problem("configuration", &error)))
        .ok()?;
    refuse_unknown_keys(&layer, defaults, problems);
    let mut reading = Reading {
        layer,
        defaults,
        problems,
    };
    Some(Sections {
        data_dir: reading.value("data_dir")?,
        slack: reading.section("slack")?,
        http: reading.section("http")?,
        github: reading.section("github")?,
        confluence: reading.section("confluence")?,
        jira: reading.section("jira")?,
        notion: reading.section("notion")?,
        linear: reading.section("linear")?,
        pagerduty: reading.section("pagerduty")?,
        calendar: reading.section("calendar")?,
        triage: reading.section("triage")?,
        policy: reading.section("policy")?,
        signals: reading.section("signals")?,
        deployments: reading.section("deployments")?,
        llm: reading.section("llm")?,
        knowledge: reading.section("knowledge")?,
        teams: reading.own("teams"),
        people: reading.own("people"),
        goals: reading.own("goals"),
        schedules: reading.own("schedules"),
        standups: reading.own("standups"),
        integrations: reading.own("integrations"),
        events: reading.section("events")?,
        delivery: reading.section("delivery")?,
        bus: reading.section("bus")?,
        retention: reading.section("retention")?,
        log: reading.section("log")?,
    })
}

/// The top of a configuration: its sections, and the keys outside of any.
pub(super) type Layer = BTreeMap<String, Value>;
type Table = config::Map<String, Value>;

fn refuse_unknown_keys(layer: &Layer, defaults: &Layer, problems: &mut Vec<Problem>) {
    let known = || defaults.keys().map(String::as_str).chain(OWN_NAMES);
    for key in layer.keys().filter(|key| !known().any(|known| known == *key)) {
        problems.push(unknown("", key, known()));
    }
}

/// A key that does not exist, and the one that was probably meant.
fn unknown<'k>(section: &str, key: &str, known: impl Iterator<Item = &'k str>) -> Problem {
    let near = known.max_by(|a, b| strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key)));
    let what = format!(
        "there is no such key; did you mean `{section}{}`?",
        near.unwrap_or_default()
    );
    Problem {
        key: format!("{section}{key}"),
        what,
    }
}

struct Reading<'a> {
    layer: Layer,
    defaults: &'a Layer,
    problems: &'a mut Vec<Problem>,
}

impl Reading<'_> {
    /// A key outside of any section.
    fn value<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        self.layer
            .get(key)?
            .clone()
            .try_deserialize()
            .or_else(|error| {
                self.problems.push(problem(key, &error));
                self.defaults
                    .get(key)
                    .cloned()
                    .unwrap_or(Value::new(None, ""))
                    .try_deserialize()
            })
            .ok()
    }

    /// A section whose keys all have defaults.
    fn section<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let mut taken = self.defaults.get(name)?.clone().into_table().ok()?;
        let written = match self.layer.get(name)?.clone().into_table() {
            Ok(written) => written,
            Err(error) => {
                self.problems.push(problem(name, &error));
                Table::new()
            }
        };
        for (key, value) in written {
            if !taken.contains_key(&key) {
                self.problems.push(unknown(
                    &format!("{name}."),
                    &key,
                    taken.keys().map(String::as_str),
                ));
                continue;
            }
            let default = taken.insert(key.clone(), value);
            if let Err(error) = table::<T>(&taken) {
                self.problems.push(problem(&format!("{name}.{key}"), &error));
                taken.extend(default.map(|default| (key, default)));
            }
        }
        table(&taken).ok()
    }

    /// A section of names that the operator chose.
    fn own<T: DeserializeOwned + Default>(&mut self, name: &str) -> T {
        let Some(written) = self.layer.get(name) else {
            return T::default();
        };
        written.clone().try_deserialize().unwrap_or_else(|error| {
            self.problems.push(problem(name, &error));
            T::default()
        })
    }
}

fn table<T: DeserializeOwned>(table: &Table) -> Result<T, ConfigError> {
    Value::new(None, table.clone()).try_deserialize()
}

/// The library's message without the words that only a programmer understands.
fn problem(key: &str, error: &ConfigError) -> Problem {
    let what = error
        .to_string()
        .replace("invalid type: ", "")
        .replace("unknown field", "there is no key");
    Problem {
        key: key.to_owned(),
        what,
    }
}
