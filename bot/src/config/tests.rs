//! Purpose: what the operator writes is what the program gets, and what makes no sense is refused in one go.

use std::collections::BTreeSet;

use em_integrations::vendors::VENDORS;
use secrecy::ExposeSecret;

use super::*;

fn environment_of(pairs: &[(&str, &str)]) -> Environment {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn load(toml: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("em-agent.toml");
    std::fs::write(&file, toml).unwrap();
    Config::load(Some(&file), &environment_of(environment))
}

fn accepted(toml: &str, environment: &[(&str, &str)]) -> Config {
    load(toml, environment).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn refused(toml: &str, environment: &[(&str, &str)]) -> String {
    let problems = load(toml, environment).expect_err("it cannot be used");
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn with_nothing_written_the_defaults_are_in_force() {
    let config = accepted("", &[]);
    assert_eq!(config.sections.slack.socket_connections, 2);
    assert_eq!(config.sections.http.max_payload_bytes, 1_048_576);
    assert_eq!(config.sections.retention.days, 365);
    assert_eq!(config.checked.http_addr.to_string(), "127.0.0.1:8080");
    assert!(config.checked.schedules.is_empty());
}

#[test]
fn the_file_beats_the_defaults_the_prefix_beats_the_file_and_the_fixed_names_beat_all() {
    let file = "[slack]\nsocket_connections = 3\ndefault_channel = '#file'\n[retention]\ndays = 30";
    let environment = [
        ("EM_AGENT__SLACK__SOCKET_CONNECTIONS", "4"),
        ("EM_AGENT__SLACK__DEFAULT_CHANNEL", "#prefix"),
        ("SLACK_SOCKET_CONNECTIONS", "5"),
    ];
    let config = accepted(file, &environment);
    assert_eq!(config.sections.slack.socket_connections, 5);
    assert_eq!(config.sections.slack.default_channel, "#prefix");
    assert_eq!(config.sections.retention.days, 30);
    assert_eq!(config.sections.slack.max_daily_posts, 1000);
}

#[test]
fn an_empty_fixed_name_counts_as_not_set() {
    let config = accepted(
        "[retention]\ndays = 30",
        &[("RETENTION_DAYS", ""), ("SLACK_BOT_TOKEN", "")],
    );
    assert_eq!(config.sections.retention.days, 30);
    assert!(config.secrets.slack_bot_token.is_none());
}

#[test]
fn every_fixed_name_sets_its_key() {
    let values = [
        ("EM_AGENT_DATA_DIR", "/srv/em"),
        ("SLACK_SOCKET_CONNECTIONS", "7"),
        ("SLACK_API_URL", "http://127.0.0.1:9/api"),
        ("SLACK_DEFAULT_CHANNEL", "#ops"),
        ("MAX_DAILY_SLACK_POSTS", "11"),
        ("HTTP_ADDR", "0.0.0.0:1234"),
        ("RATE_LIMIT_PER_MIN", "12"),
        ("MAX_PAYLOAD_BYTES", "2048"),
        ("INTEGRATIONS_GITHUB_ENABLED", "false"),
        ("GITHUB_API_URL", "https://git.example/api/v3"),
        ("EM_AGENT_EMBEDDING_MODEL", "small-model"),
        ("EM_AGENT_MODEL_DIR", "/srv/model"),
        ("MAX_DAILY_RAG_SEARCHES", "14"),
        ("AGENT_LLM_ENABLED", "true"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1"),
        ("OPENAI_MODEL", "small"),
        ("INTEGRATIONS_CONFLUENCE_ENABLED", "false"),
        ("CONFLUENCE_API_URL", "https://wiki.example/wiki"),
        ("INTEGRATIONS_JIRA_ENABLED", "false"),
        ("JIRA_API_URL", "https://jira.example"),
        ("INTEGRATIONS_NOTION_ENABLED", "false"),
        ("NOTION_API_URL", "https://notion.example"),
        ("INTEGRATIONS_LINEAR_ENABLED", "false"),
        ("LINEAR_API_URL", "https://linear.example/graphql"),
        ("INTEGRATIONS_PAGERDUTY_ENABLED", "false"),
        ("PAGERDUTY_API_URL", "https://pagerduty.example"),
        ("PAGERDUTY_FROM", "bot@acme.example"),
        ("NATS_URL", "nats://bus.example:4222"),
        ("RETENTION_DAYS", "13"),
        ("LOG_FORMAT", "pretty"),
        ("RUST_LOG", "em_bot=debug"),
    ];
    let names: BTreeSet<&str> = NAMES.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        values.iter().map(|(name, _)| *name).collect(),
        "a name without a value here"
    );

    let sections = accepted("", &values).sections;

    let shown = toml::Value::try_from(&sections).unwrap();
    for (name, key) in NAMES {
        let found = key.split('.').fold(&shown, |value, part| &value[part]);
        let (_, expected) = values.iter().find(|(given, _)| given == name).unwrap();
        assert_eq!(
            found.to_string().trim_matches('"'),
            *expected,
            "{name} sets {key}"
        );
    }
}

#[test]
fn lists_can_be_written_in_the_environment_as_in_the_file() {
    let environment = [
        ("EM_AGENT__GITHUB__REPOSITORIES", r#"["acme/api", "acme/web"]"#),
        ("GITHUB_TOKEN", "t"),
    ];
    assert_eq!(
        accepted("", &environment).sections.github.repositories,
        ["acme/api", "acme/web"]
    );
    let problem = refused("", &[("EM_AGENT__GITHUB__REPOSITORIES", "[acme/api")]);
    assert!(
        problem.contains("EM_AGENT__GITHUB__REPOSITORIES: write a list as"),
        "{problem}"
    );
}

#[test]
fn every_secret_is_read_from_the_environment_or_from_a_file_without_its_line_break() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let cases: [(&str, &str); 9] = [
        ("SLACK_APP_TOKEN", "xapp-1"),
        ("SLACK_BOT_TOKEN", "xoxb-1"),
        ("SLACK_SIGNING_SECRET", "s3"),
        ("DATABASE_URL", "sqlite:/tmp/x.db"),
        ("GITHUB_TOKEN", "ghp_1"),
        ("GITHUB_WEBHOOK_SECRET", "w1"),
        ("GITHUB_WEBHOOK_SECRET_PREVIOUS", "w0"),
        ("OPENAI_API_KEY", "sk-1"),
        ("NATS_TOKEN", "em:n1"),
    ];
    for (name, value) in cases {
        std::fs::write(&file, format!("{value}\n")).unwrap();
        let others = cases.iter().filter(|(other, _)| *other != name).copied();
        let file_name = format!("{name}_FILE");
        let pairs: Vec<_> = others
            .chain([(file_name.as_str(), file.to_str().unwrap())])
            .collect();
        let secrets = accepted("[bus]\nnats_url = 'nats://bus.example'", &pairs).secrets;
        let webhook = |at: usize| secrets.webhooks.get("github").and_then(|all| all.get(at));
        let found = [
            secrets.slack_app_token.as_ref(),
            secrets.slack_bot_token.as_ref(),
            secrets.slack_signing_secret.as_ref(),
            secrets.database_url.as_ref(),
            secrets.github_token.as_ref(),
            webhook(0),
            webhook(1),
            secrets.openai_api_key.as_ref(),
            secrets.nats_token.as_ref(),
        ];
        for ((name, value), found) in cases.iter().zip(found) {
            assert_eq!(found.map(ExposeSecret::expose_secret), Some(*value), "{name}");
        }
    }
}

#[test]
fn a_secret_given_twice_or_from_a_file_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "\n").unwrap();
    let environment = [
        ("SLACK_APP_TOKEN", "xapp-1"),
        ("SLACK_BOT_TOKEN_FILE", "/nowhere/at/all"),
        ("GITHUB_TOKEN", "t"),
        ("GITHUB_TOKEN_FILE", "/also/nowhere"),
        ("GITHUB_WEBHOOK_SECRET_FILE", empty.to_str().unwrap()),
    ];
    let problems = refused("", &environment);
    let expected = [
        "SLACK_BOT_TOKEN_FILE: cannot read /nowhere/at/all: No such file or directory (os error 2)",
        "GITHUB_TOKEN: both GITHUB_TOKEN and GITHUB_TOKEN_FILE are set; keep one",
        "GITHUB_WEBHOOK_SECRET_FILE: the file is empty",
    ];
    assert_eq!(
        problems.lines().collect::<Vec<_>>(),
        expected,
        "a secret that is there but unreadable is not “missing”"
    );
}

/// A file in which everything is wrong that can be.
const ALL_WRONG: &str = r#"
        data_dir = ["a", "list"]
        retension = { days = 3 }
        [slack]
        socket_connections = 11
        api_url = "slack.com"
        channel = "general"
        [http]
        addr = "localhost"
        rate_limit_per_min = 0
        max_payload_bytes = "many"
        [github]
        repositories = ["acme", "acme/api"]
        first_look_days = 4000000000
        [calendar]
        zone = "Berlin"
        days = ["someday"]
        start = "9am"
        holidays = ["25.12.2026"]
        holiday_files = ["no-such-file.ics"]
        [triage]
        rows_per_group = 11
        [retention]
        days = 4000000000
        [log]
        format = "xml"
        filter = "em_bot=loud"
        [people]
        somebody = "not a login"
        [teams.empty]
    "#;

#[test]
fn all_problems_are_reported_together_each_naming_its_key() {
    let problems = refused(
        ALL_WRONG,
        &[
            ("SLACK_BOT_TOKEN", "xoxp-wrong"),
            ("DATABASE_URL", "mysql://db"),
            ("SLACK_APP_TOKEN", "no"),
        ],
    );
    for key in [
        "data_dir",
        "retension",
        "slack.socket_connections",
        "slack.api_url",
        "slack.channel",
        "http.addr",
        "http.rate_limit_per_min",
        "http.max_payload_bytes",
        "github.repositories",
        "github.first_look_days",
        "calendar.zone",
        "calendar.days",
        "calendar.start",
        "calendar.holidays",
        "calendar.holiday_files",
        "triage.rows_per_group",
        "retention.days",
        "log.format",
        "log.filter",
        "people.SOMEBODY",
        "teams.empty",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "DATABASE_URL",
        "GITHUB_TOKEN",
    ] {
        assert!(
            problems.lines().any(|line| line.starts_with(&format!("{key}: "))),
            "{key} is not named in\n{problems}"
        );
    }
    assert!(
        !problems.contains("xoxp-wrong") && !problems.contains("mysql://db"),
        "a secret is repeated:\n{problems}"
    );
}

#[test]
fn an_unknown_key_or_section_gets_the_nearest_one_as_a_suggestion() {
    let problems = refused(
        "[slak]\n[slack]\nsocket_conections = 3\n[shedules]",
        &[("EM_AGENT__HTTP__ADRR", "x")],
    );
    for expected in [
        "slak: there is no such key; did you mean `slack`?",
        "slack.socket_conections: there is no such key; did you mean `slack.socket_connections`?",
        "shedules: there is no such key; did you mean `schedules`?",
        "http.adrr: there is no such key; did you mean `http.addr`?",
    ] {
        assert!(problems.contains(expected), "{expected} is not in\n{problems}");
    }
}

#[test]
fn a_section_that_is_no_section_is_named() {
    let problems = refused("slack = 'general'\nteams = 3", &[("EM_AGENT__CALENDAR", "UTC")]);
    for key in ["slack: ", "teams: ", "calendar: "] {
        assert!(
            problems.lines().any(|line| line.starts_with(key)),
            "{key} is not named in\n{problems}"
        );
    }
}

#[test]
fn half_configured_slack_is_refused_and_either_transport_is_enough() {
    let app = ("SLACK_APP_TOKEN", "xapp-1");
    let bot = ("SLACK_BOT_TOKEN", "xoxb-1");
    assert!(refused("", &[app]).starts_with("SLACK_BOT_TOKEN: SLACK_APP_TOKEN is set"));
    assert!(refused("", &[bot]).starts_with("SLACK_APP_TOKEN: SLACK_BOT_TOKEN is set"));
    accepted("", &[app, bot]);
    accepted("", &[bot, ("SLACK_SIGNING_SECRET", "s")]);
}

#[test]
fn half_configured_github_is_refused_unless_it_is_switched_off() {
    let file = "[github]\norganisations = ['acme']";
    assert!(refused(file, &[]).starts_with("GITHUB_TOKEN: "));
    accepted(file, &[("GITHUB_TOKEN", "t")]);
    accepted(file, &[("INTEGRATIONS_GITHUB_ENABLED", "false")]);
    accepted(
        "[github]\norganisations = ['acme']\npoll_interval_seconds = 0",
        &[],
    );
    assert!(refused("", &[("GITHUB_WEBHOOK_SECRET_PREVIOUS", "old")]).starts_with("GITHUB_WEBHOOK_SECRET: "));
}

fn schedule(lines: &str) -> String {
    format!(
        "[[schedules]]\nname = 'morning'\ncron = '0 9 * * 1-5'\nrun = 'triage post'\nchannel = '#ops'\n{lines}"
    )
}

#[test]
fn a_schedule_runs_in_its_own_zone_or_the_calendars() {
    let config = accepted(&schedule(""), &[("EM_AGENT__CALENDAR__ZONE", "Asia/Tokyo")]);
    let [command] = config.checked.schedules.as_slice() else {
        panic!("one schedule")
    };
    assert_eq!(command.schedule.zone, chrono_tz::Asia::Tokyo);
    assert_eq!(
        (command.run.as_str(), command.channel.as_deref()),
        ("triage post", Some("#ops"))
    );
    let config = accepted(&schedule("zone = 'Europe/Berlin'"), &[]);
    assert_eq!(
        config.checked.schedules[0].schedule.zone,
        chrono_tz::Europe::Berlin
    );
}

#[test]
fn a_schedule_without_a_channel_takes_the_default_one_or_is_refused() {
    let file = schedule("").replace("channel = '#ops'", "");
    assert!(refused(&file, &[]).starts_with("schedules.morning.channel: "));
    let config = accepted(&file, &[("SLACK_DEFAULT_CHANNEL", "#general")]);
    assert_eq!(config.checked.schedules[0].channel.as_deref(), Some("#general"));
}

#[test]
fn a_schedule_that_cannot_be_run_is_refused() {
    for (from, to, expected) in [
        ("0 9 * * 1-5", "9 * *", "schedules.morning.cron: "),
        ("0 9 * * 1-5", "0 25 * * *", "schedules.morning.cron: "),
        ("0 9 * * 1-5", "0 9 31 2 *", "schedules.morning.cron: "),
        ("triage post", "help", "schedules.morning.run: "),
        ("triage post", "dance", "schedules.morning.run: "),
    ] {
        let problems = refused(&schedule("").replace(from, to), &[]);
        assert!(problems.starts_with(expected), "{to}: {problems}");
    }
    assert!(
        refused(&schedule("zone = 'Mars/Olympus'"), &[]).contains("schedules.morning.zone: `Mars/Olympus`")
    );
    assert!(
        refused(&(schedule("") + &schedule("")), &[])
            .contains("schedules.morning: two schedules have this name")
    );
    assert!(refused("[[schedules]]\nname = 'x'", &[]).starts_with("schedules"));
}

#[test]
fn people_are_found_by_their_slack_id_however_it_is_written() {
    let config = accepted(
        "[people]\nU024BE7LH = 'octocat'",
        &[("EM_AGENT__PEOPLE__U0ANA", "ana-r")],
    );
    let people: BTreeSet<_> = config
        .checked
        .people
        .iter()
        .map(|(user, login)| (user.0.as_str(), login.0.as_str()))
        .collect();
    assert_eq!(
        people,
        BTreeSet::from([("U024BE7LH", "octocat"), ("U0ANA", "ana-r")])
    );
}

#[test]
fn a_teams_name_keeps_its_spelling() {
    let config = accepted("[teams.Payments]\nrepositories = ['acme/payments']", &[]);
    assert_eq!(config.checked.teams[0].name, "Payments");
}

#[test]
fn a_file_that_is_not_there_or_not_toml_is_a_problem_and_not_a_default() {
    let missing = Config::load(Some(Path::new("/nowhere/em-agent.toml")), &Environment::new()).unwrap_err();
    assert_eq!(
        missing[0].to_string(),
        "--config: there is no file /nowhere/em-agent.toml"
    );
    let problems = refused("[slack\nsocket_connections = 3", &[]);
    assert!(problems.contains("em-agent.toml"), "{problems}");
}

/// The keys of a TOML table, `section.key`.
fn keys(table: &toml::Table) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (name, value) in table {
        if let Some(section) = value.as_table() {
            keys.extend(section.keys().map(|key| format!("{name}.{key}")));
        } else {
            keys.insert(name.clone());
        }
    }
    keys
}

