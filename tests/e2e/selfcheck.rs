//! The self-check: a week that agrees with its events is believed; what is changed behind the product's back is found, named, told
//! once, and told to be mended.

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::selfcheck::Standing;
use em_storage::testing::TestDatabase;
use em_tests::{PATIENCE, both_engines};
use secrecy::ExposeSecret as _;
use sqlx::Connection as _;

use crate::dora::delivered_scene_with;
use crate::process::run_beside;
use crate::scene::Scene;

both_engines!(
    every_week_of_a_story_agrees_and_what_is_changed_behind_our_back_is_named,
    a_row_that_is_gone_is_named_and_a_replay_brings_it_back,
    whoever_looks_after_the_bot_is_told_once_in_the_morning_and_again_when_it_is_mended,
);

const ADMIN: &str = "[policy.roles]\nadmin = [\"ana-ruiz\"]\n[people]\nU0ANA = \"ana-ruiz\"\n";

/// Runs a statement on the database as nobody should: SQLite's first, or PostgreSQL's.
async fn behind_our_back(database: &TestDatabase, sqlite: &'static str, postgres: &'static str) {
    let Some(url) = &database.config.url else {
        let file = database.config.data_dir.join("em-agent.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
        let mut other = sqlx::sqlite::SqliteConnection::connect_with(&options)
            .await
            .unwrap();
        sqlx::raw_sql(sqlite).execute(&mut other).await.unwrap();
        return;
    };
    let mut other = sqlx::postgres::PgConnection::connect(url.expose_secret())
        .await
        .unwrap();
    sqlx::raw_sql(postgres).execute(&mut other).await.unwrap();
}

/// What an operator sees of the check of a week: the exit code and the words.
async fn check(scene: &Scene, week: &str) -> (Option<i32>, String) {
    let done = run_beside(&scene.bot.database, "", &["dora", "check", "--week", week]).await;
    (done.code, done.stdout + &done.stderr)
}

async fn every_week_of_a_story_agrees_and_what_is_changed_behind_our_back_is_named(database: TestDatabase) {
    let scene = delivered_scene_with(database, "").await;
    for week in ["2025-12-01", "2025-12-08", "2025-12-25", "2026-01-05"] {
        let (code, said) = check(&scene, week).await;
        assert_eq!(code, Some(0), "{week}: {said}");
        assert!(
            said.contains("agrees with its events") && said.contains("17 numbers"),
            "{said}"
        );
    }
    let (code, _) = check(&scene, "2999-01-01").await;
    assert_eq!(code, Some(2), "that week is not over");

    // Live on 6 January at 16:00, by the events; mended at 19:00.
    behind_our_back(
        &scene.bot.database,
        "UPDATE deployments SET fact = replace(fact, '2026-01-06T16:00:00', '2026-01-06T15:00:00'), \
         succeeded_at = replace(succeeded_at, '2026-01-06T16:00:00', '2026-01-06T15:00:00')",
        "UPDATE deployments SET fact = CAST(replace(CAST(fact AS TEXT), '2026-01-06T16:00:00', '2026-01-06T15:00:00') AS JSONB), \
         succeeded_at = succeeded_at - INTERVAL '1 hour' WHERE succeeded_at = '2026-01-06T16:00:00Z'",
    )
    .await;
    let (code, said) = check(&scene, "2026-01-07").await;
    assert_eq!(code, Some(1), "{said}");
    for expected in [
        "The week of 2026-01-05 does not agree with its events:",
        "is stored otherwise: created_at, ended_at",
        "Recovery time: 14400, by the events 10800",
        "em-agent replay",
    ] {
        assert!(said.contains(expected), "no “{expected}” in\n{said}");
    }
    assert_eq!(said.matches("is stored otherwise").count(), 1, "{said}");
    scene.finish().await;
}

async fn a_row_that_is_gone_is_named_and_a_replay_brings_it_back(database: TestDatabase) {
    let scene = delivered_scene_with(database, "").await;
    let gone = "DELETE FROM deployments WHERE created_at = (SELECT MIN(created_at) FROM deployments)";
    behind_our_back(&scene.bot.database, gone, gone).await;
    let (code, said) = check(&scene, "2025-12-01").await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("is not stored") && said.contains("Deployment frequency"),
        "{said}"
    );
    let facts = scene.bot.database.store.facts();
    let replayed = facts.replay(em_integrations::normalise::normalise, |_| ()).await;
    assert!(replayed.unwrap().events > 0);
    let (code, said) = check(&scene, "2025-12-01").await;
    assert_eq!(code, Some(0), "{said}");
    scene.finish().await;
}

