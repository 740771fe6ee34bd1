//! The message shortcut *Save to knowledge*: a thread answers questions, for those who may read it.

use em_domain::knowledge::Source;
use em_simulator::workspace::{Channel, ChannelKind};
use em_simulator::{Cast, Options};

use super::*;

both_engines!(
    a_saved_thread_answers_with_its_author,
    a_thread_of_a_private_channel_is_used_only_there,
    a_thread_saved_twice_is_one_document,
    a_forgotten_thread_is_gone,
    what_somebody_else_saved_stays_unless_the_policy_lets_it_go,
    a_channel_that_was_made_private_takes_its_threads_along,
    a_thread_that_cannot_be_read_is_said_to_be_so,
);

/// The button that has a thread forgotten.
const FORGET: &str = "docs.forget";
const QUESTION: &str = "how do we restart the ledger exporter?";

/// A bot in a workspace with a private channel of Ana, Ben and the bot, and one that the bot is not in.
async fn open(database: TestDatabase, toml: &str) -> Reading {
    let mut cast = Cast::default();
    let bot = cast.app.user_id.clone();
    let closed =
        |id: &str, name: &str, members: Vec<String>| Channel::new(id, name, ChannelKind::Private, members);
    let two = || vec!["U0ANA".to_owned(), "U0BEN".to_owned()];
    let with_bot = two().into_iter().chain([bot]).collect();
    cast.channels.push(closed("C0SECRET", "secret", with_bot));
    cast.channels.push(closed("C0PAIR", "pair", two()));
    let setting = Setting {
        toml: toml.to_owned(),
        slack: Options {
            cast,
            ..Options::default()
        },
        ..Setting::default()
    };
    Reading::start_with(database, ROLLBACK, None, setting).await
}

impl Reading {
    /// Says something in a channel, in a thread if given.
    async fn says_in(&self, user: &str, channel: &str, text: &str, thread: Option<&str>) -> Message {
        let sent = self.bot.user(user).says(channel, text, thread).unwrap();
        let ts = sent.ts.clone().unwrap();
        sent.await;
        self.bot
            .until(|w| w.messages(channel).find(|m| m.ts == ts).cloned())
            .await
    }

    /// A thread about the ledger: Ben asks, Ana answers. The answer.
    async fn ledger_thread(&self, channel: &str) -> Message {
        let asked = "How do we restart the ledger exporter? @ana do you know?";
        let root = self.says_in("ben", channel, asked, None).await;
        let told = "Run ```ledgerctl restart exporter --wait``` and see https://wiki.test/ledger. \
                    The ledger exporter needs two minutes to restart.";
        self.says_in("ana", channel, told, Some(&root.ts)).await
    }

    /// Uses the shortcut and waits for the answer.
    async fn saves(&self, user: &str, message: &Message) -> Message {
        let person = self.bot.user(user);
        let theirs = |m: &&Message| m.ephemeral_for.as_deref() == Some(person.id.as_str());
        let before = self.bot.slack.read(|w| w.all_messages().filter(theirs).count());
        let sent = person.shortcut("docs.save", Some(message)).unwrap().await;
        assert!(sent.is_acked());
        self.bot
            .until(|w| {
                let mut answers: Vec<&Message> = w.all_messages().filter(theirs).collect();
                answers.sort_by(|a, b| a.ts.cmp(&b.ts));
                answers.get(before).map(|message| (*message).clone())
            })
            .await
    }

    async fn threads(&self) -> Vec<Source> {
        let sources = self.bot.database.store.knowledge().list_sources().await.unwrap();
        let is_slack = |source: &Source| source.added.kind == SourceKind::Slack;
        sources.into_iter().filter(is_slack).collect()
    }
}

