//! Polling of other systems than GitHub: the configuration that each page of `docs/integrations` shows, followed with a pretend
//! vendor behind it; and what people are told of how it goes.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use em_simulator::argocd::{self, ArgocdSimulator};
use em_simulator::circleci::{self, CircleciSimulator};
use em_simulator::datadog::{self, Alert, DatadogSimulator};
use em_simulator::gitlab::{self, GitlabSimulator};
use em_simulator::jira::{self, JiraSimulator};
use em_simulator::linear::{self, LinearSimulator};
use em_simulator::pagerduty::{self, PagerDutySimulator};
use em_simulator::sentry::{self, SentrySimulator};
use em_simulator::shortcut::{self, ShortcutSimulator};
use em_storage::testing::TestDatabase;
use em_tests::{PATIENCE, Setting, TestBot, both_engines, thursday_morning};

both_engines!(
    every_system_that_can_be_asked_is_asked_as_its_page_says,
    how_asking_goes_is_shown_and_what_is_wrong_is_named,
);

/// A day before the test.
fn yesterday() -> DateTime<Utc> {
    thursday_morning() - TimeDelta::days(1)
}

fn section(name: &str, things: &str, api_url: &str) -> String {
    format!("[integrations.{name}]\npoll = [{things}]\npoll_interval_seconds = 1\napi_url = \"{api_url}\"\n")
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let within = PATIENCE * 3;
    assert!(
        tokio::time::timeout(within, looking).await.is_ok(),
        "{what}: not within {within:?}"
    );
}

async fn sources(bot: &TestBot) -> Vec<String> {
    let sources = bot.database.store.events().list_sources().await.unwrap();
    sources.into_iter().map(|source| source.source).collect()
}

async fn every_system_that_can_be_asked_is_asked_as_its_page_says(database: TestDatabase) {
    let mut toml = String::new();
    let mut environment = Vec::new();
    let at = yesterday();

    let gitlab = GitlabSimulator::start().await.unwrap();
    gitlab.add_project("acme/shop/checkout", "private");
    gitlab.open("acme/shop/checkout", "Faster checkout", "ana", at);
    toml += &section("gitlab", "\"acme/shop/checkout\"", &gitlab.api_url());
    environment.push(("GITLAB_TOKEN", gitlab::TOKEN.to_owned()));

    let circleci = CircleciSimulator::start().await.unwrap();
    circleci.add_project("gh/acme/shop");
    let pipeline = circleci.push("gh/acme/shop", "main", &"a".repeat(40), at);
    let workflow = circleci.start_workflow(&pipeline, "build", at);
    circleci.end_workflow(&workflow, "success", at + TimeDelta::minutes(3));
    toml += &section("circleci", "\"gh/acme/shop\"", &circleci.api_url());
    environment.push(("CIRCLECI_TOKEN", circleci::TOKEN.to_owned()));

    let argocd = ArgocdSimulator::start().await.unwrap();
    argocd.add_application("checkout", "shop");
    argocd.sync("checkout", &"b".repeat(40), "ana", at);
    argocd.synced("checkout", "Succeeded", at + TimeDelta::minutes(2));
    argocd.turn("checkout", "Healthy", Some(at + TimeDelta::minutes(3)));
    toml += &section("argocd", "\"*\"", &argocd.api_url());
    environment.push(("ARGOCD_TOKEN", argocd::TOKEN.to_owned()));

    let jira = JiraSimulator::start().await.unwrap();
    jira.add_project("PAY");
    jira.open("PAY", "Rollback hangs", "Ana Ruiz", at);
    writeln!(toml, "[jira]\napi_url = \"{}\"", jira.api_url()).unwrap();
    toml += "[integrations.jira]\npoll = [\"PAY\"]\npoll_interval_seconds = 1\n";
    environment.push(("JIRA_TOKEN", jira::TOKEN.to_owned()));

    let linear = LinearSimulator::start().await.unwrap();
    linear.add_team("WEB");
    linear.open("WEB", "Buttons are grey", "ana", at);
    toml += &section("linear", "\"WEB\"", &linear.api_url());
    environment.push(("LINEAR_TOKEN", linear::TOKEN.to_owned()));

    let shortcut = ShortcutSimulator::start().await.unwrap();
    shortcut.open(None, "Longer names", "ana", at);
    toml += &section("shortcut", "\"*\"", &shortcut.api_url());
    environment.push(("SHORTCUT_TOKEN", shortcut::TOKEN.to_owned()));

    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let service = pagerduty.add_service("payments");
    pagerduty.trigger(&service, "Payments are down", at);
    toml += &section("pagerduty", "\"*\"", &pagerduty.api_url());
    environment.push(("PAGERDUTY_TOKEN", pagerduty::TOKEN.to_owned()));

    let sentry = SentrySimulator::start().await.unwrap();
    sentry.add_project("checkout");
    sentry.happen("checkout", "TypeError: no basket", at);
    toml += &section("sentry", "\"acme\"", &sentry.api_url());
    environment.push(("SENTRY_TOKEN", sentry::TOKEN.to_owned()));

    let datadog = DatadogSimulator::start().await.unwrap();
    datadog.turn(&alert(), at);
    toml += &section("datadog", "\"*\"", &datadog.api_url());
    environment.push(("DATADOG_TOKEN", datadog::TOKEN.to_owned()));

    let setting = Setting {
        toml,
        environment,
        ..Setting::default()
    };
    let bot = TestBot::start_with(database, setting).await;
    let all: Vec<&str> = em_integrations::pollers::POLLED
        .iter()
        .map(|polled| polled.name)
        .collect();
    until("an event of each system", async || {
        let found = sources(&bot).await;
        all.iter().all(|name| found.iter().any(|source| source == name))
    })
    .await;
    bot.folded().await;

    let answer = bot.ask("ana", "#ops", "/em-agent triage").await;
    let shown = bot.text(&answer).replace('\u{2060}', "");
    for expected in [
        "Faster checkout",
        "Open incidents",
        "Payments are down",
        "TypeError: no basket",
    ] {
        assert!(shown.contains(expected), "no “{expected}” in\n{shown}");
    }
    let unread = bot.database.store.events().list_unrecognised().await.unwrap();
    assert!(unread.is_empty(), "{unread:?}");
    bot.finish().await;
}

