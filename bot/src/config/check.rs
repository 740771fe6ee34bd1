//! Purpose: what makes no sense is refused before anything starts, in words that name the key and the way out.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;
use em_commands::ctx::ScheduledCommand;
use em_domain::calendar::WorkCalendar;
use em_domain::delivery::Definitions;
use em_domain::goal::Goal;
use em_domain::holidays;
use em_domain::id::{Login, RepositoryName, SlackUser};
use em_domain::person::is_github_login;
use em_domain::standup::Standup;
use em_domain::triage::TeamScope;
use em_integrations::nats::NatsConfig;
use em_jobs::schedule::Schedule;
use em_policy::{Policy, Source};
use em_telemetry::Format;
use secrecy::ExposeSecret;

use super::llm::{self, LlmSettings};
use super::sections::{self, Sections};
use super::standups::Around;
use super::{Problem, Secrets};

/// The configuration in the types the program works with.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Where the HTTP server listens.
    pub http_addr: SocketAddr,
    /// The team's working time.
    pub calendar: WorkCalendar,
    /// The configured teams.
    pub teams: Vec<TeamScope>,
    /// What their metrics are to be.
    pub goals: Vec<Goal>,
    /// The file of rules, if there is one; it could be read.
    pub rules: Option<PathBuf>,
    /// Who is who by configuration.
    pub people: Vec<(SlackUser, Login)>,
    /// What happens by the clock.
    pub schedules: Vec<ScheduledCommand>,
    /// The standups that are set up.
    pub standups: Vec<Standup>,
    /// What the words of delivery metrics mean.
    pub delivery: Arc<Definitions>,
    /// What rules read as `data`: what the operator wrote, and the roles.
    pub policy_data: serde_json::Value,
    /// The language model; `None` if it is switched off.
    pub llm: Option<LlmSettings>,
    /// Where other programs are told; `None` if the bus is off.
    pub bus: Option<NatsConfig>,
}

/// A century: beyond it there are no dates to count with.
pub(super) const MOST_DAYS: u32 = 36_500;

/// Collects problems while values are read.
pub(super) struct Checks<'a> {
    problems: &'a mut Vec<Problem>,
}

impl Checks<'_> {
    pub(super) fn refuse(&mut self, key: &str, what: impl Into<String>) {
        // What could not be read at all has been said already; that it is missing is no news.
        if self
            .problems
            .iter()
            .any(|problem| problem.key.strip_suffix("_FILE").unwrap_or(&problem.key) == key)
        {
            return;
        }
        self.problems.push(Problem {
            key: key.to_owned(),
            what: what.into(),
        });
    }

    pub(super) fn keep<T, E: std::fmt::Display>(&mut self, key: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.refuse(key, error.to_string())).ok()
    }

    pub(super) fn require(&mut self, key: &str, holds: bool, what: &str) {
        if !holds {
            self.refuse(key, what);
        }
    }
}

/// Checks everything; `None` where something could not be turned into its type.
pub(super) fn check(sections: &Sections, secrets: &Secrets, problems: &mut Vec<Problem>) -> Option<Checked> {
    let mut checks = Checks { problems };
    check_slack(&mut checks, sections, secrets);
    check_github(&mut checks, sections, secrets);
    check_vendors(&mut checks, sections, secrets);
    super::integrations::check(&mut checks, sections, secrets);
    check_numbers(&mut checks, sections);
    let calendar = calendar(&mut checks, &sections.calendar);
    let zone = calendar.as_ref().map_or(Tz::UTC, |calendar| calendar.zone);
    let schedules = schedules(&mut checks, sections, zone);
    let people = people(&mut checks, sections);
    let teams = teams(&mut checks, sections);
    let goals = super::goals::goals(&mut checks, sections, &teams);
    let standups = standups(&mut checks, sections, &teams, calendar.as_ref());
    for problem in sections.delivery.problems() {
        checks.refuse("delivery", problem);
    }
    let policy_data = policy(&mut checks, &sections.policy);
    let rules = rules(&mut checks, sections, &teams);
    let http_addr = sections.http.addr.parse();
    let http_addr = checks.keep(
        "http.addr",
        http_addr.map_err(|_| "write an address and a port, as 127.0.0.1:8080"),
    );
    let llm = llm::settings(&mut checks, &sections.llm, secrets);
    let bus = super::bus::settings(&mut checks, &sections.bus, secrets);
    check_database_url(&mut checks, secrets);
    Some(Checked {
        http_addr: http_addr?,
        calendar: calendar?,
        teams,
        goals,
        rules,
        people,
        schedules,
        standups,
        delivery: Arc::new(sections.delivery.clone()),
        policy_data,
        llm,
        bus,
    })
}