#[test]
fn the_commented_defaults_and_the_program_know_the_same_keys() {
    let written = keys(&DEFAULTS.parse::<toml::Table>().unwrap());
    let sections = toml::Value::try_from(accepted("", &[]).sections).unwrap();
    let mut known = keys(sections.as_table().unwrap());
    // Lists of the operator's own names have no default.
    assert!(known.remove("schedules"), "schedules is a key");
    assert!(known.remove("goals"), "goals is a key");
    assert_eq!(written, known);
}

#[test]
fn the_commented_defaults_name_every_variable_and_their_examples_can_be_used() {
    for (name, _) in NAMES {
        assert!(DEFAULTS.contains(name), "{name} is not mentioned");
    }
    for (name, _) in accepted("", &[]).secrets.presence() {
        assert!(DEFAULTS.contains(&name), "{name} is not mentioned");
    }
    let examples = DEFAULTS.lines().map(|line| {
        line.strip_prefix("# ")
            .filter(|line| line.contains(" = ") || line.starts_with('['))
    });
    let examples: Vec<&str> = examples.flatten().collect();
    assert!(examples.len() > 10, "{examples:?}");
    let config = accepted(&examples.join("\n"), &[("GITLAB_TOKEN", "t")]);
    assert_eq!(
        (
            config.checked.schedules.len(),
            config.checked.people.len(),
            config.checked.teams.len()
        ),
        (1, 1, 1)
    );
}

