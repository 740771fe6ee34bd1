//! `/v1`: programs act for a person, by a token, within what that person may do.

use std::collections::BTreeSet;
use std::process::Output;
use std::time::Instant;

use chrono::TimeDelta;
use em_domain::any_metric::AnyMetric;
use em_domain::api_token::{ApiToken, Scope, TokenHash, TokenName, written};
use em_domain::audit::AuditEntry;
use em_domain::id::SourceId;
use em_domain::knowledge::{NewSource, SourceKind, Visibility};
use em_simulator::TimeSource;
use em_simulator::github::{GithubSimulator, NewPull, Pull};
use em_storage::testing::TestDatabase;
use em_tests::{PATIENCE, Setting, TestBot, both_engines, thursday_morning};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use ulid::Ulid;

both_engines!(
    a_token_is_made_listed_used_and_removed,
    every_operation_in_the_document_asks_for_a_token_with_its_scope,
    what_is_wrong_with_a_request_is_named,
    a_token_that_asks_too_often_is_told_how_long_to_wait,
    a_token_ends_at_its_time,
    what_is_approved_over_http_is_done_and_the_card_says_so,
    the_rules_for_clicks_hold_over_http,
    high_risk_is_typed_and_a_changed_target_does_not_count,
    approvals_come_in_pages,
    what_the_policy_says_of_a_command_holds_over_http,
    delivery_metrics_are_read_by_window_and_what_is_wrong_is_named,
    documents_sent_twice_change_nothing_and_are_found,
    documents_that_cannot_be_taken_are_named_and_none_is,
    what_was_sent_gets_its_meaning_from_the_model,
    a_private_document_is_found_only_by_those_who_may_see_it,
);

const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
const REPO: &str = "acme/api";
const PEOPLE: &str =
    "[people]\nU0ANA = \"ana-ruiz\"\nU0BEN = \"ben-k\"\nU0CHLOE = \"chloe-m\"\nU0DMITRI = \"dmitri-v\"\n";

/// An answer of the API.
#[derive(Debug)]
struct Answer {
    status: u16,
    kind: String,
    challenge: String,
    retry_after: String,
    body: Value,
}

impl Answer {
    /// The sentence of a refusal with this status.
    #[track_caller]
    fn refused(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.kind, "application/problem+json", "{self:?}");
        assert_eq!(self.body["status"], status, "{self:?}");
        self.body["detail"].as_str().expect("a sentence")
    }

    #[track_caller]
    fn done(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.kind, "application/json", "{self:?}");
        self.body
    }
}

/// The bot with its API, and a pretend GitHub.
struct Counter {
    bot: TestBot,
    github: GithubSimulator,
    http: reqwest::Client,
}

impl Counter {
    async fn open(database: TestDatabase) -> Self {
        Self::open_with(database, Setting::default()).await
    }

    async fn open_with(database: TestDatabase, setting: Setting) -> Self {
        let github = GithubSimulator::start(TOKEN).await.unwrap();
        let world = github.world();
        world.add_repo(REPO, thursday_morning() - TimeDelta::days(90));
        world.add_people(&["ana-ruiz", "ben-k", "chloe-m", "dmitri-v"]);
        let mut environment = setting.environment;
        environment.push(("GITHUB_TOKEN", TOKEN.to_owned()));
        environment.push(("GITHUB_API_URL", github.api_url()));
        let setting = Setting {
            toml: format!("{PEOPLE}{}", setting.toml),
            environment,
            ..setting
        };
        let bot = TestBot::start_with(database, setting).await;
        let clock = bot.clock.clone();
        let micros = move || em_domain::clock::Clock::now(&clock).timestamp_micros();
        world.set_time(TimeSource::from_micros(micros));
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        Self { bot, github, http }
    }

    /// A token of somebody's; its name and its number are the same.
    async fn token(&self, user: &str, number: u8, scopes: &[Scope]) -> String {
        self.lasting(user, number, scopes, None).await
    }

    async fn lasting(&self, user: &str, number: u8, scopes: &[Scope], hours: Option<i64>) -> String {
        let (secret, now) = (written(&[number; 32]), thursday_morning());
        let token = ApiToken {
            name: TokenName::parse(&format!("t{number}")).unwrap(),
            user: self.bot.user(user).id.as_str().into(),
            scopes: scopes.iter().copied().collect(),
            created_at: now,
            expires_at: hours.map(|hours| now + TimeDelta::hours(hours)),
            last_used_at: None,
        };
        let entry = AuditEntry {
            at: now,
            actor: "operator".into(),
            kind: "token.added".into(),
            subject: token.name.to_string(),
            data: json!({}),
        };
        let tokens = self.bot.database.store.api_tokens();
        assert!(
            tokens
                .insert(&token, &TokenHash::of(&secret), &entry)
                .await
                .unwrap()
        );
        secret.expose_secret().to_owned()
    }

