//! `/em-agent whoami`: whom the bot takes somebody for, and why.

use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::scene::{Scene, assert_snapshot};

both_engines!(
    a_stranger_is_told_how_to_link,
    configuration_teams_and_hours_are_shown
);

async fn a_stranger_is_told_how_to_link(database: TestDatabase) {
    let scene = Scene::start(database).await;
    assert_snapshot!(scene.answer("fatima", "/em-agent whoami").await, @r"
    em-agent (only fatima sees this):
      You are @fatima.
      *GitHub*
      No account is linked, so I cannot tell what waits for you. Type `/em-agent link github NAME`.
      | *Your teams*: none that I know of | *Your time zone*: Asia/Kolkata
      | *Working hours*: Mon–Fri 09:00–17:00, UTC
      · Not right? `/em-agent link github NAME` corrects it.
    ");
    scene.finish().await;
}

async fn configuration_teams_and_hours_are_shown(database: TestDatabase) {
    let toml = "[people]\nU0BEN = \"ben-k\"\n[teams.payments]\nmembers = [\"Ben-K\"]\n[calendar]\n\
                zone = \"Europe/Berlin\"\ndays = [\"mon\", \"tue\", \"wed\", \"thu\"]\nend = \"16:30\"\n";
    let scene = Scene::start_with(database, toml).await;
    assert_snapshot!(scene.answer("ben", "/em-agent whoami").await, @r"
    em-agent (only ben sees this):
      You are @ben.
      *GitHub*
      *ben-k*, because the configuration says so, since Thu 15 Jan 11:00
      | *Your teams*: payments | *Your time zone*: America/New_York
      | *Working hours*: Mon–Thu 09:00–16:30, Europe/Berlin
      · Not right? `/em-agent link github NAME` corrects it.
    ");
    scene.finish().await;
}
