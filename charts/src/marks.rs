//! Purpose: what happened in some week, as a line from the top of a plot to its bottom: with its words above if there is
//! room for all of them, otherwise with a number, and the words in a list under the plot.

use crate::plot::{EDGE, Field, WIDTH};
use crate::svg::{Anchor, SMALL, Svg};
use crate::theme::Colour;
use crate::words::{fitted, width};

/// Something that happened in a week and may explain what is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The number of its week among the points, from 0. One that has no such week is not drawn.
    pub week: usize,
    /// What happened, in a few words.
    pub label: String,
}

/// The height of what is written above a plot.
pub(crate) const STRIP: f64 = 44.0;
/// The height of a line of the list.
const LINE: f64 = 36.0;
/// Lines of the list; what is beyond is counted.
const MOST_LINES: usize = 8;
/// Between two words or numbers.
const GAP: f64 = 14.0;

/// Marks with their places.
#[derive(Debug)]
pub(crate) struct Marks {
    /// The places of the lines.
    lines: Vec<f64>,
    /// What is written above, with the middle of each.
    above: Vec<(f64, String)>,
    /// What is written under the plot.
    list: Vec<String>,
}

impl Marks {
    /// Finds the places of `marks` above `field`, which shows `weeks` weeks.
    pub(crate) fn new(marks: &[Mark], field: &Field, weeks: usize) -> Self {
        let mut marks: Vec<&Mark> = marks.iter().filter(|mark| mark.week < weeks).collect();
        marks.sort_by_key(|mark| mark.week);
        let lines: Vec<f64> = marks.iter().map(|mark| field.x(mark.week, weeks)).collect();
        let words = marks.iter().map(|mark| fitted(&mark.label, SMALL, WIDTH));
        let words: Vec<(f64, String)> = lines.iter().copied().zip(words).collect();
        match side_by_side(&words, field) {
            Some(above) => Self {
                lines,
                above,
                list: Vec::new(),
            },
            None => Self {
                above: numbers(&lines),
                list: list(&words),
                lines,
            },
        }
    }

    /// The height of the words above the plot.
    pub(crate) fn strip(&self) -> f64 {
        if self.lines.is_empty() { 0.0 } else { STRIP }
    }

    /// The height of the list.
    pub(crate) fn list_height(&self) -> f64 {
        self.list.iter().map(|_| LINE).sum()
    }

    /// Draws the lines down through a field.
    pub(crate) fn draw_lines(&self, svg: &mut Svg, field: &Field) {
        for x in &self.lines {
            svg.dashes((*x, field.top), (*x, field.bottom), Colour::Grey, 2.0);
        }
    }

    /// Draws what stands above `field`, from which its line hangs.
    pub(crate) fn draw_words(&self, svg: &mut Svg, field: &Field) {
        for (x, text) in &self.above {
            let y = field.top - 14.0;
            if self.list.is_empty() {
                svg.text((*x, y), SMALL, Anchor::Middle, Colour::Ink, text);
            } else {
                let wide = badge(text);
                svg.rect((x - wide / 2.0, y - 24.0), (wide, 32.0), Colour::Ink);
                svg.text((*x, y), SMALL, Anchor::Middle, Colour::Card, text);
            }
        }
    }

    /// Draws the list from `top` down.
    pub(crate) fn draw_list(&self, svg: &mut Svg, top: f64) {
        let mut y = top + 24.0;
        for line in &self.list {
            let line = fitted(line, SMALL, WIDTH - 2.0 * EDGE);
            svg.text((EDGE, y), SMALL, Anchor::Start, Colour::Ink, &line);
            y += LINE;
        }
    }
}

/// The words above their lines, moved in from the ends of the field; `None` if some would touch.
fn side_by_side(words: &[(f64, String)], field: &Field) -> Option<Vec<(f64, String)>> {
    let mut free = EDGE;
    let mut placed = Vec::with_capacity(words.len());
    for (x, text) in words {
        let half = width(text, SMALL) / 2.0;
        if 2.0 * half > 0.6 * (field.right - field.left) {
            return None;
        }
        let x = x.clamp(EDGE + half, WIDTH - EDGE - half);
        if x - half < free {
            return None;
        }
        free = x + half + GAP;
        placed.push((x, text.clone()));
    }
    Some(placed)
}

