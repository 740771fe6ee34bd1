//! A scripted day on which the bot is killed again and again: afterwards everything that was agreed to was done exactly
//! once, nobody read anything twice, and the audit log is whole.
//!
//! Random by a seed that is printed, so that a day that went wrong can be lived through again:
//! `EM_CRASH_SEED=7 EM_CRASHES=200 cargo test -p em-tests --test e2e crash`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use em_domain::approval::{Approval, ApprovalState};
use em_domain::clock::{Clock as _, SystemClock};
use em_simulator::github::{GithubSimulator, NewPull};
use em_simulator::workspace::{Message, Workspace};
use em_simulator::{Options, Simulator};
use em_storage::testing::TestDatabase;
use em_storage::{Store, both_engines};
use em_tests::PATIENCE;

use crate::process::Program;

both_engines!(whatever_it_is_killed_in_what_was_agreed_to_is_done_once);

const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
const REPO: &str = "acme/api";
/// How often the bot is killed, if nothing else is said.
const CRASHES: usize = 60;
/// A dead worker's jobs are taken over after half a minute, and tried again after some more.
const TO_SETTLE: Duration = Duration::from_mins(3);

const PEOPLE: &str = "[people]\nU0ANA = \"ana-ruiz\"\nU0BEN = \"ben-k\"\nU0CHLOE = \"chloe-m\"\nU0DMITRI = \"dmitri-v\"\n\
    [http]\nrate_limit_per_min = 100000\n";

/// Dice that fall the same way for the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn setting(name: &str, usual: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test's own knob")]
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The world around a program that dies.
struct Day {
    slack: Simulator,
    github: GithubSimulator,
    program: Program,
    store: Store,
    dice: Dice,
    /// Pull requests there are.
    pulls: u64,
}

impl Day {
    async fn begin(database: &TestDatabase, seed: u64) -> Self {
        let slack = Simulator::start(Options {
            escapes_command: true,
            ..Options::default()
        })
        .await
        .unwrap();
        let github = GithubSimulator::start(TOKEN).await.unwrap();
        let world = github.world();
        world.add_repo(REPO, SystemClock.now() - TimeDelta::days(90));
        world.add_people(&["ana-ruiz", "ben-k", "chloe-m", "dmitri-v"]);
        let program = Program::new()
            .for_slack(&slack)
            .on(database)
            .env("GITHUB_TOKEN", TOKEN)
            .env("GITHUB_API_URL", &github.api_url());
        program.write("em-agent.toml", PEOPLE);
        Self {
            slack,
            github,
            program,
            store: database.store.clone(),
            dice: Dice(seed.max(1)),
            pulls: 0,
        }
    }

    /// Somebody wants something done. Without an answer they would ask again; here it is just never asked.
    async fn propose(&mut self) {
        self.pulls += 1;
        let at = SystemClock.now() - TimeDelta::days(1);
        let title = format!("Change {}", self.pulls);
        let (pull, _) = self
            .github
            .world()
            .open_pull(REPO, &NewPull::new(&title, "chloe-m"), at);
        let number = pull.number();
        let what = match self.dice.below(3) {
            0 => format!("close {REPO}#{number}"),
            1 => format!("comment {REPO}#{number} Please rebase"),
            _ => format!("create-issue {REPO} Follow up on {}", self.pulls),
        };
        self.slack
            .user("ana")
            .types("#ops", &format!("/em-agent propose {what}"))
            .unwrap()
            .await;
    }

    /// Somebody agrees to whatever stands there to be agreed to.
    async fn agree(&mut self) {
        let open: Vec<Message> = self.slack.read(|w| {
            cards(w)
                .filter(|m| w.message_text(m).contains("[Approve]"))
                .cloned()
                .collect()
        });
        if open.is_empty() {
            return;
        }
        let chosen = &open[usize::try_from(self.dice.below(open.len() as u64)).unwrap()];
        let who = if self.dice.below(2) == 0 { "ben" } else { "dmitri" };
        if let Ok(click) = self.slack.user(who).clicks(chosen, "approval.approve") {
            click.await;
        }
    }

    async fn all(&self) -> Vec<Approval> {
        self.store
            .approvals()
            .list(&ApprovalState::ALL, 10_000)
            .await
            .unwrap()
    }
}

fn cards(w: &Workspace) -> impl Iterator<Item = &Message> {
    w.all_messages()
        .filter(|m| m.by_app && m.ephemeral_for.is_none() && !m.is_reply())
}

