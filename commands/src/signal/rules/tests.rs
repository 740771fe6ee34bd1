//! Purpose: a rules file is understood as it is meant, or refused with the place and what may be written instead.

use em_domain::signal::{ClockKind, KINDS, Rule, Severity};

use super::*;

fn at(minute: u32) -> DateTime<Utc> {
    format!("2026-01-15T10:{minute:02}:00Z").parse().unwrap()
}

fn teams() -> Vec<TeamScope> {
    vec![TeamScope {
        name: "payments".to_owned(),
        repositories: vec!["acme/payments".into()],
        members: Vec::new(),
    }]
}

fn refused(text: &str) -> String {
    read(text, "rules.yaml", &teams()).unwrap_err()
}

#[test]
fn the_rules_that_come_along_are_every_kind_with_its_defaults() {
    let rules = read(DEFAULT_RULES, "rules.default.yaml", &[]).unwrap();
    for kind in KINDS {
        let rule = rules.find(kind.name).unwrap();
        let enabled = !["no_ticket_link", "incident_open"].contains(&kind.name);
        assert_eq!(
            *rule,
            Rule {
                enabled,
                ..Rule::of(kind)
            },
            "{}",
            kind.name
        );
    }
    assert_eq!(rules.0.len(), KINDS.len());
}

