//! Purpose: the whole conversation: what comes in over a socket is answered through the client, and the strict pretend
//! Slack finds nothing wrong with it.

use std::sync::Arc;

use em_domain::clock::{Clock, SystemClock};
use em_integrations::slack::{Answer, Place, Slack, SlackConfig, SlackError, tagged};
use em_simulator::{Fault, Options, Simulator};
use slack_morphism::prelude::{
    SlackBlock, SlackBlockPlainText, SlackBlockPlainTextOnly, SlackHeaderBlock, SlackHomeView,
    SlackMessageContent, SlackModalView, SlackView,
};

async fn pretend() -> (Simulator, Slack) {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let config = SlackConfig {
        api_url: simulator.slack_api_url(),
        app_token: Some(simulator.app_token().to_owned().into()),
        bot_token: Some(simulator.bot_token().to_owned().into()),
        ..SlackConfig::default()
    };
    let slack = Slack::new(&config, Arc::new(SystemClock)).unwrap();
    (simulator, slack)
}

fn heading(words: &str) -> Vec<SlackBlock> {
    vec![SlackHeaderBlock::new(SlackBlockPlainText::new(words.to_owned()).into()).into()]
}

fn message(words: &str) -> SlackMessageContent {
    SlackMessageContent::new()
        .with_text(words.to_owned())
        .with_blocks(heading(words))
}

#[tokio::test]
async fn messages_are_posted_edited_linked_and_found_again() {
    let (simulator, slack) = pretend().await;
    let began = SystemClock.now() - chrono::Duration::minutes(1);
    let ops = slack.resolve_channel("#ops").await.unwrap();
    assert!(ops.is_member);
    let place = Place::channel(ops.id.clone());
    let posted = slack
        .post(&place, &tagged(message("7 of 9 left"), "triage:ops"))
        .await
        .unwrap();
    slack.update(&posted, &message("6 of 9 left")).await.unwrap();
    assert!(slack.permalink(&posted).await.unwrap().path().contains(&ops.id));
    assert_eq!(
        slack.find_posted(&place, "triage:ops", began).await.unwrap(),
        Some(posted.clone())
    );
    let thread = place.clone().in_thread(posted.ts.clone());
    let reply = slack
        .post(&thread, &tagged(message("done"), "reply"))
        .await
        .unwrap();
    assert_eq!(
        slack.find_posted(&thread, "reply", began).await.unwrap(),
        Some(reply)
    );
    slack
        .post_ephemeral(&place, "U0ANA", &message("only for you"))
        .await
        .unwrap();
    slack.send_dm("U0ANA", &message("a nudge")).await.unwrap();
    assert_eq!(simulator.violations(), []);
}

#[tokio::test]
async fn a_post_that_broke_off_is_found_instead_of_sent_twice() {
    let (simulator, slack) = pretend().await;
    let began = SystemClock.now() - chrono::Duration::minutes(1);
    simulator
        .faults()
        .next("chat.postMessage", Fault::ResetAfterEffect);
    let place = Place::channel("C0OPS");
    let unclear = slack.post(&place, &tagged(message("once"), "once")).await;
    assert!(
        matches!(unclear, Err(SlackError::Ambiguous { .. })),
        "{unclear:?}"
    );
    assert!(slack.find_posted(&place, "once", began).await.unwrap().is_some());
    assert_eq!(simulator.calls("chat.postMessage").len(), 1);
}

#[tokio::test]
async fn people_and_the_bot_itself_are_known() {
    let (_simulator, slack) = pretend().await;
    let ana = slack.user("U0ANA").await.unwrap().unwrap();
    assert_eq!(
        (ana.real_name.as_str(), ana.tz.as_deref()),
        ("Ana Ruiz", Some("Europe/Berlin"))
    );
    let same = slack.user_by_email("ana@acme.example").await.unwrap().unwrap();
    assert_eq!(same.id, ana.id);
    assert_eq!(slack.user_by_email("nobody@acme.example").await, Ok(None));
    assert!(
        slack
            .users()
            .await
            .unwrap()
            .iter()
            .any(|person| person.id == "U0EMAGENT" && person.is_bot)
    );
    let identity = slack.auth_test().await.unwrap();
    assert_eq!(
        (identity.bot_user_id.as_str(), identity.team_id.as_str()),
        ("U0EMAGENT", "T0ACME")
    );
    assert!(
        identity.scopes.iter().any(|scope| scope == "chat:write"),
        "{:?}",
        identity.scopes
    );
}

#[tokio::test]
async fn a_command_is_answered_with_a_message_and_a_modal_and_the_home_tab_is_drawn() {
    let (simulator, slack) = pretend().await;
    let typed = simulator.user("ana").types("#ops", "/em-agent triage").unwrap();
    // Nobody listens, so that only the answers are looked at.
    let url = typed.response_url.clone().unwrap().parse().unwrap();
    slack
        .respond(&url, Answer::Ephemeral(&message("nothing is stuck")))
        .await
        .unwrap();
    slack
        .respond(&url, Answer::InChannel(&message("nothing is stuck")))
        .await
        .unwrap();
    let title = SlackBlockPlainTextOnly::from("Snooze");
    let modal = |words| SlackView::Modal(SlackModalView::new(title.clone(), heading(words)));
    let trigger = typed.trigger_id.clone().unwrap();
    let opened = slack.open_modal(&trigger, &modal("why?")).await.unwrap();
    slack.update_modal(&opened, &modal("until when?")).await.unwrap();
    let late = slack.open_modal(&trigger, &modal("again?")).await;
    assert!(matches!(late, Err(SlackError::Expired { .. })), "{late:?}");
    let home = SlackView::Home(SlackHomeView::new(heading("Your turn")));
    slack.publish_home("U0ANA", &home).await.unwrap();
    assert_eq!(
        simulator.violations().len(),
        1,
        "the second use of the trigger: {:?}",
        simulator.violations()
    );
}
