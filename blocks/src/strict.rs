//! Purpose: a strict reader of what is sent to Slack, and every message held against it with hostile input.
//!
//! The reader knows Slack's limits by itself, as numbers, so that a wrong constant in `limits` is found too.

use std::collections::BTreeSet;

use em_domain::action::{Action, Risk};
use em_domain::board::Board;
use em_domain::evidence::{Blocked, Cause, Deed, Evidence, Line, PersonEvidence, Subject, Window};
use em_domain::id::{ErrorId, Login, SlackUser};
use em_domain::job::{JobAttempt, JobCancel, JobCounts, JobReplay, JobState};
use em_domain::person::{Identity, Link, LinkOrigin};
use em_domain::policy::backtest::{Backtest, Difference, Outcome, Shift};
use em_domain::policy::{Approver, Decision, Obligation, PolicyVerdict, Question, RuleTrace, Terms};
use em_domain::pull_request::PullRequestKey;
use em_domain::signal::{KINDS, Rule, Rules, Signal, SignalState};
use em_domain::standup::Blocker;
use em_domain::triage::Surroundings;
use proptest::prelude::*;
use serde_json::Value;
use slack_morphism::prelude::{SlackMessageContent, SlackView};

use crate::action::message_posted;
use crate::board::{BoardView, message_board};
use crate::doctor::{Finding, Health, message_doctor};
use crate::error::{Effect, message_bad_usage, message_denied, message_failure, message_sorry};
use crate::help::{CommandHelp, message_help, message_help_for, message_unknown};
use crate::home::{HomeView, TeamHealth, view_home};
use crate::job::{JobsView, message_cancelled, message_job, message_jobs, message_no_job, message_retried};
use em_domain::ask::{Answer, Citation, Confidence, Feedback, OfficialAnswer, Written, WrittenSentence};
use em_domain::gaps::Gap;
use em_domain::id::{AnswerId, BlockerId, SourceId};
use em_domain::knowledge::{NewSource, Source, SourceKind, SourceState, SourceTag, Visibility};

use crate::ask::official::{self, OfficialMemory, modal_official};
use crate::ask::{AnswerView, FeedbackMemory, Readers, message_answer, modal_not_helpful};
use crate::docs::saved::{Kept, SavedView, message_saved};
use crate::docs::{DocsView, message_docs};
use crate::gaps::{GapsView, message_gaps};
use crate::link::{LinkOutcome, message_link};
use crate::notice::{Held, Unanswered, message_held};
use crate::nudge::{Nudge, Nudged, message_nudge, message_nudged};
use crate::people::People;
use crate::policy::{
    BacktestView, ExplainView, PolicyView, message_backtest, message_explained, message_policy,
};
use crate::row::RowSetting;
use crate::sample::{any_report, any_row, any_rows, calendar, hostile, known, now, signal};
use crate::signal::{BulletinView, RulesView, SignalsView, message_bulletin, message_rules, message_signals};
use crate::snooze::{SnoozeMemory, SnoozeQuestion, message_snoozed, modal_snooze};
use crate::standup::{StandupView, Whose, message_standup};
use crate::triage::{Scope, TriageView, message_report, message_shared};
use crate::whoami::{WhoamiView, message_whoami};
use crate::why::{WhyView, message_why};

fn units(value: &Value) -> usize {
    value.as_str().unwrap().encode_utf16().count()
}

fn at_most(value: &Value, max: usize, what: &str) {
    assert!(
        (1..=max).contains(&units(value)),
        "{what} has {} of {max}: {value}",
        units(value)
    );
}

fn check_plain(value: &Value, max: usize, what: &str) {
    assert_eq!(value["type"], "plain_text", "{what}");
    at_most(&value["text"], max, what);
}

