//! Purpose: histories made up at random, on which the definitions of other tools must say what their slow second
//! implementations say: the value, of how many, the band, and each line with what it is joined to.

use proptest::prelude::*;

use super::slow::told::{Keys, Line, Told, sorted};
use super::slow::{devlake_2021, devlake_2023, fourkeys, middleware};
use super::*;

const REPOSITORIES: [&str; 2] = ["acme/api", "acme/web"];
const PEOPLE: [&str; 3] = ["ana", "Bob", "a-bot"];
/// Changes have numbers up to this one.
const CHANGES: i64 = 16;
/// Their commits are numbered alike, and those of pushes follow; beyond them are commits that nobody knows.
const COMMITS: i64 = 22;

fn hour(hours: i64) -> DateTime<Utc> {
    at("02-20 00:00") + Duration::hours(hours)
}

/// An instant of three weeks: mostly one of few, so that many things happen at once, now and then some seconds beside it.
fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..84, any_seconds()).prop_map(|(quarter, beside)| hour(6 * quarter) + Duration::seconds(beside))
}

fn any_seconds() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => Just(0_i64),
        2 => prop::sample::select(vec![-60_i64, -1, 1, 59, 60, 61, 3_599, 3_600]),
        1 => -9_000_i64..9_000,
    ]
}

/// So long before or after something else, if it is known.
fn any_span(hours: std::ops::Range<i64>) -> impl Strategy<Value = Option<Duration>> {
    prop::option::weighted(
        0.75,
        (hours, any_seconds()).prop_map(|(hours, beside)| Duration::hours(hours) + Duration::seconds(beside)),
    )
}

/// What a change may say that it takes back.
fn any_taken_back() -> impl Strategy<Value = Vec<String>> {
    let said = (0_usize..5, 1..=CHANGES).prop_map(|(form, number)| match form {
        0 => format!("#{number}"),
        1 => format!("acme/api#{number}"),
        2 => format!("acme/web#{number}"),
        3 => sha(number),
        _ => format!("Change {}", number % 4),
    });
    prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(said, 1..3)]
}

prop_compose! {
    fn any_change()(
        merged_at in any_instant(),
        opened in any_span(-5..60),
        first in any_span(-10..80),
        ready in any_span(-5..60),
        reviewed in any_span(-10..60),
        answered in any_span(-10..60),
        approved in any_span(-10..60),
        place in 0_usize..2,
        who in 0_usize..3,
        is_main in prop::bool::weighted(0.8),
        has_sha in prop::bool::weighted(0.85),
        reverts in any_taken_back(),
    ) -> Change {
        let mut made = change(0, "03-01 00:00");
        made.key.repository = REPOSITORIES[place].into();
        made.merged_at = merged_at;
        made.opened_at = merged_at - opened.unwrap_or(Duration::hours(24));
        made.first_commit_at = first.map(|first| made.opened_at - first);
        made.ready_at = ready.map(|before| merged_at - before);
        made.first_review_at = reviewed.map(|before| merged_at - before);
        made.first_response_any_at = answered.map(|before| merged_at - before);
        made.approved_at = approved.map(|before| merged_at - before);
        made.author.login = PEOPLE[who].into();
        made.author.is_bot = who == 2;
        made.base_ref = if is_main { "main" } else { "next" }.to_owned();
        made.merge_commit_sha = has_sha.then(String::new);
        made.reverts = reverts;
        made
    }
}

prop_compose! {
    fn any_deployed()(
        created_at in any_instant(),
        took in any_span(-2..9),
        of in prop::option::weighted(0.85, 1..=COMMITS),
        place in 0_usize..2,
        has_failed in prop::bool::weighted(0.15),
        environment in prop::sample::select(vec!["production", "production", "prod-eu", "staging"]),
        git_ref in prop::sample::select(vec!["main", "main", "refs/heads/main", "next", "v1.2.0", ""]),
    ) -> Deployed {
        Deployed {
            created_at,
            ended_at: created_at + took.unwrap_or_default(),
            outcome: if has_failed { Outcome::Failure } else { Outcome::Success },
            repository: REPOSITORIES[place].into(),
            name: environment.to_owned(),
            git_ref: git_ref.to_owned(),
            ..deployed(0, "03-01 00:00", of)
        }
    }
}

