//! Purpose: what holds of `evidence`, by example and for anything.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::collection::{btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::window::{LOOK_BACK_DAYS, parse_since};
use super::*;
use crate::action::{Action, Digest, Risk, TargetState};
use crate::approval::{Approval, Request, Requester, Via, Vote};
use crate::calendar::WorkCalendar;
use crate::deployment::{Deployment, DeploymentState, DeploymentTarget, Release};
use crate::id::ApprovalId;
use crate::incident::{Incident, IncidentSnapshot, IncidentState};
use crate::issue::{IssueMove, Move};
use crate::person::Identity;
use crate::policy::{Decision, PolicyVerdict};
use crate::pull_request::{Account, PullRequest, PullRequestKey, PullRequestState, Snapshot};
use crate::push::Push;
use crate::review::{Review, Verdict};
use crate::stamped::Stamped;
use crate::triage::{Reason, TriageRow, Turn, Waiting};

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A working week in Berlin whose clock changes on 29 March and 25 October 2026.
fn berlin() -> WorkCalendar {
    WorkCalendar {
        zone: chrono_tz::Europe::Berlin,
        holidays: [date("2026-04-03"), date("2026-04-06")].into(),
        ..WorkCalendar::default()
    }
}

/// An instant of 2026, often at an hour where days and clocks change.
fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    let year = utc("2026-01-01T00:00:00Z");
    let any = (0..31_536_000i64).prop_map(move |seconds| year + TimeDelta::seconds(seconds));
    let edge = (0..365i64, select(vec![-3600, -1, 0, 1, 3600, 7200]))
        .prop_map(move |(day, seconds)| year + TimeDelta::days(day) + TimeDelta::seconds(seconds));
    let change = select(vec![
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-03-08T07:00:00Z",
    ]);
    prop_oneof![any, edge, change.prop_map(utc)]
}

fn account() -> impl Strategy<Value = Account> {
    select(vec!["ana", "ben", "cy", "dependabot[bot]"]).prop_map(|login| Account {
        login: login.into(),
        is_bot: login.ends_with("[bot]"),
    })
}

fn key() -> impl Strategy<Value = PullRequestKey> {
    (select(vec!["acme/api", "acme/web"]), 1..6i64).prop_map(|(repository, number)| PullRequestKey {
        repository: repository.into(),
        number,
    })
}

fn pull(
    key: PullRequestKey,
    author: Account,
    opened: DateTime<Utc>,
    merged: Option<DateTime<Utc>>,
) -> PullRequest {
    let mut pull = PullRequest::new(key);
    let number = pull.key.number;
    pull.snapshot = Some(Stamped {
        at: merged.unwrap_or(opened),
        value: Snapshot {
            state: if merged.is_some() {
                PullRequestState::Merged
            } else {
                PullRequestState::Open
            },
            is_ready: true,
            requested_reviewers: Vec::new(),
            requested_teams: Vec::new(),
            labels: Vec::new(),
            author,
            title: format!("Change {number}"),
            url: format!("https://github.com/{}/pull/{number}", pull.key.repository),
            base_ref: "main".to_owned(),
            head_ref: format!("change-{number}"),
            head_sha: None,
            created_at: opened,
            closed_at: merged,
            merged_at: merged,
            merge_commit_sha: merged.map(|_| format!("merge-{}-{number}", pull.key.repository)),
            references: None,
            reverts: None,
        },
    });
    pull
}

fn pulls() -> impl Strategy<Value = Vec<PullRequest>> {
    let one = (key(), account(), instant(), of(0..40i64));
    vec(one, 0..8).prop_map(|all| {
        let each = all.into_iter().map(|(key, author, opened, days)| {
            let merged = days.map(|days| opened + TimeDelta::days(days));
            (key.clone(), pull(key, author, opened, merged))
        });
        each.collect::<BTreeMap<_, _>>().into_values().collect()
    })
}

