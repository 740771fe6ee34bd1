//! Purpose: SVG as text: shapes, and words that cannot be anything but words.

use std::fmt::Write as _;

use crate::theme::{Colour, Theme};

/// Letters of labels, in units of the picture. On a phone a picture is shown at about a third of its width.
pub(crate) const LABEL: u32 = 26;
/// Letters of the headings of panels.
pub(crate) const HEADING: u32 = 32;
/// Letters of the title.
pub(crate) const TITLE: u32 = 36;
/// Letters of what is said beside a plot.
pub(crate) const SMALL: u32 = 23;
/// Where a text stands against its point.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// The upper left corner of a rectangle, and its width and height.
pub(crate) type Rectangle = ((f64, f64), (f64, f64));

/// A picture in the making.
#[derive(Debug)]
pub(crate) struct Svg {
    theme: Theme,
    width: f64,
    height: f64,
    body: String,
}

impl Svg {
    /// An empty card.
    pub(crate) fn new(theme: Theme, width: f64, height: f64) -> Self {
        // Whole pixels, so that the card covers the last row.
        let (width, height) = (width.ceil(), height.ceil());
        let mut svg = Self {
            theme,
            width,
            height,
            body: String::new(),
        };
        svg.rect((0.0, 0.0), (width, height), Colour::Card);
        svg
    }

    /// A filled rectangle from its upper left corner.
    pub(crate) fn rect(&mut self, from: (f64, f64), size: (f64, f64), fill: Colour) {
        self.shade(from, size, fill, 1.0);
    }

