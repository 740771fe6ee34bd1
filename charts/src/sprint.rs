//! Purpose: the picture of how work goes: what was merged each week, how much of what is open will be merged by when, and how
//! old what is open is. Three panels, one below the other, because a phone shows a picture as wide as its screen.

use crate::png::{self, ChartError};
use crate::scale::{Axis, real};
use crate::svg::{Anchor, HEADING, LABEL, Svg};
use crate::theme::{Colour, Theme};

const WIDTH: f64 = 1000.0;
/// From the edges of the card.
const LEFT: f64 = 90.0;
const RIGHT: f64 = 40.0;
/// The height of what is drawn in a panel, and of the panel with its heading and labels.
const PLOT: f64 = 260.0;
const PANEL: f64 = 410.0;
const TITLE: f64 = 90.0;
const FOOT: f64 = 30.0;
/// Characters of a title that fit.
const TITLE_CHARS: usize = 42;
/// Dots that can be told apart.
const MOST_DOTS: usize = 400;

/// Merged in one week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// The week, as it is written under its bar.
    pub label: String,
    /// How much.
    pub value: u32,
    /// The week is not over.
    pub is_partial: bool,
}

/// By the end of a day to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanDay {
    /// The day, as it is written under the axis.
    pub label: String,
    /// At least so much, nearly surely.
    pub low: u32,
    /// As likely as not.
    pub middle: u32,
    /// At most so much, nearly surely.
    pub high: u32,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SprintPicture {
    /// What it is about.
    pub title: String,
    /// The weeks, the oldest first.
    pub weeks: Vec<Bar>,
    /// The days to come; empty where there is no forecast.
    pub fan: Vec<FanDay>,
    /// The day that is likely enough to be told, as it is written.
    pub likely: Option<String>,
    /// How much is open: where the fan ends.
    pub open: u32,
    /// The age of each that is open, in working days.
    pub ages: Vec<f64>,
    /// Half of them are no older, in working days.
    pub median_age: Option<f64>,
}

/// Draws it.
///
/// # Errors
/// It cannot be drawn; see [`ChartError`].
pub fn sprint(picture: &SprintPicture) -> Result<Vec<u8>, ChartError> {
    png::draw(&svg(picture))
}

fn svg(picture: &SprintPicture) -> String {
    let panels = [true, !picture.fan.is_empty(), !picture.ages.is_empty()];
    let count: f64 = panels.iter().filter(|is_drawn| **is_drawn).map(|_| 1.0).sum();
    let mut svg = Svg::new(Theme::Light, WIDTH, TITLE + count * PANEL + FOOT);
    let title: String = shortened(&picture.title);
    svg.text(
        (LEFT - 50.0, 62.0),
        HEADING + 4,
        Anchor::Start,
        Colour::Ink,
        &title,
    );
    let mut top = TITLE;
    throughput(&mut svg, top, picture);
    top += PANEL;
    if !picture.fan.is_empty() {
        burn_up(&mut svg, top, picture);
        top += PANEL;
    }
    if !picture.ages.is_empty() {
        ages(&mut svg, top, picture);
    }
    svg.finish()
}

fn shortened(title: &str) -> String {
    if title.chars().count() <= TITLE_CHARS {
        return title.to_owned();
    }
    title.chars().take(TITLE_CHARS - 1).chain(['…']).collect()
}

/// A panel with its axis: what is 0 and what is 1 of its height.
struct Panel {
    bottom: f64,
    axis: Axis,
}

impl Panel {
    fn new(svg: &mut Svg, top: f64, heading: &str, greatest: f64) -> Self {
        let axis = Axis::holding(greatest);
        let panel = Self {
            bottom: top + 70.0 + PLOT,
            axis,
        };
        svg.text(
            (LEFT - 50.0, top + 36.0),
            LABEL + 2,
            Anchor::Start,
            Colour::Ink,
            heading,
        );
        for tick in axis.ticks() {
            let y = panel.y(tick);
            svg.line((LEFT, y), (WIDTH - RIGHT, y), Colour::Faint, 2.0);
            svg.text(
                (LEFT - 14.0, y + 9.0),
                LABEL,
                Anchor::End,
                Colour::Grey,
                &format!("{tick}"),
            );
        }
        panel
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - PLOT * self.axis.share(value)
    }

    /// Labels under the axis: as many as do not touch.
    fn labels<'l>(
        &self,
        svg: &mut Svg,
        labels: impl ExactSizeIterator<Item = &'l str>,
        x: impl Fn(usize) -> f64,
    ) {
        /// From the middle of one label to the next.
        const ROOM: f64 = 130.0;
        let count = labels.len();
        let step = (1..=count.max(1))
            .find(|step| x(*step) - x(0) >= ROOM)
            .unwrap_or(count.max(1));
        for (number, label) in labels.enumerate() {
            if number % step == 0 {
                svg.text(
                    (x(number), self.bottom + 36.0),
                    LABEL,
                    Anchor::Middle,
                    Colour::Grey,
                    label,
                );
            }
        }
    }
}

/// The middle of the `number`th of `count` equal parts of the width.
fn part(number: usize, count: usize) -> f64 {
    LEFT + (WIDTH - LEFT - RIGHT) * (real(number) + 0.5) / real(count.max(1))
}

