//! Answers that somebody stands for, and the list of what nobody wrote down.

use chrono::TimeDelta;
use em_domain::ask::{Answer, Citation, Confidence};
use em_domain::id::AnswerId;
use em_simulator::github::{GithubWorld, NewPull};

use super::*;

both_engines!(
    an_official_answer_comes_first_to_nearly_the_same_question,
    an_official_answer_is_as_private_as_what_it_was_made_from,
    gaps_are_posted_once_a_week_and_become_issues,
    who_reviews_where_the_nearest_document_is_from_could_write_it_down,
);

impl Reading {
    /// Makes an answer official with other words, for three months.
    async fn makes_official(&self, user: &str, answer: &Message, text: &str) {
        self.clicks(user, answer, "ask.official").await;
        let id = self.bot.user(user).id;
        let modal = self.bot.until(|w| w.modal(&id).cloned()).await;
        let person = self.bot.user(user);
        assert!(
            person
                .submits(&modal, [("text", text), ("days", "90")])
                .unwrap()
                .await
                .is_acked()
        );
        let said = self
            .bot
            .until(|w| {
                w.messages("#ops")
                    .find(|m| m.text.contains("Official until"))
                    .cloned()
            })
            .await;
        assert_eq!(said.ephemeral_for.as_deref(), Some(id.as_str()));
    }
}

async fn an_official_answer_comes_first_to_nearly_the_same_question(database: TestDatabase) {
    let reading = Reading::start(database, ROLLBACK, None).await;
    let answer = reading
        .asks("ana", "#ops", "how do we undo a payments release?")
        .await;
    reading
        .makes_official("ana", &answer, "Ask *Ben*, then run `make undo`.")
        .await;
    let again = reading
        .asks("ben", "#ops", "How do we undo a release of payments?")
        .await;
    assert_snapshot!(reading.shown(&again), @r"
    em-agent (only ben sees this):
      *How do we undo a release of payments?*
      Ask Ben, then run `make undo`.
      · :white_check_mark: Official answer by @ana to “how do we undo a payments release?”, until 15 April 2026
      [1] *Payments* · open.md · changed today
      [Share to channel] [Helpful] [Not helpful…]
    ");
    let other = reading
        .asks("ben", "#ops", "which port does payments listen on?")
        .await;
    assert!(
        !reading.shown(&other).contains("Official"),
        "{}",
        reading.shown(&other)
    );

    reading.bot.clock.advance(chrono::TimeDelta::days(91));
    let later = reading
        .asks("ben", "#ops", "how do we undo a payments release?")
        .await;
    assert!(
        !reading.shown(&later).contains("Official"),
        "{}",
        reading.shown(&later)
    );
    reading.bot.finish().await;
}

async fn an_official_answer_is_as_private_as_what_it_was_made_from(database: TestDatabase) {
    let reading = Reading::with_salaries(database).await;
    let hers = reading.asks("ana", "#ops", BONUS).await;
    reading.makes_official("ana", &hers, "In March.").await;
    let his = reading.asks("ben", "#ops", BONUS).await;
    assert!(!reading.shown(&his).contains("March"), "{}", reading.shown(&his));
    let hers = reading.asks("ana", "#ops", BONUS).await;
    assert!(
        reading.shown(&hers).contains("In March."),
        "{}",
        reading.shown(&hers)
    );
    reading.bot.finish().await;
}

async fn gaps_are_posted_once_a_week_and_become_issues(database: TestDatabase) {
    let setting = Setting {
        environment: vec![
            ("GITHUB_TOKEN", "ghp_pretend".to_owned()),
            ("GITHUB_API_URL", "http://127.0.0.1:9/".to_owned()),
        ],
        ..Setting::default()
    };
    let reading = Reading::start_with(database, ROLLBACK, None, setting).await;
    reading.asks("ana", "#ops", "where can I park my bicycle?").await;
    for _ in 0..2 {
        let said = reading.bot.ask("ben", "#ops", "/em-agent gaps post #ops").await;
        assert!(reading.shown(&said).contains("#ops"), "{}", reading.shown(&said));
    }
    let posts: Vec<Message> = reading.bot.slack.read(|w| {
        w.messages("#ops")
            .filter(|m| m.ephemeral_for.is_none())
            .cloned()
            .collect()
    });
    let [post] = posts.as_slice() else {
        panic!("{posts:?}");
    };
    let text = reading.shown(post);
    assert!(text.contains("where can I park my bicycle?"), "{text}");
    assert!(!text.contains("ana"), "{text}");

    let entry = em_simulator::Click::from(("menu", "Open an issue…"));
    let sent = reading.bot.user("ben").clicks(post, entry).unwrap().await;
    assert!(sent.is_acked());
    let modal = reading.bot.until(|w| w.modal("U0BEN").cloned()).await;
    let form = serde_json::to_string(&modal.blocks()).unwrap();
    assert!(
        form.contains("Write down: where can I park my bicycle?"),
        "{form}"
    );
    assert!(form.contains("create-issue"), "{form}");
    assert!(!form.contains("\"merge\""), "{form}");
    reading.bot.finish().await;
}

async fn who_reviews_where_the_nearest_document_is_from_could_write_it_down(database: TestDatabase) {
    let reading = Reading::start(database, ROLLBACK, None).await;
    let yesterday = thursday_morning() - TimeDelta::days(1);
    let world = GithubWorld::new("token");
    world.add_repo("acme/api", yesterday - TimeDelta::days(300));
    let tell = async |days: i64, reviewer: &str| {
        let (new, at) = (
            NewPull::new("Retry payouts", "ana-ruiz"),
            yesterday - TimeDelta::days(days),
        );
        let (pull, opened) = world.open_pull("acme/api", &new, at);
        reading.bot.github(&opened).await;
        let reviewed = pull.review(reviewer, "approved", at + TimeDelta::hours(1));
        reading.bot.github(&reviewed).await;
    };
    tell(3, "chloe-m").await;
    for days in [120, 130, 140] {
        tell(days, "dmitri-v").await;
    }
    reading.bot.folded().await;
    let knowledge = reading.bot.database.store.knowledge();
    let source = knowledge.list_sources().await.unwrap().remove(0).added.id;
    let nearest = Citation {
        source,
        document: "docs/ledger.md".to_owned(),
        title: "Ledger".to_owned(),
        heading: Vec::new(),
        url: Some("https://github.com/acme/api/blob/HEAD/docs/ledger.md".to_owned()),
        author: None,
        owners: vec!["@acme/ledger".to_owned()],
        changed_at: None,
        text: "The ledger.".to_owned(),
        sentence: String::new(),
    };
    let unanswered = Answer {
        id: AnswerId::new(Ulid::from(9_u128)),
        question: "how do we restart the ledger exporter?".to_owned(),
        asker: "U0BEN".into(),
        channel: None,
        thread: None,
        asked_at: yesterday,
        confidence: Confidence::None,
        citations: vec![nearest],
        written: None,
        also_from: BTreeSet::new(),
        official: None,
    };
    reading
        .bot
        .database
        .store
        .answers()
        .insert(&unanswered)
        .await
        .unwrap();
    let gaps = reading.bot.ask("ana", "#ops", "/em-agent gaps").await;
    // Slack shows nothing of what keeps the names from pinging.
    let shown = reading.shown(&gaps).replace('\u{2060}', "");
    assert!(
        shown.contains("could be written by @acme/ledger, @chloe-m"),
        "{shown}"
    );
    assert!(!shown.contains("dmitri-v"), "{shown}");
    reading.bot.finish().await;
}
