//! Purpose: the Beta distribution, and the binomial by way of it.

use super::number;

/// Terms of the continued fraction; about the square root of the greater parameter are needed.
const MOST_TERMS: u32 = 10_000;

/// The least of `parts` equal parts of the way from 0 to 1 below whose end a Beta distributed number is with at least this probability,
/// counted from 1. Both parameters are above zero.
pub(super) fn quantile_part(probability: f64, a: f64, b: f64, parts: usize) -> usize {
    let reaches = |part: usize| below(number(part) / number(parts), a, b) >= probability;
    least(1, parts, reaches)
}

/// The least count that `trials` do not exceed with at least this probability, each succeeding with probability `share`.
pub(super) fn binomial_quantile(probability: f64, trials: usize, share: f64) -> usize {
    let reaches =
        |count: usize| below(1.0 - share, number(trials - count), number(count) + 1.0) >= probability;
    least(0, trials, reaches)
}

/// The least number for which `reaches` is true, which it stays from there on; `high` where it is true for none below.
fn least(mut low: usize, mut high: usize, reaches: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = usize::midpoint(low, high);
        if reaches(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// With which probability a Beta distributed number is below `x`: the regularised incomplete beta function, by its continued
/// fraction (Abramowitz and Stegun 26.5.8) with Lentz's method.
pub(super) fn below(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let scale = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    // The fraction converges fast only on this side of the middle.
    if x < (a + 1.0) / (a + b + 2.0) {
        scale.exp() * fraction(x, a, b) / a
    } else {
        1.0 - scale.exp() * fraction(1.0 - x, b, a) / b
    }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let away = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut upper = 1.0;
    let mut lower = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut result = lower;
    for term in 1..=MOST_TERMS {
        let nth = f64::from(term);
        let even = nth * (b - nth) * x / ((a + 2.0 * nth - 1.0) * (a + 2.0 * nth));
        let odd = -(a + nth) * (a + b + nth) * x / ((a + 2.0 * nth) * (a + 2.0 * nth + 1.0));
        let mut step = 1.0;
        for coefficient in [even, odd] {
            lower = 1.0 / away(1.0 + coefficient * lower);
            upper = away(1.0 + coefficient / upper);
            step = upper * lower;
            result *= step;
        }
        if (step - 1.0).abs() < 1e-14 {
            break;
        }
    }
    result
}

/// The logarithm of the gamma function above zero: Stirling's series, after the argument is brought to where it converges.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 10.0 {
        product *= x;
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - f64::ln(product)
}