fn throughput(svg: &mut Svg, top: f64, picture: &SprintPicture) {
    let greatest = picture.weeks.iter().map(|bar| bar.value).max().unwrap_or(0);
    let heading = "Pull requests merged per week (light: not over)";
    let panel = Panel::new(svg, top, heading, f64::from(greatest));
    let count = picture.weeks.len();
    let width = 0.7 * (WIDTH - LEFT - RIGHT) / real(count.max(1));
    for (number, bar) in picture.weeks.iter().enumerate() {
        let (x, y) = (part(number, count), panel.y(f64::from(bar.value)));
        let fill = if bar.is_partial {
            Colour::LightBlue
        } else {
            Colour::Blue
        };
        svg.rect((x - width / 2.0, y), (width, panel.bottom - y), fill);
        svg.text(
            (x, y - 8.0),
            LABEL,
            Anchor::Middle,
            Colour::Ink,
            &bar.value.to_string(),
        );
    }
    let labels = picture.weeks.iter().map(|bar| bar.label.as_str());
    panel.labels(svg, labels, |number| part(number, count));
}

fn burn_up(svg: &mut Svg, top: f64, picture: &SprintPicture) {
    let heading = match &picture.likely {
        Some(likely) => format!(
            "Of the {} open, merged by (85 % likely all by {likely})",
            picture.open
        ),
        None => format!("Of the {} open, merged by", picture.open),
    };
    let panel = Panel::new(svg, top, &heading, f64::from(picture.open));
    let count = picture.fan.len();
    let at = |number: usize, value: u32| (part(number, count), panel.y(f64::from(value)));
    let along = |value: fn(&FanDay) -> u32| -> Vec<(f64, f64)> {
        let days = picture.fan.iter().enumerate();
        days.map(|(number, day)| at(number, value(day))).collect()
    };
    let mut band = vec![(LEFT, panel.bottom)];
    band.extend(along(|day| day.high));
    band.extend(along(|day| day.low).into_iter().rev());
    svg.area(&band, Colour::LightBlue, 1.0);
    let mut middle = vec![(LEFT, panel.bottom)];
    middle.extend(along(|day| day.middle));
    svg.path(&middle, Colour::Blue, 5.0);
    let all = panel.y(f64::from(picture.open));
    svg.line((LEFT, all), (WIDTH - RIGHT, all), Colour::Orange, 3.0);
    let labels = picture.fan.iter().map(|day| day.label.as_str());
    panel.labels(svg, labels, |number| part(number, count));
}

fn ages(svg: &mut Svg, top: f64, picture: &SprintPicture) {
    let greatest = picture.ages.iter().copied().fold(0.0, f64::max);
    let panel = Panel::new(svg, top, "Age of each open pull request (working days)", greatest);
    // Of very many every so-many-th is drawn, from the oldest to the youngest.
    let step = picture.ages.len().div_ceil(MOST_DOTS).max(1);
    let shown: Vec<f64> = picture.ages.iter().copied().step_by(step).collect();
    let radius = if shown.len() > 60 { 6.0 } else { 10.0 };
    for (number, age) in shown.iter().enumerate() {
        svg.dot(
            (part(number, shown.len()), panel.y(*age)),
            radius,
            Colour::Blue,
            0.6,
        );
    }
    if let Some(median) = picture.median_age {
        let y = panel.y(median);
        svg.line((LEFT, y), (WIDTH - RIGHT, y), Colour::Orange, 3.0);
        svg.text(
            (WIDTH - RIGHT, y - 10.0),
            LABEL,
            Anchor::End,
            Colour::Orange,
            &format!("half up to {median:.1} d"),
        );
    }
    let under = "the oldest first";
    svg.text(
        (WIDTH / 2.0, panel.bottom + 36.0),
        LABEL,
        Anchor::Middle,
        Colour::Grey,
        under,
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn picture() -> SprintPicture {
        let bar = |(label, value): (&str, u32)| Bar {
            label: label.to_owned(),
            value,
            is_partial: false,
        };
        let day = |number: u32| FanDay {
            label: format!("{number} Jan"),
            low: number,
            middle: number * 2,
            high: number * 3,
        };
        SprintPicture {
            title: "<b>Zahlungen & Größe</b> Čeština Ελλ Жук ≥ 3".to_owned(),
            weeks: [("5 Jan", 3), ("12 Jan", 0), ("19 Jan", 12)].map(bar).into(),
            fan: (1..8).map(day).collect(),
            likely: Some("23 Jan".to_owned()),
            open: 21,
            ages: vec![9.5, 3.0, 0.2],
            median_age: Some(3.0),
        }
    }

    /// The width and height that a PNG says it has.
    fn size(png: &[u8]) -> (u32, u32) {
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        (number(16), number(20))
    }

    #[test]
    fn a_picture_is_a_png_as_high_as_its_panels() {
        let all = sprint(&picture()).unwrap();
        assert_eq!(size(&all), (1000, 1350));
        let none = sprint(&SprintPicture::default()).unwrap();
        assert_eq!(size(&none), (1000, 530));
        assert!(all.len() > 2 * none.len(), "{} and {}", all.len(), none.len());
    }

    #[test]
    fn letters_are_drawn_and_those_of_others_do_not_become_shapes() {
        let text = svg(&picture());
        assert!(text.contains("&lt;b&gt;Zahlungen &amp; Größe"), "{text}");
        let untitled = SprintPicture {
            title: String::new(),
            ..picture()
        };
        assert_ne!(sprint(&picture()).unwrap(), sprint(&untitled).unwrap());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn any_numbers_and_any_words_give_a_picture(
            title in any::<String>(), values in proptest::collection::vec(any::<u32>(), 0..30),
            ages in proptest::collection::vec(any::<f64>(), 0..50), open in any::<u32>(), label in any::<String>(),
        ) {
            let picture = SprintPicture {
                title,
                weeks: values.iter().map(|value| Bar { label: label.clone(), value: *value, is_partial: true }).collect(),
                fan: values.iter().map(|value| FanDay { label: label.clone(), low: *value, middle: *value, high: *value }).collect(),
                likely: Some(label.clone()),
                open,
                median_age: ages.first().copied(),
                ages,
            };
            prop_assert!(sprint(&picture).is_ok());
        }
    }
}
