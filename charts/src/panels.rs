//! Purpose: how trends are laid out and drawn, one below the other on the same weeks.

use crate::line;
use crate::marks::{Mark, Marks};
use crate::plot::{
    self, BESIDE_STEP, Beside, Field, HEADING_HEIGHT, STEPS, TITLE_HEIGHT, UNDER, WIDTH, left_of, right_of,
};
use crate::scale::{Axis, drawable};
use crate::svg::{SMALL, Svg};
use crate::theme::{Colour, Theme};
use crate::trend::{Trend, TrendPoint, Zone};
use crate::words::width;

/// Under the last panel.
const FOOT: f64 = 16.0;
/// A field that is lower has few lines, because the numbers at them would touch.
const LOW: f64 = 200.0;

/// A trend with its axis and what is written at it.
struct Panel<'t> {
    trend: &'t Trend,
    axis: Axis,
    ticks: Vec<(f64, String)>,
    goal: Option<String>,
    /// It has its weeks written under it.
    has_labels: bool,
}

impl<'t> Panel<'t> {
    fn new(trend: &'t Trend, steps: f64) -> Self {
        let axis = trend.measure.axis(trend.greatest(), steps);
        let ticks = axis
            .ticks()
            .map(|tick| (axis.share(tick), trend.measure.text(tick)));
        let goal = trend.goal.and_then(drawable);
        Self {
            trend,
            axis,
            ticks: ticks.collect(),
            goal: goal.map(|goal| format!("goal {}", trend.measure.text(goal))),
            has_labels: true,
        }
    }

    /// What is written to its right.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let zones = self.zones().map(|(zone, _, _)| zone.label.as_str());
        zones.chain(self.goal.as_deref())
    }

    /// The zones of which a limit can be seen, each with its lower and upper end as shares of the height, and how much it is
    /// shaded. One that fills the whole field would tell nothing.
    fn zones(&self) -> impl Iterator<Item = (&'t Zone, (f64, f64), f64)> {
        const SHADES: [f64; 4] = [0.26, 0.15, 0.07, 0.02];
        let share = |value: f64| {
            if value == f64::INFINITY {
                1.0
            } else {
                self.axis.share(value)
            }
        };
        let shades = SHADES.into_iter().chain(std::iter::repeat(0.02));
        let zones = self.trend.zones.iter().zip(shades);
        let zones = zones.map(move |(zone, shade)| (zone, (share(zone.from), share(zone.to)), shade));
        zones.filter(|(_, (low, high), _)| 0.0 < high - low && high - low < 1.0)
    }

    /// The height of all that is not its field.
    fn around(&self) -> f64 {
        HEADING_HEIGHT + if self.has_labels { UNDER } else { 18.0 }
    }
}

/// Draws `trends` with fields of the height `field`; `marks` are written above the first and go down through all.
pub(crate) fn svg(theme: Theme, title: &str, trends: &[&Trend], marks: &[Mark], field: f64) -> String {
    let steps = if field < LOW { 3.0 } else { STEPS };
    let panels = panels(trends, steps);
    let first = Field {
        left: left_of(panels.iter().flat_map(|panel| &panel.ticks)),
        right: right_of(panels.iter().flat_map(Panel::texts)),
        top: 0.0,
        bottom: field,
    };
    let weeks = trends.iter().map(|trend| trend.points.len()).max().unwrap_or(0);
    let marks = Marks::new(marks, &first, weeks);
    let height: f64 = panels.iter().map(|panel| panel.around() + field).sum();
    let height = TITLE_HEIGHT + marks.strip() + height + marks.list_height() + FOOT;
    let mut svg = Svg::new(theme, WIDTH, height);
    plot::title(&mut svg, title);
    let mut y = TITLE_HEIGHT;
    for (number, panel) in panels.iter().enumerate() {
        let trend = panel.trend;
        let heading = y + HEADING_HEIGHT - 6.0;
        plot::heading(&mut svg, heading, &trend.heading, &trend.headline);
        let top = y + HEADING_HEIGHT + if number == 0 { marks.strip() } else { 0.0 };
        let field = Field {
            top,
            bottom: top + field,
            ..first
        };
        draw(&mut svg, &field, panel, &marks, weeks);
        if number == 0 {
            marks.draw_words(&mut svg, &field);
        }
        y = field.bottom + panel.around() - HEADING_HEIGHT;
    }
    marks.draw_list(&mut svg, y);
    svg.finish()
}