/// Every `<...>` is one that we write on purpose, and nothing pings.
fn check_markup(text: &str) {
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('<') {
        assert!(!before.contains('>'), "{text}");
        let (inside, after) = tail.split_once('>').expect("every < is closed");
        let known = ["https://", "http://", "!date^", "@U", "#C"];
        assert!(known.iter().any(|start| inside.starts_with(start)), "{inside}");
        assert!(
            !inside.starts_with("@U0EVIL") && !inside.contains('<'),
            "{inside}"
        );
        rest = after;
    }
    assert!(!rest.contains('>'), "{text}");
    for after in text.split('&').skip(1) {
        assert!(
            ["amp;", "lt;", "gt;"]
                .iter()
                .any(|entity| after.starts_with(entity)),
            "{text}"
        );
    }
}

fn check_mrkdwn(value: &Value, max: usize, what: &str) {
    assert_eq!(value["type"], "mrkdwn", "{what}");
    assert_eq!(value["verbatim"], true, "{what}");
    at_most(&value["text"], max, what);
    check_markup(value["text"].as_str().unwrap());
}

fn list<'a>(value: &'a Value, max: usize, what: &str) -> &'a Vec<Value> {
    let items = value.as_array().unwrap();
    assert!((1..=max).contains(&items.len()), "{what}: {}", items.len());
    items
}

fn check_action_id(value: &Value) {
    at_most(value, 255, "action_id");
    let id = value.as_str().unwrap();
    assert!(
        id == crate::interaction::MENU || crate::ACTION_IDS.contains(&id),
        "{id} is not listed"
    );
}

fn check_url(value: &Value) {
    if !value.is_null() {
        at_most(value, 3000, "url");
    }
}

fn check_options(element: &Value, max: usize) {
    let mut values = BTreeSet::new();
    for option in list(&element["options"], max, "options") {
        check_plain(&option["text"], 75, "option");
        at_most(&option["value"], 75, "option value");
        check_url(&option["url"]);
        assert!(
            values.insert(option["value"].to_string()),
            "option values are unique"
        );
    }
}

fn check_block(block: &Value) {
    match block["type"].as_str().unwrap() {
        "header" => check_plain(&block["text"], 150, "header"),
        "divider" => {}
        "section" => check_section(block),
        "context" => {
            for element in list(&block["elements"], 10, "context") {
                check_mrkdwn(element, 3000, "context");
            }
        }
        "actions" => {
            for button in list(&block["elements"], 25, "actions") {
                check_button(button);
            }
        }
        "input" => {
            check_plain(&block["label"], 2000, "label");
            let element = &block["element"];
            match element["type"].as_str().unwrap() {
                "radio_buttons" => check_options(element, 10),
                "conversations_select" => {}
                "plain_text_input" => assert!(element["max_length"].as_u64().unwrap() <= 3000),
                _ => check_options(element, 100),
            }
        }
        other => panic!("unexpected block {other}"),
    }
}

fn check_section(block: &Value) {
    assert!(!block["text"].is_null() || !block["fields"].is_null());
    if !block["text"].is_null() {
        check_mrkdwn(&block["text"], 3000, "section");
    }
    if !block["fields"].is_null() {
        for field in list(&block["fields"], 10, "fields") {
            check_mrkdwn(field, 2000, "field");
        }
    }
    if !block["accessory"].is_null() {
        let beside = &block["accessory"];
        if beside["type"] == "button" {
            check_button(beside);
        } else {
            assert_eq!(beside["type"], "overflow");
            check_action_id(&beside["action_id"]);
            check_options(beside, 5);
        }
    }
}

fn check_button(button: &Value) {
    assert_eq!(button["type"], "button");
    check_action_id(&button["action_id"]);
    check_plain(&button["text"], 75, "button");
    check_url(&button["url"]);
    for (key, max) in [("value", 2000), ("accessibility_label", 75)] {
        if !button[key].is_null() {
            at_most(&button[key], max, key);
        }
    }
}

