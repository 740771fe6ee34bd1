//! Purpose: when somebody is told something that they did not ask for: now, when their quiet time ends, or not at all.
//!
//! [`decide`] is asked before each such direct message. What is to come later waits in the database, and all that waits
//! for one morning comes in one message.

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::away::Away;
use crate::calendar::{WorkCalendar, instant_in};
use crate::id::{ApprovalId, BlockerId, SlackUser};
use crate::pull_request::PullRequestKey;
use crate::settings::{NoticeKind, PersonSettings, QuietHours};

/// What somebody is told about: enough to see later whether it still matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Topic {
    /// An approval waits for them.
    Approval {
        /// Which.
        id: ApprovalId,
    },
    /// It has waited for a while.
    ApprovalReminder {
        /// Which.
        id: ApprovalId,
    },
    /// It is their turn on a pull request.
    Nudge {
        /// Which.
        subject: PullRequestKey,
        /// Who points it out.
        from: SlackUser,
        /// On which day: once a day is enough.
        day: NaiveDate,
    },
    /// They have not answered a standup.
    StandupReminder {
        /// The round.
        round: String,
    },
    /// Something has held somebody up for days.
    Blocker {
        /// Which.
        id: BlockerId,
    },
}

impl Topic {
    /// The kind of thing that it is.
    pub fn kind(&self) -> NoticeKind {
        match self {
            Self::Approval { .. } => NoticeKind::Approval,
            Self::ApprovalReminder { .. } => NoticeKind::ApprovalReminder,
            Self::Nudge { .. } => NoticeKind::Nudge,
            Self::StandupReminder { .. } => NoticeKind::StandupReminder,
            Self::Blocker { .. } => NoticeKind::Blocker,
        }
    }

    /// What is the same for the same topic.
    pub fn key(&self) -> String {
        let kind = self.kind().as_str();
        match self {
            Self::Approval { id } | Self::ApprovalReminder { id } => format!("{kind}:{id}"),
            Self::Nudge { subject, day, .. } => format!("{kind}:{subject}:{day}"),
            Self::StandupReminder { round } => format!("{kind}:{round}"),
            Self::Blocker { id } => format!("{kind}:{id}"),
        }
    }
}

/// Something that somebody may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    /// It cannot wait: it is about an incident.
    pub is_urgent: bool,
    /// From then on nobody needs to know.
    pub useless_from: Option<DateTime<Utc>>,
}

/// A person's days, and what reached them so far.
#[derive(Debug, Clone, Copy)]
pub struct TheirTime<'a> {
    /// When the team works; its hours are meant in `zone`.
    pub calendar: &'a WorkCalendar,
    /// Where the person is.
    pub zone: Tz,
    /// When they are away by their own word.
    pub away: &'a [Away],
    /// How many such messages they got today.
    pub sent_today: u32,
    /// When what waits for them already is to come.
    pub waits_until: Option<DateTime<Utc>>,
}

/// What becomes of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It is sent.
    Now,
    /// It comes then, in one message with all that waits for the same instant.
    Later(DateTime<Utc>),
    /// It joins what waits already.
    Bundled(DateTime<Utc>),
    /// They do not want to be told of such things.
    Unwanted,
    /// By the time that it may come nobody would need it.
    TooLate,
}

/// Days that are looked at for one on which something may arrive: longer than anybody can be away.
const LOOK_AHEAD: u64 = 800;