fn check_slack(checks: &mut Checks<'_>, sections: &Sections, secrets: &Secrets) {
    let connections = sections.slack.socket_connections;
    checks.require(
        "slack.socket_connections",
        (1..=10).contains(&connections),
        "write a number from 1 to 10",
    );
    check_url(checks, "slack.api_url", &sections.slack.api_url);
    let starts = |token: &Option<secrecy::SecretString>, prefix: &str| {
        token
            .as_ref()
            .is_none_or(|token| token.expose_secret().starts_with(prefix))
    };
    checks.require(
        "SLACK_APP_TOKEN",
        starts(&secrets.slack_app_token, "xapp-"),
        "an app token starts with xapp-",
    );
    checks.require(
        "SLACK_BOT_TOKEN",
        starts(&secrets.slack_bot_token, "xoxb-"),
        "a bot token starts with xoxb-",
    );
    match (&secrets.slack_app_token, &secrets.slack_bot_token) {
        (Some(_), None) => checks.refuse(
            "SLACK_BOT_TOKEN",
            "SLACK_APP_TOKEN is set, so this one is needed too",
        ),
        (None, Some(_)) if secrets.slack_signing_secret.is_none() => {
            checks.refuse(
                "SLACK_APP_TOKEN",
                "SLACK_BOT_TOKEN is set, so this one is needed too (or SLACK_SIGNING_SECRET, for Slack over HTTP)",
            );
        }
        (None | Some(_), _) => {}
    }
}

fn check_github(checks: &mut Checks<'_>, sections: &Sections, secrets: &Secrets) {
    let github = &sections.github;
    check_url(checks, "github.api_url", &github.api_url);
    for name in &github.repositories {
        let parts: Vec<&str> = name.split('/').collect();
        let fits = parts.len() == 2
            && parts
                .iter()
                .all(|part| !part.is_empty() && !part.contains(char::is_whitespace));
        checks.require(
            "github.repositories",
            fits,
            &format!("`{name}` is not owner/name"),
        );
    }
    let wants_polling = !(github.repositories.is_empty() && github.organisations.is_empty());
    if github.enabled && wants_polling && github.poll_interval_seconds > 0 && secrets.github_token.is_none() {
        checks.refuse(
            "GITHUB_TOKEN",
            "github.repositories or github.organisations are set; polling them needs a token",
        );
    }
}

/// What a system's section, variables and address are called.
struct VendorNames {
    section: &'static str,
    variable: &'static str,
    example: &'static str,
}

fn check_vendors(checks: &mut Checks<'_>, sections: &Sections, secrets: &Secrets) {
    let confluence = VendorNames {
        section: "confluence",
        variable: "CONFLUENCE",
        example: "https://SITE.atlassian.net/wiki",
    };
    check_vendor(
        checks,
        &confluence,
        &sections.confluence,
        secrets.tokens.contains_key("confluence"),
    );
    let jira = VendorNames {
        section: "jira",
        variable: "JIRA",
        example: "https://SITE.atlassian.net",
    };
    check_vendor(checks, &jira, &sections.jira, secrets.tokens.contains_key("jira"));
    // These have one address for everybody, so a token is all that is needed.
    for (key, url) in [
        ("notion.api_url", &sections.notion.api_url),
        ("linear.api_url", &sections.linear.api_url),
        ("pagerduty.api_url", &sections.pagerduty.api_url),
    ] {
        check_url(checks, key, url);
    }
    let from = &sections.pagerduty.from;
    let is_address = from.contains('@') && from.chars().all(|c| c.is_ascii_graphic());
    let what = format!("`{from}` is no e-mail address");
    checks.require("pagerduty.from", from.is_empty() || is_address, &what);
}

/// Half a configuration is a mistake; none switches a system off.
fn check_vendor(checks: &mut Checks<'_>, names: &VendorNames, section: &sections::Vendor, has_token: bool) {
    let VendorNames {
        section: name,
        variable,
        example,
    } = names;
    if section.api_url.is_empty() {
        let what = format!("{variable}_TOKEN is set, so this one is needed too: {example}");
        checks.require(&format!("{variable}_API_URL"), !has_token, &what);
        return;
    }
    check_url(checks, &format!("{name}.api_url"), &section.api_url);
    let what = format!("{name}.api_url is set, so this one is needed too");
    checks.require(&format!("{variable}_TOKEN"), has_token || !section.enabled, &what);
}

