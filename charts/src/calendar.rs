//! Purpose: the picture of a year, a square for each day: the more, the darker; a cross where something failed. Weeks are
//! columns, half a year stands below the other, because squares of a whole year side by side are too small for a phone.

use crate::plot::{EDGE, HEADING_HEIGHT, LEGEND_LINE, TITLE_HEIGHT, WIDTH, card};
use crate::png::{self, ChartError};
use crate::scale::real;
use crate::svg::{Anchor, LABEL, SMALL, Svg};
use crate::theme::{Colour, LEVELS, Theme};
use crate::words::{fitted, width};

/// One day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CalendarDay {
    /// How much; `None` where that is not known, or the day is yet to come.
    pub count: Option<u32>,
    /// Something failed on it.
    pub has_failed: bool,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CalendarPicture {
    /// What it is about.
    pub title: String,
    /// What is counted, such as "Deployments per day".
    pub heading: String,
    /// What is to be read first; it may be empty.
    pub headline: String,
    /// What a cross means, such as "a deployment failed".
    pub failed: String,
    /// The weekday of the first day: 0 is Monday, 6 is Sunday.
    pub first_weekday: usize,
    /// The days, one after the other. Of more than 53 weeks the last ones are drawn.
    pub days: Vec<CalendarDay>,
    /// Names over the columns, such as months: each with the number of its first day. In order.
    pub months: Vec<(usize, String)>,
}

/// Days of a week.
const WEEK: usize = 7;
/// Weeks that are drawn at most, and of them in one row.
const MOST_WEEKS: usize = 53;
const ROW_WEEKS: usize = 27;
/// The width of the names of weekdays.
const NAMES: f64 = 66.0;
/// The height of the names of months.
const MONTHS: f64 = 38.0;
/// Under a row.
const BELOW: f64 = 26.0;
/// Between two squares.
const GAP: f64 = 4.0;
/// The largest square, with the gap to the next.
const LARGEST: f64 = 60.0;
/// A square of the legend.
const SQUARE: f64 = 28.0;

/// Draws it.
///
/// # Errors
/// It cannot be drawn; see [`ChartError`].
pub fn calendar(picture: &CalendarPicture, theme: Theme) -> Result<Vec<u8>, ChartError> {
    png::draw(&svg(picture, theme))
}

/// The days by weeks.
struct Weeks {
    /// Days before the first one that is drawn.
    skipped: usize,
    /// Empty squares before it in its week.
    before: usize,
    /// How many weeks there are in all, and in the first row.
    count: usize,
    in_row: usize,
    /// From one square to the next.
    pitch: f64,
}

impl Weeks {
    fn new(picture: &CalendarPicture) -> Self {
        let before = picture.first_weekday % WEEK;
        let weeks = (before + picture.days.len()).div_ceil(WEEK);
        let gone = weeks.saturating_sub(MOST_WEEKS);
        // Whole weeks go, so the first one that stays begins on a Monday.
        let (skipped, before) = if gone > 0 {
            (gone * WEEK - before, 0)
        } else {
            (0, before)
        };
        let count = weeks - gone;
        let in_row = if count > ROW_WEEKS {
            count.div_ceil(2)
        } else {
            count
        };
        Self {
            skipped,
            before,
            count,
            in_row,
            pitch: ((WIDTH - 2.0 * EDGE - NAMES) / real(in_row.max(1))).min(LARGEST),
        }
    }

    /// The row, the column in it and the weekday of a day; `None` if it is not drawn.
    fn place(&self, day: usize) -> Option<(usize, usize, usize)> {
        let square = day.checked_sub(self.skipped)? + self.before;
        let week = square / WEEK;
        let row = usize::from(week >= self.in_row);
        (week < self.count).then_some((row, week - row * self.in_row, square % WEEK))
    }

    fn rows(&self) -> usize {
        if self.count > self.in_row { 2 } else { 1 }
    }

    /// The upper left corner of the square at a place.
    fn corner(&self, (row, column, weekday): (usize, usize, usize)) -> (f64, f64) {
        let top = TITLE_HEIGHT + HEADING_HEIGHT + MONTHS + self.row_height() * real(row);
        (
            EDGE + NAMES + self.pitch * real(column),
            top + self.pitch * real(weekday),
        )
    }

    fn row_height(&self) -> f64 {
        MONTHS + self.pitch * real(WEEK) + BELOW
    }

    fn square(&self) -> f64 {
        self.pitch - GAP
    }
}

