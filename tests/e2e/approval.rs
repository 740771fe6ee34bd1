//! Approvals: a question is put, people decide with buttons, forms and commands, and what was agreed to is done once.

use chrono::TimeDelta;
use em_domain::approval::ApprovalState;
use em_simulator::TimeSource;
use em_simulator::github::{Effect, Fault, GithubSimulator, GithubWorld, NewPull, Pull};
use em_simulator::workspace::{Message, View};
use em_storage::testing::TestDatabase;
use em_tests::{Setting, TestBot, both_engines, thursday_morning};
use serde_json::Value;

use crate::scene::assert_snapshot;

both_engines!(
    what_somebody_else_agrees_to_is_done_and_every_copy_of_the_card_says_so,
    of_two_who_click_at_once_one_decides_and_the_other_is_told,
    nobody_decides_about_their_own,
    a_target_that_changed_is_asked_about_anew,
    a_no_has_a_reason,
    an_answer_that_was_lost_is_tried_again_and_done_once,
    what_github_refuses_is_said_with_the_permission_and_can_be_retried,
    high_risk_is_typed_and_needs_two,
    a_question_reminds_escalates_and_lapses,
    what_cannot_be_done_is_said_before_anybody_is_asked,
    a_wish_of_low_risk_is_done_at_once,
    what_lay_for_a_month_is_proposed_to_be_closed_and_the_log_tells_the_story,
    what_was_done_can_be_undone_by_a_new_decision,
    a_message_that_names_a_pull_request_can_be_asked_about,
    a_reaction_counts_where_the_policy_says_so,
);

const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
const REPO: &str = "acme/api";

const PEOPLE: &str =
    "[people]\nU0ANA = \"ana-ruiz\"\nU0BEN = \"ben-k\"\nU0CHLOE = \"chloe-m\"\nU0DMITRI = \"dmitri-v\"\n";

const MANAGERS: &str = "[policy.roles]\nmanager = [\"U0ANA\", \"U0BEN\", \"chloe-m\"]\n";

const SIGNALS: &str = "[slack]\ndefault_channel = \"#ops\"\n[signals]\nenabled = true\n";

/// The bot with hands on a pretend GitHub, and people who are known there.
struct Hall {
    bot: TestBot,
    github: GithubSimulator,
}

impl Hall {
    async fn open(database: TestDatabase) -> Self {
        Self::open_with(database, "").await
    }

    async fn open_with(database: TestDatabase, toml: &str) -> Self {
        let github = GithubSimulator::start(TOKEN).await.unwrap();
        let world = github.world();
        world.add_repo(REPO, thursday_morning() - TimeDelta::days(90));
        world.add_people(&["ana-ruiz", "ben-k", "chloe-m", "dmitri-v"]);
        let setting = Setting {
            toml: format!("{PEOPLE}{toml}"),
            environment: vec![
                ("GITHUB_TOKEN", TOKEN.to_owned()),
                ("GITHUB_API_URL", github.api_url()),
            ],
            ..Setting::default()
        };
        let bot = TestBot::start_with(database, setting).await;
        let clock = bot.clock.clone();
        let micros = move || em_domain::clock::Clock::now(&clock).timestamp_micros();
        world.set_time(TimeSource::from_micros(micros));
        Self { bot, github }
    }

    fn world(&self) -> &GithubWorld {
        self.github.world()
    }

    /// A pull request of Chloe's, opened the day before.
    fn pull(&self, title: &str) -> Pull {
        let at = thursday_morning() - TimeDelta::days(1);
        self.world()
            .open_pull(REPO, &NewPull::new(title, "chloe-m"), at)
            .0
    }

    fn effects(&self) -> Vec<(&'static str, String)> {
        let short = |effect: Effect| (effect.kind, effect.target);
        self.world().effects().into_iter().map(short).collect()
    }

    /// Proposes something in #ops and waits for the card that everybody sees there.
    async fn card(&self, user: &str, typed: &str) -> Message {
        self.bot
            .ask(user, "#ops", &format!("/em-agent propose {typed}"))
            .await;
        self.bot
            .until(|w| w.messages("#ops").rfind(|m| is_card(m)).cloned())
            .await
    }