async fn a_saved_thread_answers_with_its_author(database: TestDatabase) {
    let reading = open(database, "").await;
    // Saved from any message of it, the whole thread is kept.
    let told = reading.ledger_thread("#ops").await;
    let saved = reading.saves("ana", &told).await;
    assert_snapshot!(reading.shown(&saved), @r"
    em-agent (only ana sees this):
      Saved: *How do we restart the ledger exporter? @ana do you know? <https://acme.slack.com/archives/C0OPS/p1768471200000000>*, 2 messages, begun by ben.
      Everybody in the workspace is answered from it.
      · When the thread goes on, save it again.
      [Forget it]
    ");
    reading.is_done().await;
    let answer = reading.asks("fatima", "#general", QUESTION).await;
    assert_snapshot!(reading.shown(&answer), @r"
    em-agent (only fatima sees this):
      *how do we restart the ledger exporter?*
      How do we restart the ledger exporter? @ana do you know? › ben, 15 January 2026 <https://acme.slack.com/archives/C0OPS/p1768471200000000>
      ben, 15 January 2026
      How do we restart the ledger exporter? @ana do you know?
      ana, 15 January 2026
      Run
      `ledgerctl restart exporter --wait`
      and see https://wiki.test/ledger. *The ledger exporter needs two minutes to restart.*
      · Slack thread · changed today · by ben
      *Payments*
      Rolling back
      A release of payments is undone with `make undo ENV=production`. Tell the people on duty first.
      Ports
      The service listens on port 8443.
      · open.md · changed today
      · I am fairly sure.
      [Share to channel] [Helpful] [Not helpful…] [Make official…]
    ");
    // There is nowhere to read it again, so the hourly reading leaves it as it is.
    let source = reading.threads().await.remove(0);
    let ctx = &reading.bot.bot.ctx;
    let read = ctx
        .library
        .index(&source, thursday_morning(), &|_| {})
        .await
        .unwrap();
    assert_eq!(read.removed, 0);
    assert_eq!(reading.threads().await[0].state.documents, 1);
    let listed = reading.bot.ask("ana", "#ops", "/em-agent docs list").await;
    assert!(
        reading.shown(&listed).contains("#ops"),
        "{}",
        reading.shown(&listed)
    );
    reading.bot.finish().await;
}

async fn a_thread_of_a_private_channel_is_used_only_there(database: TestDatabase) {
    let reading = open(database, "").await;
    let told = reading.ledger_thread("#secret").await;
    let saved = reading.saves("ana", &told).await;
    let shown = reading.shown(&saved);
    assert!(
        shown.contains("Only questions in #secret are answered from it."),
        "{shown}"
    );
    reading.is_done().await;
    let here = reading.asks("ana", "#secret", QUESTION).await;
    assert!(
        reading.shown(&here).contains("ledgerctl"),
        "{}",
        reading.shown(&here)
    );
    for (user, channel) in [("ana", "#ops"), ("fatima", "#general")] {
        let elsewhere = reading.asks(user, channel, QUESTION).await;
        let shown = reading.shown(&elsewhere);
        assert!(
            !shown.contains("ledgerctl") && !shown.contains("by ben"),
            "{shown}"
        );
    }
    let listed = reading.bot.ask("ana", "#ops", "/em-agent docs list").await;
    assert!(
        !reading.shown(&listed).contains("secret"),
        "{}",
        reading.shown(&listed)
    );
    reading.bot.finish().await;
}

async fn a_thread_saved_twice_is_one_document(database: TestDatabase) {
    let reading = open(database, "").await;
    let told = reading.ledger_thread("#ops").await;
    reading.saves("ana", &told).await;
    let again = reading.saves("ana", &told).await;
    assert!(
        reading.shown(&again).contains("nothing in it is new"),
        "{}",
        reading.shown(&again)
    );
    let root = told.thread_ts.clone().unwrap();
    reading
        .says_in(
            "chloe",
            "#ops",
            "Since March `ledgerctl` wants a ticket number.",
            Some(&root),
        )
        .await;
    let grown = reading.saves("ben", &told).await;
    let shown = reading.shown(&grown);
    assert!(
        shown.contains("Saved anew: ") && shown.contains("3 messages"),
        "{shown}"
    );
    let threads = reading.threads().await;
    assert_eq!(threads.len(), 1);
    assert_eq!(threads[0].state.documents, 1);
    reading.is_done().await;
    let answer = reading
        .asks("ana", "#ops", "does ledgerctl want a ticket number?")
        .await;
    assert!(
        reading.shown(&answer).contains("Since March"),
        "{}",
        reading.shown(&answer)
    );
    reading.bot.finish().await;
}

async fn a_forgotten_thread_is_gone(database: TestDatabase) {
    let reading = open(database, "").await;
    let told = reading.ledger_thread("#ops").await;
    let saved = reading.saves("ana", &told).await;
    reading.is_done().await;
    reading.clicks("ana", &saved, FORGET).await;
    reading.says(&saved, "I have forgotten that thread.").await;
    assert_eq!(reading.threads().await[0].state.documents, 0);
    let answer = reading.asks("ana", "#ops", QUESTION).await;
    assert!(
        !reading.shown(&answer).contains("ledgerctl"),
        "{}",
        reading.shown(&answer)
    );
    // It can be saved again, by anybody, who may then have it forgotten.
    let again = reading.saves("ben", &told).await;
    assert!(
        reading.shown(&again).contains("[Forget it]"),
        "{}",
        reading.shown(&again)
    );
    assert_eq!(reading.threads().await[0].state.documents, 1);
    reading.bot.finish().await;
}

async fn what_somebody_else_saved_stays_unless_the_policy_lets_it_go(database: TestDatabase) {
    let reading = open(database, "[policy.roles]\nmanager = [\"U0CHLOE\"]\n").await;
    let told = reading.ledger_thread("#ops").await;
    let hers = reading.saves("ana", &told).await;
    assert!(
        reading.shown(&hers).contains("[Forget it]"),
        "{}",
        reading.shown(&hers)
    );
    let his = reading.saves("ben", &told).await;
    let shown = reading.shown(&his);
    assert!(
        shown.contains("ana saved it first.") && !shown.contains("[Forget it]"),
        "{shown}"
    );
    let managers = reading.saves("chloe", &told).await;
    reading.clicks("chloe", &managers, FORGET).await;
    reading.says(&managers, "I have forgotten that thread.").await;
    assert_eq!(reading.threads().await[0].state.documents, 0);
    // A button that was drawn when Ana might is asked again: meanwhile it is Ben's.
    reading.saves("ben", &told).await;
    let before = reading.bot.slack.read(|w| w.messages("#ops").count());
    reading.clicks("ana", &hers, FORGET).await;
    let refused = reading
        .bot
        .until(|w| w.messages("#ops").nth(before).cloned())
        .await;
    assert!(
        reading
            .shown(&refused)
            .contains("Somebody else saved this thread."),
        "{}",
        reading.shown(&refused)
    );
    assert_eq!(reading.threads().await[0].state.documents, 1);
    reading.bot.finish().await;
}

async fn a_channel_that_was_made_private_takes_its_threads_along(database: TestDatabase) {
    let reading = open(database, "").await;
    let when_public = NewSource {
        id: SourceId::new(Ulid::from(8_u128)),
        kind: SourceKind::Slack,
        location: "C0SECRET".to_owned(),
        visibility: Visibility::Everyone,
        added_by: Some("U0ANA".into()),
        added_at: thursday_morning(),
    };
    let store = &reading.bot.database.store;
    store.knowledge().insert_source(&when_public).await.unwrap();
    let told = reading.ledger_thread("#secret").await;
    reading.saves("ana", &told).await;
    let threads = reading.threads().await;
    assert_eq!(threads.len(), 1);
    let members = Visibility::Channels(BTreeSet::from(["C0SECRET".into()]));
    assert_eq!(threads[0].added.visibility, members);
    reading.bot.finish().await;
}

async fn a_thread_that_cannot_be_read_is_said_to_be_so(database: TestDatabase) {
    let reading = open(database, "").await;
    // One channel is public and the bot is not in it; of the other it does not even know.
    for channel in ["#random", "#pair"] {
        let told = reading.ledger_thread(channel).await;
        let refused = reading.saves("ana", &told).await;
        let shown = reading.shown(&refused);
        assert!(shown.contains("/invite @EM Agent"), "{shown}");
    }
    let wordless = reading.says_in("ana", "#ops", " ", None).await;
    let refused = reading.saves("ana", &wordless).await;
    assert!(
        reading.shown(&refused).contains("no words"),
        "{}",
        reading.shown(&refused)
    );
    assert_eq!(reading.threads().await, []);
    reading.bot.finish().await;
}
