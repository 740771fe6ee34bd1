//! Documents beyond this machine: pages and repositories that people add in Slack, answer questions, change and go.

mod systems;

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use em_commands::docs::READ;
use em_domain::clock::Clock as _;
use em_domain::id::JobId;
use em_domain::job::NewJob;
use em_domain::knowledge::Source;
use em_simulator::confluence::{self, ConfluenceSimulator};
use em_simulator::github::{GithubSimulator, NewThread};
use em_simulator::jira::{self, JiraSimulator};
use em_simulator::web::{Fault, Web};
use em_simulator::workspace::Message;
use em_storage::testing::TestDatabase;
use em_tests::{PATIENCE, Setting, TestBot, both_engines, thursday_morning};
use serde_json::json;
use ulid::Ulid;

use crate::scene::assert_snapshot;

both_engines!(
    a_page_added_in_slack_answers_a_question,
    a_page_that_cannot_be_read_is_refused_in_a_sentence,
    a_page_that_changed_answers_anew_and_one_that_is_gone_does_not,
    the_threads_of_a_repository_answer_questions_and_deletions_are_followed,
    spaces_and_projects_answer_questions_and_changes_are_followed,
    a_reading_that_a_restart_interrupts_is_told_to_its_end,
    a_source_added_for_one_channel_answers_there_alone,
    a_source_is_forgotten_on_request,
    paths_of_the_machine_cannot_be_added_in_slack,
);

const RUNBOOK: &str = "<html><head><title>Payments</title></head><body><h1>Payments</h1><h2>Rolling back</h2>\
    <p>A release of payments is undone with <code>make undo</code>.</p></body></html>";
const QUESTION: &str = "how is a release of payments undone?";
const TOKEN: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

/// A bot that may read pages of this machine, and a pretend web.
struct Reader {
    bot: TestBot,
    web: Web,
}

fn toml() -> String {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/all-MiniLM-L6-v2");
    format!(
        "[knowledge]\nmodel_dir = {:?}\nprivate_addresses = true\nreread_minutes = 60\n",
        model.display().to_string()
    )
}

impl Reader {
    async fn start(database: TestDatabase) -> Self {
        Self::start_with(database, Vec::new()).await
    }