    /// The card as it stands once it says `words`.
    async fn says(&self, card: &Message, words: &str) -> String {
        self.bot
            .until(|w| {
                let text = w.message_text(w.message(&card.channel, &card.ts)?);
                text.contains(words).then_some(text)
            })
            .await
    }

    /// Clicks as soon as the button is there: an older edit may come last, and is put right a moment later.
    async fn clicks(&self, user: &str, card: &Message, button: &str) {
        let card = self
            .bot
            .until(|w| {
                let card = w.message(&card.channel, &card.ts)?;
                let shown = Value::from(card.blocks.clone()).to_string();
                shown.contains(button).then(|| card.clone())
            })
            .await;
        let sent = self.bot.user(user).clicks(&card, button).unwrap().await;
        assert!(sent.is_acked(), "{button}");
    }

    /// Clicks, and waits for what only the one who clicked is told.
    async fn told(&self, user: &str, card: &Message, button: &str) -> String {
        let id = self.bot.user(user).id.clone();
        let private = |w: &em_simulator::workspace::Workspace| {
            w.all_messages()
                .filter(|m| m.ephemeral_for.as_deref() == Some(&id))
                .count()
        };
        let before = self.bot.slack.read(private);
        self.clicks(user, card, button).await;
        self.bot
            .until(|w| {
                let told = w
                    .all_messages()
                    .filter(|m| m.ephemeral_for.as_deref() == Some(&id))
                    .nth(before)?;
                Some(w.message_text(told))
            })
            .await
    }

    async fn modal(&self, user: &str) -> View {
        self.bot.until(|w| w.modal(user).cloned()).await
    }

    async fn submits(&self, user: &str, modal: &View, fields: &[(&str, &str)]) {
        let sent = self
            .bot
            .user(user)
            .submits(modal, fields.iter().copied())
            .unwrap()
            .await;
        assert!(sent.is_acked());
    }

    async fn finish(self) {
        let verified = self.bot.database.store.audit().verify().await.unwrap();
        assert!(verified.is_ok(), "{verified:?}");
        self.bot.finish().await;
    }
}

fn is_card(message: &Message) -> bool {
    message.by_app && message.ephemeral_for.is_none() && !message.is_reply()
}