/// What becomes of `notice`, decided at `now`. An approval is never kept back until nobody needs it, and nothing is kept
/// back for ever: where no day in two years would do, it is sent.
pub fn decide(
    settings: &PersonSettings,
    notice: Notice,
    time: TheirTime<'_>,
    now: DateTime<Utc>,
) -> Delivery {
    let is_approval = notice.kind == NoticeKind::Approval;
    if settings.muted.contains(&notice.kind) && !is_approval {
        return Delivery::Unwanted;
    }
    if notice.is_urgent {
        return Delivery::Now;
    }
    let is_too_much = !is_approval && settings.daily_cap.is_some_and(|cap| time.sent_today >= cap);
    let at = if is_quiet(settings, time, now) {
        opens(settings, time, now)
    } else if is_too_much {
        next_morning(settings, time, now)
    } else {
        None
    };
    let Some(at) = at else {
        return Delivery::Now;
    };
    let joins = |waits: &DateTime<Utc>| now < *waits && *waits <= at && !is_quiet(settings, time, *waits);
    let joined = time.waits_until.filter(joins);
    match notice.useless_from.filter(|from| *from <= joined.unwrap_or(at)) {
        Some(_) if is_approval => Delivery::Now,
        Some(_) => Delivery::TooLate,
        None => joined.map_or(Delivery::Later(at), Delivery::Bundled),
    }
}

/// Whether nothing is to arrive at `at`: in their quiet hours, and on days on which they do not work.
pub fn is_quiet(settings: &PersonSettings, time: TheirTime<'_>, at: DateTime<Utc>) -> bool {
    let local = at.with_timezone(&time.zone);
    let in_quiet_hours = settings.quiet.is_some_and(|quiet| quiet.covers(local.time()));
    in_quiet_hours || is_day_off(settings, time, local.date_naive())
}

/// Days away count for everybody; weekends and holidays for those who want quiet at all.
fn is_day_off(settings: &PersonSettings, time: TheirTime<'_>, day: NaiveDate) -> bool {
    let is_away = time.away.iter().any(|away| away.covers(day));
    is_away || (settings.quiet.is_some() && !time.calendar.is_working_day(day))
}

/// The first instant after `now` at which quiet ends.
fn opens(settings: &PersonSettings, time: TheirTime<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    first_opening(settings, time, now, now.with_timezone(&time.zone).date_naive())
}

/// The first morning after the day of `now`.
fn next_morning(settings: &PersonSettings, time: TheirTime<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let tomorrow = now.with_timezone(&time.zone).date_naive().succ_opt()?;
    first_opening(settings, time, now, tomorrow)
}