    async fn start_with(database: TestDatabase, environment: Vec<(&'static str, String)>) -> Self {
        let setting = Setting {
            toml: toml(),
            environment,
            ..Setting::default()
        };
        Self {
            bot: TestBot::start_with(database, setting).await,
            web: Web::start().await.unwrap(),
        }
    }

    async fn says(&self, text: &str) -> String {
        let answer = self.bot.ask("ana", "#ops", &format!("/em-agent {text}")).await;
        self.shown(&answer)
    }

    fn shown(&self, message: &Message) -> String {
        // An address that was not meant as a link is kept from becoming one by a character that nobody sees.
        let text = self.bot.text(message).replace('\u{2060}', "");
        text.replace(&self.web.url(""), "http://web")
    }

    /// Waits for the direct message to Ana whose text has `words`.
    async fn told(&self, words: &str) -> String {
        let message = self
            .bot
            .until(|w| {
                let direct = w.direct_with("U0ANA")?;
                let mut messages = w.messages(&direct.id);
                messages.find(|m| w.message_text(m).contains(words)).cloned()
            })
            .await;
        self.shown(&message)
    }

    /// The direct messages that Ana got.
    fn direct(&self) -> usize {
        self.bot.slack.read(|w| {
            let direct = w.direct_with("U0ANA").map(|direct| direct.id.clone());
            direct.map_or(0, |id| w.messages(&id).count())
        })
    }

    /// Lets time pass, has all read again as the clock would, and waits until the sources are as `wanted`.
    async fn rereads(&self, after: TimeDelta, wanted: impl Fn(&Source) -> bool) {
        self.bot.clock.advance(after);
        let now = self.bot.clock.now();
        let job = NewJob::new(JobId::new(Ulid::new()), READ, json!({}), now).unique(READ);
        let store = &self.bot.database.store;
        let deadline = Instant::now() + 2 * PATIENCE;
        // While the last reading is being put away, there is no other one.
        while !store.jobs().enqueue(&job, now).await.unwrap().is_new() {
            assert!(Instant::now() < deadline, "the last reading does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        loop {
            let sources = store.knowledge().list_sources().await.unwrap();
            if sources.iter().all(&wanted) {
                return;
            }
            assert!(Instant::now() < deadline, "{sources:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn a_page_added_in_slack_answers_a_question(database: TestDatabase) {
    let reader = Reader::start(database).await;
    reader.web.put("/runbook", "text/html", RUNBOOK);
    let url = reader.web.url("/runbook");
    assert_snapshot!(reader.says(&format!("docs add <{url}>")).await, @r"
    em-agent (only ana sees this):
      I am reading *http://web/runbook*. How far I am stands in your direct messages with me.
    ");
    assert_snapshot!(reader.told("I have read").await, @r"
    em-agent (edited):
      I have read *http://web/runbook*: 1 document, 1 passage.
      · Ask with `/em-agent ask how do we roll back?`.
    ");
    assert_eq!(reader.direct(), 1, "one message, edited");
    let answer = reader.says(&format!("ask {QUESTION}")).await;
    assert!(answer.contains("make undo"), "{answer}");
    assert!(
        answer.contains("http://web/runbook") || answer.contains("Payments"),
        "{answer}"
    );
    let again = reader.says(&format!("docs add {url}")).await;
    assert!(again.contains("already"), "{again}");
    let status = reader.says("docs status").await;
    assert!(status.contains("http://web/runbook"), "{status}");
    assert!(status.contains("1 document, 1 passage"), "{status}");
    reader.bot.finish().await;
}

async fn a_page_that_cannot_be_read_is_refused_in_a_sentence(database: TestDatabase) {
    let reader = Reader::start(database).await;
    let url = reader.web.url("/page");
    assert_snapshot!(reader.says(&format!("docs add {url}")).await, @r"
    em-agent (only ana sees this):
      http://web/page answers 404: there is no such page. I did not add it.
    ");
    for (fault, said) in [
        (Fault::Status(403), "answers 403"),
        (Fault::RateLimited(90), "left alone for 90 seconds"),
        (Fault::Endless, "larger than 20 MB"),
    ] {
        reader.web.fail("/page", Some(fault));
        let answer = reader.says(&format!("docs add {url}")).await;
        assert!(answer.contains(said), "{answer}");
    }
    reader.web.fail("/page", None);
    reader.web.put("/page", "text/html", "<html><body></body></html>");
    let answer = reader.says(&format!("docs add {url}")).await;
    assert!(answer.contains("did not add it"), "{answer}");
    let answer = reader.says("docs add https://github.com/acme/api").await;
    assert!(answer.contains("GITHUB_TOKEN is not set"), "{answer}");
    assert!(
        reader
            .bot
            .database
            .store
            .knowledge()
            .list_sources()
            .await
            .unwrap()
            .is_empty()
    );
    reader.bot.finish().await;
}

async fn a_page_that_changed_answers_anew_and_one_that_is_gone_does_not(database: TestDatabase) {
    let reader = Reader::start(database).await;
    reader.web.put("/runbook", "text/html", RUNBOOK);
    reader
        .says(&format!("docs add {}", reader.web.url("/runbook")))
        .await;
    reader.told("I have read").await;

    let read_at = |at| move |source: &Source| source.state.indexed_at == Some(at);
    let hour = TimeDelta::hours(1);
    reader.rereads(hour, read_at(thursday_morning() + hour)).await;
    assert_eq!(reader.web.visits().last().unwrap().status, 304);

    reader.web.put(
        "/runbook",
        "text/html",
        RUNBOOK.replace("make undo", "make revert"),
    );
    reader.rereads(hour, read_at(thursday_morning() + hour * 2)).await;
    let answer = reader.says(&format!("ask {QUESTION}")).await;
    assert!(answer.contains("make revert"), "{answer}");
    assert!(!answer.contains("make undo"), "{answer}");

    reader.web.remove("/runbook");
    reader.rereads(hour, |source| source.state.documents == 0).await;
    let answer = reader.says(&format!("ask {QUESTION}")).await;
    assert!(!answer.contains("make revert"), "{answer}");
    let status = reader.says("docs status").await;
    assert!(status.contains("answers 404"), "{status}");
    reader.bot.finish().await;
}

async fn the_threads_of_a_repository_answer_questions_and_deletions_are_followed(database: TestDatabase) {
    let github = GithubSimulator::start(TOKEN).await.unwrap();
    let world = github.world();
    world.add_repo("acme/api", thursday_morning());
    let issue = NewThread {
        by: "ben",
        title: "Rollback of payments hangs",
        body: "It hangs when the queue is full.",
    };
    let number = world.write_issue("acme/api", issue, thursday_morning() - TimeDelta::days(3));
    let environment = vec![
        ("GITHUB_TOKEN", TOKEN.to_owned()),
        ("GITHUB_API_URL", github.api_url()),
    ];
    let reader = Reader::start_with(database, environment).await;
    reader.says("docs add https://github.com/acme/api").await;
    assert_snapshot!(reader.told("I have read").await, @r"
    em-agent (edited):
      I have read *https://github.com/acme/api*: 1 document, 1 passage.
      · Ask with `/em-agent ask how do we roll back?`.
    ");
    let answer = reader.says("ask why does the rollback of payments hang?").await;
    assert!(answer.contains("queue is full"), "{answer}");

    // What changes is read within the hour, and nothing else is.
    let comment = "Drain the queue of payments with `make drain` first.";
    let later = thursday_morning() + TimeDelta::minutes(30);
    world.comment_on_issue("acme/api", number, "ana", comment, later);
    world.clear_calls();
    let hour = TimeDelta::hours(1);
    let read_at = |at| move |source: &Source| source.state.indexed_at == Some(at);
    reader.rereads(hour, read_at(thursday_morning() + hour)).await;
    let answer = reader.says("ask how do I drain the queue of payments?").await;
    assert!(answer.contains("make drain"), "{answer}");

    // What is gone is noticed within a day.
    world.delete_issue("acme/api", number);
    reader
        .rereads(TimeDelta::hours(24), |source| source.state.documents == 0)
        .await;
    world.delete_repo("acme/api");
    reader
        .rereads(hour, |source| source.state.last_error.is_some())
        .await;
    let status = reader.says("docs status").await;
    assert!(status.contains("GITHUB_TOKEN may not see it"), "{status}");
    reader.bot.finish().await;
}

async fn spaces_and_projects_answer_questions_and_changes_are_followed(database: TestDatabase) {
    let confluence = ConfluenceSimulator::start().await.unwrap();
    confluence.add_space("ENG");
    let before = thursday_morning() - TimeDelta::days(1);
    let page = confluence.write(
        "ENG",
        "Payments",
        "<p>A release of payments is undone with:</p><ac:structured-macro ac:name=\"code\"><ac:plain-text-body>\
         <![CDATA[make undo]]></ac:plain-text-body></ac:structured-macro>",
        before,
    );
    let jira = JiraSimulator::start().await.unwrap();
    jira.add_project("PAY");
    let issue = jira.write(
        "PAY",
        "Invoices are late",
        "Invoices wait for the ledger.",
        before,
    );
    let environment = vec![
        ("CONFLUENCE_TOKEN", confluence::TOKEN.to_owned()),
        ("CONFLUENCE_API_URL", confluence.api_url()),
        ("JIRA_TOKEN", jira::TOKEN.to_owned()),
        ("JIRA_API_URL", jira.api_url()),
    ];
    let reader = Reader::start_with(database, environment).await;
    reader
        .says("docs add https://acme.atlassian.net/wiki/spaces/ENG")
        .await;
    reader.told("spaces/ENG*: 1 document").await;
    let project = "docs add https://acme.atlassian.net/jira/software/projects/PAY/boards/1";
    reader.says(project).await;
    reader.told("browse/PAY*: 1 document").await;
    let answer = reader.says(&format!("ask {QUESTION}")).await;
    assert!(answer.contains("make undo"), "{answer}");
    let question = "ask why are invoices late?";
    let answer = reader.says(question).await;
    assert!(answer.contains("wait for the ledger"), "{answer}");
    assert!(
        answer.contains("https://acme.atlassian.net/browse/PAY-1"),
        "{answer}"
    );

    let now = thursday_morning() + TimeDelta::minutes(30);
    confluence.edit(
        page,
        "<p>A release of payments is undone with make revert.</p>",
        now,
    );
    jira.comment(
        &issue,
        "Invoices are late because the ledger sleeps at night.",
        now,
    );
    let hour = TimeDelta::hours(1);
    let at = thursday_morning() + hour;
    reader
        .rereads(hour, |source| source.state.indexed_at == Some(at))
        .await;
    let answer = reader.says(&format!("ask {QUESTION}")).await;
    assert!(answer.contains("make revert"), "{answer}");
    assert!(!answer.contains("make undo"), "{answer}");

    confluence.delete(page);
    jira.delete(&issue);
    reader
        .rereads(TimeDelta::hours(24), |source| source.state.documents == 0)
        .await;
    let answer = reader.says(question).await;
    assert!(!answer.contains("ledger sleeps"), "{answer}");
    reader.bot.finish().await;
}

async fn a_reading_that_a_restart_interrupts_is_told_to_its_end(database: TestDatabase) {
    let reader = Reader::start(database).await;
    reader.web.put("/runbook", "text/html", RUNBOOK);
    // It can be looked at, and then does not answer any more.
    reader.web.fail_after("/runbook", 1, Fault::Hang);
    let answer = reader
        .says(&format!("docs add {}", reader.web.url("/runbook")))
        .await;
    assert!(answer.contains("I am reading"), "{answer}");
    reader.told("Reading").await;
    let status = reader.says("docs status").await;
    assert!(status.contains("I am reading one source"), "{status}");
    let Reader { bot, web } = reader;
    web.fail("/runbook", None);
    let reader = Reader {
        bot: bot.restart(&toml()).await,
        web,
    };
    reader.told("I have read").await;
    assert_eq!(reader.direct(), 1, "one message, edited");
    reader.bot.finish().await;
}

async fn a_source_added_for_one_channel_answers_there_alone(database: TestDatabase) {
    let reader = Reader::start(database).await;
    reader.web.put("/runbook", "text/html", RUNBOOK);
    let url = reader.web.url("/runbook");
    reader.says(&format!("docs add {url} --only-here")).await;
    reader.told("I have read").await;
    let question = format!("/em-agent ask {QUESTION}");
    let here = reader.bot.ask("ben", "#ops", &question).await;
    assert!(
        reader.shown(&here).contains("make undo"),
        "{}",
        reader.shown(&here)
    );
    let elsewhere = reader.bot.ask("chloe", "#general", &question).await;
    assert!(
        !reader.shown(&elsewhere).contains("make undo"),
        "{}",
        reader.shown(&elsewhere)
    );
    reader.bot.finish().await;
}

async fn a_source_is_forgotten_on_request(database: TestDatabase) {
    let reader = Reader::start(database).await;
    reader.web.put("/runbook", "text/html", RUNBOOK);
    reader
        .says(&format!("docs add {}", reader.web.url("/runbook")))
        .await;
    reader.told("I have read").await;
    let store = reader.bot.database.store.clone();
    let id = store.knowledge().list_sources().await.unwrap()[0]
        .added
        .id
        .to_string();
    let status = reader.says("docs status").await;
    assert!(status.contains(&id), "{status}");
    let answer = reader.says(&format!("docs remove {id}")).await;
    assert!(
        answer.contains("no longer answer from *http://web/runbook*"),
        "{answer}"
    );
    let answer = reader.says(&format!("ask {QUESTION}")).await;
    assert!(!answer.contains("make undo"), "{answer}");
    let answer = reader.says(&format!("docs remove {id}")).await;
    assert!(answer.contains("no such source"), "{answer}");
    reader.bot.finish().await;
}

async fn paths_of_the_machine_cannot_be_added_in_slack(database: TestDatabase) {
    let reader = Reader::start(database).await;
    for path in ["/etc/passwd", ".", "file:///etc/passwd"] {
        let answer = reader.says(&format!("docs add {path}")).await;
        assert!(answer.contains("https://"), "{answer}");
    }
    assert!(
        reader
            .bot
            .database
            .store
            .knowledge()
            .list_sources()
            .await
            .unwrap()
            .is_empty()
    );
    reader.bot.finish().await;
}
