//! Purpose: each kind of signal at its edge, and that evaluating again changes nothing.

use chrono::Duration;
use proptest::prelude::*;
use ulid::Ulid;

use super::*;
use crate::ci_run::{CiOutcome, CiRun};
use crate::incident::{Incident, IncidentSnapshot, IncidentState};
use crate::pull_request::{Account, PullRequest, PullRequestKey, PullRequestState, Snapshot};
use crate::review::{Comment, Review, Verdict};
use crate::stamped::Stamped;
use crate::triage::{FailedDeployment, FailingBranch, Surroundings, TeamScope, Turn, waiting};

/// Monday 2 March 2026, 09:00 UTC, and `hours` later; the default calendar begins to work then.
fn at(hours: i64) -> DateTime<Utc> {
    let monday: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
    monday + Duration::hours(hours)
}

fn person(login: &str) -> Account {
    Account {
        login: login.into(),
        is_bot: false,
    }
}

fn pull(number: i64, author: &str) -> WatchedPull {
    WatchedPull {
        key: PullRequestKey {
            repository: "acme/api".into(),
            number,
        },
        title: format!("Change {number}"),
        url: format!("https://github.com/acme/api/pull/{number}"),
        author: person(author),
        labels: Vec::new(),
        head_ref: format!("change-{number}"),
        head_sha: Some(format!("sha{number}")),
        references: Some(Vec::new()),
        paths: None,
        began_at: None,
        presented_at: at(0),
        last_activity_at: at(0),
        reviewed_at: None,
        turn: Turn::Reviewer,
        actors: vec!["ben".into()],
        waiting_since: at(0),
    }
}

fn rule(name: &str) -> Rule {
    Rule::of(kind(name).unwrap())
}

fn pulls(pulls: Vec<WatchedPull>) -> Facts {
    Facts {
        pulls,
        ..Facts::default()
    }
}

fn found(rule: Rule, facts: &Facts, now: DateTime<Utc>) -> Vec<Finding> {
    evaluate(&Rules(vec![rule]), facts, now, &WorkCalendar::default())
}

fn subjects(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.subject.as_str()).collect()
}

#[test]
fn a_pull_request_is_stale_after_so_much_working_time_without_activity() {
    let facts = pulls(vec![pull(1, "ana")]);
    // 48 working hours are six days of eight: Monday to the next Monday evening.
    assert!(found(rule("stale_pr"), &facts, at(7 * 24 + 7)).is_empty());
    let stale = found(rule("stale_pr"), &facts, at(7 * 24 + 8));
    assert_eq!(subjects(&stale), ["acme/api#1"]);
    assert_eq!((stale[0].since, &stale[0].people), (at(0), &vec!["ben".into()]));
    let by_the_wall = Rule {
        clock: ClockKind::Wall,
        ..rule("stale_pr")
    };
    assert_eq!(found(by_the_wall, &facts, at(48)).len(), 1);
}

#[test]
fn a_review_by_somebody_else_is_a_review_and_a_program_needs_none() {
    let mut reviewed = pull(1, "ana");
    reviewed.reviewed_at = Some(at(1));
    let mut by_program = pull(2, "renovate");
    by_program.author.is_bot = true;
    let facts = pulls(vec![reviewed, by_program, pull(3, "ana")]);
    let findings = found(rule("pr_without_review"), &facts, at(100));
    assert_eq!(subjects(&findings), ["acme/api#3"]);
}

#[test]
fn the_limit_itself_is_fine_and_one_more_is_not() {
    let mut all: Vec<WatchedPull> = (1..=5).map(|number| pull(number, "ana")).collect();
    assert!(found(rule("wip_limit_exceeded"), &pulls(all.clone()), at(9)).is_empty());
    let mut sixth = pull(6, "Ana");
    sixth.presented_at = at(3);
    all.push(sixth);
    let findings = found(rule("wip_limit_exceeded"), &pulls(all), at(9));
    assert_eq!(subjects(&findings), ["ana"]);
    assert_eq!(findings[0].since, at(3), "since the sixth was opened");
    assert!(findings[0].title.contains("6 pull requests open, 5 are fine"));
    let page = "https://github.com/pulls?q=is%3Aopen+is%3Apr+author%3Aana";
    assert_eq!(findings[0].url, page);
}