fn svg(picture: &CalendarPicture, theme: Theme) -> String {
    let weeks = Weeks::new(picture);
    let top = TITLE_HEIGHT + HEADING_HEIGHT + weeks.row_height() * real(weeks.rows());
    let headings = (picture.heading.as_str(), picture.headline.as_str());
    let mut svg = card(theme, top + 2.0 * LEGEND_LINE + 12.0, &picture.title, headings);
    weekdays(&mut svg, &weeks);
    let cuts = cuts(&picture.days);
    squares(&mut svg, &weeks, &picture.days, &cuts);
    if picture.days.is_empty() {
        let middle = (WIDTH / 2.0, top - weeks.row_height() / 2.0);
        svg.text(middle, LABEL, Anchor::Middle, Colour::Grey, "no data");
    }
    months(&mut svg, &weeks, &picture.months);
    let has_unknown = picture.days.iter().any(|day| day.count.is_none());
    legend(&mut svg, top, &cuts, has_unknown);
    failures(&mut svg, top + LEGEND_LINE, &picture.failed);
    svg.finish()
}

/// Names of every other weekday, in front of each row.
fn weekdays(svg: &mut Svg, weeks: &Weeks) {
    for row in 0..weeks.rows() {
        for (weekday, name) in [(0, "Mon"), (2, "Wed"), (4, "Fri")] {
            let (_, y) = weeks.corner((row, 0, weekday));
            let at = (EDGE, y + weeks.square() / 2.0 + 8.0);
            svg.text(at, SMALL, Anchor::Start, Colour::Grey, name);
        }
    }
}

/// A square for each day, with a cross where something failed.
fn squares(svg: &mut Svg, weeks: &Weeks, days: &[CalendarDay], cuts: &[u32]) {
    let side = weeks.square();
    for (number, day) in days.iter().enumerate() {
        let Some(place) = weeks.place(number) else {
            continue;
        };
        let at = weeks.corner(place);
        match day.count {
            Some(count) => svg.rect(at, (side, side), Colour::Level(level(cuts, count))),
            None => svg.frame(at, (side, side), Colour::Faint),
        }
        if day.has_failed {
            cross(svg, at, side);
        }
    }
}

/// Names over the columns in which their first day is; one that would touch the one before is left out.
fn months(svg: &mut Svg, weeks: &Weeks, months: &[(usize, String)]) {
    let mut free = [EDGE; 2];
    for (day, name) in months {
        // A month that began before the first day is named at the first column.
        let Some(place) = weeks.place((*day).max(weeks.skipped)) else {
            continue;
        };
        let (x, y) = weeks.corner((place.0, place.1, 0));
        let name = fitted(name, SMALL, 4.0 * weeks.pitch);
        let x = x.min(WIDTH - EDGE - width(&name, SMALL));
        let Some(free) = free.get_mut(place.0).filter(|free| x >= **free) else {
            continue;
        };
        svg.text((x, y - 12.0), SMALL, Anchor::Start, Colour::Grey, &name);
        *free = x + width(&name, SMALL) + 10.0;
    }
}

/// A cross with an edge, so that it is seen on each colour, in the square whose upper left corner and side are given.
fn cross(svg: &mut Svg, (x, y): (f64, f64), side: f64) {
    let inset = side / 4.0;
    let (left, right, top, bottom) = (x + inset, x + side - inset, y + inset, y + side - inset);
    for (colour, wide) in [(Colour::Card, 0.36 * side), (Colour::Orange, 0.18 * side)] {
        svg.line((left, top), (right, bottom), colour, wide);
        svg.line((left, bottom), (right, top), colour, wide);
    }
}

/// The least count of each level above nothing: quarters of what 95 of 100 days with something do not exceed, so that one
/// wild day does not make all others pale.
fn cuts(days: &[CalendarDay]) -> Vec<u32> {
    let mut counts: Vec<u32> = days
        .iter()
        .filter_map(|day| day.count)
        .filter(|count| *count > 0)
        .collect();
    counts.sort_unstable();
    let most = counts
        .get(counts.len().saturating_sub(1) * 95 / 100)
        .copied()
        .unwrap_or(1);
    let quarter = |number: u32| u64::from(most) * u64::from(number) / 4 + 1;
    let mut cuts: Vec<u32> = (0..4)
        .filter_map(|number| u32::try_from(quarter(number)).ok())
        .collect();
    cuts.dedup();
    cuts
}

fn level(cuts: &[u32], count: u32) -> usize {
    let passed = cuts.iter().filter(|cut| count >= **cut).count();
    // With few levels the dark ones are used, which differ more.
    if passed == 0 {
        0
    } else {
        passed + (LEVELS - 1).saturating_sub(cuts.len())
    }
}

