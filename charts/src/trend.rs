//! Purpose: the picture of one metric over weeks, with what explains it: how sure it is, what was aimed at, what happened.

use crate::marks::Mark;
use crate::measure::Measure;
use crate::panels;
use crate::png::{self, ChartError};
use crate::scale::drawable;
use crate::theme::Theme;

/// A metric in one week.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrendPoint {
    /// The week, as it is written under the axis.
    pub label: String,
    /// Its value, from 0 up; `None` where there is none, which is drawn as a gap.
    pub value: Option<f64>,
    /// Where the true value lies, from and to, if that is known.
    pub interval: Option<(f64, f64)>,
    /// The week is not over: its dot is hollow.
    pub is_partial: bool,
}

/// A range of values that has a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Its name, a word.
    pub label: String,
    /// Where it begins.
    pub from: f64,
    /// Where it ends; infinite if it does not.
    pub to: f64,
}

/// A metric over weeks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trend {
    /// What it is, such as "Lead time for changes".
    pub heading: String,
    /// What is to be read first, such as the latest value; it may be empty.
    pub headline: String,
    /// What its values are.
    pub measure: Measure,
    /// The weeks, the oldest first.
    pub points: Vec<TrendPoint>,
    /// Named ranges, the one that is shaded most first.
    pub zones: Vec<Zone>,
    /// What is aimed at.
    pub goal: Option<f64>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrendPicture {
    /// What it is about.
    pub title: String,
    /// The metric.
    pub trend: Trend,
    /// What happened meanwhile.
    pub marks: Vec<Mark>,
}

/// The height of its field.
const FIELD: f64 = 340.0;

/// Draws it. Values that are no numbers are left out, as if there were none.
///
/// # Errors
/// It cannot be drawn; see [`ChartError`].
pub fn trend(picture: &TrendPicture, theme: Theme) -> Result<Vec<u8>, ChartError> {
    png::draw(&svg(picture, theme))
}

fn svg(picture: &TrendPicture, theme: Theme) -> String {
    panels::svg(theme, &picture.title, &[&picture.trend], &picture.marks, FIELD)
}