prop_compose! {
    fn any_outage()(
        opened_at in any_instant(),
        took in any_span(-6..90),
        place in 0_usize..3,
        dismissed in prop::bool::weighted(0.1),
        causes in prop::collection::vec((prop::bool::weighted(0.6), 0..=COMMITS), 0..3),
    ) -> Outage {
        Outage {
            opened_at,
            resolved_at: took.map(|took| opened_at + took),
            repository: REPOSITORIES.get(place).map(|name| (*name).into()),
            dismissed,
            causes: causes.into_iter().map(any_cause).collect(),
            ..outage("", "03-01 00:00", None)
        }
    }
}

/// A commit; or `nth 3`, which becomes that of a deployment; or something that Four Keys does not know.
fn any_cause((is_deployed, number): (bool, i64)) -> String {
    match number {
        0 => "#1".to_owned(),
        _ if is_deployed => format!("nth {number}"),
        _ => sha(number),
    }
}

prop_compose! {
    fn any_push()(
        at in any_instant(),
        first in any_span(-2..50),
        place in 0_usize..2,
        who in 0_usize..3,
        is_merge in prop::bool::weighted(0.2),
    ) -> DirectPush {
        let mut made = push(if is_merge { "merge" } else { "" }, "03-01 00:00", "03-01 00:00");
        made.repository = REPOSITORIES[place].into();
        made.at = at;
        made.first_commit_at = first.map(|before| at - before);
        made.author.login = PEOPLE[who].into();
        made
    }
}

/// What a person says: of which kind of thing, of the how manyth, what, and of which deployment.
fn any_said() -> impl Strategy<Value = (usize, usize, usize, usize)> {
    (0_usize..3, 0_usize..18, 0_usize..5, 0_usize..18)
}

prop_compose! {
    /// Each thing with a name of its own; commits of some deployments are those of changes or pushes.
    fn any_facts()(
        mut changes in prop::collection::vec(any_change(), 0..14),
        deployments in prop::collection::vec((any_deployed(), prop::option::of(any_seconds())), 0..18),
        mut outages in prop::collection::vec(any_outage(), 0..7),
        mut pushes in prop::collection::vec(any_push(), 0..4),
        said in prop::collection::vec(any_said(), 0..4),
    ) -> DeliveryFacts {
        for (number, change) in (1_i64..).zip(&mut changes) {
            change.key.number = number;
            change.title = format!("Change {}", number % 4);
            change.merge_commit_sha = change.merge_commit_sha.is_some().then(|| sha(number));
        }
        let deployments: Vec<Deployed> = deployments.into_iter().enumerate()
            .map(|(nth, (one, after))| placed(one, nth, after, &changes)).collect();
        for (nth, one) in outages.iter_mut().enumerate() {
            one.external_id = format!("o{nth}");
            for cause in &mut one.causes {
                let named = cause.strip_prefix("nth ").and_then(|nth| deployments.get(nth.parse::<usize>().unwrap()));
                *cause = named.and_then(|one| one.sha.clone()).unwrap_or_else(|| cause.clone());
            }
        }
        for (number, one) in (1_i64..).zip(&mut pushes) {
            // Some are told as a merge too.
            one.head_sha = sha(if one.head_sha == "merge" { number } else { CHANGES + number });
        }
        let mut facts = DeliveryFacts { changes, deployments, outages, pushes, corrections: Vec::new() };
        let said = said.into_iter().enumerate();
        facts.corrections = said.filter_map(|(nth, said)| correction(&facts, nth, said)).collect();
        facts
    }
}

/// A deployment with its name; if `after` is known and it is of a change, it ends so many seconds after the merge of that.
fn placed(mut one: Deployed, nth: usize, after: Option<i64>, changes: &[Change]) -> Deployed {
    let of = |change: &&Change| change.merge_commit_sha.is_some() && change.merge_commit_sha == one.sha;
    if let (Some(after), Some(change)) = (after, changes.iter().find(of)) {
        let took = one.ended_at - one.created_at;
        one.repository = change.key.repository.clone();
        one.ended_at = change.merged_at + Duration::seconds(after);
        one.created_at = one.ended_at - took;
    }
    one.id = format!("{}/{nth}", one.repository);
    one
}