/// All strings called `text`, together.
fn text_units(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(text_units).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| {
                if key == "text" && value.is_string() {
                    units(value)
                } else {
                    text_units(value)
                }
            })
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn check_blocks(json: &Value, max: usize) {
    let blocks = list(&json["blocks"], max, "blocks");
    let ids: BTreeSet<&str> = blocks
        .iter()
        .map(|block| block["block_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), blocks.len(), "block ids are unique");
    assert!(ids.iter().all(|id| id.encode_utf16().count() <= 255));
    blocks.iter().for_each(check_block);
    assert!(
        text_units(&json["blocks"]) <= 11_000,
        "{} units of text",
        text_units(&json["blocks"])
    );
}

pub(crate) fn check_message(message: &SlackMessageContent) {
    let json = serde_json::to_value(message).unwrap();
    at_most(&json["text"], 3999, "fallback");
    check_markup(json["text"].as_str().unwrap());
    check_blocks(&json, 50);
}

pub(crate) fn check_view(view: &SlackView) {
    let json = serde_json::to_value(view).unwrap();
    if json["type"] == "modal" {
        // Slack wants a button to submit where there is something to fill in.
        let blocks = json["blocks"].as_array().unwrap();
        let is_form = blocks.iter().any(|block| block["type"] == "input");
        let parts = ["title", "close", "submit"];
        for part in &parts[..if is_form { 3 } else { 2 }] {
            check_plain(&json[*part], 24, part);
        }
        at_most(&json["private_metadata"], 3000, "private_metadata");
        at_most(&json["callback_id"], 255, "callback_id");
        let callback = json["callback_id"].as_str().unwrap();
        assert!(!is_form || crate::CALLBACK_IDS.contains(&callback));
    }
    check_blocks(&json, 100);
    assert!(json.to_string().len() <= 250_000);
}

/// What a message says about how many rows it hides, added to the rows it shows.
fn rows_accounted_for(message: &SlackMessageContent) -> i64 {
    let shown = crate::transcript::transcript(message);
    assert!(
        !shown.contains("do not fit"),
        "rows are cut by group, not by the last resort"
    );
    let hidden = shown.lines().filter_map(|line| {
        line.strip_prefix("> and ")?
            .strip_suffix(" more that have waited less")
    });
    let hidden: i64 = hidden.map(|number| number.parse::<i64>().unwrap()).sum();
    let json = serde_json::to_value(message).unwrap();
    let rows = json["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|block| is_row(block))
        .count();
    hidden + i64::try_from(rows).unwrap()
}

/// A row has lines; so have the lists below the groups, whose lines are marked.
fn is_row(block: &Value) -> bool {
    let text = block["text"]["text"].as_str().unwrap_or("");
    block["type"] == "section" && text.contains('\n') && !text.contains("\n• ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_report_is_within_the_limits_and_accounts_for_every_row(report in any_report(), team in hostile()) {
        let calendar = calendar();
        let everyone = |scope, people| TriageView { report: &report, calendar: &calendar, scope, people };
        for scope in [Scope::Everyone, Scope::Team(team.clone()), Scope::Mine(team.as_str().into())] {
            check_message(&message_report(&everyone(scope.clone(), People::posted())));
            let message = message_report(&everyone(scope, People::private(&known)));
            check_message(&message);
            prop_assert_eq!(rows_accounted_for(&message), report.groups.iter().map(|group| group.total).sum::<i64>());
        }
        let unanswered = Unanswered { standup: team.clone(), round: team.clone(), until: now() };
        let blocker = Blocker {
            id: BlockerId::new(ulid::Ulid::nil()),
            standup: team.clone(),
            owner: "U0ANA".into(),
            text: team.clone(),
            subject: PullRequestKey::parse("acme/api#12"),
            opened_at: now(),
            escalated_at: None,
            closed_at: None,
            end: None,
        };
        let health = TeamHealth { name: team.clone(), open: 12, blocked: 3, answered: Some((1, 2)) };
        let held = Held {
            approvals: Vec::new(),
            standups: vec![unanswered.clone(); 9],
            nudges: report.groups.iter().flat_map(|group| &group.rows).map(|row| (row.clone(), "U0ANA".into())).collect(),
            blockers: vec![blocker.clone(); 20],
        };
        check_message(&message_held(&held, crate::sample::shown_as()));
        check_message(&message_held(&Held::default(), crate::sample::shown_as()));
        let home = HomeView {
            mine: Some((&team.as_str().into(), &report)),
            calendar: &calendar,
            people: People::private(&known),
            proposal: None,
            approvals: &[],
            unanswered: &vec![unanswered; 7],
            blockers: &vec![blocker.clone(); 7],
            done: &[],
            teams: &vec![health; 12],
            schedules: &vec![crate::schedule::tests::failing(); 7],
            settings: crate::sample::settings(),
            shown_as: crate::sample::shown_as(),
            commands: &[CommandHelp { usage: &team, summary: &team, examples: &[] }; 20],
        };
        check_view(&view_home(&home));
        let login = Login::from(team.as_str());
        let proposal = Some((&login, em_domain::person::Confidence::Possible));
        check_view(&view_home(&HomeView { mine: None, proposal, ..home }));
    }

    #[test]
    fn any_board_is_within_the_limits(rows in any_rows(), more in 0_i64..1_000, still_waiting in 0_usize..3_000) {
        let total = i64::try_from(rows.len()).unwrap() + more;
        let mut board = Board::new(now().date_naive(), crate::sample::waiting(&rows, total));
        check_message(&message_board(&BoardView { board: &board, calendar: &calendar(), now: now() }));
        // Lines of one key clear together; the generated rows repeat, so few keys are enough.
        for line in board.lines.iter_mut().skip(still_waiting) {
            line.cleared_at = Some(now());
        }
        check_message(&message_board(&BoardView { board: &board, calendar: &calendar(), now: now() }));
    }

    #[test]
    fn every_message_about_a_row_is_within_the_limits(row in any_row(), from in hostile(), others in prop::collection::vec(hostile(), 0..8)) {
        let calendar = calendar();
        let setting = RowSetting { calendar: &calendar, people: People::private(&known), now: now() };
        let around = Surroundings { reviews: &[], comments: &[], runs: &[] };
        check_message(&message_why(&WhyView { row: &row, around, setting }));
        check_message(&message_nudge(&Nudge { row: &row, from: &from.as_str().into(), calendar: &calendar, now: now() }));
        let users: Vec<SlackUser> = others.iter().map(|other| other.as_str().into()).collect();
        let logins: Vec<Login> = others.iter().map(|other| other.as_str().into()).collect();
        for nudged in [
            Nudged::Sent {
                to: users.clone(),
                later: users.clone(),
                unwilling: users.clone(),
                unknown: logins.clone(),
            },
            Nudged::AlreadyToday { to: users, at: now() },
            Nudged::NobodyLinked { logins },
            Nudged::NobodyNamed,
            Nudged::NoLongerWaiting,
        ] {
            check_message(&message_nudged(&row.key, &nudged, &calendar));
        }
        let question = SnoozeQuestion { title: &row.title, url: &row.url, subject: &row.key, calendar: &calendar, now: now() };
        let memory = SnoozeMemory { subject: row.key.to_string(), channel: Some(from.clone()), message_ts: None, response_url: None };
        if let Some(view) = modal_snooze(&question, &memory) {
            check_view(&view);
        }
    }

    #[test]
    fn every_standup_is_within_the_limits_and_accounts_for_everybody(
        row in any_row(), text in hostile(), other in hostile(), people in 0_usize..600, number in 0_usize..40,
    ) {
        let deeds = [
            Deed::Merged, Deed::Deployed, Deed::Released, Deed::Incident, Deed::Reviewed, Deed::Opened, Deed::Pushed,
            Deed::IssueClosed, Deed::IssueStarted, Deed::IssueOpened, Deed::IssueAssigned, Deed::Decided,
        ];
        let line = |index: usize| Line {
            deed: deeds[index % deeds.len()], at: now(), times: 3,
            subject: Subject {
                id: format!("{other}{index}"), title: text.clone(), url: row.url.clone(), repository: None, is_private: false,
                is_draft: index.is_multiple_of(2),
            },
        };
        let one = |person: usize| PersonEvidence {
            person: Identity { slack_user: None, login: Some(format!("{text}{person}").as_str().into()) },
            lines: (0..number * (person % 3)).map(line).collect(),
            blocked: vec![Blocked { cause: Cause::Review, row: row.clone(), is_private: true }; person % 2],
            hidden: person % 2,
        };
        let evidence = Evidence {
            window: Window::since(now(), now()), people: (0..people).map(one).collect(), others: (0..number).map(line).collect(),
        };
        let calendar = calendar();
        let setting = RowSetting { calendar: &calendar, people: People::private(&known), now: now() };
        for whose in [Whose::Mine, Whose::Team(&text)] {
            check_message(&message_standup(&StandupView { evidence: &evidence, whose, setting }));
        }
        let posted = RowSetting { people: People::posted(), ..setting };
        check_message(&message_standup(&StandupView { evidence: &evidence.for_channel(|_| false), whose: Whose::Team(&other), setting: posted }));
    }

    #[test]
    fn every_answer_about_the_policy_is_within_the_limits(text in hostile(), other in hostile(), number in 0_usize..60) {
        let zone = calendar().zone;
        let policy = PolicyView {
            source: &text, version: &other, since: now(), refused: Some((&other, now())), has_server: true,
            roles: &vec![(text.clone(), number); number], zone,
        };
        check_message(&message_policy(&policy));
        let who = vec![Approver::Role(text.clone()), Approver::User(other.as_str().into()), Approver::Group(text.clone())];
        let terms = Terms { escalate_to: vec![who.clone(); number].concat(), channel: Some(other.clone()), ..Terms::of(vec![who.clone(); number].concat()) };
        let rule = RuleTrace { rule: text.clone(), text: other.clone(), fired: true };
        let decision = Decision {
            verdict: PolicyVerdict::NeedsApproval(terms.clone()), reason: text.clone(), risk: Risk::High,
            obligations: vec![Obligation::Notify { channel: other.clone() }; number], rules: vec![rule; number], policy: other.clone(),
        };
        let facts = (0..number).map(|n| (format!("{n}{text}"), other.as_str().into())).collect();
        check_message(&message_explained(&ExplainView { action: &Action::new(&text, &other), facts: &facts, decision: &decision }));
        let difference = Difference {
            at: now(), question: Question::Action, subject: text.clone(), url: Some(other.clone()), shift: Shift::WouldAsk,
            before: Outcome::Passes, after: Outcome::Asked(terms), reason: other.clone(),
        };
        let backtest = Backtest { questions: 1, unreadable: 1, differences: vec![difference; number] };
        check_message(&message_backtest(&BacktestView { before: &text, after: &other, since: now(), backtest: &backtest, zone }));
    }

    #[test]
    fn any_signals_and_rules_are_within_the_limits(
        texts in prop::collection::vec(hostile(), 1..6), number in 0_usize..60, resolved in 0_usize..60,
    ) {
        let text = |index: usize| texts[index % texts.len()].clone();
        let mut signals: Vec<Signal> = (0..number).map(|index| signal(i64::try_from(index).unwrap())).collect();
        for (index, signal) in signals.iter_mut().enumerate() {
            let finding = &mut signal.finding;
            (finding.title, finding.url, finding.subject) = (text(index), text(index + 1), text(index + 2));
            finding.kind = if index % 3 == 0 { text(index) } else { KINDS[index % KINDS.len()].name.to_owned() };
            finding.people = (0..index).map(|index| text(index).as_str().into()).collect();
            signal.resolved_at = (index < resolved).then(now);
            signal.state = if index < resolved { SignalState::Resolved } else { SignalState::Open };
        }
        check_message(&message_bulletin(&BulletinView { signals: &signals, zone: calendar().zone }));
        let calendar = calendar();
        let people = People::private(&known);
        let view = SignalsView { open: &signals, kind: None, is_enabled: false, people, calendar: &calendar, now: now() };
        check_message(&message_signals(&view));
        let mut rules = Rules(KINDS.iter().cycle().take(number).map(Rule::of).collect());
        for (index, rule) in rules.0.iter_mut().enumerate() {
            (rule.name, rule.channel) = (text(index), Some(text(index)));
            rule.scope.labels.clone_from(&texts);
        }
        let (file, problem, channel) = (text(0), text(1), text(2));
        check_message(&message_rules(&RulesView {
            rules: &rules, file: Some(&file), since: now(), problem: Some(&problem), is_enabled: false,
            channel: Some(&channel), zone: calendar.zone,
        }));
    }

    #[test]
    fn every_answer_from_documents_is_within_the_limits(text in hostile(), other in hostile(), number in 0_usize..5) {
        let citation = Citation {
            source: SourceId::new(ulid::Ulid::from_parts(1, 2)), document: other.clone(), title: text.clone(),
            heading: vec![other.clone(); number], url: Some("https://docs.test/a b".to_owned()), author: Some(text.clone()),
            owners: vec![other.clone(); number], changed_at: Some(now()), text: format!("{text}\n\n{other}"), sentence: text.clone(),
        };
        for confidence in [Confidence::None, Confidence::Some, Confidence::High] {
            let answer = Answer {
                id: AnswerId::new(ulid::Ulid::from_parts(1, 2)), question: text.clone(), asker: other.as_str().into(),
                channel: None, thread: None, asked_at: now(), confidence, citations: vec![citation.clone(); number],
                written: None, also_from: BTreeSet::new(), official: None,
            };
            let sentence = WrittenSentence { text: text.clone(), citations: vec![1, number, 0], starts_line: number % 2 == 0 };
            let written = Answer {
                written: Some(Written { sentences: vec![sentence; number.max(1)], model: other.clone() }), ..answer.clone()
            };
            let until = now() + chrono::TimeDelta::days(90);
            let official = Answer {
                official: Some(Box::new(OfficialAnswer::of(&answer, &text, &"U0EVE".into(), now(), until))), ..answer.clone()
            };
            check_message(&crate::ask::message_reading(&text, number, Some(&written), now()));
            check_message(&crate::ask::message_stopped(&text));
            check_message(&official::message_official(&text, until));
            let user = other.as_str().into();
            for shown_to in [
                Readers::Asker,
                Readers::AskerAlone,
                Readers::Everyone(&user),
                Readers::Channel,
            ] {
                let view = AnswerView {
                    answer: &answer, now: now(), shown_to, feedback: Some(&Feedback::Helpful), only_words: Some(&text),
                    no_model: Some(&other), may_make_official: true,
                };
                check_message(&message_answer(&view));
                for answer in [&answer, &written, &official] {
                    check_message(&message_answer(&AnswerView { answer, feedback: None, ..view }));
                }
            }
            check_message(&crate::ask::message_shared(&answer, &text.as_str().into()));
        }
        let gap = Gap {
            id: AnswerId::new(ulid::Ulid::from_parts(1, 2)), question: text.clone(), times: number, askers: [other.as_str().into()].into(), last_asked: now(), writers: vec![text.clone(); number], repositories: BTreeSet::new(),
        };
        check_message(&message_gaps(&GapsView { gaps: &vec![gap; number], days: 30, now: now(), can_open_issues: number % 2 == 0 }));
        let source = Source {
            added: NewSource {
                id: SourceId::new(ulid::Ulid::from_parts(1, 2)), kind: SourceKind::Folder, location: text.clone(),
                visibility: Visibility::Everyone, added_by: None, added_at: now(),
            },
            tag: SourceTag(1),
            state: SourceState { last_error: Some(other.clone()), ..SourceState::default() },
        };
        check_message(&message_docs(&DocsView { sources: &vec![source; number], only_words: Some(&other), now: now() }));
        let channel = text.as_str().into();
        let saved = SavedView {
            kept: Kept::Changed, title: &text, author: &other, url: Some(&other), messages: number, is_whole: false,
            only_in: Some(&channel), saver: Some(&text), forget: Some(&other),
        };
        check_message(&message_saved(&saved));
        check_message(&message_saved(&SavedView { url: None, only_in: None, saver: None, ..saved }));
        let memory = OfficialMemory { answer: other.clone(), response_url: None };
        if let Some(form) = modal_official(&text, &other, &memory) {
            check_view(&form);
        }
        if let Some(form) = modal_not_helpful(&text, &FeedbackMemory { answer: other, response_url: None }) {
            check_view(&form);
        }
    }

    #[test]
    fn every_answer_to_typed_text_is_within_the_limits(text in hostile(), other in hostile(), number in 0_usize..400) {
        let login = Login::from(text.as_str());
        let user = SlackUser::from(other.as_str());
        for outcome in [
            LinkOutcome::Linked(&login),
            LinkOutcome::AlreadyLinked(&login),
            LinkOutcome::NotALogin(&text),
            LinkOutcome::Taken { login: &login, by: &user },
            LinkOutcome::Configured(&login),
            LinkOutcome::UnknownSystem { typed: &text, known: &vec![other.as_str(); number] },
        ] {
            check_message(&message_link(outcome));
        }
        let command = CommandHelp { usage: &text, summary: &other, examples: &vec![text.as_str(); number] };
        check_message(&message_help(&vec![command; number]));
        check_message(&message_help_for(&command));
        check_message(&message_unknown(&text, Some(&other)));
        check_message(&message_unknown(&text, None));
        check_message(&message_sorry(&text));
        check_message(&message_denied(&text));
        check_message(&message_bad_usage(&text, &other));
        check_message(&message_failure(&ErrorId::new(ulid::Ulid::from_parts(1, 2)), Effect::Unsure));
        let finding = Finding { health: Health::Fail, what: text.clone(), why: other.clone(), fix: text.clone() };
        check_message(&message_doctor(&vec![finding; number]));
        let link = Link { slack_user: user.clone(), login, origin: LinkOrigin::Email, linked_at: now() };
        let whoami = WhoamiView { user: &user, links: &vec![link; number], proposal: None, is_guest: true, zone: Some(&text), teams: &vec![other.clone(); number], calendar: &calendar() };
        check_message(&message_whoami(&whoami));
        let (mut job, id) = (crate::sample::job(JobState::Dead), crate::sample::job(JobState::Dead).id);
        (job.kind, job.last_error, job.worker) = (text.clone(), Some(other.clone()), Some(text.clone()));
        let attempt = JobAttempt {
            attempt: 1, worker: other.clone(), started_at: now(), ended_at: None, outcome: Some(text.clone()), error: Some(other.clone()),
        };
        check_message(&message_job(&job, &vec![attempt; number], calendar().zone));
        let groups = [(JobState::Dead, vec![job; number])];
        check_message(&message_jobs(&JobsView { counts: &JobCounts::default(), groups: &groups, zone: calendar().zone }));
        check_message(&message_no_job(&text));
        check_message(&message_retried(&id, JobReplay::Rivalled));
        check_message(&message_cancelled(&id, JobCancel::Asked));
        check_message(&message_shared(&text.as_str().into(), Some(&other)));
        let mut snooze = crate::sample::snooze();
        snooze.subject = PullRequestKey { repository: text.as_str().into(), number: 1 };
        check_message(&message_snoozed(&snooze, &calendar()));
        check_message(&message_posted(&text, Some(&"U0BOB".into()), Some(&text)));
    }
}

#[test]
fn the_longest_ordinary_rows_all_fit_into_one_message() {
    // Hostile input may be cut, but a full list of long real ones is shown whole: 140-character names, 250-character titles.
    let mut report = crate::sample::report();
    let rows: Vec<_> = report
        .groups
        .iter()
        .flat_map(|group| group.rows.clone())
        .collect();
    for group in &mut report.groups {
        let template = group.rows[0].clone();
        group.rows = rows.iter().cycle().take(4).cloned().collect();
        for row in &mut group.rows {
            row.waiting.turn = template.waiting.turn;
            row.key.repository = format!("{}/{}", "o".repeat(39), "n".repeat(60)).as_str().into();
            row.url = format!("https://github.com/{}/pull/12345", row.key.repository);
            row.title = "Some words of a title ".repeat(12);
        }
        group.total = 500;
    }
    report.failing_branches = vec![report.failing_branches[0].clone(); 10];
    report.failed_deployments = vec![report.failed_deployments[0].clone(); 10];
    report.snoozed = vec![report.snoozed[0].clone(); 10];
    let view = TriageView {
        report: &report,
        calendar: &calendar(),
        scope: Scope::Everyone,
        people: People::private(&known),
    };
    let message = message_report(&view);
    check_message(&message);
    assert_eq!(rows_accounted_for(&message), 2_000);
}

#[test]
fn reports_on_the_work_are_within_limits_whatever_teams_are_called_and_however_many_there_are() {
    use crate::digest::{DigestView, TeamRow, TeamsView, message_digest, message_teams};
    use crate::sprint::{SprintView, message_not_posted, message_posted, message_sprint, picture_alt};
    use em_domain::digest::Digest;
    use em_domain::sprint::Sprint;

    let facts = crate::sprint::tests::facts();
    let (sprint, digest) = (
        Sprint::new(&facts, &calendar(), 14),
        Digest::new(&facts, &calendar()),
    );
    let (memory, calendar) = (crate::sprint::tests::memory(), calendar());
    for name in [
        "<!channel> *now* `x`",
        "<@U0EVIL>",
        "& |",
        &"é🎉".repeat(2_000),
        "",
    ] {
        let team = Some(name);
        let view = SprintView {
            sprint: &sprint,
            memory: &memory,
            team,
            calendar: &calendar,
        };
        check_message(&message_sprint(&view));
        assert!(picture_alt(&view).chars().count() <= 1_000);
        let view = DigestView {
            digest: &digest,
            sprint: &sprint,
            memory: &memory,
            team,
            calendar: &calendar,
        };
        check_message(&message_digest(&view));
        check_message(&message_not_posted(team));
        check_message(&message_posted(&name.into(), team, team));
        let row = TeamRow {
            team: name.to_owned(),
            sprint: sprint.clone(),
        };
        let teams = vec![row; 300];
        check_message(&message_teams(&TeamsView {
            teams: &teams,
            days: 30,
            now: now(),
            calendar: &calendar,
        }));
    }
}

#[test]
fn block_ids_change_when_anything_in_the_message_changes() {
    let ids = |report: &em_domain::triage::TriageReport| {
        let view = TriageView {
            report,
            calendar: &calendar(),
            scope: Scope::Everyone,
            people: People::posted(),
        };
        let json = serde_json::to_value(message_report(&view)).unwrap();
        json["blocks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|block| block["block_id"].clone())
            .collect::<Vec<_>>()
    };
    let before = crate::sample::report();
    let mut after = before.clone();
    after.failed_deployments[0].git_ref = "v1.4.3".to_owned();
    assert_eq!(ids(&before), ids(&before.clone()));
    assert!(
        ids(&before)
            .iter()
            .zip(ids(&after))
            .all(|(before, after)| *before != after)
    );
}

#[test]
fn action_ids_are_unique_and_fit_into_an_option() {
    let ids: BTreeSet<&str> = crate::ACTION_IDS.iter().copied().collect();
    assert_eq!(ids.len(), crate::ACTION_IDS.len());
    assert!(ids.iter().all(|id| id.len() <= 75 && id.split('.').count() == 2));
}