fn review(id: i64, key: PullRequestKey, reviewer: Account, at: DateTime<Utc>) -> Review {
    Review {
        pull_request: key,
        id,
        reviewer,
        verdict: Verdict::Commented,
        submitted_at: at,
        url: "https://github.com/review".to_owned(),
    }
}

fn push((repository, branch): (&str, &str), author: Account, at: DateTime<Utc>, commits: i64) -> Push {
    Push {
        repository: repository.into(),
        branch: branch.to_owned(),
        head_sha: format!("{}-{commits}", at.timestamp()),
        author,
        at,
        commits,
        on_default_branch: branch == "main",
        title: "A commit".to_owned(),
        url: "https://github.com/compare".to_owned(),
    }
}

fn deployment(id: i64, by: &str, at: Option<DateTime<Utc>>) -> Deployment {
    let asked = at.unwrap_or_default();
    Deployment {
        repository: "acme/api".into(),
        id,
        target: Stamped {
            at: asked,
            value: DeploymentTarget {
                environment: "production".to_owned(),
                sha: "abc".to_owned(),
                git_ref: "main".to_owned(),
                creator: Some(by.into()),
                created_at: asked,
                url: "https://github.com/deployments".to_owned(),
            },
        },
        state: Stamped {
            at: asked,
            value: DeploymentState::Success,
        },
        succeeded_at: at,
        log_url: None,
    }
}

fn incident(assignees: &[&str], opened: DateTime<Utc>, resolved: Option<DateTime<Utc>>) -> Incident {
    Incident {
        source: "github".to_owned(),
        external_id: "acme/api#99".to_owned(),
        snapshot: Stamped {
            at: opened,
            value: IncidentSnapshot {
                state: if resolved.is_some() {
                    IncidentState::Resolved
                } else {
                    IncidentState::Open
                },
                severity: None,
                assignees: assignees.iter().map(|login| (*login).into()).collect(),
                title: "Payments are down".to_owned(),
                url: "https://github.com/acme/api/issues/99".to_owned(),
                repository: Some("acme/api".into()),
                opened_at: opened,
                acknowledged_at: None,
                resolved_at: resolved,
                service: None,
                causes: Vec::new(),
            },
        },
        began_again_at: None,
    }
}

fn release(at: DateTime<Utc>) -> Release {
    Release {
        repository: "acme/api".into(),
        id: at.timestamp(),
        published_at: at,
        tag: format!("v{}", at.timestamp()),
        name: None,
        is_prerelease: false,
        author: Some("ana".into()),
        url: String::new(),
    }
}

/// A question to which Ana said something at each of `times`.
fn answered(times: Vec<DateTime<Utc>>) -> Approval {
    let action = Action::new("github.close", "acme/api#12");
    let state = TargetState::of([("head commit", "abc".to_owned())]);
    let request = Request {
        digest: Digest::of(&action, &state),
        action,
        title: "Close acme/api#12".into(),
        subject_title: String::new(),
        url: None,
        effect: Vec::new(),
        state,
        requester: Requester::System("signal:stale_pr".into()),
        requester_login: None,
        author: None,
        reason: None,
        channel: None,
    };
    let decision = Decision {
        verdict: PolicyVerdict::Allow,
        reason: String::new(),
        risk: Risk::Low,
        obligations: Vec::new(),
        rules: Vec::new(),
        policy: String::new(),
    };
    let asked = utc("2026-01-01T00:00:00Z");
    let mut approval = Approval::propose(ApprovalId::new(ulid::Ulid::nil()), request, decision, asked);
    let vote = |at| Vote {
        by: "U0ANA".into(),
        login: None,
        on_behalf_of: None,
        agrees: true,
        at,
        via: Via::Button,
        comment: None,
    };
    approval.votes = times.into_iter().map(vote).collect();
    approval
}

