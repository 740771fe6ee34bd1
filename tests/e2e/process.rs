//! The program as a process: its subcommands, their exit codes, what survives `kill -9`, and what it logs.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use em_domain::clock::{Clock as _, SystemClock};
use em_simulator::github::{Delivery, GithubSimulator, GithubWorld, NewPull};
use em_simulator::{Fault, Options, Simulator};
use em_storage::testing::TestDatabase;
use em_storage::{Store, StoreConfig};
use em_tests::{PATIENCE, WEBHOOK_SECRET, story, thursday_morning};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// The program with an environment and a folder of its own.
pub(crate) struct Program {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

/// What a run of it came to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn new() -> Self {
        let program = Self {
            folder: tempfile::tempdir().unwrap(),
            environment: BTreeMap::new(),
        };
        let data = program.data_dir().display().to_string();
        program
            .env("EM_AGENT_DATA_DIR", &data)
            .env("HTTP_ADDR", "127.0.0.1:0")
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With the tokens of a pretend Slack.
    pub(crate) fn for_slack(self, slack: &Simulator) -> Self {
        self.env("SLACK_API_URL", &slack.slack_api_url())
            .env("SLACK_APP_TOKEN", slack.app_token())
            .env("SLACK_BOT_TOKEN", slack.bot_token())
            .env("GITHUB_WEBHOOK_SECRET", WEBHOOK_SECRET)
    }

