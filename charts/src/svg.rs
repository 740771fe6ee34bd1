//! Purpose: SVG as text: shapes, and words that cannot be anything but words.

use std::fmt::Write as _;

/// Letters of labels, in units of the picture. On a phone a picture is shown at about a third of its width.
pub(crate) const LABEL: u32 = 26;
/// Letters of the headings of panels.
pub(crate) const HEADING: u32 = 32;
/// The colour of words.
pub(crate) const INK: &str = "#1d1c1d";
/// The colour of axes and of what is less important.
pub(crate) const GREY: &str = "#616061";
/// The colour of lines that only guide the eye.
pub(crate) const FAINT: &str = "#dddddd";
/// The colour of what happened.
pub(crate) const BLUE: &str = "#1264a3";
/// The same where it is not complete, or not certain.
pub(crate) const LIGHT_BLUE: &str = "#9cc3e0";
/// The colour of a limit.
pub(crate) const ORANGE: &str = "#b35900";

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

/// A picture in the making.
#[derive(Debug)]
pub(crate) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

impl Svg {
    /// An empty card.
    pub(crate) fn new(width: f64, height: f64) -> Self {
        let mut svg = Self {
            width,
            height,
            body: String::new(),
        };
        svg.rect((0.0, 0.0), (width, height), "#ffffff");
        svg
    }

    /// A filled rectangle from its upper left corner.
    pub(crate) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
        let (width, height) = (width.max(0.0), height.max(0.0));
        self.put(&format!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{fill}"/>"#
        ));
    }

    /// A straight line.
    pub(crate) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), stroke: &str, width: f64) {
        self.put(&format!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{stroke}" stroke-width="{width}"/>"#
        ));
    }

    /// A line through points.
    pub(crate) fn path(&mut self, points: &[(f64, f64)], stroke: &str, width: f64) {
        let points = self::points(points);
        self.put(&format!(
            r#"<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="{width}" stroke-linejoin="round"/>"#
        ));
    }

    /// A filled shape.
    pub(crate) fn area(&mut self, points: &[(f64, f64)], fill: &str) {
        let points = self::points(points);
        self.put(&format!(r#"<polygon points="{points}" fill="{fill}"/>"#));
    }

    /// A dot that lets others shine through.
    pub(crate) fn dot(&mut self, (x, y): (f64, f64), radius: f64, fill: &str) {
        self.put(&format!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius:.1}" fill="{fill}" fill-opacity="0.6"/>"#
        ));
    }

    /// Words, whoever wrote them.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), size: u32, anchor: Anchor, fill: &str, text: &str) {
        let (anchor, text) = (anchor.as_str(), escape(text));
        self.put(&format!(
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">{text}</text>"#
        ));
    }

    /// The whole picture.
    pub(crate) fn finish(self) -> String {
        let Self { width, height, body } = self;
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="DejaVu Sans">{body}</svg>"#
        )
    }

    fn put(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
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
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_stays_words() {
        assert_eq!(
            escape("</text><script x='\"'>&\u{7}\n"),
            "&lt;/text&gt;&lt;script x=&apos;&quot;&apos;&gt;&amp;\u{fffd} "
        );
    }
}
