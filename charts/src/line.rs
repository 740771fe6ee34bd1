//! Purpose: the line of a trend, which breaks where a week has no value, and the band of how sure it is.

use crate::scale::{drawable, real};
use crate::svg::Svg;
use crate::theme::Colour;
use crate::trend::TrendPoint;

/// Weeks whose dots can be told apart.
const MOST_DOTS: usize = 110;

/// Draws where the true values lie, as far as that is known; `at` tells the place of a value in a week.
pub(crate) fn band(svg: &mut Svg, points: &[TrendPoint], at: impl Fn(usize, f64) -> (f64, f64)) {
    const OPACITY: f64 = 0.45;
    let interval = |point: &TrendPoint| {
        let (low, high) = point.interval?;
        Some((drawable(low)?, drawable(high)?))
    };
    let mut run: Vec<((f64, f64), (f64, f64))> = Vec::new();
    for (number, point) in points.iter().enumerate() {
        if let Some((low, high)) = interval(point) {
            run.push((at(number, low), at(number, high)));
        }
        let is_last = points.get(number + 1).and_then(interval).is_none();
        if is_last {
            match run.as_slice() {
                [] => {}
                // A single one has no width of its own.
                [((x, low), (_, high))] => {
                    svg.shade((x - 7.0, *high), (14.0, low - high), Colour::LightBlue, OPACITY);
                }
                run => {
                    let highs = run.iter().map(|(_, high)| *high);
                    let lows = run.iter().rev().map(|(low, _)| *low);
                    let edge: Vec<(f64, f64)> = highs.chain(lows).collect();
                    svg.area(&edge, Colour::LightBlue, OPACITY);
                }
            }
            run.clear();
        }
    }
}

/// Draws the values: a line through those of weeks that follow each other, dashes to a week that is not over, and dots
/// where they can be told apart or nothing else would be seen.
pub(crate) fn line(svg: &mut Svg, points: &[TrendPoint], at: impl Fn(usize, f64) -> (f64, f64)) {
    let value = |point: &TrendPoint| point.value.and_then(drawable);
    let places: Vec<Option<(f64, f64)>> = points
        .iter()
        .enumerate()
        .map(|(number, point)| value(point).map(|value| at(number, value)))
        .collect();
    // A thick line through very many weeks would be a blot.
    let wide = if points.len() > MOST_DOTS { 3.0 } else { 5.0 };
    let mut run: Vec<(f64, f64)> = Vec::new();
    for (point, place) in points.iter().zip(&places) {
        match (place, run.last()) {
            (None, _) => finish(svg, &mut run, wide),
            (Some(place), Some(last)) if point.is_partial => {
                svg.dashes(*last, *place, Colour::Blue, 4.0);
                finish(svg, &mut run, wide);
                run.push(*place);
            }
            (Some(place), _) => run.push(*place),
        }
    }
    finish(svg, &mut run, wide);
    dots(svg, points, &places);
}

/// Draws what was gathered of the line, and begins anew.
fn finish(svg: &mut Svg, run: &mut Vec<(f64, f64)>, wide: f64) {
    if run.len() > 1 {
        svg.path(run, Colour::Blue, wide);
    }
    run.clear();
}

fn dots(svg: &mut Svg, points: &[TrendPoint], places: &[Option<(f64, f64)>]) {
    let radius = (240.0 / real(points.len().max(1))).clamp(4.0, 9.0);
    let are_all_seen = points.len() <= MOST_DOTS;
    let is_value = |number: Option<usize>| number.and_then(|number| *places.get(number)?).is_some();
    for (number, (point, place)) in points.iter().zip(places).enumerate() {
        let Some(place) = place else { continue };
        let is_alone = !is_value(number.checked_sub(1)) && !is_value(number.checked_add(1));
        if point.is_partial {
            svg.ring(*place, radius.max(6.0), Colour::Blue);
        } else if are_all_seen || is_alone {
            svg.dot(*place, radius, Colour::Blue, 1.0);
        }
    }
}