/// A panel for each; of those that follow each other with the same weeks, the last one has them written under it.
fn panels<'t>(trends: &[&'t Trend], steps: f64) -> Vec<Panel<'t>> {
    let mut panels: Vec<Panel<'_>> = trends.iter().map(|trend| Panel::new(trend, steps)).collect();
    let below = trends
        .iter()
        .skip(1)
        .map(|trend| Some(&trend.points))
        .chain([None]);
    for (panel, below) in panels.iter_mut().zip(below) {
        panel.has_labels = !below.is_some_and(|below| are_labelled_alike(&panel.trend.points, below));
    }
    panels
}

fn are_labelled_alike(one: &[TrendPoint], other: &[TrendPoint]) -> bool {
    let labels =
        |points: &'_ [TrendPoint]| points.iter().map(|point| point.label.clone()).collect::<Vec<_>>();
    labels(one) == labels(other)
}

fn draw(svg: &mut Svg, field: &Field, panel: &Panel<'_>, marks: &Marks, weeks: usize) {
    let mut beside = zones(svg, field, panel);
    field.lines(svg, &panel.ticks);
    marks.draw_lines(svg, field);
    let points = &panel.trend.points;
    if points
        .iter()
        .all(|point| point.value.and_then(drawable).is_none())
    {
        field.nothing(svg);
    }
    // Of trends of different lengths the last weeks are the same.
    let shift = weeks.saturating_sub(points.len());
    let at = |number: usize, value: f64| (field.x(number + shift, weeks), field.y(panel.axis.share(value)));
    line::band(svg, points, at);
    if let (Some(goal), Some(text)) = (panel.trend.goal.and_then(drawable), &panel.goal) {
        let y = field.y(panel.axis.share(goal));
        svg.dashes((field.left, y), (field.right, y), Colour::Orange, 4.0);
        beside.push(Beside {
            y,
            text: text.clone(),
            colour: Colour::Orange,
            square: None,
        });
    }
    line::line(svg, points, at);
    field.beside(svg, beside);
    if panel.has_labels {
        let labels = points.iter().enumerate();
        let labels = labels.map(|(number, point)| (field.x(number + shift, weeks), point.label.as_str()));
        field.under(svg, &labels.collect::<Vec<_>>());
    }
}

/// Shades the zones as far as the axis shows them; those that are high enough are named.
fn zones(svg: &mut Svg, field: &Field, panel: &Panel<'_>) -> Vec<Beside> {
    let goal = panel.trend.goal.and_then(drawable);
    let goal = goal.map(|goal| field.y(panel.axis.share(goal)));
    let mut names = Vec::new();
    for (zone, (low, high), shade) in panel.zones() {
        let (upper, lower) = (field.y(high), field.y(low));
        let size = (field.right - field.left, lower - upper);
        svg.shade((field.left, upper), size, Colour::Zone, shade);
        if size.1 >= f64::from(SMALL) && width(&zone.label, SMALL) > 0.0 {
            names.push(Beside {
                y: name_place((upper, lower), goal),
                text: zone.label.clone(),
                colour: Colour::Grey,
                square: None,
            });
        }
    }
    names
}

/// The middle of a zone, or a place in it away from the goal's text, if it has one.
fn name_place((upper, lower): (f64, f64), goal: Option<f64>) -> f64 {
    let middle = upper.midpoint(lower);
    let is_near = |goal: &f64| (goal - middle).abs() < BESIDE_STEP;
    let Some(goal) = goal.filter(is_near) else {
        return middle;
    };
    let is_inside = |y: &f64| (upper..=lower).contains(y);
    let places = [goal - BESIDE_STEP, goal + BESIDE_STEP];
    places.into_iter().find(is_inside).unwrap_or(middle)
}