#[test]
fn every_key_of_a_rule_is_read() {
    let text = r##"
- older_than: 1d 4h
  kind: stale_pr
  name: old
  severity: critical
  enabled: false
  clock: wall
  channel: "#payments"
  scope:
    repositories: [acme/api, "acme/*"]
    teams: [Payments]
    labels: [backend]
    except_labels: [on hold]
    authors: [ana]
    paths: [payments/**, "!**/*.md"]
- kind: no_ticket_link
  pattern: 'OPS-\d+'
- {kind: wip_limit_exceeded, limit: 3}
"##;
    let rules = read(text, "rules.yaml", &teams()).unwrap();
    let old = rules.find("old").unwrap();
    assert_eq!(
        (old.severity, old.enabled, old.clock),
        (Severity::Critical, false, ClockKind::Wall)
    );
    assert_eq!(old.told(), [("older_than", "1d 4h".to_owned())]);
    assert_eq!(old.channel.as_deref(), Some("#payments"));
    let narrowed: Vec<String> = old
        .scope
        .narrowed()
        .into_iter()
        .map(|(_, names)| names.join(" "))
        .collect();
    assert_eq!(
        narrowed,
        [
            "acme/api acme/*",
            "payments",
            "backend",
            "on hold",
            "ana",
            "payments/** !**/*.md"
        ]
    );
    assert!(
        rules
            .find("no_ticket_link")
            .unwrap()
            .parameters
            .pattern
            .is_in("OPS-7: retry")
    );
    assert_eq!(rules.find("wip_limit_exceeded").unwrap().parameters.limit, 3);
}

/// What is wrong, and what must be said of it.
const WRONG: &[(&str, &[&str])] = &[
    (
        "- kind: stale_pr\n  older: 3d\n",
        &["line 2, column 3", "stale_pr has no key `older`", "older_than"],
    ),
    (
        "- kind: stale_pr\n  limit: 3\n",
        &["line 2, column 3", "stale_pr has no key `limit`"],
    ),
    (
        "- kind: failing_main\n  clock: wall\n",
        &["line 2, column 3", "no key `clock`"],
    ),
    (
        "- kind: stale\n",
        &[
            "line 1, column 9",
            "there is no kind `stale`",
            "wip_limit_exceeded",
        ],
    ),
    (
        "- name: x\n",
        &["line 1, column 3", "`kind` is missing", "stale_pr"],
    ),
    (
        "- kind: stale_pr\n  older_than: soon\n",
        &["line 2, column 15", "rule 1, older_than: ", "\"soon\"", "48h"],
    ),
    (
        "- kind: stale_pr\n  older_than: 48\n",
        &["line 2, column 15", "48h"],
    ),
    (
        "- kind: stale_pr\n  severity: bad\n",
        &["line 2, column 13", "`info`, `warning`, `critical`"],
    ),
    (
        "- kind: wip_limit_exceeded\n  limit: -1\n",
        &["line 2, column 10", "limit"],
    ),
    (
        "- kind: no_ticket_link\n  pattern: '['\n",
        &["line 2, column 12", "regular expression"],
    ),
    (
        "- kind: stale_pr\n  scope:\n    files: [src]\n",
        &["line 3, column 5", "no key `files`", "repositories", "paths"],
    ),
    (
        "- kind: failing_main\n  scope:\n    paths: [src/**]\n",
        &[
            "line 3, column 5",
            "failing_main, which looks at repositories and not at pull requests, has no key `paths`",
        ],
    ),
    (
        "- kind: long_running_ci\n  scope: {paths: [src/**]}\n",
        &["line 2, column 11", "not at pull requests, has no key `paths`"],
    ),
    (
        "- kind: stale_pr\n  scope:\n    paths: [src/**, 'a[']\n",
        &["line 3, column 21", "\"a[\"", "payments/**"],
    ),
    (
        "- kind: stale_pr\n  scope:\n    paths: ['!']\n",
        &["line 3, column 13", "a pattern of paths"],
    ),
    (
        "- kind: stale_pr\n  scope:\n    paths: ['!**/*.md']\n",
        &["line 3", "every pattern begins with `!`", "'**'"],
    ),
    (
        "- kind: failing_main\n  scope: {labels: [x]}\n",
        &["line 2, column 11", "no key `labels`"],
    ),
    (
        "- kind: stale_pr\n  scope: {teams: [pay]}\n",
        &["line 2, column 19", "\"pay\"", "(payments)"],
    ),
    (
        "- kind: stale_pr\n  scope: {repositories: [api]}\n",
        &["line 2, column 26", "owner/name"],
    ),
    (
        "- kind: stale_pr\n  name: a\n- kind: stale_pr\n  name: a\n",
        &["line 3", "two rules are called `a`"],
    ),
    (
        "- kind: stale_pr\n  kind: stale_pr\n",
        &["line 2, column 3", "written twice"],
    ),
    ("kind: stale_pr\n", &["expected a sequence"]),
    ("", &["holds no rules"]),
    ("- kind: [\n", &["line 1, column 9", "expected one of"]),
];

#[test]
fn what_is_wrong_is_named_with_its_place_and_what_may_be_written() {
    for (text, expected) in WRONG {
        let told = refused(text);
        assert!(told.starts_with("rules.yaml"), "{told}");
        for part in *expected {
            assert!(told.contains(part), "{text}\n{told}\nlacks {part}");
        }
        assert!(!told.contains(" at line "), "the place is said once: {told}");
    }
}

#[tokio::test]
async fn a_file_is_read_again_when_it_changes_and_a_wrong_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write("- kind: failing_main\n");
    let book = RuleBook::open(Some(file.clone()), teams(), at(0)).unwrap();
    let names = || -> Vec<String> {
        let rules = book.in_force().rules;
        rules.0.iter().map(|rule| rule.name.clone()).collect()
    };
    write("- kind: stale_pr\n");
    book.reload(at(1)).await;
    assert_eq!(
        (names(), book.in_force().since),
        (vec!["stale_pr".to_owned()], at(1))
    );

    write("- kind: stale_pr\n  older: 3d\n");
    book.reload(at(2)).await;
    assert_eq!(
        (names(), book.in_force().since),
        (vec!["stale_pr".to_owned()], at(1))
    );
    assert!(book.in_force().problem.unwrap().contains("line 2, column 3"));
    std::fs::remove_file(&file).unwrap();
    book.reload(at(3)).await;
    assert!(book.in_force().problem.unwrap().contains("cannot be read"));

    // A comment changes the text and not the rules.
    write("# as before\n- kind: stale_pr\n");
    book.reload(at(4)).await;
    assert_eq!((book.in_force().problem, book.in_force().since), (None, at(1)));
    assert!(RuleBook::open(Some(folder.path().join("no.yaml")), teams(), at(0)).is_err());
}
