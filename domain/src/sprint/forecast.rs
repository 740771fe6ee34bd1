//! Purpose: when will what is open be done? Answered by playing the coming days many times over with days that were
//! (Monte Carlo): each day to come merges as many pull requests as some working day of the last weeks did.
//!
//! It assumes that days to come are like days that were, and that what is open now is merged before what is opened later.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

use super::{HIGH, HISTORY_DAYS, nearest_rank};
use crate::calendar::WorkCalendar;

/// How often the coming days are played.
pub const SIMULATIONS: u32 = 10_000;
/// Fewer working days than this tell nothing.
pub const MIN_SAMPLE: usize = 10;
/// Working days that are played ahead: about a year. What is not done by then has no date.
pub const MAX_AHEAD: usize = 260;
/// Working days ahead of which it is told how much will be merged by then.
pub const FAN_DAYS: usize = 30;
/// The percentile that is nearly sure.
const SURE: u32 = 95;

/// When what is open will be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// How many pull requests it is about.
    pub remaining: usize,
    /// Done by then in half of the plays.
    pub even: NaiveDate,
    /// Done by then in [`HIGH`] per cent.
    pub likely: NaiveDate,
    /// Done by then in 95 per cent.
    pub sure: NaiveDate,
    /// How much will be merged by the end of each working day to come, until it is nearly sure that all is.
    pub fan: Vec<FanDay>,
    /// What it rests on.
    pub basis: Basis,
}

/// How many of the pull requests are merged by the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FanDay {
    /// The day.
    pub date: NaiveDate,
    /// At least so many, in [`HIGH`] per cent of the plays.
    pub low: u32,
    /// In half of them.
    pub middle: u32,
    /// More than so many in hardly any: the other end of [`HIGH`] per cent.
    pub high: u32,
}

/// What a forecast rests on: enough to make it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// The first day that is drawn from.
    pub since: NaiveDate,
    /// Working days that are drawn from.
    pub sample: usize,
    /// Pull requests that were merged on them.
    pub merged: u32,
    /// How often the coming days were played.
    pub simulations: u32,
    /// What the random numbers began with; made from the facts.
    pub seed: u64,
}

/// Why nobody can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoForecast {
    /// Nothing is open.
    NothingOpen,
    /// Nothing was merged in the history.
    NothingMerged,
    /// So few working days are known since the first merge.
    TooShort(usize),
    /// At this pace it takes longer than [`MAX_AHEAD`] working days.
    TooFar,
}

/// When `remaining` pull requests will be done, going by `merges` of the past, in any order.
///
/// # Errors
/// Why nobody can tell.
pub fn forecast(
    merges: &[DateTime<Utc>],
    remaining: usize,
    calendar: &WorkCalendar,
    now: DateTime<Utc>,
) -> Result<Forecast, NoForecast> {
    let needed = u32::try_from(remaining).unwrap_or(u32::MAX);
    if needed == 0 {
        return Err(NoForecast::NothingOpen);
    }
    let (since, sample) = daily(merges, calendar, now)?;
    let today = calendar.local_date(now);
    let seed = seed(&sample, needed, today);
    let ahead = days_ahead(calendar, today);
    let plays = play(&sample, needed, ahead.len(), seed);
    let day = |percent| {
        let days = nearest_rank(&plays.days, percent).copied().unwrap_or(NEVER);
        let date = ahead.get(days.saturating_sub(1));
        date.copied().ok_or(NoForecast::TooFar)
    };
    let (even, likely, sure) = (day(50)?, day(HIGH)?, day(SURE)?);
    Ok(Forecast {
        remaining,
        even,
        likely,
        sure,
        fan: fan(plays.reached, &ahead, sure),
        basis: Basis {
            since,
            sample: sample.len(),
            merged: sample.iter().fold(0, |sum: u32, day| sum.saturating_add(*day)),
            simulations: SIMULATIONS,
            seed,
        },
    })
}

