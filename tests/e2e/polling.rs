//! Polling GitHub: for networks without a public address, the same list as webhooks give.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use em_domain::job::JobState;
use em_simulator::github::{Budget, Fault, GithubSimulator, NewPull};
use em_storage::testing::TestDatabase;
use em_tests::story::{self, REPOSITORY};
use em_tests::{PATIENCE, Setting, TestBot, both_engines, thursday_morning};

use crate::process::Program;

both_engines!(
    open_pull_requests_of_a_polled_repository_appear_in_triage,
    polling_and_webhooks_of_the_same_history_give_the_same_list,
    after_a_restart_polling_goes_on_where_it_stopped,
    of_two_replicas_one_polls_and_the_other_goes_on_when_it_stops,
);

const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

/// A pretend GitHub in which the story happened in the days before the test.
async fn github() -> GithubSimulator {
    let github = GithubSimulator::start(TOKEN).await.unwrap();
    story::tell(github.world(), thursday_morning() - TimeDelta::days(2));
    github
}

const EVERY_SECOND: &str = "[github]\nrepositories = ['acme/shop']\npoll_interval_seconds = 1";

fn setting(github: &GithubSimulator) -> Setting {
    let environment = vec![
        ("GITHUB_TOKEN", TOKEN.to_owned()),
        ("GITHUB_API_URL", github.api_url()),
    ];
    Setting {
        toml: EVERY_SECOND.to_owned(),
        environment,
        ..Setting::default()
    }
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, looking).await.is_ok(),
        "{what}: not within {PATIENCE:?}"
    );
}

/// Waits until whole rounds were read and worked in.
async fn polled(bot: &TestBot, github: &GithubSimulator) {
    let before = rounds(github);
    // The second to begin from here on shows that the one before it has ended.
    until("a round of polling", async || rounds(github) >= before + 2).await;
    bot.folded().await;
}

/// Rounds that have begun and were let in: each lists the releases once.
fn rounds(github: &GithubSimulator) -> usize {
    let calls = github.world().calls();
    calls
        .iter()
        .filter(|call| call.path == "/repos/acme/shop/releases" && matches!(call.status, 200 | 304))
        .count()
}

async fn triage(bot: &TestBot) -> String {
    let answer = bot.ask("ana", "#ops", "/em-agent triage").await;
    bot.text(&answer)
}

async fn open_pull_requests_of_a_polled_repository_appear_in_triage(database: TestDatabase) {
    let github = github().await;
    let bot = TestBot::start_with(database, setting(&github)).await;
    polled(&bot, &github).await;
    let text = triage(&bot).await;
    assert!(
        text.contains("Faster checkout") && !text.contains("Coupons"),
        "{text}"
    );

    let now = thursday_morning() - TimeDelta::minutes(1);
    github
        .world()
        .open_pull(REPOSITORY, &NewPull::new("Gift cards", "carla-m"), now);
    polled(&bot, &github).await;
    let text = triage(&bot).await;
    assert!(text.contains("Gift cards"), "{text}");
    bot.finish().await;
}

async fn polling_and_webhooks_of_the_same_history_give_the_same_list(database: TestDatabase) {
    let github = GithubSimulator::start(TOKEN).await.unwrap();
    let told = story::tell(github.world(), thursday_morning() - TimeDelta::days(2));
    let polling = TestBot::start_with(database, setting(&github)).await;
    let hooked = TestBot::start(TestDatabase::sqlite().await).await;
    for delivery in &told {
        hooked.github(delivery).await;
    }
    hooked.folded().await;
    polled(&polling, &github).await;
    assert_eq!(triage(&polling).await, triage(&hooked).await);

    // Whoever has both reads everything twice and still counts it once.
    let before = polling.database.store.facts().dump().await.unwrap();
    for delivery in &told {
        polling.github(delivery).await;
    }
    polling.folded().await;
    assert_eq!(triage(&polling).await, triage(&hooked).await);
    let rows = |dump: &str, kind: &str| dump.lines().filter(|line| line.starts_with(kind)).count();
    let after = polling.database.store.facts().dump().await.unwrap();
    for kind in [
        "pull_requests",
        "reviews",
        "ci_runs",
        "deployments",
        "releases",
        "waiting ",
    ] {
        assert_eq!(rows(&before, kind), rows(&after, kind), "{kind}");
    }
    polling.finish().await;
    hooked.finish().await;
}

async fn after_a_restart_polling_goes_on_where_it_stopped(database: TestDatabase) {
    let github = github().await;
    let bot = TestBot::start_with(database, setting(&github)).await;
    polled(&bot, &github).await;
    let facts = bot.database.store.facts().digest().await.unwrap();
    github.world().clear_calls();

    let bot = bot.restart(EVERY_SECOND).await;
    polled(&bot, &github).await;

    let calls = github.world().calls();
    // The newest change stands on the edge of what was read, so it alone is read again.
    let again = |pull: &str| {
        calls
            .iter()
            .any(|call| call.path == format!("/repos/acme/shop/pulls/{pull}"))
    };
    assert!(again("2") && !again("1"), "{calls:#?}");
    assert_eq!(bot.database.store.facts().digest().await.unwrap(), facts);
    bot.finish().await;
}

/// The workers that were given the job of polling, the newest last.
async fn pollers(bot: &TestBot) -> Vec<String> {
    let jobs = bot.database.store.jobs();
    let running = jobs.list(JobState::Running, 9).await.unwrap();
    let polling: Vec<_> = running.iter().filter(|job| job.kind == "github.poll").collect();
    let Some(polling) = polling.first() else {
        return Vec::new();
    };
    let attempts = jobs.list_attempts(&polling.id).await.unwrap();
    attempts.into_iter().map(|attempt| attempt.worker).collect()
}

