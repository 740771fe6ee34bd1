//! Purpose: values for the tests of this crate: a realistic report, and hostile ones of any size.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use em_domain::calendar::WorkCalendar;
use em_domain::id::{JobId, Login, SignalId, SlackUser};
use em_domain::incident_story::IncidentStory;
use em_domain::job::{Job, JobState, Priority};
use em_domain::pull_request::PullRequestKey;
use em_domain::signal::{Finding, Severity, Signal};
use em_domain::snooze::{Snooze, SnoozeReason};
use em_domain::triage::{
    FailedDeployment, FailingBranch, Reason, SnoozedRow, TriageGroup, TriageReport, TriageRow, Turn, Waiting,
};
use proptest::prelude::*;

/// Friday 21 November 2025, 15:00 in Berlin.
pub(crate) fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 11, 21, 14, 0, 0).unwrap()
}

pub(crate) fn calendar() -> WorkCalendar {
    WorkCalendar {
        zone: chrono_tz::Europe::Berlin,
        start: NaiveTime::from_hms_opt(9, 0, 0).unwrap(),
        end: NaiveTime::from_hms_opt(17, 0, 0).unwrap(),
        holidays: [NaiveDate::from_ymd_opt(2025, 11, 19).unwrap()].into(),
        ..WorkCalendar::default()
    }
}

/// How approvals are shown.
pub(crate) fn shown_as() -> crate::approval::Setting {
    crate::approval::Setting {
        zone: calendar().zone,
        now: now(),
        most_attempts: 5,
    }
}

/// The settings of somebody who has set nothing.
pub(crate) fn settings() -> crate::settings::SettingsView<'static> {
    static USUAL: std::sync::LazyLock<em_domain::settings::PersonSettings> =
        std::sync::LazyLock::new(em_domain::settings::PersonSettings::default);
    crate::settings::SettingsView {
        settings: &USUAL,
        link: None,
        zone: calendar().zone,
        away: &[],
    }
}

/// Only ana is known in Slack.
pub(crate) fn known(login: &Login) -> Option<SlackUser> {
    (login.as_str() == "ana").then(|| "U0ANA".into())
}

pub(crate) fn row(number: i64, title: &str, turn: Turn, reason: Reason, actors: &[&str]) -> TriageRow {
    TriageRow {
        key: PullRequestKey {
            repository: "shop/api".into(),
            number,
        },
        title: title.to_owned(),
        url: format!("https://github.com/shop/api/pull/{number}"),
        author: "ana".into(),
        waiting: Waiting {
            turn,
            reason,
            actors: actors.iter().map(|actor| Login::from(*actor)).collect(),
            since: now() - Duration::hours(number % 100),
        },
    }
}

pub(crate) fn review_url() -> String {
    "https://github.com/shop/api/pull/812#pullrequestreview-1".to_owned()
}

/// One row for each reason, in groups.
#[expect(clippy::too_many_lines, reason = "one row for each reason")]
pub(crate) fn rows() -> Vec<TriageRow> {
    let run = || "https://github.com/shop/api/actions/runs/1".to_owned();
    vec![
        row(
            812,
            "Retry payments on timeout",
            Turn::Reviewer,
            Reason::ReviewRequested {
                teams: vec!["payments".into()],
            },
            &["bob"],
        ),
        row(
            820,
            "Cache the price list",
            Turn::Reviewer,
            Reason::ReviewAnswered,
            &["bob"],
        ),
        row(
            799,
            "Use <!channel> *now*",
            Turn::Reviewer,
            Reason::NobodyAsked,
            &[],
        ),
        row(
            771,
            "Round to cents",
            Turn::Author,
            Reason::ChangesRequested { url: review_url() },
            &["ana"],
        ),
        row(
            765,
            "Log slow queries",
            Turn::Author,
            Reason::Commented { url: review_url() },
            &["ana"],
        ),
        row(760, "Drop old index", Turn::Author, Reason::Conflicts, &["ana"]),
        row(755, "Bump serde", Turn::Merge, Reason::Approved, &["ana"]),
        row(
            750,
            "Faster tests",
            Turn::Ci,
            Reason::CiRed {
                workflow: "test".into(),
                url: run(),
            },
            &["ana"],
        ),
        row(
            745,
            "New login page",
            Turn::Ci,
            Reason::CiRunning {
                workflow: "e2e".into(),
                url: run(),
            },
            &["ana"],
        ),
    ]
}

pub(crate) fn groups(rows: &[TriageRow], extra: i64) -> Vec<TriageGroup> {
    let group = |turn| {
        let rows: Vec<TriageRow> = rows
            .iter()
            .filter(|row| row.waiting.turn == turn)
            .cloned()
            .collect();
        let total = i64::try_from(rows.len()).unwrap();
        TriageGroup {
            turn,
            total: if total > 0 { total + extra } else { 0 },
            rows,
        }
    };
    Turn::ALL.map(group).into()
}