fn facts() -> impl Strategy<Value = KnownFacts> {
    let reviews = vec((key(), account(), instant()), 0..10);
    let place = (
        select(vec!["acme/api", "acme/web"]),
        select(vec!["change-1", "change-2", "main", "spike"]),
    );
    let pushes = vec((place, account(), instant(), 1..4i64), 0..10);
    let kinds = select(vec![Move::Opened, Move::Assigned, Move::Started, Move::Closed]);
    let issues = vec((key(), kinds, account(), instant()), 0..6);
    let deployments = vec(of(instant()), 0..6);
    let incidents = vec((instant(), of(0..4000i64)), 0..3);
    let told = (vec(instant(), 0..3), vec(vec(instant(), 0..3), 0..3));
    (pulls(), reviews, pushes, issues, deployments, incidents, told).prop_map(
        |(pulls, reviews, pushes, issues, deployments, incidents, (releases, answers))| KnownFacts {
            pulls,
            reviews: (1..)
                .zip(reviews)
                .map(|(id, (key, by, at))| review(id, key, by, at))
                .collect(),
            pushes: pushes
                .into_iter()
                .map(|(place, by, at, n)| push(place, by, at, n))
                .collect(),
            issue_moves: issues
                .into_iter()
                .map(|(issue, kind, by, at)| IssueMove {
                    seen_at: at,
                    issue,
                    kind,
                    by,
                    at,
                    title: "An issue".to_owned(),
                    url: String::new(),
                })
                .collect(),
            deployments: (1..)
                .zip(deployments)
                .map(|(id, at)| deployment(id, "ana", at))
                .collect(),
            incidents: incidents
                .into_iter()
                .map(|(at, hours)| {
                    incident(
                        &["ana", "ben"],
                        at,
                        hours.map(|hours| at + TimeDelta::hours(hours)),
                    )
                })
                .collect(),
            releases: releases.into_iter().map(release).collect(),
            approvals: answers.into_iter().map(answered).collect(),
            public: BTreeSet::new(),
        },
    )
}

/// When the facts say that something happened, counted without the code under test.
fn instants_of(facts: &KnownFacts) -> Vec<(DateTime<Utc>, &'static str)> {
    let mut all = Vec::new();
    let snapshot = |pull: &PullRequest| pull.snapshot.clone().unwrap().value;
    for pull in facts
        .pulls
        .iter()
        .map(snapshot)
        .filter(|pull| !pull.author.is_bot)
    {
        all.push((pull.created_at, "opened"));
        all.extend(pull.merged_at.map(|at| (at, "merged")));
    }
    for review in facts.reviews.iter().filter(|review| !review.reviewer.is_bot) {
        let author = |pull: &&PullRequest| pull.key == review.pull_request;
        let author = facts
            .pulls
            .iter()
            .find(author)
            .map(|pull| snapshot(pull).author.login);
        if author.as_ref() != Some(&review.reviewer.login) {
            all.push((review.submitted_at, "reviewed"));
        }
    }
    let people = facts.pushes.iter().filter(|push| !push.author.is_bot);
    all.extend(people.map(|push| (push.at, "pushed")));
    let people = facts.issue_moves.iter().filter(|moved| !moved.by.is_bot);
    all.extend(people.map(|moved| (moved.at, moved.kind.as_str())));
    all.extend(
        facts
            .deployments
            .iter()
            .filter_map(|live| Some((live.succeeded_at?, "live"))),
    );
    for incident in facts.incidents.iter().map(|incident| &incident.snapshot.value) {
        for at in [Some(incident.opened_at), incident.resolved_at]
            .into_iter()
            .flatten()
        {
            all.extend([(at, "incident"), (at, "incident")]);
        }
    }
    all.extend(
        facts
            .releases
            .iter()
            .map(|release| (release.published_at, "released")),
    );
    let votes = facts.approvals.iter().flat_map(|approval| &approval.votes);
    all.extend(votes.map(|vote| (vote.at, "decided")));
    all.sort_unstable();
    all
}