#[test]
fn half_of_a_system_that_documents_are_read_from_is_refused() {
    let keys = |environment: &[(&str, &str)]| {
        let problems = load("", environment).unwrap_err();
        problems
            .into_iter()
            .map(|problem| problem.key)
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&[("JIRA_TOKEN", "t")]), ["JIRA_API_URL"]);
    assert_eq!(
        keys(&[("CONFLUENCE_API_URL", "https://acme.atlassian.net/wiki")]),
        ["CONFLUENCE_TOKEN"]
    );
    assert_eq!(
        keys(&[("JIRA_API_URL", "acme"), ("JIRA_TOKEN", "t")]),
        ["jira.api_url"]
    );
    assert_eq!(
        keys(&[("PAGERDUTY_API_URL", "acme"), ("PAGERDUTY_TOKEN", "t")]),
        ["pagerduty.api_url"]
    );
    for from in ["Ben", "ben@acme.example\n", "bén@acme.example"] {
        assert_eq!(keys(&[("PAGERDUTY_FROM", from)]), ["pagerduty.from"], "{from:?}");
    }
    let config = accepted(
        "",
        &[
            ("NOTION_TOKEN", "t"),
            ("LINEAR_TOKEN", "t"),
            ("PAGERDUTY_TOKEN", "t"),
        ],
    );
    let Sections {
        notion,
        linear,
        pagerduty,
        ..
    } = config.sections;
    let addresses = [notion.api_url, linear.api_url, pagerduty.api_url];
    let expected = [
        "https://api.notion.com",
        "https://api.linear.app",
        "https://api.pagerduty.com",
    ];
    assert_eq!(addresses, expected, "one address for everybody");
}