fn correction(
    facts: &DeliveryFacts,
    nth: usize,
    (kind, which, says, cause): (usize, usize, usize, usize),
) -> Option<Correction> {
    let subject = match kind {
        0 => Subject::Deployment(facts.deployments.get(which)?.id.clone()),
        1 => Subject::Change(facts.changes.get(which)?.key.clone()),
        _ => {
            let one = facts.outages.get(which % facts.outages.len().max(1))?;
            Subject::Incident {
                source: one.source.clone(),
                external_id: one.external_id.clone(),
            }
        }
    };
    let says = match says {
        0 => Says::NotOurs,
        1 => Says::CausedBy(facts.deployments.get(cause)?.id.clone()),
        2 => Says::NotAnIncident,
        _ => Says::Exclude,
    };
    Some(Correction {
        at: at("04-01 00:00"),
        id: format!("cor_{nth}"),
        subject,
        says,
        by: "Ana".to_owned(),
        why: String::new(),
    })
}

prop_compose! {
    /// Windows from none to more than a half-year, with edges at which things happen.
    fn any_asked()(
        from in -20_i64..400,
        beside in any_seconds(),
        length in prop_oneof![3 => 0_i64..170, 4 => 170_i64..700, 1 => 700_i64..7_000],
        zone in prop::sample::select(vec![
            chrono_tz::Tz::UTC,
            chrono_tz::America::New_York,
            chrono_tz::Asia::Kolkata,
            chrono_tz::Pacific::Apia,
        ]),
        repository in prop::option::weighted(0.3, 0_usize..2),
        members in prop::option::weighted(0.3, prop::sample::subsequence(vec!["ANA", "bob"], 0..=2)),
    ) -> Asked {
        let from = hour(from) + Duration::seconds(beside);
        Asked {
            from,
            to: from + Duration::hours(length),
            zone,
            repositories: repository.map(|place| [REPOSITORIES[place].into()].into()),
            members: members.map(|names| names.into_iter().map(Into::into).collect()),
        }
    }
}

fn line(row: &ProofRow) -> Line {
    let parts = |parts: Parts| {
        [
            parts.coding,
            parts.pickup,
            parts.review,
            parts.merge,
            parts.deploy,
        ]
    };
    Line {
        subject: row.subject.to_string(),
        at: row.at,
        standing: row.standing,
        value: row.value,
        links: row
            .links
            .iter()
            .map(|link| (link.to.to_string(), link.how))
            .collect(),
        parts: row.parts.map(parts),
    }
}

fn told(measured: &Measured) -> Told {
    Told {
        value: measured.value,
        sample: measured.sample,
        band: measured.band.ok(),
        lines: sorted(measured.proof.iter().map(line).collect()),
    }
}

/// What the real thing says, in the form of the slow ones.
fn real(facts: &DeliveryFacts, asked: &Asked, mode: Mode) -> Keys {
    let keys = measure(facts, &Definitions::default(), asked, mode);
    assert_eq!(keys.rework.value, Err(NoValue::NotInMode));
    assert!(keys.rework.proof.is_empty() && keys.rework.band.is_err());
    Keys {
        frequency: told(&keys.frequency.rate),
        lead_time: told(&keys.lead_time.time),
        change_fail: told(&keys.change_fail),
        recovery: told(&keys.recovery),
    }
}

/// So many at least; more where the environment asks for them.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases.max(500),
        ..usual
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn devlake_of_2023_says_what_the_slow_one_says(facts in any_facts(), asked in any_asked()) {
        prop_assert_eq!(real(&facts, &asked, Mode::DevLake2023), devlake_2023::measure(&facts, &asked));
    }

    #[test]
    fn devlake_of_2021_says_what_the_slow_one_says(facts in any_facts(), asked in any_asked()) {
        prop_assert_eq!(real(&facts, &asked, Mode::DevLake2021), devlake_2021::measure(&facts, &asked));
    }

    #[test]
    fn four_keys_says_what_the_slow_one_says(facts in any_facts(), asked in any_asked()) {
        prop_assert_eq!(real(&facts, &asked, Mode::FourKeys), fourkeys::measure(&facts, &asked));
    }

    #[test]
    fn middleware_says_what_the_slow_one_says(facts in any_facts(), asked in any_asked()) {
        prop_assert_eq!(real(&facts, &asked, Mode::Middleware), middleware::measure(&facts, &asked));
    }
}