fn sorted(events: impl IntoIterator<Item = Event>) -> Vec<Event> {
    let mut events: Vec<Event> = events.into_iter().collect();
    events.sort();
    events
}

fn name(event: &Event) -> &'static str {
    match event.deed {
        Deed::Merged => "merged",
        Deed::Deployed => "live",
        Deed::Released => "released",
        Deed::Incident => "incident",
        Deed::Reviewed => "reviewed",
        Deed::Opened | Deed::IssueOpened => "opened",
        Deed::Pushed => "pushed",
        Deed::IssueClosed => "closed",
        Deed::IssueStarted => "started",
        Deed::IssueAssigned => "assigned",
        Deed::Decided => "decided",
    }
}

/// The windows between neighbouring instants.
fn between(mut cuts: Vec<DateTime<Utc>>) -> Vec<Window> {
    cuts.sort_unstable();
    cuts.windows(2)
        .map(|pair| Window::since(pair[0], pair[1]))
        .collect()
}

/// Each deed of the facts is in exactly one of the windows, which adjoin.
fn each_is_in_one(facts: &KnownFacts, windows: &[Window]) -> Result<(), TestCaseError> {
    for (one, next) in windows.iter().zip(&windows[1..]) {
        prop_assert_eq!(one.to, next.from);
    }
    let (first, last) = (windows[0].from, windows[windows.len() - 1].to);
    let told = sorted(windows.iter().flat_map(|window| happened(facts, *window)));
    let mut instants: Vec<_> = told.iter().map(|event| (event.at, name(event))).collect();
    instants.sort_unstable();
    let mut expected = instants_of(facts);
    expected.retain(|(at, _)| first <= *at && *at < last);
    prop_assert_eq!(instants, expected);
    prop_assert_eq!(told, sorted(happened(facts, Window::since(first, last))));
    Ok(())
}

fn zone() -> impl Strategy<Value = Tz> {
    select(chrono_tz::TZ_VARIANTS.to_vec())
}