/// A report of these rows in one group, of which `total` wait.
pub(crate) fn waiting(rows: &[TriageRow], total: i64) -> TriageReport {
    let turn = Turn::Reviewer;
    let groups = vec![TriageGroup {
        turn,
        rows: rows.to_vec(),
        total,
    }];
    TriageReport { groups, ..clear() }
}

pub(crate) fn clear() -> TriageReport {
    TriageReport {
        as_of: now(),
        groups: groups(&[], 0),
        failing_branches: Vec::new(),
        failed_deployments: Vec::new(),
        incidents: Vec::new(),
        snoozed: Vec::new(),
    }
}

pub(crate) fn branch() -> FailingBranch {
    FailingBranch {
        repository: "shop/web".into(),
        branch: Some("main".to_owned()),
        workflow: "build".to_owned(),
        url: "https://github.com/shop/web/actions/runs/7".to_owned(),
        since: now() - Duration::hours(3),
    }
}

pub(crate) fn story() -> IncidentStory {
    IncidentStory {
        key: "pagerduty:Q1".to_owned(),
        source: "pagerduty".to_owned(),
        title: "Payments <are> down".to_owned(),
        url: "https://acme.pagerduty.com/incidents/Q1".to_owned(),
        service: Some("payments".to_owned()),
        repository: None,
        severity: Some(1),
        assignees: vec!["ben-k".into()],
        since: now() - Duration::hours(1),
        is_acknowledged: true,
        open: 4,
    }
}

pub(crate) fn deployment() -> FailedDeployment {
    FailedDeployment {
        repository: "shop/web".into(),
        environment: "production".to_owned(),
        git_ref: "v1.4.2".to_owned(),
        creator: Some("bob".into()),
        url: "https://github.com/shop/web/deployments/9".to_owned(),
        failed_at: now() - Duration::hours(2),
    }
}

/// A stale pull request.
pub(crate) fn signal(number: i64) -> Signal {
    let finding = Finding {
        rule: "stale".to_owned(),
        kind: "stale_pr".to_owned(),
        subject: format!("shop/api#{number}"),
        severity: Severity::Warning,
        title: format!("Use <!channel> *now* {number}"),
        url: format!("https://github.com/shop/api/pull/{number}"),
        repository: Some("shop/api".into()),
        people: vec!["ana".into(), "bob".into()],
        since: now() - Duration::hours(number % 100 + 60),
        details: std::collections::BTreeMap::new(),
    };
    let id = SignalId::new(ulid::Ulid::from_parts(number.unsigned_abs(), 0));
    Signal::opened(id, finding, now())
}

/// One of several kinds.
pub(crate) fn signals() -> Vec<Signal> {
    let of = |number, kind: &str, severity, title: &str| {
        let mut signal = signal(number);
        signal.finding.kind = kind.to_owned();
        signal.finding.severity = severity;
        signal.finding.title = title.to_owned();
        signal
    };
    let mut red = of(2, "failing_main", Severity::Critical, "build is red on main");
    red.finding.subject = "shop/web build".to_owned();
    red.finding.repository = Some("shop/web".into());
    red.finding.people = Vec::new();
    let title = "ana has 7 pull requests open, 5 are fine";
    let mut busy = of(3, "wip_limit_exceeded", Severity::Info, title);
    busy.finding.subject = "ana".to_owned();
    busy.finding.repository = None;
    let mut later = of(4, "a_kind_of_later", Severity::Info, "What a newer version found");
    later.finding.since = now();
    vec![
        of(1, "stale_pr", Severity::Warning, "Retry payments"),
        red,
        busy,
        later,
    ]
}

pub(crate) fn snooze() -> Snooze {
    Snooze {
        subject: PullRequestKey {
            repository: "shop/api".into(),
            number: 700,
        },
        reason: SnoozeReason::WaitingOnProduct,
        until: Utc.with_ymd_and_hms(2025, 11, 24, 8, 0, 0).unwrap(),
        by: "U0ANA".into(),
        created_at: now(),
    }
}

pub(crate) fn snoozed() -> SnoozedRow {
    let url = "https://github.com/shop/api/pull/700".to_owned();
    SnoozedRow {
        snooze: snooze(),
        title: "Free shipping".to_owned(),
        url,
    }
}

pub(crate) fn report() -> TriageReport {
    TriageReport {
        groups: groups(&rows(), 0),
        failing_branches: vec![branch()],
        failed_deployments: vec![deployment()],
        incidents: Vec::new(),
        snoozed: vec![snoozed()],
        ..clear()
    }
}

