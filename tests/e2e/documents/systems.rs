//! Pages of Notion, a team of Linear and an account of PagerDuty that somebody adds in Slack.

use chrono::{DateTime, TimeDelta, Utc};
use em_domain::knowledge::Source;
use em_simulator::linear::{self, LinearSimulator};
use em_simulator::notion::{self, NotionSimulator, block};
use em_simulator::pagerduty::{self, PagerDutySimulator};
use em_storage::testing::TestDatabase;
use em_tests::{both_engines, thursday_morning};
use serde_json::json;

use super::Reader;

both_engines!(
    pages_of_notion_answer_questions_and_changes_are_followed,
    a_team_of_linear_answers_questions_and_changes_are_followed,
    incidents_of_pagerduty_answer_questions_and_notes_are_followed,
);

/// When everything was written, the day before.
fn before() -> DateTime<Utc> {
    thursday_morning() - TimeDelta::days(1)
}

fn hour() -> TimeDelta {
    TimeDelta::hours(1)
}

/// All was read at this time.
fn read_at(at: DateTime<Utc>) -> impl Fn(&Source) -> bool {
    move |source| source.state.indexed_at == Some(at)
}

async fn pages_of_notion_answer_questions_and_changes_are_followed(database: TestDatabase) {
    let notion = NotionSimulator::start().await.unwrap();
    let root = notion.write("Handbook", &[], before());
    let words = |command: &str| {
        let text = format!("A release of payments is undone with {command}.");
        [block("paragraph", &text, &[])]
    };
    let page = notion.write_below(&root, "Payments", &words("make undo"), before());
    let database_of_root = notion.add_database(&root, "Vendors");
    let about = json!({ "Contact": { "type": "email", "email": "help@ledger.example" } });
    let row = notion.add_row(&database_of_root, "Ledger vendor", &about, &[], before());
    let environment = vec![
        ("NOTION_TOKEN", notion::TOKEN.to_owned()),
        ("NOTION_API_URL", notion.api_url()),
    ];
    let reader = Reader::start_with(database, environment).await;
    let address = format!("https://www.notion.so/acme/Handbook-{}", root.replace('-', ""));
    reader.says(&format!("docs add {address}")).await;
    reader.told(": 2 documents").await;
    let question = "ask how is a release of payments undone?";
    let answer = reader.says(question).await;
    assert!(answer.contains("make undo"), "{answer}");
    assert!(answer.contains("https://www.notion.so/Payments-"), "{answer}");
    let answer = reader.says("ask what is the contact of the ledger vendor?").await;
    assert!(answer.contains("help@ledger.example"), "{answer}");

    notion.edit(
        &page,
        &words("make revert"),
        thursday_morning() + TimeDelta::minutes(30),
    );
    let at = thursday_morning() + hour();
    reader.rereads(hour(), read_at(at)).await;
    let answer = reader.says(question).await;
    assert!(answer.contains("make revert"), "{answer}");
    assert!(!answer.contains("make undo"), "{answer}");

    notion.delete(&page);
    notion.delete(&row);
    let day = TimeDelta::hours(24);
    reader.rereads(day, |source| source.state.documents == 0).await;
    notion.hide(&root);
    reader
        .rereads(hour(), |source| source.state.last_error.is_some())
        .await;
    let status = reader.says("docs status").await;
    assert!(status.contains("NOTION_TOKEN may not see it"), "{status}");
    reader.bot.finish().await;
}

async fn a_team_of_linear_answers_questions_and_changes_are_followed(database: TestDatabase) {
    let linear = LinearSimulator::start().await.unwrap();
    linear.add_team("PAY");
    let issue = linear.write(
        "PAY",
        "Invoices are late",
        "Invoices wait for the ledger.",
        before(),
    );
    let environment = vec![
        ("LINEAR_TOKEN", linear::TOKEN.to_owned()),
        ("LINEAR_API_URL", linear.api_url()),
    ];
    let reader = Reader::start_with(database, environment).await;
    let answer = reader
        .says("docs add https://linear.app/acme/issue/PAY-1/invoices")
        .await;
    assert!(answer.contains("name a team"), "{answer}");
    reader
        .says("docs add https://linear.app/acme/team/PAY/active")
        .await;
    reader.told("team/PAY*: 1 document").await;
    let question = "ask why are invoices late?";
    let answer = reader.says(question).await;
    assert!(answer.contains("wait for the ledger"), "{answer}");
    assert!(answer.contains("https://linear.app/acme/issue/PAY-1"), "{answer}");

    let now = thursday_morning() + TimeDelta::minutes(30);
    linear.comment(
        &issue,
        "Invoices are late because the ledger sleeps at night.",
        now,
    );
    let at = thursday_morning() + hour();
    reader.rereads(hour(), read_at(at)).await;
    let answer = reader.says(question).await;
    assert!(answer.contains("ledger sleeps"), "{answer}");

    linear.delete(&issue, at);
    let day = TimeDelta::hours(24);
    reader.rereads(day, |source| source.state.documents == 0).await;
    let answer = reader.says(question).await;
    assert!(!answer.contains("ledger sleeps"), "{answer}");
    reader.bot.finish().await;
}

async fn incidents_of_pagerduty_answer_questions_and_notes_are_followed(database: TestDatabase) {
    let pagerduty = PagerDutySimulator::start().await.unwrap();
    let service = pagerduty.add_service("Checkout");
    let incident = pagerduty.trigger(&service, "Checkout times out", before());
    pagerduty.note(
        &incident,
        "Checkout times out because the pool of connections is empty.",
        before(),
    );
    pagerduty.publish(
        "Mail was late",
        "<p>Mail was late because the queue of mail had no reader.</p>",
        before(),
    );
    let environment = vec![
        ("PAGERDUTY_TOKEN", pagerduty::TOKEN.to_owned()),
        ("PAGERDUTY_API_URL", pagerduty.api_url()),
    ];
    let reader = Reader::start_with(database, environment).await;
    reader.says("docs add https://acme.pagerduty.com/incidents").await;
    reader.told("acme.pagerduty.com*: 2 documents").await;
    let question = "ask why does checkout time out?";
    let answer = reader.says(question).await;
    assert!(answer.contains("pool of connections is empty"), "{answer}");
    assert!(
        answer.contains("https://acme.pagerduty.com/incidents/"),
        "{answer}"
    );
    let answer = reader.says("ask why was mail late?").await;
    assert!(answer.contains("had no reader"), "{answer}");

    let now = thursday_morning() + TimeDelta::minutes(30);
    pagerduty.note(&incident, "Checkout was mended by restarting the proxy.", now);
    let at = thursday_morning() + hour();
    reader.rereads(hour(), read_at(at)).await;
    let answer = reader.says("ask how was checkout mended?").await;
    assert!(answer.contains("restarting the proxy"), "{answer}");

    pagerduty.hide(&incident);
    let day = TimeDelta::hours(24);
    reader.rereads(day, |source| source.state.documents == 1).await;
    let answer = reader.says(question).await;
    assert!(!answer.contains("pool of connections"), "{answer}");
    reader.bot.finish().await;
}
