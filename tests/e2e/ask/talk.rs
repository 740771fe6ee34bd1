//! Questions that go on from earlier ones: in a thread, in a direct message, for an hour, until `reset`.

use super::*;

both_engines!(
    a_question_in_a_direct_message_needs_no_command,
    a_follow_up_knows_what_was_asked_before_until_it_is_reset,
    a_day_has_a_limit_of_questions,
);

impl Reading {
    /// What the bot answers to a direct message.
    async fn answers_directly(&self, text: &str) -> String {
        let before = self.direct("ana").len();
        let ana = self.bot.user("ana");
        assert!(ana.says("@em-agent", text, None).unwrap().await.is_acked());
        let message = self.next_direct("ana", before).await;
        self.shown(&message)
    }
}

async fn a_question_in_a_direct_message_needs_no_command(database: TestDatabase) {
    let reading = Reading::start(database, ROLLBACK, None).await;
    let text = reading
        .answers_directly("how do we undo a payments release?")
        .await;
    assert!(text.contains("make undo ENV=production"), "{text}");
    let text = reading.answers_directly("hlep").await;
    assert!(text.contains("help"), "{text}");
    assert!(!text.contains("I did not find this"), "{text}");
    reading.bot.finish().await;
}

async fn a_follow_up_knows_what_was_asked_before_until_it_is_reset(database: TestDatabase) {
    let reading = Reading::start(database, ROLLBACK, None).await;
    reading
        .answers_directly("how do we undo a payments release?")
        .await;
    let text = reading.answers_directly("and who is told?").await;
    assert!(text.contains("Tell the people on duty first"), "{text}");
    let text = reading.answers_directly("reset").await;
    assert!(text.contains("Forgotten, all 2 questions"), "{text}");
    let text = reading.answers_directly("and who is told?").await;
    assert!(!text.contains("make undo"), "{text}");

    // After an hour nothing is left to go on from.
    reading
        .answers_directly("how do we undo a payments release?")
        .await;
    reading.bot.clock.advance(chrono::TimeDelta::hours(2));
    let text = reading.answers_directly("and who is told?").await;
    assert!(!text.contains("make undo"), "{text}");
    reading.bot.finish().await;
}

async fn a_day_has_a_limit_of_questions(database: TestDatabase) {
    let setting = Setting {
        environment: vec![("MAX_DAILY_RAG_SEARCHES", "2".to_owned())],
        ..Setting::default()
    };
    let reading = Reading::start_with(database, ROLLBACK, None, setting).await;
    for _ in 0..2 {
        let answer = reading
            .asks("ana", "#ops", "which port does payments listen on?")
            .await;
        assert!(reading.shown(&answer).contains("8443"));
    }
    let refused = reading
        .asks("ben", "#ops", "which port does payments listen on?")
        .await;
    let text = reading.shown(&refused);
    assert!(text.contains("Today's 2 questions are used up"), "{text}");
    reading.bot.clock.advance(chrono::TimeDelta::days(1));
    let answer = reading
        .asks("ben", "#ops", "which port does payments listen on?")
        .await;
    assert!(reading.shown(&answer).contains("8443"));
    reading.bot.finish().await;
}
