//! A question that the clock asks: everybody in the channel reads the answer, so it holds what all of them may see.

use chrono::TimeDelta;
use em_simulator::llm::LlmSimulator;

use super::model::with_model;
use super::*;

both_engines!(
    a_question_is_asked_by_the_clock_and_answered_to_the_channel,
    what_not_everybody_there_may_see_is_not_posted_and_the_owner_hears_of_it,
    a_model_writes_what_is_posted,
    a_schedule_of_the_configuration_asks_too,
);

const QUESTION: &str = "how do we undo a payments release?";

impl Reading {
    /// Has `user` keep a schedule that asks `question` in #ops at 11:30, half an hour from now.
    async fn keeps(&self, user: &str, question: &str) {
        let typed = format!("/em-agent schedule add ask {question} #ops every day at 11:30 in Europe/Berlin");
        let draft = self.bot.ask(user, "#ops", &typed).await;
        assert!(self.shown(&draft).contains("[Save]"), "{}", self.shown(&draft));
        self.clicks(user, &draft, "schedule.save").await;
        self.says(&draft, "due next").await;
    }

    fn half_an_hour_passes(&self) {
        self.bot.clock.set(thursday_morning() + TimeDelta::minutes(30));
    }

    /// What everybody in #ops sees.
    fn posts(&self) -> Vec<Message> {
        self.bot.slack.read(|w| {
            let for_all = w
                .messages("#ops")
                .filter(|m| m.by_app && m.ephemeral_for.is_none());
            for_all.cloned().collect()
        })
    }

    async fn posted(&self) -> Message {
        self.bot
            .until(|w| {
                w.messages("#ops")
                    .find(|m| m.by_app && m.ephemeral_for.is_none())
                    .cloned()
            })
            .await
    }
}

async fn a_question_is_asked_by_the_clock_and_answered_to_the_channel(database: TestDatabase) {
    let reading = Reading::start(database, ROLLBACK, None).await;
    reading.keeps("ana", QUESTION).await;
    assert_eq!(reading.posts().len(), 0);
    reading.half_an_hour_passes();
    let post = reading.posted().await;
    assert_snapshot!(reading.shown(&post), @r"
    em-agent:
      *how do we undo a payments release?*
      Answered from our documents
      *Payments*
      Rolling back
      *A release of payments is undone with* `make undo ENV=production`*.* Tell the people on duty first.
      Ports
      The service listens on port 8443.
      · open.md · changed today
      · I am fairly sure.
    ");

    // Once a day it is edited and not repeated.
    let kept = reading.bot.database.store.kept_schedules().list().await.unwrap();
    let again = format!("/em-agent schedule run {}", kept[0].id);
    let said = reading.bot.ask("ana", "#ops", &again).await;
    assert!(reading.shown(&said).contains("#ops"), "{}", reading.shown(&said));
    assert_eq!(reading.posts().len(), 1);

    let refused = reading
        .bot
        .ask(
            "ana",
            "#ops",
            "/em-agent schedule add ask ?? #ops every day at 9:00",
        )
        .await;
    let refused = reading.shown(&refused);
    assert!(refused.contains("What would you like to know?"), "{refused}");
    reading.bot.finish().await;
}

async fn what_not_everybody_there_may_see_is_not_posted_and_the_owner_hears_of_it(database: TestDatabase) {
    let reading = Reading::with_salaries(database).await;
    let hers = reading.asks("ana", "#ops", BONUS).await;
    assert!(reading.shown(&hers).contains("paid in March"));
    reading.keeps("ana", BONUS).await;
    reading.half_an_hour_passes();
    let told = reading.next_direct("ana", 0).await;
    let told = reading.shown(&told);
    assert!(
        told.contains("did not work. I found no answer in the documents that everybody"),
        "{told}"
    );
    assert!(!told.contains("March"), "{told}");
    assert_eq!(reading.posts().len(), 0);
    reading.bot.finish().await;
}

async fn a_model_writes_what_is_posted(database: TestDatabase) {
    let llm = LlmSimulator::start().await.unwrap();
    llm.answers(|_, _| "Run make undo [1]. It is easy.".to_owned());
    let reading = with_model(database, &llm, ROLLBACK, None, "").await;
    reading.keeps("ana", QUESTION).await;
    reading.half_an_hour_passes();
    let post = reading.posted().await;
    assert_snapshot!(reading.shown(&post), @r"
    em-agent:
      *how do we undo a payments release?*
      Answered from our documents
      Run make undo. [1]
      [1] *Payments* · open.md · changed today
      · Written by pretend-1 from these passages; sentences without a source were left out.
    ");
    reading.bot.finish().await;
}

async fn a_schedule_of_the_configuration_asks_too(database: TestDatabase) {
    let setting = Setting {
        toml: format!(
            "[[schedules]]\nname = 'duty'\ncron = '30 11 * * *'\nzone = 'Europe/Berlin'\nrun = 'ask {QUESTION}'\n\
             channel = '#ops'\n"
        ),
        ..Setting::default()
    };
    let reading = Reading::start_with(database, ROLLBACK, None, setting).await;
    reading.half_an_hour_passes();
    let post = reading.posted().await;
    assert!(
        reading.shown(&post).contains("make undo"),
        "{}",
        reading.shown(&post)
    );
    reading.bot.finish().await;
}