async fn of_two_replicas_one_polls_and_the_other_goes_on_when_it_stops(database: TestDatabase) {
    let github = github().await;
    let mut bot = TestBot::start_with(database, setting(&github)).await;
    polled(&bot, &github).await;
    let replica = bot.replica(EVERY_SECOND).await;
    let (started, before) = (Instant::now(), rounds(&github));
    until("six more rounds", async || rounds(&github) >= before + 6).await;
    // Two that poll would have begun twice as many. The first may have been under way.
    let most = started.elapsed().as_secs() + 2;
    let begun = (rounds(&github) - before) as u64;
    assert!(begun <= most, "{begun} rounds in {:?}", started.elapsed());
    let [first] = pollers(&bot).await.try_into().unwrap();

    std::mem::replace(&mut bot.bot, replica).stop().await;
    until("another poller", async || {
        pollers(&bot).await.last().is_some_and(|poller| *poller != first)
    })
    .await;
    polled(&bot, &github).await;
    assert!(triage(&bot).await.contains("Faster checkout"));
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_not_changed_is_asked_for_conditionally_and_costs_nothing() {
    let github = github().await;
    let bot = TestBot::start_with(TestDatabase::sqlite().await, setting(&github)).await;
    polled(&bot, &github).await;
    github.world().clear_calls();
    let before = github.world().budget().remaining;
    polled(&bot, &github).await;
    let calls = github.world().calls();
    assert!(
        calls.iter().any(|call| call.conditional && call.status == 304),
        "{calls:#?}"
    );
    let full = calls.iter().filter(|call| call.status == 200).count();
    assert_eq!(
        full,
        usize::try_from(before - github.world().budget().remaining).unwrap(),
        "{calls:#?}"
    );
    assert!(full <= calls.len() / 2, "most of it is unchanged: {calls:#?}");
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_used_up_rate_limit_is_waited_out_and_nothing_is_missed() {
    let github = github().await;
    let reset_at = thursday_morning() + TimeDelta::minutes(30);
    let used_up = Budget {
        limit: 5_000,
        remaining: 0,
        reset_at: Some(reset_at),
        refusal: 403,
    };
    github.world().set_budget(used_up);
    let bot = TestBot::start_with(TestDatabase::sqlite().await, setting(&github)).await;
    until("a refusal", async || !github.world().calls().is_empty()).await;
    let asked = github.world().calls().len();
    // Two intervals of the machine's time; by the bot's clock the limit still holds.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(
        github.world().calls().len(),
        asked,
        "it asks although it was told when to come back"
    );

    github.world().set_budget(Budget {
        remaining: 5_000,
        ..used_up
    });
    bot.clock.advance(TimeDelta::minutes(31));
    polled(&bot, &github).await;
    assert!(triage(&bot).await.contains("Faster checkout"));
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secondary_limit_a_fault_and_a_cut_answer_only_delay_the_list() {
    let github = github().await;
    let world = github.world();
    world.fail_next("/repos", Fault::Status(502));
    world.fail_next("/repos", Fault::Garbage);
    world.fail_next("/repos", Fault::Cut);
    world.fail_next(
        "/repos",
        Fault::SecondaryLimit {
            status: 429,
            retry_after: Some(60),
        },
    );
    let bot = TestBot::start_with(TestDatabase::sqlite().await, setting(&github)).await;
    until("the secondary limit", async || {
        world.calls().iter().any(|call| call.status == 429)
    })
    .await;
    let before = rounds(&github);
    // From when on it may ask again it notes a moment after it was refused, and that may be behind the first minute.
    until("a round after the limit", async || {
        bot.clock.advance(TimeDelta::seconds(61));
        rounds(&github) > before
    })
    .await;
    polled(&bot, &github).await;
    assert!(triage(&bot).await.contains("Faster checkout"));
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_github_refuses_is_doctors_first_word_about_github() {
    let github = github().await;
    github.world().revoke_tokens();
    let bot = TestBot::start_with(TestDatabase::sqlite().await, setting(&github)).await;
    let answer = bot.ask("ana", "#ops", "/em-agent doctor").await;
    let text = bot.text(&answer);
    assert!(
        text.contains("GitHub cannot be read") && text.contains("Set GITHUB_TOKEN"),
        "{text}"
    );
    bot.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backfill_reads_the_past_from_the_day_that_is_named() {
    let github = github().await;
    let program = Program::new()
        .env("GITHUB_TOKEN", TOKEN)
        .env("GITHUB_API_URL", &github.api_url())
        .env("EM_AGENT__GITHUB__REPOSITORIES", r#"["acme/shop"]"#);
    let done = program
        .run(&["backfill", "github", "--since", "2026-01-01"])
        .await;
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.contains("since 2026-01-01"), "{done:?}");
    let facts = program.store().await.facts().dump().await.unwrap();
    assert!(
        facts.contains("Faster checkout") && facts.contains("Coupons"),
        "{facts}"
    );

    let again = program
        .run(&["backfill", "github", "--since", "2026-01-01"])
        .await;
    assert!(again.stdout.starts_with("Read 0 new events"), "{again:?}");

    github.world().revoke_tokens();
    let refused = program
        .run(&["backfill", "github", "--since", "2026-01-02"])
        .await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("GitHub does not accept the token"),
        "{refused:?}"
    );
    let unknown = program.run(&["backfill", "sourceforge"]).await;
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
}