fn check_numbers(checks: &mut Checks<'_>, sections: &Sections) {
    checks.require(
        "http.rate_limit_per_min",
        sections.http.rate_limit_per_min > 0,
        "write a number above 0",
    );
    let size = sections.http.max_payload_bytes;
    checks.require("http.max_payload_bytes", size >= 1024, "write at least 1024");
    let rows = sections.triage.rows_per_group;
    checks.require(
        "triage.rows_per_group",
        (1..=10).contains(&rows),
        "write a number from 1 to 10",
    );
    let days = |days: u32, least| (least..=MOST_DAYS).contains(&days);
    checks.require(
        "retention.days",
        days(sections.retention.days, 1),
        "write a number from 1 to 36500",
    );
    checks.require(
        "github.first_look_days",
        days(sections.github.first_look_days, 0),
        "write a number from 0 to 36500",
    );
    let log = em_telemetry::Settings {
        format: Format::Json,
        filter: sections.log.filter.clone(),
    };
    checks.keep(
        "log.filter",
        em_telemetry::subscriber(&log, std::io::sink).map(drop),
    );
    let format = sections.log.format.as_str();
    checks.require(
        "log.format",
        ["auto", "json", "pretty"].contains(&format),
        "write auto, json or pretty",
    );
}

pub(super) fn check_url(checks: &mut Checks<'_>, key: &str, text: &str) {
    let fits =
        url::Url::parse(text).is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    checks.require(
        key,
        fits,
        "write an address that starts with https:// (or http://)",
    );
}

fn calendar(checks: &mut Checks<'_>, section: &sections::Calendar) -> Option<WorkCalendar> {
    let zone = zone(checks, "calendar.zone", &section.zone);
    let days: Option<Vec<Weekday>> = section.days.iter().map(|day| day.parse().ok()).collect();
    checks.require(
        "calendar.days",
        days.as_ref().is_some_and(|d| !d.is_empty()),
        "write names such as \"mon\"",
    );
    let mut time = |key: &str, text: &str| {
        checks.keep(
            key,
            NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| "write a time as 09:00"),
        )
    };
    let (start, end) = (
        time("calendar.start", &section.start),
        time("calendar.end", &section.end),
    );
    if let (Some(start), Some(end)) = (start, end) {
        checks.require(
            "calendar.end",
            start < end,
            "it must be later than calendar.start",
        );
    }
    let mut holidays = BTreeSet::new();
    for text in &section.holidays {
        let day = text
            .parse::<NaiveDate>()
            .map_err(|_| format!("`{text}` is not a date; write 2026-12-25"));
        holidays.extend(checks.keep("calendar.holidays", day));
    }
    for file in &section.holiday_files {
        let days = holidays_in(file);
        holidays.extend(checks.keep("calendar.holiday_files", days).into_iter().flatten());
    }
    Some(WorkCalendar {
        zone: zone?,
        days: WorkCalendar::weekdays(days?),
        start: start?,
        end: end?,
        holidays,
    })
}

/// The days off in an iCalendar file.
fn holidays_in(file: &str) -> Result<BTreeSet<NaiveDate>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("`{file}` cannot be read: {error}"))?;
    holidays::parse(&text).map_err(|wrong| format!("`{file}`, line {}: {}", wrong.line, wrong.why))
}

pub(super) fn zone(checks: &mut Checks<'_>, key: &str, text: &str) -> Option<Tz> {
    checks.keep(
        key,
        text.parse::<Tz>()
            .map_err(|_| format!("`{text}` is not a time zone; write Europe/Berlin or UTC")),
    )
}

