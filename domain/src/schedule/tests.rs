//! Purpose: what holds of `schedule`, by example and for anything.

use std::collections::BTreeSet;

use chrono::TimeZone as _;
use proptest::prelude::*;

use super::words::{Days, When, from_cron, to_cron};
use super::*;

fn at(minutes: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 10, 0, 0).unwrap() + Duration::minutes(minutes)
}

fn kept() -> Kept {
    let definition = Definition {
        run: "triage post".to_owned(),
        channel: "C0OPS".into(),
        cron: "0 9 * * 1-5".to_owned(),
        zone: Tz::Europe__Berlin,
        missed: Missed::USUAL,
    };
    Kept::new(
        ScheduleId::new("triage post", 7),
        "U0ANA".into(),
        definition,
        Some(at(60)),
        at(0),
    )
}

#[test]
fn what_people_write_is_read_as_they_mean_it() {
    for (written, cron) in [
        ("every weekday at 09:00", "0 9 * * 1-5"),
        ("weekdays 9", "0 9 * * 1-5"),
        ("Mondays 10:30", "30 10 * * 1"),
        ("every Monday and Thursday at 9am", "0 9 * * 1,4"),
        ("Mon, Wed, Fri 16:15", "15 16 * * 1,3,5"),
        ("Mon-Fri 9:00", "0 9 * * 1-5"),
        ("friday to sunday at noon", "0 12 * * 5,6,7"),
        ("weekends 12 pm", "0 12 * * 6,7"),
        ("first Monday of the month 9:00", "0 9 1-7 * 1"),
        ("2nd tue of every month at 9:30pm", "30 21 8-14 * 2"),
        ("on the 1st and 15th of each month at 08:00", "0 8 1,15 * *"),
        ("monthly on the 1st at 8", "0 8 1 * *"),
        ("first day of the month at 8", "0 8 1 * *"),
        ("daily at 9:00 and 14:00", "0 9,14 * * *"),
        ("every day at midnight", "0 0 * * *"),
        ("hourly", "0 * * * *"),
        ("every 2 hours", "0 */2 * * *"),
        ("every 30 minutes", "*/30 * * * *"),
        (" 0  9 * * Mon-Fri ", "0 9 * * Mon-Fri"),
        ("0 9 31 2 *", "0 9 31 2 *"),
    ] {
        assert_eq!(to_cron(written).as_deref(), Ok(cron), "{written}");
    }
}

#[test]
fn what_is_no_time_is_refused_with_the_ways_to_write_one() {
    for (written, expected) in [
        ("", "I miss the time of day."),
        ("every full moon at 9", "“full”"),
        ("every weekday", "I miss the time of day."),
        ("at 9", "I miss the day."),
        ("every day at 25:00", "“25:00”"),
        ("every day at 99", "“99”"),
        ("every day at 9:00 and 14:30", "a schedule each"),
        ("fifth monday of the month at 9", "“fifth”"),
        ("5th monday of the month at 9", "the first to the fourth"),
        ("every month at 9", "I miss the day of the month."),
        ("every 7 minutes", "divide an hour"),
        ("every 0 minutes", "divide an hour"),
        ("every 2 hours on Monday", "repeats within the day"),
        ("every monday of the month at 9", "in two ways"),
        ("0 0 9 * * 1", "six fields"),
        ("to at 9 on monday", "from when to when"),
    ] {
        let refused = to_cron(written).unwrap_err().to_string();
        assert!(refused.contains(expected), "{written}: {refused}");
        assert!(refused.contains("every weekday at 09:00"), "{refused}");
    }
}

#[test]
fn fields_are_told_in_words_where_there_are_any() {
    for (cron, words) in [
        ("0 9 * * Mon-Fri", "every weekday at 09:00"),
        ("30 10 * * 0", "every Sunday at 10:30"),
        ("0 9 1-7 * 1", "every first Monday of the month at 09:00"),
        (
            "5 8,20 1,22,13 * *",
            "on the 1st, 13th and 22nd of the month at 08:05 and 20:05",
        ),
        ("*/15 * * * *", "every 15 minutes"),
        ("0 9 * 1 *", "cron 0 9 * 1 *"),
        ("0 9 8-13 * 1", "cron 0 9 8-13 * 1"),
        ("nonsense", "cron nonsense"),
    ] {
        assert_eq!(from_cron(cron), words);
    }
}