    async fn send(&self, method: Method, path: &str, token: Option<&str>, body: Option<String>) -> Answer {
        let mut request = self.http.request(method, self.bot.url(path));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.expect("the bot answers");
        let header = |name: &str| {
            let value = response.headers().get(name);
            value
                .map(|value| value.to_str().unwrap().to_owned())
                .unwrap_or_default()
        };
        let (kind, challenge, retry_after) = (
            header("content-type"),
            header("www-authenticate"),
            header("retry-after"),
        );
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        Answer {
            status,
            kind,
            challenge,
            retry_after,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }

    async fn get(&self, path: &str, token: &str) -> Answer {
        self.send(Method::GET, path, Some(token), None).await
    }

    async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(token), Some(body.to_string()))
            .await
    }

    async fn found(&self, token: &str, query: &str) -> Vec<String> {
        let hits = self
            .post("/v1/knowledge/search", token, json!({ "query": query }))
            .await
            .done();
        let hits = hits.as_array().unwrap().clone();
        hits.iter()
            .map(|hit| hit["document"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A pull request of Chloe's, opened the day before.
    fn pull(&self, title: &str) -> Pull {
        let at = thursday_morning() - TimeDelta::days(1);
        let new = NewPull::new(title, "chloe-m");
        self.github.world().open_pull(REPO, &new, at).0
    }

    /// Ana proposes something in #ops; its id.
    async fn proposed(&self, typed: &str) -> String {
        self.bot
            .ask("ana", "#ops", &format!("/em-agent propose {typed}"))
            .await;
        let newest = self.bot.database.store.approvals();
        let newest = newest
            .list(&em_domain::approval::ApprovalState::ALL, 9)
            .await
            .unwrap();
        let target = typed.split(' ').nth(1).unwrap();
        let of_target = newest
            .into_iter()
            .find(|asked| asked.request.action.target == target);
        of_target.expect("it is asked").id.to_string()
    }

    /// Waits until a card in #ops says `words`.
    async fn card_says(&self, words: &str) -> String {
        self.bot
            .until(|w| {
                let mut texts = w
                    .messages("#ops")
                    .filter(|m| m.ephemeral_for.is_none())
                    .map(|m| w.message_text(m));
                texts.find(|text| text.contains(words))
            })
            .await
    }

    fn effects(&self) -> Vec<(&'static str, String)> {
        let effects = self.github.world().effects().into_iter();
        effects.map(|effect| (effect.kind, effect.target)).collect()
    }

    async fn log_of(&self, subject: &str) -> Vec<(String, String, String)> {
        let log = self
            .bot
            .database
            .store
            .audit()
            .list_about(subject, 99)
            .await
            .unwrap();
        log.into_iter()
            .map(|line| (line.kind, line.actor, line.data))
            .collect()
    }

    /// The program on the same database, beside the bot.
    async fn program(&self, arguments: &[&str]) -> Output {
        let config = &self.bot.database.config;
        // On PostgreSQL the bot keeps nothing in files.
        let folder = tempfile::tempdir().unwrap();
        let data_dir = match &config.url {
            Some(_) => folder.path(),
            None => &config.data_dir,
        };
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_em-agent-under-test"));
        command
            .args(arguments)
            .env_clear()
            .env("EM_AGENT_DATA_DIR", data_dir)
            .current_dir(folder.path())
            .kill_on_drop(true);
        if let Some(url) = &config.url {
            command.env("DATABASE_URL", url.expose_secret());
        }
        tokio::time::timeout(PATIENCE, command.output())
            .await
            .expect("it ends")
            .unwrap()
    }

    async fn finish(self) {
        let verified = self.bot.database.store.audit().verify().await.unwrap();
        assert!(verified.is_ok(), "{verified:?}");
        self.bot.finish().await;
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

async fn a_token_is_made_listed_used_and_removed(database: TestDatabase) {
    let counter = Counter::open(database).await;
    let add = [
        "token",
        "add",
        "ci",
        "--user",
        "U0ANA",
        "--scope",
        "approvals:read",
        "--expires-in",
        "90d",
    ];
    let added = counter.program(&add).await;
    assert!(added.status.success(), "{added:?}");
    let secret = text(&added.stdout).trim_end().to_owned();
    assert!(em_domain::api_token::is_well_formed(&secret), "{secret}");
    assert!(text(&added.stderr).contains("shown only now"));
    assert_eq!(
        counter.get("/v1/approvals", &secret).await.done(),
        json!({"approvals": []})
    );

    let again = counter.program(&add).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(
        text(&again.stderr).contains("there is a token ci already"),
        "{again:?}"
    );
    let listed = counter.program(&["token", "list"]).await;
    let line = text(&listed.stdout).to_owned();
    assert!(line.contains("ci  for U0ANA  approvals:read  until 20"), "{line}");
    assert!(line.contains("last used 2026-01-15 10:00 UTC"), "{line}");
    let listed = counter.program(&["token", "list", "--json"]).await;
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["scopes"], json!(["approvals:read"]));
    let exported = counter.program(&["export", "audit"]).await;
    for shown in [line.as_str(), &listed.to_string(), text(&exported.stdout)] {
        assert!(!shown.contains(&secret[4..]), "{shown}");
        assert!(
            !shown.contains("\"hash\":\"") || shown.contains("previous"),
            "{shown}"
        );
    }

    let removed = counter.program(&["token", "remove", "ci"]).await;
    assert!(removed.status.success(), "{removed:?}");
    let refused = counter.get("/v1/approvals", &secret).await;
    assert!(refused.refused(401).contains("removed"), "{refused:?}");
    assert!(refused.challenge.contains("invalid_token"));
    let gone = counter.program(&["token", "remove", "ci"]).await;
    assert_eq!(gone.status.code(), Some(1));
    let kinds: Vec<_> = counter
        .log_of("token:ci")
        .await
        .into_iter()
        .map(|(kind, actor, _)| (kind, actor))
        .collect();
    let line = |kind: &str| (kind.to_owned(), "operator".to_owned());
    assert_eq!(kinds, [line("token.removed"), line("token.added")]);

    for wrong in [
        &["token", "add", "ci", "--user", "ana", "--scope", "approvals:read"] as &[&str],
        &[
            "token",
            "add",
            "CI",
            "--user",
            "U0ANA",
            "--scope",
            "approvals:read",
        ],
        &["token", "add", "ci", "--user", "U0ANA", "--scope", "everything"],
        &["token", "add", "ci", "--user", "U0ANA"],
        &[
            "token",
            "add",
            "ci",
            "--user",
            "U0ANA",
            "--scope",
            "approvals:read",
            "--expires-in",
            "soon",
        ],
    ] {
        let done = counter.program(wrong).await;
        assert_eq!(done.status.code(), Some(2), "{wrong:?}: {done:?}");
    }
    counter.finish().await;
}

async fn every_operation_in_the_document_asks_for_a_token_with_its_scope(database: TestDatabase) {
    let counter = Counter::open(database).await;
    let any = counter.token("ana", 1, &[Scope::ApprovalsRead]).await;
    let document = counter.get("/v1/openapi.json", &any).await.done();
    assert!(
        document["openapi"].as_str().unwrap().starts_with("3.1"),
        "{document}"
    );
    let mut seen = BTreeSet::new();
    let mut number = 2;
    for (path, operations) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/v1/"), "{path}");
        for (method, operation) in operations.as_object().unwrap() {
            let (verb, address) = (
                method.to_uppercase().parse().unwrap(),
                path.replace("{id}", "x").replace("{metric}", "lead-time"),
            );
            let request =
                async |token: Option<&str>| counter.send(Method::clone(&verb), &address, token, None).await;
            for token in [None, Some("ema_short"), Some(written(&[200; 32]).expose_secret())] {
                let refused = request(token).await;
                refused.refused(401);
                assert!(refused.challenge.starts_with("Bearer"), "{refused:?}");
            }
            let scopes = operation["security"][0]["bearer"].as_array().expect("its scopes");
            assert!(operation["responses"]["200"].is_object() || operation["responses"]["204"].is_object());
            seen.insert(format!("{method} {path}"));
            let Some(scope) = scopes.first().map(|scope| scope.as_str().unwrap()) else {
                assert_eq!(path, "/v1/openapi.json");
                continue;
            };
            let others: Vec<Scope> = Scope::ALL
                .into_iter()
                .filter(|other| other.as_str() != scope)
                .collect();
            assert_eq!(others.len(), Scope::ALL.len() - 1, "{scope} is no scope");
            let lacking = counter.token("ana", number, &others).await;
            number += 1;
            let refused = request(Some(&lacking)).await;
            assert!(
                refused.refused(403).contains(scope),
                "{method} {path}: {refused:?}"
            );
            assert!(refused.challenge.contains("insufficient_scope"));
            let whole: Scope = Scope::parse(scope).unwrap();
            let enough = counter.token("ana", number, &[whole]).await;
            number += 1;
            let passed = request(Some(&enough)).await;
            assert!(
                ![401, 403, 405].contains(&passed.status),
                "{method} {path}: {passed:?}"
            );
        }
    }
    let expected = [
        "delete /v1/knowledge/documents/{id}",
        "get /v1/approvals",
        "get /v1/approvals/{id}",
        "get /v1/metrics/dora",
        "get /v1/metrics/dora/{metric}",
        "get /v1/metrics/flow",
        "get /v1/metrics/flow/{metric}",
        "get /v1/openapi.json",
        "post /v1/approvals/{id}/approve",
        "post /v1/approvals/{id}/decline",
        "post /v1/knowledge/documents",
        "post /v1/knowledge/search",
    ];
    assert_eq!(seen, expected.map(str::to_owned).into());
    let written = document.to_string();
    for reference in written.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            document["components"]["schemas"][name].is_object(),
            "{name} is not in the document"
        );
    }
    counter.finish().await;
}

