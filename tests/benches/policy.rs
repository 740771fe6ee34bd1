//! Purpose: how long a question to the shipped rules takes, in one thread and from several at once.
//!
//! `cargo bench -p em-tests --bench policy` prints p50 and p99 of decisions and reactions.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run may stop")]

use std::time::{Duration, Instant};

use em_domain::action::Action;
use em_domain::calendar::WorkCalendar;
use em_domain::policy::{Actor, AskedAt, PolicyInput, SignalInput};
use em_policy::{Policy, Source};
use serde_json::json;

/// Questions in each row of the table.
const QUESTIONS: usize = 20_000;

fn main() {
    // As large as a company's: a thousand people with a role, and a year of freezes.
    let people: Vec<String> = (0..1_000).map(|number| format!("U{number:08}")).collect();
    let freezes: Vec<_> = (1..=12)
        .map(|month| json!({"from": format!("2025-{month:02}-24T00:00:00Z"), "until": format!("2025-{month:02}-26T00:00:00Z"), "why": "x"}))
        .collect();
    let data = json!({"roles": {"manager": people}, "freezes": freezes});
    let started = Instant::now();
    let policy = Policy::load(&Source::Shipped, &data).unwrap();
    println!(
        "read and compiled in {:.1} ms\n",
        started.elapsed().as_secs_f64() * 1_000.0
    );
    println!("| question | threads | p50 | p99 | most |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for kind in [
        "command.triage",
        "click.row.nudge",
        "github.comment",
        "github.merge",
    ] {
        let input = wants(kind);
        for threads in [1, 4] {
            row(kind, threads, || drop(policy.decide(&input)));
        }
    }
    let signal = SignalInput {
        signal: json!({"kind": "stale_pr", "subject": "acme/api#12", "age_hours": 100, "details": {}}),
        time: time(),
    };
    row("a signal", 1, || drop(policy.react(&signal)));
}

fn row(question: &str, threads: usize, ask: impl Fn() + Sync) {
    let one = || -> Vec<Duration> {
        let asked = (0..QUESTIONS / threads).map(|_| {
            let started = Instant::now();
            ask();
            started.elapsed()
        });
        asked.collect()
    };
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e6;
    println!(
        "| {question} | {threads} | {:.0} µs | {:.0} µs | {:.0} µs |",
        at(50),
        at(99),
        at(100)
    );
}

fn time() -> AskedAt {
    AskedAt::new("2026-01-15T10:00:00Z".parse().unwrap(), &WorkCalendar::default())
}

fn wants(kind: &str) -> PolicyInput {
    let facts = json!({"author": "ana", "labels": ["a", "b"], "base_ref": "main", "ci": "green", "approvals": 1, "changes_requested": []});
    PolicyInput {
        actor: Actor {
            slack_user: Some("U00000001".into()),
            login: Some("ben".into()),
            guest: Some(false),
            roles: vec!["manager".to_owned()],
            ..Actor::default()
        },
        action: Action::new(kind, "acme/api#12").with("method", "squash"),
        facts: serde_json::from_value(facts).unwrap(),
        time: time(),
    }
}