proptest! {
    #[test]
    fn any_windows_that_adjoin_tell_each_fact_once(facts in facts(), cuts in vec(instant(), 2..12)) {
        each_is_in_one(&facts, &between(cuts))?;
    }

    #[test]
    fn the_calendar_days_of_any_zone_tell_each_fact_once_over_weekends_and_changes_of_the_clock(
        facts in facts(), zone in zone(),
    ) {
        // From before the year, which begins earlier in some zones, until after the end of the longest incident.
        let days = Window::days(zone, date("2025-12-30"), date("2027-07-31"));
        prop_assert!(days.iter().all(|day| day.from <= day.to));
        prop_assert_eq!(instants_of(&facts).len(), sorted(days.iter().flat_map(|day| happened(&facts, *day))).len());
        each_is_in_one(&facts, &days)?;
    }

    #[test]
    fn standups_each_of_which_begins_where_the_last_one_ended_tell_each_fact_once(
        facts in facts(), zone in zone(), hour in 0..24u32, minute in 0..60u32,
    ) {
        let calendar = WorkCalendar { zone, start: NaiveTime::from_hms_opt(hour, minute, 0).unwrap(), ..berlin() };
        let mut at = utc("2025-12-29T00:00:00Z");
        let mut cuts = vec![at];
        while at < utc("2027-03-10T00:00:00Z") {
            at = calendar.opens_after(at, 1);
            cuts.push(at);
        }
        each_is_in_one(&facts, &between(cuts))?;
    }

    #[test]
    fn lines_leave_out_no_deed_and_tell_none_in_two_lines(facts in facts()) {
        let whole = Window::since(utc("2025-01-01T00:00:00Z"), utc("2028-01-01T00:00:00Z"));
        let events = happened(&facts, whole);
        let mine: Vec<&Event> = events.iter().filter(|event| event.by == Doer::Account("ana".into())).collect();
        let lines = lines(mine.iter().copied());
        let subjects = |deeds: &[Deed]| mine.iter().filter(|event| deeds.contains(&event.deed))
            .map(|event| event.subject.id.clone()).collect::<BTreeSet<_>>();
        let changes = [Deed::Merged, Deed::Opened, Deed::Pushed];
        for deeds in [&changes[..], &[Deed::Reviewed], &[Deed::Deployed], &[Deed::Incident],
            &[Deed::IssueClosed, Deed::IssueStarted, Deed::IssueOpened, Deed::IssueAssigned]] {
            let told: Vec<_> = lines.iter().filter(|line| deeds.contains(&line.deed)).map(|line| line.subject.id.clone()).collect();
            prop_assert_eq!(told.len(), subjects(deeds).len());
            prop_assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), subjects(deeds));
        }
        for deed in [Deed::Reviewed, Deed::Deployed] {
            let times: i64 = lines.iter().filter(|line| line.deed == deed).map(|line| line.times).sum();
            prop_assert_eq!(times, mine.iter().filter(|event| event.deed == deed).map(|event| event.times).sum::<i64>());
        }
        prop_assert!(lines.is_sorted_by_key(|line| line.deed));
    }

    #[test]
    fn the_last_working_day_is_before_today_and_everything_since_is_in_it(
        now in instant(), zone in zone(), away in btree_set(0..40u64, 0..12),
    ) {
        let calendar = WorkCalendar { zone, ..berlin() };
        let today = calendar.local_date(now);
        let away: BTreeSet<NaiveDate> = away.into_iter().map(|days| today - chrono::Days::new(days)).collect();
        let window = last_working_day(&berlin(), zone, &away, now);
        let worked = |day: &NaiveDate| calendar.is_working_day(*day) && !away.contains(day);
        let before: Vec<NaiveDate> = (1..=LOOK_BACK_DAYS).map(|days| today - chrono::Days::new(days)).collect();
        prop_assert_eq!(window.to, now);
        let day = before.iter().find(|day| worked(day)).unwrap_or(&before[0]);
        prop_assert_eq!(calendar.local_date(window.from), *day);
        prop_assert_ne!(calendar.local_date(window.from - TimeDelta::seconds(1)), *day);
    }
}

#[test]
fn since_the_last_working_day_means_friday_on_mondays_and_the_day_before_a_holiday() {
    let from = |now: &str, away: &[&str]| {
        let away = away.iter().map(|day| date(day)).collect();
        let calendar = berlin();
        last_working_day(&calendar, calendar.zone, &away, utc(now)).from
    };
    // A Thursday; a Monday; the Tuesday after Easter, which two holidays make long.
    assert_eq!(from("2026-01-15T10:00:00Z", &[]), utc("2026-01-13T23:00:00Z"));
    assert_eq!(from("2026-01-12T10:00:00Z", &[]), utc("2026-01-08T23:00:00Z"));
    assert_eq!(from("2026-04-07T10:00:00Z", &[]), utc("2026-04-01T22:00:00Z"));
    // Who was away since Wednesday hears of Tuesday.
    assert_eq!(
        from(
            "2026-01-19T10:00:00Z",
            &["2026-01-14", "2026-01-15", "2026-01-16"]
        ),
        utc("2026-01-12T23:00:00Z")
    );
    // The clock goes forward on the Sunday between.
    assert_eq!(from("2026-03-30T07:00:00Z", &[]), utc("2026-03-26T23:00:00Z"));
    // Where it is evening in Berlin, it is morning in New York, of the same day.
    let in_new_york = last_working_day(
        &berlin(),
        chrono_tz::America::New_York,
        &BTreeSet::new(),
        utc("2026-01-15T22:30:00Z"),
    );
    assert_eq!(in_new_york.from, utc("2026-01-14T05:00:00Z"));
}