impl Trend {
    /// The greatest value for which there is to be room. How sure a value is may be cut off, so that the values themselves
    /// are not pressed flat.
    pub(crate) fn greatest(&self) -> f64 {
        let greatest =
            |values: &mut dyn Iterator<Item = f64>| values.filter_map(drawable).fold(0.0, f64::max);
        let values = greatest(
            &mut self
                .points
                .iter()
                .filter_map(|point| point.value)
                .chain(self.goal),
        );
        let highs = greatest(&mut self.points.iter().filter_map(|point| Some(point.interval?.1)));
        if values > 0.0 {
            values.max(highs.min(1.5 * values))
        } else {
            highs
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any trend at all.
    pub(crate) fn any_trend() -> impl Strategy<Value = Trend> {
        let point = (
            any::<String>(),
            any::<Option<f64>>(),
            any::<Option<(f64, f64)>>(),
            any::<bool>(),
        );
        let point = point.prop_map(|(label, value, interval, is_partial)| TrendPoint {
            label,
            value,
            interval,
            is_partial,
        });
        let zone = (any::<String>(), any::<f64>(), any::<f64>());
        let zone = zone.prop_map(|(label, from, to)| Zone { label, from, to });
        let measure = prop_oneof![Just(Measure::Hours), any::<String>().prop_map(Measure::Number)];
        (
            any::<(String, String, Option<f64>)>(),
            measure,
            proptest::collection::vec(point, 0..40),
            proptest::collection::vec(zone, 0..5),
        )
            .prop_map(|((heading, headline, goal), measure, points, zones)| Trend {
                heading,
                headline,
                measure,
                points,
                zones,
                goal,
            })
    }

    /// A metric with these values.
    pub(crate) fn with_values(values: &[Option<f64>]) -> Trend {
        let point = |value: &Option<f64>| TrendPoint {
            value: *value,
            ..TrendPoint::default()
        };
        Trend {
            points: values.iter().map(point).collect(),
            ..Trend::default()
        }
    }

    fn drawn(trend: Trend) -> String {
        let picture = TrendPicture {
            trend,
            ..TrendPicture::default()
        };
        svg(&picture, Theme::Light)
    }

    #[test]
    fn a_missing_week_is_a_gap_and_not_zero() {
        let whole = drawn(with_values(&[Some(1.0), Some(2.0), Some(3.0), Some(2.0)]));
        assert_eq!(whole.matches("<polyline").count(), 1);
        let broken = drawn(with_values(&[Some(1.0), Some(2.0), None, Some(3.0), Some(2.0)]));
        assert_eq!(broken.matches("<polyline").count(), 2);
        assert_eq!(broken.matches("<circle").count(), 4);
        let alone = drawn(with_values(&[None, Some(2.0), None, Some(f64::NAN)]));
        assert_eq!(
            (
                alone.matches("<polyline").count(),
                alone.matches("<circle").count()
            ),
            (0, 1)
        );
    }

    #[test]
    fn a_week_that_is_not_over_is_hollow() {
        let mut trend = with_values(&[Some(1.0), Some(2.0)]);
        assert!(!drawn(trend.clone()).contains("stroke-dasharray"));
        trend.points[1].is_partial = true;
        let text = drawn(trend);
        assert!(text.contains("stroke-dasharray"), "{text}");
        assert!(text.contains(r##"fill="#ffffff" stroke="#1264a3""##), "{text}");
    }

    /// A metric up to this value, with the zones that begin at these.
    fn zoned(value: f64, limits: [f64; 2]) -> String {
        let zone = |label: &str, from: f64, to: f64| Zone {
            label: label.to_owned(),
            from,
            to,
        };
        let [first, second] = limits;
        drawn(Trend {
            zones: vec![
                zone("elite", 0.0, first),
                zone("high", first, second),
                zone("medium", second, f64::INFINITY),
            ],
            ..with_values(&[Some(1.0), Some(value)])
        })
    }

    #[test]
    fn zones_are_shaded_and_named_as_far_as_the_axis_shows_them() {
        let shades = |text: &str| text.matches("fill-opacity").count();
        let all = zoned(10.0, [3.0, 6.0]);
        assert_eq!(shades(&all), 3);
        for name in ["elite", "high", "medium"] {
            assert_eq!(all.matches(&format!(">{name}<")).count(), 1, "{all}");
        }
        // The best is shaded most.
        let elite = all.find("fill-opacity").unwrap();
        assert!(all[elite..].starts_with(r#"fill-opacity="0.26""#), "{all}");
        let two = zoned(10.0, [3.0, 60.0]);
        assert_eq!(
            (shades(&two), two.contains(">high<"), two.contains(">medium<")),
            (2, true, false)
        );
    }

    #[test]
    fn a_zone_that_fills_everything_is_not_drawn_and_takes_no_room() {
        let whole = zoned(10.0, [300.0, 600.0]);
        let none = drawn(with_values(&[Some(1.0), Some(10.0)]));
        assert_eq!(whole, none);
    }

    #[test]
    fn without_any_value_it_says_so() {
        assert!(drawn(with_values(&[])).contains("no data"));
        assert!(drawn(with_values(&[None, Some(f64::INFINITY)])).contains("no data"));
        assert!(!drawn(with_values(&[Some(0.0)])).contains("no data"));
    }

    #[test]
    fn a_theme_changes_colours_and_nothing_else() {
        let picture = TrendPicture {
            trend: with_values(&[Some(1.0)]),
            ..TrendPicture::default()
        };
        let (light, dark) = (svg(&picture, Theme::Light), svg(&picture, Theme::Dark));
        assert!(light.contains("#ffffff") && !dark.contains("#ffffff"));
        assert_eq!(light.len(), dark.len());
    }

    #[test]
    fn a_sure_value_is_not_pressed_flat_by_an_unsure_one() {
        let mut trend = with_values(&[Some(10.0)]);
        trend.points[0].interval = Some((1.0, 1e9));
        assert!((trend.greatest() - 15.0).abs() < 1e-9);
    }

    fn any_picture() -> impl Strategy<Value = TrendPicture> {
        let marks = proptest::collection::vec((0_usize..50, any::<String>()), 0..6);
        (any::<String>(), any_trend(), marks).prop_map(|(title, trend, marks)| TrendPicture {
            title,
            trend,
            marks: marks
                .into_iter()
                .map(|(week, label)| Mark { week, label })
                .collect(),
        })
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
        fn any_trend_gives_a_picture(picture in any_picture()) {
            prop_assert!(crate::png::tests::size(&trend(&picture, Theme::Light).unwrap()).0 == 1000);
        }
    }
}