async fn whatever_it_is_killed_in_what_was_agreed_to_is_done_once(database: TestDatabase) {
    let seed = setting(
        "EM_CRASH_SEED",
        SystemClock.now().timestamp_millis().unsigned_abs(),
    );
    let crashes = usize::try_from(setting("EM_CRASHES", CRASHES as u64)).unwrap();
    eprintln!("EM_CRASH_SEED={seed} EM_CRASHES={crashes}");
    let mut day = Day::begin(&database, seed).await;
    for _ in 0..crashes {
        let bot = day.program.start().await;
        let dies_at = Instant::now() + Duration::from_millis(day.dice.below(700));
        // Connected or not: what Slack could not deliver, its user sees as failed.
        while Instant::now() < dies_at {
            match day.dice.below(3) {
                0 => tokio::time::timeout(Duration::from_millis(300), day.propose())
                    .await
                    .unwrap_or_default(),
                _ => tokio::time::timeout(Duration::from_millis(300), day.agree())
                    .await
                    .unwrap_or_default(),
            }
            tokio::time::sleep(Duration::from_millis(day.dice.below(60))).await;
        }
        bot.kill().await;
    }
    let bot = day.program.start().await;
    settle(&mut day).await;
    let approvals = day.all().await;
    let done = approvals
        .iter()
        .filter(|a| a.state == ApprovalState::Completed)
        .count();
    eprintln!(
        "{} questions, {done} done, {} effects",
        approvals.len(),
        day.github.world().effects().len()
    );
    assert!(done > 0, "the day was too quiet");
    every_agreed_action_happened_once(&day, &approvals);
    nothing_was_posted_twice(&day);
    let verified = day.store.audit().verify().await.unwrap();
    assert!(verified.is_ok(), "{verified:?}");
    let (code, _, log) = bot.terminate().await;
    assert_eq!(code, Some(0), "{log}");
    let violations = day.slack.violations();
    assert!(violations.is_empty(), "{violations:#?}");
    day.slack.stop().await;
}

/// Waits until nothing is under way any more, agreeing to what still stands there.
async fn settle(day: &mut Day) {
    let deadline = Instant::now() + TO_SETTLE;
    assert!(day.slack.socket().wait_for_connections(2, PATIENCE).await);
    loop {
        let under_way: Vec<Approval> = day
            .all()
            .await
            .into_iter()
            .filter(|a| a.state.is_open())
            .collect();
        let is_drawn = under_way.is_empty() && everything_is_drawn(day).await;
        if is_drawn {
            return;
        }
        assert!(Instant::now() < deadline, "still under way: {under_way:#?}");
        day.agree().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Whether every card shows how its question ended.
async fn everything_is_drawn(day: &Day) -> bool {
    let jobs = day.store.jobs().count(SystemClock.now()).await.unwrap();
    jobs.due == 0 && jobs.running == 0
}

fn every_agreed_action_happened_once(day: &Day, approvals: &[Approval]) {
    let mut effects: BTreeMap<(String, String), usize> = BTreeMap::new();
    for effect in day.github.world().effects() {
        *effects
            .entry((effect.kind.to_owned(), effect.target.clone()))
            .or_default() += 1;
    }
    for approval in approvals {
        assert!(
            matches!(approval.state, ApprovalState::Completed),
            "{} ended as {:?}: {:?}",
            approval.request.title,
            approval.state,
            approval.outcome
        );
    }
    let twice: Vec<_> = effects
        .iter()
        .filter(|((kind, _), times)| kind != "create_issue" && **times > 1)
        .collect();
    assert!(twice.is_empty(), "done more than once: {twice:?}");
    let wanted: usize = approvals.len();
    let happened: usize = effects.values().sum();
    assert_eq!(happened, wanted, "each once: {effects:?}");
}

fn nothing_was_posted_twice(day: &Day) {
    day.slack.read(|w| {
        let mut seen = BTreeSet::new();
        for message in w.all_messages().filter(|m| m.by_app && m.ephemeral_for.is_none()) {
            let purpose = message
                .metadata
                .as_ref()
                .and_then(|m| m["event_payload"]["key"].as_str());
            let Some(purpose) = purpose else { continue };
            assert!(seen.insert(purpose.to_owned()), "{purpose} was posted twice");
        }
        assert!(!seen.is_empty(), "cards carry their purpose");
    });
}