fn alert() -> Alert {
    Alert {
        transition: "Triggered".to_owned(),
        name: "Queue is long".to_owned(),
        cycle: "6789012345".to_owned(),
        group: "host:web-1".to_owned(),
        tags: vec!["service:checkout".to_owned()],
        priority: 2,
    }
}

async fn how_asking_goes_is_shown_and_what_is_wrong_is_named(database: TestDatabase) {
    let gitlab = GitlabSimulator::start().await.unwrap();
    gitlab.add_project("acme/shop", "private");
    gitlab.open("acme/shop", "Faster checkout", "ana", yesterday());
    let setting = |token: &str, database: TestDatabase| {
        let setting = Setting {
            toml: section("gitlab", "\"acme/shop\", \"acme/gone\"", &gitlab.api_url()),
            environment: vec![("GITLAB_TOKEN", token.to_owned())],
            ..Setting::default()
        };
        TestBot::start_with(database, setting)
    };
    let shown = async |bot: &TestBot, command: &str| {
        let answer = bot.ask("ana", "#ops", command).await;
        bot.text(&answer).replace('\u{2060}', "")
    };
    let bot = setting(gitlab::TOKEN, database).await;
    until("a report of a round", async || {
        shown(&bot, "/em-agent integrations gitlab")
            .await
            .contains("acme/gone")
    })
    .await;
    let told = shown(&bot, "/em-agent integrations gitlab").await;
    assert!(
        told.contains("asked for news") && told.contains("is not there, or GITLAB_TOKEN may not see it"),
        "{told}"
    );
    let told = shown(&bot, "/em-agent doctor").await;
    assert!(told.contains("Not everything of GitLab can be read"), "{told}");
    // What can be read was read all the same.
    let told = shown(&bot, "/em-agent triage").await;
    assert!(told.contains("Faster checkout"), "{told}");
    bot.finish().await;

    let wrong = setting("glpat-wrong", TestDatabase::sqlite().await).await;
    until("a report of a round", async || {
        shown(&wrong, "/em-agent doctor")
            .await
            .contains("GitLab cannot be asked for news")
    })
    .await;
    let told = shown(&wrong, "/em-agent doctor").await;
    assert!(
        told.contains("GitLab does not accept GITLAB_TOKEN") && !told.contains("glpat-wrong"),
        "{told}"
    );
    wrong.finish().await;
}