#[test]
fn since_is_read_as_people_write_it() {
    let now = utc("2026-01-15T10:00:00Z");
    let since = |text: &str| parse_since(text, &berlin(), now).map(|at| at.to_rfc3339());
    for (text, day) in [
        ("today", "14"),
        ("Yesterday", "13"),
        ("3d", "11"),
        ("0d", "14"),
        ("monday", "11"),
        ("Mon", "11"),
        ("thu", "07"),
        ("wed", "13"),
        ("2026-01-05", "04"),
    ] {
        assert_eq!(
            since(text),
            Some(format!("2026-01-{day}T23:00:00+00:00")),
            "{text}"
        );
    }
    for text in [
        "",
        "d",
        "32d",
        "-1d",
        "soon",
        "2026-01-16",
        "2025-01-05",
        "99999999999999999999d",
        "2026-13-01",
    ] {
        assert_eq!(since(text), None, "{text}");
    }
    assert_eq!(now.with_timezone(&berlin().zone).weekday(), chrono::Weekday::Thu);
}

fn person(login: &str) -> Account {
    Account {
        login: login.into(),
        is_bot: false,
    }
}

fn key_of(number: i64) -> PullRequestKey {
    PullRequestKey {
        repository: "acme/api".into(),
        number,
    }
}

/// The lines of `login` as text.
fn told(facts: &KnownFacts, window: Window, login: &str) -> Vec<String> {
    let events = happened(facts, window);
    let line = |line: Line| format!("{:?} {} {}", line.deed, line.subject.id, line.times);
    lines(
        events
            .iter()
            .filter(|event| event.by == Doer::Account(login.into())),
    )
    .into_iter()
    .map(line)
    .collect()
}

#[test]
fn what_belongs_together_is_one_line() {
    let day = |hour: i64| utc("2026-01-15T00:00:00Z") + TimeDelta::hours(hour);
    let facts = KnownFacts {
        pulls: vec![
            pull(key_of(1), person("ana"), day(1), Some(day(9))),
            pull(key_of(2), person("ben"), day(-40), None),
            pull(key_of(3), person("ana"), day(-90), None),
        ],
        reviews: vec![
            review(1, key_of(2), person("ana"), day(3)),
            review(2, key_of(2), person("ana"), day(5)),
            // An answer under one's own pull request is no review.
            review(3, key_of(1), person("ana"), day(4)),
        ],
        pushes: vec![
            push(("acme/api", "change-1"), person("ana"), day(0), 2),
            push(("acme/api", "change-1"), person("ana"), day(2), 3),
            // To an older pull request, and to a branch without one.
            push(("acme/api", "change-3"), person("ana"), day(2), 1),
            push(("acme/api", "change-3"), person("ana"), day(3), 4),
            push(("acme/api", "spike"), person("ana"), day(3), 2),
            // The merge of the first.
            Push {
                head_sha: "merge-acme/api-1".to_owned(),
                ..push(("acme/api", "main"), person("ana"), day(9), 1)
            },
            // After the merge the branch's name is free again.
            push(("acme/api", "change-1"), person("ana"), day(12), 1),
        ],
        deployments: vec![
            deployment(1, "ana", Some(day(9))),
            deployment(2, "ana", Some(day(10))),
            deployment(3, "ana", None),
        ],
        incidents: vec![incident(&["ana"], day(-5), Some(day(2)))],
        ..KnownFacts::default()
    };
    let today = Window::since(day(0), day(24));
    assert_eq!(
        told(&facts, today, "ana"),
        [
            "Merged acme/api#1 1",
            "Deployed acme/api to production 2",
            "Incident acme/api#99 1",
            "Reviewed acme/api#2 2",
            "Pushed acme/api@change-1 1",
            "Pushed acme/api#3 5",
            "Pushed acme/api@spike 2",
        ]
    );
    let until_noon = Window::since(day(0), day(8));
    assert_eq!(told(&facts, until_noon, "ana")[2], "Opened acme/api#1 1");
    assert_eq!(told(&facts, today, "ben"), Vec::<String>::new());
}

