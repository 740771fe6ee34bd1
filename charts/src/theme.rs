//! Purpose: the colours of pictures, by what they mean. Neighbours differ in lightness and not in hue alone, because some
//! people do not tell hues apart; words have the contrast of WCAG AA, which the tests below work out.

/// Which of Slack's themes a picture is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark words on a white card; it can be read in Slack's dark theme too.
    #[default]
    Light,
    /// Light words on a dark card.
    Dark,
}

/// How many colours of parts there are; more parts begin again from the first.
pub(crate) const PARTS: usize = 6;
/// How many colours there are for "how much", the one for nothing included.
pub(crate) const LEVELS: usize = 5;

/// A colour by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// What everything stands on.
    Card,
    /// Words.
    Ink,
    /// Axes, and words that are less important.
    Grey,
    /// Lines that only guide the eye.
    Faint,
    /// What happened.
    Blue,
    /// The same where it is not complete, or not certain.
    LightBlue,
    /// A limit.
    Orange,
    /// What is painted thinly behind a plot to tell its zones apart.
    Zone,
    /// One of the parts of a whole, by its number.
    Part(usize),
    /// Words that stand on a part.
    OnPart(usize),
    /// How much, from 0 for nothing to `LEVELS - 1`.
    Level(usize),
}

impl Theme {
    /// The colour as SVG writes it.
    pub(crate) fn hex(self, colour: Colour) -> &'static str {
        match self {
            Self::Light => light(colour),
            Self::Dark => dark(colour),
        }
    }
}

fn light(colour: Colour) -> &'static str {
    match colour {
        Colour::Card => "#ffffff",
        Colour::Ink => "#1d1c1d",
        Colour::Grey => "#616061",
        Colour::Faint => "#dddddd",
        Colour::Blue => "#1264a3",
        Colour::LightBlue => "#9cc3e0",
        Colour::Orange => "#b35900",
        Colour::Zone => "#0f766e",
        Colour::Part(number) => among(
            number,
            ["#1264a3", "#e09a1a", "#0f766e", "#e08ab5", "#5b2a86", "#a8a8a8"],
        ),
        Colour::OnPart(number) => among(
            number,
            ["#ffffff", "#1d1c1d", "#ffffff", "#1d1c1d", "#ffffff", "#1d1c1d"],
        ),
        Colour::Level(number) => among(number, ["#e9ebee", "#b3d4ec", "#6aaedb", "#2a7fbf", "#0b4a7d"]),
    }
}

fn dark(colour: Colour) -> &'static str {
    match colour {
        Colour::Card => "#1a1d21",
        Colour::Ink => "#e8e8e8",
        Colour::Grey => "#ababad",
        Colour::Faint => "#3a3d42",
        Colour::Blue => "#5cb0f2",
        Colour::LightBlue => "#2f5f88",
        Colour::Orange => "#f2a04b",
        Colour::Zone => "#3fc1a9",
        Colour::Part(number) => among(
            number,
            ["#4a97d8", "#ffd166", "#2a9d8f", "#ffb3d1", "#9b6fd6", "#d0d0d0"],
        ),
        Colour::OnPart(_) => "#111111",
        Colour::Level(number) => among(number, ["#2c3036", "#1c527b", "#2f7db8", "#62b0e8", "#c6e4fa"]),
    }
}

/// The `number`th, beginning again after the last.
fn among<const N: usize>(number: usize, colours: [&'static str; N]) -> &'static str {
    colours
        .into_iter()
        .cycle()
        .nth(number % N.max(1))
        .unwrap_or("#808080")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How bright a colour is, from 0 to 1, as WCAG works it out.
    fn luminance(hex: &str) -> f64 {
        let channel = |at: usize| {
            let share = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if share <= 0.040_45 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(theme: Theme, one: Colour, other: Colour) -> f64 {
        let (one, other) = (luminance(theme.hex(one)), luminance(theme.hex(other)));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn words_can_be_read() {
        for theme in [Theme::Light, Theme::Dark] {
            for words in [Colour::Ink, Colour::Grey, Colour::Orange] {
                let found = contrast(theme, words, Colour::Card);
                assert!(found >= 4.5, "{theme:?} {words:?}: {found:.2}");
            }
            for number in 0..PARTS {
                let found = contrast(theme, Colour::OnPart(number), Colour::Part(number));
                assert!(found >= 4.5, "{theme:?} part {number}: {found:.2}");
            }
        }
    }

    #[test]
    fn neighbours_differ_in_lightness() {
        for theme in [Theme::Light, Theme::Dark] {
            for number in 1..PARTS {
                let found = contrast(theme, Colour::Part(number), Colour::Part(number - 1));
                assert!(
                    found >= 1.5,
                    "{theme:?} parts {} and {number}: {found:.2}",
                    number - 1
                );
            }
            for number in 1..LEVELS {
                let found = contrast(theme, Colour::Level(number), Colour::Level(number - 1));
                assert!(
                    found >= 1.25,
                    "{theme:?} levels {} and {number}: {found:.2}",
                    number - 1
                );
            }
        }
    }
}