    /// On the database of a test. On PostgreSQL the bot keeps nothing in files.
    pub(crate) fn on(self, database: &TestDatabase) -> Self {
        use secrecy::ExposeSecret as _;
        match &database.config.url {
            Some(url) => self.env("DATABASE_URL", url.expose_secret()),
            None => self.env(
                "EM_AGENT_DATA_DIR",
                &database.config.data_dir.display().to_string(),
            ),
        }
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a file into the program's working folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_em-agent-under-test"));
        command
            .args(arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.folder.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs it to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Done {
        let running = self.command(arguments).output();
        let output = tokio::time::timeout(PATIENCE, running)
            .await
            .expect("it ends")
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Done {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Starts `run` and waits until it is at work.
    pub(crate) async fn start(&self) -> Running {
        let mut running = Running::of(self.command(&["run"]).spawn().unwrap());
        running.wait_for("ready to work").await;
        running
    }

    /// The program's database, for looking.
    pub(crate) async fn store(&self) -> Store {
        Store::open(&StoreConfig::new(None, self.data_dir(), [0; 32]))
            .await
            .unwrap()
    }
}

/// Runs the program beside a bot, on its database, with lines of `em-agent.toml`.
pub(crate) async fn run_beside(database: &TestDatabase, toml: &str, arguments: &[&str]) -> Done {
    let program = Program::new().on(database);
    program.write("em-agent.toml", toml);
    program.run(arguments).await
}

/// The bot as a process.
pub(crate) struct Running {
    child: Child,
    log: Arc<Mutex<String>>,
    reading: tokio::task::JoinHandle<()>,
}

impl Running {
    fn of(mut child: Child) -> Self {
        let log = Arc::new(Mutex::new(String::new()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let kept = Arc::clone(&log);
        let reading = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Self { child, log, reading }
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) async fn wait_for(&mut self, words: &str) {
        self.wait_for_times(words, 1).await;
    }

    /// Waits until the log says it so often.
    pub(crate) async fn wait_for_times(&mut self, words: &str, times: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.log().matches(words).count() < times {
            assert!(Instant::now() < deadline, "no “{words}” in\n{}", self.log());
            assert!(
                self.child.try_wait().unwrap().is_none(),
                "it ended:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Where its HTTP server listens, by its own word.
    pub(crate) fn url(&self, path: &str) -> String {
        let log = self.log();
        let ready = log
            .lines()
            .find(|line| line.contains("ready to work"))
            .expect("it is ready");
        let line: Value = serde_json::from_str(ready).unwrap();
        format!("http://{}{path}", line["http_addr"].as_str().unwrap())
    }

    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop, as `docker stop` does; its exit code, how long it took, and its log.
    pub(crate) async fn terminate(mut self) -> (Option<i32>, Duration, String) {
        let asked = Instant::now();
        let id = self.child.id().expect("it runs").to_string();
        Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("it ends")
            .unwrap();
        let took = asked.elapsed();
        self.reading.await.unwrap();
        let log = self.log.lock().unwrap().clone();
        (status.code(), took, log)
    }
}

async fn slack() -> Simulator {
    Simulator::start(Options {
        escapes_command: true,
        ..Options::default()
    })
    .await
    .unwrap()
}

/// A recorded event file of the story.
fn recorded_story() -> String {
    let told = story::tell(
        &GithubWorld::new("token"),
        thursday_morning() - TimeDelta::days(2),
    );
    told.iter()
        .map(|delivery| story::recorded(delivery) + "\n")
        .collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

#[tokio::test]
async fn every_subcommand_explains_itself() {
    let program = Program::new();
    for path in [
        "",
        "run",
        "demo",
        "doctor",
        "migrate",
        "backfill",
        "import",
        "replay",
        "export",
        "dora",
        "dora check",
        "config",
        "config show",
        "config check",
        "config schema",
        "token",
        "token add",
        "token list",
        "token remove",
    ] {
        let mut arguments: Vec<&str> = path.split_whitespace().collect();
        arguments.push("--help");
        let done = program.run(&arguments).await;
        assert_eq!(done.code, Some(0), "{path}: {done:?}");
        assert!(done.stdout.contains("Usage: em-agent"), "{path}: {done:?}");
        let about = done.stdout.lines().next().unwrap();
        assert!(
            about.split_whitespace().count() > 2,
            "{path} does not say what it does: {about}"
        );
    }
}

#[tokio::test]
async fn wrong_usage_and_wrong_configuration_end_with_2_before_anything_starts() {
    let program = Program::new();
    for arguments in [
        &[][..],
        &["dance"],
        &["import"],
        &["config"],
        &["run", "--fast"],
        &["backfill", "github", "--since", "soon"],
    ] {
        let done = program.run(arguments).await;
        assert_eq!(done.code, Some(2), "{arguments:?}: {done:?}");
        assert!(done.stderr.contains("--help"), "{arguments:?}: {done:?}");
    }
    let program = program
        .env("SLACK_SOCKET_CONNECTIONS", "many")
        .env("RETENTION_DAYS", "0");
    for arguments in [
        &["run"][..],
        &["migrate"],
        &["doctor"],
        &["config", "check"],
        &["config", "show"],
        &["replay"],
    ] {
        let done = program.run(arguments).await;
        assert_eq!(done.code, Some(2), "{arguments:?}: {done:?}");
        let named =
            done.stderr.contains("slack.socket_connections: ") && done.stderr.contains("retention.days: ");
        assert!(named, "{arguments:?} does not name both: {done:?}");
    }
    assert!(
        !program.data_dir().exists(),
        "it made files although it could not start"
    );
}

#[tokio::test]
async fn without_slack_the_program_says_what_to_do() {
    let done = Program::new().run(&["run"]).await;
    assert_eq!(done.code, Some(2), "{done:?}");
    for words in ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "em-agent demo"] {
        assert!(done.stderr.contains(words), "{done:?}");
    }
}

#[tokio::test]
async fn config_shows_what_is_in_force_and_its_schema_is_a_file_that_can_be_used() {
    let program = Program::new()
        .env("GITHUB_TOKEN", "ghp_hunter2")
        .env("DATABASE_URL", "postgres://em:hunter2@nowhere/em");
    let file = program.write("mine.toml", "[retention]\ndays = 30\n");
    let shown = program.run(&["config", "show", "--config", &file]).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(
        shown.stdout.contains("days = 30") && shown.stdout.contains("# GITHUB_TOKEN: set"),
        "{shown:?}"
    );
    assert!(!format!("{shown:?}").contains("hunter2"), "{shown:?}");
    let checked = program.run(&["config", "check", "--config", &file]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stdout.contains("mine.toml"), "{checked:?}");
    let missing = program
        .run(&["config", "check", "--config", "nowhere.toml"])
        .await;
    assert_eq!(missing.code, Some(2), "{missing:?}");

    let schema = program.run(&["config", "schema"]).await;
    program.write("em-agent.toml", &schema.stdout);
    let checked = program.run(&["config", "check"]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(
        checked.stdout.contains("em-agent.toml"),
        "it does not read the file in the working folder: {checked:?}"
    );
}

#[tokio::test]
async fn migrate_makes_the_database_and_may_be_repeated() {
    let program = Program::new();
    for _ in 0..2 {
        let done = program.run(&["migrate"]).await;
        assert_eq!(
            (done.code, done.stdout.as_str()),
            (Some(0), "The database is up to date.\n"),
            "{done:?}"
        );
    }
    program.store().await.ping().await.unwrap();
    let gone = Program::new()
        .env("DATABASE_URL", "postgres://em:hunter2@127.0.0.1:1/em")
        .run(&["migrate"])
        .await;
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(
        gone.stderr.contains("the database cannot be opened") && !gone.stderr.contains("hunter2"),
        "{gone:?}"
    );
}

#[tokio::test]
async fn a_recorded_file_is_imported_plain_or_packed_with_bad_lines_named() {
    let story = recorded_story();
    let (plain, packed) = (Program::new(), Program::new());
    let file = plain.write(
        "events.jsonl",
        format!("{story}\n{{\"headers\": oops\n{{\"headers\":{{}},\"body\":{{}}}}\n"),
    );
    let done = plain.run(&["import", &file]).await;
    assert_eq!(done.code, Some(1), "{done:?}");
    let lines = story.lines().count();
    assert!(
        done.stdout
            .starts_with(&format!("Imported {lines} events; 2 lines could not be read.")),
        "{done:?}"
    );
    assert!(
        done.stdout
            .contains(&format!("line {}: not a recorded delivery", lines + 2)),
        "{done:?}"
    );
    assert!(
        done.stdout
            .contains(&format!("line {}: the headers name no known sender", lines + 3)),
        "{done:?}"
    );

    let file = packed.write("events.jsonl.gz", gzip(&story));
    let done = packed.run(&["import", &file]).await;
    assert_eq!(
        (done.code, done.stdout),
        (Some(0), format!("Imported {lines} events.\n"))
    );
    let again = packed.run(&["import", &file]).await;
    assert_eq!(
        (again.code, again.stdout),
        (
            Some(0),
            format!("Imported 0 events; {lines} were known already.\n")
        )
    );

    let digest = plain.store().await.facts().digest().await.unwrap();
    assert_eq!(packed.store().await.facts().digest().await.unwrap(), digest);
    let replayed = plain.run(&["replay"]).await;
    assert_eq!(
        (replayed.code, replayed.stdout),
        (
            Some(0),
            format!("Rebuilt all facts from {lines} events (0 not understood).\n")
        )
    );
    assert_eq!(plain.store().await.facts().digest().await.unwrap(), digest);

    let cut = packed.write("cut.jsonl.gz", &gzip(&story)[..200]);
    let done = packed.run(&["import", &cut]).await;
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("cut.jsonl.gz"), "{done:?}");
    let missing = packed.run(&["import", "nowhere.jsonl"]).await;
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(
        missing.stderr.contains("cannot read nowhere.jsonl"),
        "{missing:?}"
    );
}

/// Two whole batches of an import and a bit.
const LONG: u32 = 4_100;

/// Many pull requests, opened and half of them closed, in several batches of an import.
fn long_history() -> String {
    let world = GithubWorld::new("token");
    world.add_repo("acme/long", thursday_morning());
    let (pull, opened) = world.open_pull(
        "acme/long",
        &NewPull::new("One of many", "ana-ruiz"),
        thursday_morning(),
    );
    let closed = pull.close("ana-ruiz", thursday_morning() + TimeDelta::hours(1));
    let template = |mut delivery: Delivery| {
        "DELIVERY".clone_into(&mut delivery.id);
        delivery.body["number"] = "NUMBER".into();
        delivery.body["pull_request"]["number"] = "NUMBER".into();
        story::recorded(&delivery) + "\n"
    };
    let templates = [template(opened), template(closed)];
    let line = |number: u32| {
        let line = templates[number as usize % 2].replace("\"NUMBER\"", &number.div_ceil(2).to_string());
        line.replace("DELIVERY", &format!("delivery-{number}"))
    };
    (1..=LONG).map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_was_killed_is_run_again_and_ends_in_the_same_facts() {
    let history = long_history();
    let program = Program::new();
    let file = program.write("events.jsonl", &history);
    program.run(&["migrate"]).await;
    let store = program.store().await;
    let stored = async || {
        store
            .events()
            .count_before(SystemClock.now() + TimeDelta::days(1))
            .await
            .unwrap()
    };
    let mut import = program.command(&["import", &file]).spawn().unwrap();
    while stored().await == 0 {
        assert!(
            import.try_wait().unwrap().is_none(),
            "it ended before it could be killed"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    import.kill().await.unwrap();
    let before = stored().await;
    assert!(
        (1..i64::from(LONG)).contains(&before),
        "it was not killed in the middle: {before}"
    );

    let done = program.run(&["import", &file]).await;

    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stdout.contains(&format!("{before} were known already")),
        "{done:?}"
    );
    let whole = TestDatabase::sqlite().await;
    em_bot::import::lines(
        &whole.store,
        std::io::Cursor::new(history),
        em_bot::import::Reading::plain(thursday_morning()),
    )
    .await
    .unwrap();
    let (killed, whole) = (
        store.facts().dump().await.unwrap(),
        whole.store.facts().dump().await.unwrap(),
    );
    let differs = killed
        .lines()
        .zip(whole.lines())
        .find(|(killed, whole)| killed != whole);
    assert!(killed == whole, "{differs:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_is_killed_while_it_posts_does_not_post_twice() {
    let slack = slack().await;
    let program = Program::new().for_slack(&slack);
    let file = program.write("events.jsonl", recorded_story());
    program.run(&["import", &file]).await;
    let bot = program.start().await;
    assert!(slack.socket().wait_for_connections(2, PATIENCE).await);
    // The one message arrives and its answer is lost; the other never arrives.
    slack.faults().next("chat.postMessage", Fault::ResetAfterEffect);
    slack.faults().next("chat.postMessage", Fault::Hang);
    for (calls, channel) in [(1, "#ops"), (2, "#payments")] {
        slack
            .user("ana")
            .types(channel, "/em-agent triage post")
            .unwrap()
            .await;
        let called = slack.wait_until(PATIENCE, |_| {
            (slack.faults().count("chat.postMessage") >= calls).then_some(())
        });
        called.await.expect("it posts");
    }

    bot.kill().await;
    let answers = |workspace: &em_simulator::workspace::Workspace| {
        workspace
            .all_messages()
            .filter(|message| message.ephemeral_for.is_some())
            .count()
    };
    // It may have said something before it was killed.
    let before = slack.read(answers);
    let bot = program.start().await;
    assert!(slack.socket().wait_for_connections(2, PATIENCE).await);
    slack
        .user("ana")
        .types("#ops", "/em-agent triage post")
        .unwrap()
        .await;
    slack
        .wait_until(PATIENCE, |workspace| (answers(workspace) > before).then_some(()))
        .await
        .expect("an answer");
    let posts = |workspace: &em_simulator::workspace::Workspace, channel: &str| {
        let id = workspace.channel(channel).unwrap().id.clone();
        workspace
            .messages(&id)
            .filter(|message| message.ephemeral_for.is_none())
            .count()
    };
    let (code, _, log) = bot.terminate().await;
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(slack.read(|workspace| posts(workspace, "ops")), 1, "{log}");
    assert_eq!(slack.read(|workspace| posts(workspace, "payments")), 0, "{log}");
    slack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_is_asked_to_stop_ends_within_ten_seconds_with_0() {
    let slack = slack().await;
    let program = Program::new().for_slack(&slack);
    let bot = program.start().await;
    assert!(slack.socket().wait_for_connections(2, PATIENCE).await);
    let (code, took, log) = bot.terminate().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(took < Duration::from_secs(10), "{took:?}");

    // Also while it still waits for a Slack that does not answer.
    slack.faults().repeat("auth.test", &Fault::Hang, 10);
    let bot = Running::of(program.command(&["run"]).spawn().unwrap());
    let asked = slack.wait_until(PATIENCE, |_| {
        (slack.faults().count("auth.test") >= 2).then_some(())
    });
    asked.await.expect("it asks Slack");
    let (code, took, log) = bot.terminate().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    slack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_the_bot_from_starting_is_said_with_the_way_out() {
    let slack = slack().await;
    let bad_token = Program::new()
        .for_slack(&slack)
        .env("SLACK_BOT_TOKEN", "xoxb-0000000000-revoked");
    let done = bad_token.run(&["run"]).await;
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr.contains("Slack refused my token") && done.stderr.contains("em-agent doctor"),
        "{done:?}"
    );

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let done = Program::new()
        .for_slack(&slack)
        .env("HTTP_ADDR", &address)
        .run(&["run"])
        .await;
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr
            .contains(&format!("cannot listen on {address} (http.addr)")),
        "{done:?}"
    );
    slack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_names_what_is_missing_and_how_to_mend_it() {
    let done = Program::new().run(&["doctor"]).await;
    assert_eq!(done.code, Some(1), "{done:?}");
    for words in [
        "ok    The configuration can be used",
        "FAIL  Slack does not accept me",
        "SLACK_BOT_TOKEN",
        "warn  Nothing comes in from GitHub",
    ] {
        assert!(done.stdout.contains(words), "{words}: {done:?}");
    }

    let slack = slack().await;
    let program = Program::new()
        .for_slack(&slack)
        .env("SLACK_DEFAULT_CHANNEL", "#ops");
    let done = program.run(&["doctor"]).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    slack.faults().remove_scope("users:read.email");
    let done = program
        .env("SLACK_DEFAULT_CHANNEL", "#random")
        .run(&["doctor"])
        .await;
    assert_eq!(done.code, Some(1), "{done:?}");
    for words in [
        "The scope `users:read.email` is missing",
        "reinstall",
        "I cannot post to the default channel #random",
    ] {
        assert!(done.stdout.contains(words), "{words}: {done:?}");
    }
    let broken = Program::new()
        .env("DATABASE_URL", "postgres://em:hunter2@127.0.0.1:1/em")
        .run(&["doctor"])
        .await;
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(
        broken.stdout.contains("FAIL  The database cannot be opened"),
        "{broken:?}"
    );
    assert!(!format!("{broken:?}").contains("hunter2"), "{broken:?}");
    slack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_live_asks_the_running_bot() {
    let slack = slack().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let program = Program::new()
        .for_slack(&slack)
        .env("HTTP_ADDR", &format!("127.0.0.1:{port}"));
    assert_eq!(program.run(&["doctor", "--live"]).await.code, Some(1));
    let bot = program.start().await;
    assert_eq!(program.run(&["doctor", "--live"]).await.code, Some(0));
    bot.terminate().await;
    slack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_are_json_lines_that_belong_together_and_never_hold_a_secret() {
    const GITHUB_TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let (slack, github) = (slack().await, GithubSimulator::start(GITHUB_TOKEN).await.unwrap());
    let told = story::tell(github.world(), SystemClock.now() - TimeDelta::days(2));
    let program = Program::new()
        .for_slack(&slack)
        .env("GITHUB_TOKEN", GITHUB_TOKEN)
        .env("GITHUB_API_URL", &github.api_url())
        .env("EM_AGENT__GITHUB__REPOSITORIES", r#"["acme/shop"]"#)
        .env("SLACK_SIGNING_SECRET", slack.signing_secret())
        .env("RUST_LOG", "trace");
    let bot = program.start().await;
    assert!(slack.socket().wait_for_connections(2, PATIENCE).await);
    let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    for secret in [WEBHOOK_SECRET, "wrong"] {
        let mut request = http.post(bot.url("/webhooks/github")).body(told[0].bytes());
        for (name, value) in told[0].headers(secret) {
            request = request.header(name, value);
        }
        request.send().await.unwrap();
    }
    let sent = slack.user("ana").types("#ops", "/em-agent doctor").unwrap();
    let (envelope, response_url, trigger) = (
        sent.envelope_id.clone(),
        sent.response_url.clone().unwrap(),
        sent.trigger_id.clone(),
    );
    sent.await;
    slack
        .wait_until(PATIENCE, |w| {
            w.all_messages().find(|m| m.ephemeral_for.is_some()).map(|_| ())
        })
        .await
        .expect("an answer");

    let (code, _, log) = bot.terminate().await;

    assert_eq!(code, Some(0));
    let secrets = [
        slack.app_token(),
        slack.bot_token(),
        slack.signing_secret(),
        GITHUB_TOKEN,
        WEBHOOK_SECRET,
        &response_url,
    ];
    for secret in secrets {
        let line = log
            .lines()
            .find(|line| line.contains(secret))
            .map(|line| line.chars().take(600).collect::<String>());
        assert_eq!(line, None, "{secret} is in the log (trigger {trigger:?})");
    }
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(
            ["timestamp", "level", "target"]
                .iter()
                .all(|key| line[key].is_string()),
            "{line}"
        );
    }
    let delivered = format!("\"delivery.id\":\"{envelope}\"");
    assert!(
        log.lines().filter(|line| line.contains(&delivered)).count() > 1,
        "the command's lines do not carry its id"
    );
    assert!(log.contains("webhook refused"), "a refused webhook leaves a line");
    slack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_a_newer_version_is_left_alone() {
    let program = Program::new();
    program.run(&["migrate"]).await;
    let file = program.data_dir().join("em-agent.db");
    add_unknown_migration(&file).await;
    let done = program.run(&["migrate"]).await;
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("migration 9999"), "{done:?}");
}

async fn add_unknown_migration(file: &Path) {
    use sqlx::Connection as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut other = sqlx::sqlite::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', 1, x'00', 0)";
    sqlx::raw_sql(sql).execute(&mut other).await.unwrap();
}