#[test]
fn what_is_polled_needs_a_token_an_address_and_a_system_that_can_be_polled() {
    let polls = |name: &str| format!("[integrations.{name}]\npoll = ['*']");
    assert!(refused(&polls("gitlab"), &[]).contains("GITLAB_TOKEN: integrations.gitlab.poll is set"));
    let argocd = refused(&polls("argocd"), &[("ARGOCD_TOKEN", "t")]);
    assert!(argocd.contains("integrations.argocd.api_url: "), "{argocd}");
    assert!(refused(&polls("heroku"), &[]).contains("this system cannot be polled; argocd, circleci"));
    assert!(refused(&polls("github"), &[]).contains("github.repositories"));
    let nothing = "[integrations.sentry]\npoll = ['']";
    assert!(refused(nothing, &[("SENTRY_TOKEN", "t")]).contains("list organisations"));
    let config = accepted(&polls("linear"), &[("LINEAR_TOKEN", "t")]);
    assert_eq!(config.sections.integrations["linear"].poll_interval_seconds, 300);
    accepted("[integrations.gitlab]\nenabled = false\npoll = ['*']", &[]);
}

#[test]
fn every_system_that_is_polled_has_a_token() {
    for polled in em_integrations::pollers::POLLED {
        assert!(secrets::READ.contains(&polled.name), "{}", polled.name);
    }
}