async fn what_somebody_else_agrees_to_is_done_and_every_copy_of_the_card_says_so(database: TestDatabase) {
    let hall = Hall::open(database).await;
    hall.pull("Retry failed payouts");
    let card = hall
        .card("ana", "close acme/api#1 -- nobody has answered for a month")
        .await;
    assert_snapshot!(without_id(&hall.bot.text(&card)), @r"
    em-agent:
      # Approval wanted: Close acme/api#1
      *Retry failed payouts <https://github.com/acme/api/pull/1>*
      Asked by @ana · medium risk
      “nobody has answered for a month”
      [⋯ Explain | Take the request back | Open]
      *What will be done:*
      • Closes acme/api#1 without merging it. It can be opened again.
      Who may decide: anybody here but guests; one of them is enough.
      Lapses Fri 16 Jan 10:00.
      [Approve] [Decline…] [Approve with comment…] [Explain]
      · `ID` · What changes the work of others needs one more person who agrees.
    ");
    hall.clicks("ben", &card, "approval.approve").await;
    assert_snapshot!(without_id(&hall.says(&card, "Done.").await), @r"
    em-agent (edited):
      # Done: Close acme/api#1
      *Retry failed payouts <https://github.com/acme/api/pull/1>*
      Asked by @ana · medium risk
      “nobody has answered for a month”
      [⋯ Explain | Open]
      *Approved* by @ben with a button, Thu 15 Jan 10:00
      *Done.* Closed acme/api#1. Look <https://github.com/acme/api/pull/1>
      [Undo]
      · `ID` · What changes the work of others needs one more person who agrees.
    ");
    assert_eq!(hall.effects(), [("close", "acme/api#1".to_owned())]);
    let thread = hall.bot.until(|w| {
        let reply = w.messages("#ops").find(|m| m.is_reply())?;
        let text = w.message_text(reply);
        text.contains("Done.").then_some(text)
    });
    let thread = thread.await;
    assert!(thread.contains("Approved Thu 15 Jan 10:00"), "{thread}");
    hall.finish().await;
}

async fn of_two_who_click_at_once_one_decides_and_the_other_is_told(database: TestDatabase) {
    let hall = Hall::open(database).await;
    hall.pull("Retry failed payouts");
    let card = hall.card("ana", "close acme/api#1").await;
    let (ben, dmitri) = (hall.bot.user("ben"), hall.bot.user("dmitri"));
    let (one, other) = (
        ben.clicks(&card, "approval.approve").unwrap(),
        dmitri.clicks(&card, "approval.approve").unwrap(),
    );
    let (one, other) = tokio::join!(one, other);
    assert!(one.is_acked() && other.is_acked());
    hall.says(&card, "Done.").await;
    let told = hall.bot.until(|w| {
        w.all_messages()
            .filter(|m| m.ephemeral_for.is_some())
            .map(|m| w.message_text(m))
            .find(|text| text.contains("already"))
    });
    let told = told.await;
    assert!(told.contains("it was approved already by"), "{told}");
    assert_eq!(hall.effects().len(), 1);
    hall.finish().await;
}

async fn nobody_decides_about_their_own(database: TestDatabase) {
    let hall = Hall::open_with(database, MANAGERS).await;
    hall.pull("Retry failed payouts");
    let card = hall.card("ana", "close acme/api#1").await;
    let own = hall.told("ana", &card, "approval.approve").await;
    assert!(own.contains("you asked for it"), "{own}");
    let author = hall.told("chloe", &card, "approval.approve").await;
    assert!(author.contains("it is about your own change"), "{author}");
    let stranger = hall.told("dmitri", &card, "approval.approve").await;
    assert!(stranger.contains("you may not decide this"), "{stranger}");
    assert_eq!(hall.effects(), []);
    hall.finish().await;
}

async fn a_target_that_changed_is_asked_about_anew(database: TestDatabase) {
    let hall = Hall::open(database).await;
    let pull = hall.pull("Retry failed payouts");
    let card = hall.card("ana", "merge acme/api#1").await;
    pull.push("chloe-m", "Use a queue", thursday_morning());
    hall.clicks("ben", &card, "approval.approve").await;
    let modal = hall.modal("ben").await;
    hall.submits("ben", &modal, &[("target", "acme/api#1")]).await;
    let renewed = hall
        .says(&card, "It has changed since people were first asked")
        .await;
    assert!(renewed.contains("head commit:"), "{renewed}");
    assert_eq!(hall.effects(), []);
    hall.finish().await;
}

async fn a_no_has_a_reason(database: TestDatabase) {
    let hall = Hall::open(database).await;
    hall.pull("Retry failed payouts");
    let card = hall.card("ana", "close acme/api#1").await;
    hall.clicks("ben", &card, "approval.decline").await;
    let modal = hall.modal("ben").await;
    hall.submits("ben", &modal, &[("comment", "Chloe is back on Monday")])
        .await;
    let declined = hall.says(&card, "Declined").await;
    assert!(
        declined.contains("Declined* by @ben in a form") && declined.contains("“Chloe is back on Monday”"),
        "{declined}"
    );
    assert!(!declined.contains("[Approve]"), "{declined}");
    let late = hall.bot.ask("dmitri", "#ops", "/em-agent approvals").await;
    assert!(hall.bot.text(&late).contains("Nothing is open"));
    assert_eq!(hall.effects(), []);
    hall.finish().await;
}

async fn an_answer_that_was_lost_is_tried_again_and_done_once(database: TestDatabase) {
    let hall = Hall::open(database).await;
    hall.pull("Retry failed payouts");
    let card = hall.card("ana", "close acme/api#1").await;
    hall.world()
        .fail_next_write("/repos/acme/api/issues/1", Fault::LostAnswer);
    hall.world()
        .fail_next_write("/repos/acme/api/pulls/1", Fault::LostAnswer);
    hall.clicks("ben", &card, "approval.approve").await;
    let waits = hall.says(&card, "Attempt 1 of 5 failed").await;
    assert!(waits.contains("Next try"), "{waits}");
    hall.bot.clock.advance(TimeDelta::seconds(5));
    hall.says(&card, "Done.").await;
    assert_eq!(hall.effects(), [("close", "acme/api#1".to_owned())]);
    hall.finish().await;
}

async fn what_github_refuses_is_said_with_the_permission_and_can_be_retried(database: TestDatabase) {
    let hall = Hall::open_with(database, MANAGERS).await;
    hall.pull("Retry failed payouts");
    let card = hall.card("ana", "close acme/api#1").await;
    hall.world().restrict_to(&[
        "pull_requests=read",
        "issues=read",
        "checks=read",
        "contents=read",
    ]);
    hall.clicks("ben", &card, "approval.approve").await;
    let failed = hall.says(&card, "Failed: Close").await;
    assert!(
        failed.contains("lacks a permission") && failed.contains("[Retry]"),
        "{failed}"
    );
    assert_eq!(hall.effects(), []);
    hall.world().restrict_to(&[
        "pull_requests=write",
        "issues=write",
        "checks=read",
        "contents=read",
    ]);
    let stranger = hall.told("dmitri", &card, "approval.retry").await;
    assert!(stranger.contains("only whoever asked"), "{stranger}");
    hall.clicks("ana", &card, "approval.retry").await;
    hall.says(&card, "Done.").await;
    assert_eq!(hall.effects(), [("close", "acme/api#1".to_owned())]);
    hall.finish().await;
}

async fn high_risk_is_typed_and_needs_two(database: TestDatabase) {
    let hall = Hall::open(database).await;
    hall.pull("Retry failed payouts");
    let card = hall.card("ana", "merge acme/api#1").await;
    hall.clicks("ben", &card, "approval.approve").await;
    let modal = hall.modal("ben").await;
    hall.submits("ben", &modal, &[("target", "acme/api#1"), ("comment", "at last")])
        .await;
    let waits = hall.says(&card, "1 of 2 so far: @ben").await;
    assert!(waits.contains("high risk"), "{waits}");
    assert_eq!(hall.effects(), []);
    hall.clicks("dmitri", &card, "approval.approve").await;
    let modal = hall.modal("dmitri").await;
    hall.submits("dmitri", &modal, &[("target", "ACME/api#1")]).await;
    let done = hall.says(&card, "Done.").await;
    assert!(done.contains("Approved* by @ben, @dmitri in a form"), "{done}");
    assert_eq!(hall.effects(), [("merge", "acme/api#1".to_owned())]);
    hall.finish().await;
}

async fn a_question_reminds_escalates_and_lapses(database: TestDatabase) {
    let hall = Hall::open(database).await;
    hall.pull("Retry failed payouts");
    let card = hall.card("ana", "close acme/api#1").await;
    hall.bot.clock.advance(TimeDelta::hours(13));
    hall.bot
        .until(|w| {
            let reply = w.messages("#ops").find(|m| m.is_reply())?;
            w.message_text(reply)
                .contains("Still waiting for a decision")
                .then_some(())
        })
        .await;
    hall.bot.clock.advance(TimeDelta::hours(12));
    let expired = hall.says(&card, "Expired: Close acme/api#1").await;
    assert!(
        expired.contains("Nobody decided in time") && !expired.contains("[Approve]"),
        "{expired}"
    );
    let late = hall
        .bot
        .ask(
            "ben",
            "#ops",
            &format!("/em-agent approve {}", short_id(&expired)),
        )
        .await;
    assert!(
        hall.bot.text(&late).contains("its time is over"),
        "{}",
        hall.bot.text(&late)
    );
    let states = hall
        .bot
        .database
        .store
        .approvals()
        .list(&[ApprovalState::Expired], 9)
        .await
        .unwrap();
    assert_eq!(states.len(), 1);
    hall.finish().await;
}

/// The card with its id, which is another one each time, taken out.
fn without_id(card: &str) -> String {
    card.replace(&short_id(card), "ID")
}

/// What the card shows to be typed.
fn short_id(card: &str) -> String {
    let foot = card.lines().find(|line| line.contains("· `")).unwrap();
    foot.split('`').nth(1).unwrap().to_owned()
}

async fn what_cannot_be_done_is_said_before_anybody_is_asked(database: TestDatabase) {
    let hall = Hall::open(database).await;
    hall.pull("Retry failed payouts");
    let mut answers = Vec::new();
    for typed in [
        "propose close acme/api#99",
        "propose clsoe acme/api#1",
        "propose close",
        "propose assign acme/api#1 nobody-here",
        "approve NOSUCHID",
        "approve 7",
        "approvals explain NOSUCHID",
        "approvals delegate nobody 3",
        "approvals mine",
    ] {
        let answer = hall.bot.ask("ana", "#ops", &format!("/em-agent {typed}")).await;
        answers.push(format!("{typed}\n{}", hall.bot.text(&answer)));
    }
    assert_snapshot!(answers.join("\n"), @r"
    propose close acme/api#99
    em-agent (only ana sees this):
      GitHub shows me no acme/api#99: check the name, or let an admin give my token access to it.

    propose clsoe acme/api#1
    em-agent (only ana sees this):
      I cannot “clsoe”. Did you mean `close`?

    propose close
    em-agent (only ana sees this):
      Say what it is done to.
      It is typed like this: `/em-agent propose close <owner/name#12>`

    propose assign acme/api#1 nobody-here
    em-agent (only ana sees this):
      nobody-here cannot be assigned in acme/api: GitHub knows no such account there.

    approve NOSUCHID
    em-agent (only ana sees this):
      I know no approval “NOSUCHID”. The list has them all: `/em-agent approvals all`.

    approve 7
    em-agent (only ana sees this):
      I know no approval “7”. The list has them all: `/em-agent approvals all`.

    approvals explain NOSUCHID
    em-agent (only ana sees this):
      I know no approval “NOSUCHID”. The list has them all: `/em-agent approvals all`.

    approvals delegate nobody 3
    em-agent (only ana sees this):
      Name the person with a mention, as in `/em-agent approvals delegate @ben 5`.

    approvals mine
    em-agent (only ana sees this):
      # Waiting for your decision
      Nothing waits for your decision. Everything open: `/em-agent approvals`
    ");
    assert!(hall.bot.slack.read(|w| !w.messages("#ops").any(is_card)));
    hall.finish().await;
}

async fn a_wish_of_low_risk_is_done_at_once(database: TestDatabase) {
    let hall = Hall::open(database).await;
    hall.pull("Retry failed payouts");
    hall.bot
        .ask(
            "ana",
            "#ops",
            "/em-agent propose comment acme/api#1 Please rebase",
        )
        .await;
    let person = hall.bot.user("ana").id.clone();
    let card = hall.bot.until(|w| {
        let channel = w.direct_with(&person)?;
        let texts = w.messages(&channel.id).map(|m| w.message_text(m));
        texts.into_iter().find(|text| text.contains("Done."))
    });
    assert!(card.await.contains("Comment on acme/api#1"));
    assert_eq!(hall.effects(), [("comment", "acme/api#1".to_owned())]);
    assert!(
        hall.bot.slack.read(|w| !w.messages("#ops").any(is_card)),
        "nobody else need see it"
    );
    hall.finish().await;
}

async fn what_lay_for_a_month_is_proposed_to_be_closed_and_the_log_tells_the_story(database: TestDatabase) {
    let hall = Hall::open_with(database, SIGNALS).await;
    let opened_at = thursday_morning() - TimeDelta::days(40);
    let new = NewPull::new("Retry failed payouts", "chloe-m");
    let (_, opened) = hall.world().open_pull(REPO, &new, opened_at);
    hall.bot.github(&opened).await;
    let card = hall
        .bot
        .until(|w| {
            let mut cards = w.messages("#ops").filter(|m| is_card(m));
            cards.find(|m| m.text.contains("Close acme/api#1")).cloned()
        })
        .await;
    let text = hall.bot.text(&card);
    assert!(text.contains("Asked by the signal `stale_pr`"), "{text}");
    let bulletin = hall.bot.slack.read(|w| {
        let told = w
            .messages("#ops")
            .filter(|m| is_card(m) && !m.text.contains("Close acme/api#1"));
        told.map(|m| w.message_text(m)).collect::<Vec<_>>()
    });
    assert!(
        bulletin.iter().any(|text| text.contains("acme/api#1")),
        "{bulletin:#?}"
    );
    hall.clicks("ben", &card, "approval.approve").await;
    hall.says(&card, "Done.").await;
    assert_eq!(hall.effects(), [("close", "acme/api#1".to_owned())]);
    let told = hall.bot.ask("ana", "#ops", "/em-agent audit acme/api#1").await;
    let story = hall.bot.text(&told);
    for event in [
        "approval.proposed",
        "approval.agreed",
        "approval.attempt began",
        "approval.completed",
    ] {
        assert!(story.contains(event), "no {event} in {story}");
    }
    assert!(
        story.contains("`signal:stale_pr`") && story.contains("@ben"),
        "{story}"
    );
    hall.finish().await;
}

async fn what_was_done_can_be_undone_by_a_new_decision(database: TestDatabase) {
    let hall = Hall::open(database).await;
    hall.pull("Retry failed payouts");
    let card = hall.card("ana", "close acme/api#1").await;
    hall.clicks("ben", &card, "approval.approve").await;
    hall.says(&card, "[Undo]").await;
    let asked = hall.told("dmitri", &card, "approval.undo").await;
    assert!(
        asked.contains("Approval wanted: Reopen acme/api#1") && asked.contains("Undoes “Close acme/api#1”."),
        "{asked}"
    );
    let undo = hall
        .bot
        .until(|w| {
            w.messages("#ops")
                .filter(|m| is_card(m))
                .find(|m| m.text.contains("Reopen"))
                .cloned()
        })
        .await;
    hall.clicks("ana", &undo, "approval.approve").await;
    hall.says(&undo, "Done.").await;
    assert_eq!(hall.effects().last(), Some(&("reopen", "acme/api#1".to_owned())));
    hall.bot.clock.advance(TimeDelta::hours(25));
    let gone = hall.bot.until(|w| {
        let text = w.message_text(w.message(&card.channel, &card.ts)?);
        (!text.contains("[Undo]")).then_some(())
    });
    gone.await;
    hall.finish().await;
}

async fn a_message_that_names_a_pull_request_can_be_asked_about(database: TestDatabase) {
    let hall = Hall::open(database).await;
    hall.pull("Retry failed payouts");
    hall.bot
        .user("ana")
        .says(
            "#ops",
            "is https://github.com/acme/api/pull/1 still wanted?",
            None,
        )
        .unwrap()
        .await;
    let said = hall
        .bot
        .until(|w| {
            w.messages("#ops")
                .find(|m| m.text.contains("still wanted"))
                .cloned()
        })
        .await;
    assert!(
        hall.bot
            .user("ana")
            .shortcut("approval.ask", Some(&said))
            .unwrap()
            .await
            .is_acked()
    );
    let form = hall.modal("ana").await;
    let shown = hall.bot.slack.read(|w| w.view_text(&form));
    assert!(shown.contains("acme/api#1"), "{shown}");
    let wrong = [
        ("kind", "close: Close a pull request or an issue, unmerged."),
        ("words", "acme/api#1 --method squash"),
    ];
    hall.bot.user("ana").submits(&form, wrong).unwrap().await;
    let corrected = hall
        .bot
        .until(|w| w.modal("ana").filter(|view| !view.errors.is_empty()).cloned())
        .await;
    let right = [
        ("kind", "close: Close a pull request or an issue, unmerged."),
        ("words", "acme/api#1"),
        ("comment", "nobody answers"),
    ];
    hall.submits("ana", &corrected, &right).await;
    let card = hall
        .bot
        .until(|w| w.messages("#ops").rfind(|m| is_card(m)).cloned())
        .await;
    let text = hall.bot.text(&card);
    assert!(
        text.contains("Close acme/api#1") && text.contains("“nobody answers”"),
        "{text}"
    );
    hall.finish().await;
}

async fn a_reaction_counts_where_the_policy_says_so(database: TestDatabase) {
    let hall = Hall::open_with(database, SIGNALS).await;
    let opened_at = thursday_morning() - TimeDelta::days(10);
    let new = NewPull::new("Retry failed payouts", "chloe-m");
    let (pull, opened) = hall.world().open_pull(REPO, &new, opened_at);
    hall.bot.github(&opened).await;
    let asked_for = pull.request_review("chloe-m", "dmitri-v", opened_at + TimeDelta::hours(1));
    hall.bot.github(&asked_for).await;
    // What the bot itself wants done of low risk, people may nod through.
    let card = hall
        .bot
        .until(|w| {
            w.messages("#ops")
                .filter(|m| is_card(m))
                .find(|m| m.text.contains("Nudge"))
                .cloned()
        })
        .await;
    hall.bot.user("ben").reacts(&card, "eyes").unwrap().await;
    hall.bot
        .user("ben")
        .reacts(&card, "white_check_mark")
        .unwrap()
        .await;
    let done = hall.says(&card, "Done.").await;
    assert!(done.contains("Approved* by @ben with a reaction"), "{done}");
    hall.finish().await;
}
