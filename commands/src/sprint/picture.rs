//! Purpose: the picture of a sprint report: the report in plain numbers.

use chrono::Duration;
use em_blocks::sprint::{SprintView, picture_alt, picture_day};
use em_charts::sprint::{Bar, FanDay, SprintPicture, sprint};

use super::post::POSTED_FOR;
use crate::picture::Drawing;

/// The picture of a report.
pub(super) fn drawing(view: &SprintView<'_>) -> Drawing {
    let picture = picture(view);
    Drawing {
        name: format!("sprint-{}.png", view.calendar.local_date(view.sprint.as_of)),
        title: title(view),
        alt_text: picture_alt(view),
        until: view.sprint.as_of + POSTED_FOR,
        draw: Box::new(move || sprint(&picture)),
    }
}

fn title(view: &SprintView<'_>) -> String {
    let day = view.calendar.local_date(view.sprint.as_of).format("%a %-d %b %Y");
    match view.team {
        Some(team) => format!("{team}, {day}"),
        None => format!("All work, {day}"),
    }
}

/// The report in plain numbers.
fn picture(view: &SprintView<'_>) -> SprintPicture {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let weeks = view.sprint.weeks.iter().map(|week| Bar {
        label: picture_day(week.monday),
        value: count(week.merged),
        is_partial: week.is_partial,
    });
    let forecast = view.sprint.forecast.as_ref().ok();
    let fan = forecast.map_or(&[][..], |forecast| &forecast.fan);
    let day = view.calendar.day_length();
    let in_days = |time: Duration| {
        let minutes = i32::try_from(time.num_minutes()).unwrap_or(i32::MAX);
        let day = i32::try_from(day.num_minutes()).unwrap_or(i32::MAX);
        f64::from(minutes) / f64::from(day.max(1))
    };
    let under_way = &view.sprint.in_progress;
    SprintPicture {
        title: title(view),
        weeks: weeks.collect(),
        fan: fan
            .iter()
            .map(|day| FanDay {
                label: picture_day(day.date),
                low: day.low,
                middle: day.middle,
                high: day.high,
            })
            .collect(),
        likely: forecast.map(|forecast| picture_day(forecast.likely)),
        open: count(under_way.ready),
        ages: under_way.ages.iter().copied().map(in_days).collect(),
        median_age: under_way.age.map(|age| in_days(age.median)),
    }
}