#[test]
fn secrets_never_print() {
    let secrets = [
        ("SLACK_APP_TOKEN", "xapp-1-hunter2"),
        ("SLACK_BOT_TOKEN", "xoxb-hunter2"),
        ("SLACK_SIGNING_SECRET", "hunter2"),
        ("DATABASE_URL", "postgres://em:hunter2@db/em"),
        ("GITHUB_TOKEN", "ghp_hunter2"),
        ("GITHUB_WEBHOOK_SECRET_PREVIOUS", "hunter2"),
        ("OPENAI_API_KEY", "sk-hunter2"),
        ("CONFLUENCE_TOKEN", "ana@acme.example:hunter2"),
        ("CONFLUENCE_API_URL", "https://acme.atlassian.net/wiki"),
        ("JIRA_TOKEN", "ana@acme.example:hunter2"),
        ("JIRA_API_URL", "https://acme.atlassian.net"),
        ("NOTION_TOKEN", "ntn_hunter2"),
        ("LINEAR_TOKEN", "lin_api_hunter2"),
        ("PAGERDUTY_TOKEN", "hunter2"),
        ("OPENAI_MODEL", "small"),
        ("AGENT_LLM_ENABLED", "true"),
        ("NATS_URL", "nats://bus.example"),
        ("NATS_TOKEN", "em:hunter2"),
    ];
    let webhooks: Vec<String> = VENDORS.iter().map(|vendor| vendor.secret_variable()).collect();
    let webhooks = webhooks.iter().map(|name| (name.as_str(), "hunter2"));
    let tokens = secrets::READ.map(|name| format!("{}_TOKEN", name.to_uppercase()));
    let tokens = tokens.iter().map(|name| (name.as_str(), "hunter2"));
    let secrets: Vec<(&str, &str)> = tokens.chain(webhooks).chain(secrets).collect();
    let config = accepted("", &secrets);
    let shown = format!("{config:?}{}", toml::to_string(&config.sections).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
    // It is one of two for the bus.
    let other = "NATS_CREDS";
    for (name, is_set) in config.secrets.presence() {
        assert_eq!(is_set, name != other, "{name}");
    }
}

#[test]
fn a_bus_needs_an_address_without_a_password_and_one_kind_of_credentials() {
    assert!(accepted("", &[]).checked.bus.is_none());
    let url = ("NATS_URL", "nats://a.example, tls://b.example:5222");
    let bus = accepted("[bus]\nkeep_hours = 2\n", &[url]).checked.bus.unwrap();
    assert_eq!(bus.servers.to_string(), "a.example:4222, b.example:5222");
    assert_eq!(bus.stream.as_deref(), Some("EM_AGENT"));
    assert_eq!(bus.keep, std::time::Duration::from_hours(2));
    assert!(bus.credentials.is_none());
    let bus = accepted("[bus]\nstream = ''\n", &[url]).checked.bus.unwrap();
    assert_eq!(bus.stream, None);

    let problems = refused(
        "[bus]\nnats_url = 'nats://em:hunter2@bus.example'\nstream = 'em agent'\nkeep_hours = 0\n",
        &[("NATS_CREDS", "hunter2")],
    );
    for expected in [
        "bus.nats_url: leave user and password out",
        "bus.stream: ",
        "bus.keep_hours: ",
        "NATS_CREDS: ",
    ] {
        assert!(problems.contains(expected), "{expected} is not in\n{problems}");
    }
    assert!(!problems.contains("hunter2"), "{problems}");
    assert!(refused("", &[("NATS_TOKEN", "t")]).contains("bus.nats_url: NATS_TOKEN or NATS_CREDS is set"));
    let both = [url, ("NATS_TOKEN", "t"), ("NATS_CREDS", "c")];
    assert!(refused("", &both).contains("NATS_TOKEN: both"));
}

#[test]
fn a_rules_file_that_cannot_be_used_stops_the_start_and_names_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, "- kind: stale_pr\n  scope: {teams: [checkout]}\n").unwrap();
    let toml = format!("[signals]\nrules = '{}'\n", file.display());
    let problem = refused(&toml, &[]);
    assert!(
        problem.contains("signals.rules: ") && problem.contains("line 2, column 19"),
        "{problem}"
    );
    let with_team = format!("{toml}[teams.checkout]\nmembers = ['ana']\n");
    assert_eq!(accepted(&with_team, &[]).checked.rules, Some(file));
    assert!(refused("[signals]\nrules = 'nowhere.yaml'\n", &[]).contains("nowhere.yaml cannot be read"));
}