/// How wide the square around a number is.
fn badge(text: &str) -> f64 {
    width(text, SMALL) + 18.0
}

/// A number for each line; those that would touch share one place, such as `2–4`.
fn numbers(lines: &[f64]) -> Vec<(f64, String)> {
    /// Lines that share a place: the first and the last, by number and by place.
    struct Group {
        numbers: (usize, usize),
        ends: (f64, f64),
    }
    impl Group {
        fn text(&self) -> String {
            match self.numbers {
                (first, last) if first == last => first.to_string(),
                (first, last) => format!("{first}–{last}"),
            }
        }
        fn middle(&self) -> f64 {
            let half = badge(&self.text()) / 2.0;
            self.ends.0.midpoint(self.ends.1).clamp(half, WIDTH - half)
        }
        fn touches(&self, next: &Self) -> bool {
            let halves = badge(&self.text()).midpoint(badge(&next.text()));
            next.middle() - self.middle() < halves + 4.0
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for (number, x) in (1..).zip(lines) {
        let mut group = Group {
            numbers: (number, number),
            ends: (*x, *x),
        };
        while let Some(before) = groups.pop_if(|before| before.touches(&group)) {
            group.numbers.0 = before.numbers.0;
            group.ends.0 = before.ends.0;
        }
        groups.push(group);
    }
    groups
        .iter()
        .map(|group| (group.middle(), group.text()))
        .collect()
}

fn list(words: &[(f64, String)]) -> Vec<String> {
    let kept = if words.len() > MOST_LINES {
        MOST_LINES - 1
    } else {
        words.len()
    };
    let lines = (1..).zip(words).take(kept);
    let mut lines: Vec<String> = lines
        .map(|(number, (_, text))| format!("{number}: {text}"))
        .collect();
    if kept < words.len() {
        lines.push(format!("and {} more", words.len() - kept));
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIELD: Field = Field {
        left: 90.0,
        right: 960.0,
        top: 0.0,
        bottom: 300.0,
    };

    fn placed(marks: &[(usize, &str)]) -> Marks {
        let mark = |(week, label): &(usize, &str)| Mark {
            week: *week,
            label: (*label).to_owned(),
        };
        let marks: Vec<Mark> = marks.iter().map(mark).collect();
        Marks::new(&marks, &FIELD, 13)
    }

    #[test]
    fn few_words_stand_above_their_lines_and_many_in_a_list() {
        let few = placed(&[(2, "pairing"), (9, "freeze"), (13, "no such week")]);
        assert_eq!(
            few.above
                .iter()
                .map(|(_, text)| text.as_str())
                .collect::<Vec<_>>(),
            ["pairing", "freeze"]
        );
        assert!(few.list.is_empty());
        let many = placed(&[(3, "freeze of all releases"), (2, "started review pairing")]);
        assert_eq!(
            many.above
                .iter()
                .map(|(_, text)| text.as_str())
                .collect::<Vec<_>>(),
            ["1", "2"]
        );
        assert_eq!(
            many.list,
            ["1: started review pairing", "2: freeze of all releases"]
        );
    }

    #[test]
    fn marks_of_one_week_share_a_number_and_a_long_list_ends() {
        let many = placed(&[(4, "one of many words that are long enough"); 20]);
        assert_eq!(many.above.len(), 1);
        assert_eq!(many.above[0].1, "1–20");
        assert_eq!(many.list.len(), MOST_LINES);
        assert_eq!(many.list[MOST_LINES - 1], "and 13 more");
    }

    proptest! {
        #[test]
        fn nothing_above_a_plot_touches(weeks in proptest::collection::vec(0_usize..13, 0..12), label in "[a-z ]{0,30}") {
            let marks: Vec<Mark> = weeks.iter().map(|week| Mark { week: *week, label: label.clone() }).collect();
            let marks = Marks::new(&marks, &FIELD, 13);
            let ends = |(x, text): &(f64, String)| (x - width(text, SMALL) / 2.0, x + width(text, SMALL) / 2.0);
            prop_assert!(marks.above.windows(2).all(|pair| ends(&pair[0]).1 < ends(&pair[1]).0), "{:?}", marks.above);
        }
    }
}
