//! Deployments that a channel is told of: one message for each, edited through its states, with what went out in its thread.

use chrono::Duration;
use em_commands::deployment_notice;
use em_domain::job::JobState;
use em_simulator::github::{NewDeployment, NewPull};
use em_simulator::workspace::Message;
use em_storage::testing::TestDatabase;
use em_tests::both_engines;

use crate::scene::{REPO, Scene, january};

both_engines!(
    a_deployment_is_one_message_that_goes_on_with_it,
    only_what_the_operator_asked_for_is_told_and_nothing_of_the_past,
    a_channel_that_refuses_is_not_asked_for_the_same_again,
);

const TOML: &str = "[slack]\ndefault_channel = \"#ops\"\n[deployments]\nchannel = \"#payments\"\n";

fn deployment(environment: &str, sha: &str) -> NewDeployment {
    NewDeployment {
        environment: environment.to_owned(),
        sha: sha.to_owned(),
        reference: "main".to_owned(),
        by: "ana-ruiz".to_owned(),
    }
}

fn posted(scene: &Scene) -> Vec<Message> {
    let of_bot = |message: &&Message| message.by_app && message.ephemeral_for.is_none();
    scene
        .bot
        .slack
        .read(|w| w.messages("#payments").filter(of_bot).cloned().collect())
}

/// Waits until the only message that is not in a thread says so.
async fn until_said(scene: &Scene, said: &str) -> Message {
    scene
        .bot
        .until(|workspace| {
            let mut top = workspace
                .messages("#payments")
                .filter(|message| message.by_app && message.thread_ts.is_none());
            let message = top.next().cloned()?;
            let text = workspace.message_text(&message).replace('\u{2060}', "");
            (text.contains(said) && top.next().is_none()).then_some(message)
        })
        .await
}

async fn a_deployment_is_one_message_that_goes_on_with_it(database: TestDatabase) {
    let scene = Scene::start_with(database, TOML).await;
    // A deployment before, so that what is new in the next one is known.
    let (first, made) = scene
        .github
        .deploy(REPO, &deployment("production", &"a".repeat(40)), january(14, 9));
    scene.tell(&made).await;
    let live = scene
        .github
        .deployment_status(REPO, first, "success", january(14, 9));
    scene.tell(&live).await;

    let pull = scene
        .open(&NewPull::new("Retry <failed> payouts", "ben-k"), january(14, 12))
        .await;
    scene.tell(&pull.merge("ben-k", january(15, 8))).await;
    let (id, made) = scene
        .github
        .deploy(REPO, &deployment("production", &"b".repeat(40)), january(15, 9));
    scene.tell(&made).await;
    until_said(&scene, "is about to go to production").await;
    let under_way = scene
        .github
        .deployment_status(REPO, id, "in_progress", january(15, 9));
    scene.tell(&under_way).await;
    let before = until_said(&scene, "is going to production").await;
    scene.bot.clock.advance(Duration::minutes(10));
    let at = january(15, 9) + Duration::minutes(30);
    scene
        .tell(&scene.github.deployment_status(REPO, id, "success", at))
        .await;
    let after = until_said(&scene, "is live in production").await;
    assert_eq!(before.ts, after.ts, "one message is edited");
    let text = scene.bot.text(&after).replace('\u{2060}', "");
    assert!(
        text.contains("`bbbbbbb` of `main`") && text.contains("by ana-ruiz"),
        "{text}"
    );

    let details = scene
        .bot
        .until(|workspace| {
            let mut all = workspace.messages("#payments");
            all.find(|message| message.thread_ts.as_deref() == Some(after.ts.as_str()))
                .cloned()
        })
        .await;
    let text = scene.bot.text(&details).replace('\u{2060}', "");
    assert!(
        text.contains("1 change went out") && text.contains("Retry <failed> payouts"),
        "{text}"
    );

    // Looking again, as another replica would, says nothing more.
    let count = posted(&scene).len();
    assert_eq!(deployment_notice::look(&scene.bot.bot.ctx).await.unwrap(), 0);
    assert_eq!(posted(&scene).len(), count);
    scene.finish().await;
}

async fn only_what_the_operator_asked_for_is_told_and_nothing_of_the_past(database: TestDatabase) {
    let scene = Scene::start_with(database, TOML).await;
    for (environment, hour) in [("staging", 9), ("production", 5)] {
        let (id, made) =
            scene
                .github
                .deploy(REPO, &deployment(environment, &"c".repeat(40)), january(15, hour));
        scene.tell(&made).await;
        let live = scene
            .github
            .deployment_status(REPO, id, "success", january(15, hour));
        scene.tell(&live).await;
    }
    assert_eq!(deployment_notice::look(&scene.bot.bot.ctx).await.unwrap(), 0);
    let (id, made) = scene
        .github
        .deploy(REPO, &deployment("Production", &"d".repeat(40)), january(15, 9));
    scene.tell(&made).await;
    scene
        .tell(
            &scene
                .github
                .deployment_status(REPO, id, "failure", january(15, 9)),
        )
        .await;
    until_said(&scene, "did not get to Production").await;
    assert_eq!(posted(&scene).len(), 1);
    scene.finish().await;
}

/// Waits until so many messages were given up, which happens within a moment, and no more.
async fn until_given_up(scene: &Scene, count: usize) {
    let jobs = scene.bot.bot.ctx.store.jobs();
    let deadline = tokio::time::Instant::now() + Duration::seconds(20).to_std().unwrap();
    loop {
        let dead = jobs.list(JobState::Dead, 10).await.unwrap();
        assert!(
            dead.iter().all(|job| job.kind == deployment_notice::SHOW),
            "{dead:?}"
        );
        assert!(dead.len() <= count, "{dead:?}");
        if dead.len() == count {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "nothing was given up");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

async fn a_channel_that_refuses_is_not_asked_for_the_same_again(database: TestDatabase) {
    let scene = Scene::start_with(database, "[deployments]\nchannel = \"#nowhere\"\n").await;
    let (id, made) = scene
        .github
        .deploy(REPO, &deployment("production", &"e".repeat(40)), january(15, 9));
    scene.tell(&made).await;
    until_given_up(&scene, 1).await;
    assert_eq!(deployment_notice::look(&scene.bot.bot.ctx).await.unwrap(), 0);
    let answer = scene.bot.ask("ana", "#ops", "/em-agent doctor").await;
    let text = scene.bot.text(&answer);
    assert!(text.contains("I cannot post to the channel #nowhere"), "{text}");

    // What happens later is tried anew.
    let live = scene
        .github
        .deployment_status(REPO, id, "success", january(15, 9) + Duration::minutes(5));
    scene.tell(&live).await;
    until_given_up(&scene, 2).await;
    scene.finish().await;
}
