//! Purpose: from values to places: axes with round numbers on them.

/// What is greater is drawn as if it were this: beyond it, sums and steps of an axis would no longer be exact numbers.
const MOST: f64 = 1e15;

/// A value that can be drawn, from 0 up; `None` for what is no number or is endless.
pub(crate) fn drawable(value: f64) -> Option<f64> {
    value.is_finite().then(|| value.clamp(0.0, MOST))
}

/// A count as a place.
#[expect(
    clippy::cast_precision_loss,
    reason = "a picture has a few ten thousand things at most"
)]
pub(crate) fn real(number: usize) -> f64 {
    number as f64
}

/// An axis from 0 to a round number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    /// The greatest value on it.
    pub(crate) top: f64,
    /// From one number on it to the next.
    pub(crate) step: f64,
}

impl Axis {
    /// An axis that holds `greatest`, with three to six whole numbers on it.
    pub(crate) fn holding(greatest: f64) -> Self {
        let greatest = if greatest.is_finite() {
            greatest.max(1.0)
        } else {
            1.0
        };
        let power = 10_f64.powf((greatest / 5.0).log10().floor()).max(1.0);
        let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
        let step = steps
            .into_iter()
            .find(|step| greatest / step <= 5.0)
            .unwrap_or(10.0 * power);
        Self {
            top: (greatest / step).ceil() * step,
            step,
        }
    }

    /// An axis that holds `greatest` in at most `most` steps: of the first of `steps` that is large enough.
    pub(crate) fn in_steps(greatest: f64, most: f64, steps: impl IntoIterator<Item = f64>) -> Self {
        let greatest = drawable(greatest).unwrap_or(0.0);
        let step = steps
            .into_iter()
            .find(|step| greatest / step <= most)
            .unwrap_or_else(|| Self::holding(greatest).step);
        Self {
            top: (greatest / step).ceil().max(1.0) * step,
            step,
        }
    }

    /// The numbers on it, from 0 up.
    pub(crate) fn ticks(self) -> impl Iterator<Item = f64> {
        (0..=10_u32)
            .map(move |number| f64::from(number) * self.step)
            .take_while(move |tick| *tick <= self.top)
    }

    /// Where on it a value is: 0 at the bottom, 1 at the top, never outside.
    pub(crate) fn share(self, value: f64) -> f64 {
        if value.is_finite() {
            (value / self.top).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

/// An axis on which each number is so many times the one before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogAxis {
    /// The numbers on it, the least first: two at least, all above 0.
    ticks: Vec<f64>,
}

impl LogAxis {
    /// An axis from `least` to `greatest`, both above 0, with those of `ticks` on it that are needed. `ticks` are in
    /// order; what lies outside of them is drawn at the nearest end.
    pub(crate) fn between(least: f64, greatest: f64, ticks: &[f64]) -> Self {
        let below = ticks.iter().rposition(|tick| *tick <= least).unwrap_or(0);
        let above = ticks.iter().position(|tick| *tick >= greatest);
        let above = above.unwrap_or(ticks.len().saturating_sub(1)).max(below + 1);
        match ticks.get(below..=above) {
            Some(ticks) => Self {
                ticks: ticks.to_vec(),
            },
            None => Self {
                ticks: vec![1.0, 10.0],
            },
        }
    }

    /// The numbers on it, the least first.
    pub(crate) fn ticks(&self) -> impl Iterator<Item = f64> {
        self.ticks.iter().copied()
    }

    /// Where on it a value is: 0 at the bottom, 1 at the top, never outside.
    pub(crate) fn share(&self, value: f64) -> f64 {
        match (self.ticks.first(), self.ticks.last()) {
            (Some(least), Some(greatest)) if value.is_finite() && value > 0.0 => {
                ((value / least).ln() / (greatest / least).ln()).clamp(0.0, 1.0)
            }
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_axis_holds_its_greatest_value_with_a_few_whole_numbers(greatest in 0.0_f64..1e9) {
            let axis = Axis::holding(greatest);
            let ticks: Vec<f64> = axis.ticks().collect();
            prop_assert!(axis.top >= greatest);
            prop_assert!((2..=6).contains(&ticks.len()), "{ticks:?}");
            prop_assert!(ticks.iter().all(|tick| tick.fract() == 0.0));
            prop_assert!((0.0..=1.0).contains(&axis.share(greatest)));
        }
    }

    proptest! {
        #[test]
        fn an_axis_in_steps_holds_its_greatest_value(greatest in 0.0_f64..1e16) {
            let axis = Axis::in_steps(greatest, 5.0, [0.01, 0.1, 1.0, 24.0]);
            let ticks: Vec<f64> = axis.ticks().collect();
            prop_assert!(axis.top >= greatest.min(MOST));
            prop_assert!((2..=6).contains(&ticks.len()), "{ticks:?}");
        }

        #[test]
        fn on_an_axis_of_powers_more_is_never_lower(one in 0.0_f64..1e6, other in 0.0_f64..1e6) {
            let (less, more) = (one.min(other), one.max(other));
            let axis = LogAxis::between(less.max(0.1), more, &[0.1, 1.0, 10.0, 100.0]);
            prop_assert!(axis.ticks().count() >= 2);
            prop_assert!((0.0..=1.0).contains(&axis.share(less)));
            prop_assert!(axis.share(less) <= axis.share(more));
        }
    }

    #[test]
    fn values_that_are_no_numbers_have_a_place_too() {
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            let axis = Axis::holding(value);
            assert!(axis.top.is_finite() && (0.0..=1.0).contains(&axis.share(value)));
        }
    }
}