async fn what_is_wrong_with_a_request_is_named(database: TestDatabase) {
    let counter = Counter::open(database).await;
    let token = counter.token("ana", 1, &Scope::ALL).await;
    let search = "/v1/knowledge/search";
    let send = async |method: Method, path: &str, body: &str| {
        counter
            .send(method, path, Some(&token), Some(body.to_owned()))
            .await
    };
    for (path, body, status, words) in [
        (search, "{", 400, "not JSON"),
        (search, "", 400, "not JSON"),
        (search, r#"{"query": "x", "top": 3}"#, 422, "`top`"),
        (search, r#"{"k": 3}"#, 422, "Missing field `query`"),
        (search, r#"{"query": 7}"#, 422, "`query`"),
        (search, r#"{"query": "x", "k": 0}"#, 422, "`k`: from 1 to 100"),
        (search, r#"{"query": " "}"#, 422, "say what to look for"),
        (
            "/v1/approvals/nothing/approve",
            r#"{"reasons": "x"}"#,
            422,
            "`reasons`",
        ),
        ("/v1/approvals/nothing/approve", "", 404, "no approval `nothing`"),
        ("/v1/elsewhere", "{}", 404, "/v1/openapi.json"),
        ("/v1", "{}", 404, "/v1/openapi.json"),
    ] {
        let refused = send(Method::POST, path, body).await;
        assert!(
            refused.refused(status).contains(words),
            "{path} {body}: {refused:?}"
        );
    }
    send(Method::PUT, "/v1/approvals", "").await.refused(405);
    for (query, words) in [
        ("state=open", "`state`: write all"),
        ("limit=0", "`limit`: from 1"),
        ("limit=many", "`limit`"),
        ("page=2", "`page`"),
        ("before=apr_x", "`before`"),
    ] {
        let refused = counter.get(&format!("/v1/approvals?{query}"), &token).await;
        assert!(refused.refused(422).contains(words), "{query}: {refused:?}");
    }
    let large = json!({ "query": "x".repeat(2_000_000) }).to_string();
    assert!(
        send(Method::POST, search, &large)
            .await
            .refused(413)
            .contains("larger")
    );
    counter.finish().await;
}

async fn a_token_that_asks_too_often_is_told_how_long_to_wait(database: TestDatabase) {
    let setting = Setting {
        environment: vec![("RATE_LIMIT_PER_MIN", "2".to_owned())],
        ..Setting::default()
    };
    let counter = Counter::open_with(database, setting).await;
    let eager = counter.token("ana", 1, &[Scope::ApprovalsRead]).await;
    let other = counter.token("ana", 2, &[Scope::ApprovalsRead]).await;
    counter.get("/v1/approvals", &eager).await.done();
    counter.get("/v1/approvals", &eager).await.done();
    let refused = counter.get("/v1/approvals", &eager).await;
    assert!(refused.refused(429).contains("Wait"), "{refused:?}");
    let seconds: u64 = refused.retry_after.parse().unwrap();
    assert!((1..=31).contains(&seconds), "{seconds}");
    counter.get("/v1/approvals", &other).await.done();
    counter.finish().await;
}

async fn a_token_ends_at_its_time(database: TestDatabase) {
    let counter = Counter::open(database).await;
    let token = counter.lasting("ana", 1, &[Scope::ApprovalsRead], Some(1)).await;
    counter.get("/v1/approvals", &token).await.done();
    counter.bot.clock.advance(TimeDelta::hours(1));
    let refused = counter.get("/v1/approvals", &token).await;
    assert!(refused.refused(401).contains("expired"), "{refused:?}");
    counter.finish().await;
}

async fn what_is_approved_over_http_is_done_and_the_card_says_so(database: TestDatabase) {
    let counter = Counter::open(database).await;
    let token = counter
        .token("ben", 1, &[Scope::ApprovalsRead, Scope::ApprovalsDecide])
        .await;
    counter.pull("Retry failed payouts");
    let id = counter
        .proposed("close acme/api#1 -- nobody has answered for a month")
        .await;
    counter.card_says("Approval wanted: Close acme/api#1").await;
    let asked = counter.get(&format!("/v1/approvals/{id}"), &token).await.done();
    assert_eq!(asked["state"], "pending");
    assert_eq!(asked["title"], "Close acme/api#1");
    assert_eq!(
        asked["action"],
        json!({"kind": "github.close", "target": "acme/api#1", "arguments": {}})
    );
    assert_eq!(asked["requester"], "U0ANA");
    assert_eq!(asked["reason"], "nobody has answered for a month");
    assert_eq!(
        (&asked["risk"], &asked["confirmation"], &asked["missing"]),
        (&json!("medium"), &json!("click"), &json!(1))
    );
    assert_eq!(asked["created_at"], "2026-01-15T10:00:00Z");
    assert!(asked["card"].as_str().unwrap().contains("/archives/"), "{asked}");
    let listed = counter.get("/v1/approvals", &token).await.done();
    assert_eq!(listed["approvals"], json!([asked]));

    let said = json!({"reason": "green since Monday", "digest": asked["digest"]});
    let agreed = counter
        .post(&format!("/v1/approvals/{id}/approve"), &token, said)
        .await
        .done();
    assert_eq!(agreed["state"], "approved", "{agreed}");
    assert_eq!(agreed["decided"]["by"], "U0BEN");
    assert_eq!(agreed["decided"]["via"], "http");
    let card = counter.card_says("Done: Close acme/api#1").await;
    assert!(card.contains("Approved* by @ben over the API"), "{card}");
    assert!(card.contains("“green since Monday”"), "{card}");
    assert_eq!(counter.effects(), [("close", "acme/api#1".to_owned())]);
    let done = counter.get(&format!("/v1/approvals/{id}"), &token).await.done();
    assert_eq!(done["state"], "completed");
    assert!(
        done["outcome"]["said"]
            .as_str()
            .unwrap()
            .contains("Closed acme/api#1"),
        "{done}"
    );

    let again = counter
        .post(&format!("/v1/approvals/{id}/approve"), &token, json!({}))
        .await;
    assert!(again.refused(409).contains("already, by U0BEN"), "{again:?}");
    assert_eq!(counter.effects().len(), 1);
    let log = counter.log_of(&id).await;
    let told = log
        .iter()
        .find(|(kind, ..)| kind == "request.approvals.approve")
        .expect("a line");
    assert_eq!(told.1, "U0BEN");
    assert!(told.2.contains("\"token\":\"t1\""), "{told:?}");
    assert!(log.iter().any(|(kind, ..)| kind == "approval.agreed"), "{log:?}");
    counter.finish().await;
}

async fn the_rules_for_clicks_hold_over_http(database: TestDatabase) {
    let setting = Setting {
        toml: "[policy.roles]\nmanager = [\"U0ANA\", \"U0BEN\", \"chloe-m\"]\n".to_owned(),
        ..Setting::default()
    };
    let counter = Counter::open_with(database, setting).await;
    let mut tokens = Vec::new();
    for (number, user) in (1..).zip(["ana", "chloe", "dmitri", "ben"]) {
        tokens.push(counter.token(user, number, &[Scope::ApprovalsDecide]).await);
    }
    counter.pull("Retry failed payouts");
    let id = counter.proposed("close acme/api#1").await;
    let approve = format!("/v1/approvals/{id}/approve");
    for (token, words) in [
        (&tokens[0], "the token's person asked for it"),
        (&tokens[1], "own change"),
        (&tokens[2], "may not decide this. Who may: role:manager"),
    ] {
        let refused = counter.post(&approve, token, json!({})).await;
        assert!(refused.refused(403).contains(words), "{refused:?}");
    }
    let stale = counter.post(&approve, &tokens[3], json!({"digest": "00"})).await;
    assert!(stale.refused(409).contains("not what `digest` says"), "{stale:?}");
    let decline = format!("/v1/approvals/{id}/decline");
    let declined = counter
        .post(&decline, &tokens[3], json!({"reason": "Chloe is back on Monday"}))
        .await
        .done();
    assert_eq!(declined["state"], "declined");
    let card = counter.card_says("Declined* by @ben over the API").await;
    assert!(card.contains("“Chloe is back on Monday”"), "{card}");
    let late = counter.post(&approve, &tokens[3], json!({})).await;
    assert!(
        late.refused(409).contains("it is declined already, by U0BEN"),
        "{late:?}"
    );

    counter.pull("Round payouts");
    let id = counter.proposed("close acme/api#2").await;
    counter.bot.clock.advance(TimeDelta::hours(25));
    let lapsed = counter
        .post(&format!("/v1/approvals/{id}/approve"), &tokens[3], json!({}))
        .await;
    assert!(lapsed.refused(410).contains("its time is over"), "{lapsed:?}");
    let unknown = format!("/v1/approvals/apr_{}/approve", Ulid::from(7_u128));
    counter.post(&unknown, &tokens[3], json!({})).await.refused(404);
    assert_eq!(counter.effects(), []);
    counter.finish().await;
}

async fn high_risk_is_typed_and_a_changed_target_does_not_count(database: TestDatabase) {
    let counter = Counter::open(database).await;
    let ben = counter.token("ben", 1, &[Scope::ApprovalsDecide]).await;
    let dmitri = counter.token("dmitri", 2, &[Scope::ApprovalsDecide]).await;
    let pull = counter.pull("Retry failed payouts");
    let id = counter.proposed("merge acme/api#1").await;
    let approve = format!("/v1/approvals/{id}/approve");
    for wrong in [json!({}), json!({"typed": "acme/api#2"})] {
        let refused = counter.post(&approve, &ben, wrong).await;
        assert!(refused.refused(422).contains("as `typed`"), "{refused:?}");
    }
    pull.push("chloe-m", "Use a queue", thursday_morning());
    let typed = json!({"typed": "ACME/api#1"});
    let drifted = counter.post(&approve, &ben, typed.clone()).await;
    assert!(
        drifted.refused(409).contains("`drift` says what changed"),
        "{drifted:?}"
    );
    let first = counter.post(&approve, &ben, typed.clone()).await.done();
    assert_eq!(
        (&first["state"], &first["missing"]),
        (&json!("pending"), &json!(1))
    );
    assert_eq!(first["drift"][0]["fact"], "head commit", "{first}");
    let twice = counter.post(&approve, &ben, typed.clone()).await;
    assert!(twice.refused(409).contains("said so already"), "{twice:?}");
    assert_eq!(counter.effects(), []);
    counter.post(&approve, &dmitri, typed).await.done();
    counter.card_says("Done: Merge acme/api#1").await;
    assert_eq!(counter.effects(), [("merge", "acme/api#1".to_owned())]);
    counter.finish().await;
}

async fn approvals_come_in_pages(database: TestDatabase) {
    let counter = Counter::open(database).await;
    let token = counter.token("ben", 1, &[Scope::ApprovalsRead]).await;
    let mut expected = BTreeSet::new();
    for number in 1..=5 {
        counter.pull(&format!("Change {number}"));
        expected.insert(counter.proposed(&format!("close acme/api#{number}")).await);
    }
    let (mut seen, mut before, mut pages) = (BTreeSet::new(), String::new(), 0);
    loop {
        let page = counter
            .get(&format!("/v1/approvals?state=all&limit=2{before}"), &token)
            .await
            .done();
        let ids = page["approvals"].as_array().unwrap().iter();
        seen.extend(ids.map(|asked| asked["id"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        before = format!("&before={next}");
    }
    assert_eq!((seen, pages), (expected, 3));
    let none = counter.get("/v1/approvals?state=declined", &token).await.done();
    assert_eq!(none, json!({"approvals": []}));
    counter.finish().await;
}

async fn what_the_policy_says_of_a_command_holds_over_http(database: TestDatabase) {
    let setting = Setting {
        toml: "[policy.roles]\nmanager = [\"U0ANA\"]\n[policy.data]\nadministration = [\"docs add\", \"approvals\"]\n"
            .to_owned(),
        ..Setting::default()
    };
    let counter = Counter::open_with(database, setting).await;
    let ana = counter.token("ana", 1, &Scope::ALL).await;
    let ben = counter.token("ben", 2, &Scope::ALL).await;
    let document = json!({"id": "a", "content": "Payouts run at noon."});
    let refused = counter
        .post("/v1/knowledge/documents", &ben, document.clone())
        .await;
    assert!(refused.refused(403).contains("role manager"), "{refused:?}");
    counter.get("/v1/approvals", &ben).await.refused(403);
    counter.get("/v1/approvals", &ana).await.done();
    counter
        .post("/v1/knowledge/documents", &ana, document)
        .await
        .done();
    let log = counter.log_of("U0BEN").await;
    let told = log
        .iter()
        .find(|(kind, ..)| kind == "request.documents.upsert")
        .expect("a line");
    assert!(told.2.contains("refused"), "{told:?}");
    counter.finish().await;
}

const ROLLBACK: &str = "# Payments\n\nA release of payments is undone with `make undo ENV=production`. Tell the people on duty first.\n";

async fn delivery_metrics_are_read_by_window_and_what_is_wrong_is_named(database: TestDatabase) {
    let counter = Counter::open(database).await;
    let token = counter.token("ana", 1, &[Scope::MetricsRead]).await;
    let world = counter.github.world();
    for back in [2, 9, 16, 23, 30] {
        let at = thursday_morning() - TimeDelta::days(back);
        let (pull, opened) = world.open_pull(REPO, &NewPull::new("feat: more", "chloe-m"), at);
        let merged = pull.merge("ben-k", at + TimeDelta::hours(2));
        let new = em_simulator::github::NewDeployment {
            environment: "production".into(),
            sha: format!("{back:040x}"),
            reference: "main".into(),
            by: "ben-k".into(),
        };
        let (id, created) = world.deploy(REPO, &new, at + TimeDelta::hours(5));
        let live = world.deployment_status(REPO, id, "success", at + TimeDelta::hours(6));
        for delivery in [&opened, &merged, &created, &live] {
            counter.bot.github(delivery).await;
        }
    }
    counter.bot.folded().await;
    let all = counter.get("/v1/metrics/dora?window=28d", &token).await.done();
    assert_eq!(all["deployment_frequency"]["deployments"], 4, "{all}");
    assert_eq!(all["lead_time"]["sample"], 4, "{all}");
    assert_eq!(all["change_fail_rate"]["value"], 0.0, "{all}");
    let flow = counter.get("/v1/metrics/flow?window=30d", &token).await.done();
    assert_eq!(flow["cycle_time"]["value"], 7_200.0, "{flow}");
    let one = counter
        .get("/v1/metrics/flow/cycle-time?window=30d&proof=true", &token)
        .await
        .done();
    assert_eq!(one["proof"].as_array().map(Vec::len), Some(5), "{one}");
    let month = counter.get("/v1/metrics/dora?window=30d", &token).await.done();
    agree_with_prometheus(&counter, &month, &flow).await;
    let path = format!(
        "/v1/metrics/dora/lead-time?from=2025-12-01&to=2026-01-15&repository={REPO}&proof=true&mode=devlake-2023"
    );
    let one = counter.get(&path, &token).await.done();
    assert_eq!(one["statistic"], "lower_median", "{one}");
    assert!(
        one["proof"].as_array().is_some_and(|rows| rows.len() >= 4),
        "{one}"
    );
    for (query, named) in [
        ("dora?window=0d", "number of days"),
        ("dora?window=30d&from=2026-01-01", "not both"),
        ("dora?from=2026-02-30", "no date"),
        ("dora?repository=acme/nothing", "acme/nothing"),
        ("dora?mode=mine", "`mode`"),
        ("dora?windows=30d", "windows"),
        ("dora?proof=maybe", "proof"),
        ("dora/velocity", "`metric`"),
        ("flow/velocity", "`metric`"),
        ("flow?mode=fourkeys", "`mode`"),
    ] {
        let refused = counter.get(&format!("/v1/metrics/{query}"), &token).await;
        assert!((400..500).contains(&refused.status), "{query}: {refused:?}");
        let status = refused.status;
        assert!(refused.refused(status).contains(named), "{query}: {refused:?}");
    }
    let other = counter.token("ana", 2, &[Scope::KnowledgeSearch]).await;
    counter.get("/v1/metrics/dora", &other).await.refused(403);
    counter.bot.finish().await;
}

/// Each number of both reports is a gauge, to the digit; what has no value has none.
async fn agree_with_prometheus(counter: &Counter, dora: &Value, flow: &Value) {
    let (status, text) = counter.bot.get("/metrics").await;
    assert_eq!(status, 200);
    for metric in AnyMetric::all() {
        let name = metric.as_str();
        let report = if matches!(metric, AnyMetric::Flow(_)) {
            flow
        } else {
            dora
        };
        let told = report[name.replace('-', "_")]["value"].as_f64();
        let start = format!("em_delivery_value{{metric=\"{name}\"}} ");
        let scraped = text.lines().find_map(|line| line.strip_prefix(&start));
        assert_eq!(
            scraped.map(|value| value.parse().unwrap()),
            told,
            "{name} in\n{text}"
        );
    }
}

async fn documents_sent_twice_change_nothing_and_are_found(database: TestDatabase) {
    let counter = Counter::open(database).await;
    let token = counter
        .token("ana", 1, &[Scope::KnowledgeWrite, Scope::KnowledgeSearch])
        .await;
    let other = counter
        .token("ben", 2, &[Scope::KnowledgeWrite, Scope::KnowledgeSearch])
        .await;
    let documents = json!([
        {"id": "run/payments", "content": ROLLBACK, "meta": {
            "title": "Payments\u{0}", "url": "https://wiki.example.com/payments", "author": "Ana", "owners": ["payments"],
            "changed_at": "2026-01-02T03:04:05.123456789Z"}},
        {"id": "ports", "content": "The billing service listens on port 8443."},
    ]);
    let path = "/v1/knowledge/documents";
    let sent = async |body: Value| {
        let counts = counter.post(path, &token, body).await.done();
        [&counts["new"], &counts["changed"], &counts["unchanged"]].map(|count| count.as_u64().unwrap())
    };
    assert_eq!(sent(documents.clone()).await, [2, 0, 0]);
    assert_eq!(sent(documents.clone()).await, [0, 0, 2]);
    assert_eq!(sent(documents[1].clone()).await, [0, 0, 1]);
    assert_eq!(counter.found(&token, "billing port").await, ["ports"]);

    let hits = counter.post(
        "/v1/knowledge/search",
        &other,
        json!({"query": "undo a release of payments", "k": 1}),
    );
    let hits = hits.await.done();
    let hit = &hits[0];
    assert_eq!(
        (&hit["rank"], &hit["document"], &hit["chunk"]),
        (&json!(1), &json!("run/payments"), &json!(0))
    );
    assert_eq!(
        (&hit["title"], &hit["url"]),
        (
            &json!("Payments\u{fffd}"),
            &json!("https://wiki.example.com/payments")
        )
    );
    assert!(hit["text"].as_str().unwrap().contains("make undo"), "{hit}");
    let printed = counter
        .program(&["search", "--json", "-k", "1", "undo a release of payments"])
        .await;
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(printed, hits, "the command line and the API say the same");

    assert_eq!(
        sent(json!({"id": "ports", "content": "The billing service listens on port 9000."})).await,
        [0, 1, 0]
    );
    assert_eq!(counter.found(&token, "8443").await, [""; 0]);

    // Reading everything again neither removes what was sent nor fails over it.
    let ctx = &counter.bot.bot.ctx;
    em_commands::docs::read(ctx.clone()).await.unwrap();
    let sources = ctx.store.knowledge().list_sources().await.unwrap();
    assert_eq!(sources.len(), 1);
    assert_eq!(
        (sources[0].added.location.as_str(), sources[0].added.kind),
        ("token:t1", SourceKind::Upload)
    );
    assert_eq!(
        (sources[0].state.documents, sources[0].state.last_error.as_deref()),
        (2, None)
    );
    let reindexed = counter.program(&["docs", "reindex"]).await;
    assert!(reindexed.status.success(), "{reindexed:?}");
    assert_eq!(counter.found(&token, "billing port").await, ["ports"]);

    let address = format!("{path}/run%2Fpayments");
    let foreign = counter.send(Method::DELETE, &address, Some(&other), None).await;
    assert!(foreign.refused(404).contains("`run/payments`"), "{foreign:?}");
    let gone = counter.send(Method::DELETE, &address, Some(&token), None).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    counter
        .send(Method::DELETE, &address, Some(&token), None)
        .await
        .refused(404);
    assert_eq!(counter.found(&token, "undo payments release").await, [""; 0]);
    counter.finish().await;
}

async fn documents_that_cannot_be_taken_are_named_and_none_is(database: TestDatabase) {
    let counter = Counter::open(database).await;
    let token = counter
        .token("ana", 1, &[Scope::KnowledgeWrite, Scope::KnowledgeSearch])
        .await;
    let good = json!({"id": "good", "content": "Payouts run at noon."});
    let many: Vec<Value> = (0..1_001)
        .map(|number| json!({"id": number.to_string(), "content": "x"}))
        .collect();
    for (bad, words) in [
        (json!({"id": " ", "content": "x"}), "`id` has from 1"),
        (json!({"id": "a\nb", "content": "x"}), "no control characters"),
        (json!({"id": "a", "content": " "}), "`content` says nothing"),
        (
            json!({"id": "a", "content": "x", "meta": {"url": "javascript:alert(1)"}}),
            "`meta.url`",
        ),
        (
            json!({"id": "good", "content": "x"}),
            "two documents are called `good`",
        ),
        (
            json!({"id": "a", "content": "x", "meta": {"colour": "red"}}),
            "`colour`",
        ),
        (
            json!({"id": "a", "content": "x", "meta": {"changed_at": "yesterday"}}),
            "[1].meta.changed_at",
        ),
        (json!({"id": "a", "text": "x"}), "unknown field `text`"),
        (json!(7), "[1]"),
    ] {
        let refused = counter
            .post("/v1/knowledge/documents", &token, json!([good, bad]))
            .await;
        assert!(refused.refused(422).contains(words), "{bad}: {refused:?}");
    }
    for bad in [json!([]), json!(many)] {
        let refused = counter.post("/v1/knowledge/documents", &token, bad).await;
        assert!(
            refused.refused(422).contains("from 1 to 1000 documents"),
            "{refused:?}"
        );
    }
    assert_eq!(counter.found(&token, "payouts").await, [""; 0]);
    counter.finish().await;
}

async fn what_was_sent_gets_its_meaning_from_the_model(database: TestDatabase) {
    let model = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/all-MiniLM-L6-v2");
    let setting = Setting {
        toml: format!("[knowledge]\nmodel_dir = {:?}\n", model.display().to_string()),
        ..Setting::default()
    };
    let counter = Counter::open_with(database, setting).await;
    let token = counter
        .token("ana", 1, &[Scope::KnowledgeWrite, Scope::KnowledgeSearch])
        .await;
    let document = json!({"id": "noon", "content": "Salaries are transferred at midday."});
    counter
        .post("/v1/knowledge/documents", &token, document)
        .await
        .done();
    let deadline = Instant::now() + 4 * PATIENCE;
    while counter
        .bot
        .database
        .store
        .knowledge()
        .list_models()
        .await
        .unwrap()
        .is_empty()
    {
        assert!(Instant::now() < deadline, "no meaning is worked out");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // No word of the question is in the document.
    assert_eq!(counter.found(&token, "when do we get paid").await, ["noon"]);
    counter.finish().await;
}

async fn a_private_document_is_found_only_by_those_who_may_see_it(database: TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let sources = [
        ("people", Visibility::People(["U0BEN".into()].into())),
        ("channel", Visibility::Channels(["C0OPS".into()].into())),
        ("open", Visibility::Everyone),
    ];
    for (number, (name, visibility)) in (1_u128..).zip(sources) {
        let place = folder.path().join(name);
        std::fs::create_dir(&place).unwrap();
        std::fs::write(
            place.join(format!("{name}.md")),
            format!("# {name}\n\nThe bonus is paid in March.\n"),
        )
        .unwrap();
        let source = NewSource {
            id: SourceId::new(Ulid::from(number)),
            kind: SourceKind::Folder,
            location: place.display().to_string(),
            visibility,
            added_by: None,
            added_at: thursday_morning(),
        };
        database.store.knowledge().insert_source(&source).await.unwrap();
    }
    let counter = Counter::open(database).await;
    em_commands::docs::read(counter.bot.bot.ctx.clone())
        .await
        .unwrap();
    let ana = counter.token("ana", 1, &[Scope::KnowledgeSearch]).await;
    let ben = counter.token("ben", 2, &[Scope::KnowledgeSearch]).await;
    let found = async |token| {
        let found = counter.found(token, "bonus in March").await;
        found.into_iter().collect::<BTreeSet<_>>()
    };
    assert_eq!(found(&ana).await, ["open.md".to_owned()].into());
    assert_eq!(
        found(&ben).await,
        ["open.md".to_owned(), "people.md".to_owned()].into()
    );
    counter.finish().await;
}