#[test]
fn only_what_waits_for_a_review_counts_for_a_reviewer() {
    let rule = || {
        let mut rule = rule("review_overload");
        rule.parameters.limit = 1;
        rule
    };
    let mut answered = pull(2, "ana");
    answered.turn = Turn::Author;
    assert!(found(rule(), &pulls(vec![pull(1, "ana"), answered]), at(9)).is_empty());
    let findings = found(rule(), &pulls(vec![pull(1, "ana"), pull(3, "cy")]), at(9));
    assert_eq!(subjects(&findings), ["ben"]);
}

#[test]
fn a_ticket_may_be_named_in_the_title_the_branch_or_the_text() {
    let with = |change: fn(&mut WatchedPull)| {
        let mut pull = pull(1, "ana");
        change(&mut pull);
        found(rule("no_ticket_link"), &pulls(vec![pull]), at(9)).len()
    };
    assert_eq!(with(|_| {}), 1);
    assert_eq!(with(|pull| pull.title = "PAY-12: retry".to_owned()), 0);
    assert_eq!(with(|pull| pull.head_ref = "ana/PAY-12-retry".to_owned()), 0);
    assert_eq!(with(|pull| pull.references = Some(vec!["PAY-12".to_owned()])), 0);
    assert_eq!(with(|pull| pull.references = None), 0, "nobody knows");
    assert_eq!(with(|pull| pull.author.is_bot = true), 0);
}

fn run(id: &str, hours: i64, outcome: CiOutcome) -> CiRun {
    CiRun {
        repository: "acme/api".into(),
        id: id.to_owned(),
        workflow: "CI".to_owned(),
        head_sha: "sha1".to_owned(),
        branch: None,
        on_default_branch: false,
        attempt: 1,
        outcome,
        created_at: at(hours),
        started_at: None,
        updated_at: at(hours),
        url: "https://github.com/run".to_owned(),
    }
}

#[test]
fn a_run_is_slow_from_its_start_and_concerns_the_author_of_its_commit() {
    let facts = Facts {
        pending_runs: vec![
            run("a", 0, CiOutcome::Pending),
            run("b", 9, CiOutcome::Pending),
            run("c", 0, CiOutcome::Success),
        ],
        ..pulls(vec![pull(1, "ana")])
    };
    let findings = found(rule("long_running_ci"), &facts, at(9));
    assert_eq!(subjects(&findings), ["acme/api a"]);
    assert_eq!(findings[0].people, vec!["ana".into()]);
    assert_eq!(findings[0].title, "CI has not ended on sha1");
}

#[test]
fn what_is_red_failed_or_burns_is_found() {
    let facts = Facts {
        failing_branches: vec![FailingBranch {
            repository: "acme/api".into(),
            branch: None,
            workflow: "CI".to_owned(),
            url: "https://github.com/run".to_owned(),
            since: at(1),
        }],
        failed_deployments: vec![FailedDeployment {
            repository: "acme/web".into(),
            environment: "production".to_owned(),
            git_ref: "main".to_owned(),
            creator: Some("cy".into()),
            url: "https://github.com/log".to_owned(),
            failed_at: at(2),
        }],
        incidents: vec![incident(IncidentState::Open), incident(IncidentState::Resolved)],
        ..Facts::default()
    };
    let red = found(rule("failing_main"), &facts, at(9));
    assert_eq!(subjects(&red), ["acme/api CI"]);
    assert_eq!(red[0].title, "CI is red on the default branch");
    let failed = found(rule("failed_deployment"), &facts, at(9));
    assert_eq!(subjects(&failed), ["acme/web production"]);
    assert_eq!(failed[0].people, vec!["cy".into()]);
    assert!(found(rule("incident_open_too_long"), &facts, at(3)).is_empty());
    let burning = found(rule("incident_open_too_long"), &facts, at(4));
    assert_eq!(subjects(&burning), ["github:acme/api#9"]);
}

