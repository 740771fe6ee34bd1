//! Purpose: the picture of the few metrics that belong together, one below the other on the same weeks, so that one look
//! shows whether one was won at the expense of another.

use crate::marks::Mark;
use crate::panels;
use crate::png::{self, ChartError};
use crate::theme::Theme;
use crate::trend::Trend;

/// How many metrics can be read in one picture on a phone; more are left out.
pub const MOST_TRENDS: usize = 5;

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FiveKeysPicture {
    /// What it is about.
    pub title: String,
    /// The metrics from above to below, all over the same weeks. Of shorter ones the last weeks are the same.
    pub trends: Vec<Trend>,
    /// What happened meanwhile; the weeks are those of the longest metric.
    pub marks: Vec<Mark>,
}

/// The height of each field.
const FIELD: f64 = 165.0;

/// Draws it. Values that are no numbers are left out, as if there were none.
///
/// # Errors
/// It cannot be drawn; see [`ChartError`].
pub fn five_keys(picture: &FiveKeysPicture, theme: Theme) -> Result<Vec<u8>, ChartError> {
    png::draw(&svg(picture, theme))
}

fn svg(picture: &FiveKeysPicture, theme: Theme) -> String {
    let trends: Vec<&Trend> = picture.trends.iter().take(MOST_TRENDS).collect();
    panels::svg(theme, &picture.title, &trends, &picture.marks, FIELD)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::png::tests::size;
    use crate::trend::TrendPoint;
    use crate::trend::tests::{any_trend, with_values};

    fn picture(trends: Vec<Trend>) -> FiveKeysPicture {
        FiveKeysPicture {
            trends,
            ..FiveKeysPicture::default()
        }
    }

    #[test]
    fn there_are_five_and_no_more() {
        let many = |count| picture(vec![with_values(&[Some(1.0)]); count]);
        let five = size(&five_keys(&many(5), Theme::Light).unwrap());
        assert_eq!(five, size(&five_keys(&many(9), Theme::Light).unwrap()));
        assert!(five.1 > size(&five_keys(&many(4), Theme::Light).unwrap()).1);
        assert_eq!(size(&five_keys(&many(0), Theme::Light).unwrap()).0, 1000);
    }

    #[test]
    fn the_same_weeks_are_written_once() {
        let with_label = |label: &str| Trend {
            points: vec![TrendPoint {
                label: label.to_owned(),
                value: Some(1.0),
                ..TrendPoint::default()
            }],
            ..Trend::default()
        };
        let same = svg(
            &picture(vec![with_label("5 Jan"), with_label("5 Jan")]),
            Theme::Light,
        );
        assert_eq!(same.matches("5 Jan").count(), 1);
        let others = svg(
            &picture(vec![with_label("5 Jan"), with_label("12 Jan")]),
            Theme::Light,
        );
        assert_eq!(
            (others.matches("5 Jan").count(), others.matches("12 Jan").count()),
            (1, 1)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn only_numbers_reach_the_picture(trends in proptest::collection::vec(any_trend(), 0..7)) {
            crate::svg::tests::holds_only_numbers(&svg(&picture(trends), Theme::Light))?;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2))]

        #[test]
        fn any_trends_give_a_picture(trends in proptest::collection::vec(any_trend(), 0..7)) {
            prop_assert_eq!(size(&five_keys(&picture(trends), Theme::Dark).unwrap()).0, 1000);
        }
    }
}