/// Waits for the next check by night; the clock stands within the hours of one.
async fn night(scene: &Scene) -> Standing {
    let ctx = &scene.bot.bot.ctx;
    let now: DateTime<Utc> = em_domain::clock::Clock::now(&scene.bot.clock);
    em_commands::selfcheck::enqueue_due(ctx).await.unwrap();
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let kept = ctx.store.cursors().find::<Standing>("selfcheck").await.unwrap();
        let checked = kept.map(|kept| kept.value).filter(|standing| {
            let last = standing.last.as_ref();
            last.is_some_and(|(at, _)| *at >= now)
        });
        if let Some(standing) = checked {
            return standing;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "the night's check does not come"
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn whoever_looks_after_the_bot_is_told_once_in_the_morning_and_again_when_it_is_mended(
    database: TestDatabase,
) {
    let scene = delivered_scene_with(database, ADMIN).await;
    // By day nothing is checked.
    em_commands::selfcheck::enqueue_due(&scene.bot.bot.ctx)
        .await
        .unwrap();
    scene.bot.clock.advance(TimeDelta::hours(17));
    let standing = night(&scene).await;
    assert!(standing.troubles.is_empty(), "{standing:?}");
    let doctor = scene.answer("ana", "/em-agent doctor").await;
    assert!(doctor.contains("agrees with its events"), "{doctor}");

    behind_our_back(
        &scene.bot.database,
        "UPDATE deployments SET fact = replace(fact, '\"main\"', '\"mian\"')",
        "UPDATE deployments SET fact = CAST(replace(CAST(fact AS TEXT), '\"main\"', '\"mian\"') AS JSONB)",
    )
    .await;
    let before = scene.direct("ana").len();
    scene.bot.clock.advance(TimeDelta::hours(24));
    let found = night(&scene).await;
    assert_eq!((found.troubles.len(), found.is_untold()), (1, true), "{found:?}");
    assert_eq!(scene.direct("ana").len(), before, "it is night");
    let doctor = scene.answer("ana", "/em-agent doctor").await;
    assert!(
        doctor.contains("does not agree with its events") && doctor.contains("em-agent replay"),
        "{doctor}"
    );
    // Saturday: it waits for Monday.
    scene.bot.clock.advance(TimeDelta::hours(55));
    let told = scene.until_direct("ana", before + 1).await;
    let shown = scene.bot.text(told.last().unwrap()).replace('\u{2060}', "");
    assert!(
        shown.contains("cannot be believed") && shown.contains("git_ref"),
        "{shown}"
    );

    let facts = scene.bot.database.store.facts();
    facts
        .replay(em_integrations::normalise::normalise, |_| ())
        .await
        .unwrap();
    scene.bot.clock.advance(TimeDelta::hours(17));
    let mended = night(&scene).await;
    assert!(mended.troubles.is_empty(), "{mended:?}");
    scene.bot.clock.advance(TimeDelta::hours(7));
    let ana = scene.bot.user("ana");
    let mended = |text: &str| text.contains("agree with their events again");
    scene
        .bot
        .until(|workspace| {
            let direct = crate::scene::direct(workspace, &ana);
            let texts = direct.iter().map(|message| workspace.message_text(message));
            texts.into_iter().any(|text| mended(&text)).then_some(())
        })
        .await;
    assert_eq!(scene.direct("ana").len(), before + 1, "one message, edited");
    scene.finish().await;
}