fn incident(state: IncidentState) -> Incident {
    Incident {
        source: "github".to_owned(),
        external_id: "acme/api#9".to_owned(),
        snapshot: Stamped {
            at: at(0),
            value: IncidentSnapshot {
                state,
                severity: Some(1),
                assignees: Vec::new(),
                title: "Payments are down".to_owned(),
                url: "https://github.com/acme/api/issues/9".to_owned(),
                repository: Some("acme/api".into()),
                opened_at: at(0),
                acknowledged_at: None,
                resolved_at: None,
                service: None,
                causes: Vec::new(),
            },
        },
        began_again_at: None,
    }
}

#[test]
fn a_scope_narrows_a_rule_and_what_it_does_not_say_does_not() {
    let mut labelled = pull(1, "ana");
    labelled.labels = vec!["Backend".to_owned()];
    let count = |scope: Scope| {
        let rule = Rule {
            scope,
            ..rule("stale_pr")
        };
        found(rule, &pulls(vec![labelled.clone()]), at(400)).len()
    };
    let names = |name: &str| vec![name.to_owned()];
    let scope = Scope::default;
    for (expected, scope) in [
        (1, scope()),
        (
            1,
            Scope {
                repositories: names("ACME/api"),
                ..scope()
            },
        ),
        (
            1,
            Scope {
                repositories: names("acme/*"),
                ..scope()
            },
        ),
        (
            0,
            Scope {
                repositories: names("acme/web"),
                ..scope()
            },
        ),
        (
            1,
            Scope {
                labels: names("backend"),
                ..scope()
            },
        ),
        (
            0,
            Scope {
                labels: names("frontend"),
                ..scope()
            },
        ),
        (
            0,
            Scope {
                except_labels: names("backend"),
                ..scope()
            },
        ),
        (
            1,
            Scope {
                authors: names("ANA"),
                ..scope()
            },
        ),
        (
            0,
            Scope {
                authors: names("ben"),
                ..scope()
            },
        ),
        (
            1,
            Scope {
                teams: vec![team("acme/web", "ana")],
                ..scope()
            },
        ),
        (
            1,
            Scope {
                teams: vec![team("acme/api", "ben")],
                ..scope()
            },
        ),
        (
            0,
            Scope {
                teams: vec![team("acme/web", "ben")],
                ..scope()
            },
        ),
    ] {
        assert_eq!(count(scope.clone()), expected, "{scope:?}");
    }
    let off = Rule {
        enabled: false,
        ..rule("stale_pr")
    };
    assert!(found(off, &pulls(vec![labelled.clone()]), at(400)).is_empty());
}

fn paths(patterns: &[&str]) -> PathPatterns {
    PathPatterns::new(patterns.iter().map(|pattern| (*pattern).to_owned()).collect()).unwrap()
}

fn covers(patterns: &[&str], files: &[&str]) -> bool {
    let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
    paths(patterns).cover_any(&files)
}

