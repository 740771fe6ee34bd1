//! `/em-agent triage`: what is stuck, and who must move.

use chrono::Duration;
use em_simulator::github::{GithubWorld, NewPull};
use em_storage::testing::TestDatabase;
use em_tests::{TestBot, both_engines, thursday_morning};

both_engines!(a_pull_request_without_reviewer_is_shown_to_whoever_asks);

async fn a_pull_request_without_reviewer_is_shown_to_whoever_asks(database: TestDatabase) {
    let bot = TestBot::start(database).await;
    let world = GithubWorld::new("token");
    let opened_at = thursday_morning() - Duration::days(2);
    world.add_repo("acme/payments", opened_at);
    let (_pull, opened) = world.open_pull(
        "acme/payments",
        &NewPull::new("Retry failed payouts", "ben-k"),
        opened_at,
    );
    bot.github(&opened).await;
    bot.folded().await;

    let answer = bot.ask("ana", "#ops", "/em-agent triage").await;

    let text = bot.text(&answer);
    assert!(text.contains("Retry failed payouts"), "{text}");
    bot.finish().await;
}