/// Text that tries to format, ping, break out, or not to end.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let bits = prop::sample::select(vec![
        "<!channel>",
        "<@U0EVIL>",
        "<https://evil.example|here>",
        "*",
        "_",
        "~",
        "`",
        ":tada:",
        "&",
        "\"",
        "\\",
        "|",
        "\n",
        "word ",
        "é",
        "👩‍💻",
        "\u{202e}",
        "\u{0}",
    ]);
    prop_oneof![
        3 => prop::collection::vec(bits, 0..30).prop_map(|bits| bits.concat()),
        1 => any::<String>(),
        1 => "[a-z/]{1,12}".prop_map(|word| word.repeat(900)),
        1 => Just("&".repeat(10_000)),
        1 => Just("👩‍💻*".repeat(3_000)),
    ]
}

fn url() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("https://github.com/shop/api/pull/1?a=1&b=2|3".to_owned()),
        hostile(),
        (1_usize..5_000).prop_map(|n| format!("https://x.example/{}", "a".repeat(n))),
    ]
}

fn reason() -> impl Strategy<Value = Reason> {
    prop_oneof![
        prop::collection::vec(hostile(), 0..5).prop_map(|teams| Reason::ReviewRequested { teams }),
        Just(Reason::ReviewAnswered),
        Just(Reason::NobodyAsked),
        url().prop_map(|url| Reason::ChangesRequested { url }),
        url().prop_map(|url| Reason::Commented { url }),
        Just(Reason::Conflicts),
        (hostile(), url()).prop_map(|(workflow, url)| Reason::CiRed { workflow, url }),
        (hostile(), url()).prop_map(|(workflow, url)| Reason::CiRunning { workflow, url }),
        Just(Reason::Approved),
        Just(Reason::Draft),
    ]
}

pub(crate) fn any_row() -> impl Strategy<Value = TriageRow> {
    let turn = prop::sample::select(Turn::ALL.to_vec());
    let who = (hostile(), prop::collection::vec(hostile(), 0..6));
    (
        hostile(),
        1_i64..i64::MAX,
        hostile(),
        url(),
        who,
        reason(),
        turn,
        -9_000_000_i64..30_000_000,
    )
        .prop_map(
            |(repository, number, title, url, (author, actors), reason, turn, ago)| TriageRow {
                key: PullRequestKey {
                    repository: repository.as_str().into(),
                    number,
                },
                title,
                url,
                author: author.as_str().into(),
                waiting: Waiting {
                    turn,
                    reason,
                    actors: actors.iter().map(|actor| Login::from(actor.as_str())).collect(),
                    since: now() - Duration::seconds(ago),
                },
            },
        )
}

/// Hundreds of rows, made of a few different ones.
pub(crate) fn any_rows() -> impl Strategy<Value = Vec<TriageRow>> {
    (prop::collection::vec(any_row(), 0..12), 0_usize..400).prop_map(|(rows, number)| {
        rows.iter()
            .cycle()
            .take(if rows.is_empty() { 0 } else { number })
            .cloned()
            .collect()
    })
}

pub(crate) fn any_report() -> impl Strategy<Value = TriageReport> {
    let text = || (hostile(), hostile(), hostile(), url());
    (any_rows(), 0_i64..100_000, text(), 0_usize..30).prop_map(|(rows, extra, (a, b, c, url), number)| {
        let failing = FailingBranch {
            repository: a.as_str().into(),
            branch: Some(b.clone()),
            workflow: c.clone(),
            url: url.clone(),
            since: now(),
        };
        let failed = FailedDeployment {
            repository: b.as_str().into(),
            environment: c.clone(),
            git_ref: a.clone(),
            creator: Some(b.as_str().into()),
            url: url.clone(),
            failed_at: now(),
        };
        let story = IncidentStory {
            title: a.clone(),
            url: url.clone(),
            service: Some(b.clone()),
            assignees: vec![c.as_str().into(); 5],
            open: number,
            ..story()
        };
        let mut snoozed = SnoozedRow {
            title: c,
            url,
            ..snoozed()
        };
        snoozed.snooze.by = a.as_str().into();
        snoozed.snooze.subject.repository = b.as_str().into();
        TriageReport {
            groups: groups(&rows, extra),
            failing_branches: vec![failing; number],
            failed_deployments: vec![failed; number],
            incidents: vec![story; number],
            snoozed: vec![snoozed; number],
            ..clear()
        }
    })
}

/// A job that posts a list, in some state.
pub(crate) fn job(state: JobState) -> Job {
    Job {
        id: JobId::new(ulid::Ulid::from_parts(1_763_733_600_000, 7)),
        kind: "schedule.run".to_owned(),
        payload: serde_json::Value::Null,
        unique_key: None,
        state,
        priority: Priority::Normal,
        run_at: now(),
        attempts: 3,
        max_attempts: 5,
        time_limit: std::time::Duration::from_mins(1),
        lease_token: 3,
        lease_until: None,
        worker: Some("71-k3v9qa".to_owned()),
        cancel_asked: false,
        last_error: None,
        enqueued_at: now(),
        started_at: Some(now()),
        finished_at: state.is_finished().then(now),
    }
}