#[test]
fn patterns_of_paths_are_those_of_workflows() {
    for (patterns, file, expected) in [
        (&["payments/**"][..], "payments/src/retry.rs", true),
        (&["payments/**"], "payments", false),
        (&["payments/**"], "old/payments/a.rs", false),
        (&["Payments/**"], "payments/a.rs", false),
        (&["payments/"], "payments/src/retry.rs", true),
        (&["/payments/"], "payments/src/retry.rs", true),
        (&["payments/*"], "payments/src/retry.rs", false),
        (&["payments/*"], "payments/retry.rs", true),
        (&["*.md"], "docs/a.md", false),
        (&["**/*.md"], "a.md", true),
        (&["**/*.md"], "docs/deep/a.md", true),
        (&["**"], "docs/deep/a.md", true),
        (&["**/.github/*.{yml,yaml}"], ".github/ci.yaml", true),
        (&["payments/**", "!**/*.md"], "payments/README.md", false),
        (&["payments/**", "!**/*.md"], "payments/src/retry.rs", true),
        (&["!**/*.md", "payments/**"], "payments/README.md", true),
        (&["**", "!docs/**", "docs/api.md"], "docs/api.md", true),
        (&["**", "!docs/**", "docs/api.md"], "docs/other.md", false),
    ] {
        assert_eq!(covers(patterns, &[file]), expected, "{patterns:?} {file}");
    }
    assert!(
        !covers(&["**"], &[]),
        "a pull request without files changes none of them"
    );
    let only = PathPatterns::new(vec!["!docs/**".to_owned()]);
    assert_eq!(only, Err(NoPatterns::OnlyExceptions));
}

/// `stale_pr`, looking at these paths.
fn looking_at(patterns: &[&str]) -> Rule {
    let mut rule = rule("stale_pr");
    rule.scope.paths = paths(patterns);
    rule
}

#[test]
fn a_rule_with_paths_says_nothing_until_the_files_are_known() {
    let mut facts = pulls(vec![pull(1, "ana"), pull(2, "ana"), pull(3, "ana")]);
    let find = |facts: &Facts| found(looking_at(&["payments/**"]), facts, at(400));
    assert_eq!(find(&facts), []);
    let changes = |number, path: &str| ChangedFiles {
        key: pull(number, "ana").key,
        head_sha: "sha".to_owned(),
        paths: vec!["README.md".to_owned(), path.to_owned()],
        is_truncated: false,
    };
    facts.add_files(vec![changes(1, "ledger/a.rs"), changes(2, "payments/a.rs")]);
    assert_eq!(subjects(&find(&facts)), ["acme/api#2"]);
    facts.add_files(vec![changes(2, "ledger/a.rs"), changes(1, "payments/a.rs")]);
    assert_eq!(subjects(&find(&facts)), ["acme/api#1"]);
}

#[test]
fn only_pull_requests_that_change_the_right_files_are_counted() {
    let mut all: Vec<WatchedPull> = (1..=8).map(|number| pull(number, "ana")).collect();
    for pull in &mut all {
        let folder = if pull.key.number <= 5 {
            "payments"
        } else {
            "ledger"
        };
        pull.paths = Some(vec![format!("{folder}/a.rs")]);
    }
    for kind in ["wip_limit_exceeded", "review_overload"] {
        let narrowed = |limit| {
            let mut rule = rule(kind);
            rule.parameters.limit = limit;
            rule.scope.paths = paths(&["payments/**"]);
            rule
        };
        assert_eq!(found(narrowed(5), &pulls(all.clone()), at(9)), []);
        let findings = found(narrowed(4), &pulls(all.clone()), at(9));
        assert_eq!(findings[0].details["count"], 5, "{kind}");
    }
}

#[test]
fn files_are_wanted_only_where_a_rule_that_is_enabled_looks_at_them() {
    let (here, mut elsewhere) = (pull(1, "ana"), pull(2, "ana"));
    elsewhere.key.repository = "acme/web".into();
    let mut narrowed = looking_at(&["payments/**"]);
    narrowed.scope.repositories = vec!["acme/api".to_owned()];
    let off = Rule {
        enabled: false,
        ..looking_at(&["**"])
    };
    let without = Rules(vec![rule("stale_pr"), off.clone()]);
    assert!(!without.look_at_paths() && !without.want_paths_of(&here));
    let with = Rules(vec![rule("no_ticket_link"), off, narrowed]);
    assert!(with.look_at_paths());
    assert!(with.want_paths_of(&here) && !with.want_paths_of(&elsewhere));
    // Whoever reviews may be of the team, too.
    let mut of_team = looking_at(&["**"]);
    of_team.scope.teams = vec![team("acme/ledger", "ben")];
    assert!(Rules(vec![of_team]).want_paths_of(&here));
}