    /// The same, through which others shine: `opacity` is 1 where they do not.
    pub(crate) fn shade(&mut self, (x, y): (f64, f64), size: (f64, f64), fill: Colour, opacity: f64) {
        let (width, height) = (size.0.max(0.0), size.1.max(0.0));
        let fill = self.theme.hex(fill);
        self.put(&format!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{fill}"{}/>"#,
            self::opacity(opacity)
        ));
    }

    /// A rectangle that is only its edge, drawn inside of it.
    pub(crate) fn frame(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), stroke: Colour) {
        let (width, height) = ((width - 2.0).max(0.0), (height - 2.0).max(0.0));
        let (x, y, stroke) = (x + 1.0, y + 1.0, self.theme.hex(stroke));
        self.put(&format!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="none" stroke="{stroke}" stroke-width="2"/>"#
        ));
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Colour, width: f64) {
        self.stroke(from, to, stroke, width, "");
    }

    /// A straight line of dashes.
    pub(crate) fn dashes(&mut self, from: (f64, f64), to: (f64, f64), stroke: Colour, width: f64) {
        self.stroke(from, to, stroke, width, r#" stroke-dasharray="10 8""#);
    }

    fn stroke(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), stroke: Colour, width: f64, more: &str) {
        let stroke = self.theme.hex(stroke);
        self.put(&format!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{stroke}" stroke-width="{width}"{more}/>"#
        ));
    }

    /// A line through points.
    pub(crate) fn path(&mut self, points: &[(f64, f64)], stroke: Colour, width: f64) {
        let (points, stroke) = (self::points(points), self.theme.hex(stroke));
        self.put(&format!(
            r#"<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="{width}" stroke-linejoin="round"/>"#
        ));
    }

    /// A filled shape; `opacity` is 1 where nothing shines through.
    pub(crate) fn area(&mut self, points: &[(f64, f64)], fill: Colour, opacity: f64) {
        let (points, fill) = (self::points(points), self.theme.hex(fill));
        let opacity = self::opacity(opacity);
        self.put(&format!(r#"<polygon points="{points}" fill="{fill}"{opacity}/>"#));
    }

    /// A dot that lets others shine through by `opacity`.
    pub(crate) fn dot(&mut self, (x, y): (f64, f64), radius: f64, fill: Colour, opacity: f64) {
        let fill = self.theme.hex(fill);
        self.put(&format!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius:.1}" fill="{fill}"{}/>"#,
            self::opacity(opacity)
        ));
    }

    /// Dots as one shape, which is drawn many times faster than each by itself; where they overlap they do not add up.
    pub(crate) fn dots(&mut self, places: &[(f64, f64)], radius: f64, fill: Colour, opacity: f64) {
        let around = |(x, y): &(f64, f64)| {
            let (left, wide) = (x - radius, 2.0 * radius);
            format!("M{left:.1} {y:.1}a{radius} {radius} 0 1 0 {wide} 0a{radius} {radius} 0 1 0 -{wide} 0z")
        };
        self.shape(places.iter().map(around), fill, opacity, "");
    }

    /// Rectangles as one shape, each from its upper left corner with its width and height, which is 0 or more.
    pub(crate) fn boxes(&mut self, boxes: &[Rectangle], fill: Colour, opacity: f64) {
        let around = |((x, y), (width, height)): &Rectangle| {
            format!("M{x:.1} {y:.1}h{width:.1}v{height:.1}h-{width:.1}z")
        };
        // Without smooth edges narrow boxes side by side have no seams, and are drawn much faster.
        self.shape(
            boxes.iter().map(around),
            fill,
            opacity,
            r#" shape-rendering="crispEdges""#,
        );
    }

    fn shape(&mut self, outlines: impl Iterator<Item = String>, fill: Colour, opacity: f64, more: &str) {
        let outline: String = outlines.collect();
        if outline.is_empty() {
            return;
        }
        let (fill, opacity) = (self.theme.hex(fill), self::opacity(opacity));
        self.put(&format!(r#"<path d="{outline}" fill="{fill}"{opacity}{more}/>"#));
    }

    /// A hollow dot.
    pub(crate) fn ring(&mut self, (x, y): (f64, f64), radius: f64, stroke: Colour) {
        let (fill, stroke) = (self.theme.hex(Colour::Card), self.theme.hex(stroke));
        self.put(&format!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius:.1}" fill="{fill}" stroke="{stroke}" stroke-width="4"/>"#
        ));
    }

    /// Words, whoever wrote them.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), size: u32, anchor: Anchor, fill: Colour, text: &str) {
        let (anchor, text, fill) = (anchor.as_str(), escape(text), self.theme.hex(fill));
        self.put(&format!(
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">{text}</text>"#
        ));
    }

    /// The whole picture.
    pub(crate) fn finish(self) -> String {
        let Self {
            width, height, body, ..
        } = self;
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="DejaVu Sans">{body}</svg>"#
        )
    }

    fn put(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }
}

/// An attribute, left out where it says nothing.
fn opacity(opacity: f64) -> String {
    if opacity < 1.0 {
        format!(r#" fill-opacity="{opacity}""#)
    } else {
        String::new()
    }
}

fn points(points: &[(f64, f64)]) -> String {
    let mut text = String::new();
    for (x, y) in points {
        // Writing to a string does not fail.
        let _ = write!(text, "{x:.1},{y:.1} ");
    }
    text
}

/// Text as XML holds it. What XML cannot hold becomes a sign that says so.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Fails if a number in the picture is none, or so great that nothing would be drawn.
    pub(crate) fn holds_only_numbers(svg: &str) -> Result<(), TestCaseError> {
        for element in svg.lines() {
            let attributes = element.split_once('>').map_or(element, |(before, _)| before);
            prop_assert!(
                !attributes.contains("NaN") && !attributes.contains("inf"),
                "{element}"
            );
            for number in attributes
                .split(['"', ' ', ','])
                .filter_map(|part| part.parse::<f64>().ok())
            {
                prop_assert!(number.abs() < 10_000.0, "{element}");
            }
        }
        Ok(())
    }

    #[test]
    fn what_others_wrote_stays_words() {
        assert_eq!(
            escape("</text><script x='\"'>&\u{7}\n"),
            "&lt;/text&gt;&lt;script x=&apos;&quot;&apos;&gt;&amp;\u{fffd} "
        );
    }
}