/// What the squares mean.
fn legend(svg: &mut Svg, top: f64, cuts: &[u32], has_unknown: bool) {
    let ends = cuts.iter().skip(1).map(|next| Some(next - 1)).chain([None]);
    let ranges = cuts.iter().zip(ends).map(|(from, to)| match to {
        Some(to) if to <= *from => from.to_string(),
        Some(to) => format!("{from}–{to}"),
        None => format!("{from}+"),
    });
    let levels = [0].iter().chain(cuts).map(|count| Some(level(cuts, *count)));
    let known = levels.zip(["0".to_owned()].into_iter().chain(ranges));
    let unknown = has_unknown.then(|| (None, "no data".to_owned()));
    let mut x = EDGE;
    for (level, text) in known.chain(unknown) {
        match level {
            Some(level) => svg.rect((x, top + 4.0), (SQUARE, SQUARE), Colour::Level(level)),
            None => svg.frame((x, top + 4.0), (SQUARE, SQUARE), Colour::Faint),
        }
        svg.text(
            (x + SQUARE + 10.0, top + 28.0),
            LABEL,
            Anchor::Start,
            Colour::Ink,
            &text,
        );
        x += SQUARE + width(&text, LABEL) + 36.0;
    }
}

/// What the cross means.
fn failures(svg: &mut Svg, top: f64, text: &str) {
    let text = fitted(text, LABEL, WIDTH - 2.0 * EDGE - SQUARE - 10.0);
    if !text.is_empty() {
        cross(svg, (EDGE, top + 4.0), SQUARE);
        svg.text(
            (EDGE + SQUARE + 10.0, top + 28.0),
            LABEL,
            Anchor::Start,
            Colour::Ink,
            &text,
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::png::tests::size;

    fn days(counts: &[u32]) -> Vec<CalendarDay> {
        let day = |count: &u32| CalendarDay {
            count: Some(*count),
            has_failed: false,
        };
        counts.iter().map(day).collect()
    }

    fn picture(first_weekday: usize, days: Vec<CalendarDay>) -> CalendarPicture {
        CalendarPicture {
            first_weekday,
            days,
            ..CalendarPicture::default()
        }
    }

    #[test]
    fn a_week_begins_on_monday_and_half_a_year_begins_a_row() {
        let weeks = Weeks::new(&picture(3, days(&[0; 365])));
        assert_eq!((weeks.count, weeks.rows()), (53, 2));
        assert_eq!(weeks.place(0), Some((0, 0, 3)));
        assert_eq!(weeks.place(4), Some((0, 1, 0)));
        assert_eq!(weeks.place(4 + 26 * 7), Some((1, 0, 0)));
        assert_eq!(Weeks::new(&picture(0, days(&[0; 100]))).rows(), 1);
    }

    #[test]
    fn of_too_many_days_the_last_are_drawn() {
        let weeks = Weeks::new(&picture(3, days(&[0; 1_000])));
        assert_eq!(weeks.count, MOST_WEEKS);
        assert_eq!(weeks.place(0), None);
        assert_eq!(weeks.place(weeks.skipped), Some((0, 0, 0)));
        assert!(weeks.place(999).is_some());
        assert_eq!((weeks.skipped + 3) % 7, 0);
    }

    #[test]
    fn more_is_darker_and_one_wild_day_does_not_make_the_others_pale() {
        let mut counts: Vec<u32> = (0..100).map(|number| number % 9).collect();
        counts.push(1_000_000);
        let cuts = cuts(&days(&counts));
        assert_eq!(cuts, [1, 3, 5, 7]);
        assert_eq!(
            [0, 1, 4, 8, 1_000_000].map(|count| level(&cuts, count)),
            [0, 1, 2, 4, 4]
        );
    }

    #[test]
    fn where_at_most_one_happened_there_is_one_dark_level() {
        let cuts = cuts(&days(&[0, 1, 1]));
        assert_eq!((level(&cuts, 0), level(&cuts, 1)), (0, LEVELS - 1));
    }

    #[test]
    fn a_failure_is_a_shape() {
        let mut with = picture(0, days(&[3, 3]));
        let without = svg(&with, Theme::Light);
        with.days[0].has_failed = true;
        assert_eq!(
            svg(&with, Theme::Light).matches("<line").count(),
            without.matches("<line").count() + 4
        );
    }

    fn any_picture() -> impl Strategy<Value = CalendarPicture> {
        let day = any::<(Option<u32>, bool)>();
        let day = day.prop_map(|(count, has_failed)| CalendarDay { count, has_failed });
        let days = proptest::collection::vec(day, 0..500);
        let months = proptest::collection::vec((0_usize..600, any::<String>()), 0..14);
        (any::<[String; 4]>(), any::<usize>(), days, months).prop_map(
            |([title, heading, headline, failed], first_weekday, days, months)| CalendarPicture {
                title,
                heading,
                headline,
                failed,
                first_weekday,
                days,
                months,
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn only_numbers_reach_the_picture(picture in any_picture()) {
            crate::svg::tests::holds_only_numbers(&svg(&picture, Theme::Dark))?;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]

        #[test]
        fn any_days_give_a_picture(picture in any_picture()) {
            prop_assert_eq!(size(&calendar(&picture, Theme::Light).unwrap()).0, 1000);
        }
    }
}