fn team(repository: &str, member: &str) -> TeamScope {
    TeamScope {
        name: "checkout".to_owned(),
        repositories: vec![repository.into()],
        members: vec![member.into()],
    }
}

/// A pull request that was opened at 0, pushed to at 4, and left draft at 5.
fn presented_at_five() -> PullRequest {
    let mut fact = PullRequest::new(pull(1, "ana").key);
    fact.ready_at = Some(at(5));
    fact.pushed_at = Some(at(4));
    fact.snapshot = Some(Stamped {
        at: at(5),
        value: Snapshot {
            state: PullRequestState::Open,
            is_ready: true,
            requested_reviewers: Vec::new(),
            requested_teams: Vec::new(),
            labels: Vec::new(),
            author: person("ana"),
            title: String::new(),
            url: String::new(),
            base_ref: "main".to_owned(),
            head_ref: "x".to_owned(),
            head_sha: None,
            created_at: at(0),
            closed_at: None,
            merged_at: None,
            merge_commit_sha: None,
            references: None,
            reverts: None,
        },
    });
    fact
}

#[test]
fn what_programs_do_is_no_activity_and_an_old_review_is_none_of_this_presentation() {
    let fact = presented_at_five();
    let key = fact.key.clone();
    let review = |id, hours, reviewer| Review {
        pull_request: key.clone(),
        id,
        reviewer,
        verdict: Verdict::Commented,
        submitted_at: at(hours),
        url: String::new(),
    };
    let robot = Account {
        is_bot: true,
        ..person("robot")
    };
    let comment = |hours, author| Comment {
        pull_request: key.clone(),
        id: format!("issue:{hours}"),
        author,
        created_at: at(hours),
    };
    let see = |reviews: &[Review], comments: &[Comment]| {
        let around = Surroundings {
            reviews,
            comments,
            runs: &[],
        };
        let seen = watched(&fact, around, &waiting(&fact, around).unwrap()).unwrap();
        (seen.last_activity_at, seen.reviewed_at)
    };
    assert_eq!(see(&[], &[comment(30, robot.clone())]), (at(5), None));
    assert_eq!(see(&[], &[comment(20, person("ana"))]), (at(20), None));
    let reviews = [
        review(1, 3, person("ben")),
        review(2, 9, robot),
        review(3, 10, person("ana")),
    ];
    assert_eq!(see(&reviews, &[]), (at(10), None));
    let answered = [review(1, 3, person("ben")), review(4, 12, person("ben"))];
    assert_eq!(see(&answered, &[]), (at(12), Some(at(12))));
}

/// A pull request in one of the ways that matter to rules.
fn any_pull(number: i64) -> impl Strategy<Value = WatchedPull> {
    let author = prop::sample::select(vec!["ana", "ben", "cy"]);
    (author, 0i64..200, prop::option::of(0i64..200), any::<bool>()).prop_map(
        move |(author, active, reviewed, is_for_review)| WatchedPull {
            last_activity_at: at(active),
            reviewed_at: reviewed.map(at),
            turn: if is_for_review {
                Turn::Reviewer
            } else {
                Turn::Author
            },
            ..pull(number, author)
        },
    )
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let some = (0..14).map(|number| prop::option::of(any_pull(number)));
    some.collect::<Vec<_>>()
        .prop_map(|some| pulls(some.into_iter().flatten().collect()))
}

