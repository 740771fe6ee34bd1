//! The test harness: the real bot against a pretend Slack and a pretend GitHub, over real sockets, on either engine.
//!
//! A test starts a [`TestBot`], acts as a person (`bot.ask("ana", "#ops", "/em-agent triage")`), waits for what people
//! see, and ends with [`TestBot::finish`], which fails if Slack would have refused anything that the bot said. Time is
//! the test's ([`TestClock`]); nothing sleeps for time to pass.
//!
//! To add a test: a module of the feature's name in `e2e/`, listed in `e2e/main.rs`.

#![expect(clippy::missing_panics_doc, reason = "a harness panics to fail its test")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a harness panics to fail its test"
)]

pub mod browser;
pub mod nats;
pub mod story;

use std::time::Duration;

use chrono::{DateTime, Utc};
use em_bot::config::{Config, Environment};
use em_bot::run::{self, Bot};
use em_domain::clock::TestClock;
use em_simulator::github::Delivery;
use em_simulator::workspace::{Message, Workspace};
use em_simulator::{Options, Simulator, TimeSource, User};
use em_storage::testing::TestDatabase;
use em_storage::{Store, StoreConfig};
use reqwest::StatusCode;
use secrecy::ExposeSecret;

pub use em_storage::both_engines;

/// The longest a test waits for what should be there in milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// The secret of the GitHub webhooks of a [`TestBot`].
pub const WEBHOOK_SECRET: &str = "It's a Secret to Everybody";

/// Thursday 15 January 2026, 10:00 UTC: a working day like any other.
pub fn thursday_morning() -> DateTime<Utc> {
    "2026-01-15T10:00:00Z".parse().unwrap()
}

/// The bot at work in a pretend world.
pub struct TestBot {
    /// The pretend Slack.
    pub slack: Simulator,
    /// The time, which only the test moves.
    pub clock: TestClock,
    /// The real bot.
    pub bot: Bot,
    /// The database, with a store of its own for looking.
    pub database: TestDatabase,
    /// What the bot was started with, to start it again.
    environment: Environment,
    http: reqwest::Client,
}

/// What differs from the usual bot: lines of `em-agent.toml` and of the environment.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// The configuration file.
    pub toml: String,
    /// More environment.
    pub environment: Vec<(&'static str, String)>,
    /// How Slack is pretended.
    pub slack: Options,
    /// How long the bot's store waits for a lock or a connection, if not as usual.
    pub patience: Option<Duration>,
}

impl TestBot {
    /// A bot with the usual settings: two Socket Mode connections, GitHub webhooks, no polling.
    pub async fn start(database: TestDatabase) -> Self {
        Self::start_with(database, Setting::default()).await
    }

    /// A bot with other settings.
    pub async fn start_with(database: TestDatabase, setting: Setting) -> Self {
        // As the program does first thing; a second call changes nothing.
        rustls::crypto::ring::default_provider().install_default().ok();
        let clock = TestClock::at(thursday_morning());
        let time = clock.clone();
        let options = Options {
            time: TimeSource::from_micros(move || em_domain::clock::Clock::now(&time).timestamp_micros()),
            escapes_command: true,
            ..setting.slack.clone()
        };
        let slack = Simulator::start(options).await.expect("the pretend Slack starts");
        let environment = environment(&slack, &database, &setting);
        let bot = match setting.patience {
            None => start_bot(&environment, &setting.toml, &clock).await,
            Some(patience) => {
                let store = StoreConfig {
                    patience,
                    ..database.config.clone()
                };
                let store = Store::open(&store).await.expect("the database opens");
                let config = configuration(&environment, &setting.toml);
                Box::pin(run::start_on(store, config, std::sync::Arc::new(clock.clone())))
                    .await
                    .expect("the bot starts")
            }
        };
        assert!(
            slack.socket().wait_for_connections(2, PATIENCE).await,
            "the bot does not connect"
        );
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        Self {
            slack,
            clock,
            bot,
            database,
            environment,
            http,
        }
    }

    /// Stops the bot and starts it again on the same database, as a deployment does.
    pub async fn restart(self, toml: &str) -> Self {
        let Self {
            slack,
            clock,
            bot,
            database,
            environment,
            http,
        } = self;
        bot.stop().await;
        let bot = start_bot(&environment, toml, &clock).await;
        assert!(
            slack.socket().wait_for_connections(2, PATIENCE).await,
            "the bot does not connect again"
        );
        Self {
            slack,
            clock,
            bot,
            database,
            environment,
            http,
        }
    }

    /// A second replica on the same database and workspace.
    pub async fn replica(&self, toml: &str) -> Bot {
        start_bot(&self.environment, toml, &self.clock).await
    }

    /// The bot's configuration with other lines in its file.
    pub fn configuration(&self, toml: &str) -> Config {
        configuration(&self.environment, toml)
    }

    /// Somebody in the workspace.
    pub fn user(&self, name: &str) -> User {
        self.slack.user(name)
    }

    /// Waits until the workspace shows something.
    pub async fn until<T>(&self, look: impl FnMut(&Workspace) -> Option<T>) -> T {
        match self.slack.wait_until(PATIENCE, look).await {
            Ok(found) => found,
            Err(not_seen) => panic!("{not_seen:?}"),
        }
    }