#[test]
fn a_zone_is_read_in_any_case_and_a_wrong_one_gets_the_nearest() {
    assert_eq!(zone::read(" europe/berlin "), Ok(Tz::Europe__Berlin));
    for (written, expected) in [
        ("Europe/Berln", "Did you mean Europe/Berlin?"),
        ("berlin", "Did you mean Europe/Berlin?"),
        ("new york", "Did you mean America/New_York?"),
        ("Mars/Olympus Mons", "Write it as"),
        ("", "Write it as"),
    ] {
        let refused = zone::read(written).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}

#[test]
fn a_schedule_that_fails_again_and_again_is_paused_and_resumes_with_a_clean_slate() {
    let (gone, first) = ("The channel is archived.", at(60));
    let once = kept().failed(first, gone, at(61)).unwrap();
    assert_eq!(
        once.failed(first, gone, at(62)),
        None,
        "a repetition is no failure"
    );
    let twice = once.failed(at(120), gone, at(121)).unwrap();
    assert_eq!(twice.trouble.as_ref().unwrap().since, at(61));
    assert!(twice.is_active());
    let thrice = twice.failed(at(180), "Another.", at(181)).unwrap();
    assert_eq!(thrice.trouble.as_ref().unwrap().since, at(181));
    assert_eq!(
        (thrice.is_active(), thrice.next_at, thrice.version),
        (false, None, 4)
    );
    let resumed = thrice.resumed(Some(at(240)), at(200));
    assert_eq!(
        (resumed.failures, &resumed.trouble, resumed.next_at),
        (0, &None, Some(at(240)))
    );
    assert!(!resumed.wants(at(180)) && resumed.wants(at(240)));
    assert_eq!(twice.worked(at(130)).unwrap().failures, 0);
    assert_eq!(kept().worked(at(130)), None);
}

#[test]
fn an_edit_leaves_a_paused_schedule_paused_and_what_was_due_before_it_alone() {
    let definition = kept().definition;
    let paused = kept()
        .paused(at(5))
        .redefined(definition.clone(), Some(at(90)), at(10));
    assert_eq!((paused.state, paused.next_at), (ScheduleState::Paused, None));
    let edited = kept().redefined(definition, Some(at(90)), at(10));
    assert_eq!(edited.next_at, Some(at(90)));
    assert!(!edited.wants(at(9)) && edited.wants(at(10)));
}

#[test]
fn a_record_is_read_back_as_it_was_written() {
    let json = serde_json::to_value(kept()).unwrap();
    assert_eq!(json["definition"]["zone"], "Europe/Berlin");
    assert_eq!(serde_json::from_value::<Kept>(json).unwrap(), kept());
    for missed in [Missed::Skip, Missed::Late(1), Missed::Late(48)] {
        assert_eq!(Missed::parse(&missed.as_word()), Some(missed));
    }
    assert_eq!(
        (
            Missed::parse("late-0"),
            Missed::parse("late-49"),
            Missed::parse("x")
        ),
        (None, None, None)
    );
}

fn sets(from: u8, to: u8, most: usize) -> impl Strategy<Value = BTreeSet<u8>> {
    prop::collection::btree_set(from..=to, 1..=most)
}

fn any_days() -> impl Strategy<Value = Days> {
    prop_oneof![
        Just(Days::Every),
        sets(0, 6, 6).prop_map(Days::Week),
        (1_u8..=4, 0_u8..7).prop_map(|(nth, day)| Days::Nth(nth, day)),
        sets(1, 31, 30).prop_map(Days::Month),
    ]
}

fn any_when() -> impl Strategy<Value = When> {
    prop_oneof![
        (any_days(), sets(0, 23, 24), 0_u8..60).prop_map(|(days, hours, minute)| When::At {
            days,
            hours,
            minute
        }),
        prop::sample::select(vec![1_u8, 2, 5, 15, 20, 30]).prop_map(When::EveryMinutes),
        prop::sample::select(vec![1_u8, 2, 3, 4, 6, 8, 12]).prop_map(When::EveryHours),
    ]
}

proptest! {
    #[test]
    fn words_and_fields_say_the_same_both_ways(when in any_when()) {
        prop_assert_eq!(to_cron(&when.to_string()), Ok(when.cron()));
        prop_assert_eq!(When::of_cron(&when.cron()), Some(when.clone()));
        prop_assert_eq!(from_cron(&when.cron()), when.to_string());
    }

    #[test]
    fn whatever_is_written_is_read_or_refused(text in "[a-z0-9:*/,. -]{0,40}|\\PC{0,40}") {
        if let Ok(cron) = to_cron(&text) {
            prop_assert_eq!(cron.split(' ').count(), 5);
        }
        prop_assert!(!from_cron(&text).is_empty());
        let _ = zone::read(&text);
    }

    #[test]
    fn at_most_the_newest_tick_is_run_and_every_one_is_accounted_for(
        gaps in prop::collection::vec(15_i64..2000, 0..20), wait in 0_i64..4000, hours in 0_u32..=48,
    ) {
        let rule = if hours == 0 { Missed::Skip } else { Missed::Late(hours) };
        let due: Vec<_> = gaps.iter().scan(0, |sum, gap| { *sum += gap; Some(at(*sum)) }).collect();
        let now = due.last().copied().unwrap_or(at(0)) + Duration::minutes(wait);
        let caught = catch_up(rule, &due, now);
        prop_assert!(caught.run.is_none() || caught.run == due.last().copied());
        prop_assert_eq!(caught.run.is_some(), !due.is_empty() && rule.allows(due[due.len() - 1], now));
        let left_out = due.len() - usize::from(caught.run.is_some());
        let told = caught.missed.map_or(0, |missed| missed.count);
        if rule == Missed::Skip || caught.run.is_none() {
            prop_assert_eq!(told, left_out);
        } else {
            prop_assert_eq!(told, 0);
        }
    }

    #[test]
    fn a_name_is_short_and_typed_as_it_is_shown(command in "\\PC{0,30}", seed: u128) {
        let id = ScheduleId::new(&command, seed);
        prop_assert!(id.as_str().len() <= 21);
        prop_assert_eq!(ScheduleId::parse(&id.as_str().to_uppercase()), Some(id));
    }
}
