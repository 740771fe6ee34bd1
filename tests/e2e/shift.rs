//! Shifts: a metric that is at another level for some weeks is told of once, and never again.

use chrono::{DateTime, Duration, Utc};
use em_commands::{shift, signal};
use em_domain::clock::Clock as _;
use em_simulator::github::NewPull;
use em_simulator::workspace::Message;
use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::scene::{REPO, Scene};

both_engines!(a_shift_is_told_once_and_never_again,);

const SIGNALS: &str = "[slack]\ndefault_channel = \"#payments\"\n[signals]\nenabled = true\n";
/// Weeks in which reviews are slow, of those before Thursday 15 January.
const SLOW: i64 = 8;

fn posted(scene: &Scene) -> Vec<Message> {
    let for_all = |message: &&Message| message.by_app && message.ephemeral_for.is_none();
    scene
        .bot
        .slack
        .read(|w| w.messages("#payments").filter(for_all).cloned().collect())
}

/// Three changes a week since July, with another wait for the first review in each week.
async fn history(scene: &Scene) {
    let first: DateTime<Utc> = "2025-07-14T09:00:00Z".parse().unwrap();
    for week in 0..26 {
        let waits = Duration::minutes(if week < 26 - SLOW {
            60 + week * 7 % 40
        } else {
            600 + week * 11 % 90
        });
        for change in 0..3 {
            let opened_at = first + Duration::days(7 * week + change);
            let new = NewPull::new(&format!("Change {change} of week {week}"), "ana-ruiz");
            let (pull, opened) = scene.github.open_pull(REPO, &new, opened_at);
            let review = pull.review("ben-k", "approved", opened_at + waits);
            let merge = pull.merge("ana-ruiz", opened_at + waits + Duration::minutes(30));
            for delivery in [opened, review, merge] {
                scene.bot.github(&delivery).await;
            }
        }
    }
    scene.bot.folded().await;
}

async fn look(scene: &Scene) {
    shift::evaluate(&scene.bot.bot.ctx).await.unwrap();
    signal::evaluate(&scene.bot.bot.ctx).await.unwrap();
}

async fn a_shift_is_told_once_and_never_again(database: TestDatabase) {
    // One rule that finds nothing here, so that nothing else is told.
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yaml");
    std::fs::write(&rules, "- kind: failing_main\n").unwrap();
    let toml = format!("{SIGNALS}rules = '{}'\n", rules.display());
    let scene = Scene::start_with(database, &toml).await;
    history(&scene).await;
    look(&scene).await;
    // The bot looks by itself too, and may be at it.
    scene
        .bot
        .until(|workspace| {
            let mut all = workspace.messages("#payments");
            all.any(|message| message.by_app).then_some(())
        })
        .await;
    let told = posted(&scene);
    assert_eq!(told.len(), 1, "{told:?}");
    let shown = scene.bot.text(&told[0]).replace('\u{2060}', "");
    for expected in [
        "Metrics that have shifted · 3",
        "Time to first review rose from 1 h to 10 h [10 h – 11 h]",
        "Cycle time rose from 1 h to 11 h [10 h – 11 h]",
        "Idle time rose from",
        "info · since Mon 10 Nov 00:00",
        "[Explain…]",
    ] {
        assert!(shown.contains(expected), "no “{expected}” in\n{shown}");
    }
    // Half a year in which nothing is merged: that too is a shift, and the only other one.
    for _ in 0..13 {
        scene.bot.clock.advance(Duration::days(14));
        look(&scene).await;
        let all: Vec<String> = posted(&scene)
            .iter()
            .map(|message| scene.bot.text(message))
            .collect();
        for metric in ["Time to first review rose", "Cycle time rose", "Idle time rose"] {
            assert_eq!(
                all.iter().filter(|text| text.contains(metric)).count(),
                1,
                "{all:#?}"
            );
        }
        assert!(all.len() <= 2, "{all:#?}");
    }
    let last = posted(&scene).pop().map(|message| scene.bot.text(&message));
    assert!(last.is_some_and(|text| text.contains("Throughput fell from 3 per week to 0 per week")));
    let open = scene.answer("ana", "/em-agent signals metric_shift").await;
    assert!(open.contains("No metric_shift signal is open"), "{open}");
    let kept = scene.bot.database.store.signals();
    let purged = kept.purge(scene.bot.clock.now()).await.unwrap();
    assert_eq!(purged, 0, "what may still be seen in the weeks is remembered");
    scene.finish().await;
}