/// What the open signals are after a diff was applied.
fn applied(open: Vec<OpenSignal>, changes: &Diff, ids: &mut u128) -> Vec<OpenSignal> {
    let mut after: Vec<OpenSignal> = open
        .into_iter()
        .filter(|signal| !changes.resolve.contains(&signal.id))
        .collect();
    for signal in &mut after {
        if let Some((_, finding)) = changes.update.iter().find(|(id, _)| *id == signal.id) {
            signal.digest = finding.digest();
        }
    }
    for finding in &changes.open {
        *ids += 1;
        after.push(OpenSignal {
            id: SignalId::new(Ulid::from(*ids)),
            rule: finding.rule.clone(),
            subject: finding.subject.clone(),
            digest: finding.digest(),
        });
    }
    after
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_open_is_what_is_found_and_evaluating_again_changes_nothing(
        moments in prop::collection::vec((any_facts(), 0i64..100), 1..5), limit in 0u32..4,
    ) {
        let mut rules: Vec<Rule> = KINDS.iter().map(Rule::of).collect();
        for rule in &mut rules {
            rule.parameters.limit = limit;
        }
        let (rules, calendar) = (Rules(rules), WorkCalendar::default());
        let (mut open, mut now, mut ids) = (Vec::new(), at(0), 0);
        for (facts, hours) in moments {
            now += Duration::hours(hours);
            let findings = evaluate(&rules, &facts, now, &calendar);
            open = applied(open.clone(), &diff(&open, findings.clone()), &mut ids);
            let mut keys: Vec<_> = open.iter().map(|s: &OpenSignal| (s.rule.clone(), s.subject.clone())).collect();
            let mut found: Vec<_> = findings.iter().map(|f| (f.rule.clone(), f.subject.clone())).collect();
            keys.sort();
            found.sort();
            prop_assert_eq!(keys, found, "one open signal for each finding");
            let twice = findings.iter().chain(&findings).cloned().collect();
            prop_assert!(diff(&open, twice).is_empty(), "the same findings change nothing");
            prop_assert!(diff(&open, evaluate(&rules, &facts, now, &calendar)).is_empty());
        }
        let all: Vec<_> = open.iter().map(|signal| signal.id.clone()).collect();
        prop_assert_eq!(diff(&open, Vec::new()).resolve, all);
    }

    #[test]
    fn a_folder_covers_what_is_in_it_whatever_else_changes(
        folder in "[a-zA-Z0-9_.-]{1,8}(/[a-zA-Z0-9_ -]{1,8}){0,2}", file in "[a-zA-Z0-9_ .-]{1,8}(/[a-z]{1,4}){0,2}",
        others in prop::collection::vec("[a-z]{1,4}(/[a-z]{1,4}){0,2}\\.md", 0..4),
    ) {
        let inside = format!("{folder}/{file}");
        let mut files: Vec<&str> = others.iter().map(String::as_str).collect();
        files.push(&inside);
        for pattern in [format!("{folder}/**"), format!("{folder}/"), format!("/{folder}/**"), inside.clone()] {
            prop_assert!(covers(&[&pattern], &files), "{pattern}");
            let taken_back = format!("!{inside}");
            prop_assert!(!covers(&[&pattern, &taken_back], &[&inside]));
            prop_assert!(covers(&[&pattern, &taken_back, "**"], &files));
        }
    }

    #[test]
    fn more_files_never_uncover_a_pull_request(
        patterns in prop::collection::vec("!?[ab*]{1,2}(/[ab*]{1,2}){0,1}", 1..4),
        files in prop::collection::vec("[ab]{1,2}(/[ab]{1,2}){0,2}", 0..4), more in "[ab]{1,2}(/[ab]{1,2}){0,2}",
    ) {
        let Ok(patterns) = PathPatterns::new(patterns) else { return Ok(()) };
        let before = patterns.cover_any(&files);
        let after: Vec<String> = files.into_iter().chain([more.clone()]).collect();
        prop_assert_eq!(patterns.cover_any(&after), before || patterns.cover_any(&[more]));
    }

    #[test]
    fn time_alone_changes_nothing_about_what_is_found_already(facts in any_facts(), hours in 0i64..100) {
        let rules = Rules(KINDS.iter().map(Rule::of).collect());
        let calendar = WorkCalendar::default();
        let before = evaluate(&rules, &facts, at(200), &calendar);
        let after = evaluate(&rules, &facts, at(200 + hours), &calendar);
        for finding in &before {
            prop_assert!(after.contains(finding));
        }
    }
}