fn first_opening(
    settings: &PersonSettings,
    time: TheirTime<'_>,
    now: DateTime<Utc>,
    first: NaiveDate,
) -> Option<DateTime<Utc>> {
    let days = (0..LOOK_AHEAD).filter_map(|ahead| first.checked_add_days(Days::new(ahead)));
    days.filter(|day| !is_day_off(settings, time, *day))
        .find_map(|day| {
            let begins = settings.quiet.filter(|quiet| quiet.spans_midnight());
            let morning = begins.map_or(time.calendar.start, QuietHours::to);
            let ends = settings.quiet.map(QuietHours::to);
            let mut openings: Vec<DateTime<Utc>> = [Some(morning), ends]
                .into_iter()
                .flatten()
                .map(|at| instant_in(time.zone, day, at))
                .filter(|at| *at > now && !is_quiet(settings, time, *at))
                .collect();
            openings.sort_unstable();
            openings.first().copied()
        })
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveTime, TimeDelta};
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn night() -> PersonSettings {
        let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        PersonSettings {
            quiet: QuietHours::new(hour(20), hour(8)),
            ..PersonSettings::default()
        }
    }

    fn about(kind: NoticeKind) -> Notice {
        Notice {
            kind,
            is_urgent: false,
            useless_from: None,
        }
    }

    fn in_berlin(calendar: &WorkCalendar) -> TheirTime<'_> {
        TheirTime {
            calendar,
            zone: chrono_tz::Europe::Berlin,
            away: &[],
            sent_today: 0,
            waits_until: None,
        }
    }

    #[test]
    fn what_comes_at_night_waits_for_the_morning_and_on_a_friday_night_for_monday() {
        let calendar = WorkCalendar::default();
        let told = |at| decide(&night(), about(NoticeKind::Nudge), in_berlin(&calendar), utc(at));
        assert_eq!(told("2026-01-15T18:59:00Z"), Delivery::Now);
        assert_eq!(
            told("2026-01-15T19:00:00Z"),
            Delivery::Later(utc("2026-01-16T07:00:00Z"))
        );
        assert_eq!(
            told("2026-01-16T02:00:00Z"),
            Delivery::Later(utc("2026-01-16T07:00:00Z"))
        );
        assert_eq!(told("2026-01-16T07:00:00Z"), Delivery::Now);
        assert_eq!(
            told("2026-01-16T22:00:00Z"),
            Delivery::Later(utc("2026-01-19T07:00:00Z"))
        );
        assert_eq!(
            told("2026-01-17T12:00:00Z"),
            Delivery::Later(utc("2026-01-19T07:00:00Z"))
        );
        // The night in which the clock goes forward is an hour shorter.
        assert_eq!(
            told("2026-03-27T23:00:00Z"),
            Delivery::Later(utc("2026-03-30T06:00:00Z"))
        );
    }

    #[test]
    fn whoever_wants_no_quiet_is_left_in_peace_only_while_away() {
        let calendar = WorkCalendar::default();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let away = [Away {
            slack_user: "U1".into(),
            from: day("2026-01-15"),
            until: day("2026-01-16"),
        }];
        let time = TheirTime {
            away: &away,
            ..in_berlin(&calendar)
        };
        let told = |at| {
            decide(
                &PersonSettings::default(),
                about(NoticeKind::Blocker),
                time,
                utc(at),
            )
        };
        assert_eq!(told("2026-01-14T22:30:00Z"), Delivery::Now);
        assert_eq!(
            told("2026-01-15T10:00:00Z"),
            Delivery::Later(utc("2026-01-17T08:00:00Z"))
        );
        assert_eq!(told("2026-01-17T03:00:00Z"), Delivery::Now);
    }

    #[test]
    fn an_approval_waits_for_the_morning_unless_it_is_an_incidents_or_lapses_before() {
        let calendar = WorkCalendar::default();
        let asked = |notice| {
            decide(
                &night(),
                notice,
                in_berlin(&calendar),
                utc("2026-01-15T22:00:00Z"),
            )
        };
        let (plain, morning) = (about(NoticeKind::Approval), utc("2026-01-16T07:00:00Z"));
        assert_eq!(asked(plain), Delivery::Later(morning));
        assert_eq!(
            asked(Notice {
                is_urgent: true,
                ..plain
            }),
            Delivery::Now
        );
        let lapsing = |at| Notice {
            useless_from: Some(at),
            ..plain
        };
        assert_eq!(asked(lapsing(morning)), Delivery::Now);
        assert_eq!(
            asked(lapsing(morning + TimeDelta::seconds(1))),
            Delivery::Later(morning)
        );
        let reminder = Notice {
            kind: NoticeKind::StandupReminder,
            ..lapsing(morning)
        };
        assert_eq!(asked(reminder), Delivery::TooLate);
    }

    #[test]
    fn what_is_more_than_somebody_wants_in_a_day_joins_the_next_morning() {
        let calendar = WorkCalendar::default();
        let settings = PersonSettings {
            daily_cap: Some(2),
            ..night()
        };
        let at = utc("2026-01-15T10:00:00Z");
        let told = |kind, sent_today, waits_until| {
            let time = TheirTime {
                sent_today,
                waits_until,
                ..in_berlin(&calendar)
            };
            decide(&settings, about(kind), time, at)
        };
        let morning = utc("2026-01-16T07:00:00Z");
        assert_eq!(told(NoticeKind::Nudge, 1, None), Delivery::Now);
        assert_eq!(told(NoticeKind::Nudge, 2, None), Delivery::Later(morning));
        assert_eq!(
            told(NoticeKind::Nudge, 2, Some(morning)),
            Delivery::Bundled(morning)
        );
        assert_eq!(told(NoticeKind::Approval, 9, None), Delivery::Now);
    }

    prop_compose! {
        fn settings()(
            quiet in proptest::option::of((0u32..48, 0u32..48)),
            daily_cap in proptest::option::of(0u32..4),
            muted in proptest::collection::btree_set(
                proptest::sample::select(NoticeKind::OPTIONAL.to_vec()), 0..3
            ),
        ) -> PersonSettings {
            let time = |half: u32| NaiveTime::from_hms_opt(half / 2, half % 2 * 30, 0).unwrap();
            PersonSettings {
                quiet: quiet.and_then(|(from, to)| QuietHours::new(time(from), time(to))),
                daily_cap,
                muted,
            }
        }
    }

    prop_compose! {
        fn notices()(
            kind in proptest::sample::select(vec![
                NoticeKind::Approval, NoticeKind::ApprovalReminder, NoticeKind::Nudge,
                NoticeKind::StandupReminder, NoticeKind::Blocker,
            ]),
            is_urgent in proptest::bool::weighted(0.1),
            hours in proptest::option::of(1i64..200),
        ) -> (Notice, Option<i64>) {
            (Notice { kind, is_urgent, useless_from: None }, hours)
        }
    }

    proptest! {
        #[test]
        fn nothing_arrives_in_quiet_time_unless_it_must_and_nothing_that_must_is_lost(
            settings in settings(),
            (notice, hours) in notices(),
            minutes in 0i64..500_000,
            sent_today in 0u32..5,
            away_from in 0i64..350,
            away_days in 0i64..30,
            waits in proptest::option::of(-500i64..5_000),
            zone in proptest::sample::select(vec![
                Tz::UTC, chrono_tz::Europe::Berlin, chrono_tz::America::New_York,
                chrono_tz::Asia::Kolkata, chrono_tz::Australia::Lord_Howe, chrono_tz::America::Sao_Paulo,
            ]),
        ) {
            let now = utc("2026-01-01T00:00:00Z") + TimeDelta::minutes(minutes);
            let first = utc("2026-01-01T00:00:00Z").date_naive() + TimeDelta::days(away_from);
            let away = [Away {
                slack_user: "U1".into(),
                from: first,
                until: first + TimeDelta::days(away_days),
            }];
            let calendar = WorkCalendar::default();
            let time = TheirTime {
                calendar: &calendar,
                zone,
                away: &away,
                sent_today,
                waits_until: waits.map(|minutes| now + TimeDelta::minutes(minutes)),
            };
            let notice = Notice {
                useless_from: hours.map(|hours| now + TimeDelta::hours(hours)),
                ..notice
            };
            let is_approval = notice.kind == NoticeKind::Approval;
            let is_quiet_now = is_quiet(&settings, time, now);
            match decide(&settings, notice, time, now) {
                Delivery::Now => {
                    let must = notice.is_urgent || (is_approval && notice.useless_from.is_some());
                    prop_assert!(!is_quiet_now || must);
                    let is_too_much = settings.daily_cap.is_some_and(|cap| sent_today >= cap);
                    prop_assert!(!is_too_much || is_approval || notice.is_urgent);
                }
                Delivery::Later(at) | Delivery::Bundled(at) => {
                    prop_assert!(at > now && !is_quiet(&settings, time, at));
                    prop_assert!(notice.useless_from.is_none_or(|from| at < from));
                    prop_assert!(!notice.is_urgent);
                    // Nobody waits longer than for the end of their days off and a long weekend.
                    prop_assert!(at <= now + TimeDelta::days(away_days + 8));
                }
                Delivery::Unwanted => prop_assert!(settings.muted.contains(&notice.kind) && !is_approval),
                Delivery::TooLate => prop_assert!(!is_approval && notice.useless_from.is_some()),
            }
        }
    }
}
