//! Purpose: the keys of the configuration file, as people write them.

use std::collections::BTreeMap;

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
    /// `[calendar]`
    pub calendar: Calendar,
    /// `[triage]`
    pub triage: Triage,
    /// `[teams.NAME]`
    pub teams: BTreeMap<String, Team>,
    /// `[people]`: Slack member id to GitHub login.
    pub people: BTreeMap<String, String>,
    /// `[[schedules]]`
    pub schedules: Vec<Schedule>,
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

/// One team.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Team {
    /// Its repositories.
    pub repositories: Vec<String>,
    /// Its people's logins.
    pub members: Vec<String>,
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

/// The keys at the top of the file, for telling a misspelt section from a known one.
const KEYS: [&str; 11] = [
    "data_dir",
    "slack",
    "http",
    "github",
    "calendar",
    "triage",
    "teams",
    "people",
    "schedules",
    "retention",
    "log",
];

/// Reads every section by itself, so that one mistake does not hide another.
pub(super) fn read(merged: &config::Config, problems: &mut Vec<Problem>) -> Option<Sections> {
    let top: BTreeMap<String, serde_json::Value> = one(merged.clone(), "", problems)?;
    for key in top.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        let near = KEYS
            .iter()
            .max_by(|a, b| strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key)));
        let what = format!(
            "there is no such key; did you mean `{}`?",
            near.unwrap_or(&"slack")
        );
        problems.push(Problem {
            key: key.clone(),
            what,
        });
    }
    let data_dir = get(merged, "data_dir", problems);
    let slack = get(merged, "slack", problems);
    let http = get(merged, "http", problems);
    let github = get(merged, "github", problems);
    let calendar = get(merged, "calendar", problems);
    let triage = get(merged, "triage", problems);
    let teams = if top.contains_key("teams") {
        get(merged, "teams", problems)
    } else {
        Some(BTreeMap::new())
    };
    let people = if top.contains_key("people") {
        get(merged, "people", problems)
    } else {
        Some(BTreeMap::new())
    };
    let schedules = if top.contains_key("schedules") {
        get(merged, "schedules", problems)
    } else {
        Some(Vec::new())
    };
    let retention = get(merged, "retention", problems);
    let log = get(merged, "log", problems);
    Some(Sections {
        data_dir: data_dir?,
        slack: slack?,
        http: http?,
        github: github?,
        calendar: calendar?,
        triage: triage?,
        teams: teams?,
        people: people?,
        schedules: schedules?,
        retention: retention?,
        log: log?,
    })
}

fn get<T: DeserializeOwned>(merged: &config::Config, key: &str, problems: &mut Vec<Problem>) -> Option<T> {
    let found = merged.get::<T>(key);
    found
        .map_err(|error| {
            problems.push(Problem {
                key: key.to_owned(),
                what: plain(&error),
            })
        })
        .ok()
}

fn one<T: DeserializeOwned>(merged: config::Config, key: &str, problems: &mut Vec<Problem>) -> Option<T> {
    let found = merged.try_deserialize::<T>();
    found
        .map_err(|error| {
            problems.push(Problem {
                key: key.to_owned(),
                what: plain(&error),
            })
        })
        .ok()
}

/// The library's message without the words that only a programmer understands.
fn plain(error: &config::ConfigError) -> String {
    error
        .to_string()
        .replace("invalid type: ", "")
        .replace("unknown field", "there is no key")
}