#[test]
fn what_is_wrong_with_a_policy_is_said_with_everything_else() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.rego"), "package em_agent\nx := }\n").unwrap();
    let toml = format!(
        "[policy]\ndir = \"{}\"\nopa_url = \"opa:8181\"\n[policy.roles]\nmanager = []\n[policy.data]\nroles = 1\n\
         [retention]\ndays = 0",
        folder.path().display()
    );
    let problems = refused(&toml, &[]);
    for expected in [
        "policy.dir: own.rego, line 2, column 6: ",
        "policy.opa_url: write an address",
        "policy.roles.manager: name people",
        "policy.data.roles: this name is taken",
        "retention.days: ",
    ] {
        assert!(
            problems.contains(expected),
            "{expected} is missing in\n{problems}"
        );
    }
}

#[test]
fn rules_read_what_the_operator_wrote_and_the_roles() {
    let toml =
        "[policy.roles]\nmanager = [\"U1\"]\n[policy.data]\nproduction = [\"prod\"]\nlimits = { most = 3 }";
    let data = accepted(toml, &[]).checked.policy_data;
    let expected =
        serde_json::json!({"roles": {"manager": ["U1"]}, "production": ["prod"], "limits": {"most": 3}});
    assert_eq!(data, expected);
}

#[test]
fn a_language_model_is_off_until_it_is_switched_on_and_half_of_it_is_refused() {
    assert!(
        accepted("", &[("OPENAI_API_KEY", "k"), ("OPENAI_MODEL", "small")])
            .checked
            .llm
            .is_none()
    );
    let on = ("AGENT_LLM_ENABLED", "true");
    assert_eq!(
        refused("", &[on]),
        "llm.model: llm.enabled is set, so this one is needed too: a model's name\n\
         OPENAI_API_KEY: llm.enabled is set and llm.base_url is OpenAI's, so this one is needed too"
    );
    let own = [
        on,
        ("OPENAI_MODEL", "small"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1"),
    ];
    let settings = accepted("", &own).checked.llm.unwrap();
    assert!(
        settings.client.api_key.is_none(),
        "a server of one's own may need none"
    );
    assert_eq!(settings.pacing.total.as_secs(), 30);
    assert!(
        refused(
            "",
            &[
                on,
                ("OPENAI_MODEL", "small"),
                ("OPENAI_API_KEY", "k"),
                ("OPENAI_BASE_URL", "x")
            ]
        )
        .contains("llm.base_url")
    );
}

#[test]
fn prices_and_limits_of_a_language_model_are_numbers_that_make_sense() {
    let on = "[llm]\nenabled = true\nmodel = 'small'\n";
    let key = [("OPENAI_API_KEY", "k")];
    let file = format!("{on}price_per_million_in = 0.15\nprice_per_million_out = 2\ndaily_tokens = 0");
    let settings = accepted(&file, &key).checked.llm.unwrap();
    assert_eq!(
        (settings.price.micros_in, settings.price.micros_out),
        (150_000, 2_000_000)
    );
    assert_eq!(
        (settings.limits.person, settings.limits.everybody),
        (Some(100_000), None)
    );
    for wrong in [
        "price_per_million_in = -1",
        "price_per_million_out = nan",
        "daily_tokens_per_person = 10",
        "daily_tokens_per_team = -1",
        "timeout_secs = 0",
        "max_answer_tokens = 0",
        "max_prompt_tokens = 100",
    ] {
        let (name, _) = wrong.split_once(' ').unwrap();
        let problems = refused(&format!("{on}{wrong}"), &key);
        assert!(problems.starts_with(&format!("llm.{name}: ")), "{problems}");
    }
}

#[test]
fn goals_are_read_for_teams_and_for_everybody() {
    let config = accepted(
        "[[goals]]\nmetric = 'change-fail-rate'\nvalue = '15 %'\n[teams.payments]\nrepositories = ['acme/payments']\n\
         [[teams.payments.goals]]\nmetric = 'time-to-first-review'\nvalue = '4 working hours'\nwindow = '14d'\n",
        &[],
    );
    let goals = &config.checked.goals;
    let names: Vec<String> = goals.iter().map(em_domain::goal::Goal::name).collect();
    assert_eq!(
        names,
        ["everybody change-fail-rate", "payments time-to-first-review"]
    );
    assert_eq!(goals[1].days, 14);
    assert_eq!(goals[1].team.as_ref(), config.checked.teams.first());
}

#[test]
fn a_goal_that_cannot_be_is_refused_at_its_key() {
    let goals = "[teams.payments]\nrepositories = ['acme/payments']\ngoals = [\n\
        { metric = 'time-to-first-review', value = '4 parrots' },\n\
        { metric = 'velocity', value = '3' },\n\
        { metric = 'lead-time', value = '2 days', window = 'a month' },\n\
        { metric = 'review-time', value = '1 day' },\n\
        { metric = 'review', value = '2 days' },\n\
        { metric = 'work-age', value = '9 days', warn_at_percent = 100 },\n\
        ]\n[[goals]]\nmetric = 'change-fail-rate'\nvalue = '150 %'\n";
    let problems = refused(goals, &[]);
    for expected in [
        "teams.payments.goals[0].value: `4 parrots` is no time",
        "teams.payments.goals[1].metric: there is no metric `velocity`",
        "teams.payments.goals[2].window: write a number of days",
        "teams.payments.goals[4].metric: there is another goal for review-time",
        "teams.payments.goals[5].warn_at_percent: write a number from 1 to 99",
        "goals[0].value: `150 %` is no share",
    ] {
        let is_said = problems.lines().any(|line| line.starts_with(expected));
        assert!(is_said, "{expected} is not in\n{problems}");
    }
    let unknown = refused("[[goals]]\nmetric = 'wip'\nvalue = '3'\nlimit = 3\n", &[]);
    assert!(unknown.contains("goals: "), "{unknown}");
}
