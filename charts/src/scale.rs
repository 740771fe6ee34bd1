//! Purpose: from values to places: an axis with round numbers on it.

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

    #[test]
    fn values_that_are_no_numbers_have_a_place_too() {
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            let axis = Axis::holding(value);
            assert!(axis.top.is_finite() && (0.0..=1.0).contains(&axis.share(value)));
        }
    }
}
