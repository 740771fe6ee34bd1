//! Each page of `docs/integrations` that tells of webhooks, followed as somebody new would: the variable that it names, the lines for
//! the configuration that it shows, the address that it gives. Then the button for a test event, and what the vendor really sends,
//! proven as the vendor proves it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use em_storage::testing::TestDatabase;
use em_tests::{Setting, TestBot, both_engines, thursday_morning};
use serde_json::Value;
use toml::Table;

both_engines!(each_page_of_a_system_with_webhooks_leads_to_its_events);

const SECRET: &str = "the secret of somebody new";

/// How a vendor proves a delivery, by its documentation.
#[derive(Clone, Copy)]
enum Proof {
    /// A header that a person adds, or that is the vendor's own.
    Header(&'static str),
    Bearer,
    /// The password of a pair.
    Basic,
    /// HMAC with SHA-256 over the body, behind a prefix.
    Hex(&'static str, &'static str),
    Base64(&'static str),
}

/// Amazon alone can make what CloudWatch's page needs, and GitHub has its own tests.
const SYSTEMS: [(&str, Proof); 18] = [
    ("alertmanager", Proof::Bearer),
    ("argocd", Proof::Header("x-webhook-secret")),
    ("circleci", Proof::Hex("circleci-signature", "v1=")),
    ("codecov", Proof::Header("x-webhook-secret")),
    ("datadog", Proof::Header("x-webhook-secret")),
    ("ecs", Proof::Header("x-webhook-secret")),
    ("generic", Proof::Hex("x-signature", "sha256=")),
    ("gitlab", Proof::Header("x-gitlab-token")),
    ("heroku", Proof::Base64("heroku-webhook-hmac-sha256")),
    ("jenkins", Proof::Basic),
    ("jira", Proof::Hex("x-hub-signature", "sha256=")),
    ("kubernetes", Proof::Header("x-webhook-secret")),
    ("linear", Proof::Hex("linear-signature", "")),
    ("newrelic", Proof::Bearer),
    ("pagerduty", Proof::Hex("x-pagerduty-signature", "v1=")),
    ("sentry", Proof::Hex("sentry-hook-signature", "")),
    ("shortcut", Proof::Hex("payload-signature", "")),
    ("sonarqube", Proof::Hex("x-sonar-webhook-hmac-sha256", "")),
];

impl Proof {
    fn header(self, body: &[u8]) -> (&'static str, String) {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
        let tag = ring::hmac::sign(&key, body);
        match self {
            Self::Header(name) => (name, SECRET.to_owned()),
            Self::Bearer => ("authorization", format!("Bearer {SECRET}")),
            Self::Basic => {
                let pair = STANDARD.encode(format!("em-agent:{SECRET}"));
                ("authorization", format!("Basic {pair}"))
            }
            Self::Hex(name, prefix) => {
                let digits: Vec<String> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
                (name, format!("{prefix}{}", digits.concat()))
            }
            Self::Base64(name) => (name, STANDARD.encode(tag)),
        }
    }
}

fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// What a page tells somebody to do.
struct Page {
    title: String,
    variable: String,
    toml: Table,
    path: String,
}

impl Page {
    fn read(name: &str) -> Self {
        let text = std::fs::read_to_string(folder("docs/integrations").join(format!("{name}.md"))).unwrap();
        let set_up = text.split("\n## ").find(|part| part.starts_with("Set up"));
        let set_up = set_up.unwrap_or_else(|| panic!("{name}: how to set it up"));
        let variable = format!("{}_WEBHOOK_SECRET", name.to_uppercase());
        let path = format!("/webhooks/{name}");
        for said in [&variable, &format!("https://YOUR-HOST{path}")] {
            assert!(set_up.contains(said), "{name}: no {said}");
        }
        let mut toml = Table::new();
        for block in set_up.split("```toml\n").skip(1) {
            let lines = block.split("```").next().unwrap();
            add(&mut toml, lines.parse().unwrap_or_else(|e| panic!("{name}: {e}")));
        }
        Self {
            title: text.lines().next().unwrap().trim_start_matches("# ").to_owned(),
            variable,
            toml,
            path,
        }
    }
}

/// Puts the lines of one page under those of the others.
fn add(all: &mut Table, more: Table) {
    for (key, value) in more {
        match (all.get_mut(&key), value) {
            (Some(toml::Value::Table(known)), toml::Value::Table(value)) => add(known, value),
            (_, value) => drop(all.insert(key, value)),
        }
    }
}

/// What a vendor sends: the headers that prove nothing, and the body.
fn samples(name: &str) -> Vec<(BTreeMap<String, String>, Vec<u8>)> {
    let files = std::fs::read_dir(folder("integrations/tests/conformance/samples").join(name)).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let bodies = paths
        .iter()
        .filter(|path| !path.to_string_lossy().ends_with(".headers.json"));
    let sample = |path: &PathBuf| {
        let headers = std::fs::read(path.with_extension("headers.json")).unwrap();
        let mut headers: BTreeMap<String, String> = serde_json::from_slice(&headers).unwrap();
        // What stands in angle brackets was left out by whoever recorded it.
        headers.retain(|_, value| !value.contains('<'));
        (headers, sent_now(name, std::fs::read(path).unwrap()))
    };
    let all = bodies.map(sample);
    // The page of other systems shows one mapping.
    let is_shown =
        |headers: &BTreeMap<String, String>| headers.get("x-event-mapping").is_none_or(|m| m == "shipper");
    all.filter(|(headers, _)| is_shown(headers)).collect()
}

/// Linear says in the body when it sent it.
fn sent_now(name: &str, body: Vec<u8>) -> Vec<u8> {
    if name != "linear" {
        return body;
    }
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    body["webhookTimestamp"] = thursday_morning().timestamp_millis().into();
    body.to_string().into_bytes()
}

async fn each_page_of_a_system_with_webhooks_leads_to_its_events(database: TestDatabase) {
    let pages = SYSTEMS.map(|(name, proof)| (name, proof, Page::read(name)));
    let mut toml = Table::new();
    for (_, _, page) in &pages {
        add(&mut toml, page.toml.clone());
    }
    let variables = pages
        .iter()
        .map(|(_, _, page)| page.variable.clone().leak() as &'static str);
    let setting = Setting {
        toml: toml.to_string(),
        environment: variables.map(|name| (name, SECRET.to_owned())).collect(),
        ..Setting::default()
    };
    let bot = TestBot::start_with(database, setting).await;
    for (name, proof, page) in &pages {
        press_test_event(&bot, name).await;
        send_all(&bot, name, *proof, &page.path).await;
    }
    bot.folded().await;
    let events = bot.database.store.events();
    let unread = events.list_unrecognised().await.unwrap();
    // One of Argo CD's samples is what it sends without the template of the page, and is told to be that.
    let unread: Vec<_> = unread
        .iter()
        .map(|one| (one.source.as_str(), one.event_type.as_str()))
        .collect();
    assert_eq!(unread, [("argocd", "sync-result")]);
    for (name, _, page) in &pages {
        let answer = bot
            .ask("ana", "#ops", &format!("/em-agent integrations {name}"))
            .await;
        let text = bot.text(&answer);
        assert!(text.contains("last event"), "{}: {text}", page.title);
    }
    bot.finish().await;
}

async fn press_test_event(bot: &TestBot, name: &str) {
    let answer = bot
        .ask("ana", "#ops", &format!("/em-agent integrations {name}"))
        .await;
    let text = bot.text(&answer);
    assert!(text.contains("nothing came yet"), "{name}: {text}");
    let click = bot.user("ana").clicks(&answer, "integrations.test");
    let sent = click.unwrap_or_else(|error| panic!("{name}: {error:?} in {text}"));
    assert!(sent.await.is_acked());
    bot.until(|w| {
        let mut to_ana = w
            .messages("#ops")
            .filter(|m| m.ephemeral_for.is_some() && m.ts > answer.ts);
        to_ana.find(|m| w.message_text(m).contains("came in")).map(|_| ())
    })
    .await;
}

async fn send_all(bot: &TestBot, name: &str, proof: Proof, path: &str) {
    let samples = samples(name);
    assert!(!samples.is_empty(), "{name}");
    for (headers, body) in samples {
        let proof = proof.header(&body);
        let mut all: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in headers {
            if name != proof.0 {
                all.push((name.leak(), value));
            }
        }
        all.push(proof);
        let answer = bot.post(path, all, body).await;
        let status = answer.status().as_u16();
        assert_eq!(status, 202, "{name}: {}", answer.text().await.unwrap());
    }
}