#[test]
fn a_dismissed_incident_and_a_deployment_that_failed_are_no_work_done() {
    let at = utc("2026-01-15T09:00:00Z");
    let mut dismissed = incident(&["ana"], at, None);
    dismissed.snapshot.value.state = IncidentState::Dismissed;
    let facts = KnownFacts {
        incidents: vec![dismissed],
        deployments: vec![deployment(1, "ana", None)],
        ..KnownFacts::default()
    };
    assert_eq!(happened(&facts, Window::since(at, at + Duration::days(1))), []);
}

fn identity(login: &str) -> Identity {
    Identity {
        slack_user: None,
        login: Some(login.into()),
    }
}

fn waiting(number: i64, reason: Reason, since: &str) -> TriageRow {
    TriageRow {
        key: key_of(number),
        title: format!("Change {number}"),
        url: String::new(),
        author: "ana".into(),
        waiting: Waiting {
            turn: Turn::Reviewer,
            reason,
            actors: vec!["ben".into()],
            since: utc(since),
        },
    }
}

#[test]
fn a_pull_request_is_blocked_when_ci_is_red_it_conflicts_or_nobody_has_reviewed_it_for_a_working_day() {
    let now = utc("2026-01-19T10:00:00Z");
    let cause = |reason, since| blocked::cause(&waiting(1, reason, since), &berlin(), now);
    let asked = || Reason::ReviewRequested { teams: Vec::new() };
    // Friday 16:00 is two working hours before Monday 11:00, Thursday is more than a day.
    assert_eq!(cause(asked(), "2026-01-16T15:00:00Z"), None);
    assert_eq!(cause(asked(), "2026-01-15T15:00:00Z"), Some(Cause::Review));
    assert_eq!(
        cause(Reason::NobodyAsked, "2026-01-15T15:00:00Z"),
        Some(Cause::Review)
    );
    assert_eq!(
        cause(Reason::Conflicts, "2026-01-19T09:59:00Z"),
        Some(Cause::Conflicts)
    );
    let red = Reason::CiRed {
        workflow: "CI".to_owned(),
        url: String::new(),
    };
    assert_eq!(cause(red, "2026-01-19T09:59:00Z"), Some(Cause::Ci));
    assert_eq!(cause(Reason::Approved, "2026-01-05T09:59:00Z"), None);
}

#[test]
fn a_channel_hears_nothing_of_drafts_and_only_counts_of_private_repositories() {
    let at = utc("2026-01-15T09:00:00Z");
    let window = Window::since(at, at + Duration::days(1));
    let mut draft = pull(key_of(2), person("ana"), at, None);
    draft.snapshot.as_mut().unwrap().value.is_ready = false;
    let mut open = pull(key_of(3), person("Ana"), at, Some(at));
    open.key.repository = "acme/open".into();
    let facts = KnownFacts {
        pulls: vec![pull(key_of(1), person("ana"), at, None), draft, open],
        deployments: vec![deployment(1, "deploy-bot", Some(at))],
        public: [RepositoryName::from("acme/open")].into(),
        ..KnownFacts::default()
    };
    let stuck = Blocked {
        cause: Cause::Ci,
        row: waiting(1, Reason::Conflicts, "2026-01-15T09:00:00Z"),
        is_private: true,
    };
    let evidence = || {
        let events = happened(&facts, window);
        Evidence::new(
            vec![identity("ana"), identity("ben")],
            &["acme/API".into()],
            &events,
            vec![stuck.clone()],
            window,
        )
    };
    let seen = |evidence: &Evidence| {
        let ana = &evidence.people[0];
        (
            ana.lines.len(),
            ana.blocked.len(),
            ana.hidden,
            evidence.shipped().len(),
        )
    };
    assert_eq!(seen(&evidence()), (3, 1, 0, 2));
    assert!(evidence().people[1].is_empty());
    assert_eq!(seen(&evidence().for_channel(|_| true)), (2, 1, 0, 2));
    assert_eq!(seen(&evidence().for_channel(|_| false)), (1, 0, 2, 1));
}