/// How many were merged on each working day of the history before today, from the first merge that is known on. What was
/// merged on a day off counts on the next working day.
fn daily(
    merges: &[DateTime<Utc>],
    calendar: &WorkCalendar,
    now: DateTime<Utc>,
) -> Result<(NaiveDate, Vec<u32>), NoForecast> {
    let today = calendar.local_date(now);
    let oldest = today.checked_sub_days(Days::new(HISTORY_DAYS)).unwrap_or(today);
    let mut by_date: BTreeMap<NaiveDate, u32> = BTreeMap::new();
    for at in merges {
        let date = calendar.local_date(*at);
        if (oldest..today).contains(&date) {
            *by_date.entry(date).or_default() += 1;
        }
    }
    let Some(since) = by_date.keys().next().copied() else {
        return Err(NoForecast::NothingMerged);
    };
    let (mut sample, mut held) = (Vec::new(), 0_u32);
    for date in since.iter_days().take_while(|date| *date < today) {
        held = held.saturating_add(by_date.get(&date).copied().unwrap_or(0));
        if calendar.is_working_day(date) {
            sample.push(std::mem::take(&mut held));
        }
    }
    if sample.len() < MIN_SAMPLE {
        return Err(NoForecast::TooShort(sample.len()));
    }
    if sample.iter().all(|day| *day == 0) {
        return Err(NoForecast::NothingMerged);
    }
    Ok((since, sample))
}

/// The working days after `today`, as far as is played.
fn days_ahead(calendar: &WorkCalendar, today: NaiveDate) -> Vec<NaiveDate> {
    // In a calendar in which hardly anybody ever works the search ends too.
    let days = today.iter_days().skip(1).take(10 * MAX_AHEAD);
    days.filter(|date| calendar.is_working_day(*date))
        .take(MAX_AHEAD)
        .collect()
}

/// Of a play in which not all was done in time.
const NEVER: usize = usize::MAX;

/// What came of the plays.
struct Plays {
    /// After how many working days (1 or more) all was done, the quickest play first; [`NEVER`] comes last.
    days: Vec<usize>,
    /// For each of the first days to come: how many were merged by its end, in each play.
    reached: Vec<Vec<u32>>,
}

fn play(sample: &[u32], needed: u32, ahead: usize, seed: u64) -> Plays {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let fan_days = FAN_DAYS.min(ahead);
    let mut reached: Vec<Vec<u32>> = vec![Vec::new(); fan_days];
    let mut days = Vec::new();
    for _ in 0..SIMULATIONS {
        let (mut merged, mut taken) = (0_u32, 0);
        while merged < needed && taken < ahead {
            merged = merged.saturating_add(draw(sample, &mut random)).min(needed);
            if let Some(day) = reached.get_mut(taken) {
                day.push(merged);
            }
            taken += 1;
        }
        for day in reached.iter_mut().skip(taken) {
            day.push(merged);
        }
        days.push(if merged >= needed { taken } else { NEVER });
    }
    days.sort_unstable();
    Plays { days, reached }
}

/// One of the days of the past, each as likely as the others. `sample` is not empty.
fn draw(sample: &[u32], random: &mut Xoshiro256PlusPlus) -> u32 {
    let spread = u128::from(random.next_u64()) * sample.len() as u128;
    let index = usize::try_from(spread >> 64).unwrap_or(0);
    sample.get(index).copied().unwrap_or(0)
}

/// The days to come until it is nearly sure that all is done, [`FAN_DAYS`] at most.
fn fan(reached: Vec<Vec<u32>>, ahead: &[NaiveDate], sure: NaiveDate) -> Vec<FanDay> {
    let days = ahead.iter().zip(reached);
    days.take_while(|(date, _)| **date <= sure)
        .filter_map(|(date, mut merged)| {
            merged.sort_unstable();
            Some(FanDay {
                date: *date,
                low: *nearest_rank(&merged, 100 - HIGH)?,
                middle: *nearest_rank(&merged, 50)?,
                high: *nearest_rank(&merged, HIGH)?,
            })
        })
        .collect()
}

/// A number that is the same for the same facts and hardly ever for others: FNV-1a over them.
fn seed(sample: &[u32], needed: u32, today: NaiveDate) -> u64 {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const STEP: u64 = 0x0100_0000_01b3;
    let day = chrono::Datelike::num_days_from_ce(&today).unsigned_abs();
    let facts = [needed, day].into_iter().chain(sample.iter().copied());
    let bytes = facts.flat_map(u32::to_le_bytes);
    bytes.fold(START, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(STEP))
}
