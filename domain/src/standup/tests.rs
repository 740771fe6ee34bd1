//! Purpose: what holds of `standup`, by example and for anything.

use chrono::Weekday;
use proptest::prelude::*;
use ulid::Ulid;

use super::*;
use crate::id::BlockerId;

fn standup() -> Standup {
    Standup {
        name: "payments".to_owned(),
        team: "payments".to_owned(),
        people: Vec::new(),
        channel: "#payments".to_owned(),
        days: WorkCalendar::weekdays([
            Weekday::Mon,
            Weekday::Tue,
            Weekday::Wed,
            Weekday::Thu,
            Weekday::Fri,
        ]),
        ask_at: NaiveTime::from_hms_opt(9, 0, 0).unwrap(),
        asks_in_own_zone: true,
        post_at: NaiveTime::from_hms_opt(10, 0, 0).unwrap(),
        zone: Tz::Europe__Berlin,
        mode: Mode::Both,
        remind_minutes: 30,
        mood: Mood::Off,
        posts_when_empty: false,
        escalate_after_days: 2,
        escalate_to: None,
    }
}

fn invited(name: &str, zone: Tz, is_away: bool) -> Invited {
    Invited {
        slack_user: Some(SlackUser(format!("U{name}"))),
        login: None,
        name: name.to_owned(),
        zone,
        is_away,
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn everybody_is_asked_where_they_are_and_only_those_reminded_who_were_asked_before() {
    let people = vec![
        invited("berlin", Tz::Europe__Berlin, false),
        invited("newyork", Tz::America__New_York, false),
        invited("tokyo", Tz::Asia__Tokyo, false),
        invited("away", Tz::Europe__Berlin, true),
    ];
    let round = standup().plan(day("2026-01-16"), at("2026-01-15T09:00:00Z"), people);
    let times: Vec<_> = round.people.iter().map(|p| (p.ask_at, p.remind_at)).collect();
    assert_eq!(round.post_at, at("2026-01-16T09:00:00Z"));
    let reminder = Some(at("2026-01-16T08:30:00Z"));
    assert_eq!(times[0], (Some(at("2026-01-16T08:00:00Z")), reminder));
    assert_eq!(times[1], (Some(at("2026-01-16T14:00:00Z")), None));
    assert_eq!(times[2], (Some(at("2026-01-16T00:00:00Z")), reminder));
    assert_eq!(times[3], (None, None));
}

#[test]
fn a_digest_asks_nobody() {
    let digest = Standup {
        mode: Mode::Digest,
        ..standup()
    };
    let zones = [Tz::Asia__Tokyo];
    assert_eq!(
        digest.open_time(day("2026-01-16"), zones),
        digest.post_time(day("2026-01-16"))
    );
    let people = vec![invited("berlin", Tz::Europe__Berlin, false)];
    let round = digest.plan(day("2026-01-16"), at("2026-01-15T09:00:00Z"), people);
    assert_eq!(round.asked().count(), 0);
}

#[test]
fn it_is_held_neither_on_a_weekend_nor_on_a_holiday_and_follows_the_clock_over_its_changes() {
    let calendar = WorkCalendar {
        holidays: [day("2026-12-25")].into(),
        ..WorkCalendar::default()
    };
    let standup = standup();
    assert!(standup.is_held_on(day("2026-12-24"), &calendar));
    assert!(!standup.is_held_on(day("2026-12-25"), &calendar));
    assert!(!standup.is_held_on(day("2026-12-26"), &calendar));
    // Ten in the morning, before and after the clock goes forward on 29 March and back on 25 October.
    for (date, posted) in [
        ("2026-03-27", "2026-03-27T09:00:00Z"),
        ("2026-03-30", "2026-03-30T08:00:00Z"),
        ("2026-10-23", "2026-10-23T08:00:00Z"),
        ("2026-10-26", "2026-10-26T09:00:00Z"),
    ] {
        assert_eq!(standup.post_time(day(date)), at(posted));
    }
}

#[test]
fn a_round_that_was_missed_by_hours_is_not_held() {
    let standup = standup();
    let calendar = WorkCalendar::default();
    let friday = day("2026-01-16");
    assert!(
        standup
            .days_around(at("2026-01-16T11:00:00Z"), &calendar)
            .contains(&friday)
    );
    assert!(
        !standup
            .days_around(at("2026-01-16T11:00:01Z"), &calendar)
            .contains(&friday)
    );
    assert!(
        standup
            .days_around(at("2026-01-17T12:00:00Z"), &calendar)
            .is_empty()
    );
}

fn event(key: &str, title: &str) -> Event {
    Event {
        key: key.to_owned(),
        title: title.to_owned(),
        url: String::new(),
    }
}

#[test]
fn what_was_meant_to_be_done_is_matched_by_its_name_its_number_or_its_words() {
    let happened = [
        event("acme/api#12", "Retry failed webhook deliveries"),
        event("", "Roll out the ledger"),
    ];
    let next = "- finish acme/api#12\n* get #12 merged\n• retry webhook deliveries\nacme/api#1 docs\nwrite the postmortem\n#123";
    assert_eq!(
        unfulfilled(next, &happened),
        ["acme/api#1 docs", "write the postmortem", "#123"]
    );
}

#[test]
fn a_line_names_a_pull_request_by_key_or_address() {
    let key = PullRequestKey::parse("acme/api#12");
    for line in [
        "waiting for acme/api#12.",
        "(https://github.com/acme/api/pull/12/files)",
        "see <https://github.com/acme/api/pull/12|the fix>",
    ] {
        assert_eq!(named(line), key, "{line}");
    }
    for line in [
        "#12",
        "and/or",
        "https://github.com/acme/api/issues/12",
        "a/b/c#1",
    ] {
        assert_eq!(named(line), None, "{line}");
    }
}

use crate::pull_request::PullRequestKey;

fn blocker(number: u64, text: &str) -> Blocker {
    Blocker {
        id: BlockerId::new(Ulid::from(u128::from(number))),
        standup: "payments".to_owned(),
        owner: SlackUser("U1".to_owned()),
        text: text.to_owned(),
        subject: named(text),
        opened_at: at("2026-01-12T09:00:00Z"),
        escalated_at: None,
        closed_at: None,
        end: None,
    }
}

#[test]
fn a_blocker_goes_on_while_it_is_named_and_ends_when_it_is_not() {
    let open = [
        blocker(1, "review of acme/api#12"),
        blocker(2, "No access to staging!"),
        blocker(3, "the vendor"),
    ];
    let change = reconcile(
        &open,
        "- still acme/api#12\n- no access to staging\n- budget\n- Budget.",
    );
    assert_eq!(change.opened, ["budget"]);
    assert_eq!(change.ended, [open[2].id.clone()]);
}

#[test]
fn somebody_is_told_after_working_days_and_once() {
    let calendar = WorkCalendar::default();
    let friday = Blocker {
        opened_at: at("2026-01-16T09:00:00Z"),
        ..blocker(1, "x")
    };
    assert!(!friday.is_to_be_escalated(&calendar, 2, at("2026-01-19T16:59:00Z")));
    assert!(friday.is_to_be_escalated(&calendar, 2, at("2026-01-19T17:00:00Z")));
    assert!(!friday.is_to_be_escalated(&calendar, 0, at("2026-03-19T17:00:00Z")));
    let told = Blocker {
        escalated_at: Some(at("2026-01-19T17:00:00Z")),
        ..friday
    };
    assert!(!told.is_to_be_escalated(&calendar, 2, at("2026-03-19T17:00:00Z")));
}

proptest! {
    // A case walks through six weeks.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn within_a_quarter_each_working_day_has_one_round_that_opens_no_later_than_it_is_posted(
        zone in prop::sample::select(vec![Tz::Europe__Berlin, Tz::America__New_York, Tz::Asia__Kolkata, Tz::Pacific__Auckland]),
        hour in 0u32..24, ask in 0u32..24, own in any::<bool>(),
    ) {
        let standup = Standup {
            zone,
            asks_in_own_zone: own,
            ask_at: NaiveTime::from_hms_opt(ask, 30, 0).unwrap(),
            post_at: NaiveTime::from_hms_opt(hour, 30, 0).unwrap(),
            ..standup()
        };
        let calendar = WorkCalendar::default();
        // Both changes of the clock, somewhere: every minute would be slow, so every quarter of an hour is looked at.
        let mut now = at("2026-03-01T00:00:00Z");
        let mut opened = std::collections::BTreeMap::new();
        while now < at("2026-04-15T00:00:00Z") {
            for day in standup.days_around(now, &calendar) {
                if now >= standup.open_time(day, [zone, Tz::Asia__Tokyo]) {
                    opened.entry(day).or_insert(now);
                }
            }
            now += Duration::minutes(15);
        }
        let held: Vec<_> = opened.iter().filter(|(day, _)| **day > "2026-03-02".parse().unwrap() && **day < "2026-04-13".parse().unwrap()).collect();
        prop_assert_eq!(held.len(), 29);
        for (day, first) in held {
            prop_assert!(*first <= standup.post_time(*day) + Duration::minutes(15));
        }
    }

}

proptest! {
    #[test]
    fn what_is_named_twice_changes_nothing_the_second_time(lines in prop::collection::vec("[a-z #/0-9]{0,20}", 0..6)) {
        let text = lines.join("\n");
        let open: Vec<Blocker> = reconcile(&[], &text)
            .opened
            .iter()
            .zip(1..)
            .map(|(line, number)| blocker(number, line))
            .collect();
        let again = reconcile(&open, &text);
        prop_assert_eq!(again, BlockerChange::default());
    }
}