    /// Types a command and waits for the answer that only its writer sees.
    pub async fn ask(&self, user: &str, channel: &str, text: &str) -> Message {
        let person = self.user(user);
        let before = self.private_answers(&person.id);
        let outcome = person
            .types(channel, text)
            .expect("the person sees the channel")
            .await;
        assert!(outcome.is_acked(), "{text}: {outcome:?}");
        let id = person.id.clone();
        self.until(|workspace| answers(workspace, &id).nth(before).cloned())
            .await
    }

    fn private_answers(&self, user: &str) -> usize {
        self.slack.read(|workspace| answers(workspace, user).count())
    }

    /// A message as people read it, with its menus and buttons.
    pub fn text(&self, message: &Message) -> String {
        self.slack.read(|workspace| workspace.message_text(message))
    }

    /// Sends a GitHub webhook with a good signature and waits until it is accepted.
    pub async fn github(&self, delivery: &Delivery) {
        let status = self
            .webhook("github", delivery.headers(WEBHOOK_SECRET), delivery.bytes())
            .await;
        assert!(status.is_success(), "{}: {status}", delivery.event);
    }

    /// Posts to a webhook as it is.
    pub async fn webhook(
        &self,
        source: &str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> StatusCode {
        self.post(&format!("/webhooks/{source}"), headers, body)
            .await
            .status()
    }

    /// Posts to the bot's HTTP server.
    pub async fn post(
        &self,
        path: &str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> reqwest::Response {
        let mut request = self.http.post(self.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send().await.expect("the bot answers")
    }

    /// Reads a page of the bot's HTTP server: status and text.
    pub async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = self
            .http
            .get(self.url(path))
            .send()
            .await
            .expect("the bot answers");
        (answer.status(), answer.text().await.expect("text"))
    }

    /// An address of the bot's HTTP server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.bot.http_addr)
    }

    /// Waits until every stored event is a fact.
    pub async fn folded(&self) {
        self.folded_within(PATIENCE).await;
    }

    /// The same with another patience.
    pub async fn folded_within(&self, patience: Duration) {
        let deadline = tokio::time::Instant::now() + patience;
        while self
            .database
            .store
            .events()
            .count_pending()
            .await
            .expect("the database answers")
            > 0
        {
            assert!(tokio::time::Instant::now() < deadline, "events are not worked in");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops the bot and leaves its world.
    pub async fn leave(self) -> World {
        self.bot.stop().await;
        World {
            slack: self.slack,
            clock: self.clock,
            database: self.database,
            environment: self.environment,
        }
    }

    /// Ends the test: the bot stops in time, and Slack would have accepted everything it said.
    pub async fn finish(self) {
        let violations = self.slack.violations();
        assert!(violations.is_empty(), "Slack would refuse: {violations:#?}");
        self.bot.stop().await;
        self.slack.stop().await;
    }
}

/// The pretend world after the bot has left it: a test plays the bot's part itself, without waiting for its loops.
pub struct World {
    /// The pretend Slack.
    pub slack: Simulator,
    /// The time, which only the test moves.
    pub clock: TestClock,
    /// The database.
    pub database: TestDatabase,
    environment: Environment,
}

impl World {
    /// What the bot would be configured with.
    pub fn configuration(&self, toml: &str) -> Config {
        configuration(&self.environment, toml)
    }

    /// Ends the test: Slack would have accepted everything that was said.
    pub async fn finish(self) {
        let violations = self.slack.violations();
        assert!(violations.is_empty(), "Slack would refuse: {violations:#?}");
        self.slack.stop().await;
    }
}

/// What only this person sees, the oldest first, whichever the channel.
fn answers<'w>(workspace: &'w Workspace, user: &str) -> impl Iterator<Item = &'w Message> {
    let theirs = |message: &&Message| message.ephemeral_for.as_deref() == Some(user);
    let mut answers: Vec<_> = workspace.all_messages().filter(theirs).collect();
    answers.sort_by(|a, b| a.ts.cmp(&b.ts));
    answers.into_iter()
}

async fn start_bot(environment: &Environment, toml: &str, clock: &TestClock) -> Bot {
    let config = configuration(environment, toml);
    run::start(config, std::sync::Arc::new(clock.clone()))
        .await
        .expect("the bot starts")
}

fn configuration(environment: &Environment, toml: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("em-agent.toml");
    std::fs::write(&file, toml).unwrap();
    match Config::load(Some(&file), environment) {
        Ok(config) => config,
        Err(problems) => panic!("the configuration cannot be used: {problems:?}"),
    }
}

fn environment(slack: &Simulator, database: &TestDatabase, setting: &Setting) -> Environment {
    let mut environment: Environment = [
        ("SLACK_API_URL", slack.slack_api_url()),
        ("SLACK_APP_TOKEN", slack.app_token().to_owned()),
        ("SLACK_BOT_TOKEN", slack.bot_token().to_owned()),
        ("SLACK_SIGNING_SECRET", slack.signing_secret().to_owned()),
        (
            "EM_AGENT_DATA_DIR",
            database.config.data_dir.display().to_string(),
        ),
        ("HTTP_ADDR", "127.0.0.1:0".to_owned()),
        ("GITHUB_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    // Signals would be posted in between what other tests look at.
    if !setting.toml.contains("[signals]") {
        environment.insert("EM_AGENT__SIGNALS__ENABLED".to_owned(), "false".to_owned());
    }
    if let Some(url) = &database.config.url {
        environment.insert("DATABASE_URL".to_owned(), url.expose_secret().to_owned());
    }
    environment.extend(
        setting
            .environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    environment
}