fn schedules(checks: &mut Checks<'_>, sections: &Sections, calendar_zone: Tz) -> Vec<ScheduledCommand> {
    let mut names = BTreeSet::new();
    let mut schedules = Vec::new();
    for section in &sections.schedules {
        let key = format!("schedules.{}", section.name);
        checks.require(
            &key,
            names.insert(section.name.clone()),
            "two schedules have this name",
        );
        let zone = match &section.zone {
            Some(text) => zone(checks, &format!("{key}.zone"), text),
            None => Some(calendar_zone),
        };
        let channel = section
            .channel
            .clone()
            .or(Some(sections.slack.default_channel.clone()));
        let channel = channel.filter(|channel| !channel.is_empty());
        checks.require(
            &format!("{key}.channel"),
            channel.is_some(),
            "name a channel here or in slack.default_channel",
        );
        if let Err(what) = em_commands::registry::check_scheduled(&section.run) {
            checks.refuse(&format!("{key}.run"), what);
        }
        let Some(zone) = zone else { continue };
        let schedule = checks.keep(
            &format!("{key}.cron"),
            Schedule::parse(&section.name, &section.cron, zone),
        );
        schedules.extend(schedule.map(|schedule| ScheduledCommand {
            schedule,
            run: section.run.clone(),
            channel,
        }));
    }
    schedules
}

fn people(checks: &mut Checks<'_>, sections: &Sections) -> Vec<(SlackUser, Login)> {
    let mut people = Vec::new();
    for (user, login) in &sections.people {
        // The config library lowers the case of keys; Slack's ids are upper case.
        let user = user.to_ascii_uppercase();
        let key = format!("people.{user}");
        let is_user = user.starts_with(['U', 'W']) && user.bytes().all(|b| b.is_ascii_alphanumeric());
        checks.require(
            &key,
            is_user,
            "the key is a Slack member id, as U024BE7LH (profile, Copy member ID)",
        );
        checks.require(&key, is_github_login(login), "the value is a GitHub login");
        people.push((SlackUser(user), Login(login.clone())));
    }
    people
}

fn teams(checks: &mut Checks<'_>, sections: &Sections) -> Vec<TeamScope> {
    let mut teams = Vec::new();
    for (name, team) in &sections.teams {
        let key = format!("teams.{name}");
        let is_empty = team.repositories.is_empty() && team.members.is_empty();
        checks.require(&key, !is_empty, "give it repositories or members");
        teams.push(TeamScope {
            name: name.clone(),
            repositories: team
                .repositories
                .iter()
                .map(|r| RepositoryName(r.clone()))
                .collect(),
            members: team.members.iter().map(|m| Login(m.clone())).collect(),
        });
    }
    teams
}

fn standups(
    checks: &mut Checks<'_>,
    sections: &Sections,
    teams: &[TeamScope],
    calendar: Option<&WorkCalendar>,
) -> Vec<Standup> {
    // A calendar that cannot be read has been refused already.
    let usual = WorkCalendar::default();
    let around = Around {
        teams,
        calendar: calendar.unwrap_or(&usual),
        default_channel: &sections.slack.default_channel,
    };
    super::standups::standups(checks, &sections.standups, &around)
}

fn policy(checks: &mut Checks<'_>, section: &sections::Policy) -> serde_json::Value {
    if !section.opa_url.is_empty() {
        check_url(checks, "policy.opa_url", &section.opa_url);
    }
    for (role, people) in &section.roles {
        let key = format!("policy.roles.{role}");
        let is_named = !people.is_empty() && people.iter().all(|name| !name.trim().is_empty());
        checks.require(&key, is_named, "name people by Slack member id or GitHub login");
    }
    let mut data: serde_json::Map<String, serde_json::Value> = section.data.clone().into_iter().collect();
    for taken in ["em_agent", "roles"] {
        let what = "this name is taken; roles are written in [policy.roles]";
        checks.require(&format!("policy.data.{taken}"), !data.contains_key(taken), what);
    }
    data.insert("roles".to_owned(), serde_json::json!(section.roles));
    let data = serde_json::Value::Object(data);
    checks.keep(
        "policy.dir",
        Policy::load(&Source::configured(&section.dir), &data).map(drop),
    );
    data
}

fn rules(checks: &mut Checks<'_>, sections: &Sections, teams: &[TeamScope]) -> Option<PathBuf> {
    let file = Some(&sections.signals.rules).filter(|file| !file.is_empty())?;
    let file = PathBuf::from(file);
    checks.keep(
        "signals.rules",
        em_commands::signal::rules::read_file(&file, teams),
    )?;
    Some(file)
}

fn check_database_url(checks: &mut Checks<'_>, secrets: &Secrets) {
    let Some(url) = &secrets.database_url else { return };
    let known = ["sqlite:", "postgres://", "postgresql://"];
    let fits = known.iter().any(|scheme| url.expose_secret().starts_with(scheme));
    checks.require(
        "DATABASE_URL",
        fits,
        "write sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
    );
}
