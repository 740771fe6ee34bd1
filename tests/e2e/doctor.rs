//! `/em-agent doctor`: what is wrong, why it matters, and how to mend it.

use em_simulator::Fault;
use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::scene::{REPO, Scene, assert_snapshot, january};

both_engines!(
    a_healthy_bot_says_so,
    a_missing_scope_is_named_with_what_fails_and_the_fix,
    a_default_channel_without_the_bot_is_named,
    silence_of_github_is_noticed,
    events_that_are_not_understood_are_counted,
    a_refused_app_token_is_named,
);

async fn a_healthy_bot_says_so(database: TestDatabase) {
    let scene = Scene::start_with(database, "[slack]\ndefault_channel = \"#ops\"\n").await;
    scene.pull("Retry failed payouts", "ben-k").await;
    assert_snapshot!(scene.answer("ana", "/em-agent doctor").await, @r"
    em-agent (only ana sees this):
      # Everything works
      *✓ Works · 6*
      • Slack knows me in Acme
      • Socket Mode can be opened
      • I am in the default channel #ops
      • The database answers
      • GitHub webhooks are verified with a secret
      • Events come in from github
    ");
    scene.finish().await;
}

async fn a_missing_scope_is_named_with_what_fails_and_the_fix(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.bot.slack.faults().remove_scope("users:read.email");
    scene.bot.slack.faults().remove_scope("channels:read");
    assert_snapshot!(scene.answer("ana", "/em-agent doctor").await, @r"
    em-agent (only ana sees this):
      # 2 to put right
      *✗ Does not work · 2*
      • The scope `channels:read` is missing
         Why it matters: Without it I cannot find public channels by name.
         To do: Add `channels:read` under OAuth & Permissions, or update the app from manifest.yaml; then reinstall it.
      • The scope `users:read.email` is missing
         Why it matters: Without it I cannot link people by their e-mail address.
         To do: Add `users:read.email` under OAuth & Permissions, or update the app from manifest.yaml; then reinstall it.
      *✓ Works · 4*
      • Slack knows me in Acme
      • Socket Mode can be opened
      • The database answers
      • GitHub webhooks are verified with a secret
    ");
    scene.finish().await;
}

async fn a_default_channel_without_the_bot_is_named(database: TestDatabase) {
    let scene = Scene::start_with(database, "[slack]\ndefault_channel = \"#random\"\n").await;
    let found = scene.answer("ana", "/em-agent doctor").await;
    assert!(
        found.contains("I cannot post to the default channel #random"),
        "{found}"
    );
    assert!(found.contains("/invite @EM Agent"), "{found}");
    let scene = scene.restart("[slack]\ndefault_channel = \"#nowhere\"\n").await;
    let found = scene.answer("ana", "/em-agent doctor").await;
    assert!(
        found.contains("I cannot find that channel") && found.contains("slack.default_channel"),
        "{found}"
    );
    scene.finish().await;
}

async fn silence_of_github_is_noticed(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.pull("Retry failed payouts", "ben-k").await;
    scene.bot.clock.set(january(20, 10));
    let found = scene.answer("ana", "/em-agent doctor").await;
    assert!(
        found.contains("github is quiet") && found.contains("The last event came 5 days ago."),
        "{found}"
    );
    scene.finish().await;
}

async fn events_that_are_not_understood_are_counted(database: TestDatabase) {
    let scene = Scene::start(database).await;
    let (_, mut push) = scene.github.push(REPO, "ben-k", "Speed up", january(14, 14));
    push.event = "pull_request";
    scene.tell(&push).await;
    let found = scene.answer("ana", "/em-agent doctor").await;
    assert!(
        found.contains("1 event “pull_request” from github was not understood"),
        "{found}"
    );
    scene.finish().await;
}

async fn a_refused_app_token_is_named(database: TestDatabase) {
    let scene = Scene::start(database).await;
    scene.bot.slack.faults().repeat(
        "apps.connections.open",
        &Fault::Error("invalid_auth".to_owned()),
        3,
    );
    let found = scene.answer("ana", "/em-agent doctor").await;
    assert!(
        found.contains("Socket Mode cannot be opened") && found.contains("SLACK_APP_TOKEN"),
        "{found}"
    );
    scene.finish().await;
}
